// SPDX-License-Identifier: MIT
#include "transport/localchannel.h"

#ifdef Q_OS_UNIX

#include <sys/socket.h>
#include <unistd.h>

namespace pilotlight {

bool isSameUser(qintptr descriptor)
{
    const int fd = static_cast<int>(descriptor);
#ifdef __linux__
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::getuid();
#else
    uid_t user = 0;
    gid_t group = 0;
    return ::getpeereid(fd, &user, &group) == 0 && user == ::getuid();
#endif
}

} // namespace pilotlight

#endif
