// SPDX-License-Identifier: MIT
// status and sessions: what the server has, and what it does with it.
#include "app/cli/ctl.h"

#include "app/cli/survey.h"
#include "session/explanation.h"

namespace pilotlight {

namespace {

double inSeconds(Milliseconds time)
{
    return static_cast<double>(time.count()) / 1000;
}

} // namespace

void Ctl::survey(std::function<void(const Result<QList<SessionSummary>> &list,
                                    const QMap<QString, QString> &activities)>
                     finished)
{
    m_context.sessions().listServerSessions(
        this, [this, finished = std::move(finished)](const Result<QList<SessionSummary>> &list) {
            AgentBackend *const backend = m_context.connection().agentBackend();
            if (!list || !backend) {
                finished(list, {});
                return;
            }
            surveyActivity(*backend, *list, this,
                           [list, finished](const QMap<QString, QString> &activities) {
                               finished(list, activities);
                           });
        });
}

void Ctl::runStatus()
{
    m_context.connection().agentBackend()->authStatus(this, [this](const Result<AuthStatus> &auth) {
        survey([this, auth](const Result<QList<SessionSummary>> &list,
                            const QMap<QString, QString> &activities) {
            Q_UNUSED(list)
            QJsonObject counts;
            for (const QString &activity : activities)
                counts.insert(activity, counts.value(activity).toInt() + 1);
            const ConnectionStatus status = m_context.connection().status();
            const ServerInfo server = status.server.value_or(ServerInfo());
            QJsonObject fields{
                {QStringLiteral("server"), server.name},
                {QStringLiteral("version"), server.version},
                {QStringLiteral("protocol"), server.protocolVersion},
                {QStringLiteral("mode"), connectionModeName(status.mode)},
                {QStringLiteral("target"), status.target},
                {QStringLiteral("keepalive"), keepaliveStateName(status.keepalive.state)},
                {QStringLiteral("method"), status.keepalive.config.methodName()},
                {QStringLiteral("interval"), inSeconds(status.keepalive.config.interval)},
                {QStringLiteral("probeTimeout"), inSeconds(status.keepalive.config.timeout)},
                {QStringLiteral("sessions"), counts}};
            if (auth) {
                fields.insert(QStringLiteral("signedIn"), auth->signedIn);
                fields.insert(QStringLiteral("user"), auth->user);
            }
            m_output.event(QStringLiteral("status"), fields);
            m_output.line(QStringLiteral("%1 %2, protocol %3, %4 (%5)")
                              .arg(server.name, server.version)
                              .arg(server.protocolVersion)
                              .arg(status.target, connectionModeName(status.mode)));
            if (auth)
                m_output.line(auth->signedIn
                                  ? QStringLiteral("signed in as %1").arg(auth->user)
                                  : QStringLiteral("not signed in: %1").arg(auth->message));
            QStringList words;
            for (auto it = counts.constBegin(); it != counts.constEnd(); ++it)
                words << QStringLiteral("%1 %2").arg(it.value().toInt()).arg(it.key());
            if (!words.isEmpty())
                m_output.line(QStringLiteral("sessions: ") + words.join(QStringLiteral(", ")));
            finish(ExitOk);
        });
    });
}

void Ctl::runSessions()
{
    survey([this](const Result<QList<SessionSummary>> &list,
                  const QMap<QString, QString> &activities) {
        if (!list) {
            fail(ExitFailed, list.error().toString());
            return;
        }
        for (const SessionSummary &summary : *list) {
            const QString name = summary.name.isEmpty() ? summary.summary : summary.name;
            const QString activity = activities.value(summary.id);
            const QJsonObject fields{
                {QStringLiteral("session"), summary.id},
                {QStringLiteral("state"), QStringLiteral("listed")},
                {QStringLiteral("activity"), activity},
                {QStringLiteral("name"), name},
                {QStringLiteral("cwd"), summary.workingDirectory},
                {QStringLiteral("modified"), summary.modified.toString(Qt::ISODate)}};
            m_output.event(QStringLiteral("session"), fields);
            m_output.line(QStringLiteral("%1  %2  %3  %4  %5")
                              .arg(summary.id, summary.modified.toString(Qt::ISODate),
                                   activity.leftJustified(8), name, summary.workingDirectory));
        }
        finish(ExitOk);
    });
}

//! What guard says of a session beside its state: what it does, at each change.
void Ctl::sessionActivity(const Session &session)
{
    const Explanation why = m_context.sessions().explanation(session.id());
    const QString words = activityName(why.activity) + QLatin1Char(' ') + causeName(why.cause);
    QString &said = m_activities[session.id()];
    if (said == words)
        return;
    said = words;
    QJsonObject fields{{QStringLiteral("session"), session.id()},
                       {QStringLiteral("activity"), activityName(why.activity)},
                       {QStringLiteral("cause"), causeName(why.cause)}};
    if (!why.subject.isEmpty())
        fields.insert(QStringLiteral("subject"), why.subject);
    m_output.event(QStringLiteral("activity"), fields);
}

} // namespace pilotlight
