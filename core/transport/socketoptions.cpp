// SPDX-License-Identifier: MIT
#include "transport/socketoptions.h"

#ifdef Q_OS_WIN
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

namespace pilotlight {

namespace {

[[maybe_unused]] void setOption(qintptr socket, int level, int name, int value)
{
#ifdef Q_OS_WIN
    ::setsockopt(static_cast<SOCKET>(socket), level, name, reinterpret_cast<const char *>(&value),
                 sizeof value);
#else
    ::setsockopt(static_cast<int>(socket), level, name, &value, sizeof value);
#endif
}

} // namespace

void enablePathKeepalive(qintptr socket)
{
    if (socket < 0)
        return;
    setOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    constexpr int idleSeconds = 45;
#if defined(TCP_KEEPIDLE)
    setOption(socket, IPPROTO_TCP, TCP_KEEPIDLE, idleSeconds);
#elif defined(TCP_KEEPALIVE)
    setOption(socket, IPPROTO_TCP, TCP_KEEPALIVE, idleSeconds); // its name on macOS
#endif
#if defined(TCP_KEEPINTVL)
    setOption(socket, IPPROTO_TCP, TCP_KEEPINTVL, 15);
#endif
#if defined(TCP_KEEPCNT)
    setOption(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
#endif
}

void acknowledgeAtOnce([[maybe_unused]] qintptr socket)
{
#if defined(Q_OS_LINUX) && defined(TCP_QUICKACK)
    if (socket >= 0)
        setOption(socket, IPPROTO_TCP, TCP_QUICKACK, 1);
#endif
}

} // namespace pilotlight
