// SPDX-License-Identifier: MIT
#pragma once

#include <QLoggingCategory>

namespace pilotlight {

// One category per tag of the diagnostic log: "pilotlight.keepalive" is shown as [KEEPALIVE].
// Code logs with qCDebug/qCInfo/qCWarning/qCCritical(lcX).noquote(); core/diag collects.
Q_DECLARE_LOGGING_CATEGORY(lcConnection)
Q_DECLARE_LOGGING_CATEGORY(lcServer)
Q_DECLARE_LOGGING_CATEGORY(lcKeepalive)
Q_DECLARE_LOGGING_CATEGORY(lcSession)
Q_DECLARE_LOGGING_CATEGORY(lcRpc)
Q_DECLARE_LOGGING_CATEGORY(lcAgent)
Q_DECLARE_LOGGING_CATEGORY(lcStore)
Q_DECLARE_LOGGING_CATEGORY(lcMetrics)
Q_DECLARE_LOGGING_CATEGORY(lcUi)

} // namespace pilotlight
