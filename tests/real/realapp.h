// SPDX-License-Identifier: MIT
#pragma once

#include "agent/copilotbackend.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/systemclock.h"
#include "connection/connection.h"
#include "server/localserver.h"
#include "session/secretstore.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "support/realserver.h"
#include "transport/maketransport.h"
#include "transport/processtransport.h"
#include "transport/tcptransport.h"

#include <QDir>
#include <QTest>

#include <algorithm>
#include <functional>
#include <memory>

namespace pilotlight {

//! Waits until \a condition is true. Generous: a first start unpacks 235 MB, the machine may be
//! busy, and a failing test is the only one that takes this long.
inline bool eventually(const std::function<bool()> &condition)
{
    return QTest::qWaitFor(condition, 60'000);
}

//! The home of one CLI version's processes, and what of an app outlives the app: the keychain.
//! Shared by the tests of a version, since the CLI unpacks itself once a home.
class RealHome
{
public:
    explicit RealHome(RealServer::Version version)
        : m_version(version)
    {
        QDir().mkpath(workFolder());
    }

    RealServer::Version version() const { return m_version; }
    QString program() const { return RealServer::binary(m_version); }
    QString path() const { return m_folder.path(); }
    QString workFolder() const { return path() + QStringLiteral("/work"); }
    SecretStore &secrets() { return *m_secrets; }

    //! Folders of the apps that share one server: each adopts what the one before it left running.
    AppPaths sharedPaths() const { return AppPaths::below(path() + QStringLiteral("/app")); }
    //! Folders of an app that never ran.
    AppPaths newPaths()
    {
        return AppPaths::below(path() + QStringLiteral("/app-%1").arg(++m_apps));
    }

    //! Nothing in it leads to the real user's files.
    QProcessEnvironment environment() const
    {
        const QProcessEnvironment system = QProcessEnvironment::systemEnvironment();
        QProcessEnvironment env;
        const QStringList kept{QStringLiteral("PATH"), QStringLiteral("LD_LIBRARY_PATH"),
                               QStringLiteral("LANG"), QStringLiteral("SystemRoot")};
        for (const QString &name : kept) {
            if (system.contains(name))
                env.insert(name, system.value(name));
        }
        env.insert(QStringLiteral("HOME"), path());
        env.insert(QStringLiteral("COPILOT_HOME"), path() + QStringLiteral("/copilot"));
        const QStringList folders{QStringLiteral("CONFIG"), QStringLiteral("STATE"),
                                  QStringLiteral("CACHE"), QStringLiteral("DATA")};
        for (const QString &name : folders)
            env.insert(QStringLiteral("XDG_%1_HOME").arg(name), path() + QLatin1Char('/') + name);
        return env;
    }

    //! Processes that run in this home (Linux only; elsewhere the test counts on pids).
    QStringList processes() const
    {
        QStringList found;
        const QByteArray mark = "HOME=" + path().toUtf8();
        const QStringList folders = QDir(QStringLiteral("/proc")).entryList(QDir::Dirs);
        for (const QString &pid : folders) {
            QFile environ(QStringLiteral("/proc/%1/environ").arg(pid));
            if (!environ.open(QFile::ReadOnly) || !environ.readAll().split('\0').contains(mark))
                continue;
            QFile command(QStringLiteral("/proc/%1/cmdline").arg(pid));
            if (command.open(QFile::ReadOnly))
                found.append(pid + QLatin1Char(' ')
                             + QString::fromUtf8(command.readAll().replace('\0', ' ')));
        }
        return found;
    }

private:
    RealServer::Version m_version;
    QTemporaryDir m_folder;
    std::unique_ptr<SecretStore> m_secrets = makeMemorySecretStore();
    int m_apps = 0;
};

//! The product without its window: the parts of AppContext in the same wiring, but in a RealHome.
class RealApp
{
public:
    RealApp(RealHome &home, const AppPaths &paths, ConnectionConfig config = {})
        : m_home(home)
        , m_paths(paths)
    {
        m_paths.ensure();
        if (config.cliPath.isEmpty())
            config.cliPath = home.program();
        m_store =
            std::make_unique<SessionStore>(paths.state + QStringLiteral("/sessions.json"), m_clock);
        m_sessions = std::make_unique<SessionManager>(m_store.get(), m_clock, m_random);
        m_sessions->setSecretStore(&home.secrets());
        m_connection = std::make_unique<Connection>(config, parts(), m_clock, m_random);
        QObject::connect(m_connection.get(), &Connection::backendAboutToGo, m_sessions.get(),
                         [this] { m_sessions->setBackend(nullptr); });
        QObject::connect(
            m_connection.get(), &Connection::phaseChanged, m_sessions.get(), [this](Phase phase) {
                m_phases.append(phase);
                if (phase != Phase::Online)
                    return;
                QObject::connect(
                    m_connection->agentBackend(), &AgentBackend::sessionEvent, m_sessions.get(),
                    [this](const QString &, const AgentEvent &event) { m_events.append(event); });
                m_sessions->setBackend(m_connection->agentBackend());
            });
        QObject::connect(m_sessions.get(), &SessionManager::requestFailed, m_sessions.get(),
                         [this](const QString &, const QString &what, const Error &error) {
                             m_failures.append(what + QStringLiteral(": ") + error.toString());
                         });
    }

    //! Ends the local server, too, unless leaveServer() was called.
    ~RealApp()
    {
        m_connection->dispose(!m_leaveServer);
        eventually([this] { return m_connection->status().phase == Phase::Disposed; });
        m_connection.reset();
        bool ended = false;
        QObject context;
        ProcessTransport::whenAllEnded(&context, [&ended] { ended = true; });
        eventually([&ended] { return ended; });
    }

    void leaveServer() { m_leaveServer = true; }

    Connection &connection() { return *m_connection; }
    SessionManager &sessions() { return *m_sessions; }
    AgentBackend &backend() { return *m_connection->agentBackend(); }
    Phase phase() const { return m_connection->status().phase; }
    //! All phases so far.
    const QList<Phase> &phases() const { return m_phases; }
    //! All events of all sessions so far.
    const QList<AgentEvent> &events() const { return m_events; }
    const QStringList &failures() const { return m_failures; }
    qint64 embeddedPid() const { return m_embedded ? m_embedded->processId() : 0; }

    //! The local server's process, port and token as this app wrote them down.
    std::optional<ServerRecord> server() const
    {
        return readServerRecord(m_paths.state + QStringLiteral("/server.json"));
    }

    bool goOnline()
    {
        m_connection->connectToServer();
        return eventually([this] { return phase() == Phase::Online; });
    }

    bool isAttached(const QString &id) const
    {
        const Session *session = m_sessions->find(id);
        return session && session->state() == Session::State::Attached;
    }

    //! A new session with the stub model as the user's own provider; null where it fails.
    Session *newSession(const QJsonObject &provider)
    {
        SessionConfig config;
        config.model = QStringLiteral("stub-model");
        config.workingDirectory = m_home.workFolder();
        config.provider =
            ProviderConfig{provider[QStringLiteral("type")].toString(),
                           provider[QStringLiteral("wireApi")].toString(),
                           provider[QStringLiteral("baseUrl")].toString(),
                           Secret(provider[QStringLiteral("apiKey")].toString().toUtf8())};
        Session *session = m_sessions->create(config);
        return eventually([&] { return isAttached(session->id()); }) ? session : nullptr;
    }

    //! How many events of this kind have come.
    template <typename T>
    int count() const
    {
        return static_cast<int>(
            std::count_if(m_events.cbegin(), m_events.cend(), [](const AgentEvent &event) {
                return std::holds_alternative<T>(event.data);
            }));
    }

    //! Sends a prompt and waits for the end of all work.
    bool run(const QString &id, const QString &prompt)
    {
        const int before = count<SessionIdle>();
        m_sessions->send(id, {prompt, Delivery::Enqueue, {}});
        return eventually([&] { return count<SessionIdle>() > before; });
    }

    //! For a failure's message.
    QByteArray report() const
    {
        const ConnectionStatus status = m_connection->status();
        QString text = QStringLiteral("phase %1").arg(phaseName(status.phase));
        if (status.error)
            text += QStringLiteral(", ") + status.error->toString();
        for (const auto &session : m_sessions->sessions()) {
            text +=
                QStringLiteral("\nsession %1: %2 %3")
                    .arg(session->id())
                    .arg(int(session->state()))
                    .arg(session->state() == Session::State::Failed ? session->error().toString()
                                                                    : QString());
        }
        return (text + QLatin1Char('\n') + m_failures.join(QLatin1Char('\n'))).toUtf8();
    }

private:
    ConnectionParts parts()
    {
        ConnectionParts parts;
        parts.makeServerHost =
            [this](const ConnectionConfig &config) -> std::unique_ptr<ServerHost> {
            LocalServerOptions options;
            options.program = config.cliPath;
            options.environment = m_home.environment();
            options.workingDirectory = m_home.workFolder();
            options.startDeadline = std::chrono::seconds(60);
            return std::make_unique<LocalServer>(m_paths, options, m_clock, m_random);
        };
        parts.makeTransport =
            [this](const ConnectionConfig &config, ConnectionMode mode,
                   const ServerEndpoint *endpoint) -> Result<std::unique_ptr<Transport>> {
            if (endpoint)
                return std::make_unique<TcpTransport>(endpoint->host, endpoint->port);
            if (mode == ConnectionMode::Attach)
                return makeTransportForUrl(config.url, m_clock);
            auto child = std::make_unique<ProcessTransport>(
                ProcessTransport::Command{config.cliPath,
                                          {QStringLiteral("--headless"),
                                           QStringLiteral("--no-auto-update"),
                                           QStringLiteral("--stdio")},
                                          m_home.environment(),
                                          m_home.workFolder()},
                m_clock);
            m_embedded = child.get();
            return child;
        };
        parts.makeBackend = [](const ConnectionConfig &, Peer &peer,
                               Clock &clock) -> std::unique_ptr<Backend> {
            return std::make_unique<CopilotBackend>(peer, clock);
        };
        return parts;
    }

    RealHome &m_home;
    AppPaths m_paths;
    SystemClock m_clock;
    SystemRandom m_random;
    std::unique_ptr<SessionStore> m_store;
    std::unique_ptr<SessionManager> m_sessions;
    std::unique_ptr<Connection> m_connection;
    QPointer<ProcessTransport> m_embedded;
    QList<Phase> m_phases;
    QList<AgentEvent> m_events;
    QStringList m_failures;
    bool m_leaveServer = false;
};

//! All rows of one kind.
template <typename T>
QList<T> rows(const Session &session)
{
    QList<T> found;
    for (const TranscriptItem &item : session.transcript().items()) {
        if (const T *row = std::get_if<T>(&item.data))
            found.append(*row);
    }
    return found;
}

//! What a person reads in the chat, a line a row.
inline QStringList visibleRows(const Session &session)
{
    struct Describe
    {
        QString operator()(const UserItem &row) const
        {
            return QStringLiteral("user: ") + row.text
                + (row.pending ? QStringLiteral(" (pending)") : QString());
        }
        QString operator()(const AssistantItem &row) const
        {
            return QStringLiteral("assistant: ") + row.text
                + (row.interrupted ? QStringLiteral(" (interrupted)") : QString())
                + (row.streaming ? QStringLiteral(" (streaming)") : QString());
        }
        QString operator()(const ReasoningItem &row) const
        {
            return QStringLiteral("reasoning: ") + row.text;
        }
        QString operator()(const ToolItem &row) const
        {
            return QStringLiteral("tool %1 %2: %3%4")
                .arg(row.name)
                .arg(int(row.state))
                .arg(row.output, row.error);
        }
        QString operator()(const PermissionItem &row) const
        {
            return QStringLiteral("permission %1: %2").arg(int(row.state)).arg(row.request.subject);
        }
        QString operator()(const QuestionItem &row) const
        {
            return QStringLiteral("question %1: %2 %3")
                .arg(int(row.state))
                .arg(row.request.question, row.answer);
        }
        QString operator()(const PlanItem &row) const
        {
            return QStringLiteral("plan %1").arg(int(row.state));
        }
        QString operator()(const NoticeItem &row) const
        {
            return QStringLiteral("notice %1: %2 %3").arg(int(row.kind)).arg(row.text, row.detail);
        }
    };
    QStringList lines;
    for (const TranscriptItem &item : session.transcript().items())
        lines.append(std::visit(Describe(), item.data));
    return lines;
}

} // namespace pilotlight
