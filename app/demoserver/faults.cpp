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

bool Faults::swallowSomething() const
{
    return !m_swallowing.isEmpty()
        || std::any_of(m_armed.cbegin(), m_armed.cend(),
                       [](const Armed &armed) { return armed.fault.kind == "swallow"_L1; });
}

bool Faults::mayPass(const QString &sessionId, const QString &type)
{
    for (auto it = m_armed.begin(); it != m_armed.end(); ++it) {
        if (it->fault.kind != "swallow"_L1 || it->moment != "event:"_L1 + type
            || --it->countdown > 0)
            continue;
        m_swallowing[sessionId] = it->fault.value.value_or(0);
        m_armed.erase(it);
        break;
    }
    auto swallowing = m_swallowing.find(sessionId);
    if (swallowing == m_swallowing.end())
        swallowing = m_swallowing.find(QString());
    if (swallowing == m_swallowing.end())
        return true;
    const bool last = *swallowing > 0 ? --*swallowing == 0 : type == "session.idle"_L1;
    if (last)
        m_swallowing.erase(swallowing);
    return false;
}

void Faults::note(const QString &moment)
{
    for (auto it = m_armed.begin(); it != m_armed.end();) {
        // What swallows an event has to be asked before it is sent.
        const bool later = it->fault.kind == "swallow"_L1 && moment.startsWith("event:"_L1);
        if (later || it->moment != moment || --it->countdown > 0) {
            ++it;
            continue;
        }
        // Never from here: the caller is in the middle of something.
        fireSoon(it->fault);
        it = m_armed.erase(it);
    }
}

} // namespace pilotlight::demo
