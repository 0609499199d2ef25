// SPDX-License-Identifier: MIT
#pragma once

#include "base/paths.h"
#include "connection/connection.h"
#include "session/keeping.h"

namespace pilotlight {

class Clock;
class Random;

//! What connections are really made of: local servers whose record is below \a paths.state, the
//! transports and the backends of every kind. \a clock and \a random must outlive the parts.
ConnectionParts makeConnectionParts(const AppPaths &paths, Clock &clock, Random &random);

//! Our own demo server, beside this program.
QString demoServerPath();

//! How the sessions of a server are kept that is reached by \a mode. \a silentAttach: without a
//! trace in their histories.
SessionKeeping sessionKeeping(const EffectiveKeepalive &settings, ConnectionMode mode,
                              bool silentAttach = false);

//! What can be known of the idle limit of the server that is reached by \a mode (Attach: at \a
//! url).
std::optional<IdleLimit> knownIdleLimit(ConnectionMode mode, const QString &url);

} // namespace pilotlight
