// SPDX-License-Identifier: MIT
#include "demoserver/sessionstore.h"

#include "base/keptfile.h"
#include "base/logging.h"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QSaveFile>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

QString isoTime(const QDateTime &time)
{
    return time.toUTC().toString(Qt::ISODateWithMs);
}

QJsonObject metaToFile(const SessionMeta &meta)
{
    return {{u"id"_s, meta.id},
            {u"started"_s, isoTime(meta.started)},
            {u"modified"_s, isoTime(meta.modified)},
            {u"workingDirectory"_s, meta.workingDirectory},
            {u"name"_s, meta.name},
            {u"userNamed"_s, meta.userNamed},
            {u"clientName"_s, meta.clientName},
            {u"model"_s, meta.model},
            {u"mode"_s, meta.mode},
            {u"hasMessages"_s, meta.hasMessages}};
}

SessionMeta metaFromFile(const QJsonObject &object)
{
    SessionMeta meta;
    meta.id = object[u"id"].toString();
    meta.started = QDateTime::fromString(object[u"started"].toString(), Qt::ISODateWithMs);
    meta.modified = QDateTime::fromString(object[u"modified"].toString(), Qt::ISODateWithMs);
    meta.workingDirectory = object[u"workingDirectory"].toString();
    meta.name = object[u"name"].toString();
    meta.userNamed = object[u"userNamed"].toBool();
    meta.clientName = object[u"clientName"].toString();
    meta.model = object[u"model"].toString();
    meta.mode = object[u"mode"].toString(u"interactive"_s);
    meta.hasMessages = object[u"hasMessages"].toBool();
    return meta;
}

} // namespace

QJsonObject SessionMeta::toWire() const
{
    QJsonObject object{{u"sessionId"_s, id},
                       {u"startTime"_s, isoTime(started)},
                       {u"modifiedTime"_s, isoTime(modified)},
                       {u"isRemote"_s, false},
                       {u"isDetached"_s, false},
                       {u"context"_s, QJsonObject{{u"cwd"_s, workingDirectory}}}};
    if (!name.isEmpty()) {
        object.insert(u"summary"_s, name);
        object.insert(u"name"_s, name);
    }
    if (!clientName.isEmpty())
        object.insert(u"clientName"_s, clientName);
    return object;
}

SessionStore::SessionStore(QString folder, Clock &clock)
    : m_folder(std::move(folder))
    , m_clock(clock)
{
    if (!m_folder.isEmpty())
        scan();
}

SessionStore::~SessionStore()
{
    flush();
}

QString SessionStore::pathOf(const QString &id) const
{
    const QString base = m_folder.isEmpty() ? QDir::tempPath() : m_folder;
    return base + u"/session-state/"_s + id;
}

void SessionStore::scan()
{
    const QDir dir(m_folder + u"/session-state"_s);
    const QStringList ids = dir.entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    for (const QString &id : ids) {
        QFile file(dir.filePath(id + u"/workspace.json"_s));
        if (!file.open(QIODevice::ReadOnly))
            continue;
        Record record;
        record.meta = metaFromFile(QJsonDocument::fromJson(file.readAll()).object());
        if (record.meta.id == id)
            m_records.insert(id, record);
    }
}

void SessionStore::load(Record &record)
{
    if (record.loaded)
        return;
    record.loaded = true;
    if (m_folder.isEmpty())
        return;
    QFile file(pathOf(record.meta.id) + u"/events.jsonl"_s);
    if (!file.open(QIODevice::ReadOnly))
        return;
    const QList<QByteArray> lines = file.readAll().split('\n');
    for (const QByteArray &line : lines) {
        // A kill may tear the last line; it must not cost the rest.
        if (!line.isEmpty() && QJsonDocument::fromJson(line).isObject())
            record.lines.append(line);
    }
}

bool SessionStore::contains(const QString &id) const
{
    return m_records.contains(id);
}

std::optional<SessionMeta> SessionStore::meta(const QString &id) const
{
    const auto found = m_records.constFind(id);
    if (found == m_records.constEnd())
        return std::nullopt;
    return found->meta;
}

QList<SessionMeta> SessionStore::all() const
{
    QList<SessionMeta> metas;
    for (const Record &record : m_records)
        metas.append(record.meta);
    std::sort(metas.begin(), metas.end(), [](const SessionMeta &a, const SessionMeta &b) {
        return a.modified != b.modified ? a.modified > b.modified : a.id < b.id;
    });
    return metas;
}

void SessionStore::setMeta(const SessionMeta &meta)
{
    const bool isNew = !m_records.contains(meta.id);
    Record &record = m_records[meta.id];
    record.meta = meta;
    record.metaChanged = true;
    if (isNew)
        record.loaded = true;
    scheduleFlush();
}

void SessionStore::append(const QString &id, const QByteArray &line)
{
    const auto found = m_records.find(id);
    if (found == m_records.end())
        return;
    load(*found);
    found->lines.append(line);
    if (!m_folder.isEmpty())
        found->unwritten.append(line);
    scheduleFlush();
}

QList<QByteArray> SessionStore::events(const QString &id)
{
    const auto found = m_records.find(id);
    if (found == m_records.end())
        return {};
    load(*found);
    return found->lines;
}

bool SessionStore::remove(const QString &id)
{
    if (m_records.remove(id) == 0)
        return false;
    if (!m_folder.isEmpty())
        QDir(pathOf(id)).removeRecursively();
    return true;
}

void SessionStore::scheduleFlush()
{
    if (!m_folder.isEmpty() && !m_flushTimer.isActive())
        m_flushTimer = m_clock.after(FlushInterval, [this] { flush(); });
}

void SessionStore::flush()
{
    m_flushTimer.cancel();
    if (m_folder.isEmpty())
        return;
    for (Record &record : m_records) {
        if (!record.metaChanged && record.unwritten.isEmpty())
            continue;
        const QString path = pathOf(record.meta.id);
        if (!QDir().mkpath(path)) {
            qCWarning(lcStore).noquote() << "cannot make" << path;
            continue;
        }
        if (record.metaChanged) {
            QSaveFile file(path + u"/workspace.json"_s);
            if (file.open(QIODevice::WriteOnly)) {
                file.write(QJsonDocument(metaToFile(record.meta)).toJson());
                commitWhole(file);
            }
            record.metaChanged = false;
        }
        if (!record.unwritten.isEmpty()) {
            QFile file(path + u"/events.jsonl"_s);
            if (file.open(QIODevice::WriteOnly | QIODevice::Append))
                file.write(record.unwritten.join('\n') + '\n');
            record.unwritten.clear();
        }
    }
}

} // namespace pilotlight::demo
