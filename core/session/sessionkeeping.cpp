// SPDX-License-Identifier: MIT
// Keeping sessions: touches, confirmations before a prompt, what is known of their lives.
#include "session/sessionmanager_p.h"

#include "base/logging.h"

#include <algorithm>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

constexpr Milliseconds ConfirmedFor = 60s; // keepalive.md 21
constexpr int CheckLimit = 8; // as for attaching

QDateTime wallTime(const Clock &clock, Nanoseconds bootTime)
{
    return clock.wallNow().addMSecs(
        std::chrono::duration_cast<Milliseconds>(bootTime - clock.bootNow()).count());
}

} // namespace

// ---- the servers ----

SessionManager::Server &SessionManager::server(const QString &backendId)
{
    auto &s = m_servers[backendId];
    if (!s) {
        s = std::make_unique<Server>();
        s->id = backendId;
        s->limit = effectiveIdleLimit({});
    }
    return *s;
}

const SessionManager::Server *SessionManager::findServer(const QString &backendId) const
{
    const auto it = m_servers.find(backendId);
    return it == m_servers.end() ? nullptr : it->second.get();
}

SessionManager::Online *SessionManager::online(const Session &session) const
{
    const Server *s = findServer(session.m_backendId);
    return s ? s->online.get() : nullptr;
}

AgentBackend *SessionManager::backendOf(const Session &session) const
{
    Online *o = online(session);
    return o ? &o->backend : nullptr;
}

AgentBackend *SessionManager::backend(const QString &backendId) const
{
    const Server *s = findServer(backendId);
    return s && s->online ? &s->online->backend : nullptr;
}

// ---- settings ----

void SessionManager::setKeeping(const QString &backendId, const SessionKeeping &keeping)
{
    Server &s = server(backendId);
    s.keeping = keeping;
    applyKeeping(s);
}

SessionKeeping SessionManager::keeping(const QString &backendId) const
{
    const Server *s = findServer(backendId);
    return s ? s->keeping : SessionKeeping();
}

void SessionManager::setKnownIdleLimit(const QString &backendId,
                                       const std::optional<IdleLimit> &limit)
{
    Server &s = server(backendId);
    if (s.known != limit)
        s.learned.reset(); // of a server that was started otherwise
    s.known = limit;
    applyKeeping(s);
}

IdleLimit SessionManager::idleLimit(const QString &backendId) const
{
    const Server *s = findServer(backendId);
    return s ? s->limit : effectiveIdleLimit({});
}

void SessionManager::setRefuted(const QString &backendId, const QList<TouchStrategy> &strategies)
{
    Server &s = server(backendId);
    s.refuted = strategies;
    if (s.online)
        s.online->touches->setRefuted(strategies);
}

void SessionManager::applyKeeping(Server &s)
{
    const IdleLimit before = s.limit;
    s.limit = effectiveIdleLimit({s.keeping.idleLimit, s.known, s.learned, s.rules});
    if (s.online) {
        s.online->touches->configure(s.keeping, s.limit);
        armParking(s);
    }
    if (s.limit == before)
        return;
    qCInfo(lcKeepalive).noquote()
        << QStringLiteral("Idle limit %1 origin=%2 backend=%3 gen=%4")
               .arg(s.limit.after ? QStringLiteral("%1 s").arg(
                                        std::chrono::duration<double>(*s.limit.after).count())
                                  : QStringLiteral("off: the server never expires sessions"),
                    idleLimitOriginName(s.limit.origin), s.id)
               .arg(s.generation);
    Q_EMIT idleLimitChanged(s.id);
}

std::unique_ptr<TouchScheduler> SessionManager::makeScheduler(Server &s, AgentBackend &backend)
{
    TouchScheduler::Host host;
    host.config = [this](const QString &id) -> const SessionConfig * {
        const Session *session = find(id);
        return session ? &session->m_config : nullptr;
    };
    host.lastCounted = [this](const QString &id) {
        const Session *session = find(id);
        return session ? session->m_work.counted : Nanoseconds(0);
    };
    host.isWorking = [this](const QString &id) {
        const Session *session = find(id);
        return session && session->activity() == Activity::Working;
    };
    host.touched = [this](const TouchEvent &event) { onTouched(event); };
    auto scheduler = std::make_unique<TouchScheduler>(s.id, s.generation, backend, m_clock,
                                                      m_random, std::move(host));
    scheduler->setRefuted(s.refuted);
    return scheduler;
}

// ---- touches ----

void SessionManager::confirmed(Session &session, SessionLife::Evidence evidence, bool counted)
{
    const Nanoseconds now = m_clock.bootNow();
    session.m_work.confirmed = now;
    session.m_work.evidence = evidence;
    if (counted)
        session.m_work.counted = now;
}

void SessionManager::onTouched(const TouchEvent &event)
{
    Session *session = find(event.sessionId);
    if (session && event.result.isOk()) {
        confirmed(*session,
                  event.strategy ? SessionLife::Evidence::Touch : SessionLife::Evidence::Check,
                  event.strategy.has_value());
        session->m_work.touches += event.strategy ? 1 : 0;
    }
    const bool dead = session && event.result.sessionNotFound && isOpen(session->m_state);
    if (dead)
        learn(*session, m_clock.bootNow() - session->m_work.counted);
    Q_EMIT touched(event);
    if (dead)
        onLost(event.sessionId);
    else if (session && event.failures <= 1
             && event.result.probe.outcome != ProbeResult::Outcome::Cancelled
             && !event.result.isOk())
        changed(*session);
}

//! A session that was active \a silence ago is dead: so the limit cannot be longer.
void SessionManager::learn(Session &session, Nanoseconds silence)
{
    Server &s = server(session.m_backendId);
    const auto upper = std::chrono::duration_cast<Milliseconds>(silence);
    qCWarning(lcKeepalive).noquote()
        << QStringLiteral("Session died silently backend=%1 session=%2 silent=%3s gen=%4")
               .arg(s.id, session.id().left(8))
               .arg(upper.count() / 1000)
               .arg(s.generation);
    if (upper < ShortestLearnedLimit || (s.learned && *s.learned <= upper))
        return;
    s.learned = upper;
    applyKeeping(s);
}

void SessionManager::touchNow(const QString &id)
{
    Session *session = find(id);
    Online *o = session ? online(*session) : nullptr;
    if (o && isOpen(session->m_state))
        o->touches->touch(id, TouchTrigger::Manual, {});
}

void SessionManager::checkSessions(const QString &backendId, TouchTrigger trigger, QObject *context,
                                   std::function<void(const SessionCheck &)> handler)
{
    struct Round
    {
        SessionCheck sum;
        QStringList left;
        int open = 0;
        QPointer<QObject> context;
        std::function<void(const SessionCheck &)> handler;
        std::function<void()> next;
    };
    const auto round = std::make_shared<Round>();
    round->context = context;
    round->handler = std::move(handler);
    for (const auto &session : m_sessions) {
        if (session->m_backendId != backendId)
            continue;
        if (isOpen(session->m_state))
            round->left.append(session->id());
        else if (session->m_state == Session::State::Parked)
            ++round->sum.parked;
    }
    round->next = [this, backendId, trigger, round] {
        while (!round->left.isEmpty() && round->open < CheckLimit) {
            Server &s = server(backendId);
            const QString id = round->left.takeFirst();
            ++round->sum.checked;
            if (!s.online) {
                ++round->sum.failed;
                continue;
            }
            ++round->open;
            const auto done = [round](const TouchEvent &event) {
                --round->open;
                if (event.result.isOk())
                    ++round->sum.alive;
                else if (event.result.sessionNotFound)
                    ++round->sum.lost;
                else
                    ++round->sum.failed;
                // A copy: the last answer ends the circle from inside of it.
                if (const auto again = round->next)
                    again();
            };
            TouchScheduler &touches = *s.online->touches;
            if (touches.isTouching())
                touches.touch(id, trigger, done);
            else
                touches.check(id, trigger, done);
        }
        if (round->open > 0 || !round->next)
            return;
        const auto keep = std::exchange(round->next, {}); // ends the circle; runs once
        if (round->context)
            round->handler(round->sum);
    };
    const auto next = round->next;
    next();
}

// ---- before a prompt ----

bool SessionManager::needsConfirmation(const Session &session) const
{
    const Server *s = findServer(session.m_backendId);
    return s && s->online && s->keeping.touch != TouchMode::Off
        && (!session.m_work.confirmed
            || m_clock.bootNow() - *session.m_work.confirmed > ConfirmedFor);
}

void SessionManager::confirmThenSend(Session &session, const Prompt &prompt, int queuePosition)
{
    using Outcome = ProbeResult::Outcome;
    session.m_work.sending = true;
    const auto done = [this, id = session.id(), prompt, queuePosition](const TouchEvent &event) {
        Session *there = find(id);
        if (!there)
            return;
        there->m_work.sending = false;
        const Outcome outcome = event.result.probe.outcome;
        // Answered in whatever way but "there is no such session": it can take a prompt.
        const bool silent = outcome == Outcome::Timeout || outcome == Outcome::Transport
            || outcome == Outcome::Cancelled;
        if (isOpen(there->m_state) && backendOf(*there) && !event.result.sessionNotFound
            && !silent) {
            deliver(*there, prompt, queuePosition);
            return;
        }
        // Back to where the user sees it. It goes out by itself once the session is attached again;
        // where the server is only silent that is the user's decision.
        requeue(*there, prompt, queuePosition);
        changed(*there);
        if (isOpen(there->m_state) && backendOf(*there) && outcome == Outcome::Timeout) {
            there->m_work.queueRests = true;
            Q_EMIT requestFailed(id, QStringLiteral("send"),
                                 {ErrorCode::Timeout, event.result.probe.detail, {}});
            return;
        }
        flushQueue(*there);
    };
    online(session)->touches->check(session.id(), TouchTrigger::Presend, done);
    Q_EMIT promptWaits(session.m_backendId);
}

// ---- what is known ----

SessionLife SessionManager::life(const QString &id) const
{
    using Safety = SessionLife::Safety;
    SessionLife life;
    const Session *session = find(id);
    const Server *s = session ? findServer(session->m_backendId) : nullptr;
    life.limit = s ? s->limit : effectiveIdleLimit({});
    life.method = QStringLiteral("none");
    if (!session)
        return life;
    const Session::Work &work = session->m_work;
    life.touches = work.touches;
    life.deaths = work.deaths;
    life.revivals = work.revivals;
    life.parks = work.parks;
    life.evidence = work.evidence;
    if (work.confirmed)
        life.lastConfirmed = wallTime(m_clock, *work.confirmed);
    switch (session->m_state) {
    case Session::State::Offline:
    case Session::State::Attaching:
        life.safety = work.lostInARow > 0 ? Safety::Dead : Safety::Offline;
        return life;
    case Session::State::Lost:
    case Session::State::Failed:
        life.safety = Safety::Dead;
        return life;
    case Session::State::Parked:
        life.safety = Safety::Parked;
        return life;
    case Session::State::Attached:
        break;
    }
    if (!s || !s->online)
        return life;
    const TouchScheduler &touches = *s->online->touches;
    life.failures = touches.failures(id);
    if (touches.isTouching()) {
        life.method = QStringLiteral("touch:") + touchStrategyName(*touches.strategy());
        life.nextTouch = touches.nextTouch(id);
    }
    const bool working = session->activity() == Activity::Working;
    const bool busyAndProtected = working && s->rules.protectsBusySessions;
    if (life.limit.after) {
        const Nanoseconds from =
            working ? s->rules.activityInTurn(work.counted, m_clock.bootNow()) : work.counted;
        life.expiry = wallTime(m_clock, from + *life.limit.after);
    }
    const bool overdue = life.expiry && *life.expiry <= m_clock.wallNow();
    if (life.limit.neverExpires() || busyAndProtected)
        life.safety = Safety::Protected;
    else if (!touches.isTouching())
        life.safety = Safety::Unverified;
    else if (life.failures > 0 || overdue)
        life.safety = Safety::AtRisk;
    else
        life.safety = Safety::Protected;
    return life;
}

} // namespace pilotlight
