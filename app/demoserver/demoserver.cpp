// SPDX-License-Identifier: MIT
#include "demoserver/demoserver.h"

#include "base/logging.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

QByteArray jsonText(const QJsonValue &value)
{
    if (value.isObject())
        return QJsonDocument(value.toObject()).toJson(QJsonDocument::Compact);
    // QJsonDocument only takes objects and arrays: wrap, then cut the brackets off.
    const QByteArray wrapped = QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact);
    return wrapped.mid(1, wrapped.size() - 2);
}

QByteArray errorMessage(const QJsonValue &id, int code, const QString &text, const QJsonValue &data)
{
    QJsonObject error{{u"code"_s, code}, {u"message"_s, text}};
    if (!data.isUndefined())
        error.insert(u"data"_s, data);
    return R"({"jsonrpc":"2.0","id":)" + jsonText(id) + R"(,"error":)" + jsonText(error) + '}';
}

} // namespace

DemoServer::DemoServer(DemoOptions options, Clock &clock, Random &random, SessionStore &store)
    : m_options(std::move(options))
    , m_clock(clock)
    , m_random(random)
    , m_store(store)
    , m_faults(clock, [this](const FaultSpec &fault) { fire(fault); })
{
    for (const FaultSpec &fault : std::as_const(m_options.faults))
        m_faults.arm(fault);
    if (m_options.idleTimeout > Milliseconds(0))
        scheduleReaper();
}

DemoServer::~DemoServer()
{
    m_clients.clear();
    for (const auto &[id, session] : m_sessions)
        session->shutdown(u"routine"_s, false);
}

int DemoServer::addClient(std::unique_ptr<ClientLink> link)
{
    const int id = ++m_lastClient;
    ClientLink *const raw = link.get();
    m_clients[id].link = std::move(link);
    connect(raw, &ClientLink::messageArrived, this,
            [this, id](const QByteArray &message) { receive(id, message); });
    connect(raw, &ClientLink::closed, this, [this, id] { dropClient(id); });
    connect(raw, &ClientLink::frameBroken, this, [this, id](const QString &text) {
        sendTo(id, errorMessage(QJsonValue::Null, -32700, text, QJsonValue::Undefined));
        if (const auto found = m_clients.find(id); found != m_clients.end())
            found->second.link->close(true);
        dropClient(id);
    });
    m_faults.noteConnect();
    return id;
}

void DemoServer::shutDown()
{
    if (std::exchange(m_ended, true))
        return;
    m_reaper.cancel();
    for (const auto &[id, session] : m_sessions)
        session->shutdown(u"routine"_s, false);
    m_store.flush();
    // Closing may take the client out of the table on the spot.
    const auto clients = std::exchange(m_clients, {});
    for (const auto &[id, client] : clients)
        client.link->close(true);
}

// --- messages -------------------------------------------------------------------------------

void DemoServer::receive(int client, const QByteArray &message)
{
    const auto found = m_clients.find(client);
    if (found == m_clients.end() || m_ended)
        return;
    if (m_frozen) {
        found->second.heldIn.append(message);
        return;
    }
    QJsonParseError problem;
    const QJsonDocument document = QJsonDocument::fromJson(message, &problem);
    const QByteArray trimmed = message.trimmed();
    const bool scalar = !trimmed.isEmpty() && trimmed[0] != '{' && trimmed[0] != '[';
    if (problem.error != QJsonParseError::NoError && !scalar) {
        sendTo(
            client,
            errorMessage(QJsonValue::Null, -32700, problem.errorString(), QJsonValue::Undefined));
        return;
    }
    const QJsonObject object = document.object();
    const QJsonValue method = object[u"method"];
    const bool response = object.contains(u"result") || object.contains(u"error");
    if (object[u"jsonrpc"].toString() != "2.0"_L1 || (!method.isString() && !response)) {
        const QString text = object.isEmpty() || object.contains(u"jsonrpc")
            ? u"not a recognizable JSON-RPC request, notification, or response"_s
            : u"missing field `jsonrpc`"_s;
        sendTo(client, errorMessage(QJsonValue::Null, -32600, text, QJsonValue::Undefined));
        return;
    }
    if (!method.isString()) {
        receiveResponse(found->second, object);
        return;
    }
    if (!object.contains(u"id"))
        return; // notifications (like $/cancelRequest) are ignored
    handle({client, object[u"id"], method.toString(), object[u"params"].toObject()});
}

void DemoServer::receiveResponse(Client &client, const QJsonObject &message)
{
    const ClientAnswer answer = client.asked.take(message[u"id"].toInteger());
    if (!answer)
        return;
    if (message.contains(u"error"))
        answer(std::nullopt);
    else
        answer(message[u"result"].toObject());
}

void DemoServer::handle(const Request &request)
{
    m_faults.noteCall(request.method);
    const Reply reply = dispatch(request);
    if (!reply.later)
        answer(request, reply);
}

Reply DemoServer::dispatch(const Request &request)
{
    const Client &client = m_clients[request.client];
    if (!m_options.token.isEmpty() && !client.authenticated && request.method != "connect"_L1)
        return Reply::error(-32001, u"AUTHENTICATION_REQUIRED"_s);
    const Handler handler = handlers().value(request.method);
    if (!handler)
        return Reply::error(-32601, u"Unhandled method "_s + request.method);
    return (this->*handler)(request);
}

void DemoServer::answer(const Request &request, const Reply &reply)
{
    if (reply.errorCode == 0) {
        sendTo(request.client,
               R"({"jsonrpc":"2.0","id":)" + jsonText(request.id) + R"(,"result":)"
                   + jsonText(reply.result.isUndefined() ? QJsonValue() : reply.result) + '}');
        return;
    }
    const QString text = reply.errorCode == -32603
        ? u"Request %1 failed with message: %2"_s.arg(request.method, reply.errorText)
        : reply.errorText;
    sendTo(request.client, errorMessage(request.id, reply.errorCode, text, reply.errorData));
}

void DemoServer::sendTo(int client, const QByteArray &message)
{
    const auto found = m_clients.find(client);
    if (found == m_clients.end())
        return;
    if (m_frozen)
        found->second.heldOut.append(message);
    else
        found->second.link->send(message);
}

// --- what sessions need ---------------------------------------------------------------------

void DemoServer::deliver(const DemoSession &session, const QByteArray &message)
{
    if (m_faults.swallowSomething()) {
        const auto logged = session.log().last(1);
        if (!logged.isEmpty() && !m_faults.mayPass(session.meta().id, logged.first().type))
            return;
    }
    const QList<int> attached = session.attached().keys();
    for (const int client : attached)
        sendTo(client, message);
    if (!m_polls.empty()) {
        m_strikes.push_back(
            m_clock.after(Milliseconds(0), [this, id = session.meta().id] { endLongPolls(id); }));
        std::erase_if(m_strikes, [](const TimerHandle &timer) { return !timer.isActive(); });
    }
}

void DemoServer::announce(const QString &change, const SessionMeta &meta)
{
    QJsonObject params{{u"type"_s, change}, {u"sessionId"_s, meta.id}};
    if (change != "session.deleted"_L1) {
        const QJsonObject wire = meta.toWire();
        params.insert(u"metadata"_s,
                      QJsonObject{{u"startTime"_s, wire[u"startTime"]},
                                  {u"modifiedTime"_s, wire[u"modifiedTime"]}});
    }
    const QByteArray message =
        R"({"jsonrpc":"2.0","method":"session.lifecycle","params":)" + jsonText(params) + '}';
    for (const auto &[id, client] : m_clients) {
        if (m_options.token.isEmpty() || client.authenticated)
            sendTo(id, message);
    }
}

void DemoServer::askClient(int client, const QString &method, const QJsonObject &params,
                           ClientAnswer answer)
{
    const auto found = m_clients.find(client);
    if (found == m_clients.end())
        return;
    const qint64 id = ++found->second.lastRequest;
    found->second.asked.insert(id, answer);
    sendTo(client,
           R"({"jsonrpc":"2.0","id":)" + QByteArray::number(id) + R"(,"method":")"
               + method.toLatin1() + R"(","params":)" + jsonText(params) + '}');
}

void DemoServer::eventHappened(const QString &type)
{
    m_faults.noteEvent(type);
}

void DemoServer::strike(const QString &fault)
{
    if (const auto spec = parseFault(fault))
        m_faults.fireSoon(*spec);
}

// --- connections and sessions ---------------------------------------------------------------

void DemoServer::dropClient(int client)
{
    const auto found = m_clients.find(client);
    if (found == m_clients.end())
        return;
    // The link may be the one that is calling.
    ClientLink *const link = found->second.link.release();
    link->disconnect(this);
    link->deleteLater();
    m_clients.erase(found);
    std::erase_if(m_polls,
                  [client](const auto &entry) { return entry.second.request.client == client; });
    QStringList attached;
    for (const auto &[id, session] : m_sessions) {
        if (session->isAttached(client))
            attached.append(id);
    }
    for (const QString &id : std::as_const(attached))
        detachFrom(id, client, false);
}

void DemoServer::detachFrom(const QString &sessionId, int client, bool deliver)
{
    const auto found = m_sessions.find(sessionId);
    if (found == m_sessions.end())
        return;
    DemoSession &session = *found->second;
    const bool last = session.attached().size() == 1 && session.isAttached(client);
    if (last && deliver)
        session.shutdown(u"routine"_s, true);
    session.detach(client);
    if (!last)
        return;
    // No grace period: measured at about 6 ms (protocol.md 6).
    if (!deliver)
        session.shutdown(u"routine"_s, false);
    unload(sessionId);
}

void DemoServer::unload(const QString &sessionId)
{
    const auto found = m_sessions.find(sessionId);
    if (found == m_sessions.end())
        return;
    m_graveyard.push_back(std::move(found->second));
    m_sessions.erase(found);
    m_burial = m_clock.after(Milliseconds(0), [this] { m_graveyard.clear(); });
}

void DemoServer::scheduleReaper()
{
    m_reaper = m_clock.after(m_options.idleCheckInterval, [this] {
        reap(false, {});
        scheduleReaper();
    });
}

void DemoServer::reap(bool force, const QString &onlySession)
{
    QStringList dead;
    for (const auto &[id, session] : m_sessions) {
        // What protects a turn is the look that finds it running; neither what happens in it nor
        // its end counts (measured on 1.0.40 and 1.0.69, docs/keepalive.md).
        if (!force && session->isBusy() && !m_options.reapBusy)
            session->touch();
        const bool idle = m_clock.now() - session->lastActivity() > m_options.idleTimeout;
        const bool wanted = force ? onlySession.isEmpty() || onlySession == id : idle;
        if (wanted && (!session->isBusy() || m_options.reapBusy))
            dead.append(id);
    }
    for (const QString &id : std::as_const(dead)) {
        qCInfo(lcServer).noquote() << "session dropped for idleness" << id;
        // Silently: attached clients are told nothing (keepalive.md 0).
        m_sessions[id]->shutdown(u"routine"_s, false);
        unload(id);
    }
}

// --- faults ---------------------------------------------------------------------------------

void DemoServer::fire(const FaultSpec &fault)
{
    qCInfo(lcServer).noquote() << "fault" << fault.kind;
    QList<int> clients;
    for (const auto &[id, client] : m_clients)
        clients.append(id);
    if (fault.kind == "freeze"_L1) {
        setFrozen(true);
        if (fault.value)
            m_thaw = m_clock.after(Milliseconds(*fault.value), [this] { setFrozen(false); });
    } else if (fault.kind == "drop"_L1) {
        for (const int id : std::as_const(clients)) {
            m_clients[id].link->close(false);
            dropClient(id);
        }
    } else if (fault.kind == "half-close"_L1) {
        for (const int id : std::as_const(clients))
            m_clients[id].link->halfClose();
    } else if (fault.kind == "garbage"_L1) {
        for (const int id : std::as_const(clients))
            m_clients[id].link->sendRaw("Content-Length: -5\r\n\r\n{}");
    } else if (fault.kind == "garbage-json"_L1) {
        for (const int id : std::as_const(clients))
            m_clients[id].link->send(R"({"jsonrpc":"2.0","method":"session.ev)");
    } else if (fault.kind == "version"_L1) {
        m_options.protocolVersion = static_cast<int>(fault.value.value_or(99));
    } else if (fault.kind == "token"_L1) {
        m_refuseToken = true;
    } else if (fault.kind == "replay"_L1) {
        for (const auto &[id, session] : m_sessions) {
            const auto events = session->log().last(static_cast<int>(fault.value.value_or(20)));
            for (const LoggedEvent &event : events) {
                deliver(*session,
                        R"({"jsonrpc":"2.0","method":"session.event","params":{"sessionId":")"
                            + id.toUtf8() + R"(","event":)" + event.json + "}}");
            }
        }
    } else if (fault.kind == "swallow"_L1) {
        m_faults.swallow(fault);
    } else if (fault.kind == "reap"_L1) {
        reap(true, fault.sessionId);
    } else if (fault.kind == "kill"_L1) {
        Q_EMIT killRequested();
    } else if (fault.kind == "exit"_L1) {
        Q_EMIT quitRequested();
    }
}

void DemoServer::setFrozen(bool frozen)
{
    m_frozen = frozen;
    if (frozen)
        return;
    QList<int> clients;
    for (const auto &[id, client] : m_clients)
        clients.append(id);
    for (const int id : std::as_const(clients)) {
        const QList<QByteArray> out = std::exchange(m_clients[id].heldOut, {});
        for (const QByteArray &message : out)
            sendTo(id, message);
        const QList<QByteArray> in = std::exchange(m_clients[id].heldIn, {});
        for (const QByteArray &message : in)
            receive(id, message);
    }
}

} // namespace pilotlight::demo
