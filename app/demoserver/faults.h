// SPDX-License-Identifier: MIT
#pragma once

#include "demoserver/options.h"

#include <QHash>
#include <QList>

#include <functional>
#include <vector>

namespace pilotlight::demo {

//! Faults that wait for their moment. It only decides when; the server does what.
class Faults
{
public:
    //! \a fire runs once for each fault, from the event loop. \a clock must outlive this.
    Faults(Clock &clock, std::function<void(const FaultSpec &)> fire);

    void arm(const FaultSpec &fault);
    //! Runs \a fault from the event loop, whatever its trigger is.
    void fireSoon(const FaultSpec &fault);
    void noteConnect() { note(QStringLiteral("connect")); }
    void noteCall(const QString &method) { note(QStringLiteral("call:") + method); }
    bool swallowSomething() const; //!< else mayPass() need not be asked
    //! An event of this type is about to be sent. False: a fault swallows it.
    bool mayPass(const QString &sessionId, const QString &type);
    //! From now on, in every session, as \a fault says.
    void swallow(const FaultSpec &fault) { m_swallowing[{}] = fault.value.value_or(0); }
    void noteEvent(const QString &type) { note(QStringLiteral("event:") + type); }

private:
    struct Armed
    {
        FaultSpec fault;
        QString moment;
        int countdown = 1;
    };
    void note(const QString &moment);

    Clock &m_clock;
    std::function<void(const FaultSpec &)> m_fire;
    QList<Armed> m_armed;
    QHash<QString, qint64> m_swallowing; //!< by session, empty: all; so many yet, 0: to the end
    std::vector<TimerHandle> m_timers;
};

} // namespace pilotlight::demo
