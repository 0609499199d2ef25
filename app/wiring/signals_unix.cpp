// SPDX-License-Identifier: MIT
#include "app/wiring/signals.h"

#include <QSocketNotifier>

#include <csignal>
#include <sys/socket.h>
#include <unistd.h>

namespace pilotlight {

namespace {

int s_pipe[2];

void forward(int signal)
{
    // Only what a signal handler may do: one write; the event loop does the rest.
    const auto byte = static_cast<char>(signal);
    [[maybe_unused]] const auto written = ::write(s_pipe[0], &byte, 1);
}

} // namespace

void onTerminationSignal(QObject *context, std::function<void(int)> handler)
{
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, s_pipe) != 0)
        return;
    auto *notifier = new QSocketNotifier(s_pipe[1], QSocketNotifier::Read, context);
    QObject::connect(notifier, &QSocketNotifier::activated, context,
                     [handler = std::move(handler)] {
                         char byte = 0;
                         if (::read(s_pipe[1], &byte, 1) == 1)
                             handler(byte);
                     });
    struct sigaction action = {};
    action.sa_handler = forward;
    action.sa_flags = SA_RESTART;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaction(signal, &action, nullptr);
}

} // namespace pilotlight
