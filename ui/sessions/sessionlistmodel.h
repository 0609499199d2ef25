// SPDX-License-Identifier: MIT
#pragma once

#include "session/sessionmanager.h"
#include "ui/sessions/sessiontext.h"
#include "ui/sessions/statuschips.h"

#include <QAbstractListModel>
#include <QSortFilterProxyModel>

#include <functional>
#include <vector>

namespace pilotlight {

//! The sessions of a manager as rows, in the order of their making. Sorting and filtering are the
//! proxy's: a few hundred rows at most.
class SessionListModel : public QAbstractListModel
{
    Q_OBJECT
public:
    enum Role
    {
        IdRole = Qt::UserRole + 1,
        StateRole, //!< ShownState as int
        DetailRole, //!< "folder · model"
        AgeRole, //!< "2 min"
        UnreadRole,
        ActivityTimeRole, //!< QDateTime
        CreatedRole, //!< QDateTime
        SearchRole, //!< everything that the filter box looks at
    };

    //! \a now is the wall clock in UTC; tests pass their own.
    explicit SessionListModel(SessionManager &manager,
                              std::function<QDateTime()> now = &QDateTime::currentDateTimeUtc,
                              QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role = Qt::EditRole) override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;

    Session *sessionAt(int row) const;
    int rowOf(const QString &id) const;
    //! Ages have moved on; called by the view's minute timer.
    void refreshAges();

private:
    void rowChanged(Session *session);

    SessionManager &m_manager;
    std::function<QDateTime()> m_now;
    std::vector<Session *> m_rows;
};

//! Filter by words (all must occur, in any order) and three orders.
class SessionSortModel : public QSortFilterProxyModel
{
    Q_OBJECT
public:
    enum class Order
    {
        Recent,
        Name,
        Created
    };
    Q_ENUM(Order)

    explicit SessionSortModel(QObject *parent = nullptr);
    void setOrder(Order order);
    Order order() const { return m_order; }
    void setWords(const QString &text);
    void setStatus(StatusFilter status);

protected:
    bool filterAcceptsRow(int row, const QModelIndex &parent) const override;
    bool lessThan(const QModelIndex &left, const QModelIndex &right) const override;

private:
    Order m_order = Order::Recent;
    QStringList m_words;
    StatusFilter m_status = StatusFilter::All;
};

} // namespace pilotlight
