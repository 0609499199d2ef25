// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"
#include "base/clock.h"
#include "session/keeping.h"
#include "session/session.h"

#include <QHash>
#include <QObject>
#include <QPointer>

#include <map>
#include <memory>
#include <vector>

namespace pilotlight {

struct Explanation;
struct LinkFacts;
class Outbox;
struct OutboxEntry;
class Random;
class TouchScheduler;
class TurnWatch;
class SecretStore;
class SessionStore;
class TranscriptStore;
struct MergedHistory;
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

    //! Where prompts are kept from send() until the server has them on its disk; null (the default)
    //! keeps them in memory only. Before load(), which loads it.
    void setOutbox(Outbox *outbox);
    //! Where provider keys are kept; null (the default) keeps them in memory only. Before load().
    void setSecretStore(SecretStore *secrets);
    //! Where copies of the conversations are kept: to be read without a server, and so that nothing
    //! that was seen goes when the server loses it. Null (the default) keeps none. Before load().
    void setTranscriptStore(TranscriptStore *transcripts) { m_transcripts = transcripts; }
    //! Adds the sessions of the store. Once, before the first backend.
    void load();
    //! Forgets all sessions here (the old store, the server and the keys stay as they are) and adds
    //! those of \a store. While there is no backend: the new sessions are another server's.
    void changeStore(SessionStore *store, Outbox *outbox = nullptr,
                     TranscriptStore *transcripts = nullptr);

    //! The id of the one backend that a program without a choice has, and of sessions from files
    //! that name none.
    static QString defaultBackendId() { return QStringLiteral("default"); }

    //! The connection named \a backendId is online with \a backend, or (null) is not any more. Its
    //! sessions are attached, and are touched for exactly as long. \a generation counts its
    //! connections, for the log; without one they are counted here.
    void setBackend(const QString &backendId, AgentBackend *backend, quint64 generation = 0);
    void setBackend(AgentBackend *backend) { setBackend(defaultBackendId(), backend); }
    AgentBackend *backend(const QString &backendId = defaultBackendId()) const;

    const std::vector<std::unique_ptr<Session>> &sessions() const { return m_sessions; }
    Session *find(const QString &id) const;

    //! Adds a session and creates it on the server (at once or when there is one). An empty
    //! config.id is chosen here. Returns it; its state tells what comes of it.
    Session *create(SessionConfig config, const QString &backendId = defaultBackendId());
    //! Adds a session as it was stored: resumed or created again under its id. Null where the id is
    //! empty or known.
    Session *restore(const StoredSession &stored);
    //! Adds a session that the server already has (from listSessions).
    Session *adopt(const SessionSummary &summary, const QString &backendId = defaultBackendId());
    //! Sends now, or keeps it in the session's queue until the session is attached.
    void send(const QString &id, const Prompt &prompt);
    //! Sends a prompt again that the server took and then dropped (UserItem::dropped), with its
    //! attachments.
    void sendAgain(const QString &id, const QString &messageId);
    //! Sends the prompt of the latest turn again, with its attachments.
    void askAgain(const QString &id);
    void removeQueued(const QString &id, int index);
    //! The same, with \a draft (which has its text in it) on the disk first.
    void takeBack(const QString &id, int index, const QString &draft);
    //! Changes the order in which the queue goes out.
    void moveQueued(const QString &id, int from, int to);
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
    //! The session that the user looks at: its unread count stays zero, it is attached first, and
    //! resumed where it was parked.
    void setVisible(const QString &id);
    QString visible() const { return m_visible; }

    //! What the server lists, for "open an earlier session". Empty without a server.
    void listServerSessions(QObject *context, Handler<QList<SessionSummary>> handler,
                            const QString &backendId = defaultBackendId());

    //! Whether the agent of the backend is signed in; nothing: not known. While it is not, prompts
    //! of sessions without a provider of their own wait in their queues, also those that the server
    //! has taken and dropped; afterwards they go out.
    void setSignedIn(const QString &backendId, const std::optional<bool> &signedIn);
    bool waitsForSignIn(const Session &session) const;

    // ---- keeping sessions alive (docs/keepalive.md 10, 11, 19 to 21, 22b)

    //! What the user set for a backend, in force at once; kept over its connections.
    void setKeeping(const QString &backendId, const SessionKeeping &keeping);
    SessionKeeping keeping(const QString &backendId = defaultBackendId()) const;
    //! What our own flag or the command line says about the idle limit of the backend's server.
    //! Before setBackend(), or at any time later. Forgets what was learned of another server.
    void setKnownIdleLimit(const QString &backendId, const std::optional<IdleLimit> &limit);
    //! The limit in force, and where it comes from.
    IdleLimit idleLimit(const QString &backendId = defaultBackendId()) const;
    //! Strategies that were proved not to keep sessions alive on this backend's server.
    void setRefuted(const QString &backendId, const QList<TouchStrategy> &strategies);

    //! How safe a session is, and how we know. Of an unknown id: Offline.
    SessionLife life(const QString &id) const;
    //! Touches the session now (or checks it, where no touch is needed).
    void touchNow(const QString &id);
    //! Touches or checks every attached session of the backend, eight at a time; the handler runs
    //! when all have answered (with what there was, where the connection ends). After a sleep, and
    //! for "Probe now".
    void checkSessions(const QString &backendId, TouchTrigger trigger, QObject *context,
                       std::function<void(const SessionCheck &)> handler);

    //! Unloads the session now. Refused, with requestFailed "park", while it has anything in memory
    //! to lose: the error's detail names it (SessionWork::toString()).
    void park(const QString &id);
    //! Resumes a parked session; nothing happens to others.
    void unpark(const QString &id);
    void setParkPolicy(const QString &id, ParkPolicy policy);

    // ---- what a session does, and why it does not answer

    //! What is known of a backend's connection; explanation() goes by it.
    void setLink(const QString &backendId, const LinkFacts &link);
    //! True at the time of asking. Of an unknown id: Disconnected.
    Explanation explanation(const QString &id) const;

Q_SIGNALS:
    void sessionAdded(pilotlight::Session *session);
    void sessionAboutToBeRemoved(pilotlight::Session *session);
    //! State, name, unread, activity or age of one changed.
    void sessionChanged(pilotlight::Session *session);
    //! A request of the user failed; \a what names it in the log's words.
    void requestFailed(const QString &id, const QString &what, const pilotlight::Error &error);
    //! A touch or a check of one session ended; every attempt exactly once.
    void touched(const pilotlight::TouchEvent &event);
    //! A prompt waits for the word that its session is still there. Worth a probe of the
    //! connection: should the server be frozen, that is found within two deadlines from now.
    void promptWaits(const QString &backendId);
    //! The server has dropped a prompt as it does where nobody is signed in: worth asking it.
    void signInDoubted(const QString &backendId);
    //! The idle limit in force for a backend has changed (set, known or learned).
    void idleLimitChanged(const QString &backendId);
    //! setLink() has brought something new.
    void linkChanged(const QString &backendId);

private:
    struct Online;
    struct Server;

    Session *add(SessionConfig config, const QString &backendId);
    Server &server(const QString &backendId);
    const Server *findServer(const QString &backendId) const;
    Online *online(const Session &session) const;
    AgentBackend *backendOf(const Session &session) const;
    void attachSome();
    void attachSome(Server &server);
    void attach(Session &session);
    void createOnServer(Session &session);
    void resumeOnServer(Session &session);
    void releaseForgotten(const Session &session, const Result<Done> &result);
    void readHistory(Session &session);
    void historyRead(Session &session, const Result<QList<AgentEvent>> &history);
    void readLog(Session &session, const QList<AgentEvent> &history);
    MergedHistory merge(const Session &session, const QList<AgentEvent> &history,
                        const QList<AgentEvent> &log) const;
    void askWhetherItWorks(Session &session, const MergedHistory &merged);
    void keep(Session &session, const MergedHistory &merged);
    void attached(Session &session, const MergedHistory &merged);
    void fetchPending(Session &session);
    void showKept(Session &session);
    void attachFailed(Session &session, const Error &error);
    void onEvent(const QString &id, const AgentEvent &event);
    void applyEvent(Session &session, const AgentEvent &event);
    void onLost(const QString &id);
    void sendNow(Session &session, const Prompt &prompt, int queuePosition);
    void sendFailed(Session &session, const Prompt &prompt, int queuePosition, const Error &error);
    void flushQueue(Session &session);
    // What becomes of a prompt.
    void note(const Session &session, const Prompt &prompt);
    OutboxEntry entryOf(const Session &session, const Prompt &prompt) const;
    QList<OutboxEntry> undecided(const Session &session) const;
    bool isOnlyHere(const Session &session) const;
    void restorePrompts(Session &session, const QList<Prompt> &olderQueue);
    //! Of a prompt that is not in the history.
    enum class Missing
    {
        IsLost,
        MayArrive
    };
    void reconcile(Session &session, const QList<AgentEvent> &history, Missing missing,
                   const QString &onlyPrompt = {});
    void askHistory(Session &session, const QString &promptId, const Error &error);
    void echoed(Session &session, const UserMessage &message);
    void settle(Session &session, const QString &promptId);
    void settleLater(Session &session, const QString &promptId, Nanoseconds echoed);
    void forgetPrompts(const Session &session);
    void takeBackRefused(Session &session);
    void showOnItsWay(Session &session, const OutboxEntry &entry);
    static int messagesLike(const Session &session, const QString &text);
    // Keeping.
    std::unique_ptr<TouchScheduler> makeScheduler(Server &server, AgentBackend &backend);
    void applyKeeping(Server &server);
    void confirmed(Session &session, SessionLife::Evidence evidence, bool counted);
    void onTouched(const TouchEvent &event);
    void learn(Session &session, Nanoseconds silence);
    bool needsConfirmation(const Session &session) const;
    void confirmThenSend(Session &session, const Prompt &prompt, int queuePosition);
    void deliver(Session &session, const Prompt &prompt, int queuePosition);
    void requeue(Session &session, const Prompt &prompt, int queuePosition);
    bool isIdleHere(const Session &session) const;
    void used(Session &session);
    void armParking(Server &server);
    void parkQuietOnes(const QString &backendId);
    void askToPark(Session &session, bool wished);
    void parkNow(Session &session);
    // True activity.
    std::unique_ptr<TurnWatch> makeWatch(AgentBackend &backend);
    void silenceChanged(Session &session);
    void serverSaid(Session &session, const SessionActivity &said);
    void settleTurn(Session &session, bool background, bool told);
    void turnSettled(Session &session, const Result<QList<AgentEvent>> &history, bool background);

    void setState(Session &session, Session::State state);
    void changed(Session &session);
    void persist(const Session &session);
    void forget(const QString &id);
    void drop(Session &session);
    DoneHandler reporter(const QString &id, const QString &what);
    DoneHandler answerReporter(Session &session, const QString &requestId);

    SessionStore *m_store;
    std::unique_ptr<Outbox> m_memory; //!< in use where nobody gave another
    Outbox *m_outbox = nullptr;
    SecretStore *m_secrets = nullptr;
    TranscriptStore *m_transcripts = nullptr;
    Clock &m_clock;
    Random &m_random;
    std::map<QString, std::unique_ptr<Server>> m_servers; //!< by backend id
    std::vector<std::unique_ptr<Session>> m_sessions;
    QHash<QString, Session *> m_byId; //!< of m_sessions
    QString m_visible;
};

} // namespace pilotlight
