// SPDX-License-Identifier: MIT
#include "app/wiring/keeperprotocol.h"

#include "base/secret.h"
#include "session/sessionjson.h"
#include "settings/keepalivesettings.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QFileInfo>

namespace pilotlight::keeper {

using namespace Qt::Literals::StringLiterals;

namespace {

double seconds(Milliseconds span)
{
    return std::chrono::duration<double>(span).count();
}

//! As if the user had set every value that is in force.
KeepaliveSettings settingsOf(const EffectiveKeepalive &keepalive)
{
    KeepaliveSettings settings;
    settings.method = keepalive.methodName();
    if (keepalive.method == KeepaliveMethod::Ping && !keepalive.tool.isEmpty())
        settings.standInTool = keepalive.tool;
    settings.intervalSeconds = seconds(keepalive.interval);
    settings.timeoutSeconds = seconds(keepalive.timeout);
    settings.jitterPercent = keepalive.jitter * 100;
    settings.maxFailures = keepalive.maxFailures;
    settings.reprobeSeconds = seconds(keepalive.reprobe);
    settings.sessionTouch = keepalive.sessionTouch;
    if (keepalive.idleLimit)
        settings.idleLimitSeconds = seconds(*keepalive.idleLimit);
    settings.parkAfterSeconds = seconds(keepalive.parkAfter);
    return settings;
}

} // namespace

QString role()
{
    return u"keeper"_s;
}

QString programPath()
{
    QString path = QCoreApplication::applicationDirPath() + u"/pilotlight-keeper"_s;
#ifdef Q_OS_WIN
    path += u".exe"_s;
#endif
    return path;
}

QString buildOf(const QString &program)
{
    const QFileInfo file(program);
    if (!file.exists())
        return {};
    return u"%1 %2"_s.arg(QStringLiteral(PILOTLIGHT_VERSION),
                          QString::number(file.lastModified().toMSecsSinceEpoch()));
}

QJsonObject message(const QString &is, QJsonObject members)
{
    members.insert(u"is"_s, is);
    return members;
}

QString kindOf(const QJsonObject &message)
{
    return message.value("is"_L1).toString();
}

QJsonObject connectionToJson(const ConnectionConfig &config)
{
    return {{u"backend"_s, config.id},
            {u"name"_s, config.name},
            {u"mode"_s, connectionModeName(config.mode)},
            {u"cliPath"_s, config.cliPath},
            {u"url"_s, config.url},
            {u"token"_s, QString::fromUtf8(config.token.reveal())},
            {u"keepalive"_s, keepaliveToJson({}, settingsOf(config.keepalive))}};
}

std::optional<ConnectionConfig> connectionFromJson(const QJsonObject &object)
{
    ConnectionConfig config;
    config.id = object.value("backend"_L1).toString();
    config.name = object.value("name"_L1).toString();
    const QString mode = object.value("mode"_L1).toString();
    if (mode == connectionModeName(ConnectionMode::Local))
        config.mode = ConnectionMode::Local;
    else if (mode == connectionModeName(ConnectionMode::Attach))
        config.mode = ConnectionMode::Attach;
    else
        return std::nullopt;
    config.cliPath = object.value("cliPath"_L1).toString();
    config.url = object.value("url"_L1).toString();
    config.token = Secret(object.value("token"_L1).toString().toUtf8());
    registerSecret(config.token);
    QStringList ignored;
    config.keepalive =
        effectiveKeepalive(keepaliveTarget(config), {},
                           keepaliveFromJson(object.value("keepalive"_L1).toObject(), {}, ignored));
    if (config.id.isEmpty())
        return std::nullopt;
    return config;
}

QJsonObject sessionToJson(const SessionConfig &config)
{
    StoredSession stored;
    stored.config = config;
    QJsonObject object = pilotlight::sessionToJson(stored, {});
    if (config.provider)
        object.insert(u"key"_s, QString::fromUtf8(config.provider->apiKey.reveal()));
    return object;
}

std::optional<SessionConfig> sessionFromJson(const QJsonObject &object)
{
    const std::optional<ReadSession> read = pilotlight::sessionFromJson(object);
    if (!read || read->damaged)
        return std::nullopt;
    SessionConfig config = read->session.config;
    if (config.provider) {
        config.provider->apiKey = Secret(object.value("key"_L1).toString().toUtf8());
        registerSecret(config.provider->apiKey);
    }
    return config;
}

} // namespace pilotlight::keeper
