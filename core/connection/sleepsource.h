// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QString>

#include <memory>

namespace pilotlight {

//! What the system says about sleep: logind on Linux, power notifications on Windows and macOS. One
//! file an operating system stands behind makeSystemSleepSource().
class SleepSource : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    //! The answer to aboutToSleep(): everything is prepared, the system may go on.
    virtual void readyToSleep() { }

Q_SIGNALS:
    //! The system goes to sleep as soon as it may (after readyToSleep(), or a few seconds).
    void aboutToSleep();
    //! It is awake again, or the sleep was called off.
    void woke();
    //! The user unlocked the screen.
    void unlocked();
};

//! This system's source; null where there is none. \a who and \a why are shown to the user by the
//! system beside the short delay that we ask for before sleep. Listens from the next turn of the
//! event loop on.
std::unique_ptr<SleepSource> makeSystemSleepSource(const QString &who, const QString &why);

//! Keeps the machine from sleeping while it is held.
class WakeLock
{
public:
    WakeLock() = default;
    virtual ~WakeLock() = default; //!< releases
    WakeLock(const WakeLock &) = delete;
    WakeLock &operator=(const WakeLock &) = delete;

    virtual void acquire() = 0; //!< nothing happens where it is held already
    virtual void release() = 0;
};

//! This system's lock; null where there is none. \a who and \a why are shown to the user by the
//! system.
std::unique_ptr<WakeLock> makeSystemWakeLock(const QString &who, const QString &why);

} // namespace pilotlight
