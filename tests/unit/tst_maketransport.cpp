// SPDX-License-Identifier: MIT
#include "support/fakeclock.h"
#include "transport/maketransport.h"
#include "transport/tcptransport.h"

#include <QTest>

using namespace pilotlight;

class TstMakeTransport : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void accepts_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<QString>("description");
        QTest::addColumn<bool>("remote");
        const auto row = [](const char *url, const char *description, bool remote) {
            QTest::newRow(url) << QString::fromLatin1(url) << QString::fromLatin1(description)
                               << remote;
        };
        row("tcp://127.0.0.1:4600", "tcp://127.0.0.1:4600", false);
        row("127.0.0.1:4600", "tcp://127.0.0.1:4600", false);
        row(" localhost:1 ", "tcp://localhost:1", false);
        row("TCP://[::1]:4600/", "tcp://[::1]:4600", false);
        row("tcp://agent.example:65535", "tcp://agent.example:65535", true);
#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
        row("ws://127.0.0.1:4700", "ws://127.0.0.1:4700", false);
        row("wss://agent.example/rpc?token=hush", "wss://agent.example/rpc", true);
#endif
    }
    void accepts()
    {
        QFETCH(QString, url);
        FakeClock clock;
        const auto transport = makeTransportForUrl(url, clock);
        QVERIFY2(transport, transport ? "" : qPrintable(transport.error().toString()));
        QTEST((*transport)->description(), "description");
        QTEST((*transport)->isRemote(), "remote");
        QVERIFY(!(*transport)->isOpen());
    }

    void refuses_data()
    {
        QTest::addColumn<QString>("url");
        for (const char *url : {"",
                                "   ",
                                "tcp://",
                                "tcp://127.0.0.1",
                                "127.0.0.1",
                                "tcp://127.0.0.1:0",
                                "tcp://127.0.0.1:65536",
                                "tcp://127.0.0.1:abc",
                                "tcp://:4600",
                                "tcp://a:1/path",
                                "tcp://a:1?x=1",
                                "http://127.0.0.1:1",
                                "ftp://a:1",
                                "ws://",
                                "ws://:80",
                                "wss://a:0/x",
                                "wss://me:pw@a/x",
                                "tcp://me@a:1",
                                "ws://a/x#y",
                                "tcp://a b:1",
                                "://"})
            QTest::newRow(url) << QString::fromLatin1(url);
    }
    void refuses()
    {
        QFETCH(QString, url);
        FakeClock clock;
        const auto transport = makeTransportForUrl(url, clock);
        QVERIFY(!transport);
        QCOMPARE(transport.error().code, ErrorCode::InvalidArgument);
        QVERIFY(!transport.error().detail.isEmpty());
        QVERIFY(!transport.error().detail.contains(QStringLiteral("pw")));
    }

    void socketErrors()
    {
        using Socket = QAbstractSocket;
        QCOMPARE(errorCodeOf(Socket::HostNotFoundError, false), ErrorCode::HostNotFound);
        QCOMPARE(errorCodeOf(Socket::ConnectionRefusedError, false), ErrorCode::ConnectionRefused);
        QCOMPARE(errorCodeOf(Socket::SocketTimeoutError, false), ErrorCode::Timeout);
        QCOMPARE(errorCodeOf(Socket::SocketTimeoutError, true), ErrorCode::ConnectionLost);
        QCOMPARE(errorCodeOf(Socket::SslHandshakeFailedError, false), ErrorCode::TlsFailed);
        QCOMPARE(errorCodeOf(Socket::NetworkError, true), ErrorCode::ConnectionLost);
    }
};

QTEST_GUILESS_MAIN(TstMakeTransport)
#include "tst_maketransport.moc"
