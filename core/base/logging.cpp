// SPDX-License-Identifier: MIT
#include "base/logging.h"

namespace pilotlight {

// Debug is on: the file keeps everything, the viewer filters.
Q_LOGGING_CATEGORY(lcConnection, "pilotlight.connection", QtDebugMsg)
Q_LOGGING_CATEGORY(lcServer, "pilotlight.server", QtDebugMsg)
Q_LOGGING_CATEGORY(lcKeepalive, "pilotlight.keepalive", QtDebugMsg)
Q_LOGGING_CATEGORY(lcSession, "pilotlight.session", QtDebugMsg)
Q_LOGGING_CATEGORY(lcRpc, "pilotlight.rpc", QtDebugMsg)
Q_LOGGING_CATEGORY(lcAgent, "pilotlight.agent", QtDebugMsg)
Q_LOGGING_CATEGORY(lcStore, "pilotlight.store", QtDebugMsg)
Q_LOGGING_CATEGORY(lcMetrics, "pilotlight.metrics", QtDebugMsg)
Q_LOGGING_CATEGORY(lcUi, "pilotlight.ui", QtDebugMsg)

} // namespace pilotlight
