// SPDX-License-Identifier: MIT
// Sessions whose agent is not signed in: they wait instead of failing.
#include "session/sessionmanager_p.h"

#include "base/logging.h"

#include <utility>

namespace pilotlight {

void SessionManager::setSignedIn(const QString &backendId, const std::optional<bool> &signedIn)
{
    Server &s = server(backendId);
    if (s.signedIn == signedIn)
        return;
    s.signedIn = signedIn;
    const bool waits = signedIn == std::optional(false);
    // Sending may add or remove sessions, by whoever listens.
    QStringList ids;
    for (const auto &session : m_sessions) {
        if (session->m_backendId == backendId)
            ids.append(session->id());
    }
    for (const QString &id : std::as_const(ids)) {
        Session *session = find(id);
        if (!session)
            continue;
        if (waits)
            takeBackRefused(*session);
        else
            flushQueue(*session);
        if (Session *const there = find(id); there && !there->m_config.provider)
            changed(*there);
    }
}

bool SessionManager::waitsForSignIn(const Session &session) const
{
    const Server *const s = findServer(session.m_backendId);
    return s && s->signedIn == std::optional(false) && !session.m_config.provider;
}

//! The server takes a prompt without a sign-in, names it, and drops it before it is in the history
//! (docs/protocol.md). It goes back to the front of the queue and out again after the sign-in.
void SessionManager::takeBackRefused(Session &session)
{
    if (!waitsForSignIn(session) || session.activity() != Activity::Idle)
        return;
    QList<std::pair<QString, Prompt>> refused; // by message id
    for (const TranscriptItem &item : session.m_transcript.items()) {
        const auto *const user = std::get_if<UserItem>(&item.data);
        if (!user || !user->pending || !session.m_work.refused.contains(user->messageId))
            continue;
        const auto found = session.m_work.unechoed.constFind(user->messageId);
        if (found != session.m_work.unechoed.constEnd())
            refused.append({found.key(), found.value()});
    }
    if (refused.isEmpty())
        return;
    for (qsizetype i = 0; i < refused.size(); ++i) {
        auto [messageId, prompt] = refused[i];
        session.m_work.unechoed.remove(messageId);
        session.m_work.refused.remove(messageId);
        session.m_transcript.removePending(messageId);
        prompt.delivery = Delivery::Enqueue;
        requeue(session, prompt, static_cast<int>(i));
    }
    qCInfo(lcSession).noquote() << QStringLiteral("Session %1: %2 prompts wait for the sign-in")
                                       .arg(session.id().left(8))
                                       .arg(refused.size());
    changed(session);
}

} // namespace pilotlight
