// SPDX-License-Identifier: MIT
#include "ui/keepalive/metricsview.h"

#include "metrics/otlpexporter.h"
#include "ui/keepalive/metricsmodel.h"
#include "ui/theme/theme.h"

#include <QBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QTableView>
#include <QTimerEvent>

namespace pilotlight {

namespace {
constexpr int RefreshMs = 1000; // keepalive.md 27: at most once a second
}

MetricsView::MetricsView(const KeepaliveMetrics &metrics, QWidget *parent)
    : QWidget(parent)
    , m_metrics(metrics)
    , m_model(new MetricsModel(this))
    , m_table(new QTableView(this))
    , m_empty(new QLabel(tr("Nothing was probed yet."), this))
    , m_export(new QLabel(this))
{
    setObjectName(QStringLiteral("metricsView"));
    m_table->setObjectName(QStringLiteral("metricsTable"));
    m_table->setAccessibleName(tr("Keepalive metrics"));
    m_table->setModel(m_model);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setTabKeyNavigation(false); // Tab leaves the table
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_empty->setObjectName(QStringLiteral("metricsEmpty"));
    m_empty->setAlignment(Qt::AlignCenter);
    m_export->setObjectName(QStringLiteral("metricsExport"));
    m_export->setWordWrap(true);
    m_export->setTextFormat(Qt::PlainText);
    m_export->setContentsMargins(Theme::space(3), Theme::space(1), Theme::space(3),
                                 Theme::space(1));
    m_export->hide();

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_table, 1);
    layout->addWidget(m_empty, 1);
    layout->addWidget(m_export);
    refresh();
}

void MetricsView::setExporter(const OtlpExporter *exporter)
{
    m_exporter = exporter;
    m_export->setVisible(exporter);
    refresh();
}

void MetricsView::showEvent(QShowEvent *event)
{
    refresh();
    if (!m_timer)
        m_timer = startTimer(RefreshMs);
    QWidget::showEvent(event);
}

void MetricsView::hideEvent(QHideEvent *event)
{
    if (m_timer)
        killTimer(m_timer);
    m_timer = 0;
    QWidget::hideEvent(event);
}

void MetricsView::timerEvent(QTimerEvent *event)
{
    if (event->timerId() == m_timer)
        refresh();
}

void MetricsView::refresh()
{
    m_model->setSnapshot(m_metrics.snapshot());
    const bool empty = m_model->rowCount() == 0;
    m_table->setVisible(!empty);
    m_empty->setVisible(empty);
    if (const QString text = exportText(); text != m_export->text())
        m_export->setText(text);
}

QString MetricsView::exportText() const
{
    if (!m_exporter)
        return {};
    if (!m_exporter->config().isOn())
        return tr("Not exported. Set an OpenTelemetry collector in the settings or in "
                  "OTEL_EXPORTER_OTLP_ENDPOINT.");
    const OtlpExporter::Stats stats = m_exporter->stats();
    const QLocale locale;
    QStringList parts{tr("Exported to %1")
                          .arg(m_exporter->config().url.toDisplayString(QUrl::RemoveUserInfo
                                                                        | QUrl::RemoveQuery)),
                      tr("%1 sent").arg(locale.toString(stats.exported))};
    if (stats.queued)
        parts << tr("%1 waiting").arg(locale.toString(static_cast<qulonglong>(stats.queued)));
    if (stats.dropped)
        parts << tr("%1 dropped").arg(locale.toString(stats.dropped));
    if (!stats.lastError.isEmpty())
        parts << tr("last error: %1").arg(stats.lastError);
    return parts.join(QStringLiteral(" · "));
}

} // namespace pilotlight
