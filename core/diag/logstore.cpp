// SPDX-License-Identifier: MIT
#include "diag/logstore.h"

#include <QMutex>
#include <QThread>

#include <algorithm>
#include <deque>
#include <vector>

namespace pilotlight {

namespace {

constexpr Milliseconds DrainInterval{100}; // 10 Hz: a view cannot usefully change faster
constexpr qsizetype MaxTextLength = 64 * 1024;

} // namespace

class LogStore::Private
{
public:
    Private(Clock &theClock, int theCapacity)
        : clock(theClock)
        , capacity(static_cast<std::size_t>(std::max(theCapacity, 1)))
    { }

    Clock &clock;
    const std::size_t capacity;

    // Any thread, under the mutex.
    QMutex mutex;
    std::deque<LogRecord> pending;
    quint64 lastId = 0;
    bool drainWanted = false; // a drain is scheduled or being scheduled

    // Owner's thread. A ring: the oldest is at head once it is full.
    std::vector<LogRecord> ring;
    std::size_t head = 0;
    TimerHandle timer;
    bool flushing = false;
};

LogStore::LogStore(Clock &clock, int capacity, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(clock, capacity))
{ }

LogStore::~LogStore() = default;

void LogStore::append(LogRecord record)
{
    if (record.text.size() > MaxTextLength) {
        record.text.truncate(MaxTextLength);
        record.text.append(QChar(0x2026));
    }
    bool schedule = false;
    {
        const QMutexLocker lock(&d->mutex);
        record.id = ++d->lastId;
        // Records that nobody could ever see are not kept: the ids stay without gaps, since a full
        // queue replaces the whole ring.
        if (d->pending.size() >= d->capacity)
            d->pending.pop_front();
        d->pending.push_back(std::move(record));
        schedule = !d->drainWanted;
        d->drainWanted = true;
    }
    if (!schedule)
        return;
    const auto startTimer = [this] {
        d->timer = d->clock.after(DrainInterval, [this] { flush(); });
    };
    if (QThread::currentThread() == thread())
        startTimer();
    else
        QMetaObject::invokeMethod(this, startTimer, Qt::QueuedConnection);
}

void LogStore::flush()
{
    if (d->flushing) // called from a slot of changed(): the timer brings the rest
        return;
    std::deque<LogRecord> fresh;
    {
        const QMutexLocker lock(&d->mutex);
        fresh.swap(d->pending);
        d->drainWanted = false;
    }
    d->timer.cancel();
    if (fresh.empty())
        return;
    const std::size_t total = d->ring.size() + fresh.size();
    const std::size_t dropped = total > d->capacity ? total - d->capacity : 0;
    const std::size_t added = fresh.size();
    for (LogRecord &record : fresh) {
        if (d->ring.size() < d->capacity) {
            d->ring.push_back(std::move(record));
        } else {
            d->ring[d->head] = std::move(record);
            d->head = (d->head + 1) % d->capacity;
        }
    }
    d->flushing = true;
    Q_EMIT changed(static_cast<int>(added), static_cast<int>(dropped));
    d->flushing = false;
}

int LogStore::size() const
{
    return static_cast<int>(d->ring.size());
}

int LogStore::capacity() const
{
    return static_cast<int>(d->capacity);
}

const LogRecord &LogStore::at(int index) const
{
    Q_ASSERT(index >= 0 && index < size());
    return d->ring[(d->head + static_cast<std::size_t>(index)) % d->ring.size()];
}

quint64 LogStore::firstId() const
{
    return d->ring.empty() ? 0 : at(0).id;
}

} // namespace pilotlight
