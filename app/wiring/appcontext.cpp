// SPDX-License-Identifier: MIT
#include "app/wiring/appcontext.h"

#include "agent/copilotbackend.h"
#include "base/logging.h"
#include "server/clilocator.h"
#include "server/localserver.h"
#include "transport/maketransport.h"
#include "transport/processtransport.h"
#include "transport/tcptransport.h"

#include <QCoreApplication>
#include <QFileInfo>

namespace pilotlight {

namespace {

const QString TokenName = QStringLiteral("connection/default");

ConnectionMode modeOf(ServerMode mode)
{
    switch (mode) {
    case ServerMode::Local:
        return ConnectionMode::Local;
    case ServerMode::Embedded:
        return ConnectionMode::Embedded;
    case ServerMode::Attach:
        return ConnectionMode::Attach;
    case ServerMode::Demo:
        return ConnectionMode::Demo;
    }
    return ConnectionMode::Local;
}

QString demoServerPath()
{
    QString path =
        QCoreApplication::applicationDirPath() + QStringLiteral("/pilotlight-demo-server");
#ifdef Q_OS_WIN
    path += QStringLiteral(".exe");
#endif
    return path;
}

} // namespace

AppContext::AppContext(AppOptions options, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_settingsStore(m_options.paths.config + QStringLiteral("/settings.json"))
{
    const bool folders = m_options.paths.ensure();
    if (m_options.keepRecordsInMemory)
        m_logStore = std::make_unique<LogStore>(m_clock);
    m_log = std::make_unique<DiagnosticLog>(m_clock, m_logStore.get(),
                                            m_options.logName.isEmpty() ? QString()
                                                                        : m_options.paths.log
                                                    + QLatin1Char('/') + m_options.logName);
    m_log->setStderrLevel(m_options.stderrLevel);
    if (!folders)
        qCWarning(lcStore).noquote() << QStringLiteral("Cannot write to %1: nothing will be kept")
                                            .arg(m_options.paths.state);
    qCInfo(lcConnection).noquote()
        << QStringLiteral("Pilotlight %1 starts, Qt %2")
               .arg(QStringLiteral(PILOTLIGHT_VERSION), QString::fromLatin1(qVersion()));

    m_settingsLoaded = m_settingsStore.load();
    m_secrets = m_options.useKeychain ? makeKeychainSecretStore() : makeMemorySecretStore();
    connect(m_secrets.get(), &SecretStore::unavailable, this, [this](const QString &detail) {
        Q_EMIT notice(QStringLiteral("keychain-unavailable"), detail);
    });
    const ConnectionConfig config =
        m_options.connection ? *m_options.connection : configFor(m_settingsStore.values());
    m_demoSessions = config.mode == ConnectionMode::Demo;
    m_sessionStore = makeSessionStore(m_demoSessions);
    m_sessions = std::make_unique<SessionManager>(m_sessionStore.get(), m_clock, m_random);
    m_sessions->setSecretStore(m_secrets.get());
    m_connection = std::make_unique<Connection>(config, makeParts(), m_clock, m_random);
    connect(m_connection.get(), &Connection::notice, this, &AppContext::notice);
    connect(m_connection.get(), &Connection::backendAboutToGo, m_sessions.get(),
            [this] { m_sessions->setBackend(nullptr); });
    connect(m_connection.get(), &Connection::phaseChanged, m_sessions.get(), [this](Phase phase) {
        if (phase == Phase::Online)
            m_sessions->setBackend(m_connection->agentBackend());
    });
}

AppContext::~AppContext()
{
    m_connection->dispose();
    m_connection.reset();
    m_sessions.reset();
    m_sessionStore.reset(); // flushes
}

void AppContext::start(Sessions sessions)
{
    if (!m_settingsLoaded.backup.isEmpty())
        Q_EMIT notice(QStringLiteral("settings-damaged"),
                      m_settingsLoaded.backup + QStringLiteral(": ") + m_settingsLoaded.problem);
    ConnectionConfig config = m_connection->config();
    if (!m_options.connection)
        config = orDemo(config);
    if (sessions == Sessions::Load && !useSessionsOf(config.mode))
        m_sessions->load();
    connectWithToken(config);
}

ConnectionConfig AppContext::orDemo(ConnectionConfig config)
{
    if (config.mode != ConnectionMode::Local || !config.cliPath.isEmpty())
        return config;
    if (const Result<QString> cli = locateCli({}); !cli) {
        config.mode = ConnectionMode::Demo;
        Q_EMIT notice(QStringLiteral("demo-no-cli"), cli.error().detail);
    }
    return config;
}

std::unique_ptr<SessionStore> AppContext::makeSessionStore(bool demo)
{
    if (m_options.sessionsName.isEmpty())
        return nullptr;
    const QString name =
        demo ? QStringLiteral("demo-") + m_options.sessionsName : m_options.sessionsName;
    auto store =
        std::make_unique<SessionStore>(m_options.paths.state + QLatin1Char('/') + name, m_clock);
    connect(store.get(), &SessionStore::noticed, this,
            [this](const QString &code, const QString &path, const QString &detail) {
                // A damaged file's detail is a bare number.
                const bool pathOnly =
                    detail.isEmpty() || code == QStringLiteral("sessions-file-damaged");
                Q_EMIT notice(code, pathOnly ? path : path + QStringLiteral(": ") + detail);
            });
    return store;
}

bool AppContext::useSessionsOf(ConnectionMode mode)
{
    const bool demo = mode == ConnectionMode::Demo;
    if (demo == m_demoSessions)
        return false;
    m_demoSessions = demo;
    // The server that may still be there knows nothing of the other list.
    m_sessions->setBackend(nullptr);
    std::unique_ptr<SessionStore> store = makeSessionStore(demo);
    m_sessions->changeStore(store.get());
    m_sessionStore = std::move(store); // the old one is flushed
    Q_EMIT sessionsReplaced();
    return true;
}

void AppContext::connectWithToken(ConnectionConfig config)
{
    if (config.mode != ConnectionMode::Attach || !config.token.isEmpty()) {
        m_connection->reconfigure(config);
        m_connection->connectToServer();
        return;
    }
    m_secrets->read(TokenName, this, [this, config](const Result<Secret> &token) {
        ConnectionConfig withToken = config;
        if (token)
            withToken.token = *token;
        registerSecret(withToken.token);
        m_connection->reconfigure(withToken);
        m_connection->connectToServer();
    });
}

void AppContext::applySettings(const AppSettings &settings, const std::optional<Secret> &token)
{
    if (const auto saved = m_settingsStore.set(settings); !saved)
        Q_EMIT notice(QStringLiteral("settings-unwritable"), saved.error().detail);
    ConnectionConfig config = configFor(settings);
    if (token) {
        config.token = *token;
        registerSecret(*token);
        m_secrets->write(TokenName, *token, this, [this](const Result<Done> &result) {
            if (!result)
                Q_EMIT notice(QStringLiteral("token-not-kept"), result.error().detail);
        });
    }
    m_options.connection.reset();
    config = orDemo(config);
    useSessionsOf(config.mode);
    connectWithToken(config);
}

ConnectionConfig AppContext::configFor(const AppSettings &settings) const
{
    ConnectionConfig config;
    config.mode = modeOf(settings.mode);
    config.cliPath = settings.cliPath;
    config.url = settings.url;
    const ProbeTiming timing = effectiveProbeTiming(settings.probe);
    config.pingInterval = timing.interval;
    config.pingTimeout = timing.timeout;
    return config;
}

Result<QString> AppContext::locateCli(const QString &wishedPath) const
{
    return CliLocator().locate(wishedPath);
}

ConnectionParts AppContext::makeParts()
{
    ConnectionParts parts;
    parts.makeServerHost = [this](const ConnectionConfig &config) -> std::unique_ptr<ServerHost> {
        LocalServerOptions options;
        options.program = config.cliPath;
        return std::make_unique<LocalServer>(m_options.paths, options, m_clock, m_random);
    };
    parts.makeTransport = [this](const ConnectionConfig &config, ConnectionMode mode,
                                 const ServerEndpoint *endpoint) {
        return makeTransport(config, mode, endpoint);
    };
    parts.makeBackend = [](const ConnectionConfig &, Peer &peer,
                           Clock &clock) -> std::unique_ptr<Backend> {
        return std::make_unique<CopilotBackend>(peer, clock);
    };
    return parts;
}

Result<std::unique_ptr<Transport>> AppContext::makeTransport(const ConnectionConfig &config,
                                                             ConnectionMode mode,
                                                             const ServerEndpoint *endpoint)
{
    if (endpoint)
        return std::make_unique<TcpTransport>(endpoint->host, endpoint->port);
    if (mode == ConnectionMode::Attach)
        return makeTransportForUrl(config.url, m_clock);

    ProcessTransport::Command command;
    if (mode == ConnectionMode::Demo) {
        command.program = demoServerPath();
        command.arguments = {QStringLiteral("--stdio"), QStringLiteral("--state-dir"),
                             m_options.paths.state + QStringLiteral("/demo")};
        if (!QFileInfo(command.program).isExecutable())
            return failure(ErrorCode::ServerNotFound, command.program);
    } else {
        const Result<QString> cli = locateCli(config.cliPath);
        if (!cli)
            return tl::make_unexpected(cli.error());
        command.program = *cli;
        command.arguments = {QStringLiteral("--headless"), QStringLiteral("--no-auto-update"),
                             QStringLiteral("--stdio")};
    }
    return std::make_unique<ProcessTransport>(std::move(command), m_clock);
}

} // namespace pilotlight
