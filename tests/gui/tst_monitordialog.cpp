// SPDX-License-Identifier: MIT
#include "connection/wakereport.h"
#include "shots.h"
#include "ui/keepalive/wakereporttext.h"
#include "ui/settings/monitordialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

class TstMonitorDialog : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().setMode(ThemeMode::Light); }

    void editsOnlyItsOwn()
    {
        AppSettings before;
        before.cliPath = QStringLiteral("/cli");
        MonitorDialog dialog(before);
        QCOMPARE(dialog.applied(before), before);
        QTest::keyClicks(dialog.findChild<QLineEdit *>(QStringLiteral("metricsEndpoint")),
                         QStringLiteral(" http://collector:4318 "));
        dialog.findChild<QCheckBox *>(QStringLiteral("toolHiveNames"))->click();
        auto *const awake = dialog.findChild<QComboBox *>(QStringLiteral("stayAwake"));
        QTest::keyClick(awake, Qt::Key_Down);
        AppSettings expected = before;
        expected.metricsEndpoint = QStringLiteral("http://collector:4318");
        expected.metricsToolHiveNames = true;
        expected.stayAwake = StayAwake::Busy;
        QCOMPARE(dialog.applied(before), expected);
        // And shows them again.
        const MonitorDialog again(expected);
        QCOMPARE(again.applied(before), expected);
    }

    void refusesWhatIsNoCollector_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<bool>("fine");
        QTest::newRow("empty") << QString() << true;
        QTest::newRow("http") << QStringLiteral("http://localhost:4318") << true;
        QTest::newRow("https with a path") << QStringLiteral("https://host/otlp") << true;
        QTest::newRow("no scheme") << QStringLiteral("localhost:4318") << false;
        QTest::newRow("grpc") << QStringLiteral("grpc://host:4317") << false;
        QTest::newRow("no host") << QStringLiteral("http://") << false;
        QTest::newRow("password") << QStringLiteral("https://me:secret@host") << false;
        QTest::newRow("key") << QStringLiteral("https://host/?key=1") << false;
    }

    void refusesWhatIsNoCollector()
    {
        QFETCH(QString, url);
        QFETCH(bool, fine);
        MonitorDialog dialog({});
        dialog.findChild<QLineEdit *>(QStringLiteral("metricsEndpoint"))->setText(url);
        QCOMPARE(dialog.findChild<QPushButton *>(QStringLiteral("ok"))->isEnabled(), fine);
        QVERIFY(
            !dialog.findChild<QLabel *>(QStringLiteral("metricsEndpointHint"))->text().isEmpty());
    }

    void looks()
    {
        MonitorDialog dialog({});
        dialog.show();
        takeShots(dialog, QStringLiteral("monitor-dialog"));
    }

    void line23_theWakeReportInWords()
    {
        WakeReport report;
        report.asleep = 7h + 12min;
        report.checked = 48;
        report.alive = 46;
        report.resumed = 2;
        report.backends = 1;
        QCOMPARE(wakeReportText(report),
                 QStringLiteral("Asleep 7 h 12 min: 48 sessions checked, 46 alive, 2 resumed."));
        report = {};
        report.asleep = 40s;
        report.checked = 1;
        report.lost = 1;
        report.parked = 3;
        report.backends = 2;
        report.backendsAway = 1;
        QCOMPARE(
            wakeReportText(report),
            QStringLiteral("Asleep 40 s: 1 session checked, 0 alive, 1 not answering, 3 parked, "
                           "1 server not reached."));
        report = {};
        report.asleep = 1h;
        QCOMPARE(wakeReportText(report), QStringLiteral("Asleep 1 h: no session was open."));
    }
};

QTEST_MAIN(TstMonitorDialog)
#include "tst_monitordialog.moc"
