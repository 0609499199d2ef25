// SPDX-License-Identifier: MIT
// The exporter over real sockets against collectors that behave, misbehave or are not there.
#include "metrics/otlpexporter.h"
#include "support/lifecyclefakes.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

//! An HTTP server that reads requests and answers as the test says.
class Collector : public QObject
{
    Q_OBJECT
public:
    enum class Mode
    {
        Answer,
        Hang, //!< takes the request and never answers
        Slow, //!< answers when release() is called
        Drop //!< closes the connection after the request
    };

    Collector()
    {
        m_server.listen(QHostAddress::LocalHost);
        connect(&m_server, &QTcpServer::newConnection, this, [this] {
            QTcpSocket *socket = m_server.nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
            connect(socket, &QTcpSocket::disconnected, this, [this, socket] {
                m_buffers.remove(socket);
                m_waiting.removeAll(socket);
                socket->deleteLater();
            });
        });
    }
    quint16 port() const { return m_server.serverPort(); }
    void release()
    {
        for (QTcpSocket *socket : std::exchange(m_waiting, {}))
            answer(socket);
    }

    Mode mode = Mode::Answer;
    int status = 200;
    QByteArray extraHeader; //!< with its line break
    QByteArray body = "{}";
    QList<QByteArray> heads;
    QList<QByteArray> bodies;

private:
    void read(QTcpSocket *socket)
    {
        QByteArray &buffer = m_buffers[socket];
        buffer += socket->readAll();
        const qsizetype end = buffer.indexOf("\r\n\r\n");
        if (end < 0)
            return;
        const QByteArray head = buffer.left(end);
        const qsizetype at = head.toLower().indexOf("content-length:");
        const qsizetype length =
            at < 0 ? 0 : head.mid(at + 15, head.indexOf('\r', at) - at - 15).trimmed().toInt();
        if (buffer.size() < end + 4 + length)
            return;
        heads.append(head);
        bodies.append(buffer.mid(end + 4, length));
        buffer.remove(0, end + 4 + length);
        if (mode == Mode::Answer)
            answer(socket);
        else if (mode == Mode::Drop)
            socket->abort();
        else if (mode == Mode::Slow)
            m_waiting.append(socket);
    }
    void answer(QTcpSocket *socket)
    {
        socket->write("HTTP/1.1 " + QByteArray::number(status) + " x\r\n" + extraHeader
                      + "Content-Length: " + QByteArray::number(body.size()) + "\r\n\r\n" + body);
    }

    QHash<QTcpSocket *, QByteArray> m_buffers;
    QList<QTcpSocket *> m_waiting;
    QTcpServer m_server; // goes first: its sockets say so
};

//! An exporter with real sockets and a clock of the test.
struct Fixture
{
    explicit Fixture(quint16 port)
        : exporter(metrics, makeHttpOtlpSender(), clock, random)
    {
        metrics.attempt(QStringLiteral("a"), MetricMethod::Ping, MetricTrigger::Timer);
        config.url = QUrl(QStringLiteral("http://127.0.0.1:%1/v1/metrics").arg(port));
        config.headers = {{"x-key", Secret("s3cr3t!")}};
        exporter.setConfig(config);
    }
    OtlpExporter::Stats stats() const { return exporter.stats(); }

    FakeClock clock;
    SeededRandom random{1};
    KeepaliveMetrics metrics{clock};
    OtlpConfig config;
    OtlpExporter exporter;
};

//! When the probes of a day were sent, with an exporter to \a url beside the connection.
QList<qint64> probeTimes(const QUrl &url, const std::function<void()> &eachProbe)
{
    LifecycleRig rig(ConnectionMode::Attach, 7);
    KeepaliveMetrics metrics(rig.clock);
    SeededRandom random(1); // its own: the schedule of the probes must not depend on the exporter
    OtlpExporter exporter(metrics, makeHttpOtlpSender(), rig.clock, random);
    OtlpConfig config;
    config.url = url;
    exporter.setConfig(config);
    rig.toOnline();
    const auto start = rig.clock.now();
    QList<qint64> times;
    while (rig.clock.advanceToNext() && rig.clock.now() - start < 24h) {
        if (!rig.backend || !rig.backend->probeHandler)
            continue;
        times << (rig.clock.now() - start).count();
        metrics.attempt(QStringLiteral("default"), MetricMethod::Ping, MetricTrigger::Timer);
        std::exchange(rig.backend->probeHandler, nullptr)({ProbeResult::Outcome::Ok, 1ms, {}});
        metrics.success(QStringLiteral("default"), MetricMethod::Ping, MetricTrigger::Timer, 1ms);
        eachProbe();
    }
    return times;
}

} // namespace

class TstOtlpCollector : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void line28_aCollectorGetsTheMetrics()
    {
        Collector collector;
        Fixture f(collector.port());
        f.clock.advance(60s);
        QTRY_COMPARE(f.stats().exported, 1u);
        const QByteArray head = collector.heads.value(0).toLower();
        QVERIFY(head.startsWith("post /v1/metrics http/1.1\r\n"));
        QVERIFY(head.contains("content-type: application/json\r\n"));
        QVERIFY(head.contains("x-key: s3cr3t!"));
        QVERIFY(collector.bodies.value(0).contains("pilotlight.keepalive.attempt"));
        QVERIFY(QJsonDocument::fromJson(collector.bodies[0]).isObject());
        f.clock.advance(60s);
        QTRY_COMPARE(f.stats().exported, 2u);
    }

    void aSlowCollectorIsWaitedForUpToTheTimeout()
    {
        Collector collector;
        collector.mode = Collector::Mode::Slow;
        Fixture f(collector.port());
        f.clock.advance(60s);
        QTRY_COMPARE(collector.heads.size(), 1);
        f.clock.advance(9s);
        collector.release();
        QTRY_COMPARE(f.stats().exported, 1u);
        QCOMPARE(f.stats().failed, 0u);
    }

    void aHangingCollectorIsTriedAgain()
    {
        Collector collector;
        collector.mode = Collector::Mode::Hang;
        Fixture f(collector.port());
        f.clock.advance(60s);
        QTRY_COMPARE(collector.heads.size(), 1);
        QTest::ignoreMessage(QtWarningMsg, "Metrics were not exported: no answer in time");
        f.clock.advance(10s);
        QCOMPARE(f.stats().failed, 1u);
        QCOMPARE(f.stats().queued, 1u);
        collector.mode = Collector::Mode::Answer;
        f.clock.advance(5s);
        QTRY_COMPARE(f.stats().exported, 1u);
        QCOMPARE(collector.bodies.value(1), collector.bodies.value(0));
    }

    void answersOtherThan200()
    {
        Collector collector;
        collector.status = 503;
        collector.extraHeader = "Retry-After: 30\r\n";
        Fixture f(collector.port());
        QTest::ignoreMessage(QtWarningMsg, "Metrics were not exported: HTTP 503");
        f.clock.advance(60s);
        QTRY_COMPARE(f.stats().failed, 1u);
        f.clock.advance(29s);
        QCOMPARE(f.stats().queued, 1u);
        collector.status = 500;
        QTest::ignoreMessage(QtWarningMsg, "Metrics were not exported: HTTP 500");
        f.clock.advance(1s);
        QTRY_COMPARE(f.stats().failed, 2u);
        QCOMPARE(f.stats().dropped, 1u); // 500 is not to be tried again
        QCOMPARE(f.stats().queued, 0u);
    }

    void redirectsAreNotFollowed()
    {
        Collector other;
        Collector collector;
        collector.status = 307;
        collector.extraHeader =
            "Location: http://127.0.0.1:" + QByteArray::number(other.port()) + "/\r\n";
        Fixture f(collector.port());
        QTest::ignoreMessage(QtWarningMsg, "Metrics were not exported: HTTP 307");
        f.clock.advance(60s);
        QTRY_COMPARE(f.stats().dropped, 1u);
        QCOMPARE(other.heads.size(), 0);
    }

    void aHugeAnswerIsNotRead()
    {
        Collector collector;
        collector.body = QByteArray(20 * 1024 * 1024, 'x');
        Fixture f(collector.port());
        f.clock.advance(60s);
        QTRY_COMPARE(f.stats().exported, 1u); // it said 200
    }

    void nobodyListens()
    {
        quint16 port = 0;
        {
            QTcpServer gone;
            gone.listen(QHostAddress::LocalHost);
            port = gone.serverPort();
        }
        Fixture f(port);
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QStringLiteral("Metrics were not exported: .*")));
        f.clock.advance(60s);
        QTRY_COMPARE(f.stats().failed, 1u);
        QCOMPARE(f.stats().queued, 1u);
    }

    void endsDuringARequest()
    {
        Collector collector;
        collector.mode = Collector::Mode::Hang;
        {
            Fixture f(collector.port());
            f.clock.advance(60s);
            QTRY_COMPARE(collector.heads.size(), 1);
        }
        QTest::qWait(0);
    }

    void line28_noCollectorDelaysAProbe_data()
    {
        QTest::addColumn<int>("mode");
        QTest::addColumn<int>("status");
        QTest::newRow("hangs") << int(Collector::Mode::Hang) << 200;
        QTest::newRow("drops") << int(Collector::Mode::Drop) << 200;
        QTest::newRow("500") << int(Collector::Mode::Answer) << 500;
        QTest::newRow("503") << int(Collector::Mode::Answer) << 503;
        QTest::newRow("refuses") << -1 << 0;
    }

    void line28_noCollectorDelaysAProbe()
    {
        QFETCH(int, mode);
        QFETCH(int, status);
        const QList<qint64> alone = probeTimes({}, [] { });
        QVERIFY(alone.size() > 90); // every 15 minutes
        Collector collector;
        quint16 port = 1; // nobody listens on tcpmux
        if (mode >= 0) {
            collector.mode = static_cast<Collector::Mode>(mode);
            collector.status = status;
            port = collector.port();
        }
        // What it logs is tst_otlpexporter's matter.
        const auto previous =
            qInstallMessageHandler([](QtMsgType, const QMessageLogContext &, const QString &) { });
        const QList<qint64> beside =
            probeTimes(QUrl(QStringLiteral("http://127.0.0.1:%1/").arg(port)),
                       [] { QCoreApplication::processEvents(); });
        qInstallMessageHandler(previous);
        QCOMPARE(beside, alone);
        if (mode >= 0)
            QVERIFY(!collector.heads.isEmpty()); // it was really asked
    }
};

QTEST_GUILESS_MAIN(TstOtlpCollector)
#include "tst_otlpcollector.moc"
