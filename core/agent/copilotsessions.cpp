// SPDX-License-Identifier: MIT
// Sessions: making, reading, talking, answering.
#include "agent/copilotbackend.h"
#include "agent/copilotevents_p.h"
#include "agent/copilotwire.h"
#include "base/logging.h"

#include <QJsonArray>

#include <algorithm>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

// Loading 120 turns with tools took 70 ms for 6 MB; a machine at its limit answered 70 times slower
// than an idle one. Ten times that, rounded up.
constexpr Milliseconds HistoryTimeout{60'000};

Error answeredElsewhere()
{
    return {ErrorCode::Unsupported, u"somebody else has answered it, or it was given up"_s, {}};
}

} // namespace

void CopilotBackend::listSessions(QObject *context, Handler<QList<SessionSummary>> handler)
{
    call(u"session.list"_s, {}, {}, context,
         [handler = std::move(handler)](const Result<RawJson> &result) {
             if (!result)
                 handler(tl::make_unexpected(result.error()));
             else
                 handler(copilot::sessions(result->toObject()));
         });
}

// ---- create and resume ----

void CopilotBackend::findSession(const QString &sessionId, QObject *context, Handler<bool> handler)
{
    call(u"session.getMetadata"_s, {{u"sessionId"_s, sessionId}}, {}, context,
         [this, sessionId, context = QPointer<QObject>(context),
          handler = std::move(handler)](const Result<RawJson> &result) {
             if (result) {
                 handler(result->toObject().value("session"_L1).isObject());
                 return;
             }
             if (result.error().code != ErrorCode::MethodNotFound) {
                 handler(tl::make_unexpected(result.error()));
                 return;
             }
             // Servers before it can only list.
             listSessions(context, [sessionId, handler](const Result<QList<SessionSummary>> &list) {
                 if (!list) {
                     handler(tl::make_unexpected(list.error()));
                     return;
                 }
                 handler(std::any_of(list->cbegin(), list->cend(),
                                     [&](const SessionSummary &s) { return s.id == sessionId; }));
             });
         });
}

void CopilotBackend::createSession(const SessionConfig &config, QObject *context,
                                   DoneHandler handler)
{
    if (config.id.isEmpty()) {
        handler(failure(ErrorCode::InvalidArgument, u"a session needs an id"_s));
        return;
    }
    findSession(config.id, context,
                [this, config, context = QPointer<QObject>(context),
                 handler = std::move(handler)](const Result<bool> &found) {
                    if (!found)
                        handler(tl::make_unexpected(found.error()));
                    else if (*found)
                        handler(failure(ErrorCode::InvalidArgument,
                                        u"the server has a history under this id"_s));
                    else
                        createNow(config, context, handler);
                });
}

void CopilotBackend::createNow(const SessionConfig &config, QObject *context, DoneHandler handler)
{
    call(u"session.create"_s, copilot::sessionParams(config), {}, context,
         [this, config, context = QPointer<QObject>(context),
          handler = std::move(handler)](const Result<RawJson> &result) {
             if (!result) {
                 handler(tl::make_unexpected(result.error()));
                 return;
             }
             m_attached.insert(config.id);
             finishCreate(config, context, handler);
         });
}

//! Name and mode are no parameters of a create. The session is there, whatever comes of them.
void CopilotBackend::finishCreate(const SessionConfig &config, QObject *context,
                                  DoneHandler handler)
{
    const auto warn = [](const Result<Done> &result) {
        if (!result)
            qCWarning(lcAgent).noquote() << "new session:" << result.error().toString();
    };
    if (!config.name.isEmpty())
        renameSession(config.id, config.name, this, warn);
    if (config.mode == AgentMode::Interactive) {
        handler(Done{});
        return;
    }
    switchMode(config.id, config.mode, context,
               [warn, handler = std::move(handler)](const Result<Done> &result) {
                   warn(result);
                   handler(Done{});
               });
}

void CopilotBackend::resumeSession(const SessionConfig &config, ResumeOptions options,
                                   QObject *context, DoneHandler handler)
{
    QJsonObject params = copilot::sessionParams(config);
    params.insert(u"continuePendingWork"_s, options.continuePendingWork);
    if (options.silent)
        params.insert(u"disableResume"_s, true);
    callSession(
        config.id, u"session.resume"_s, params, context,
        [this, id = config.id, handler = std::move(handler)](const Result<RawJson> &result) {
            if (!result) {
                handler(tl::make_unexpected(result.error()));
                return;
            }
            m_attached.insert(id);
            handler(Done{});
        });
}

// ---- reading ----

//! The history of an unloaded session: pages from its end backwards.
struct CopilotBackend::HistoryRead
{
    QString sessionId;
    QPointer<QObject> context;
    Handler<QList<AgentEvent>> handler;
    QList<QList<AgentEvent>> pages; //!< the latest first
};

void CopilotBackend::readHistory(const QString &sessionId, QObject *context,
                                 Handler<QList<AgentEvent>> handler)
{
    auto read = std::make_shared<HistoryRead>();
    read->sessionId = sessionId;
    read->context = context ? context : this;
    read->handler = std::move(handler);
    const bool attached = m_attached.contains(sessionId);
    call(u"session.getMessages"_s, {{u"sessionId"_s, sessionId}}, {HistoryTimeout}, context,
         [this, read, attached](const Result<RawJson> &result) {
             if (result) {
                 read->handler(m_decoder.decodeList(*result));
                 return;
             }
             if (result.error().code != ErrorCode::SessionNotFound) {
                 read->handler(tl::make_unexpected(result.error()));
                 return;
             }
             readPersisted(read, {});
             if (attached)
                 lose(read->sessionId);
         });
}

void CopilotBackend::readPersisted(const std::shared_ptr<HistoryRead> &read, const QString &cursor)
{
    QJsonObject params{{u"sessionId"_s, read->sessionId},
                       {u"direction"_s, u"backward"_s},
                       {u"max"_s, 1000}}; // the most that it takes; it cuts at 1 MiB itself
    if (!cursor.isEmpty())
        params.insert(u"cursor"_s, cursor);
    call(u"sessions.readPersistedEvents"_s, params, {HistoryTimeout}, read->context,
         [this, read, cursor](const Result<RawJson> &result) {
             if (!result) {
                 Error error = result.error();
                 if (error.code == ErrorCode::MethodNotFound)
                     error.code = ErrorCode::SessionNotFound; // old servers read loaded ones only
                 read->handler(tl::make_unexpected(error));
                 return;
             }
             read->pages.append(m_decoder.decodeList(*result));
             const QJsonObject object = result->toObject();
             const QString next = object.value("cursor"_L1).toString();
             if (object.value("cursorStatus"_L1).toString() == "expired"_L1) {
                 read->handler(
                     failure(ErrorCode::RemoteError, u"the history moved while it was read"_s));
             } else if (object.value("hasMore"_L1).toBool() && !next.isEmpty() && next != cursor) {
                 readPersisted(read, next);
             } else {
                 QList<AgentEvent> events;
                 for (auto page = read->pages.crbegin(); page != read->pages.crend(); ++page)
                     events += *page;
                 read->handler(events);
             }
         });
}

//! What has happened in a loaded session, page by page.
struct CopilotBackend::LogRead
{
    QString sessionId;
    QPointer<QObject> context;
    Handler<QList<AgentEvent>> handler;
    QList<AgentEvent> events;
    int pages = 0;
};

void CopilotBackend::readEventLog(const QString &sessionId, const QByteArray &after,
                                  QObject *context, Handler<QList<AgentEvent>> handler)
{
    auto read = std::make_shared<LogRead>();
    read->sessionId = sessionId;
    read->context = context ? context : this;
    read->handler = std::move(handler);
    // A cursor is "<durable event>|<ephemeral events before it>". With 0 the ephemeral ones come
    // from as far back as there are any (checked on 1.0.69 and 1.0.102), whatever their number was.
    readLogPage(read, after.isEmpty() ? QString() : QString::fromLatin1(after) + u"|0"_s);
}

void CopilotBackend::readLogPage(const std::shared_ptr<LogRead> &read, const QString &cursor)
{
    // Without a choice of types nine tenths of the answer would be for nobody.
    static const QJsonArray types = QJsonArray::fromStringList(copilotShownTypes());
    QJsonObject params{{u"max"_s, 1000}, // the most that it takes
                       {u"direction"_s, u"forward"_s},
                       {u"includeEphemeral"_s, true},
                       {u"types"_s, types}};
    if (!cursor.isEmpty())
        params.insert(u"cursor"_s, cursor);
    callSession(read->sessionId, u"session.eventLog.read"_s, params, read->context,
                [this, read, cursor](const Result<RawJson> &result) {
                    if (!result) {
                        Error error = result.error();
                        if (error.code == ErrorCode::MethodNotFound)
                            error.code = ErrorCode::Unsupported;
                        read->handler(tl::make_unexpected(error));
                        return;
                    }
                    read->events += m_decoder.decodeList(*result);
                    const QJsonObject object = result->toObject();
                    const QString next = object.value("cursor"_L1).toString();
                    // The real server keeps 4000 ephemeral events; a hundred pages are more than
                    // any turn.
                    if (object.value("hasMore"_L1).toBool() && !next.isEmpty() && next != cursor
                        && ++read->pages < 100) {
                        readLogPage(read, next);
                        return;
                    }
                    read->handler(copilot::inOrder(std::move(read->events)));
                },
                {HistoryTimeout});
}

void CopilotBackend::pendingRequests(const QString &sessionId, QObject *context,
                                     Handler<QList<PermissionRequested>> handler)
{
    callSession(
        sessionId, u"session.permissions.pendingRequests"_s, {}, context,
        [handler = std::move(handler)](const Result<RawJson> &result) {
            QList<PermissionRequested> requests;
            if (!result) {
                if (result.error().code == ErrorCode::MethodNotFound)
                    handler(requests); // an old server; its requests die with us
                else
                    handler(tl::make_unexpected(result.error()));
                return;
            }
            for (const QJsonValue &value : result->toObject().value("items"_L1).toArray()) {
                const QJsonObject item = value.toObject();
                requests.append(CopilotEventDecoder::permissionRequest(
                    item.value("requestId"_L1).toString(), item.value("request"_L1).toObject()));
            }
            handler(requests);
        });
}

// ---- talking ----

void CopilotBackend::send(const QString &sessionId, const Prompt &prompt, QObject *context,
                          Handler<QString> handler)
{
    if (prompt.text.isEmpty() && prompt.attachments.isEmpty()) {
        handler(failure(ErrorCode::InvalidArgument, u"an empty prompt"_s));
        return;
    }
    const qsizetype bytes = prompt.text.toUtf8().size();
    if (bytes > copilot::MaxPromptBytes) {
        handler(failure(ErrorCode::InvalidArgument,
                        u"a prompt of %1 bytes; at most %2 are sent"_s.arg(bytes).arg(
                            copilot::MaxPromptBytes)));
        return;
    }
    callSession(sessionId, u"session.send"_s, copilot::promptParams(sessionId, prompt), context,
                [handler = std::move(handler)](const Result<RawJson> &result) {
                    if (!result) {
                        handler(tl::make_unexpected(result.error()));
                        return;
                    }
                    const QString id = result->toObject().value("messageId"_L1).toString();
                    if (id.isEmpty())
                        handler(
                            failure(ErrorCode::ProtocolViolation, u"a message without an id"_s));
                    else
                        handler(id);
                });
}

void CopilotBackend::abort(const QString &sessionId, QObject *context, DoneHandler handler)
{
    callDone(sessionId, u"session.abort"_s, {}, context, std::move(handler));
}

void CopilotBackend::unloadSession(const QString &sessionId, QObject *context, DoneHandler handler)
{
    // Before the answer: the end that the server reports now is no loss.
    forget(sessionId);
    // {success:false} only means that it was not loaded.
    callDone(sessionId, u"session.destroy"_s, {}, context, std::move(handler));
}

void CopilotBackend::expireSession(const QString &sessionId, QObject *context, DoneHandler handler)
{
    callDone(sessionId, u"sessions.close"_s, {}, context, std::move(handler));
}

void CopilotBackend::deleteSession(const QString &sessionId, QObject *context, DoneHandler handler)
{
    forget(sessionId);
    callSession(sessionId, u"session.delete"_s, {}, context,
                [handler = std::move(handler)](const Result<RawJson> &result) {
                    if (!result) {
                        handler(tl::make_unexpected(result.error()));
                        return;
                    }
                    const QJsonObject object = result->toObject();
                    if (object.value("success"_L1).toBool()) {
                        handler(Done{});
                        return;
                    }
                    RemoteError remote{0, object.value("error"_L1).toString(), {}};
                    Error error =
                        copilot::meaning({ErrorCode::RemoteError, remote.message, remote});
                    // One without a turn has no file: it is gone as it should be.
                    if (error.code == ErrorCode::SessionNotFound)
                        handler(Done{});
                    else
                        handler(tl::make_unexpected(error));
                });
}

void CopilotBackend::renameSession(const QString &sessionId, const QString &name, QObject *context,
                                   DoneHandler handler)
{
    callDone(sessionId, u"session.name.set"_s, {{u"name"_s, name}}, context, std::move(handler));
}

void CopilotBackend::switchModel(const QString &sessionId, const QString &model, QObject *context,
                                 DoneHandler handler)
{
    callDone(sessionId, u"session.model.switchTo"_s, {{u"modelId"_s, model}}, context,
             std::move(handler));
}

void CopilotBackend::switchMode(const QString &sessionId, AgentMode mode, QObject *context,
                                DoneHandler handler)
{
    callDone(sessionId, u"session.mode.set"_s, {{u"mode"_s, copilot::modeWord(mode)}}, context,
             std::move(handler));
}

// ---- answering ----

void CopilotBackend::answerPermission(const QString &sessionId, const PermissionRequested &request,
                                      PermissionDecision decision, const QString &feedback,
                                      QObject *context, DoneHandler handler)
{
    callSuccess(sessionId, u"session.permissions.handlePendingPermissionRequest"_s,
                {{u"requestId"_s, request.requestId},
                 {u"result"_s, copilot::permissionResult(request, decision, feedback)}},
                context, std::move(handler), answeredElsewhere());
}

void CopilotBackend::answerQuestion(const QString &sessionId, const QString &requestId,
                                    const QString &answer, bool freeform, QObject *context,
                                    DoneHandler handler)
{
    const QJsonObject response{{u"answer"_s, answer}, {u"wasFreeform"_s, freeform}};
    callSuccess(
        sessionId, u"session.ui.handlePendingUserInput"_s,
        {{u"requestId"_s, requestId}, {u"response"_s, response}}, context,
        [this, sessionId, response, handler = std::move(handler)](const Result<Done> &result) {
            const auto data = m_sessions.value(sessionId);
            if (result || result.error().code != ErrorCode::MethodNotFound || !data
                || std::holds_alternative<std::monostate>(data->waiting.question)) {
                handler(result);
                return;
            }
            // An older server: the request beside the event is the only way.
            m_peer.respond(std::exchange(data->waiting.question, RpcId{}), response);
            handler(Done{});
        },
        answeredElsewhere());
}

void CopilotBackend::answerPlan(const QString &sessionId, const QString &requestId, bool approved,
                                const QString &action, QObject *context, DoneHandler handler)
{
    QJsonObject response{{u"approved"_s, approved}};
    if (approved && !action.isEmpty())
        response.insert(u"selectedAction"_s, action);
    const auto data = m_sessions.value(sessionId);
    if (!data || data->waiting.planRequestId != requestId
        || std::holds_alternative<std::monostate>(data->waiting.plan)) {
        // Asked before this connection was there, or of another client.
        callSuccess(sessionId, u"session.ui.handlePendingExitPlanMode"_s,
                    {{u"requestId"_s, requestId}, {u"response"_s, response}}, context,
                    std::move(handler), answeredElsewhere());
        return;
    }
    Waiting &waiting = data->waiting;
    const bool ours = std::exchange(waiting.planIsOurs, false);
    waiting.planRequestId.clear();
    m_peer.respond(std::exchange(waiting.plan, RpcId{}), response);
    if (ours) {
        // A server without the event says nothing of the end either.
        AgentEvent event;
        event.meta.id = "pilotlight-" + requestId.toLatin1() + "-done";
        event.meta.time = m_clock.wallNow();
        event.meta.ephemeral = true;
        event.data = PlanApprovalCompleted{requestId, approved, action};
        const QPointer<CopilotBackend> guard(this);
        Q_EMIT sessionEvent(sessionId, event);
        if (!guard)
            return;
    }
    handler(Done{});
}

} // namespace pilotlight
