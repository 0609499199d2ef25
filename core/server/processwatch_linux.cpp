// SPDX-License-Identifier: MIT
#include "server/processwatch.h"

#ifdef Q_OS_LINUX

#include <QSocketNotifier>

#include <sys/syscall.h>
#include <unistd.h>

namespace pilotlight {

#ifdef SYS_pidfd_open

namespace {

//! A descriptor of the process: readable once it has ended, also while nobody has read its exit
//! status (pidfd_open(2), Linux 5.3).
class PidFdSource final : public ProcessEndSource
{
public:
    PidFdSource(int descriptor, std::function<void()> ended)
        : m_descriptor(descriptor)
        , m_notifier(descriptor, QSocketNotifier::Read)
    {
        QObject::connect(&m_notifier, &QSocketNotifier::activated, &m_notifier,
                         [this, ended = std::move(ended)] {
                             m_notifier.setEnabled(false); // it stays readable
                             const auto tell = ended; // which may delete this
                             tell();
                         });
    }
    ~PidFdSource() override
    {
        m_notifier.setEnabled(false);
        close(m_descriptor);
    }

private:
    int m_descriptor;
    QSocketNotifier m_notifier;
};

} // namespace

std::unique_ptr<ProcessEndSource> makeProcessEndSource(qint64 pid, std::function<void()> ended)
{
    const long descriptor = syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0U);
    if (pid <= 0 || descriptor < 0)
        return nullptr;
    return std::make_unique<PidFdSource>(static_cast<int>(descriptor), std::move(ended));
}

#else

std::unique_ptr<ProcessEndSource> makeProcessEndSource(qint64, std::function<void()>)
{
    return nullptr;
}

#endif

} // namespace pilotlight

#endif // Q_OS_LINUX
