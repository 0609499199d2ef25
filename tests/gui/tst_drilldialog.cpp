// SPDX-License-Identifier: MIT
#include "shots.h"
#include "ui/drill/drilldialog.h"

#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

class TstDrillDialog : public QObject
{
    Q_OBJECT
private:
    //! Half-way: two steps are over, the third runs.
    static DrillReport halfWay()
    {
        DrillReport report;
        report.server = QStringLiteral("Copilot CLI 1.0.102");
        report.ready = 2'310ms;
        for (const auto fault : {DrillStep::Fault::CutConnection, DrillStep::Fault::KillServer,
                                 DrillStep::Fault::FreezeServer, DrillStep::Fault::ExpireSession}) {
            report.steps.append(DrillStep());
            report.steps.last().fault = fault;
        }
        DrillStep &cut = report.steps[0];
        cut.state = DrillStep::State::Recovered;
        cut.at = 3'800ms;
        cut.noticed = 2ms;
        cut.recovered = 61ms;
        cut.delivered = 74ms;
        DrillStep &kill = report.steps[1];
        kill.state = DrillStep::State::Recovered;
        kill.at = 5'400ms;
        kill.noticed = 4ms;
        kill.recovered = 930ms;
        kill.delivered = 1'040ms;
        DrillStep &freeze = report.steps[2];
        freeze.state = DrillStep::State::Running;
        freeze.at = 8'000ms;
        freeze.noticed = 6'900ms;
        return report;
    }
    static QString text(const DrillDialog &dialog, const char *name)
    {
        return dialog.findChild<QLabel *>(QString::fromLatin1(name))->text();
    }

private Q_SLOTS:
    void initTestCase()
    {
        QLocale::setDefault(QLocale::c());
        Theme::instance().setMode(ThemeMode::Light);
    }

    void stepsInWords()
    {
        const DrillReport report = halfWay();
        QCOMPARE(drillStepText(report.steps[0]),
                 QStringLiteral("Noticed after 2 ms, back after 61 ms, prompt delivered after "
                                "74 ms, nothing lost"));
        QCOMPARE(drillStepText(report.steps[2]), QStringLiteral("Noticed after 6900 ms"));
        QVERIFY(drillStepText(report.steps[3]).isEmpty());
        DrillStep lost = report.steps[0];
        lost.state = DrillStep::State::Lost;
        lost.missing = 2;
        QVERIFY(drillStepText(lost).contains(QStringLiteral("2 missing, 0 twice")));
        DrillStep skipped;
        skipped.state = DrillStep::State::Skipped;
        QVERIFY(!drillStepText(skipped).isEmpty());
    }

    void oneButtonStartsAndStops()
    {
        DrillDialog dialog;
        QSignalSpy starts(&dialog, &DrillDialog::startRequested);
        QSignalSpy stops(&dialog, &DrillDialog::stopRequested);
        auto *const button = dialog.findChild<QPushButton *>(QStringLiteral("drillStart"));
        button->click();
        QCOMPARE(starts.count(), 1);
        dialog.setReport(halfWay(), 12s);
        QVERIFY(!text(dialog, "drillSummary").isEmpty());
        button->click();
        QCOMPARE(stops.count(), 1);
        QCOMPARE(starts.count(), 1);
        DrillReport over = halfWay();
        over.end = DrillReport::End::Cancelled;
        dialog.setReport(over, 13s);
        button->click();
        QCOMPARE(starts.count(), 2);
    }

    void closingStopsADrillThatRuns()
    {
        DrillDialog dialog;
        QSignalSpy stops(&dialog, &DrillDialog::stopRequested);
        dialog.show();
        dialog.close();
        QCOMPARE(stops.count(), 0);
        dialog.setReport(halfWay(), 12s);
        dialog.show();
        dialog.close();
        QCOMPARE(stops.count(), 1);
    }

    void looks()
    {
        DrillDialog dialog;
        dialog.setReport(halfWay(), 21s);
        dialog.show();
        takeShots(dialog, QStringLiteral("drill-dialog"));
    }
};

QTEST_MAIN(TstDrillDialog)
#include "tst_drilldialog.moc"
