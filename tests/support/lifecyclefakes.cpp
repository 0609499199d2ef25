// SPDX-License-Identifier: MIT
#include "support/lifecyclefakes.h"

#include "connection/keepaliveloop.h"

namespace pilotlight {

int LifecycleRig::liveLoops()
{
    return KeepaliveLoop::liveLoops();
}

} // namespace pilotlight
