// SPDX-License-Identifier: MIT
#include "server/localserver.h"

#include "base/logging.h"
#include "base/random.h"
#include "server/clilocator.h"
#include "server/commandline.h"
#include "server/serveroutput.h"

#include <QDir>
#include <QFile>
#include <QLockFile>
#include <QTcpSocket>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

constexpr Milliseconds OutputPoll = 50ms; // a server is ready after 500 ms at best
constexpr Milliseconds EndPoll = 25ms; // SIGTERM was measured to take 65 ms
constexpr Milliseconds LockPoll = 50ms;
constexpr Milliseconds DyingGrace = 500ms; // from the end of its sockets to the end of the process
constexpr Milliseconds AdoptDeadline = 2s; // a local port answers within milliseconds
constexpr Milliseconds TermGrace = 5s; // with much in flight the server takes over 1 s
constexpr Milliseconds KillGrace = 3s;
constexpr int TokenBytes = 32;

QString tokenVariable()
{
    return QStringLiteral("COPILOT_CONNECTION_TOKEN");
}

QString localHost()
{
    return QStringLiteral("127.0.0.1"); // the server binds nothing else
}

} // namespace

LocalServer::LocalServer(const AppPaths &paths, LocalServerOptions options, Clock &clock,
                         Random &random, QObject *parent)
    : ServerHost(parent)
    , m_paths(paths)
    , m_options(std::move(options))
    , m_clock(clock)
    , m_random(random)
{ }

LocalServer::~LocalServer() = default;

void LocalServer::start(QObject *context, std::function<void(Result<ServerEndpoint>)> handler)
{
    m_starts.emplace_back(context, std::move(handler));
    switch (m_state) {
    case State::Idle:
        m_state = State::Locking;
        m_timer = m_clock.after(0ms, [this] { begin(); });
        break;
    case State::Running:
        // Who asks again has lost its connection. The server may be dying: its sockets go some
        // milliseconds before it does.
        m_state = State::Asking;
        m_timer = m_clock.after(0ms, [this] { askPort(); });
        break;
    case State::Locking:
    case State::Adopting:
    case State::Starting:
    case State::Asking:
    case State::Stopping: // begins anew when that is done
        break;
    }
}

void LocalServer::begin()
{
    m_state = State::Locking;
    m_since = m_clock.now();
    lockThen(&LocalServer::tryAdopt);
}

void LocalServer::lockThen(void (LocalServer::*next)())
{
    if (lockNow()) {
        (this->*next)();
    } else if (m_clock.now() - m_since >= LockDeadline) {
        if (m_state == State::Stopping)
            (this->*next)(); // what was asked for all the same: the other one hangs
        else
            lockFailed();
    } else {
        m_timer = m_clock.after(LockPoll, [this, next] { lockThen(next); });
    }
}

// Only another holder is a reason to wait: a folder that cannot be written has no second writer.
bool LocalServer::lockNow()
{
    if (m_lock)
        return true;
    QDir().mkpath(m_paths.state);
    auto lock = std::make_unique<QLockFile>(m_paths.state + QStringLiteral("/server.lock"));
    // Never by its age, which is measured by the wall clock; that of a dead holder is known by its
    // process.
    lock->setStaleLockTime(0);
    if (!lock->tryLock(0)) {
        if (lock->error() == QLockFile::LockFailedError)
            return false;
        qCInfo(lcServer).noquote() << "no lock can be had in" << m_paths.state;
    }
    m_lock = std::move(lock);
    return true;
}

void LocalServer::lockFailed()
{
    qint64 pid = 0;
    QString host;
    QString program;
    QLockFile(m_paths.state + QStringLiteral("/server.lock")).getLockInfo(&pid, &host, &program);
    failStart(ErrorCode::ServerLocked,
              QStringLiteral("%1 (pid %2, %3)").arg(program).arg(pid).arg(host));
}

void LocalServer::tryAdopt()
{
    m_state = State::Adopting;
    const auto record = readServerRecord(recordPath());
    if (!record || !mayAdopt(*record)) {
        launch();
        return;
    }
    m_record = *record;
    m_own = false;
    m_exitStatus.clear();
    m_outputFile = record->outputFile;
    registerSecret(record->token);
    if (record->port == 0) { // the run that started it ended before the server was ready
        m_state = State::Starting;
        m_since = m_clock.now();
        awaitPort();
        return;
    }
    askPort();
}

bool LocalServer::mayAdopt(const ServerRecord &record) const
{
    const auto refuse = [&record](const char *why) {
        qCInfo(lcServer).noquote() << QStringLiteral("recorded server pid=%1 is not adopted: %2")
                                          .arg(record.process.pid)
                                          .arg(QLatin1String(why));
        return false;
    };
    switch (processState(record.process)) {
    case ProcessState::Ended:
        return refuse("it is gone");
    case ProcessState::Replaced:
        return refuse("its number belongs to another process");
    case ProcessState::Running:
        break;
    }
    return isOwnProcess(record.process.pid) || refuse("it is another user's");
}

void LocalServer::askPort()
{
    if (hasEnded()) {
        if (m_state == State::Asking)
            ended();
        else
            launch();
        return;
    }
    const auto finish = [this] {
        m_socket->disconnect(this);
        m_socket->abort();
        m_socket.release()->deleteLater();
    };
    const auto refused = [this, finish] {
        finish();
        portRefused(QStringLiteral("does not answer"));
    };
    m_socket = std::make_unique<QTcpSocket>();
    connect(m_socket.get(), &QTcpSocket::connected, this, [this, finish] {
        finish();
        // Our token is not for whoever got the port.
        if (m_state == State::Adopting
            && portOwner(m_record.port, m_record.process.pid) == PortOwner::Stranger)
            portRefused(QStringLiteral("has lost it to another process"));
        else
            becomeReady(m_state == State::Adopting || m_adopted);
    });
    connect(m_socket.get(), &QTcpSocket::errorOccurred, this, refused);
    m_timer = m_clock.after(AdoptDeadline, refused);
    m_socket->connectToHost(localHost(), m_record.port);
}

// A process that is alive and whose port does not answer is no server any more, unless it is about
// to end. It is ours, as its start time shows, so it must not stay behind.
void LocalServer::portRefused(const QString &why)
{
    const auto replace = [this, why] {
        qCWarning(lcServer).noquote() << QStringLiteral("server pid=%1 port=%2 %3; replacing it")
                                             .arg(m_record.process.pid)
                                             .arg(m_record.port)
                                             .arg(why);
        beginStop();
    };
    if (m_state == State::Asking)
        m_timer = m_clock.after(DyingGrace, replace); // m_watch may be faster
    else
        replace();
}

void LocalServer::launch()
{
    forget();
    const Result<QString> program = CliLocator().locate(m_options.program);
    if (!program) {
        failStart(program.error().code, program.error().detail);
        return;
    }
    m_record.program = *program;
    m_record.outputFile = nextServerOutputFile(m_paths.log);
    m_outputFile = m_record.outputFile;
    if (m_outputFile.isEmpty()) {
        failStart(ErrorCode::ServerStartFailed,
                  QStringLiteral("no folder for the server's output can be written"));
        return;
    }
    DetachedProcess process;
    process.program = *program;
    process.arguments = m_options.arguments + m_options.extraArguments;
    process.environment = m_options.environment;
    process.environment.remove(tokenVariable());
    if (m_options.useToken) {
        m_record.token = Secret(m_random.hex(TokenBytes));
        registerSecret(m_record.token);
        process.environment.insert(tokenVariable(), QString::fromLatin1(m_record.token.reveal()));
    }
    process.workingDirectory = m_options.workingDirectory;
    if (process.workingDirectory.isEmpty())
        process.workingDirectory = QDir::homePath(); // ours may go, and would be held busy
    process.outputFile = m_outputFile;

    const Result<ProcessId> started = startDetached(process);
    if (!started) {
        failStart(started.error().code, started.error().detail);
        return;
    }
    m_record.process = *started;
    m_own = true;
    m_exitStatus.clear();
    m_state = State::Starting;
    m_since = m_clock.now();
    qCInfo(lcServer).noquote() << QStringLiteral(
                                      "server started pid=%1 program=\"%2\" output=\"%3\"")
                                      .arg(m_record.process.pid)
                                      .arg(*program, m_outputFile);
    writeRecord(); // from here on a run after a crash of ours finds it
    m_timer = m_clock.after(OutputPoll, [this] { awaitPort(); });
}

void LocalServer::awaitPort()
{
    const auto port = portFromServerOutput(m_outputFile);
    if (hasEnded()) {
        const QString detail = endText();
        forget();
        failStart(ErrorCode::ServerStartFailed, detail);
        return;
    }
    if (port) {
        const bool adopted = !m_own;
        m_record.port = *port;
        writeRecord();
        qCInfo(lcServer).noquote() << QStringLiteral("server ready port=%1 ms=%2")
                                          .arg(*port)
                                          .arg((m_clock.now() - m_since) / 1ms);
        becomeReady(adopted);
        return;
    }
    if (m_clock.now() - m_since >= m_options.startDeadline) {
        const QString detail = endText();
        const QPointer<LocalServer> self(this);
        auto waiting = std::exchange(m_starts, {});
        beginStop();
        for (auto &[context, handler] : waiting) {
            if (context)
                handler(failure(ErrorCode::Timeout, detail));
            if (!self)
                return;
        }
        return;
    }
    m_timer = m_clock.after(OutputPoll, [this] { awaitPort(); });
}

void LocalServer::becomeReady(bool adopted)
{
    if (adopted && !m_adopted) {
        qCInfo(lcServer).noquote() << QStringLiteral("server adopted pid=%1 port=%2 program=\"%3\"")
                                          .arg(m_record.process.pid)
                                          .arg(m_record.port)
                                          .arg(m_record.program);
    }
    m_adopted = adopted;
    m_state = State::Running;
    m_timer.cancel();
    m_lock.reset();
    if (!m_watch) {
        m_watch = std::make_unique<ProcessWatch>(
            m_record.process, m_clock, [this] { ended(); }, m_options.watch);
    }
    ServerEndpoint endpoint;
    endpoint.host = localHost();
    endpoint.port = m_record.port;
    endpoint.token = m_record.token;
    endpoint.pid = m_record.process.pid;
    endpoint.adopted = adopted;
    answerStarts(endpoint);
}

void LocalServer::ended()
{
    if (m_state != State::Running && m_state != State::Asking)
        return; // awaitEnd() sees it
    hasEnded(); // for its exit status
    const QString detail = endText();
    qCWarning(lcServer).noquote() << "server ended:" << detail;
    if (m_socket) {
        m_socket->disconnect(this);
        m_socket.release()->deleteLater();
    }
    m_timer.cancel();
    // What it had started and left behind would run on unseen: the server itself ends its shells
    // with each session, so nobody counts on them.
    signalGroup(m_record.process, GroupSignal::Kill);
    forget();
    m_state = State::Idle;
    const QPointer<LocalServer> self(this);
    Q_EMIT exited(detail);
    // Whoever listens may have had enough of it.
    if (self && m_state == State::Idle && !m_starts.empty())
        begin();
}

void LocalServer::stop(QObject *context, std::function<void()> handler)
{
    m_stops.emplace_back(context, std::move(handler));
    if (m_state == State::Stopping)
        return;
    auto waiting = std::exchange(m_starts, {});
    const QPointer<LocalServer> self(this);
    const bool early = m_state == State::Locking || m_state == State::Adopting;
    beginStop();
    if (early) { // whose server there may be: nobody asked to end that one
        m_record = {};
        m_timer = m_clock.after(0ms, [this] { finishStop(); });
    }
    for (auto &[asker, answer] : waiting) {
        if (asker)
            answer(failure(ErrorCode::Cancelled));
        if (!self)
            return;
    }
}

void LocalServer::beginStop()
{
    m_state = State::Stopping;
    m_since = m_clock.now();
    m_watch.reset();
    if (m_socket) {
        m_socket->disconnect(this);
        m_socket.reset();
    }
    m_timer = m_clock.after(0ms, [this] { lockThen(&LocalServer::terminate); });
}

void LocalServer::terminate()
{
    m_killed = false;
    m_since = m_clock.now();
    if (m_record.process.pid <= 0) { // none of this run; an earlier or another one's
        if (const auto record = readServerRecord(recordPath());
            record && isOwnProcess(record->process.pid)) {
            m_record = *record;
            m_own = false;
        }
    }
    if (m_record.process.pid > 0 && !hasEnded()) {
        qCInfo(lcServer).noquote()
            << QStringLiteral("stopping server pid=%1").arg(m_record.process.pid);
        signalGroup(m_record.process, GroupSignal::Terminate);
    }
    awaitEnd();
}

void LocalServer::awaitEnd()
{
    if (m_record.process.pid <= 0) {
        finishStop();
        return;
    }
    if (hasEnded()) {
        // Members of the group that did not listen to the first signal.
        signalGroup(m_record.process, GroupSignal::Kill);
        finishStop();
        return;
    }
    const Nanoseconds passed = m_clock.now() - m_since;
    if (passed >= TermGrace && !m_killed) {
        m_killed = true;
        qCWarning(lcServer).noquote()
            << QStringLiteral("server pid=%1 does not end; killing it").arg(m_record.process.pid);
        signalGroup(m_record.process, GroupSignal::Kill);
    } else if (passed >= TermGrace + KillGrace) {
        qCWarning(lcServer).noquote()
            << QStringLiteral("server pid=%1 cannot be ended").arg(m_record.process.pid);
        finishStop();
        return;
    }
    m_timer = m_clock.after(EndPoll, [this] { awaitEnd(); });
}

void LocalServer::finishStop()
{
    forget();
    m_lock.reset();
    m_state = State::Idle;
    const QPointer<LocalServer> self(this);
    for (auto &[context, handler] : std::exchange(m_stops, {})) {
        if (context)
            handler();
        if (!self)
            return;
    }
    if (m_state == State::Idle && !m_starts.empty())
        begin();
}

QString LocalServer::lastOutput() const
{
    return tailOfServerOutput(m_outputFile);
}

bool LocalServer::hasEnded()
{
    if (m_own) {
        if (const auto status = collectExit(m_record.process.pid)) {
            m_exitStatus = *status;
            m_own = false;
            return true;
        }
        // Where the identity could not be had the number is still its own: it is our unread child.
        if (!m_record.process.isValid())
            return false;
    }
    return processState(m_record.process) != ProcessState::Running;
}

// How it ended, as far as is known, then what it said last.
QString LocalServer::endText() const
{
    const QString output = lastOutput();
    if (m_exitStatus.isEmpty() || output.isEmpty())
        return m_exitStatus + output;
    return m_exitStatus + QLatin1Char('\n') + output;
}

QString LocalServer::recordPath() const
{
    return m_paths.state + QStringLiteral("/server.json");
}

// No process any more: no record of it either.
void LocalServer::forget()
{
    if (m_record.process.pid > 0 && m_outputFile.startsWith(QDir::tempPath() + QLatin1Char('/'))
        && !m_outputFile.startsWith(m_paths.log))
        QFile::remove(m_outputFile);
    removeRecord();
    m_watch.reset();
    m_record = {};
    m_own = false;
    m_adopted = false;
}

// Not that of a server which another Pilotlight has started since. One that nobody removes names a
// process that is gone, which harms nobody.
void LocalServer::removeRecord()
{
    const bool held = static_cast<bool>(m_lock);
    if (!lockNow())
        return;
    const auto record = readServerRecord(recordPath());
    if (!record || record->process == m_record.process
        || processState(record->process) != ProcessState::Running)
        QFile::remove(recordPath());
    if (!held)
        m_lock.reset();
}

void LocalServer::writeRecord()
{
    if (const auto problem = writeServerRecord(recordPath(), m_record)) {
        qCWarning(lcServer).noquote()
            << QStringLiteral("the server cannot be adopted by a later run: %1").arg(*problem);
    }
}

void LocalServer::failStart(ErrorCode code, const QString &detail)
{
    qCWarning(lcServer).noquote() << "server start failed:" << detail;
    m_record = {};
    m_lock.reset();
    m_state = State::Idle;
    answerStarts(failure(code, detail));
}

void LocalServer::answerStarts(const Result<ServerEndpoint> &result)
{
    const QPointer<LocalServer> self(this);
    for (auto &[context, handler] : std::exchange(m_starts, {})) {
        if (context)
            handler(result);
        if (!self)
            return;
    }
}

} // namespace pilotlight
