// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "metrics/otlpexporter.h"
#include "shots.h"
#include "support/fakeclock.h"
#include "ui/keepalive/metricsmodel.h"
#include "ui/keepalive/metricsview.h"

#include <QAbstractItemModelTester>
#include <QLabel>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

const QString A = QStringLiteral("default");
const QString B = QStringLiteral("mcp-1");

//! Keeps what it is given to post and never answers.
class SilentSender final : public OtlpSender
{
public:
    void post(const OtlpConfig &, const QByteArray &, std::function<void(OtlpAnswer)>) override { }
    void cancel() override { }
};

QString cell(const MetricsModel &model, int row, MetricsModel::Column column)
{
    return model.index(row, column).data().toString();
}

} // namespace

class TstMetricsView : public QObject
{
    Q_OBJECT
private:
    FakeClock m_clock;

    void fill(KeepaliveMetrics &metrics)
    {
        for (int i = 0; i < 98; ++i) {
            metrics.attempt(A, MetricMethod::Ping, MetricTrigger::Timer);
            metrics.success(A, MetricMethod::Ping, MetricTrigger::Timer, 2ms);
        }
        metrics.attempt(A, MetricMethod::Resume, MetricTrigger::Timer);
        metrics.success(A, MetricMethod::Resume, MetricTrigger::Timer, 200ms);
        metrics.attempt(A, MetricMethod::Ping, MetricTrigger::Manual);
        metrics.failure(A, MetricMethod::Ping, MetricTrigger::Manual, MetricReason::Timeout);
        metrics.setSessions(A, {48, 0, 2, 0});
        metrics.attempt(B, MetricMethod::Tool, MetricTrigger::Wake);
        metrics.cancelled(B, MetricMethod::Tool, MetricTrigger::Wake);
        metrics.setBreaker(B, MetricBreaker::Open);
    }

private Q_SLOTS:
    void initTestCase() { Theme::instance().setMode(ThemeMode::Light); }

    void line28_aRowForEachBackend()
    {
        KeepaliveMetrics metrics(m_clock);
        MetricsModel model;
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
        model.setSnapshot(metrics.snapshot());
        QCOMPARE(model.rowCount(), 0);
        fill(metrics);
        m_clock.advance(90s);
        model.setSnapshot(metrics.snapshot());
        QCOMPARE(model.rowCount(), 2);
        using Model = MetricsModel;
        QCOMPARE(cell(model, 0, Model::Backend), A);
        QCOMPARE(cell(model, 0, Model::Attempts), QStringLiteral("100"));
        QCOMPARE(cell(model, 0, Model::Answered), QStringLiteral("99"));
        QCOMPARE(cell(model, 0, Model::Failed), QStringLiteral("1"));
        QCOMPARE(cell(model, 0, Model::Touches), QStringLiteral("1"));
        QVERIFY(cell(model, 0, Model::Median).endsWith(QStringLiteral(" ms")));
        QCOMPARE(cell(model, 0, Model::LastAnswer), QStringLiteral("1 min ago"));
        QCOMPARE(cell(model, 0, Model::Sessions), QStringLiteral("48 protected, 2 at risk"));
        QCOMPARE(model.index(0, Model::Failed).data(Qt::ToolTipRole).toString(),
                 QStringLiteral("timeout: 1"));
        QCOMPARE(cell(model, 1, Model::Cancelled), QStringLiteral("1"));
        QCOMPARE(cell(model, 1, Model::Breaker), QStringLiteral("open"));
        QCOMPARE(cell(model, 1, Model::Median), QStringLiteral("–"));
        for (int column = 0; column < Model::ColumnCount; ++column)
            QVERIFY(!model.headerData(column, Qt::Horizontal).toString().isEmpty());
    }

    void onlyChangedRowsAreTold()
    {
        KeepaliveMetrics metrics(m_clock);
        fill(metrics);
        MetricsModel model;
        model.setSnapshot(metrics.snapshot());
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
        model.setSnapshot(metrics.snapshot());
        QCOMPARE(changed.size(), 0);
        metrics.attempt(B, MetricMethod::Tool, MetricTrigger::Timer);
        model.setSnapshot(metrics.snapshot());
        QCOMPARE(changed.size(), 1);
        QCOMPARE(changed[0][0].toModelIndex().row(), 1);
        QCOMPARE(reset.size(), 0);
    }

    void showsTheTableOnceThereIsSomething()
    {
        KeepaliveMetrics metrics(m_clock);
        MetricsView view(metrics);
        view.resize(1100, 160);
        view.show();
        auto *table = view.findChild<QTableView *>(QStringLiteral("metricsTable"));
        auto *empty = view.findChild<QLabel *>(QStringLiteral("metricsEmpty"));
        QVERIFY(table && empty);
        QVERIFY(!table->isVisible() && empty->isVisible());
        fill(metrics);
        QTRY_VERIFY(table->isVisible()); // by the view's own timer
        QVERIFY(!empty->isVisible());
        QCOMPARE(table->model()->rowCount(), 2);
        takeShots(view, QStringLiteral("metrics"));
        // Hidden it reads nothing.
        view.hide();
        metrics.attempt(QStringLiteral("third"), MetricMethod::Ping, MetricTrigger::Timer);
        QCOMPARE(table->model()->rowCount(), 2);
        view.show();
        QCOMPARE(table->model()->rowCount(), 3);
    }

    void saysWhatBecameOfTheExport()
    {
        KeepaliveMetrics metrics(m_clock);
        fill(metrics);
        SeededRandom random(1);
        OtlpExporter exporter(metrics, std::make_unique<SilentSender>(), m_clock, random);
        MetricsView view(metrics);
        auto *label = view.findChild<QLabel *>(QStringLiteral("metricsExport"));
        QVERIFY(label && label->text().isEmpty());
        view.setExporter(&exporter);
        QVERIFY(label->text().startsWith(QStringLiteral("Not exported.")));
        OtlpConfig config;
        config.url = QUrl(QStringLiteral("http://user:password@collector:4318/v1/metrics?key=1"));
        exporter.setConfig(config);
        m_clock.advance(60s);
        view.setExporter(&exporter);
        QCOMPARE(
            label->text(),
            QStringLiteral("Exported to http://collector:4318/v1/metrics · 0 sent · 1 waiting"));
    }
};

QTEST_MAIN(TstMetricsView)
#include "tst_metricsview.moc"
