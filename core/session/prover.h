// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"
#include "session/verdict.h"

#include <QObject>
#include <QPointer>

#include <vector>

namespace pilotlight {

class Random;
class VerdictStore;

struct ProverOptions
{
    //! Of the whole watch. 12 min: twice what a server with `--session-idle-timeout 300` may take,
    //! and some.
    Milliseconds limit{720'000};
    //! Between two requests of a method; zero: a twelfth of the limit, 1 s to 60 s (once a minute
    //! is what keepalive.md 0 was measured with).
    Milliseconds interval{0};
    //! Of one request.
    Milliseconds timeout{10'000};
};

//! Finds out what keeps sessions alive on the server at the other end ("Prove it", keepalive.md
//! 22). Opens a canary session for every method, sends the method's requests, and looks which ones
//! are there when the untouched one is gone. Canaries never get a prompt, and their model provider
//! is an address at which nobody listens: a proof cannot cost anything. They are deleted
//! afterwards, also on cancel(); those that a lost connection left behind by the next
//! deleteLeftovers().
//!
//! To look at a session is a read, and reads are a method of their own: until the session that is
//! only read has died the others are left alone.
class Prover : public QObject
{
    Q_OBJECT
public:
    enum class State
    {
        Ready,
        Creating,
        Watching,
        Cleaning,
        Done
    };
    //! Why it ended.
    enum class End
    {
        Decided, //!< the untouched session died, and the others were looked at after it
        LimitReached, //!< nothing more will be seen
        Cancelled,
        ConnectionLost,
        CreateFailed, //!< the server makes no sessions for us; see error()
    };
    Q_ENUM(End)

    //! \a store takes the verdict over where there is one, and remembers the canaries; may be null.
    //! All must outlive the prover, except for \a backend: see backendGone().
    Prover(AgentBackend &backend, ProverOptions options, VerdictStore *store, Clock &clock,
           Random &random, QObject *parent = nullptr);
    ~Prover() override;

    //! Once.
    void start();
    //! Gives up: the canaries are deleted, then finished() comes. Nothing while it ends already.
    void cancel();
    //! The backend is about to go: nothing is sent any more, finished() comes now.
    void backendGone();

    State state() const { return m_state; }
    const Error &error() const { return m_error; }
    //! What is known so far; of Done: the verdict.
    ServerVerdict verdict() const;
    Milliseconds interval() const { return m_interval; }

    //! Deletes canaries of earlier proofs that the store remembers (VerdictStore::leftovers).
    static void deleteLeftovers(AgentBackend &backend, VerdictStore &store);

Q_SIGNALS:
    //! Something of verdict() has changed.
    void progressed();
    //! Last of all, once.
    void finished(pilotlight::Prover::End end, const pilotlight::ServerVerdict &verdict);

private:
    struct Canary
    {
        KeepMethod method;
        SessionConfig config;
        std::optional<Nanoseconds> made;
        bool onServer = false; //!< and to be deleted
        bool unsupported = false;
        MethodVerdict seen;
    };

    void createNext();
    void tick();
    void requestsDue();
    void touch(Canary &canary, TouchStrategy strategy);
    void look(Canary &canary);
    void looked(Canary &canary, const TouchResult &result);
    void saw(Canary &canary, bool alive);
    void judge();
    void end(End end);
    void clean();
    void finish();
    Canary &of(KeepMethod method);
    Milliseconds age(const Canary &canary) const;

    QPointer<AgentBackend> m_backend;
    const ProverOptions m_options;
    const Milliseconds m_interval;
    const Milliseconds m_lookEvery;
    VerdictStore *m_store;
    Clock &m_clock;
    const QString m_version;
    std::vector<Canary> m_canaries; //!< never grows once watched
    State m_state = State::Ready;
    End m_end = End::LimitReached;
    Error m_error;
    Nanoseconds m_started{0};
    Nanoseconds m_nextRequests{0};
    TimerHandle m_timer;
    std::size_t m_creating = 0;
    int m_looks = 0; //!< in flight
    bool m_lastRound = false; //!< this round of looks is the last one
    bool m_pinging = false;
    int m_cleaning = 0;
};

} // namespace pilotlight
