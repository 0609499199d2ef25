// SPDX-License-Identifier: MIT
#pragma once

#include <QStringList>

namespace pilotlight {

// What other processes of this machine were started with; per platform: commandline_linux.cpp,
// commandline_other.cpp.

//! Program and arguments of a process; empty where it cannot be read.
QStringList commandLineOf(qint64 pid);

//! The process that listens on this TCP port of the loopback interface (or of all); 0 where that is
//! not known, which includes processes of other users.
qint64 listenerOf(quint16 port);

enum class PortOwner
{
    Unknown, //!< cannot be told, or nobody listens
    Group, //!< a process of the leader's session
    Stranger
};
//! Whose the listener on this loopback port is: that of the detached process \a leader (or what it
//! has started in its session) or somebody else's, of another user too.
PortOwner portOwner(quint16 port, qint64 leader);

} // namespace pilotlight
