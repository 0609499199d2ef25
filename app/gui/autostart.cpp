// SPDX-License-Identifier: MIT
#include "app/gui/autostart.h"

#include <QCoreApplication>

namespace pilotlight {

QStringList Autostart::command() const
{
    const QString image = qEnvironmentVariable("APPIMAGE");
    return QStringList(image.isEmpty() ? QCoreApplication::applicationFilePath() : image)
        + m_arguments + QStringList(QStringLiteral("--minimized"));
}

} // namespace pilotlight
