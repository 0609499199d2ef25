// SPDX-License-Identifier: MIT
#pragma once

#include "agent/backend.h"
#include "agent/events.h"
#include "agent/touch.h"

namespace pilotlight {

struct ResumeOptions
{
    //! Leave no event in the history (a keepalive touch or a silent attachment).
    bool silent = false;
    //! Keep pending permissions and client tools answerable under their old ids.
    bool continuePendingWork = true;
};

//! A server that runs agent sessions: what the session side of the program talks to.
class AgentBackend : public Backend
{
    Q_OBJECT
public:
    using Backend::Backend;

    virtual void listModels(QObject *context, Handler<QList<ModelInfo>> handler) = 0;

    virtual void listSessions(QObject *context, Handler<QList<SessionSummary>> handler) = 0;
    //! Makes a new session. InvalidArgument where the server already has a history under config.id:
    //! the server would fork it silently, so the adapter looks first.
    virtual void createSession(const SessionConfig &config, QObject *context,
                               DoneHandler handler) = 0;
    //! Attaches this connection to an existing session, loading it where needed. SessionNotFound
    //! where the server has none under this id.
    virtual void resumeSession(const SessionConfig &config, ResumeOptions options, QObject *context,
                               DoneHandler handler) = 0;
    //! All durable events of a session, loaded or not, oldest first.
    virtual void readHistory(const QString &sessionId, QObject *context,
                             Handler<QList<AgentEvent>> handler) = 0;
    //! What happened in a loaded session since the durable event \a after (empty: since its
    //! beginning), in the order in which it happened: ephemeral events as far back as the server
    //! has them, with the ids under which they were or will be pushed, too. It begins with a
    //! durable event. Unsupported where the server has no such log.
    virtual void readEventLog(const QString &sessionId, const QByteArray &after, QObject *context,
                              Handler<QList<AgentEvent>> handler) = 0;
    //! Requests that wait for the user in a loaded session (after a resume they are not sent
    //! again).
    virtual void pendingRequests(const QString &sessionId, QObject *context,
                                 Handler<QList<PermissionRequested>> handler) = 0;

    // Keeping sessions. Handlers run exactly once unless their context or the backend has died.

    //! How this server treats idle sessions. After initialize().
    virtual SessionRules sessionRules() const = 0;
    //! The touches that count on the connected server, the best one first. After initialize().
    virtual QList<TouchStrategy> touchStrategies() const = 0;
    //! Makes the server take an attached session for active, whatever it is doing: nothing is
    //! prompted, no history is written, no model is called. A session that is gone is not brought
    //! back (sessionNotFound, then sessionLost()).
    virtual void touchSession(const SessionConfig &config, TouchStrategy strategy,
                              Milliseconds timeout, QObject *context,
                              std::function<void(TouchResult)> handler) = 0;
    //! Asks whether the server still has an attached session, by the cheapest read there is. Does
    //! not keep it alive.
    virtual void checkSession(const QString &sessionId, Milliseconds timeout, QObject *context,
                              std::function<void(TouchResult)> handler) = 0;
    //! Asks whether the server works on a session. Does not keep it alive. Also for sessions that
    //! this connection is not attached to; SessionNotFound where the server has not loaded it.
    virtual void sessionActivity(const QString &sessionId, Milliseconds timeout, QObject *context,
                                 Handler<SessionActivity> handler) = 0;
    //! What an unload of the session would end.
    virtual void sessionWork(const QString &sessionId, QObject *context,
                             Handler<SessionWork> handler) = 0;

    //! Answers with the id that the message will have in its UserMessage event.
    virtual void send(const QString &sessionId, const Prompt &prompt, QObject *context,
                      Handler<QString> handler) = 0;
    //! Ends the turn and drops the server's queue.
    virtual void abort(const QString &sessionId, QObject *context, DoneHandler handler) = 0;
    //! Detaches this connection; unloads the session if it was the last one. Loses no history.
    virtual void unloadSession(const QString &sessionId, QObject *context, DoneHandler handler) = 0;
    //! Makes the server drop a loaded session as its idle limit would, for everybody, this
    //! connection included: drills and tests. Loses no history, but what was in memory only.
    virtual void expireSession(const QString &sessionId, QObject *context, DoneHandler handler)
    {
        static_cast<void>(sessionId);
        static_cast<void>(context);
        handler(failure(ErrorCode::Unsupported));
    }
    //! Removes the session and its history from the server's disk.
    virtual void deleteSession(const QString &sessionId, QObject *context, DoneHandler handler) = 0;
    virtual void renameSession(const QString &sessionId, const QString &name, QObject *context,
                               DoneHandler handler) = 0;
    virtual void switchModel(const QString &sessionId, const QString &model, QObject *context,
                             DoneHandler handler) = 0;
    virtual void switchMode(const QString &sessionId, AgentMode mode, QObject *context,
                            DoneHandler handler) = 0;

    //! Unsupported/RemoteError where somebody else answered first.
    virtual void answerPermission(const QString &sessionId, const PermissionRequested &request,
                                  PermissionDecision decision, const QString &feedback,
                                  QObject *context, DoneHandler handler) = 0;
    virtual void answerQuestion(const QString &sessionId, const QString &requestId,
                                const QString &answer, bool freeform, QObject *context,
                                DoneHandler handler) = 0;
    virtual void answerPlan(const QString &sessionId, const QString &requestId, bool approved,
                            const QString &action, QObject *context, DoneHandler handler) = 0;

Q_SIGNALS:
    //! An event of an attached session; duplicates (by event id) have been dropped.
    void sessionEvent(const QString &sessionId, const pilotlight::AgentEvent &event);
    //! Somebody created, changed or deleted a session on the server.
    void sessionListChanged();
    //! The server revealed that it no longer has a session which we were attached to.
    void sessionLost(const QString &sessionId);
};

} // namespace pilotlight
