// SPDX-License-Identifier: MIT
#pragma once

#include "ui/keepalive/keepaliverows.h"

#include <QAbstractItemModel>

namespace pilotlight {

//! Backends, and below each its sessions with the one that is most at risk first. Holds copies; an
//! update that leaves the rows in their places only repaints them.
class KeepaliveModel : public QAbstractItemModel
{
    Q_OBJECT
public:
    enum Column
    {
        Name,
        State,
        LastAnswer,
        Latency, //!< with a sparkline; of backends
        Next,
        Expiry,
        ColumnCount
    };
    enum Role
    {
        IdRole = Qt::UserRole,
        IsBackendRole,
        LatenciesRole, //!< QList<double>, milliseconds, the newest last
    };

    explicit KeepaliveModel(QObject *parent = nullptr);

    //! \a now: the user's clock, UTC.
    void setRows(QList<KeepaliveBackendRow> backends, const QDateTime &now);
    const QList<KeepaliveBackendRow> &backends() const { return m_backends; }
    //! Null where the index is not one of these.
    const KeepaliveBackendRow *backendAt(const QModelIndex &index) const;
    const KeepaliveSessionRow *sessionAt(const QModelIndex &index) const;
    //! The row of a backend or session; invalid where there is none.
    QModelIndex find(const QString &id, bool backend) const;

    QModelIndex index(int row, int column, const QModelIndex &parent = {}) const override;
    QModelIndex parent(const QModelIndex &index) const override;
    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QVariant backendData(const KeepaliveBackendRow &row, int column, int role) const;
    QVariant sessionData(const KeepaliveSessionRow &row, int column, int role) const;

    QList<KeepaliveBackendRow> m_backends;
    QDateTime m_now;
};

} // namespace pilotlight
