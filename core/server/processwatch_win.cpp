// SPDX-License-Identifier: MIT
#include "server/processwatch.h"

// Windows, and the systems that have nothing of the kind.
#if !defined(Q_OS_LINUX) && !defined(Q_OS_MACOS)

#ifdef Q_OS_WIN
#include <QWinEventNotifier>

// After Qt:
#include <windows.h>
#endif

namespace pilotlight {

#ifdef Q_OS_WIN

namespace {

//! The handle of a process is signalled by its end.
class HandleSource final : public ProcessEndSource
{
public:
    HandleSource(HANDLE process, std::function<void()> ended)
        : m_process(process)
        , m_notifier(process)
    {
        QObject::connect(&m_notifier, &QWinEventNotifier::activated, &m_notifier,
                         [this, ended = std::move(ended)] {
                             m_notifier.setEnabled(false);
                             const auto tell = ended; // which may delete this
                             tell();
                         });
    }
    ~HandleSource() override
    {
        m_notifier.setEnabled(false);
        CloseHandle(m_process);
    }

private:
    HANDLE m_process;
    QWinEventNotifier m_notifier;
};

} // namespace

std::unique_ptr<ProcessEndSource> makeProcessEndSource(qint64 pid, std::function<void()> ended)
{
    const HANDLE process =
        pid > 0 ? OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(pid)) : nullptr;
    if (!process)
        return nullptr;
    return std::make_unique<HandleSource>(process, std::move(ended));
}

#else

std::unique_ptr<ProcessEndSource> makeProcessEndSource(qint64, std::function<void()>)
{
    return nullptr;
}

#endif

} // namespace pilotlight

#endif // neither Linux nor macOS
