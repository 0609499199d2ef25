// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"

#include <QJsonObject>

namespace pilotlight::copilot {

// Pure translations between our values and the words of a Copilot CLI. Internal to the adapter.

//! Protocol versions that we speak (0.0.420 speaks 2, the servers since 1.0.6 speak 3).
inline constexpr int OldestProtocol = 2;
inline constexpr int NewestProtocol = 3;

//! Prompts above this are refused here. A million tokens, more than any model takes, are about 4 MB
//! of text; at 64 MB the server grows to 4.7 GB and dies (measured on 1.0.102).
inline constexpr qsizetype MaxPromptBytes = 4 * 1024 * 1024;

//! The params of session.create and session.resume alike: a resume that leaves something out
//! loses it (the provider is not stored by the server, streaming is changed for everybody).
QJsonObject sessionParams(const SessionConfig &config);

//! What an error means. The server has no code of its own for most of its errors, so this is the
//! one place where their text is looked at.
Error meaning(Error error);

//! How a probe that failed with \a error ended.
ProbeResult::Outcome probeOutcome(const Error &error);

//! What a touch writes into a session's log: the event that comes back is known by it, also where
//! another Pilotlight made it, and is hidden.
QString touchMessage();

//! The "result" member of an answer to a permission request.
QJsonObject permissionResult(const PermissionRequested &request, PermissionDecision decision,
                             const QString &feedback);

QJsonObject promptParams(const QString &sessionId, const Prompt &prompt);

//! The events of a log in the order in which they happened, from the first durable one on. 1.0.69
//! gives first the durable ones, then the ephemeral ones, both in their own order.
QList<AgentEvent> inOrder(QList<AgentEvent> log);
QString modeWord(AgentMode mode);
QList<ModelInfo> models(const QJsonObject &result);
QList<SessionSummary> sessions(const QJsonObject &result);

} // namespace pilotlight::copilot
