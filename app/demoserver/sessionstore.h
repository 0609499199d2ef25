// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QByteArray>
#include <QDateTime>
#include <QHash>
#include <QJsonObject>
#include <QList>
#include <QString>

#include <optional>

namespace pilotlight::demo {

//! What the server knows of a session without loading it.
struct SessionMeta
{
    QString id;
    QDateTime started;
    QDateTime modified;
    QString workingDirectory;
    QString name;
    bool userNamed = false;
    QString clientName;
    QString model;
    QString mode = QStringLiteral("interactive");
    bool hasMessages = false; //!< sessions that never got a message are not listed

    //! As session.list and session.getMetadata show it.
    QJsonObject toWire() const;
};

//! Where durable events outlive their session: `session-state/<id>/events.jsonl` below a folder, or
//! memory only. Like the real server it writes in batches, so that a kill -9 loses the last
//! moments.
class SessionStore
{
public:
    //! Measured on 1.0.102: about 100 ms between batches (protocol.md 6).
    static constexpr Milliseconds FlushInterval{100};

    //! \a folder empty: nothing reaches the disk. \a clock must outlive the store.
    SessionStore(QString folder, Clock &clock);
    ~SessionStore();
    SessionStore(const SessionStore &) = delete;
    SessionStore &operator=(const SessionStore &) = delete;

    bool contains(const QString &id) const;
    std::optional<SessionMeta> meta(const QString &id) const;
    //! Newest first.
    QList<SessionMeta> all() const;
    void setMeta(const SessionMeta &meta);
    //! Adds one line to the history of a session.
    void append(const QString &id, const QByteArray &line);
    //! All lines, written or not; broken ones are left out.
    QList<QByteArray> events(const QString &id);
    bool remove(const QString &id);
    //! Writes what waits.
    void flush();
    //! Where a session's files are, or would be.
    QString pathOf(const QString &id) const;

private:
    struct Record
    {
        SessionMeta meta;
        QList<QByteArray> lines;
        QList<QByteArray> unwritten;
        bool loaded = false;
        bool metaChanged = false;
    };
    void scan();
    void load(Record &record);
    void scheduleFlush();

    QString m_folder;
    Clock &m_clock;
    QHash<QString, Record> m_records;
    TimerHandle m_flushTimer;
};

} // namespace pilotlight::demo
