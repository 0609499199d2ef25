// SPDX-License-Identifier: MIT
#include "support/ctlprocess.h"

#include <QJsonDocument>
#include <QTest>

namespace pilotlight {

CtlProcess::CtlProcess(const QString &home, const QStringList &arguments)
{
    QString program = qEnvironmentVariable("PILOTLIGHT_BIN") + QStringLiteral("/pilotlightctl");
#ifdef Q_OS_WIN
    program += QStringLiteral(".exe");
#endif
    QProcessEnvironment environment;
    for (const char *name : {"PATH", "LD_LIBRARY_PATH", "LANG", "SystemRoot"}) {
        if (qEnvironmentVariableIsSet(name))
            environment.insert(QString::fromLatin1(name), qEnvironmentVariable(name));
    }
    environment.insert(QStringLiteral("HOME"), home);
    m_process.setProcessEnvironment(environment);
    m_process.setWorkingDirectory(home);
    const QStringList common{QStringLiteral("--json"), QStringLiteral("--profile-dir"),
                             home + QStringLiteral("/profile")};
    m_process.start(program, common + arguments);
}

CtlProcess::~CtlProcess()
{
    m_process.kill();
    m_process.waitForFinished();
}

int CtlProcess::exitCode(Milliseconds timeout)
{
    if (!QTest::qWaitFor([this] { return !isRunning(); }, static_cast<int>(timeout.count()))
        || m_process.exitStatus() != QProcess::NormalExit)
        return -1;
    return m_process.exitCode();
}

QList<QJsonObject> CtlProcess::lines()
{
    m_output += m_process.readAllStandardOutput();
    QList<QJsonObject> all;
    const qsizetype end = m_output.lastIndexOf('\n');
    if (end < 0)
        return all;
    for (const QByteArray &line : m_output.left(end).split('\n'))
        all.append(QJsonDocument::fromJson(line).object());
    return all;
}

QList<QJsonObject> CtlProcess::lines(const QJsonObject &like)
{
    QList<QJsonObject> found;
    for (const QJsonObject &line : lines()) {
        bool same = true;
        for (auto it = like.begin(); it != like.end(); ++it)
            same = same && line.value(it.key()) == it.value();
        if (same)
            found.append(line);
    }
    return found;
}

bool CtlProcess::says(const QJsonObject &like, Milliseconds timeout)
{
    return QTest::qWaitFor([&] { return !lines(like).isEmpty(); },
                           static_cast<int>(timeout.count()));
}

QByteArray CtlProcess::output()
{
    lines();
    m_errors += m_process.readAllStandardError();
    return m_output + m_errors;
}

} // namespace pilotlight
