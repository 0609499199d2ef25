// SPDX-License-Identifier: MIT
#include "ui/shell/attention.h"

namespace pilotlight {

Attention::Attention(Notifier *notifier, QObject *parent)
    : QObject(parent)
    , m_notifier(notifier)
{ }

void Attention::update(const QString &id, const QString &name, Activity activity)
{
    const auto known = m_activities.constFind(id);
    const bool isNew = known == m_activities.cend();
    const Activity before = isNew ? activity : known.value();
    if (!isNew && before == activity)
        return;
    m_activities.insert(id, activity);
    count();
    if (isNew || m_windowActive || !m_enabled || !m_notifier)
        return;
    const QString who = name.isEmpty() ? tr("A session") : name;
    if (activity == Activity::WaitingForUser)
        m_notifier->notify(tr("%1 waits for you").arg(who),
                           tr("It asks for a permission or an answer."), id);
    else if (activity == Activity::Idle && before == Activity::Working)
        m_notifier->notify(tr("%1 has finished").arg(who), tr("Its turn has ended."), id);
}

void Attention::suspend(const QString &id)
{
    const auto known = m_activities.find(id);
    if (known == m_activities.end() || *known == Activity::Idle)
        return;
    *known = Activity::Idle;
    count();
}

void Attention::remove(const QString &id)
{
    if (m_activities.remove(id))
        count();
}

void Attention::count()
{
    int waiting = 0;
    int working = 0;
    for (const Activity activity : std::as_const(m_activities)) {
        waiting += activity == Activity::WaitingForUser ? 1 : 0;
        working += activity == Activity::Working ? 1 : 0;
    }
    if (waiting == m_waiting && working == m_working)
        return;
    m_waiting = waiting;
    m_working = working;
    Q_EMIT countsChanged();
}

} // namespace pilotlight
