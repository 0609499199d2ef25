// SPDX-License-Identifier: MIT
#include "transport/makemcptransport.h"

#include "transport/processtransport.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

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

} // namespace

Result<std::unique_ptr<Transport>> makeMcpTransport(const McpEndpoint &endpoint, Clock &clock)
{
    if (endpoint.command.isEmpty() == endpoint.url.isEmpty())
        return failure(ErrorCode::InvalidArgument,
                       u"an MCP server needs either a command or a URL"_s);
    if (!endpoint.command.isEmpty())
        return makeChild(endpoint, clock);
    return failure(ErrorCode::Unsupported, u"MCP over HTTP is not there yet"_s);
}

} // namespace pilotlight
