// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "connection/sleepsource.h"

#include <QObject>

#include <memory>
#include <optional>

namespace pilotlight {

//! Tells when the machine is about to sleep and when it woke. It believes the clocks and the
//! system: the clocks work everywhere and miss nothing, the system is faster and speaks before the
//! sleep. What either says within 5 s is one wake. The wall clock plays no part (keepalive.md 23,
//! 24).
class SleepMonitor : public QObject
{
    Q_OBJECT
public:
    //! How often the clocks are compared; with a system source that is the safety net only.
    static constexpr Milliseconds CheckEvery{15'000};
    static constexpr Milliseconds ClusterSpan{5'000};
    //! A shorter sleep alone is no wake (keepalive.md 23).
    static constexpr Milliseconds LeastGap{30'000};
    //! After aboutToSleep() and so long awake without a word: the sleep was called off.
    static constexpr Milliseconds CalledOffAfter{30'000};

    //! \a source may be null. \a interval: see setInterval(). \a checkEvery: a program that must
    //! not wake up often looks less often.
    SleepMonitor(std::unique_ptr<SleepSource> source, Milliseconds interval, Clock &clock,
                 QObject *parent = nullptr, Milliseconds checkEvery = CheckEvery);
    ~SleepMonitor() override;

    //! The shortest probe interval in use: a sleep of half of it is worth a check.
    void setInterval(Milliseconds interval) { m_interval = interval; }
    //! Compares the clocks now, so that a wake is known before what comes next (a prompt).
    void check();
    //! Between aboutToSleep() and woke().
    bool isPreparing() const { return m_preparing; }

Q_SIGNALS:
    //! Cancel what is in flight in a slot; the system waits until all slots have returned.
    void aboutToSleep();
    //! One health check is due. \a asleepFor is zero after an unlock, or a sleep called off.
    //! Follows every aboutToSleep().
    void woke(pilotlight::Milliseconds asleepFor);

private:
    void onAboutToSleep();
    void wake(const char *trigger);
    void schedule();
    Milliseconds asleepSinceLastWake() const;
    Nanoseconds offset() const { return m_clock.bootNow() - m_clock.now(); }

    std::unique_ptr<SleepSource> m_source;
    Milliseconds m_interval;
    const Milliseconds m_checkEvery;
    Clock &m_clock;
    Nanoseconds m_known; //!< of offset(): sleep that was reported, or too short to be sleep
    Nanoseconds m_lastOffset;
    std::optional<Nanoseconds> m_lastWake; //!< bootNow(): a second sleep is never swallowed
    bool m_preparing = false;
    TimerHandle m_timer;
    TimerHandle m_calledOff;
};

} // namespace pilotlight
