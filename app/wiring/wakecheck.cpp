// SPDX-License-Identifier: MIT
#include "app/wiring/wakecheck.h"

#include "base/logging.h"

namespace pilotlight {

WakeCheck::WakeCheck(ConnectionManager &connections, SessionManager &sessions, Clock &clock,
                     QObject *parent)
    : QObject(parent)
    , m_connections(connections)
    , m_sessions(sessions)
    , m_clock(clock)
{
    connect(&connections, &ConnectionManager::probeEvent, this, [this](const ProbeEvent &event) {
        // The server answers again: before that a session could only be charged with a failure.
        if (event.kind == ProbeEvent::Kind::Success)
            checkSessionsOf(event.backendId);
    });
    connect(&connections, &ConnectionManager::phaseChanged, this,
            [this](const QString &, Phase) { look(); });
    connect(&sessions, &SessionManager::sessionChanged, this, &WakeCheck::look);
    connect(&sessions, &SessionManager::touched, this, &WakeCheck::look);
}

void WakeCheck::start(Milliseconds asleep)
{
    m_asleep = isRunning() ? m_asleep + asleep : asleep;
    if (!isRunning()) {
        m_before.clear();
        for (const auto &session : m_sessions.sessions())
            m_before.insert(session->id(), m_sessions.life(session->id()).revivals);
    }
    m_since = m_clock.wallNow();
    m_checking.clear();
    m_backends.clear();
    ++m_round;
    m_deadline = m_clock.after(Patience, [this] { finish(); });
    m_connections.wake(); // probes each at once; its success goes on with the sessions
    for (Connection *connection : m_connections.connections()) {
        const ConnectionStatus status = connection->status();
        if (status.phase == Phase::Idle || status.phase == Phase::Disposed)
            continue; // not wanted
        m_backends.insert(connection->config().id);
        if (status.phase == Phase::Online && status.keepalive.state == KeepaliveState::Off)
            checkSessionsOf(connection->config().id); // no probe will answer for it
    }
    look();
}

void WakeCheck::checkSessionsOf(const QString &backendId)
{
    if (!isRunning() || m_checking.contains(backendId))
        return;
    m_checking.insert(backendId);
    const quint64 round = m_round;
    m_sessions.checkSessions(backendId, TouchTrigger::Wake, this,
                             [this, round](const SessionCheck &) {
                                 if (round == m_round)
                                     look();
                             });
}

WakeReport WakeCheck::report() const
{
    WakeReport report;
    report.asleep = m_asleep;
    for (auto it = m_before.cbegin(); it != m_before.cend(); ++it) {
        const Session *session = m_sessions.find(it.key());
        if (!session)
            continue; // closed meanwhile
        const SessionLife life = m_sessions.life(it.key());
        if (life.safety == SessionLife::Safety::Parked) {
            ++report.parked;
            continue;
        }
        ++report.checked;
        // Lost first: an older confirmation must not hide that it has died since.
        const bool confirmed = life.lastConfirmed && *life.lastConfirmed >= m_since
            && session->state() == Session::State::Attached;
        if (!confirmed)
            ++report.lost;
        else if (life.revivals > it.value())
            ++report.resumed;
        else
            ++report.alive;
    }
    for (const QString &id : m_backends) {
        const Connection *connection = m_connections.find(id);
        if (!connection)
            continue;
        ++report.backends;
        if (connection->status().phase != Phase::Online)
            ++report.backendsAway;
    }
    return report;
}

void WakeCheck::look()
{
    if (!isRunning())
        return;
    const WakeReport now = report();
    if (now.lost == 0 && now.backendsAway == 0)
        finish();
}

void WakeCheck::finish()
{
    m_deadline.cancel();
    ++m_round;
    const WakeReport report = this->report();
    if (report.asleep < WorthTelling)
        return;
    qCInfo(lcKeepalive).noquote()
        << QStringLiteral("Wake report trigger=wake asleep_s=%1 checked=%2 alive=%3 resumed=%4 "
                          "lost=%5 parked=%6 backends=%7 away=%8")
               .arg(report.asleep.count() / 1000)
               .arg(report.checked)
               .arg(report.alive)
               .arg(report.resumed)
               .arg(report.lost)
               .arg(report.parked)
               .arg(report.backends)
               .arg(report.backendsAway);
    Q_EMIT finished(report);
}

} // namespace pilotlight
