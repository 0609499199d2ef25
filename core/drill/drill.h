// SPDX-License-Identifier: MIT
#pragma once

#include "base/paths.h"
#include "drill/drillrelay.h"
#include "drill/drillreport.h"
#include "server/localserver.h"
#include "session/session.h"

#include <QObject>
#include <QTemporaryDir>

#include <memory>

namespace pilotlight {

class ConnectionLease;
class ConnectionManager;
class Outbox;
class Random;
class SessionManager;

struct DrillOptions
{
    //! The agent server's program; may not be empty.
    QString program;
    //! It is our demo server: prompts are answered, and cost nothing.
    bool isDemo = false;
    //! For its prompts. Without one (and on a server that is no demo) the session gets a provider
    //! at which nobody listens, and every turn is stopped as soon as it is in the history: a drill
    //! costs nothing.
    std::optional<ProviderConfig> provider;
    QString model;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    //! Of one step; a frozen server takes two missed probes, a handshake that is not answered and a
    //! start: 40 s measured.
    Milliseconds stepLimit{120'000};
    //! Between a step and the next: what a server answers in this time is on its disk.
    Milliseconds pause{1'500};
};

//! The recovery drill: starts a server of its own (own port, own state in a temporary folder, so
//! that no session of the user is ever touched), opens a session on it, and lets happen to them
//! what this program promises to survive. It uses the very parts that the user's sessions use.
//! Every fault meets a prompt that has just been sent; the step is over when that prompt is in the
//! server's history, once, beside everything that was there before.
class Drill : public QObject
{
    Q_OBJECT
public:
    //! \a clock and \a random must outlive it.
    Drill(DrillOptions options, Clock &clock, Random &random, QObject *parent = nullptr);
    //! Ends the server that is left, if any, without waiting.
    ~Drill() override;

    //! Once.
    void start();
    //! Gives up: the server is ended, then finished() comes. Nothing while it ends already.
    void cancel();

    const DrillReport &report() const { return m_report; }
    bool isOver() const { return m_over; }
    //! Since the start.
    Milliseconds elapsed() const;

Q_SIGNALS:
    //! Something of report() has changed.
    void progressed();
    //! Last of all, once: the server and its folder are gone.
    void finished();

private:
    enum class Stage
    {
        Ready,
        Preparing,
        Step,
        Pause,
        Ending,
    };
    struct Rows
    {
        QStringList prompts; //!< echoed
        QStringList answers;
    };

    void connectParts();
    void changed();
    void look();
    void lookAtStart();
    void lookAtStep();
    void nextStep();
    void strike();
    void send();
    void stopTurn();
    void stepEnds(DrillStep::State state);
    void end(DrillReport::End end);
    void serverGone();
    bool isHealthy() const;
    Rows rows() const;
    Session *session() const;
    DrillStep &step() { return m_report.steps[m_step]; }

    const DrillOptions m_options;
    Clock &m_clock;
    Random &m_random;
    QTemporaryDir m_folder;
    DrillRelay m_relay;
    std::unique_ptr<Outbox> m_outbox;
    std::unique_ptr<SessionManager> m_sessions;
    std::unique_ptr<ConnectionManager> m_connections;
    std::unique_ptr<ConnectionLease> m_lease;
    ProcessId m_server;
    qint64 m_frozen = 0; //!< pid
    DrillReport m_report;
    Stage m_stage = Stage::Ready;
    qsizetype m_step = -1;
    Nanoseconds m_started{0};
    Nanoseconds m_struck{0};
    Rows m_before; //!< the fault
    QString m_sessionId;
    QString m_prompt; //!< that meets the fault
    int m_prompts = 0;
    bool m_stopping = false; //!< the turn
    bool m_over = false;
    TimerHandle m_look;
    TimerHandle m_limit;
    TimerHandle m_next;
};

} // namespace pilotlight
