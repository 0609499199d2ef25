// SPDX-License-Identifier: MIT
// Keeping sessions: touches, checks and what an unload would end.
#include "agent/copilotbackend.h"
#include "agent/copilotwire.h"
#include "agent/idlelimit.h"

#include <QJsonArray>

#include <algorithm>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

SessionRules CopilotBackend::sessionRules() const
{
    // 0.0.420 and 1.0.6 drop every session after 30 min, busy or not; 1.0.40 does neither
    // (measured). Nobody looked at those in between, so they are taken for the worse.
    if (versionAllows(m_info.version, u"1.0.40"_s))
        return {};
    return {false, AssumedIdleLimit};
}

QList<TouchStrategy> CopilotBackend::touchStrategies() const
{
    QList<TouchStrategy> strategies{TouchStrategy::ResumeSilent};
    // Up to 1.0.40 session.log is accepted and keeps nothing alive; from 1.0.69 on it does.
    if (versionAllows(m_info.version, u"1.0.69"_s))
        strategies.append(TouchStrategy::LogEphemeral);
    return strategies;
}

//! One call whose answer only says whether it worked.
void CopilotBackend::touchCall(const QString &sessionId, const QString &method,
                               const QJsonObject &params, Milliseconds timeout, QObject *context,
                               std::function<void(TouchResult)> handler)
{
    const Nanoseconds sent = m_clock.now();
    callSession(sessionId, method, params, context,
                [this, sent, handler = std::move(handler)](const Result<RawJson> &result) {
                    TouchResult touch;
                    touch.probe.roundTrip =
                        std::chrono::duration_cast<std::chrono::microseconds>(m_clock.now() - sent);
                    touch.probe.outcome = ProbeResult::Outcome::Ok;
                    if (!result) {
                        touch.probe.outcome = copilot::probeOutcome(result.error());
                        touch.probe.detail = result.error().toString();
                        touch.sessionNotFound = result.error().code == ErrorCode::SessionNotFound;
                    }
                    handler(touch);
                },
                {timeout});
}

void CopilotBackend::touchSession(const SessionConfig &config, TouchStrategy strategy,
                                  Milliseconds timeout, QObject *context,
                                  std::function<void(TouchResult)> handler)
{
    if (strategy == TouchStrategy::LogEphemeral) {
        touchCall(config.id, u"session.log"_s,
                  {{u"message"_s, copilot::touchMessage()},
                   {u"level"_s, u"info"_s},
                   {u"ephemeral"_s, true}},
                  timeout, context, std::move(handler));
        return;
    }
    // A resume loads a dead session again as if nothing had been. A read (0.1 ms) tells first, so
    // that a death is noticed, its limit learned, and the gap in the conversation filled.
    const Nanoseconds deadline = m_clock.now() + timeout;
    checkSession(
        config.id, timeout, context,
        [this, config, deadline, context = QPointer<QObject>(context),
         handler = std::move(handler)](const TouchResult &check) {
            if (!check.isOk() && check.probe.outcome != ProbeResult::Outcome::Unsupported) {
                handler(check);
                return;
            }
            QJsonObject params = copilot::sessionParams(config);
            params.insert(u"continuePendingWork"_s, true);
            params.insert(u"disableResume"_s, true);
            const auto left = std::chrono::duration_cast<Milliseconds>(deadline - m_clock.now());
            touchCall(config.id, u"session.resume"_s, params, std::max(left, Milliseconds(1)),
                      context, [check, handler](TouchResult touch) {
                          touch.probe.roundTrip += check.probe.roundTrip;
                          handler(touch);
                      });
        });
}

void CopilotBackend::checkSession(const QString &sessionId, Milliseconds timeout, QObject *context,
                                  std::function<void(TouchResult)> handler)
{
    // Every version has it, it answers a dozen bytes, and it keeps nothing alive (measured).
    touchCall(sessionId, u"session.mode.get"_s, {}, timeout, context, std::move(handler));
}

// ---- is it at work? ----

void CopilotBackend::sessionActivity(const QString &sessionId, Milliseconds timeout,
                                     QObject *context, Handler<SessionActivity> handler)
{
    struct Question
    {
        SessionActivity activity;
        std::optional<Error> error;
        int open = 2;
        Handler<SessionActivity> handler;

        void answered(const Result<RawJson> &result)
        {
            if (!result && result.error().code != ErrorCode::MethodNotFound && !error)
                error = result.error();
            if (--open > 0)
                return;
            if (error)
                handler(tl::make_unexpected(*error));
            else
                handler(activity);
        }
    };
    const auto question = std::make_shared<Question>();
    question->handler = std::move(handler);
    // Measured on 1.0.69 and 1.0.102: true from the prompt to assistant.idle, also while a tool, a
    // permission or a question is open; false while only a shell in the background runs. 1.0.40 has
    // it not. Not metadata.activity: on 1.0.69 its "abortable" stays true for good after the first
    // turn, and its "hasActiveWork" counts shells in the background.
    callSession(sessionId, u"session.metadata.isProcessing"_s, {}, context,
                [question](const Result<RawJson> &result) {
                    const QJsonObject answer = result ? result->toObject() : QJsonObject();
                    question->activity.turnKnown = result.has_value();
                    question->activity.turn = answer.value("processing"_L1).toBool();
                    question->answered(result);
                },
                {timeout});
    // A sub-agent that is "idle" has ended its work and may be asked more; nothing runs.
    callSession(sessionId, u"session.tasks.list"_s, {}, context,
                [question](const Result<RawJson> &result) {
                    const QJsonObject answer = result ? result->toObject() : QJsonObject();
                    question->activity.tasksKnown = result.has_value();
                    for (const QJsonValue &task : answer.value("tasks"_L1).toArray())
                        question->activity.tasks = question->activity.tasks
                            || task.toObject().value("status"_L1) == "running"_L1;
                    question->answered(result);
                },
                {timeout});
}

// ---- what is in memory to lose ----

//! Several reads at once; answered when all have been.
struct CopilotBackend::WorkQuestion
{
    SessionWork work;
    std::optional<Error> error;
    int open = 0;
    Handler<SessionWork> handler;
};

void CopilotBackend::sessionWork(const QString &sessionId, QObject *context,
                                 Handler<SessionWork> handler)
{
    using Read = std::function<void(SessionWork &, const QJsonObject &)>;
    const auto some = [](const QJsonObject &object, QLatin1StringView key) {
        return !object.value(key).toArray().isEmpty();
    };
    const std::pair<QString, Read> reads[] = {
        {u"session.metadata.isProcessing"_s,
         [](SessionWork &work, const QJsonObject &answer) {
             work.turn = answer.value("processing"_L1).toBool();
         }},
        {u"session.metadata.activity"_s,
         [](SessionWork &work, const QJsonObject &answer) {
             work.tasks = work.tasks || answer.value("hasActiveWork"_L1).toBool();
         }},
        {u"session.queue.pendingItems"_s,
         [some](SessionWork &work, const QJsonObject &answer) {
             work.queue = some(answer, "items"_L1) || some(answer, "steeringMessages"_L1)
                 || answer.value("inFlightSteeringCount"_L1).toInt() > 0;
         }},
        {u"session.tasks.list"_s,
         [](SessionWork &work, const QJsonObject &answer) {
             // A finished one is history. One that waits ("idle") is not, nor one whose word we do
             // not know.
             for (const QJsonValue &task : answer.value("tasks"_L1).toArray()) {
                 const QString status = task.toObject().value("status"_L1).toString();
                 work.tasks = work.tasks
                     || (status != "completed"_L1 && status != "failed"_L1
                         && status != "cancelled"_L1);
             }
         }},
        {u"session.permissions.pendingRequests"_s,
         [some](SessionWork &work, const QJsonObject &answer) {
             work.requests = some(answer, "items"_L1);
         }},
        {u"session.schedule.list"_s,
         [some](SessionWork &work, const QJsonObject &answer) {
             work.schedule = some(answer, "entries"_L1);
         }},
        {u"session.mcp.list"_s,
         [](SessionWork &work, const QJsonObject &answer) {
             for (const QJsonValue &value : answer.value("servers"_L1).toArray()) {
                 const QJsonObject server = value.toObject();
                 work.toolServers = work.toolServers
                     || (server.value("status"_L1) == "connected"_L1
                         && server.value("source"_L1) != "builtin"_L1);
             }
         }},
    };
    auto question = std::make_shared<WorkQuestion>();
    question->handler = std::move(handler);
    question->open = static_cast<int>(std::size(reads));
    for (const auto &[method, read] : reads) {
        callSession(sessionId, method, {}, context,
                    [question, read = read](const Result<RawJson> &result) {
                        if (result)
                            read(question->work, result->toObject());
                        else if (result.error().code == ErrorCode::MethodNotFound)
                            question->work.known = false;
                        else if (!question->error)
                            question->error = result.error();
                        if (--question->open > 0)
                            return;
                        if (question->error)
                            question->handler(tl::make_unexpected(*question->error));
                        else
                            question->handler(question->work);
                    });
    }
}

} // namespace pilotlight
