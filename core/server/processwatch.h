// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "server/process.h"

#include <functional>
#include <memory>

namespace pilotlight {

//! The system's own word that a process has ended, without looking for it; null where the system
//! has none or gives it to nobody. One implementation per system: processwatch_*.cpp.
class ProcessEndSource
{
public:
    ProcessEndSource() = default;
    virtual ~ProcessEndSource() = default;
    ProcessEndSource(const ProcessEndSource &) = delete;
    ProcessEndSource &operator=(const ProcessEndSource &) = delete;
};
std::unique_ptr<ProcessEndSource> makeProcessEndSource(qint64 pid, std::function<void()> ended);

//! Tells once, from the event loop, that a process has ended, also where it is not our child. It
//! sleeps until then (pidfd on Linux, kqueue on macOS, the process's handle on Windows), so that a
//! program that only waits makes no wake-ups. Where the system cannot do that it looks once a
//! second.
class ProcessWatch
{
public:
    enum class Way
    {
        Events,
        Polling
    };
    static constexpr Milliseconds PollInterval{1'000};

    //! \a clock must outlive it. \a ended may destroy it. With Way::Polling the system is not
    //! asked.
    ProcessWatch(const ProcessId &process, Clock &clock, std::function<void()> ended,
                 Way way = Way::Events);

    //! What it does now.
    Way way() const { return m_source ? Way::Events : Way::Polling; }

private:
    void look();
    void finish();

    ProcessId m_process;
    Clock &m_clock;
    std::function<void()> m_ended;
    std::unique_ptr<ProcessEndSource> m_source;
    TimerHandle m_timer;
};

} // namespace pilotlight
