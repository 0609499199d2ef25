// SPDX-License-Identifier: MIT
#include "connection/sleepinhibitor.h"

#include "base/logging.h"

namespace pilotlight {

SleepInhibitor::SleepInhibitor(std::unique_ptr<WakeLock> lock, Clock &clock)
    : m_lock(std::move(lock))
    , m_clock(clock)
{ }

void SleepInhibitor::setPolicy(StayAwake policy)
{
    if (m_policy == policy)
        return;
    m_policy = policy;
    m_linger.cancel(); // a wish of the user counts at once
    hold(policy == StayAwake::Always || (policy == StayAwake::Busy && m_turns > 0));
}

void SleepInhibitor::setBusyTurns(int turns)
{
    m_turns = turns;
    if (m_policy != StayAwake::Busy)
        return;
    if (turns > 0) {
        m_linger.cancel();
        hold(true);
    } else if (m_holding && !m_linger.isActive()) {
        m_linger = m_clock.after(Linger, [this] { hold(false); });
    }
}

void SleepInhibitor::hold(bool on)
{
    if (!m_lock || m_holding == on)
        return;
    m_holding = on;
    qCInfo(lcKeepalive).noquote() << (on ? QStringLiteral("The machine is kept awake")
                                         : QStringLiteral("The machine may sleep again"));
    if (on)
        m_lock->acquire();
    else
        m_lock->release();
}

} // namespace pilotlight
