// SPDX-License-Identifier: MIT
#include "connection/keepaliveloop.h"

#include "base/logging.h"

#include <QPointer>

namespace pilotlight {

namespace {
int s_liveLoops = 0;
}

KeepaliveLoop::KeepaliveLoop(Key, Backend &backend, KeepaliveConfig config, KeepaliveStatus &status,
                             Clock &clock, Random &random, Callbacks callbacks)
    : m_backend(backend)
    , m_config(std::move(config))
    , m_status(status)
    , m_clock(clock)
    , m_random(random)
    , m_callbacks(std::move(callbacks))
{
    ++s_liveLoops;
    m_status.state = KeepaliveState::Unverified;
    m_status.method = QStringLiteral("ping");
    m_status.interval = m_config.interval;
    m_status.failures = 0;
    // Spread over a quarter of the interval, so that many connections made at once do not probe in
    // step.
    schedule(m_random.between(Milliseconds(0), m_config.interval / 4));
}

KeepaliveLoop::~KeepaliveLoop()
{
    m_callbacks = {};
    m_timer.cancel();
    if (m_inFlight)
        m_backend.cancelProbe(); // its handler counts it as cancelled
    m_status.nextProbe.reset();
    m_status.state = KeepaliveState::Disconnected;
    --s_liveLoops;
}

int KeepaliveLoop::liveLoops()
{
    return s_liveLoops;
}

void KeepaliveLoop::probeNow()
{
    probe(Trigger::Manual);
}

void KeepaliveLoop::schedule(Milliseconds delay)
{
    m_timer = m_clock.after(delay, [this] { probe(Trigger::Timer); });
    m_status.nextProbe = m_clock.wallNow().addMSecs(delay.count());
}

void KeepaliveLoop::probe(Trigger trigger)
{
    if (m_inFlight) {
        ++m_status.skipped;
        qCDebug(lcKeepalive).noquote()
            << QStringLiteral("Probe skipped, one is in flight backend=%1 gen=%2")
                   .arg(m_config.backendId)
                   .arg(m_config.generation);
        return;
    }
    m_inFlight = true;
    ++m_status.attempts;
    m_timer.cancel();
    m_status.nextProbe.reset();
    if (m_status.state == KeepaliveState::Unverified || m_status.state == KeepaliveState::Paused)
        enter(KeepaliveState::Checking);
    const QPointer<KeepaliveLoop> self(this);
    m_callbacks.changed();
    if (!self)
        return;
    m_backend.probe({ProbeRequest::Kind::Ping, {}, m_config.timeout}, this,
                    [this, trigger](const ProbeResult &result) {
                        m_inFlight = false;
                        finish(trigger, result);
                    });
}

void KeepaliveLoop::finish(Trigger trigger, const ProbeResult &result)
{
    using Outcome = ProbeResult::Outcome;
    const Milliseconds regular = m_random.between(
        Milliseconds(static_cast<qint64>(static_cast<double>(m_config.interval.count())
                                         * (1 - m_config.jitter))),
        Milliseconds(static_cast<qint64>(static_cast<double>(m_config.interval.count())
                                         * (1 + m_config.jitter))));
    KeepaliveState next = m_status.state;
    switch (result.outcome) {
    case Outcome::Ok:
        ++m_status.successes;
        m_status.failures = 0;
        m_status.lastAnswer = m_clock.wallNow();
        m_status.lastRoundTrip = result.roundTrip;
        next = KeepaliveState::Protected;
        schedule(regular);
        break;
    case Outcome::Cancelled:
        ++m_status.cancelled;
        if (m_callbacks.changed) // cancelled by somebody else: go on as if it had not been
            schedule(regular);
        break;
    case Outcome::Unsupported:
        ++m_status.failed;
        m_status.method = QStringLiteral("none");
        m_status.lastFailure = result.detail;
        next = KeepaliveState::Off; // until the next connection
        break;
    case Outcome::Auth:
        ++m_status.failed;
        m_status.lastFailure = result.detail;
        next = KeepaliveState::Paused; // until signed in and probed by hand, or reconnected
        break;
    case Outcome::Timeout:
    case Outcome::Transport:
    case Outcome::RpcError:
    case Outcome::Protocol:
        ++m_status.failed;
        ++m_status.failures;
        m_status.lastFailure = result.detail;
        if (m_status.failures == 1) {
            next = KeepaliveState::Degraded;
            schedule(m_random.between(ReprobeMin, ReprobeMax));
        } else {
            next = KeepaliveState::Unresponsive;
        }
        break;
    }
    log(trigger, result);
    if (result.outcome != Outcome::Cancelled)
        enter(next);
    if (!m_callbacks.changed)
        return; // cancelled by our own end
    // Whoever listens may end the connection, and with it this loop.
    const QPointer<KeepaliveLoop> self(this);
    m_callbacks.changed();
    if (self)
        m_callbacks.probed(result);
    if (self && next == KeepaliveState::Unresponsive) {
        const auto unresponsive = m_callbacks.unresponsive;
        unresponsive(result);
    }
}

void KeepaliveLoop::enter(KeepaliveState state)
{
    if (m_status.state == state)
        return;
    qCInfo(lcKeepalive).noquote() << QStringLiteral("State %1 -> %2 backend=%3 gen=%4")
                                         .arg(keepaliveStateName(m_status.state),
                                              keepaliveStateName(state), m_config.backendId)
                                         .arg(m_config.generation);
    m_status.state = state;
}

void KeepaliveLoop::log(Trigger trigger, const ProbeResult &result) const
{
    // "Ping sent to headless server" is what people search for (keepalive.md 26).
    QString line =
        QStringLiteral("Ping sent to headless server backend=%1 session=- method=ping "
                       "outcome=%2 ms=%3 failures=%4 next=%5 gen=%6 trigger=%7")
            .arg(m_config.backendId, probeOutcomeName(result.outcome),
                 QString::number(static_cast<double>(result.roundTrip.count()) / 1000, 'f', 1))
            .arg(m_status.failures)
            .arg(m_status.nextProbe ? m_status.nextProbe->toString(Qt::ISODate)
                                    : QStringLiteral("-"))
            .arg(m_config.generation)
            .arg(trigger == Trigger::Manual ? QStringLiteral("manual") : QStringLiteral("timer"));
    if (!result.detail.isEmpty())
        line += QStringLiteral(" detail=\"%1\"").arg(result.detail);
    if (result.outcome == ProbeResult::Outcome::Ok
        || result.outcome == ProbeResult::Outcome::Cancelled)
        qCDebug(lcKeepalive).noquote() << line;
    else
        qCWarning(lcKeepalive).noquote() << line;
}

} // namespace pilotlight
