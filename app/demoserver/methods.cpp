// SPDX-License-Identifier: MIT
// Requests of the connection and about sessions that need not be loaded.
#include "demoserver/demoserver.h"

#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

const QHash<QString, DemoServer::Handler> &DemoServer::handlers()
{
    static const QHash<QString, Handler> table{
        {u"connect"_s, &DemoServer::connectClient},
        {u"ping"_s, &DemoServer::ping},
        {u"status.get"_s, &DemoServer::status},
        {u"auth.getStatus"_s, &DemoServer::authStatus},
        {u"models.list"_s, &DemoServer::models},
        {u"runtime.shutdown"_s, &DemoServer::runtimeShutdown},
        {u"demo.fault"_s, &DemoServer::demoFault},
        {u"session.create"_s, &DemoServer::create},
        {u"session.resume"_s, &DemoServer::resume},
        {u"session.destroy"_s, &DemoServer::destroy},
        {u"sessions.close"_s, &DemoServer::closeSession},
        {u"session.delete"_s, &DemoServer::remove},
        {u"session.list"_s, &DemoServer::list},
        {u"sessions.list"_s, &DemoServer::list},
        {u"session.getMetadata"_s, &DemoServer::metadata},
        {u"sessions.getMetadata"_s, &DemoServer::metadata},
        {u"session.getLastId"_s, &DemoServer::lastId},
        {u"sessions.checkInUse"_s, &DemoServer::checkInUse},
        {u"session.getMessages"_s, &DemoServer::messages},
        {u"sessions.readPersistedEvents"_s, &DemoServer::persisted},
        {u"session.send"_s, &DemoServer::send},
        {u"session.abort"_s, &DemoServer::abort},
        {u"session.interruptMainTurn"_s, &DemoServer::interruptMainTurn},
        {u"session.model.switchTo"_s, &DemoServer::switchModel},
        {u"session.model.getCurrent"_s, &DemoServer::currentModel},
        {u"session.mode.get"_s, &DemoServer::getMode},
        {u"session.mode.set"_s, &DemoServer::setMode},
        {u"session.name.set"_s, &DemoServer::setName},
        {u"session.queue.pendingItems"_s, &DemoServer::pendingItems},
        {u"session.queue.removeAt"_s, &DemoServer::removeQueued},
        {u"session.queue.updateText"_s, &DemoServer::updateQueued},
        {u"session.metadata.activity"_s, &DemoServer::activity},
        {u"session.metadata.isProcessing"_s, &DemoServer::isProcessing},
        {u"session.tasks.list"_s, &DemoServer::emptyList},
        {u"session.schedule.list"_s, &DemoServer::emptyList},
        {u"session.mcp.list"_s, &DemoServer::emptyList},
        {u"session.metadata.snapshot"_s, &DemoServer::snapshot},
        {u"session.eventLog.read"_s, &DemoServer::logRead},
        {u"session.eventLog.tail"_s, &DemoServer::logTail},
        {u"session.permissions.handlePendingPermissionRequest"_s, &DemoServer::answerPermission},
        {u"session.permissions.pendingRequests"_s, &DemoServer::pendingPermissions},
        {u"session.permissions.setApproveAll"_s, &DemoServer::setApproveAll},
        {u"session.ui.handlePendingUserInput"_s, &DemoServer::answerQuestion},
        {u"session.ui.handlePendingExitPlanMode"_s, &DemoServer::answerPlan},
        {u"session.tools.handlePendingToolCall"_s, &DemoServer::answerTool},
        {u"session.log"_s, &DemoServer::log},
        {u"session.usage.getMetrics"_s, &DemoServer::metrics},
        {u"session.history.compact"_s, &DemoServer::compact},
    };
    return table;
}

Reply DemoServer::connectClient(const Request &request)
{
    const QByteArray token = request.params[u"token"].toString().toUtf8();
    if (m_refuseToken)
        return Reply::error(-32002, u"AUTHENTICATION_FAILED"_s);
    if (m_options.token.isEmpty() && request.params.contains(u"token"))
        return Reply::error(-32003, u"AUTHENTICATION_NOT_CONFIGURED"_s);
    if (!m_options.token.isEmpty() && !(Secret(token) == m_options.token))
        return Reply::error(-32002, u"AUTHENTICATION_FAILED"_s);
    m_clients[request.client].authenticated = true;
    return {QJsonObject{{u"ok"_s, true},
                        {u"protocolVersion"_s, m_options.protocolVersion},
                        {u"version"_s, m_options.serverVersion},
                        {u"taskKinds"_s, QJsonArray{u"agent"_s, u"shell"_s}}}};
}

Reply DemoServer::ping(const Request &request)
{
    return {QJsonObject{
        {u"message"_s, u"pong: "_s + request.params[u"message"].toString()},
        {u"timestamp"_s,
         m_clock.wallNow().toUTC().toString(u"yyyy-MM-ddTHH:mm:ss.zzz"_s) + u"000000Z"_s},
        {u"protocolVersion"_s, m_options.protocolVersion}}};
}

Reply DemoServer::status(const Request &)
{
    return {QJsonObject{{u"version"_s, m_options.serverVersion},
                        {u"protocolVersion"_s, m_options.protocolVersion}}};
}

Reply DemoServer::authStatus(const Request &)
{
    if (!m_options.signedIn)
        return {QJsonObject{{u"isAuthenticated"_s, false},
                            {u"statusMessage"_s, u"Not authenticated"_s}}};
    return {QJsonObject{{u"isAuthenticated"_s, true},
                        {u"authType"_s, u"user"_s},
                        {u"host"_s, u"https://example.com"_s},
                        {u"login"_s, u"demo"_s},
                        {u"statusMessage"_s, u"Signed in as demo"_s}}};
}

Reply DemoServer::models(const Request &)
{
    if (!m_options.signedIn)
        return Reply::error(-32603, u"Not authenticated. Please authenticate first."_s);
    const auto model = [](const QString &id, const QString &name, int window, bool efforts) {
        QJsonObject object{
            {u"id"_s, id},
            {u"name"_s, name},
            {u"capabilities"_s,
             QJsonObject{{u"supports"_s,
                          QJsonObject{{u"vision"_s, false}, {u"reasoningEffort"_s, efforts}}},
                         {u"limits"_s, QJsonObject{{u"max_context_window_tokens"_s, window}}}}}};
        if (efforts)
            object.insert(u"supportedReasoningEfforts"_s,
                          QJsonArray{u"low"_s, u"medium"_s, u"high"_s});
        return object;
    };
    return {
        QJsonObject{{u"models"_s,
                     QJsonArray{model(u"demo-storyteller"_s, u"Demo Storyteller"_s, 128'000, true),
                                model(u"demo-mini"_s, u"Demo Mini"_s, 64'000, false),
                                model(u"demo-long"_s, u"Demo Long Context"_s, 1'000'000, true)}}}};
}

Reply DemoServer::runtimeShutdown(const Request &request)
{
    answer(request, {});
    // The answer has to leave first.
    m_quit = m_clock.after(Milliseconds(0), [this] { Q_EMIT quitRequested(); });
    return {.later = true};
}

Reply DemoServer::demoFault(const Request &request)
{
    auto fault = parseFault(request.params[u"fault"].toString());
    if (!fault)
        return Reply::error(-32602, fault.error().detail);
    fault->sessionId = request.params[u"sessionId"].toString();
    answer(request, {QJsonObject{{u"armed"_s, true}}});
    // "now" happens after the answer has left, so that the client knows that it was heard.
    if (fault->trigger.isEmpty() || fault->trigger == "now"_L1)
        m_faults.fireSoon(*fault);
    else
        m_faults.arm(*fault);
    return {.later = true};
}

QJsonObject DemoServer::describe(const DemoSession &session) const
{
    const SessionMeta &meta = session.meta();
    return {
        {u"sessionId"_s, meta.id},
        {u"nativeSessionId"_s, meta.id},
        {u"startTime"_s, meta.toWire()[u"startTime"]},
        {u"isRemote"_s, false},
        {u"mode"_s, meta.mode},
        {u"workspacePath"_s, m_store.pathOf(meta.id)},
        {u"capabilities"_s,
         QJsonObject{{u"ui"_s, QJsonObject{{u"elicitation"_s, false}}}, {u"extensions"_s, false}}},
        {u"modelState"_s, QJsonObject{{u"modelId"_s, meta.model}}}};
}

namespace {

Attachment attachmentOf(const QJsonObject &params)
{
    return {params[u"requestUserInput"].toBool(), params[u"requestExitPlanMode"].toBool()};
}

//! The checks that create and resume share; nullopt where nothing is wrong.
std::optional<Reply> complaint(const QJsonObject &params)
{
    if (params.contains(u"provider") && params[u"provider"][u"baseUrl"].toString().isEmpty())
        return Reply::error(-32603, u"Invalid provider configuration: missing field 'baseUrl'"_s);
    const QString folder = params[u"workingDirectory"].toString();
    if (!folder.isEmpty() && !QDir(folder).exists())
        return Reply::error(-32603,
                            u"session construction failed: Directory does not exist or "
                            "cannot be accessed: "_s
                                + folder);
    return std::nullopt;
}

} // namespace

Reply DemoServer::create(const Request &request)
{
    static const QRegularExpression allowed(u"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"_s);
    QString id = request.params[u"sessionId"].toString();
    if (id.isEmpty())
        id = newId(m_random);
    else if (!allowed.match(id).hasMatch())
        return Reply::error(-32603,
                            u"Rejected session.create request with invalid sessionId: "_s + id);
    if (const auto wrong = complaint(request.params))
        return *wrong;

    SessionHost &host = *this; // a private base: only we may convert
    auto found = m_sessions.find(id);
    const bool isNew = found == m_sessions.end();
    if (isNew) {
        // An id that is only on disk starts over with an empty memory and a second session.start in
        // the old file, as on the real server: a trap that clients must not step into.
        SessionMeta meta;
        meta.id = id;
        meta.started = m_clock.wallNow();
        meta.modified = meta.started;
        meta.workingDirectory = QDir::currentPath();
        meta.model = u"demo-storyteller"_s;
        m_store.setMeta(meta);
        found = m_sessions.emplace(id, std::make_unique<DemoSession>(host, meta)).first;
    }
    DemoSession &session = *found->second;
    session.configure(request.params);
    session.attach(request.client, attachmentOf(request.params));
    session.touch();
    announce(u"session.created"_s, session.meta());
    answer(request, {describe(session)});
    if (isNew) {
        session.emitDurable(
            u"session.start"_s,
            {{u"sessionId"_s, id},
             {u"version"_s, 1},
             {u"producer"_s, u"pilotlight-demo-server"_s},
             {u"copilotVersion"_s, m_options.serverVersion},
             {u"startTime"_s, session.meta().toWire()[u"startTime"]},
             {u"selectedModel"_s, session.meta().model},
             {u"context"_s, QJsonObject{{u"cwd"_s, session.meta().workingDirectory}}},
             {u"alreadyInUse"_s, false}});
        session.emitEphemeral(u"session.managed_settings_resolved"_s, {{u"source"_s, u"none"_s}});
        announce(u"session.created"_s, session.meta());
    }
    return {.later = true};
}

Reply DemoServer::resume(const Request &request)
{
    const QString id = request.params[u"sessionId"].toString();
    if (const auto wrong = complaint(request.params))
        return *wrong;
    const bool silent = request.params[u"disableResume"].toBool();
    const bool continues = request.params[u"continuePendingWork"].toBool();
    const auto found = m_sessions.find(id);
    if (found != m_sessions.end()) {
        DemoSession &session = *found->second;
        session.configure(request.params);
        session.attach(request.client, attachmentOf(request.params));
        session.touch();
        if (!silent)
            session.announceResume(continues);
        return {describe(session)};
    }
    const auto meta = m_store.meta(id);
    if (!meta || m_store.events(id).isEmpty())
        return Reply::error(-32603, u"Failed to load session events: Session not found: "_s + id);
    SessionHost &host = *this;
    DemoSession &session =
        *m_sessions.emplace(id, std::make_unique<DemoSession>(host, *meta)).first->second;
    session.load();
    session.configure(request.params);
    session.attach(request.client, attachmentOf(request.params));
    answer(request, {describe(session)});
    if (!silent)
        session.announceResume(continues);
    session.emitEphemeral(u"session.managed_settings_resolved"_s, {{u"source"_s, u"none"_s}});
    session.emitEphemeral(u"session.skills_loaded"_s, {{u"skills"_s, QJsonArray()}});
    if (!session.meta().name.isEmpty())
        session.emitEphemeral(u"session.title_changed"_s, {{u"title"_s, session.meta().name}});
    if (continues)
        session.continuePendingWork();
    return {.later = true};
}

Reply DemoServer::destroy(const Request &request)
{
    const QString id = request.params[u"sessionId"].toString();
    if (!m_sessions.contains(id))
        return {QJsonObject{{u"success"_s, false}}};
    detachFrom(id, request.client, true);
    return {QJsonObject{{u"success"_s, true}}};
}

Reply DemoServer::closeSession(const Request &request)
{
    const QString id = request.params[u"sessionId"].toString();
    if (const auto found = m_sessions.find(id); found != m_sessions.end()) {
        found->second->shutdown(u"routine"_s, false);
        unload(id);
    }
    return {QJsonObject()};
}

Reply DemoServer::remove(const Request &request)
{
    const QString id = request.params[u"sessionId"].toString();
    const auto meta = m_store.meta(id);
    if (const auto found = m_sessions.find(id); found != m_sessions.end()) {
        found->second->shutdown(u"routine"_s, false);
        unload(id);
    }
    if (!m_store.remove(id))
        return {QJsonObject{{u"success"_s, false},
                            {u"error"_s, u"Session file not found for "_s + id}}};
    // The real server sends it twice.
    announce(u"session.deleted"_s, *meta);
    announce(u"session.deleted"_s, *meta);
    return {QJsonObject{{u"success"_s, true}}};
}

Reply DemoServer::list(const Request &)
{
    QJsonArray sessions;
    const QList<SessionMeta> all = m_store.all();
    for (const SessionMeta &meta : all) {
        if (meta.hasMessages)
            sessions.append(meta.toWire());
    }
    return {QJsonObject{{u"sessions"_s, sessions}}};
}

Reply DemoServer::metadata(const Request &request)
{
    const auto meta = m_store.meta(request.params[u"sessionId"].toString());
    if (!meta)
        return {QJsonObject()};
    return {QJsonObject{{u"session"_s, meta->toWire()}}};
}

Reply DemoServer::lastId(const Request &)
{
    const QList<SessionMeta> all = m_store.all();
    for (const SessionMeta &meta : all) {
        if (meta.hasMessages)
            return {QJsonObject{{u"sessionId"_s, meta.id}}};
    }
    return {QJsonObject()};
}

Reply DemoServer::checkInUse(const Request &)
{
    return {QJsonObject{{u"inUse"_s, QJsonArray()}}};
}

Reply DemoServer::messages(const Request &request)
{
    const QString id = request.params[u"sessionId"].toString();
    const auto found = m_sessions.find(id);
    if (found == m_sessions.end())
        return Reply::error(-32603, u"Session not found: "_s + id);
    QJsonArray events;
    const QList<LoggedEvent> durable = found->second->log().durable();
    for (const LoggedEvent &event : durable)
        events.append(QJsonDocument::fromJson(event.json).object());
    return {QJsonObject{{u"events"_s, events}}};
}

Reply DemoServer::persisted(const Request &request)
{
    const QString id = request.params[u"sessionId"].toString();
    if (!m_store.contains(id))
        return Reply::error(-32603, u"Persisted event journal is unavailable for session "_s + id);
    const QList<QByteArray> lines = m_store.events(id);
    const bool backward = request.params[u"direction"].toString() == "backward"_L1;
    const int max = std::clamp(request.params[u"max"].toInt(1000), 1, 1000);
    const int size = static_cast<int>(lines.size());
    int position = backward ? size : 0;
    bool expired = false;
    if (const QString cursor = request.params[u"cursor"].toString(); !cursor.isEmpty()) {
        const auto known = m_persistedCursors.take(cursor);
        expired = known.first != id;
        if (!expired)
            position = std::min(known.second, size);
    }
    const int from = backward ? std::max(0, position - max) : position;
    const int to = backward ? position : std::min(size, position + max);
    QJsonArray events;
    for (int i = from; i < to; ++i)
        events.append(QJsonDocument::fromJson(lines[i]).object());
    const QString cursor = u"persisted-snapshot:v1:"_s + newId(m_random);
    m_persistedCursors.insert(cursor, {id, backward ? from : to});
    return {QJsonObject{{u"events"_s, events},
                        {u"cursor"_s, cursor},
                        {u"hasMore"_s, backward ? from > 0 : to < size},
                        {u"cursorStatus"_s, expired ? u"expired"_s : u"ok"_s}}};
}

} // namespace pilotlight::demo
