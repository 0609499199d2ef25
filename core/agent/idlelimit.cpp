// SPDX-License-Identifier: MIT
#include "agent/idlelimit.h"

#include <algorithm>

namespace pilotlight {

namespace {

// Timers between 1 s and 60 s are coarse: up to 5 % late.
constexpr double CoarseTimer = 0.05;
constexpr Milliseconds CoarseBelow{60'000};
// A limit below a few seconds cannot be kept over any network.
constexpr Milliseconds ShortestInterval{500};

std::optional<Milliseconds> seconds(const QString &text)
{
    bool ok = false;
    const double value = text.toDouble(&ok);
    if (!ok || !(value >= 0) || value > 1e9)
        return std::nullopt;
    return Milliseconds(static_cast<qint64>(value * 1000));
}

} // namespace

QString idleLimitOriginName(IdleLimit::Origin origin)
{
    switch (origin) {
    case IdleLimit::Origin::Assumed:
        return QStringLiteral("assumed");
    case IdleLimit::Origin::Version:
        return QStringLiteral("version");
    case IdleLimit::Origin::OwnFlag:
        return QStringLiteral("own-flag");
    case IdleLimit::Origin::CommandLine:
        return QStringLiteral("command-line");
    case IdleLimit::Origin::Learned:
        return QStringLiteral("learned");
    case IdleLimit::Origin::User:
        return QStringLiteral("user");
    }
    return {};
}

std::optional<IdleLimit> idleLimitOfCommandLine(const QStringList &commandLine,
                                                IdleLimit::Origin origin)
{
    const QString flag = QStringLiteral("--session-idle-timeout");
    const bool server = commandLine.contains(QStringLiteral("--headless"))
        || commandLine.contains(QStringLiteral("--stdio"));
    std::optional<Milliseconds> limit;
    for (qsizetype i = 0; i < commandLine.size(); ++i) {
        const QString &word = commandLine.at(i);
        if (word == flag && i + 1 < commandLine.size())
            limit = seconds(commandLine.at(i + 1));
        else if (word.startsWith(flag + QLatin1Char('=')))
            limit = seconds(word.mid(flag.size() + 1));
        else
            continue;
        if (!limit)
            return std::nullopt; // an unreadable value: the server's own guess is not ours
    }
    if (!server && !limit)
        return std::nullopt;
    if (limit && *limit > Milliseconds(0))
        return IdleLimit{limit, origin};
    return IdleLimit::never(origin); // the servers' default, and what 0 means
}

IdleLimit effectiveIdleLimit(const IdleLimitSources &sources)
{
    if (sources.user)
        return *sources.user;
    IdleLimit limit{AssumedIdleLimit, IdleLimit::Origin::Assumed};
    if (sources.rules.fixedIdleLimit)
        limit = {sources.rules.fixedIdleLimit, IdleLimit::Origin::Version};
    else if (sources.known)
        limit = *sources.known;
    if (sources.learned) {
        const Milliseconds learned = std::max(*sources.learned, ShortestLearnedLimit);
        if (!limit.after || learned < *limit.after)
            limit = {learned, IdleLimit::Origin::Learned};
    }
    return limit;
}

std::optional<TouchTiming> touchTiming(const IdleLimit &limit, Milliseconds timeout, double jitter)
{
    if (limit.neverExpires())
        return std::nullopt;
    const double j = std::clamp(jitter, 0.0, 0.5); // keepalive.md 3
    const double total = static_cast<double>(limit.after->count());
    double wait = static_cast<double>(timeout.count());
    double interval = (total - wait) / (2 * (1 + j));
    if (wait > interval / 2) {
        interval = total / (2 * (1 + j) + 0.5);
        wait = interval / 2;
    }
    if (interval < static_cast<double>(CoarseBelow.count()))
        interval /= 1 + CoarseTimer;
    TouchTiming timing;
    timing.interval = std::max(Milliseconds(static_cast<qint64>(interval)), ShortestInterval);
    timing.timeout = std::max(Milliseconds(static_cast<qint64>(wait)), Milliseconds(100));
    timing.jitter = j;
    return timing;
}

} // namespace pilotlight
