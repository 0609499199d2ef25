// SPDX-License-Identifier: MIT
#pragma once

#include "metrics/keepalivemetrics.h"

#include <QPointer>
#include <QWidget>

class QLabel;
class QTableView;

namespace pilotlight {

class MetricsModel;
class OtlpExporter;

//! The keepalive's counters and latencies, a row a backend, and what became of their export. Reads
//! the registry once a second while it is visible, and never otherwise.
class MetricsView : public QWidget
{
    Q_OBJECT
public:
    //! \a metrics must outlive the view.
    explicit MetricsView(const KeepaliveMetrics &metrics, QWidget *parent = nullptr);

    //! Whose success is shown below the table; null (the default): no line.
    void setExporter(const OtlpExporter *exporter);

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void timerEvent(QTimerEvent *event) override;

private:
    void refresh();
    QString exportText() const;

    const KeepaliveMetrics &m_metrics;
    QPointer<const OtlpExporter> m_exporter;
    MetricsModel *m_model;
    QTableView *m_table;
    QLabel *m_empty;
    QLabel *m_export;
    int m_timer = 0;
};

} // namespace pilotlight
