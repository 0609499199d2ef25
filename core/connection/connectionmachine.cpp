// SPDX-License-Identifier: MIT
#include "connection/connectionmachine.h"

#include "base/logging.h"
#include "transport/transport.h"

#include <utility>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

// A TCP connect on loopback takes microseconds, over a bad network a few SYN retries (1 + 2 + 4 s).
constexpr Milliseconds ConnectDeadline = 10s;
// The measured server answers its first call within 0.7 s of listening, 2.4 s in a fresh home.
constexpr Milliseconds HandshakeDeadline = 15s;
// How long a sign-in may go unnoticed while nobody looks at the window; a wake-up each.
constexpr Milliseconds SignInPoll = 120s;
// A connection that lived for as long as the longest backoff is not flapping.
constexpr Milliseconds StableAfter = Backoff::Ceiling;

} // namespace

void ConnectionMachine::DeleteLater::operator()(QObject *object) const
{
    // An event may come from inside a signal or handler of the very object: it goes later, but no
    // longer speaks.
    object->disconnect();
    object->deleteLater();
}

ConnectionMachine::ConnectionMachine(Connection &owner, ConnectionConfig config,
                                     ConnectionParts parts, Clock &clock, Random &random)
    : m_owner(owner)
    , m_config(std::move(config))
    , m_parts(std::move(parts))
    , m_clock(clock)
    , m_random(random)
    , m_mode(m_config.mode)
{
    configureBreaker();
}

ConnectionMachine::~ConnectionMachine()
{
    *m_alive = false;
    m_running = true; // nothing that still comes in is processed
    leave();
}

void ConnectionMachine::post(Event event)
{
    m_queue.push_back(std::move(event));
    if (m_running)
        return;
    m_running = true;
    const auto alive = m_alive;
    while (*alive && !m_queue.empty()) {
        const Event next = std::move(m_queue.front());
        m_queue.pop_front();
        std::visit([this](const auto &e) { on(e); }, next);
    }
    if (*alive)
        m_running = false;
}

Phase ConnectionMachine::phase() const
{
    static_assert(std::variant_size_v<State> == static_cast<std::size_t>(Phase::Disposed) + 1,
                  "Phase names the alternatives of State in their order");
    return static_cast<Phase>(m_state.index());
}

Backend *ConnectionMachine::backend() const
{
    const auto *online = std::get_if<Online>(&m_state);
    return online ? online->backend.get() : nullptr;
}

ConnectionStatus ConnectionMachine::status() const
{
    ConnectionStatus status;
    status.phase = phase();
    status.mode = m_mode;
    status.fellBack = m_mode != m_config.mode;
    status.target = m_target;
    status.error = m_error;
    if (const auto *online = std::get_if<Online>(&m_state)) {
        status.server = online->info;
        status.auth = online->auth;
    }
    status.attempt = m_backoff.attempts();
    status.generation = m_generation;
    status.keepalive = m_keepalive;
    KeepaliveStatus &keepalive = status.keepalive;
    keepalive.config = m_config.keepalive;
    keepalive.breaker = m_breaker.state();
    const auto atWall = [this](Nanoseconds time) {
        return m_clock.wallNow().addMSecs(
            std::chrono::duration_cast<Milliseconds>(time - m_clock.now()).count());
    };
    if (const auto *waiting = std::get_if<RetryLater>(&m_state))
        status.retryAt = atWall(waiting->due);
    if (const auto until = m_breaker.openUntil())
        keepalive.pausedUntil = atWall(*until);
    if (const auto *online = std::get_if<Online>(&m_state); online && online->keepalive) {
        if (const auto activity = online->keepalive->lastActivity())
            keepalive.lastActivity = atWall(*activity);
        if (const auto due = online->keepalive->nextDue())
            keepalive.nextProbe = atWall(*due);
    } else if (m_config.kind == BackendKind::Mcp && status.phase == Phase::Backoff
               && keepalive.pausedUntil) {
        keepalive.state = KeepaliveState::Paused;
        keepalive.pause = KeepaliveStatus::Pause::Breaker;
    }
    if (m_mode == ConnectionMode::Demo)
        keepalive.state = KeepaliveState::Off;
    return status;
}

// ---- wishes -------------------------------------------------------------------------------------

void ConnectionMachine::on(const Connect &)
{
    m_wanted = true;
    if (phase() == Phase::Idle) {
        m_restarts.refill();
        beginAttempt();
    } else if (auto *stopping = std::get_if<Stopping>(&m_state);
               stopping && stopping->then == Stopping::Then::Idle) {
        m_restarts.refill();
        stopping->then = Stopping::Then::Start;
    }
}

void ConnectionMachine::on(const Disconnect &)
{
    m_wanted = false;
    m_error.reset();
    if (auto *stopping = std::get_if<Stopping>(&m_state)) {
        if (stopping->then == Stopping::Then::Start)
            stopping->then = Stopping::Then::Idle;
    } else if (phase() == Phase::StartingServer) {
        stopServerThen(Stopping::Then::Idle); // half-started: nobody would ever adopt it
    } else if (phase() != Phase::Disposed && phase() != Phase::Idle) {
        enter(Idle{});
    }
}

void ConnectionMachine::on(const Reconnect &)
{
    m_wanted = true;
    switch (phase()) {
    case Phase::Idle:
    case Phase::Connecting:
    case Phase::Initializing:
    case Phase::Online:
    case Phase::Backoff:
        m_mode = m_config.mode; // a person asks: try the wanted mode again
        m_restartSpent = false;
        m_restarts.refill();
        m_breaker.halfOpen();
        beginAttempt();
        break;
    case Phase::Stopping:
        on(Connect{});
        break;
    case Phase::StartingServer: // already on its way
    case Phase::Disposed:
        break;
    }
}

void ConnectionMachine::on(const Restart &)
{
    if (phase() == Phase::Disposed)
        return;
    m_wanted = true;
    m_mode = m_config.mode;
    m_restartSpent = false;
    m_restarts.refill();
    m_breaker.halfOpen();
    if (phase() == Phase::Stopping)
        on(Connect{});
    else if (usesLocalServer())
        stopServerThen(Stopping::Then::Start);
    else
        beginAttempt();
}

void ConnectionMachine::on(const Reconfigure &event)
{
    if (phase() == Phase::Disposed)
        return;
    ConnectionConfig same = event.config;
    same.name = m_config.name;
    same.keepalive = m_config.keepalive;
    same.readOnlyTools = m_config.readOnlyTools;
    if (phase() == Phase::Online && m_mode == m_config.mode && same == m_config) {
        // A session lives only while a connection is attached to it: none is ended for nothing.
        m_config = event.config;
        on(SetKeepalive{event.config.keepalive});
        return;
    }
    m_hostOutdated = m_hostOutdated || event.config.cliPath != m_config.cliPath;
    m_config = event.config;
    m_mode = m_config.mode;
    m_restartSpent = false;
    m_restarts.refill();
    m_version.clear();
    m_backoff.reset();
    m_breaker.reset();
    configureBreaker();
    m_keepalive.slowFactor = 1;
    if (phase() == Phase::Stopping)
        return; // goes on with the new configuration
    if (phase() == Phase::StartingServer)
        stopServerThen(m_wanted ? Stopping::Then::Start : Stopping::Then::Idle);
    else if (m_wanted)
        beginAttempt(); // a detached server of the old kind goes on running, with its sessions
    else
        enter(Idle{});
}

void ConnectionMachine::on(const SetKeepalive &event)
{
    m_config.keepalive = event.keepalive;
    configureBreaker();
    if (auto *online = std::get_if<Online>(&m_state); online && online->keepalive)
        online->keepalive->configure(event.keepalive);
    else
        m_keepalive.slowFactor = 1;
    Q_EMIT m_owner.statusChanged();
}

void ConnectionMachine::on(const ProbeNow &event)
{
    if (auto *online = std::get_if<Online>(&m_state)) {
        if (online->keepalive)
            online->keepalive->probeNow(event.trigger);
        return;
    }
    switch (phase()) {
    case Phase::Backoff:
        m_breaker.halfOpen();
        beginAttempt(); // "now" is what the user means
        break;
    case Phase::StartingServer:
    case Phase::Connecting:
    case Phase::Initializing:
    case Phase::Stopping:
        if (m_mode == ConnectionMode::Demo || m_config.keepalive.method == KeepaliveMethod::None)
            break;
        ++m_keepalive.skipped;
        Q_EMIT m_owner.probeEvent({ProbeEvent::Kind::Skipped,
                                   m_config.id,
                                   m_config.keepalive.method == KeepaliveMethod::Tool
                                       ? QStringLiteral("tool")
                                       : QStringLiteral("ping"),
                                   QStringLiteral("reconnecting"),
                                   event.trigger,
                                   {}});
        break;
    default:
        break;
    }
}

void ConnectionMachine::on(const CheckSignIn &)
{
    auto *online = std::get_if<Online>(&m_state);
    if (!online)
        return;
    online->signIn.cancel();
    online->backend->authStatus(
        &m_context, [this, generation = m_generation](const Result<AuthStatus> &result) {
            auto *now = std::get_if<Online>(&m_state);
            if (!now || !isCurrent(generation) || !result)
                return;
            // In a terminal, most likely: nobody tells us.
            if (!result->signedIn && m_mode != ConnectionMode::Demo)
                now->signIn = m_clock.after(SignInPoll, [this] { post(CheckSignIn{}); });
            now->auth = *result;
            Q_EMIT m_owner.statusChanged();
        });
}

void ConnectionMachine::on(const PrepareForSleep &)
{
    m_suspended = true;
    if (auto *online = std::get_if<Online>(&m_state); online && online->keepalive)
        online->keepalive->suspend();
}

void ConnectionMachine::on(const Wake &)
{
    m_suspended = false;
    m_graceUntil = m_clock.now() + KeepaliveLoop::WakeGrace;
    m_breaker.halfOpen();
    if (auto *online = std::get_if<Online>(&m_state); online && online->keepalive)
        online->keepalive->wake(m_graceUntil);
    else if (phase() == Phase::Backoff)
        beginAttempt();
}

void ConnectionMachine::on(const Dispose &event)
{
    if (phase() == Phase::Disposed)
        return;
    m_wanted = false;
    m_error.reset();
    if (auto *stopping = std::get_if<Stopping>(&m_state))
        stopping->then = Stopping::Then::Disposed;
    else if (usesLocalServer() && (event.stopServer || phase() == Phase::StartingServer))
        stopServerThen(Stopping::Then::Disposed);
    else
        enter(Disposed{});
}

// ---- the connection -----------------------------------------------------------------------------

void ConnectionMachine::on(const TransportOpened &event)
{
    auto *connecting = std::get_if<Connecting>(&m_state);
    if (!connecting || !isCurrent(event.generation))
        return;
    const Secret token = connecting->token;
    Initializing next{std::move(connecting->peer), {}};
    next.backend.reset(m_parts.makeBackend(m_config, *next.peer, m_clock).release());
    Backend *backend = next.backend.get();
    enter(std::move(next));
    if (phase() != Phase::Initializing || !isCurrent(event.generation))
        return;
    // One that has been up for long answers at once or not at all.
    const Milliseconds deadline = m_wasUnresponsive
        ? std::min(HandshakeDeadline, m_config.keepalive.timeout)
        : HandshakeDeadline;
    backend->initialize(token, deadline, &m_context,
                        [this, generation = m_generation](const Result<ServerInfo> &result) {
                            if (result)
                                post(HandshakeDone{generation, *result});
                            else
                                post(HandshakeFailed{generation, result.error()});
                        });
}

void ConnectionMachine::on(const TransportClosed &event)
{
    if (!isCurrent(event.generation))
        return;
    if (phase() != Phase::Connecting && phase() != Phase::Initializing && phase() != Phase::Online)
        return;
    // Servers of tools have their breaker instead.
    if (isOwnChild() && !m_restarts.take(m_clock.now()))
        crashLoop(event.error.detail);
    else
        lost(event.error);
}

void ConnectionMachine::on(const ConnectTimeout &event)
{
    if (isCurrent(event.generation) && phase() == Phase::Connecting)
        lost({ErrorCode::Timeout, QStringLiteral("connecting to %1").arg(m_target), {}});
}

void ConnectionMachine::on(const HandshakeDone &event)
{
    auto *initializing = std::get_if<Initializing>(&m_state);
    if (initializing && isCurrent(event.generation))
        goOnline(std::move(*initializing), event.info);
}

void ConnectionMachine::on(const HandshakeFailed &event)
{
    if (!isCurrent(event.generation) || phase() != Phase::Initializing)
        return;
    switch (event.error.code) {
    case ErrorCode::ServerTooOld:
    case ErrorCode::ServerTooNew:
    case ErrorCode::AuthenticationRequired:
    case ErrorCode::AuthenticationFailed:
        // A server of ours that an older or newer copy left behind, or whose token is lost.
        if (restartOnce(QStringLiteral("restarted-mismatch"), event.error.detail))
            return;
        break;
    case ErrorCode::Timeout:
        if (restartOnce(QStringLiteral("restarted-unresponsive"), event.error.detail))
            return;
        break;
    default:
        break;
    }
    // What says nothing that makes sense and goes is no server either.
    if (isOwnChild() && isTransient(event.error.code) && !m_restarts.take(m_clock.now()))
        crashLoop(event.error.detail);
    else
        attemptFailed(event.error);
}

void ConnectionMachine::on(const RetryDue &event)
{
    if (!isCurrent(event.generation) || phase() != Phase::Backoff)
        return;
    m_breaker.halfOpen(); // it was waited for
    beginAttempt();
}

void ConnectionMachine::on(const Unresponsive &event)
{
    if (!isCurrent(event.generation) || phase() != Phase::Online)
        return;
    const Error error{ErrorCode::Timeout, event.detail, {}};
    // First a new connection; if that one does not answer probes either, a new server.
    if (std::exchange(m_wasUnresponsive, true)
        && restartOnce(QStringLiteral("restarted-unresponsive"), event.detail))
        return;
    lost(error);
}

// ---- transitions --------------------------------------------------------------------------------

void ConnectionMachine::beginAttempt()
{
    leave();
    ++m_generation;
    if (!usesLocalServer()) {
        openTransport(nullptr);
        return;
    }
    const quint64 generation = m_generation;
    ServerHost *server = host();
    enter(StartingServer{});
    if (phase() != Phase::StartingServer || !isCurrent(generation))
        return;
    server->start(&m_context, [this, generation](const Result<ServerEndpoint> &result) {
        if (result)
            post(ServerReady{generation, *result});
        else
            post(ServerFailed{generation, result.error()});
    });
}

void ConnectionMachine::openTransport(const ServerEndpoint *endpoint)
{
    auto transport = m_parts.makeTransport(m_config, m_mode, endpoint);
    if (!transport) {
        attemptFailed(transport.error());
        return;
    }
    m_target = (*transport)->description();
    Connecting next;
    if (endpoint)
        next.token = endpoint->token;
    else if (m_mode == ConnectionMode::Attach)
        next.token = m_config.token;
    next.peer.reset(new Peer(std::move(*transport), m_clock));
    const quint64 generation = m_generation;
    QObject::connect(next.peer.get(), &Peer::opened, &m_context,
                     [this, generation] { post(TransportOpened{generation}); });
    QObject::connect(
        next.peer.get(), &Peer::closed, &m_context,
        [this, generation](const Error &reason) { post(TransportClosed{generation, reason}); });
    next.deadline =
        m_clock.after(ConnectDeadline, [this, generation] { post(ConnectTimeout{generation}); });
    Peer *peer = next.peer.get();
    enter(std::move(next));
    if (phase() == Phase::Connecting && isCurrent(generation))
        peer->transport().open();
}

void ConnectionMachine::goOnline(Initializing &&from, const ServerInfo &info)
{
    Online online;
    online.info = info;
    online.peer = std::move(from.peer);
    online.backend = std::move(from.backend);
    online.stable = m_clock.after(StableAfter, [this] {
        m_backoff.reset();
        // Without probes nothing else would ever forgive a failed attempt.
        if (m_config.keepalive.method == KeepaliveMethod::None)
            m_breaker.reset();
    });
    m_breaker.halfOpen(); // a new connection is worth a probe
    if (m_mode != ConnectionMode::Demo)
        online.keepalive = makeLoop(*online.backend);
    if (m_suspended && online.keepalive)
        online.keepalive->suspend();
    const quint64 generation = m_generation;
    enter(std::move(online));
    if (phase() != Phase::Online || !isCurrent(generation))
        return;
    noteVersion(info);
    if (phase() != Phase::Online || !isCurrent(generation))
        return;
    on(CheckSignIn{});
}

// A program that updates itself, or an administrator, has put another version in its place.
void ConnectionMachine::noteVersion(const ServerInfo &info)
{
    if (info.version.isEmpty() || info.version == m_version)
        return;
    const QString before = std::exchange(m_version, info.version);
    if (before.isEmpty())
        return;
    qCInfo(lcConnection).noquote()
        << QStringLiteral("The server's version changed from %1 to %2").arg(before, info.version);
    Q_EMIT m_owner.notice(QStringLiteral("server-version-changed"),
                          before + QStringLiteral(" → ") + info.version);
}

std::unique_ptr<KeepaliveLoop> ConnectionMachine::makeLoop(Backend &backend)
{
    KeepaliveLoop::Options options{m_config.id, m_generation, m_config.keepalive, m_graceUntil};
    KeepaliveLoop::Callbacks callbacks;
    callbacks.changed = [this] { Q_EMIT m_owner.statusChanged(); };
    callbacks.event = [this](const ProbeEvent &event) { Q_EMIT m_owner.probeEvent(event); };
    callbacks.notice = [this](const QString &code, const QString &detail) {
        Q_EMIT m_owner.notice(code, detail);
    };
    callbacks.probed = [this](const ProbeResult &result) {
        if (result.outcome == ProbeResult::Outcome::Ok) {
            m_backoff.reset();
            m_wasUnresponsive = false;
            m_restartSpent = false;
        }
        Q_EMIT m_owner.probed(result);
    };
    callbacks.unresponsive = [this, generation = m_generation](const ProbeResult &result) {
        post(Unresponsive{generation, result.detail});
    };
    return std::make_unique<KeepaliveLoop>(KeepaliveLoop::Key(), backend, std::move(options),
                                           m_keepalive, m_breaker, m_clock, m_random,
                                           std::move(callbacks));
}

void ConnectionMachine::lost(const Error &error)
{
    // A connection that had proved itself is replaced at once; one that flaps has to wait.
    const bool wasStable = phase() == Phase::Online && m_backoff.attempts() == 0;
    qCWarning(lcConnection).noquote() << QStringLiteral("Connection to %1 ended: %2 gen=%3")
                                             .arg(m_target, error.toString())
                                             .arg(m_generation);
    if (!wasStable) {
        attemptFailed(error);
        return;
    }
    if (!inWakeGrace())
        m_backoff.next(m_random); // until this attempt has proved itself
    beginAttempt();
}

void ConnectionMachine::attemptFailed(const Error &error)
{
    leave();
    m_error = error;
    if (!isTransient(error.code)) {
        qCWarning(lcConnection).noquote()
            << QStringLiteral("Not connected, and a retry would not help: %1")
                   .arg(error.toString());
        m_wanted = false;
        enter(Idle{});
        return;
    }
    if (m_mode != m_config.mode)
        m_mode = m_config.mode; // the fall-back did not work either: begin from the top
    const Milliseconds delay = retryDelay(error.code);
    const quint64 generation = m_generation;
    qCInfo(lcConnection).noquote() << QStringLiteral("Next attempt in %1 ms after %2 failed: %3")
                                          .arg(delay.count())
                                          .arg(m_backoff.attempts())
                                          .arg(error.toString());
    enter(RetryLater{m_clock.now() + delay,
                     m_clock.after(delay, [this, generation] { post(RetryDue{generation}); })});
}

Milliseconds ConnectionMachine::retryDelay(ErrorCode why)
{
    if (inWakeGrace())
        return KeepaliveLoop::WakeRetry; // the network may not be back yet: not charged
    const Milliseconds delay = m_backoff.next(m_random);
    // Sessions hang on an agent server: it is tried at least once a minute. A server of tools is
    // paused by its breaker instead; one that has merely forgotten us is well.
    if (m_config.kind != BackendKind::Mcp || why == ErrorCode::ConnectionExpired)
        return delay;
    m_breaker.failed(m_clock.now());
    const auto until = m_breaker.openUntil();
    return until ? std::max(delay, std::chrono::ceil<Milliseconds>(*until - m_clock.now())) : delay;
}

void ConnectionMachine::configureBreaker()
{
    // Where a server may be replaced, two misses lead to a recovery: the breaker is for recoveries
    // that do not help, so it counts two misses for each of them.
    const bool replaceable = m_config.kind == BackendKind::Copilot
        && (m_config.mode == ConnectionMode::Local || m_config.mode == ConnectionMode::Embedded);
    const int misses = m_config.keepalive.maxFailures * (replaceable ? 2 : 1);
    m_breaker.configure({misses, m_config.keepalive.reprobe});
}

void ConnectionMachine::leave()
{
    if (auto *online = std::get_if<Online>(&m_state)) {
        Q_EMIT m_owner.backendAboutToGo();
        online->keepalive.reset();
        online->backend.reset();
        online->peer->close();
    } else if (auto *initializing = std::get_if<Initializing>(&m_state)) {
        initializing->backend.reset();
        if (initializing->peer) // else it moved on to Online
            initializing->peer->close();
    } else if (auto *connecting = std::get_if<Connecting>(&m_state)) {
        if (connecting->peer)
            connecting->peer->close();
    }
    m_state = Idle{};
}

void ConnectionMachine::enter(State state)
{
    const Phase before = phase();
    leave();
    m_state = std::move(state);
    const Phase now = phase();
    if (now == Phase::Online)
        m_error.reset();
    if (now == Phase::Disposed)
        m_host.reset();
    qCInfo(lcConnection).noquote()
        << QStringLiteral("Phase %1 -> %2 backend=%3 mode=%4 gen=%5")
               .arg(phaseName(before), phaseName(now), m_config.id, connectionModeName(m_mode))
               .arg(m_generation);
    // Last: everything is in place, and whoever listens may post events.
    const auto alive = m_alive;
    Q_EMIT m_owner.phaseChanged(now);
    if (*alive)
        Q_EMIT m_owner.statusChanged();
}

} // namespace pilotlight
