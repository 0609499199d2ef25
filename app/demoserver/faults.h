// SPDX-License-Identifier: MIT
#pragma once

#include "demoserver/options.h"

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
    std::vector<TimerHandle> m_timers;
};

} // namespace pilotlight::demo
