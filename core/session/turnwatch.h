// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"
#include "base/clock.h"

#include <QObject>
#include <QString>

#include <functional>
#include <map>
#include <optional>

namespace pilotlight {

//! Looks after the attached sessions of one backend in which something runs or seems to: where
//! nothing was heard for a while, it asks the server. Also once after something has ended, since a
//! completion may be early. Nothing runs for a session that is idle. Lives exactly as long as its
//! connection is online; there is no start and no stop.
class TurnWatch final : public QObject
{
    Q_OBJECT
public:
    enum class Load
    {
        Idle, //!< not asked about
        Working,
        Waiting //!< for the user: nothing is expected to be heard
    };
    //! What the watch asks of, and tells, whoever has the sessions.
    struct Host
    {
        std::function<Load(const QString &sessionId)> load;
        //! The server has answered, and nothing was heard of the session since it was asked. May
        //! change or forget it.
        std::function<void(const QString &sessionId, const SessionActivity &activity)> answered;
        //! It has begun to be silent, or is not any more: see Evidence::unanswered.
        std::function<void(const QString &sessionId)> silenceChanged;
    };
    //! What is known, for people. Times are on the clock's bootNow().
    struct Evidence
    {
        std::optional<Nanoseconds> lastEvent; //!< since the session was attached
        std::optional<Nanoseconds> asked; //!< the latest question that was answered, or was not
        std::optional<Milliseconds> answeredAfter; //!< of that question
        int unanswered = 0; //!< questions in a row; more than 0: the server is silent
        quint64 events = 0; //!< counts them
    };

    //! A turn in which nothing was heard for so long is asked about. A streaming answer has an
    //! event many times a second; first bytes and tools take longer, but two small reads (2 ms on
    //! the real server) cost nothing, and a lost end is a spinner for just so long.
    static constexpr Milliseconds QuietBeforeAsking{10'000};
    //! Each further question about the same quiet comes after twice the pause, up to this: a tool
    //! that runs for an hour is asked about once a minute.
    static constexpr Milliseconds LongestPause{60'000};
    //! The same where the user is waited for: only another client's answer could be missed.
    static constexpr Milliseconds LongestPauseWaiting{600'000};
    //! After the end of a turn, and after an attach; the real server's next turn (a steering, its
    //! own queue) comes within 100 ms.
    static constexpr Milliseconds ConfirmAfter{2'000};
    //! As for a keepalive probe (keepalive.md 4). 1.0.40 was seen to be silent for 5.3 s in the
    //! first turn after its start.
    static constexpr Milliseconds AnswerDeadline{10'000};

    //! All must outlive it.
    TurnWatch(AgentBackend &backend, Clock &clock, Host host);

    //! \a sessionId is attached as of now. \a confirm: the server is asked what it does with it.
    void watch(const QString &sessionId, bool confirm);
    void forget(const QString &sessionId);
    //! Something of it has arrived. Cheap: runs for every event.
    void noteEvent(const QString &sessionId);
    //! Its load may have changed.
    void update(const QString &sessionId);
    //! Its state is in doubt: asks in a moment, whatever its load.
    void confirm(const QString &sessionId);
    //! Asks now.
    void ask(const QString &sessionId);

    Evidence evidence(const QString &sessionId) const;
    bool isSilent(const QString &sessionId) const { return evidence(sessionId).unanswered > 0; }

private:
    struct Entry
    {
        Evidence evidence;
        Load load = Load::Idle;
        Milliseconds pause = QuietBeforeAsking;
        bool doubted = false; //!< the next question does not wait for quiet
        quint64 question = 0; //!< under way; 0: none is
        std::optional<Nanoseconds> askedAt; //!< the one under way
        TimerHandle timer;
    };
    void arm(const QString &sessionId, Entry &entry, Milliseconds delay);
    void due(const QString &sessionId);
    void answered(const QString &sessionId, quint64 question, quint64 events,
                  const Result<SessionActivity> &result);
    void heard(const QString &sessionId, Entry &entry);

    AgentBackend &m_backend;
    Clock &m_clock;
    const Host m_host;
    std::map<QString, Entry> m_entries;
    quint64 m_questions = 0;
};

} // namespace pilotlight
