// SPDX-License-Identifier: MIT
// The part of TurnRunner that plays tool calls: permission, output, questions, plans, sub-agents.
#include "demoserver/demosession.h"
#include "demoserver/turnrunner.h"
#include "demoserver/turnrunner_p.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

//! Up to here tool.execution_partial_result repeats the whole output, then only its last bytes.
constexpr qsizetype PartialLimit = 8192;
constexpr qsizetype PartialTail = 128;

QString permissionKind(ToolCall::Kind kind)
{
    switch (kind) {
    case ToolCall::Kind::Shell:
        return u"commands"_s;
    case ToolCall::Kind::Read:
        return u"read"_s;
    case ToolCall::Kind::Write:
        return u"write"_s;
    default:
        return {};
    }
}

QStringList identifiersOf(const ToolCall &call)
{
    if (call.kind != ToolCall::Kind::Shell)
        return {};
    return {call.arguments[u"command"].toString()};
}

QJsonObject promptRequestOf(const ToolCall &call, const QString &toolCallId)
{
    QJsonObject prompt{{u"kind"_s, permissionKind(call.kind)}, {u"toolCallId"_s, toolCallId}};
    const QString path = call.arguments[u"path"].toString();
    if (call.kind == ToolCall::Kind::Shell) {
        prompt.insert(u"fullCommandText"_s, call.arguments[u"command"]);
        prompt.insert(u"intention"_s, call.intention);
        prompt.insert(u"commandIdentifiers"_s, QJsonArray{call.arguments[u"command"]});
        prompt.insert(u"canOfferSessionApproval"_s, false);
    } else if (call.kind == ToolCall::Kind::Read) {
        prompt.insert(u"intention"_s, u"Read file: "_s + path);
        prompt.insert(u"path"_s, path);
    } else {
        prompt.insert(u"intention"_s, call.name == "create"_L1 ? u"Create file"_s : u"Edit file"_s);
        prompt.insert(u"fileName"_s, path);
        prompt.insert(u"diff"_s, call.diff);
        prompt.insert(u"newFileContents"_s, call.newContents);
        prompt.insert(u"canOfferSessionApproval"_s, true);
    }
    return prompt;
}

QJsonObject permissionRequestOf(const ToolCall &call, const QJsonObject &prompt)
{
    QJsonObject request = prompt;
    if (call.kind == ToolCall::Kind::Shell) {
        request.insert(u"kind"_s, u"shell"_s);
        request.remove(u"commandIdentifiers"_s);
        request.insert(u"commands"_s,
                       QJsonArray{QJsonObject{{u"identifier"_s, call.arguments[u"command"]},
                                              {u"readOnly"_s, false}}});
    }
    return request;
}

QJsonObject failedCall(const QString &message, const QString &code)
{
    return {{u"success"_s, false},
            {u"error"_s, QJsonObject{{u"message"_s, message}, {u"code"_s, code}}}};
}

QJsonObject succeededCall(const QString &content, const QString &details)
{
    return {{u"success"_s, true},
            {u"result"_s, QJsonObject{{u"content"_s, content}, {u"detailedContent"_s, details}}}};
}

bool isApproval(const QString &kind)
{
    return kind == "approve-once"_L1 || kind == "approve-for-session"_L1
        || kind == "approve-for-location"_L1 || kind == "approved"_L1;
}

//! How permission.completed words an answer.
QJsonObject completedResult(const QJsonObject &result)
{
    const QString kind = result[u"kind"].toString();
    QJsonObject wire{{u"kind"_s, kind}};
    if (kind == "approve-once"_L1) {
        wire[u"kind"] = u"approved"_s;
    } else if (kind == "approve-for-session"_L1 || kind == "approve-for-location"_L1) {
        wire[u"kind"] = result.contains(u"approval")
            ? QString(kind).replace(u"approve-"_s, u"approved-"_s)
            : u"approved"_s;
        if (result.contains(u"approval"))
            wire.insert(u"approval"_s, result[u"approval"]);
    } else if (kind == "reject"_L1) {
        wire[u"kind"] = u"denied-interactively-by-user"_s;
        if (result.contains(u"feedback"))
            wire.insert(u"feedback"_s, result[u"feedback"]);
    } else if (kind == "user-not-available"_L1) {
        wire[u"kind"] = u"denied-no-approval-rule-and-could-not-request-from-user"_s;
    }
    return wire;
}

} // namespace

bool TurnRunner::permissionNeeded(const ToolCall &call) const
{
    const QString kind = permissionKind(call.kind);
    return call.failure.isEmpty() && !kind.isEmpty()
        && !m_session.isApproved(kind, identifiersOf(call));
}

void TurnRunner::askPermission(const RunningPtr &running, const ContextPtr &context)
{
    if (!m_session.asksPermission())
        return;
    PendingRequest pending;
    pending.requestId = newId(m_session.host().random());
    pending.toolCallId = running->toolCallId;
    pending.prompt = promptRequestOf(running->call, running->toolCallId);
    m_pending.append(pending);
    m_session.emitEphemeral(u"session.background_tasks_changed"_s);
    m_session.emitDurable(
        u"permission.requested"_s,
        {{u"requestId"_s, pending.requestId},
         {u"permissionRequest"_s, permissionRequestOf(running->call, pending.prompt)},
         {u"promptRequest"_s, pending.prompt},
         {u"agentMode"_s, m_session.meta().mode},
         {u"permissionMode"_s, u"manual"_s},
         {u"ownerSessionId"_s, m_session.meta().id}},
        context->agentId);
}

void TurnRunner::beginCall(const ContextPtr &context, const RunningPtr &running)
{
    m_openCalls.append(running->toolCallId);
    m_openTools.append(running->call.name);
    running->started = m_session.host().clock().now();
    ++context->toolCalls;
    m_session.emitDurable(u"tool.execution_start"_s,
                          context->marked({{u"toolCallId"_s, running->toolCallId},
                                           {u"toolName"_s, running->call.name},
                                           {u"arguments"_s, running->call.arguments},
                                           {u"turnId"_s, QString::number(running->round)},
                                           {u"model"_s, m_session.meta().model},
                                           {u"toolTitle"_s, running->call.title}}),
                          context->agentId);
}

void TurnRunner::finishCall(const ContextPtr &context, const RunningPtr &running)
{
    const ToolCall &call = running->call;
    if (!call.failure.isEmpty()) {
        completeCall(context, running, failedCall(call.failure, u"failure"_s));
        return;
    }
    const PendingRequest *request = pendingOf(running->toolCallId);
    if (request && !request->answered) {
        m_waiting = true;
        then([this, context, running] { finishCall(context, running); });
        return;
    }
    if (request && request->kind == PendingRequest::Kind::Permission) {
        const QString kind = request->result[u"kind"].toString();
        const QString feedback = request->result[u"feedback"].toString();
        if (kind == "reject"_L1 && feedback.isEmpty()) {
            rejectCall(context, running);
            return;
        }
        if (kind == "reject"_L1) {
            completeCall(
                context, running,
                failedCall(u"The user rejected this tool call. User feedback: "_s + feedback,
                           u"denied"_s));
            return;
        }
        if (!isApproval(kind)) {
            const bool absent = kind == "user-not-available"_L1;
            completeCall(
                context, running,
                failedCall(
                    absent
                        ? u"Permission denied and could not request permission from user."_s
                        : u"native tool permission flow failed: unknown variant `%1`"_s.arg(kind),
                    absent ? u"denied"_s : u"failure"_s));
            return;
        }
    } else if (!request && permissionNeeded(call)) {
        completeCall(context, running,
                     failedCall(u"Permission denied and could not request permission from user."_s,
                                u"denied"_s));
        return;
    }
    switch (call.kind) {
    case ToolCall::Kind::Shell:
        finishShell(context, running);
        break;
    case ToolCall::Kind::Agent:
        runAgent(context, running);
        break;
    case ToolCall::Kind::Ask:
        finishQuestion(context, running, request);
        break;
    case ToolCall::Kind::Plan:
        finishPlan(context, running, request);
        break;
    default:
        if (call.name == "create"_L1) {
            m_session.emitEphemeral(
                u"session.info"_s,
                {{u"infoType"_s, u"file_created"_s}, {u"message"_s, call.arguments[u"path"]}});
        }
        completeCall(
            context, running,
            succeededCall(call.output.isEmpty() ? QString() : call.output.constFirst().text,
                          call.diff));
    }
}

void TurnRunner::finishShell(const ContextPtr &context, const RunningPtr &running)
{
    const ToolCall &call = running->call;
    if (running->piece < call.output.size()) {
        const OutputPiece &piece = call.output[running->piece];
        push(paced(piece.pause, call.exactPauses), [this, context, running] {
            const QString text = running->call.output[running->piece].text;
            running->output += text;
            if (!text.isEmpty()) {
                m_session.emitEphemeral(u"tool.shell_output"_s,
                                        {{u"toolCallId"_s, running->toolCallId},
                                         {u"stream"_s, u"stdout"_s},
                                         {u"text"_s, text},
                                         {u"sequence"_s, static_cast<qint64>(running->piece)}},
                                        context->agentId);
                const QString shown = running->output.size() <= PartialLimit
                    ? running->output
                    : running->output.right(PartialTail);
                m_session.emitEphemeral(
                    u"tool.execution_partial_result"_s,
                    {{u"toolCallId"_s, running->toolCallId}, {u"partialOutput"_s, shown}},
                    context->agentId);
            }
            for (int i = 0; i < 3; ++i)
                m_session.emitEphemeral(u"session.background_tasks_changed"_s);
            ++running->piece;
            finishShell(context, running);
        });
        return;
    }
    const QString shellId = m_session.shellId();
    const QString content = running->output
        + u"<shellId: %1 completed with exit code %2>"_s.arg(shellId).arg(call.exitCode);
    QJsonObject outcome = succeededCall(content, content);
    QJsonObject result = outcome[u"result"].toObject();
    result.insert(
        u"contents"_s,
        QJsonArray{QJsonObject{{u"type"_s, u"shell_exit"_s},
                               {u"shellId"_s, shellId},
                               {u"exitCode"_s, call.exitCode},
                               {u"cwd"_s, m_session.meta().workingDirectory},
                               {u"outputPreview"_s, running->output.left(PartialLimit)}}});
    outcome.insert(u"result"_s, result);
    outcome.insert(u"shellExecution"_s, QJsonObject{{u"exitCode"_s, call.exitCode}});
    completeCall(context, running, outcome);
}

void TurnRunner::finishQuestion(const ContextPtr &context, const RunningPtr &running,
                                const PendingRequest *answered)
{
    const QJsonObject &arguments = running->call.arguments;
    if (answered) {
        const QString answer = answered->result[u"answer"].toString();
        const bool freeform = answered->result[u"wasFreeform"].toBool();
        m_session.emitEphemeral(u"user_input.completed"_s,
                                {{u"answer"_s, answer},
                                 {u"wasFreeform"_s, freeform},
                                 {u"requestId"_s, answered->requestId}});
        const QString text = (freeform ? u"User responded: "_s : u"User selected: "_s) + answer;
        completeCall(context, running, succeededCall(text, text));
        return;
    }
    if (!m_session.canAsk()) {
        completeCall(context, running,
                     failedCall(u"Tool 'ask_user' does not exist."_s, u"failure"_s));
        return;
    }
    PendingRequest pending;
    pending.kind = PendingRequest::Kind::Question;
    pending.requestId = newId(m_session.host().random());
    pending.toolCallId = running->toolCallId;
    m_pending.append(pending);
    QJsonObject data{{u"requestId"_s, pending.requestId},
                     {u"question"_s, arguments[u"question"]},
                     {u"allowFreeform"_s, true},
                     {u"toolCallId"_s, running->toolCallId}};
    QJsonObject params{{u"sessionId"_s, m_session.meta().id},
                       {u"question"_s, arguments[u"question"]},
                       {u"allowFreeform"_s, true}};
    if (arguments.contains(u"choices")) {
        data.insert(u"choices"_s, arguments[u"choices"]);
        params.insert(u"choices"_s, arguments[u"choices"]);
    }
    m_session.emitEphemeral(u"user_input.requested"_s, data);
    const std::weak_ptr<bool> alive = m_alive;
    m_session.askAttached(
        u"userInput.request"_s, params, false,
        [this, alive, id = pending.requestId](const std::optional<QJsonObject> &answer) {
            if (alive.expired())
                return;
            // An error reply counts as an answer, too (protocol.md 5).
            answerQuestion(id,
                           answer.value_or(QJsonObject{
                               {u"answer"_s, u"The user was unable to respond due to an error"_s},
                               {u"wasFreeform"_s, true}}));
        });
    m_waiting = true;
    then([this, context, running] { finishCall(context, running); });
}

void TurnRunner::finishPlan(const ContextPtr &context, const RunningPtr &running,
                            const PendingRequest *answered)
{
    const ToolCall &call = running->call;
    if (answered) {
        const bool approved = answered->result[u"approved"].toBool();
        const QString action = answered->result[u"selectedAction"].toString(u"interactive"_s);
        m_session.emitEphemeral(u"exit_plan_mode.completed"_s,
                                {{u"approved"_s, approved},
                                 {u"selectedAction"_s, action},
                                 {u"requestId"_s, answered->requestId}});
        if (approved)
            m_session.setMode(action == "autopilot"_L1 ? action : u"interactive"_s);
        completeCall(context, running,
                     succeededCall(approved ? u"Plan approved! Exited plan mode."_s
                                            : u"The user did not approve the plan."_s,
                                   approved ? u"Plan approved"_s : u"Plan not approved"_s));
        return;
    }
    PendingRequest pending;
    pending.kind = PendingRequest::Kind::Plan;
    pending.requestId = newId(m_session.host().random());
    pending.toolCallId = running->toolCallId;
    m_pending.append(pending);
    const QJsonObject request{
        {u"summary"_s, call.arguments[u"summary"]},
        {u"planContent"_s, call.newContents},
        {u"actions"_s, QJsonArray{u"autopilot"_s, u"interactive"_s, u"exit_only"_s}},
        {u"recommendedAction"_s, u"autopilot"_s}};
    QJsonObject data = request;
    data.insert(u"requestId"_s, pending.requestId);
    data.insert(u"toolCallId"_s, running->toolCallId);
    data.insert(u"model"_s, m_session.meta().model);
    m_session.emitEphemeral(u"exit_plan_mode.requested"_s, data);
    QJsonObject params = request;
    params.insert(u"sessionId"_s, m_session.meta().id);
    const std::weak_ptr<bool> alive = m_alive;
    m_session.askAttached(
        u"exitPlanMode.request"_s, params, true,
        [this, alive, id = pending.requestId](const std::optional<QJsonObject> &answer) {
            if (!alive.expired())
                answerPlan(id, answer.value_or(QJsonObject()));
        });
    m_waiting = true;
    then([this, context, running] { finishCall(context, running); });
}

void TurnRunner::runAgent(const ContextPtr &context, const RunningPtr &running)
{
    const ToolCall &call = running->call;
    const QString model = m_session.meta().model;
    auto agent = std::make_shared<Context>();
    agent->agentId = newId(m_session.host().random());
    agent->parentToolCallId = running->toolCallId;
    agent->interactionId = newId(m_session.host().random());
    agent->messageId = newId(m_session.host().random());
    agent->rounds = call.agentRounds;
    const QJsonObject identity{{u"toolCallId"_s, running->toolCallId},
                               {u"agentName"_s, call.arguments[u"agent_type"]},
                               {u"agentDisplayName"_s, call.arguments[u"name"]},
                               {u"model"_s, model}};
    QJsonObject started = identity;
    started.insert(u"agentDescription"_s, call.arguments[u"description"]);
    m_session.emitDurable(u"subagent.started"_s, started, agent->agentId);
    m_session.emitDurable(u"subagent.configured"_s, {{u"model"_s, model}, {u"multiTurn"_s, true}},
                          agent->agentId);
    m_session.emitDurable(u"session.model_change"_s,
                          {{u"source"_s, u"agent"_s}, {u"newModel"_s, model}}, agent->agentId);
    emitUserMessage({agent->messageId, call.arguments[u"prompt"].toString(), {}, u"idle"_s, {}},
                    agent);
    m_session.emitDurable(u"system.message"_s,
                          {{u"role"_s, u"system"_s},
                           {u"content"_s, demoSystemPrompt()},
                           {u"interactionId"_s, agent->interactionId}},
                          agent->agentId);
    agent->after = [this, context, running, identity, agent = std::weak_ptr<Context>(agent)] {
        const ContextPtr ended = agent.lock();
        if (!ended)
            return;
        const auto took = std::chrono::duration_cast<Milliseconds>(m_session.host().clock().now()
                                                                   - running->started);
        QJsonObject completed = identity;
        completed.insert(u"totalToolCalls"_s, ended->toolCalls);
        completed.insert(u"totalTokens"_s, ended->tokens);
        completed.insert(u"durationMs"_s, static_cast<qint64>(took.count()));
        m_session.emitDurable(u"subagent.completed"_s, completed, ended->agentId);
        const QString text = ended->rounds.isEmpty() ? QString() : ended->rounds.constLast().text();
        completeCall(context, running, succeededCall(text, text));
    };
    if (agent->rounds.isEmpty()) {
        agent->after();
        return;
    }
    // The step keeps the agent's context alive as long as its rounds need it.
    then([this, agent] { playRound(agent, 0); });
}

void TurnRunner::completeCall(const ContextPtr &context, const RunningPtr &running,
                              QJsonObject outcome)
{
    const auto at = m_openCalls.indexOf(running->toolCallId);
    if (at >= 0) {
        m_openCalls.removeAt(at);
        m_openTools.removeAt(at);
    }
    outcome.insert(u"toolCallId"_s, running->toolCallId);
    outcome.insert(u"model"_s, m_session.meta().model);
    outcome.insert(u"interactionId"_s, context->interactionId);
    outcome.insert(u"turnId"_s, QString::number(running->round));
    m_session.emitDurable(u"tool.execution_complete"_s, context->marked(outcome), context->agentId);
}

void TurnRunner::rejectCall(const ContextPtr &context, const RunningPtr &running)
{
    completeCall(context, running,
                 failedCall(u"The user rejected this tool call."_s, u"rejected"_s));
    // Measured on 1.0.102: a rejection without feedback ends the turn like an abort of the user's,
    // yet the idle events do not say "aborted".
    m_session.emitDurable(u"assistant.turn_end"_s,
                          {{u"turnId"_s, QString::number(running->round)}});
    m_session.emitDurable(u"abort"_s, {{u"reason"_s, u"user_initiated"_s}});
    m_session.emitEphemeral(
        u"session.info"_s,
        {{u"infoType"_s, u"cancellation"_s}, {u"message"_s, u"Operation cancelled by user"_s}});
    m_steps.clear();
    m_inserted.clear();
    finishTurn();
}

// --- answers --------------------------------------------------------------------------------

PendingRequest *TurnRunner::pending(const QString &requestId, PendingRequest::Kind kind)
{
    for (PendingRequest &request : m_pending) {
        if (request.requestId == requestId && request.kind == kind && !request.answered)
            return &request;
    }
    return nullptr;
}

PendingRequest *TurnRunner::pendingOf(const QString &toolCallId)
{
    for (PendingRequest &request : m_pending) {
        if (request.toolCallId == toolCallId)
            return &request;
    }
    return nullptr;
}

bool TurnRunner::answerPermission(const QString &requestId, const QJsonObject &result)
{
    PendingRequest *request = pending(requestId, PendingRequest::Kind::Permission);
    if (!request || m_done)
        return false;
    request->answered = true;
    request->result = result;
    m_session.emitDurable(u"permission.completed"_s,
                          {{u"requestId"_s, requestId},
                           {u"toolCallId"_s, request->toolCallId},
                           {u"result"_s, completedResult(result)}});
    const QString kind = result[u"kind"].toString();
    if (kind == "approve-for-session"_L1 || kind == "approve-for-location"_L1)
        m_session.remember(result[u"approval"].toObject());
    wake();
    return true;
}

bool TurnRunner::answerQuestion(const QString &requestId, const QJsonObject &response)
{
    PendingRequest *request = pending(requestId, PendingRequest::Kind::Question);
    if (!request || m_done)
        return false;
    request->answered = true;
    request->result = response;
    wake();
    return true;
}

bool TurnRunner::answerPlan(const QString &requestId, const QJsonObject &response)
{
    PendingRequest *request = pending(requestId, PendingRequest::Kind::Plan);
    if (!request || m_done)
        return false;
    request->answered = true;
    request->result = response;
    wake();
    return true;
}

QJsonArray TurnRunner::pendingPermissions() const
{
    QJsonArray items;
    for (const PendingRequest &request : m_pending) {
        if (!request.answered && request.kind == PendingRequest::Kind::Permission) {
            items.append(
                QJsonObject{{u"requestId"_s, request.requestId}, {u"request"_s, request.prompt}});
        }
    }
    return items;
}

} // namespace pilotlight::demo
