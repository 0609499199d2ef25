// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QJsonObject>
#include <QList>
#include <QProcess>

namespace pilotlight {

//! A `pilotlightctl --json` that runs in a home of a test; ended with this object.
class CtlProcess
{
public:
    //! \a home is an existing folder: HOME, the profile's place and the working directory.
    CtlProcess(const QString &home, const QStringList &arguments);
    ~CtlProcess();
    CtlProcess(const CtlProcess &) = delete;
    CtlProcess &operator=(const CtlProcess &) = delete;

    bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    void terminate() { m_process.terminate(); }
    //! Waits for the end; -1 where it does not come within \a timeout or is a crash.
    int exitCode(Milliseconds timeout = std::chrono::seconds(60));

    //! All lines so far; what is no JSON object gives an empty one.
    QList<QJsonObject> lines();
    //! The lines that have these members, among others.
    QList<QJsonObject> lines(const QJsonObject &like);
    //! Waits until there is such a line.
    bool says(const QJsonObject &like, Milliseconds timeout = std::chrono::seconds(60));
    //! Everything so far, for a failure's message.
    QByteArray output();

private:
    QProcess m_process;
    QByteArray m_output;
    QByteArray m_errors;
};

} // namespace pilotlight
