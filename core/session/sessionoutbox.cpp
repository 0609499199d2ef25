// SPDX-License-Identifier: MIT
// What becomes of a prompt: from the user's hand until it is surely on the server's disk.
#include "session/sessionmanager_p.h"

#include "base/logging.h"
#include "session/outbox.h"

#include <QUuid>

#include <algorithm>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

// The real server writes its history every 100 ms; what it had for 200 ms was never lost
// (docs/protocol.md). With room for a busy machine.
constexpr Milliseconds Settled = 2s;
// That it went on for so long after the echo must be heard from it: one that was frozen at once,
// and is ended so, has written nothing.
constexpr Milliseconds WentOn = 1s;
// Between our clock and that of a server elsewhere.
constexpr Milliseconds ClockSkew = 60s;
// A prompt that was lost so often may be what kills the server.
constexpr int MaxAttempts = 3;

} // namespace

void tracePrompt(const Session &session, const QString &promptId, const char *what,
                 const QString &messageId)
{
    qCDebug(lcSession).noquote() << QStringLiteral("Prompt %1 of session=%2: %3 %4")
                                        .arg(promptId.left(8), session.id().left(8),
                                             QLatin1String(what), messageId.left(8));
}

void SessionManager::setOutbox(Outbox *outbox)
{
    if (!outbox && !m_memory)
        m_memory = std::make_unique<Outbox>(QString(), m_clock);
    m_outbox = outbox ? outbox : m_memory.get();
}

OutboxEntry SessionManager::entryOf(const Session &session, const Prompt &prompt) const
{
    const auto &all = m_outbox->entries();
    const auto known = std::find_if(all.cbegin(), all.cend(), [&](const OutboxEntry &entry) {
        return entry.prompt.id == prompt.id;
    });
    OutboxEntry entry = known == all.cend() ? OutboxEntry() : *known;
    entry.sessionId = session.id();
    entry.prompt = prompt;
    return entry;
}

//! It waits here.
void SessionManager::note(const Session &session, const Prompt &prompt)
{
    OutboxEntry entry = entryOf(session, prompt);
    entry.state = OutboxEntry::State::Queued;
    entry.messageId.clear();
    m_outbox->put(entry);
}

void SessionManager::forgetPrompts(const Session &session)
{
    const QList<OutboxEntry> all = m_outbox->entries();
    for (const OutboxEntry &entry : all) {
        if (entry.sessionId == session.id())
            m_outbox->remove(entry.prompt.id);
    }
}

//! Messages of the user with these words in the history, as far as it is known here.
int SessionManager::messagesLike(const Session &session, const QString &text)
{
    const auto &items = session.m_transcript.items();
    return static_cast<int>(
        std::count_if(items.begin(), items.end(), [&text](const TranscriptItem &item) {
            const auto *user = std::get_if<UserItem>(&item.data);
            return user && !user->pending && item.agentId.isEmpty() && user->text == text;
        }));
}

//! A prompt that may be on its way gets a row, unless its echo has one already: that came before
//! the answer that would have named it, and then the connection ended.
void SessionManager::showOnItsWay(Session &session, const OutboxEntry &entry)
{
    const QString id = entry.messageId.isEmpty() ? entry.prompt.id : entry.messageId;
    if (entry.messageId.isEmpty() && entry.earlier >= 0
        && messagesLike(session, entry.prompt.text) > entry.earlier)
        session.m_transcript.removePending(id);
    else
        session.m_transcript.addPending(id, entry.prompt.text);
}

//! Those that the server may or may not have.
QList<OutboxEntry> SessionManager::undecided(const Session &session) const
{
    QList<OutboxEntry> result;
    for (const OutboxEntry &entry : m_outbox->entries()) {
        if (entry.sessionId == session.id() && entry.state != OutboxEntry::State::Queued)
            result.append(entry);
    }
    return result;
}

//! Nothing of the conversation was ever surely on a server's disk: all that was said is still in
//! the outbox.
bool SessionManager::isOnlyHere(const Session &session) const
{
    const QList<OutboxEntry> open = undecided(session);
    const auto &items = session.m_transcript.items();
    return !open.isEmpty()
        && std::all_of(items.begin(), items.end(), [&open](const TranscriptItem &item) {
               const auto *user = std::get_if<UserItem>(&item.data);
               return !user || user->pending
                   || std::any_of(open.cbegin(), open.cend(), [user](const OutboxEntry &entry) {
                          return entry.messageId == user->messageId
                              || entry.prompt.text == user->text;
                      });
           });
}

//! After a start of the app. \a olderQueue: from a session list that was written before there was
//! an outbox.
void SessionManager::restorePrompts(Session &session, const QList<Prompt> &olderQueue)
{
    for (qsizetype i = 0; i < olderQueue.size(); ++i) {
        Prompt prompt = olderQueue[i];
        // The same id each time, should we not get to write the session list without it.
        prompt.id = QUuid::createUuidV5(
                        QUuid(), session.id() + QString::number(i) + QLatin1Char(' ') + prompt.text)
                        .toString(QUuid::WithoutBraces);
        note(session, prompt);
    }
    for (const OutboxEntry &entry : m_outbox->entries()) {
        if (entry.sessionId == session.id() && entry.state == OutboxEntry::State::Queued)
            session.m_queue.append(entry.prompt);
    }
    const QList<OutboxEntry> open = undecided(session);
    for (const OutboxEntry &entry : open)
        showOnItsWay(session, entry);
    // What waited when the app ended waits for the user's eye, not for the next idle moment.
    session.m_work.queueRests = !session.m_queue.isEmpty() || !open.isEmpty();
    if (!olderQueue.isEmpty())
        persist(session);
}

//! Decides by the server's own history what has become of the prompts that were on their way when
//! the connection, the server or this program ended: those that are in it are done, the others go
//! out again. Right after a cut they may still arrive: a server takes up to some 100 ms from
//! reading a prompt to its history (230 seen), and what is to steer a turn waits for the turn's
//! next step. They are decided then when the server, asked a little later, does nothing. With \a
//! onlyPrompt the others are known to be on their way still, and left alone.
void SessionManager::reconcile(Session &session, const QList<AgentEvent> &history, Missing missing,
                               const QString &onlyPrompt)
{
    if (onlyPrompt.isEmpty())
        session.m_work.fateOpen = false;
    const QList<OutboxEntry> open = undecided(session);
    if (open.isEmpty())
        return;
    struct Message
    {
        QString id;
        QString text;
        QDateTime time;
        int like = 0; // messages with the same words before it
        bool claimed = false;
    };
    QList<Message> messages;
    QHash<QString, int> words;
    for (const AgentEvent &event : history) {
        const auto *user = std::get_if<UserMessage>(&event.data);
        if (user && user->source.isEmpty() && event.meta.agentId.isEmpty())
            messages.append(
                {user->messageId, user->text, event.meta.time, words[user->text]++, false});
    }
    const auto claim = [&messages](const auto &matches) {
        const auto found =
            std::find_if(messages.begin(), messages.end(), [&](const Message &message) {
                return !message.claimed && matches(message);
            });
        if (found == messages.end())
            return false;
        found->claimed = true;
        return true;
    };
    // By id first, so that no prompt takes the message of another with the same words.
    QList<OutboxEntry> unnamed;
    QList<OutboxEntry> arrived;
    for (const OutboxEntry &entry : open) {
        if (!entry.messageId.isEmpty()
            && claim([&](const Message &message) { return message.id == entry.messageId; }))
            arrived.append(entry);
        else
            unnamed.append(entry);
    }
    const auto isLeftAlone = [&onlyPrompt](const OutboxEntry &entry) {
        return !onlyPrompt.isEmpty() && entry.prompt.id != onlyPrompt;
    };
    unnamed.removeIf(isLeftAlone);
    arrived.removeIf(isLeftAlone);
    QList<OutboxEntry> lost;
    for (const OutboxEntry &entry : std::as_const(unnamed)) {
        // Servers that echo no id, and prompts whose acceptance we have not heard of. That it is
        // not an older one with the same words is known by their number, so that no clock is
        // trusted; by the time only where the number is not known, or the history has become
        // shorter.
        const bool counted = entry.earlier >= 0 && words.value(entry.prompt.text) >= entry.earlier;
        const bool found = claim([&](const Message &message) {
            if ((!message.id.isEmpty() && !entry.messageId.isEmpty())
                || message.text != entry.prompt.text)
                return false;
            if (counted)
                return message.like >= entry.earlier;
            return !entry.sent.isValid() || !message.time.isValid()
                || message.time.addMSecs(ClockSkew.count()) >= entry.sent;
        });
        (found ? arrived : lost).append(entry);
    }
    for (const OutboxEntry &entry : std::as_const(arrived)) {
        session.m_work.unechoed.remove(entry.messageId);
        session.m_transcript.removePending(entry.prompt.id);
        tracePrompt(session, entry.prompt.id, "in the history");
        settle(session, entry.prompt.id);
    }
    if (missing == Missing::MayArrive && !lost.isEmpty()) {
        qCInfo(lcSession).noquote()
            << QStringLiteral("Session %1: prompts on their way: %2 had arrived, %3 may yet arrive")
                   .arg(session.id().left(8))
                   .arg(arrived.size())
                   .arg(lost.size());
        session.m_work.fateOpen = true;
        return;
    }
    qsizetype place = 0;
    for (const OutboxEntry &entry : std::as_const(lost)) {
        session.m_work.unechoed.remove(entry.messageId);
        session.m_transcript.removePending(entry.prompt.id);
        session.m_transcript.removePending(entry.messageId);
        Prompt prompt = entry.prompt;
        // What it was to steer has ended; and what a server did not survive is not sent for ever.
        if (prompt.delivery == Delivery::Immediate || entry.attempts >= MaxAttempts)
            session.m_work.queueRests = true;
        prompt.delivery = Delivery::Enqueue;
        requeue(session, prompt, static_cast<int>(place++));
    }
    if (place > 0)
        changed(session);
    qCInfo(lcSession).noquote() << QStringLiteral(
                                       "Session %1: prompts on their way: %2 had arrived, "
                                       "%3 go out again")
                                       .arg(session.id().left(8))
                                       .arg(arrived.size())
                                       .arg(lost.size());
}

//! A prompt was not answered in time, on a connection that may live on: nothing will attach the
//! session anew, so its history is asked now. Where it is not there, it may still arrive: whether
//! it is sent again is the user's decision.
void SessionManager::askHistory(Session &session, const QString &promptId, const Error &error)
{
    Q_EMIT requestFailed(session.id(), QStringLiteral("send"), error);
    AgentBackend *backend = backendOf(session);
    if (!backend || !isOpen(session.m_state) || session.m_work.gone)
        return;
    backend->readHistory(session.id(), &session,
                         [this, &session, promptId](const Result<QList<AgentEvent>> &history) {
                             if (!isOpen(session.m_state) || session.m_work.gone)
                                 return;
                             session.m_work.queueRests = true;
                             if (history) {
                                 reconcile(session, *history, Missing::IsLost, promptId);
                                 return;
                             }
                             // The connection is bad, but may live on: decided when it is better.
                             session.m_work.fateOpen = true;
                             changed(session);
                         });
}

void SessionManager::echoed(Session &session, const UserMessage &message)
{
    auto &unechoed = session.m_work.unechoed;
    auto found = unechoed.find(message.messageId);
    if (found == unechoed.end() && message.messageId.isEmpty() && message.source.isEmpty())
        found = std::find_if(unechoed.begin(), unechoed.end(),
                             [&](const Prompt &prompt) { return prompt.text == message.text; });
    QString id;
    if (found != unechoed.end()) {
        id = found->id;
        unechoed.erase(found);
    } else if (session.m_work.fateOpen && message.source.isEmpty()) {
        // One that was still on its way when its connection was cut, and that has no name yet.
        for (const OutboxEntry &entry : undecided(session)) {
            if (id.isEmpty() && entry.messageId.isEmpty() && entry.prompt.text == message.text
                && !session.m_work.settling.contains(entry.prompt.id))
                id = entry.prompt.id;
        }
        session.m_transcript.removePending(id);
    }
    if (id.isEmpty())
        return;
    tracePrompt(session, id, "echoed", message.messageId);
    settle(session, id);
}

//! The server has it in its history: after a moment it has it on its disk, too.
void SessionManager::settle(Session &session, const QString &promptId)
{
    settleLater(session, promptId, m_clock.now());
}

void SessionManager::settleLater(Session &session, const QString &promptId, Nanoseconds echoed)
{
    session.m_work.settling[promptId] = m_clock.after(Settled, [=, this, &session] {
        // Copies: both ways end this very callback.
        const QString id = promptId;
        const Nanoseconds since = echoed;
        if (server(session.m_backendId).heard < since + WentOn) {
            settleLater(session, id, since); // it answers a probe, if nothing else
            return;
        }
        tracePrompt(session, id, "done");
        m_outbox->remove(id);
        session.m_work.settling.erase(id);
    });
}

} // namespace pilotlight
