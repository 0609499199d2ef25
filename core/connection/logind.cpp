// SPDX-License-Identifier: MIT
#include "connection/logind.h"

#ifdef PILOTLIGHT_HAVE_DBUS

#include "base/logging.h"

#include <QCoreApplication>
#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>

namespace pilotlight {

namespace {

const QString Service = QStringLiteral("org.freedesktop.login1");
const QString ManagerPath = QStringLiteral("/org/freedesktop/login1");
const QString Manager = QStringLiteral("org.freedesktop.login1.Manager");
const QString SessionInterface = QStringLiteral("org.freedesktop.login1.Session");

QDBusMessage managerCall(const QString &method, const QVariantList &arguments)
{
    QDBusMessage call = QDBusMessage::createMethodCall(Service, ManagerPath, Manager, method);
    call.setArguments(arguments);
    return call;
}

} // namespace

LogindLock::LogindLock(QDBusConnection bus, QString who, QString why, QString mode)
    : m_bus(std::move(bus))
    , m_who(std::move(who))
    , m_why(std::move(why))
    , m_mode(std::move(mode))
{ }

void LogindLock::acquire(const QStringList &whats)
{
    if (m_wanted)
        return;
    m_wanted = true;
    request(whats, ++m_round);
}

void LogindLock::release()
{
    m_wanted = false;
    m_lock = {}; // closes it
}

void LogindLock::request(QStringList whats, quint64 round)
{
    if (whats.isEmpty()) {
        m_wanted = false; // refused: the next acquire() asks again
        return;
    }
    const QString what = whats.takeFirst();
    auto *watcher = new QDBusPendingCallWatcher(
        m_bus.asyncCall(managerCall(QStringLiteral("Inhibit"), {what, m_who, m_why, m_mode})),
        this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this,
            [this, what, whats, round](QDBusPendingCallWatcher *finished) {
                finished->deleteLater();
                if (!m_wanted || round != m_round)
                    return; // the answer's own copy of the descriptor goes with the watcher
                const QDBusPendingReply<QDBusUnixFileDescriptor> reply = *finished;
                if (!reply.isError()) {
                    m_lock = reply.value();
                    return;
                }
                qCInfo(lcKeepalive).noquote() << QStringLiteral("No %1 lock on %2 from logind: %3")
                                                     .arg(m_mode, what, reply.error().message());
                request(whats, round);
            });
}

LogindSleepSource::LogindSleepSource(QDBusConnection bus, const QString &who, const QString &why,
                                     const QString &sessionId)
    : m_bus(std::move(bus))
    , m_lock(m_bus, who, why, QStringLiteral("delay"))
{
    m_bus.connect(Service, ManagerPath, Manager, QStringLiteral("PrepareForSleep"), this,
                  SLOT(onPrepareForSleep(bool)));
    m_lock.acquire({QStringLiteral("sleep")});
    watchSession(sessionId);
}

void LogindSleepSource::watchSession(const QString &sessionId)
{
    const QDBusMessage call = sessionId.isEmpty()
        ? managerCall(QStringLiteral("GetSessionByPID"),
                      {static_cast<quint32>(QCoreApplication::applicationPid())})
        : managerCall(QStringLiteral("GetSession"), {sessionId});
    auto *watcher = new QDBusPendingCallWatcher(m_bus.asyncCall(call), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this,
            [this](QDBusPendingCallWatcher *finished) {
                finished->deleteLater();
                const QDBusPendingReply<QDBusObjectPath> reply = *finished;
                if (reply.isError())
                    return; // a service or a cron job has no screen to unlock
                const QString path = reply.value().path();
                // The first asks a desktop to unlock; the second is what a desktop says when its
                // user has.
                m_bus.connect(Service, path, SessionInterface, QStringLiteral("Unlock"), this,
                              SLOT(onUnlock()));
                m_bus.connect(Service, path, QStringLiteral("org.freedesktop.DBus.Properties"),
                              QStringLiteral("PropertiesChanged"), this,
                              SLOT(onSessionChanged(QString, QVariantMap)));
            });
}

void LogindSleepSource::readyToSleep()
{
    m_lock.release();
}

void LogindSleepSource::onPrepareForSleep(bool start)
{
    if (start) {
        Q_EMIT aboutToSleep();
        return;
    }
    m_lock.acquire({QStringLiteral("sleep")}); // for the next time
    Q_EMIT woke();
}

void LogindSleepSource::onUnlock()
{
    Q_EMIT unlocked();
}

void LogindSleepSource::onSessionChanged(const QString &interface, const QVariantMap &changed)
{
    const QVariant locked = changed.value(QStringLiteral("LockedHint"));
    if (interface == SessionInterface && locked.isValid() && !locked.toBool())
        Q_EMIT unlocked();
}

LogindWakeLock::LogindWakeLock(QDBusConnection bus, const QString &who, const QString &why)
    : m_lock(std::move(bus), who, why, QStringLiteral("block"))
{ }

void LogindWakeLock::acquire()
{
    m_lock.acquire({QStringLiteral("idle:sleep"), QStringLiteral("idle")});
}

void LogindWakeLock::release()
{
    m_lock.release();
}

} // namespace pilotlight

#endif // PILOTLIGHT_HAVE_DBUS
