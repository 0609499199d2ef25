// SPDX-License-Identifier: MIT
#include "support/localserverfixture.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QProcess>
#include <QSignalSpy>
#include <QTest>

#include <csignal>

using namespace pilotlight;
using namespace std::chrono_literals;

class TstLocalServer : public LocalServerFixture
{
    Q_OBJECT
private Q_SLOTS:
    void init() { setUp(); }
    void cleanup() { tearDown(); }

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
};

QTEST_GUILESS_MAIN(TstLocalServer)
#include "tst_localserver.moc"
