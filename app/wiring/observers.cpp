// SPDX-License-Identifier: MIT
#include "app/wiring/observers.h"

#include "base/logging.h"

#include <QCoreApplication>

#include <algorithm>

namespace pilotlight {

namespace {

constexpr Milliseconds StartLater{1'000};

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(Observers)
};

QString who()
{
    return QStringLiteral("Pilotlight");
}

} // namespace

Observers::Observers(ConnectionManager &connections, SessionManager &sessions, Clock &clock,
                     Random &random, QObject *parent)
    : QObject(parent)
    , m_connections(connections)
    , m_sessions(sessions)
    , m_clock(clock)
    , m_metrics(clock)
    , m_recorder(connections, sessions, m_metrics, clock)
    , m_exporter(std::make_unique<OtlpExporter>(m_metrics, makeHttpOtlpSender(), clock, random))
    , m_wakeCheck(connections, sessions, clock)
{
    connect(&m_wakeCheck, &WakeCheck::finished, this, &Observers::woke);
    connect(&sessions, &SessionManager::sessionChanged, this, &Observers::countTurns);
    connect(
        &sessions, &SessionManager::sessionAboutToBeRemoved, this, [this] { countTurns(); },
        Qt::QueuedConnection); // when it has gone
    connect(&connections, &ConnectionManager::statusChanged, this, &Observers::followIntervals);
}

Observers::~Observers() = default;

void Observers::start()
{
    m_later = m_clock.after(StartLater, [this] { watchMachine(); });
}

void Observers::watchMachine()
{
    m_inhibitor = std::make_unique<SleepInhibitor>(
        makeSystemWakeLock(who(), Words::tr("Agents are working")), m_clock);
    m_inhibitor->setPolicy(m_stayAwake);
    countTurns();
    m_sleep = std::make_unique<SleepMonitor>(
        makeSystemSleepSource(who(), Words::tr("Probes are ended first")), DefaultProbeInterval,
        m_clock);
    connect(m_sleep.get(), &SleepMonitor::aboutToSleep, &m_connections,
            &ConnectionManager::prepareForSleep);
    connect(m_sleep.get(), &SleepMonitor::woke, &m_wakeCheck, &WakeCheck::start);
    followIntervals();
}

void Observers::checkSleep()
{
    if (m_sleep)
        m_sleep->check();
}

void Observers::followIntervals()
{
    if (!m_sleep)
        return;
    Milliseconds shortest = DefaultProbeInterval;
    for (const Connection *connection : m_connections.connections()) {
        const KeepaliveStatus keepalive = connection->status().keepalive;
        if (keepalive.interval > Milliseconds(0))
            shortest = std::min(shortest, keepalive.interval);
    }
    m_sleep->setInterval(shortest);
}

void Observers::countTurns()
{
    if (!m_inhibitor)
        return;
    const auto &all = m_sessions.sessions();
    m_inhibitor->setBusyTurns(static_cast<int>(std::count_if(
        all.begin(), all.end(), [](const auto &session) { return session->isWorking(); })));
}

void Observers::apply(const AppSettings &settings)
{
    QStringList warnings;
    m_exporter->setConfig(otlpConfig({settings.metricsEndpoint, settings.metricsToolHiveNames},
                                     otelEnvironment(), &warnings));
    if (warnings != m_warnings) {
        for (const QString &warning : warnings)
            qCWarning(lcMetrics).noquote() << warning;
    }
    m_warnings = warnings;
    m_stayAwake = settings.stayAwake;
    if (m_inhibitor)
        m_inhibitor->setPolicy(m_stayAwake);
}

} // namespace pilotlight
