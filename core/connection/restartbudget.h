// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <optional>

namespace pilotlight {

//! How often a server of ours is brought back before we stop and say so: a server that ends as soon
//! as it runs would otherwise be started for ever, and each start costs a core for seconds. A plain
//! value; time is passed in (Clock::now()).
class RestartBudget
{
public:
    //! With the backoff's delays before them (none, then up to 2, 4, 8, 16 s) about half a minute:
    //! a passing trouble (an update that replaces the program, a full memory) has time to pass.
    static constexpr int Restarts = 5;
    //! After so long without an end the whole budget is back. A server that is killed by what its
    //! sessions do (memory, mostly) was up for longer than this; one that cannot run was not.
    static constexpr Milliseconds QuietTime{300'000};

    //! One more restart; false where there is none left. The refused call counts as an end, too.
    bool take(Nanoseconds now)
    {
        if (m_last && now - *m_last >= QuietTime)
            m_left = Restarts;
        m_last = now;
        if (m_left == 0)
            return false;
        --m_left;
        return true;
    }
    //! A person wants it, or the server is another one.
    void refill() { m_left = Restarts; }
    int left() const { return m_left; }

private:
    int m_left = Restarts;
    std::optional<Nanoseconds> m_last;
};

} // namespace pilotlight
