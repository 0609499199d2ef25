// SPDX-License-Identifier: MIT
#include "metrics/keepalivemetrics.h"

#include <QSet>
#include <QStringList>

#include <algorithm>
#include <tuple>

namespace pilotlight {

namespace {

const QString Other = QStringLiteral("other");

bool looksLikeAnId(const QString &text)
{
    constexpr qsizetype MaxLength = 64;
    return !text.isEmpty() && text.size() <= MaxLength
        && std::all_of(text.begin(), text.end(), [](QChar c) {
               return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z')
                   || (c >= u'0' && c <= u'9') || c == u'-' || c == u'_' || c == u'.';
           });
}

double secondsOf(Nanoseconds span)
{
    return std::chrono::duration<double>(span).count();
}

} // namespace

QString metricMethodName(MetricMethod method)
{
    switch (method) {
    case MetricMethod::Ping:
        return QStringLiteral("ping");
    case MetricMethod::Tool:
        return QStringLiteral("tool");
    case MetricMethod::Resume:
        return QStringLiteral("resume");
    case MetricMethod::Log:
        return QStringLiteral("log");
    case MetricMethod::Check:
        return QStringLiteral("check");
    }
    return {};
}

QString metricTriggerName(MetricTrigger trigger)
{
    switch (trigger) {
    case MetricTrigger::Timer:
        return QStringLiteral("timer");
    case MetricTrigger::Wake:
        return QStringLiteral("wake");
    case MetricTrigger::Manual:
        return QStringLiteral("manual");
    case MetricTrigger::Presend:
        return QStringLiteral("presend");
    }
    return {};
}

QString metricReasonName(MetricReason reason)
{
    switch (reason) {
    case MetricReason::Timeout:
        return QStringLiteral("timeout");
    case MetricReason::Transport:
        return QStringLiteral("transport");
    case MetricReason::RpcError:
        return QStringLiteral("rpc_error");
    case MetricReason::Unsupported:
        return QStringLiteral("unsupported");
    case MetricReason::Auth:
        return QStringLiteral("auth");
    case MetricReason::Protocol:
        return QStringLiteral("protocol");
    case MetricReason::Breaker:
        return QStringLiteral("breaker");
    }
    return {};
}

QString metricCounterName(MetricCounter counter)
{
    switch (counter) {
    case MetricCounter::Attempt:
        return QStringLiteral("attempt");
    case MetricCounter::Success:
        return QStringLiteral("success");
    case MetricCounter::Failure:
        return QStringLiteral("failure");
    case MetricCounter::Skipped:
        return QStringLiteral("skipped");
    case MetricCounter::Cancelled:
        return QStringLiteral("cancelled");
    case MetricCounter::AutoDisabled:
        return QStringLiteral("auto_disabled");
    case MetricCounter::Recovered:
        return QStringLiteral("recovered");
    case MetricCounter::Touch:
        return QStringLiteral("touch");
    }
    return {};
}

bool operator<(const MetricAttributes &a, const MetricAttributes &b)
{
    return std::tie(a.backend, a.method, a.trigger, a.reason)
        < std::tie(b.backend, b.method, b.trigger, b.reason);
}

void LatencyHistogram::record(double seconds)
{
    const auto bucket = std::lower_bound(Bounds.begin(), Bounds.end(), seconds)
        - Bounds.begin(); // bounds inclusive
    ++buckets[static_cast<std::size_t>(bucket)];
    min = count == 0 ? seconds : std::min(min, seconds);
    max = count == 0 ? seconds : std::max(max, seconds);
    ++count;
    sum += seconds;
}

LatencyHistogram &LatencyHistogram::operator+=(const LatencyHistogram &other)
{
    if (other.count == 0)
        return *this;
    for (std::size_t i = 0; i < buckets.size(); ++i)
        buckets[i] += other.buckets[i];
    min = count == 0 ? other.min : std::min(min, other.min);
    max = count == 0 ? other.max : std::max(max, other.max);
    count += other.count;
    sum += other.sum;
    return *this;
}

double LatencyHistogram::quantile(double q) const
{
    if (count == 0)
        return 0;
    const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(count);
    double below = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        const auto here = static_cast<double>(buckets[i]);
        if (here > 0 && below + here >= rank) {
            // Nothing lies outside min and max, so the outer buckets have ends, too.
            const double low = std::max(min, i == 0 ? 0.0 : Bounds[i - 1]);
            const double high = std::min(max, i < Bounds.size() ? Bounds[i] : max);
            return low + (high - low) * std::clamp((rank - below) / here, 0.0, 1.0);
        }
        below += here;
    }
    return max;
}

quint64 MetricsSnapshot::total(const QString &backend, MetricCounter counter) const
{
    quint64 sum = 0;
    for (const Count &count : counts) {
        if (count.counter == counter && count.attributes.backend == backend)
            sum += count.value;
    }
    return sum;
}

LatencyHistogram MetricsSnapshot::latency(const QString &backend) const
{
    LatencyHistogram all;
    for (const Latency &latency : latencies) {
        if (latency.attributes.backend == backend)
            all += latency.histogram;
    }
    return all;
}

QStringList MetricsSnapshot::backends() const
{
    QSet<QString> names;
    for (const Count &count : counts)
        names.insert(count.attributes.backend);
    for (const Gauges &gauge : gauges)
        names.insert(gauge.backend);
    QStringList sorted(names.begin(), names.end());
    sorted.sort();
    return sorted;
}

KeepaliveMetrics::KeepaliveMetrics(Clock &clock)
    : m_clock(clock)
    , m_start(clock.wallNow())
{ }

QString KeepaliveMetrics::known(const QString &backend)
{
    if (m_backends.count(backend))
        return backend;
    const auto named =
        static_cast<int>(m_backends.size()) - static_cast<int>(m_backends.count(Other));
    const QString name = looksLikeAnId(backend) && named < MaxBackends ? backend : Other;
    m_backends.try_emplace(name);
    return name;
}

void KeepaliveMetrics::count(MetricCounter counter, const MetricAttributes &attributes)
{
    ++m_counts[{counter, attributes}];
}

void KeepaliveMetrics::attempt(const QString &backend, MetricMethod method, MetricTrigger trigger)
{
    const MetricAttributes attributes{known(backend), method, trigger, {}};
    count(MetricCounter::Attempt, attributes);
    if (method == MetricMethod::Resume || method == MetricMethod::Log)
        count(MetricCounter::Touch, attributes);
}

void KeepaliveMetrics::success(const QString &backend, MetricMethod method, MetricTrigger trigger,
                               std::chrono::microseconds latency)
{
    const QString name = known(backend);
    count(MetricCounter::Success, {name, method, trigger, {}});
    m_latencies[{name, method, {}, {}}].record(std::max(0.0, secondsOf(latency)));
    m_backends[name].lastSuccess = m_clock.bootNow();
}

void KeepaliveMetrics::failure(const QString &backend, MetricMethod method, MetricTrigger trigger,
                               MetricReason reason)
{
    count(MetricCounter::Failure, {known(backend), method, trigger, reason});
}

void KeepaliveMetrics::skipped(const QString &backend, MetricMethod method, MetricTrigger trigger)
{
    count(MetricCounter::Skipped, {known(backend), method, trigger, {}});
}

void KeepaliveMetrics::cancelled(const QString &backend, MetricMethod method, MetricTrigger trigger)
{
    count(MetricCounter::Cancelled, {known(backend), method, trigger, {}});
}

void KeepaliveMetrics::autoDisabled(const QString &backend, MetricMethod method,
                                    MetricReason reason)
{
    count(MetricCounter::AutoDisabled, {known(backend), method, {}, reason});
}

void KeepaliveMetrics::recovered(const QString &backend, MetricMethod method)
{
    count(MetricCounter::Recovered, {known(backend), method, {}, {}});
}

void KeepaliveMetrics::setBreaker(const QString &backend, MetricBreaker state)
{
    if (const QString name = known(backend); name != Other)
        m_backends[name].breaker = state;
}

void KeepaliveMetrics::setSessions(const QString &backend, const SessionCounts &sessions)
{
    if (const QString name = known(backend); name != Other)
        m_backends[name].sessions = sessions;
}

void KeepaliveMetrics::forget(const QString &backend)
{
    // The name stays: it has series, and the limit is on names ever seen.
    if (const auto it = m_backends.find(backend); it != m_backends.end())
        it->second = {};
}

MetricsSnapshot KeepaliveMetrics::snapshot() const
{
    MetricsSnapshot all;
    all.start = m_start;
    all.time = std::max(m_start, m_clock.wallNow()); // the user's clock may have been set back
    all.counts.reserve(m_counts.size());
    for (const auto &[key, value] : m_counts)
        all.counts.push_back({key.first, key.second, value});
    for (const auto &[attributes, histogram] : m_latencies)
        all.latencies.push_back({attributes, histogram});
    for (const auto &[name, state] : m_backends) {
        MetricsSnapshot::Gauges gauges{name, state.breaker, {}, state.sessions};
        if (state.lastSuccess && name != Other)
            gauges.secondsSinceSuccess = secondsOf(m_clock.bootNow() - *state.lastSuccess);
        if (gauges.breaker || gauges.secondsSinceSuccess || gauges.sessions)
            all.gauges.push_back(gauges);
    }
    return all;
}

} // namespace pilotlight
