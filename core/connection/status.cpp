// SPDX-License-Identifier: MIT
#include "connection/status.h"

namespace pilotlight {

QString probeTriggerName(ProbeTrigger trigger)
{
    switch (trigger) {
    case ProbeTrigger::Timer:
        return QStringLiteral("timer");
    case ProbeTrigger::Wake:
        return QStringLiteral("wake");
    case ProbeTrigger::Manual:
        return QStringLiteral("manual");
    case ProbeTrigger::Presend:
        return QStringLiteral("presend");
    }
    return {};
}

KeepaliveTarget keepaliveTarget(const ConnectionConfig &config)
{
    KeepaliveTarget target;
    target.kind = config.mode == ConnectionMode::Demo ? KeepaliveTarget::Kind::Demo
        : config.kind == BackendKind::Mcp             ? KeepaliveTarget::Kind::Mcp
                                                      : KeepaliveTarget::Kind::AgentServer;
    target.stateless = config.stateless;
    target.readOnlyTools = config.readOnlyTools;
    return target;
}

QString phaseName(Phase phase)
{
    switch (phase) {
    case Phase::Idle:
        return QStringLiteral("idle");
    case Phase::StartingServer:
        return QStringLiteral("starting-server");
    case Phase::Connecting:
        return QStringLiteral("connecting");
    case Phase::Initializing:
        return QStringLiteral("initializing");
    case Phase::Online:
        return QStringLiteral("online");
    case Phase::Backoff:
        return QStringLiteral("backoff");
    case Phase::Stopping:
        return QStringLiteral("stopping");
    case Phase::Disposed:
        return QStringLiteral("disposed");
    }
    return {};
}

QString keepaliveStateName(KeepaliveState state)
{
    switch (state) {
    case KeepaliveState::Off:
        return QStringLiteral("off");
    case KeepaliveState::Disconnected:
        return QStringLiteral("disconnected");
    case KeepaliveState::Unverified:
        return QStringLiteral("unverified");
    case KeepaliveState::Checking:
        return QStringLiteral("checking");
    case KeepaliveState::Protected:
        return QStringLiteral("protected");
    case KeepaliveState::Degraded:
        return QStringLiteral("degraded");
    case KeepaliveState::Unresponsive:
        return QStringLiteral("unresponsive");
    case KeepaliveState::Paused:
        return QStringLiteral("paused");
    case KeepaliveState::Suspended:
        return QStringLiteral("suspended");
    }
    return {};
}

QString connectionModeName(ConnectionMode mode)
{
    switch (mode) {
    case ConnectionMode::Local:
        return QStringLiteral("local");
    case ConnectionMode::Embedded:
        return QStringLiteral("embedded");
    case ConnectionMode::Attach:
        return QStringLiteral("attach");
    case ConnectionMode::Demo:
        return QStringLiteral("demo");
    }
    return {};
}

} // namespace pilotlight
