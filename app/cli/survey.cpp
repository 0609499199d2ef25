// SPDX-License-Identifier: MIT
#include "app/cli/survey.h"

#include "session/explanation.h"
#include "session/turnwatch.h"

#include <memory>

namespace pilotlight {

namespace {

struct Survey
{
    QMap<QString, QString> words;
    qsizetype open = 0;
    std::function<void(const QMap<QString, QString> &)> finished;

    void say(const QString &id, const QString &word)
    {
        words.insert(id, word);
        if (--open == 0)
            finished(words);
    }
};

QString wordOf(const Result<SessionActivity> &activity)
{
    using Doing = Explanation::Activity;
    if (!activity)
        return activity.error().code == ErrorCode::SessionNotFound ? QStringLiteral("unloaded")
                                                                   : QStringLiteral("unknown");
    if (activity->turn || activity->tasks)
        return activityName(Doing::Working);
    return activity->turnKnown ? activityName(Doing::Idle) : QStringLiteral("unknown");
}

} // namespace

void surveyActivity(AgentBackend &backend, const QList<SessionSummary> &sessions, QObject *context,
                    std::function<void(const QMap<QString, QString> &)> finished)
{
    const auto survey = std::make_shared<Survey>();
    survey->finished = std::move(finished);
    survey->open = sessions.size();
    if (sessions.isEmpty())
        survey->finished({});
    for (const SessionSummary &session : sessions) {
        const QString id = session.id;
        const auto answered = [&backend, survey, id,
                               context](const Result<SessionActivity> &activity) {
            const QString word = wordOf(activity);
            if (word != activityName(Explanation::Activity::Working)) {
                survey->say(id, word);
                return;
            }
            backend.pendingRequests(
                id, context,
                [survey, id, word](const Result<QList<PermissionRequested>> &requests) {
                    const bool waiting = requests && !requests->isEmpty();
                    survey->say(id, waiting ? activityName(Explanation::Activity::Waiting) : word);
                });
        };
        backend.sessionActivity(id, TurnWatch::AnswerDeadline, context, answered);
    }
}

} // namespace pilotlight
