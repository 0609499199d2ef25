// SPDX-License-Identifier: MIT
#include "session/transcript.h"

#include <algorithm>

namespace pilotlight {

Transcript::Transcript(QObject *parent)
    : QObject(parent)
{ }

// ---- from outside ----

bool Transcript::apply(const AgentEvent &event)
{
    if (!m_seen.insert(event.meta.id, event.meta.ephemeral))
        return false;
    reduce(event);
    notifyActivity();
    return true;
}

void Transcript::reduce(const AgentEvent &event)
{
    if (event.meta.time.isValid() && (!m_lastTime.isValid() || event.meta.time > m_lastTime))
        m_lastTime = event.meta.time;
    std::visit([&](const auto &data) { on(event.meta, data); }, event.data);
}

void Transcript::load(const QList<AgentEvent> &history, bool live, bool certain)
{
    std::vector<TranscriptItem> pending;
    for (const TranscriptItem &item : m_items) {
        const auto *user = std::get_if<UserItem>(&item.data);
        if (user && user->pending)
            pending.push_back(item);
    }
    m_loading = true;
    clear();
    for (const AgentEvent &event : history) {
        if (m_seen.insert(event.meta.id, event.meta.ephemeral))
            reduce(event);
    }
    EventMeta end;
    end.time = m_lastTime;
    if (!live)
        interrupt(end, {}, certain);
    // Idle events are not in a history; a turn goes on only after a message that called tools.
    if (m_openTurns.isEmpty() && m_openTools.isEmpty() && m_requests.isEmpty() && !m_calledTools)
        m_working = false;
    for (TranscriptItem &item : pending) {
        auto &user = std::get<UserItem>(item.data);
        const bool echoed = std::any_of(m_items.cbegin(), m_items.cend(), [&](const auto &row) {
            const auto *old = std::get_if<UserItem>(&row.data);
            return old && old->messageId.isEmpty() && old->text == user.text;
        });
        if (echoed || rowOf(Users, user.messageId) >= 0)
            continue;
        // A server that does nothing has no queue: what is not in its history is not anywhere.
        user.dropped = certain && !m_working;
        m_pending.insert(user.messageId);
        insert(static_cast<int>(m_items.size()), std::move(item));
    }
    m_loading = false;
    Q_EMIT reset();
    notifyActivity();
}

void Transcript::clear()
{
    m_items.clear();
    for (auto &table : m_rows)
        table.clear();
    m_seen.clear();
    m_messageOf.clear();
    m_reasoningOf.clear();
    m_reasoningOfMessage.clear();
    m_lastReasoning.clear();
    m_agentTool.clear();
    m_openTools.clear();
    m_deltaTools.clear();
    m_openTurns.clear();
    m_pending.clear();
    m_requests.clear();
    m_answering.clear();
    m_cancelledByUs.clear();
    // The title and the usage are not in a history; what was known of them stays.
    m_model.clear();
    m_mode = AgentMode::Interactive;
    noteInfo();
    m_working = false;
    m_background = false;
    m_calledTools = false;
    m_unanswered = false;
    m_retryShown = false;
    m_resumable = false;
}

void Transcript::markInterrupted()
{
    EventMeta meta;
    meta.time = m_lastTime;
    interrupt(meta, {}, false);
    notifyActivity();
}

void Transcript::addPending(const QString &messageId, const QString &text)
{
    if (messageId.isEmpty() || rowOf(Users, messageId) >= 0)
        return; // the echo was faster
    UserItem item;
    item.messageId = messageId;
    item.text = text;
    item.pending = true;
    EventMeta meta;
    meta.time = m_lastTime;
    m_pending.insert(messageId);
    append(meta, std::move(item));
}

void Transcript::removePending(const QString &messageId)
{
    const int row = rowOf(Users, messageId);
    if (row >= 0 && at<UserItem>(row).pending)
        remove(row);
}

void Transcript::setAnswering(const QString &requestId, bool answering)
{
    const auto request = m_requests.constFind(requestId);
    if (request == m_requests.constEnd())
        return;
    const Table table = *request;
    const int row = rowOf(table, requestId);
    if (answering)
        m_answering.insert(requestId);
    else
        m_answering.remove(requestId);
    const auto set = [&](auto &item) {
        using State = decltype(item.state);
        item.state = answering ? State::Answering : State::Waiting;
    };
    if (table == Permissions)
        set(at<PermissionItem>(row));
    else if (table == Questions)
        set(at<QuestionItem>(row));
    else
        set(at<PlanItem>(row));
    changed(row);
    notifyActivity();
}

Activity Transcript::activity() const
{
    if (waitingRequests() > 0)
        return Activity::WaitingForUser;
    return m_working ? Activity::Working : Activity::Idle;
}

int Transcript::waitingRequests() const
{
    return static_cast<int>(m_requests.size() - m_answering.size());
}

QString Transcript::runningTool() const
{
    // The latest one that runs; cards of an outer sub-agent call come before those inside.
    int latest = -1;
    for (const QString &id : m_openTools)
        latest = std::max(latest, rowOf(Tools, id));
    if (latest < 0)
        return {};
    return std::get<ToolItem>(m_items[static_cast<std::size_t>(latest)].data).name;
}

QString Transcript::title() const
{
    return m_title;
}

QString Transcript::model() const
{
    return m_model;
}

AgentMode Transcript::mode() const
{
    return m_mode;
}

ContextUsage Transcript::contextUsage() const
{
    return m_context;
}

UsageReported Transcript::totalUsage() const
{
    return m_usage;
}

QDateTime Transcript::lastEventTime() const
{
    return m_lastTime;
}

void Transcript::notifyActivity()
{
    const Activity now = activity();
    const int waiting = waitingRequests();
    if (now != m_shownActivity || waiting != m_shownWaiting || m_background != m_shownBackground) {
        m_shownActivity = now;
        m_shownWaiting = waiting;
        m_shownBackground = m_background;
        Q_EMIT activityChanged();
    }
    if (m_infoDirty) {
        m_infoDirty = false;
        Q_EMIT infoChanged();
    }
}

// ---- rows ----

int Transcript::append(const EventMeta &meta, decltype(TranscriptItem::data) data)
{
    const int row = static_cast<int>(m_items.size());
    insert(row, TranscriptItem{meta.time, meta.agentId, std::move(data)});
    return row;
}

void Transcript::insert(int row, TranscriptItem item)
{
    m_items.insert(m_items.begin() + row, std::move(item));
    for (int i = row; i < static_cast<int>(m_items.size()); ++i)
        index(i);
    if (!m_loading)
        Q_EMIT itemsInserted(row, row);
}

void Transcript::remove(int row)
{
    unindex(row);
    m_items.erase(m_items.begin() + row);
    for (int i = row; i < static_cast<int>(m_items.size()); ++i)
        index(i);
    if (!m_loading)
        Q_EMIT itemsRemoved(row, row);
}

void Transcript::changed(int row)
{
    if (!m_loading)
        Q_EMIT itemChanged(row);
}

int Transcript::rowOf(Table table, const QString &id) const
{
    return m_rows[table].value(id, -1);
}

namespace {

//! Calls \a use with the table number and the id of an item that has one.
template <typename Use>
void withKey(const TranscriptItem &item, Use use)
{
    struct Visitor
    {
        Use &use;
        void operator()(const UserItem &i) { use(0, i.messageId); }
        void operator()(const AssistantItem &i) { use(1, i.messageId); }
        void operator()(const ReasoningItem &i) { use(2, i.id); }
        void operator()(const ToolItem &i) { use(3, i.toolCallId); }
        void operator()(const PermissionItem &i) { use(4, i.request.requestId); }
        void operator()(const QuestionItem &i) { use(5, i.request.requestId); }
        void operator()(const PlanItem &i) { use(6, i.request.requestId); }
        void operator()(const NoticeItem &) { }
    };
    std::visit(Visitor{use}, item.data);
}

} // namespace

void Transcript::index(int row)
{
    static_assert(Users == 0 && Messages == 1 && Reasonings == 2 && Tools == 3 && Permissions == 4
                  && Questions == 5 && Plans == 6);
    withKey(m_items[static_cast<std::size_t>(row)], [&](std::size_t table, const QString &id) {
        // Old servers name no messages. A call or a request without an id is nonsense, but is
        // found.
        if (!id.isEmpty() || table >= Tools)
            m_rows[table].insert(id, row);
    });
}

void Transcript::unindex(int row)
{
    withKey(m_items[static_cast<std::size_t>(row)], [&](std::size_t table, const QString &id) {
        m_rows[table].remove(id);
        if (table == Users)
            m_pending.remove(id);
    });
}

// ---- ends ----

void Transcript::endMessage(const QString &agentId, bool interrupted)
{
    const QString id = m_messageOf.take(agentId);
    const int row = id.isEmpty() ? -1 : rowOf(Messages, id);
    if (row < 0)
        return;
    auto &item = at<AssistantItem>(row);
    item.streaming = false;
    item.interrupted = interrupted;
    if (item.text.isEmpty())
        remove(row);
    else
        changed(row);
}

void Transcript::endReasoning(const QString &agentId)
{
    const QString id = m_reasoningOf.take(agentId);
    const int row = id.isEmpty() ? -1 : rowOf(Reasonings, id);
    if (row < 0)
        return;
    at<ReasoningItem>(row).streaming = false;
    changed(row);
}

void Transcript::cancelRequest(const QString &requestId)
{
    const Table table = m_requests.take(requestId);
    m_answering.remove(requestId);
    m_cancelledByUs.insert(requestId);
    const int row = rowOf(table, requestId);
    if (table == Permissions)
        at<PermissionItem>(row).state = PermissionItem::State::Cancelled;
    else if (table == Questions)
        at<QuestionItem>(row).state = QuestionItem::State::Cancelled;
    else
        at<PlanItem>(row).state = PlanItem::State::Cancelled;
    changed(row);
}

void Transcript::cancelOpen(const QDateTime &time)
{
    const QList<QString> messages = m_messageOf.keys();
    for (const QString &agentId : messages)
        endMessage(agentId, true);
    const QList<QString> reasonings = m_reasoningOf.keys();
    for (const QString &agentId : reasonings)
        endReasoning(agentId);
    const QSet<QString> tools = std::exchange(m_openTools, {});
    for (const QString &id : tools) {
        const int row = rowOf(Tools, id);
        auto &tool = at<ToolItem>(row);
        tool.state = ToolItem::State::Cancelled;
        tool.ended = time;
        changed(row);
    }
    m_deltaTools.clear();
    const QList<QString> requests = m_requests.keys();
    for (const QString &id : requests)
        cancelRequest(id);
    m_openTurns.clear();
}

void Transcript::interrupt(const EventMeta &meta, const QString &reason, bool certain)
{
    const bool cut = !m_openTurns.isEmpty() || !m_openTools.isEmpty() || !m_messageOf.isEmpty()
        || !m_requests.isEmpty() || m_calledTools || m_unanswered;
    cancelOpen(meta.time);
    dropPending();
    removeRetryNotice();
    m_working = false;
    m_background = false;
    m_calledTools = false;
    m_unanswered = false;
    if (!cut)
        return;
    NoticeItem notice;
    notice.kind = NoticeItem::Kind::Interrupted;
    notice.text = reason;
    if (!certain)
        notice.detail = QStringLiteral("connection");
    notResumable();
    notice.resumable = certain;
    m_resumable = certain;
    EventMeta main = meta;
    main.agentId.clear();
    append(main, std::move(notice));
}

//! Something has followed, or the turn goes on after all.
void Transcript::notResumable()
{
    if (!std::exchange(m_resumable, false))
        return;
    for (int row = static_cast<int>(m_items.size()) - 1; row >= 0; --row) {
        auto *notice = std::get_if<NoticeItem>(&m_items[static_cast<std::size_t>(row)].data);
        if (!notice || !notice->resumable)
            continue;
        notice->resumable = false;
        changed(row);
        return;
    }
}

void Transcript::dropPending()
{
    for (const QString &id : std::as_const(m_pending)) {
        const int row = rowOf(Users, id);
        at<UserItem>(row).dropped = true;
        changed(row);
    }
}

void Transcript::removeRetryNotice()
{
    if (!m_retryShown)
        return;
    m_retryShown = false;
    for (int row = static_cast<int>(m_items.size()) - 1; row >= 0; --row) {
        const auto *notice = std::get_if<NoticeItem>(&m_items[static_cast<std::size_t>(row)].data);
        if (notice && notice->kind == NoticeItem::Kind::Retrying) {
            remove(row);
            return;
        }
    }
}

void Transcript::noteInfo()
{
    m_infoDirty = true;
}

} // namespace pilotlight
