// SPDX-License-Identifier: MIT
#include "demoserver/turnrunner.h"

#include "demoserver/demosession.h"
#include "demoserver/turnrunner_p.h"

#include <QJsonDocument>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

//! Steps that need no pause run together, but not so many that the connections starve.
constexpr int StepsPerTick = 64;

QJsonObject modelInfo(const QString &model)
{
    return {{u"id"_s, model},
            {u"name"_s, model},
            {u"capabilities"_s,
             QJsonObject{{u"limits"_s, QJsonObject{{u"max_prompt_tokens"_s, 128'000}}}}}};
}

struct RetryRule
{
    int retries;
    QString reason;
    QString errorType;
};

//! protocol.md 4, the table of model errors.
RetryRule ruleFor(const ModelFailure &failure)
{
    if (failure.kind == ModelFailure::Kind::DropMid)
        return {5, u"streaming_error"_s, u"query"_s};
    if (failure.code == 401)
        return {2, u"transient_auth_error"_s, u"authentication"_s};
    if (failure.code == 429)
        return {5, u"rate_limit"_s, u"rate_limit"_s};
    return {failure.code >= 500 ? 5 : 0, u"api_error"_s, u"query"_s};
}

} // namespace

const QString &demoSystemPrompt()
{
    static const QString text =
        u"This text stands where a real server repeats its instructions to "
        "the model. It is long on purpose: clients must skip it cheaply. "_s.repeated(170);
    return text;
}

TurnRunner::TurnRunner(DemoSession &session, TurnInput input, Script script,
                       std::function<void()> ended)
    : m_session(session)
    , m_input(std::move(input))
    , m_script(std::move(script))
    , m_ended(std::move(ended))
    , m_main(std::make_shared<Context>())
    , m_started(session.host().clock().now())
{
    m_main->interactionId = newId(session.host().random());
    m_main->messageId = m_input.messageId;
    m_main->rounds = m_script.rounds;
    m_main->after = [this] { finishTurn(); };
}

TurnRunner::~TurnRunner() = default;

void TurnRunner::start(bool announceSkills)
{
    then([this, announceSkills] { beginTurn(announceSkills); });
    pump();
}

void TurnRunner::startPending(const PendingRequest &pending, int round, const QString &toolCallId)
{
    const QList<ToolCall> calls = m_main->rounds[round].calls;
    auto running = std::make_shared<Running>();
    running->call = calls.constFirst();
    running->toolCallId = toolCallId;
    running->round = round;
    m_pending.append(pending);
    m_openCalls.append(toolCallId);
    m_openTools.append(running->call.name);
    then([this, running] { finishCall(m_main, running); });
    // A turn that was taken up again counts its rounds from 0, as the real server does.
    then([this, round] {
        m_main->rounds = m_main->rounds.mid(round + 1);
        playRound(m_main, 0);
    });
    pump();
}

void TurnRunner::cancel()
{
    m_done = true;
    m_steps.clear();
    m_inserted.clear();
    m_timer.cancel();
}

void TurnRunner::interrupt()
{
    for (const PendingRequest &request : std::as_const(m_pending)) {
        if (request.answered || request.kind != PendingRequest::Kind::Permission)
            continue;
        m_session.emitDurable(
            u"permission.completed"_s,
            {{u"requestId"_s, request.requestId},
             {u"toolCallId"_s, request.toolCallId},
             {u"result"_s,
              QJsonObject{{u"kind"_s, u"cancelled"_s}, {u"reason"_s, u"Session aborted"_s}}}});
    }
    const bool inTool = !m_openCalls.isEmpty();
    const auto elapsed =
        std::chrono::duration_cast<Milliseconds>(m_session.host().clock().now() - m_started);
    QJsonObject data{{u"activity"_s, inTool ? u"tool_call"_s : u"model_call"_s},
                     {u"turn"_s, 0},
                     {u"elapsedMs"_s, static_cast<qint64>(elapsed.count())}};
    if (inTool) {
        data.insert(u"toolCallIds"_s, QJsonArray::fromStringList(m_openCalls));
        data.insert(u"toolNames"_s, QJsonArray::fromStringList(m_openTools));
    }
    m_session.emitEphemeral(u"agent.interrupted"_s, data);
    m_session.emitDurable(u"assistant.turn_end"_s, {{u"turnId"_s, u"0"_s}});
    cancel();
}

// --- the queue of steps ---------------------------------------------------------------------

void TurnRunner::push(Milliseconds delay, std::function<void()> run)
{
    if (m_inStep)
        m_inserted.push_back({delay, std::move(run)});
    else
        m_steps.push_back({delay, std::move(run)});
}

void TurnRunner::pump()
{
    if (m_done || m_inStep || m_waiting || m_steps.empty() || m_timer.isActive())
        return;
    m_timer = m_session.host().clock().after(m_steps.front().delay, [this] { runSteps(); });
}

void TurnRunner::runSteps()
{
    for (int i = 0; i < StepsPerTick && !m_done && !m_waiting && !m_steps.empty(); ++i) {
        if (i > 0 && m_steps.front().delay > Milliseconds(0))
            break;
        const Step step = std::move(m_steps.front());
        m_steps.pop_front();
        m_inStep = true;
        step.run();
        m_inStep = false;
        if (m_done)
            return;
        // What a step adds comes before what was there: rounds and sub-agents nest this way.
        m_steps.insert(m_steps.begin(), std::make_move_iterator(m_inserted.begin()),
                       std::make_move_iterator(m_inserted.end()));
        m_inserted.clear();
    }
    pump();
}

void TurnRunner::wake()
{
    m_waiting = false;
    pump();
}

Milliseconds TurnRunner::paced(Milliseconds delay, bool exact) const
{
    if (exact)
        return delay;
    const double speed = m_session.host().options().speed;
    return Milliseconds(qRound64(static_cast<double>(delay.count()) / speed));
}

// --- rounds ---------------------------------------------------------------------------------

void TurnRunner::beginTurn(bool announceSkills)
{
    if (announceSkills)
        m_session.emitEphemeral(u"session.skills_loaded"_s, {{u"skills"_s, QJsonArray()}});
    m_session.emitEphemeral(u"session.mcp_servers_loaded"_s, {{u"servers"_s, QJsonArray()}});
    m_session.emitEphemeral(u"session.tools_updated"_s, {{u"model"_s, m_session.meta().model}});
    if (m_script.rounds.isEmpty()) {
        // Not signed in and no provider: the real server fails before the user's message.
        m_session.emitDurable(
            u"session.error"_s,
            {{u"errorType"_s, u"query"_s},
             {u"message"_s,
              u"Execution failed: InvalidArg, No GitHub OAuth token or Copilot HMAC "
              "key provided"_s}});
        finishTurn();
        return;
    }
    emitUserMessage(m_input, m_main);
    m_session.emitDurable(
        u"system.message"_s,
        {{u"role"_s, u"system"_s},
         {u"content"_s, demoSystemPrompt()},
         {u"contentBlocks"_s, QJsonArray{QJsonObject{{u"content"_s, demoSystemPrompt()}}}},
         {u"interactionId"_s, m_main->interactionId}});
    playRound(m_main, 0);
}

void TurnRunner::emitUserMessage(const TurnInput &input, const ContextPtr &context)
{
    QJsonObject data{{u"content"_s, input.text},
                     {u"messageId"_s, input.messageId},
                     {u"delivery"_s, input.delivery},
                     {u"interactionId"_s, context->interactionId},
                     {u"turnId"_s, u"0"_s}};
    if (!context->isMain())
        data.insert(u"source"_s, u"agent-"_s + m_session.meta().id);
    if (!input.attachments.isEmpty())
        data.insert(u"attachments"_s, input.attachments);
    if (m_session.meta().mode != "interactive"_L1)
        data.insert(u"agentMode"_s, m_session.meta().mode);
    m_session.emitDurable(u"user.message"_s, data, context->agentId);
}

void TurnRunner::playRound(const ContextPtr &context, int index)
{
    const QString model = m_session.meta().model;
    const QString turnId = QString::number(index);
    m_session.emitEphemeral(u"model.turn_started"_s,
                            {{u"kind"_s, u"turn_started"_s},
                             {u"model"_s, model},
                             {u"modelInfo"_s, modelInfo(model)},
                             {u"turn"_s, index}},
                            context->agentId);
    m_session.emitDurable(
        u"assistant.turn_start"_s,
        context->marked({{u"turnId"_s, turnId}, {u"interactionId"_s, context->interactionId}}),
        context->agentId);
    if (index > 0 && context->isMain()) {
        QList<TurnInput> steering = m_session.takeSteering();
        for (TurnInput &input : steering) {
            m_session.emitDurable(u"user.message"_s,
                                  {{u"content"_s, input.text},
                                   {u"messageId"_s, input.messageId},
                                   {u"delivery"_s, u"steering"_s},
                                   {u"turnId"_s, turnId},
                                   {u"interactionId"_s, context->interactionId}});
            if (input.finished)
                input.finished();
        }
    }
    callModel(context, index, 0);
}

void TurnRunner::callModel(const ContextPtr &context, int index, int attempt)
{
    const Round &round = context->rounds[index];
    const QString model = m_session.meta().model;
    m_session.emitEphemeral(u"session.usage_info"_s,
                            {{u"tokenLimit"_s, 128'000},
                             {u"currentTokens"_s, m_session.contextTokens()},
                             {u"messagesLength"_s, m_session.log().durableCount()},
                             {u"isInitial"_s, index == 0}},
                            context->agentId);
    m_session.emitEphemeral(u"model.call_start"_s,
                            {{u"turnId"_s, QString::number(index)}, {u"model"_s, model}},
                            context->agentId);
    m_session.emitEphemeral(u"model.model_call_started"_s,
                            {{u"kind"_s, u"model_call_started"_s},
                             {u"model"_s, model},
                             {u"modelInfo"_s, modelInfo(model)},
                             {u"turn"_s, index}},
                            context->agentId);
    push(paced(round.wait, round.exactPauses),
         [this, context, index, attempt] { streamAnswer(context, index, attempt); });
}

void TurnRunner::streamAnswer(const ContextPtr &context, int index, int attempt)
{
    const Round &round = context->rounds[index];
    const bool fails =
        round.failure && (round.failure->times < 0 || attempt < round.failure->times);
    if (fails && round.failure->kind == ModelFailure::Kind::Hang) {
        m_waiting = true; // for ever, or until an abort
        return;
    }
    if (fails && round.failure->kind == ModelFailure::Kind::Http) {
        failModelCall(context, index, attempt);
        return;
    }
    const QString reasoningId = newId(m_session.host().random());
    if (m_session.streaming()) {
        for (const QString &piece : round.reasoning) {
            push(paced(round.reasoningPace, round.exactPauses),
                 [this, context, reasoningId, piece] {
                     m_session.emitEphemeral(u"assistant.reasoning_delta"_s,
                                             context->marked({{u"reasoningId"_s, reasoningId},
                                                              {u"deltaContent"_s, piece}}),
                                             context->agentId);
                 });
        }
    }
    const QString messageId = newId(m_session.host().random());
    auto chunks = std::make_shared<QStringList>(round.chunks);
    if (fails && round.failure->kind != ModelFailure::Kind::Empty) {
        chunks->clear();
        for (int i = 0; i < round.failure->chunks; ++i)
            chunks->append(u"part%1 "_s.arg(i));
    }
    if (fails && round.failure->kind == ModelFailure::Kind::Empty)
        chunks->clear();
    then([this, context, index, chunks, messageId] {
        if (chunks->isEmpty() || !m_session.streaming())
            return;
        m_session.emitEphemeral(u"assistant.message_start"_s, {{u"messageId"_s, messageId}},
                                context->agentId);
        streamChunks(context, chunks, 0, context->rounds[index], messageId);
    });
    if (fails && round.failure->kind == ModelFailure::Kind::HangMid) {
        then([this] { m_waiting = true; });
    } else if (fails && round.failure->kind == ModelFailure::Kind::DropMid) {
        then([this, context, index, attempt] { failModelCall(context, index, attempt); });
    } else if (fails) {
        then([this] {
            failTurn(
                {{u"errorType"_s, u"query"_s},
                 {u"message"_s, u"No response was returned. Send your message again to retry."_s}});
        });
    } else {
        then([this, context, index, messageId] { finishMessage(context, index, messageId); });
    }
    Q_UNUSED(reasoningId)
}

void TurnRunner::streamChunks(const ContextPtr &context, const std::shared_ptr<QStringList> &chunks,
                              qsizetype from, const Round &round, const QString &messageId)
{
    const qsizetype end = std::min<qsizetype>(from + std::max(1, round.burst), chunks->size());
    for (qsizetype i = from; i < end; ++i) {
        const QString &chunk = chunks->at(i);
        m_streamedBytes += chunk.toUtf8().size();
        m_session.emitEphemeral(u"assistant.streaming_delta"_s,
                                {{u"totalResponseSizeBytes"_s, m_streamedBytes}}, context->agentId);
        m_session.emitEphemeral(
            u"assistant.message_delta"_s,
            context->marked({{u"messageId"_s, messageId}, {u"deltaContent"_s, chunk}}),
            context->agentId);
        if (!round.fault.isEmpty() && i == chunks->size() / 2)
            m_session.host().strike(round.fault);
        if (m_done)
            return;
    }
    if (end == chunks->size())
        return;
    // The round is copied by value: the context may be gone when the step runs.
    push(paced(round.pace, round.exactPauses), [this, context, chunks, end, round, messageId] {
        streamChunks(context, chunks, end, round, messageId);
    });
}

void TurnRunner::finishMessage(const ContextPtr &context, int index, const QString &messageId)
{
    const Round &round = context->rounds[index];
    const QString text = round.text();
    const QString reasoning = round.reasoning.join(QString());
    const QString model = m_session.meta().model;
    QJsonArray requests;
    auto calls = std::make_shared<QList<RunningPtr>>();
    for (const ToolCall &call : round.calls) {
        auto running = std::make_shared<Running>();
        running->call = call;
        running->toolCallId = u"call_"_s + QString::fromLatin1(m_session.host().random().hex(12));
        running->round = index;
        calls->append(running);
        requests.append(QJsonObject{{u"toolCallId"_s, running->toolCallId},
                                    {u"name"_s, call.name},
                                    {u"arguments"_s, call.arguments},
                                    {u"type"_s, u"function"_s},
                                    {u"intentionSummary"_s, call.intention},
                                    {u"toolTitle"_s, call.title}});
        if (!m_session.streaming())
            continue;
        const QString arguments =
            QString::fromUtf8(QJsonDocument(call.arguments).toJson(QJsonDocument::Compact));
        for (qsizetype at = 0; at < arguments.size(); at += 8) {
            m_session.emitEphemeral(u"assistant.tool_call_delta"_s,
                                    {{u"toolCallId"_s, running->toolCallId},
                                     {u"toolName"_s, call.name},
                                     {u"toolType"_s, u"function"_s},
                                     {u"inputDelta"_s, arguments.mid(at, 8)}},
                                    context->agentId);
        }
    }
    const qint64 input = round.inputTokens > 0 ? round.inputTokens : m_session.contextTokens();
    const qint64 output =
        round.outputTokens > 0 ? round.outputTokens : std::max<qint64>(20, text.size() / 4);
    context->tokens += input + output;
    m_session.addUsage(input, output);
    m_session.emitEphemeral(u"assistant.usage"_s,
                            {{u"model"_s, model},
                             {u"inputTokens"_s, input},
                             {u"outputTokens"_s, output},
                             {u"cacheReadTokens"_s, 0},
                             {u"cost"_s, 0},
                             {u"duration"_s, 127},
                             {u"timeToFirstTokenMs"_s, 107.5},
                             {u"finishReason"_s, requests.isEmpty() ? u"stop"_s : u"tool_calls"_s},
                             {u"initiator"_s, context->isMain() ? u"user"_s : u"sub-agent"_s}},
                            context->agentId);
    m_session.emitEphemeral(
        u"model.message"_s,
        {{u"kind"_s, u"message"_s},
         {u"turn"_s, index},
         {u"message"_s, QJsonObject{{u"role"_s, u"assistant"_s}, {u"content"_s, text}}}},
        context->agentId);
    QJsonObject data{{u"messageId"_s, messageId},
                     {u"originatingMessageId"_s, context->messageId},
                     {u"model"_s, model},
                     {u"content"_s, text},
                     {u"toolRequests"_s, requests},
                     {u"interactionId"_s, context->interactionId},
                     {u"turnId"_s, QString::number(index)}};
    if (!reasoning.isEmpty())
        data.insert(u"reasoningText"_s, reasoning);
    m_session.emitDurable(u"assistant.message"_s, context->marked(data), context->agentId);
    if (!reasoning.isEmpty()) {
        m_session.emitEphemeral(
            u"assistant.reasoning"_s,
            {{u"reasoningId"_s, newId(m_session.host().random())}, {u"content"_s, reasoning}},
            context->agentId);
    }
    // All calls are announced before the first asks for permission.
    for (const RunningPtr &running : std::as_const(*calls))
        beginCall(context, running);
    for (const RunningPtr &running : std::as_const(*calls)) {
        if (permissionNeeded(running->call))
            then([this, context, running] { askPermission(running, context); });
    }
    for (const RunningPtr &running : std::as_const(*calls))
        then([this, context, running] { finishCall(context, running); });
    then([this, context, index] { finishRounds(context, index); });
}

void TurnRunner::finishRounds(const ContextPtr &context, int index)
{
    const QString model = m_session.meta().model;
    m_session.emitEphemeral(u"model.turn_ended"_s,
                            {{u"kind"_s, u"turn_ended"_s},
                             {u"model"_s, model},
                             {u"modelInfo"_s, modelInfo(model)},
                             {u"turn"_s, index}},
                            context->agentId);
    m_session.emitDurable(u"assistant.turn_end"_s,
                          context->marked({{u"turnId"_s, QString::number(index)}}),
                          context->agentId);
    if (index + 1 < context->rounds.size())
        playRound(context, index + 1);
    else
        then([context] { context->after(); }); // the step keeps the context alive
}

void TurnRunner::failModelCall(const ContextPtr &context, int index, int attempt)
{
    const ModelFailure failure = *context->rounds[index].failure;
    const RetryRule rule = ruleFor(failure);
    const bool http = failure.kind == ModelFailure::Kind::Http;
    QJsonObject data{{u"model"_s, m_session.meta().model},
                     {u"retryAttempt"_s, attempt},
                     {u"failureKind"_s, http ? u"api"_s : u"transport"_s},
                     {u"errorMessage"_s, u"simulated failure"_s}};
    if (http)
        data.insert(u"statusCode"_s, failure.code);
    m_session.emitEphemeral(u"model.call_failure"_s, data, context->agentId);
    if (attempt < rule.retries) {
        m_session.emitEphemeral(u"assistant.turn_retry"_s,
                                {{u"turnId"_s, QString::number(index)},
                                 {u"model"_s, m_session.meta().model},
                                 {u"reason"_s, rule.reason}},
                                context->agentId);
        m_session.emitEphemeral(
            u"session.info"_s,
            {{u"infoType"_s, u"model_retry"_s},
             {u"message"_s,
              http ? u"Request failed due to a transient API error. Retrying..."_s
                   : u"Response was interrupted due to a server error. Retrying..."_s}});
        push(paced(Milliseconds(300) * (attempt + 1), false),
             [this, context, index, attempt] { callModel(context, index, attempt + 1); });
        return;
    }
    QJsonObject error{{u"errorType"_s, rule.errorType}};
    if (http)
        error.insert(u"statusCode"_s, failure.code);
    if (failure.code == 401 && http) {
        error.insert(u"message"_s, u"Authentication failed with provider (HTTP 401)."_s);
    } else if (http) {
        error.insert(u"message"_s, u"%1 stub error %1"_s.arg(failure.code));
    } else {
        error.insert(u"message"_s, u"The connection to the model provider was lost."_s);
    }
    failTurn(error);
}

void TurnRunner::failTurn(const QJsonObject &error)
{
    m_session.emitDurable(u"assistant.turn_end"_s, {{u"turnId"_s, u"0"_s}});
    QJsonObject data = error;
    data.insert(u"originatingMessageId"_s, m_input.messageId);
    m_session.emitDurable(u"session.error"_s, data);
    m_steps.clear();
    m_inserted.clear();
    finishTurn();
}

void TurnRunner::finishTurn()
{
    if (m_script.compacts)
        m_session.compact();
    m_session.emitEphemeral(
        u"model.messages_snapshot"_s,
        {{u"kind"_s, u"messages_snapshot"_s},
         {u"messages"_s,
          QJsonArray{QJsonObject{{u"role"_s, u"system"_s}, {u"content"_s, demoSystemPrompt()}},
                     QJsonObject{{u"role"_s, u"user"_s}, {u"content"_s, m_input.text}}}}});
    then([this] {
        cancel();
        m_ended();
    });
}

} // namespace pilotlight::demo
