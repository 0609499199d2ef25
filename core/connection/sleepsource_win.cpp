// SPDX-License-Identifier: MIT
#include "connection/sleepsource.h"

#include <QtGlobal>

#ifdef Q_OS_WIN

#include "base/logging.h"

// After windows.h:
#include <windows.h>

#include <powrprof.h>

namespace pilotlight {

namespace {

//! The events of WM_POWERBROADCAST by callback, so that a program without a window gets them, too.
class WindowsSleepSource final : public SleepSource
{
public:
    WindowsSleepSource()
    {
        DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS parameters{};
        parameters.Callback = &WindowsSleepSource::onPower;
        parameters.Context = this;
        if (PowerRegisterSuspendResumeNotification(DEVICE_NOTIFY_CALLBACK, &parameters, &m_handle)
            != ERROR_SUCCESS)
            qCWarning(lcKeepalive).noquote() << "No notice of sleep from the system";
    }
    ~WindowsSleepSource() override
    {
        if (m_handle)
            PowerUnregisterSuspendResumeNotification(m_handle); // waits for a running callback
    }

private:
    //! On a thread of the system. It goes on at once: there is no lock to hold sleep up with, and
    //! what the core has in flight is cancelled in the second or two that are left.
    static ULONG CALLBACK onPower(PVOID context, ULONG type, PVOID)
    {
        auto *self = static_cast<WindowsSleepSource *>(context);
        if (type == PBT_APMSUSPEND)
            QMetaObject::invokeMethod(self, &SleepSource::aboutToSleep, Qt::QueuedConnection);
        else if (type == PBT_APMRESUMEAUTOMATIC || type == PBT_APMRESUMESUSPEND)
            QMetaObject::invokeMethod(self, &SleepSource::woke, Qt::QueuedConnection);
        return ERROR_SUCCESS;
    }

    HPOWERNOTIFY m_handle = nullptr;
};

//! A power request rather than SetThreadExecutionState: it belongs to no thread.
class WindowsWakeLock final : public WakeLock
{
public:
    explicit WindowsWakeLock(const QString &why)
        : m_why(why.toStdWString())
    {
        REASON_CONTEXT reason{};
        reason.Version = POWER_REQUEST_CONTEXT_VERSION;
        reason.Flags = POWER_REQUEST_CONTEXT_SIMPLE_STRING;
        reason.Reason.SimpleReasonString = m_why.data();
        m_request = PowerCreateRequest(&reason);
    }
    ~WindowsWakeLock() override
    {
        release();
        if (m_request != INVALID_HANDLE_VALUE)
            CloseHandle(m_request);
    }
    void acquire() override
    {
        if (!m_held && m_request != INVALID_HANDLE_VALUE)
            m_held = PowerSetRequest(m_request, PowerRequestSystemRequired);
    }
    void release() override
    {
        if (m_held)
            PowerClearRequest(m_request, PowerRequestSystemRequired);
        m_held = false;
    }

private:
    std::wstring m_why;
    HANDLE m_request = INVALID_HANDLE_VALUE;
    bool m_held = false;
};

} // namespace

std::unique_ptr<SleepSource> makeSystemSleepSource(const QString &, const QString &)
{
    return std::make_unique<WindowsSleepSource>();
}

std::unique_ptr<WakeLock> makeSystemWakeLock(const QString &, const QString &why)
{
    return std::make_unique<WindowsWakeLock>(why);
}

} // namespace pilotlight

#endif // Q_OS_WIN
