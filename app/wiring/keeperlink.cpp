// SPDX-License-Identifier: MIT
#include "app/wiring/keeperlink.h"

#include "app/wiring/keeperprotocol.h"
#include "base/logging.h"
#include "server/process.h"

#include <QDir>
#include <QJsonArray>

#include <algorithm>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

KeeperLink::KeeperLink(Options options, ConnectionManager &connections, SessionManager &sessions,
                       Clock &clock, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_connections(connections)
    , m_sessions(sessions)
    , m_clock(clock)
{
    connect(&sessions, &SessionManager::sessionAdded, this, &KeeperLink::later);
    connect(&sessions, &SessionManager::sessionChanged, this, [this](Session *session) {
        // Attached anew: the keeper may, too, after a new connection.
        if (session->state() != Session::State::Attached)
            m_fresh.remove(session->id());
        later();
    });
    connect(&sessions, &SessionManager::sessionAboutToBeRemoved, this, [this](Session *session) {
        m_fresh.remove(session->id());
        if (!m_sent.take(session->id()).isEmpty())
            send(u"release"_s, {{u"session"_s, session->id()}});
    });
    connect(&connections, &ConnectionManager::phaseChanged, this, &KeeperLink::later);
    connect(&connections, &ConnectionManager::removed, this, &KeeperLink::later);
}

KeeperLink::~KeeperLink() = default;

void KeeperLink::start()
{
    m_started = true;
    look();
}

void KeeperLink::setComesBack(bool comesBack)
{
    if (std::exchange(m_comesBack, comesBack) != comesBack && m_state == State::Linked)
        greet();
}

// ---- finding one

void KeeperLink::look()
{
    m_timer.cancel();
    m_channel = std::make_unique<LocalChannel>();
    connect(m_channel.get(), &LocalChannel::opened, this, &KeeperLink::onOpened);
    connect(m_channel.get(), &LocalChannel::received, this, &KeeperLink::onMessage);
    connect(m_channel.get(), &LocalChannel::closed, this, &KeeperLink::onClosed);
    m_channel->connectTo(m_options.paths.state, keeper::role());
}

void KeeperLink::onOpened()
{
    m_spawned.reset();
    greet();
}

void KeeperLink::greet()
{
    QJsonArray arguments;
    for (const QString &argument : m_options.windowArguments)
        arguments.append(argument);
    send(u"hello"_s,
         {{u"version"_s, keeper::ProtocolVersion},
          {u"app"_s, QStringLiteral(PILOTLIGHT_VERSION)},
          {u"program"_s, m_options.window},
          {u"arguments"_s, arguments},
          {u"comesBack"_s, m_comesBack}});
}

void KeeperLink::onClosed(const Error &reason)
{
    if (m_channel)
        m_channel.release()->deleteLater(); // we are called by it
    m_pid = 0;
    m_backends.clear();
    m_sent.clear();
    m_fresh.clear();
    if (m_left) {
        finishLeaving();
        return;
    }
    if (m_state == State::Linked)
        qCWarning(lcKeepalive).noquote()
            << (m_outdated ? "The keeper was replaced" : "The keeper has gone; starting another");
    if (reason.code != ErrorCode::ConnectionRefused) {
        const bool replaced = std::exchange(m_outdated, false);
        setState(State::Looking);
        if (replaced)
            sync();
        else
            retryLater();
        return;
    }
    if (m_spawned) {
        if (m_clock.now() - *m_spawned < StartDeadline) {
            m_timer = m_clock.after(LookEvery, [this] { look(); });
            return;
        }
        m_spawned.reset();
        qCWarning(lcKeepalive).noquote() << "The keeper was started and does not answer";
        setState(State::Unavailable);
        retryLater();
        return;
    }
    if (m_state == State::Looking)
        spawn(); // wanted, and nobody is there
    else
        sync();
}

void KeeperLink::spawn()
{
    DetachedProcess process;
    process.program = m_options.program;
    process.arguments = m_options.arguments;
    process.environment = QProcessEnvironment::systemEnvironment();
    process.workingDirectory = QDir::homePath();
    process.outputFile = m_options.paths.log + u"/keeper-output.txt"_s;
    const Result<ProcessId> started = startDetached(process);
    if (!started) {
        qCWarning(lcKeepalive).noquote()
            << u"The keeper could not be started: %1"_s.arg(started.error().toString());
        setState(State::Unavailable);
        retryLater();
        return;
    }
    qCInfo(lcKeepalive).noquote() << u"Keeper started pid=%1"_s.arg(started->pid);
    m_spawned = m_clock.now();
    m_timer = m_clock.after(LookEvery, [this] { look(); });
}

void KeeperLink::retryLater()
{
    m_timer = m_clock.after(m_retry, [this] {
        setState(State::Looking);
        look();
    });
    m_retry = std::min(m_retry * 2, RetryLast);
}

void KeeperLink::onMessage(const QJsonObject &message)
{
    const QString is = keeper::kindOf(message);
    if (is == "bye"_L1) {
        if (m_left)
            finishLeaving();
        return;
    }
    if (is != "hello"_L1)
        return;
    m_pid = message.value("pid"_L1).toInteger();
    const QString build = message.value("build"_L1).toString();
    const QString onDisk = keeper::buildOf(m_options.program);
    m_outdated = !onDisk.isEmpty()
        && (build != onDisk || message.value("version"_L1).toInt() != keeper::ProtocolVersion);
    m_itsSessions.clear();
    for (const QJsonValue &session : message.value("sessions"_L1).toArray())
        m_itsSessions.append(session.toObject().value("session"_L1).toString());
    m_retry = RetryFirst;
    setState(State::Linked);
    if (m_outdated) {
        qCInfo(lcKeepalive).noquote()
            << u"The keeper is another version and is replaced pid=%1 held=%2"_s.arg(m_pid).arg(
                   m_itsSessions.size());
        replaceIfReady();
        return;
    }
    // It may hold what we have parked, or what is another list's.
    for (const QString &id : std::as_const(m_itsSessions)) {
        const Session *const session = m_sessions.find(id);
        if (session && session->state() == Session::State::Parked)
            send(u"release"_s, {{u"session"_s, id}});
    }
    sync();
}

//! It may go as soon as we are attached to everything that it holds.
void KeeperLink::replaceIfReady()
{
    const bool ready = std::none_of(m_itsSessions.cbegin(), m_itsSessions.cend(), [this](auto &id) {
        const Session *const session = m_sessions.find(id);
        return session
            && (session->state() == Session::State::Offline
                || session->state() == Session::State::Attaching
                || session->state() == Session::State::Lost);
    });
    if (ready)
        send(u"retire"_s, {}); // onClosed() goes on
}

// ---- telling it

void KeeperLink::later()
{
    if (std::exchange(m_syncing, true))
        return;
    QMetaObject::invokeMethod(this, &KeeperLink::sync, Qt::QueuedConnection);
}

bool KeeperLink::canHold(const QString &backendId) const
{
    const Connection *const connection = m_connections.find(backendId);
    if (!connection || connection->config().kind != BackendKind::Copilot)
        return false;
    const ConnectionMode mode = connection->status().mode; // in force
    return mode == ConnectionMode::Local || mode == ConnectionMode::Attach;
}

void KeeperLink::sync()
{
    m_syncing = false;
    if (!m_started || m_left)
        return;
    if (m_state == State::Off) {
        const auto &all = m_sessions.sessions();
        const bool wanted = std::any_of(all.begin(), all.end(), [this](const auto &session) {
            return session->state() == Session::State::Attached && canHold(session->backendId());
        });
        if (!wanted || m_channel)
            return;
        setState(State::Looking);
        look();
        return;
    }
    if (m_state == State::Looking && !m_channel && !m_timer.isActive()) {
        look();
        return;
    }
    if (m_state != State::Linked)
        return;
    if (m_outdated) {
        replaceIfReady();
        return;
    }
    for (const QString &id : m_backends.keys()) {
        if (m_connections.find(id))
            continue;
        m_backends.remove(id);
        send(u"gone"_s, {{u"backend"_s, id}});
    }
    for (const Connection *const connection : m_connections.connections())
        syncBackend(*connection);
    for (const auto &session : m_sessions.sessions())
        syncSession(*session);
    Q_EMIT changed();
}

void KeeperLink::syncBackend(const Connection &connection)
{
    const QString &id = connection.config().id;
    const ConnectionStatus status = connection.status();
    const bool off = status.phase == Phase::Idle && !status.error; // so wished
    if (off || !canHold(id)) {
        if (!m_backends.take(id).isEmpty())
            send(u"gone"_s, {{u"backend"_s, id}});
        return;
    }
    if (status.phase != Phase::Online)
        return;
    ConnectionConfig config = connection.config();
    config.mode = status.mode;
    const QJsonObject description = keeper::connectionToJson(config);
    if (std::exchange(m_backends[id], description) != description)
        send(u"backend"_s, description);
}

void KeeperLink::syncSession(const Session &session)
{
    const QString &id = session.id();
    const Session::State state = session.state();
    if (state == Session::State::Attached && m_backends.contains(session.backendId())) {
        const QJsonObject description = keeper::sessionToJson(session.config());
        if (m_fresh.contains(id) && m_sent.value(id) == description)
            return;
        m_fresh.insert(id);
        m_sent.insert(id, description);
        send(u"hold"_s, {{u"backend"_s, session.backendId()}, {u"session"_s, description}});
    } else if (state == Session::State::Parked || state == Session::State::Failed) {
        if (!m_sent.take(id).isEmpty())
            send(u"release"_s, {{u"session"_s, id}});
    }
}

void KeeperLink::send(const QString &is, const QJsonObject &members)
{
    if (m_channel)
        m_channel->send(keeper::message(is, members));
}

void KeeperLink::setState(State state)
{
    if (std::exchange(m_state, state) != state)
        Q_EMIT changed();
}

bool KeeperLink::holdsAll() const
{
    if (m_state != State::Linked || m_outdated)
        return false;
    const auto &all = m_sessions.sessions();
    return std::all_of(all.begin(), all.end(), [this](const auto &session) {
        return session->state() != Session::State::Attached || m_fresh.contains(session->id());
    });
}

// ---- the end

void KeeperLink::leave(bool keepTurns, std::function<void()> done)
{
    sync(); // what it has not heard yet
    m_left = std::move(done);
    m_timer.cancel();
    m_started = false;
    const bool linked = m_state == State::Linked && m_channel && m_channel->isOpen();
    if (linked)
        send(u"bye"_s, {{u"turns"_s, keepTurns ? u"keep"_s : u"stop"_s}});
    m_bye = m_clock.after(linked ? ByeDeadline : Milliseconds(0), [this] { finishLeaving(); });
}

void KeeperLink::finishLeaving()
{
    m_bye.cancel();
    if (const auto done = std::exchange(m_left, {}))
        QMetaObject::invokeMethod(this, done, Qt::QueuedConnection);
}

} // namespace pilotlight
