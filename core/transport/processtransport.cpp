// SPDX-License-Identifier: MIT
#include "transport/processtransport.h"

#include "base/logging.h"
#include "transport/framereader.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QPointer>

#include <utility>
#include <vector>

namespace pilotlight {

namespace {

constexpr qsizetype KeptOutput = 8 * 1024;
constexpr Milliseconds TerminateAfter{2'000};
constexpr Milliseconds KillAfter{4'000};

//! Who waits for the last closed child to end.
struct Endings
{
    int running = 0;
    std::vector<std::pair<QPointer<QObject>, std::function<void()>>> waiting;
};

Endings &endings()
{
    static Endings instance;
    return instance;
}

//! Sees a closed child to its end, and goes with it.
class Reaper final : public QObject
{
public:
    Reaper(std::unique_ptr<QProcess> process, Clock &clock)
        : QObject(QCoreApplication::instance())
        , m_process(std::move(process))
    {
        ++endings().running;
        m_process->disconnect();
        connect(m_process.get(), &QProcess::finished, this, &QObject::deleteLater);
        // Both timers now: the clock may be gone by the time the first one runs.
        m_terminate = clock.after(TerminateAfter, [this] { m_process->terminate(); });
        m_kill = clock.after(KillAfter, [this] {
            qCWarning(lcServer).noquote()
                << "the child process did not end, killing pid=" << m_process->processId();
            m_process->kill();
        });
        // Its pipes must not fill up while it ends.
        m_process->closeReadChannel(QProcess::StandardOutput);
        m_process->closeReadChannel(QProcess::StandardError);
        m_process->closeWriteChannel();
    }
    ~Reaper() override
    {
        if (--endings().running > 0)
            return;
        for (const auto &[context, function] : std::exchange(endings().waiting, {})) {
            if (context)
                function();
        }
    }

private:
    std::unique_ptr<QProcess> m_process;
    TimerHandle m_terminate;
    TimerHandle m_kill;
};

} // namespace

ProcessTransport::ProcessTransport(Command command, Clock &clock, QObject *parent)
    : Transport(parent)
    , m_command(std::move(command))
    , m_clock(clock)
    , m_process(std::make_unique<QProcess>())
{ }

ProcessTransport::~ProcessTransport()
{
    close();
}

void ProcessTransport::whenAllEnded(QObject *context, std::function<void()> function)
{
    if (endings().running == 0)
        function();
    else
        endings().waiting.emplace_back(context, std::move(function));
}

QString ProcessTransport::description() const
{
    return QStringLiteral("stdio:%1").arg(QFileInfo(m_command.program).fileName());
}

qint64 ProcessTransport::processId() const
{
    return m_process ? m_process->processId() : 0;
}

void ProcessTransport::open()
{
    if (m_state != State::New)
        return;
    m_state = State::Opening;
    connect(m_process.get(), &QProcess::started, this, [this] {
        if (m_state != State::Opening)
            return;
        m_state = State::Open;
        Q_EMIT opened();
    });
    connect(m_process.get(), &QProcess::readyReadStandardOutput, this,
            &ProcessTransport::onReadyRead);
    connect(m_process.get(), &QProcess::readyReadStandardError, this,
            &ProcessTransport::onErrorOutput);
    connect(m_process.get(), &QProcess::finished, this, &ProcessTransport::onFinished);
    connect(m_process.get(), &QProcess::errorOccurred, this, &ProcessTransport::onError);
    m_process->setProgram(m_command.program);
    m_process->setArguments(m_command.arguments);
    m_process->setProcessEnvironment(m_command.environment);
    if (!m_command.workingDirectory.isEmpty())
        m_process->setWorkingDirectory(m_command.workingDirectory);
    // Never signals from inside open(): the owner may still be wiring itself up.
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (m_state == State::Opening)
                m_process->start();
        },
        Qt::QueuedConnection);
}

void ProcessTransport::onReadyRead()
{
    if (m_state != State::Open)
        return;
    const QPointer<ProcessTransport> alive(this);
    m_process->setReadChannel(QProcess::StandardOutput);
    const qint64 count = withFramer([this](auto &framer) { return readInto(framer, *m_process); });
    if (count <= 0)
        return;
    Q_EMIT bytesArrived(count);
    if (!alive || m_state != State::Open)
        return;
    const bool going =
        withFramer([this](auto &framer) { return deliverFrames(framer, *this, messageSink()); });
    if (!alive || m_state != State::Open)
        return;
    if (m_lines.skippedLines() != m_skippedLines) {
        m_skippedLines = m_lines.skippedLines();
        qCDebug(lcRpc).noquote() << description() << "lines skipped so far:" << m_skippedLines
                                 << "the last one:" << m_lines.lastSkipped();
    }
    if (!going)
        fail(withFramer([](auto &framer) { return framer.error(); }));
}

void ProcessTransport::onErrorOutput()
{
    const QByteArray text = m_process->readAllStandardError();
    m_lastOutput = (m_lastOutput + text).right(KeptOutput);
    const QList<QByteArray> lines = text.split('\n');
    for (const QByteArray &line : lines) {
        if (!line.trimmed().isEmpty())
            qCDebug(lcServer).noquote() << "stderr:" << QString::fromUtf8(line.trimmed());
    }
}

void ProcessTransport::onFinished(int exitCode, QProcess::ExitStatus status)
{
    const QPointer<ProcessTransport> alive(this);
    onReadyRead();
    if (!alive || m_state == State::Closed)
        return;
    onErrorOutput();
    QString detail = status == QProcess::CrashExit
        ? QStringLiteral("the process ended by a signal or crash")
        : QStringLiteral("the process ended with exit code %1").arg(exitCode);
    const QString output = QString::fromUtf8(m_lastOutput.right(1024)).trimmed();
    if (!output.isEmpty())
        detail += QStringLiteral("; its last output: ") + output;
    fail({ErrorCode::ServerExited, detail, std::nullopt});
}

void ProcessTransport::onError(QProcess::ProcessError error)
{
    if (error == QProcess::FailedToStart)
        fail({ErrorCode::ServerStartFailed, m_process->errorString(), std::nullopt});
    // A crash is followed by finished(); a broken pipe by it too, once the child has gone.
}

void ProcessTransport::send(const QByteArray &message)
{
    if (m_state != State::Open || !fitsAFrame(message))
        return;
    m_process->write(withFramer([&message](const auto &framer) { return framer.framed(message); }));
}

void ProcessTransport::close()
{
    if (m_state == State::Closed)
        return;
    m_state = State::Closed;
    m_process->disconnect(this);
    if (m_process->state() != QProcess::NotRunning && QCoreApplication::instance())
        new Reaper(std::move(m_process), m_clock); // deletes itself when the child has ended
}

void ProcessTransport::fail(Error reason)
{
    if (m_state == State::Closed)
        return;
    close();
    Q_EMIT closed(reason);
}

} // namespace pilotlight
