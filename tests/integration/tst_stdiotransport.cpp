// SPDX-License-Identifier: MIT
#include "support/fakeclock.h"
#include "support/transportlog.h"
#include "transport/processtransport.h"
#include "transport/stdiotransport.h"

#include <QLoggingCategory>
#include <QTest>

#ifdef Q_OS_UNIX
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#endif

using namespace pilotlight;
using namespace std::chrono_literals;
using List = QList<QByteArray>;

#ifdef Q_OS_UNIX

namespace {

ProcessTransport::Command shell(const char *script)
{
    return {QStringLiteral("/bin/sh"), {QStringLiteral("-c"), QString::fromLatin1(script)}, {}, {}};
}

bool isAlive(qint64 pid)
{
    return ::kill(static_cast<pid_t>(pid), 0) == 0;
}

//! Two pipes: what a parent process would hold.
struct Pipes
{
    Pipes()
    {
        if (::pipe(toUs) != 0 || ::pipe(fromUs) != 0)
            qFatal("no pipes");
    }
    ~Pipes()
    {
        for (int *fd : {&toUs[0], &toUs[1], &fromUs[0], &fromUs[1]})
            shut(*fd);
    }
    static void shut(int &fd)
    {
        if (fd >= 0)
            ::close(fd);
        fd = -1;
    }
    void write(const QByteArray &bytes)
    {
        QCOMPARE(::write(toUs[1], bytes.constData(), size_t(bytes.size())), ssize_t(bytes.size()));
    }
    QByteArray read()
    {
        ::fcntl(fromUs[0], F_SETFL, O_NONBLOCK);
        QByteArray bytes(100'000, '\0');
        const auto count = ::read(fromUs[0], bytes.data(), size_t(bytes.size()));
        return bytes.left(count > 0 ? qsizetype(count) : 0);
    }
    int toUs[2];
    int fromUs[2];
};

} // namespace

class TstStdioTransport : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("*.debug=false")); }
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void childEchoesAndEndsWithItsInput()
    {
        FakeClock clock;
        qint64 pid = 0;
        {
            ProcessTransport transport(shell("exec cat"), clock);
            TransportLog log(transport);
            transport.open();
            QVERIFY(log.entries.isEmpty());
            QTRY_VERIFY(transport.isOpen());
            pid = transport.processId();
            QVERIFY(isAlive(pid));
            transport.send("one");
            transport.send("two");
            QTRY_COMPARE(log.entries, List({"open", "one", "two"}));
        }
        QTRY_VERIFY(!isAlive(pid));
        QCoreApplication::processEvents();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        QCOMPARE(clock.liveTimers(), 0);
    }

    void childThatIgnoresEverythingIsKilled()
    {
        FakeClock clock;
        ProcessTransport transport(shell("trap '' TERM; printf 'Content-Length: 1\\r\\n\\r\\n1'; "
                                         "while :; do sleep 0.1; done"),
                                   clock);
        TransportLog log(transport);
        transport.open();
        QTRY_COMPARE(log.entries, List({"open", "1"}));
        const qint64 pid = transport.processId();
        transport.close();
        QCOMPARE(transport.processId(), 0);
        clock.advance(2s);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("killing pid")));
        QVERIFY(isAlive(pid));
        clock.advance(2s);
        QTRY_VERIFY(!isAlive(pid));
        QCOMPARE(log.entries.size(), 2);
    }

    void childThatSpeaksInLines()
    {
        FakeClock clock;
        auto command = shell("echo starting up; exec cat");
        command.framing = Framing::Lines;
        ProcessTransport transport(command, clock);
        TransportLog log(transport);
        transport.open();
        QTRY_VERIFY(transport.isOpen());
        transport.send("{\"a\":1}");
        transport.send("{}");
        QTRY_COMPARE(log.entries, List({"open", "{\"a\":1}", "{}"}));
        QCOMPARE(log.bytes, qint64(12 + 8 + 3)); // the banner is a sign of life, too
    }

    void childThatEndsSaysWhy()
    {
        FakeClock clock;
        ProcessTransport transport(
            shell("printf 'Content-Length: 4\\r\\n\\r\\nlast'; echo out of cheese >&2; exit 3"),
            clock);
        TransportLog log(transport);
        transport.open();
        QTRY_COMPARE(log.entries, List({"open", "last", "closed ServerExited"}));
        QVERIFY(log.reason.detail.contains(QStringLiteral("exit code 3")));
        QVERIFY(log.reason.detail.contains(QStringLiteral("out of cheese")));
        QCOMPARE(transport.lastOutput(), QByteArray("out of cheese\n"));
        transport.send("ignored");
    }

    void childThatIsKilled()
    {
        FakeClock clock;
        ProcessTransport transport(shell("kill -9 $$"), clock);
        TransportLog log(transport);
        transport.open();
        QTRY_COMPARE(log.entries.value(1), QByteArray("closed ServerExited"));
        QVERIFY(log.reason.detail.contains(QStringLiteral("signal")));
    }

    void childThatWritesGarbage()
    {
        FakeClock clock;
        ProcessTransport transport(shell("echo hello; exec cat"), clock);
        TransportLog log(transport);
        transport.open();
        QTRY_COMPARE(log.entries, List({"open", "closed ProtocolViolation"}));
    }

    void programThatDoesNotExist()
    {
        FakeClock clock;
        ProcessTransport transport({QStringLiteral("/nonexistent/program"), {}, {}, {}}, clock);
        TransportLog log(transport);
        transport.open();
        QTRY_COMPARE(log.entries, List{"closed ServerStartFailed"});
        QVERIFY(!log.reason.detail.isEmpty());
    }

    void environmentAndFolderOfTheChild()
    {
        FakeClock clock;
        auto command = shell("printf 'Content-Length: 4\\r\\n\\r\\n%s%s' \"$WHAT\" \"$(pwd)\"");
        command.environment.insert(QStringLiteral("WHAT"), QStringLiteral("yes"));
        command.workingDirectory = QStringLiteral("/");
        ProcessTransport transport(command, clock);
        TransportLog log(transport);
        transport.open();
        QTRY_VERIFY(log.entries.size() >= 2);
        QCOMPARE(log.entries[1], QByteArray("yes/"));
    }

    void ownInputAndOutput()
    {
        Pipes pipes;
        StdioTransport transport(pipes.toUs[0], pipes.fromUs[1]);
        TransportLog log(transport);
        transport.open();
        QVERIFY(log.entries.isEmpty());
        QTRY_VERIFY(transport.isOpen());
        pipes.write("Content-Length: 1\r\n\r\n1Content-Le");
        pipes.write("ngth: 2\r\n\r\n22");
        QTRY_COMPARE(log.entries, List({"open", "1", "22"}));
        transport.send("{}");
        QCOMPARE(pipes.read(), QByteArray("Content-Length: 2\r\n\r\n{}"));
        Pipes::shut(pipes.toUs[1]);
        QTRY_COMPARE(log.entries.value(3), QByteArray("closed ConnectionLost"));
    }

    void slowReaderDoesNotBlockUs()
    {
        Pipes pipes;
        StdioTransport transport(pipes.toUs[0], pipes.fromUs[1]);
        transport.open();
        QTRY_VERIFY(transport.isOpen());
        const QByteArray large(1'000'000, 'x'); // a pipe holds 64 KiB
        transport.send(large);
        transport.send("end");
        QByteArray got;
        const auto expected =
            ContentLengthFramer::framed(large) + ContentLengthFramer::framed("end");
        QTRY_VERIFY((got += pipes.read()).size() >= expected.size());
        QCOMPARE(got, expected);
    }

    void readerThatHasGoneIsNotOurEnd()
    {
        Pipes pipes;
        StdioTransport transport(pipes.toUs[0], pipes.fromUs[1]);
        TransportLog log(transport);
        transport.open();
        QTRY_VERIFY(transport.isOpen());
        Pipes::shut(pipes.fromUs[0]);
        transport.send("nobody reads this"); // SIGPIPE would end the program
        pipes.write(ContentLengthFramer::framed("still here"));
        QTRY_COMPARE(log.entries.last(), QByteArray("still here"));
    }

    void closeInsideTheSink()
    {
        Pipes pipes;
        StdioTransport transport(pipes.toUs[0], pipes.fromUs[1]);
        int seen = 0;
        transport.setMessageSink([&](std::string_view) {
            ++seen;
            transport.close();
        });
        transport.open();
        pipes.write(ContentLengthFramer::framed("1") + ContentLengthFramer::framed("2"));
        QTRY_COMPARE(seen, 1);
        QCoreApplication::processEvents();
        QCOMPARE(seen, 1);
        QVERIFY(!transport.isOpen());
    }
};

#else

class TstStdioTransport : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void needsAShell() { QSKIP("the children of this test are shell scripts"); }
};

#endif

QTEST_GUILESS_MAIN(TstStdioTransport)
#include "tst_stdiotransport.moc"
