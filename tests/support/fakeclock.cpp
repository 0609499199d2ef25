// SPDX-License-Identifier: MIT
#include "support/fakeclock.h"

#include <algorithm>

namespace pilotlight {

struct FakeClock::State
{
    using Key = std::pair<Nanoseconds, quint64>; // due, order of making
    Nanoseconds now{std::chrono::hours(1)};
    Nanoseconds suspended{0};
    Nanoseconds wallOffset{0};
    quint64 made = 0;
    std::map<Key, std::function<void()>> timers;
};

class FakeClock::Token final : public TimerHandle::Token
{
public:
    Token(std::weak_ptr<State> state, State::Key key)
        : m_state(std::move(state))
        , m_key(key)
    { }
    ~Token() override
    {
        if (const auto state = m_state.lock())
            state->timers.erase(m_key);
    }
    bool isActive() const override
    {
        const auto state = m_state.lock();
        return state && state->timers.contains(m_key);
    }

private:
    std::weak_ptr<State> m_state;
    State::Key m_key;
};

FakeClock::FakeClock()
    : m_state(std::make_shared<State>())
{ }

FakeClock::~FakeClock() = default;

Nanoseconds FakeClock::now() const
{
    return m_state->now;
}

Nanoseconds FakeClock::bootNow() const
{
    return m_state->now + m_state->suspended;
}

QDateTime FakeClock::wallNow() const
{
    const auto passed = m_state->now + m_state->suspended + m_state->wallOffset;
    static const QDateTime start(QDate(2026, 11, 20), QTime(12, 0), Qt::UTC);
    return start.addMSecs(std::chrono::duration_cast<Milliseconds>(passed).count());
}

TimerHandle FakeClock::after(Milliseconds delay, std::function<void()> callback)
{
    const State::Key key{m_state->now + std::max(delay, Milliseconds(0)), ++m_state->made};
    m_state->timers.emplace(key, std::move(callback));
    return TimerHandle(std::make_unique<Token>(m_state, key));
}

void FakeClock::advance(Milliseconds span)
{
    const auto state = m_state;
    const Nanoseconds end = state->now + span;
    // A callback that starts a timer of zero delay runs it in this call too, but bounded by order:
    // time never goes back, and each timer runs once.
    while (!state->timers.empty() && state->timers.begin()->first.first <= end) {
        auto node = state->timers.extract(state->timers.begin());
        state->now = std::max(state->now, node.key().first);
        node.mapped()();
    }
    state->now = end;
}

bool FakeClock::advanceToNext()
{
    if (m_state->timers.empty())
        return false;
    auto node = m_state->timers.extract(m_state->timers.begin());
    m_state->now = std::max(m_state->now, node.key().first);
    node.mapped()();
    return true;
}

void FakeClock::suspend(Milliseconds span)
{
    m_state->suspended += span;
}

void FakeClock::jumpWall(Milliseconds span)
{
    m_state->wallOffset += span;
}

int FakeClock::liveTimers() const
{
    return static_cast<int>(m_state->timers.size());
}

quint64 FakeClock::timersMade() const
{
    return m_state->made;
}

} // namespace pilotlight
