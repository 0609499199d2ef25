// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

#include <deque>

namespace pilotlight::demo {

//! One event of a session as it goes over the wire.
struct LoggedEvent
{
    QByteArray id;
    QString type;
    bool ephemeral = false;
    QByteArray json; //!< the envelope, without the notification around it
};

//! A page of the log.
struct EventPage
{
    QList<LoggedEvent> events;
    QString cursor;
    bool hasMore = false;
    bool expired = false; //!< the cursor was not ours; the page starts at the beginning
};

//! Which events a reader wants.
struct EventFilter
{
    QStringList types; //!< empty: all
    bool ephemeral = true;
};

//! The events of a loaded session in emission order. Durable ones stay; of the ephemeral ones only
//! the last EphemeralLimit are kept and older ones vanish without a word, as on the real server.
class EventLog
{
public:
    //! About 4000 on the real server (protocol.md 6).
    static constexpr int EphemeralLimit = 4000;

    void append(LoggedEvent event);
    //! Where a reader that has seen everything stands: "<last durable id>|<count>".
    QString tail() const;
    //! At most \a max events after \a cursor (empty: from the beginning): durable ones behind the
    //! durable event that it names, and ephemeral ones from its number on, as the real server takes
    //! the two halves each by itself.
    EventPage read(const QString &cursor, int max, const EventFilter &filter) const;
    //! Durable events only, a page from the end towards the beginning; \a cursor as it came.
    EventPage readBackward(const QString &cursor, int max, const EventFilter &filter) const;
    //! The last \a count events, for a replay.
    QList<LoggedEvent> last(int count) const;
    //! All durable events in order.
    QList<LoggedEvent> durable() const;
    int durableCount() const { return m_durableCount; }
    //! Id of the last durable event, empty at first.
    const QByteArray &lastDurableId() const { return m_lastDurable; }
    qint64 count() const { return m_count; }

private:
    struct Entry
    {
        qint64 position;
        LoggedEvent event;
    };
    QString cursorAt(qint64 position) const;
    qint64 positionOf(const QByteArray &id) const; //!< of a durable event; -1: there is none
    void trim();

    std::deque<Entry> m_entries;
    QByteArray m_lastDurable;
    qint64 m_count = 0;
    int m_durableCount = 0;
    int m_ephemeralCount = 0;
};

} // namespace pilotlight::demo
