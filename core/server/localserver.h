// SPDX-License-Identifier: MIT
#pragma once

#include "base/paths.h"
#include "server/process.h"
#include "server/processwatch.h"
#include "server/serverhost.h"
#include "server/serverrecord.h"

#include <QPointer>
#include <QProcessEnvironment>

#include <memory>
#include <utility>
#include <vector>

class QLockFile;
class QTcpSocket;

namespace pilotlight {

class Random;

struct LocalServerOptions
{
    //! The CLI as the user set it; empty: CliLocator looks for it.
    QString program;
    //! protocol.md 1: only with --port 0 the server finds a free port by itself.
    QStringList arguments{QStringLiteral("--headless"), QStringLiteral("--no-auto-update"),
                          QStringLiteral("--port"), QStringLiteral("0")};
    //! Added to the arguments, for example "--session-idle-timeout 30".
    QStringList extraArguments;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    QString workingDirectory; //!< empty: the user's home
    bool useToken = true; //!< make a connection token, so that no other user can connect
    //! Two deadlines of a probe. Measured: 0.5 s warm, 2.4 s when it unpacks itself first.
    Milliseconds startDeadline{20'000};
    ProcessWatch::Way watch = ProcessWatch::Way::Events; //!< Polling: for tests of the fall-back
};

//! The detached agent server on this machine. It goes on when we end: a record in the state folder
//! lets the next run adopt it, if the process is still that one (number and start time) and its
//! port answers. ProcessWatch tells of its end.
//!
//! Several of our processes (window, keeper, command) may use one state folder: whoever looks at
//! the record, starts or ends a server holds the folder's lock meanwhile, so that there is one
//! server. Who finds its server dead takes the lock and adopts what another one may have started
//! since. Where the state folder cannot be written it works as well, without adoption and without
//! lock.
class LocalServer final : public ServerHost
{
    Q_OBJECT
public:
    //! \a clock and \a random must outlive it.
    LocalServer(const AppPaths &paths, LocalServerOptions options, Clock &clock, Random &random,
                QObject *parent = nullptr);
    //! Leaves the server running.
    ~LocalServer() override;

    void start(QObject *context, std::function<void(Result<ServerEndpoint>)> handler) override;
    //! Also ends the server that an earlier run left, if there is one. A start that has not found
    //! or made a server yet is only given up.
    void stop(QObject *context, std::function<void()> handler) override;
    QString lastOutput() const override;

    //! Of the server that runs, for people; empty where none does.
    QString program() const { return m_record.program; }

    //! For how long the lock of another Pilotlight is waited for: a start, after the end of a
    //! server that did not want to end, takes 28 s at most.
    static constexpr Milliseconds LockDeadline{30'000};

private:
    enum class State
    {
        Idle,
        Locking, // for Adopting
        Adopting, // asking the recorded server's port
        Starting, // waiting for a port
        Running,
        Asking, // a start() while it ran: does its port answer still?
        Stopping, // with the wait for the lock
    };
    template <typename Function>
    using Waiting = std::vector<std::pair<QPointer<QObject>, Function>>;

    void begin();
    void lockThen(void (LocalServer::*next)());
    bool lockNow();
    void lockFailed();
    void tryAdopt();
    bool mayAdopt(const ServerRecord &record) const;
    void askPort();
    void portRefused(const QString &why);
    void launch();
    void awaitPort();
    void becomeReady(bool adopted);
    void ended();
    void beginStop();
    void terminate();
    void awaitEnd();
    void finishStop();
    bool hasEnded();
    QString endText() const;
    void forget();
    QString recordPath() const;
    void writeRecord();
    void removeRecord();
    void failStart(ErrorCode code, const QString &detail);
    void answerStarts(const Result<ServerEndpoint> &result);

    const AppPaths m_paths;
    const LocalServerOptions m_options;
    Clock &m_clock;
    Random &m_random;
    State m_state = State::Idle;
    ServerRecord m_record; // of the process that we deal with; its pid 0: none
    bool m_own = false; // our child, so that its exit status can be had
    bool m_adopted = false;
    bool m_killed = false;
    QString m_exitStatus;
    QString m_outputFile; // kept after the end, for lastOutput()
    Nanoseconds m_since{0}; // the beginning of Locking, Starting or Stopping
    Waiting<std::function<void(Result<ServerEndpoint>)>> m_starts;
    Waiting<std::function<void()>> m_stops;
    std::unique_ptr<QTcpSocket> m_socket;
    std::unique_ptr<ProcessWatch> m_watch;
    std::unique_ptr<QLockFile> m_lock; // of the state folder, while we look, start or stop
    TimerHandle m_timer; // of the state
};

} // namespace pilotlight
