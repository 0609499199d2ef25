// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"

#include <QByteArray>
#include <QDateTime>
#include <QJsonObject>

#include <variant>

namespace pilotlight {

//! The envelope that every event of a session has.
struct EventMeta
{
    QByteArray id; //!< unique; the same event may be delivered more than once
    QDateTime time; //!< the server's, UTC
    QString agentId; //!< set on events of a sub-agent; group by it
    bool ephemeral = false; //!< not in the server's history
    //! As the server wrote it, on one line, where it belongs into a copy of the conversation that
    //! is to be read without the server; else empty. decodeKept() reads it again.
    QByteArray raw = {};
};

// Typed events. Protocol words end here: fields say what happened, not how it was spelled.
struct UserMessage
{
    enum class Delivery
    {
        Idle,
        Queued,
        Steering
    };
    QString messageId; //!< what send() returned
    QString text;
    Delivery delivery = Delivery::Idle;
    QString source; //!< empty: a user; else who made it ("agent-...", "system")
    QList<Attachment> attachments = {}; //!< files and folders
};
struct TurnStarted
{
    QString turnId;
};
struct TurnEnded
{
    QString turnId;
};
struct MessageStarted
{
    QString messageId;
};
struct MessageDelta
{
    QString messageId;
    QString text;
};
struct ToolRequest
{
    QString toolCallId;
    QString name;
    QString title; //!< the server's display title ("Running command"); may be empty
    QString intention; //!< what for, in the model's words; may be empty
    QJsonObject arguments;
};
//! The final text of a message: replaces what the deltas built.
struct MessageCompleted
{
    QString messageId;
    QString turnId;
    QString text;
    QString reasoning;
    QList<ToolRequest> toolRequests;
};
struct ReasoningDelta
{
    QString reasoningId;
    QString text;
};
struct ReasoningCompleted
{
    QString reasoningId;
    QString text;
};
struct ToolStarted
{
    ToolRequest request;
};
//! Output while the tool runs. isDelta: append; else the whole output (or its tail) so far.
struct ToolOutput
{
    QString toolCallId;
    QString text;
    bool isDelta = false;
};
struct ToolCompleted
{
    QString toolCallId;
    bool success = true;
    QString
        output; //!< what the model got; of a shell its plain output (the beginning of a long one)
    QString details; //!< for people, where it differs from output; a unified diff for edits
    std::optional<int> exitCode;
    QString error; //!< of a failure
    bool denied = false; //!< failed because permission was refused
};
struct PermissionRequested
{
    enum class Kind
    {
        Commands,
        Read,
        Write,
        Url,
        Mcp,
        CustomTool,
        Other
    };
    QString requestId;
    QString toolCallId;
    Kind kind = Kind::Other;
    QString subject; //!< the command, path, URL or tool
    QString intention; //!< why, in the model's words
    QString diff; //!< of a write
    bool canApproveForSession = false;
    QJsonObject raw; //!< the whole prompt, needed again by the answer
};
struct PermissionCompleted
{
    enum class Outcome
    {
        Approved,
        Rejected,
        Cancelled
    };
    QString requestId;
    Outcome outcome = Outcome::Approved;
    QString feedback; //!< what the user told the model with a rejection
};
struct QuestionRequested
{
    QString requestId;
    QString toolCallId;
    QString question;
    QStringList choices;
    bool allowFreeform = true;
};
struct QuestionCompleted
{
    QString requestId;
    QString answer;
};
//! The agent wants to leave plan mode and asks for approval of its plan.
struct PlanApprovalRequested
{
    QString requestId; //!< names the pending answer
    QString toolCallId; //!< may be empty
    QString summary; //!< Markdown
    QString plan; //!< Markdown, the whole plan; often empty: then the summary is all there is
    QStringList actions; //!< what the answer may select
    QString recommendedAction;
};
struct PlanApprovalCompleted
{
    QString requestId;
    bool approved = false;
    QString action;
};
struct SubagentStarted
{
    QString toolCallId;
    QString name;
}; //!< meta.agentId is the new agent's
struct SubagentCompleted
{
    QString toolCallId;
    bool success = true;
    int toolCalls = 0;
    qint64 tokens = 0;
};
struct UsageReported
{
    qint64 inputTokens = 0;
    qint64 outputTokens = 0;
    qint64 cachedTokens = 0;
    QString model;
    Milliseconds duration{0};
};
struct ContextUsage
{
    qint64 currentTokens = 0;
    qint64 tokenLimit = 0;
};
struct TitleChanged
{
    QString title;
};
struct ModelChanged
{
    QString model;
};
struct ModeChanged
{
    AgentMode mode = AgentMode::Interactive;
};
//! A model call failed and is tried again: text of the superseded message must go.
struct TurnRetried
{
    QString turnId;
    QString reason;
    int limit = 0; //!< so many retries before the server gives up; 0: not known
};
struct Aborted
{
    QString reason;
};
//! The model has answered; background work may still run.
struct AssistantIdle
{
    bool aborted = false;
};
//! Nothing runs and nothing is queued.
struct SessionIdle
{
    bool aborted = false;
};
struct SessionFailed
{
    QString kind;
    QString message;
    std::optional<int> statusCode;
};
struct SessionNotice
{
    bool warning = false;
    QString kind;
    QString message;
};
struct SessionBegan
{
    QString model;
    QString workingDirectory;
};
struct SessionResumed
{
    qint64 eventCount = 0;
    bool wasActive = false;
};
//! The server unloaded the session (its end, a drop, or an idle limit).
struct SessionShutDown
{
    QString kind;
};
struct QueueChanged
{ };
struct CompactionChanged
{
    bool running = false;
    bool success = true;
    qint64 tokensRemoved = 0;
};
//! Not the server's: what we found out about its history when we came back to it.
struct HistoryNote
{
    enum class Kind
    {
        Recovered, //!< what follows happened while we were away
        Lost, //!< we had seen the count events before it; the server's history is without them
    };
    Kind kind = Kind::Recovered;
    int count = 0;
};
//! A type that we do not know: kept, logged, never fatal.
struct UnknownEvent
{
    QString type;
    QJsonObject data;
};

using EventData =
    std::variant<UserMessage, TurnStarted, TurnEnded, MessageStarted, MessageDelta,
                 MessageCompleted, ReasoningDelta, ReasoningCompleted, ToolStarted, ToolOutput,
                 ToolCompleted, PermissionRequested, PermissionCompleted, QuestionRequested,
                 QuestionCompleted, PlanApprovalRequested, PlanApprovalCompleted, SubagentStarted,
                 SubagentCompleted, UsageReported, ContextUsage, TitleChanged, ModelChanged,
                 ModeChanged, TurnRetried, Aborted, AssistantIdle, SessionIdle, SessionFailed,
                 SessionNotice, SessionBegan, SessionResumed, SessionShutDown, QueueChanged,
                 CompactionChanged, HistoryNote, UnknownEvent>;

struct AgentEvent
{
    EventMeta meta;
    EventData data;
};

} // namespace pilotlight
