// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QByteArray>
#include <QtGlobal>

#include <random>

namespace pilotlight {

//! Chance as a constructor argument, so that tests can fix it.
class Random
{
public:
    Random() = default;
    virtual ~Random() = default;
    Random(const Random &) = delete;
    Random &operator=(const Random &) = delete;

    //! 64 uniformly distributed bits.
    virtual quint64 next() = 0;

    //! Uniform in [0, 1).
    double unit();
    //! Uniform in [low, high]; \a low where high <= low.
    Milliseconds between(Milliseconds low, Milliseconds high);
    //! \a count random bytes as lower-case hex (2 * count characters).
    QByteArray hex(int count);
};

//! Cryptographically secure: tokens are made with it.
class SystemRandom final : public Random
{
public:
    quint64 next() override;
};

//! Reproducible; for tests, simulations and fault scripts only.
class SeededRandom final : public Random
{
public:
    explicit SeededRandom(quint64 seed)
        : m_engine(seed)
    { }
    quint64 next() override { return m_engine(); }

private:
    std::mt19937_64 m_engine;
};

} // namespace pilotlight
