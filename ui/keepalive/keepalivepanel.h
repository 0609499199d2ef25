// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "ui/keepalive/keepaliverows.h"

#include <QSet>
#include <QWidget>

class QLabel;
class QMenu;
class QPushButton;
class QToolButton;
class QTreeView;

namespace pilotlight {

class KeepaliveModel;

//! Everything about staying alive on one page: a line for calm, one row per server and per session
//! with the ones most at risk first, and what was survived so far. Shows only what it was given;
//! everything that the user wants is a signal.
class KeepalivePanel : public QWidget
{
    Q_OBJECT
public:
    //! \a clock must outlive the panel.
    explicit KeepalivePanel(const Clock &clock, QWidget *parent = nullptr);

    void setRows(const QList<KeepaliveBackendRow> &backends);
    void setLedger(const SurvivalLedger &ledger);
    //! The last verdict on whether the server's sessions are kept, in one sentence; empty: none
    //! yet.
    void setVerdict(const QString &sentence, bool proving);
    //! Below the rows: the live counters.
    void setMetrics(QWidget *view);

    KeepaliveModel &model() { return *m_model; }
    QTreeView &view() { return *m_view; }
    //! The menu for the current row, filled as a click on it would.
    QMenu *menuForCurrent();

Q_SIGNALS:
    //! The page is shown (again) or hidden: rows are wanted, or not any more.
    void wanted(bool wanted);
    void closeRequested();
    void probeRequested(const QString &backendId);
    void reconnectRequested(const QString &backendId);
    void proveRequested(const QString &backendId);
    void proveCancelled();
    void toolsRequested(const QString &backendId);
    void addServerRequested();
    void editServerRequested(const QString &backendId);
    void removeServerRequested(const QString &backendId);
    //! Lines of the log that tag KEEPALIVE and \a text select.
    void logRequested(const QString &text);
    void openRequested(const QString &sessionId);
    void touchRequested(const QString &sessionId);
    void parkRequested(const QString &sessionId);
    void unparkRequested(const QString &sessionId);
    void alwaysLoadedChosen(const QString &sessionId, bool always);

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    QWidget *makeHeader();
    void fillMenu();
    //! The server of the current row, else the first one; empty without any.
    QString currentBackend() const;
    QString logText(const QModelIndex &index) const;
    void updateHeader();

    const Clock &m_clock;
    KeepaliveModel *m_model;
    QTreeView *m_view;
    QMenu *m_menu;
    QLabel *m_icon;
    QLabel *m_rollUp;
    QLabel *m_verdict;
    QLabel *m_ledger;
    QLabel *m_empty;
    QPushButton *m_probe;
    QPushButton *m_prove;
    QSet<QString> m_folded; //!< ids of backends that the user has closed
    bool m_proving = false;
};

} // namespace pilotlight
