// SPDX-License-Identifier: MIT
#pragma once

#include "agent/events.h"

#include <QObject>
#include <QSet>

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
};
struct AssistantItem
{
    QString messageId;
    QString text; //!< Markdown
    bool streaming = false;
    bool interrupted = false; //!< the turn was aborted or cut off; text is what had arrived
};
struct ReasoningItem { QString id; QString text; bool streaming = false; };
struct ToolItem
{
    enum class State { Requested, Running, Succeeded, Failed, Denied, Cancelled };
    QString toolCallId;
    QString name;
    QString title;
    QJsonObject arguments;
    State state = State::Requested;
    QString output; //!< while running: the tail; afterwards the result
    QString details; //!< a unified diff where there is one
    QString error;
    std::optional<int> exitCode;
    QDateTime started;
    QDateTime ended;
    int subagentToolCalls = 0; //!< of a sub-agent's card
};
struct PermissionItem
{
    enum class State { Waiting, Answering, Approved, Rejected, Cancelled };
    PermissionRequested request;
    State state = State::Waiting;
};
struct QuestionItem
{
    enum class State { Waiting, Answering, Answered, Cancelled };
    QuestionRequested request;
    State state = State::Waiting;
    QString answer;
};
struct PlanItem
{
    enum class State { Waiting, Answering, Approved, Rejected, Cancelled };
    PlanApprovalRequested request;
    State state = State::Waiting;
};
//! Something that happened around the conversation ("model switched", "turn interrupted").
struct NoticeItem
{
    enum class Kind { Info, Warning, Error, Interrupted, Retrying, ModelChanged, ModeChanged, Compaction, Unknown };
    Kind kind = Kind::Info;
    QString text; //!< the server's own words; may be empty
    QString detail;
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
enum class Activity { Idle, Working, WaitingForUser };

//! Reduces the events of one session to rows. Pure: no clock, no I/O. Applying the same event twice changes
//! nothing; the final text of a message replaces its deltas; the text of a retried try goes; open
//! tool, permission and question cards are closed on abort, since the server does not close them.
class Transcript : public QObject
{
    Q_OBJECT
public:
    explicit Transcript(QObject *parent = nullptr);

    void apply(const AgentEvent &event);
    //! Replaces everything by a history and ends what it left open (a turn without an end was interrupted).
    //! \a live: the session is loaded and may still be working, so nothing is ended.
    void load(const QList<AgentEvent> &history, bool live);
    //! The connection or server went: running items become interrupted, waiting ones stay answerable
    //! only after pending requests were fetched again.
    void markInterrupted();

    //! Shows a prompt of ours before the server echoes it (matched by message id later).
    void addPending(const QString &messageId, const QString &text);
    void removePending(const QString &messageId);
    //! A card of ours was clicked; the answer is under way (or failed: back to waiting).
    void setAnswering(const QString &requestId, bool answering);

    const std::vector<TranscriptItem> &items() const { return m_items; }
    Activity activity() const;
    //! For the phase line: "" or the name of the tool that runs.
    QString runningTool() const;
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
    std::vector<TranscriptItem> m_items;
};

} // namespace pilotlight
