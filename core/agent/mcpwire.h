// SPDX-License-Identifier: MIT
#pragma once

#include "agent/mcptypes.h"
#include "agent/types.h"
#include "base/error.h"

#include <QJsonObject>

namespace pilotlight::mcp {

// Pure translations between our values and the words of MCP. Internal to the adapter.

//! What we ask for in initialize, and what we take: servers echo the revisions that they know and
//! answer anything else with their newest.
inline constexpr QLatin1StringView NewestHandshake("2025-11-25");
inline constexpr QLatin1StringView OldestHandshake("2024-10-07");
//! The revision without handshake.
inline constexpr QLatin1StringView Stateless("2026-07-28");

//! A server has refused the revision (-32022, from 2026-07-28 on).
inline constexpr int RpcUnsupportedVersion = -32022;

//! The params of initialize.
QJsonObject initializeParams();
//! \a params with the _meta member that every request of the stateless era carries.
QJsonObject withEnvelope(QJsonObject params);
//! True for an answer to server/discover that names our stateless revision.
bool offersStateless(const QJsonObject &discovered);
//! The server of an answer to initialize or server/discover. Errors: ProtocolViolation,
//! ServerTooOld, ServerTooNew.
Result<ServerInfo> serverOfInitialize(const QJsonObject &result);
ServerInfo serverOfDiscover(const QJsonObject &result);
//! 20251125 for "2025-11-25"; 0 for what is no date.
int revisionNumber(const QString &revision);

Result<McpToolPage> toolPage(const QJsonObject &result);
//! Unsupported where the tool asks for input that we have declared not to give.
Result<McpToolResult> toolResult(const QJsonObject &result);

//! How a probe that failed with \a error ended. ConnectionExpired counts neither way: the server
//! has answered, and the connection begins anew by itself.
ProbeResult::Outcome probeOutcome(const Error &error);

} // namespace pilotlight::mcp
