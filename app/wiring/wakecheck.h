// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "connection/connectionmanager.h"
#include "connection/wakereport.h"
#include "session/sessionmanager.h"

#include <QDateTime>
#include <QHash>
#include <QObject>
#include <QSet>

namespace pilotlight {

//! The health check after a sleep: every backend is probed at once, then every session of it is
//! confirmed; when all have an answer, or after a minute, a report says what was found.
class WakeCheck : public QObject
{
    Q_OBJECT
public:
    //! Longer than the grace for the network (10 s) and two probes of 10 s together.
    static constexpr Milliseconds Patience{60'000};
    //! A shorter sleep is checked, but is not worth telling people.
    static constexpr Milliseconds WorthTelling{30'000};

    //! All must outlive it.
    WakeCheck(ConnectionManager &connections, SessionManager &sessions, Clock &clock,
              QObject *parent = nullptr);

    //! The machine woke after \a asleep. During a check: the check begins anew, for both sleeps.
    void start(Milliseconds asleep);
    bool isRunning() const { return m_deadline.isActive(); }

Q_SIGNALS:
    //! Of a sleep that is worth telling.
    void finished(const pilotlight::WakeReport &report);

private:
    void checkSessionsOf(const QString &backendId);
    void look();
    void finish();
    WakeReport report() const;

    ConnectionManager &m_connections;
    SessionManager &m_sessions;
    Clock &m_clock;
    Milliseconds m_asleep{0};
    QDateTime m_since;
    QHash<QString, quint64> m_before; //!< revivals of the sessions that were open, by id
    QSet<QString> m_backends; //!< that are wanted
    QSet<QString> m_checking; //!< of them: sessions have been asked
    quint64 m_round = 0;
    TimerHandle m_deadline;
};

} // namespace pilotlight
