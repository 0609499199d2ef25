// SPDX-License-Identifier: MIT
#include "session/touchscheduler.h"

#include "base/logging.h"
#include "base/random.h"

#include <algorithm>
#include <utility>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

// After a touch that was not answered: again after 5 to 10 s, as a ping (keepalive.md 16), then
// ever more slowly, so that a server with problems gets no thousand requests on top of them.
constexpr Milliseconds RetryMin = 5s;
constexpr Milliseconds RetryMax = 10s;
constexpr Milliseconds RetryCap = 120s;

// What a user may be kept waiting before a prompt (keepalive.md 21).
constexpr auto PresendBudget = 50ms;

int g_liveSchedulers = 0;

Milliseconds scaled(Milliseconds span, double factor)
{
    return Milliseconds(static_cast<qint64>(static_cast<double>(span.count()) * factor));
}

} // namespace

TouchScheduler::TouchScheduler(QString backendId, quint64 generation, AgentBackend &backend,
                               Clock &clock, Random &random, Host host)
    : m_backendId(std::move(backendId))
    , m_generation(generation)
    , m_backend(backend)
    , m_clock(clock)
    , m_random(random)
    , m_host(std::move(host))
{
    ++g_liveSchedulers;
}

TouchScheduler::~TouchScheduler()
{
    --g_liveSchedulers;
    m_timer.cancel();
    const QStringList ids = m_entries.keys();
    for (const QString &id : ids)
        forget(id);
}

int TouchScheduler::liveSchedulers()
{
    return g_liveSchedulers;
}

void TouchScheduler::configure(const SessionKeeping &keeping, const IdleLimit &limit)
{
    m_timeout = keeping.timeout;
    const std::optional<TouchTiming> before = m_timing;
    m_timing.reset();
    if (keeping.touch == TouchMode::Auto)
        m_timing = touchTiming(limit, keeping.timeout, keeping.jitter);
    else if (keeping.touch == TouchMode::On)
        m_timing = touchTiming(
            limit.neverExpires() ? IdleLimit{AssumedIdleLimit, IdleLimit::Origin::Assumed} : limit,
            keeping.timeout, keeping.jitter);
    if (m_timing && (!before || before->interval != m_timing->interval)) {
        const Nanoseconds now = m_clock.bootNow();
        for (auto it = m_entries.begin(); it != m_entries.end(); ++it) {
            it->base = std::min(m_host.lastCounted(it.key()), now);
            // One that has waited for longer than the new interval is due now, not all over again.
            setDue(it, std::max(now, it->base + scaled(m_timing->interval, m_random.unit())));
        }
    }
    arm();
}

void TouchScheduler::setRefuted(const QList<TouchStrategy> &strategies)
{
    m_refuted = strategies;
    arm();
}

std::optional<TouchStrategy> TouchScheduler::strategy() const
{
    for (const TouchStrategy strategy : m_backend.touchStrategies()) {
        if (!m_refuted.contains(strategy) && !m_unsupported.contains(strategy))
            return strategy;
    }
    return std::nullopt;
}

// ---- the sessions ----

void TouchScheduler::watch(const QString &sessionId)
{
    Entry entry;
    entry.base = m_clock.bootNow();
    Nanoseconds due = entry.base;
    if (m_timing) // spread: many are attached at the same moment
        due += m_random.between(m_timing->interval / 4, m_timing->interval);
    forget(sessionId);
    setDue(m_entries.insert(sessionId, entry), due);
    arm();
}

void TouchScheduler::forget(const QString &sessionId)
{
    const auto it = m_entries.find(sessionId);
    if (it == m_entries.end())
        return;
    m_queue.erase({it->due, sessionId});
    Entry entry = std::move(*it);
    m_entries.erase(it);
    if (entry.attempt != 0)
        conclude(std::move(entry), sessionId, {}); // Outcome::Cancelled is the default
}

std::optional<QDateTime> TouchScheduler::nextTouch(const QString &sessionId) const
{
    const auto it = m_entries.constFind(sessionId);
    if (it == m_entries.cend() || it->attempt != 0 || !isTouching())
        return std::nullopt;
    // Activity has moved it, though nobody has drawn the new time yet.
    const Nanoseconds counted = m_host.lastCounted(sessionId);
    const Nanoseconds due = counted > it->base ? counted + m_timing->interval : it->due;
    const Nanoseconds left = std::max(due - m_clock.bootNow(), Nanoseconds(0));
    return m_clock.wallNow().addMSecs(std::chrono::duration_cast<Milliseconds>(left).count());
}

int TouchScheduler::failures(const QString &sessionId) const
{
    return m_entries.value(sessionId).failures;
}

int TouchScheduler::inFlight() const
{
    return static_cast<int>(std::count_if(m_entries.cbegin(), m_entries.cend(),
                                          [](const Entry &entry) { return entry.attempt != 0; }));
}

// ---- the timer ----

//! The next touch of \a it, unless one is in flight: then its end sets the one after.
void TouchScheduler::setDue(Entries::iterator it, Nanoseconds due)
{
    m_queue.erase({it->due, it.key()});
    it->due = due;
    if (it->attempt == 0)
        m_queue.insert({due, it.key()});
}

void TouchScheduler::arm()
{
    m_timer.cancel();
    if (!isTouching() || m_queue.empty())
        return;
    Nanoseconds delay = m_queue.begin()->first - m_clock.bootNow();
    if (m_lastTimed)
        delay = std::max(delay, *m_lastTimed + Spacing - m_clock.now());
    m_timer = m_clock.after(std::chrono::ceil<Milliseconds>(std::max(delay, Nanoseconds(0))),
                            [this] { tick(); });
}

void TouchScheduler::tick()
{
    const Nanoseconds now = m_clock.bootNow();
    while (isTouching() && !m_queue.empty() && m_queue.begin()->first <= now) {
        const auto next = m_entries.find(m_queue.begin()->second);
        // Real activity is as good as a touch.
        Nanoseconds counted = m_host.lastCounted(next.key());
        if (m_host.isWorking(next.key()))
            counted = m_backend.sessionRules().activityInTurn(counted, now);
        if (counted > next->base) {
            next->base = counted;
            setDue(next, counted + draw());
            continue;
        }
        m_lastTimed = m_clock.now();
        begin(QString(next.key()), strategy(), TouchTrigger::Timer, {});
        return; // begin() has armed; we may be gone
    }
    arm();
}

Nanoseconds TouchScheduler::draw() const
{
    return m_random.between(scaled(m_timing->interval, 1 - m_timing->jitter),
                            scaled(m_timing->interval, 1 + m_timing->jitter));
}

Milliseconds TouchScheduler::retryDelay(int failures) const
{
    const int doublings = std::clamp(failures - 1, 0, 5);
    const Milliseconds delay = m_random.between(RetryMin, RetryMax) * (1 << doublings);
    const Milliseconds cap = m_timing ? std::min(RetryCap, m_timing->interval / 2) : RetryCap;
    return std::min(delay, std::max(cap, Spacing));
}

// ---- one touch ----

void TouchScheduler::touch(const QString &sessionId, TouchTrigger trigger, Done done)
{
    begin(sessionId, strategy(), trigger, std::move(done));
}

void TouchScheduler::check(const QString &sessionId, TouchTrigger trigger, Done done)
{
    begin(sessionId, std::nullopt, trigger, std::move(done));
}

void TouchScheduler::begin(const QString &sessionId, std::optional<TouchStrategy> strategy,
                           TouchTrigger trigger, Done done)
{
    const auto it = m_entries.find(sessionId);
    const SessionConfig *config = it == m_entries.end() ? nullptr : m_host.config(sessionId);
    if (!config) {
        if (it != m_entries.end()) {
            m_queue.erase({it->due, sessionId});
            m_entries.erase(it);
        }
        arm();
        if (done)
            done({m_backendId, sessionId, strategy, trigger, {}, 0, {}, m_generation});
        return;
    }
    if (done)
        it->waiting.push_back(std::move(done));
    if (it->attempt != 0)
        return;
    const quint64 attempt = ++m_attempts;
    it->attempt = attempt;
    m_queue.erase({it->due, sessionId});
    it->strategy = strategy;
    it->trigger = trigger;
    const Milliseconds timeout = m_timing ? m_timing->timeout : m_timeout;
    arm();
    const auto answered = [this, sessionId, attempt](const TouchResult &result) {
        finish(sessionId, attempt, result);
    };
    if (strategy)
        m_backend.touchSession(*config, *strategy, timeout, this, answered);
    else
        m_backend.checkSession(sessionId, timeout, this, answered);
}

void TouchScheduler::finish(const QString &sessionId, quint64 attempt, const TouchResult &result)
{
    const auto it = m_entries.find(sessionId);
    if (it == m_entries.end() || it->attempt != attempt)
        return; // it was forgotten, and perhaps is watched anew
    const std::optional<TouchStrategy> used = it->strategy;
    const TouchTrigger trigger = it->trigger;
    Entry entry = *it;
    it->attempt = 0;
    it->waiting.clear();
    if (used && result.probe.outcome == ProbeResult::Outcome::Unsupported) {
        if (!m_unsupported.contains(*used))
            m_unsupported.append(*used);
        if (const auto next = strategy()) {
            qCInfo(lcKeepalive).noquote()
                << QStringLiteral("Session touch %1 is not supported, using %2 backend=%3 gen=%4")
                       .arg(touchStrategyName(*used), touchStrategyName(*next), m_backendId)
                       .arg(m_generation);
            std::vector<Done> waiting = std::exchange(entry.waiting, {});
            const QPointer<TouchScheduler> self(this);
            conclude(std::move(entry), sessionId, result);
            if (self) {
                if (const auto again = m_entries.find(sessionId); again != m_entries.end())
                    again->waiting = std::move(waiting);
                begin(sessionId, next, trigger, {});
            }
            return;
        }
    }
    conclude(std::move(entry), sessionId, result);
}

//! Notes what came of a touch that is in flight no more, and tells everybody.
void TouchScheduler::conclude(Entry entry, const QString &sessionId, const TouchResult &result)
{
    using Outcome = ProbeResult::Outcome;
    const Outcome outcome = result.probe.outcome;
    if (outcome == Outcome::Ok)
        entry.failures = 0;
    else if (outcome != Outcome::Cancelled)
        ++entry.failures;
    if (const auto it = m_entries.find(sessionId); it != m_entries.end()) {
        it->failures = entry.failures;
        if (m_timing && (outcome != Outcome::Ok || entry.strategy)) { // a check keeps nothing
            const Nanoseconds now = m_clock.bootNow();
            it->base = now;
            setDue(
                it,
                now + (outcome == Outcome::Ok ? draw() : Nanoseconds(retryDelay(entry.failures))));
        } else {
            setDue(it, it->due); // in the queue again
        }
        arm();
    }
    TouchEvent event;
    event.backendId = m_backendId;
    event.sessionId = sessionId;
    event.strategy = entry.strategy;
    event.trigger = entry.trigger;
    event.result = result;
    event.failures = entry.failures;
    event.next = nextTouch(sessionId);
    event.generation = m_generation;
    log(event);
    // Whoever listens may end the connection, and with it this scheduler.
    const auto touched = m_host.touched;
    touched(event);
    for (const Done &done : entry.waiting)
        done(event);
}

void TouchScheduler::log(const TouchEvent &event) const
{
    const ProbeResult &probe = event.result.probe;
    QString line =
        QStringLiteral("Session touch backend=%1 session=%2 method=%3 outcome=%4 ms=%5 "
                       "failures=%6 next=%7 gen=%8 trigger=%9")
            .arg(event.backendId, event.sessionId.left(8), event.method(),
                 event.result.sessionNotFound ? QStringLiteral("not_found")
                                              : probeOutcomeName(probe.outcome),
                 QString::number(static_cast<double>(probe.roundTrip.count()) / 1000, 'f', 1))
            .arg(event.failures)
            .arg(event.next ? event.next->toString(Qt::ISODate) : QStringLiteral("-"))
            .arg(event.generation)
            .arg(touchTriggerName(event.trigger));
    if (event.trigger == TouchTrigger::Presend)
        line += probe.roundTrip > PresendBudget ? QStringLiteral(" budget=50ms:exceeded")
                                                : QStringLiteral(" budget=50ms:kept");
    if (!probe.detail.isEmpty())
        line += QStringLiteral(" detail=\"%1\"").arg(probe.detail);
    if (probe.outcome == ProbeResult::Outcome::Ok
        || probe.outcome == ProbeResult::Outcome::Cancelled)
        qCDebug(lcKeepalive).noquote() << line;
    else
        qCWarning(lcKeepalive).noquote() << line;
}

} // namespace pilotlight
