// SPDX-License-Identifier: MIT
#include "transport/localchannel.h"

#include <QFile>
#include <QLocalSocket>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;

namespace {

const QString Role = QStringLiteral("test");

QJsonObject numbered(int i)
{
    return {{QStringLiteral("n"), i}};
}

//! Both ends, and what they heard.
struct Ends
{
    explicit Ends(const QString &where)
        : folder(where)
    {
        QObject::connect(&listener, &LocalListener::accepted, &listener,
                         [this](LocalChannel *channel) {
                             server = channel;
                             QObject::connect(channel, &LocalChannel::received, channel,
                                              [this](const QJsonObject &m) { atServer.append(m); });
                             QObject::connect(channel, &LocalChannel::closed, channel,
                                              [this](const Error &e) { serverEnd = e.code; });
                         });
        QObject::connect(&client, &LocalChannel::received, &listener,
                         [this](const QJsonObject &m) { atClient.append(m); });
        QObject::connect(&client, &LocalChannel::closed, &listener,
                         [this](const Error &e) { clientEnd = e.code; });
    }
    void connectNow()
    {
        QVERIFY(listener.listen(folder, Role));
        client.connectTo(folder, Role);
        QTRY_VERIFY(client.isOpen() && server && server->isOpen());
    }
    QString folder;
    LocalListener listener;
    LocalChannel client;
    LocalChannel *server = nullptr;
    QList<QJsonObject> atServer;
    QList<QJsonObject> atClient;
    std::optional<ErrorCode> serverEnd;
    std::optional<ErrorCode> clientEnd;
};

} // namespace

class TstLocalChannel : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void messagesBothWaysInOrder()
    {
        QTemporaryDir folder;
        Ends ends(folder.path());
        ends.connectNow();
        for (int i = 0; i < 500; ++i) {
            ends.client.send(numbered(i));
            ends.server->send(numbered(-i));
        }
        QTRY_COMPARE(ends.atServer.size(), 500);
        QTRY_COMPARE(ends.atClient.size(), 500);
        for (int i = 0; i < 500; ++i) {
            QCOMPARE(ends.atServer.at(i), numbered(i));
            QCOMPARE(ends.atClient.at(i), numbered(-i));
        }
    }

    void nobodyListens()
    {
        QTemporaryDir folder;
        LocalChannel channel;
        QSignalSpy closed(&channel, &LocalChannel::closed);
        channel.connectTo(folder.path(), Role);
        QCOMPARE(closed.count(), 0); // never from inside
        QTRY_COMPARE(closed.count(), 1);
        QCOMPARE(closed.at(0).at(0).value<Error>().code, ErrorCode::ConnectionRefused);
        channel.send(numbered(1)); // harmless
    }

    void thereIsOneListener()
    {
        QTemporaryDir folder;
        auto first = std::make_unique<LocalListener>();
        QVERIFY(first->listen(folder.path(), Role));
        LocalListener second;
        const Result<void> refused = second.listen(folder.path(), Role);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::AlreadyRunning);
        LocalListener other;
        QVERIFY(other.listen(folder.path(), QStringLiteral("other")));
        first.reset();
        QVERIFY(second.listen(folder.path(), Role));
    }

    void whatACrashLeavesIsNoHindrance()
    {
        QTemporaryDir folder;
        // A socket file without a process, and a lock of one that does not exist.
        QFile socket(folder.filePath(Role + QStringLiteral(".sock")));
        QVERIFY(socket.open(QIODevice::WriteOnly));
        socket.close();
        QFile lock(folder.filePath(Role + QStringLiteral(".lock")));
        QVERIFY(lock.open(QIODevice::WriteOnly));
        lock.write("4194304\ntst_localchannel\n" + QSysInfo::machineHostName().toUtf8() + "\n");
        lock.close();
        Ends ends(folder.path());
        ends.connectNow();
    }

    void foldersWithLongNames()
    {
        QTemporaryDir folder;
        const QString deep = folder.path() + QLatin1Char('/') + QString(150, QLatin1Char('x'));
        QVERIFY(QDir().mkpath(deep));
        Ends ends(deep);
        ends.connectNow();
        ends.client.send(numbered(1));
        QTRY_COMPARE(ends.atServer.size(), 1);
    }

    void closeSendsWhatWaits()
    {
        QTemporaryDir folder;
        Ends ends(folder.path());
        ends.connectNow();
        const QJsonObject large{{QStringLiteral("s"), QString(2'000'000, QLatin1Char('y'))}};
        ends.client.send(large);
        ends.client.close();
        QTRY_COMPARE(ends.atServer.size(), 1);
        QCOMPARE(ends.atServer.constFirst(), large);
        QTRY_VERIFY(ends.serverEnd.has_value());
        QVERIFY(!ends.clientEnd); // it knows
    }

    void whatIsNoMessageEndsIt_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("no JSON") << QByteArray("{\"a\":}\n");
        QTest::newRow("too long") << QByteArray("{") + QByteArray(5'000'000, 'x');
    }
    void whatIsNoMessageEndsIt()
    {
        QFETCH(QByteArray, bytes);
        QTemporaryDir folder;
        Ends ends(folder.path());
        QVERIFY(ends.listener.listen(folder.path(), Role));
        QLocalSocket raw;
        raw.connectToServer(folder.filePath(Role + QStringLiteral(".sock")));
        QTRY_VERIFY(ends.server);
        raw.write(bytes);
        QTRY_VERIFY(ends.serverEnd.has_value());
        QTRY_COMPARE(raw.state(), QLocalSocket::UnconnectedState);
        QVERIFY(ends.atServer.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TstLocalChannel)
#include "tst_localchannel.moc"
