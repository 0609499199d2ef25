// SPDX-License-Identifier: MIT
#include "base/systemclock.h"

#include <QTimerEvent>

#include <algorithm>
#include <limits>

#if defined(Q_OS_WIN)
#include <windows.h>
#elif defined(Q_OS_MACOS)
#include <time.h>
#else
#include <ctime>
#endif

#include <atomic>

namespace pilotlight {

struct SystemClock::Shared
{
    SystemClock *clock = nullptr;
    // Qt gives the number of a timer that has fired to the next one, often to the one that its own
    // callback starts; so a token knows its timer by a serial number of ours, too.
    struct Entry
    {
        quint64 serial = 0;
        std::function<void()> callback;
    };
    QHash<int, Entry> entries;
    quint64 lastSerial = 0;

    bool has(int id, quint64 serial) const
    {
        const auto it = entries.constFind(id);
        return it != entries.constEnd() && it->serial == serial;
    }
};

class SystemClock::Token final : public TimerHandle::Token
{
public:
    Token(std::weak_ptr<Shared> shared, int id, quint64 serial)
        : m_shared(std::move(shared))
        , m_id(id)
        , m_serial(serial)
    { }
    ~Token() override
    {
        const auto shared = m_shared.lock();
        if (!shared || !shared->has(m_id, m_serial))
            return;
        shared->entries.remove(m_id);
        shared->clock->killTimer(m_id);
    }
    bool isActive() const override
    {
        const auto shared = m_shared.lock();
        return shared && shared->has(m_id, m_serial);
    }

private:
    std::weak_ptr<Shared> m_shared;
    int m_id;
    quint64 m_serial;
};

SystemClock::SystemClock(QObject *parent)
    : QObject(parent)
    , m_shared(std::make_shared<Shared>())
{
    m_shared->clock = this;
}

SystemClock::~SystemClock() = default;

// steady_clock stands still during sleep on Linux (CLOCK_MONOTONIC) but goes on where it is made of
// QueryPerformanceCounter (Windows) or CLOCK_MONOTONIC_RAW (macOS).
#if defined(Q_OS_WIN)
namespace {

//! Sleep since the start of the system. Both counters move in steps of up to 16 ms and are read one
//! after the other, so only a change of a second is believed.
Nanoseconds asleep()
{
    static std::atomic<Nanoseconds::rep> known{0};
    ULONGLONG unbiased = 0; // units of 100 ns
    QueryUnbiasedInterruptTime(&unbiased);
    const Nanoseconds present =
        Milliseconds(GetTickCount64()) - Nanoseconds(static_cast<Nanoseconds::rep>(unbiased) * 100);
    const Nanoseconds before(known.load());
    if (present - before < std::chrono::seconds(1))
        return before;
    known.store(present.count());
    return present;
}

} // namespace
#endif

Nanoseconds SystemClock::now() const
{
#if defined(Q_OS_WIN)
    return bootNow() - asleep();
#elif defined(Q_OS_MACOS)
    return Nanoseconds(clock_gettime_nsec_np(CLOCK_UPTIME_RAW));
#else
    return std::chrono::steady_clock::now().time_since_epoch();
#endif
}

Nanoseconds SystemClock::bootNow() const
{
#if defined(Q_OS_WIN)
    return std::chrono::steady_clock::now().time_since_epoch();
#elif defined(Q_OS_MACOS)
    return Nanoseconds(clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW));
#elif defined(CLOCK_BOOTTIME)
    timespec ts{};
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return std::chrono::seconds(ts.tv_sec) + Nanoseconds(ts.tv_nsec);
#else
    return now();
#endif
}

QDateTime SystemClock::wallNow() const
{
    return QDateTime::currentDateTimeUtc();
}

TimerHandle SystemClock::after(Milliseconds delay, std::function<void()> callback)
{
    using namespace std::chrono_literals;
    const auto type = delay >= 60s ? Qt::VeryCoarseTimer
        : delay >= 1s              ? Qt::CoarseTimer
                                   : Qt::PreciseTimer;
    const auto ms =
        std::clamp<Milliseconds::rep>(delay.count(), 0, std::numeric_limits<int>::max());
    const int id = startTimer(Milliseconds(ms), type);
    const quint64 serial = ++m_shared->lastSerial;
    m_shared->entries.insert(id, {serial, std::move(callback)});
    return TimerHandle(std::make_unique<Token>(m_shared, id, serial));
}

void SystemClock::timerEvent(QTimerEvent *event)
{
    const auto callback = m_shared->entries.take(event->timerId()).callback;
    killTimer(event->timerId());
    if (callback)
        callback();
}

} // namespace pilotlight
