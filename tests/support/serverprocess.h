// SPDX-License-Identifier: MIT
#pragma once

#include <QMap>
#include <QProcess>
#include <QString>
#include <QTemporaryDir>

namespace pilotlight {

//! A child process of a test that prints the port on which it listens. Gone with this object.
class ServerProcess
{
public:
    ServerProcess() = default;
    ~ServerProcess();
    ServerProcess(const ServerProcess &) = delete;
    ServerProcess &operator=(const ServerProcess &) = delete;

    //! Starts \a program with only \a environment beside PATH and a temporary HOME, and waits for
    //! its line "... port N". False where it does not come within 60 s; output() says what did.
    bool start(const QString &program, const QStringList &arguments,
               const QMap<QString, QString> &environment = {});
    //! The next start() uses the same HOME.
    QString home() const { return m_home.path(); }
    quint16 port() const { return portOf(QStringLiteral("listening on port")); }
    //! The number after \a words in what was printed, 0 where they are not there.
    quint16 portOf(const QString &words) const;
    qint64 pid() const { return m_process.processId(); }
    bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    int exitCode() const { return m_process.exitCode(); }
    QProcess &process() { return m_process; }
    const QByteArray &output() const { return m_output; }

    //! SIGTERM and up to 5 s of patience, then SIGKILL.
    void stop();
    //! SIGKILL at once.
    void kill();

private:
    void collect();

    QTemporaryDir m_home;
    QProcess m_process;
    QByteArray m_output;
};

//! The demo server that was built with these tests.
QString demoServerProgram();

} // namespace pilotlight
