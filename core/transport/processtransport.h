// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "transport/framing.h"
#include "transport/transport.h"

#include <QProcess>
#include <QProcessEnvironment>

#include <functional>
#include <memory>

namespace pilotlight {

//! Messages over the standard input and output of a child process that we start, in either framing.
//! Closing (or destroying) gives the child the end of its input, which ends a real server within
//! 125 ms (measured); a child that is still there 2 s later is asked to terminate, and killed
//! 2 s after that. None of it blocks.
class ProcessTransport final : public Transport
{
    Q_OBJECT
public:
    //! What to run, with exactly this environment. \a program is a path or found in PATH.
    struct Command
    {
        QString program;
        QStringList arguments;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        QString workingDirectory; //!< empty: ours
        Framing framing = Framing::ContentLength;
    };

    ProcessTransport(Command command, Clock &clock, QObject *parent = nullptr);
    ~ProcessTransport() override;

    QString description() const override;
    bool isRemote() const override { return false; }
    void open() override;
    void send(const QByteArray &message) override;
    void close() override;
    bool isOpen() const override { return m_state == State::Open; }

    //! Runs \a function once every child of a closed transport has ended (from inside this call
    //! where none is left). A program that waits for it before it exits never cuts off a server
    //! that is still writing its history. Bounded by the 4 s above.
    static void whenAllEnded(QObject *context, std::function<void()> function);

    //! 0 before the start and after the end.
    qint64 processId() const;
    //! The last 8 KiB that the child wrote to its standard error.
    QByteArray lastOutput() const { return m_lastOutput; }

private:
    enum class State
    {
        New,
        Opening,
        Open,
        Closed
    };

    void onReadyRead();
    void onErrorOutput();
    void onFinished(int exitCode, QProcess::ExitStatus status);
    void onError(QProcess::ProcessError error);
    void fail(Error reason);
    //! Calls \a function with the framer in use.
    template <typename Function>
    auto withFramer(Function function)
    {
        return m_command.framing == Framing::Lines ? function(m_lines) : function(m_framer);
    }

    Command m_command;
    Clock &m_clock;
    State m_state = State::New;
    std::unique_ptr<QProcess> m_process;
    ContentLengthFramer m_framer;
    LineFramer m_lines;
    quint64 m_skippedLines = 0; // that were logged
    QByteArray m_lastOutput;
};

} // namespace pilotlight
