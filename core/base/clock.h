// SPDX-License-Identifier: MIT
#pragma once

#include <QDateTime>

#include <chrono>
#include <functional>
#include <memory>

namespace pilotlight {

using Milliseconds = std::chrono::milliseconds;
using Nanoseconds = std::chrono::nanoseconds;

//! Owns one pending timer. Destroying or cancelling the handle cancels the timer; after the
//! callback has run the handle is inactive. The callback may destroy its own handle.
class TimerHandle
{
public:
    //! What a Clock gives out; its destructor cancels.
    class Token
    {
    public:
        Token() = default;
        virtual ~Token() = default;
        Token(const Token &) = delete;
        Token &operator=(const Token &) = delete;
        virtual bool isActive() const = 0;
    };

    TimerHandle() = default;
    explicit TimerHandle(std::unique_ptr<Token> token)
        : m_token(std::move(token))
    { }
    TimerHandle(TimerHandle &&) noexcept = default;
    TimerHandle &operator=(TimerHandle &&) noexcept = default;

    bool isActive() const { return m_token && m_token->isActive(); }
    void cancel() { m_token.reset(); }

private:
    std::unique_ptr<Token> m_token;
};

//! The only source of time and timers in core. Constructor argument everywhere; the system's is
//! SystemClock, tests use FakeClock. Must outlive every handle that it gave out.
class Clock
{
public:
    Clock() = default;
    virtual ~Clock() = default;
    Clock(const Clock &) = delete;
    Clock &operator=(const Clock &) = delete;

    //! Monotonic; stands still while the machine sleeps.
    virtual Nanoseconds now() const = 0;
    //! Monotonic; goes on while the machine sleeps. Only differences mean anything.
    virtual Nanoseconds bootNow() const = 0;
    //! What the user's clock shows, in UTC; may jump. For display and logs, never for intervals.
    virtual QDateTime wallNow() const = 0;

    //! Runs \a callback once, not earlier than after \a delay (negative counts as zero), from the
    //! event loop, unless the handle goes first.
    [[nodiscard]] virtual TimerHandle after(Milliseconds delay, std::function<void()> callback) = 0;
};

} // namespace pilotlight
