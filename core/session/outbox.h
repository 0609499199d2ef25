// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"

#include <QDateTime>
#include <QList>
#include <QObject>

#include <memory>

namespace pilotlight {

//! One prompt from the moment at which the user gave it to us until the server surely has it on its
//! disk. Answered is no state of it: by then it is out of the outbox.
struct OutboxEntry
{
    enum class State
    {
        Queued, //!< waits here
        Sent, //!< on its way: nobody knows whether the server has it
        Accepted, //!< the server has named it, perhaps only in its memory
    };

    QString sessionId;
    Prompt prompt; //!< with its id
    State state = State::Queued;
    QString messageId; //!< the server's, of Accepted; servers before 1.0.100 echo none
    QDateTime sent; //!< UTC, of Sent and Accepted
    //! How many messages with the same words the session had before; -1: not known (older files).
    int earlier = -1;
    int attempts = 0; //!< how often it was sent
};

//! The prompts that are not surely on a server's disk, in `outbox.jsonl`: a journal of one JSON
//! object a line, mode 0600, to which every change is appended and on the disk before the call
//! returns, so that neither a crash nor a loss of power loses a prompt or sends one twice. It is
//! written anew when most of it is history. A line cut short at the end is what a crash leaves, and
//! is dropped; any other line that makes no sense is kept in `outbox.jsonl.bad-<time>`.
class Outbox : public QObject
{
    Q_OBJECT
public:
    //! An empty \a path keeps it all in memory (the command line). \a clock must outlive it.
    Outbox(QString path, Clock &clock, QObject *parent = nullptr);
    ~Outbox() override;

    //! Reads the file. Once, before anything else.
    void load();
    //! In the order in which they are to be sent.
    const QList<OutboxEntry> &entries() const { return m_entries; }

    //! Adds the entry, or replaces the one of that id in its place. False where it could not be
    //! written (and noticed() was emitted): it is kept in memory, and tried again with the next
    //! change.
    bool put(const OutboxEntry &entry);
    bool remove(const QString &id);
    //! Puts the entries \a ids of one session, all of which exist, in this order.
    bool reorder(const QStringList &ids);

Q_SIGNALS:
    //! Something that people must know: code "outbox-damaged" (path: the kept copy),
    //! "outbox-newer", "outbox-unreadable" (nothing is written in this run), "outbox-unwritable".
    void noticed(const QString &code, const QString &path, const QString &detail);

private:
    bool apply(const QJsonObject &record);
    bool append(const QJsonObject &record);
    bool rewrite();
    void tell(const char *code, const QString &path, const QString &detail);

    class File;
    const QString m_path;
    Clock &m_clock;
    std::unique_ptr<File> m_file;
    QList<OutboxEntry> m_entries;
};

} // namespace pilotlight
