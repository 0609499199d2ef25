// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/paths.h"
#include "connection/connectionmanager.h"
#include "session/sessionmanager.h"
#include "transport/localchannel.h"

#include <QHash>
#include <QJsonObject>
#include <QObject>
#include <QSet>
#include <QStringList>

#include <functional>
#include <memory>

namespace pilotlight {

//! The window's side of the keeper: starts one when there is a session to hold, tells it which ones
//! those are, starts another when it ends, and replaces an older one without ending a turn. A
//! session is held as soon as the window is attached to it, and let go of when it is parked or
//! closed. Sessions whose server ends with the window (embedded, demo) cannot be held.
class KeeperLink final : public QObject
{
    Q_OBJECT
public:
    enum class State
    {
        Off, //!< nothing to hold yet
        Looking, //!< for a keeper, or starting one
        Linked,
        Unavailable, //!< none could be started; tried again later
    };
    struct Options
    {
        AppPaths paths;
        QString program; //!< the keeper's
        QStringList arguments; //!< the keeper's: the profile
        QString window; //!< the program to start after a crash of this one; empty: none
        QStringList windowArguments;
    };

    //! A keeper that was started has so long to listen; measured: 60 ms.
    static constexpr Milliseconds StartDeadline{10'000};
    static constexpr Milliseconds LookEvery{100};
    //! After a keeper that ended or could not be started.
    static constexpr Milliseconds RetryFirst{1'000};
    static constexpr Milliseconds RetryLast{60'000};
    //! A keeper that does not answer a goodbye is not waited for any longer.
    static constexpr Milliseconds ByeDeadline{1'000};

    //! All must outlive it. \a options.paths.state must exist.
    KeeperLink(Options options, ConnectionManager &connections, SessionManager &sessions,
               Clock &clock, QObject *parent = nullptr);
    ~KeeperLink() override;

    //! Looks for a keeper that an earlier window has left. After the sessions are loaded.
    void start();
    //! Whether the window is started again after a crash. At once.
    void setComesBack(bool comesBack);

    State state() const { return m_state; }
    qint64 pid() const { return m_pid; } //!< of Linked, else 0
    int held() const { return static_cast<int>(m_sent.size()); }
    //! True where closing the window ends no turn: every session that is attached is held.
    bool holdsAll() const;
    //! The window ends. \a keepTurns: they go on without it, else they end with it. \a done runs
    //! once, from the event loop, when the keeper knows; at once where there is none.
    void leave(bool keepTurns, std::function<void()> done);

Q_SIGNALS:
    void changed();

private:
    void look();
    void spawn();
    void onOpened();
    void onMessage(const QJsonObject &message);
    void onClosed(const Error &reason);
    void greet();
    void retryLater();
    void replaceIfReady();
    void sync();
    void later();
    void syncBackend(const Connection &connection);
    void syncSession(const Session &session);
    bool canHold(const QString &backendId) const;
    void setState(State state);
    void send(const QString &is, const QJsonObject &members);
    void finishLeaving();

    const Options m_options;
    ConnectionManager &m_connections;
    SessionManager &m_sessions;
    Clock &m_clock;
    State m_state = State::Off;
    std::unique_ptr<LocalChannel> m_channel;
    qint64 m_pid = 0;
    bool m_comesBack = true;
    bool m_started = false; //!< looking for one is wanted
    bool m_outdated = false; //!< the keeper is an older build, to be replaced
    QStringList m_itsSessions; //!< that it held when we came; of an outdated one
    std::optional<Nanoseconds> m_spawned; //!< on now(): one was started and does not listen yet
    Milliseconds m_retry{RetryFirst};
    QHash<QString, QJsonObject> m_backends; //!< as last sent, by id
    QHash<QString, QJsonObject> m_sent; //!< sessions as last sent, by id
    QSet<QString> m_fresh; //!< of these: sent since we are attached
    std::function<void()> m_left;
    bool m_syncing = false; //!< a sync is on its way
    TimerHandle m_timer;
    TimerHandle m_bye;
};

} // namespace pilotlight
