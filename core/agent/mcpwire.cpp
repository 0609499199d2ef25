// SPDX-License-Identifier: MIT
#include "agent/mcpwire.h"

#include <QCoreApplication>
#include <QDate>
#include <QJsonArray>
#include <QJsonDocument>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

QString McpToolResult::text() const
{
    QString all;
    for (const McpContent &part : content) {
        if (part.kind != McpContent::Kind::Text)
            continue;
        if (!all.isEmpty())
            all += u'\n';
        all += part.text;
    }
    return all;
}

namespace mcp {

namespace {

QJsonObject clientInfo()
{
    const QString version = QCoreApplication::applicationVersion();
    return {{u"name"_s, u"pilotlight"_s},
            {u"title"_s, u"Pilotlight"_s},
            {u"version"_s, version.isEmpty() ? QStringLiteral(PILOTLIGHT_VERSION) : version}};
}

//! Base64 of \a size characters holds about this many bytes.
qint64 decodedSize(const QString &base64)
{
    return base64.size() / 4 * 3 - (base64.endsWith(u"=="_s) ? 2 : base64.endsWith(u'=') ? 1 : 0);
}

McpContent contentPart(const QJsonObject &part)
{
    McpContent content;
    const QString type = part.value("type"_L1).toString();
    content.mimeType = part.value("mimeType"_L1).toString();
    if (type == "text"_L1) {
        content.kind = McpContent::Kind::Text;
        content.text = part.value("text"_L1).toString();
    } else if (type == "image"_L1 || type == "audio"_L1) {
        content.kind = type == "image"_L1 ? McpContent::Kind::Image : McpContent::Kind::Audio;
        content.bytes = decodedSize(part.value("data"_L1).toString());
    } else if (type == "resource"_L1) {
        const QJsonObject resource = part.value("resource"_L1).toObject();
        content.kind = McpContent::Kind::Resource;
        content.uri = resource.value("uri"_L1).toString();
        content.mimeType = resource.value("mimeType"_L1).toString();
        content.text = resource.value("text"_L1).toString();
        content.bytes = decodedSize(resource.value("blob"_L1).toString());
    } else if (type == "resource_link"_L1) {
        content.kind = McpContent::Kind::Link;
        content.uri = part.value("uri"_L1).toString();
        content.text = part.value("name"_L1).toString();
    } else {
        content.kind = McpContent::Kind::Other;
        content.text = QString::fromUtf8(QJsonDocument(part).toJson(QJsonDocument::Compact));
    }
    return content;
}

ServerInfo serverFrom(const QJsonObject &server, const QString &revision)
{
    ServerInfo info;
    info.name = server.value("title"_L1).toString();
    if (info.name.isEmpty())
        info.name = server.value("name"_L1).toString();
    if (info.name.isEmpty())
        info.name = u"MCP server"_s;
    info.version = server.value("version"_L1).toString();
    info.protocolVersion = revisionNumber(revision);
    return info;
}

} // namespace

QJsonObject initializeParams()
{
    // No capabilities: we offer no roots, no sampling, no elicitation, so that none is asked for.
    return {{u"protocolVersion"_s, NewestHandshake},
            {u"capabilities"_s, QJsonObject()},
            {u"clientInfo"_s, clientInfo()}};
}

QJsonObject withEnvelope(QJsonObject params)
{
    QJsonObject meta = params.value("_meta"_L1).toObject();
    meta.insert(u"io.modelcontextprotocol/protocolVersion"_s, Stateless);
    meta.insert(u"io.modelcontextprotocol/clientCapabilities"_s, QJsonObject());
    meta.insert(u"io.modelcontextprotocol/clientInfo"_s, clientInfo());
    params.insert(u"_meta"_s, meta);
    return params;
}

bool offersStateless(const QJsonObject &discovered)
{
    return discovered.value("supportedVersions"_L1).toArray().contains(QJsonValue(Stateless));
}

Result<ServerInfo> serverOfInitialize(const QJsonObject &result)
{
    const QString revision = result.value("protocolVersion"_L1).toString();
    const int number = revisionNumber(revision);
    if (number == 0)
        return failure(ErrorCode::ProtocolViolation,
                       u"the answer to initialize names no protocol version"_s);
    const QString detail = u"the server speaks MCP %1; supported: %2 to %3 and %4"_s.arg(
        revision, OldestHandshake, NewestHandshake, Stateless);
    if (number < revisionNumber(OldestHandshake))
        return failure(ErrorCode::ServerTooOld, detail);
    if (number > revisionNumber(NewestHandshake))
        return failure(ErrorCode::ServerTooNew, detail);
    return serverFrom(result.value("serverInfo"_L1).toObject(), revision);
}

ServerInfo serverOfDiscover(const QJsonObject &result)
{
    const QJsonValue meta =
        result.value("_meta"_L1).toObject().value("io.modelcontextprotocol/serverInfo"_L1);
    return serverFrom(meta.isObject() ? meta.toObject() : result.value("serverInfo"_L1).toObject(),
                      Stateless);
}

int revisionNumber(const QString &revision)
{
    const QDate date = QDate::fromString(revision, Qt::ISODate);
    return date.isValid() ? date.year() * 10'000 + date.month() * 100 + date.day() : 0;
}

Result<McpToolPage> toolPage(const QJsonObject &result)
{
    if (!result.value("tools"_L1).isArray())
        return failure(ErrorCode::ProtocolViolation, u"the answer holds no list of tools"_s);
    McpToolPage page;
    page.nextCursor = result.value("nextCursor"_L1).toString();
    const QJsonArray tools = result.value("tools"_L1).toArray();
    page.tools.reserve(tools.size());
    for (const QJsonValue &value : tools) {
        const QJsonObject object = value.toObject();
        const QJsonObject hints = object.value("annotations"_L1).toObject();
        McpTool tool;
        tool.name = object.value("name"_L1).toString();
        if (tool.name.isEmpty())
            continue; // could not be called
        tool.title = object.value("title"_L1).toString();
        if (tool.title.isEmpty())
            tool.title = hints.value("title"_L1).toString();
        tool.description = object.value("description"_L1).toString();
        tool.inputSchema = object.value("inputSchema"_L1).toObject();
        tool.readOnlyHint = hints.value("readOnlyHint"_L1).toBool();
        page.tools.append(tool);
    }
    return page;
}

Result<McpToolResult> toolResult(const QJsonObject &object)
{
    const QString type = object.value("resultType"_L1).toString();
    if (!type.isEmpty() && type != "complete"_L1)
        return failure(ErrorCode::Unsupported,
                       u"the tool does not complete by itself (%1)"_s.arg(type));
    McpToolResult result;
    result.isError = object.value("isError"_L1).toBool();
    result.structured = object.value("structuredContent"_L1);
    for (const QJsonValue &part : object.value("content"_L1).toArray())
        result.content.append(contentPart(part.toObject()));
    return result;
}

ProbeResult::Outcome probeOutcome(const Error &error)
{
    using Outcome = ProbeResult::Outcome;
    switch (error.code) {
    case ErrorCode::Timeout:
        return Outcome::Timeout;
    case ErrorCode::Cancelled:
    case ErrorCode::ConnectionExpired:
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
    case ErrorCode::TooManyRequests:
        return Outcome::RpcError;
    default:
        return Outcome::Transport;
    }
}

} // namespace mcp

} // namespace pilotlight
