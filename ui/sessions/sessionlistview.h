// SPDX-License-Identifier: MIT
#pragma once

#include "ui/sessions/sessionlistmodel.h"

#include <QTimer>
#include <QWidget>

class QLabel;
class QLineEdit;
class QListView;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace pilotlight {

class SessionDelegate;

//! The column at the left: every session with its state, a filter, an order, and the ways to make,
//! open, rename, close and delete one. It keeps SessionManager::visible() equal to its current row.
class SessionListView : public QWidget
{
    Q_OBJECT
public:
    explicit SessionListView(SessionManager &manager, QWidget *parent = nullptr);

    QString currentId() const;
    //! Shows \a id, also when the filter hides it (the filter is cleared then).
    void setCurrentId(const QString &id);
    void setModels(const QList<ModelInfo> &models) { m_models = models; }
    //! \sa NewSessionDialog::setRemote
    void setRemote(bool remote) { m_remote = remote; }
    void setOrder(SessionSortModel::Order order);
    SessionSortModel::Order order() const { return m_sorted->order(); }

public Q_SLOTS:
    void newSession();
    void earlierSessions();
    void focusFilter();
    void focusList();
    //! The row below (1) or above (-1), around the ends.
    void step(int direction);

Q_SIGNALS:
    //! Another session is current; empty when there is none.
    void currentChanged(const QString &id);
    //! Enter or a double click: the user wants to type into it.
    void activated(const QString &id);
    void orderChanged(pilotlight::SessionSortModel::Order order);

private:
    void makeHeader();
    void makeEmptyPages();
    void makeShortcuts();
    void showMenu(const QPoint &position);
    void confirmDelete(const QString &id);
    void updatePage();
    void updateAnimation();
    void updateCounts();
    void currentRowChanged();
    QModelIndex indexOf(const QString &id) const;

    SessionManager &m_manager;
    SessionListModel *m_model;
    SessionSortModel *m_sorted;
    SessionDelegate *m_delegate;
    QList<ModelInfo> m_models;
    bool m_remote = false;
    QString m_current;
    QLineEdit *m_filter = nullptr;
    StatusChips *m_status = nullptr;
    QToolButton *m_sort = nullptr;
    QStackedWidget *m_pages = nullptr;
    QListView *m_list = nullptr;
    QWidget *m_emptyPage = nullptr;
    QWidget *m_noMatchPage = nullptr;
    QLabel *m_noMatch = nullptr;
    QTimer m_ages;
    QTimer m_turn;
    QTimer m_count; //!< once for many changes
    int m_angle = 0;
};

} // namespace pilotlight
