// SPDX-License-Identifier: MIT
#include "app/wiring/supportbundle.h"

#include "app/wiring/appcontext.h"
#include "base/secret.h"
#include "diag/logfile.h"
#include "profile/profilefile.h"
#include "profile/supportredactor.h"
#include "server/serverrecord.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSysInfo>

#include <algorithm>

namespace pilotlight {

namespace {

using namespace Qt::Literals::StringLiterals;

// Enough for hours of a quiet log and the minutes of a loud one; ten times less as ZIP.
constexpr qint64 MostLogBytes = 1024 * 1024;
constexpr qint64 MostOutputBytes = 64 * 1024;

const char About[] = R"(A support bundle of Pilotlight.

versions.json      programs, libraries and servers
settings.json      settings, without secrets
servers.json       the other servers, without secrets
sessions.json      the sessions: ids, models, states, times; no names, prompts or drafts
keepalive.json     what the keepalive knows and measured, and proofs of server versions
files.json         the files that Pilotlight keeps, with sizes
log/               the newest lines of the diagnostic logs and the server's last output

Keys, tokens, passwords, prompts, names of sessions, the home folder and the user's name were replaced,
and so was whatever looked like one of them. Look through it before you send it.
)";

QByteArray tailOf(const QString &path, qint64 most)
{
    QFile file(path);
    if (!file.open(QFile::ReadOnly))
        return {};
    if (file.size() <= most)
        return file.readAll();
    file.seek(file.size() - most);
    file.readLine(); // the rest of one
    return file.readAll();
}

QString timeText(const std::optional<QDateTime> &time)
{
    return time && time->isValid() ? time->toUTC().toString(Qt::ISODateWithMs) : QString();
}

QJsonObject keepaliveJson(const KeepaliveStatus &keepalive)
{
    QJsonArray latencies;
    for (const std::chrono::microseconds latency : keepalive.latencies)
        latencies.append(static_cast<qint64>(latency.count()));
    return {{u"state"_s, keepaliveStateName(keepalive.state)},
            {u"method"_s, keepalive.method},
            {u"intervalMs"_s, static_cast<qint64>(keepalive.interval.count())},
            {u"timeoutMs"_s, static_cast<qint64>(keepalive.config.timeout.count())},
            {u"slowFactor"_s, keepalive.slowFactor},
            {u"lastAnswer"_s, timeText(keepalive.lastAnswer)},
            {u"lastActivity"_s, timeText(keepalive.lastActivity)},
            {u"nextProbe"_s, timeText(keepalive.nextProbe)},
            {u"pausedUntil"_s, timeText(keepalive.pausedUntil)},
            {u"failuresInARow"_s, keepalive.failures},
            {u"breaker"_s, static_cast<int>(keepalive.breaker)},
            {u"attempts"_s, static_cast<qint64>(keepalive.attempts)},
            {u"successes"_s, static_cast<qint64>(keepalive.successes)},
            {u"failed"_s, static_cast<qint64>(keepalive.failed)},
            {u"cancelled"_s, static_cast<qint64>(keepalive.cancelled)},
            {u"skipped"_s, static_cast<qint64>(keepalive.skipped)},
            {u"lastFailure"_s, keepalive.lastFailure},
            {u"latenciesUs"_s, latencies}};
}

QJsonObject lifeJson(const SessionLife &life)
{
    return {{u"safety"_s, safetyName(life.safety)},
            {u"lastConfirmed"_s, timeText(life.lastConfirmed)},
            {u"expiry"_s, timeText(life.expiry)},
            {u"nextTouch"_s, timeText(life.nextTouch)},
            {u"method"_s, life.method},
            {u"failures"_s, life.failures},
            {u"touches"_s, static_cast<qint64>(life.touches)},
            {u"deaths"_s, static_cast<qint64>(life.deaths)},
            {u"revivals"_s, static_cast<qint64>(life.revivals)},
            {u"parks"_s, static_cast<qint64>(life.parks)}};
}

//! An address without a user, a query, a fragment.
QString bare(const QString &text)
{
    QUrl url(text);
    if (!url.isValid() || url.host().isEmpty())
        return text.isEmpty() ? QString() : u"******"_s;
    return url.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery | QUrl::RemoveFragment);
}

} // namespace

QString SupportBundle::fileName(const QDateTime &now)
{
    return u"pilotlight-support-%1.zip"_s.arg(now.toUTC().toString(u"yyyyMMdd-HHmmss"_s));
}

SupportBundle::SupportBundle(AppContext &context, bool live)
    : m_context(context)
    , m_live(live)
    , m_redactor(std::make_shared<SupportRedactor>())
{
    // The list as a window would have it, also for the command line, which has one of its own.
    SessionStore sessions(context.options().paths.state + u"/sessions.json"_s, context.clock());
    sessions.setReadOnly();
    if (const SessionStore *own = context.sessionStore())
        m_stored = own->sessions();
    const QList<StoredSession> onDisk = sessions.load();
    for (const StoredSession &session : onDisk) {
        const bool known =
            std::any_of(m_stored.cbegin(), m_stored.cend(), [&](const StoredSession &other) {
                return other.config.id == session.config.id;
            });
        if (!known)
            m_stored.append(session);
    }
    hideWhatIsPrivate();
    add(u"README.txt"_s, QString::fromLatin1(About));
    addVersions();
    addSettings();
    addSessions();
    addKeepalive();
    addStateFiles();
    addLogs();
}

void SupportBundle::hideWhatIsPrivate()
{
    SupportRedactor &redactor = *m_redactor;
    const QString name = u"SESSION-NAME"_s;
    const QString words = u"USER-TEXT"_s;
    const auto config = [&](const SessionConfig &session) {
        redactor.hide(session.name, name);
        redactor.hide(session.systemMessage, words);
        redactor.hide(session.workingDirectory, u"FOLDER"_s);
        if (session.provider)
            redactor.hide(QString::fromUtf8(session.provider->apiKey.reveal()));
    };
    for (const StoredSession &session : std::as_const(m_stored)) {
        config(session.config);
        redactor.hide(session.draft, words);
        for (const Prompt &prompt : session.queue)
            redactor.hide(prompt.text, words);
    }
    for (const auto &session : m_context.sessions().sessions()) {
        config(session->config());
        redactor.hide(session->displayName(), name);
        redactor.hide(session->draft(), words);
        for (const Prompt &prompt : session->queue())
            redactor.hide(prompt.text, words);
        for (const TranscriptItem &item : session->transcript().items()) {
            if (const auto *said = std::get_if<UserItem>(&item.data))
                redactor.hide(said->text, words);
        }
    }
    // Prompts on their way, of whichever program: the words themselves, not what they mean.
    const QDir state(m_context.options().paths.state);
    const QStringList journals = state.entryList({u"*outbox.jsonl"_s}, QDir::Files);
    for (const QString &journal : journals) {
        const QList<QByteArray> lines = tailOf(state.filePath(journal), MostLogBytes).split('\n');
        for (const QByteArray &line : lines)
            redactor.hide(
                QJsonDocument::fromJson(line)[u"put"_s][u"prompt"_s][u"text"_s].toString(), words);
    }
    // Provider files of the command line: only their places are kept, the keys are in them.
    QFile places(state.filePath(u"ctl-providers.json"_s));
    if (places.open(QFile::ReadOnly)) {
        const QJsonObject files = QJsonDocument::fromJson(places.readAll()).object();
        for (const QJsonValue &path : files) {
            QFile provider(path.toString());
            if (provider.open(QFile::ReadOnly))
                redactor.hide(QJsonDocument::fromJson(provider.read(MostOutputBytes))[u"apiKey"_s]
                                  .toString());
        }
    }
    const QList<BackendSettings> &backends = m_context.backends().values();
    for (const BackendSettings &backend : backends) {
        redactor.hide(backend.name, u"SERVER-NAME"_s);
        for (auto it = backend.environment.begin(); it != backend.environment.end(); ++it) {
            if (!it.value().startsWith(u'/'))
                redactor.hide(it.value());
        }
    }
    for (const Connection *connection : m_context.connections().connections())
        redactor.hide(QString::fromUtf8(connection->config().token.reveal()));
    if (const auto record = readServerRecord(state.filePath(u"server.json"_s)))
        redactor.hide(QString::fromUtf8(record->token.reveal()));
}

void SupportBundle::add(const QString &name, const QString &text)
{
    m_files.append({name, m_redactor->clean(text).toUtf8()});
}

void SupportBundle::add(const QString &name, const QJsonObject &object)
{
    add(name, QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Indented)));
}

void SupportBundle::addVersions()
{
    QJsonArray servers;
    for (const Connection *connection : m_context.connections().connections()) {
        const ConnectionStatus status = connection->status();
        QJsonObject server{{u"id"_s, connection->config().id},
                           {u"mode"_s, connectionModeName(status.mode)}};
        if (status.server) {
            server.insert(u"name"_s, status.server->name);
            server.insert(u"version"_s, status.server->version);
            server.insert(u"protocol"_s, status.server->protocolVersion);
        }
        servers.append(server);
    }
    QJsonObject versions{{u"pilotlight"_s, QStringLiteral(PILOTLIGHT_VERSION)},
                         {u"written"_s, timeText(m_context.clock().wallNow())},
                         {u"qt"_s, QString::fromLatin1(qVersion())},
                         {u"qtBuilt"_s, QStringLiteral(QT_VERSION_STR)},
                         {u"system"_s, QSysInfo::prettyProductName()},
                         {u"kernel"_s, QSysInfo::kernelType() + u' ' + QSysInfo::kernelVersion()},
                         {u"architecture"_s, QSysInfo::currentCpuArchitecture()},
                         {u"servers"_s, servers}};
    if (const auto record = readServerRecord(m_context.options().paths.state + u"/server.json"_s)) {
        versions.insert(u"localServer"_s,
                        QJsonObject{{u"pid"_s, record->process.pid},
                                    {u"port"_s, record->port},
                                    {u"program"_s, record->program}});
    }
    add(u"versions.json"_s, versions);
}

void SupportBundle::addSettings()
{
    ProfileContent content;
    content.settings = m_context.settingsStore().values();
    content.backends = m_context.backends().values();
    content = portable(content);
    content.settings->url = bare(content.settings->url);
    content.settings->metricsEndpoint = bare(content.settings->metricsEndpoint);
    add(u"settings.json"_s, settingsToJson({}, *content.settings));
    QJsonArray servers;
    for (const BackendSettings &backend : std::as_const(content.backends)) {
        BackendSettings shown = backend;
        shown.name.clear();
        shown.url = bare(shown.url);
        shown.environment.clear();
        QJsonObject server = backendToJson({}, shown);
        server.insert(u"environmentNames"_s,
                      QJsonArray::fromStringList(backend.environment.keys()));
        servers.append(server);
    }
    add(u"servers.json"_s,
        QJsonObject{{u"servers"_s, servers},
                    {u"leftOut"_s, QJsonArray::fromStringList(content.leftOut)}});
}

void SupportBundle::addSessions()
{
    QJsonArray sessions;
    for (const StoredSession &stored : std::as_const(m_stored)) {
        QJsonObject session{{u"id"_s, stored.config.id},
                            {u"backend"_s, stored.backendId},
                            {u"model"_s, stored.config.model},
                            {u"created"_s, timeText(stored.created)},
                            {u"lastActivity"_s, timeText(stored.lastActivity)},
                            {u"durable"_s, stored.durable},
                            {u"parked"_s, stored.parked},
                            {u"named"_s, !stored.config.name.isEmpty()},
                            {u"draftCharacters"_s, stored.draft.size()}};
        if (stored.config.provider)
            session.insert(u"provider"_s,
                           stored.config.provider->type + u' '
                               + bare(stored.config.provider->baseUrl));
        if (const Session *live = m_context.sessions().find(stored.config.id)) {
            session.insert(u"state"_s, QVariant::fromValue(live->state()).toString());
            session.insert(u"activity"_s, static_cast<int>(live->activity()));
            session.insert(u"queued"_s, live->queue().size());
            session.insert(u"rows"_s, static_cast<qint64>(live->transcript().items().size()));
            session.insert(u"error"_s,
                           live->state() == Session::State::Failed ? live->error().toString()
                                                                   : QString());
            session.insert(u"life"_s, lifeJson(m_context.sessions().life(live->id())));
        }
        sessions.append(session);
    }
    add(u"sessions.json"_s, QJsonObject{{u"sessions"_s, sessions}});
}

void SupportBundle::addKeepalive()
{
    QJsonArray connections;
    for (const Connection *connection : m_context.connections().connections()) {
        if (!m_live)
            break;
        const ConnectionStatus status = connection->status();
        connections.append(QJsonObject{
            {u"id"_s, connection->config().id},
            {u"phase"_s, phaseName(status.phase)},
            {u"mode"_s, connectionModeName(status.mode)},
            {u"fellBack"_s, status.fellBack},
            {u"generation"_s, static_cast<qint64>(status.generation)},
            {u"failedAttempts"_s, status.attempt},
            {u"retryAt"_s, timeText(status.retryAt)},
            {u"error"_s, status.error ? status.error->toString() : QString()},
            {u"signedIn"_s, status.auth ? QJsonValue(status.auth->signedIn) : QJsonValue()},
            {u"keepalive"_s, keepaliveJson(status.keepalive)}});
    }
    QJsonArray verdicts;
    const QList<ServerVerdict> known = m_context.verdicts().all();
    for (const ServerVerdict &verdict : known) {
        QJsonArray methods;
        for (const MethodVerdict &method : verdict.methods)
            methods.append(QJsonObject{{u"method"_s, keepMethodName(method.method)},
                                       {u"answer"_s, answerName(method.answer)},
                                       {u"requests"_s, method.requests},
                                       {u"aliveMs"_s, static_cast<qint64>(method.alive.count())}});
        verdicts.append(QJsonObject{{u"version"_s, verdict.version},
                                    {u"when"_s, timeText(verdict.when)},
                                    {u"methods"_s, methods}});
    }
    add(u"keepalive.json"_s,
        QJsonObject{
            {u"live"_s, m_live}, {u"connections"_s, connections}, {u"verdicts"_s, verdicts}});
}

void SupportBundle::addStateFiles()
{
    QJsonArray files;
    const AppPaths &paths = m_context.options().paths;
    const std::pair<QString, QString> folders[] = {
        {u"config"_s, paths.config}, {u"state"_s, paths.state}, {u"log"_s, paths.log}};
    for (const auto &[label, path] : folders) {
        const QFileInfoList found = QDir(path).entryInfoList(QDir::Files, QDir::Name);
        for (const QFileInfo &file : found)
            files.append(QJsonObject{{u"folder"_s, label},
                                     {u"name"_s, file.fileName()},
                                     {u"bytes"_s, file.size()},
                                     {u"changed"_s, timeText(file.lastModified())}});
    }
    add(u"files.json"_s, QJsonObject{{u"files"_s, files}});
}

void SupportBundle::addLogs()
{
    const AppPaths &paths = m_context.options().paths;
    for (const QString &name : {u"pilotlight.log"_s, u"pilotlightctl.log"_s, u"keeper.log"_s}) {
        QByteArray text;
        // The newest, and of the one before it what is left of the limit.
        QStringList files = LogFile::filesOldestFirst(paths.log + u'/' + name);
        while (!files.isEmpty() && text.size() < MostLogBytes)
            text.prepend(tailOf(files.takeLast(), MostLogBytes - text.size()));
        if (!text.isEmpty())
            add(u"log/"_s + name, QString::fromUtf8(text));
    }
    QString output;
    if (const auto record = readServerRecord(paths.state + u"/server.json"_s))
        output = record->outputFile;
    if (output.isEmpty()) { // the server has ended: its newest file
        const QFileInfoList files =
            QDir(paths.log).entryInfoList({u"server-*.log"_s}, QDir::Files, QDir::Time);
        output = files.isEmpty() ? QString() : files.first().filePath();
    }
    if (const QByteArray text = tailOf(output, MostOutputBytes); !text.isEmpty())
        add(u"log/server-output.txt"_s, QString::fromUtf8(text));
}

} // namespace pilotlight
