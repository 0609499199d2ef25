// SPDX-License-Identifier: MIT
// What the turn is at, and what the server says of it.
#include "session/transcript.h"

#include <algorithm>

namespace pilotlight {

TurnStep Transcript::step() const
{
    using Kind = TurnStep::Kind;
    const auto item = [this](int row) -> const TranscriptItem & {
        return m_items[static_cast<std::size_t>(row)];
    };
    // The oldest request that has no answer yet: what the user should look at first.
    int asked = -1;
    Kind asks = Kind::None;
    for (auto it = m_requests.cbegin(); it != m_requests.cend(); ++it) {
        const int row = rowOf(it.value(), it.key());
        if (m_answering.contains(it.key()) || (asked >= 0 && row >= asked))
            continue;
        asked = row;
        asks = it.value() == Permissions ? Kind::Permission
            : it.value() == Questions    ? Kind::Question
                                         : Kind::Plan;
    }
    if (asked >= 0)
        return {asks, {}, item(asked).time, 0, 0};
    if (!m_working && m_background)
        return {Kind::Background, {}, m_stepSince, 0, 0};
    if (!m_working)
        return {};
    // The latest that runs; cards of an outer sub-agent call come before those inside.
    int tool = -1;
    for (const QString &id : m_openTools) {
        const int row = rowOf(Tools, id);
        if (std::get<ToolItem>(item(row).data).state == ToolItem::State::Running)
            tool = std::max(tool, row);
    }
    if (tool >= 0) {
        const auto &running = std::get<ToolItem>(item(tool).data);
        // What a sub-agent does inside is the sub-agent's work.
        const int outer =
            item(tool).agentId.isEmpty() ? -1 : rowOf(Tools, m_agentTool.value(item(tool).agentId));
        const ToolItem &card = outer >= 0 ? std::get<ToolItem>(item(outer).data) : running;
        if (!card.subagentId.isEmpty())
            return {Kind::Subagent, card.title.isEmpty() ? card.name : card.title, card.started, 0,
                    0};
        return {Kind::Tool, card.name, card.started, 0, 0};
    }
    const auto open = [&](Table table, const QHash<QString, QString> &ids) {
        const QString id = ids.value(QString());
        return id.isEmpty() ? -1 : rowOf(table, id);
    };
    if (const int row = open(Messages, m_messageOf); row >= 0)
        return {Kind::Answer, {}, item(row).time, 0, 0};
    if (const int row = open(Reasonings, m_reasoningOf); row >= 0)
        return {Kind::Reasoning, {}, item(row).time, 0, 0};
    if (m_retryShown) {
        for (auto it = m_items.crbegin(); it != m_items.crend(); ++it) {
            const auto *notice = std::get_if<NoticeItem>(&it->data);
            if (notice && notice->kind == NoticeItem::Kind::Retrying)
                return {Kind::Retry, notice->detail, it->time, notice->count, notice->limit};
        }
    }
    return {Kind::ModelRequest, {}, m_stepSince, 0, 0};
}

void Transcript::serverWorks(bool turn, bool background)
{
    m_working = m_working || turn;
    m_background = !m_working && background;
    notifyActivity();
}

void Transcript::serverIsIdle()
{
    EventMeta meta;
    meta.time = m_lastTime;
    on(meta, SessionIdle{});
    notifyActivity();
}

} // namespace pilotlight
