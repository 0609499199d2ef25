// SPDX-License-Identifier: MIT
#include "demoserver/faults.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

Faults::Faults(Clock &clock, std::function<void(const FaultSpec &)> fire)
    : m_clock(clock)
    , m_fire(std::move(fire))
{ }

void Faults::arm(const FaultSpec &fault)
{
    QString trigger = fault.trigger;
    if (trigger.isEmpty()) {
        const bool fromTheStart =
            fault.kind == "version"_L1 || fault.kind == "token"_L1 || fault.kind == "slow-start"_L1;
        trigger = fromTheStart ? u"start"_s : u"turn"_s;
    }
    if (trigger == "start"_L1 || trigger == "now"_L1) {
        m_fire(fault);
        return;
    }
    if (trigger.endsWith("ms"_L1)) {
        m_timers.push_back(m_clock.after(Milliseconds(trigger.chopped(2).toLongLong()),
                                         [this, fault] { m_fire(fault); }));
        return;
    }
    // "turn" means: while an answer is being streamed, with some of it out.
    if (trigger == "turn"_L1)
        trigger = u"event:assistant.message_delta#3"_s;
    Armed armed{fault, trigger.section(u'#', 0, 0), 1};
    if (trigger.contains(u'#'))
        armed.countdown = std::max(1, trigger.section(u'#', 1).toInt());
    m_armed.append(armed);
}

void Faults::fireSoon(const FaultSpec &fault)
{
    m_timers.push_back(m_clock.after(Milliseconds(0), [this, fault] { m_fire(fault); }));
}

void Faults::note(const QString &moment)
{
    for (auto it = m_armed.begin(); it != m_armed.end();) {
        if (it->moment != moment || --it->countdown > 0) {
            ++it;
            continue;
        }
        // Never from here: the caller is in the middle of something.
        fireSoon(it->fault);
        it = m_armed.erase(it);
    }
}

} // namespace pilotlight::demo
