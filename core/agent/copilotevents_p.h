// SPDX-License-Identifier: MIT
#pragma once

#include "agent/events.h"

#include <optional>
#include <string_view>

namespace pilotlight {

//! The event types of a Copilot CLI that we know. Internal to the decoder.
enum class CopilotEventKind
{
    Unknown,
    Skip, //!< known, of no use to anybody here
    MessageDelta,
    ReasoningDelta,
    ShellOutput,
    PartialResult,
    UserMessage,
    TurnStart,
    TurnEnd,
    MessageStart,
    Message,
    Reasoning,
    ToolStart,
    ToolProgress,
    ToolComplete,
    PermissionRequested,
    PermissionCompleted,
    UserInputRequested,
    UserInputCompleted,
    ExitPlanRequested,
    ExitPlanCompleted,
    SubagentStarted,
    SubagentCompleted,
    SubagentFailed,
    Usage,
    UsageInfo,
    TitleChanged,
    ModelChange,
    ModeChanged,
    TurnRetry,
    Abort,
    AssistantIdle,
    SessionIdle,
    SessionError,
    SessionWarning,
    SessionInfo,
    SystemNotification,
    TaskComplete,
    AutopilotStopped,
    McpServerStatus,
    SessionStart,
    SessionResume,
    SessionShutdown,
    PendingModified,
    CompactionStart,
    CompactionComplete,
};

CopilotEventKind copilotEventKind(std::string_view type);

//! Types that come in thousands and are read without building JSON objects.
inline bool isFrequent(CopilotEventKind kind)
{
    return kind == CopilotEventKind::MessageDelta || kind == CopilotEventKind::ReasoningDelta
        || kind == CopilotEventKind::ShellOutput || kind == CopilotEventKind::PartialResult;
}

//! True for what a copy of the conversation needs: what the history has and people see, and the few
//! ephemeral events that leave something in it (questions, plans, warnings, a title, ends).
bool isWorthKeeping(CopilotEventKind kind, bool ephemeral);

//! The names of all types that we know and have a use for.
QStringList copilotShownTypes();

//! The typed value of an event's data; nullopt where this one is of no use (a permission that a
//! hook has answered). Unknown answers an empty UnknownEvent.
std::optional<EventData> decodeEventData(CopilotEventKind kind, const QJsonObject &data);

PermissionRequested decodePermissionPrompt(const QString &requestId, const QJsonObject &prompt);

//! ISO 8601 in UTC as the server writes it, any number of fraction digits; invalid where it is
//! something else. Qt's own parser takes longer than the rest of an event.
QDateTime parseTimestamp(std::string_view text);

} // namespace pilotlight
