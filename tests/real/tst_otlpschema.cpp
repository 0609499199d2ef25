// SPDX-License-Identifier: MIT
// What is sent to a collector is read back with protobuf by the schema that OpenTelemetry
// publishes.
#include "metrics/otlpjson.h"
#include "support/fakeclock.h"
#include "support/python.h"

#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

class TstOtlpSchema : public QObject
{
    Q_OBJECT
private:
    QString m_protos;
    QString m_python;
    QTemporaryDir m_generated;

    //! What protobuf found in \a json; an empty list and a failure where it refused it.
    QStringList read(const QByteArray &json, QByteArray *refused = nullptr)
    {
        QProcess checker;
        checker.start(m_python,
                      {qEnvironmentVariable("PILOTLIGHT_SOURCE")
                           + QStringLiteral("/tests/real/check_otlp.py"),
                       m_protos, m_generated.path()});
        checker.write(json);
        checker.closeWriteChannel();
        const bool finished = checker.waitForFinished(60'000);
        const QByteArray errors = checker.readAllStandardError();
        if (refused)
            *refused = errors;
        else if (!finished || checker.exitCode() != 0)
            QTest::qFail(errors.constData(), __FILE__, __LINE__);
        return QString::fromUtf8(checker.readAllStandardOutput()).split(u'\n', Qt::SkipEmptyParts);
    }

    static void fill(KeepaliveMetrics &metrics, FakeClock &clock)
    {
        const QString a = QStringLiteral("a");
        for (int i = 0; i < 3; ++i) {
            metrics.attempt(a, MetricMethod::Ping, MetricTrigger::Timer);
            metrics.success(a, MetricMethod::Ping, MetricTrigger::Timer, 1500us);
        }
        metrics.attempt(a, MetricMethod::Resume, MetricTrigger::Presend);
        metrics.failure(a, MetricMethod::Resume, MetricTrigger::Presend, MetricReason::RpcError);
        metrics.attempt(a, MetricMethod::Tool, MetricTrigger::Wake);
        metrics.cancelled(a, MetricMethod::Tool, MetricTrigger::Wake);
        metrics.skipped(a, MetricMethod::Log, MetricTrigger::Manual);
        metrics.autoDisabled(a, MetricMethod::Ping, MetricReason::Unsupported);
        metrics.recovered(a, MetricMethod::Ping);
        metrics.setBreaker(a, MetricBreaker::Open);
        metrics.setSessions(a, {48, 1, 2, 3});
        clock.advance(90s);
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (qEnvironmentVariable("PILOTLIGHT_REAL") == QStringLiteral("skip"))
            QSKIP("PILOTLIGHT_REAL=skip");
        m_python = pythonWith(QStringLiteral("google.protobuf"));
        if (m_python.isEmpty()
            || QStandardPaths::findExecutable(QStringLiteral("protoc")).isEmpty())
            QSKIP("needs protobuf-compiler and python3-protobuf");
        QProcess install;
        install.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        install.start(qEnvironmentVariable("PILOTLIGHT_SOURCE")
                          + QStringLiteral("/tests/real/install-otlp-schema.sh"),
                      QStringList());
        if (!install.waitForFinished(120'000) || install.exitCode() != 0)
            QSKIP("the schema could not be had");
        m_protos = QString::fromUtf8(install.readAllStandardOutput()).trimmed();
    }
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void line28_payloadsFollowThePublishedSchema()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        fill(metrics, clock);
        const QStringList read =
            this->read(encodeOtlp(metrics.snapshot(),
                                  {QStringLiteral("mine"),
                                   QStringLiteral("id-1"),
                                   {{QStringLiteral("team"), QStringLiteral("blue")}}},
                                  MetricNames::Pilotlight));
        const auto has = [&](const char *line) {
            const QString text = QString::fromLatin1(line);
            if (!read.contains(text))
                QTest::qFail(qPrintable(text + QStringLiteral("\nnot in\n") + read.join(u'\n')),
                             __FILE__, __LINE__);
        };
        has("resource service.name=mine,service.version=" PILOTLIGHT_VERSION
            ",service.instance.id=id-1,team=blue");
        has("scope pilotlight.keepalive");
        has("sum pilotlight.keepalive.attempt {probe} backend.id=a,method=ping,trigger=timer "
            "as_int=3");
        has("sum pilotlight.keepalive.failure {probe} "
            "backend.id=a,method=resume,trigger=presend,reason=rpc_error as_int=1");
        has("sum pilotlight.keepalive.cancelled {probe} backend.id=a,method=tool,trigger=wake "
            "as_int=1");
        has("sum pilotlight.keepalive.skipped {probe} backend.id=a,method=log,trigger=manual "
            "as_int=1");
        has("sum pilotlight.keepalive.auto_disabled {probe} "
            "backend.id=a,method=ping,reason=unsupported as_int=1");
        has("sum pilotlight.keepalive.recovered {probe} backend.id=a,method=ping as_int=1");
        has("sum pilotlight.keepalive.touch {probe} backend.id=a,method=resume,trigger=presend "
            "as_int=1");
        has("histogram pilotlight.keepalive.latency s backend.id=a,method=ping count=3 "
            "sum=0.0045");
        has("gauge pilotlight.keepalive.breaker.state 1 backend.id=a as_int=2");
        has("gauge pilotlight.keepalive.last_success.age s backend.id=a as_double=90");
        has("gauge pilotlight.keepalive.sessions.protected {session} backend.id=a as_int=48");
        has("gauge pilotlight.keepalive.sessions.at_risk {session} backend.id=a as_int=2");
        has("gauge pilotlight.keepalive.sessions.unverified {session} backend.id=a as_int=1");
        has("gauge pilotlight.keepalive.sessions.dead {session} backend.id=a as_int=3");
    }

    void line28_soDoThoseUnderToolHivesNames()
    {
        FakeClock clock;
        KeepaliveMetrics metrics(clock);
        fill(metrics, clock);
        const QStringList read = this->read(
            encodeOtlp(metrics.snapshot(), {QStringLiteral("mine"), QStringLiteral("id-1"), {}},
                       MetricNames::ToolHive));
        for (const char *line :
             {"sum vmcp_keepalive_attempt_total - backend_id=a,method=ping,trigger=timer as_int=3",
              "sum vmcp_keepalive_success_total - backend_id=a,method=ping,trigger=timer as_int=3",
              "sum vmcp_keepalive_failure_total - "
              "backend_id=a,method=resume,trigger=presend,reason=rpc_error as_int=1",
              "sum vmcp_keepalive_auto_disabled_total - "
              "backend_id=a,method=ping,reason=unsupported as_int=1",
              "histogram vmcp_keepalive_latency_seconds s backend_id=a,method=ping count=3 "
              "sum=0.0045"})
            QVERIFY2(read.contains(QString::fromLatin1(line)), line);
    }

    void theCheckRefusesWhatIsNotInTheSchema()
    {
        QByteArray refused;
        QVERIFY(read("{\"resourceMetrics\":[{\"surprise\":1}]}", &refused).isEmpty());
        QVERIFY(refused.contains("surprise"));
        QVERIFY(read("{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":5}]}]}]}",
                     &refused)
                    .isEmpty());
        QVERIFY(!refused.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TstOtlpSchema)
#include "tst_otlpschema.moc"
