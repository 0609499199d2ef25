// SPDX-License-Identifier: MIT
// The server comes and goes: attaching, histories, events, losses.
#include "session/sessionmanager_p.h"

#include "base/logging.h"
#include "session/sessionstore.h"
#include "session/transcriptstore.h"

#include <algorithm>

namespace pilotlight {

namespace {

// A resume costs the server 50-100 ms of a core (measured, protocol 3): eight at once keep it
// busy without making the visible one wait behind sixty others.
constexpr int AttachLimit = 8;

// Attached for so long, a session's next loss is a new one, not the same again. Real servers look
// for idle sessions once in five minutes, so that a loss that is meant comes no sooner.
constexpr Milliseconds StaysAttached{60'000};

} // namespace

bool isActivity(const EventData &data)
{
    return std::visit(
        [](const auto &value) {
            using T = std::decay_t<decltype(value)>;
            return !std::is_same_v<T, SessionBegan> && !std::is_same_v<T, SessionResumed>
                && !std::is_same_v<T, SessionShutDown> && !std::is_same_v<T, SessionIdle>
                && !std::is_same_v<T, AssistantIdle> && !std::is_same_v<T, SessionNotice>
                && !std::is_same_v<T, TitleChanged> && !std::is_same_v<T, ModelChanged>
                && !std::is_same_v<T, ModeChanged> && !std::is_same_v<T, QueueChanged>
                && !std::is_same_v<T, ContextUsage> && !std::is_same_v<T, UsageReported>
                && !std::is_same_v<T, CompactionChanged> && !std::is_same_v<T, UnknownEvent>;
        },
        data);
}

void SessionManager::setBackend(const QString &backendId, AgentBackend *backend, quint64 generation)
{
    Server &s = server(backendId);
    // Gone from here before the scheduler ends: its last word comes from its destructor.
    if (const std::unique_ptr<Online> before = std::move(s.online)) {
        before->backend.disconnect(this);
        before->touches.reset();
    }
    for (const auto &session : m_sessions) {
        if (session->m_backendId != backendId || session->m_state == Session::State::Parked)
            continue;
        Session::Work &state = session->m_work;
        state.historyPending = false;
        state.sending = false;
        state.parkAsked = false;
        state.early.clear();
        state.refused.clear();
        state.settling.clear(); // whether it has them, its history will tell
        session->m_transcript.markInterrupted();
        setState(*session, Session::State::Offline);
    }
    if (m_transcripts)
        m_transcripts->flush(); // what was streamed and will perhaps never be finished
    if (!backend)
        return;
    s.generation = generation ? generation : s.generation + 1;
    s.rules = backend->sessionRules();
    s.online = std::make_unique<Online>(
        Online{*backend, makeScheduler(s, *backend), {}, 0, makeWatch(*backend)});
    applyKeeping(s);
    connect(backend, &AgentBackend::sessionEvent, this, &SessionManager::onEvent);
    connect(backend, &QObject::destroyed, this,
            [this, backendId] { setBackend(backendId, nullptr); });
    connect(backend, &AgentBackend::sessionLost, this, &SessionManager::onLost);
    connect(backend, &AgentBackend::activity, this, [this, &s] { s.heard = m_clock.now(); });
    attachSome(s);
}

void SessionManager::attachSome()
{
    for (const auto &[id, s] : m_servers)
        attachSome(*s);
}

void SessionManager::attachSome(Server &s)
{
    if (!s.online)
        return;
    std::vector<Session *> waiting;
    int busy = 0;
    for (const auto &session : m_sessions) {
        if (session->m_backendId != s.id)
            continue;
        if (session->m_state == Session::State::Attaching)
            ++busy;
        else if ((session->m_state == Session::State::Offline
                  || session->m_state == Session::State::Lost)
                 && !session->m_work.secretMissing)
            waiting.push_back(session.get());
    }
    std::stable_sort(waiting.begin(), waiting.end(), [this](const Session *a, const Session *b) {
        if ((a->id() == m_visible) != (b->id() == m_visible))
            return a->id() == m_visible;
        return a->m_lastActivity > b->m_lastActivity;
    });
    for (Session *session : waiting) {
        if (busy++ >= AttachLimit)
            return;
        attach(*session);
        if (!s.online)
            return;
    }
}

void SessionManager::attach(Session &session)
{
    session.m_work.historyPending = true;
    setState(session, Session::State::Attaching);
    if (!backendOf(session) || session.m_state != Session::State::Attaching)
        return; // whoever listened has ended the connection or the session
    if (session.m_durable)
        resumeOnServer(session);
    else
        createOnServer(session);
}

void SessionManager::createOnServer(Session &session)
{
    backendOf(session)->createSession(
        session.m_config, &session, [this, &session](const Result<Done> &result) {
            if (session.m_work.gone) {
                releaseForgotten(session, result);
            } else if (result) {
                readHistory(session);
            } else if (result.error().code == ErrorCode::InvalidArgument) {
                // The server has a history under this id: we did not know that
                // its first prompt had been accepted. create would fork it,
                // resume goes on with it.
                session.m_durable = true;
                resumeOnServer(session);
            } else {
                attachFailed(session, result.error());
            }
        });
}

void SessionManager::resumeOnServer(Session &session)
{
    AgentBackend *backend = backendOf(session);
    if (!backend)
        return;
    ResumeOptions options;
    options.silent = server(session.m_backendId).keeping.silentAttach;
    backend->resumeSession(
        session.m_config, options, &session, [this, &session](const Result<Done> &result) {
            if (session.m_work.gone) {
                releaseForgotten(session, result);
            } else if (result) {
                readHistory(session);
            } else if (result.error().code == ErrorCode::SessionNotFound && isOnlyHere(session)) {
                // The server died before it had written its first prompt.
                session.m_durable = false;
                createOnServer(session);
            } else {
                attachFailed(session, result.error());
            }
        });
}

void SessionManager::releaseForgotten(const Session &session, const Result<Done> &result)
{
    // Closed while it was being attached: nobody would ever unload it.
    AgentBackend *backend = backendOf(session);
    if (result && backend)
        backend->unloadSession(session.id(), this, [](const Result<Done> &) { });
}

void SessionManager::attachFailed(Session &session, const Error &error)
{
    qCWarning(lcSession).noquote() << QStringLiteral("Session %1 could not be attached: %2")
                                          .arg(session.id().left(8), error.toString());
    session.m_work.historyPending = false;
    session.m_error = error;
    // With the connection gone the next backend starts over; anything else is this session's own.
    const bool connectionGone = error.code == ErrorCode::ConnectionLost
        || error.code == ErrorCode::ConnectionClosed || error.code == ErrorCode::Cancelled;
    setState(session, connectionGone ? Session::State::Offline : Session::State::Failed);
    if (!connectionGone)
        attachSome();
}

void SessionManager::retry(const QString &id)
{
    Session *session = find(id);
    if (!session || session->m_state != Session::State::Failed)
        return;
    session->m_work.lostInARow = 0;
    setState(*session, Session::State::Offline);
    attachSome();
}

void SessionManager::onLost(const QString &id)
{
    Session *session = find(id);
    if (!session || session->m_state == Session::State::Attaching
        || session->m_state == Session::State::Failed || session->m_state == Session::State::Parked)
        return;
    qCWarning(lcSession).noquote()
        << QStringLiteral("Session %1 was dropped by the server; resuming it").arg(id.left(8));
    ++session->m_work.deaths;
    session->m_transcript.markInterrupted();
    session->m_work.settling.clear();
    // An idle limit is minutes at least: who goes at once, again and again, would go for ever.
    if (m_clock.now() - session->m_work.attachedAt >= StaysAttached)
        session->m_work.lostInARow = 0;
    if (++session->m_work.lostInARow > 2) {
        attachFailed(*session,
                     {ErrorCode::SessionNotFound,
                      QStringLiteral("the server dropped it again right after each resume"),
                      {}});
        return;
    }
    setState(*session, Session::State::Lost);
    attachSome();
}

void SessionManager::onEvent(const QString &id, const AgentEvent &event)
{
    Session *session = find(id);
    if (!session)
        return;
    Session::Work &state = session->m_work;
    if (Online *o = online(*session))
        o->watch->noteEvent(id);
    confirmed(*session, SessionLife::Evidence::Event, false);
    if (session->activity() == Activity::Working)
        state.counted =
            server(session->m_backendId).rules.activityInTurn(state.counted, m_clock.bootNow());
    if (state.historyPending)
        state.early.append(event);
    else
        applyEvent(*session, event);
}

void SessionManager::applyEvent(Session &session, const AgentEvent &event)
{
    const bool isNew = session.m_transcript.apply(event);
    if (isNew && m_transcripts)
        m_transcripts->append(session.id(), event);
    if (isActivity(event.data)) {
        // Events that a resume replays are old ones.
        const QDateTime time = event.meta.time.isValid() ? event.meta.time : m_clock.wallNow();
        session.m_lastActivity = std::max(session.m_lastActivity, time);
        session.m_work.quietSince = m_clock.bootNow();
    }
    if (!event.meta.agentId.isEmpty())
        return;
    if (const auto *user = std::get_if<UserMessage>(&event.data)) {
        echoed(session, *user);
        if (!session.m_durable) {
            session.m_durable = true;
            persist(session);
        }
        changed(session);
    } else if (const auto *message = std::get_if<MessageCompleted>(&event.data)) {
        if (isNew && session.id() != m_visible && !message->text.isEmpty()) {
            ++session.m_unread;
            changed(session);
        }
    } else if (const auto *model = std::get_if<ModelChanged>(&event.data)) {
        session.m_config.model = model->model;
        persist(session);
    } else if (const auto *mode = std::get_if<ModeChanged>(&event.data)) {
        session.m_config.mode = mode->mode;
        persist(session);
    } else if (std::holds_alternative<SessionFailed>(event.data)) {
        // An error before the prompt is in the history: so fails what lacks a sign-in.
        if (!session.m_work.unechoed.isEmpty() && !session.m_config.provider) {
            const QStringList ids = session.m_work.unechoed.keys();
            session.m_work.refused = QSet<QString>(ids.begin(), ids.end());
            Q_EMIT signInDoubted(session.m_backendId);
        }
    } else if (const auto *idle = std::get_if<SessionIdle>(&event.data)) {
        persist(session);
        takeBackRefused(session);
        if (idle->aborted)
            session.m_work.queueRests = !session.m_queue.isEmpty();
        // A prompt that was accepted, and the server is idle without having begun with it?
        if (Online *o = online(session);
            o && (session.m_work.fateOpen || !session.m_work.unechoed.isEmpty()))
            o->watch->confirm(session.id());
        flushQueue(session);
    }
}

} // namespace pilotlight
