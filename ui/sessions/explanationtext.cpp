// SPDX-License-Identifier: MIT
#include "ui/sessions/explanationtext.h"

#include "ui/sessions/sessiontext.h"

#include <QCoreApplication>

namespace pilotlight {

namespace {

using Cause = Explanation::Cause;
using Action = Explanation::Action;

struct ExplanationTr
{
    Q_DECLARE_TR_FUNCTIONS(ExplanationText)
};

//! "12 s", "4 min", "4 min 5 s"; whole seconds, since it is said anew each second.
QString span(Milliseconds time)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    return seconds.count() < 10 ? ExplanationTr::tr("%1 s").arg(seconds.count())
                                : durationText(seconds);
}

//! \a words, with the time that it has taken so far where that is worth a word.
QString timed(const QString &words, const Explanation &why)
{
    if (!why.running || *why.running < std::chrono::seconds(1))
        return words;
    return ExplanationTr::tr("%1 %2", "what happens, for how long").arg(words, span(*why.running));
}

QString retryReason(const QString &reason)
{
    if (reason == QLatin1String("rate_limit"))
        return ExplanationTr::tr("rate limit");
    if (reason == QLatin1String("api_error"))
        return ExplanationTr::tr("the provider reports an error");
    if (reason == QLatin1String("streaming_error"))
        return ExplanationTr::tr("the answer broke off");
    if (reason == QLatin1String("transient_auth_error"))
        return ExplanationTr::tr("the provider refuses the key");
    return reason;
}

QString retrying(const Explanation &why)
{
    const QString times = why.attempts > 0
        ? ExplanationTr::tr("Retrying the model (%1 of %2)").arg(why.attempt).arg(why.attempts)
        : ExplanationTr::tr("Retrying the model (%1)").arg(why.attempt);
    const QString reason = retryReason(why.subject);
    return reason.isEmpty() ? times : ExplanationTr::tr("%1: %2").arg(times, reason);
}

QString sentenceOf(const Explanation &why)
{
    switch (why.cause) {
    case Cause::Idle:
        return ExplanationTr::tr("Ready for your next message");
    case Cause::Sending:
        return ExplanationTr::tr("Handing your message to the server");
    case Cause::Accepted:
        return ExplanationTr::tr("The server has your message and has not begun yet");
    case Cause::ModelRequest:
        return timed(ExplanationTr::tr("Model request running"), why);
    case Cause::Reasoning:
        return timed(ExplanationTr::tr("Model thinking"), why);
    case Cause::Answering:
        return timed(ExplanationTr::tr("Answer arriving"), why);
    case Cause::Tool:
        return timed(ExplanationTr::tr("Tool %1 running").arg(why.subject), why);
    case Cause::Subagent:
        return timed(ExplanationTr::tr("Sub-agent %1 working").arg(why.subject), why);
    case Cause::Retrying:
        return retrying(why);
    case Cause::Background:
        return timed(ExplanationTr::tr("Background work running"), why);
    case Cause::Permission:
        return timed(ExplanationTr::tr("Waiting for your permission"), why);
    case Cause::Question:
        return timed(ExplanationTr::tr("Waiting for your answer"), why);
    case Cause::Plan:
        return timed(ExplanationTr::tr("Waiting for your word on the plan"), why);
    case Cause::ServerSilent:
        return ExplanationTr::tr("The server does not answer");
    case Cause::NotSignedIn:
        return ExplanationTr::tr("No answer: the agent is not signed in");
    case Cause::KeyRefused:
        return ExplanationTr::tr("No answer: the model provider refuses this session's key");
    case Cause::RateLimit:
        return ExplanationTr::tr("No answer: rate limit reached, try again later");
    case Cause::Quota:
        return ExplanationTr::tr("No answer: the quota is used up");
    case Cause::TurnFailed:
        return ExplanationTr::tr("No answer: %1").arg(why.subject.simplified());
    case Cause::Connecting:
        return ExplanationTr::tr("Connecting to the server");
    case Cause::ConnectionLost:
        return why.retryIn && *why.retryIn >= std::chrono::seconds(1)
            ? ExplanationTr::tr("Connection lost, retry in %1").arg(span(*why.retryIn))
            : ExplanationTr::tr("Connection lost, retrying now");
    case Cause::Disconnected:
        return ExplanationTr::tr("Not connected to the server");
    case Cause::Attaching:
        return ExplanationTr::tr("Connecting to this session");
    case Cause::BeingResumed:
        return ExplanationTr::tr("The server had dropped this session; it is being brought back");
    case Cause::CannotOpen:
        return ExplanationTr::tr("This session could not be opened");
    case Cause::Parked:
        return ExplanationTr::tr("Parked; it comes back on use");
    }
    return {};
}

QString evidenceOf(const Explanation &why)
{
    QStringList parts;
    if (why.lastEvent)
        parts << (*why.lastEvent < std::chrono::seconds(3)
                      ? ExplanationTr::tr("last event just now")
                      : ExplanationTr::tr("last event %1 ago").arg(span(*why.lastEvent)));
    if (why.asked) {
        parts << (why.answeredAfter
                      ? ExplanationTr::tr("server asked %1 ago, answered in %2")
                            .arg(span(*why.asked), durationText(*why.answeredAfter))
                      : ExplanationTr::tr("server asked %1 ago, no answer").arg(span(*why.asked)));
    }
    QString text = parts.join(QStringLiteral("; "));
    if (!text.isEmpty())
        text[0] = text[0].toUpper();
    return text;
}

QString actionOf(Action action)
{
    switch (action) {
    case Action::None:
        return {};
    case Action::Stop:
        return ExplanationTr::tr("Stop");
    case Action::Answer:
        return ExplanationTr::tr("Answer");
    case Action::SignIn:
        return ExplanationTr::tr("Sign in");
    case Action::Reconnect:
        return ExplanationTr::tr("Reconnect now");
    case Action::RestartServer:
        return ExplanationTr::tr("Restart server");
    case Action::OpenLog:
        return ExplanationTr::tr("Open log");
    case Action::TryAgain:
        return ExplanationTr::tr("Try again");
    }
    return {};
}

QString iconOf(Cause cause)
{
    switch (cause) {
    case Cause::Tool:
        return QStringLiteral("tool");
    case Cause::Subagent:
        return QStringLiteral("agent");
    case Cause::Background:
        return QStringLiteral("terminal");
    case Cause::Reasoning:
        return QStringLiteral("thought");
    case Cause::Answering:
        return QStringLiteral("chat");
    case Cause::Sending:
    case Cause::Accepted:
        return QStringLiteral("send");
    case Cause::Retrying:
    case Cause::Connecting:
    case Cause::Attaching:
    case Cause::BeingResumed:
        return QStringLiteral("refresh");
    case Cause::Permission:
    case Cause::Question:
    case Cause::Plan:
        return QStringLiteral("question");
    case Cause::NotSignedIn:
    case Cause::KeyRefused:
        return QStringLiteral("key");
    case Cause::RateLimit:
    case Cause::Quota:
        return QStringLiteral("clock");
    case Cause::ServerSilent:
        return QStringLiteral("warning");
    case Cause::TurnFailed:
    case Cause::CannotOpen:
        return QStringLiteral("error");
    case Cause::ConnectionLost:
    case Cause::Disconnected:
        return QStringLiteral("offline");
    case Cause::Parked:
        return QStringLiteral("pause");
    case Cause::ModelRequest:
        return QStringLiteral("chip");
    case Cause::Idle:
        break;
    }
    return QStringLiteral("ring");
}

ColorRole colorOf(const Explanation &why)
{
    switch (why.cause) {
    case Cause::TurnFailed:
    case Cause::CannotOpen:
    case Cause::ServerSilent:
        return ColorRole::Error;
    case Cause::Permission:
    case Cause::Question:
    case Cause::Plan:
    case Cause::Retrying:
    case Cause::NotSignedIn:
    case Cause::KeyRefused:
    case Cause::RateLimit:
    case Cause::Quota:
    case Cause::ConnectionLost:
    case Cause::Disconnected:
    case Cause::BeingResumed:
        return ColorRole::Warning;
    default:
        break;
    }
    return why.activity == Explanation::Activity::Working ? ColorRole::Accent : ColorRole::Muted;
}

} // namespace

ExplanationText::ExplanationText(const Explanation &why)
    : sentence(sentenceOf(why))
    , action(actionOf(why.action))
    , icon(iconOf(why.cause))
    , color(colorOf(why))
{
    const bool works = why.activity == Explanation::Activity::Working
        || why.activity == Explanation::Activity::Stuck;
    if (works)
        evidence = evidenceOf(why);
    ticks = works || why.activity == Explanation::Activity::Waiting || why.retryIn.has_value();
}

} // namespace pilotlight
