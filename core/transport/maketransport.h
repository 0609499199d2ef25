// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "transport/transport.h"

#include <memory>

namespace pilotlight {

//! The transport for \a url: tcp://host:port (or plain host:port), ws://host[:port][/path],
//! wss://host[:port][/path]. InvalidArgument says what is wrong with the URL; Unsupported where
//! this build has no WebSockets. User information is refused: a token does not belong into a URL.
//! \a clock must outlive the transport.
Result<std::unique_ptr<Transport>> makeTransportForUrl(const QString &url, Clock &clock);

} // namespace pilotlight
