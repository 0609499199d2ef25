// SPDX-License-Identifier: MIT
#include "server/serverrecord.h"

#include "base/keptfile.h"
#include "base/logging.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

namespace pilotlight {

namespace {

constexpr int SchemaVersion = 1;
constexpr qint64 MaxBytes = 64 * 1024;

} // namespace

std::optional<ServerRecord> readServerRecord(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        if (file.exists()) {
            qCWarning(lcServer).noquote()
                << QStringLiteral("the record of the server cannot be read: %1")
                       .arg(file.errorString());
        }
        return std::nullopt;
    }
    const QJsonObject object = QJsonDocument::fromJson(file.read(MaxBytes)).object();
    if (object.value(QStringLiteral("schema")).toInt() != SchemaVersion)
        return std::nullopt;
    ServerRecord record;
    record.process.pid = object.value(QStringLiteral("pid")).toInteger();
    record.process.started = object.value(QStringLiteral("started")).toString();
    const int port = object.value(QStringLiteral("port")).toInt(-1);
    // Process 1 is never a server of ours, and its group would be everything in a container.
    if (!record.process.isValid() || record.process.pid <= 1 || port < 0 || port > 65535)
        return std::nullopt;
    record.port = static_cast<quint16>(port);
    record.token = Secret(object.value(QStringLiteral("token")).toString().toUtf8());
    record.program = object.value(QStringLiteral("program")).toString();
    record.outputFile = object.value(QStringLiteral("output")).toString();
    return record;
}

std::optional<QString> writeServerRecord(const QString &path, const ServerRecord &record)
{
    const QJsonObject object{
        {QStringLiteral("schema"), SchemaVersion},
        {QStringLiteral("pid"), record.process.pid},
        {QStringLiteral("started"), record.process.started},
        {QStringLiteral("port"), record.port},
        {QStringLiteral("token"), QString::fromUtf8(record.token.reveal())},
        {QStringLiteral("program"), record.program},
        {QStringLiteral("output"), record.outputFile},
    };
    QDir().mkpath(QFileInfo(path).absolutePath());
    // One that makes no sense here may be a newer version's, and the only trace of its server.
    if (QFile::exists(path) && !readServerRecord(path)) {
        if (keepNumbered(path, true).isEmpty())
            return QStringLiteral("%1 is unreadable and could not be moved aside").arg(path);
    }
    QSaveFile file(path);
    const QByteArray bytes = QJsonDocument(object).toJson(QJsonDocument::Indented);
    // The mode first: the token is never in a file that others can open.
    if (file.open(QIODevice::WriteOnly) && file.setPermissions(QFile::ReadOwner | QFile::WriteOwner)
        && file.write(bytes) == bytes.size() && commitWhole(file))
        return std::nullopt;
    return file.errorString();
}

} // namespace pilotlight
