// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <map>

namespace pilotlight {

//! Time that moves only when told. Callbacks run inside advance(), in order of their due time, then
//! of their making; a callback may make, cancel and destroy timers. \sa liveTimers for leak checks.
class FakeClock final : public Clock
{
public:
    FakeClock();
    ~FakeClock() override;

    Nanoseconds now() const override;
    Nanoseconds bootNow() const override;
    QDateTime wallNow() const override;
    [[nodiscard]] TimerHandle after(Milliseconds delay, std::function<void()> callback) override;

    //! Lets \a span pass and runs what falls due in it.
    void advance(Milliseconds span);
    //! Runs what is due now (delay zero), without moving time.
    void runDue() { advance(Milliseconds(0)); }
    //! Moves to the next timer and runs it; false where there is none.
    bool advanceToNext();
    //! The machine sleeps: boot and wall time move, now() and timers do not.
    void suspend(Milliseconds span);
    //! The user or NTP sets the wall clock.
    void jumpWall(Milliseconds span);

    //! Timers that are pending now.
    int liveTimers() const;
    //! Timers ever made; shows that something starts none.
    quint64 timersMade() const;

private:
    class Token;
    struct State;
    std::shared_ptr<State> m_state;
};

} // namespace pilotlight
