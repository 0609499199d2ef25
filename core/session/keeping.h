// SPDX-License-Identifier: MIT
#pragma once

#include "agent/idlelimit.h"
#include "base/clock.h"

#include <QDateTime>
#include <QMetaType>

namespace pilotlight {

//! keepalive.md 2: `session_touch`.
enum class TouchMode
{
    Auto, //!< where the server's sessions expire
    On, //!< also where we believe that they do not
    Off, //!< never, not even to confirm a session before a prompt
};
QString touchModeName(TouchMode mode); //!< "auto": as in settings
std::optional<TouchMode> touchModeFromName(const QString &name);

//! How the sessions of one backend are kept: what the user set, else the defaults of keepalive.md.
struct SessionKeeping
{
    TouchMode touch = TouchMode::Auto;
    std::optional<IdleLimit> idleLimit; //!< the user's word; wins over whatever is known
    Milliseconds timeout{10'000}; //!< of one touch
    double jitter = 0.10; //!< of the interval between touches, to both sides
    //! A session with nothing to lose is unloaded after so long without activity; nothing: never.
    std::optional<Milliseconds> parkAfter = Milliseconds(1'800'000);
    //! Also where the session has tool servers (MCP) connected, which may have a state.
    bool parkWithToolServers = false;

    //! Attach without an event in the history: for programs that only hold sessions for others.
    bool silentAttach = false;

    bool operator==(const SessionKeeping &) const = default;
};

//! Per session, kept in the session file.
enum class ParkPolicy
{
    Auto,
    AlwaysLoaded,
};

//! Why a session was touched or checked; "timer", "wake", "manual", "presend" in logs.
enum class TouchTrigger
{
    Timer,
    Wake,
    Manual,
    Presend,
};
QString touchTriggerName(TouchTrigger trigger);

//! One touch or check of one session that has ended. Exactly one per attempt.
struct TouchEvent
{
    QString backendId;
    QString sessionId;
    //! Nothing: a mere check, which shows that the session is there but does not keep it.
    std::optional<TouchStrategy> strategy;
    TouchTrigger trigger = TouchTrigger::Timer;
    TouchResult result;
    int failures = 0; //!< of this session, in a row, with this one
    std::optional<QDateTime> next; //!< UTC; when it is touched next
    quint64 generation = 0; //!< of the connection

    QString method() const; //!< "touch:resume", "touch:log", "check"
};

//! What is known about a session being alive (keepalive.md 20). A copy, true at the time of asking.
struct SessionLife
{
    enum class Safety
    {
        Offline, //!< no connection
        Unverified, //!< attached, and the server's limit runs without anything that stops it
        Protected, //!< attached, confirmed, and kept (or the server never expires sessions)
        AtRisk, //!< attached; the last touch failed
        Parked, //!< unloaded on purpose; nothing to lose
        Dead, //!< the server has dropped it, or it could not be brought back
    };
    enum class Evidence
    {
        None,
        Attached, //!< created or resumed
        Event, //!< an event of it arrived
        Touch,
        Check,
        Prompt, //!< the server took a prompt
    };
    Safety safety = Safety::Offline;
    std::optional<QDateTime> lastConfirmed; //!< UTC; an answer or an event arrived
    Evidence evidence = Evidence::None; //!< of lastConfirmed
    IdleLimit limit; //!< of its server
    //! UTC; when the server may drop it if nothing happens. Nothing: never, or not loaded.
    std::optional<QDateTime> expiry;
    std::optional<QDateTime> nextTouch; //!< UTC
    QString method; //!< "touch:resume"; "none" where nothing is or needs to be done
    int failures = 0; //!< touches in a row that were not answered well
    // The survival ledger, since the program started.
    quint64 touches = 0; //!< answered well
    quint64 deaths = 0; //!< silent ones, found by us
    quint64 revivals = 0; //!< resumed after a loss
    quint64 parks = 0;
};
QString safetyName(SessionLife::Safety safety); //!< "protected", "parked", "dead" ...

//! What came of checking all sessions of a backend (after a sleep, say).
struct SessionCheck
{
    int checked = 0;
    int alive = 0;
    int lost = 0; //!< found dead; they are being resumed
    int failed = 0; //!< no good answer
    int parked = 0; //!< not checked: nothing of them can die
};

} // namespace pilotlight

Q_DECLARE_METATYPE(pilotlight::TouchEvent)
