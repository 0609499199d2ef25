// SPDX-License-Identifier: MIT
#pragma once

#include "connection/status.h"
#include "session/keeping.h"
#include "ui/keepalive/keepaliverows.h"

#include <QHash>
#include <QObject>
#include <QPointer>
#include <QTimer>

namespace pilotlight {

class AppContext;
class KeepalivePanel;
class MainWindow;
class Prover;

//! Feeds the keepalive page and the pill, and does what the page asks for. Rows are made at most
//! once a second, and the page's only while it is seen.
class KeepaliveController : public QObject
{
    Q_OBJECT
public:
    //! Both must outlive it. The page is made when it is first shown.
    KeepaliveController(AppContext &context, MainWindow &window, QObject *parent = nullptr);

    //! The page; made on the first call.
    KeepalivePanel &panel();

Q_SIGNALS:
    void openRequested(const QString &sessionId);
    void serverSettingsRequested(const QString &backendId); //!< empty: a new one
    void toolsRequested(const QString &backendId);

private:
    void connectPanel();
    void update();
    void changed();
    QList<KeepaliveBackendRow> rows() const;
    SurvivalLedger ledger() const;
    void probe(const QString &backendId);
    void prove(const QString &backendId);
    void showVerdict();
    void askToRemove(const QString &backendId);

    AppContext &m_context;
    MainWindow &m_window;
    KeepalivePanel *m_panel = nullptr; //!< owned by the window
    QPointer<Prover> m_proof; //!< under way; owned by the context
    SurvivalLedger m_ledger;
    QHash<QString, quint64> m_generations; //!< of each backend's last online connection
    QTimer m_tick; //!< while the page is seen
    QTimer m_soon; //!< brings changes together
};

} // namespace pilotlight
