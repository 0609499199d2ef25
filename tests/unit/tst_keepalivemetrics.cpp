// SPDX-License-Identifier: MIT
#include "metrics/keepalivemetrics.h"
#include "metrics/otlpjson.h"
#include "support/fakeclock.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSet>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

const QString A = QStringLiteral("a");
const QString B = QStringLiteral("b");
const QString Other = QStringLiteral("other");
constexpr auto Ping = MetricMethod::Ping;
constexpr auto Timer = MetricTrigger::Timer;

OtlpResource resource()
{
    return {QStringLiteral("pilotlight"), QStringLiteral("0123"), {}};
}

QJsonArray metricsOf(const QByteArray &json)
{
    return QJsonDocument::fromJson(json)
        .object()
        .value(QStringLiteral("resourceMetrics"))
        .toArray()
        .at(0)
        .toObject()
        .value(QStringLiteral("scopeMetrics"))
        .toArray()
        .at(0)
        .toObject()
        .value(QStringLiteral("metrics"))
        .toArray();
}

QJsonObject metric(const QByteArray &json, const QString &name)
{
    for (const QJsonValue &value : metricsOf(json)) {
        if (value.toObject().value(QStringLiteral("name")).toString() == name)
            return value.toObject();
    }
    return {};
}

QJsonArray points(const QJsonObject &metric, const QString &kind)
{
    return metric.value(kind).toObject().value(QStringLiteral("dataPoints")).toArray();
}

//! All attribute keys anywhere in data points.
QSet<QString> attributeKeys(const QByteArray &json)
{
    QSet<QString> keys;
    for (const QJsonValue &value : metricsOf(json)) {
        for (const QString &kind :
             {QStringLiteral("sum"), QStringLiteral("gauge"), QStringLiteral("histogram")}) {
            for (const QJsonValue &point : points(value.toObject(), kind)) {
                for (const QJsonValue &attribute :
                     point.toObject().value(QStringLiteral("attributes")).toArray())
                    keys.insert(attribute.toObject().value(QStringLiteral("key")).toString());
            }
        }
    }
    return keys;
}

//! One of everything.
void fill(KeepaliveMetrics &metrics, FakeClock &clock)
{
    metrics.attempt(A, Ping, Timer);
    metrics.success(A, Ping, Timer, 1200us);
    metrics.attempt(A, MetricMethod::Tool, MetricTrigger::Manual);
    metrics.failure(A, MetricMethod::Tool, MetricTrigger::Manual, MetricReason::Timeout);
    metrics.attempt(A, MetricMethod::Resume, MetricTrigger::Presend);
    metrics.cancelled(A, MetricMethod::Resume, MetricTrigger::Presend);
    metrics.skipped(A, Ping, MetricTrigger::Wake);
    metrics.autoDisabled(A, Ping, MetricReason::Breaker);
    metrics.recovered(A, Ping);
    metrics.setBreaker(A, MetricBreaker::HalfOpen);
    metrics.setSessions(A, {3, 4, 1, 2});
    clock.advance(90s);
}

} // namespace

class TstKeepaliveMetrics : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void line28_everyCounterCounts()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        fill(metrics, clock);
        const MetricsSnapshot now = metrics.snapshot();
        QCOMPARE(now.total(A, MetricCounter::Attempt), 3u);
        QCOMPARE(now.total(A, MetricCounter::Success), 1u);
        QCOMPARE(now.total(A, MetricCounter::Failure), 1u);
        QCOMPARE(now.total(A, MetricCounter::Cancelled), 1u);
        QCOMPARE(now.total(A, MetricCounter::Skipped), 1u);
        QCOMPARE(now.total(A, MetricCounter::AutoDisabled), 1u);
        QCOMPARE(now.total(A, MetricCounter::Recovered), 1u);
        QCOMPARE(now.total(A, MetricCounter::Touch), 1u); // of the attempts only the resume
        QCOMPARE(now.total(B, MetricCounter::Attempt), 0u);
        QCOMPARE(now.gauges.size(), 1u);
        QCOMPARE(now.gauges[0].breaker, std::optional(MetricBreaker::HalfOpen));
        QVERIFY((now.gauges[0].sessions == SessionCounts{3, 4, 1, 2}));
        QCOMPARE(now.gauges[0].secondsSinceSuccess, std::optional(90.0));
    }

    void line28_theAgeOfTheLastSuccessCountsSleep()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        metrics.success(A, Ping, Timer, 1ms);
        clock.suspend(7h);
        clock.jumpWall(-1h);
        QCOMPARE(metrics.snapshot().gauges[0].secondsSinceSuccess, std::optional(7.0 * 3600));
    }

    void line28_atMost64BackendsThenOther()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        for (int i = 0; i < 100; ++i) {
            metrics.attempt(QStringLiteral("backend-%1").arg(i), Ping, Timer);
            metrics.setBreaker(QStringLiteral("backend-%1").arg(i), MetricBreaker::Closed);
        }
        metrics.attempt(QStringLiteral("backend-3"), Ping, Timer); // known ones stay known
        const MetricsSnapshot now = metrics.snapshot();
        QCOMPARE(now.backends().size(), 65);
        QCOMPARE(now.total(Other, MetricCounter::Attempt), 36u);
        QCOMPARE(now.total(QStringLiteral("backend-3"), MetricCounter::Attempt), 2u);
        QCOMPARE(now.gauges.size(), 64u);
    }

    void line28_whatIsNoIdIsOther_data()
    {
        QTest::addColumn<QString>("id");
        QTest::newRow("url") << QStringLiteral("wss://host/path?token=1");
        QTest::newRow("path") << QStringLiteral("/home/somebody/project");
        QTest::newRow("user") << QStringLiteral("somebody@example.org");
        QTest::newRow("prompt") << QStringLiteral("please fix it");
        QTest::newRow("long") << QString(65, u'a');
        QTest::newRow("letters") << QStringLiteral("büro");
        QTest::newRow("empty") << QString();
    }

    void line28_whatIsNoIdIsOther()
    {
        QFETCH(QString, id);
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        metrics.attempt(id, Ping, Timer);
        metrics.success(id, Ping, Timer, 1ms);
        metrics.setSessions(id, {1, 0, 0, 0});
        const MetricsSnapshot now = metrics.snapshot();
        QCOMPARE(now.backends(), QStringList{Other});
        QVERIFY(now.gauges.empty());
        if (!id.isEmpty())
            QVERIFY(!encodeOtlp(now, resource(), MetricNames::Pilotlight).contains(id.toUtf8()));
    }

    void line28_onlyTheNamedAttributesLeave()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        fill(metrics, clock);
        const QSet<QString> ours{QStringLiteral("backend.id"), QStringLiteral("method"),
                                 QStringLiteral("reason"), QStringLiteral("trigger")};
        QCOMPARE(attributeKeys(encodeOtlp(metrics.snapshot(), resource(), MetricNames::Pilotlight)),
                 ours);
        QCOMPARE(attributeKeys(encodeOtlp(metrics.snapshot(), resource(), MetricNames::ToolHive)),
                 ours + QSet<QString>{QStringLiteral("backend_id")});
    }

    void line28_toolHivesNames()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        fill(metrics, clock);
        const QByteArray json = encodeOtlp(metrics.snapshot(), resource(), MetricNames::ToolHive);
        for (const char *word : {"attempt", "success", "failure", "auto_disabled"}) {
            const QString name = QStringLiteral("vmcp_keepalive_%1_total").arg(QLatin1String(word));
            const QJsonArray rows = points(metric(json, name), QStringLiteral("sum"));
            QVERIFY2(!rows.isEmpty(), qPrintable(name));
            const QJsonObject first = rows.at(0)
                                          .toObject()
                                          .value(QStringLiteral("attributes"))
                                          .toArray()
                                          .at(0)
                                          .toObject();
            QCOMPARE(first.value(QStringLiteral("key")).toString(), QStringLiteral("backend_id"));
        }
        QCOMPARE(points(metric(json, QStringLiteral("vmcp_keepalive_latency_seconds")),
                        QStringLiteral("histogram"))
                     .size(),
                 1);
        QVERIFY(metric(json, QStringLiteral("pilotlight.keepalive.attempt")).isEmpty());
        QVERIFY(!metric(json, QStringLiteral("pilotlight.keepalive.touch")).isEmpty());
    }

    void encodesNumbersAsOtlpWantsThem()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        metrics.attempt(A, Ping, Timer);
        metrics.attempt(A, Ping, Timer);
        metrics.success(A, Ping, Timer, 1500us);
        clock.advance(1s);
        const QByteArray json = encodeOtlp(metrics.snapshot(), resource(), MetricNames::Pilotlight);
        const QJsonObject attempts = metric(json, QStringLiteral("pilotlight.keepalive.attempt"));
        const QJsonObject sum = attempts.value(QStringLiteral("sum")).toObject();
        QCOMPARE(sum.value(QStringLiteral("aggregationTemporality")).toInt(), 2);
        QCOMPARE(sum.value(QStringLiteral("isMonotonic")), QJsonValue(true));
        const QJsonObject point = points(attempts, QStringLiteral("sum")).at(0).toObject();
        QCOMPARE(point.value(QStringLiteral("asInt")), QJsonValue(QStringLiteral("2")));
        const qint64 start =
            point.value(QStringLiteral("startTimeUnixNano")).toString().toLongLong();
        const qint64 time = point.value(QStringLiteral("timeUnixNano")).toString().toLongLong();
        QCOMPARE(time - start, 1'000'000'000);
        const QJsonObject latency =
            points(metric(json, QStringLiteral("pilotlight.keepalive.latency")),
                   QStringLiteral("histogram"))
                .at(0)
                .toObject();
        QCOMPARE(latency.value(QStringLiteral("count")), QJsonValue(QStringLiteral("1")));
        QCOMPARE(latency.value(QStringLiteral("sum")).toDouble(), 0.0015);
        QCOMPARE(latency.value(QStringLiteral("bucketCounts")).toArray().size(),
                 latency.value(QStringLiteral("explicitBounds")).toArray().size() + 1);
        QCOMPARE(latency.value(QStringLiteral("bucketCounts")).toArray().at(1),
                 QJsonValue(QStringLiteral("1")));
    }

    void timeNeverGoesBeforeTheStart()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        clock.jumpWall(-1h);
        const MetricsSnapshot now = metrics.snapshot();
        QCOMPARE(now.time, now.start);
    }

    void aRemovedBackendLosesItsGaugesOnly()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        fill(metrics, clock);
        metrics.forget(A);
        metrics.forget(QStringLiteral("never-seen"));
        const MetricsSnapshot now = metrics.snapshot();
        QVERIFY(now.gauges.empty());
        QCOMPARE(now.total(A, MetricCounter::Attempt), 3u);
        QCOMPARE(now.backends(), QStringList{A});
    }

    void bucketsIncludeTheirUpperBound()
    {
        LatencyHistogram histogram;
        histogram.record(0.001);
        histogram.record(0.00100001);
        histogram.record(10);
        histogram.record(11);
        QCOMPARE(histogram.buckets[0], 1u);
        QCOMPARE(histogram.buckets[1], 1u);
        QCOMPARE(histogram.buckets[12], 1u);
        QCOMPARE(histogram.buckets[13], 1u);
        QCOMPARE(histogram.min, 0.001);
        QCOMPARE(histogram.max, 11.0);
    }

    void quantilesComeFromTheBuckets()
    {
        LatencyHistogram histogram;
        QCOMPARE(histogram.quantile(0.5), 0.0);
        histogram.record(0.004);
        QCOMPARE(histogram.quantile(0.5), 0.004); // one value: between its min and max
        for (int i = 0; i < 98; ++i)
            histogram.record(0.002);
        histogram.record(3);
        QVERIFY(histogram.quantile(0.5) > 0.001 && histogram.quantile(0.5) <= 0.0025);
        QVERIFY(histogram.quantile(0.99) <= 0.005);
        QCOMPARE(histogram.quantile(1), 3.0);
        LatencyHistogram sum;
        sum += histogram;
        sum += LatencyHistogram();
        QCOMPARE(sum.count, 100u);
        QCOMPARE(sum.min, 0.002);
    }
};

QTEST_GUILESS_MAIN(TstKeepaliveMetrics)
#include "tst_keepalivemetrics.moc"
