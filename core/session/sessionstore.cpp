// SPDX-License-Identifier: MIT
#include "session/sessionstore.h"

#include "base/keptfile.h"
#include "base/logging.h"
#include "session/sessionjournal.h"
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

// A crash of the program loses nothing meanwhile: the journal has it. A loss of power may.
constexpr Milliseconds WriteDelay = 500ms;
constexpr Milliseconds DraftDelay =
    5s; // where only drafts have changed: typing does that all the time
constexpr Milliseconds RetryDelay = 30s;

QString schemaKey()
{
    return QStringLiteral("schema");
}

QString sessionsKey()
{
    return QStringLiteral("sessions");
}

const QString FileNumberKey = QStringLiteral("journal");
const QString ChangedIdKey = QStringLiteral("id");
const QString SetKey = QStringLiteral("set");
const QString UnsetKey = QStringLiteral("unset");
const QString RemovedKey = QStringLiteral("remove");
const QString ProviderKey = QStringLiteral("provider");

//! What makes \a before into \a after.
QJsonObject difference(const QJsonObject &before, const QJsonObject &after)
{
    QJsonObject set;
    QJsonArray unset;
    for (auto it = after.begin(); it != after.end(); ++it) {
        if (before.value(it.key()) != it.value())
            set.insert(it.key(), it.value());
    }
    for (auto it = before.begin(); it != before.end(); ++it) {
        if (!after.contains(it.key()))
            unset.append(it.key());
    }
    QJsonObject change;
    if (!set.isEmpty())
        change.insert(SetKey, set);
    if (!unset.isEmpty())
        change.insert(UnsetKey, unset);
    return change;
}

} // namespace

class SessionStore::Private
{
public:
    Private(QString thePath, Clock &theClock)
        : path(std::move(thePath))
        , clock(theClock)
        , journal(path + QStringLiteral(".journal"))
    { }

    auto find(const QString &id)
    {
        return std::find_if(sessions.begin(), sessions.end(),
                            [&](const StoredSession &s) { return s.config.id == id; });
    }
    bool write(QString &reason);
    bool apply(const QJsonObject &change);

    const QString path;
    Clock &clock;
    SessionJournal journal;
    double number = 0; // of the file; its journal names it
    bool loaded = false;
    bool readOnly = false;
    bool looking = false; // read-only by wish
    bool dirty = false;
    bool urgent = false; // more than drafts has changed
    bool failing = false;
    QList<StoredSession> sessions;
    QJsonObject root; // as read, for members that we do not know
    QHash<QString, QJsonObject> raw; // by session id: as it is to be written
    QList<Notice> notices;
    TimerHandle timer;
};

bool SessionStore::Private::write(QString &reason)
{
    QJsonArray array;
    for (const StoredSession &session : std::as_const(sessions))
        array.append(raw.value(session.config.id));
    QJsonObject object = root;
    object.insert(schemaKey(), SessionsSchema);
    object.insert(FileNumberKey, number + 1);
    object.insert(sessionsKey(), array);

    QDir().mkpath(QFileInfo(path).absolutePath());
    QSaveFile file(path);
    const QByteArray bytes = QJsonDocument(object).toJson(QJsonDocument::Indented);
    const bool ok = file.open(QIODevice::WriteOnly) && file.setPermissions(PrivateFile)
        && file.write(bytes) == bytes.size() && commitWhole(file);
    if (!ok) {
        reason = file.errorString();
        return false;
    }
    number += 1;
    journal.clear();
    return true;
}

//! One line of the journal. False where it makes no sense.
bool SessionStore::Private::apply(const QJsonObject &change)
{
    if (const QString gone = change.value(RemovedKey).toString(); !gone.isEmpty()) {
        raw.remove(gone);
        sessions.removeIf([&](const StoredSession &session) { return session.config.id == gone; });
        return true;
    }
    const QString id = change.value(ChangedIdKey).toString();
    if (id.isEmpty())
        return false;
    QJsonObject object = raw.value(id);
    const QJsonObject set = change.value(SetKey).toObject();
    for (auto it = set.begin(); it != set.end(); ++it)
        object.insert(it.key(), it.value());
    const QJsonArray unset = change.value(UnsetKey).toArray();
    for (const QJsonValue &name : unset)
        object.remove(name.toString());
    const auto read = sessionFromJson(object);
    if (!read || read->session.config.id != id)
        return false;
    raw.insert(id, sessionToJson(read->session, object));
    if (const auto it = find(id); it != sessions.end())
        *it = read->session;
    else
        sessions.append(read->session);
    return !read->damaged;
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

const QList<StoredSession> &SessionStore::sessions() const
{
    return d->sessions;
}

QList<SessionStore::Notice> SessionStore::notices() const
{
    return d->notices;
}

void SessionStore::setReadOnly()
{
    d->looking = true;
    d->readOnly = true;
}

QList<StoredSession> SessionStore::load()
{
    d->loaded = true;
    if (QFile::exists(d->path))
        loadFile();
    if (!d->readOnly || d->looking)
        loadJournal();
    d->dirty = d->dirty && !d->readOnly;
    if (d->dirty)
        d->timer = d->clock.after(WriteDelay, [this] { flush(); });
    qCInfo(lcStore).noquote() << QStringLiteral("sessions loaded=%1").arg(d->sessions.size());
    return d->sessions;
}

void SessionStore::loadFile()
{
    QFile file(d->path);
    QByteArray bytes;
    if (file.open(QIODevice::ReadOnly))
        bytes = file.readAll();
    if (!file.isOpen() || file.error() != QFileDevice::NoError) {
        d->readOnly = true;
        tell(QStringLiteral("sessions-file-unreadable"), d->path, file.errorString());
        return;
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
        const QJsonObject clean = sessionToJson(read->session, value.toObject());
        // Somebody's key in the file is none of ours to keep there.
        d->dirty = d->dirty || clean[ProviderKey] != value[ProviderKey];
        d->raw.insert(read->session.config.id, clean);
        d->sessions.append(read->session);
    }
    d->dirty = (d->dirty || damaged) && usable && !newer; // else the next start complains again
    if (newer) {
        d->readOnly = true;
        tell(QStringLiteral("sessions-file-newer"), d->path, QString::number(schema));
    } else if (damaged) {
        const QString backup =
            d->looking ? QString() : keepAside(d->path, d->clock.wallNow(), !usable);
        d->readOnly = backup.isEmpty(); // better no change is kept than that anything is lost
        tell(QStringLiteral("sessions-file-damaged"), backup.isEmpty() ? d->path : backup,
             QString::number(d->sessions.size()));
    }
    if (usable)
        d->root = root;
    d->number = usable ? std::max(0.0, root.value(FileNumberKey).toDouble()) : -1;
}

//! What a run that was killed has not got into the file.
void SessionStore::loadJournal()
{
    const SessionJournal::Loaded found = d->journal.load();
    const bool readable = found.problem.isEmpty() && found.schema <= SessionJournal::Schema;
    // Cut before its first change, or of a file before this one: there is nothing to be had.
    const bool over =
        readable && found.damaged == 0 && (found.changes.isEmpty() || found.base < d->number);
    if (!found.existed || over) {
        d->number = std::max(0.0, d->number);
        if (found.existed && !d->looking)
            d->journal.clear();
        return;
    }
    const bool fits = readable && found.base == d->number;
    d->number = std::max(0.0, d->number); // one that does not fit is put out of the way
    int damaged = found.damaged;
    if (fits) {
        for (const QJsonObject &change : found.changes)
            damaged += d->apply(change) ? 0 : 1;
    }
    if (d->looking)
        return;
    if (!fits || damaged > 0) {
        const QString kept = keepAside(d->journal.path(), d->clock.wallNow(), !fits);
        d->readOnly = kept.isEmpty();
        tell(QStringLiteral("sessions-file-damaged"), kept.isEmpty() ? d->journal.path() : kept,
             QString::number(d->sessions.size()));
        if (d->readOnly)
            return;
    }
    if (!fits)
        return;
    qCInfo(lcStore).noquote()
        << QStringLiteral("sessions journal changes=%1").arg(found.changes.size());
    d->dirty = true;
    flush();
}

void SessionStore::upsert(const StoredSession &session)
{
    if (!d->loaded) // what is on disk decides whether we may write at all
        load();
    const QString &id = session.config.id;
    const auto it = d->find(id);
    const QJsonObject before = d->raw.value(id);
    const QJsonObject after = sessionToJson(session, before);
    QJsonObject change = difference(before, after);
    if (it != d->sessions.end())
        *it = session;
    else
        d->sessions.append(session);
    if (change.isEmpty())
        return;
    d->raw.insert(id, after);
    const QStringList members = change.value(SetKey).toObject().keys();
    change.insert(ChangedIdKey, id);
    changed(change, !change.contains(UnsetKey) && members == QStringList(QStringLiteral("draft")));
}

void SessionStore::remove(const QString &id)
{
    if (!d->loaded)
        load();
    d->raw.remove(id);
    if (const auto it = d->find(id); it != d->sessions.end()) {
        d->sessions.erase(it);
        changed({{RemovedKey, id}}, false);
    }
}

void SessionStore::changed(const QJsonObject &change, bool draftOnly)
{
    if (d->readOnly)
        return;
    d->dirty = true;
    if (!d->journal.append(d->number, change))
        draftOnly = false; // there is only the file
    const bool sooner = !draftOnly && !std::exchange(d->urgent, true) && !d->failing;
    if (!d->timer.isActive() || sooner)
        d->timer = d->clock.after(draftOnly ? DraftDelay : WriteDelay, [this] { flush(); });
}

bool SessionStore::flush()
{
    d->timer.cancel();
    d->urgent = false;
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
