// SPDX-License-Identifier: MIT
#include "app/wiring/appcontext.h"

#include "app/wiring/connectionparts.h"
#include "base/logging.h"
#include "server/clilocator.h"
#include "session/explanation.h"

#include <QFileInfo>

namespace pilotlight {

namespace {

//! Of a backend's token in the secret store.
QString tokenName(const QString &id)
{
    return QStringLiteral("connection/") + id;
}

ConnectionConfig configOf(const BackendSettings &backend)
{
    ConnectionConfig config;
    config.id = backend.id;
    config.name = backend.name;
    config.kind = backend.kind;
    const bool child = backend.kind == BackendKind::Mcp ? !backend.command.isEmpty()
                                                        : backend.mode == ServerMode::Embedded;
    config.mode = child ? ConnectionMode::Embedded : ConnectionMode::Attach;
    config.cliPath = backend.cliPath;
    config.url = backend.url;
    config.command = backend.command;
    config.arguments = backend.arguments;
    config.environment = backend.environment;
    config.stateless = backend.stateless;
    config.readOnlyTools = backend.readOnlyTools;
    return config;
}

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

LinkFacts linkFacts(const ConnectionStatus &status)
{
    LinkFacts link;
    switch (status.phase) {
    case Phase::Idle:
    case Phase::Disposed:
        break;
    case Phase::StartingServer:
    case Phase::Connecting:
    case Phase::Initializing:
    case Phase::Stopping:
        link.state = LinkFacts::State::Connecting;
        break;
    case Phase::Backoff:
        link.state = LinkFacts::State::Waiting;
        link.retryAt = status.retryAt;
        break;
    case Phase::Online:
        link.state = LinkFacts::State::Online;
        break;
    }
    link.restartable = status.mode != ConnectionMode::Attach;
    link.signedIn = !status.auth || status.auth->signedIn;
    return link;
}

} // namespace

AppContext::AppContext(AppOptions options, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_settingsStore(m_options.paths.config + QStringLiteral("/settings.json"))
    , m_backends(m_options.paths.config + QStringLiteral("/backends.json"))
{
    for (const Secret &secret : environmentSecrets())
        registerSecret(secret); // before the first line of a log
    m_foldersUsable = m_options.paths.ensure();
    if (m_options.keepRecordsInMemory)
        m_logStore = std::make_unique<LogStore>(m_clock);
    m_log = std::make_unique<DiagnosticLog>(m_clock, m_logStore.get(),
                                            m_options.logName.isEmpty() ? QString()
                                                                        : m_options.paths.log
                                                    + QLatin1Char('/') + m_options.logName);
    m_log->setStderrLevel(m_options.stderrLevel);
    if (!m_foldersUsable)
        qCWarning(lcStore).noquote() << QStringLiteral("Cannot write to %1: nothing will be kept")
                                            .arg(m_options.paths.state);
    qCInfo(lcConnection).noquote()
        << QStringLiteral("Pilotlight %1 starts, Qt %2")
               .arg(QStringLiteral(PILOTLIGHT_VERSION), QString::fromLatin1(qVersion()));

    m_settingsLoaded = m_settingsStore.load();
    m_backendsLoaded = m_backends.load();
    m_secrets = m_options.useKeychain ? makeKeychainSecretStore() : makeMemorySecretStore();
    connect(m_secrets.get(), &SecretStore::unavailable, this, [this](const QString &detail) {
        Q_EMIT notice(QStringLiteral("keychain-unavailable"), detail);
    });
    ConnectionConfig config =
        m_options.connection ? *m_options.connection : configFor(m_settingsStore.values());
    config.keepalive = keepaliveFor(config);
    m_demoSessions = config.mode == ConnectionMode::Demo;
    m_sessionStore = makeSessionStore(m_demoSessions);
    m_sessions = std::make_unique<SessionManager>(m_sessionStore.get(), m_clock, m_random);
    m_outbox = makeOutbox(m_demoSessions);
    m_sessions->setOutbox(m_outbox.get());
    m_transcripts = makeTranscriptStore(m_demoSessions);
    m_sessions->setTranscriptStore(m_transcripts.get());
    m_sessions->setSecretStore(m_secrets.get());
    m_verdicts = std::make_unique<VerdictStore>(m_options.paths.state + QStringLiteral("/verdicts"),
                                                m_clock);
    connect(m_verdicts.get(), &VerdictStore::changed, this, [this] {
        for (const Connection *const connection : m_connections->connections())
            applyVerdict(*connection);
    });
    m_connections = std::make_unique<ConnectionManager>(
        makeConnectionParts(m_options.paths, m_clock, m_random), m_clock, m_random);
    connect(m_connections.get(), &ConnectionManager::notice, this,
            [this](const QString &id, const QString &code, const QString &detail) {
                Q_EMIT notice(code,
                              id == DefaultBackendId ? detail : id + QStringLiteral(": ") + detail);
            });
    connect(m_connections.get(), &ConnectionManager::backendAboutToGo, m_sessions.get(),
            [this](const QString &id) { m_sessions->setBackend(id, nullptr); });
    connect(m_connections.get(), &ConnectionManager::phaseChanged, m_sessions.get(),
            [this](const QString &id, Phase phase) {
                if (phase == Phase::Online)
                    online(*m_connections->find(id));
            });
    connect(m_connections.get(), &ConnectionManager::statusChanged, m_sessions.get(),
            [this](const QString &id) {
                const Connection *const connection = m_connections->find(id);
                if (!connection)
                    return;
                const ConnectionStatus status = connection->status();
                m_sessions->setLink(id, linkFacts(status));
                if (status.auth)
                    m_sessions->setSignedIn(id, status.auth->signedIn);
            });
    connect(m_sessions.get(), &SessionManager::promptWaits, m_connections.get(),
            [this](const QString &id) {
                if (Connection *const connection = m_connections->find(id))
                    connection->probeNow(ProbeTrigger::Presend);
            });
    connect(m_sessions.get(), &SessionManager::signInDoubted, m_connections.get(),
            [this](const QString &id) {
                if (Connection *const connection = m_connections->find(id))
                    connection->checkSignIn();
            });
    m_observers = std::make_unique<Observers>(*m_connections, *m_sessions, m_clock, m_random);
    m_observers->apply(m_settingsStore.values());
    connect(&m_settingsStore, &SettingsStore::changed, m_observers.get(),
            [this] { m_observers->apply(m_settingsStore.values()); });
    m_connections->add(config);
    if (!m_options.keeper)
        return;
    m_keeper =
        std::make_unique<KeeperLink>(*m_options.keeper, *m_connections, *m_sessions, m_clock);
    m_keeper->setComesBack(m_settingsStore.values().reopenAfterCrash);
    connect(&m_settingsStore, &SettingsStore::changed, m_keeper.get(),
            [this] { m_keeper->setComesBack(m_settingsStore.values().reopenAfterCrash); });
}

void AppContext::online(Connection &connection)
{
    AgentBackend *const backend = connection.agentBackend();
    if (!backend)
        return; // a server of tools
    const ConnectionConfig &config = connection.config();
    const ConnectionStatus status = connection.status();
    applyKeeping(connection);
    m_sessions->setKnownIdleLimit(config.id, knownIdleLimit(status.mode, config.url));
    m_sessions->setBackend(config.id, backend, status.generation);
    Prover::deleteLeftovers(*backend, *m_verdicts);
    applyVerdict(connection);
}

void AppContext::applyKeeping(const Connection &connection)
{
    const ConnectionConfig &config = connection.config();
    if (config.kind == BackendKind::Copilot)
        m_sessions->setKeeping(
            config.id,
            sessionKeeping(config.keepalive, connection.status().mode, m_options.silentAttach));
}

Prover *AppContext::makeProof(const ProverOptions &options, const QString &backendId)
{
    if (m_prover && m_prover->state() != Prover::State::Done)
        return m_prover.get();
    Connection *const connection = m_connections->find(backendId);
    AgentBackend *const backend = connection ? connection->agentBackend() : nullptr;
    if (!backend)
        return nullptr;
    if (m_prover)
        m_prover.release()->deleteLater(); // we may be in its finished()
    m_prover = std::make_unique<Prover>(*backend, options, m_verdicts.get(), m_clock, m_random);
    connect(connection, &Connection::backendAboutToGo, m_prover.get(), &Prover::backendGone);
    return m_prover.get();
}

//! A touch that keeps nothing alive on this version of the server is not used there.
void AppContext::applyVerdict(const Connection &connection)
{
    const auto server = connection.status().server;
    const auto verdict = server ? m_verdicts->find(server->version) : std::nullopt;
    m_sessions->setRefuted(connection.config().id,
                           verdict ? verdict->refuted() : QList<TouchStrategy>());
}

AppContext::~AppContext()
{
    // What a store says at its end is in the log; who listens to us may be half gone.
    disconnect(this, &AppContext::notice, nullptr, nullptr);
    m_keeper.reset();
    m_observers.reset();
    for (Connection *const connection : m_connections->connections())
        connection->dispose();
    m_prover.reset();
    m_connections.reset();
    m_sessions.reset();
    m_sessionStore.reset(); // flushes
}

void AppContext::start(Sessions sessions)
{
    m_observers->start();
    if (!m_foldersUsable)
        Q_EMIT notice(QStringLiteral("folders-unwritable"), m_options.paths.state);
    if (!m_settingsLoaded.backup.isEmpty())
        Q_EMIT notice(QStringLiteral("settings-damaged"),
                      m_settingsLoaded.backup + QStringLiteral(": ") + m_settingsLoaded.problem);
    if (!m_backendsLoaded.backup.isEmpty())
        Q_EMIT notice(QStringLiteral("settings-damaged"),
                      m_backendsLoaded.backup + QStringLiteral(": ") + m_backendsLoaded.problem);
    ConnectionConfig config = connection().config();
    if (!m_options.connection)
        config = orDemo(config);
    if (sessions == Sessions::Load && !useSessionsOf(config.mode))
        m_sessions->load();
    if (m_keeper)
        m_keeper->start();
    connectWithToken(config);
    if (!m_options.otherBackends)
        return;
    for (const BackendSettings &backend : m_backends.values())
        connectBackend(backend);
}

ConnectionConfig AppContext::orDemo(ConnectionConfig config)
{
    if (config.mode != ConnectionMode::Local || !config.cliPath.isEmpty())
        return config;
    if (const Result<QString> cli = locateCli({}); !cli) {
        config.mode = ConnectionMode::Demo;
        config.keepalive = keepaliveFor(config);
        Q_EMIT notice(QStringLiteral("demo-no-cli"), cli.error().detail);
    }
    return config;
}

QString AppContext::stateFile(const QString &name, bool demo) const
{
    return m_options.paths.state + (demo ? QStringLiteral("/demo-") : QStringLiteral("/")) + name;
}

std::unique_ptr<SessionStore> AppContext::makeSessionStore(bool demo)
{
    if (m_options.sessionsName.isEmpty())
        return nullptr;
    auto store = std::make_unique<SessionStore>(stateFile(m_options.sessionsName, demo), m_clock);
    connect(store.get(), &SessionStore::noticed, this,
            [this](const QString &code, const QString &path, const QString &detail) {
                // A damaged file's detail is a bare number.
                const bool pathOnly =
                    detail.isEmpty() || code == QStringLiteral("sessions-file-damaged");
                Q_EMIT notice(code, pathOnly ? path : path + QStringLiteral(": ") + detail);
            });
    return store;
}

std::unique_ptr<Outbox> AppContext::makeOutbox(bool demo)
{
    if (m_options.outboxName.isEmpty())
        return nullptr;
    auto outbox = std::make_unique<Outbox>(stateFile(m_options.outboxName, demo), m_clock);
    connect(outbox.get(), &Outbox::noticed, this,
            [this](const QString &code, const QString &path, const QString &detail) {
                Q_EMIT notice(code, path + QStringLiteral(": ") + detail);
            });
    return outbox;
}

std::unique_ptr<TranscriptStore> AppContext::makeTranscriptStore(bool demo)
{
    if (m_options.transcriptsName.isEmpty())
        return nullptr;
    auto store =
        std::make_unique<TranscriptStore>(stateFile(m_options.transcriptsName, demo), m_clock);
    connect(store.get(), &TranscriptStore::noticed, this,
            [this](const QString &code, const QString &path, const QString &detail) {
                Q_EMIT notice(code, detail.isEmpty() ? path : path + QStringLiteral(": ") + detail);
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
    std::unique_ptr<Outbox> outbox = makeOutbox(demo);
    std::unique_ptr<TranscriptStore> transcripts = makeTranscriptStore(demo);
    m_sessions->changeStore(store.get(), outbox.get(), transcripts.get());
    m_sessionStore = std::move(store); // the old one is flushed
    m_outbox = std::move(outbox);
    m_transcripts = std::move(transcripts);
    Q_EMIT sessionsReplaced();
    return true;
}

void AppContext::connectWithToken(ConnectionConfig config)
{
    if (config.mode != ConnectionMode::Attach || !config.token.isEmpty()) {
        applyBackend(config, true);
        return;
    }
    m_secrets->read(tokenName(DefaultBackendId), this, [this, config](const Result<Secret> &token) {
        ConnectionConfig withToken = config;
        if (token)
            withToken.token = *token;
        registerSecret(withToken.token);
        applyBackend(withToken, true);
    });
}

void AppContext::connectBackend(const BackendSettings &backend)
{
    if (backend.id == DefaultBackendId)
        return; // only its keepalive override
    ConnectionConfig config = configOf(backend);
    config.keepalive = keepaliveFor(config);
    const Connection *present = m_connections->find(config.id);
    if (config.mode != ConnectionMode::Attach) {
        applyBackend(config, backend.enabled);
        return;
    }
    if (present)
        config.token = present->config().token;
    else
        m_connections->add(config); // seen while the secret store is asked
    m_secrets->read(tokenName(config.id), this,
                    [this, config, enabled = backend.enabled](const Result<Secret> &token) {
                        if (!m_connections->find(config.id))
                            return; // removed meanwhile
                        ConnectionConfig withToken = config;
                        if (token)
                            withToken.token = *token;
                        registerSecret(withToken.token);
                        applyBackend(withToken, enabled);
                    });
}

void AppContext::complain(const QString &id, const EffectiveKeepalive &keepalive)
{
    if (std::exchange(m_complaints[id], keepalive.warnings) == keepalive.warnings
        || keepalive.warnings.isEmpty())
        return;
    QStringList names;
    for (const EffectiveKeepalive::Warning warning : keepalive.warnings)
        names.append(keepaliveWarningName(warning));
    const QString text = names.join(QStringLiteral(", "));
    qCWarning(lcKeepalive).noquote() << QStringLiteral("Settings of backend=%1: %2").arg(id, text);
    Q_EMIT notice(QStringLiteral("keepalive-settings"), id + QStringLiteral(": ") + text);
}

void AppContext::applyBackend(ConnectionConfig config, bool wanted)
{
    complain(config.id, config.keepalive);
    if (!m_connections->edit(config))
        m_connections->add(config);
    applyKeeping(*m_connections->find(config.id));
    if (!wanted)
        m_leases.erase(config.id);
    else if (ConnectionLease &lease = m_leases[config.id]; lease.isValid())
        m_connections->find(config.id)->connectToServer(); // it may have been taken offline by hand
    else
        lease = m_connections->acquire(config.id, QStringLiteral("settings"));
}

Result<void> AppContext::setBackend(const BackendSettings &backend,
                                    const std::optional<Secret> &token)
{
    const Result<void> saved = m_backends.set(backend);
    if (!saved && saved.error().code == ErrorCode::InvalidArgument)
        return saved;
    if (token) {
        registerSecret(*token);
        m_secrets->write(tokenName(backend.id), *token, this, [this](const Result<Done> &result) {
            if (!result)
                Q_EMIT notice(QStringLiteral("token-not-kept"), result.error().detail);
        });
    }
    if (backend.id == DefaultBackendId) {
        connection().setKeepalive(keepaliveFor(connection().config()));
        applyKeeping(connection());
        complain(backend.id, connection().config().keepalive);
    } else {
        connectBackend(backend);
    }
    return saved;
}

Result<void> AppContext::removeBackend(const QString &id)
{
    if (id == DefaultBackendId)
        return failure(ErrorCode::InvalidArgument, QStringLiteral("id"));
    m_connections->remove(id);
    m_leases.erase(id);
    m_secrets->remove(tokenName(id), this, [](const Result<Done> &) { });
    return m_backends.remove(id);
}

EffectiveKeepalive AppContext::keepaliveFor(const ConnectionConfig &config) const
{
    KeepaliveSettings own = m_backends.keepaliveOf(config.id);
    if (config.id == DefaultBackendId)
        own = layered(own, m_options.keepalive);
    return effectiveKeepalive(keepaliveTarget(config), m_settingsStore.values().keepalive, own);
}

void AppContext::applySettings(const AppSettings &settings, const std::optional<Secret> &token)
{
    if (const auto saved = m_settingsStore.set(settings); !saved)
        Q_EMIT notice(QStringLiteral("settings-unwritable"), saved.error().detail);
    ConnectionConfig config = configFor(settings);
    if (token) {
        config.token = *token;
        registerSecret(*token);
        m_secrets->write(
            tokenName(DefaultBackendId), *token, this, [this](const Result<Done> &result) {
                if (!result)
                    Q_EMIT notice(QStringLiteral("token-not-kept"), result.error().detail);
            });
    }
    m_options.connection.reset();
    config = orDemo(config);
    useSessionsOf(config.mode);
    connectWithToken(config);
    // The application's keepalive is the default of the other backends, too.
    for (Connection *other : m_connections->connections()) {
        if (other == &connection())
            continue;
        other->setKeepalive(keepaliveFor(other->config()));
        applyKeeping(*other);
    }
}

ConnectionConfig AppContext::configFor(const AppSettings &settings) const
{
    ConnectionConfig config;
    config.mode = modeOf(settings.mode);
    config.cliPath = settings.cliPath;
    config.url = settings.url;
    config.keepalive = keepaliveFor(config);
    return config;
}

Result<DrillOptions> AppContext::drillOptions() const
{
    const ConnectionConfig &config = m_connections->find(DefaultBackendId)->config();
    DrillOptions options;
    if (config.mode != ConnectionMode::Demo) {
        if (const Result<QString> cli = locateCli(config.cliPath)) {
            options.program = *cli;
            return options;
        } else if (!config.cliPath.isEmpty()) {
            return tl::make_unexpected(cli.error());
        }
    }
    options.program = demoServerPath();
    options.isDemo = true;
    if (!QFileInfo(options.program).isExecutable())
        return failure(ErrorCode::ServerNotFound, options.program);
    return options;
}

Result<QString> AppContext::locateCli(const QString &wishedPath) const
{
    return CliLocator().locate(wishedPath);
}

} // namespace pilotlight
