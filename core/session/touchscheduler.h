// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"
#include "session/keeping.h"

#include <QHash>
#include <QObject>
#include <QPointer>

#include <functional>
#include <set>
#include <utility>
#include <vector>

namespace pilotlight {

class Random;

//! Keeps the attached sessions of one backend alive: touches each one that has been quiet for its
//! interval (keepalive.md 10, 11, 19). Lives exactly as long as its connection is online; there is
//! no start and no stop. Timed touches are at least a second apart, whatever the number of
//! sessions; those that are due longest go first.
class TouchScheduler final : public QObject
{
    Q_OBJECT
public:
    //! What the scheduler asks of whoever has the sessions.
    struct Host
    {
        //! What a touch of the session must send; null: there is none any more.
        std::function<const SessionConfig *(const QString &sessionId)> config;
        //! On the clock's bootNow(): the last activity that the server counts.
        std::function<Nanoseconds(const QString &sessionId)> lastCounted;
        //! A turn runs.
        std::function<bool(const QString &sessionId)> isWorking;
        //! Every touch and check that ended, the cancelled ones included. The scheduler may be
        //! gone afterwards.
        std::function<void(const TouchEvent &event)> touched;
    };
    using Done = std::function<void(const TouchEvent &event)>;

    //! Between two touches by the timer (keepalive.md 11).
    static constexpr Milliseconds Spacing{1'000};

    //! All must outlive it.
    TouchScheduler(QString backendId, quint64 generation, AgentBackend &backend, Clock &clock,
                   Random &random, Host host);
    //! Ends what is in flight as cancelled.
    ~TouchScheduler() override;

    //! At once, also for sessions whose next touch was set already.
    void configure(const SessionKeeping &keeping, const IdleLimit &limit);
    //! Strategies of which was proved that they keep nothing alive here.
    void setRefuted(const QList<TouchStrategy> &strategies);

    //! \a sessionId is attached as of now. Its first touch comes after a random part of the
    //! interval.
    void watch(const QString &sessionId);
    //! It is not any more; a touch in flight ends as cancelled.
    void forget(const QString &sessionId);

    //! A touch (or, where none is possible, a check) out of turn. Joins one that is in flight.
    void touch(const QString &sessionId, TouchTrigger trigger, Done done);
    //! Only asks whether it is there.
    void check(const QString &sessionId, TouchTrigger trigger, Done done);

    //! False where sessions never expire, touches are off, or no strategy works.
    bool isTouching() const { return m_timing && strategy().has_value(); }
    //! The one in use on this connection.
    std::optional<TouchStrategy> strategy() const;
    const std::optional<TouchTiming> &timing() const { return m_timing; }
    std::optional<QDateTime> nextTouch(const QString &sessionId) const; //!< UTC
    int failures(const QString &sessionId) const;
    int inFlight() const;

    //! Schedulers that exist in this process, for tests.
    static int liveSchedulers();

private:
    struct Entry
    {
        Nanoseconds base{0}; //!< on bootNow(): the activity that due was drawn from
        Nanoseconds due{0}; //!< on bootNow(); meaningful while not in flight
        quint64 attempt = 0; //!< of the touch in flight; 0: none is
        std::optional<TouchStrategy> strategy; //!< of the one in flight
        TouchTrigger trigger = TouchTrigger::Timer;
        int failures = 0;
        std::vector<Done> waiting;
    };

    using Entries = QHash<QString, Entry>;

    void setDue(Entries::iterator it, Nanoseconds due);
    void arm();
    void tick();
    void begin(const QString &sessionId, std::optional<TouchStrategy> strategy,
               TouchTrigger trigger, Done done);
    void finish(const QString &sessionId, quint64 attempt, const TouchResult &result);
    void conclude(Entry entry, const QString &sessionId, const TouchResult &result);
    Nanoseconds draw() const;
    Milliseconds retryDelay(int failures) const;
    void log(const TouchEvent &event) const;

    const QString m_backendId;
    const quint64 m_generation;
    AgentBackend &m_backend;
    Clock &m_clock;
    Random &m_random;
    const Host m_host;
    Milliseconds m_timeout{10'000};
    std::optional<TouchTiming> m_timing;
    QList<TouchStrategy> m_refuted;
    QList<TouchStrategy> m_unsupported; //!< latched for this connection
    Entries m_entries;
    //! When, whose: those that are not in flight, so that a touch costs the same among 1,000.
    std::set<std::pair<Nanoseconds, QString>> m_queue;
    std::optional<Nanoseconds> m_lastTimed; //!< on now()
    quint64 m_attempts = 0;
    TimerHandle m_timer;
};

} // namespace pilotlight
