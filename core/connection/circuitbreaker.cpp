// SPDX-License-Identifier: MIT
#include "connection/circuitbreaker.h"

#include <algorithm>

namespace pilotlight {

CircuitBreaker::CircuitBreaker(Config config)
{
    configure(config);
}

void CircuitBreaker::configure(Config config)
{
    m_config = config;
    m_config.maxFailures = std::max(1, m_config.maxFailures);
    m_config.reprobe = std::max(Milliseconds(0), m_config.reprobe);
}

std::optional<CircuitBreaker::Permit> CircuitBreaker::acquire(Nanoseconds now)
{
    if (m_state == State::Open && now >= *openUntil())
        change(State::HalfOpen);
    switch (m_state) {
    case State::Closed:
        return Permit{m_generation};
    case State::Open:
        return std::nullopt;
    case State::HalfOpen:
        if (m_permitOut)
            return std::nullopt;
        m_permitOut = true;
        return Permit{m_generation};
    }
    return std::nullopt;
}

void CircuitBreaker::succeeded(Permit permit)
{
    if (permit.generation != m_generation)
        return;
    m_failures = 0;
    if (m_state == State::HalfOpen)
        change(State::Closed);
}

bool CircuitBreaker::failed(Permit permit, Nanoseconds now)
{
    return permit.generation == m_generation && failed(now);
}

void CircuitBreaker::released(Permit permit)
{
    if (permit.generation == m_generation)
        m_permitOut = false;
}

bool CircuitBreaker::failed(Nanoseconds now)
{
    if (m_state == State::Open)
        return false;
    ++m_failures;
    if (m_state == State::Closed && m_failures < m_config.maxFailures)
        return false;
    change(State::Open);
    m_openedAt = now;
    return true;
}

void CircuitBreaker::halfOpen()
{
    // Also out of half-open: whoever asks again does not wait for a permit that went astray.
    if (m_state != State::Closed)
        change(State::HalfOpen);
}

void CircuitBreaker::reset()
{
    change(State::Closed);
    m_failures = 0;
}

std::optional<Nanoseconds> CircuitBreaker::openUntil() const
{
    if (m_state != State::Open)
        return std::nullopt;
    return m_openedAt + std::chrono::duration_cast<Nanoseconds>(m_config.reprobe);
}

void CircuitBreaker::change(State state)
{
    m_state = state;
    m_permitOut = false;
    ++m_generation;
}

QString breakerStateName(CircuitBreaker::State state)
{
    switch (state) {
    case CircuitBreaker::State::Closed:
        return QStringLiteral("closed");
    case CircuitBreaker::State::Open:
        return QStringLiteral("open");
    case CircuitBreaker::State::HalfOpen:
        return QStringLiteral("half-open");
    }
    return {};
}

} // namespace pilotlight
