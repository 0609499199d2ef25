// SPDX-License-Identifier: MIT
#include "ui/shell/traynotifier.h"

#include "ui/theme/theme.h"

#include <QApplication>
#include <QSystemTrayIcon>

namespace pilotlight {

TrayNotifier::TrayNotifier(QObject *parent)
    : Notifier(parent)
{ }

void TrayNotifier::notify(const QString &title, const QString &text, const QString &sessionId)
{
    if (!QSystemTrayIcon::isSystemTrayAvailable()) {
        QApplication::alert(QApplication::topLevelWidgets().value(0));
        return;
    }
    if (!m_icon) { // made when it is first needed: it costs start-up time on some desktops
        m_icon = new QSystemTrayIcon(Theme::applicationIcon(), this);
        m_icon->setToolTip(tr("Pilotlight"));
        connect(m_icon, &QSystemTrayIcon::messageClicked, this,
                [this] { Q_EMIT activated(m_session); });
        connect(m_icon, &QSystemTrayIcon::activated, this, [this] { Q_EMIT activated(m_session); });
    }
    m_session = sessionId;
    m_icon->show();
    m_icon->showMessage(title, text, Theme::applicationIcon());
}

} // namespace pilotlight
