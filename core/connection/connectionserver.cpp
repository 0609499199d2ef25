// SPDX-License-Identifier: MIT
// The part of the table that deals with a server process of ours: its start, its end, how often it
// is brought back.
#include "connection/connectionmachine.h"

#include "base/logging.h"

#include <utility>

namespace pilotlight {

void ConnectionMachine::on(const ServerReady &event)
{
    if (isCurrent(event.generation) && phase() == Phase::StartingServer)
        openTransport(&event.endpoint);
}

void ConnectionMachine::on(const ServerFailed &event)
{
    if (!isCurrent(event.generation) || phase() != Phase::StartingServer)
        return;
    switch (event.error.code) {
    case ErrorCode::ServerNotFound: // nothing to embed either
    case ErrorCode::ServerLocked: // another of ours is at it; a second server would fork sessions
        attemptFailed(event.error);
        return;
    case ErrorCode::Timeout: // it froze while it started
        if (restartOnce(QStringLiteral("restarted-unresponsive"), event.error.detail))
            return;
        break;
    case ErrorCode::ServerStartFailed:
        if (!m_restarts.take(m_clock.now())) {
            crashLoop(event.error.detail);
            return;
        }
        break;
    default:
        break;
    }
    // Everything else may work as a child.
    qCWarning(lcConnection).noquote()
        << QStringLiteral("Local server failed, falling back to an embedded one: %1")
               .arg(event.error.toString());
    m_mode = ConnectionMode::Embedded;
    Q_EMIT m_owner.notice(QStringLiteral("fell-back-to-embedded"), event.error.detail);
    beginAttempt();
}

void ConnectionMachine::on(const ServerStopped &event)
{
    auto *stopping = std::get_if<Stopping>(&m_state);
    if (!stopping || !isCurrent(event.generation))
        return;
    switch (stopping->then) {
    case Stopping::Then::Start:
        beginAttempt();
        break;
    case Stopping::Then::Idle:
        enter(Idle{});
        break;
    case Stopping::Then::Disposed:
        enter(Disposed{});
        break;
    }
}

void ConnectionMachine::on(const ServerExited &event)
{
    if (!usesLocalServer())
        return;
    switch (phase()) {
    case Phase::StartingServer: // its stream ended a moment earlier, so it is being asked for
    case Phase::Connecting:
    case Phase::Initializing:
    case Phase::Online:
        serverEnded(event.detail);
        break;
    default: // they do not depend on it
        break;
    }
}

void ConnectionMachine::serverEnded(const QString &detail)
{
    const quint64 generation = m_generation;
    Q_EMIT m_owner.notice(QStringLiteral("server-exited"), detail);
    if (!isCurrent(generation))
        return;
    if (!m_restarts.take(m_clock.now()))
        crashLoop(detail);
    else if (phase() != Phase::StartingServer)
        lost({ErrorCode::ServerExited, detail, {}});
}

void ConnectionMachine::crashLoop(const QString &detail)
{
    qCWarning(lcConnection).noquote()
        << QStringLiteral("The server ended %1 times within %2 min of each other; giving up: %3")
               .arg(RestartBudget::Restarts + 1)
               .arg(std::chrono::floor<std::chrono::minutes>(RestartBudget::QuietTime).count())
               .arg(detail);
    m_wanted = false;
    // What an embedded server said is cut short by what it broke; the local one's file has all of
    // it.
    const QString output =
        m_host && m_mode == ConnectionMode::Embedded ? m_host->lastOutput() : QString();
    m_error = Error{ErrorCode::ServerCrashLoop, output.isEmpty() ? detail : output, {}};
    m_mode = m_config.mode;
    if (phase() == Phase::StartingServer)
        stopServerThen(Stopping::Then::Idle); // gives up that start
    else
        enter(Idle{});
}

bool ConnectionMachine::isOwnChild() const
{
    return m_mode == ConnectionMode::Embedded && m_config.kind == BackendKind::Copilot;
}

bool ConnectionMachine::restartOnce(const QString &code, const QString &detail)
{
    if (!usesLocalServer() || m_restartSpent || !m_restarts.take(m_clock.now()))
        return false;
    m_restartSpent = true;
    qCWarning(lcConnection).noquote()
        << QStringLiteral("Restarting the server (%1): %2").arg(code, detail);
    Q_EMIT m_owner.notice(code, detail);
    stopServerThen(Stopping::Then::Start);
    return true;
}

void ConnectionMachine::stopServerThen(Stopping::Then then)
{
    leave();
    ++m_generation; // what the attempt before still says is stale
    const quint64 generation = m_generation;
    ServerHost *server = m_host ? m_host.get() : host();
    enter(Stopping{then});
    if (phase() == Phase::Stopping && isCurrent(generation))
        server->stop(&m_context, [this, generation] { post(ServerStopped{generation}); });
}

ServerHost *ConnectionMachine::host()
{
    if (std::exchange(m_hostOutdated, false))
        m_host.reset();
    if (!m_host) {
        m_host.reset(m_parts.makeServerHost(m_config).release());
        QObject::connect(m_host.get(), &ServerHost::exited, &m_context,
                         [this](const QString &detail) { post(ServerExited{detail}); });
    }
    return m_host.get();
}

} // namespace pilotlight
