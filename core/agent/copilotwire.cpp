// SPDX-License-Identifier: MIT
#include "agent/copilotwire.h"

#include <QFileInfo>
#include <QJsonArray>

#include <algorithm>

namespace pilotlight::copilot {

using namespace Qt::Literals::StringLiterals;

QJsonObject sessionParams(const SessionConfig &config)
{
    QJsonObject params{
        {u"sessionId"_s, config.id},        {u"clientName"_s, u"pilotlight"_s},
        {u"streaming"_s, config.streaming}, {u"includeSubAgentStreamingEvents"_s, config.streaming},
        {u"requestPermission"_s, true},     {u"requestUserInput"_s, true},
        {u"requestExitPlanMode"_s, true},   {u"envValueMode"_s, u"direct"_s},
    };
    if (!config.model.isEmpty())
        params.insert(u"model"_s, config.model);
    if (!config.workingDirectory.isEmpty())
        params.insert(u"workingDirectory"_s, config.workingDirectory);
    if (!config.systemMessage.isEmpty()) {
        params.insert(u"systemMessage"_s,
                      QJsonObject{{u"mode"_s, u"append"_s}, {u"content"_s, config.systemMessage}});
    }
    if (config.provider && config.provider->isSet()) {
        const ProviderConfig &provider = *config.provider;
        registerSecret(provider.apiKey);
        QJsonObject object{{u"type"_s, provider.type}, {u"baseUrl"_s, provider.baseUrl}};
        if (!provider.wireApi.isEmpty())
            object.insert(u"wireApi"_s, provider.wireApi);
        if (!provider.apiKey.isEmpty())
            object.insert(u"apiKey"_s, QString::fromUtf8(provider.apiKey.reveal()));
        params.insert(u"provider"_s, object);
    }
    return params;
}

Error meaning(Error error)
{
    if (!error.remote)
        return error;
    const RemoteError &remote = *error.remote;
    const auto says = [&](QLatin1StringView words) {
        return remote.message.contains(words, Qt::CaseInsensitive);
    };
    switch (remote.code) {
    case -32001:
        error.code = ErrorCode::AuthenticationRequired;
        return error;
    case -32002:
        error.code = ErrorCode::AuthenticationFailed;
        return error;
    case -32601:
        error.code = ErrorCode::MethodNotFound;
        return error;
    default:
        break;
    }
    if (says("Session not found"_L1) || says("Session file not found"_L1)
        || says("Persisted event journal is unavailable"_L1))
        error.code = ErrorCode::SessionNotFound;
    else if (says("Not authenticated"_L1) || says("No GitHub OAuth token"_L1)
             || says("No authentication info available"_L1))
        error.code = ErrorCode::NotSignedIn;
    return error;
}

ProbeResult::Outcome probeOutcome(const Error &error)
{
    using Outcome = ProbeResult::Outcome;
    switch (error.code) {
    case ErrorCode::Timeout:
        return Outcome::Timeout;
    case ErrorCode::Cancelled:
        return Outcome::Cancelled;
    case ErrorCode::MethodNotFound:
    case ErrorCode::Unsupported:
        return Outcome::Unsupported;
    case ErrorCode::AuthenticationRequired:
    case ErrorCode::AuthenticationFailed:
    case ErrorCode::NotSignedIn:
        return Outcome::Auth;
    case ErrorCode::ProtocolViolation:
    case ErrorCode::InvalidJson:
    case ErrorCode::FrameTooLarge:
        return Outcome::Protocol;
    case ErrorCode::RemoteError:
    case ErrorCode::SessionNotFound:
        return Outcome::RpcError;
    default:
        return Outcome::Transport;
    }
}

QString touchMessage()
{
    return u"Pilotlight keeps this session alive"_s;
}

QJsonObject permissionResult(const PermissionRequested &request, PermissionDecision decision,
                             const QString &feedback)
{
    // The runtime takes any word, but only those of its own list work: with another one the tool
    // fails although the answer was "accepted".
    if (decision == PermissionDecision::Reject) {
        QJsonObject result{{u"kind"_s, u"reject"_s}};
        if (!feedback.isEmpty())
            result.insert(u"feedback"_s, feedback);
        return result;
    }
    const QJsonObject once{{u"kind"_s, u"approve-once"_s}};
    if (decision == PermissionDecision::ApproveOnce)
        return once;

    QJsonObject approval;
    switch (request.kind) {
    case PermissionRequested::Kind::Commands:
        approval = {{u"kind"_s, u"commands"_s},
                    {u"commandIdentifiers"_s, request.raw.value("commandIdentifiers"_L1)}};
        break;
    case PermissionRequested::Kind::Read:
        approval = {{u"kind"_s, u"read"_s}};
        break;
    case PermissionRequested::Kind::Write:
        approval = {{u"kind"_s, u"write"_s}};
        break;
    case PermissionRequested::Kind::Mcp:
        approval = {{u"kind"_s, u"mcp"_s},
                    {u"serverName"_s, request.raw.value("serverName"_L1)},
                    {u"toolName"_s, request.raw.value("toolName"_L1)}};
        break;
    case PermissionRequested::Kind::CustomTool:
        approval = {{u"kind"_s, u"custom-tool"_s},
                    {u"toolName"_s, request.raw.value("toolName"_L1)}};
        break;
    case PermissionRequested::Kind::Url:
    case PermissionRequested::Kind::Other:
        return once; // nothing to name it by; the server does the same
    }
    return {{u"kind"_s, u"approve-for-session"_s}, {u"approval"_s, approval}};
}

QJsonObject promptParams(const QString &sessionId, const Prompt &prompt)
{
    QJsonObject params{
        {u"sessionId"_s, sessionId},
        {u"prompt"_s, prompt.text},
        {u"mode"_s, prompt.delivery == Delivery::Immediate ? u"immediate"_s : u"enqueue"_s},
    };
    QJsonArray attachments;
    for (const Attachment &attachment : prompt.attachments) {
        const bool folder = attachment.kind == Attachment::Kind::Directory;
        attachments.append(QJsonObject{{u"type"_s, folder ? u"directory"_s : u"file"_s},
                                       {u"path"_s, attachment.path},
                                       {u"displayName"_s, QFileInfo(attachment.path).fileName()}});
    }
    if (!attachments.isEmpty())
        params.insert(u"attachments"_s, attachments);
    return params;
}

QString modeWord(AgentMode mode)
{
    switch (mode) {
    case AgentMode::Interactive:
        return u"interactive"_s;
    case AgentMode::Plan:
        return u"plan"_s;
    case AgentMode::Autopilot:
        break;
    }
    return u"autopilot"_s;
}

QList<ModelInfo> models(const QJsonObject &result)
{
    QList<ModelInfo> list;
    for (const QJsonValue &value : result.value("models"_L1).toArray()) {
        const QJsonObject object = value.toObject();
        ModelInfo model;
        model.id = object.value("id"_L1).toString();
        model.name = object.value("name"_L1).toString(model.id);
        model.contextWindow = static_cast<qint64>(object.value("capabilities"_L1)
                                                      .toObject()
                                                      .value("limits"_L1)
                                                      .toObject()
                                                      .value("max_context_window_tokens"_L1)
                                                      .toDouble());
        for (const QJsonValue &effort : object.value("supportedReasoningEfforts"_L1).toArray())
            model.reasoningEfforts.append(effort.toString());
        if (!model.id.isEmpty())
            list.append(model);
    }
    return list;
}

QList<SessionSummary> sessions(const QJsonObject &result)
{
    const auto time = [](const QJsonValue &value) {
        return QDateTime::fromString(value.toString(), Qt::ISODateWithMs).toUTC();
    };
    QList<SessionSummary> list;
    for (const QJsonValue &value : result.value("sessions"_L1).toArray()) {
        const QJsonObject object = value.toObject();
        SessionSummary summary;
        summary.id = object.value("sessionId"_L1).toString();
        summary.name = object.value("name"_L1).toString();
        summary.summary = object.value("summary"_L1).toString();
        summary.workingDirectory = object.value("context"_L1).toObject().value("cwd"_L1).toString();
        summary.started = time(object.value("startTime"_L1));
        summary.modified = time(object.value("modifiedTime"_L1));
        if (!summary.id.isEmpty())
            list.append(summary);
    }
    return list;
}

QList<AgentEvent> inOrder(QList<AgentEvent> log)
{
    const auto isEphemeral = [](const AgentEvent &event) { return event.meta.ephemeral; };
    const auto split = std::find_if(log.begin(), log.end(), isEphemeral);
    if (split != log.begin() && std::all_of(split, log.end(), isEphemeral)) {
        // By time, where two have the same the durable one first: an answer's text is final, and a
        // question comes after the call that asks it.
        std::inplace_merge(
            log.begin(), split, log.end(),
            [](const AgentEvent &a, const AgentEvent &b) { return a.meta.time < b.meta.time; });
    }
    // What stands before the first durable event belongs to turns that are over.
    log.erase(log.begin(), std::find_if_not(log.begin(), log.end(), isEphemeral));
    return log;
}

} // namespace pilotlight::copilot
