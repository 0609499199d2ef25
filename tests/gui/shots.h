// SPDX-License-Identifier: MIT
#pragma once

#include "ui/theme/theme.h"

#include <QDir>
#include <QTest>
#include <QWidget>

namespace pilotlight {

//! Pictures for the eye: where PILOTLIGHT_SHOTS names a folder, \a widget is saved there as
//! name-light.png and name-dark.png. Scale with QT_SCALE_FACTOR. Checks nothing.
inline void takeShots(QWidget &widget, const QString &name)
{
    const QString folder = qEnvironmentVariable("PILOTLIGHT_SHOTS");
    if (folder.isEmpty())
        return;
    QDir().mkpath(folder);
    for (const ThemeMode mode : {ThemeMode::Light, ThemeMode::Dark}) {
        Theme::instance().setMode(mode);
        QTest::qWait(50);
        widget.grab().save(QStringLiteral("%1/%2-%3.png").arg(folder, name, themeModeName(mode)));
    }
    Theme::instance().setMode(ThemeMode::Light);
}

} // namespace pilotlight
