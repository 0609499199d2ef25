// SPDX-License-Identifier: MIT
#include "base/systemclock.h"

#include <QTimerEvent>

#include <algorithm>
#include <limits>

#if defined(Q_OS_WIN)
#include <windows.h>
#elif defined(Q_OS_MACOS)
#include <mach/mach_time.h>
#else
#include <ctime>
#endif

namespace pilotlight {

struct SystemClock::Shared
{
    SystemClock *clock = nullptr;
    QHash<int, std::function<void()>> callbacks;
};

class SystemClock::Token final : public TimerHandle::Token
{
public:
    Token(std::weak_ptr<Shared> shared, int id)
        : m_shared(std::move(shared))
        , m_id(id)
    { }
    ~Token() override
    {
        if (const auto shared = m_shared.lock(); shared && shared->callbacks.remove(m_id))
            shared->clock->killTimer(m_id);
    }
    bool isActive() const override
    {
        const auto shared = m_shared.lock();
        return shared && shared->callbacks.contains(m_id);
    }

private:
    std::weak_ptr<Shared> m_shared;
    int m_id;
};

SystemClock::SystemClock(QObject *parent)
    : QObject(parent)
    , m_shared(std::make_shared<Shared>())
{
    m_shared->clock = this;
}

SystemClock::~SystemClock() = default;

Nanoseconds SystemClock::now() const
{
    return std::chrono::steady_clock::now().time_since_epoch();
}

Nanoseconds SystemClock::bootNow() const
{
#if defined(Q_OS_WIN)
    return Milliseconds(GetTickCount64()); // counts sleep, unlike QueryUnbiasedInterruptTime
#elif defined(Q_OS_MACOS)
    static const mach_timebase_info_data_t base = [] {
        mach_timebase_info_data_t info;
        mach_timebase_info(&info);
        return info;
    }();
    return Nanoseconds(mach_continuous_time() * base.numer / base.denom);
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
    m_shared->callbacks.insert(id, std::move(callback));
    return TimerHandle(std::make_unique<Token>(m_shared, id));
}

void SystemClock::timerEvent(QTimerEvent *event)
{
    const auto callback = m_shared->callbacks.take(event->timerId());
    killTimer(event->timerId());
    if (callback)
        callback();
}

} // namespace pilotlight
