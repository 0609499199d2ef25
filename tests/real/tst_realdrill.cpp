// SPDX-License-Identifier: MIT
#include "support/ctlprocess.h"
#include "support/homeprocesses.h"
#include "support/realserver.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

//! `pilotlightctl drill` on the published CLI, without an account, a model or a cost.
class TstRealDrill : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        const QString reason = RealServer::skipReason(RealServer::Version::Newest);
        if (!reason.isEmpty())
            QSKIP(qPrintable(reason));
    }

    void everythingComesBackAndNothingIsLost()
    {
        QTemporaryDir home;
        CtlProcess ctl(home.path(),
                       {u"--cli"_s, RealServer::binary(RealServer::Version::Newest), u"--json"_s,
                        u"--profile-dir"_s, home.filePath(u"profile"_s), u"drill"_s});
        QVERIFY2(ctl.exitCode(400s) == 0, ctl.output().constData());
        QCOMPARE(ctl.lines({{u"moment"_s, u"over"_s}, {u"state"_s, u"recovered"_s}}).size(), 4);
        // The figures, for docs/recovery.md.
        for (const QJsonObject &line : ctl.lines({{u"event"_s, u"drill"_s}}))
            qInfo().noquote() << line[u"fault"].toString() << line[u"moment"].toString()
                              << line[u"ms"].toInt();
        QVERIFY2(processesIn(home.path()).isEmpty(), ctl.output().constData());
        // Its sessions were its own.
        QVERIFY(!QDir(home.filePath(u".copilot/session-state"_s)).exists());
    }
};

QTEST_GUILESS_MAIN(TstRealDrill)
#include "tst_realdrill.moc"
