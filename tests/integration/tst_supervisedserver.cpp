// SPDX-License-Identifier: MIT
// The whole program and a local server of its own (the demo server in the CLI's place) that is
// killed, stopped and replaced.
#include "app/wiring/appcontext.h"
#include "server/serverrecord.h"
#include "support/recovery.h"
#include "support/serverprocess.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <cstdio>

using namespace pilotlight;
using namespace Qt::StringLiterals;

class TstSupervisedServer : public QObject
{
    Q_OBJECT
private:
    struct Program
    {
        QTemporaryDir folder;
        std::unique_ptr<AppContext> context;
        QStringList codes;
        QStringList details;

        explicit Program(const QString &cli)
        {
            AppOptions options;
            options.paths = AppPaths::below(folder.path());
            options.useKeychain = false;
            options.stderrLevel.reset();
            // The shortest that there are.
            options.keepalive.intervalSeconds = 5;
            options.keepalive.timeoutSeconds = 2;
            ConnectionConfig config;
            config.mode = ConnectionMode::Local;
            config.cliPath = cli;
            options.connection = config;
            context = std::make_unique<AppContext>(options);
            QObject::connect(context.get(), &AppContext::notice, context.get(),
                             [this](const QString &code, const QString &detail) {
                                 codes << code;
                                 details << detail;
                             });
            context->start();
        }
        //! Ends the server, too.
        ~Program()
        {
            context->connection().dispose(true);
            if (!QTest::qWaitFor([this] { return phase() == Phase::Disposed; }, 20'000))
                qWarning("the server was not ended");
        }
        Phase phase() const { return context->connection().status().phase; }
        qint64 pid() const
        {
            const auto record = readServerRecord(folder.filePath(u"state/server.json"_s));
            return record ? record->process.pid : 0;
        }
    };

    //! Past the program's own log, which takes all messages.
    static void say(const char *what, const Recovery &recovery)
    {
        std::printf("%s: %s\n", what, recovery.text().constData());
        std::fflush(stdout);
    }

private Q_SLOTS:
    void initTestCase()
    {
#ifdef Q_OS_WIN
        QSKIP("signals are Unix'");
#endif
    }

    void aKilledServerIsBackAtOnce()
    {
        Program program(demoServerProgram());
        QTRY_COMPARE_WITH_TIMEOUT(program.phase(), Phase::Online, 20'000);
        const qint64 before = program.pid();
        const auto recovery = recoverFrom(program.context->connection(), before, SIGKILL, false);
        QVERIFY(recovery);
        say("SIGKILL", *recovery);
        QCOMPARE(recovery->phases, 4); // straight up again, no backoff
        QVERIFY(program.pid() > 0 && program.pid() != before);
        QTRY_COMPARE(program.codes.count(u"server-exited"_s), 1);
        QVERIFY(program.details.at(program.codes.indexOf(u"server-exited"_s))
                    .startsWith(u"signal 9"_s));
    }

    void aStoppedServerIsFoundAndReplaced()
    {
        Program program(demoServerProgram());
        QTRY_COMPARE_WITH_TIMEOUT(program.phase(), Phase::Online, 20'000);
        const qint64 before = program.pid();
        const auto recovery = recoverFrom(program.context->connection(), before, SIGSTOP, true);
        QVERIFY(recovery);
        say("SIGSTOP, deadline of a probe 2 s", *recovery);
        QVERIFY(program.pid() > 0 && program.pid() != before);
        QVERIFY(program.codes.contains(u"restarted-unresponsive"_s));
        QVERIFY(!program.codes.contains(u"server-exited"_s)); // we have ended it
    }

    // The program is replaced while it runs, as an update does; the old one goes on until it ends.
    void anotherVersionInItsPlaceIsSaid()
    {
        const QTemporaryDir bin;
        const QString cli = bin.filePath(u"copilot"_s);
        const auto put = [&cli](const char *version) {
            QFile::remove(cli);
            QFile script(cli);
            QVERIFY(script.open(QIODevice::WriteOnly));
            script.write("#!/bin/sh\nexec \"" + demoServerProgram().toUtf8()
                         + "\" --server-version " + version + " \"$@\"\n");
            QVERIFY(script.setPermissions(QFile::ReadOwner | QFile::ExeOwner));
        };
        put("1.0.69");
        Program program(cli);
        QTRY_COMPARE_WITH_TIMEOUT(program.phase(), Phase::Online, 20'000);
        put("1.0.102");
        QVERIFY(recoverFrom(program.context->connection(), program.pid(), SIGKILL, false));
        const qsizetype at = program.codes.indexOf(u"server-version-changed"_s);
        QVERIFY(at >= 0);
        QCOMPARE(program.details.at(at), u"1.0.69 → 1.0.102"_s);
    }

    void aProtocolThatIsNotOursEndsInWords()
    {
        const QTemporaryDir bin;
        const QString cli = bin.filePath(u"copilot"_s);
        QFile script(cli);
        QVERIFY(script.open(QIODevice::WriteOnly));
        script.write("#!/bin/sh\nexec \"" + demoServerProgram().toUtf8()
                     + "\" --protocol-version 99 \"$@\"\n");
        QVERIFY(script.setPermissions(QFile::ReadOwner | QFile::ExeOwner));
        script.close();
        Program program(cli);
        QTRY_COMPARE_WITH_TIMEOUT(program.phase(), Phase::Idle, 20'000);
        const auto error = program.context->connection().status().error;
        QVERIFY(error);
        QCOMPARE(error->code, ErrorCode::ServerTooNew);
        QVERIFY2(error->detail.contains(u"protocol 99; supported: 2 to 3"),
                 qPrintable(error->detail));
        QCOMPARE(program.codes, QStringList(u"restarted-mismatch"_s));
    }

    void aServerThatCannotRunEndsInWords()
    {
        const QTemporaryDir bin;
        const QString cli = bin.filePath(u"copilot"_s);
        QFile script(cli);
        QVERIFY(script.open(QIODevice::WriteOnly));
        script.write("#!/bin/sh\necho the reason why\nexit 7\n");
        QVERIFY(script.setPermissions(QFile::ReadOwner | QFile::ExeOwner));
        script.close();
        Program program(cli);
        // A start and the embedded one in its place are two ends; backoffs of up to 2 and 4 s.
        QTRY_COMPARE_WITH_TIMEOUT(program.phase(), Phase::Idle, 40'000);
        const auto error = program.context->connection().status().error;
        QVERIFY(error);
        QCOMPARE(error->code, ErrorCode::ServerCrashLoop);
        QVERIFY2(error->detail.contains(u"the reason why"), qPrintable(error->detail));
        QCOMPARE(program.pid(), 0);
    }
};

QTEST_GUILESS_MAIN(TstSupervisedServer)
#include "tst_supervisedserver.moc"
