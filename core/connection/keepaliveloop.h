// SPDX-License-Identifier: MIT
#pragma once

#include "agent/backend.h"
#include "base/random.h"
#include "connection/status.h"

#include <QObject>

#include <functional>

namespace pilotlight {

class ConnectionMachine;

struct KeepaliveConfig
{
    QString backendId;
    quint64 generation = 0;
    Milliseconds interval{900'000}; //!< keepalive.md 1: 15 min for agent servers
    Milliseconds timeout{10'000}; //!< of one probe
    double jitter = 0.10; //!< of the interval, to both sides, drawn anew each time
};

//! Probes one live connection: the first time after a random delay in [0, interval/4], then every
//! interval +- jitter; after a miss again in 5 to 10 s. Lives exactly as long as the connection's
//! Online state: there is no start and no stop. Never two probes in flight.
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
    struct Callbacks
    {
        //! Something that people see has changed. The loop must survive it.
        std::function<void()> changed;
        std::function<void(const ProbeResult &)> probed;
        //! Two probes in a row went unanswered. Called last: the loop may be destroyed in it.
        std::function<void(const ProbeResult &)> unresponsive;
    };

    //! The delays before the second probe of a silent connection (keepalive.md 16).
    static constexpr Milliseconds ReprobeMin{5'000};
    static constexpr Milliseconds ReprobeMax{10'000};

    //! \a status outlives the loop and keeps the counters of the loops before it.
    KeepaliveLoop(Key, Backend &backend, KeepaliveConfig config, KeepaliveStatus &status,
                  Clock &clock, Random &random, Callbacks callbacks);
    //! Cancels a probe in flight (counted as cancelled). No callback runs any more.
    ~KeepaliveLoop() override;

    //! One probe out of turn; counted as skipped while one is in flight.
    void probeNow();

    //! Loops that exist in this process; the lifecycle tests watch it.
    static int liveLoops();

private:
    enum class Trigger
    {
        Timer,
        Manual
    };
    void schedule(Milliseconds delay);
    void probe(Trigger trigger);
    void finish(Trigger trigger, const ProbeResult &result);
    void enter(KeepaliveState state);
    void log(Trigger trigger, const ProbeResult &result) const;

    Backend &m_backend;
    const KeepaliveConfig m_config;
    KeepaliveStatus &m_status;
    Clock &m_clock;
    Random &m_random;
    Callbacks m_callbacks;
    TimerHandle m_timer;
    bool m_inFlight = false;
};

} // namespace pilotlight
