// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QString>

#include <optional>

namespace pilotlight {

//! Decides whether a backend is asked at all (docs/keepalive.md, line 17). Closed: always. After
//! maxFailures failures in a row it opens: nothing is asked for the time of reprobe. Then it is
//! half-open: one permit is given; its success closes the breaker, its failure opens it again at
//! once. A plain value machine: time is passed in (Clock::now()), nothing is timed or called.
class CircuitBreaker
{
public:
    enum class State
    {
        Closed,
        Open,
        HalfOpen
    };
    struct Config
    {
        int maxFailures = 3; //!< at least 1
        Milliseconds reprobe{1'800'000}; //!< how long it stays open: half an hour
    };
    //! What allows one request. A result is reported with it, so that one of an older generation
    //! (the breaker has changed its state since) is ignored.
    struct Permit
    {
        quint64 generation = 0;
    };

    CircuitBreaker() = default;
    explicit CircuitBreaker(Config config);

    //! Keeps the state. An open breaker's time is counted from its opening with the new reprobe.
    void configure(Config config);
    const Config &config() const { return m_config; }

    //! Nothing where the request must not be sent: open and not due, or half-open with the one
    //! permit given away.
    std::optional<Permit> acquire(Nanoseconds now);
    //! The request was answered: closes a half-open breaker, forgets the failures of a closed one.
    void succeeded(Permit permit);
    //! It was not. True where this opened the breaker.
    bool failed(Permit permit, Nanoseconds now);
    //! Cancelled, or not to be charged: the permit comes back.
    void released(Permit permit);
    //! A failure without a permit (an attempt to connect). True where this opened the breaker.
    bool failed(Nanoseconds now);

    //! A manual probe, a reconnect or a wake: the next request is allowed at once. Does nothing to
    //! a closed breaker.
    void halfOpen();
    //! Closed, and nothing counted: the backend is another one now.
    void reset();

    State state() const { return m_state; }
    //! Failures in a row, as far as they count here.
    int failures() const { return m_failures; }
    //! Of Open: from then on the next request is allowed (Clock::now()).
    std::optional<Nanoseconds> openUntil() const;

private:
    void change(State state);

    Config m_config;
    State m_state = State::Closed;
    int m_failures = 0;
    bool m_permitOut = false; //!< of HalfOpen
    quint64 m_generation = 0;
    Nanoseconds m_openedAt{0};
};

//! "closed", "open", "half-open": as in logs and --json.
QString breakerStateName(CircuitBreaker::State state);

} // namespace pilotlight
