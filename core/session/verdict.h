// SPDX-License-Identifier: MIT
#pragma once

#include "agent/touch.h"
#include "base/clock.h"

#include <QDateTime>
#include <QList>
#include <QString>

#include <optional>

namespace pilotlight {

//! What is done about a session so that the server does not drop it.
enum class KeepMethod
{
    None, //!< nothing: the control of the experiment
    Ping, //!< probes of its connection
    Read, //!< a read of the session
    Resume, //!< TouchStrategy::ResumeSilent
    Log, //!< TouchStrategy::LogEphemeral
};

QString keepMethodName(KeepMethod method); //!< "none", "ping", "read", "resume", "log"
std::optional<KeepMethod> keepMethodFromName(const QString &name);
//! Nothing for what is no touch.
std::optional<TouchStrategy> touchStrategyOf(KeepMethod method);

//! What was seen of one method on one server version.
struct MethodVerdict
{
    enum class Answer
    {
        Unknown,
        KeepsAlive, //!< its session was there when the untouched one was gone
        DoesNot, //!< its session died although the method's requests were answered
    };
    KeepMethod method = KeepMethod::None;
    Answer answer = Answer::Unknown;
    //! Of Unknown: "not-expired" (the untouched session did not die in time), "unsupported",
    //! "unanswered" (no request of the method was), "create-failed", "watching" (so far), "ended"
    //! (before the end).
    QString code;
    int requests = 0; //!< of the method that were answered
    Milliseconds alive{0}; //!< since its making; last seen alive
    std::optional<Milliseconds> died; //!< since its making; first seen dead
};

QString answerName(MethodVerdict::Answer answer); //!< "unknown", "keeps-alive", "does-not"
std::optional<MethodVerdict::Answer> answerFromName(const QString &name);

//! What a proof found out about a server version. No text for people, nothing of any session.
struct ServerVerdict
{
    QString version; //!< as the server reports it
    QDateTime when; //!< UTC
    Milliseconds took{0};
    Milliseconds interval{0}; //!< between two requests of a method
    QList<MethodVerdict> methods;

    const MethodVerdict *find(KeepMethod method) const;
    //! The server's idle limit is at most this: the untouched session was first seen dead after it.
    std::optional<Milliseconds> idleLimit() const;
    //! Touches that were seen to keep nothing alive.
    QList<TouchStrategy> refuted() const;
    //! Some method has an answer.
    bool isDecided() const;
};

} // namespace pilotlight

Q_DECLARE_METATYPE(pilotlight::ServerVerdict)
