// SPDX-License-Identifier: MIT
#pragma once

#include "base/random.h"

#include <algorithm>

namespace pilotlight {

//! Exponential backoff with full jitter: the n-th delay is drawn anew from [1 s, min(60 s, 2^n s)],
//! so that many clients of one server do not come back in step. The lower bound keeps a server that
//! refuses at once from being asked in a loop.
class Backoff
{
public:
    static constexpr Milliseconds Floor{1'000};
    static constexpr Milliseconds Ceiling{60'000};

    //! The delay before the next attempt; each call counts one failed attempt.
    Milliseconds next(Random &random)
    {
        m_attempts = std::min(m_attempts + 1, 1'000'000);
        return random.between(Floor, bound(m_attempts));
    }
    //! The most that the delay after \a attempts failures can be.
    static Milliseconds bound(int attempts)
    {
        return std::min<Milliseconds>(Ceiling, Floor * (1LL << std::clamp(attempts, 0, 16)));
    }
    //! Failed attempts since the last reset.
    int attempts() const { return m_attempts; }
    //! The connection has proved stable. Not to be called for a mere success: a server that accepts
    //! and drops at once would never be left alone.
    void reset() { m_attempts = 0; }

private:
    int m_attempts = 0;
};

} // namespace pilotlight
