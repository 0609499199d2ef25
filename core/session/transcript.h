// SPDX-License-Identifier: MIT
#pragma once

#include "agent/eventids.h"
#include "agent/events.h"

#include <QHash>
#include <QObject>
#include <QSet>

#include <array>
#include <variant>
#include <vector>

namespace pilotlight {

// What a conversation looks like to a person: the rows of the chat.
struct UserItem
{
    QString messageId;
    QString text;
    UserMessage::Delivery delivery = UserMessage::Delivery::Idle;
    bool pending = false; //!< ours, not yet echoed by the server
    //! With pending: the server has dropped it (its queue goes on abort and on every end of the
    //! session), so it must be sent again to be answered.
    bool dropped = false;
    QList<Attachment> attachments; //!< files and folders that went along
};
struct AssistantItem
{
    QString messageId;
    QString text; //!< Markdown
    bool streaming = false;
    bool interrupted = false; //!< the turn was aborted or cut off; text is what had arrived
};
struct ReasoningItem
{
    QString id;
    QString text;
    bool streaming = false;
};
struct ToolItem
{
    enum class State
    {
        Requested,
        Running,
        Succeeded,
        Failed,
        Denied,
        Cancelled
    };
    QString toolCallId;
    QString name;
    QString title;
    QString intention; //!< what for, in the model's words; may be empty
    QJsonObject arguments;
    State state = State::Requested;
    bool asking = false; //!< while running: it waits for a permission
    QString output; //!< while running: the last 64 to 128 K characters; afterwards the result
    QString details; //!< a unified diff where there is one
    QString error;
    std::optional<int> exitCode;
    QDateTime started;
    QDateTime ended;
    QString subagentId; //!< of a sub-agent's card: rows with this agentId belong inside
    int subagentToolCalls = 0;
    qint64 subagentTokens = 0; //!< known when it has ended
};
struct PermissionItem
{
    enum class State
    {
        Waiting,
        Answering,
        Approved,
        Rejected,
        Cancelled
    };
    PermissionRequested request;
    State state = State::Waiting;
};
struct QuestionItem
{
    enum class State
    {
        Waiting,
        Answering,
        Answered,
        Cancelled
    };
    QuestionRequested request;
    State state = State::Waiting;
    QString answer;
};
struct PlanItem
{
    enum class State
    {
        Waiting,
        Answering,
        Approved,
        Rejected,
        Cancelled
    };
    PlanApprovalRequested request;
    State state = State::Waiting;
};
//! Something that happened around the conversation ("model switched", "turn interrupted").
struct NoticeItem
{
    enum class Kind
    {
        Info,
        Warning,
        Error,
        Interrupted,
        Retrying,
        ModelChanged,
        ModeChanged,
        Compaction,
        Recovered, //!< count events after it happened while we were away
        ServerLost, //!< the server's history is without count events before it
        Unknown
    };
    Kind kind = Kind::Info;
    QString text; //!< the server's own words, a model, a mode, a reason; may be empty
    QString detail; //!< the server's word for the kind of it; may be empty
    std::optional<int> statusCode; //!< HTTP status of a failed model call
    bool running = false; //!< of a Compaction that has not ended
    int count = 1; //!< of Retrying: which try failed; of Recovered and ServerLost: events
    int limit = 0; //!< of Retrying: so many are made; 0: not known
    //! Of Interrupted: the server says that the turn is over, and nothing has followed, so that it
    //! can be continued or asked again.
    bool resumable = false;
};

struct TranscriptItem
{
    QDateTime time;
    QString agentId; //!< of a sub-agent: shown inside its card's group
    std::variant<UserItem, AssistantItem, ReasoningItem, ToolItem, PermissionItem, QuestionItem,
                 PlanItem, NoticeItem>
        data;
};

//! What a session is doing, derived from events only.
enum class Activity
{
    Idle,
    Working,
    WaitingForUser
};

//! What the turn is at, as far as events tell: the innermost thing that has begun and not ended.
struct TurnStep
{
    enum class Kind
    {
        None, //!< no turn, nothing in the background
        Permission, //!< the user is asked
        Question,
        Plan,
        Tool,
        Subagent,
        Retry, //!< the model's answer failed and is tried for again
        Reasoning,
        Answer, //!< text arrives
        ModelRequest, //!< nothing of the answer has arrived yet
        Background //!< the model has answered; shells or sub-agents run on
    };
    Kind kind = Kind::None;
    QString subject; //!< the tool's name, the sub-agent's, the retry's reason
    QDateTime since; //!< UTC, the server's clock; invalid where not known
    int attempt = 0; //!< of Retry
    int attempts = 0; //!< of Retry; 0: not known
};

//! Reduces the events of one session to rows. Pure: no clock, no I/O. Applying the same event twice
//! changes nothing; the final text of a message replaces its deltas; the text of a retried try
//! goes; open tool, permission and question cards are closed on abort, since the server does not
//! close them.
class Transcript : public QObject
{
    Q_OBJECT
public:
    explicit Transcript(QObject *parent = nullptr);

    //! False where it was applied before, and nothing was done.
    bool apply(const AgentEvent &event);
    //! Replaces everything by a history and ends what it left open (a turn without an end was
    //! interrupted).
    //! \a live: the session is loaded and may still be working, so nothing is ended. Not \a
    //! certain: read from a copy, without the server; what it has done since nobody knows.
    void load(const QList<AgentEvent> &history, bool live, bool certain = true);
    //! The connection or server went: running items become interrupted, waiting ones stay
    //! answerable only after pending requests were fetched again. Whether the turn goes on nobody
    //! knows until the history has been read again.
    void markInterrupted();

    //! Shows a prompt of ours before the server echoes it (matched by message id later).
    void addPending(const QString &messageId, const QString &text);
    void removePending(const QString &messageId);
    //! A card of ours was clicked; the answer is under way (or failed: back to waiting).
    void setAnswering(const QString &requestId, bool answering);

    const std::vector<TranscriptItem> &items() const { return m_items; }
    //! Idle as soon as the model has answered: a prompt sent then is answered at once.
    Activity activity() const;
    //! The model has answered, but a shell of the session runs on and may start a turn by itself.
    bool hasBackgroundWork() const { return m_background; }
    //! A prompt was taken up, and no turn has begun with it yet.
    bool isPromptOpen() const { return m_unanswered; }
    //! For the phase line: "" or the name of the tool that runs.
    QString runningTool() const;
    TurnStep step() const;
    //! What the server said when it was asked, where that is more than the events have told: it
    //! works on a turn, or on something in the background.
    void serverWorks(bool turn, bool background);
    //! It said that it does nothing: ends what is open, as the missed end would have.
    void serverIsIdle();
    QString title() const; //!< the server's automatic title
    QString model() const;
    AgentMode mode() const;
    ContextUsage contextUsage() const;
    UsageReported totalUsage() const;
    QDateTime lastEventTime() const;
    int waitingRequests() const;

Q_SIGNALS:
    void itemsInserted(int first, int last);
    void itemsRemoved(int first, int last);
    void itemChanged(int row);
    void reset();
    void activityChanged();
    void infoChanged(); //!< title, model, mode or usage

private:
    enum Table
    {
        Users,
        Messages,
        Reasonings,
        Tools,
        Permissions,
        Questions,
        Plans,
        TableCount
    };

    // One per event that changes rows; the others are taken by the template and ignored.
    void on(const EventMeta &meta, const UserMessage &message);
    void on(const EventMeta &meta, const TurnStarted &turn);
    void on(const EventMeta &meta, const TurnEnded &turn);
    void on(const EventMeta &meta, const MessageStarted &message);
    void on(const EventMeta &meta, const MessageDelta &delta);
    void on(const EventMeta &meta, const MessageCompleted &message);
    void on(const EventMeta &meta, const ReasoningDelta &delta);
    void on(const EventMeta &meta, const ReasoningCompleted &reasoning);
    void on(const EventMeta &meta, const ToolStarted &tool);
    void on(const EventMeta &meta, const ToolOutput &output);
    void on(const EventMeta &meta, const ToolCompleted &tool);
    void on(const EventMeta &meta, const PermissionRequested &request);
    void on(const EventMeta &meta, const PermissionCompleted &completed);
    void on(const EventMeta &meta, const QuestionRequested &request);
    void on(const EventMeta &meta, const QuestionCompleted &completed);
    void on(const EventMeta &meta, const PlanApprovalRequested &request);
    void on(const EventMeta &meta, const PlanApprovalCompleted &completed);
    void on(const EventMeta &meta, const SubagentStarted &agent);
    void on(const EventMeta &meta, const SubagentCompleted &agent);
    void on(const EventMeta &meta, const UsageReported &usage);
    void on(const EventMeta &meta, const ContextUsage &usage);
    void on(const EventMeta &meta, const TitleChanged &title);
    void on(const EventMeta &meta, const ModelChanged &model);
    void on(const EventMeta &meta, const ModeChanged &mode);
    void on(const EventMeta &meta, const TurnRetried &retry);
    void on(const EventMeta &meta, const Aborted &abort);
    void on(const EventMeta &meta, const AssistantIdle &idle);
    void on(const EventMeta &meta, const SessionIdle &idle);
    void on(const EventMeta &meta, const SessionFailed &error);
    void on(const EventMeta &meta, const SessionNotice &notice);
    void on(const EventMeta &meta, const SessionBegan &session);
    void on(const EventMeta &meta, const SessionResumed &session);
    void on(const EventMeta &meta, const SessionShutDown &session);
    void on(const EventMeta &meta, const CompactionChanged &compaction);
    void on(const EventMeta &meta, const HistoryNote &note);
    template <typename T>
    void on(const EventMeta &, const T &)
    { }

    void reduce(const AgentEvent &event);

    // Rows. All changes of m_items go through these, so that signals and indexes stay true.
    int append(const EventMeta &meta, decltype(TranscriptItem::data) data);
    void insert(int row, TranscriptItem item);
    void remove(int row);
    void changed(int row);
    int rowOf(Table table, const QString &id) const;
    void index(int row);
    void unindex(int row);
    template <typename T>
    T &at(int row)
    {
        return std::get<T>(m_items[static_cast<std::size_t>(row)].data);
    }

    int pendingRow(const QString &text) const;
    int messageRow(const EventMeta &meta, const QString &messageId);
    int reasoningRow(const EventMeta &meta, const QString &reasoningId);
    void setReasoning(const EventMeta &meta, const QString &messageId, const QString &text);
    int toolRow(const EventMeta &meta, const ToolRequest &request, ToolItem::State state);
    template <typename Item, typename Request>
    void ask(Table table, const EventMeta &meta, const Request &request);
    template <typename Item>
    bool settle(const QString &requestId, int row, typename Item::State state);

    // Ends.
    void endMessage(const QString &agentId, bool interrupted);
    void endReasoning(const QString &agentId);
    void cancelRequest(const QString &requestId);
    void cancelOpen(const QDateTime &time);
    void interrupt(const EventMeta &meta, const QString &reason, bool certain = true);
    void notResumable();
    void dropPending();
    void setAsking(const QString &toolCallId, bool asking);
    void removeRetryNotice();
    void clear();
    void notifyActivity();
    void noteInfo();

    std::vector<TranscriptItem> m_items;
    std::array<QHash<QString, int>, TableCount> m_rows;
    SeenEvents m_seen;
    mutable int m_lastRow = 0; //!< of the last delta; checked before use
    // What is open, so that ends need no search.
    QHash<QString, QString> m_messageOf; //!< agent -> message that streams
    QHash<QString, QString> m_reasoningOf; //!< agent -> reasoning that streams
    QHash<QString, QString> m_reasoningOfMessage;
    QHash<QString, QString> m_lastReasoning; //!< agent -> its latest reasoning row
    QHash<QString, QString> m_agentTool; //!< agent -> tool call that runs it
    QSet<QString> m_openTools;
    QSet<QString> m_deltaTools; //!< running tools whose output comes in pieces
    QSet<QString> m_openTurns; //!< agents in a turn
    QSet<QString> m_pending; //!< message ids of rows that wait for their echo
    QHash<QString, Table> m_requests; //!< that wait for the user
    QSet<QString> m_answering; //!< of these, the ones whose answer is under way
    QSet<QString> m_cancelledByUs; //!< requests that may turn out to be still open

    QString m_title;
    QString m_model;
    AgentMode m_mode = AgentMode::Interactive;
    ContextUsage m_context;
    UsageReported m_usage;
    QDateTime m_lastTime;
    bool m_working = false;
    bool m_background = false;
    bool m_unanswered = false; //!< a prompt was taken up, and no turn has begun since
    bool m_calledTools = false; //!< the main agent's latest message asked for tools
    bool m_loading = false;
    bool m_retryShown = false;
    bool m_resumable = false; //!< a row says so
    QDateTime m_stepSince; //!< the model was asked, or has ended
    bool m_infoDirty = false;
    Activity m_shownActivity = Activity::Idle;
    int m_shownWaiting = 0;
    bool m_shownBackground = false;
};

} // namespace pilotlight
