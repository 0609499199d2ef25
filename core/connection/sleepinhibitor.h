// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "connection/sleepsource.h"
#include "settings/settings.h"

#include <memory>

namespace pilotlight {

//! Holds a WakeLock as the user wishes. Between two turns that follow each other the lock is kept.
class SleepInhibitor
{
public:
    //! Kept so long after the last turn; keepalive.md 25 allows 5 s.
    static constexpr Milliseconds Linger{3'000};

    //! \a lock may be null: then nothing can be held.
    SleepInhibitor(std::unique_ptr<WakeLock> lock, Clock &clock);

    void setPolicy(StayAwake policy);
    //! Turns that run now, of all sessions.
    void setBusyTurns(int turns);
    bool isHolding() const { return m_holding; }

private:
    void hold(bool on);

    std::unique_ptr<WakeLock> m_lock;
    Clock &m_clock;
    StayAwake m_policy = StayAwake::Off;
    int m_turns = 0;
    bool m_holding = false;
    TimerHandle m_linger;
};

} // namespace pilotlight
