// SPDX-License-Identifier: MIT
#include "app/keeper/keeper.h"

#include "app/wiring/connectionparts.h"
#include "app/wiring/keeperprotocol.h"
#include "base/logging.h"
#include "server/process.h"

#include <QCoreApplication>
#include <QDir>
#include <QJsonArray>

#include <algorithm>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

QString stateName(SessionHolder::State state)
{
    switch (state) {
    case SessionHolder::State::Waiting:
        return u"waiting"_s;
    case SessionHolder::State::Attaching:
        return u"attaching"_s;
    case SessionHolder::State::Attached:
        return u"attached"_s;
    case SessionHolder::State::Failed:
        return u"failed"_s;
    }
    return {};
}

} // namespace

Keeper::Keeper(KeeperOptions options, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_clock(clock)
    , m_verdicts(m_options.paths.state + u"/verdicts"_s, m_clock)
    , m_holder(m_clock, m_random)
    , m_connections(makeConnectionParts(m_options.paths, m_clock, m_random), m_clock, m_random)
{
    connect(&m_connections, &ConnectionManager::backendAboutToGo, &m_holder,
            [this](const QString &id) { m_holder.setBackend(id, nullptr); });
    connect(&m_connections, &ConnectionManager::phaseChanged, this, &Keeper::onPhase);
    connect(&m_holder, &SessionHolder::changed, this, &Keeper::lookForWork);
    connect(&m_listener, &LocalListener::accepted, this, &Keeper::accept);
}

Keeper::~Keeper()
{
    for (Connection *const connection : m_connections.connections())
        connection->dispose();
}

Result<void> Keeper::start()
{
    const Result<void> listening = m_listener.listen(m_options.paths.state, keeper::role());
    if (!listening)
        return listening;
    m_sleep = std::make_unique<SleepMonitor>(
        makeSystemSleepSource(u"Pilotlight"_s, u"Probes are ended first"_s), DefaultProbeInterval,
        m_clock, nullptr, SleepCheck);
    connect(m_sleep.get(), &SleepMonitor::aboutToSleep, &m_connections,
            &ConnectionManager::prepareForSleep);
    connect(m_sleep.get(), &SleepMonitor::woke, &m_connections, &ConnectionManager::wake);
    lookForWork();
    return {};
}

void Keeper::accept(LocalChannel *channel)
{
    m_windows[channel];
    connect(channel, &LocalChannel::received, this,
            [this, channel](const QJsonObject &message) { onMessage(channel, message); });
    connect(channel, &LocalChannel::closed, this, [this, channel] { onClosed(channel); });
}

void Keeper::onMessage(LocalChannel *channel, const QJsonObject &message)
{
    const QString is = keeper::kindOf(message);
    if (is == "hello"_L1) {
        greet(channel, message);
    } else if (is == "status"_L1) {
        channel->send(status());
    } else if (is == "backend"_L1) {
        setBackend(message);
    } else if (is == "gone"_L1) {
        dropBackend(message.value("backend"_L1).toString());
    } else if (is == "hold"_L1) {
        const QString backend = message.value("backend"_L1).toString();
        const auto config = keeper::sessionFromJson(message.value("session"_L1).toObject());
        if (config && m_connections.find(backend))
            m_holder.hold(backend, *config);
        else
            qCWarning(lcKeepalive).noquote()
                << u"A session that cannot be held backend=%1"_s.arg(backend);
    } else if (is == "release"_L1) {
        m_holder.release(message.value("session"_L1).toString());
    } else if (is == "bye"_L1) {
        m_windows[channel].leaving = true;
        channel->send(keeper::message(u"bye"_s));
        channel->close();
        onClosed(channel);
        // Whoever is attached last takes the turns along.
        if (message.value("turns"_L1).toString() == "stop"_L1 && windows() == 0)
            Q_EMIT finished();
    } else if (is == "retire"_L1 || is == "stop"_L1) {
        qCInfo(lcKeepalive).noquote()
            << (is == "stop"_L1 ? "Asked to end" : "Another keeper takes over");
        Q_EMIT finished();
    } else {
        qCWarning(lcKeepalive).noquote() << u"A message that is not known: %1"_s.arg(is);
    }
}

void Keeper::greet(LocalChannel *channel, const QJsonObject &message)
{
    Window &window = m_windows[channel];
    if (!std::exchange(window.greeted, true)) // it greets again when its wishes change
        window.since = m_clock.now();
    window.program = message.value("program"_L1).toString();
    window.arguments.clear();
    for (const QJsonValue &argument : message.value("arguments"_L1).toArray())
        window.arguments.append(argument.toString());
    window.comesBack = message.value("comesBack"_L1).toBool() && !window.program.isEmpty();
    m_bringing.cancel();
    m_holder.setAlone(false);
    qCInfo(lcKeepalive).noquote() << u"A window is there, version=%1 held=%2"_s
                                         .arg(message.value("app"_L1).toString())
                                         .arg(m_holder.held().size());
    QJsonObject answer = status();
    answer.insert(u"is"_s, u"hello"_s);
    channel->send(answer);
    lookForWork();
}

QJsonObject Keeper::status() const
{
    QJsonArray sessions;
    for (const SessionHolder::Held &held : m_holder.held())
        sessions.append(QJsonObject{{u"session"_s, held.id},
                                    {u"backend"_s, held.backendId},
                                    {u"state"_s, stateName(held.state)},
                                    {u"working"_s, held.working}});
    return keeper::message(
        u"status"_s,
        {{u"version"_s, keeper::ProtocolVersion},
         {u"app"_s, QStringLiteral(PILOTLIGHT_VERSION)},
         {u"build"_s, QCoreApplication::instance()->property("build").toString()},
         {u"pid"_s, QCoreApplication::applicationPid()},
         {u"windows"_s, windows()},
         {u"sessions"_s, sessions}});
}

//! Who only asks for the status is none.
int Keeper::windows() const
{
    return static_cast<int>(std::count_if(m_windows.begin(), m_windows.end(),
                                          [](const auto &entry) { return entry.second.greeted; }));
}

void Keeper::onClosed(LocalChannel *channel)
{
    const auto it = m_windows.find(channel);
    if (it == m_windows.end())
        return;
    const Window window = it->second;
    m_windows.erase(it);
    channel->deleteLater();
    if (window.greeted && windows() == 0) {
        qCInfo(lcKeepalive).noquote()
            << u"The window has gone crashed=%1 held=%2"_s.arg(window.leaving ? u"no"_s : u"yes"_s)
                   .arg(m_holder.held().size());
        m_holder.setAlone(true);
        if (!window.leaving && window.comesBack)
            bringBack(window);
    }
    lookForWork();
}

void Keeper::setBackend(const QJsonObject &message)
{
    const std::optional<ConnectionConfig> config = keeper::connectionFromJson(message);
    if (!config) {
        qCWarning(lcKeepalive).noquote() << "A backend that cannot be kept";
        return;
    }
    if (!m_connections.edit(*config))
        m_connections.add(*config);
    Connection *const connection = m_connections.find(config->id);
    const Phase phase = connection->status().phase;
    if (phase == Phase::Online)
        onPhase(config->id, phase); // with the settings that are new
    ConnectionLease &lease = m_leases[config->id];
    if (!lease.isValid())
        lease = m_connections.acquire(config->id, u"keeper"_s);
    else if (phase == Phase::Idle)
        connection->connectToServer();
}

void Keeper::dropBackend(const QString &id)
{
    m_holder.forget(id);
    m_leases.erase(id);
    m_connections.remove(id);
}

void Keeper::onPhase(const QString &id, Phase phase)
{
    Connection *const connection = m_connections.find(id);
    AgentBackend *const backend =
        phase == Phase::Online && connection ? connection->agentBackend() : nullptr;
    if (!backend)
        return;
    const ConnectionConfig &config = connection->config();
    const ConnectionStatus status = connection->status();
    const auto verdict = status.server ? m_verdicts.find(status.server->version) : std::nullopt;
    m_holder.setKeeping(id, sessionKeeping(config.keepalive, status.mode, true),
                        knownIdleLimit(status.mode, config.url),
                        verdict ? verdict->refuted() : QList<TouchStrategy>());
    m_holder.setBackend(id, backend, status.generation);
}

void Keeper::bringBack(const Window &window)
{
    const Nanoseconds now = m_clock.now();
    m_brought.removeIf([now](Nanoseconds at) { return now - at > WindowsWithin; });
    if (now - window.since < WindowLived || m_brought.size() >= MostWindows) {
        qCWarning(lcKeepalive).noquote() << "The window is not started again: it ends too often";
        return;
    }
    m_brought.append(now);
    m_bringing = m_clock.after(BeforeBringingBack, [this, window] {
        DetachedProcess process;
        process.program = window.program;
        process.arguments = window.arguments;
        process.environment = QProcessEnvironment::systemEnvironment();
        process.workingDirectory = QDir::homePath();
        process.outputFile = m_options.paths.log + u"/window-output.txt"_s;
        const Result<ProcessId> started = startDetached(process);
        if (started)
            qCInfo(lcKeepalive).noquote()
                << u"The window had crashed and was started again pid=%1"_s.arg(started->pid);
        else
            qCWarning(lcKeepalive).noquote()
                << u"The window could not be started again: %1"_s.arg(started.error().toString());
    });
}

void Keeper::lookForWork()
{
    if (m_options.stay || !m_windows.empty() || !m_holder.isEmpty()) {
        m_idle.cancel();
        return;
    }
    if (!m_idle.isActive())
        m_idle = m_clock.after(Idle, [this] {
            qCInfo(lcKeepalive).noquote() << "Nothing to keep: ending";
            Q_EMIT finished();
        });
}

} // namespace pilotlight
