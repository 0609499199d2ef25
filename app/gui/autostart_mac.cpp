// SPDX-License-Identifier: MIT
#include "app/gui/autostart.h"

#ifdef Q_OS_MACOS

#include <QDir>
#include <QFile>

namespace pilotlight {

namespace {

QString file()
{
    return QDir::homePath()
        + QStringLiteral("/Library/LaunchAgents/io.github.pilotlight.pilotlight.plist");
}

} // namespace

bool Autostart::isOn() const
{
    return QFile::exists(file());
}

Result<void> Autostart::set(bool on) const
{
    if (!on)
        return putFile(file(), {});
    QString words;
    for (const QString &word : command())
        words += QStringLiteral("<string>%1</string>").arg(word.toHtmlEscaped());
    return putFile(
        file(),
        QStringLiteral("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>"
                       "<key>Label</key><string>io.github.pilotlight.pilotlight</string>"
                       "<key>ProgramArguments</key><array>%1</array>"
                       "<key>RunAtLoad</key><true/></dict></plist>\n")
            .arg(words));
}

} // namespace pilotlight

#endif
