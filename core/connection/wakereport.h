// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

namespace pilotlight {

//! What a health check after a sleep found: "asleep 7 h 12 min: 48 checked, 46 alive, 2 resumed".
//! checked = alive + resumed + lost; parked sessions cannot die and are not checked.
struct WakeReport
{
    Milliseconds asleep{0};
    int checked = 0; //!< sessions
    int alive = 0;
    int resumed = 0; //!< the server had dropped them; they are back
    int lost = 0; //!< could not be brought back, or gave no answer in time
    int parked = 0;
    int backends = 0; //!< servers that were asked
    int backendsAway = 0; //!< of them, those that did not come back in time

    bool operator==(const WakeReport &) const = default;
};

} // namespace pilotlight
