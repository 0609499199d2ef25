// SPDX-License-Identifier: MIT
#pragma once

#include "session/explanation.h"
#include "session/sessionmanager.h"
#include "session/touchscheduler.h"
#include "session/turnwatch.h"

namespace pilotlight {

//! What lives exactly while a backend is online.
struct SessionManager::Online
{
    AgentBackend &backend;
    std::unique_ptr<TouchScheduler> touches;
    TimerHandle parking;
    int parkQuestions = 0; //!< under way
    std::unique_ptr<TurnWatch> watch;
};

//! One backend, connected or not.
struct SessionManager::Server
{
    QString id;
    SessionKeeping keeping;
    std::optional<IdleLimit> known;
    std::optional<Milliseconds> learned;
    SessionRules rules; //!< of the latest connection
    QList<TouchStrategy> refuted;
    IdleLimit limit; //!< in force
    quint64 generation = 0;
    LinkFacts link;
    std::optional<bool> signedIn; //!< as far as known
    Nanoseconds heard{}; //!< the latest byte from it
    std::unique_ptr<Online> online;
};

inline bool isOpen(Session::State state)
{
    return state == Session::State::Attached;
}

//! True for what the user or the agent did. The server's bookkeeping (a resume, a title, a switch
//! of the model) does not make a session young: attaching sixty of them would mix up their order.
bool isActivity(const EventData &data);

//! Where a prompt is on its way, for the log; never its words.
void tracePrompt(const Session &session, const QString &promptId, const char *what,
                 const QString &messageId = {});

} // namespace pilotlight
