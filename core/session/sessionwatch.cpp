// SPDX-License-Identifier: MIT
// What a session really does: the server's word where it has one, events otherwise.
#include "session/sessionmanager_p.h"

#include "base/logging.h"
#include "session/historymerge.h"

namespace pilotlight {

std::unique_ptr<TurnWatch> SessionManager::makeWatch(AgentBackend &backend)
{
    TurnWatch::Host host;
    host.load = [this](const QString &id) {
        const Session *session = find(id);
        if (!session || !isOpen(session->m_state))
            return TurnWatch::Load::Idle;
        if (session->activity() == Activity::WaitingForUser)
            return TurnWatch::Load::Waiting;
        // A prompt that was accepted will be heard of.
        return session->isWorking() || session->m_work.fateOpen
                || !session->m_work.unechoed.isEmpty()
            ? TurnWatch::Load::Working
            : TurnWatch::Load::Idle;
    };
    host.answered = [this](const QString &id, const SessionActivity &said) {
        if (Session *session = find(id))
            serverSaid(*session, said);
    };
    host.silenceChanged = [this](const QString &id) {
        if (Session *session = find(id))
            silenceChanged(*session);
    };
    return std::make_unique<TurnWatch>(backend, m_clock, std::move(host));
}

void SessionManager::silenceChanged(Session &session)
{
    const Online *o = online(session);
    const bool stuck = o && isOpen(session.m_state) && o->watch->isSilent(session.id());
    if (session.m_stuck == stuck)
        return;
    session.m_stuck = stuck;
    qCInfo(lcSession).noquote() << (stuck ? QStringLiteral("Session %1: the server does not answer")
                                          : QStringLiteral("Session %1: the server answers again"))
                                       .arg(session.id().left(8));
    changed(session);
}

void SessionManager::serverSaid(Session &session, const SessionActivity &said)
{
    if (!isOpen(session.m_state))
        return;
    Transcript &transcript = session.m_transcript;
    if (said.turnKnown && said.turn) {
        if (transcript.activity() == Activity::Idle)
            qCInfo(lcSession).noquote()
                << QStringLiteral("Session %1: works on, though its turn seemed to be over")
                       .arg(session.id().left(8));
        transcript.serverWorks(true, false);
        return;
    }
    const bool seemsBusy = transcript.activity() != Activity::Idle
        || !session.m_work.unechoed.isEmpty() || transcript.isPromptOpen()
        || session.m_work.fateOpen;
    // What cannot be told is left to the events, but for what they will never tell.
    const bool told =
        said.turnKnown || (session.m_work.fateOpen && transcript.activity() == Activity::Idle);
    // While a prompt is on its way, a turn may be about to begin; it is asked again.
    if (seemsBusy && (told || transcript.activity() == Activity::Working)) {
        if (!session.m_work.sending)
            settleTurn(session, said.tasks, told);
        return;
    }
    if (!seemsBusy && said.tasksKnown)
        transcript.serverWorks(false, said.tasks);
}

//! By the history alone: for servers that cannot tell whether they work.
static bool showsTheEnd(const Result<QList<AgentEvent>> &history)
{
    Transcript transcript;
    transcript.load(history.value_or(QList<AgentEvent>()), true, false);
    return transcript.activity() == Activity::Idle && !transcript.isPromptOpen()
        && !transcript.items().empty();
}

//! The server does nothing (\a told), or it cannot tell and nothing was heard for a while. We have
//! not heard the end of the turn: it is read from the history, and what that leaves open is ended
//! if the server told so.
void SessionManager::settleTurn(Session &session, bool background, bool told)
{
    AgentBackend *backend = backendOf(session);
    if (!backend || session.m_work.readingEnd)
        return;
    session.m_work.readingEnd = true;
    backend->readHistory(session.id(), &session,
                         [this, &session, background, told, attached = session.m_work.attachedAt,
                          events = online(session)->watch->evidence(session.id()).events](
                             const Result<QList<AgentEvent>> &history) {
                             const Online *o = online(session);
                             if (session.m_work.gone || !o || !isOpen(session.m_state)
                                 || session.m_work.attachedAt != attached)
                                 return;
                             session.m_work.readingEnd = false;
                             // Something has begun meanwhile: the events tell the rest.
                             if (o->watch->evidence(session.id()).events != events
                                 || session.m_work.sending || !(told || showsTheEnd(history)))
                                 return;
                             qCInfo(lcSession).noquote()
                                 << QStringLiteral("Session %1: the server has ended the turn, its "
                                                   "end was not heard")
                                        .arg(session.id().left(8));
                             turnSettled(session, history, background);
                         });
}

void SessionManager::turnSettled(Session &session, const Result<QList<AgentEvent>> &history,
                                 bool background)
{
    Transcript &transcript = session.m_transcript;
    if (history) {
        const qsizetype waiting = session.m_queue.size();
        const bool cut = session.m_work.fateOpen; // nobody knows whether the server had it
        reconcile(session, *history, Missing::IsLost);
        // The server had taken it and dropped it: whether it goes out again is the user's decision.
        if (session.m_queue.size() > waiting && !cut)
            session.m_work.queueRests = true;
        const MergedHistory merged = merge(session, *history, {});
        transcript.load(merged.events, false); // what is open in it was cut off
        keep(session, merged);
    }
    transcript.serverIsIdle();
    transcript.serverWorks(false, background);
    persist(session);
    changed(session);
    flushQueue(session);
}

void SessionManager::setLink(const QString &backendId, const LinkFacts &link)
{
    Server &s = server(backendId);
    if (s.link == link)
        return;
    s.link = link;
    Q_EMIT linkChanged(backendId);
}

Explanation SessionManager::explanation(const QString &id) const
{
    ExplanationFacts facts;
    const Session *session = find(id);
    if (!session)
        return explain(facts);
    facts.state = session->m_state;
    facts.step = session->m_transcript.step();
    facts.sending = session->m_work.sending;
    facts.accepted = !session->m_work.unechoed.isEmpty();
    facts.signInAwaited = waitsForSignIn(*session) && !session->m_queue.isEmpty();
    facts.ownProvider = session->m_config.provider.has_value();
    const auto &items = session->m_transcript.items();
    const auto *last = items.empty() ? nullptr : std::get_if<NoticeItem>(&items.back().data);
    if (last && last->kind == NoticeItem::Kind::Error)
        facts.failure = *last;
    if (const Server *s = findServer(session->m_backendId)) {
        facts.link = s->link;
        if (s->online)
            facts.evidence = s->online->watch->evidence(id);
    }
    facts.wallNow = m_clock.wallNow();
    facts.bootNow = m_clock.bootNow();
    return explain(facts);
}

} // namespace pilotlight
