// SPDX-License-Identifier: MIT
#include "drill/drill.h"

#include "agent/copilotbackend.h"
#include "base/logging.h"
#include "connection/connectionmanager.h"
#include "drill/freeze.h"
#include "session/outbox.h"
#include "session/sessionmanager.h"
#include "transport/tcptransport.h"

#include <QDir>

#include <algorithm>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

// Of the keepalive: the shortest that can be set, so that a drill takes a minute and not an hour.
constexpr Milliseconds ProbeInterval = MinimumProbeInterval;
constexpr Milliseconds ProbeTimeout = 2s;

QString connectionId()
{
    return QStringLiteral("drill");
}

} // namespace

QString drillFaultName(DrillStep::Fault fault)
{
    switch (fault) {
    case DrillStep::Fault::CutConnection:
        return QStringLiteral("cut-connection");
    case DrillStep::Fault::KillServer:
        return QStringLiteral("kill-server");
    case DrillStep::Fault::FreezeServer:
        return QStringLiteral("freeze-server");
    case DrillStep::Fault::ExpireSession:
        return QStringLiteral("expire-session");
    }
    return {};
}

QString drillStateName(DrillStep::State state)
{
    switch (state) {
    case DrillStep::State::Waiting:
        return QStringLiteral("waiting");
    case DrillStep::State::Running:
        return QStringLiteral("running");
    case DrillStep::State::Recovered:
        return QStringLiteral("recovered");
    case DrillStep::State::Lost:
        return QStringLiteral("lost");
    case DrillStep::State::Failed:
        return QStringLiteral("failed");
    case DrillStep::State::Skipped:
        return QStringLiteral("skipped");
    }
    return {};
}

QString drillEndName(DrillReport::End end)
{
    switch (end) {
    case DrillReport::End::Running:
        return QStringLiteral("running");
    case DrillReport::End::Passed:
        return QStringLiteral("passed");
    case DrillReport::End::Failed:
        return QStringLiteral("failed");
    case DrillReport::End::Cancelled:
        return QStringLiteral("cancelled");
    case DrillReport::End::NotStarted:
        return QStringLiteral("not-started");
    }
    return {};
}

Drill::Drill(DrillOptions options, Clock &clock, Random &random, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_clock(clock)
    , m_random(random)
{
    m_report.probeInterval = ProbeInterval;
    for (const auto fault : {DrillStep::Fault::CutConnection, DrillStep::Fault::KillServer,
                             DrillStep::Fault::FreezeServer, DrillStep::Fault::ExpireSession}) {
        DrillStep step;
        step.fault = fault;
        m_report.steps.append(step);
    }
}

Drill::~Drill()
{
    // Without an event loop nobody waits for an end in order. What was started is ours alone.
    if (m_server.isValid())
        signalGroup(m_server, GroupSignal::Kill);
    m_lease.reset();
    m_connections.reset();
    m_sessions.reset();
}

Milliseconds Drill::elapsed() const
{
    return m_stage == Stage::Ready
        ? Milliseconds(0)
        : std::chrono::duration_cast<Milliseconds>(m_clock.now() - m_started);
}

void Drill::start()
{
    if (m_stage != Stage::Ready)
        return;
    m_stage = Stage::Preparing;
    m_started = m_clock.now();
    const AppPaths paths = AppPaths::below(m_folder.filePath(QStringLiteral("own")));
    const bool folders = m_folder.isValid() && paths.ensure()
        && QDir().mkpath(m_folder.filePath(QStringLiteral("work")));
    if (!folders || !m_relay.listen()) {
        m_report.error = {ErrorCode::StorageFailed, m_folder.errorString(), {}};
        end(DrillReport::End::NotStarted);
        return;
    }
    m_outbox = std::make_unique<Outbox>(m_folder.filePath(QStringLiteral("outbox.jsonl")), m_clock);
    m_sessions = std::make_unique<SessionManager>(nullptr, m_clock, m_random);
    m_sessions->setOutbox(m_outbox.get());
    m_sessions->load();
    connectParts();

    SessionConfig session;
    session.name = QStringLiteral("drill");
    session.workingDirectory = m_folder.filePath(QStringLiteral("work"));
    session.model = m_options.model;
    session.provider = m_options.provider;
    if (!session.provider && !m_options.isDemo) {
        // The discard port: nobody listens there, so that no model is ever asked.
        session.provider = ProviderConfig{QStringLiteral("openai"), QStringLiteral("completions"),
                                          QStringLiteral("http://127.0.0.1:9/v1"),
                                          Secret("no-key-is-needed-here")};
        session.model = QStringLiteral("none");
    }
    m_sessionId = m_sessions->create(session, connectionId())->id();
    send();
    m_limit = m_clock.after(m_options.stepLimit, [this] {
        const auto error = m_connections->find(connectionId())->status().error;
        m_report.error = error.value_or(Error{ErrorCode::Timeout, {}, {}});
        end(DrillReport::End::NotStarted);
    });
}

void Drill::connectParts()
{
    ConnectionParts parts;
    parts.makeServerHost = [this](const ConnectionConfig &) -> std::unique_ptr<ServerHost> {
        const QString state = m_folder.filePath(QStringLiteral("server"));
        LocalServerOptions options;
        options.program = m_options.program;
        if (m_options.isDemo)
            options.extraArguments = {QStringLiteral("--state-dir"), state};
        options.environment = m_options.environment;
        options.environment.insert(QStringLiteral("COPILOT_HOME"), state);
        options.workingDirectory = m_folder.filePath(QStringLiteral("work"));
        return std::make_unique<LocalServer>(
            AppPaths::below(m_folder.filePath(QStringLiteral("own"))), options, m_clock, m_random);
    };
    parts.makeTransport =
        [this](const ConnectionConfig &, ConnectionMode,
               const ServerEndpoint *endpoint) -> Result<std::unique_ptr<Transport>> {
        // Without a server that listens there is nothing to drill: no embedded one.
        if (!endpoint)
            return failure(ErrorCode::ServerStartFailed);
        m_server = identifyProcess(endpoint->pid);
        m_relay.setTarget(endpoint->host, endpoint->port);
        return std::make_unique<TcpTransport>(endpoint->host, m_relay.port());
    };
    parts.makeBackend = [](const ConnectionConfig &, Peer &peer,
                           Clock &clock) -> std::unique_ptr<Backend> {
        return std::make_unique<CopilotBackend>(peer, clock);
    };
    m_connections = std::make_unique<ConnectionManager>(std::move(parts), m_clock, m_random);
    connect(m_connections.get(), &ConnectionManager::backendAboutToGo, m_sessions.get(),
            [this](const QString &id) { m_sessions->setBackend(id, nullptr); });
    connect(m_connections.get(), &ConnectionManager::phaseChanged, m_sessions.get(),
            [this](const QString &id, Phase phase) {
                Connection &connection = *m_connections->find(id);
                if (phase == Phase::Online)
                    m_sessions->setBackend(id, connection.agentBackend(),
                                           connection.status().generation);
                else if (phase == Phase::Disposed)
                    m_next = m_clock.after(0ms, [this] { serverGone(); });
            });
    connect(m_connections.get(), &ConnectionManager::statusChanged, this, &Drill::changed);
    connect(m_sessions.get(), &SessionManager::sessionChanged, this, &Drill::changed);
    connect(m_sessions.get(), &SessionManager::promptWaits, m_connections.get(),
            [this](const QString &id) {
                if (Connection *const connection = m_connections->find(id))
                    connection->probeNow(ProbeTrigger::Presend);
            });
    ConnectionConfig config;
    config.id = connectionId();
    config.mode = ConnectionMode::Local;
    config.cliPath = m_options.program;
    config.keepalive.interval = ProbeInterval;
    config.keepalive.timeout = ProbeTimeout;
    m_connections->add(config);
    m_lease = std::make_unique<ConnectionLease>(
        m_connections->acquire(connectionId(), QStringLiteral("drill")));
}

Session *Drill::session() const
{
    return m_sessions->find(m_sessionId);
}

Drill::Rows Drill::rows() const
{
    Rows rows;
    for (const TranscriptItem &item : session()->transcript().items()) {
        if (const auto *user = std::get_if<UserItem>(&item.data); user && !user->pending)
            rows.prompts << user->text;
        else if (const auto *answer = std::get_if<AssistantItem>(&item.data);
                 answer && !answer->streaming && !answer->interrupted)
            rows.answers << answer->text;
    }
    return rows;
}

bool Drill::isHealthy() const
{
    const ConnectionStatus status = m_connections->find(connectionId())->status();
    return status.phase == Phase::Online && session()->state() == Session::State::Attached
        && status.keepalive.state != KeepaliveState::Degraded
        && status.keepalive.state != KeepaliveState::Unresponsive;
}

//! Signals come from the middle of things: what has become of them is looked at afterwards; but
//! that something is wrong is noticed now.
void Drill::changed()
{
    if (m_stage == Stage::Step && step().at && !step().noticed && !isHealthy()) {
        step().noticed = std::chrono::duration_cast<Milliseconds>(m_clock.now() - m_struck);
        Q_EMIT progressed();
    }
    if (!m_look.isActive())
        m_look = m_clock.after(0ms, [this] { look(); });
}

void Drill::look()
{
    if (m_stage == Stage::Preparing)
        lookAtStart();
    else if (m_stage == Stage::Step)
        lookAtStep();
}

//! A prompt arrived: without a model to answer it the turn is ended.
void Drill::stopTurn()
{
    if (m_options.isDemo || m_options.provider || m_stopping
        || session()->activity() == Activity::Idle)
        return;
    m_stopping = true;
    m_sessions->abort(m_sessionId);
}

void Drill::lookAtStart()
{
    const ConnectionStatus status = m_connections->find(connectionId())->status();
    if (status.server && m_report.server.isEmpty())
        m_report.server = status.server->name + QLatin1Char(' ') + status.server->version;
    const bool gaveUp = status.phase == Phase::Idle && status.error;
    if (gaveUp || session()->state() == Session::State::Failed) {
        m_report.error = gaveUp ? *status.error : session()->error();
        end(DrillReport::End::NotStarted);
        return;
    }
    if (!rows().prompts.contains(m_prompt))
        return;
    stopTurn();
    if (session()->activity() != Activity::Idle)
        return;
    m_report.ready = elapsed();
    m_stage = Stage::Pause;
    Q_EMIT progressed();
    m_next = m_clock.after(m_options.pause, [this] { nextStep(); });
}

void Drill::send()
{
    m_stopping = false;
    m_prompt = QStringLiteral("Drill prompt %1").arg(++m_prompts);
    if (m_options.isDemo || m_options.provider)
        m_prompt += QStringLiteral(" [say Prompt %1 has arrived.]").arg(m_prompts);
    m_sessions->send(m_sessionId, {m_prompt, Delivery::Enqueue, {}, {}});
}

void Drill::nextStep()
{
    if (++m_step >= m_report.steps.size()) {
        const bool passed =
            std::all_of(m_report.steps.cbegin(), m_report.steps.cend(), [](const DrillStep &step) {
                return step.state == DrillStep::State::Recovered
                    || step.state == DrillStep::State::Skipped;
            });
        end(passed ? DrillReport::End::Passed : DrillReport::End::Failed);
        return;
    }
    m_stage = Stage::Step;
    m_before = rows();
    step().rows = static_cast<int>(m_before.prompts.size() + m_before.answers.size());
    step().state = DrillStep::State::Running;
    m_limit = m_clock.after(m_options.stepLimit, [this] {
        const auto error = m_connections->find(connectionId())->status().error;
        step().error = error.value_or(Error{ErrorCode::Timeout, {}, {}});
        stepEnds(DrillStep::State::Failed);
    });
    strike();
}

void Drill::strike()
{
    const auto now = [this] {
        m_struck = m_clock.now();
        step().at = elapsed();
        qCInfo(lcConnection).noquote()
            << QStringLiteral("Drill: %1").arg(drillFaultName(step().fault));
        Q_EMIT progressed();
    };
    switch (step().fault) {
    case DrillStep::Fault::CutConnection:
        now();
        send();
        m_relay.cut();
        break;
    case DrillStep::Fault::KillServer:
        now();
        send();
        signalGroup(m_server, GroupSignal::Kill);
        break;
    case DrillStep::Fault::FreezeServer:
        if (!freezeProcess(m_server.pid)) {
            stepEnds(DrillStep::State::Skipped);
            return;
        }
        m_frozen = m_server.pid;
        now();
        send();
        break;
    case DrillStep::Fault::ExpireSession: {
        Connection *const connection = m_connections->find(connectionId());
        AgentBackend *const backend = connection->agentBackend();
        if (!backend) { // the step before has not healed
            step().error = {ErrorCode::ConnectionLost, {}, {}};
            stepEnds(DrillStep::State::Failed);
            return;
        }
        // Behind the session manager's back, to which it comes as a surprise.
        backend->expireSession(m_sessionId, this, [this, now](const Result<Done> &) {
            if (m_stage != Stage::Step)
                return;
            now();
            send();
        });
        break;
    }
    }
    changed();
}

void Drill::lookAtStep()
{
    DrillStep &current = step();
    if (!current.at)
        return;
    const auto since = [this] {
        return std::chrono::duration_cast<Milliseconds>(m_clock.now() - m_struck);
    };
    if (current.noticed && !current.recovered && isHealthy()) {
        current.recovered = since();
        Q_EMIT progressed();
    }
    const Rows after = rows();
    if (!current.delivered && after.prompts.contains(m_prompt)) {
        current.delivered = since();
        Q_EMIT progressed();
    }
    if (!current.delivered || !current.recovered)
        return;
    stopTurn();
    if (session()->activity() != Activity::Idle)
        return;
    // What comes late (an answer, a second copy) has the pause to show up.
    m_stage = Stage::Pause;
    m_limit.cancel();
    m_next = m_clock.after(m_options.pause, [this] {
        const Rows late = rows();
        const auto missing = [](const QStringList &wanted, const QStringList &there) {
            return static_cast<int>(
                std::count_if(wanted.cbegin(), wanted.cend(),
                              [&there](const QString &text) { return !there.contains(text); }));
        };
        DrillStep &ended = step();
        ended.missing = missing(m_before.prompts, late.prompts)
            + missing(m_before.answers, late.answers) + missing({m_prompt}, late.prompts);
        QStringList unique = late.prompts;
        ended.doubled = static_cast<int>(unique.removeDuplicates());
        stepEnds(ended.missing || ended.doubled ? DrillStep::State::Lost
                                                : DrillStep::State::Recovered);
    });
}

void Drill::stepEnds(DrillStep::State state)
{
    m_limit.cancel();
    if (m_frozen != 0)
        thawProcess(std::exchange(m_frozen, 0)); // most likely it has been replaced
    step().state = state;
    m_stage = Stage::Pause;
    Q_EMIT progressed();
    m_next = m_clock.after(0ms, [this] { nextStep(); });
}

void Drill::cancel()
{
    if (m_stage == Stage::Ready || m_stage == Stage::Ending)
        return;
    end(DrillReport::End::Cancelled);
}

void Drill::end(DrillReport::End end)
{
    m_stage = Stage::Ending;
    m_report.end = end;
    m_limit.cancel();
    m_next.cancel();
    if (m_frozen != 0)
        thawProcess(std::exchange(m_frozen, 0));
    Q_EMIT progressed();
    Connection *const connection = m_connections ? m_connections->find(connectionId()) : nullptr;
    if (connection)
        connection->dispose(true); // then serverGone()
    else
        m_next = m_clock.after(0ms, [this] { serverGone(); });
}

void Drill::serverGone()
{
    if (std::exchange(m_over, true))
        return;
    m_server = {};
    m_folder.remove();
    Q_EMIT finished();
}

} // namespace pilotlight
