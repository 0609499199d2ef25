// SPDX-License-Identifier: MIT
// Calls, events and requests of the server; the methods stand in copilothandshake.cpp and
// copilotsessions.cpp.
#include "agent/copilotbackend.h"

#include "agent/copilotwire.h"
#include "base/logging.h"

#include <QJsonArray>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

// Event and request of one plan come within milliseconds, in an order that depends on the version.
constexpr Milliseconds PlanEventDelay{500};

} // namespace

CopilotBackend::CopilotBackend(Peer &peer, Clock &clock, QObject *parent)
    : AgentBackend(parent)
    , m_peer(peer)
    , m_clock(clock)
{
    m_peer.setNotificationHandler(
        [this](std::string_view method, RawJson params) { onNotification(method, params); });
    m_peer.setRequestHandler([this](const RpcId &id, const QString &method, RawJson params) {
        onRequest(id, method, params);
    });
    connect(&m_peer, &Peer::bytesArrived, this, &AgentBackend::activity);
}

CopilotBackend::~CopilotBackend()
{
    m_probe.cancel();
    m_peer.setNotificationHandler({});
    m_peer.setRequestHandler({});
}

// ---- calls ----

CallHandle CopilotBackend::call(const QString &method, const QJsonObject &params,
                                CallOptions options, QObject *context, Raw handler)
{
    return m_peer.call(method, params, options, context,
                       [guard = QPointer<CopilotBackend>(this),
                        handler = std::move(handler)](Result<RawJson> result) {
                           if (!guard)
                               return;
                           if (!result)
                               handler(tl::make_unexpected(copilot::meaning(result.error())));
                           else
                               handler(result);
                       });
}

void CopilotBackend::callSession(const QString &sessionId, const QString &method,
                                 QJsonObject params, QObject *context, Raw handler,
                                 CallOptions options)
{
    params.insert(u"sessionId"_s, sessionId);
    call(method, params, options, context,
         [this, sessionId, handler = std::move(handler)](const Result<RawJson> &result) {
             const bool lost = !result && result.error().code == ErrorCode::SessionNotFound
                 && m_attached.contains(sessionId);
             const QPointer<CopilotBackend> guard(this);
             handler(result);
             if (lost && guard)
                 lose(sessionId);
         });
}

void CopilotBackend::callDone(const QString &sessionId, const QString &method,
                              const QJsonObject &params, QObject *context, DoneHandler handler)
{
    callSession(sessionId, method, params, context,
                [handler = std::move(handler)](const Result<RawJson> &result) {
                    if (result)
                        handler(Done{});
                    else
                        handler(tl::make_unexpected(result.error()));
                });
}

void CopilotBackend::callSuccess(const QString &sessionId, const QString &method,
                                 const QJsonObject &params, QObject *context, DoneHandler handler,
                                 Error otherwise)
{
    callSession(sessionId, method, params, context,
                [handler = std::move(handler),
                 otherwise = std::move(otherwise)](const Result<RawJson> &result) {
                    if (!result)
                        handler(tl::make_unexpected(result.error()));
                    else if (!result->toObject().value("success"_L1).toBool())
                        handler(tl::make_unexpected(otherwise));
                    else
                        handler(Done{});
                });
}

// ---- sessions that we know ----

CopilotBackend::SessionData &CopilotBackend::dataOf(const QString &sessionId)
{
    auto &data = m_sessions[sessionId];
    if (!data)
        data = std::make_shared<SessionData>();
    return *data;
}

void CopilotBackend::forget(const QString &sessionId)
{
    m_attached.remove(sessionId);
    m_sessions.remove(sessionId);
}

void CopilotBackend::lose(const QString &sessionId)
{
    if (!m_attached.contains(sessionId))
        return;
    forget(sessionId);
    qCInfo(lcAgent).noquote() << "the server has no session" << sessionId.left(8) << "any more";
    Q_EMIT sessionLost(sessionId);
}

// ---- what the server says ----

void CopilotBackend::onNotification(std::string_view method, RawJson params)
{
    if (method == "session.event") {
        onEvent(params);
    } else if (method == "session.lifecycle") {
        const QJsonObject object = params.toObject();
        const QString type = object.value("type"_L1).toString();
        // "updated" comes several times a turn for every session of the server.
        if (type == "session.updated"_L1)
            return;
        const QPointer<CopilotBackend> guard(this);
        if (type == "session.deleted"_L1)
            lose(object.value("sessionId"_L1).toString());
        if (guard)
            Q_EMIT sessionListChanged();
    }
    // Others ("host.event") are undocumented and were never needed.
}

void CopilotBackend::onEvent(RawJson params)
{
    if (m_decoder.decode(params, m_eventSession, m_event) != CopilotEventDecoder::Outcome::Event)
        return;
    SessionData &data = dataOf(m_eventSession);
    if (!data.seen.insert(m_event.meta.id, m_event.meta.ephemeral))
        return;
    noteEvent(data, m_event.data);
    const bool ended = std::holds_alternative<SessionShutDown>(m_event.data);
    const QPointer<CopilotBackend> guard(this);
    if (!ended) {
        Q_EMIT sessionEvent(m_eventSession, m_event);
        return;
    }
    const QString sessionId = m_eventSession;
    Q_EMIT sessionEvent(sessionId, m_event);
    // Only somebody else can have ended it: our own unload has detached us before it was sent.
    if (guard)
        lose(sessionId);
}

void CopilotBackend::noteEvent(SessionData &data, const EventData &event)
{
    Waiting &waiting = data.waiting;
    if (const auto *request = std::get_if<PlanApprovalRequested>(&event)) {
        waiting.planRequestId = request->requestId;
        waiting.planIsOurs = false;
        waiting.planTimer.cancel(); // its request may have come first (1.0.40)
    } else if (std::holds_alternative<PlanApprovalCompleted>(event)) {
        waiting.plan = {};
        waiting.planRequestId.clear();
    } else if (std::holds_alternative<QuestionCompleted>(event)) {
        waiting.question = {};
    } else if (std::holds_alternative<Aborted>(event) || std::holds_alternative<SessionIdle>(event)
               || std::holds_alternative<SessionShutDown>(event)) {
        waiting = {}; // the server has given its requests up without a word
    }
}

// ---- what the server asks ----

void CopilotBackend::onRequest(const RpcId &id, const QString &method, RawJson params)
{
    const QJsonObject object = params.toObject();
    const QString sessionId = object.value("sessionId"_L1).toString();
    if (method == "userInput.request"_L1) {
        // Comes beside the event that carries the request id, to every client. Any answer, an
        // error included, would be the user's word for all of them: kept for servers without the
        // other way, else never answered.
        dataOf(sessionId).waiting.question = id;
    } else if (method == "exitPlanMode.request"_L1) {
        onPlanRequest(id, sessionId, object);
    } else if (method == "hooks.invoke"_L1) {
        m_peer.respond(id, QJsonObject{}); // a turn waits for it; we have no objection
    } else {
        qCInfo(lcAgent).noquote() << "request of an unknown method" << method;
        m_peer.respondError(id, -32601, u"Method not found: "_s + method);
    }
}

void CopilotBackend::onPlanRequest(const RpcId &id, const QString &sessionId,
                                   const QJsonObject &params)
{
    Waiting &waiting = dataOf(sessionId).waiting;
    waiting.plan = id;
    if (!waiting.planRequestId.isEmpty())
        return; // its event has come before it (1.0.102)
    waiting.planTimer = m_clock.after(
        PlanEventDelay, [this, sessionId, params] { announcePlan(sessionId, params); });
}

//! A server that has no event for it.
void CopilotBackend::announcePlan(const QString &sessionId, const QJsonObject &params)
{
    Waiting &waiting = dataOf(sessionId).waiting;
    waiting.planRequestId = u"plan-%1"_s.arg(++m_planCount);
    waiting.planIsOurs = true;
    AgentEvent event;
    event.meta.id = "pilotlight-" + waiting.planRequestId.toLatin1();
    event.meta.time = m_clock.wallNow();
    event.meta.ephemeral = true;
    PlanApprovalRequested request;
    request.requestId = waiting.planRequestId;
    request.summary = params.value("summary"_L1).toString();
    request.plan = params.value("planContent"_L1).toString();
    for (const QJsonValue &action : params.value("actions"_L1).toArray())
        request.actions.append(action.toString());
    request.recommendedAction = params.value("recommendedAction"_L1).toString();
    event.data = std::move(request);
    Q_EMIT sessionEvent(sessionId, event);
}

} // namespace pilotlight
