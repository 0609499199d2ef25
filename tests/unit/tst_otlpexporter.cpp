// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "metrics/otlpexporter.h"
#include "support/fakeclock.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>
#include <QTimeZone>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

const QString A = QStringLiteral("a");

//! Keeps what was posted; the test answers.
class FakeSender final : public OtlpSender
{
public:
    struct Log
    {
        QList<QByteArray> bodies;
        std::function<void(OtlpAnswer)> handler;
        int cancelled = 0;
    };
    explicit FakeSender(Log *log)
        : m_log(log)
    { }
    void post(const OtlpConfig &, const QByteArray &body,
              std::function<void(OtlpAnswer)> handler) override
    {
        QVERIFY2(!m_log->handler, "two requests in flight");
        m_log->bodies.append(body);
        m_log->handler = std::move(handler);
    }
    void cancel() override
    {
        m_log->handler = nullptr;
        ++m_log->cancelled;
    }

private:
    Log *m_log;
};

struct Fixture
{
    Fixture()
    {
        metrics.attempt(A, MetricMethod::Ping, MetricTrigger::Timer);
        config.url = QUrl(QStringLiteral("http://127.0.0.1:1/v1/metrics"));
        exporter = std::make_unique<OtlpExporter>(metrics, std::make_unique<FakeSender>(&sent),
                                                  clock, random);
        exporter->setConfig(config);
    }
    void answer(int status, const QByteArray &body = {}, std::optional<QByteArray> after = {})
    {
        const auto handler = std::exchange(sent.handler, nullptr);
        QVERIFY2(handler, "nothing is in flight");
        handler({status, status == 0 ? QStringLiteral("refused") : QString(), after, body});
    }
    OtlpExporter::Stats stats() const { return exporter->stats(); }

    FakeClock clock;
    SeededRandom random{1};
    KeepaliveMetrics metrics{clock};
    FakeSender::Log sent;
    OtlpConfig config;
    std::unique_ptr<OtlpExporter> exporter;
};

QHash<QString, QString> environment(
    std::initializer_list<std::pair<const char *, const char *>> all)
{
    QHash<QString, QString> map;
    for (const auto &[name, value] : all)
        map.insert(QString::fromLatin1(name), QString::fromLatin1(value));
    return map;
}

QString urlOf(const QHash<QString, QString> &variables, const QString &setting = {})
{
    return otlpConfig({setting, false}, variables).url.toString();
}

} // namespace

class TstOtlpExporter : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void line28_offUntilConfigured()
    {
        FakeClock clock;
        SeededRandom random(1);
        KeepaliveMetrics metrics(clock);
        FakeSender::Log sent;
        metrics.attempt(A, MetricMethod::Ping, MetricTrigger::Timer);
        OtlpExporter exporter(metrics, std::make_unique<FakeSender>(&sent), clock, random);
        exporter.setConfig(otlpConfig({}, {}));
        clock.advance(24h);
        QCOMPARE(clock.timersMade(), 0u);
        QVERIFY(sent.bodies.isEmpty());
    }

    void exportsEveryInterval()
    {
        Fixture f;
        f.clock.advance(59s);
        QVERIFY(f.sent.bodies.isEmpty());
        f.clock.advance(1s);
        QCOMPARE(f.sent.bodies.size(), 1);
        QVERIFY(QJsonDocument::fromJson(f.sent.bodies[0]).isObject());
        QVERIFY(f.sent.bodies[0].contains("\"pilotlight.keepalive.attempt\""));
        f.answer(200, "{}");
        QCOMPARE(f.stats().exported, 1u);
        f.clock.advance(60s);
        QCOMPARE(f.sent.bodies.size(), 2);
    }

    void nothingCountedSendsNothing()
    {
        Fixture f;
        KeepaliveMetrics empty(f.clock);
        FakeSender::Log sent;
        OtlpExporter exporter(empty, std::make_unique<FakeSender>(&sent), f.clock, f.random);
        exporter.setConfig(f.config);
        f.clock.advance(60s);
        QVERIFY(sent.bodies.isEmpty());
    }

    void line28_aHangingCollectorFillsABoundedQueue()
    {
        Fixture f;
        QTest::ignoreMessage(QtWarningMsg, "Metrics were not exported: no answer in time");
        f.clock.advance(24h);
        QVERIFY(f.stats().queued <= OtlpExporter::QueueLimit);
        QCOMPARE(f.stats().exported, 0u);
        QVERIFY(f.stats().failed > 100); // each 10 s long, then up to 5 minutes of waiting
        QVERIFY(f.stats().failed < 1000);
        QCOMPARE(f.stats().dropped + f.stats().queued, 24u * 60);
        QCOMPARE(f.clock.liveTimers() <= 2, true);
        // It comes back: what waits goes out, one after the other.
        f.metrics.attempt(A, MetricMethod::Ping, MetricTrigger::Timer);
        while (!f.sent.handler)
            QVERIFY(f.clock.advanceToNext());
        QTest::ignoreMessage(QtInfoMsg, "The metrics collector takes metrics again");
        const auto waiting = f.stats().queued;
        for (std::size_t i = 0; i < waiting; ++i)
            f.answer(200);
        QCOMPARE(f.stats().queued, 0u);
        QCOMPARE(f.stats().exported, waiting);
        QVERIFY(f.stats().lastError.isEmpty());
    }

    void retriesWhatMayPass_data()
    {
        QTest::addColumn<int>("status");
        QTest::addColumn<bool>("retry");
        for (const int status : {0, 429, 502, 503, 504})
            QTest::addRow("%d", status) << status << true;
        for (const int status : {301, 400, 401, 404, 413, 500, 501})
            QTest::addRow("%d", status) << status << false;
    }

    void retriesWhatMayPass()
    {
        QFETCH(int, status);
        QFETCH(bool, retry);
        Fixture f;
        f.clock.advance(60s);
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QStringLiteral("Metrics were not exported: .*")));
        f.answer(status);
        QCOMPARE(f.stats().queued, retry ? 1u : 0u);
        QCOMPARE(f.stats().dropped, retry ? 0u : 1u);
        f.clock.advance(2499ms); // the first retry comes after 2.5 to 5 s
        QCOMPARE(f.sent.bodies.size(), 1);
        f.clock.advance(2501ms);
        QCOMPARE(f.sent.bodies.size(), retry ? 2 : 1);
        if (retry)
            QCOMPARE(f.sent.bodies[1], f.sent.bodies[0]); // the same snapshot again
    }

    void theWaitGrowsAndEnds()
    {
        Fixture f;
        f.clock.advance(60s);
        QTest::ignoreMessage(QtWarningMsg, "Metrics were not exported: HTTP 503");
        Milliseconds last{0};
        for (int i = 0; i < 12; ++i) {
            f.answer(503);
            const auto from = f.clock.now();
            while (!f.sent.handler)
                QVERIFY(f.clock.advanceToNext());
            last = std::chrono::duration_cast<Milliseconds>(f.clock.now() - from);
            const Milliseconds longest =
                std::min(OtlpExporter::LongestRetry, OtlpExporter::FirstRetry * (1 << i));
            QVERIFY2(last >= longest / 2 && last <= longest, qPrintable(QString::number(i)));
        }
        QVERIFY(last >= OtlpExporter::LongestRetry / 2);
    }

    void retryAfterIsHonoured()
    {
        Fixture f;
        f.clock.advance(60s);
        QTest::ignoreMessage(QtWarningMsg, "Metrics were not exported: HTTP 429");
        f.answer(429, {}, QByteArray("120"));
        f.clock.advance(119s);
        QCOMPARE(f.sent.bodies.size(), 1);
        f.clock.advance(1s);
        QCOMPARE(f.sent.bodies.size(), 2);
    }

    void retryAfterIsReadInBothForms()
    {
        const QDateTime now(QDate(2026, 11, 21), QTime(2, 0), QTimeZone::utc());
        QCOMPARE(retryAfter("7", now), std::optional<Milliseconds>(7s));
        QCOMPARE(retryAfter(" 0 ", now), std::optional<Milliseconds>(0s));
        QCOMPARE(retryAfter("Sat, 21 Nov 2026 02:01:30 GMT", now),
                 std::optional<Milliseconds>(90s));
        QCOMPARE(retryAfter("Sat, 21 Nov 2026 01:00:00 GMT", now), std::nullopt);
        QCOMPARE(retryAfter("-5", now), std::nullopt);
        QCOMPARE(retryAfter("soon", now), std::nullopt);
        QCOMPARE(retryAfter("99999999999", now), std::optional(OtlpExporter::LongestRetry));
    }

    void partialSuccessIsCounted()
    {
        Fixture f;
        f.clock.advance(60s);
        QTest::ignoreMessage(QtWarningMsg,
                             "Metrics were not exported: 3 data points were rejected");
        f.answer(200, R"({"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"x"}})");
        QCOMPARE(f.stats().exported, 1u);
        QCOMPARE(f.stats().rejectedPoints, 3u);
        QCOMPARE(f.stats().queued, 0u);
    }

    void anotherConfigurationCountsAtOnce()
    {
        Fixture f;
        f.clock.advance(60s);
        QVERIFY(f.sent.handler);
        OtlpConfig other = f.config;
        other.interval = 1s;
        f.exporter->setConfig(other);
        QVERIFY(!f.sent.handler); // the request to the old one has ended
        QCOMPARE(f.stats().dropped, 1u);
        f.clock.advance(1s);
        QCOMPARE(f.sent.bodies.size(), 2);
        f.exporter->setConfig({});
        QCOMPARE(f.clock.liveTimers(), 0);
    }

    void nothingRunsAfterTheEnd()
    {
        Fixture f;
        f.clock.advance(60s);
        f.exporter.reset();
        QCOMPARE(f.clock.liveTimers(), 0);
        QVERIFY(!f.sent.handler);
    }

    void theInstanceIsARandomUuid()
    {
        Fixture f;
        f.clock.advance(60s);
        static const QRegularExpression uuid(QStringLiteral(
            "\"service.instance.id\",\"value\":\\{\"stringValue\":\"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-"
            "f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\""));
        QVERIFY(uuid.match(QString::fromUtf8(f.sent.bodies[0])).hasMatch());
    }

    // The standard variables.

    void line28_endpoints()
    {
        QCOMPARE(urlOf({}), QString());
        QCOMPARE(urlOf({}, QStringLiteral("http://h:4318")),
                 QStringLiteral("http://h:4318/v1/metrics"));
        QCOMPARE(urlOf({}, QStringLiteral("https://h/otlp/")),
                 QStringLiteral("https://h/otlp/v1/metrics"));
        const auto general = environment({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://e:4318"}});
        QCOMPARE(urlOf(general, QStringLiteral("http://h:4318")),
                 QStringLiteral("http://e:4318/v1/metrics"));
        auto special = general;
        special.insert(QStringLiteral("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
                       QStringLiteral("http://m:1/own"));
        QCOMPARE(urlOf(special), QStringLiteral("http://m:1/own"));
        QCOMPARE(urlOf(environment({{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m:1"}})),
                 QStringLiteral("http://m:1/"));
        QCOMPARE(urlOf(environment({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}})), QString());
    }

    void line28_theStandardSwitches()
    {
        const QString setting = QStringLiteral("http://h:4318");
        QVERIFY(urlOf(environment({{"OTEL_SDK_DISABLED", "true"}}), setting).isEmpty());
        QVERIFY(
            !urlOf(environment({{"OTEL_SDK_DISABLED", "1"}}), setting).isEmpty()); // as specified
        QVERIFY(urlOf(environment({{"OTEL_METRICS_EXPORTER", "none"}}), setting).isEmpty());
        QVERIFY(!urlOf(environment({{"OTEL_METRICS_EXPORTER", "otlp"}}), setting).isEmpty());
        QStringList warnings;
        QVERIFY(!otlpConfig({setting, false},
                            environment({{"OTEL_METRICS_EXPORTER", "prometheus"}}), &warnings)
                     .isOn());
        QCOMPARE(warnings.size(), 1);
    }

    void line28_theOtherVariables()
    {
        QStringList warnings;
        const OtlpConfig config = otlpConfig(
            {QStringLiteral("http://h:4318"), true},
            environment({{"OTEL_EXPORTER_OTLP_HEADERS", "x-a=1, authorization=Bearer%20secret1"},
                         {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "X-A=2"},
                         {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                         {"OTEL_METRIC_EXPORT_INTERVAL", "15000"},
                         {"OTEL_SERVICE_NAME", "mine"},
                         {"OTEL_RESOURCE_ATTRIBUTES", "service.name=lost,team=blue%2Cgreen"}}),
            &warnings);
        QCOMPARE(warnings, QStringList());
        QCOMPARE(config.headers.size(), 2);
        QCOMPARE(config.headers[0].first, QByteArray("x-a"));
        QCOMPARE(config.headers[0].second.reveal(), QByteArray("2"));
        QCOMPARE(config.headers[1].second.reveal(), QByteArray("Bearer secret1"));
        QCOMPARE(config.timeout, Milliseconds(2500));
        QCOMPARE(config.interval, Milliseconds(15s));
        QCOMPARE(config.serviceName, QStringLiteral("mine"));
        QCOMPARE(config.resourceAttributes.size(), 1);
        QCOMPARE(config.resourceAttributes[0].second, QStringLiteral("blue,green"));
        QVERIFY(config.names == MetricNames::ToolHive);
    }

    void whatCannotBeDoneIsSaid_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("value");
        const auto row = [](const char *name, const char *value) {
            QTest::addRow("%s", name) << QString::fromLatin1(name) << QString::fromLatin1(value);
        };
        row("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        row("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc");
        row("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
        row("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta");
        row("OTEL_EXPORTER_OTLP_TIMEOUT", "soon");
        row("OTEL_METRIC_EXPORT_INTERVAL", "5");
        row("OTEL_EXPORTER_OTLP_HEADERS", "a-secret-without-a-key");
        row("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=b%0d%0aHost:evil");
        row("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");
    }

    void whatCannotBeDoneIsSaid()
    {
        QFETCH(QString, name);
        QFETCH(QString, value);
        QStringList warnings;
        const OtlpConfig config =
            otlpConfig({QStringLiteral("http://h:4318"), false}, {{name, value}}, &warnings);
        QCOMPARE(warnings.size(), 1);
        QVERIFY(!warnings[0].contains(QStringLiteral("secret")));
        QVERIFY(config.headers.isEmpty());
        QCOMPARE(config.isOn(), !name.endsWith(QStringLiteral("ENDPOINT")));
        QCOMPARE(config.interval, Milliseconds(60s));
        QCOMPARE(config.timeout, Milliseconds(10s));
    }
};

QTEST_GUILESS_MAIN(TstOtlpExporter)
#include "tst_otlpexporter.moc"
