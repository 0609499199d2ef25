// SPDX-License-Identifier: MIT
#pragma once

#include "base/random.h"
#include "metrics/keepalivemetrics.h"
#include "metrics/otlpsender.h"

#include <QObject>

#include <deque>
#include <memory>

namespace pilotlight {

//! Sends the metrics to an OpenTelemetry collector, every interval: OTLP over HTTP in JSON. What
//! cannot be sent now waits in a short queue and is tried again as the OTLP specification says;
//! what finds the queue full replaces the oldest. Nothing here blocks, and nothing of the keepalive
//! waits for it.
class OtlpExporter : public QObject
{
    Q_OBJECT
public:
    //! Snapshots that wait. They are cumulative, so a dropped one costs resolution only.
    static constexpr std::size_t QueueLimit = 8;
    // Between two tries; doubled each time, with full jitter on the upper half.
    static constexpr Milliseconds FirstRetry{5'000};
    static constexpr Milliseconds LongestRetry{300'000};

    struct Stats
    {
        quint64 exported = 0; //!< snapshots that the collector took
        quint64 failed = 0; //!< tries that failed
        quint64 dropped = 0; //!< snapshots given up: the queue was full, or the collector refused
        quint64 rejectedPoints = 0; //!< data points that a collector took the rest without
        std::size_t queued = 0;
        QString lastError; //!< empty where the last try succeeded
        bool operator==(const Stats &) const = default;
    };

    //! All must outlive the exporter. Off until setConfig().
    OtlpExporter(const KeepaliveMetrics &metrics, std::unique_ptr<OtlpSender> sender, Clock &clock,
                 Random &random, QObject *parent = nullptr);
    ~OtlpExporter() override;

    //! At once; what waits for another collector is dropped.
    void setConfig(const OtlpConfig &config);
    const OtlpConfig &config() const { return m_config; }
    Stats stats() const;

Q_SIGNALS:
    void statsChanged();

private:
    void schedule();
    void collect();
    void sendNext();
    void answered(const OtlpAnswer &answer);
    void retryLater(const OtlpAnswer &answer);
    void report(const QString &error);

    const KeepaliveMetrics &m_metrics;
    std::unique_ptr<OtlpSender> m_sender;
    Clock &m_clock;
    Random &m_random;
    OtlpConfig m_config;
    const QString m_instanceId;
    std::deque<QByteArray> m_queue; //!< the first is in flight or waits for its retry
    bool m_inFlight = false;
    int m_retries = 0; //!< of the first of the queue
    Stats m_stats;
    TimerHandle m_collect;
    TimerHandle m_deadline;
    TimerHandle m_retry;
};

//! How long a Retry-After header asks to wait: seconds or an HTTP date. Nothing where it makes no
//! sense; at most LongestRetry.
std::optional<Milliseconds> retryAfter(const QByteArray &header, const QDateTime &now);

} // namespace pilotlight
