// SPDX-License-Identifier: MIT
#include "session/explanation.h"

namespace pilotlight {

namespace {

using Cause = Explanation::Cause;
using Action = Explanation::Action;

Milliseconds sinceWall(const QDateTime &time, const QDateTime &now)
{
    return Milliseconds(std::max<qint64>(0, time.msecsTo(now))); // its clock may run ahead of ours
}

std::optional<Milliseconds> sinceBoot(const std::optional<Nanoseconds> &time, Nanoseconds now)
{
    if (!time)
        return std::nullopt;
    return std::chrono::duration_cast<Milliseconds>(now - *time);
}

Cause causeOf(TurnStep::Kind kind)
{
    switch (kind) {
    case TurnStep::Kind::None:
        return Cause::Idle;
    case TurnStep::Kind::Permission:
        return Cause::Permission;
    case TurnStep::Kind::Question:
        return Cause::Question;
    case TurnStep::Kind::Plan:
        return Cause::Plan;
    case TurnStep::Kind::Tool:
        return Cause::Tool;
    case TurnStep::Kind::Subagent:
        return Cause::Subagent;
    case TurnStep::Kind::Retry:
        return Cause::Retrying;
    case TurnStep::Kind::Reasoning:
        return Cause::Reasoning;
    case TurnStep::Kind::Answer:
        return Cause::Answering;
    case TurnStep::Kind::ModelRequest:
        return Cause::ModelRequest;
    case TurnStep::Kind::Background:
        return Cause::Background;
    }
    return Cause::Idle;
}

//! Why the last turn gave no answer. The kinds are the server's, but for "not_signed_in".
Cause failureOf(const NoticeItem &failure, const ExplanationFacts &facts)
{
    const int status = failure.statusCode.value_or(0);
    if (failure.detail == QLatin1String("not_signed_in"))
        return Cause::NotSignedIn;
    if (failure.detail == QLatin1String("authentication") || status == 401 || status == 403)
        return facts.ownProvider ? Cause::KeyRefused : Cause::NotSignedIn;
    if (failure.detail == QLatin1String("quota") || status == 402)
        return Cause::Quota;
    if (failure.detail == QLatin1String("rate_limit") || status == 429)
        return Cause::RateLimit;
    if (!facts.link.signedIn && !facts.ownProvider)
        return Cause::NotSignedIn;
    return Cause::TurnFailed;
}

Explanation withoutServer(const ExplanationFacts &facts)
{
    Explanation result;
    result.activity = Explanation::Activity::Offline;
    switch (facts.state) {
    case Session::State::Attached:
        break;
    case Session::State::Attaching:
        result.cause = Cause::Attaching;
        break;
    case Session::State::Lost:
        result.cause = Cause::BeingResumed;
        break;
    case Session::State::Parked:
        result.cause = Cause::Parked;
        result.activity = Explanation::Activity::Idle;
        break;
    case Session::State::Failed:
        result.cause = Cause::CannotOpen;
        result.activity = Explanation::Activity::Stuck;
        result.action = Action::TryAgain;
        break;
    case Session::State::Offline:
        switch (facts.link.state) {
        case LinkFacts::State::Online: // it will be attached in a moment
        case LinkFacts::State::Connecting:
            result.cause = Cause::Connecting;
            break;
        case LinkFacts::State::Waiting:
            result.cause = Cause::ConnectionLost;
            result.action = Action::Reconnect;
            if (facts.link.retryAt)
                result.retryIn = sinceWall(facts.wallNow, *facts.link.retryAt);
            break;
        case LinkFacts::State::Down:
            result.cause = Cause::Disconnected;
            result.action = Action::Reconnect;
            break;
        }
        break;
    }
    return result;
}

} // namespace

Explanation explain(const ExplanationFacts &facts)
{
    if (facts.state != Session::State::Attached)
        return withoutServer(facts);
    using Kind = TurnStep::Kind;
    Explanation result;
    const TurnStep &step = facts.step;
    result.lastEvent = sinceBoot(facts.evidence.lastEvent, facts.bootNow);
    result.asked = sinceBoot(facts.evidence.asked, facts.bootNow);
    result.answeredAfter = facts.evidence.answeredAfter;
    // What has been heard since says more than that there was no answer.
    if (facts.evidence.unanswered == 0 && !result.answeredAfter)
        result.asked.reset();
    result.cause = causeOf(step.kind);
    if (step.kind != Kind::None) {
        result.subject = step.subject;
        result.attempt = step.attempt;
        result.attempts = step.attempts;
        if (step.since.isValid())
            result.running = sinceWall(step.since, facts.wallNow);
    } else if (facts.sending) {
        result.cause = Cause::Sending;
    } else if (facts.accepted && !facts.failure) {
        result.cause = Cause::Accepted;
    }
    if (step.kind == Kind::Permission || step.kind == Kind::Question || step.kind == Kind::Plan) {
        result.activity = Explanation::Activity::Waiting;
        result.action = Action::Answer;
        return result;
    }
    if (result.cause != Cause::Idle) {
        result.activity = Explanation::Activity::Working;
        result.action = result.cause == Cause::Sending ? Action::None : Action::Stop;
        if (facts.evidence.unanswered > 0) {
            result.cause = Cause::ServerSilent;
            result.activity = Explanation::Activity::Stuck;
            result.action = facts.link.restartable ? Action::RestartServer : Action::Reconnect;
            result.running = result.lastEvent;
        }
        return result;
    }
    if (facts.signInAwaited) {
        result.cause = Cause::NotSignedIn;
        result.action = Action::SignIn;
    } else if (facts.failure) {
        result.cause = failureOf(*facts.failure, facts);
        if (result.cause == Cause::TurnFailed)
            result.subject = facts.failure->text;
        result.action = result.cause == Cause::NotSignedIn ? Action::SignIn
            : result.cause == Cause::TurnFailed            ? Action::OpenLog
                                                           : Action::None;
    }
    return result;
}

QString causeName(Explanation::Cause cause)
{
    switch (cause) {
    case Cause::Idle:
        return QStringLiteral("idle");
    case Cause::Sending:
        return QStringLiteral("sending");
    case Cause::Accepted:
        return QStringLiteral("accepted");
    case Cause::ModelRequest:
        return QStringLiteral("model-request");
    case Cause::Reasoning:
        return QStringLiteral("reasoning");
    case Cause::Answering:
        return QStringLiteral("answering");
    case Cause::Tool:
        return QStringLiteral("tool");
    case Cause::Subagent:
        return QStringLiteral("sub-agent");
    case Cause::Retrying:
        return QStringLiteral("retrying");
    case Cause::Background:
        return QStringLiteral("background");
    case Cause::Permission:
        return QStringLiteral("permission");
    case Cause::Question:
        return QStringLiteral("question");
    case Cause::Plan:
        return QStringLiteral("plan");
    case Cause::ServerSilent:
        return QStringLiteral("server-silent");
    case Cause::NotSignedIn:
        return QStringLiteral("not-signed-in");
    case Cause::KeyRefused:
        return QStringLiteral("key-refused");
    case Cause::RateLimit:
        return QStringLiteral("rate-limit");
    case Cause::Quota:
        return QStringLiteral("quota");
    case Cause::TurnFailed:
        return QStringLiteral("turn-failed");
    case Cause::Connecting:
        return QStringLiteral("connecting");
    case Cause::ConnectionLost:
        return QStringLiteral("connection-lost");
    case Cause::Disconnected:
        return QStringLiteral("disconnected");
    case Cause::Attaching:
        return QStringLiteral("attaching");
    case Cause::BeingResumed:
        return QStringLiteral("being-resumed");
    case Cause::CannotOpen:
        return QStringLiteral("cannot-open");
    case Cause::Parked:
        return QStringLiteral("parked");
    }
    return {};
}

QString activityName(Explanation::Activity activity)
{
    switch (activity) {
    case Explanation::Activity::Idle:
        return QStringLiteral("idle");
    case Explanation::Activity::Working:
        return QStringLiteral("working");
    case Explanation::Activity::Waiting:
        return QStringLiteral("waiting");
    case Explanation::Activity::Stuck:
        return QStringLiteral("stuck");
    case Explanation::Activity::Offline:
        return QStringLiteral("offline");
    }
    return {};
}

} // namespace pilotlight
