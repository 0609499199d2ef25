// SPDX-License-Identifier: MIT
#include "support/serverprocess.h"

#include <QRegularExpression>
#include <QTest>

namespace pilotlight {

ServerProcess::~ServerProcess()
{
    stop();
}

bool ServerProcess::start(const QString &program, const QStringList &arguments,
                          const QMap<QString, QString> &environment)
{
    m_output.clear();
    QProcessEnvironment env;
    // What a process needs to start at all; nothing that could lead it to the real user's files.
    const QStringList kept{QStringLiteral("PATH"), QStringLiteral("SystemRoot"),
                           QStringLiteral("LD_LIBRARY_PATH"), QStringLiteral("LANG")};
    for (const QString &name : kept) {
        if (qEnvironmentVariableIsSet(name.toLocal8Bit().constData()))
            env.insert(name, qEnvironmentVariable(name.toLocal8Bit().constData()));
    }
    env.insert(QStringLiteral("HOME"), m_home.path());
    for (auto it = environment.cbegin(); it != environment.cend(); ++it)
        env.insert(it.key(), it.value());
    m_process.setProcessEnvironment(env);
    m_process.setWorkingDirectory(m_home.path());
    m_process.setProcessChannelMode(QProcess::MergedChannels);
    m_process.start(program, arguments);
    const auto settled = [this] {
        collect();
        return m_process.state() == QProcess::NotRunning || m_output.contains("port ");
    };
    // The first start of a real CLI unpacks 235 MB.
    return QTest::qWaitFor(settled, 60'000) && isRunning()
        && QTest::qWaitFor(
               [this] {
                   collect();
                   return port() != 0 || !isRunning();
               },
               5'000)
        && port() != 0;
}

void ServerProcess::collect()
{
    m_output += m_process.readAll();
}

quint16 ServerProcess::portOf(const QString &words) const
{
    const QRegularExpression form(QRegularExpression::escape(words) + QStringLiteral(" (\\d+)\\s"));
    return form.match(QString::fromUtf8(m_output)).captured(1).toUShort();
}

void ServerProcess::stop()
{
    if (!isRunning())
        return;
    m_process.terminate();
    if (!m_process.waitForFinished(5'000))
        kill();
}

void ServerProcess::kill()
{
    m_process.kill();
    m_process.waitForFinished(10'000);
}

QString demoServerProgram()
{
    QString path =
        qEnvironmentVariable("PILOTLIGHT_BIN") + QStringLiteral("/pilotlight-demo-server");
#ifdef Q_OS_WIN
    path += QStringLiteral(".exe");
#endif
    return path;
}

} // namespace pilotlight
