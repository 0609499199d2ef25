// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"

#include <algorithm>

namespace pilotlight {

//! A request that makes the server take a session for active (docs/keepalive.md has the measured
//! table of what counts on which version; a ping and reads never do).
enum class TouchStrategy
{
    ResumeSilent, //!< resume once more with the whole configuration, leaving no event
    LogEphemeral, //!< write an ephemeral line into the session's log
};

QString touchStrategyName(TouchStrategy strategy); //!< "resume", "log": as in logs and --json
std::optional<TouchStrategy> touchStrategyFromName(const QString &name);

//! What came of touching or checking one session.
struct TouchResult
{
    ProbeResult probe;
    //! The server has the session no longer (probe.outcome is RpcError then). It was not brought
    //! back.
    bool sessionNotFound = false;

    bool isOk() const { return probe.outcome == ProbeResult::Outcome::Ok; }
};

//! How the connected server treats idle sessions, as far as its version tells.
struct SessionRules
{
    //! How often servers look for idle sessions, from their start on (measured, docs/keepalive.md).
    static constexpr std::chrono::seconds LookEvery{300};

    //! A turn in progress keeps its session. Not on 0.0.420 and 1.0.6 (measured).
    bool protectsBusySessions = true;
    //! Fixed limit that no flag can change; nothing where a flag or setting decides.
    std::optional<Milliseconds> fixedIdleLimit;

    //! The last activity that the server surely counts for a session with a turn at \a now; without
    //! the turn it is \a known. Up to 1.0.69 neither what happens in a turn nor its end counts,
    //! only that a look found it running, so a session may die as soon as its turn has ended.
    Nanoseconds activityInTurn(Nanoseconds known, Nanoseconds now) const
    {
        return protectsBusySessions ? std::max(known, now - Nanoseconds(LookEvery)) : known;
    }
};

//! What an unload would end, since it lives only in the server's memory.
struct SessionWork
{
    bool turn = false; //!< one runs, or waits for the user
    bool queue = false; //!< prompts or steering wait in the server
    bool tasks = false; //!< shells or sub-agents in the background
    bool requests = false; //!< a permission or a question is open
    bool schedule = false; //!< prompts that the server will send by itself
    bool toolServers = false; //!< connected MCP servers, which may have a state of their own
    bool known = true; //!< false: this server cannot tell (before 1.0.6x)

    bool nothingToLose() const
    {
        return known && !turn && !queue && !tasks && !requests && !schedule && !toolServers;
    }
    //! "turn,tasks" for logs; "unknown" among them where the server cannot tell.
    QString toString() const;
};

//! What a server says of a session when it is asked whether it works on it.
struct SessionActivity
{
    bool turnKnown = true; //!< false: this server cannot tell (before 1.0.6x)
    bool turn = false; //!< a turn runs, waits for the user, or waits behind one that does
    bool tasksKnown = true;
    bool tasks = false; //!< shells or sub-agents run on in the background
};

//! True where \a version ("1.0.102", also with a suffix) is \a least or a later one. A version that
//! cannot be read is none: false.
bool versionAllows(const QString &version, const QString &least);

} // namespace pilotlight
