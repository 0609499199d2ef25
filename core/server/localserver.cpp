// SPDX-License-Identifier: MIT
#include "server/localserver.h"

#include "base/logging.h"
#include "base/random.h"
#include "server/clilocator.h"
#include "server/serveroutput.h"

#include <QDir>
#include <QFile>
#include <QTcpSocket>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

constexpr Milliseconds OutputPoll = 50ms; // a server is ready after 500 ms at best
constexpr Milliseconds EndPoll = 25ms; // SIGTERM was measured to take 65 ms
constexpr Milliseconds WatchPoll = 1s;
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
        m_state = State::Adopting;
        m_timer = m_clock.after(0ms, [this] { tryAdopt(); });
        break;
    case State::Running:
        m_answer = m_clock.after(0ms, [this] {
            if (m_state != State::Running)
                return; // whatever it is by now answers
            if (hasEnded()) { // the asker noticed before we did
                qCInfo(lcServer).noquote() << "server had ended:" << endText();
                forget();
                begin();
            } else {
                becomeReady(m_adopted);
            }
        });
        break;
    case State::Adopting:
    case State::Starting:
    case State::Stopping: // begins anew when that is done
        break;
    }
}

void LocalServer::begin()
{
    m_state = State::Adopting;
    tryAdopt();
}

void LocalServer::tryAdopt()
{
    const auto record = readServerRecord(m_paths.state + QStringLiteral("/server.json"));
    if (!record || processState(record->process) != ProcessState::Running) {
        if (record)
            qCInfo(lcServer).noquote()
                << QStringLiteral("recorded server pid=%1 is gone").arg(record->process.pid);
        launch();
        return;
    }
    m_record = *record;
    m_own = false;
    m_outputFile = record->outputFile;
    registerSecret(record->token);
    if (record->port == 0) { // the run that started it ended before the server was ready
        m_state = State::Starting;
        m_since = m_clock.now();
        awaitPort();
        return;
    }
    // A process that is alive and whose port does not answer is no server any more. It is ours, as
    // its start time shows, so it must not stay behind.
    const auto refused = [this] {
        qCWarning(lcServer).noquote()
            << QStringLiteral("recorded server pid=%1 does not answer on port=%2; replacing it")
                   .arg(m_record.process.pid)
                   .arg(m_record.port);
        m_socket->disconnect(this);
        m_socket.release()->deleteLater();
        terminate();
    };
    m_socket = std::make_unique<QTcpSocket>();
    connect(m_socket.get(), &QTcpSocket::connected, this, [this] {
        m_socket->disconnect(this);
        m_socket->abort();
        m_socket.release()->deleteLater();
        becomeReady(true);
    });
    connect(m_socket.get(), &QTcpSocket::errorOccurred, this, refused);
    m_timer = m_clock.after(AdoptDeadline, refused);
    m_socket->connectToHost(localHost(), m_record.port);
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
        terminate();
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
    m_timer = m_clock.after(WatchPoll, [this] { watch(); });
    ServerEndpoint endpoint;
    endpoint.host = localHost();
    endpoint.port = m_record.port;
    endpoint.token = m_record.token;
    endpoint.pid = m_record.process.pid;
    endpoint.adopted = adopted;
    answerStarts(endpoint);
}

void LocalServer::watch()
{
    if (!hasEnded()) {
        m_timer = m_clock.after(WatchPoll, [this] { watch(); });
        return;
    }
    const QString detail = endText();
    qCWarning(lcServer).noquote() << "server ended:" << detail;
    // What it had started and left behind would run on unseen: the server itself ends its shells
    // with each session, so nobody counts on them.
    signalGroup(m_record.process, GroupSignal::Kill);
    forget();
    m_state = State::Idle;
    if (!m_starts.empty())
        begin();
    Q_EMIT exited(detail);
}

void LocalServer::stop(QObject *context, std::function<void()> handler)
{
    m_stops.emplace_back(context, std::move(handler));
    if (m_state == State::Stopping)
        return;
    if (m_state == State::Idle) {
        if (const auto record = readServerRecord(m_paths.state + QStringLiteral("/server.json"))) {
            m_record = *record;
            m_own = false;
        }
    }
    auto waiting = std::exchange(m_starts, {});
    const QPointer<LocalServer> self(this);
    if (m_socket) {
        m_socket->disconnect(this);
        m_socket.reset();
    }
    terminate();
    for (auto &[asker, answer] : waiting) {
        if (asker)
            answer(failure(ErrorCode::Cancelled));
        if (!self)
            return;
    }
}

void LocalServer::terminate()
{
    m_state = State::Stopping;
    m_answer.cancel();
    m_killed = false;
    m_since = m_clock.now();
    if (m_record.process.pid > 0 && !hasEnded()) {
        qCInfo(lcServer).noquote()
            << QStringLiteral("stopping server pid=%1").arg(m_record.process.pid);
        signalGroup(m_record.process, GroupSignal::Terminate);
    }
    m_timer = m_clock.after(0ms, [this] { awaitEnd(); });
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

// No process any more: no record of it either.
void LocalServer::forget()
{
    if (m_record.process.pid > 0 && m_outputFile.startsWith(QDir::tempPath() + QLatin1Char('/'))
        && !m_outputFile.startsWith(m_paths.log))
        QFile::remove(m_outputFile);
    QFile::remove(m_paths.state + QStringLiteral("/server.json"));
    m_record = {};
    m_own = false;
    m_adopted = false;
}

void LocalServer::writeRecord()
{
    const auto problem =
        writeServerRecord(m_paths.state + QStringLiteral("/server.json"), m_record);
    if (problem) {
        qCWarning(lcServer).noquote()
            << QStringLiteral("the server cannot be adopted by a later run: %1").arg(*problem);
    }
}

void LocalServer::failStart(ErrorCode code, const QString &detail)
{
    qCWarning(lcServer).noquote() << "server start failed:" << detail;
    m_record = {};
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
