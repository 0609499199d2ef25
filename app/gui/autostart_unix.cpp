// SPDX-License-Identifier: MIT
#include "app/gui/autostart.h"

#include "base/keptfile.h"

#include <QtGlobal>

#if !defined(Q_OS_WIN) && !defined(Q_OS_MACOS)

#include <QDir>
#include <QFile>
#include <QSaveFile>
#include <QStandardPaths>

namespace pilotlight {

namespace {

QString folder()
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation)
        + QStringLiteral("/autostart");
}

QString file()
{
    return folder() + QStringLiteral("/io.github.pilotlight.pilotlight.desktop");
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
    const auto failed = [](const QString &why) {
        return tl::make_unexpected(
            Error{ErrorCode::StorageFailed, file() + QStringLiteral(": ") + why, {}});
    };
    if (!on) {
        QFile entry(file());
        if (entry.exists() && !entry.remove())
            return failed(entry.errorString());
        return {};
    }
    QStringList words;
    for (const QString &word : command())
        words << quoted(word);
    QDir().mkpath(folder());
    QSaveFile entry(file());
    if (!entry.open(QIODevice::WriteOnly))
        return failed(entry.errorString());
    entry.write(QStringLiteral("[Desktop Entry]\nType=Application\nName=Pilotlight\n"
                               "Icon=io.github.pilotlight.pilotlight\nExec=%1\n")
                    .arg(words.join(QLatin1Char(' ')))
                    .toUtf8());
    if (!commitWhole(entry))
        return failed(entry.errorString());
    return {};
}

} // namespace pilotlight

#endif
