// SPDX-License-Identifier: MIT
#include "agent/types.h"

namespace pilotlight {

QString probeOutcomeName(ProbeResult::Outcome outcome)
{
    switch (outcome) {
    case ProbeResult::Outcome::Ok:
        return QStringLiteral("ok");
    case ProbeResult::Outcome::Timeout:
        return QStringLiteral("timeout");
    case ProbeResult::Outcome::Transport:
        return QStringLiteral("transport");
    case ProbeResult::Outcome::RpcError:
        return QStringLiteral("rpc_error");
    case ProbeResult::Outcome::Unsupported:
        return QStringLiteral("unsupported");
    case ProbeResult::Outcome::Auth:
        return QStringLiteral("auth");
    case ProbeResult::Outcome::Protocol:
        return QStringLiteral("protocol");
    case ProbeResult::Outcome::Cancelled:
        return QStringLiteral("cancelled");
    }
    return {};
}

} // namespace pilotlight
