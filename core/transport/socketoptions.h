// SPDX-License-Identifier: MIT
#pragma once

#include <QtGlobal>

namespace pilotlight {

// What Qt does not offer of a TCP socket, per platform. All are best effort: a system that refuses
// an option only loses its benefit.

//! TCP keepalive probes after 45 s of silence, for network paths that forget idle connections
//! after 60 to 350 s (load balancers, NATs; keepalive.md 12 asks for at most 50 s).
void enablePathKeepalive(qintptr socket);

//! Acknowledges at once what was just read. The real server leaves Nagle's algorithm on, so a
//! delayed acknowledgement holds back any reply that follows a notification: 44 ms instead of 2
//! (measured). Linux forgets the option, so it must be set again after each read. Elsewhere this
//! does nothing.
void acknowledgeAtOnce(qintptr socket);

} // namespace pilotlight
