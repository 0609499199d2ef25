// SPDX-License-Identifier: MIT
// Parking: sessions with nothing to lose in memory are unloaded and come back on use.
#include "session/sessionmanager_p.h"

#include "base/logging.h"

#include <algorithm>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

constexpr int QuestionLimit = 4; // six small reads each
constexpr Milliseconds AskAgain = 5min; // where there was something to lose
constexpr Milliseconds Soon = 1s;

} // namespace

void SessionManager::used(Session &session)
{
    session.m_work.quietSince = m_clock.bootNow();
}

//! Nothing that we know of would be lost or is on its way.
bool SessionManager::isIdleHere(const Session &session) const
{
    const Session::Work &work = session.m_work;
    return isOpen(session.m_state) && session.activity() == Activity::Idle
        && !session.m_transcript.hasBackgroundWork() && session.m_transcript.waitingRequests() == 0
        && session.m_queue.isEmpty() && work.unechoed.isEmpty() && !work.sending
        && !work.historyPending && !work.gone;
}

void SessionManager::armParking(Server &s)
{
    if (!s.online)
        return;
    s.online->parking.cancel();
    if (!s.keeping.parkAfter)
        return;
    std::optional<Nanoseconds> due;
    for (const auto &session : m_sessions) {
        if (session->m_backendId != s.id || !isOpen(session->m_state)
            || session->m_parkPolicy != ParkPolicy::Auto || session->id() == m_visible)
            continue;
        Nanoseconds at = session->m_work.quietSince + *s.keeping.parkAfter;
        if (session->m_work.parkAskedAt > Nanoseconds(0))
            at = std::max(at, session->m_work.parkAskedAt + AskAgain);
        if (!due || at < *due)
            due = at;
    }
    if (!due)
        return; // armed again when one is attached, or not looked at any more
    const auto delay = std::chrono::ceil<Milliseconds>(*due - m_clock.bootNow());
    s.online->parking =
        m_clock.after(std::max(delay, Soon), [this, id = s.id] { parkQuietOnes(id); });
}

void SessionManager::parkQuietOnes(const QString &backendId)
{
    Server &s = server(backendId);
    const Nanoseconds now = m_clock.bootNow();
    std::vector<QString> quiet; // by id: listeners may change the list
    for (const auto &session : m_sessions) {
        const Session::Work &work = session->m_work;
        if (session->m_backendId == backendId && session->m_parkPolicy == ParkPolicy::Auto
            && session->id() != m_visible && s.keeping.parkAfter && !work.parkAsked
            && now - work.quietSince >= *s.keeping.parkAfter
            && (work.parkAskedAt == Nanoseconds(0) || now - work.parkAskedAt >= AskAgain)
            && isOpen(session->m_state))
            quiet.push_back(session->id());
    }
    for (const QString &id : quiet) {
        Session *session = find(id);
        if (!session || !s.online || s.online->parkQuestions >= QuestionLimit)
            continue;
        if (isIdleHere(*session))
            askToPark(*session, false);
        else
            session->m_work.parkAskedAt = now;
    }
    armParking(s);
}

//! Parks it if the server agrees that there is nothing to lose.
void SessionManager::askToPark(Session &session, bool wished)
{
    Online &o = *online(session);
    session.m_work.parkAsked = true;
    ++o.parkQuestions;
    const quint64 generation = server(session.m_backendId).generation;
    o.backend.sessionWork(
        session.id(), this,
        [this, id = session.id(), backendId = session.m_backendId, generation,
         wished](const Result<SessionWork> &answer) {
            Server &s = server(backendId);
            if (!s.online || s.generation != generation)
                return;
            --s.online->parkQuestions;
            Session *there = find(id);
            if (!there)
                return;
            there->m_work.parkAsked = false;
            SessionWork work = answer.value_or(SessionWork());
            work.known = work.known && answer.has_value();
            if (s.keeping.parkWithToolServers)
                work.toolServers = false;
            SessionWork certain = work; // the user takes our own word where the server has none
            certain.known = certain.known || (wished && answer.has_value());
            // Something may have begun while the server was asked.
            const bool idle = isIdleHere(*there);
            if (idle && certain.nothingToLose() && (wished || id != m_visible)) {
                parkNow(*there);
                return;
            }
            there->m_work.parkAskedAt = m_clock.bootNow();
            if (answer) {
                work.turn = work.turn || !idle;
                qCDebug(lcKeepalive).noquote()
                    << QStringLiteral("Session stays loaded backend=%1 session=%2 work=%3 gen=%4")
                           .arg(backendId, id.left(8), work.toString())
                           .arg(generation);
            }
            armParking(s);
            if (wished)
                Q_EMIT requestFailed(id, QStringLiteral("park"),
                                     answer ? Error{ErrorCode::InvalidArgument, work.toString(), {}}
                                            : answer.error());
        });
}

void SessionManager::parkNow(Session &session)
{
    const QString id = session.id();
    AgentBackend &backend = *backendOf(session);
    ++session.m_work.parks;
    session.m_work.parkAskedAt = {};
    qCInfo(lcKeepalive).noquote() << QStringLiteral("Session parked backend=%1 session=%2 gen=%3")
                                         .arg(session.m_backendId, id.left(8))
                                         .arg(server(session.m_backendId).generation);
    // First: its end is no loss. Whether the unload works does not matter, it is not used anyway.
    backend.unloadSession(id, this, [id](const Result<Done> &result) {
        if (!result)
            qCInfo(lcKeepalive).noquote() << QStringLiteral("Unloading session=%1 failed: %2")
                                                 .arg(id.left(8), result.error().toString());
    });
    setState(session, Session::State::Parked);
    if (Session *there = find(id))
        persist(*there);
}

void SessionManager::park(const QString &id)
{
    Session *session = find(id);
    if (!session || session->m_state == Session::State::Parked)
        return;
    if (!backendOf(*session) || !isOpen(session->m_state)) {
        Q_EMIT requestFailed(id, QStringLiteral("park"), {ErrorCode::ConnectionLost, {}, {}});
        return;
    }
    if (!isIdleHere(*session)) {
        SessionWork work;
        work.requests = session->m_transcript.waitingRequests() > 0;
        work.tasks = session->m_transcript.hasBackgroundWork();
        work.queue = !session->m_queue.isEmpty();
        work.turn = session->activity() == Activity::Working || session->m_work.sending
            || !session->m_work.unechoed.isEmpty();
        Q_EMIT requestFailed(id, QStringLiteral("park"),
                             {ErrorCode::InvalidArgument, work.toString(), {}});
        return;
    }
    if (!session->m_work.parkAsked)
        askToPark(*session, true);
}

void SessionManager::unpark(const QString &id)
{
    Session *session = find(id);
    if (!session || session->m_state != Session::State::Parked)
        return;
    used(*session);
    setState(*session, Session::State::Offline);
    persist(*session);
    attachSome(server(session->m_backendId));
}

void SessionManager::setParkPolicy(const QString &id, ParkPolicy policy)
{
    Session *session = find(id);
    if (!session || session->m_parkPolicy == policy)
        return;
    session->m_parkPolicy = policy;
    used(*session);
    persist(*session);
    changed(*session);
    if (policy == ParkPolicy::AlwaysLoaded)
        unpark(id);
    armParking(server(session->m_backendId));
}

} // namespace pilotlight
