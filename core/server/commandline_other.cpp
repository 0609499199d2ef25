// SPDX-License-Identifier: MIT
#include "server/commandline.h"

#include <QtGlobal>

#ifndef Q_OS_LINUX

namespace pilotlight {

// macOS and Windows keep other processes' arguments and sockets behind interfaces that change
// without notice. There the idle limit of a server that we did not start is not known, unless the
// user says it.
QStringList commandLineOf(qint64)
{
    return {};
}

qint64 listenerOf(quint16)
{
    return 0;
}

PortOwner portOwner(quint16, qint64)
{
    return PortOwner::Unknown;
}

} // namespace pilotlight

#endif // Q_OS_LINUX
