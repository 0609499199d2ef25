// SPDX-License-Identifier: MIT
#include "agent/touch.h"

#include <QVersionNumber>

namespace pilotlight {

QString touchStrategyName(TouchStrategy strategy)
{
    return strategy == TouchStrategy::ResumeSilent ? QStringLiteral("resume")
                                                   : QStringLiteral("log");
}

std::optional<TouchStrategy> touchStrategyFromName(const QString &name)
{
    for (const TouchStrategy strategy :
         {TouchStrategy::ResumeSilent, TouchStrategy::LogEphemeral}) {
        if (touchStrategyName(strategy) == name)
            return strategy;
    }
    return std::nullopt;
}

QString SessionWork::toString() const
{
    QStringList words;
    const auto add = [&](bool there, const char *word) {
        if (there)
            words.append(QString::fromLatin1(word));
    };
    add(turn, "turn");
    add(queue, "queue");
    add(tasks, "tasks");
    add(requests, "requests");
    add(schedule, "schedule");
    add(toolServers, "tool-servers");
    add(!known, "unknown");
    return words.isEmpty() ? QStringLiteral("none") : words.join(QLatin1Char(','));
}

bool versionAllows(const QString &version, const QString &least)
{
    const QVersionNumber have = QVersionNumber::fromString(version);
    return !have.isNull() && have >= QVersionNumber::fromString(least);
}

} // namespace pilotlight
