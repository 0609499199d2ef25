// SPDX-License-Identifier: MIT
#include "server/processwatch.h"

#include <utility>

namespace pilotlight {

ProcessWatch::ProcessWatch(const ProcessId &process, Clock &clock, std::function<void()> ended,
                           Way way)
    : m_process(process)
    , m_clock(clock)
    , m_ended(std::move(ended))
{
    if (way == Way::Events)
        m_source = makeProcessEndSource(process.pid, [this] { finish(); });
    // After the source was made: it may be somebody else's process that it watches by now.
    if (process.isValid() && processState(process) != ProcessState::Running)
        m_timer = m_clock.after(Milliseconds(0), [this] { finish(); });
    else if (!m_source)
        m_timer = m_clock.after(PollInterval, [this] { look(); });
}

void ProcessWatch::look()
{
    if (processState(m_process) != ProcessState::Running)
        finish();
    else
        m_timer = m_clock.after(PollInterval, [this] { look(); });
}

void ProcessWatch::finish()
{
    m_timer.cancel();
    if (const auto ended = std::exchange(m_ended, {}))
        ended(); // this may be gone now
}

} // namespace pilotlight
