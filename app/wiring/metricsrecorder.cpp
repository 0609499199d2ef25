// SPDX-License-Identifier: MIT
#include "app/wiring/metricsrecorder.h"

#include <QMap>

namespace pilotlight {

namespace {

constexpr Milliseconds CountEvery{1'000}; //!< hundreds of sessions may change at once

MetricTrigger triggerOf(ProbeTrigger trigger)
{
    switch (trigger) {
    case ProbeTrigger::Timer:
        return MetricTrigger::Timer;
    case ProbeTrigger::Wake:
        return MetricTrigger::Wake;
    case ProbeTrigger::Manual:
        return MetricTrigger::Manual;
    case ProbeTrigger::Presend:
        return MetricTrigger::Presend;
    }
    return MetricTrigger::Timer;
}

MetricTrigger triggerOf(TouchTrigger trigger)
{
    switch (trigger) {
    case TouchTrigger::Timer:
        return MetricTrigger::Timer;
    case TouchTrigger::Wake:
        return MetricTrigger::Wake;
    case TouchTrigger::Manual:
        return MetricTrigger::Manual;
    case TouchTrigger::Presend:
        return MetricTrigger::Presend;
    }
    return MetricTrigger::Timer;
}

MetricReason reasonOf(ProbeResult::Outcome outcome)
{
    switch (outcome) {
    case ProbeResult::Outcome::Timeout:
        return MetricReason::Timeout;
    case ProbeResult::Outcome::Transport:
        return MetricReason::Transport;
    case ProbeResult::Outcome::Unsupported:
        return MetricReason::Unsupported;
    case ProbeResult::Outcome::Auth:
        return MetricReason::Auth;
    case ProbeResult::Outcome::Protocol:
        return MetricReason::Protocol;
    case ProbeResult::Outcome::RpcError:
    case ProbeResult::Outcome::Ok:
    case ProbeResult::Outcome::Cancelled:
        return MetricReason::RpcError;
    }
    return MetricReason::RpcError;
}

//! The reason that a probe event names in words.
MetricReason reasonOf(const QString &name)
{
    for (int i = 0; i <= static_cast<int>(MetricReason::Breaker); ++i) {
        if (const auto reason = static_cast<MetricReason>(i); metricReasonName(reason) == name)
            return reason;
    }
    return MetricReason::RpcError;
}

} // namespace

MetricsRecorder::MetricsRecorder(ConnectionManager &connections, SessionManager &sessions,
                                 KeepaliveMetrics &metrics, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_connections(connections)
    , m_sessions(sessions)
    , m_metrics(metrics)
    , m_clock(clock)
{
    connect(&connections, &ConnectionManager::probeEvent, this, &MetricsRecorder::onProbe);
    connect(&connections, &ConnectionManager::statusChanged, this, &MetricsRecorder::onStatus);
    connect(&connections, &ConnectionManager::removed, this,
            [this](const QString &id) { m_metrics.forget(id); });
    connect(&sessions, &SessionManager::touched, this, &MetricsRecorder::onTouch);
    connect(&sessions, &SessionManager::sessionAdded, this, &MetricsRecorder::countSessionsSoon);
    connect(&sessions, &SessionManager::sessionChanged, this, &MetricsRecorder::countSessionsSoon);
    connect(&sessions, &SessionManager::sessionAboutToBeRemoved, this,
            &MetricsRecorder::countSessionsSoon);
}

void MetricsRecorder::onProbe(const ProbeEvent &event)
{
    using Kind = ProbeEvent::Kind;
    const MetricMethod method =
        event.method == QStringLiteral("tool") ? MetricMethod::Tool : MetricMethod::Ping;
    const MetricTrigger trigger = triggerOf(event.trigger);
    const QString &id = event.backendId;
    switch (event.kind) {
    case Kind::Attempt:
        m_metrics.attempt(id, method, trigger);
        break;
    case Kind::Success:
        m_metrics.success(id, method, trigger, event.latency);
        break;
    case Kind::Failure:
        m_metrics.failure(id, method, trigger, reasonOf(event.reason));
        break;
    case Kind::Skipped:
        m_metrics.skipped(id, method, trigger);
        break;
    case Kind::Cancelled:
        m_metrics.cancelled(id, method, trigger);
        break;
    case Kind::AutoDisabled:
        m_metrics.autoDisabled(id, method, reasonOf(event.reason));
        break;
    case Kind::Recovered:
        m_metrics.recovered(id, method);
        break;
    }
}

void MetricsRecorder::onTouch(const TouchEvent &event)
{
    const QString &id = event.backendId;
    const MetricTrigger trigger = triggerOf(event.trigger);
    MetricMethod method = MetricMethod::Check;
    if (event.strategy)
        method = *event.strategy == TouchStrategy::LogEphemeral ? MetricMethod::Log
                                                                : MetricMethod::Resume;
    m_metrics.attempt(id, method, trigger);
    switch (event.result.probe.outcome) {
    case ProbeResult::Outcome::Ok:
        m_metrics.success(id, method, trigger, event.result.probe.roundTrip);
        break;
    case ProbeResult::Outcome::Cancelled:
        m_metrics.cancelled(id, method, trigger);
        break;
    default:
        m_metrics.failure(id, method, trigger, reasonOf(event.result.probe.outcome));
        break;
    }
}

void MetricsRecorder::onStatus(const QString &backendId)
{
    const Connection *connection = m_connections.find(backendId);
    if (!connection)
        return;
    const KeepaliveStatus keepalive = connection->status().keepalive;
    if (keepalive.state == KeepaliveState::Off)
        return; // nothing is sent, so nothing is counted (keepalive.md 4)
    switch (keepalive.breaker) {
    case CircuitBreaker::State::Closed:
        m_metrics.setBreaker(backendId, MetricBreaker::Closed);
        break;
    case CircuitBreaker::State::HalfOpen:
        m_metrics.setBreaker(backendId, MetricBreaker::HalfOpen);
        break;
    case CircuitBreaker::State::Open:
        m_metrics.setBreaker(backendId, MetricBreaker::Open);
        break;
    }
}

void MetricsRecorder::countSessionsSoon()
{
    if (!m_count.isActive())
        m_count = m_clock.after(CountEvery, [this] { countSessions(); });
}

void MetricsRecorder::countSessions()
{
    QMap<QString, SessionCounts> all;
    for (const QString &id : m_connections.ids())
        all.insert(id, {});
    for (const auto &session : m_sessions.sessions()) {
        const auto found = all.find(session->backendId());
        if (found == all.end())
            continue; // its backend was removed
        SessionCounts &counts = *found;
        switch (m_sessions.life(session->id()).safety) {
        case SessionLife::Safety::Protected:
            ++counts.safe;
            break;
        case SessionLife::Safety::Unverified:
            ++counts.unverified;
            break;
        case SessionLife::Safety::AtRisk:
            ++counts.atRisk;
            break;
        case SessionLife::Safety::Dead:
            ++counts.dead;
            break;
        case SessionLife::Safety::Offline:
        case SessionLife::Safety::Parked:
            break;
        }
    }
    for (auto it = all.cbegin(); it != all.cend(); ++it)
        m_metrics.setSessions(it.key(), *it);
}

} // namespace pilotlight
