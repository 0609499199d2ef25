// SPDX-License-Identifier: MIT
#include "app/gui/autostart.h"

#include "base/keptfile.h"

#ifdef Q_OS_MACOS

#include <QDir>
#include <QFile>
#include <QSaveFile>

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
    const auto failed = [](const QString &why) {
        return tl::make_unexpected(
            Error{ErrorCode::StorageFailed, file() + QStringLiteral(": ") + why, {}});
    };
    if (!on) {
        QFile agent(file());
        if (agent.exists() && !agent.remove())
            return failed(agent.errorString());
        return {};
    }
    QString words;
    for (const QString &word : command())
        words += QStringLiteral("<string>%1</string>").arg(word.toHtmlEscaped());
    QDir().mkpath(QFileInfo(file()).path());
    QSaveFile agent(file());
    if (!agent.open(QIODevice::WriteOnly))
        return failed(agent.errorString());
    agent.write(
        QStringLiteral("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>"
                       "<key>Label</key><string>io.github.pilotlight.pilotlight</string>"
                       "<key>ProgramArguments</key><array>%1</array>"
                       "<key>RunAtLoad</key><true/></dict></plist>\n")
            .arg(words)
            .toUtf8());
    if (!commitWhole(agent))
        return failed(agent.errorString());
    return {};
}

} // namespace pilotlight

#endif
