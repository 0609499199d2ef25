// SPDX-License-Identifier: MIT
#include "connection/keepaliveloop.h"

#include "base/logging.h"

#include <QPointer>

#include <algorithm>

namespace pilotlight {

namespace {

int s_liveLoops = 0;

// A server that answers nothing but goes on talking is asked in quick succession this many times;
// then it is left to the regular interval.
constexpr int QuickHeardMisses = 3;

} // namespace

KeepaliveLoop::KeepaliveLoop(Key, Backend &backend, Options options, KeepaliveStatus &status,
                             CircuitBreaker &breaker, Clock &clock, Random &random,
                             Callbacks callbacks)
    : m_backend(backend)
    , m_options(std::move(options))
    , m_config(m_options.keepalive)
    , m_status(status)
    , m_breaker(breaker)
    , m_clock(clock)
    , m_random(random)
    , m_callbacks(std::move(callbacks))
    , m_graceUntil(m_options.graceUntil)
{
    ++s_liveLoops;
    connect(&m_backend, &Backend::activity, this, [this] { m_lastActivity = m_clock.now(); });
    m_status.failures = 0;
    m_status.pause = KeepaliveStatus::Pause::None;
    m_status.config = m_config;
    updateMethod();
    if (method() == KeepaliveMethod::None) {
        m_status.state = KeepaliveState::Off;
        return;
    }
    m_status.state = KeepaliveState::Unverified;
    schedule(first());
}

KeepaliveLoop::~KeepaliveLoop()
{
    m_ending = true;
    m_timer.cancel();
    if (m_inFlight)
        m_backend.cancelProbe(); // its handler counts it as cancelled
    m_nextDue.reset();
    m_status.nextProbe.reset();
    m_status.pause = KeepaliveStatus::Pause::None;
    m_status.state = KeepaliveState::Disconnected;
    --s_liveLoops;
}

int KeepaliveLoop::liveLoops()
{
    return s_liveLoops;
}

// ---- the method in force ------------------------------------------------------------------------

KeepaliveMethod KeepaliveLoop::method() const
{
    const bool tool = !m_config.tool.isEmpty() && !m_toolUnsupported;
    switch (m_config.method) {
    case KeepaliveMethod::None:
        return KeepaliveMethod::None;
    case KeepaliveMethod::Tool:
        return tool ? KeepaliveMethod::Tool : KeepaliveMethod::None;
    case KeepaliveMethod::Ping:
        if (m_pingUnsupported)
            return tool ? KeepaliveMethod::Tool : KeepaliveMethod::None;
        return m_standIn && tool ? KeepaliveMethod::Tool : KeepaliveMethod::Ping;
    }
    return KeepaliveMethod::None;
}

void KeepaliveLoop::updateMethod()
{
    using Reason = KeepaliveStatus::MethodReason;
    EffectiveKeepalive inForce = m_config;
    inForce.method = method();
    m_status.method = inForce.methodName();
    m_status.methodReason = m_config.method == inForce.method ? Reason::Configured
        : m_toolUnsupported                                   ? Reason::ToolUnsupported
        : m_pingUnsupported                                   ? Reason::PingUnsupported
                                                              : Reason::PingFails;
    m_status.interval =
        std::min(m_config.interval * m_status.slowFactor, Milliseconds(MaximumProbeInterval));
}

// ---- the schedule -------------------------------------------------------------------------------

Milliseconds KeepaliveLoop::first()
{
    // A half-open breaker waits for this one probe; else spread over a quarter of the interval, so
    // that many connections made at once do not probe in step.
    const Milliseconds quarter = m_status.interval / 4;
    return m_random.between(Milliseconds(0),
                            m_breaker.state() == CircuitBreaker::State::HalfOpen
                                ? std::min(quarter, ReprobeMin)
                                : quarter);
}

Milliseconds KeepaliveLoop::regular()
{
    const auto interval = static_cast<double>(m_status.interval.count());
    const auto low = static_cast<qint64>(interval * (1 - m_config.jitter));
    const auto high = static_cast<qint64>(interval * (1 + m_config.jitter));
    return m_random.between(Milliseconds(low), Milliseconds(high));
}

Milliseconds KeepaliveLoop::soon()
{
    return m_random.between(ReprobeMin, ReprobeMax);
}

void KeepaliveLoop::schedule(Milliseconds delay)
{
    delay = std::max(delay, Milliseconds(0));
    m_timer = m_clock.after(delay, [this] { timerFired(); });
    m_nextDue = m_clock.now() + delay;
    m_status.nextProbe = m_clock.wallNow().addMSecs(delay.count());
}

void KeepaliveLoop::rest()
{
    m_timer.cancel();
    m_nextDue.reset();
    m_status.nextProbe.reset();
}

void KeepaliveLoop::timerFired()
{
    // A byte that came since the last probe is as good as its answer. A connection that was never
    // confirmed, and one that is in doubt, gets its probe all the same.
    if (m_status.state == KeepaliveState::Protected && m_lastActivity && m_endedAt
        && *m_lastActivity > *m_endedAt) {
        const auto quiet =
            std::chrono::duration_cast<Milliseconds>(m_clock.now() - *m_lastActivity);
        if (const Milliseconds delay = regular(); delay > quiet) {
            schedule(delay - quiet);
            announce();
            return;
        }
    }
    probe(ProbeTrigger::Timer);
}

// ---- from outside -------------------------------------------------------------------------------

void KeepaliveLoop::probeNow(ProbeTrigger trigger)
{
    if (method() != KeepaliveMethod::None)
        m_breaker.halfOpen();
    probe(trigger);
}

void KeepaliveLoop::configure(const EffectiveKeepalive &keepalive)
{
    if (keepalive == m_config)
        return;
    const bool otherMethod = keepalive.method != m_config.method || keepalive.tool != m_config.tool;
    m_config = keepalive;
    m_status.config = keepalive;
    m_status.slowFactor = 1;
    if (otherMethod) {
        m_standIn = false;
        m_toolUnsupported = false;
        m_pingMisses = 0;
    }
    updateMethod();
    if (method() == KeepaliveMethod::None) {
        rest();
        m_status.pause = KeepaliveStatus::Pause::None;
        m_status.failures = 0;
        enter(KeepaliveState::Off);
        if (m_inFlight)
            m_backend.cancelProbe();
    } else if (m_status.state == KeepaliveState::Off) {
        if (m_suspended) {
            enter(KeepaliveState::Suspended);
        } else if (const auto until = m_breaker.openUntil()) {
            m_status.pause = KeepaliveStatus::Pause::Breaker;
            schedule(std::chrono::ceil<Milliseconds>(*until - m_clock.now()));
            enter(KeepaliveState::Paused);
        } else {
            schedule(first());
            enter(KeepaliveState::Unverified);
        }
    } else if (m_timer.isActive()) {
        if (const auto until = m_breaker.openUntil())
            schedule(std::chrono::ceil<Milliseconds>(*until - m_clock.now()));
        else if (!m_endedAt)
            schedule(first());
        else if (m_status.state != KeepaliveState::Degraded)
            schedule(std::chrono::ceil<Milliseconds>(*m_endedAt - m_clock.now()) + regular());
    }
    announce();
}

void KeepaliveLoop::suspend()
{
    m_suspended = true;
    if (method() == KeepaliveMethod::None)
        return;
    rest();
    if (m_inFlight)
        m_backend.cancelProbe();
    m_status.pause = KeepaliveStatus::Pause::None;
    enter(KeepaliveState::Suspended);
    announce();
}

void KeepaliveLoop::wake(Nanoseconds graceUntil)
{
    m_suspended = false;
    m_graceUntil = graceUntil;
    if (m_inFlight)
        m_backend.cancelProbe(); // its deadline knows nothing of the sleep
    if (m_status.state == KeepaliveState::Suspended)
        enter(KeepaliveState::Unverified);
    probeNow(ProbeTrigger::Wake);
}

// ---- a probe ------------------------------------------------------------------------------------

void KeepaliveLoop::skip(ProbeTrigger trigger, const QString &reason)
{
    ++m_status.skipped;
    const ProbeTrigger current = std::exchange(m_trigger, trigger);
    qCDebug(lcKeepalive).noquote() << QStringLiteral("Probe skipped, %1 ").arg(reason)
            + fields(QStringLiteral("skipped"), QStringLiteral("-"));
    note(ProbeEvent::Kind::Skipped, reason);
    m_trigger = current;
}

void KeepaliveLoop::probe(ProbeTrigger trigger)
{
    const bool standInPing = m_standIn && m_clock.now() >= m_nextPing;
    const KeepaliveMethod how = standInPing ? KeepaliveMethod::Ping : method();
    if (how == KeepaliveMethod::None || m_suspended)
        return;
    if (m_inFlight) {
        skip(trigger, QStringLiteral("in-flight"));
        announce();
        return;
    }
    if (how == KeepaliveMethod::Tool && m_backend.isBusy()) {
        // A tool of a server that is at work must not get in its way; the work shows that it lives.
        skip(trigger, QStringLiteral("busy"));
        m_status.pause = KeepaliveStatus::Pause::None;
        if (m_status.state == KeepaliveState::Paused)
            enter(KeepaliveState::Unverified);
        schedule(regular());
        announce();
        return;
    }
    m_permit = m_breaker.acquire(m_clock.now());
    if (!m_permit) {
        if (const auto until = m_breaker.openUntil())
            schedule(std::chrono::ceil<Milliseconds>(*until - m_clock.now()));
        return;
    }
    m_inFlight = true;
    m_trigger = trigger;
    m_sent = how;
    m_sentAt = m_clock.now();
    ++m_status.attempts;
    rest();
    m_status.pause = KeepaliveStatus::Pause::None;
    if (m_status.state != KeepaliveState::Protected && m_status.state != KeepaliveState::Degraded)
        enter(KeepaliveState::Checking);
    note(ProbeEvent::Kind::Attempt);
    ProbeRequest request;
    request.kind =
        how == KeepaliveMethod::Tool ? ProbeRequest::Kind::Tool : ProbeRequest::Kind::Ping;
    if (how == KeepaliveMethod::Tool)
        request.tool = m_config.tool;
    request.timeout = m_config.timeout;
    const QPointer<KeepaliveLoop> self(this);
    m_backend.probe(request, this, [this](const ProbeResult &result) { finish(result); });
    if (self)
        announce();
}

void KeepaliveLoop::finish(const ProbeResult &result)
{
    using Outcome = ProbeResult::Outcome;
    m_inFlight = false;
    m_endedAt = m_clock.now();
    if (result.outcome == Outcome::Cancelled || m_ending) {
        enter(cancelled());
        log(result);
        announce();
        return;
    }
    KeepaliveState next;
    if (result.tooMany)
        next = tooMany(result);
    else if (result.outcome == Outcome::Ok)
        next = answered(result);
    else if (result.outcome == Outcome::Unsupported)
        next = unsupported(result);
    else if (result.outcome == Outcome::Auth)
        next = notSignedIn(result);
    else if (m_sentAt < m_graceUntil)
        next = cancelled(); // the network may not be back yet
    else
        next = missed(result);
    log(result);
    enter(next);
    const Callbacks callbacks = m_callbacks;
    const QPointer<KeepaliveLoop> self(this);
    if (announce())
        callbacks.probed(result);
    if (self && next == KeepaliveState::Unresponsive)
        callbacks.unresponsive(result);
}

KeepaliveState KeepaliveLoop::answered(const ProbeResult &result)
{
    const bool wasInDoubt =
        m_status.failures > 0 || m_breaker.state() != CircuitBreaker::State::Closed;
    ++m_status.successes;
    m_status.failures = 0;
    m_status.lastAnswer = m_clock.wallNow();
    m_status.lastRoundTrip = result.roundTrip;
    m_status.latencies.append(result.roundTrip);
    if (m_status.latencies.size() > KeepaliveStatus::MostLatencies)
        m_status.latencies.removeFirst();
    m_breaker.succeeded(*m_permit);
    m_uncharged = 0;
    m_heardMisses = 0;
    if (m_sent == KeepaliveMethod::Ping) {
        m_pingMisses = 0;
        m_standIn = false; // a good ping returns to ping
        updateMethod();
    }
    schedule(regular());
    note(ProbeEvent::Kind::Success, {}, result.roundTrip);
    if (wasInDoubt)
        note(ProbeEvent::Kind::Recovered);
    return KeepaliveState::Protected;
}

KeepaliveState KeepaliveLoop::tooMany(const ProbeResult &result)
{
    // It complains, so it lives: counted as a failed probe, charged to nobody.
    ++m_status.failed;
    m_status.failures = 0;
    m_status.lastFailure = result.detail;
    m_status.lastAnswer = m_clock.wallNow();
    const int before = m_status.slowFactor;
    m_status.slowFactor = std::min(before * 2, MostSlowFactor);
    m_breaker.succeeded(*m_permit);
    updateMethod();
    schedule(regular());
    note(ProbeEvent::Kind::Failure, probeOutcomeName(result.outcome));
    if (m_status.slowFactor != before)
        m_notices.append({QStringLiteral("keepalive-slowed"),
                          QString::number(m_status.interval.count() / 1000)});
    return KeepaliveState::Protected;
}

KeepaliveState KeepaliveLoop::unsupported(const ProbeResult &result)
{
    ++m_status.failed;
    m_status.lastFailure = result.detail;
    m_breaker.released(*m_permit);
    note(ProbeEvent::Kind::Failure, probeOutcomeName(result.outcome));
    if (m_sent == KeepaliveMethod::Ping)
        m_pingUnsupported = true;
    else
        m_toolUnsupported = true;
    m_standIn = false;
    updateMethod();
    if (method() == KeepaliveMethod::None) {
        rest();
        note(ProbeEvent::Kind::AutoDisabled, QStringLiteral("unsupported"));
        m_notices.append({QStringLiteral("keepalive-unsupported"), result.detail});
        return KeepaliveState::Off;
    }
    schedule(soon());
    return m_status.failures > 0 ? KeepaliveState::Degraded : KeepaliveState::Unverified;
}

KeepaliveState KeepaliveLoop::notSignedIn(const ProbeResult &result)
{
    ++m_status.failed;
    m_status.lastFailure = result.detail;
    m_status.pause = KeepaliveStatus::Pause::SignIn; // until probed by hand, or reconnected
    m_breaker.released(*m_permit);
    note(ProbeEvent::Kind::Failure, probeOutcomeName(result.outcome));
    note(ProbeEvent::Kind::AutoDisabled, QStringLiteral("auth"));
    m_notices.append({QStringLiteral("sign-in-needed"), result.detail});
    return KeepaliveState::Paused;
}

KeepaliveState KeepaliveLoop::missed(const ProbeResult &result)
{
    ++m_status.failed;
    m_status.lastFailure = result.detail;
    note(ProbeEvent::Kind::Failure, probeOutcomeName(result.outcome));
    const bool pinged = m_sent == KeepaliveMethod::Ping;
    if (m_standIn && pinged) {
        // It was only tried again; the tool has the word.
        m_nextPing = m_clock.now() + std::chrono::duration_cast<Nanoseconds>(m_config.reprobe);
        m_breaker.released(*m_permit);
        schedule(soon());
        return m_status.state;
    }
    if (pinged)
        ++m_pingMisses;
    const bool halfOpen = m_breaker.state() == CircuitBreaker::State::HalfOpen;
    const bool hasTool = pinged && !m_config.tool.isEmpty() && !m_toolUnsupported
        && result.outcome != ProbeResult::Outcome::Transport;
    const bool heard = result.outcome == ProbeResult::Outcome::Timeout && m_lastActivity
        && *m_lastActivity > m_sentAt;
    if (heard && !halfOpen) {
        // Not answered in time, but it talks: what runs on it must not end for that.
        m_status.failures = std::max(m_status.failures, 1);
        m_breaker.released(*m_permit);
        if (hasTool && m_pingMisses >= PingsBeforeTool)
            standIn();
        else
            schedule(++m_heardMisses <= QuickHeardMisses ? soon() : regular());
        return KeepaliveState::Degraded;
    }
    m_heardMisses = 0;
    ++m_status.failures;
    if (hasTool && !halfOpen) {
        // Whether the server is at fault, or its ping only, is for the tool to say.
        ++m_uncharged;
        m_breaker.released(*m_permit);
        if (m_pingMisses >= PingsBeforeTool)
            standIn();
        else
            schedule(soon());
        return KeepaliveState::Degraded;
    }
    if (charge()) {
        m_status.pause = KeepaliveStatus::Pause::Breaker;
        schedule(std::chrono::ceil<Milliseconds>(*m_breaker.openUntil() - m_clock.now()));
        note(ProbeEvent::Kind::AutoDisabled, QStringLiteral("breaker"));
        return KeepaliveState::Paused;
    }
    if (m_status.failures > 1)
        return KeepaliveState::Unresponsive;
    schedule(soon());
    return KeepaliveState::Degraded;
}

void KeepaliveLoop::standIn()
{
    m_standIn = true;
    m_nextPing = m_clock.now() + std::chrono::duration_cast<Nanoseconds>(m_config.reprobe);
    updateMethod();
    schedule(Milliseconds(0));
}

bool KeepaliveLoop::charge()
{
    bool opened = m_breaker.failed(*m_permit, m_clock.now());
    for (; m_uncharged > 0; --m_uncharged)
        opened = m_breaker.failed(m_clock.now()) || opened;
    return opened;
}

KeepaliveState KeepaliveLoop::cancelled()
{
    ++m_status.cancelled;
    m_breaker.released(*m_permit);
    note(ProbeEvent::Kind::Cancelled);
    if (m_ending || m_suspended || method() == KeepaliveMethod::None)
        return m_status.state;
    // By somebody else, or in the grace after a wake: go on as if it had not been.
    schedule(m_clock.now() < m_graceUntil + std::chrono::duration_cast<Nanoseconds>(WakeRetry)
                 ? WakeRetry
                 : regular());
    return m_status.state == KeepaliveState::Checking ? KeepaliveState::Unverified : m_status.state;
}

// ---- what others learn of it --------------------------------------------------------------------

void KeepaliveLoop::enter(KeepaliveState state)
{
    if (m_status.state == state)
        return;
    qCInfo(lcKeepalive).noquote() << QStringLiteral("State %1 -> %2 ")
                                         .arg(keepaliveStateName(m_status.state),
                                              keepaliveStateName(state))
            + fields(QStringLiteral("-"), QStringLiteral("-"));
    m_status.state = state;
}

void KeepaliveLoop::note(ProbeEvent::Kind kind, const QString &reason,
                         std::chrono::microseconds latency)
{
    ProbeEvent event;
    event.kind = kind;
    event.backendId = m_options.backendId;
    event.method = (kind == ProbeEvent::Kind::Skipped ? method() : m_sent) == KeepaliveMethod::Tool
        ? QStringLiteral("tool")
        : QStringLiteral("ping");
    event.reason = reason;
    event.trigger = m_trigger;
    event.latency = latency;
    m_events.append(event);
}

bool KeepaliveLoop::announce()
{
    // Whoever listens may end the connection, and with it this loop.
    const Callbacks callbacks = m_callbacks;
    const QPointer<KeepaliveLoop> self(this);
    for (const ProbeEvent &event : std::exchange(m_events, {}))
        callbacks.event(event);
    if (!self || m_ending)
        return false;
    for (const auto &[code, detail] : std::exchange(m_notices, {}))
        callbacks.notice(code, detail);
    if (self)
        callbacks.changed();
    return self;
}

QString KeepaliveLoop::fields(const QString &outcome, const QString &ms) const
{
    return QStringLiteral("backend=%1 session=- method=%2 outcome=%3 ms=%4 ")
               .arg(m_options.backendId, m_status.method, outcome, ms)
        + QStringLiteral("failures=%1 next=%2 gen=%3 trigger=%4")
              .arg(m_status.failures)
              .arg(m_status.nextProbe ? m_status.nextProbe->toString(Qt::ISODate)
                                      : QStringLiteral("-"))
              .arg(m_options.generation)
              .arg(probeTriggerName(m_trigger));
}

void KeepaliveLoop::log(const ProbeResult &result) const
{
    // "Ping sent to headless server" is what people search for (keepalive.md 26).
    QString line = m_sent == KeepaliveMethod::Tool
        ? QStringLiteral("Tool called on the backend ")
        : QStringLiteral("Ping sent to headless server ");
    line += fields(probeOutcomeName(result.outcome),
                   QString::number(static_cast<double>(result.roundTrip.count()) / 1000, 'f', 1));
    if (!result.detail.isEmpty())
        line += QStringLiteral(" detail=\"%1\"").arg(result.detail);
    if (result.outcome == ProbeResult::Outcome::Ok
        || result.outcome == ProbeResult::Outcome::Cancelled)
        qCDebug(lcKeepalive).noquote() << line;
    else
        qCWarning(lcKeepalive).noquote() << line;
}

} // namespace pilotlight
