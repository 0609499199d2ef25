// SPDX-License-Identifier: MIT
#pragma once

#include <QtGlobal>

namespace pilotlight {

// What stops a process without ending it: freeze_unix.cpp, freeze_win.cpp.

//! False where this system has no way to.
bool freezeProcess(qint64 pid);
void thawProcess(qint64 pid);

} // namespace pilotlight
