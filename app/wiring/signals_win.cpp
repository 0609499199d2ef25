// SPDX-License-Identifier: MIT
#include "app/wiring/signals.h"

#include <QPointer>

#include <windows.h>

namespace pilotlight {

namespace {

QPointer<QObject> s_context;
std::function<void(int)> s_handler;

BOOL WINAPI forward(DWORD)
{
    // Called on a thread of the system's own.
    if (s_context)
        QMetaObject::invokeMethod(s_context, [] { s_handler(2); }, Qt::QueuedConnection);
    return TRUE;
}

} // namespace

void onTerminationSignal(QObject *context, std::function<void(int)> handler)
{
    s_context = context;
    s_handler = std::move(handler);
    SetConsoleCtrlHandler(forward, TRUE);
}

} // namespace pilotlight
