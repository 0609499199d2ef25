// SPDX-License-Identifier: MIT
// What has happened in a session while we were not there.
#include "session/sessionmanager_p.h"

#include "base/logging.h"
#include "session/historymerge.h"
#include "session/outbox.h"
#include "session/transcriptstore.h"

#include <algorithm>

namespace pilotlight {

namespace {

bool isConnectionGone(const Error &error)
{
    return error.code == ErrorCode::ConnectionLost || error.code == ErrorCode::ConnectionClosed
        || error.code == ErrorCode::Cancelled;
}

} // namespace

void SessionManager::readHistory(Session &session)
{
    AgentBackend *backend = backendOf(session);
    if (!backend)
        return;
    backend->readHistory(session.id(), &session,
                         [this, &session](const Result<QList<AgentEvent>> &history) {
                             historyRead(session, history);
                         });
}

void SessionManager::historyRead(Session &session, const Result<QList<AgentEvent>> &history)
{
    if (session.m_state != Session::State::Attaching || session.m_work.gone)
        return;
    if (!history && history.error().code != ErrorCode::SessionNotFound
        && history.error().code != ErrorCode::Unsupported) {
        attachFailed(session, history.error());
        return;
    }
    const QList<AgentEvent> events = history.value_or(QList<AgentEvent>());
    const MergedHistory merged = merge(session, events, {});
    session.m_transcript.load(merged.events, true, false);
    // Where nothing runs, no event that is not in the history matters any more.
    if (session.m_transcript.activity() == Activity::Idle)
        attached(session, merged);
    else
        readLog(session, events);
}

MergedHistory SessionManager::merge(const Session &session, const QList<AgentEvent> &history,
                                    const QList<AgentEvent> &log) const
{
    return mergeHistory(m_transcripts ? m_transcripts->load(session.id()) : KeptTranscript(),
                        history, log);
}

//! A turn is under way: what was streamed and asked in it is in the server's log only.
void SessionManager::readLog(Session &session, const QList<AgentEvent> &history)
{
    AgentBackend *backend = backendOf(session);
    if (!backend || session.m_state != Session::State::Attaching)
        return; // whoever listened has ended the connection or the session
    backend->readEventLog(
        session.id(), beforeLastTurn(history), &session,
        [this, &session, history](const Result<QList<AgentEvent>> &log) {
            if (session.m_state != Session::State::Attaching || session.m_work.gone)
                return;
            if (!log && isConnectionGone(log.error())) {
                attachFailed(session, log.error());
                return;
            }
            if (!log)
                qCInfo(lcSession).noquote()
                    << QStringLiteral("Session %1: no event log: %2")
                           .arg(session.id().left(8), log.error().toString());
            const MergedHistory merged = merge(session, history, log.value_or(QList<AgentEvent>()));
            session.m_transcript.load(merged.events, true, false);
            if (session.m_transcript.activity() == Activity::Idle)
                attached(session, merged);
            else
                askWhetherItWorks(session, merged);
        });
}

//! After a silent resume nothing in the history says whether the turn at its end goes on.
void SessionManager::askWhetherItWorks(Session &session, const MergedHistory &merged)
{
    AgentBackend *backend = backendOf(session);
    if (!backend || session.m_state != Session::State::Attaching)
        return;
    if (!server(session.m_backendId).keeping.silentAttach) {
        attached(session, merged);
        return;
    }
    backend->sessionWork(
        session.id(), &session, [this, &session, merged](const Result<SessionWork> &answer) {
            if (session.m_state != Session::State::Attaching || session.m_work.gone)
                return;
            if (!answer && isConnectionGone(answer.error())) {
                attachFailed(session, answer.error());
                return;
            }
            SessionWork work = answer.value_or(SessionWork());
            work.known = work.known && answer.has_value();
            work.toolServers = false;
            if (work.nothingToLose())
                session.m_transcript.load(merged.events, false);
            attached(session, merged);
        });
}

//! Into our own copy.
void SessionManager::keep(Session &session, const MergedHistory &merged)
{
    if (merged.recovered > 0 || merged.lost > 0)
        qCInfo(lcSession).noquote() << QStringLiteral("Session %1: events recovered=%2 lost=%3")
                                           .arg(session.id().left(8))
                                           .arg(merged.recovered)
                                           .arg(merged.lost);
    if (session.id() != m_visible)
        session.m_unread += merged.finished;
    if (!m_transcripts)
        return;
    if (merged.rewrite || m_transcripts->isBehind(session.id())) {
        m_transcripts->replace(session.id(), merged.events);
        return;
    }
    for (const AgentEvent &event : merged.fresh)
        m_transcripts->append(session.id(), event);
}

void SessionManager::attached(Session &session, const MergedHistory &merged)
{
    Session::Work &state = session.m_work;
    reconcile(session, merged.server, Missing::MayArrive);
    keep(session, merged);
    QDateTime newest;
    for (const AgentEvent &event : merged.server) {
        if (isActivity(event.data) && event.meta.time.isValid()
            && (!newest.isValid() || event.meta.time > newest))
            newest = event.meta.time;
    }
    if (newest.isValid())
        session.m_lastActivity = newest; // without one, what was stored
    state.historyPending = false;
    const QList<AgentEvent> early = std::exchange(state.early, {});
    for (const AgentEvent &event : early)
        applyEvent(session, event);
    if (!session.m_durable) {
        session.m_durable =
            std::any_of(merged.server.cbegin(), merged.server.cend(), [](const AgentEvent &e) {
                return std::holds_alternative<UserMessage>(e.data);
            });
    }
    if (state.lostInARow > 0)
        ++state.revivals;
    state.attachedAt = m_clock.now();
    confirmed(session, SessionLife::Evidence::Attached, true);
    setState(session, Session::State::Attached);
    persist(session);
    if (!backendOf(session) || session.m_state != Session::State::Attached)
        return; // whoever listened has ended the connection or the session
    fetchPending(session);
    flushQueue(session);
    attachSome();
}

//! A resume does not send again what still waits for the user.
void SessionManager::fetchPending(Session &session)
{
    backendOf(session)->pendingRequests(
        session.id(), &session,
        [this, &session](const Result<QList<PermissionRequested>> &requests) {
            if (!requests)
                return;
            for (const PermissionRequested &request : *requests) {
                AgentEvent event;
                event.meta.id = "pending-" + request.requestId.toUtf8();
                event.meta.time = m_clock.wallNow();
                event.data = request;
                session.m_transcript.apply(event); // it asked long ago: no new activity
            }
        });
}

//! Looked at while the server is not there, or not yet.
void SessionManager::showKept(Session &session)
{
    const auto &items = session.m_transcript.items();
    const bool shown = std::any_of(items.cbegin(), items.cend(), [](const TranscriptItem &item) {
        const auto *user = std::get_if<UserItem>(&item.data);
        return !user || !user->pending; // a prompt that waits is here from the start
    });
    if (!m_transcripts || isOpen(session.m_state) || shown)
        return;
    session.m_transcript.load(m_transcripts->read(session.id()), false, false);
    const QList<OutboxEntry> open = undecided(session);
    for (const OutboxEntry &entry : open) {
        if (entry.messageId.isEmpty()) // the others load() has matched
            showOnItsWay(session, entry);
    }
}

} // namespace pilotlight
