// SPDX-License-Identifier: MIT
#include "app/wiring/connectionparts.h"

#include "agent/copilotbackend.h"
#include "agent/mcpbackend.h"
#include "server/clilocator.h"
#include "server/commandline.h"
#include "server/localserver.h"
#include "transport/makemcptransport.h"
#include "transport/maketransport.h"
#include "transport/processtransport.h"
#include "transport/tcptransport.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QHostAddress>
#include <QUrl>

namespace pilotlight {

namespace {

Result<std::unique_ptr<Transport>> openableTransport(const ConnectionConfig &config,
                                                     ConnectionMode mode,
                                                     const ServerEndpoint *endpoint,
                                                     const AppPaths &paths, Clock &clock)
{
    if (config.kind == BackendKind::Mcp) {
        McpEndpoint server;
        server.command = config.command;
        server.arguments = config.arguments;
        server.environment = config.environment;
        if (config.command.isEmpty()) {
            server.url = config.url;
            server.bearerToken = config.token;
        }
        return makeMcpTransport(server, clock);
    }
    if (endpoint)
        return std::make_unique<TcpTransport>(endpoint->host, endpoint->port);
    if (mode == ConnectionMode::Attach)
        return makeTransportForUrl(config.url, clock);

    ProcessTransport::Command command;
    if (mode == ConnectionMode::Demo) {
        command.program = demoServerPath();
        command.arguments = {QStringLiteral("--stdio"), QStringLiteral("--state-dir"),
                             paths.state + QStringLiteral("/demo")};
        if (!QFileInfo(command.program).isExecutable())
            return failure(ErrorCode::ServerNotFound, command.program);
    } else {
        const Result<QString> cli = CliLocator().locate(config.cliPath);
        if (!cli)
            return tl::make_unexpected(cli.error());
        command.program = *cli;
        command.arguments = {QStringLiteral("--headless"), QStringLiteral("--no-auto-update"),
                             QStringLiteral("--stdio")};
    }
    return std::make_unique<ProcessTransport>(std::move(command), clock);
}

} // namespace

QString demoServerPath()
{
    QString path =
        QCoreApplication::applicationDirPath() + QStringLiteral("/pilotlight-demo-server");
#ifdef Q_OS_WIN
    path += QStringLiteral(".exe");
#endif
    return path;
}

ConnectionParts makeConnectionParts(const AppPaths &paths, Clock &clock, Random &random)
{
    ConnectionParts parts;
    parts.makeServerHost =
        [paths, &clock, &random](const ConnectionConfig &config) -> std::unique_ptr<ServerHost> {
        LocalServerOptions options;
        options.program = config.cliPath;
        return std::make_unique<LocalServer>(paths, options, clock, random);
    };
    parts.makeTransport = [paths, &clock](const ConnectionConfig &config, ConnectionMode mode,
                                          const ServerEndpoint *endpoint) {
        return openableTransport(config, mode, endpoint, paths, clock);
    };
    parts.makeBackend = [](const ConnectionConfig &config, Peer &peer,
                           Clock &itsClock) -> std::unique_ptr<Backend> {
        if (config.kind == BackendKind::Mcp)
            return std::make_unique<McpBackend>(peer, itsClock);
        return std::make_unique<CopilotBackend>(peer, itsClock);
    };
    return parts;
}

SessionKeeping sessionKeeping(const EffectiveKeepalive &settings, ConnectionMode mode,
                              bool silentAttach)
{
    SessionKeeping keeping;
    keeping.touch = settings.sessionTouch == SessionTouch::On ? TouchMode::On
        : settings.sessionTouch == SessionTouch::Off          ? TouchMode::Off
                                                              : TouchMode::Auto;
    keeping.jitter = settings.jitter;
    if (settings.idleLimit)
        keeping.idleLimit = *settings.idleLimit > Milliseconds(0)
            ? IdleLimit{settings.idleLimit, IdleLimit::Origin::User}
            : IdleLimit::never(IdleLimit::Origin::User);
    keeping.parkAfter =
        settings.parkAfter > Milliseconds(0) ? std::optional(settings.parkAfter) : std::nullopt;
    keeping.silentAttach = silentAttach;
    if (mode == ConnectionMode::Demo) { // no server of ours to keep (keepalive.md 2)
        keeping.touch = TouchMode::Off;
        keeping.parkAfter.reset();
    }
    return keeping;
}

//! Our own servers are started without an idle limit. Of one that somebody else runs on this
//! machine the command line tells; of others nobody.
std::optional<IdleLimit> knownIdleLimit(ConnectionMode mode, const QString &url)
{
    if (mode != ConnectionMode::Attach)
        return IdleLimit::never(IdleLimit::Origin::OwnFlag);
    const QUrl address(url.contains(QStringLiteral("://")) ? url : QStringLiteral("tcp://") + url);
    const bool loopback =
        address.host() == QStringLiteral("localhost") || QHostAddress(address.host()).isLoopback();
    if (!loopback || address.port() <= 0)
        return std::nullopt;
    return idleLimitOfCommandLine(commandLineOf(listenerOf(static_cast<quint16>(address.port()))),
                                  IdleLimit::Origin::CommandLine);
}

} // namespace pilotlight
