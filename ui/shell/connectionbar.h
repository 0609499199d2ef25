// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "connection/status.h"

#include <QWidget>

class QLabel;
class QMenu;
class QPushButton;
class QToolButton;

namespace pilotlight {

class KeepalivePill;

//! The content of the status bar: phase of the connection, server, mode, keepalive pill, log
//! switch.
class ConnectionBar : public QWidget
{
    Q_OBJECT
public:
    //! \a clock must outlive the bar.
    explicit ConnectionBar(const Clock &clock, QWidget *parent = nullptr);

    void setStatus(const ConnectionStatus &status);
    //! Shows \a text for a few seconds.
    void say(const QString &text);
    KeepalivePill *pill() const { return m_pill; }
    //! Offered by the phase's button; filled by the window.
    QMenu *phaseMenu() const { return m_menu; }
    QToolButton *logButton() const { return m_log; }

Q_SIGNALS:
    void retryRequested();

protected:
    void timerEvent(QTimerEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void refresh();

    const Clock &m_clock;
    ConnectionStatus m_status;
    QDateTime m_asOf; //!< the user's clock when it came
    Nanoseconds m_since{0}; //!< and ours
    QToolButton *m_phase;
    QPushButton *m_retry;
    QLabel *m_server;
    QLabel *m_mode;
    QLabel *m_message;
    KeepalivePill *m_pill;
    QToolButton *m_log;
    QMenu *m_menu;
    int m_timer = 0;
    int m_messageTimer = 0;
};

} // namespace pilotlight
