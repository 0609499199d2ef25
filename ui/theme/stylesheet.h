// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

namespace pilotlight {

class Theme;

//! The application's style sheet over Fusion in the colours of \a theme. Besides Qt's own classes
//! it knows these dynamic properties: QPushButton[kind="primary"|"danger"|"quiet"|"chip"],
//! QToolButton (flat), QLabel[muted="true"], QFrame[card="true"], QWidget[area="sidebar"|"bar"].
QString styleSheet(const Theme &theme);

} // namespace pilotlight
