// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"
#include "base/clock.h"
#include "session/keeping.h"

#include <QHash>
#include <QObject>

#include <map>
#include <memory>

namespace pilotlight {

class Random;
class TouchScheduler;

//! Holds sessions on their servers by being attached to them, and touches them, for a window that
//! may close, crash or be updated meanwhile: a server ends a session's turn when the last
//! connection that is attached to it goes (docs/protocol.md). It shows nothing, reads no history
//! and answers nothing: permissions and questions go on waiting.
//!
//! With a window there, the window comes first after a new connection, since two programs that
//! load one session at the same moment help nobody. Alone, it brings everything back by itself,
//! and lets go of what has nothing to lose any more.
class SessionHolder final : public QObject
{
    Q_OBJECT
public:
    enum class State
    {
        Waiting, //!< for a connection, or for the window to attach first
        Attaching,
        Attached,
        Failed, //!< the server would not; hold() tries again
    };
    struct Held
    {
        QString id;
        QString backendId;
        State state = State::Waiting;
        bool working = false; //!< a turn is known to run
    };

    //! Attached at a time, as for the window (measured: 50 to 100 ms of a core each).
    static constexpr int AttachLimit = 8;
    //! For how long the window may come first after a new connection. Sixty sessions, eight at a
    //! time, take it 6 s on a busy machine.
    static constexpr Milliseconds Patience{20'000};
    //! Alone: for how long a session was quiet before it is asked whether it has anything to lose,
    //! and between two questions.
    static constexpr Milliseconds QuietFor{60'000};

    //! Both must outlive it.
    SessionHolder(Clock &clock, Random &random, QObject *parent = nullptr);
    //! The sessions stay as they are on their servers, as long as their connections last.
    ~SessionHolder() override;

    //! How sessions of \a backendId are kept; at once and over its connections. \a known: what the
    //! server's own flags say of its idle limit.
    void setKeeping(const QString &backendId, const SessionKeeping &keeping,
                    const std::optional<IdleLimit> &known, const QList<TouchStrategy> &refuted);
    //! The connection is online with \a backend, or (null) is not any more.
    void setBackend(const QString &backendId, AgentBackend *backend, quint64 generation = 0);

    //! Attaches to the session now (it is loaded) or when there is a connection. Again for one that
    //! is held: its configuration is replaced.
    void hold(const QString &backendId, const SessionConfig &config);
    //! Detaches; where nobody else is attached the server unloads the session.
    void release(const QString &id);
    //! Forgets all sessions of a backend without telling its server.
    void forget(const QString &backendId);
    //! True while no window is there; it is at first.
    void setAlone(bool alone);

    QList<Held> held() const;
    bool isEmpty() const { return m_sessions.empty(); }

Q_SIGNALS:
    //! What is held, or a state of it.
    void changed();
    //! A touch ended.
    void touched(const pilotlight::TouchEvent &event);

private:
    struct Session;
    struct Server;

    Server &server(const QString &backendId);
    Session *find(const QString &id) const;
    void attachSome(Server &s);
    void attach(Session &session);
    void attached(const QString &id, quint64 attempt, const Result<Done> &result);
    void onEvent(const QString &id, const AgentEvent &event);
    void onLost(const QString &id);
    void configure(Server &s);
    void armQuiet();
    void askQuietOnes();
    void letGoIfNothingToLose(const QString &id);
    void drop(const QString &id);

    Clock &m_clock;
    Random &m_random;
    std::map<QString, std::unique_ptr<Server>> m_servers;
    std::map<QString, std::unique_ptr<Session>> m_sessions;
    bool m_alone = true;
    quint64 m_attempts = 0;
    TimerHandle m_quiet;
};

} // namespace pilotlight
