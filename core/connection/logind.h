// SPDX-License-Identifier: MIT
#pragma once

#include "connection/sleepsource.h"

#ifdef PILOTLIGHT_HAVE_DBUS

#include <QDBusConnection>
#include <QDBusUnixFileDescriptor>
#include <QVariantMap>

namespace pilotlight {

//! One inhibitor lock of systemd-logind: a file descriptor that is asked for without waiting and
//! holds until it is closed.
class LogindLock : public QObject
{
    Q_OBJECT
public:
    //! \a mode: "delay" (sleep waits for us, 5 s at most by default) or "block".
    LogindLock(QDBusConnection bus, QString who, QString why, QString mode);

    //! Asks for a lock on the first of \a whats that is granted ("idle:sleep").
    void acquire(const QStringList &whats);
    void release();
    bool isHeld() const { return m_lock.isValid(); }

private:
    void request(QStringList whats, quint64 round);

    QDBusConnection m_bus;
    const QString m_who;
    const QString m_why;
    const QString m_mode;
    QDBusUnixFileDescriptor m_lock;
    bool m_wanted = false;
    quint64 m_round = 0; //!< an answer to an earlier acquire() counts no more
};

//! Sleep and unlock as systemd-logind tells them (org.freedesktop.login1).
class LogindSleepSource final : public SleepSource
{
    Q_OBJECT
public:
    //! \a sessionId: whose screen is watched; empty: that of this process.
    LogindSleepSource(QDBusConnection bus, const QString &who, const QString &why,
                      const QString &sessionId);

    void readyToSleep() override;

private Q_SLOTS:
    void onPrepareForSleep(bool start);
    void onUnlock();
    void onSessionChanged(const QString &interface, const QVariantMap &changed);

private:
    void watchSession(const QString &sessionId);

    QDBusConnection m_bus;
    LogindLock m_lock;
};

//! Keeps the machine awake; where the user may not block sleep, at least from idling into it.
class LogindWakeLock final : public WakeLock
{
public:
    LogindWakeLock(QDBusConnection bus, const QString &who, const QString &why);

    void acquire() override;
    void release() override;

private:
    LogindLock m_lock;
};

} // namespace pilotlight

#endif // PILOTLIGHT_HAVE_DBUS
