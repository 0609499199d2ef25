// SPDX-License-Identifier: MIT
// The logind side of sleep and wake against a mock of logind on a private bus (python3-dbusmock).
#include "base/systemclock.h"
#include "connection/logind.h"
#include "connection/sleepmonitor.h"
#include "support/python.h"

#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#ifdef PILOTLIGHT_HAVE_DBUS

#include <QDBusArgument>
#include <QDBusConnectionInterface>
#include <QDBusMessage>
#include <QDBusVariant>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

const QString Service = QStringLiteral("org.freedesktop.login1");
const QString ManagerPath = QStringLiteral("/org/freedesktop/login1");
const QString Manager = QStringLiteral("org.freedesktop.login1.Manager");
const QString Mock = QStringLiteral("org.freedesktop.DBus.Mock");
const QString SessionPath = QStringLiteral("/org/freedesktop/login1/session/7");
const QString BusName = QStringLiteral("private");

//! A bus of its own and logind's mock on it; both gone with this object.
class PrivateLogind
{
public:
    ~PrivateLogind()
    {
        QDBusConnection::disconnectFromBus(BusName);
        for (QProcess *process : {&m_mock, &m_daemon}) {
            process->terminate();
            if (process->state() != QProcess::NotRunning && !process->waitForFinished(5000))
                process->kill();
            process->waitForFinished(5000);
        }
    }
    //! False where something is missing or does not come up; problem() says what.
    bool start()
    {
        const QString daemon = QStandardPaths::findExecutable(QStringLiteral("dbus-daemon"));
        const QString python = pythonWith(QStringLiteral("dbusmock"));
        if (daemon.isEmpty() || python.isEmpty()) {
            m_problem = QStringLiteral("needs dbus-daemon and python3-dbusmock");
            m_missing = true;
            return false;
        }
        m_daemon.start(daemon,
                       {QStringLiteral("--session"), QStringLiteral("--nofork"),
                        QStringLiteral("--print-address=1"),
                        QStringLiteral("--address=unix:dir=") + m_folder.path()});
        if (!m_daemon.waitForReadyRead(10'000)) {
            m_problem = QStringLiteral("the bus does not start");
            return false;
        }
        const QString address = QString::fromUtf8(m_daemon.readLine()).trimmed();
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("DBUS_SYSTEM_BUS_ADDRESS"), address);
        m_mock.setProcessEnvironment(environment);
        m_mock.setProcessChannelMode(QProcess::MergedChannels);
        m_mock.start(python,
                     {QStringLiteral("-m"), QStringLiteral("dbusmock"),
                      QStringLiteral("--template"), QStringLiteral("logind")});
        const QDBusConnection bus = QDBusConnection::connectToBus(address, BusName);
        const bool up = QTest::qWaitFor(
            [&] {
                return bus.isConnected() && bus.interface()->isServiceRegistered(Service).value();
            },
            30'000);
        if (!up)
            m_problem = QString::fromUtf8(m_mock.readAll());
        return up;
    }
    bool isMissing() const { return m_missing; }
    QByteArray problem() const { return m_problem.toUtf8(); }
    static QDBusConnection bus() { return QDBusConnection(BusName); }

private:
    QTemporaryDir m_folder;
    QProcess m_daemon;
    QProcess m_mock;
    QString m_problem;
    bool m_missing = false;
};

QDBusMessage ask(const QString &path, const QString &interface, const QString &method,
                 const QVariantList &arguments = {})
{
    QDBusMessage call = QDBusMessage::createMethodCall(Service, path, interface, method);
    call.setArguments(arguments);
    const QDBusMessage reply = PrivateLogind::bus().call(call);
    if (reply.type() == QDBusMessage::ErrorMessage)
        qWarning("%s", qPrintable(reply.errorMessage()));
    return reply;
}

//! "what mode" of each inhibitor that is held now.
QStringList inhibitors()
{
    const QDBusMessage reply = ask(ManagerPath, Manager, QStringLiteral("ListInhibitors"));
    const auto list = reply.arguments().value(0).value<QDBusArgument>();
    QStringList all;
    list.beginArray();
    while (!list.atEnd()) {
        QString what;
        QString who;
        QString why;
        QString mode;
        uint uid = 0;
        uint pid = 0;
        list.beginStructure();
        list >> what >> who >> why >> mode >> uid >> pid;
        list.endStructure();
        all << what + u' ' + mode;
    }
    list.endArray();
    return all;
}

void emitPrepareForSleep(bool start)
{
    ask(ManagerPath, Mock, QStringLiteral("EmitSignal"),
        {Manager, QStringLiteral("PrepareForSleep"), QStringLiteral("b"), QVariantList{start}});
}

std::unique_ptr<LogindSleepSource> makeSource(const QString &session = {})
{
    return std::make_unique<LogindSleepSource>(PrivateLogind::bus(), QStringLiteral("Pilotlight"),
                                               QStringLiteral("test"), session);
}

const QStringList DelayLock{QStringLiteral("sleep delay")};

} // namespace

class TstLogind : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_logind = std::make_unique<PrivateLogind>();
        if (!m_logind->start()) {
            if (m_logind->isMissing())
                QSKIP(m_logind->problem().constData());
            QFAIL(m_logind->problem().constData());
        }
        QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
    }
    void cleanup() { m_logind.reset(); }

    void line24_sleepWaitsUntilTheProbesAreCancelled()
    {
        SystemClock clock;
        SleepMonitor monitor(makeSource(), 900s, clock);
        QTRY_COMPARE(inhibitors(), DelayLock);
        int slots = 0;
        QStringList heldInSlot;
        connect(&monitor, &SleepMonitor::aboutToSleep, this, [&] {
            ++slots;
            heldInSlot = inhibitors(); // where Connection cancels its probe
        });
        QSignalSpy woke(&monitor, &SleepMonitor::woke);

        emitPrepareForSleep(true);
        QTRY_COMPARE(slots, 1);
        QCOMPARE(heldInSlot, DelayLock);
        QTRY_COMPARE(inhibitors(), QStringList());
        QCOMPARE(woke.size(), 0);

        emitPrepareForSleep(false);
        QTRY_COMPARE(woke.size(), 1);
        QTRY_COMPARE(inhibitors(), DelayLock); // ready for the next one
        emitPrepareForSleep(true);
        QTRY_COMPARE(slots, 2);
        QTRY_COMPARE(inhibitors(), QStringList());
    }

    void line23_unlockIsAWake()
    {
        ask(ManagerPath, Mock, QStringLiteral("AddSession"),
            {QStringLiteral("7"), QStringLiteral("seat0"), 1000u, QStringLiteral("joe"), true});
        const auto source = makeSource(QStringLiteral("7"));
        QSignalSpy unlocked(source.get(), &SleepSource::unlocked);
        // Subscribed once an unlock arrives; the ones before that are lost, as they should be.
        QTRY_VERIFY((ask(SessionPath, QStringLiteral("org.freedesktop.login1.Session"),
                         QStringLiteral("Unlock")),
                     unlocked.size() > 0));
        // A reply comes after the signals that were sent before it.
        ask(ManagerPath, Manager, QStringLiteral("ListSessions"));
        QCoreApplication::processEvents();
        unlocked.clear();
        ask(SessionPath, QStringLiteral("org.freedesktop.login1.Session"),
            QStringLiteral("SetLockedHint"), {true});
        ask(SessionPath, QStringLiteral("org.freedesktop.login1.Session"),
            QStringLiteral("SetLockedHint"), {false});
        QTRY_COMPARE(unlocked.size(), 1);
    }

    void line24_theLockGoesWithUs()
    {
        auto source = makeSource();
        QTRY_COMPARE(inhibitors(), DelayLock);
        source.reset();
        QTRY_COMPARE(inhibitors(), QStringList());
    }

    void line25_theWakeLockBlocksIdleAndSleep()
    {
        LogindWakeLock lock(PrivateLogind::bus(), QStringLiteral("Pilotlight"),
                            QStringLiteral("test"));
        lock.acquire();
        QTRY_COMPARE(inhibitors(), QStringList{QStringLiteral("idle:sleep block")});
        lock.acquire();
        lock.release();
        QTRY_COMPARE(inhibitors(), QStringList());
        lock.acquire();
        lock.release(); // before the answer: nothing stays behind
        lock.acquire();
        QTRY_COMPARE(inhibitors(), QStringList{QStringLiteral("idle:sleep block")});
    }

    void line25_whereSleepMayNotBeBlockedIdleIs()
    {
        ask(ManagerPath, Mock, QStringLiteral("AddMethod"),
            {Manager, QStringLiteral("Inhibit"), QStringLiteral("ssss"), QStringLiteral("h"),
             QStringLiteral("if 'sleep' in args[0]:\n"
                            "    raise dbus.exceptions.DBusException('denied', "
                            "name='org.freedesktop.DBus.Error.AccessDenied')\n"
                            "import os\n"
                            "ret = dbus.types.UnixFd(os.open('/dev/null', os.O_RDONLY))")});
        LogindLock lock(PrivateLogind::bus(), QStringLiteral("Pilotlight"), QStringLiteral("test"),
                        QStringLiteral("block"));
        lock.acquire({QStringLiteral("idle:sleep"), QStringLiteral("idle")});
        QTRY_VERIFY(lock.isHeld());
        lock.release();
        QVERIFY(!lock.isHeld());
        // Refused altogether: nothing is held, and the next wish asks again.
        lock.acquire({QStringLiteral("sleep")});
        QTest::qWait(0);
        QVERIFY(!lock.isHeld());
    }

private:
    std::unique_ptr<PrivateLogind> m_logind;
};

QTEST_GUILESS_MAIN(TstLogind)

#else

class TstLogind : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void needsDBus() { QSKIP("built without D-Bus"); }
};

QTEST_GUILESS_MAIN(TstLogind)

#endif

#include "tst_logind.moc"
