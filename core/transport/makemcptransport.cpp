// SPDX-License-Identifier: MIT
#include "transport/makemcptransport.h"

#include "transport/httptransport.h"
#include "transport/processtransport.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>
#include <QUrl>

#include <algorithm>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

//! The program that \a command names. Looked up here and not by the system, because on Windows
//! only this finds the scripts that npm installs ("npx" is npx.cmd).
QString programOf(const QString &command, const QProcessEnvironment &environment)
{
    if (QDir::isAbsolutePath(command))
        return QFileInfo(command).isExecutable() ? command : QString();
    const QStringList folders =
        environment.value(u"PATH"_s).split(QDir::listSeparator(), Qt::SkipEmptyParts);
    return QStandardPaths::findExecutable(command, folders);
}

Result<std::unique_ptr<Transport>> makeChild(const McpEndpoint &endpoint, Clock &clock)
{
    ProcessTransport::Command command;
    for (auto it = endpoint.environment.cbegin(); it != endpoint.environment.cend(); ++it)
        command.environment.insert(it.key(), it.value());
    command.program = programOf(endpoint.command, command.environment);
    if (command.program.isEmpty())
        return failure(ErrorCode::ServerNotFound, endpoint.command);
    command.arguments = endpoint.arguments;
    command.workingDirectory = endpoint.workingDirectory;
    command.framing = Framing::Lines;
    return std::make_unique<ProcessTransport>(std::move(command), clock);
}

//! True where \a token can stand in a header as it is (RFC 6750: visible ASCII).
bool isHeaderSafe(const Secret &token)
{
    const QByteArray &bytes = token.reveal();
    return std::all_of(bytes.cbegin(), bytes.cend(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<std::unique_ptr<Transport>> makeHttp(const McpEndpoint &endpoint, Clock &clock)
{
    const QUrl url(endpoint.url.trimmed(), QUrl::StrictMode);
    if (!url.isValid())
        return failure(ErrorCode::InvalidArgument, u"not a valid URL: %1"_s.arg(url.errorString()));
    if (url.scheme() != "http"_L1 && url.scheme() != "https"_L1)
        return failure(ErrorCode::InvalidArgument,
                       u"unknown scheme \"%1\": use http or https"_s.arg(url.scheme()));
    if (url.host().isEmpty() || url.port() == 0)
        return failure(ErrorCode::InvalidArgument, u"the URL names no host or port"_s);
    if (!url.userInfo().isEmpty())
        return failure(ErrorCode::InvalidArgument, u"the URL contains a user or password"_s);
    if (url.hasFragment())
        return failure(ErrorCode::InvalidArgument, u"the URL has a fragment"_s);
    if (!isHeaderSafe(endpoint.bearerToken))
        return failure(ErrorCode::InvalidArgument, u"the token has characters that no token has"_s);
    return std::make_unique<HttpTransport>(url, endpoint.bearerToken, clock);
}

} // namespace

Result<std::unique_ptr<Transport>> makeMcpTransport(const McpEndpoint &endpoint, Clock &clock)
{
    if (endpoint.command.isEmpty() == endpoint.url.isEmpty())
        return failure(ErrorCode::InvalidArgument,
                       u"an MCP server needs either a command or a URL"_s);
    return endpoint.url.isEmpty() ? makeChild(endpoint, clock) : makeHttp(endpoint, clock);
}

} // namespace pilotlight
