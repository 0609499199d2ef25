// SPDX-License-Identifier: MIT
#include "drill/freeze.h"

#ifdef Q_OS_WIN

namespace pilotlight {

// Windows has no documented call that stops a whole process; the drill leaves the step out.
bool freezeProcess(qint64)
{
    return false;
}

void thawProcess(qint64) { }

} // namespace pilotlight

#endif // Q_OS_WIN
