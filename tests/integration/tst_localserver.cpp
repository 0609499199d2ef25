// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "base/systemclock.h"
#include "server/localserver.h"
#include "support/fakeclock.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QLockFile>
#include <QProcess>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

QByteArray contents(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

bool runs(qint64 pid)
{
    return identifyProcess(pid).isValid();
}

} // namespace

class TstLocalServer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_paths = AppPaths::below(m_dir->path());
        m_record = m_paths.state + QStringLiteral("/server.json");
        m_pids.clear();
    }

    // No test leaves a process behind, also where it failed.
    void cleanup()
    {
        if (const auto record = readServerRecord(m_record))
            m_pids.append(record->process);
        int left = 0;
        for (const ProcessId &process : std::as_const(m_pids)) {
            if (processState(process) != ProcessState::Running)
                continue;
            ++left;
            signalGroup(process, GroupSignal::Kill);
            QTRY_VERIFY(collectExit(process.pid) || !runs(process.pid));
        }
        QCOMPARE(left, 0);
    }

    void startsAndSaysWhereItListens()
    {
        auto server = make();
        const auto endpoint = start(*server);
        QVERIFY(endpoint);
        QVERIFY(!endpoint->adopted);
        QVERIFY(endpoint->port > 0);
        QCOMPARE(endpoint->host, QStringLiteral("127.0.0.1"));
        QCOMPARE(endpoint->token.reveal().size(), 64);
        QVERIFY(runs(endpoint->pid));
        QCOMPARE(server->program(), helper());
        QVERIFY(accepts(endpoint->port));
        QVERIFY(contents(m_paths.log + QStringLiteral("/server-1.log"))
                    .contains("token=" + endpoint->token.reveal()));
        QTRY_VERIFY(server->lastOutput().contains(QStringLiteral("token=******")));
#ifndef Q_OS_WIN
        for (const QString &file : {m_record, m_paths.log + QStringLiteral("/server-1.log")}) {
            QCOMPARE(
                QFileInfo(file).permissions()
                    & (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther),
                QFile::Permissions());
        }
#endif
        stop(*server);
        QVERIFY(!runs(endpoint->pid));
        QVERIFY(!QFileInfo::exists(m_record));
    }

    void passesArgumentsAndEnvironment()
    {
        LocalServerOptions options = defaults();
        options.environment.insert(QStringLiteral("FAKE_MARKER"), QStringLiteral("hello"));
        options.environment.insert(QStringLiteral("COPILOT_CONNECTION_TOKEN"),
                                   QStringLiteral("of-somebody-else"));
        options.useToken = false;
        auto server = make(options);
        const auto endpoint = start(*server);
        QVERIFY(endpoint);
        QVERIFY(endpoint->token.isEmpty());
        QTRY_VERIFY(server->lastOutput().contains(QStringLiteral("marker=hello")));
        QVERIFY(!contents(m_paths.log + QStringLiteral("/server-1.log")).contains("somebody"));
        stop(*server);
    }

    void aLaterRunAdoptsIt()
    {
        auto first = make();
        const auto began = start(*first);
        QVERIFY(began);
        first.reset();
        QVERIFY(runs(began->pid));
        auto second = make();
        const auto adopted = start(*second);
        QVERIFY(adopted);
        QVERIFY(adopted->adopted);
        QCOMPARE(adopted->pid, began->pid);
        QCOMPARE(adopted->port, began->port);
        QVERIFY(adopted->token == began->token);
        QVERIFY(second->lastOutput().contains(QStringLiteral("listening")));
        QCOMPARE(QDir(m_paths.log).entryList(QDir::Files).size(), 1);
        stop(*second);
        QVERIFY(!runs(began->pid));
        QVERIFY(!QFileInfo::exists(m_record));
    }

    void aLaterRunAdoptsOneThatWasStillStarting()
    {
        FakeClock clock; // stands still: the first run never sees the port
        auto first = std::make_unique<LocalServer>(m_paths, defaults(), clock, m_random);
        first->start(this, [](const auto &) { QFAIL("answered after its end"); });
        clock.advance(0ms);
        const auto record = readServerRecord(m_record);
        QVERIFY(record);
        QCOMPARE(record->port, quint16(0));
        track(record->process.pid);
        first.reset();
        auto second = make();
        const auto endpoint = start(*second);
        QVERIFY(endpoint);
        QVERIFY(endpoint->adopted);
        QCOMPARE(endpoint->pid, record->process.pid);
        QVERIFY(accepts(endpoint->port));
        stop(*second);
    }

    void startWhileItRunsAnswersAgain()
    {
        auto server = make();
        const auto first = start(*server);
        const auto second = start(*server);
        QVERIFY(first && second);
        QCOMPARE(second->pid, first->pid);
        QVERIFY(!second->adopted);
        stop(*server);
    }

    void severalStartsAreAllAnswered()
    {
        auto server = make();
        QList<qint64> pids;
        for (int i = 0; i < 3; ++i)
            server->start(this, [&](const auto &result) { pids << (result ? result->pid : -1); });
        QTRY_COMPARE(pids.size(), 3);
        track(pids.first());
        QVERIFY(pids.first() > 0);
        QCOMPARE(pids.count(pids.first()), 3);
        stop(*server);
    }

    void aReusedNumberIsNeverSignalled()
    {
        // A process of somebody else that now has the recorded number.
        QProcess other;
        other.start(helper(), {QStringLiteral("--silent")});
        QVERIFY(other.waitForStarted());
        ServerRecord record;
        record.process = identifyProcess(other.processId());
        QVERIFY(record.process.isValid());
        record.process.started += QLatin1Char('1');
        record.port = 1;
        QCOMPARE(processState(record.process), ProcessState::Replaced);
        QVERIFY(!signalGroup(record.process, GroupSignal::Kill));
        QVERIFY(!writeServerRecord(m_record, record));
        {
            auto server = make();
            stop(*server);
        }
        QVERIFY(!QFileInfo::exists(m_record));
        QVERIFY(!writeServerRecord(m_record, record));
        auto server = make();
        const auto endpoint = start(*server);
        QVERIFY(endpoint);
        QVERIFY(!endpoint->adopted);
        QVERIFY(endpoint->pid != other.processId());
        stop(*server);
        QCOMPARE(other.state(), QProcess::Running);
        QVERIFY(runs(other.processId()));
        other.kill();
        QVERIFY(other.waitForFinished());
    }

    void aDamagedRecordIsNoRecord_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("garbage") << QByteArray("\xff\x00{", 3);
        QTest::newRow("other schema")
            << QByteArray(R"({"schema":2,"pid":5,"started":"x","port":1})");
        QTest::newRow("init") << QByteArray(R"({"schema":1,"pid":1,"started":"x","port":1})");
        QTest::newRow("negative") << QByteArray(R"({"schema":1,"pid":-5,"started":"x","port":1})");
        QTest::newRow("no start") << QByteArray(R"({"schema":1,"pid":5,"port":1})");
        QTest::newRow("port") << QByteArray(R"({"schema":1,"pid":5,"started":"x","port":70000})");
    }
    void aDamagedRecordIsNoRecord()
    {
        QFETCH(QByteArray, bytes);
        QVERIFY(QDir().mkpath(m_paths.state));
        QFile file(m_record);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(bytes);
        file.close();
        QVERIFY(!readServerRecord(m_record));
    }

    void aProcessWhosePortIsDeadIsReplaced()
    {
        LocalServerOptions options = defaults();
        options.extraArguments = {QStringLiteral("--close-port")};
        auto first = make(options);
        const auto began = start(*first);
        QVERIFY(began);
        QTRY_VERIFY(!accepts(began->port));
        first.reset();
        auto second = make();
        const auto endpoint = start(*second);
        QVERIFY(endpoint);
        QVERIFY(!endpoint->adopted);
        QVERIFY(endpoint->pid != began->pid);
        QVERIFY(!runs(began->pid));
        stop(*second);
    }

    void tellsWhenItsServerEnds()
    {
        auto server = make();
        QSignalSpy exited(server.get(), &ServerHost::exited);
        const auto endpoint = start(*server);
        QVERIFY(endpoint);
        kill(*endpoint);
        QTRY_COMPARE(exited.size(), 1);
        QVERIFY(exited.at(0).at(0).toString().contains(QStringLiteral("listening")));
#ifndef Q_OS_WIN
        QVERIFY(exited.at(0).at(0).toString().startsWith(QStringLiteral("signal 9")));
#endif
        QVERIFY(!QFileInfo::exists(m_record));
        const auto again = start(*server);
        QVERIFY(again);
        QVERIFY(again->pid != endpoint->pid);
        stop(*server);
        QCOMPARE(exited.size(), 1); // not for an end that was asked for
    }

    void tellsWhenAnAdoptedServerEnds()
    {
        auto first = make();
        const auto endpoint = start(*first);
        auto second = make();
        QVERIFY(start(*second));
        QSignalSpy exited(second.get(), &ServerHost::exited);
        kill(*endpoint);
        QTRY_COMPARE(exited.size(), 1);
        first.reset();
    }

    // Not by looking: the clock stands still. What it took is only printed.
    void itsEndIsNoticedWithoutATimer()
    {
        FakeClock clock;
        LocalServer server(m_paths, defaults(), clock, m_random);
        QSignalSpy exited(&server, &ServerHost::exited);
        const auto endpoint = start(server, &clock);
        QVERIFY(endpoint);
        QCOMPARE(clock.liveTimers(), 0); // an idle program makes no wake-ups
        QElapsedTimer timer;
        timer.start();
        QVERIFY(signalGroup(identifyProcess(endpoint->pid), GroupSignal::Kill));
        QVERIFY(exited.wait());
        qInfo("SIGKILL noticed after %.2f ms", static_cast<double>(timer.nsecsElapsed()) / 1e6);
        QCOMPARE(exited.size(), 1);
    }

    void itsEndIsNoticedByLookingWhereTheSystemSaysNothing()
    {
        FakeClock clock;
        LocalServerOptions options = defaults();
        options.watch = ProcessWatch::Way::Polling;
        LocalServer server(m_paths, options, clock, m_random);
        QSignalSpy exited(&server, &ServerHost::exited);
        const auto endpoint = start(server, &clock);
        QVERIFY(endpoint);
        QCOMPARE(clock.liveTimers(), 1);
        kill(*endpoint);
        QCOMPARE(exited.size(), 0);
        clock.advance(ProcessWatch::PollInterval);
        QCOMPARE(exited.size(), 1);
        QCOMPARE(clock.liveTimers(), 0);
    }

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

    void aStoppedServerStillEndsByItself()
    {
#ifndef Q_OS_LINUX
        QSKIP("reads the state of a process from /proc");
#else
        FakeClock clock;
        LocalServer server(m_paths, defaults(), clock, m_random);
        const auto endpoint = start(server, &clock);
        QVERIFY(endpoint);
        QCOMPARE(::kill(static_cast<pid_t>(endpoint->pid), SIGSTOP), 0);
        QTRY_VERIFY(contents(QStringLiteral("/proc/%1/stat").arg(endpoint->pid)).contains(") T "));
        QVERIFY(accepts(endpoint->port)); // the kernel does, for it
        const Nanoseconds before = clock.now();
        stop(server, &clock);
        QVERIFY(!runs(endpoint->pid));
        QVERIFY(clock.now() - before < 5s); // asked to, not killed
#endif
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

    void startAfterAnUnnoticedEndStartsAnew()
    {
        FakeClock clock;
        LocalServer server(m_paths, defaults(), clock, m_random);
        const auto first = start(server, &clock);
        QVERIFY(first);
        kill(*first);
        const auto second = start(server, &clock);
        QVERIFY(second);
        QVERIFY(second->pid != first->pid);
        QVERIFY(!second->adopted);
        stop(server, &clock);
        QCOMPARE(clock.liveTimers(), 0);
    }

    void aFailureShowsTheLastOutput()
    {
        LocalServerOptions options = defaults();
        options.extraArguments = {QStringLiteral("--fail")};
        auto server = make(options);
        const auto result = start(*server);
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::ServerStartFailed);
        QVERIFY(result.error().detail.contains(QStringLiteral("the reason why")));
#ifndef Q_OS_WIN
        QVERIFY(result.error().detail.startsWith(QStringLiteral("exit code 3")));
#endif
        QVERIFY(server->lastOutput().contains(QStringLiteral("the reason why")));
        QVERIFY(!QFileInfo::exists(m_record));
    }

    void aMissingProgramIsNotFound()
    {
        LocalServerOptions options = defaults();
        options.program = m_dir->filePath(QStringLiteral("nothing/copilot"));
        auto server = make(options);
        const auto result = start(*server);
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::ServerNotFound);
    }

    void aProgramThatIsNoneCannotBeStarted()
    {
#ifdef Q_OS_WIN
        QSKIP("needs file modes");
#else
        LocalServerOptions options = defaults();
        options.program = m_dir->filePath(QStringLiteral("copilot"));
        QFile file(options.program);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("\x7f"
                   "ELF but not really");
        file.close();
        QVERIFY(file.setPermissions(QFile::ReadOwner | QFile::ExeOwner));
        auto server = make(options);
        const auto result = start(*server);
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::ServerStartFailed);
        QVERIFY(result.error().detail.contains(options.program));
#endif
    }

    void givesUpAfterTheDeadline()
    {
        FakeClock clock;
        LocalServerOptions options = defaults();
        options.extraArguments = {QStringLiteral("--silent")};
        LocalServer server(m_paths, options, clock, m_random);
        std::optional<ErrorCode> code;
        server.start(this, [&](const auto &result) { code = result.error().code; });
        clock.advance(0ms);
        const qint64 pid = readServerRecord(m_record)->process.pid;
        track(pid);
        clock.advance(19'900ms);
        QVERIFY(!code);
        clock.advance(200ms);
        QCOMPARE(code, ErrorCode::Timeout);
        QTRY_VERIFY(advanceUntil(clock, [&] { return !runs(pid); }));
        stop(server, &clock);
        QCOMPARE(clock.liveTimers(), 0);
    }

    void stopEndsTheGroupWithItsGrandchildren()
    {
        const QString file = m_dir->filePath(QStringLiteral("child.pid"));
        LocalServerOptions options = defaults();
        options.extraArguments = {QStringLiteral("--child-pid"), file};
        auto server = make(options);
        const auto endpoint = start(*server);
        QVERIFY(endpoint);
        QTRY_VERIFY(contents(file).toLongLong() > 0);
        const qint64 child = contents(file).toLongLong();
        track(child);
        QVERIFY(runs(child)); // and it ignores SIGTERM
        stop(*server);
        QTRY_VERIFY(!runs(child));
    }

    void aServerThatDoesNotListenIsKilled()
    {
#ifdef Q_OS_WIN
        QSKIP("Windows has no signal that can be ignored");
#else
        FakeClock clock;
        LocalServerOptions options = defaults();
        options.extraArguments = {QStringLiteral("--deaf")};
        LocalServer server(m_paths, options, clock, m_random);
        const auto endpoint = start(server, &clock);
        QVERIFY(endpoint);
        bool stopped = false;
        server.stop(this, [&] { stopped = true; });
        clock.advance(4'900ms);
        QVERIFY(!stopped);
        QVERIFY(runs(endpoint->pid));
        clock.advance(200ms);
        QTRY_VERIFY(advanceUntil(clock, [&] { return stopped; }));
        QVERIFY(!runs(endpoint->pid));
#endif
    }

    void stopGivesUpAStart()
    {
        FakeClock clock;
        LocalServerOptions options = defaults();
        options.extraArguments = {QStringLiteral("--silent")};
        LocalServer server(m_paths, options, clock, m_random);
        QList<ErrorCode> codes;
        server.start(this, [&](const auto &result) { codes << result.error().code; });
        clock.advance(0ms);
        const qint64 pid = readServerRecord(m_record)->process.pid;
        track(pid);
        stop(server, &clock);
        QCOMPARE(codes, QList<ErrorCode>{ErrorCode::Cancelled});
        QVERIFY(!runs(pid));
        // Also before anything was begun.
        server.start(this, [&](const auto &result) { codes << result.error().code; });
        stop(server, &clock);
        QCOMPARE(codes.size(), 2);
        QCOMPARE(clock.liveTimers(), 0);
    }

    void startWhileItStopsBeginsAnew()
    {
        auto server = make();
        const auto first = start(*server);
        QVERIFY(first);
        bool stopped = false;
        server->stop(this, [&] { stopped = true; });
        const auto second = start(*server);
        QVERIFY(stopped);
        QVERIFY(second);
        QVERIFY(second->pid != first->pid);
        stop(*server);
    }

    void stopEndsWhatAnEarlierRunLeft()
    {
        auto first = make();
        const auto endpoint = start(*first);
        QVERIFY(endpoint);
        first.reset();
        auto second = make();
        stop(*second);
        QVERIFY(!runs(endpoint->pid));
        stop(*second); // nothing left: done at once
    }

    void aDeadContextIsNotAnswered()
    {
        auto server = make();
        auto context = std::make_unique<QObject>();
        server->start(context.get(), [](const auto &) { QFAIL("called"); });
        context.reset();
        const auto endpoint = start(*server);
        QVERIFY(endpoint);
        stop(*server);
    }

    void worksWithoutAStateFolder()
    {
        // Plain files where the folders should be: nobody can write there, root neither.
        m_paths.state = m_dir->filePath(QStringLiteral("blocked"));
        m_paths.log = m_paths.state + QStringLiteral("/log");
        QFile blocker(m_paths.state);
        QVERIFY(blocker.open(QIODevice::WriteOnly));
        auto server = make();
        const auto endpoint = start(*server);
        QVERIFY(endpoint);
        QVERIFY(accepts(endpoint->port));
        QVERIFY(server->lastOutput().contains(QStringLiteral("listening")));
        stop(*server);
        QVERIFY(!runs(endpoint->pid));
        QVERIFY(server->lastOutput().isEmpty()); // its temporary file went with it
    }

    void keepsTheOutputOfTheLastFive()
    {
        LocalServerOptions options = defaults();
        options.extraArguments = {QStringLiteral("--fail")};
        auto server = make(options);
        for (int i = 0; i < 7; ++i)
            QVERIFY(!start(*server));
        QStringList expected;
        for (int i = 3; i <= 7; ++i)
            expected << QStringLiteral("server-%1.log").arg(i);
        QCOMPARE(QDir(m_paths.log).entryList(QDir::Files, QDir::Name), expected);
    }

private:
    //! How many there were: each has an output file of its own.
    int serversStarted() const
    {
        return static_cast<int>(QDir(m_paths.log).entryList(QDir::Files).size());
    }

    static QString helper(const QString &name = QStringLiteral("fake-cli-server"))
    {
        QString path = QCoreApplication::applicationDirPath() + QLatin1Char('/') + name;
#ifdef Q_OS_WIN
        path += QStringLiteral(".exe");
#endif
        return path;
    }

    LocalServerOptions defaults() const
    {
        LocalServerOptions options;
        options.program = helper();
        options.workingDirectory = m_dir->path();
        options.environment.insert(QStringLiteral("HOME"), m_dir->path());
        return options;
    }

    std::unique_ptr<LocalServer> make() { return make(defaults()); }
    std::unique_ptr<LocalServer> make(const LocalServerOptions &options)
    {
        return std::make_unique<LocalServer>(m_paths, options, m_clock, m_random);
    }

    void track(qint64 pid)
    {
        if (const ProcessId process = identifyProcess(pid); process.isValid())
            m_pids.append(process);
    }

    static bool advanceUntil(FakeClock &clock, const std::function<bool()> &done)
    {
        if (!done())
            clock.advance(25ms);
        return done();
    }

    Result<ServerEndpoint> start(LocalServer &server, FakeClock *clock = nullptr)
    {
        std::optional<Result<ServerEndpoint>> answer;
        server.start(this, [&](const Result<ServerEndpoint> &result) { answer = result; });
        const bool came = QTest::qWaitFor(
            [&] {
                if (clock && !answer)
                    clock->advance(1ms); // slowly: the process is a real one
                return answer.has_value();
            },
            20'000);
        if (!came)
            return failure(ErrorCode::Internal, QStringLiteral("no answer"));
        if (*answer)
            track((*answer)->pid);
        return *answer;
    }

    void stop(LocalServer &server, FakeClock *clock = nullptr)
    {
        bool stopped = false;
        server.stop(this, [&] { stopped = true; });
        QTRY_VERIFY(!clock || stopped || advanceUntil(*clock, [&] { return stopped; }));
        QTRY_VERIFY(stopped);
    }

    static void kill(const ServerEndpoint &endpoint)
    {
        QVERIFY(signalGroup(identifyProcess(endpoint.pid), GroupSignal::Kill));
        QTRY_VERIFY(!runs(endpoint.pid));
    }

    static bool accepts(quint16 port)
    {
        QTcpSocket socket;
        socket.connectToHost(QHostAddress::LocalHost, port);
        return socket.waitForConnected(5'000);
    }

    SystemClock m_clock;
    SystemRandom m_random;
    std::unique_ptr<QTemporaryDir> m_dir;
    AppPaths m_paths;
    QString m_record;
    QList<ProcessId> m_pids;
};

QTEST_GUILESS_MAIN(TstLocalServer)
#include "tst_localserver.moc"
