// SPDX-License-Identifier: MIT
// What each event does to the rows.
#include "session/transcript.h"

namespace pilotlight {

namespace {

// Output of a running tool that is kept for show: between one and two times this many characters
// (a build can write 15 MB; the result replaces it anyway).
constexpr qsizetype OutputTail = 64 * 1024;

QString modeName(AgentMode mode)
{
    switch (mode) {
    case AgentMode::Interactive:
        return QStringLiteral("interactive");
    case AgentMode::Plan:
        return QStringLiteral("plan");
    case AgentMode::Autopilot:
        break;
    }
    return QStringLiteral("autopilot");
}

} // namespace

// ---- messages ----

void Transcript::on(const EventMeta &meta, const UserMessage &message)
{
    // What a sub-agent is told, or what the server tells the model by itself, is nobody's message.
    if (!meta.agentId.isEmpty())
        return;
    m_working = true;
    m_background = false;
    m_calledTools = false;
    notResumable();
    m_stepSince = meta.time;
    if (!message.source.isEmpty())
        return;
    m_unanswered = true;
    UserItem item;
    item.messageId = message.messageId;
    item.text = message.text;
    item.delivery = message.delivery;
    item.attachments = message.attachments;
    const int row =
        message.messageId.isEmpty() ? pendingRow(message.text) : rowOf(Users, message.messageId);
    if (row >= 0 && !at<UserItem>(row).pending)
        return;
    if (row >= 0 && row == static_cast<int>(m_items.size()) - 1) {
        unindex(row);
        m_items[static_cast<std::size_t>(row)].time = meta.time;
        at<UserItem>(row) = std::move(item);
        index(row);
        changed(row);
        return;
    }
    // It stands where the server took it up, not where it waited.
    if (row >= 0)
        remove(row);
    append(meta, std::move(item));
}

//! Servers before 1.0.6x do not say in the echo which message it is: then the oldest one that
//! waits with the same text.
int Transcript::pendingRow(const QString &text) const
{
    int first = -1;
    for (const QString &id : m_pending) {
        const int row = rowOf(Users, id);
        const auto &item = std::get<UserItem>(m_items[static_cast<std::size_t>(row)].data);
        if (item.text == text && (first < 0 || row < first))
            first = row;
    }
    return first;
}

void Transcript::on(const EventMeta &meta, const TurnStarted &)
{
    m_openTurns.insert(meta.agentId);
    if (meta.agentId.isEmpty()) {
        m_unanswered = false;
        m_working = true;
        m_background = false;
        notResumable();
        m_stepSince = meta.time;
    }
}

void Transcript::on(const EventMeta &meta, const TurnEnded &)
{
    m_openTurns.remove(meta.agentId);
    // A text that is still open will not be finished any more.
    endMessage(meta.agentId, true);
    endReasoning(meta.agentId);
    removeRetryNotice();
}

int Transcript::messageRow(const EventMeta &meta, const QString &messageId)
{
    if (m_lastRow < static_cast<int>(m_items.size())) {
        const auto *last =
            std::get_if<AssistantItem>(&m_items[static_cast<std::size_t>(m_lastRow)].data);
        if (last && last->messageId == messageId)
            return m_lastRow;
    }
    int row = rowOf(Messages, messageId);
    if (row < 0) {
        // The text before it is whole: a retry would have been announced (an answer that goes on
        // after its length limit starts a new message).
        endMessage(meta.agentId, false);
        AssistantItem item;
        item.messageId = messageId;
        item.streaming = true;
        m_messageOf.insert(meta.agentId, messageId);
        row = append(meta, std::move(item));
    }
    m_lastRow = row;
    return row;
}

void Transcript::on(const EventMeta &meta, const MessageStarted &message)
{
    if (!message.messageId.isEmpty())
        messageRow(meta, message.messageId);
}

void Transcript::on(const EventMeta &meta, const MessageDelta &delta)
{
    const int row = messageRow(meta, delta.messageId);
    auto &item = at<AssistantItem>(row);
    if (!item.streaming)
        return; // the final text is here already, or the turn was cut
    item.text += delta.text;
    changed(row);
}

void Transcript::on(const EventMeta &meta, const MessageCompleted &message)
{
    setReasoning(meta, message.messageId, message.reasoning);
    int row = rowOf(Messages, message.messageId);
    if (!message.text.isEmpty()) {
        row = messageRow(meta, message.messageId);
        auto &item = at<AssistantItem>(row);
        item.text = message.text;
        item.streaming = false;
        item.interrupted = false;
        changed(row);
    } else if (row >= 0) {
        remove(row);
    }
    if (m_messageOf.value(meta.agentId) == message.messageId)
        m_messageOf.remove(meta.agentId);
    for (const ToolRequest &request : message.toolRequests)
        toolRow(meta, request, ToolItem::State::Requested);
    if (meta.agentId.isEmpty()) {
        m_calledTools = !message.toolRequests.isEmpty();
        m_unanswered = false;
        m_stepSince = meta.time;
    }
}

// ---- reasoning ----

int Transcript::reasoningRow(const EventMeta &meta, const QString &reasoningId)
{
    int row = rowOf(Reasonings, reasoningId);
    if (row < 0) {
        endReasoning(meta.agentId);
        ReasoningItem item;
        item.id = reasoningId;
        item.streaming = true;
        m_reasoningOf.insert(meta.agentId, reasoningId);
        m_lastReasoning.insert(meta.agentId, reasoningId);
        row = append(meta, std::move(item));
    }
    return row;
}

void Transcript::on(const EventMeta &meta, const ReasoningDelta &delta)
{
    const int row = reasoningRow(meta, delta.reasoningId);
    auto &item = at<ReasoningItem>(row);
    if (!item.streaming)
        return;
    item.text += delta.text;
    changed(row);
}

//! The final message carries its reasoning too, and it is all that a history has of it.
void Transcript::setReasoning(const EventMeta &meta, const QString &messageId, const QString &text)
{
    if (text.isEmpty()) {
        endReasoning(meta.agentId);
        return;
    }
    QString id = m_reasoningOfMessage.value(messageId);
    if (id.isEmpty())
        id = m_reasoningOf.value(meta.agentId);
    const int row = id.isEmpty() ? -1 : rowOf(Reasonings, id);
    if (row >= 0) {
        auto &item = at<ReasoningItem>(row);
        item.text = text;
        item.streaming = false;
        changed(row);
    } else {
        ReasoningItem item;
        item.id = id = messageId;
        item.text = text;
        const int before = rowOf(Messages, messageId);
        insert(before >= 0 ? before : static_cast<int>(m_items.size()),
               TranscriptItem{meta.time, meta.agentId, std::move(item)});
    }
    m_reasoningOfMessage.insert(messageId, id);
    m_lastReasoning.insert(meta.agentId, id);
    m_reasoningOf.remove(meta.agentId);
}

void Transcript::on(const EventMeta &meta, const ReasoningCompleted &reasoning)
{
    int row = rowOf(Reasonings, reasoning.reasoningId);
    if (row < 0) {
        // It comes after the message that told the same, under an id of its own.
        const int last = rowOf(Reasonings, m_lastReasoning.value(meta.agentId));
        if (last >= 0 && at<ReasoningItem>(last).text == reasoning.text)
            return;
        row = reasoningRow(meta, reasoning.reasoningId);
    }
    auto &item = at<ReasoningItem>(row);
    item.text = reasoning.text;
    item.streaming = false;
    if (m_reasoningOf.value(meta.agentId) == reasoning.reasoningId)
        m_reasoningOf.remove(meta.agentId);
    changed(row);
}

// ---- tools ----

int Transcript::toolRow(const EventMeta &meta, const ToolRequest &request, ToolItem::State state)
{
    int row = rowOf(Tools, request.toolCallId);
    if (row < 0) {
        ToolItem item;
        item.toolCallId = request.toolCallId;
        item.name = request.name;
        item.title = request.title;
        item.intention = request.intention;
        item.arguments = request.arguments;
        item.state = state;
        if (state == ToolItem::State::Running)
            item.started = meta.time;
        m_openTools.insert(request.toolCallId);
        row = append(meta, std::move(item));
        const int parent = rowOf(Tools, m_agentTool.value(meta.agentId));
        if (!meta.agentId.isEmpty() && parent >= 0) {
            ++at<ToolItem>(parent).subagentToolCalls;
            changed(parent);
        }
    } else {
        auto &item = at<ToolItem>(row);
        if (item.name.isEmpty())
            item.name = request.name;
        if (item.title.isEmpty())
            item.title = request.title;
        if (item.intention.isEmpty())
            item.intention = request.intention;
        if (item.arguments.isEmpty())
            item.arguments = request.arguments;
        if (item.state == ToolItem::State::Requested)
            item.state = state;
        if (state == ToolItem::State::Running)
            item.started = meta.time;
        changed(row);
    }
    return row;
}

void Transcript::on(const EventMeta &meta, const ToolStarted &tool)
{
    toolRow(meta, tool.request, ToolItem::State::Running);
}

void Transcript::on(const EventMeta &, const ToolOutput &output)
{
    const int row = rowOf(Tools, output.toolCallId);
    if (row < 0)
        return;
    auto &item = at<ToolItem>(row);
    if (item.state != ToolItem::State::Running && item.state != ToolItem::State::Requested)
        return; // the result stands; a shell in the background may go on writing
    if (output.isDelta) {
        if (!m_deltaTools.contains(output.toolCallId)) {
            m_deltaTools.insert(output.toolCallId);
            item.output.clear();
        }
        item.output += output.text;
        if (item.output.size() > 2 * OutputTail)
            item.output = item.output.right(OutputTail);
    } else if (!m_deltaTools.contains(output.toolCallId)) {
        item.output = output.text;
    } else {
        return;
    }
    changed(row);
}

void Transcript::on(const EventMeta &meta, const ToolCompleted &tool)
{
    int row = rowOf(Tools, tool.toolCallId);
    if (row < 0) {
        ToolRequest request;
        request.toolCallId = tool.toolCallId;
        row = toolRow(meta, request, ToolItem::State::Running);
    }
    auto &item = at<ToolItem>(row);
    if (tool.success)
        item.state = ToolItem::State::Succeeded;
    else if (tool.denied)
        item.state = ToolItem::State::Denied;
    else if (item.state != ToolItem::State::Cancelled)
        item.state = ToolItem::State::Failed; // after a cancel this only confirms it
    item.output = tool.output;
    item.details = tool.details;
    item.error = tool.error;
    item.exitCode = tool.exitCode;
    item.ended = meta.time;
    m_openTools.remove(tool.toolCallId);
    m_deltaTools.remove(tool.toolCallId);
    if (meta.agentId.isEmpty())
        m_stepSince = meta.time;
    changed(row);

    // A question that was lost with its connection has no completion of its own.
    QStringList orphans;
    for (auto it = m_requests.cbegin(); it != m_requests.cend(); ++it) {
        const int request = rowOf(it.value(), it.key());
        const QString &owner = it.value() == Permissions
            ? at<PermissionItem>(request).request.toolCallId
            : it.value() == Questions ? at<QuestionItem>(request).request.toolCallId
                                      : at<PlanItem>(request).request.toolCallId;
        if (!owner.isEmpty() && owner == tool.toolCallId)
            orphans.append(it.key());
    }
    for (const QString &id : std::as_const(orphans))
        cancelRequest(id);
}

// ---- sub-agents ----

void Transcript::on(const EventMeta &meta, const SubagentStarted &agent)
{
    m_agentTool.insert(meta.agentId, agent.toolCallId);
    const int row = rowOf(Tools, agent.toolCallId);
    if (row < 0)
        return;
    auto &item = at<ToolItem>(row);
    item.subagentId = meta.agentId;
    if (!agent.name.isEmpty())
        item.title = agent.name;
    changed(row);
}

void Transcript::on(const EventMeta &meta, const SubagentCompleted &agent)
{
    endMessage(meta.agentId, true);
    endReasoning(meta.agentId);
    m_openTurns.remove(meta.agentId);
    const int row = rowOf(Tools, agent.toolCallId);
    if (row < 0)
        return;
    auto &item = at<ToolItem>(row);
    item.subagentToolCalls = std::max(item.subagentToolCalls, agent.toolCalls);
    item.subagentTokens = agent.tokens;
    changed(row);
}

// ---- requests to the user ----

template <typename Item, typename Request>
void Transcript::ask(Table table, const EventMeta &meta, const Request &request)
{
    const int row = rowOf(table, request.requestId);
    if (row < 0) {
        Item item;
        item.request = request;
        append(meta, std::move(item));
    } else {
        // Known: either fetched again, or we had taken it for lost together with its connection.
        auto &item = at<Item>(row);
        if (item.state != Item::State::Cancelled || !m_cancelledByUs.remove(request.requestId))
            return;
        item.state = Item::State::Waiting;
        changed(row);
        notResumable();
    }
    m_requests.insert(request.requestId, table);
    const int tool = rowOf(Tools, request.toolCallId);
    if (tool >= 0 && at<ToolItem>(tool).state == ToolItem::State::Cancelled) {
        at<ToolItem>(tool).state = ToolItem::State::Running;
        at<ToolItem>(tool).ended = {};
        m_openTools.insert(request.toolCallId);
        changed(tool);
    }
    if (meta.agentId.isEmpty())
        m_working = true;
}

template <typename Item>
bool Transcript::settle(const QString &requestId, int row, typename Item::State state)
{
    if (row < 0)
        return false;
    at<Item>(row).state = state;
    m_requests.remove(requestId);
    m_answering.remove(requestId);
    m_cancelledByUs.remove(requestId);
    changed(row);
    return true;
}

void Transcript::on(const EventMeta &meta, const PermissionRequested &request)
{
    ask<PermissionItem>(Permissions, meta, request);
    const int row = rowOf(Permissions, request.requestId);
    if (row >= 0 && at<PermissionItem>(row).state == PermissionItem::State::Waiting)
        setAsking(request.toolCallId, true);
}

void Transcript::on(const EventMeta &meta, const PermissionCompleted &completed)
{
    using State = PermissionItem::State;
    using Outcome = PermissionCompleted::Outcome;
    const State state = completed.outcome == Outcome::Approved ? State::Approved
        : completed.outcome == Outcome::Rejected               ? State::Rejected
                                                               : State::Cancelled;
    const int row = rowOf(Permissions, completed.requestId);
    const QString tool = row < 0 ? QString() : at<PermissionItem>(row).request.toolCallId;
    settle<PermissionItem>(completed.requestId, row, state);
    setAsking(tool, false);
    // It was announced before it was asked about; now it runs.
    const int running = state == State::Approved && !tool.isEmpty() ? rowOf(Tools, tool) : -1;
    if (running >= 0 && m_openTools.contains(tool))
        at<ToolItem>(running).started = meta.time;
}

void Transcript::setAsking(const QString &toolCallId, bool asking)
{
    const int row = toolCallId.isEmpty() ? -1 : rowOf(Tools, toolCallId);
    if (row < 0 || at<ToolItem>(row).asking == asking)
        return;
    at<ToolItem>(row).asking = asking;
    changed(row);
}

void Transcript::on(const EventMeta &meta, const QuestionRequested &request)
{
    ask<QuestionItem>(Questions, meta, request);
}

void Transcript::on(const EventMeta &, const QuestionCompleted &completed)
{
    const int row = rowOf(Questions, completed.requestId);
    if (row >= 0)
        at<QuestionItem>(row).answer = completed.answer;
    settle<QuestionItem>(completed.requestId, row, QuestionItem::State::Answered);
}

void Transcript::on(const EventMeta &meta, const PlanApprovalRequested &request)
{
    ask<PlanItem>(Plans, meta, request);
}

void Transcript::on(const EventMeta &, const PlanApprovalCompleted &completed)
{
    settle<PlanItem>(completed.requestId, rowOf(Plans, completed.requestId),
                     completed.approved ? PlanItem::State::Approved : PlanItem::State::Rejected);
}

// ---- the session ----

void Transcript::on(const EventMeta &, const UsageReported &usage)
{
    m_usage.inputTokens += usage.inputTokens;
    m_usage.outputTokens += usage.outputTokens;
    m_usage.cachedTokens += usage.cachedTokens;
    m_usage.duration += usage.duration;
    m_usage.model = usage.model;
    noteInfo();
}

void Transcript::on(const EventMeta &meta, const ContextUsage &usage)
{
    if (!meta.agentId.isEmpty())
        return;
    m_context = usage;
    noteInfo();
}

void Transcript::on(const EventMeta &, const TitleChanged &title)
{
    m_title = title.title;
    noteInfo();
}

void Transcript::on(const EventMeta &meta, const ModelChanged &model)
{
    if (!meta.agentId.isEmpty() || model.model == m_model)
        return;
    const bool first = m_model.isEmpty();
    m_model = model.model;
    noteInfo();
    if (first)
        return;
    NoticeItem notice;
    notice.kind = NoticeItem::Kind::ModelChanged;
    notice.text = model.model;
    append(meta, std::move(notice));
}

void Transcript::on(const EventMeta &meta, const ModeChanged &mode)
{
    if (!meta.agentId.isEmpty() || mode.mode == m_mode)
        return;
    m_mode = mode.mode;
    noteInfo();
    NoticeItem notice;
    notice.kind = NoticeItem::Kind::ModeChanged;
    notice.text = modeName(mode.mode);
    append(meta, std::move(notice));
}

void Transcript::on(const EventMeta &meta, const TurnRetried &retry)
{
    // The next try starts a message of its own; what this one had said is superseded.
    for (const Table table : {Messages, Reasonings}) {
        auto &open = table == Messages ? m_messageOf : m_reasoningOf;
        const int row = rowOf(table, open.take(meta.agentId));
        if (row >= 0)
            remove(row);
    }
    int count = 1;
    if (m_retryShown) {
        const int last = static_cast<int>(m_items.size()) - 1;
        const auto *shown = std::get_if<NoticeItem>(&m_items[static_cast<std::size_t>(last)].data);
        if (shown && shown->kind == NoticeItem::Kind::Retrying)
            count = shown->count + 1;
        removeRetryNotice();
    }
    NoticeItem notice;
    notice.kind = NoticeItem::Kind::Retrying;
    notice.detail = retry.reason;
    notice.count = count;
    notice.limit = retry.limit;
    append(meta, std::move(notice));
    m_retryShown = true;
}

void Transcript::on(const EventMeta &meta, const Aborted &abort)
{
    // The server ends neither the tools nor the questions of an aborted turn.
    cancelOpen(meta.time);
    dropPending();
    removeRetryNotice();
    m_working = false;
    m_calledTools = false;
    m_unanswered = false;
    NoticeItem notice;
    notice.kind = NoticeItem::Kind::Interrupted;
    notice.detail = abort.reason;
    append(meta, std::move(notice));
}

void Transcript::on(const EventMeta &meta, const AssistantIdle &)
{
    if (!meta.agentId.isEmpty())
        return;
    m_working = false;
    m_stepSince = meta.time;
    m_background = true; // session.idle follows at once where nothing runs
    removeRetryNotice();
}

void Transcript::on(const EventMeta &meta, const SessionIdle &)
{
    if (!meta.agentId.isEmpty())
        return;
    // Nothing runs any more, whatever we missed of its end.
    cancelOpen(meta.time);
    removeRetryNotice();
    m_working = false;
    m_background = false;
    m_calledTools = false;
    m_unanswered = false;
}

void Transcript::on(const EventMeta &meta, const SessionFailed &error)
{
    removeRetryNotice();
    endMessage(meta.agentId, true);
    endReasoning(meta.agentId);
    if (meta.agentId.isEmpty()) {
        m_calledTools = false;
        m_unanswered = false;
    }
    NoticeItem notice;
    notice.kind = NoticeItem::Kind::Error;
    notice.text = error.message;
    notice.detail = error.kind;
    notice.statusCode = error.statusCode;
    append(meta, std::move(notice));
}

void Transcript::on(const EventMeta &meta, const SessionNotice &notice)
{
    if (notice.kind == QStringLiteral("model_retry") && m_retryShown) {
        const int row = static_cast<int>(m_items.size()) - 1;
        auto *shown = std::get_if<NoticeItem>(&m_items[static_cast<std::size_t>(row)].data);
        if (shown && shown->kind == NoticeItem::Kind::Retrying) {
            shown->text = notice.message;
            changed(row);
        }
        return;
    }
    // Passing remarks ("file created") stand in the tool's card already.
    if (meta.ephemeral && !notice.warning)
        return;
    NoticeItem item;
    item.kind = notice.warning ? NoticeItem::Kind::Warning : NoticeItem::Kind::Info;
    item.text = notice.message;
    item.detail = notice.kind;
    append(meta, std::move(item));
}

void Transcript::on(const EventMeta &, const SessionBegan &session)
{
    if (session.model.isEmpty())
        return;
    m_model = session.model;
    noteInfo();
}

void Transcript::on(const EventMeta &meta, const SessionResumed &session)
{
    if (!session.wasActive)
        interrupt(meta, {});
}

void Transcript::on(const EventMeta &meta, const SessionShutDown &session)
{
    interrupt(meta, session.kind);
}

void Transcript::on(const EventMeta &meta, const HistoryNote &note)
{
    const bool lost = note.kind == HistoryNote::Kind::Lost;
    if (lost)
        interrupt(meta, {}); // the server knows nothing of what runs there
    NoticeItem item;
    item.kind = lost ? NoticeItem::Kind::ServerLost : NoticeItem::Kind::Recovered;
    item.count = note.count;
    append(meta, std::move(item));
}

void Transcript::on(const EventMeta &meta, const CompactionChanged &compaction)
{
    NoticeItem notice;
    notice.kind = compaction.success ? NoticeItem::Kind::Compaction : NoticeItem::Kind::Warning;
    notice.running = compaction.running;
    notice.detail = compaction.running ? QString() : QString::number(compaction.tokensRemoved);
    if (!compaction.running) {
        // Its start is a few rows up at most: a compaction goes on beside a turn.
        for (int row = static_cast<int>(m_items.size()) - 1; row >= 0; --row) {
            auto *item = std::get_if<NoticeItem>(&m_items[static_cast<std::size_t>(row)].data);
            if (item && item->kind == NoticeItem::Kind::Compaction && item->running) {
                *item = std::move(notice);
                changed(row);
                return;
            }
        }
    }
    append(meta, std::move(notice));
}

} // namespace pilotlight
