// SPDX-License-Identifier: MIT
#include "support/transportlog.h"
#include "transport/socketoptions.h"

#include <QTest>

#ifdef Q_OS_LINUX
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

using namespace pilotlight;
using List = QList<QByteArray>;

namespace {

//! A transport connected to a raw socket of the test.
struct Pair
{
    Pair()
        : transport(QStringLiteral("127.0.0.1"), server.serverPort())
        , log(transport)
    {
        transport.open();
    }
    bool connected()
    {
        if (!other)
            other = server.take();
        return other && transport.isOpen();
    }
    RawServer server;
    TcpTransport transport;
    TransportLog log;
    std::unique_ptr<QTcpSocket> other;
};

} // namespace

class TstTcpTransport : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void openNeverSignalsFromInside()
    {
        Pair p;
        QVERIFY(p.log.entries.isEmpty() && !p.transport.isOpen());
        QTRY_VERIFY(p.connected());
        QCOMPARE(p.log.entries, List{"open"});
        QVERIFY(!p.transport.isRemote());
    }

    void messagesBothWays()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        p.transport.send("{\"a\":1}");
        p.transport.send("{}");
        QTRY_COMPARE(p.other->bytesAvailable(), 51);
        QCOMPARE(p.other->readAll(),
                 QByteArray("Content-Length: 7\r\n\r\n{\"a\":1}Content-Length: 2\r\n\r\n{}"));
        const QByteArray stream = "Content-Length: 1\r\n\r\n1Content-Length: 2\r\n\r\n22";
        p.other->write(stream);
        QTRY_COMPARE(p.log.entries, List({"open", "1", "22"}));
        QCOMPARE(p.log.bytes, qint64(stream.size()));
    }

    void acceptedSideTalksToClientSide()
    {
        RawServer server;
        TcpTransport client(QStringLiteral("localhost"), server.serverPort());
        // "localhost" may be ::1 first; the server listens on 127.0.0.1 only and Qt tries both.
        TransportLog clientLog(client);
        client.open();
        QTRY_VERIFY(server.hasPendingConnections());
        auto socket = server.take();
        TcpTransport accepted(std::move(socket));
        TransportLog acceptedLog(accepted);
        QTRY_VERIFY(client.isOpen());
        client.send("early"); // arrives before the accepted side is opened
        accepted.open();
        QVERIFY(acceptedLog.entries.isEmpty());
        QTRY_COMPARE(acceptedLog.entries, List({"open", "early"}));
        accepted.send("answer");
        QTRY_COMPARE(clientLog.entries, List({"open", "answer"}));
        accepted.close();
        QTRY_COMPARE(clientLog.entries.last(), QByteArray("closed ConnectionLost"));
        QVERIFY(!client.isOpen());
        QCOMPARE(acceptedLog.entries.size(), 2); // its own close() is silent
    }

    void acceptedSocketThatEndedBeforeItWasOpened()
    {
        RawServer server;
        QTcpSocket client;
        client.connectToHost(server.serverAddress(), server.serverPort());
        QTRY_VERIFY(server.hasPendingConnections());
        auto socket = server.take();
        client.write(ContentLengthFramer::framed("last words"));
        client.disconnectFromHost();
        QTRY_COMPARE(socket->state(), QAbstractSocket::UnconnectedState);
        TcpTransport accepted(std::move(socket));
        TransportLog log(accepted);
        accepted.open();
        QTRY_COMPARE(log.entries, List({"open", "last words", "closed ConnectionLost"}));
    }

    void everythingBeforeTheEndIsDelivered()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        for (int i = 0; i < 3; ++i)
            p.other->write(ContentLengthFramer::framed(QByteArray::number(i)));
        p.other->disconnectFromHost();
        QTRY_COMPARE(p.log.entries, List({"open", "0", "1", "2", "closed ConnectionLost"}));
        QVERIFY(!p.log.reason.detail.contains(QStringLiteral("middle")));
    }

    void endInTheMiddleOfAMessageIsSaid()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        p.other->write("Content-Length: 10\r\n\r\n{}");
        p.other->disconnectFromHost();
        QTRY_COMPARE(p.log.entries, List({"open", "closed ConnectionLost"}));
        QVERIFY(p.log.reason.detail.contains(QStringLiteral("middle")));
    }

    void brokenFramingCloses()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        p.other->write(ContentLengthFramer::framed("1") + "HTTP/1.1 400 Bad Request\r\n\r\n");
        QTRY_COMPARE(p.log.entries, List({"open", "1", "closed ProtocolViolation"}));
        QTRY_COMPARE(p.other->state(), QAbstractSocket::UnconnectedState);
    }

    void refusedConnection()
    {
        quint16 port = 0;
        {
            RawServer server;
            port = server.serverPort();
        }
        TcpTransport transport(QStringLiteral("127.0.0.1"), port);
        TransportLog log(transport);
        transport.open();
        QTRY_COMPARE(log.entries, List{"closed ConnectionRefused"});
    }

    void closeIsSilentAtAnyTime()
    {
        Pair before;
        before.transport.close();
        Pair open;
        QTRY_VERIFY(open.connected());
        open.other->write(ContentLengthFramer::framed("late"));
        open.transport.close();
        open.transport.send("ignored");
        QTRY_COMPARE(open.other->state(), QAbstractSocket::UnconnectedState);
        QVERIFY(open.other->readAll().isEmpty());
        QCOMPARE(open.log.entries, List{"open"});
        QVERIFY(before.log.entries.isEmpty());
    }

    void sinkMayClose()
    {
        Pair p;
        int seen = 0;
        p.transport.setMessageSink([&](std::string_view) {
            ++seen;
            p.transport.close();
        });
        QTRY_VERIFY(p.connected());
        p.other->write(ContentLengthFramer::framed("1") + ContentLengthFramer::framed("2"));
        QTRY_COMPARE(p.other->state(), QAbstractSocket::UnconnectedState);
        QCOMPARE(seen, 1);
    }

    void largeMessageBothWays()
    {
        Pair p;
        QTRY_VERIFY(p.connected());
        TcpTransport other(std::move(p.other));
        TransportLog otherLog(other);
        other.open();
        QTRY_VERIFY(other.isOpen());
        const QByteArray large(20'000'000, 'x');
        p.transport.send(large);
        QTRY_COMPARE_WITH_TIMEOUT(otherLog.entries.size(), 2, 20'000);
        QCOMPARE(otherLog.entries.last(), large);
        other.send(large);
        QTRY_COMPARE_WITH_TIMEOUT(p.log.entries.size(), 2, 20'000);
        QCOMPARE(p.log.entries.last(), large);
    }

#ifdef Q_OS_LINUX
    void socketOptionsAreSet()
    {
        RawServer server;
        QTcpSocket client;
        client.connectToHost(server.serverAddress(), server.serverPort());
        QTRY_COMPARE(client.state(), QAbstractSocket::ConnectedState);
        const auto fd = static_cast<int>(client.socketDescriptor());
        const auto option = [fd](int level, int name) {
            int value = -1;
            socklen_t size = sizeof value;
            ::getsockopt(fd, level, name, &value, &size);
            return value;
        };
        enablePathKeepalive(fd);
        QVERIFY(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
        QVERIFY(option(IPPROTO_TCP, TCP_KEEPIDLE) <= 50);
        acknowledgeAtOnce(fd);
        QVERIFY(option(IPPROTO_TCP, TCP_QUICKACK) == 1);
        enablePathKeepalive(-1);
        acknowledgeAtOnce(-1);
    }
#endif
};

QTEST_GUILESS_MAIN(TstTcpTransport)
#include "tst_tcptransport.moc"
