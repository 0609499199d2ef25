// SPDX-License-Identifier: MIT
#include "support/ctlprocess.h"
#include "support/serverprocess.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

//! `pilotlightctl prove` against a demo server that drops idle sessions after seconds.
class TstProve : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void line22_rightVerdicts_data()
    {
        QTest::addColumn<bool>("logCounts");
        QTest::newRow("log counts") << true;
        QTest::newRow("log does not count") << false;
    }

    void line22_rightVerdicts()
    {
        QFETCH(bool, logCounts);
        ServerProcess server;
        QVERIFY2(start(server, u"4"_s, logCounts), server.output().constData());
        CtlProcess ctl(server.home(), prove(server, u"60s"_s));
        QVERIFY2(ctl.exitCode() == 0, ctl.output().constData());
        QCOMPARE(answer(ctl, u"none"_s), u"does-not"_s);
        QCOMPARE(answer(ctl, u"ping"_s), u"does-not"_s);
        QCOMPARE(answer(ctl, u"read"_s), u"does-not"_s);
        QCOMPARE(answer(ctl, u"resume"_s), u"keeps-alive"_s);
        QCOMPARE(answer(ctl, u"log"_s), logCounts ? u"keeps-alive"_s : u"does-not"_s);
        const auto proof = ctl.lines({{u"event"_s, u"proof"_s}});
        QCOMPARE(proof.size(), 1);
        QCOMPARE(proof[0][u"end"].toString(), u"decided"_s);
        QVERIFY2(proof[0][u"text"].toString().contains(u"ping does not keep sessions alive"_s),
                 ctl.output().constData());
        QVERIFY(proof[0][u"idleLimitMs"].toInt() >= 4000);
        // Kept for this version of the server.
        const QDir verdicts(server.home() + u"/profile/state/verdicts"_s);
        QCOMPARE(verdicts.entryList(QDir::Files).size(), 1);
    }

    void line22_undecidedIsAnExitCodeOfItsOwn()
    {
        ServerProcess server;
        QVERIFY2(start(server, u"0"_s, true), server.output().constData());
        CtlProcess ctl(server.home(), prove(server, u"3s"_s));
        QCOMPARE(ctl.exitCode(), 7);
        const auto proof = ctl.lines({{u"event"_s, u"proof"_s}});
        QCOMPARE(proof.size(), 1);
        QCOMPARE(proof[0][u"end"].toString(), u"limit"_s);
        QVERIFY(!QDir(server.home() + u"/profile/state/verdicts"_s).exists()
                || QDir(server.home() + u"/profile/state/verdicts"_s).isEmpty());
    }

#ifdef Q_OS_UNIX // a console program of another process group has no signal to catch on Windows
    void line22_interruptDeletesTheCanaries()
    {
        ServerProcess server;
        QVERIFY2(start(server, u"0"_s, true), server.output().constData());
        CtlProcess ctl(server.home(), prove(server, u"600s"_s));
        const QDir verdicts(server.home() + u"/profile/state/verdicts"_s);
        QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(verdicts.filePath(u"canaries.json"_s)), 30'000);
        ctl.terminate();
        QCOMPARE(ctl.exitCode(), 128 + 15);
        QVERIFY2(!QFile::exists(verdicts.filePath(u"canaries.json"_s)), ctl.output().constData());
    }
#endif

    void line22_limitMustMakeSense()
    {
        QTemporaryDir home;
        for (const QString &limit : {u"0s"_s, u"soon"_s, u"-3"_s, u"9999h"_s}) {
            CtlProcess ctl(home.path(), {u"prove"_s, u"--limit="_s + limit});
            QVERIFY2(ctl.exitCode() == 1, qPrintable(limit));
        }
    }

private:
    static bool start(ServerProcess &server, const QString &limit, bool logCounts)
    {
        QStringList arguments{
            u"--port"_s, u"0"_s, u"--session-idle-timeout"_s, limit, u"--idle-check-interval"_s,
            u"1"_s};
        if (logCounts)
            arguments.append(u"--log-counts"_s);
        return server.start(demoServerProgram(), arguments);
    }
    static QStringList prove(const ServerProcess &server, const QString &limit)
    {
        return {u"--connect"_s, u"tcp://127.0.0.1:%1"_s.arg(server.port()),
                u"prove"_s,     u"--limit"_s,
                limit,          u"--interval"_s,
                u"0.5"_s};
    }
    static QString answer(CtlProcess &ctl, const QString &method)
    {
        const auto lines = ctl.lines({{u"event"_s, u"verdict"_s}, {u"method"_s, method}});
        return lines.size() == 1 ? lines[0][u"answer"].toString() : u"%1 lines"_s.arg(lines.size());
    }
};

QTEST_GUILESS_MAIN(TstProve)
#include "tst_prove.moc"
