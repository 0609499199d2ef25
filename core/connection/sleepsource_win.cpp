// SPDX-License-Identifier: MIT
#include "connection/sleepsource.h"

#include <QtGlobal>

#ifdef Q_OS_WIN

#include "base/logging.h"

#include <string>

// After windows.h:
#include <windows.h>

#include <wtsapi32.h>

namespace pilotlight {

namespace {

//! WM_POWERBROADCAST and the unlocking of the screen, through a window that is never shown: power
//! events go to top-level windows only, and Qt's event loop runs the messages of any window, also
//! in a program without a user interface. Windows waits up to 2 s for the answer to PBT_APMSUSPEND,
//! so everything is cancelled when aboutToSleep() has returned.
class WindowsSleepSource final : public SleepSource
{
public:
    WindowsSleepSource()
    {
        WNDCLASSEXW windowClass{};
        windowClass.cbSize = sizeof windowClass;
        windowClass.lpfnWndProc = &WindowsSleepSource::onMessage;
        windowClass.hInstance = GetModuleHandleW(nullptr);
        windowClass.lpszClassName = ClassName;
        RegisterClassExW(&windowClass); // fails the second time, which does not matter
        m_window = CreateWindowExW(0, ClassName, L"", WS_OVERLAPPED, 0, 0, 0, 0, nullptr, nullptr,
                                   windowClass.hInstance, nullptr);
        if (!m_window) {
            qCWarning(lcKeepalive).noquote() << "No notice of sleep from the system";
            return;
        }
        SetWindowLongPtrW(m_window, GWLP_USERDATA, reinterpret_cast<LONG_PTR>(this));
        WTSRegisterSessionNotification(m_window, NOTIFY_FOR_THIS_SESSION);
    }
    ~WindowsSleepSource() override
    {
        if (!m_window)
            return;
        WTSUnRegisterSessionNotification(m_window);
        SetWindowLongPtrW(m_window, GWLP_USERDATA, 0);
        DestroyWindow(m_window);
    }

private:
    static constexpr const wchar_t *ClassName = L"PilotlightPower";

    static LRESULT CALLBACK onMessage(HWND window, UINT message, WPARAM what, LPARAM data)
    {
        auto *self =
            reinterpret_cast<WindowsSleepSource *>(GetWindowLongPtrW(window, GWLP_USERDATA));
        if (self && message == WM_POWERBROADCAST) {
            if (what == PBT_APMSUSPEND)
                Q_EMIT self->aboutToSleep();
            else if (what == PBT_APMRESUMEAUTOMATIC || what == PBT_APMRESUMESUSPEND)
                Q_EMIT self->woke();
            return TRUE;
        }
        if (self && message == WM_WTSSESSION_CHANGE && what == WTS_SESSION_UNLOCK)
            Q_EMIT self->unlocked();
        return DefWindowProcW(window, message, what, data);
    }

    HWND m_window = nullptr;
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
            m_held = PowerSetRequest(m_request, PowerRequestSystemRequired) != FALSE;
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
