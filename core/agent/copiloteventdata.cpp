// SPDX-License-Identifier: MIT
#include "agent/copilotevents_p.h"
#include "agent/copilotwire.h"

#include <QJsonArray>
#include <QRegularExpression>

#include <cmath>
#include <unordered_map>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;
using Kind = CopilotEventKind;

namespace {

const std::unordered_map<std::string_view, Kind> &knownKinds();

} // namespace

CopilotEventKind copilotEventKind(std::string_view type)
{
    // The two that make up nearly all of a fast answer.
    if (type == "assistant.message_delta")
        return Kind::MessageDelta;
    if (type == "assistant.streaming_delta")
        return Kind::Skip;
    if (type.substr(0, 6) == "model.")
        return Kind::Skip; // the server's own accounts of its model calls, whole conversations
                           // included

    const auto it = knownKinds().find(type);
    return it == knownKinds().end() ? Kind::Unknown : it->second;
}

namespace {

const std::unordered_map<std::string_view, Kind> &knownKinds()
{
    static const std::unordered_map<std::string_view, Kind> kinds = {
        {"assistant.reasoning_delta", Kind::ReasoningDelta},
        {"tool.shell_output", Kind::ShellOutput},
        {"tool.execution_partial_result", Kind::PartialResult},
        {"user.message", Kind::UserMessage},
        {"assistant.turn_start", Kind::TurnStart},
        {"assistant.turn_end", Kind::TurnEnd},
        {"assistant.message_start", Kind::MessageStart},
        {"assistant.message", Kind::Message},
        {"assistant.reasoning", Kind::Reasoning},
        {"tool.execution_start", Kind::ToolStart},
        {"tool.execution_progress", Kind::ToolProgress},
        {"tool.execution_complete", Kind::ToolComplete},
        {"permission.requested", Kind::PermissionRequested},
        {"permission.completed", Kind::PermissionCompleted},
        {"user_input.requested", Kind::UserInputRequested},
        {"user_input.completed", Kind::UserInputCompleted},
        {"exit_plan_mode.requested", Kind::ExitPlanRequested},
        {"exit_plan_mode.completed", Kind::ExitPlanCompleted},
        {"subagent.started", Kind::SubagentStarted},
        {"subagent.completed", Kind::SubagentCompleted},
        {"subagent.failed", Kind::SubagentFailed},
        {"assistant.usage", Kind::Usage},
        {"session.usage_info", Kind::UsageInfo},
        {"session.title_changed", Kind::TitleChanged},
        {"session.model_change", Kind::ModelChange},
        {"session.mode_changed", Kind::ModeChanged},
        {"assistant.turn_retry", Kind::TurnRetry},
        {"abort", Kind::Abort},
        {"assistant.idle", Kind::AssistantIdle},
        {"session.idle", Kind::SessionIdle},
        {"session.error", Kind::SessionError},
        {"session.warning", Kind::SessionWarning},
        {"session.info", Kind::SessionInfo},
        {"system.notification", Kind::SystemNotification},
        {"session.task_complete", Kind::TaskComplete},
        {"session.autopilot_stopped", Kind::AutopilotStopped},
        {"session.mcp_server_status_changed", Kind::McpServerStatus},
        {"session.start", Kind::SessionStart},
        {"session.resume", Kind::SessionResume},
        {"session.shutdown", Kind::SessionShutdown},
        {"pending_messages.modified", Kind::PendingModified},
        {"session.compaction_start", Kind::CompactionStart},
        {"session.compaction_complete", Kind::CompactionComplete},
        // Noise: what the model is told, the server's bookkeeping, what another event says better.
        {"assistant.tool_call_delta", Kind::Skip},
        {"assistant.intent", Kind::Skip},
        {"assistant.server_tool_progress", Kind::Skip},
        {"system.message", Kind::Skip},
        {"agent.interrupted", Kind::Skip},
        {"sandbox.decision", Kind::Skip},
        {"commands.changed", Kind::Skip},
        {"capabilities.changed", Kind::Skip},
        {"hook.start", Kind::Skip},
        {"hook.end", Kind::Skip},
        {"hook.progress", Kind::Skip},
        {"mcp.tools.list_changed", Kind::Skip},
        {"mcp.prompts.list_changed", Kind::Skip},
        {"mcp.resources.list_changed", Kind::Skip},
        {"skill.context_delivered", Kind::Skip},
        {"skill.context_delivered_ref", Kind::Skip},
        {"skill.invoked", Kind::Skip},
        {"skill.invoked_ref", Kind::Skip},
        {"subagent.configured", Kind::Skip},
        {"subagent.selected", Kind::Skip},
        {"subagent.deselected", Kind::Skip},
        {"tool_search.activated", Kind::Skip},
        {"session.auto_mode_resolved", Kind::Skip},
        {"session.background_tasks_changed", Kind::Skip},
        {"session.completion_receipt", Kind::Skip},
        {"session.context_changed", Kind::Skip},
        {"session.custom_agents_updated", Kind::Skip},
        {"session.extensions_loaded", Kind::Skip},
        {"session.indexed_search", Kind::Skip},
        {"session.managed_settings_enforced", Kind::Skip},
        {"session.managed_settings_resolved", Kind::Skip},
        {"session.mcp_server_tools_loaded", Kind::Skip},
        {"session.mcp_servers_loaded", Kind::Skip},
        {"session.memory_changed", Kind::Skip},
        {"session.mode_notice_delivered", Kind::Skip},
        {"session.permissions_changed", Kind::Skip},
        {"session.plan_changed", Kind::Skip},
        {"session.remote_steerable_changed", Kind::Skip},
        {"session.session_limits_changed", Kind::Skip},
        {"session.skills_loaded", Kind::Skip},
        {"session.todos_changed", Kind::Skip},
        {"session.tools_updated", Kind::Skip},
        {"session.usage_checkpoint", Kind::Skip},
        {"session.usage_record", Kind::Skip},
        {"session.workspace_file_changed", Kind::Skip},
    };
    return kinds;
}

} // namespace

QStringList copilotShownTypes()
{
    QStringList types{u"assistant.message_delta"_s};
    for (const auto &[name, kind] : knownKinds()) {
        if (kind != Kind::Skip)
            types.append(QString::fromLatin1(name.data(), static_cast<qsizetype>(name.size())));
    }
    types.sort();
    return types;
}

bool isWorthKeeping(CopilotEventKind kind, bool ephemeral)
{
    switch (kind) {
    case Kind::Unknown:
    case Kind::Skip:
    case Kind::PendingModified:
    case Kind::UsageInfo:
        return false;
    case Kind::UserInputRequested:
    case Kind::UserInputCompleted:
    case Kind::ExitPlanRequested:
    case Kind::ExitPlanCompleted:
    case Kind::TitleChanged:
    case Kind::TurnRetry:
    case Kind::SessionWarning:
    case Kind::McpServerStatus:
    case Kind::AssistantIdle:
    case Kind::SessionIdle:
        return true;
    default:
        return !ephemeral;
    }
}

namespace {

QString text(const QJsonObject &object, QLatin1StringView key)
{
    return object.value(key).toString();
}

//! Counts come as integers or as doubles (9523.0); both are below 2^53. 0 for what is not.
qint64 number(const QJsonObject &object, QLatin1StringView key)
{
    const double value = object.value(key).toDouble();
    return std::abs(value) < 0x1p53 ? static_cast<qint64>(value) : 0;
}

QStringList strings(const QJsonValue &value)
{
    QStringList list;
    for (const QJsonValue &entry : value.toArray())
        list.append(entry.toString());
    return list;
}

AgentMode agentMode(const QString &name)
{
    if (name == "plan"_L1)
        return AgentMode::Plan;
    return name == "autopilot"_L1 ? AgentMode::Autopilot : AgentMode::Interactive;
}

UserMessage userMessage(const QJsonObject &data)
{
    UserMessage message;
    message.messageId = text(data, "messageId"_L1);
    message.text = text(data, "content"_L1);
    const QString delivery = text(data, "delivery"_L1);
    if (delivery == "queued"_L1)
        message.delivery = UserMessage::Delivery::Queued;
    else if (delivery == "steering"_L1)
        message.delivery = UserMessage::Delivery::Steering;
    message.source = text(data, "source"_L1);
    if (message.source == "user"_L1)
        message.source.clear();
    for (const QJsonValue &value : data.value("attachments"_L1).toArray()) {
        const QJsonObject attachment = value.toObject();
        const QString path = text(attachment, "path"_L1);
        const QString type = text(attachment, "type"_L1);
        if (!path.isEmpty() && (type == "file"_L1 || type == "directory"_L1))
            message.attachments.append(
                {type == "file"_L1 ? Attachment::Kind::File : Attachment::Kind::Directory, path});
    }
    return message;
}

ToolRequest toolRequest(const QJsonObject &data, QLatin1StringView nameKey)
{
    ToolRequest request;
    request.toolCallId = text(data, "toolCallId"_L1);
    request.name = text(data, nameKey);
    request.title = text(data, "toolTitle"_L1);
    request.intention = text(data, "intentionSummary"_L1);
    request.arguments = data.value("arguments"_L1).toObject();
    return request;
}

MessageCompleted messageCompleted(const QJsonObject &data)
{
    MessageCompleted message;
    message.messageId = text(data, "messageId"_L1);
    message.turnId = text(data, "turnId"_L1);
    message.text = text(data, "content"_L1);
    message.reasoning = text(data, "reasoningText"_L1);
    for (const QJsonValue &request : data.value("toolRequests"_L1).toArray())
        message.toolRequests.append(toolRequest(request.toObject(), "name"_L1));
    return message;
}

//! Takes the line that the server appends to a shell's output for the model off it, in the words of
//! 1.0.102 and of 1.0.40, and the exit code out of it. A history has no other account of the
//! output.
void cutShellEnd(ToolCompleted &tool)
{
    static const QRegularExpression end(
        u"<(?:shellId: \\S+ completed|exited) with exit code (-?\\d{1,10})>\\s*$"_s);
    const QRegularExpressionMatch match = end.match(tool.output);
    if (!match.hasMatch())
        return;
    if (!tool.exitCode)
        tool.exitCode = match.capturedView(1).toInt();
    tool.output.truncate(match.capturedStart());
}

ToolCompleted toolCompleted(const QJsonObject &data)
{
    ToolCompleted tool;
    tool.toolCallId = text(data, "toolCallId"_L1);
    tool.success = data.value("success"_L1).toBool();
    const QJsonObject error = data.value("error"_L1).toObject();
    tool.error = text(error, "message"_L1);
    tool.denied = text(error, "code"_L1) == "denied"_L1;

    const QJsonObject result = data.value("result"_L1).toObject();
    tool.output = text(result, "content"_L1);
    const QString detailed = text(result, "detailedContent"_L1);
    if (detailed != tool.output)
        tool.details = detailed;
    bool asWritten = false;
    for (const QJsonValue &value : result.value("contents"_L1).toArray()) {
        const QJsonObject content = value.toObject();
        if (text(content, "type"_L1) != "shell_exit"_L1)
            continue;
        if (content.value("exitCode"_L1).isDouble())
            tool.exitCode = content.value("exitCode"_L1).toInt();
        // The preview is what the command wrote, without what the server adds for the model. A cut
        // one says less than the text.
        if (content.contains("outputPreview"_L1) && !content.value("outputTruncated"_L1).toBool()) {
            tool.output = text(content, "outputPreview"_L1);
            asWritten = true;
        }
    }
    const QJsonValue exitCode = data.value("shellExecution"_L1).toObject().value("exitCode"_L1);
    if (!tool.exitCode && exitCode.isDouble())
        tool.exitCode = exitCode.toInt();
    // A file that a tool read may end in such a line, too: only what a shell said is cut.
    const QJsonObject telemetry = data.value("toolTelemetry"_L1)["properties"_L1].toObject();
    if (!asWritten
        && (data.contains("shellExecution"_L1) || telemetry.contains("executionMode"_L1)))
        cutShellEnd(tool);
    return tool;
}

std::optional<EventData> permissionRequested(const QJsonObject &data)
{
    if (data.value("resolvedByHook"_L1).toBool())
        return std::nullopt; // answered already; nobody may be asked
    // promptRequest is made for asking people; servers before it have only the other one.
    QJsonObject prompt = data.value("promptRequest"_L1).toObject();
    if (prompt.isEmpty())
        prompt = data.value("permissionRequest"_L1).toObject();
    return decodePermissionPrompt(text(data, "requestId"_L1), prompt);
}

PermissionCompleted permissionCompleted(const QJsonObject &data)
{
    PermissionCompleted completed;
    completed.requestId = text(data, "requestId"_L1);
    const QJsonObject result = data.value("result"_L1).toObject();
    const QString kind = text(result, "kind"_L1);
    if (kind.startsWith("approve"_L1))
        completed.outcome = PermissionCompleted::Outcome::Approved;
    else if (kind == "cancelled"_L1)
        completed.outcome = PermissionCompleted::Outcome::Cancelled;
    else
        completed.outcome = PermissionCompleted::Outcome::Rejected; // the denied-... kinds
    completed.feedback = text(result, "feedback"_L1);
    return completed;
}

SessionNotice systemNotification(const QJsonObject &data)
{
    SessionNotice notice;
    notice.kind = text(data.value("kind"_L1).toObject(), "type"_L1);
    notice.message = text(data, "content"_L1);
    // <system_notification>...</system_notification> is for the model.
    notice.message.remove("<system_notification>"_L1).remove("</system_notification>"_L1);
    notice.message = notice.message.trimmed();
    return notice;
}

std::optional<EventData> mcpServerStatus(const QJsonObject &data)
{
    const QString status = text(data, "status"_L1);
    if (status != "failed"_L1 && status != "needs-auth"_L1)
        return std::nullopt;
    const QString error = text(data, "error"_L1);
    return SessionNotice{true, "mcp_"_L1 + status,
                         text(data, "serverName"_L1)
                             + (error.isEmpty() ? QString() : ": "_L1 + error)};
}

SubagentCompleted subagentCompleted(const QJsonObject &data, bool success)
{
    return {text(data, "toolCallId"_L1), success,
            static_cast<int>(number(data, "totalToolCalls"_L1)), number(data, "totalTokens"_L1)};
}

} // namespace

PermissionRequested decodePermissionPrompt(const QString &requestId, const QJsonObject &prompt)
{
    using RequestKind = PermissionRequested::Kind;
    PermissionRequested request;
    request.requestId = requestId;
    request.toolCallId = text(prompt, "toolCallId"_L1);
    request.intention = text(prompt, "intention"_L1);
    request.diff = text(prompt, "diff"_L1);
    request.canApproveForSession = prompt.value("canOfferSessionApproval"_L1).toBool();
    request.raw = prompt;
    const QString kind = text(prompt, "kind"_L1);
    if (kind == "commands"_L1 || kind == "shell"_L1) {
        request.kind = RequestKind::Commands;
        request.subject = text(prompt, "fullCommandText"_L1);
    } else if (kind == "read"_L1) {
        request.kind = RequestKind::Read;
        request.subject = text(prompt, "path"_L1);
    } else if (kind == "write"_L1) {
        request.kind = RequestKind::Write;
        request.subject = text(prompt, "fileName"_L1);
    } else if (kind == "url"_L1) {
        request.kind = RequestKind::Url;
        request.subject = text(prompt, "url"_L1);
    } else if (kind == "mcp"_L1) {
        request.kind = RequestKind::Mcp;
        request.subject = text(prompt, "serverName"_L1) + "/"_L1 + text(prompt, "toolName"_L1);
    } else if (kind == "custom-tool"_L1) {
        request.kind = RequestKind::CustomTool;
        request.subject = text(prompt, "toolName"_L1);
    } else {
        request.subject = kind;
    }
    return request;
}

std::optional<EventData> decodeEventData(CopilotEventKind kind, const QJsonObject &data)
{
    switch (kind) {
    case Kind::Unknown:
        return UnknownEvent{};
    case Kind::Skip:
        return std::nullopt;
    case Kind::MessageDelta:
        return MessageDelta{text(data, "messageId"_L1), text(data, "deltaContent"_L1)};
    case Kind::ReasoningDelta:
        return ReasoningDelta{text(data, "reasoningId"_L1), text(data, "deltaContent"_L1)};
    case Kind::ShellOutput:
        return ToolOutput{text(data, "toolCallId"_L1), text(data, "text"_L1), true};
    case Kind::PartialResult:
        return ToolOutput{text(data, "toolCallId"_L1), text(data, "partialOutput"_L1), false};
    case Kind::UserMessage:
        return userMessage(data);
    case Kind::TurnStart:
        return TurnStarted{text(data, "turnId"_L1)};
    case Kind::TurnEnd:
        return TurnEnded{text(data, "turnId"_L1)};
    case Kind::MessageStart:
        return MessageStarted{text(data, "messageId"_L1)};
    case Kind::Message:
        return messageCompleted(data);
    case Kind::Reasoning:
        return ReasoningCompleted{text(data, "reasoningId"_L1), text(data, "content"_L1)};
    case Kind::ToolStart:
        return ToolStarted{toolRequest(data, "toolName"_L1)};
    case Kind::ToolProgress:
        return ToolOutput{text(data, "toolCallId"_L1), text(data, "progressMessage"_L1), false};
    case Kind::ToolComplete:
        return toolCompleted(data);
    case Kind::PermissionRequested:
        return permissionRequested(data);
    case Kind::PermissionCompleted:
        return permissionCompleted(data);
    case Kind::UserInputRequested:
        return QuestionRequested{text(data, "requestId"_L1), text(data, "toolCallId"_L1),
                                 text(data, "question"_L1), strings(data.value("choices"_L1)),
                                 data.value("allowFreeform"_L1).toBool(true)};
    case Kind::UserInputCompleted:
        return QuestionCompleted{text(data, "requestId"_L1), text(data, "answer"_L1)};
    case Kind::ExitPlanRequested:
        return PlanApprovalRequested{
            text(data, "requestId"_L1),        text(data, "toolCallId"_L1),
            text(data, "summary"_L1),          text(data, "planContent"_L1),
            strings(data.value("actions"_L1)), text(data, "recommendedAction"_L1)};
    case Kind::ExitPlanCompleted:
        return PlanApprovalCompleted{text(data, "requestId"_L1), data.value("approved"_L1).toBool(),
                                     text(data, "selectedAction"_L1)};
    case Kind::SubagentStarted: {
        const QString name = text(data, "agentDisplayName"_L1);
        return SubagentStarted{text(data, "toolCallId"_L1),
                               name.isEmpty() ? text(data, "agentName"_L1) : name};
    }
    case Kind::SubagentCompleted:
        return subagentCompleted(data, true);
    case Kind::SubagentFailed:
        return subagentCompleted(data, false);
    case Kind::Usage:
        return UsageReported{number(data, "inputTokens"_L1), number(data, "outputTokens"_L1),
                             number(data, "cacheReadTokens"_L1), text(data, "model"_L1),
                             Milliseconds(number(data, "duration"_L1))};
    case Kind::UsageInfo:
        return ContextUsage{number(data, "currentTokens"_L1), number(data, "tokenLimit"_L1)};
    case Kind::TitleChanged:
        return TitleChanged{text(data, "title"_L1)};
    case Kind::ModelChange:
        return ModelChanged{text(data, "newModel"_L1)};
    case Kind::ModeChanged:
        return ModeChanged{agentMode(text(data, "newMode"_L1))};
    case Kind::TurnRetry:
        // The limits were measured (docs/protocol.md); the event does not tell them.
        return TurnRetried{text(data, "turnId"_L1), text(data, "reason"_L1),
                           text(data, "reason"_L1) == "transient_auth_error"_L1 ? 2 : 5};
    case Kind::Abort:
        return Aborted{text(data, "reason"_L1)};
    case Kind::AssistantIdle:
        return AssistantIdle{data.value("aborted"_L1).toBool()};
    case Kind::SessionIdle:
        return SessionIdle{data.value("aborted"_L1).toBool()};
    case Kind::SessionError: {
        SessionFailed failed{text(data, "errorType"_L1), text(data, "message"_L1), std::nullopt};
        // The server has no code of its own for it: "query", as for anything else.
        if (failed.message.contains("No GitHub OAuth token"_L1))
            failed.kind = u"not_signed_in"_s;
        if (data.value("statusCode"_L1).isDouble())
            failed.statusCode = data.value("statusCode"_L1).toInt();
        return failed;
    }
    case Kind::SessionWarning:
        return SessionNotice{true, text(data, "warningType"_L1), text(data, "message"_L1)};
    case Kind::SessionInfo:
        if (text(data, "message"_L1) == copilot::touchMessage())
            return std::nullopt; // the echo of a touch
        return SessionNotice{false, text(data, "infoType"_L1), text(data, "message"_L1)};
    case Kind::SystemNotification:
        return systemNotification(data);
    case Kind::TaskComplete:
        return SessionNotice{false, u"task_complete"_s, text(data, "summary"_L1)};
    case Kind::AutopilotStopped:
        return SessionNotice{false, u"autopilot_stopped"_s, text(data, "reason"_L1)};
    case Kind::McpServerStatus:
        return mcpServerStatus(data);
    case Kind::SessionStart:
        return SessionBegan{text(data, "selectedModel"_L1),
                            text(data.value("context"_L1).toObject(), "cwd"_L1)};
    case Kind::SessionResume:
        return SessionResumed{number(data, "eventCount"_L1),
                              data.value("sessionWasActive"_L1).toBool()};
    case Kind::SessionShutdown:
        return SessionShutDown{text(data, "shutdownType"_L1)};
    case Kind::PendingModified:
        return QueueChanged{};
    case Kind::CompactionStart:
        return CompactionChanged{true, true, 0};
    case Kind::CompactionComplete:
        return CompactionChanged{false, data.value("success"_L1).toBool(),
                                 number(data, "tokensRemoved"_L1)};
    }
    return std::nullopt;
}

QDateTime parseTimestamp(std::string_view text)
{
    // 2026-11-20T23:31:54.336Z
    if (text.size() < 20 || text.back() != 'Z' || text[10] != 'T')
        return {};
    bool ok = true;
    const auto digits = [&](std::size_t at, std::size_t count) {
        int value = 0;
        for (std::size_t i = at; i < at + count; ++i) {
            ok = ok && text[i] >= '0' && text[i] <= '9';
            value = value * 10 + (text[i] - '0');
        }
        return value;
    };
    const int year = digits(0, 4);
    const int month = digits(5, 2);
    const int day = digits(8, 2);
    const qint64 seconds = digits(11, 2) * 3600 + digits(14, 2) * 60 + digits(17, 2);
    int milliseconds = 0;
    if (text[19] == '.') {
        int scale = 100;
        for (std::size_t i = 20; i + 1 < text.size(); ++i) {
            milliseconds += digits(i, 1) * scale;
            scale /= 10;
        }
    } else {
        ok = ok && text.size() == 20;
    }
    ok = ok && text[4] == '-' && text[7] == '-' && text[13] == ':' && text[16] == ':' && month >= 1
        && month <= 12 && day >= 1 && day <= 31;
    if (!ok)
        return {};
    // Days since 1970-01-01 in the Gregorian calendar, counting years from March so that the leap
    // day is the last of its year.
    const int marchYear = month > 2 ? year : year - 1;
    const int era = marchYear / 400;
    const int yearOfEra = marchYear - era * 400;
    const int dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const int dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    const qint64 days = qint64(era) * 146097 + dayOfEra - 719468;
    return QDateTime::fromMSecsSinceEpoch((days * 86400 + seconds) * 1000 + milliseconds, Qt::UTC);
}

} // namespace pilotlight
