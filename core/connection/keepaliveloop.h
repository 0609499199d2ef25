// SPDX-License-Identifier: MIT
#pragma once

#include "agent/backend.h"
#include "base/random.h"
#include "connection/circuitbreaker.h"
#include "connection/status.h"

#include <QObject>

#include <functional>

namespace pilotlight {

class ConnectionMachine;

//! Probes one live connection: the first time after a random delay in [0, interval/4), then every
//! interval +- jitter, drawn anew; traffic from the server defers it; after a miss again in 5 to
//! 10 s. Lives exactly as long as the connection's Online state: there is no start and no stop.
//! With method none it is there and does nothing. Never two probes in flight.
class KeepaliveLoop : public QObject
{
    Q_OBJECT
public:
    //! Only the connection's state machine makes loops: one line in the program.
    class Key
    {
        friend class ConnectionMachine;
        Key() = default;
    };
    struct Options
    {
        QString backendId;
        quint64 generation = 0;
        EffectiveKeepalive keepalive;
        Nanoseconds graceUntil{0}; //!< of wake(), where the connection was made within it
    };
    //! Each may end the loop.
    struct Callbacks
    {
        //! Something that people see has changed.
        std::function<void()> changed;
        std::function<void(const ProbeResult &)> probed;
        //! Also runs for the probe that the loop's own end cancels.
        std::function<void(const ProbeEvent &)> event;
        //! Something that people should read; the codes are listed in docs/architecture.md.
        std::function<void(const QString &code, const QString &detail)> notice;
        //! Two probes in a row went unanswered. Called last.
        std::function<void(const ProbeResult &)> unresponsive;
    };

    //! The delays before the second probe of a silent connection (keepalive.md 16).
    static constexpr Milliseconds ReprobeMin{5'000};
    static constexpr Milliseconds ReprobeMax{10'000};
    //! Pings that fail in a row before a configured tool stands in (keepalive.md 14).
    static constexpr int PingsBeforeTool = 3;
    //! A server that complains of too many probes is probed this many times less often, at most
    //! (keepalive.md 12).
    static constexpr int MostSlowFactor = 4;
    //! For which no failure is charged after a wake (keepalive.md 24), and the time between the
    //! attempts in it.
    static constexpr Milliseconds WakeGrace{10'000};
    static constexpr Milliseconds WakeRetry{1'000};

    //! \a status and \a breaker outlive the loop and keep what the loops before it counted.
    KeepaliveLoop(Key, Backend &backend, Options options, KeepaliveStatus &status,
                  CircuitBreaker &breaker, Clock &clock, Random &random, Callbacks callbacks);
    //! Cancels a probe in flight (counted as cancelled). No callback but its event runs any more.
    ~KeepaliveLoop() override;

    //! One probe out of turn; counted as skipped while one is in flight. An open breaker gives way.
    void probeNow(ProbeTrigger trigger);
    //! Takes over other values, at once and without a new connection. The breaker's are not the
    //! loop's business.
    void configure(const EffectiveKeepalive &keepalive);
    //! The machine is about to sleep: cancels a probe in flight, which is no failure, and rests.
    void suspend();
    //! One health check now; until \a graceUntil (Clock::now()) failures are not charged.
    void wake(Nanoseconds graceUntil);
    //! The last inbound byte (Clock::now()); nothing before the first.
    std::optional<Nanoseconds> lastActivity() const { return m_lastActivity; }
    //! When the next probe is due (Clock::now()), where one is: the user's clock may jump.
    std::optional<Nanoseconds> nextDue() const { return m_nextDue; }

    //! Loops that exist in this process; the lifecycle tests watch it.
    static int liveLoops();

private:
    KeepaliveMethod method() const;
    void updateMethod();
    Milliseconds first();
    Milliseconds regular();
    Milliseconds soon();
    void schedule(Milliseconds delay);
    void rest(); //!< no timer
    void timerFired();
    void probe(ProbeTrigger trigger);
    void skip(ProbeTrigger trigger, const QString &reason);
    void finish(const ProbeResult &result);
    // What an outcome makes of the state and the schedule; each returns the new state.
    KeepaliveState answered(const ProbeResult &result);
    KeepaliveState tooMany(const ProbeResult &result);
    KeepaliveState unsupported(const ProbeResult &result);
    KeepaliveState notSignedIn(const ProbeResult &result);
    KeepaliveState missed(const ProbeResult &result);
    KeepaliveState cancelled();
    bool charge(); //!< a miss to the breaker; true where it opened
    void standIn();
    void enter(KeepaliveState state);
    // What others are told is collected, and said by announce() when everything is in place.
    void note(ProbeEvent::Kind kind, const QString &reason = {},
              std::chrono::microseconds latency = {});
    bool announce(); //!< false where a listener has ended the loop
    QString fields(const QString &outcome, const QString &ms) const;
    void log(const ProbeResult &result) const;

    Backend &m_backend;
    Options m_options;
    EffectiveKeepalive m_config;
    KeepaliveStatus &m_status;
    CircuitBreaker &m_breaker;
    Clock &m_clock;
    Random &m_random;
    Callbacks m_callbacks;
    TimerHandle m_timer;
    QList<ProbeEvent> m_events;
    QList<std::pair<QString, QString>> m_notices;
    bool m_ending = false;
    bool m_suspended = false;
    Nanoseconds m_graceUntil{0};

    // The probe in flight, or the last one.
    bool m_inFlight = false;
    ProbeTrigger m_trigger = ProbeTrigger::Timer;
    KeepaliveMethod m_sent = KeepaliveMethod::Ping;
    std::optional<CircuitBreaker::Permit> m_permit;
    Nanoseconds m_sentAt{0};
    std::optional<Nanoseconds> m_endedAt; //!< of the last probe that ended

    std::optional<Nanoseconds> m_lastActivity;
    std::optional<Nanoseconds> m_nextDue;
    // Latched for this connection.
    bool m_pingUnsupported = false;
    bool m_toolUnsupported = false;
    bool m_standIn = false; //!< the tool stands in for a ping that fails
    Nanoseconds m_nextPing{0}; //!< when a ping is tried again meanwhile
    int m_pingMisses = 0; //!< in a row
    int m_uncharged = 0; //!< misses that the breaker learns of when the tool fails, too
    int m_heardMisses = 0; //!< in a row: not answered, while other bytes came
};

} // namespace pilotlight
