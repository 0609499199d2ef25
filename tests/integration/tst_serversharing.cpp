// SPDX-License-Identifier: MIT
// Several programs of ours and one server; records and ports that belong to others.
#include "support/localserverfixture.h"

#include <QFileInfo>
#include <QLockFile>
#include <QProcess>
#include <QSet>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTest>

#include <vector>

using namespace pilotlight;
using namespace std::chrono_literals;

class TstServerSharing : public LocalServerFixture
{
    Q_OBJECT
private Q_SLOTS:
    void init() { setUp(); }
    void cleanup() { tearDown(); }

    void twoAtOnceStartOneServer()
    {
        auto first = make();
        auto second = make();
        QList<ServerEndpoint> endpoints;
        for (LocalServer *server : {first.get(), second.get()}) {
            server->start(this, [&](const auto &result) {
                QVERIFY(result);
                endpoints << *result;
            });
        }
        QTRY_COMPARE(endpoints.size(), 2);
        track(endpoints.at(0).pid);
        track(endpoints.at(1).pid);
        QCOMPARE(endpoints.at(0).pid, endpoints.at(1).pid);
        QVERIFY(endpoints.at(0).adopted != endpoints.at(1).adopted);
        QCOMPARE(serversStarted(), 1);
        // It dies: both notice, one starts, the other adopts.
        endpoints.clear();
        for (LocalServer *server : {first.get(), second.get()}) {
            connect(server, &ServerHost::exited, server, [this, server, &endpoints] {
                server->start(this, [&](const auto &result) {
                    QVERIFY(result);
                    endpoints << *result;
                });
            });
        }
        const auto died = readServerRecord(m_record);
        QVERIFY(signalGroup(died->process, GroupSignal::Kill));
        QTRY_COMPARE(endpoints.size(), 2);
        track(endpoints.at(0).pid);
        QCOMPARE(endpoints.at(0).pid, endpoints.at(1).pid);
        QVERIFY(endpoints.at(0).pid != died->process.pid);
        QCOMPARE(serversStarted(), 2);
        QCOMPARE(readServerRecord(m_record)->process.pid, endpoints.at(0).pid);
        // Ended by one of them: the other hears of it, and neither starts it for itself.
        first->disconnect();
        second->disconnect();
        QSignalSpy exited(second.get(), &ServerHost::exited);
        stop(*first);
        QTRY_COMPARE(exited.size(), 1);
        QVERIFY(!QFileInfo::exists(m_record));
    }

    void manyProcessesStartOneServer()
    {
        constexpr int Users = 4;
        std::vector<std::unique_ptr<QProcess>> users;
        for (int i = 0; i < Users; ++i) {
            auto user = std::make_unique<QProcess>();
            user->setProgram(helper(QStringLiteral("server-user")));
            user->setArguments({m_dir->path(), helper()});
            user->start();
            users.push_back(std::move(user));
        }
        const auto pidOf = [](QProcess &user) {
            if (user.canReadLine() || user.waitForReadyRead(20'000))
                return user.readLine().trimmed().toLongLong();
            return -1LL;
        };
        for (int round = 1; round <= 3; ++round) {
            QSet<qint64> pids;
            for (const auto &user : users)
                pids << pidOf(*user);
            QCOMPARE(pids.size(), 1);
            const ProcessId server = identifyProcess(*pids.begin());
            QVERIFY(server.isValid());
            QCOMPARE(readServerRecord(m_record)->process, server);
            QCOMPARE(serversStarted(), round);
            if (round == 2) { // one of them crashes: no lock of it may be left to wait for
                users.back()->kill();
                QVERIFY(users.back()->waitForFinished());
                users.pop_back();
            }
            QVERIFY(signalGroup(server, GroupSignal::Kill));
        }
        for (const auto &user : users)
            pidOf(*user); // the fourth
        auto last = make();
        stop(*last);
        for (const auto &user : users) {
            user->kill(); // or they would bring it back
            QVERIFY(user->waitForFinished());
        }
        stop(*make());
    }

    void whoHoldsTheLockIsWaitedFor()
    {
        FakeClock clock;
        QDir().mkpath(m_paths.state);
        QLockFile other(m_paths.state + QStringLiteral("/server.lock"));
        QVERIFY(other.tryLock(0));
        LocalServer server(m_paths, defaults(), clock, m_random);
        std::optional<Error> error;
        server.start(this, [&](const auto &result) { error = result.error(); });
        clock.advance(LocalServer::LockDeadline - 100ms);
        QVERIFY(!error);
        QVERIFY(!readServerRecord(m_record));
        clock.advance(200ms);
        QVERIFY(error);
        QCOMPARE(error->code, ErrorCode::ServerLocked);
        QVERIFY(error->detail.contains(QString::number(QCoreApplication::applicationPid())));
        QCOMPARE(clock.liveTimers(), 0);
        // And it comes to its turn when the other is done.
        std::optional<ServerEndpoint> endpoint;
        server.start(this, [&](const auto &result) { endpoint = *result; });
        clock.advance(1s);
        QVERIFY(!endpoint);
        other.unlock();
        QTRY_VERIFY(advanceUntil(clock, [&] { return endpoint.has_value(); }));
        track(endpoint->pid);
        // A user's wish to end it does not wait for ever.
        QVERIFY(other.tryLock(0));
        bool stopped = false;
        server.stop(this, [&] { stopped = true; });
        clock.advance(LocalServer::LockDeadline - 100ms);
        QVERIFY(!stopped);
        clock.advance(200ms);
        QTRY_VERIFY(advanceUntil(clock, [&] { return stopped; }));
        QVERIFY(!runs(endpoint->pid));
    }

    void theRecordOfAnotherServerStays()
    {
        auto first = make();
        const auto mine = start(*first);
        QVERIFY(mine);
        // Another Pilotlight has put a server in its place meanwhile.
        QProcess other;
        other.start(helper(), {QStringLiteral("--silent")});
        QVERIFY(other.waitForStarted());
        ServerRecord record;
        record.process = identifyProcess(other.processId());
        record.port = 1;
        QVERIFY(!writeServerRecord(m_record, record));
        stop(*first);
        QVERIFY(!runs(mine->pid));
        const auto kept = readServerRecord(m_record);
        QVERIFY(kept);
        QCOMPARE(kept->process, record.process);
        QVERIFY(runs(other.processId()));
        QFile::remove(m_record);
        other.kill();
        QVERIFY(other.waitForFinished());
    }

    void aStrangerOnItsPortIsNotTalkedTo()
    {
#ifndef Q_OS_LINUX
        QSKIP("whose a port is can be told on Linux only");
#else
        LocalServerOptions options = defaults();
        options.extraArguments = {QStringLiteral("--close-port")};
        auto first = make(options);
        const auto began = start(*first);
        QVERIFY(began);
        QTRY_VERIFY(!accepts(began->port));
        first.reset();
        QTcpServer stranger;
        QVERIFY(stranger.listen(QHostAddress::LocalHost, began->port));
        QByteArray told;
        connect(&stranger, &QTcpServer::newConnection, this, [&] {
            QTcpSocket *const socket = stranger.nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, this,
                    [&, socket] { told += socket->readAll(); });
        });
        auto second = make();
        const auto endpoint = start(*second);
        QVERIFY(endpoint);
        QVERIFY(!endpoint->adopted);
        QVERIFY(endpoint->port != began->port);
        QVERIFY(!runs(began->pid));
        QVERIFY(told.isEmpty());
        stop(*second);
#endif
    }

    void aRecordThatCannotBeReadIsNoRecord()
    {
        QVERIFY(QDir().mkpath(m_record)); // a folder: nobody can read or replace it
        auto server = make();
        const auto endpoint = start(*server);
        QVERIFY(endpoint);
        QVERIFY(!endpoint->adopted);
        stop(*server);
        QVERIFY(!runs(endpoint->pid));
    }
};

QTEST_GUILESS_MAIN(TstServerSharing)
#include "tst_serversharing.moc"
