// SPDX-License-Identifier: MIT
#include "chaos/product.h"

#include "agent/copilotbackend.h"
#include "server/localserver.h"
#include "transport/processtransport.h"
#include "transport/tcptransport.h"

#include <QFile>

namespace pilotlight::chaos {

using namespace std::chrono_literals;

namespace {

QProcessEnvironment environmentOf(const Host &host)
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("HOME"), host.home);
    for (const char *name : {"XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"})
        environment.remove(QString::fromLatin1(name));
    return environment;
}

void write(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    if (!file.open(QFile::WriteOnly) || file.write(bytes) != bytes.size())
        qFatal("cannot write %s", qPrintable(path));
}

std::optional<QByteArray> contents(const QString &path)
{
    QFile file(path);
    return file.open(QFile::ReadOnly) ? std::optional(file.readAll()) : std::nullopt;
}

} // namespace

void Host::setFlags(const QByteArray &flags) const
{
    write(folder + QStringLiteral("/flags"), flags);
}

void Host::failNextStart() const
{
    write(folder + QStringLiteral("/fail"), "1");
}

Host *World::host(const QString &id) const
{
    for (const auto &host : hosts) {
        if (host->id == id)
            return host.get();
    }
    return nullptr;
}

Product::Product(World &world)
    : m_world(world)
    , m_store(std::make_unique<SessionStore>(world.folder + QStringLiteral("/sessions.json"),
                                             world.clock))
    , m_outbox(
          std::make_unique<Outbox>(world.folder + QStringLiteral("/outbox.jsonl"), world.clock))
    , m_sessions(std::make_unique<SessionManager>(m_store.get(), world.clock, world.random))
{
    m_sessions->setOutbox(m_outbox.get());
    m_sessions->setSecretStore(world.secrets.get());
    m_transcripts = std::make_unique<TranscriptStore>(world.folder + QStringLiteral("/transcripts"),
                                                      world.clock);
    m_sessions->setTranscriptStore(m_transcripts.get());
    m_connections = std::make_unique<ConnectionManager>(parts(), world.clock, world.random);
    connect(m_connections.get(), &ConnectionManager::notice, this,
            [this](const QString &, const QString &code) { ++m_notices[code]; });
    connect(m_connections.get(), &ConnectionManager::backendAboutToGo, m_sessions.get(),
            [this](const QString &id) { m_sessions->setBackend(id, nullptr); });
    connect(m_connections.get(), &ConnectionManager::phaseChanged, m_sessions.get(),
            [this](const QString &id, Phase phase) {
                if (phase != Phase::Online)
                    return;
                Connection &connection = *m_connections->find(id);
                SessionKeeping keeping;
                keeping.idleLimit = m_world.idleLimit;
                keeping.parkAfter = 60s;
                m_sessions->setKeeping(id, keeping);
                m_sessions->setBackend(id, connection.agentBackend(),
                                       connection.status().generation);
            });
    connect(m_connections.get(), &ConnectionManager::statusChanged, m_sessions.get(),
            [this](const QString &id) {
                const Connection *const connection = m_connections->find(id);
                if (connection && connection->status().auth)
                    m_sessions->setSignedIn(id, connection->status().auth->signedIn);
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
    m_wakeCheck = std::make_unique<WakeCheck>(*m_connections, *m_sessions, world.clock);
    m_sleep = std::make_unique<SleepMonitor>(nullptr, DefaultProbeInterval, world.clock);
    connect(m_sleep.get(), &SleepMonitor::woke, m_wakeCheck.get(), &WakeCheck::start);

    m_sessions->load();
    for (const auto &host : world.hosts) {
        ConnectionConfig config;
        config.id = host->id;
        config.mode = ConnectionMode::Local;
        config.cliPath = host->script;
        // A frozen server is found within seconds instead of minutes; 1.5 s and 0.75 s of real time
        // at the scale of the runs.
        config.keepalive.interval = 6s;
        config.keepalive.timeout = 3s;
        m_connections->add(config);
        m_leases.push_back(m_connections->acquire(host->id, QStringLiteral("chaos")));
    }
}

Product::~Product()
{
    m_sleep.reset();
    m_wakeCheck.reset();
    for (Connection *const connection : m_connections->connections())
        connection->dispose();
    m_leases.clear();
    m_connections.reset();
    m_sessions.reset();
    m_transcripts.reset();
    m_store.reset();
}

ConnectionParts Product::parts()
{
    ConnectionParts parts;
    parts.makeServerHost = [this](const ConnectionConfig &config) -> std::unique_ptr<ServerHost> {
        const Host *const host = m_world.host(config.id);
        LocalServerOptions options;
        options.program = config.cliPath;
        options.environment = environmentOf(*host);
        options.workingDirectory = host->home;
        return std::make_unique<LocalServer>(host->paths, options, m_world.clock, m_world.random);
    };
    parts.makeTransport = [this](const ConnectionConfig &config, ConnectionMode mode,
                                 const ServerEndpoint *endpoint) {
        return transport(config, mode, endpoint);
    };
    parts.makeBackend = [](const ConnectionConfig &, Peer &peer,
                           Clock &clock) -> std::unique_ptr<Backend> {
        return std::make_unique<CopilotBackend>(peer, clock);
    };
    return parts;
}

Result<std::unique_ptr<Transport>> Product::transport(const ConnectionConfig &config,
                                                      ConnectionMode,
                                                      const ServerEndpoint *endpoint)
{
    Host *const host = m_world.host(config.id);
    if (endpoint) {
        host->pid = endpoint->pid;
        host->port = endpoint->port;
        host->token = endpoint->token;
        host->proxy->setUpstream(endpoint->port);
        return std::make_unique<TcpTransport>(endpoint->host, host->proxy->port());
    }
    host->pid = 0;
    ProcessTransport::Command command;
    command.program = config.cliPath;
    command.arguments = {QStringLiteral("--headless"), QStringLiteral("--no-auto-update"),
                         QStringLiteral("--stdio")};
    command.environment = environmentOf(*host);
    command.workingDirectory = host->home;
    return std::make_unique<ProcessTransport>(std::move(command), m_world.clock);
}

void Product::sleep(Milliseconds span, bool announced)
{
    if (announced)
        m_connections->prepareForSleep();
    m_world.clock.suspend(span);
    m_sleep->check();
    if (announced && !m_wakeCheck->isRunning())
        m_wakeCheck->start(span);
}

void Product::shutDown()
{
    for (Connection *const connection : m_connections->connections())
        connection->dispose(true);
}

bool Product::isShutDown() const
{
    const QList<Connection *> all = m_connections->connections();
    return std::all_of(all.cbegin(), all.cend(), [](const Connection *connection) {
        return connection->status().phase == Phase::Disposed;
    });
}

void Product::kill(std::unique_ptr<Product> &product)
{
    World &world = product->m_world;
    QList<std::pair<QString, std::optional<QByteArray>>> files;
    for (const char *name : {"/sessions.json", "/sessions.json.journal", "/outbox.jsonl"}) {
        const QString path = world.folder + QLatin1String(name);
        files.append({path, contents(path)});
    }
    product.reset();
    for (const auto &[path, bytes] : files) {
        if (bytes)
            write(path, *bytes);
        else
            QFile::remove(path);
    }
}

} // namespace pilotlight::chaos
