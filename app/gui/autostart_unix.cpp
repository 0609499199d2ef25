// SPDX-License-Identifier: MIT
#include "app/gui/autostart.h"

#include <QtGlobal>

#if !defined(Q_OS_WIN) && !defined(Q_OS_MACOS)

#include <QFile>
#include <QStandardPaths>

namespace pilotlight {

namespace {

QString file()
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation)
        + QStringLiteral("/autostart/io.github.pilotlight.pilotlight.desktop");
}

//! As the desktop entry specification wants arguments, and then strings.
QString quoted(QString argument)
{
    for (const QChar special : QStringLiteral("\\\"`$"))
        argument.replace(special, QLatin1Char('\\') + QString(special));
    argument.replace(QLatin1Char('%'), QStringLiteral("%%"));
    argument.replace(QLatin1Char('\\'), QStringLiteral("\\\\"));
    return QLatin1Char('"') + argument + QLatin1Char('"');
}

} // namespace

bool Autostart::isOn() const
{
    QFile entry(file());
    return entry.open(QIODevice::ReadOnly) && !entry.readAll().contains("\nHidden=true");
}

Result<void> Autostart::set(bool on) const
{
    if (!on)
        return putFile(file(), {});
    QStringList words;
    for (const QString &word : command())
        words << quoted(word);
    return putFile(file(),
                   QStringLiteral("[Desktop Entry]\nType=Application\nName=Pilotlight\n"
                                  "Icon=io.github.pilotlight.pilotlight\nExec=%1\n")
                       .arg(words.join(QLatin1Char(' '))));
}

} // namespace pilotlight

#endif
