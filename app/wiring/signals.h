// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>

#include <functional>

namespace pilotlight {

//! Runs \a handler from the event loop with the number of each SIGINT, SIGTERM or SIGHUP (Ctrl+C,
//! close on Windows) of this process. Once per program.
void onTerminationSignal(QObject *context, std::function<void(int signal)> handler);

} // namespace pilotlight
