// SPDX-License-Identifier: MIT
#include "session/keeping.h"

namespace pilotlight {

QString touchModeName(TouchMode mode)
{
    switch (mode) {
    case TouchMode::Auto:
        return QStringLiteral("auto");
    case TouchMode::On:
        return QStringLiteral("on");
    case TouchMode::Off:
        return QStringLiteral("off");
    }
    return {};
}

std::optional<TouchMode> touchModeFromName(const QString &name)
{
    for (const TouchMode mode : {TouchMode::Auto, TouchMode::On, TouchMode::Off}) {
        if (touchModeName(mode) == name)
            return mode;
    }
    return std::nullopt;
}

QString touchTriggerName(TouchTrigger trigger)
{
    switch (trigger) {
    case TouchTrigger::Timer:
        return QStringLiteral("timer");
    case TouchTrigger::Wake:
        return QStringLiteral("wake");
    case TouchTrigger::Manual:
        return QStringLiteral("manual");
    case TouchTrigger::Presend:
        return QStringLiteral("presend");
    }
    return {};
}

QString TouchEvent::method() const
{
    return strategy ? QStringLiteral("touch:") + touchStrategyName(*strategy)
                    : QStringLiteral("check");
}

QString safetyName(SessionLife::Safety safety)
{
    switch (safety) {
    case SessionLife::Safety::Offline:
        return QStringLiteral("offline");
    case SessionLife::Safety::Unverified:
        return QStringLiteral("unverified");
    case SessionLife::Safety::Protected:
        return QStringLiteral("protected");
    case SessionLife::Safety::AtRisk:
        return QStringLiteral("at-risk");
    case SessionLife::Safety::Parked:
        return QStringLiteral("parked");
    case SessionLife::Safety::Dead:
        return QStringLiteral("dead");
    }
    return {};
}

} // namespace pilotlight
