// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"
#include "base/clock.h"
#include "session/session.h"

#include <QObject>
#include <QPointer>

#include <memory>
#include <vector>

namespace pilotlight {

class Random;
class SecretStore;
class SessionStore;
struct StoredSession;

//! All sessions of one server: keeps them over restarts of the app, of the server and of the
//! connection. Attaches every wanted session when a backend comes (at most 8 at a time, the visible
//! one first), and answers every request of the user exactly once, also while there is no server.
class SessionManager : public QObject
{
    Q_OBJECT
public:
    //! \a store may be null (the command line keeps nothing). All must outlive the manager.
    SessionManager(SessionStore *store, Clock &clock, Random &random, QObject *parent = nullptr);
    ~SessionManager() override;

    //! Where provider keys are kept; null (the default) keeps them in memory only. Before load().
    void setSecretStore(SecretStore *secrets);
    //! Adds the sessions of the store. Once, before the first backend.
    void load();
    //! Forgets all sessions here (the old store, the server and the keys stay as they are) and adds
    //! those of \a store. While there is no backend: the new sessions are another server's.
    void changeStore(SessionStore *store);

    //! The connection is online with \a backend, or (null) is not any more.
    void setBackend(AgentBackend *backend);

    const std::vector<std::unique_ptr<Session>> &sessions() const { return m_sessions; }
    Session *find(const QString &id) const;

    //! Adds a session and creates it on the server (at once or when there is one). An empty
    //! config.id is chosen here. Returns it; its state tells what comes of it.
    Session *create(SessionConfig config);
    //! Adds a session as it was stored: resumed or created again under its id. Null where the id is
    //! empty or known.
    Session *restore(const StoredSession &stored);
    //! Adds a session that the server already has (from listSessions).
    Session *adopt(const SessionSummary &summary);
    //! Sends now, or keeps it in the session's queue until the session is attached.
    void send(const QString &id, const Prompt &prompt);
    //! Sends a prompt again that the server took and then dropped (UserItem::dropped), with its
    //! attachments.
    void sendAgain(const QString &id, const QString &messageId);
    void removeQueued(const QString &id, int index);
    //! Sends one of the queue now, as steering where the session is busy.
    void sendQueuedNow(const QString &id, int index);
    //! Ends the turn. Our own queue is kept but rests until the user sends something again.
    void abort(const QString &id);
    void rename(const QString &id, const QString &name);
    void switchModel(const QString &id, const QString &model);
    void switchMode(const QString &id, AgentMode mode);
    void answerPermission(const QString &id, const QString &requestId, PermissionDecision decision,
                          const QString &feedback = {});
    void answerQuestion(const QString &id, const QString &requestId, const QString &answer,
                        bool freeform);
    void answerPlan(const QString &id, const QString &requestId, bool approved,
                    const QString &action);
    //! Forgets the session here; the server keeps its history.
    void close(const QString &id);
    //! Removes it here and on the server's disk.
    void remove(const QString &id);
    //! Tries again after Failed.
    void retry(const QString &id);
    void setDraft(const QString &id, const QString &text);
    //! The session that the user looks at: its unread count stays zero, it is attached first.
    void setVisible(const QString &id);
    QString visible() const { return m_visible; }

    //! What the server lists, for "open an earlier session". Empty without a server.
    void listServerSessions(QObject *context, Handler<QList<SessionSummary>> handler);

Q_SIGNALS:
    void sessionAdded(pilotlight::Session *session);
    void sessionAboutToBeRemoved(pilotlight::Session *session);
    //! State, name, unread, activity or age of one changed.
    void sessionChanged(pilotlight::Session *session);
    //! A request of the user failed; \a what names it in the log's words.
    void requestFailed(const QString &id, const QString &what, const pilotlight::Error &error);

private:
    Session *add(SessionConfig config);
    void attachSome();
    void attach(Session &session);
    void createOnServer(Session &session);
    void resumeOnServer(Session &session);
    void releaseForgotten(const Session &session, const Result<Done> &result);
    void readHistory(Session &session);
    void historyRead(Session &session, const Result<QList<AgentEvent>> &history);
    void attachFailed(Session &session, const Error &error);
    void onEvent(const QString &id, const AgentEvent &event);
    void applyEvent(Session &session, const AgentEvent &event);
    void onLost(const QString &id);
    void sendNow(Session &session, const Prompt &prompt, int queuePosition);
    void sendFailed(Session &session, const Prompt &prompt, int queuePosition, const Error &error);
    void flushQueue(Session &session);
    void setState(Session &session, Session::State state);
    void changed(Session &session);
    void persist(const Session &session);
    void forget(const QString &id);
    void drop(Session &session);
    DoneHandler reporter(const QString &id, const QString &what);
    DoneHandler answerReporter(Session &session, const QString &requestId);

    SessionStore *m_store;
    SecretStore *m_secrets = nullptr;
    Clock &m_clock;
    Random &m_random;
    QPointer<AgentBackend> m_backend;
    std::vector<std::unique_ptr<Session>> m_sessions;
    QString m_visible;
};

} // namespace pilotlight
