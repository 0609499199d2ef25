// SPDX-License-Identifier: MIT
#include "support/fakeclock.h"
#include "support/transportlog.h"
#include "transport/maketransport.h"
#include "transport/websockettransport.h"

#include <QTest>

#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
#include <QFile>
#include <QProcess>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslKey>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QWebSocketServer>
#endif

using namespace pilotlight;
using namespace std::chrono_literals;
using List = QList<QByteArray>;

#ifdef PILOTLIGHT_HAVE_WEBSOCKETS

namespace {

struct Pair
{
    Pair()
    {
        server.listen(QHostAddress::LocalHost);
        transport = std::make_unique<WebSocketTransport>(
            QUrl(QStringLiteral("ws://127.0.0.1:%1/rpc").arg(server.serverPort())), clock);
        log = std::make_unique<TransportLog>(*transport);
        transport->open();
    }
    bool connected()
    {
        if (!other)
            other.reset(server.nextPendingConnection());
        return other && transport->isOpen();
    }
    FakeClock clock;
    QWebSocketServer server{QStringLiteral("test"), QWebSocketServer::NonSecureMode};
    std::unique_ptr<WebSocketTransport> transport;
    std::unique_ptr<TransportLog> log;
    std::unique_ptr<QWebSocket> other;
};

} // namespace

class TstWebSocketTransport : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void messagesBothWays()
    {
        Pair p;
        QVERIFY(p.log->entries.isEmpty());
        QTRY_VERIFY(p.connected());
        QCOMPARE(p.transport->description(),
                 QStringLiteral("ws://127.0.0.1:%1/rpc").arg(p.server.serverPort()));
        QStringList got;
        connect(p.other.get(), &QWebSocket::textMessageReceived, this,
                [&](const QString &text) { got << text; });
        p.transport->send("{\"a\":\"\xc3\xa9\"}");
        QTRY_COMPARE(got, QStringList{QString::fromUtf8("{\"a\":\"\xc3\xa9\"}")});
        p.other->sendTextMessage(QString::fromUtf8("\xe2\x82\xac"));
        p.other->sendTextMessage(QStringLiteral("{}"));
        QTRY_COMPARE(p.log->entries, List({"open", "\xe2\x82\xac", "{}"}));
        QCOMPARE(p.log->bytes, qint64(5));
    }

    void acceptedSide()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        WebSocketTransport accepted(std::move(p.other), p.clock);
        TransportLog log(accepted);
        accepted.open();
        QTRY_VERIFY(accepted.isOpen());
        accepted.send("down");
        p.transport->send("up");
        QTRY_COMPARE(log.entries, List({"open", "up"}));
        QTRY_COMPARE(p.log->entries, List({"open", "down"}));
        accepted.close();
        QTRY_COMPARE(p.log->entries.last(), QByteArray("closed ConnectionLost"));
        QCOMPARE(log.entries.size(), 2);
    }

    void pathPingEvery45Seconds()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        QCOMPARE(p.log->bytes, 0);
        p.clock.advance(45s - 1ms);
        QCoreApplication::processEvents();
        QCOMPARE(p.log->bytes, 0);
        p.clock.advance(1ms);
        QTRY_VERIFY(p.log->bytes > 0); // the pong
        const auto first = p.log->bytes;
        p.clock.advance(45s);
        QTRY_VERIFY(p.log->bytes > first);
        p.transport->close();
        QCOMPARE(p.clock.liveTimers(), 0);
    }

    void otherSideCloses()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        p.other->close(QWebSocketProtocol::CloseCodeGoingAway, QStringLiteral("lunch"));
        QTRY_COMPARE(p.log->entries, List({"open", "closed ConnectionLost"}));
        QVERIFY(p.log->reason.detail.contains(QStringLiteral("lunch")));
        QCOMPARE(p.clock.liveTimers(), 0);
    }

    void binaryMessageIsRefused()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        p.other->sendBinaryMessage("{}");
        QTRY_COMPARE(p.log->entries, List({"open", "closed ProtocolViolation"}));
    }

    void closeIsSilent()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        p.transport->close();
        p.transport->send("ignored");
        QTRY_COMPARE(p.other->state(), QAbstractSocket::UnconnectedState);
        QCOMPARE(p.log->entries, List{"open"});
    }

    void sinkMayClose()
    {
        Pair p;
        int seen = 0;
        p.transport->setMessageSink([&](std::string_view) {
            ++seen;
            p.transport->close();
        });
        QTRY_VERIFY(p.connected());
        p.other->sendTextMessage(QStringLiteral("1"));
        p.other->sendTextMessage(QStringLiteral("2"));
        QTRY_COMPARE(p.other->state(), QAbstractSocket::UnconnectedState);
        QCOMPARE(seen, 1);
    }

    void refusedConnection()
    {
        FakeClock clock;
        quint16 port = 0;
        {
            RawServer server;
            port = server.serverPort();
        }
        WebSocketTransport transport(QUrl(QStringLiteral("ws://127.0.0.1:%1").arg(port)), clock);
        TransportLog log(transport);
        transport.open();
        QTRY_COMPARE(log.entries, List{"closed ConnectionRefused"});
    }

    void notAWebSocketServer()
    {
        FakeClock clock;
        RawServer server;
        WebSocketTransport transport(
            QUrl(QStringLiteral("ws://127.0.0.1:%1").arg(server.serverPort())), clock);
        TransportLog log(transport);
        transport.open();
        QTRY_VERIFY(server.hasPendingConnections());
        auto other = server.take();
        other->write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        QTRY_COMPARE(log.entries.size(), 1);
        QVERIFY(log.entries[0].startsWith("closed"));
    }

    void unknownCertificateIsRefused()
    {
        const QString openssl = QStandardPaths::findExecutable(QStringLiteral("openssl"));
        if (openssl.isEmpty() || !QSslSocket::supportsSsl())
            QSKIP("needs OpenSSL");
        QTemporaryDir dir;
        const QString key = dir.filePath(QStringLiteral("key.pem"));
        const QString certificate = dir.filePath(QStringLiteral("cert.pem"));
        QProcess process;
        process.start(openssl,
                      {QStringLiteral("req"), QStringLiteral("-x509"), QStringLiteral("-newkey"),
                       QStringLiteral("rsa:2048"), QStringLiteral("-nodes"),
                       QStringLiteral("-days"), QStringLiteral("2"), QStringLiteral("-subj"),
                       QStringLiteral("/CN=127.0.0.1"), QStringLiteral("-keyout"), key,
                       QStringLiteral("-out"), certificate});
        QTRY_COMPARE_WITH_TIMEOUT(process.state(), QProcess::NotRunning, 20'000);
        QFile keyFile(key);
        if (!keyFile.open(QIODevice::ReadOnly))
            QSKIP("openssl made no key");
        QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
        configuration.setPrivateKey(QSslKey(&keyFile, QSsl::Rsa));
        configuration.setLocalCertificate(QSslCertificate::fromPath(certificate).value(0));
        QWebSocketServer server(QStringLiteral("test"), QWebSocketServer::SecureMode);
        server.setSslConfiguration(configuration);
        QVERIFY(server.listen(QHostAddress::LocalHost));

        FakeClock clock;
        auto transport = makeTransportForUrl(
            QStringLiteral("wss://127.0.0.1:%1").arg(server.serverPort()), clock);
        QVERIFY(transport);
        TransportLog log(**transport);
        (*transport)->open();
        QTRY_COMPARE(log.entries, List{"closed TlsFailed"});
        QVERIFY(!server.hasPendingConnections());
    }
};

#else

class TstWebSocketTransport : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void notBuilt() { QSKIP("this build has no WebSockets"); }
};

#endif

QTEST_GUILESS_MAIN(TstWebSocketTransport)
#include "tst_websockettransport.moc"
