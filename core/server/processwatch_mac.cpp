// SPDX-License-Identifier: MIT
#include "server/processwatch.h"

#ifdef Q_OS_MACOS

#include <QSocketNotifier>

#include <sys/event.h>
#include <unistd.h>

namespace pilotlight {

namespace {

//! A kernel queue with one entry: the end of the process (kqueue(2), NOTE_EXIT).
class KqueueSource final : public ProcessEndSource
{
public:
    KqueueSource(int queue, std::function<void()> ended)
        : m_queue(queue)
        , m_notifier(queue, QSocketNotifier::Read)
    {
        QObject::connect(&m_notifier, &QSocketNotifier::activated, &m_notifier,
                         [this, ended = std::move(ended)] {
                             m_notifier.setEnabled(false);
                             const auto tell = ended; // which may delete this
                             tell();
                         });
    }
    ~KqueueSource() override
    {
        m_notifier.setEnabled(false);
        close(m_queue);
    }

private:
    int m_queue;
    QSocketNotifier m_notifier;
};

} // namespace

std::unique_ptr<ProcessEndSource> makeProcessEndSource(qint64 pid, std::function<void()> ended)
{
    const int queue = pid > 0 ? kqueue() : -1;
    if (queue < 0)
        return nullptr;
    struct kevent change{};
    EV_SET(&change, static_cast<uintptr_t>(pid), EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, nullptr);
    if (kevent(queue, &change, 1, nullptr, 0, nullptr) != 0) {
        close(queue);
        return nullptr;
    }
    return std::make_unique<KqueueSource>(queue, std::move(ended));
}

} // namespace pilotlight

#endif // Q_OS_MACOS
