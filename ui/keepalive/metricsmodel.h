// SPDX-License-Identifier: MIT
#pragma once

#include "metrics/keepalivemetrics.h"

#include <QAbstractTableModel>

#include <vector>

namespace pilotlight {

//! What the keepalive counted, a row a backend.
class MetricsModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column
    {
        Backend,
        Attempts,
        Answered,
        Failed,
        Cancelled,
        Skipped,
        Touches,
        Recovered,
        SwitchedOff,
        Median,
        Slowest, //!< 99 of 100 were faster
        LastAnswer,
        Breaker,
        Sessions,
        ColumnCount
    };

    using QAbstractTableModel::QAbstractTableModel;

    //! Shows \a snapshot; tells views only of cells whose text changed.
    void setSnapshot(const MetricsSnapshot &snapshot);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation,
                        int role = Qt::DisplayRole) const override;

private:
    struct Row
    {
        QString backend;
        std::array<QString, ColumnCount> texts;
        QString failures; //!< by reason, for the tool tip
        bool operator==(const Row &) const = default;
    };
    static Row rowOf(const MetricsSnapshot &snapshot, const QString &backend);

    std::vector<Row> m_rows;
};

} // namespace pilotlight
