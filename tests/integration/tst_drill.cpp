// SPDX-License-Identifier: MIT
#include "support/ctlprocess.h"
#include "support/homeprocesses.h"
#include "support/serverprocess.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

//! `pilotlightctl drill` on the demo server: the demo of the recovery is its test.
class TstDrill : public QObject
{
    Q_OBJECT
private:
    static QStringList drill(const QTemporaryDir &home)
    {
        return {u"--demo"_s, u"--json"_s, u"--profile-dir"_s, home.filePath(u"profile"_s),
                u"drill"_s};
    }

private Q_SLOTS:
    void everythingComesBackAndNothingIsLost()
    {
        QTemporaryDir home;
        CtlProcess ctl(home.path(), drill(home));
        QVERIFY2(ctl.exitCode(150s) == 0, ctl.output().constData());
        for (const char *fault :
             {"cut-connection", "kill-server", "freeze-server", "expire-session"}) {
            const QString name = QString::fromLatin1(fault);
            qint64 last = 0;
            for (const char *moment : {"noticed", "recovered"}) {
                const auto lines = ctl.lines({{u"event"_s, u"drill"_s},
                                              {u"fault"_s, name},
                                              {u"moment"_s, QString::fromLatin1(moment)}});
                QVERIFY2(lines.size() == 1, ctl.output().constData());
                const auto ms = static_cast<qint64>(lines[0][u"ms"].toDouble());
                QVERIFY2(ms >= last, ctl.output().constData());
                last = ms;
            }
            const auto over =
                ctl.lines({{u"event"_s, u"drill"_s}, {u"fault"_s, name}, {u"moment"_s, u"over"_s}});
            QVERIFY2(over.size() == 1, ctl.output().constData());
            QCOMPARE(over[0][u"state"].toString(), u"recovered"_s);
            QCOMPARE(over[0][u"missing"].toInt(-1), 0);
            QCOMPARE(over[0][u"doubled"].toInt(-1), 0);
        }
        QVERIFY2(processesIn(home.path()).isEmpty(), ctl.output().constData());
    }

    void anInterruptEndsItsServer()
    {
#ifndef Q_OS_UNIX
        QSKIP("a console program of another process group has no signal to catch on Windows");
#endif
        QTemporaryDir home;
        CtlProcess ctl(home.path(), drill(home));
        QVERIFY2(ctl.says({{u"event"_s, u"drill"_s}, {u"moment"_s, u"struck"_s}}),
                 ctl.output().constData());
        ctl.terminate();
        QCOMPARE(ctl.exitCode(), 128 + 15);
        QVERIFY2(processesIn(home.path()).isEmpty(), ctl.output().constData());
    }

    void itTakesNoServerOfOthers()
    {
        QTemporaryDir home;
        CtlProcess ctl(home.path(), {u"drill"_s, u"--connect=127.0.0.1:1"_s});
        QCOMPARE(ctl.exitCode(), 1);
    }
};

QTEST_GUILESS_MAIN(TstDrill)
#include "tst_drill.moc"
