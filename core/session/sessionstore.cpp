// SPDX-License-Identifier: MIT
#include "session/sessionstore.h"

#include "base/keptfile.h"
#include "base/logging.h"
#include "session/sessionjson.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSaveFile>

#include <algorithm>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

constexpr int SessionsSchema = 1;
constexpr Milliseconds WriteDelay = 500ms; // typing a draft changes something with each key
constexpr Milliseconds RetryDelay = 30s;

QString schemaKey()
{
    return QStringLiteral("schema");
}

QString sessionsKey()
{
    return QStringLiteral("sessions");
}

} // namespace

class SessionStore::Private
{
public:
    Private(QString thePath, Clock &theClock)
        : path(std::move(thePath))
        , clock(theClock)
    { }

    auto find(const QString &id)
    {
        return std::find_if(sessions.begin(), sessions.end(),
                            [&](const StoredSession &s) { return s.config.id == id; });
    }
    bool write(QString &reason) const;

    const QString path;
    Clock &clock;
    bool loaded = false;
    bool readOnly = false;
    bool dirty = false;
    bool failing = false;
    QList<StoredSession> sessions;
    QJsonObject root; // as read, for members that we do not know
    QHash<QString, QJsonObject> raw; // likewise by session id
    QList<Notice> notices;
    TimerHandle timer;
};

bool SessionStore::Private::write(QString &reason) const
{
    QJsonArray array;
    for (const StoredSession &session : sessions)
        array.append(sessionToJson(session, raw.value(session.config.id)));
    QJsonObject object = root;
    object.insert(schemaKey(), SessionsSchema);
    object.insert(sessionsKey(), array);

    QDir().mkpath(QFileInfo(path).absolutePath());
    QSaveFile file(path);
    const QByteArray bytes = QJsonDocument(object).toJson(QJsonDocument::Indented);
    const bool ok = file.open(QIODevice::WriteOnly) && file.setPermissions(PrivateFile)
        && file.write(bytes) == bytes.size() && commitWhole(file);
    if (!ok)
        reason = file.errorString();
    return ok;
}

SessionStore::SessionStore(QString path, Clock &clock, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(std::move(path), clock))
{ }

SessionStore::~SessionStore()
{
    flush();
}

const QString &SessionStore::path() const
{
    return d->path;
}

bool SessionStore::isReadOnly() const
{
    return d->readOnly;
}

QList<SessionStore::Notice> SessionStore::notices() const
{
    return d->notices;
}

QList<StoredSession> SessionStore::load()
{
    d->loaded = true;
    QFile file(d->path);
    if (!file.exists())
        return d->sessions;
    QByteArray bytes;
    if (file.open(QIODevice::ReadOnly))
        bytes = file.readAll();
    if (!file.isOpen() || file.error() != QFileDevice::NoError) {
        d->readOnly = true;
        tell(QStringLiteral("sessions-file-unreadable"), d->path, file.errorString());
        return d->sessions;
    }
    file.close();

    const QJsonObject root = QJsonDocument::fromJson(bytes).object();
    const double schema = root.value(schemaKey()).toDouble(0);
    const bool newer = schema > SessionsSchema;
    const bool usable = newer || (schema == SessionsSchema && root.value(sessionsKey()).isArray());
    bool damaged = !usable;
    const QJsonArray entries = usable ? root.value(sessionsKey()).toArray() : QJsonArray();
    for (const QJsonValue &value : entries) {
        const auto read = sessionFromJson(value);
        if (!read || d->raw.contains(read->session.config.id)) {
            damaged = true;
            continue;
        }
        damaged = damaged || read->damaged;
        d->raw.insert(read->session.config.id, value.toObject());
        d->sessions.append(read->session);
    }
    if (newer) {
        d->readOnly = true;
        tell(QStringLiteral("sessions-file-newer"), d->path, QString::number(schema));
    } else if (damaged) {
        const QString backup = keepAside(d->path, d->clock.wallNow(), !usable);
        d->readOnly = backup.isEmpty(); // better no change is kept than that anything is lost
        tell(QStringLiteral("sessions-file-damaged"), backup.isEmpty() ? d->path : backup,
             QString::number(d->sessions.size()));
    }
    if (usable)
        d->root = root;
    qCInfo(lcStore).noquote() << QStringLiteral("sessions loaded=%1").arg(d->sessions.size());
    return d->sessions;
}

void SessionStore::upsert(const StoredSession &session)
{
    if (!d->loaded) // what is on disk decides whether we may write at all
        load();
    if (const auto it = d->find(session.config.id); it != d->sessions.end())
        *it = session;
    else
        d->sessions.append(session);
    changed();
}

void SessionStore::remove(const QString &id)
{
    if (!d->loaded)
        load();
    d->raw.remove(id);
    if (const auto it = d->find(id); it != d->sessions.end()) {
        d->sessions.erase(it);
        changed();
    }
}

void SessionStore::changed()
{
    if (d->readOnly)
        return;
    d->dirty = true;
    if (!d->timer.isActive())
        d->timer = d->clock.after(WriteDelay, [this] { flush(); });
}

bool SessionStore::flush()
{
    d->timer.cancel();
    if (!d->dirty)
        return true;
    QString reason;
    if (d->write(reason)) {
        d->dirty = false;
        if (std::exchange(d->failing, false)) {
            qCInfo(lcStore).noquote() << "sessions written again";
            Q_EMIT noticed(QStringLiteral("sessions-file-written"), d->path, {});
        }
        return true;
    }
    if (!std::exchange(d->failing, true))
        tell(QStringLiteral("sessions-file-unwritable"), d->path, reason);
    d->timer = d->clock.after(RetryDelay, [this] { flush(); });
    return false;
}

void SessionStore::tell(const QString &code, const QString &path, const QString &detail)
{
    qCWarning(lcStore).noquote()
        << QStringLiteral("%1 path=\"%2\" detail=\"%3\"").arg(code, path, detail);
    d->notices.append({code, path, detail});
    Q_EMIT noticed(code, path, detail);
}

} // namespace pilotlight
