// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/paths.h"
#include "base/random.h"
#include "connection/connectionmanager.h"
#include "connection/sleepmonitor.h"
#include "session/sessionholder.h"
#include "session/verdictstore.h"
#include "transport/localchannel.h"

#include <QJsonObject>
#include <QObject>

#include <map>
#include <memory>

namespace pilotlight {

struct KeeperOptions
{
    AppPaths paths = AppPaths::standard();
    bool stay = false; //!< also with nothing to do: a service
};

//! The process beside the window: stays attached to the sessions that a window names, supervises
//! their servers, and brings back a window that crashed. It ends by itself when there is neither a
//! window nor a session with anything to lose.
class Keeper final : public QObject
{
    Q_OBJECT
public:
    //! With nothing to do, before it ends: long enough for a window that is being restarted.
    static constexpr Milliseconds Idle{60'000};
    //! A window that ended sooner than this after its start is not started again: it would end the
    //! same way.
    static constexpr Milliseconds WindowLived{10'000};
    //! No more often than this many times in ten minutes.
    static constexpr int MostWindows = 2;
    static constexpr Milliseconds WindowsWithin{600'000};
    //! A window that restarts itself is faster.
    static constexpr Milliseconds BeforeBringingBack{1'000};
    //! The clocks are compared so often to find a sleep that the system did not announce; less than
    //! a window does, since each look wakes the process up.
    static constexpr Milliseconds SleepCheck{120'000};

    //! \a clock must outlive it.
    Keeper(KeeperOptions options, Clock &clock, QObject *parent = nullptr);
    //! Drops its connections; no session is told.
    ~Keeper() override;

    //! AlreadyRunning: another one serves this profile. StorageFailed: no place to listen.
    Result<void> start();

Q_SIGNALS:
    void finished();

private:
    struct Window
    {
        bool greeted = false;
        bool leaving = false; //!< said goodbye
        bool comesBack = false; //!< wants to be started again after a crash
        QString program;
        QStringList arguments;
        Nanoseconds since{0};
    };

    void accept(LocalChannel *channel);
    void onMessage(LocalChannel *channel, const QJsonObject &message);
    void onClosed(LocalChannel *channel);
    void greet(LocalChannel *channel, const QJsonObject &message);
    void setBackend(const QJsonObject &message);
    void dropBackend(const QString &id);
    void onPhase(const QString &id, Phase phase);
    QJsonObject status() const;
    int windows() const;
    void bringBack(const Window &window);
    void lookForWork();

    const KeeperOptions m_options;
    Clock &m_clock;
    SystemRandom m_random;
    VerdictStore m_verdicts;
    SessionHolder m_holder;
    ConnectionManager m_connections;
    std::unique_ptr<SleepMonitor> m_sleep;
    std::map<QString, ConnectionLease> m_leases;
    std::map<LocalChannel *, Window> m_windows;
    QList<Nanoseconds> m_brought; //!< when windows were started
    TimerHandle m_bringing;
    TimerHandle m_idle;
    LocalListener m_listener; //!< the last: its channels go first
};

} // namespace pilotlight
