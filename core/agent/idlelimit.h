// SPDX-License-Identifier: MIT
#pragma once

#include "agent/touch.h"

namespace pilotlight {

//! After how long without activity a server drops a session ("T" of docs/keepalive.md), and how we
//! know.
struct IdleLimit
{
    enum class Origin
    {
        Assumed, //!< nobody told; the fixed limit of old servers is the shortest one known
        Version, //!< fixed in this version of the server
        OwnFlag, //!< we started the server
        CommandLine, //!< read from a local server's command line
        Learned, //!< a session died that should not have
        User, //!< set by the user
    };
    std::optional<Milliseconds> after; //!< nothing: sessions never expire
    Origin origin = Origin::Assumed;

    bool neverExpires() const { return !after; }
    bool operator==(const IdleLimit &) const = default;

    static IdleLimit never(Origin origin) { return {std::nullopt, origin}; }
};

//! "assumed", "version", "own-flag", "command-line", "learned", "user": as in logs and --json.
QString idleLimitOriginName(IdleLimit::Origin origin);

//! 30 min: fixed in 0.0.420 and 1.0.6 (measured), and what is assumed where nobody told.
inline constexpr Milliseconds AssumedIdleLimit{1'800'000};
//! What was learned is never believed to be shorter: a session that ends sooner did not end for
//! idleness.
inline constexpr Milliseconds ShortestLearnedLimit{10'000};

//! What the command line of a server (program first) says about its idle limit. Nothing where it is
//! no headless agent server's: another program that forwards a port, say. Without the flag servers
//! never expire sessions, except for those whose limit is fixed by their version.
std::optional<IdleLimit> idleLimitOfCommandLine(const QStringList &commandLine,
                                                IdleLimit::Origin origin);

//! What is known about the limit of one server, by where it comes from.
struct IdleLimitSources
{
    std::optional<IdleLimit> user; //!< wins over everything
    std::optional<IdleLimit> known; //!< our own flag, or a local server's command line
    std::optional<Milliseconds> learned; //!< a death was seen after so long; only ever shortens
    SessionRules rules;
};
IdleLimit effectiveIdleLimit(const IdleLimitSources &sources);

//! When sessions are touched.
struct TouchTiming
{
    Milliseconds interval{0}; //!< between two touches of one session
    Milliseconds timeout{0}; //!< of one touch
    double jitter = 0; //!< of the interval, to both sides
};
//! The longest interval that survives one lost touch: 2 * interval * (1 + jitter) + timeout <= T
//! (keepalive.md 10). T = 1800 s: 813 s; T = 300 s: 131 s. A short T shortens the timeout, too, to
//! half the interval. Nothing where sessions never expire.
std::optional<TouchTiming> touchTiming(const IdleLimit &limit, Milliseconds timeout, double jitter);

} // namespace pilotlight
