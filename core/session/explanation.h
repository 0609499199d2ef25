// SPDX-License-Identifier: MIT
#pragma once

#include "session/session.h"
#include "session/turnwatch.h"

namespace pilotlight {

//! What is known of the connection that a session needs. The layer above tells it
//! (SessionManager::setLink).
struct LinkFacts
{
    enum class State
    {
        Down, //!< and nothing is being done about it
        Connecting,
        Waiting, //!< for the next attempt
        Online
    };
    State state = State::Down;
    std::optional<QDateTime> retryAt; //!< UTC; of Waiting
    bool restartable = false; //!< the server is ours to restart
    bool signedIn = true; //!< false: the agent says that it is not

    bool operator==(const LinkFacts &) const = default;
};

//! Why a session is not answering right now, or what it does: one cause, the evidence for it, and
//! the one action that helps. No words: the window and the command line have them.
struct Explanation
{
    enum class Cause
    {
        Idle, //!< nothing to explain
        // It works.
        Sending, //!< a prompt is on its way to the server
        Accepted, //!< the server has it and has not begun
        ModelRequest,
        Reasoning,
        Answering,
        Tool, //!< subject: its name
        Subagent, //!< subject: its name
        Retrying, //!< the model; attempt of attempts
        Background, //!< shells or sub-agents; the model has answered
        // It waits for the user.
        Permission,
        Question,
        Plan,
        // Something is wrong.
        ServerSilent, //!< asked, and no answer
        NotSignedIn,
        KeyRefused, //!< the user's own provider refuses the key
        RateLimit,
        Quota,
        TurnFailed, //!< subject: the server's own words
        // There is no live session.
        Connecting,
        ConnectionLost, //!< the next attempt comes in retryIn
        Disconnected,
        Attaching,
        BeingResumed,
        CannotOpen,
        Parked
    };
    enum class Action
    {
        None,
        Stop,
        Answer,
        SignIn,
        Reconnect, //!< now
        RestartServer,
        OpenLog,
        TryAgain //!< to open the session
    };
    //! What the list shows and filters by.
    enum class Activity
    {
        Idle,
        Working,
        Waiting,
        Stuck, //!< the server does not answer, or the session cannot be opened
        Offline
    };

    Cause cause = Cause::Idle;
    Activity activity = Activity::Idle;
    Action action = Action::None;
    QString subject;
    int attempt = 0; //!< of Retrying
    int attempts = 0; //!< of Retrying; 0: not known
    std::optional<Milliseconds> running; //!< for so long already
    std::optional<Milliseconds> retryIn; //!< of ConnectionLost
    // The evidence, each counted back from now.
    std::optional<Milliseconds> lastEvent;
    std::optional<Milliseconds> asked;
    std::optional<Milliseconds> answeredAfter; //!< of asked; nothing: it was not answered
};

//! "model-request", "server-silent": as in logs and --json.
QString causeName(Explanation::Cause cause);
//! "working", "waiting", "stuck", "idle", "offline": as in logs and --json.
QString activityName(Explanation::Activity activity);

//! What explain() goes by.
struct ExplanationFacts
{
    Session::State state = Session::State::Offline;
    TurnStep step;
    bool sending = false;
    bool accepted = false; //!< a prompt was, and no turn with it has been seen
    bool signInAwaited = false; //!< prompts are queued until somebody signs in
    bool ownProvider = false; //!< the session's model is the user's own
    std::optional<NoticeItem> failure; //!< the last thing that happened, where that was an error
    TurnWatch::Evidence evidence;
    LinkFacts link;
    QDateTime wallNow; //!< UTC
    Nanoseconds bootNow{0};
};

//! Pure.
Explanation explain(const ExplanationFacts &facts);

} // namespace pilotlight
