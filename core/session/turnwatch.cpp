// SPDX-License-Identifier: MIT
#include "session/turnwatch.h"

#include <algorithm>
#include <utility>

namespace pilotlight {

TurnWatch::TurnWatch(AgentBackend &backend, Clock &clock, Host host)
    : m_backend(backend)
    , m_clock(clock)
    , m_host(std::move(host))
{ }

void TurnWatch::watch(const QString &sessionId, bool confirm)
{
    Entry &entry = m_entries[sessionId] = Entry();
    entry.load = m_host.load(sessionId);
    if (confirm || entry.load != Load::Idle)
        arm(sessionId, entry, ConfirmAfter);
}

void TurnWatch::forget(const QString &sessionId)
{
    m_entries.erase(sessionId);
}

void TurnWatch::noteEvent(const QString &sessionId)
{
    const auto it = m_entries.find(sessionId);
    if (it == m_entries.end())
        return;
    Entry &entry = it->second;
    entry.evidence.lastEvent = m_clock.bootNow();
    ++entry.evidence.events;
    // The timer is let be: when it is due it looks how long it has been quiet.
    const bool grown = std::exchange(entry.pause, QuietBeforeAsking) != QuietBeforeAsking;
    if (grown && entry.load != Load::Idle && entry.question == 0)
        arm(sessionId, entry, QuietBeforeAsking);
    heard(sessionId, entry);
}

void TurnWatch::heard(const QString &sessionId, Entry &entry)
{
    if (std::exchange(entry.evidence.unanswered, 0) > 0)
        m_host.silenceChanged(sessionId); // last: the entry may be gone
}

void TurnWatch::update(const QString &sessionId)
{
    const auto it = m_entries.find(sessionId);
    if (it == m_entries.end())
        return;
    Entry &entry = it->second;
    const Load before = std::exchange(entry.load, m_host.load(sessionId));
    if (entry.load == before)
        return;
    entry.pause = QuietBeforeAsking;
    if (entry.question == 0)
        arm(sessionId, entry, entry.load == Load::Idle ? ConfirmAfter : QuietBeforeAsking);
    if (entry.load == Load::Idle)
        heard(sessionId, entry); // nobody waits for its answer any more
}

void TurnWatch::confirm(const QString &sessionId)
{
    const auto it = m_entries.find(sessionId);
    if (it == m_entries.end() || it->second.question != 0)
        return;
    it->second.doubted = true;
    arm(sessionId, it->second, ConfirmAfter);
}

void TurnWatch::ask(const QString &sessionId)
{
    const auto it = m_entries.find(sessionId);
    if (it == m_entries.end() || it->second.question != 0)
        return;
    Entry &entry = it->second;
    entry.timer.cancel();
    entry.doubted = false;
    entry.question = ++m_questions;
    entry.askedAt = m_clock.bootNow();
    m_backend.sessionActivity(
        sessionId, AnswerDeadline, this,
        [this, sessionId, question = entry.question,
         events = entry.evidence.events](const Result<SessionActivity> &result) {
            answered(sessionId, question, events, result);
        });
}

void TurnWatch::arm(const QString &sessionId, Entry &entry, Milliseconds delay)
{
    entry.timer =
        // A copy: the timer may be replaced, and this with it, while it runs.
        m_clock.after(delay, [this, sessionId] { due(QString(sessionId)); });
}

void TurnWatch::due(const QString &sessionId)
{
    Entry &entry = m_entries.at(sessionId);
    if (entry.load != Load::Idle && !entry.doubted && entry.evidence.lastEvent) {
        const auto quiet =
            std::chrono::duration_cast<Milliseconds>(m_clock.bootNow() - *entry.evidence.lastEvent);
        if (quiet < QuietBeforeAsking) {
            arm(sessionId, entry, QuietBeforeAsking - quiet);
            return;
        }
    }
    ask(sessionId);
}

void TurnWatch::answered(const QString &sessionId, quint64 question, quint64 events,
                         const Result<SessionActivity> &result)
{
    auto it = m_entries.find(sessionId);
    if (it == m_entries.end() || it->second.question != question)
        return;
    Entry &entry = it->second;
    entry.question = 0;
    const ErrorCode error = result ? ErrorCode::Internal : result.error().code;
    if (error == ErrorCode::SessionNotFound || error == ErrorCode::ConnectionLost
        || error == ErrorCode::ConnectionClosed || error == ErrorCode::Cancelled)
        return; // the session or the connection is at its end, and we with it
    const bool timedOut = error == ErrorCode::Timeout;
    entry.evidence.asked = std::exchange(entry.askedAt, std::nullopt);
    entry.evidence.answeredAfter.reset();
    const bool more = entry.load != Load::Idle;
    if (timedOut) {
        // What was idle is nobody's worry; the keepalive probe watches the server for it.
        entry.pause = QuietBeforeAsking;
        if (more)
            arm(sessionId, entry, entry.pause);
        if (more && ++entry.evidence.unanswered == 1)
            m_host.silenceChanged(sessionId);
        return;
    }
    entry.evidence.answeredAfter =
        std::chrono::duration_cast<Milliseconds>(m_clock.bootNow() - *entry.evidence.asked);
    if (more) {
        const Milliseconds longest =
            entry.load == Load::Waiting ? LongestPauseWaiting : LongestPause;
        arm(sessionId, entry, entry.pause);
        entry.pause = std::min(entry.pause * 2, longest);
    }
    const bool stale = entry.evidence.events != events;
    heard(sessionId, entry);
    it = m_entries.find(sessionId);
    if (it == m_entries.end())
        return;
    // An answer is about its own moment: what has arrived since tells more.
    if (stale && it->second.load == Load::Idle)
        confirm(sessionId);
    if (!stale)
        m_host.answered(sessionId, result.value_or(SessionActivity{false, false, false, false}));
}

TurnWatch::Evidence TurnWatch::evidence(const QString &sessionId) const
{
    const auto it = m_entries.find(sessionId);
    return it == m_entries.end() ? Evidence() : it->second.evidence;
}

} // namespace pilotlight
