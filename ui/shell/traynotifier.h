// SPDX-License-Identifier: MIT
#pragma once

#include "ui/shell/attention.h"

class QSystemTrayIcon;

namespace pilotlight {

//! Messages through the system tray. Does nothing where the desktop has none.
class TrayNotifier final : public Notifier
{
    Q_OBJECT
public:
    explicit TrayNotifier(QObject *parent = nullptr);

    void notify(const QString &title, const QString &text, const QString &sessionId) override;

private:
    QSystemTrayIcon *m_icon = nullptr;
    QString m_session;
};

} // namespace pilotlight
