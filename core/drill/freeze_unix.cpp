// SPDX-License-Identifier: MIT
#include "drill/freeze.h"

#ifndef Q_OS_WIN

#include <csignal>

namespace pilotlight {

bool freezeProcess(qint64 pid)
{
    return pid > 1 && kill(static_cast<pid_t>(pid), SIGSTOP) == 0;
}

void thawProcess(qint64 pid)
{
    if (pid > 1)
        kill(static_cast<pid_t>(pid), SIGCONT);
}

} // namespace pilotlight

#endif // Q_OS_WIN
