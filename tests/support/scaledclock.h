// SPDX-License-Identifier: MIT
#pragma once

#include "base/systemclock.h"

#include <algorithm>
#include <memory>
#include <set>

namespace pilotlight {

//! The machine's clock, \a factor times as fast: all deadlines and pauses of the product shrink
//! alike, while servers and sockets live in real time. What users see of it (wallNow()) stays true,
//! since servers stamp their histories with it.
class ScaledClock final : public Clock
{
public:
    explicit ScaledClock(int factor)
        : m_factor(factor)
        , m_start(m_system.now())
    { }

    Nanoseconds now() const override { return m_start + (m_system.now() - m_start) * m_factor; }
    Nanoseconds bootNow() const override { return now() + m_asleep; }
    QDateTime wallNow() const override { return m_system.wallNow(); }
    [[nodiscard]] TimerHandle after(Milliseconds delay, std::function<void()> callback) override
    {
        auto token = std::make_unique<Counted>(m_handles);
        token->inner = m_system.after(delay / m_factor, std::move(callback));
        return TimerHandle(std::move(token));
    }
    //! Timers that are pending now.
    int liveTimers() const
    {
        return static_cast<int>(std::count_if(m_handles->begin(), m_handles->end(),
                                              [](const Counted *one) { return one->isActive(); }));
    }
    //! The machine has slept for \a span: now() did not notice.
    void suspend(Milliseconds span) { m_asleep += span; }

private:
    struct Counted;
    using Handles = std::set<Counted *>;
    struct Counted final : TimerHandle::Token
    {
        explicit Counted(std::shared_ptr<Handles> all)
            : handles(std::move(all))
        {
            handles->insert(this);
        }
        ~Counted() override { handles->erase(this); }
        bool isActive() const override { return inner.isActive(); }

        std::shared_ptr<Handles> handles;
        TimerHandle inner;
    };

    std::shared_ptr<Handles> m_handles = std::make_shared<Handles>();
    SystemClock m_system;
    const int m_factor;
    const Nanoseconds m_start;
    Nanoseconds m_asleep{0};
};

} // namespace pilotlight
