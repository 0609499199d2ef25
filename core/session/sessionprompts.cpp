// SPDX-License-Identifier: MIT
// What the user says to a session: prompts, answers, switches.
#include "session/sessionmanager_p.h"

#include "base/logging.h"
#include "base/random.h"
#include "session/outbox.h"
#include "session/sessionstore.h"

#include <algorithm>

namespace pilotlight {

void SessionManager::send(const QString &id, const Prompt &given)
{
    Session *session = find(id);
    if (!session)
        return;
    Prompt prompt = given;
    if (prompt.id.isEmpty())
        prompt.id = QString::fromLatin1(m_random.hex(16));
    note(*session, prompt); // before anything can go wrong
    Session::Work &state = session->m_work;
    state.queueRests = false;
    used(*session);
    unpark(id);
    const bool free = isOpen(session->m_state) && !state.sending && !waitsForSignIn(*session)
        && (prompt.delivery == Delivery::Immediate
            || (session->activity() == Activity::Idle && session->m_queue.isEmpty()
                && !state.fateOpen));
    if (free) {
        sendNow(*session, prompt, static_cast<int>(session->m_queue.size()));
        return;
    }
    session->m_queue.append(prompt);
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
        // Nobody knows yet whether it was dropped: the server is asked, at the next attach or right
        // now, and it is sent again by itself where it is not in the history.
        if (!isOpen(session->m_state) || session->m_work.fateOpen)
            return;
        for (OutboxEntry entry : undecided(*session)) {
            if (entry.messageId != messageId && entry.prompt.id != messageId)
                continue;
            // It was dropped as far as we know: one that came in the middle of a stop ran
            // nevertheless, and twice with this. The server is asked, then it goes out by itself.
            entry.prompt.delivery = Delivery::Enqueue; // what it was to steer has ended
            m_outbox->put(entry);
            session->m_work.fateOpen = true;
            if (Online *o = online(*session))
                o->watch->ask(id);
            return;
        }
        session->m_work.unechoed.remove(messageId);
        Prompt prompt;
        prompt.text = user->text;
        session->m_transcript.removePending(messageId);
        send(id, prompt);
        return;
    }
}

void SessionManager::askAgain(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    const auto &items = session->m_transcript.items();
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
        const auto *user = std::get_if<UserItem>(&item->data);
        if (!user || user->pending || user->delivery == UserMessage::Delivery::Steering)
            continue;
        Prompt prompt;
        prompt.text = user->text;
        prompt.attachments = user->attachments;
        send(id, prompt);
        return;
    }
}

void SessionManager::removeQueued(const QString &id, int index)
{
    Session *session = find(id);
    if (!session || index < 0 || index >= session->m_queue.size())
        return;
    m_outbox->remove(session->m_queue.takeAt(index).id);
    changed(*session);
}

void SessionManager::takeBack(const QString &id, int index, const QString &draft)
{
    setDraft(id, draft);
    if (m_store)
        m_store->flush();
    removeQueued(id, index);
}

void SessionManager::moveQueued(const QString &id, int from, int to)
{
    Session *session = find(id);
    const qsizetype size = session ? session->m_queue.size() : 0;
    if (from < 0 || to < 0 || from >= size || to >= size || from == to)
        return;
    session->m_queue.move(from, to);
    QStringList ids;
    for (const Prompt &prompt : std::as_const(session->m_queue))
        ids.append(prompt.id);
    m_outbox->reorder(ids);
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
    used(*session);
    sendNow(*session, prompt, index);
}

void SessionManager::sendNow(Session &session, const Prompt &prompt, int queuePosition)
{
    if (!backendOf(session)) // whoever listened to the queue's change has ended the connection
        requeue(session, prompt, queuePosition);
    else if (needsConfirmation(session))
        confirmThenSend(session, prompt, queuePosition);
    else
        deliver(session, prompt, queuePosition);
}

void SessionManager::requeue(Session &session, const Prompt &prompt, int queuePosition)
{
    session.m_queue.insert(std::clamp<qsizetype>(queuePosition, 0, session.m_queue.size()), prompt);
    note(session, prompt);
    tracePrompt(session, prompt.id, "queued");
}

void SessionManager::deliver(Session &session, const Prompt &prompt, int queuePosition)
{
    session.m_work.sending = true;
    OutboxEntry entry = entryOf(session, prompt);
    entry.state = OutboxEntry::State::Sent;
    entry.sent = m_clock.wallNow();
    entry.earlier = messagesLike(session, prompt.text);
    ++entry.attempts;
    m_outbox->put(entry);
    tracePrompt(session, prompt.id, "sent");
    backendOf(session)->send(
        session.id(), prompt, &session,
        [this, &session, prompt, queuePosition](const Result<QString> &messageId) {
            session.m_work.sending = false;
            if (session.m_work.gone)
                return;
            if (!messageId) {
                sendFailed(session, prompt, queuePosition, messageId.error());
                return;
            }
            confirmed(session, SessionLife::Evidence::Prompt, true);
            OutboxEntry accepted = entryOf(session, prompt);
            accepted.state = OutboxEntry::State::Accepted;
            accepted.messageId = *messageId;
            m_outbox->put(accepted);
            tracePrompt(session, prompt.id, "accepted", *messageId);
            session.m_work.unechoed.insert(*messageId, prompt);
            session.m_transcript.addPending(*messageId, prompt.text);
            session.m_lastActivity = m_clock.wallNow();
            used(session);
            persist(session);
            changed(session);
        });
}

namespace {

//! The server has read the prompt and refused it, or we have. After anything else (the stream
//! broke, whatever it broke of) nobody knows whether it has taken it.
bool isRefusal(const Error &error)
{
    switch (error.code) {
    case ErrorCode::RemoteError:
    case ErrorCode::MethodNotFound:
    case ErrorCode::TooManyRequests:
    case ErrorCode::SessionNotFound:
    case ErrorCode::InvalidArgument:
    case ErrorCode::AuthenticationRequired:
    case ErrorCode::AuthenticationFailed:
    case ErrorCode::NotSignedIn:
    case ErrorCode::Unsupported:
        return true;
    default:
        return false;
    }
}

} // namespace

void SessionManager::sendFailed(Session &session, const Prompt &prompt, int queuePosition,
                                const Error &error)
{
    if (!isRefusal(error)) {
        tracePrompt(session, prompt.id, "unknown");
        // Perhaps the server has it. Its history will tell (reconcile()); until then it is shown as
        // on its way.
        showOnItsWay(session, entryOf(session, prompt));
        changed(session);
        if (error.code == ErrorCode::Timeout)
            askHistory(session, prompt.id, error);
        return;
    }
    // The prompt goes back to where the user sees it. It goes out again by itself only where the
    // server has dropped the session, so that it was not the prompt that it refused.
    session.m_work.queueRests = error.code != ErrorCode::SessionNotFound;
    requeue(session, prompt, queuePosition);
    changed(session);
    if (error.code != ErrorCode::SessionNotFound)
        Q_EMIT requestFailed(session.id(), QStringLiteral("send"), error);
}

void SessionManager::flushQueue(Session &session)
{
    const Session::Work &state = session.m_work;
    if (session.m_queue.isEmpty() || !isOpen(session.m_state) || state.queueRests || state.sending
        || state.fateOpen || session.activity() != Activity::Idle || waitsForSignIn(session))
        return;
    const Prompt prompt = session.m_queue.takeFirst();
    changed(session);
    sendNow(session, prompt, 0);
}

void SessionManager::abort(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    session->m_work.queueRests = !session->m_queue.isEmpty();
    if (AgentBackend *backend = backendOf(*session); backend && isOpen(session->m_state))
        backend->abort(id, session, reporter(id, QStringLiteral("abort")));
}

void SessionManager::rename(const QString &id, const QString &name)
{
    Session *session = find(id);
    if (!session || session->m_config.name == name)
        return;
    session->m_config.name = name;
    persist(*session);
    changed(*session);
    if (AgentBackend *backend = backendOf(*session);
        backend && isOpen(session->m_state) && !name.isEmpty())
        backend->renameSession(id, name, session, reporter(id, QStringLiteral("rename")));
}

void SessionManager::switchModel(const QString &id, const QString &model)
{
    Session *session = find(id);
    if (!session)
        return;
    if (AgentBackend *backend = backendOf(*session); backend && isOpen(session->m_state)) {
        backend->switchModel(id, model, session, reporter(id, QStringLiteral("switch-model")));
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
    if (AgentBackend *backend = backendOf(*session); backend && isOpen(session->m_state)) {
        backend->switchMode(id, mode, session, reporter(id, QStringLiteral("switch-mode")));
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
    if (!session || !backendOf(*session) || !isOpen(session->m_state)) {
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
        backendOf(*session)->answerPermission(id, request, decision, feedback, session,
                                              answerReporter(*session, requestId));
        return;
    }
}

void SessionManager::answerQuestion(const QString &id, const QString &requestId,
                                    const QString &answer, bool freeform)
{
    Session *session = find(id);
    if (!session || !backendOf(*session) || !isOpen(session->m_state)) {
        Q_EMIT requestFailed(id, QStringLiteral("answer"), {ErrorCode::ConnectionLost, {}, {}});
        return;
    }
    session->m_transcript.setAnswering(requestId, true);
    backendOf(*session)->answerQuestion(id, requestId, answer, freeform, session,
                                        answerReporter(*session, requestId));
}

void SessionManager::answerPlan(const QString &id, const QString &requestId, bool approved,
                                const QString &action)
{
    Session *session = find(id);
    if (!session || !backendOf(*session) || !isOpen(session->m_state)) {
        Q_EMIT requestFailed(id, QStringLiteral("answer"), {ErrorCode::ConnectionLost, {}, {}});
        return;
    }
    session->m_transcript.setAnswering(requestId, true);
    backendOf(*session)->answerPlan(id, requestId, approved, action, session,
                                    answerReporter(*session, requestId));
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

} // namespace pilotlight
