// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"
#include "session/keeping.h"

#include <QDateTime>
#include <QJsonObject>
#include <QList>
#include <QObject>

#include <memory>

namespace pilotlight {

//! What outlives the app of one session. Never a key: config.provider->apiKey is left out; see
//! SecretStore.
struct StoredSession
{
    SessionConfig config;
    QDateTime created; //!< UTC
    QDateTime lastActivity; //!< UTC
    bool durable = false; //!< the server has a history for it
    QString draft;
    QString title; //!< what it was called, to be shown before anything of it was read
    QList<Prompt> queue; //!< not sent yet
    QString backendId = QStringLiteral("default"); //!< the connection whose server has it
    ParkPolicy parkPolicy = ParkPolicy::Auto;
    bool parked = false; //!< unloaded on purpose: attached only when it is used
    //! Members of a newer version. The store keeps them too for as long as the session is in the
    //! file, so that a caller may leave this empty.
    QJsonObject unknown;
};

//! The version of sessions.json.
inline constexpr int SessionsSchema = 1;

//! The session list on disk: sessions.json, schema version 1, written atomically and late (500 ms
//! after the first change; 5 s where only drafts have changed), mode 0600, never over a file that
//! could not be understood: that is moved (or, where parts made sense, copied) to
//! `sessions.json.bad-<time>` first. What the file does not have yet is in a journal beside it
//! (SessionJournal), before the call that changes it returns: a kill at any moment loses nothing, a
//! loss of power at most what those delays say.
class SessionStore : public QObject
{
    Q_OBJECT
public:
    //! Something that people must know about the file. code:
    //! "sessions-file-damaged" (path: the kept backup; detail: how many sessions could be read),
    //! "sessions-file-newer" and "sessions-file-unreadable" (read-only from now on),
    //! "sessions-file-unwritable" (the changes are in memory, tried again every 30 s).
    struct Notice
    {
        QString code;
        QString path;
        QString detail;
    };

    SessionStore(QString path, Clock &clock, QObject *parent = nullptr);
    //! Flushes.
    ~SessionStore() override;

    const QString &path() const;

    //! Before load(): for those who only look, perhaps beside a program that has the list open.
    //! Nothing is written or moved.
    void setReadOnly();
    //! In the user's order. Also after an error: what could be read; notices() tells. Call it once,
    //! before the first change; a change without it loads first.
    QList<StoredSession> load();
    //! As they are now, what is not in the file yet included.
    const QList<StoredSession> &sessions() const;
    //! Replaces the session with that id in its place, or adds it at the end.
    void upsert(const StoredSession &session);
    void remove(const QString &id);
    //! Writes now what waits. False where it failed (and a notice was given).
    bool flush();
    //! True where nothing is ever written, for a reason that a notice told.
    bool isReadOnly() const;
    QList<Notice> notices() const;

Q_SIGNALS:
    void noticed(const QString &code, const QString &path, const QString &detail);

private:
    void loadFile();
    void loadJournal();
    void changed(const QJsonObject &change, bool draftOnly);
    void tell(const QString &code, const QString &path, const QString &detail);

    class Private;
    std::unique_ptr<Private> d;
};

} // namespace pilotlight
