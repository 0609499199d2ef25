// SPDX-License-Identifier: MIT
#include "connection/sleepmonitor.h"

#include "base/logging.h"

#include <algorithm>

namespace pilotlight {

namespace {
// Two clocks of one machine drift apart by less than this between two checks; what is more is
// sleep.
constexpr Milliseconds Drift{1'000};
} // namespace

SleepMonitor::SleepMonitor(std::unique_ptr<SleepSource> source, Milliseconds interval, Clock &clock,
                           QObject *parent, Milliseconds checkEvery)
    : QObject(parent)
    , m_source(std::move(source))
    , m_interval(interval)
    , m_checkEvery(checkEvery)
    , m_clock(clock)
    , m_known(offset())
    , m_lastOffset(m_known)
{
    if (m_source) {
        connect(m_source.get(), &SleepSource::aboutToSleep, this, &SleepMonitor::onAboutToSleep);
        connect(m_source.get(), &SleepSource::woke, this, [this] { wake("system"); });
        connect(m_source.get(), &SleepSource::unlocked, this, [this] { wake("unlock"); });
    }
    schedule();
}

SleepMonitor::~SleepMonitor() = default;

void SleepMonitor::schedule()
{
    m_timer = m_clock.after(m_checkEvery, [this] {
        schedule();
        check();
    });
}

void SleepMonitor::check()
{
    const Nanoseconds present = offset();
    if (present - m_lastOffset < Drift)
        m_known += present - m_lastOffset;
    m_lastOffset = present;
    // Several short sleeps add up: a server's idle limit goes on through all of them.
    if (asleepSinceLastWake() > std::max(LeastGap, m_interval / 2))
        wake("clock");
}

Milliseconds SleepMonitor::asleepSinceLastWake() const
{
    return std::max(Milliseconds(0), std::chrono::duration_cast<Milliseconds>(offset() - m_known));
}

void SleepMonitor::onAboutToSleep()
{
    if (!m_preparing) {
        m_preparing = true;
        qCInfo(lcKeepalive).noquote() << "The system goes to sleep: probes are cancelled";
        // Runs only while the machine is awake, so it cannot fire over a sleep.
        m_calledOff = m_clock.after(CalledOffAfter, [this] { wake("called-off"); });
        Q_EMIT aboutToSleep();
    }
    m_source->readyToSleep();
}

void SleepMonitor::wake(const char *trigger)
{
    const Nanoseconds boot = m_clock.bootNow();
    const Milliseconds asleep = asleepSinceLastWake();
    const bool sameCluster = m_lastWake && boot - *m_lastWake < ClusterSpan;
    // The sleep announced after the last wake ends in any case: whoever prepared for it must go on.
    if (sameCluster && !m_preparing && asleep <= LeastGap)
        return;
    m_preparing = false;
    m_calledOff.cancel();
    m_lastWake = boot;
    m_known = m_lastOffset = offset();
    qCInfo(lcKeepalive).noquote() << QStringLiteral("Awake again trigger=%1 asleep_s=%2")
                                         .arg(QLatin1String(trigger))
                                         .arg(static_cast<double>(asleep.count()) / 1000, 0, 'f',
                                              1);
    Q_EMIT woke(asleep);
}

} // namespace pilotlight
