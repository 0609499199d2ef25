// SPDX-License-Identifier: MIT
#pragma once

#include "base/paths.h"
#include "connection/connection.h"

namespace pilotlight {

class Clock;
class Random;

//! What connections are really made of: local servers whose record is below \a paths.state, the
//! transports and the backends of every kind. \a clock and \a random must outlive the parts.
ConnectionParts makeConnectionParts(const AppPaths &paths, Clock &clock, Random &random);

} // namespace pilotlight
