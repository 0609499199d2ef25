// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"

#include <QDateTime>
#include <QJsonObject>
#include <QList>
#include <QObject>

#include <memory>

namespace pilotlight {

//! What outlives the app of one session. Never a key: config.provider->apiKey is left out; see SecretStore.
struct StoredSession
{
    SessionConfig config;
    QDateTime created;
    QDateTime lastActivity;
    bool durable = false; //!< the server has a history for it
    QString draft;
    QList<Prompt> queue; //!< not sent yet
    QJsonObject unknown; //!< members of a newer version, kept
};

//! The session list on disk: sessions.json, schema version 1, written atomically and late (500 ms
//! after the last change), never over a file that could not be understood.
class SessionStore : public QObject
{
    Q_OBJECT
public:
    //! Something that people must know about the file. code: "sessions-file-damaged" (path: the kept backup),
    //! "sessions-file-newer" (read-only from now on), "sessions-file-unwritable".
    struct Notice
    {
        QString code;
        QString path;
        QString detail;
    };

    SessionStore(QString path, Clock &clock, QObject *parent = nullptr);
    //! Flushes.
    ~SessionStore() override;

    //! In the user's order. Also after an error: what could be read; notices() tells.
    QList<StoredSession> load();
    void upsert(const StoredSession &session);
    void remove(const QString &id);
    //! Writes now what waits. False where it failed (and a notice was given).
    bool flush();
    QList<Notice> notices() const;

Q_SIGNALS:
    void noticed(const QString &code, const QString &path, const QString &detail);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace pilotlight
