// SPDX-License-Identifier: MIT
#include "session/sessionmanager.h"

#include "base/logging.h"
#include "base/random.h"
#include "session/secretstore.h"
#include "session/sessionstore.h"

#include <QUuid>

#include <algorithm>

namespace pilotlight {

namespace {

// A resume costs the server 50-100 ms of a core (measured, protocol 3): eight at once keep it
// busy without making the visible one wait behind sixty others.
constexpr int AttachLimit = 8;

// Attached for so long, a session's next loss is a new one, not the same again. Real servers look
// for idle sessions once in five minutes, so that a loss that is meant comes no sooner.
constexpr Milliseconds StaysAttached{60'000};

QString secretName(const QString &id)
{
    return QStringLiteral("provider/") + id;
}

bool isOpen(Session::State state)
{
    return state == Session::State::Attached;
}

//! True for what the user or the agent did. The server's bookkeeping (a resume, a title, a switch
//! of the model) does not make a session young: attaching sixty of them would mix up their order.
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

} // namespace

SessionManager::SessionManager(SessionStore *store, Clock &clock, Random &random, QObject *parent)
    : QObject(parent)
    , m_store(store)
    , m_clock(clock)
    , m_random(random)
{ }

SessionManager::~SessionManager() = default;

void SessionManager::setSecretStore(SecretStore *secrets)
{
    m_secrets = secrets;
}

void SessionManager::load()
{
    if (!m_store)
        return;
    for (const StoredSession &stored : m_store->load())
        restore(stored);
}

void SessionManager::changeStore(SessionStore *store)
{
    while (!m_sessions.empty())
        drop(*m_sessions.back());
    m_store = store;
    load();
}

Session *SessionManager::restore(const StoredSession &stored)
{
    if (stored.config.id.isEmpty() || find(stored.config.id))
        return nullptr;
    Session *session = add(stored.config);
    if (stored.created.isValid())
        session->m_created = stored.created;
    if (stored.lastActivity.isValid())
        session->m_lastActivity = stored.lastActivity;
    session->m_durable = stored.durable;
    session->m_draft = stored.draft;
    session->m_queue = stored.queue;
    // What waited when the app ended waits for the user's eye, not for the next idle moment.
    session->m_work.queueRests = !stored.queue.isEmpty();
    if (session->m_config.provider && session->m_config.provider->apiKey.isEmpty() && m_secrets) {
        session->m_work.secretMissing = true;
        m_secrets->read(secretName(session->id()), session,
                        [this, session](const Result<Secret> &secret) {
                            session->m_work.secretMissing = false;
                            if (secret && session->m_config.provider)
                                session->m_config.provider->apiKey = *secret;
                            attachSome();
                        });
    }
    Q_EMIT sessionAdded(session);
    attachSome();
    return session;
}

Session *SessionManager::add(SessionConfig config)
{
    if (config.id.isEmpty()) {
        const QByteArray bytes = QByteArray::fromHex(m_random.hex(16));
        config.id = QUuid::fromRfc4122(bytes).toString(QUuid::WithoutBraces);
    }
    auto owned = std::unique_ptr<Session>(new Session(std::move(config), nullptr));
    Session *session = owned.get();
    session->m_created = m_clock.wallNow();
    session->m_lastActivity = session->m_created;
    m_sessions.push_back(std::move(owned));
    connect(&session->m_transcript, &Transcript::activityChanged, session,
            [this, session] { changed(*session); });
    connect(&session->m_transcript, &Transcript::infoChanged, session,
            [this, session] { changed(*session); });
    return session;
}

Session *SessionManager::find(const QString &id) const
{
    const auto it = std::find_if(m_sessions.begin(), m_sessions.end(),
                                 [&](const auto &session) { return session->id() == id; });
    return it == m_sessions.end() ? nullptr : it->get();
}

// ---- the server comes and goes
// --------------------------------------------------------------------

void SessionManager::setBackend(AgentBackend *backend)
{
    if (m_backend)
        m_backend->disconnect(this);
    m_backend = backend;
    for (const auto &session : m_sessions) {
        Session::Work &state = session->m_work;
        state.historyPending = false;
        state.sending = false;
        state.early.clear();
        session->m_transcript.markInterrupted();
        setState(*session, Session::State::Offline);
    }
    if (!backend)
        return;
    connect(backend, &AgentBackend::sessionEvent, this, &SessionManager::onEvent);
    connect(backend, &AgentBackend::sessionLost, this, &SessionManager::onLost);
    attachSome();
}

void SessionManager::attachSome()
{
    if (!m_backend)
        return;
    std::vector<Session *> waiting;
    int busy = 0;
    for (const auto &session : m_sessions) {
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
        if (!m_backend)
            return;
    }
}

void SessionManager::attach(Session &session)
{
    session.m_work.historyPending = true;
    setState(session, Session::State::Attaching);
    if (!m_backend || session.m_state != Session::State::Attaching)
        return; // whoever listened has ended the connection or the session
    if (session.m_durable)
        resumeOnServer(session);
    else
        createOnServer(session);
}

void SessionManager::createOnServer(Session &session)
{
    m_backend->createSession(session.m_config, &session,
                             [this, &session](const Result<Done> &result) {
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
    if (!m_backend)
        return;
    m_backend->resumeSession(session.m_config, {}, &session,
                             [this, &session](const Result<Done> &result) {
                                 if (session.m_work.gone)
                                     releaseForgotten(session, result);
                                 else if (result)
                                     readHistory(session);
                                 else
                                     attachFailed(session, result.error());
                             });
}

void SessionManager::releaseForgotten(const Session &session, const Result<Done> &result)
{
    // Closed while it was being attached: nobody would ever unload it.
    if (result && m_backend)
        m_backend->unloadSession(session.id(), this, [](const Result<Done> &) { });
}

void SessionManager::readHistory(Session &session)
{
    if (!m_backend)
        return;
    m_backend->readHistory(session.id(), &session,
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
    Session::Work &state = session.m_work;
    session.m_transcript.load(history.value_or(QList<AgentEvent>()), true);
    QDateTime newest;
    for (const AgentEvent &event : history.value_or(QList<AgentEvent>())) {
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
    if (!session.m_durable && history) {
        session.m_durable =
            std::any_of(history->cbegin(), history->cend(), [](const AgentEvent &e) {
                return std::holds_alternative<UserMessage>(e.data);
            });
    }
    state.attachedAt = m_clock.now();
    setState(session, Session::State::Attached);
    persist(session);
    if (!m_backend || session.m_state != Session::State::Attached)
        return; // whoever listened has ended the connection or the session
    // A resume does not send again what still waits for the user.
    m_backend->pendingRequests(
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
    flushQueue(session);
    attachSome();
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
        || session->m_state == Session::State::Failed)
        return;
    qCWarning(lcSession).noquote()
        << QStringLiteral("Session %1 was dropped by the server; resuming it").arg(id.left(8));
    session->m_transcript.markInterrupted();
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

// ---- events
// -----------------------------------------------------------------------------------------

void SessionManager::onEvent(const QString &id, const AgentEvent &event)
{
    Session *session = find(id);
    if (!session)
        return;
    Session::Work &state = session->m_work;
    if (state.historyPending)
        state.early.append(event);
    else
        applyEvent(*session, event);
}

void SessionManager::applyEvent(Session &session, const AgentEvent &event)
{
    session.m_transcript.apply(event);
    if (isActivity(event.data)) {
        // Events that a resume replays are old ones.
        const QDateTime time = event.meta.time.isValid() ? event.meta.time : m_clock.wallNow();
        session.m_lastActivity = std::max(session.m_lastActivity, time);
    }
    if (!event.meta.agentId.isEmpty())
        return;
    if (const auto *user = std::get_if<UserMessage>(&event.data)) {
        session.m_work.unechoed.remove(user->messageId);
        if (!session.m_durable) {
            session.m_durable = true;
            persist(session);
        }
        changed(session);
    } else if (const auto *message = std::get_if<MessageCompleted>(&event.data)) {
        if (session.id() != m_visible && !message->text.isEmpty()) {
            ++session.m_unread;
            changed(session);
        }
    } else if (const auto *model = std::get_if<ModelChanged>(&event.data)) {
        session.m_config.model = model->model;
        persist(session);
    } else if (const auto *mode = std::get_if<ModeChanged>(&event.data)) {
        session.m_config.mode = mode->mode;
        persist(session);
    } else if (const auto *idle = std::get_if<SessionIdle>(&event.data)) {
        persist(session);
        if (idle->aborted)
            session.m_work.queueRests = !session.m_queue.isEmpty();
        flushQueue(session);
    }
}

// ---- prompts
// ----------------------------------------------------------------------------------------

void SessionManager::send(const QString &id, const Prompt &prompt)
{
    Session *session = find(id);
    if (!session)
        return;
    Session::Work &state = session->m_work;
    state.queueRests = false;
    const bool free = isOpen(session->m_state) && !state.sending
        && (prompt.delivery == Delivery::Immediate
            || (session->activity() == Activity::Idle && session->m_queue.isEmpty()));
    if (free) {
        sendNow(*session, prompt, static_cast<int>(session->m_queue.size()));
        return;
    }
    session->m_queue.append(prompt);
    persist(*session);
    changed(*session);
    flushQueue(*session);
}

void SessionManager::sendAgain(const QString &id, const QString &messageId)
{
    Session *session = find(id);
    if (!session)
        return;
    for (const TranscriptItem &item : session->m_transcript.items()) {
        const auto *user = std::get_if<UserItem>(&item.data);
        if (!user || user->messageId != messageId || !user->pending || !user->dropped)
            continue;
        Prompt prompt = session->m_work.unechoed.take(messageId);
        if (prompt.text.isEmpty())
            prompt.text = user->text;
        // What it was to steer has ended.
        prompt.delivery = Delivery::Enqueue;
        session->m_transcript.removePending(messageId);
        send(id, prompt);
        return;
    }
}

void SessionManager::removeQueued(const QString &id, int index)
{
    Session *session = find(id);
    if (!session || index < 0 || index >= session->m_queue.size())
        return;
    session->m_queue.removeAt(index);
    persist(*session);
    changed(*session);
}

void SessionManager::sendQueuedNow(const QString &id, int index)
{
    Session *session = find(id);
    if (!session || index < 0 || index >= session->m_queue.size() || !isOpen(session->m_state)
        || session->m_work.sending)
        return;
    Prompt prompt = session->m_queue.takeAt(index);
    if (session->activity() != Activity::Idle)
        prompt.delivery = Delivery::Immediate;
    session->m_work.queueRests = false;
    sendNow(*session, prompt, index);
}

void SessionManager::sendNow(Session &session, const Prompt &prompt, int queuePosition)
{
    if (!m_backend) { // whoever listened to the queue's change has ended the connection
        session.m_queue.insert(std::clamp<qsizetype>(queuePosition, 0, session.m_queue.size()),
                               prompt);
        persist(session);
        return;
    }
    session.m_work.sending = true;
    m_backend->send(session.id(), prompt, &session,
                    [this, &session, prompt, queuePosition](const Result<QString> &messageId) {
                        session.m_work.sending = false;
                        if (session.m_work.gone)
                            return;
                        if (!messageId) {
                            sendFailed(session, prompt, queuePosition, messageId.error());
                            return;
                        }
                        session.m_work.unechoed.insert(*messageId, prompt);
                        session.m_transcript.addPending(*messageId, prompt.text);
                        session.m_lastActivity = m_clock.wallNow();
                        persist(session);
                        changed(session);
                    });
}

void SessionManager::sendFailed(Session &session, const Prompt &prompt, int queuePosition,
                                const Error &error)
{
    // The prompt goes back to where the user sees it. It goes out again by itself only where the
    // server is sure not to have taken it.
    session.m_queue.insert(std::clamp<qsizetype>(queuePosition, 0, session.m_queue.size()), prompt);
    session.m_work.queueRests = error.code != ErrorCode::SessionNotFound;
    persist(session);
    changed(session);
    if (error.code != ErrorCode::SessionNotFound)
        Q_EMIT requestFailed(session.id(), QStringLiteral("send"), error);
}

void SessionManager::flushQueue(Session &session)
{
    const Session::Work &state = session.m_work;
    if (session.m_queue.isEmpty() || !isOpen(session.m_state) || state.queueRests || state.sending
        || session.activity() != Activity::Idle)
        return;
    const Prompt prompt = session.m_queue.takeFirst();
    persist(session);
    changed(session);
    sendNow(session, prompt, 0);
}

// ---- the user's other wishes
// --------------------------------------------------------------------------

Session *SessionManager::create(SessionConfig config)
{
    Session *session = add(std::move(config));
    if (m_secrets && session->m_config.provider) {
        m_secrets->write(secretName(session->id()), session->m_config.provider->apiKey, session,
                         reporter(session->id(), QStringLiteral("store-key")));
    }
    persist(*session);
    Q_EMIT sessionAdded(session);
    attachSome();
    return session;
}

Session *SessionManager::adopt(const SessionSummary &summary)
{
    if (Session *known = find(summary.id))
        return known;
    SessionConfig config;
    config.id = summary.id;
    config.name = summary.name;
    config.workingDirectory = summary.workingDirectory;
    Session *session = add(std::move(config));
    session->m_durable = true;
    if (summary.started.isValid())
        session->m_created = summary.started;
    if (summary.modified.isValid())
        session->m_lastActivity = summary.modified;
    persist(*session);
    Q_EMIT sessionAdded(session);
    attachSome();
    return session;
}

void SessionManager::abort(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    session->m_work.queueRests = !session->m_queue.isEmpty();
    if (m_backend && isOpen(session->m_state))
        m_backend->abort(id, session, reporter(id, QStringLiteral("abort")));
}

void SessionManager::rename(const QString &id, const QString &name)
{
    Session *session = find(id);
    if (!session || session->m_config.name == name)
        return;
    session->m_config.name = name;
    persist(*session);
    changed(*session);
    if (m_backend && isOpen(session->m_state) && !name.isEmpty())
        m_backend->renameSession(id, name, session, reporter(id, QStringLiteral("rename")));
}

void SessionManager::switchModel(const QString &id, const QString &model)
{
    Session *session = find(id);
    if (!session)
        return;
    if (m_backend && isOpen(session->m_state)) {
        m_backend->switchModel(id, model, session, reporter(id, QStringLiteral("switch-model")));
    } else {
        session->m_config.model = model; // goes along with the next resume
        persist(*session);
        changed(*session);
    }
}

void SessionManager::switchMode(const QString &id, AgentMode mode)
{
    Session *session = find(id);
    if (!session)
        return;
    if (m_backend && isOpen(session->m_state)) {
        m_backend->switchMode(id, mode, session, reporter(id, QStringLiteral("switch-mode")));
    } else {
        session->m_config.mode = mode;
        persist(*session);
        changed(*session);
    }
}

void SessionManager::answerPermission(const QString &id, const QString &requestId,
                                      PermissionDecision decision, const QString &feedback)
{
    Session *session = find(id);
    if (!session || !m_backend || !isOpen(session->m_state)) {
        Q_EMIT requestFailed(id, QStringLiteral("answer"), {ErrorCode::ConnectionLost, {}, {}});
        return;
    }
    for (const TranscriptItem &item : session->m_transcript.items()) {
        const auto *card = std::get_if<PermissionItem>(&item.data);
        if (!card || card->request.requestId != requestId
            || card->state != PermissionItem::State::Waiting)
            continue;
        const PermissionRequested request = card->request; // the row may move
        session->m_transcript.setAnswering(requestId, true);
        m_backend->answerPermission(id, request, decision, feedback, session,
                                    answerReporter(*session, requestId));
        return;
    }
}

void SessionManager::answerQuestion(const QString &id, const QString &requestId,
                                    const QString &answer, bool freeform)
{
    Session *session = find(id);
    if (!session || !m_backend || !isOpen(session->m_state)) {
        Q_EMIT requestFailed(id, QStringLiteral("answer"), {ErrorCode::ConnectionLost, {}, {}});
        return;
    }
    session->m_transcript.setAnswering(requestId, true);
    m_backend->answerQuestion(id, requestId, answer, freeform, session,
                              answerReporter(*session, requestId));
}

void SessionManager::answerPlan(const QString &id, const QString &requestId, bool approved,
                                const QString &action)
{
    Session *session = find(id);
    if (!session || !m_backend || !isOpen(session->m_state)) {
        Q_EMIT requestFailed(id, QStringLiteral("answer"), {ErrorCode::ConnectionLost, {}, {}});
        return;
    }
    session->m_transcript.setAnswering(requestId, true);
    m_backend->answerPlan(id, requestId, approved, action, session,
                          answerReporter(*session, requestId));
}

void SessionManager::close(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    if (m_backend && isOpen(session->m_state))
        m_backend->unloadSession(id, this, reporter(id, QStringLiteral("close")));
    forget(id);
}

void SessionManager::remove(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    if (!session->m_durable && !m_backend) { // nothing of it exists anywhere else
        forget(id);
        return;
    }
    if (!m_backend) {
        Q_EMIT requestFailed(id, QStringLiteral("delete"), {ErrorCode::ConnectionLost, {}, {}});
        return;
    }
    m_backend->deleteSession(id, session, [this, id](const Result<Done> &result) {
        if (result || result.error().code == ErrorCode::SessionNotFound)
            forget(id);
        else
            Q_EMIT requestFailed(id, QStringLiteral("delete"), result.error());
    });
}

void SessionManager::forget(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    const bool hasKey = session->m_config.provider.has_value();
    drop(*session);
    if (m_store)
        m_store->remove(id);
    if (m_secrets && hasKey)
        m_secrets->remove(secretName(id), this, [](const Result<Done> &) { });
}

void SessionManager::drop(Session &session)
{
    Q_EMIT sessionAboutToBeRemoved(&session);
    if (m_visible == session.id())
        m_visible.clear();
    const auto it = std::find_if(m_sessions.begin(), m_sessions.end(),
                                 [&](const auto &owned) { return owned.get() == &session; });
    if (it == m_sessions.end())
        return;
    // An answer of the backend may be what brought us here, from inside one of its handlers.
    it->release()->deleteLater();
    m_sessions.erase(it);
    session.m_work.gone = true;
    session.disconnect();
    session.m_transcript.disconnect();
}

void SessionManager::setDraft(const QString &id, const QString &text)
{
    Session *session = find(id);
    if (!session || session->m_draft == text)
        return;
    session->m_draft = text;
    persist(*session);
    Q_EMIT session->draftChanged();
}

void SessionManager::setVisible(const QString &id)
{
    m_visible = id;
    if (Session *session = find(id); session && session->m_unread) {
        session->m_unread = 0;
        changed(*session);
    }
    attachSome();
}

void SessionManager::listServerSessions(QObject *context, Handler<QList<SessionSummary>> handler)
{
    if (m_backend)
        m_backend->listSessions(context, std::move(handler));
    else
        handler(QList<SessionSummary>());
}

// ---- helpers
// ------------------------------------------------------------------------------------------

DoneHandler SessionManager::reporter(const QString &id, const QString &what)
{
    return [this, id, what](const Result<Done> &result) {
        if (!result && result.error().code != ErrorCode::Cancelled)
            Q_EMIT requestFailed(id, what, result.error());
    };
}

DoneHandler SessionManager::answerReporter(Session &session, const QString &requestId)
{
    return [this, &session, requestId](const Result<Done> &result) {
        if (result)
            return; // the completion event closes the card
        session.m_transcript.setAnswering(requestId, false);
        Q_EMIT requestFailed(session.id(), QStringLiteral("answer"), result.error());
    };
}

void SessionManager::setState(Session &session, Session::State state)
{
    if (session.m_state == state)
        return;
    session.m_state = state;
    if (state == Session::State::Attached)
        session.m_error = {};
    changed(session);
}

void SessionManager::changed(Session &session)
{
    Q_EMIT session.changed();
    Q_EMIT sessionChanged(&session);
}

void SessionManager::persist(const Session &session)
{
    if (!m_store)
        return;
    StoredSession stored;
    stored.config = session.m_config;
    stored.created = session.m_created;
    stored.lastActivity = session.m_lastActivity;
    stored.durable = session.m_durable;
    stored.draft = session.m_draft;
    stored.queue = session.m_queue;
    m_store->upsert(stored);
}

} // namespace pilotlight
