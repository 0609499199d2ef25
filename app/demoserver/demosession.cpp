// SPDX-License-Identifier: MIT
#include "demoserver/demosession.h"

#include <QJsonDocument>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

QByteArray jsonText(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

} // namespace

QString newId(Random &random)
{
    const QString hex = QString::fromLatin1(random.hex(16));
    return hex.left(8) + u'-' + hex.mid(8, 4) + u"-4"_s + hex.mid(13, 3) + u"-8"_s + hex.mid(17, 3)
        + u'-' + hex.mid(20);
}

DemoSession::DemoSession(SessionHost &host, SessionMeta meta)
    : m_host(host)
    , m_meta(std::move(meta))
{
    touch();
}

DemoSession::~DemoSession() = default;

void DemoSession::load()
{
    const QList<QByteArray> lines = m_host.store().events(m_meta.id);
    for (const QByteArray &line : lines) {
        const QJsonObject event = QJsonDocument::fromJson(line).object();
        const QString type = event[u"type"].toString();
        // Written to disk only, never sent.
        if (type == "session.usage_record"_L1)
            continue;
        m_prompts += type == "user.message"_L1 && !event.contains(u"agentId") ? 1 : 0;
        m_log.append({event[u"id"].toString().toLatin1(), type, false, line});
    }
    m_toolsUnsure = true;
}

void DemoSession::configure(const QJsonObject &params)
{
    const auto flag = [&](const QString &name, bool &target) {
        if (params.contains(name))
            target = params[name].toBool();
    };
    flag(u"streaming"_s, m_streaming);
    flag(u"requestPermission"_s, m_requestPermission);
    if (params.contains(u"provider"))
        m_hasProvider = !params[u"provider"][u"baseUrl"].toString().isEmpty();
    if (const QString model = params[u"model"].toString(); !model.isEmpty())
        m_meta.model = model;
    if (const QString name = params[u"clientName"].toString(); !name.isEmpty())
        m_meta.clientName = name;
    if (const QString path = params[u"workingDirectory"].toString(); !path.isEmpty())
        m_meta.workingDirectory = path;
    saveMeta();
}

bool DemoSession::canAsk() const
{
    return std::any_of(m_attached.cbegin(), m_attached.cend(),
                       [](const Attachment &attachment) { return attachment.questions; });
}

void DemoSession::askAttached(const QString &method, const QJsonObject &params, bool plan,
                              const ClientAnswer &answer)
{
    const auto attached = m_attached;
    for (auto it = attached.cbegin(); it != attached.cend(); ++it) {
        if (plan ? it->plans : it->questions)
            m_host.askClient(it.key(), method, params, answer);
    }
}

QByteArray DemoSession::emitDurable(const QString &type, const QJsonObject &data,
                                    const QString &agentId)
{
    return emitEvent(type, data, false, agentId);
}

QByteArray DemoSession::emitEphemeral(const QString &type, const QJsonObject &data,
                                      const QString &agentId)
{
    return emitEvent(type, data, true, agentId);
}

QByteArray DemoSession::emitEvent(const QString &type, const QJsonObject &data, bool ephemeral,
                                  const QString &agentId)
{
    const QByteArray id = newId(m_host.random()).toLatin1();
    const QDateTime now = m_host.clock().wallNow();
    // Put together by hand, because the real server's order of members (type first) is what a
    // reader that skips by type sees.
    QByteArray event = R"({"type":")" + type.toLatin1() + R"(","data":)" + jsonText(data)
        + R"(,"id":")" + id + R"(","timestamp":")"
        + now.toUTC().toString(Qt::ISODateWithMs).toLatin1() + R"(","parentId":)"
        + (m_log.lastDurableId().isEmpty() ? "null" : '"' + m_log.lastDurableId() + '"');
    if (ephemeral)
        event += R"(,"ephemeral":true)";
    if (!agentId.isEmpty())
        event += R"(,"agentId":")" + agentId.toLatin1() + '"';
    event += '}';
    m_log.append({id, type, ephemeral, event});
    m_host.deliver(*this,
                   R"({"jsonrpc":"2.0","method":"session.event","params":{"sessionId":")"
                       + m_meta.id.toUtf8() + R"(","event":)" + event + "}}");
    if (!ephemeral) {
        // The file leaves repeated system messages out: they are 43 KB each.
        if (type != "system.message"_L1 || m_prompts <= 1)
            m_host.store().append(m_meta.id, event);
        m_meta.modified = now;
        saveMeta();
        m_host.announce(u"session.updated"_s, m_meta);
    }
    m_host.eventHappened(type);
    return id;
}

QString DemoSession::send(const QString &text, bool immediate, const QJsonArray &attachments,
                          std::function<void()> finished)
{
    touch();
    TurnInput input{newId(m_host.random()), text, attachments, u"idle"_s, std::move(finished)};
    const QString messageId = input.messageId;
    emitEphemeral(u"pending_messages.modified"_s);
    if (!m_turn && !m_next.isActive()) {
        // The answer to send goes out first, as on the real server.
        startSoon(std::move(input));
        return messageId;
    }
    input.delivery = u"queued"_s;
    if (immediate)
        m_steering.append(input);
    else
        m_queue.append({QString::number(++m_queued), input});
    return messageId;
}

void DemoSession::startSoon(TurnInput input)
{
    m_starting = true;
    m_next = m_host.clock().after(Milliseconds(0), [this, input] { startTurn(input); });
}

void DemoSession::startTurn(TurnInput input)
{
    m_starting = false;
    m_finished.clear();
    const bool first = m_prompts++ == 0;
    m_meta.hasMessages = true;
    closeInterruptedTools();
    emitEphemeral(u"pending_messages.modified"_s);
    if (first)
        nameAfter(input.text);
    Script script = scriptFor(input.text, first);
    if (!m_host.options().signedIn && !m_hasProvider)
        script = Script();
    m_turn = std::make_unique<TurnRunner>(*this, std::move(input), std::move(script),
                                          [this] { turnEnded(); });
    m_turn->start(first);
}

void DemoSession::nameAfter(const QString &prompt)
{
    if (!m_meta.name.isEmpty())
        return;
    m_meta.name = prompt.simplified().left(100);
    emitEphemeral(u"session.title_changed"_s, {{u"title"_s, m_meta.name}});
}

QList<TurnInput> DemoSession::takeSteering()
{
    return std::exchange(m_steering, {});
}

void DemoSession::turnEnded()
{
    // The runner is still on the stack; it goes when the next turn starts or the session ends.
    const auto finished = m_turn->input().finished;
    m_finished.push_back(std::move(m_turn));
    touch();
    if (finished)
        finished();
    if (!m_steering.isEmpty() || !m_queue.isEmpty()) {
        TurnInput next = m_steering.isEmpty() ? m_queue.takeFirst().input : m_steering.takeFirst();
        emitEphemeral(u"pending_messages.modified"_s);
        startSoon(std::move(next));
        return;
    }
    emitEphemeral(u"assistant.idle"_s);
    emitEphemeral(u"session.idle"_s, {{u"mode"_s, m_meta.mode}});
    m_host.store().flush();
}

void DemoSession::abort()
{
    touch();
    m_queue.clear();
    m_steering.clear();
    if (!m_turn && !std::exchange(m_starting, false))
        return;
    emitDurable(u"abort"_s, {{u"reason"_s, u"user_initiated"_s}});
    emitEphemeral(u"pending_messages.modified"_s);
    if (m_turn) {
        m_turn->interrupt();
        const auto finished = m_turn->input().finished;
        m_finished.push_back(std::move(m_turn));
        if (finished)
            finished();
    }
    // The answer to the abort comes first.
    m_next = m_host.clock().after(Milliseconds(0), [this] { settleAfterAbort(); });
}

void DemoSession::settleAfterAbort()
{
    emitEphemeral(u"pending_messages.modified"_s);
    emitEphemeral(u"assistant.idle"_s, {{u"aborted"_s, true}});
    emitEphemeral(u"session.idle"_s, {{u"aborted"_s, true}, {u"mode"_s, m_meta.mode}});
    m_host.store().flush();
    if (!m_queue.isEmpty())
        startTurn(m_queue.takeFirst().input);
}

bool DemoSession::interrupt()
{
    if (!m_turn)
        return false;
    emitDurable(u"abort"_s, {{u"reason"_s, u"user_initiated"_s}});
    m_turn->interrupt();
    turnEnded();
    return true;
}

QJsonObject DemoSession::pendingItems() const
{
    QJsonArray items;
    for (const Queued &queued : m_queue) {
        items.append(QJsonObject{{u"id"_s, queued.queueId},
                                 {u"messageId"_s, queued.input.messageId},
                                 {u"kind"_s, u"message"_s},
                                 {u"displayText"_s, queued.input.text},
                                 {u"agentMode"_s, m_meta.mode}});
    }
    QJsonArray steering;
    for (const TurnInput &input : m_steering)
        steering.append(input.text);
    return {
        {u"items"_s, items}, {u"steeringMessages"_s, steering}, {u"inFlightSteeringCount"_s, 0}};
}

bool DemoSession::removeQueued(const QString &id)
{
    const auto removed =
        m_queue.removeIf([&](const Queued &queued) { return queued.queueId == id; });
    if (removed > 0)
        emitEphemeral(u"pending_messages.modified"_s);
    return removed > 0;
}

bool DemoSession::updateQueued(const QString &id, const QString &text)
{
    for (Queued &queued : m_queue) {
        if (queued.queueId != id)
            continue;
        queued.input.text = text;
        emitEphemeral(u"pending_messages.modified"_s);
        return true;
    }
    return false;
}

QStringList DemoSession::openToolCalls() const
{
    QStringList open;
    const QList<LoggedEvent> events = m_log.durable();
    for (const LoggedEvent &event : events) {
        if (!event.type.startsWith("tool.execution_"_L1))
            continue;
        const QString id = QJsonDocument::fromJson(event.json)[u"data"][u"toolCallId"].toString();
        if (event.type == "tool.execution_start"_L1 && !open.contains(id))
            open.append(id);
        else if (event.type == "tool.execution_complete"_L1)
            open.removeAll(id);
    }
    return open;
}

void DemoSession::closeInterruptedTools()
{
    if (!std::exchange(m_toolsUnsure, false))
        return;
    const QStringList open = openToolCalls();
    if (open.isEmpty())
        return;
    for (const QString &id : open) {
        emitDurable(
            u"tool.execution_complete"_s,
            {{u"toolCallId"_s, id},
             {u"model"_s, u"resumed"_s},
             {u"interactionId"_s, u"resume"_s},
             {u"success"_s, false},
             {u"error"_s,
              QJsonObject{
                  {u"message"_s, u"Tool execution was interrupted before a result was recorded."_s},
                  {u"code"_s, u"interrupted"_s}}}});
    }
    emitDurable(
        u"session.warning"_s,
        {{u"warningType"_s, u"interrupted_tools"_s},
         {u"message"_s, u"%1 tool call(s) had no recorded result at resume."_s.arg(open.size())}});
}

bool DemoSession::continuePendingWork()
{
    if (m_turn)
        return false;
    // The permission that the last turn waited for, the prompt it belongs to, and how far it was.
    PendingRequest pending;
    TurnInput input;
    int round = 0;
    const QList<LoggedEvent> events = m_log.durable();
    for (const LoggedEvent &event : events) {
        const QJsonObject data = QJsonDocument::fromJson(event.json)[u"data"].toObject();
        if (event.type == "user.message"_L1 && !data.contains(u"source")) {
            input = {data[u"messageId"].toString(), data[u"content"].toString(), {}, {}, {}};
            round = 0;
            pending = {};
        } else if (event.type == "tool.execution_complete"_L1) {
            pending = {};
        } else if (event.type == "assistant.turn_end"_L1) {
            ++round;
            pending = {};
        } else if (event.type == "permission.requested"_L1) {
            pending.requestId = data[u"requestId"].toString();
            pending.prompt = data[u"promptRequest"].toObject();
            pending.toolCallId = pending.prompt[u"toolCallId"].toString();
        } else if (event.type == "permission.completed"_L1) {
            pending = {};
        }
    }
    if (pending.requestId.isEmpty())
        return false;
    m_toolsUnsure = false;
    const Script script = scriptFor(input.text, m_prompts <= 1);
    if (round >= script.rounds.size() || script.rounds[round].calls.isEmpty())
        return false;
    m_turn = std::make_unique<TurnRunner>(*this, input, script, [this] { turnEnded(); });
    m_turn->startPending(pending, round, pending.toolCallId);
    return true;
}

void DemoSession::announceResume(bool continuePending)
{
    emitDurable(u"session.resume"_s,
                {{u"resumeTime"_s, m_host.clock().wallNow().toUTC().toString(Qt::ISODateWithMs)},
                 {u"selectedModel"_s, m_meta.model},
                 {u"context"_s, QJsonObject{{u"cwd"_s, m_meta.workingDirectory}}},
                 {u"eventCount"_s, m_log.durableCount()},
                 {u"alreadyInUse"_s, false},
                 {u"sessionWasActive"_s, isBusy()},
                 {u"continuePendingWork"_s, continuePending}});
}

void DemoSession::setName(const QString &name)
{
    m_meta.name = name;
    m_meta.userNamed = true;
    saveMeta();
    emitEphemeral(u"session.title_changed"_s, {{u"title"_s, name}});
}

void DemoSession::setMode(const QString &mode)
{
    if (mode == m_meta.mode)
        return;
    const QString previous = std::exchange(m_meta.mode, mode);
    saveMeta();
    emitDurable(u"session.mode_changed"_s, {{u"previousMode"_s, previous}, {u"newMode"_s, mode}});
}

void DemoSession::setModel(const QString &model)
{
    const QString previous = std::exchange(m_meta.model, model);
    saveMeta();
    emitDurable(u"session.model_change"_s,
                {{u"source"_s, u"sdk"_s}, {u"newModel"_s, model}, {u"previousModel"_s, previous}});
}

void DemoSession::compact()
{
    const QString attempt = newId(m_host.random());
    emitDurable(u"session.compaction_start"_s,
                {{u"compactionAttemptId"_s, attempt},
                 {u"model"_s, m_meta.model},
                 {u"currentTokens"_s, contextTokens()},
                 {u"tokenLimit"_s, 128'000}});
    emitDurable(u"session.compaction_complete"_s,
                {{u"success"_s, true},
                 {u"outcome"_s, u"applied"_s},
                 {u"compactionAttemptId"_s, attempt},
                 {u"messagesRemoved"_s, m_prompts},
                 {u"preCompactionTokens"_s, contextTokens()},
                 {u"postCompactionTokens"_s, contextTokens() / 4},
                 {u"tokensRemoved"_s, contextTokens() - contextTokens() / 4},
                 {u"summaryContent"_s, u"(a summary of the conversation so far)"_s}});
}

bool DemoSession::isApproved(const QString &kind, const QStringList &identifiers) const
{
    if (m_approveAll || m_approvedKinds.contains(kind))
        return true;
    return !identifiers.isEmpty()
        && std::all_of(identifiers.cbegin(), identifiers.cend(),
                       [this](const QString &id) { return m_approvedCommands.contains(id); });
}

void DemoSession::remember(const QJsonObject &approval)
{
    const QString kind = approval[u"kind"].toString();
    if (kind == "read"_L1 || kind == "write"_L1)
        m_approvedKinds.insert(kind);
    const QJsonArray commands = approval[u"commandIdentifiers"].toArray();
    for (const QJsonValue &command : commands)
        m_approvedCommands.insert(command.toString());
}

void DemoSession::shutdown(const QString &type, bool deliver)
{
    m_next.cancel();
    m_queue.clear();
    m_steering.clear();
    if (m_turn) {
        m_turn->cancel();
        m_finished.push_back(std::move(m_turn)); // it may be on the stack
    }
    if (!deliver)
        m_attached.clear();
    QJsonObject data = metrics();
    data.insert(u"shutdownType"_s, type);
    emitDurable(u"session.shutdown"_s, data);
    m_attached.clear();
    m_host.store().flush();
}

void DemoSession::touch()
{
    m_lastActivity = m_host.clock().now();
}

void DemoSession::addUsage(qint64 input, qint64 output)
{
    ++m_requests;
    m_inputTokens += input;
    m_outputTokens += output;
}

qint64 DemoSession::contextTokens() const
{
    return 9'500 + m_log.durableCount() * 40;
}

QJsonObject DemoSession::metrics() const
{
    const QJsonObject model{{u"requests"_s, QJsonObject{{u"count"_s, m_requests}, {u"cost"_s, 0}}},
                            {u"usage"_s,
                             QJsonObject{{u"inputTokens"_s, m_inputTokens},
                                         {u"outputTokens"_s, m_outputTokens},
                                         {u"cacheReadTokens"_s, 0},
                                         {u"cacheWriteTokens"_s, 0}}}};
    return {{u"totalUserRequests"_s, m_prompts},
            {u"totalPremiumRequestCost"_s, 0},
            {u"sessionStartTime"_s, m_meta.started.toUTC().toString(Qt::ISODateWithMs)},
            {u"codeChanges"_s, QJsonObject{{u"linesAdded"_s, 0}, {u"linesRemoved"_s, 0}}},
            {u"modelMetrics"_s, QJsonObject{{m_meta.model, model}}},
            {u"lastCallInputTokens"_s, contextTokens()}};
}

void DemoSession::saveMeta()
{
    m_host.store().setMeta(m_meta);
}

} // namespace pilotlight::demo
