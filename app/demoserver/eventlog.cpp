// SPDX-License-Identifier: MIT
#include "demoserver/eventlog.h"

#include <algorithm>
#include <iterator>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

bool wanted(const LoggedEvent &event, const EventFilter &filter)
{
    return (filter.ephemeral || !event.ephemeral)
        && (filter.types.isEmpty() || filter.types.contains(event.type));
}

} // namespace

void EventLog::append(LoggedEvent event)
{
    if (event.ephemeral) {
        ++m_ephemeralCount;
    } else {
        ++m_durableCount;
        m_lastDurable = event.id;
    }
    m_entries.push_back({m_count++, std::move(event)});
    // Trimming walks over the durable entries, so do it rarely.
    if (m_ephemeralCount > EphemeralLimit + EphemeralLimit / 8)
        trim();
}

void EventLog::trim()
{
    int surplus = m_ephemeralCount - EphemeralLimit;
    const auto kept = std::remove_if(m_entries.begin(), m_entries.end(), [&](const Entry &entry) {
        return entry.event.ephemeral && surplus-- > 0;
    });
    m_entries.erase(kept, m_entries.end());
    m_ephemeralCount = EphemeralLimit;
}

QString EventLog::cursorAt(qint64 position) const
{
    QByteArray durable;
    for (const Entry &entry : m_entries) {
        if (entry.position >= position)
            break;
        if (!entry.event.ephemeral)
            durable = entry.event.id;
    }
    return QString::fromLatin1(durable) + u'|' + QString::number(position);
}

QString EventLog::tail() const
{
    return QString::fromLatin1(m_lastDurable) + u'|' + QString::number(m_count);
}

qint64 EventLog::positionOf(const QByteArray &id) const
{
    const auto found = std::find_if(m_entries.begin(), m_entries.end(), [&](const Entry &entry) {
        return !entry.event.ephemeral && entry.event.id == id;
    });
    return found == m_entries.end() ? -1 : found->position;
}

EventPage EventLog::read(const QString &cursor, int max, const EventFilter &filter) const
{
    EventPage page;
    qint64 start = 0; // of ephemeral events
    qint64 durableStart = 0;
    if (!cursor.isEmpty()) {
        bool ok = false;
        start = cursor.section(u'|', -1).toLongLong(&ok);
        const QByteArray id = cursor.section(u'|', 0, -2).toLatin1();
        const qint64 named = positionOf(id);
        page.expired = !ok || start < 0 || start > m_count || (named < 0 && !id.isEmpty());
        if (page.expired)
            start = 0;
        else
            durableStart = named + 1;
    }
    qint64 next = m_count;
    for (const Entry &entry : m_entries) {
        if (entry.position < (entry.event.ephemeral ? start : durableStart)
            || !wanted(entry.event, filter))
            continue;
        if (page.events.size() == max) {
            page.hasMore = true;
            next = entry.position;
            break;
        }
        page.events.append(entry.event);
    }
    page.cursor = page.hasMore ? cursorAt(next) : tail();
    return page;
}

EventPage EventLog::readBackward(const QString &cursor, int max, const EventFilter &filter) const
{
    EventPage page;
    qint64 end = m_count;
    if (cursor.startsWith("b:"_L1)) {
        const QByteArray id = cursor.mid(2).toLatin1();
        const auto found = std::find_if(m_entries.begin(), m_entries.end(),
                                        [&](const Entry &entry) { return entry.event.id == id; });
        page.expired = found == m_entries.end();
        if (!page.expired)
            end = found->position;
    }
    for (auto it = m_entries.rbegin(); it != m_entries.rend(); ++it) {
        if (it->position >= end || it->event.ephemeral || !wanted(it->event, filter))
            continue;
        if (page.events.size() == max) {
            page.hasMore = true;
            break;
        }
        page.events.prepend(it->event);
    }
    if (!page.events.isEmpty())
        page.cursor = u"b:"_s + QString::fromLatin1(page.events.constFirst().id);
    return page;
}

QList<LoggedEvent> EventLog::last(int count) const
{
    QList<LoggedEvent> events;
    const auto size = static_cast<std::ptrdiff_t>(m_entries.size());
    const auto skip = std::max<std::ptrdiff_t>(0, size - count);
    for (auto it = std::next(m_entries.begin(), skip); it != m_entries.end(); ++it)
        events.append(it->event);
    return events;
}

QList<LoggedEvent> EventLog::durable() const
{
    QList<LoggedEvent> events;
    for (const Entry &entry : m_entries) {
        if (!entry.event.ephemeral)
            events.append(entry.event);
    }
    return events;
}

} // namespace pilotlight::demo
