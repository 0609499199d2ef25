// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>

#include <array>
#include <vector>

namespace pilotlight {

//! Remembers the ids of the latest events, to drop those that are delivered again. Keeps at least
//! the last \c capacity and at most twice as many; 16 bytes an id in a table that is at most half
//! full.
class RecentIds
{
public:
    explicit RecentIds(std::size_t capacity)
        : m_capacity(capacity)
    { }

    //! False where \a id was here already. An empty id is never remembered.
    bool insert(const QByteArray &id);
    void clear();

private:
    struct Key
    {
        quint64 high = 0;
        quint64 low = 0;
        bool operator==(const Key &) const = default;
        bool isNull() const { return high == 0 && low == 0; }
    };
    //! Open addressing; the null key marks a free slot. Nothing is ever removed singly.
    struct Table
    {
        std::vector<Key> slots_;
        std::size_t used = 0;

        bool contains(Key key) const;
        void insert(Key key);
        void grow();
    };
    static Key keyOf(const QByteArray &id);

    std::size_t m_capacity;
    Table m_current;
    Table m_previous; //!< the generation before; dropped whole when the current one is full
};

//! Both kinds of ids of one session.
class SeenEvents
{
public:
    //! False where the event was here already.
    bool insert(const QByteArray &id, bool ephemeral)
    {
        return (ephemeral ? m_ephemeral : m_durable).insert(id);
    }
    void clear()
    {
        m_ephemeral.clear();
        m_durable.clear();
    }

private:
    // The server keeps about its last 4000 ephemeral events (and sends those again when it is in a
    // hurry, or when its log is read): four times that. 2 * 16,384 ids are at most 2 MB.
    RecentIds m_ephemeral{16'384};
    // Durable events come again when a history is read; 120 turns with tools are 1,441 events, so
    // this is more than a session ever has.
    RecentIds m_durable{65'536};
};

} // namespace pilotlight
