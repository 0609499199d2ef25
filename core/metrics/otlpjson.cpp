// SPDX-License-Identifier: MIT
#include "metrics/otlpjson.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMap>

#include <functional>

namespace pilotlight {

namespace {

constexpr int Cumulative = 2; // AGGREGATION_TEMPORALITY_CUMULATIVE

QJsonObject attribute(const QString &key, const QString &value)
{
    return {{QStringLiteral("key"), key},
            {QStringLiteral("value"), QJsonObject{{QStringLiteral("stringValue"), value}}}};
}

QString nanoseconds(const QDateTime &time)
{
    return QString::number(time.toMSecsSinceEpoch()) + QStringLiteral("000000");
}

//! Builds the metrics of one snapshot under one set of names.
class Encoder
{
public:
    Encoder(const MetricsSnapshot &snapshot, MetricNames names)
        : m_snapshot(snapshot)
        , m_toolHive(names == MetricNames::ToolHive)
        , m_start(nanoseconds(snapshot.start))
        , m_time(nanoseconds(snapshot.time))
    { }

    QJsonArray metrics()
    {
        addCounters();
        addLatency();
        using Gauges = MetricsSnapshot::Gauges;
        // 0 closed, 1 half-open, 2 open.
        addGauge(QStringLiteral("breaker.state"), QStringLiteral("1"), [](const Gauges &gauges) {
            return gauges.breaker ? integer(static_cast<int>(*gauges.breaker)) : QJsonObject();
        });
        addGauge(QStringLiteral("last_success.age"), QStringLiteral("s"),
                 [](const Gauges &gauges) -> QJsonObject {
                     if (!gauges.secondsSinceSuccess)
                         return {};
                     return {{QStringLiteral("asDouble"), *gauges.secondsSinceSuccess}};
                 });
        const auto addSessions = [&](const QString &name, int SessionCounts::*count) {
            addGauge(name, QStringLiteral("{session}"), [count](const Gauges &gauges) {
                return gauges.sessions ? integer((*gauges.sessions).*count) : QJsonObject();
            });
        };
        addSessions(QStringLiteral("sessions.protected"), &SessionCounts::safe);
        addSessions(QStringLiteral("sessions.unverified"), &SessionCounts::unverified);
        addSessions(QStringLiteral("sessions.at_risk"), &SessionCounts::atRisk);
        addSessions(QStringLiteral("sessions.dead"), &SessionCounts::dead);
        return m_metrics;
    }

private:
    static QJsonObject integer(int value)
    {
        return {{QStringLiteral("asInt"), QString::number(value)}};
    }

    QJsonArray attributes(const MetricAttributes &from, bool toolHive) const
    {
        QJsonArray all{attribute(
            toolHive ? QStringLiteral("backend_id") : QStringLiteral("backend.id"), from.backend)};
        if (from.method)
            all.append(attribute(QStringLiteral("method"), metricMethodName(*from.method)));
        if (from.trigger)
            all.append(attribute(QStringLiteral("trigger"), metricTriggerName(*from.trigger)));
        if (from.reason)
            all.append(attribute(QStringLiteral("reason"), metricReasonName(*from.reason)));
        return all;
    }

    void addMetric(const QString &name, const QString &unit, const QString &kind, QJsonObject data)
    {
        m_metrics.append(QJsonObject{{QStringLiteral("name"), name},
                                     {QStringLiteral("unit"), unit},
                                     {kind, std::move(data)}});
    }

    //! ToolHive has these four counters; the rest keeps our names.
    bool asToolHive(MetricCounter counter) const
    {
        return m_toolHive
            && (counter == MetricCounter::Attempt || counter == MetricCounter::Success
                || counter == MetricCounter::Failure || counter == MetricCounter::AutoDisabled);
    }

    void addCounters()
    {
        QMap<int, QJsonArray> points; // by counter
        for (const MetricsSnapshot::Count &count : m_snapshot.counts) {
            points[static_cast<int>(count.counter)].append(
                QJsonObject{{QStringLiteral("attributes"),
                             attributes(count.attributes, asToolHive(count.counter))},
                            {QStringLiteral("startTimeUnixNano"), m_start},
                            {QStringLiteral("timeUnixNano"), m_time},
                            {QStringLiteral("asInt"), QString::number(count.value)}});
        }
        for (auto it = points.cbegin(); it != points.cend(); ++it) {
            const auto counter = static_cast<MetricCounter>(it.key());
            const QString word = metricCounterName(counter);
            const bool toolHive = asToolHive(counter);
            // No unit under ToolHive's names: a converter to Prometheus would append it.
            addMetric(toolHive ? QStringLiteral("vmcp_keepalive_%1_total").arg(word)
                               : QStringLiteral("pilotlight.keepalive.") + word,
                      toolHive ? QString() : QStringLiteral("{probe}"), QStringLiteral("sum"),
                      {{QStringLiteral("dataPoints"), it.value()},
                       {QStringLiteral("aggregationTemporality"), Cumulative},
                       {QStringLiteral("isMonotonic"), true}});
        }
    }

    void addLatency()
    {
        QJsonArray bounds;
        for (const double bound : LatencyHistogram::Bounds)
            bounds.append(bound);
        QJsonArray points;
        for (const MetricsSnapshot::Latency &latency : m_snapshot.latencies) {
            const LatencyHistogram &histogram = latency.histogram;
            QJsonArray buckets;
            for (const quint64 bucket : histogram.buckets)
                buckets.append(QString::number(bucket));
            points.append(QJsonObject{
                {QStringLiteral("attributes"), attributes(latency.attributes, m_toolHive)},
                {QStringLiteral("startTimeUnixNano"), m_start},
                {QStringLiteral("timeUnixNano"), m_time},
                {QStringLiteral("count"), QString::number(histogram.count)},
                {QStringLiteral("sum"), histogram.sum},
                {QStringLiteral("min"), histogram.min},
                {QStringLiteral("max"), histogram.max},
                {QStringLiteral("bucketCounts"), buckets},
                {QStringLiteral("explicitBounds"), bounds}});
        }
        if (points.isEmpty())
            return;
        addMetric(m_toolHive ? QStringLiteral("vmcp_keepalive_latency_seconds")
                             : QStringLiteral("pilotlight.keepalive.latency"),
                  QStringLiteral("s"), QStringLiteral("histogram"),
                  {{QStringLiteral("dataPoints"), points},
                   {QStringLiteral("aggregationTemporality"), Cumulative}});
    }

    //! \a valueOf gives an object with asInt or asDouble, or an empty one for nothing.
    void addGauge(const QString &name, const QString &unit,
                  const std::function<QJsonObject(const MetricsSnapshot::Gauges &)> &valueOf)
    {
        QJsonArray points;
        for (const MetricsSnapshot::Gauges &gauges : m_snapshot.gauges) {
            QJsonObject point = valueOf(gauges);
            if (point.isEmpty())
                continue;
            point.insert(QStringLiteral("attributes"),
                         QJsonArray{attribute(QStringLiteral("backend.id"), gauges.backend)});
            point.insert(QStringLiteral("timeUnixNano"), m_time);
            points.append(point);
        }
        if (!points.isEmpty())
            addMetric(QStringLiteral("pilotlight.keepalive.") + name, unit, QStringLiteral("gauge"),
                      {{QStringLiteral("dataPoints"), points}});
    }

    const MetricsSnapshot &m_snapshot;
    const bool m_toolHive;
    const QString m_start;
    const QString m_time;
    QJsonArray m_metrics;
};

QJsonObject resourceObject(const OtlpResource &resource)
{
    QJsonArray attributes{
        attribute(QStringLiteral("service.name"), resource.serviceName),
        attribute(QStringLiteral("service.version"), QStringLiteral(PILOTLIGHT_VERSION)),
        attribute(QStringLiteral("service.instance.id"), resource.instanceId)};
    for (const auto &[key, value] : resource.attributes)
        attributes.append(attribute(key, value));
    return {{QStringLiteral("attributes"), attributes}};
}

} // namespace

QByteArray encodeOtlp(const MetricsSnapshot &snapshot, const OtlpResource &resource,
                      MetricNames names)
{
    const QJsonObject scope{{QStringLiteral("name"), QStringLiteral("pilotlight.keepalive")},
                            {QStringLiteral("version"), QStringLiteral(PILOTLIGHT_VERSION)}};
    const QJsonObject scopeMetrics{{QStringLiteral("scope"), scope},
                                   {QStringLiteral("metrics"), Encoder(snapshot, names).metrics()}};
    const QJsonObject resourceMetrics{{QStringLiteral("resource"), resourceObject(resource)},
                                      {QStringLiteral("scopeMetrics"), QJsonArray{scopeMetrics}}};
    return QJsonDocument(
               QJsonObject{{QStringLiteral("resourceMetrics"), QJsonArray{resourceMetrics}}})
        .toJson(QJsonDocument::Compact);
}

} // namespace pilotlight
