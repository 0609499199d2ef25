// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "connection/status.h"
#include "ui/keepalive/keepaliverows.h"
#include "ui/theme/theme.h"

#include <QAbstractButton>

class QAction;
class QMenu;

namespace pilotlight {

//! The keepalive's state in the status bar. A click asks for the log filtered to KEEPALIVE; a click
//! on its arrow, the right button or the menu key offers "Ping now". All facts are those of the
//! given status; the pill counts nothing but the ages of what it was told, at most once a second.
class KeepalivePill : public QAbstractButton
{
    Q_OBJECT
public:
    //! \a clock must outlive the pill.
    explicit KeepalivePill(const Clock &clock, QWidget *parent = nullptr);

    void setStatus(const ConnectionStatus &status);
    //! All servers and sessions: what the pill says in one line, once there is a session.
    void setRows(const QList<KeepaliveBackendRow> &rows);
    QMenu *menu() const { return m_menu; }
    //! What is written on it, for tests and screen readers.
    QString word() const { return m_word; }
    QString details() const { return m_details; }
    ColorRole color() const { return m_color; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void pingRequested();
    void logRequested();
    void pageRequested();

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void timerEvent(QTimerEvent *event) override;
    bool event(QEvent *event) override;

private:
    void refresh();
    void openMenu();
    QRect arrowRect() const;
    int textWidth() const;

    const Clock &m_clock;
    ConnectionStatus m_status;
    QList<KeepaliveBackendRow> m_rows;
    QMenu *m_menu;
    QAction *m_ping;
    QString m_word;
    QString m_details;
    QString m_icon;
    ColorRole m_color = ColorRole::Muted;
    ColorRole m_background = ColorRole::Hover;
    int m_widest = 0; //!< of this state, so that a counting number does not shake the bar
    int m_timer = 0;
    bool m_pressedArrow = false;
};

} // namespace pilotlight
