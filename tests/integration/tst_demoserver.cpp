// SPDX-License-Identifier: MIT
#include "support/protocolclient.h"
#include "support/serverprocess.h"
#include "transport/maketransport.h"
#include "transport/processtransport.h"

#include <QJsonArray>
#include <QRegularExpression>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

//! The demo server as a process, over each of its channels, with the faults that other tests rely
//! on.
class TstDemoServer : public QObject
{
    Q_OBJECT

    static QJsonObject session(const QString &id = u"s1"_s)
    {
        return {{u"sessionId"_s, id}, {u"streaming"_s, true}, {u"requestPermission"_s, true}};
    }
    static QJsonObject prompt(const QString &text, const QString &id = u"s1"_s)
    {
        return {{u"sessionId"_s, id}, {u"prompt"_s, text}};
    }
    static QString text(const ProtocolClient &client)
    {
        const auto messages = client.events(u"assistant.message"_s);
        return messages.isEmpty() ? QString()
                                  : messages.constLast()[u"data"][u"content"].toString();
    }
    //! A turn from beginning to end over any transport.
    static bool works(ProtocolClient &client)
    {
        return client.open() && client.call(u"connect"_s).object()[u"ok"].toBool()
            && !client.call(u"session.create"_s, session()).error
            && !client.call(u"session.send"_s, prompt(u"[say über den Fluß 🚀]"_s)).error
            && client.waitFor(u"session.idle"_s) && text(client) == u"über den Fluß 🚀"_s;
    }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(u".*"_s)); }

    void tcp()
    {
        ServerProcess server;
        QVERIFY2(server.start(demoServerProgram(), {u"--headless"_s, u"--no-auto-update"_s}),
                 server.output().constData());
        QVERIFY(server.output().startsWith("CLI server listening on port "));
        const auto client = ProtocolClient::tcp(server.port());
        QVERIFY(works(*client));
        server.stop();
        QCOMPARE(server.exitCode(), 0);
    }

    void webSocket()
    {
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(),
                             {u"--port"_s, u"0"_s, u"--websocket-port"_s, u"0"_s}));
        const quint16 port = server.portOf(u"WebSocket listening on port"_s);
        if (port == 0)
            QTRY_VERIFY(server.portOf(u"WebSocket listening on port"_s) != 0);
        SystemClock clock;
        auto transport = makeTransportForUrl(u"ws://127.0.0.1:%1"_s.arg(port), clock);
        QVERIFY(transport);
        ProtocolClient client(std::move(*transport));
        QVERIFY(works(client));
    }

    void stdio()
    {
        SystemClock clock;
        ProcessTransport::Command command;
        command.program = demoServerProgram();
        command.arguments = {u"--stdio"_s};
        ProtocolClient client(std::make_unique<ProcessTransport>(command, clock));
        QVERIFY(works(client));
    }

    void runtimeShutdownEndsTheProcess()
    {
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), {}));
        const auto client = ProtocolClient::tcp(server.port());
        QVERIFY(client->open());
        QVERIFY(!client->call(u"runtime.shutdown"_s).error);
        QTRY_VERIFY(!server.isRunning());
        QCOMPARE(server.exitCode(), 0);
    }

    void busyPortIsAnError()
    {
        ServerProcess first;
        QVERIFY(first.start(demoServerProgram(), {}));
        ServerProcess second;
        QVERIFY(!second.start(demoServerProgram(), {u"--port"_s, QString::number(first.port())}));
        QCOMPARE(second.exitCode(), 1);
        QVERIFY(second.output().contains("Failed to start server"));
    }

    void sessionsSurviveKillMidTurn()
    {
        QTemporaryDir folder;
        const QStringList arguments{u"--port"_s, u"0"_s, u"--state-dir"_s, folder.path()};
        {
            ServerProcess server;
            QVERIFY(server.start(demoServerProgram(), arguments));
            const auto client = ProtocolClient::tcp(server.port());
            QVERIFY(works(*client));
            client->call(u"session.send"_s, prompt(u"[slow 100x20ms] [fault kill]"_s));
            QTRY_VERIFY_WITH_TIMEOUT(client->isClosed(), 20'000);
            QTRY_VERIFY(!server.isRunning());
            QVERIFY(server.process().exitStatus() == QProcess::CrashExit
                    || server.exitCode() == 137);
        }
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), arguments));
        const auto client = ProtocolClient::tcp(server.port());
        QVERIFY(client->open());
        QVERIFY(!client->call(u"session.resume"_s, session()).error);
        QStringList types;
        const auto events = client->call(u"session.getMessages"_s, {{u"sessionId"_s, u"s1"_s}})
                                .object()[u"events"]
                                .toArray();
        for (const QJsonValue &event : events)
            types.append(event[u"type"].toString());
        QCOMPARE(types.count(u"user.message"_s), 2);
        QCOMPARE(types.count(u"assistant.message"_s), 1);
    }

    void dropClosesTheConnectionAndEndsTheTurn()
    {
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), {u"--fault"_s, u"drop@turn"_s}));
        auto client = ProtocolClient::tcp(server.port());
        QVERIFY(client->open());
        client->call(u"session.create"_s, session());
        client->call(u"session.send"_s, prompt(u"[slow 50x20ms]"_s));
        QTRY_VERIFY_WITH_TIMEOUT(client->isClosed(), 20'000);
        client = ProtocolClient::tcp(server.port());
        QVERIFY(client->open());
        QCOMPARE(client->call(u"session.send"_s, prompt(u"x"_s)).error->code,
                 ErrorCode::RemoteError);
    }

    void halfCloseIsNoticed()
    {
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), {}));
        const auto client = ProtocolClient::tcp(server.port());
        QVERIFY(client->open());
        client->call(u"demo.fault"_s, {{u"fault"_s, u"half-close"_s}});
        QTRY_VERIFY_WITH_TIMEOUT(client->isClosed(), 20'000);
    }

    void garbageClosesTheClient()
    {
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), {}));
        const auto client = ProtocolClient::tcp(server.port());
        QVERIFY(client->open());
        client->call(u"demo.fault"_s, {{u"fault"_s, u"garbage"_s}});
        QTRY_VERIFY_WITH_TIMEOUT(client->isClosed(), 20'000);
        QCOMPARE(client->closeReason().code, ErrorCode::ProtocolViolation);
    }

    void frozenServerAcceptsButDoesNotAnswer()
    {
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), {u"--fault"_s, u"freeze@start"_s}));
        const auto client = ProtocolClient::tcp(server.port());
        QVERIFY(client->open());
        const auto answer = client->call(u"ping"_s, {}, Milliseconds(300));
        QVERIFY(answer.error);
        QCOMPARE(answer.error->code, ErrorCode::Timeout);
    }

    void badFramesAreAnsweredAsMeasured_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("words");
        QTest::newRow("negative") << QByteArray("Content-Length: -4\r\n\r\nabcd")
                                  << QByteArray("must be a number");
        QTest::newRow("none") << QByteArray("Foo: 1\r\n\r\n")
                              << QByteArray("must provide a Content-Length");
        QTest::newRow("http") << QByteArray("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                              << QByteArray("separate key and value");
        QTest::newRow("endless header") << QByteArray(20'000, 'x') << QByteArray();
    }
    void badFramesAreAnsweredAsMeasured()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, words);
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), {}));
        QTcpSocket socket;
        socket.connectToHost(QHostAddress(QHostAddress::LocalHost), server.port());
        QTRY_COMPARE(socket.state(), QAbstractSocket::ConnectedState);
        socket.write(bytes);
        QTRY_COMPARE(socket.state(), QAbstractSocket::UnconnectedState);
        const QByteArray answer = socket.readAll();
        QCOMPARE(answer.contains("-32700"), !words.isEmpty());
        QVERIFY(answer.contains(words));
    }

    void endsWithItsParent()
    {
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), {u"--exit-with-parent"_s}));
        server.process().closeWriteChannel();
        QTRY_VERIFY(!server.isRunning());
    }
};

QTEST_GUILESS_MAIN(TstDemoServer)
#include "tst_demoserver.moc"
