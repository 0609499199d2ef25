// SPDX-License-Identifier: MIT
#include "connection/logind.h"
#include "connection/sleepsource.h"

#include <QtGlobal>

#if !defined(Q_OS_WIN) && !defined(Q_OS_MACOS)

namespace pilotlight {

#ifdef PILOTLIGHT_HAVE_DBUS

std::unique_ptr<SleepSource> makeSystemSleepSource(const QString &who, const QString &why)
{
    const QDBusConnection bus = QDBusConnection::systemBus();
    if (!bus.isConnected())
        return nullptr; // a container: the clocks must do
    return std::make_unique<LogindSleepSource>(bus, who, why,
                                               qEnvironmentVariable("XDG_SESSION_ID"));
}

std::unique_ptr<WakeLock> makeSystemWakeLock(const QString &who, const QString &why)
{
    const QDBusConnection bus = QDBusConnection::systemBus();
    if (!bus.isConnected())
        return nullptr;
    return std::make_unique<LogindWakeLock>(bus, who, why);
}

#else

std::unique_ptr<SleepSource> makeSystemSleepSource(const QString &, const QString &)
{
    return nullptr;
}

std::unique_ptr<WakeLock> makeSystemWakeLock(const QString &, const QString &)
{
    return nullptr;
}

#endif

} // namespace pilotlight

#endif // neither Windows nor macOS
