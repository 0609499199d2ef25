// SPDX-License-Identifier: MIT
#include "connection/sleepsource.h"

#include <QtGlobal>

#ifdef Q_OS_MACOS

#include "base/logging.h"

#include <IOKit/IOKitLib.h>
#include <IOKit/IOMessage.h>
#include <IOKit/pwr_mgt/IOPMLib.h>
#include <dispatch/dispatch.h>

namespace pilotlight {

namespace {

//! IOKit's system power notifications, on a queue of their own: a program without a window runs no
//! CFRunLoop.
class MacSleepSource final : public SleepSource
{
public:
    MacSleepSource()
        : m_queue(dispatch_queue_create("pilotlight.power", DISPATCH_QUEUE_SERIAL))
    {
        m_root = IORegisterForSystemPower(this, &m_port, &MacSleepSource::onPower, &m_notifier);
        if (m_root == MACH_PORT_NULL) {
            qCWarning(lcKeepalive).noquote() << "No notice of sleep from the system";
            return;
        }
        IONotificationPortSetDispatchQueue(m_port, m_queue);
    }
    ~MacSleepSource() override
    {
        if (m_root != MACH_PORT_NULL) {
            readyToSleep(); // nobody is kept waiting
            IODeregisterForSystemPower(&m_notifier);
            // No callback runs after what the queue holds now.
            dispatch_sync_f(m_queue, nullptr, [](void *) { });
            IONotificationPortDestroy(m_port);
            IOServiceClose(m_root);
        }
        dispatch_release(m_queue);
    }

    void readyToSleep() override
    {
        if (m_pending)
            IOAllowPowerChange(m_root, m_pending);
        m_pending = 0;
    }

private:
    static void onPower(void *context, io_service_t, natural_t type, void *argument)
    {
        auto *self = static_cast<MacSleepSource *>(context);
        const auto id = reinterpret_cast<long>(argument);
        switch (type) {
        case kIOMessageCanSystemSleep:
            IOAllowPowerChange(self->m_root, id);
            break;
        case kIOMessageSystemWillSleep:
            // The system waits up to 30 s for readyToSleep().
            QMetaObject::invokeMethod(
                self,
                [self, id] {
                    self->m_pending = id;
                    Q_EMIT self->aboutToSleep();
                },
                Qt::QueuedConnection);
            break;
        case kIOMessageSystemWillNotSleep:
        case kIOMessageSystemHasPoweredOn:
            QMetaObject::invokeMethod(self, &SleepSource::woke, Qt::QueuedConnection);
            break;
        default:
            break;
        }
    }

    dispatch_queue_t m_queue;
    IONotificationPortRef m_port = nullptr;
    io_object_t m_notifier = IO_OBJECT_NULL;
    io_connect_t m_root = MACH_PORT_NULL;
    long m_pending = 0;
};

class MacWakeLock final : public WakeLock
{
public:
    explicit MacWakeLock(const QString &why)
        : m_why(why.toCFString())
    { }
    ~MacWakeLock() override
    {
        release();
        CFRelease(m_why);
    }
    void acquire() override
    {
        if (!m_held)
            m_held = IOPMAssertionCreateWithName(kIOPMAssertionTypePreventUserIdleSystemSleep,
                                                 kIOPMAssertionLevelOn, m_why, &m_assertion)
                == kIOReturnSuccess;
    }
    void release() override
    {
        if (m_held)
            IOPMAssertionRelease(m_assertion);
        m_held = false;
    }

private:
    CFStringRef m_why;
    IOPMAssertionID m_assertion = kIOPMNullAssertionID;
    bool m_held = false;
};

} // namespace

std::unique_ptr<SleepSource> makeSystemSleepSource(const QString &, const QString &)
{
    return std::make_unique<MacSleepSource>();
}

std::unique_ptr<WakeLock> makeSystemWakeLock(const QString &, const QString &why)
{
    return std::make_unique<MacWakeLock>(why);
}

} // namespace pilotlight

#endif // Q_OS_MACOS
