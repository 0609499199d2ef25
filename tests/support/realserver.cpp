// SPDX-License-Identifier: MIT
#include "support/realserver.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

namespace pilotlight {

namespace {

QString sourceFolder()
{
    return qEnvironmentVariable("PILOTLIGHT_SOURCE");
}

//! The platform package's name ends as Node names the platform.
QString platformName()
{
#if defined(Q_OS_WIN)
    const QString os = QStringLiteral("win32");
#elif defined(Q_OS_MACOS)
    const QString os = QStringLiteral("darwin");
#else
    const QString os = QStringLiteral("linux");
#endif
    const bool arm = QSysInfo::currentCpuArchitecture().startsWith(QStringLiteral("arm"));
    return os + (arm ? QStringLiteral("-arm64") : QStringLiteral("-x64"));
}

QString installed(RealServer::Version version)
{
    QString path = sourceFolder() + QStringLiteral("/build/npm/") + RealServer::name(version)
        + QStringLiteral("/node_modules/@github/copilot-") + platformName()
        + QStringLiteral("/copilot");
#ifdef Q_OS_WIN
    path += QStringLiteral(".exe");
#endif
    return QFileInfo(path).isExecutable() ? path : QString();
}

} // namespace

QString RealServer::name(Version version)
{
    switch (version) {
    case Version::Newest:
        return QStringLiteral("newest");
    case Version::V1_0_69:
        return QStringLiteral("1.0.69");
    case Version::V1_0_40:
        return QStringLiteral("1.0.40");
    case Version::V1_0_6:
        return QStringLiteral("1.0.6");
    case Version::V0_0_420:
        return QStringLiteral("0.0.420");
    }
    return {};
}

QMap<QString, QString> RealServer::accelerated(int factor)
{
    // Where Debian's package libfaketime and its likes put it.
    const QStringList folders{QStringLiteral("/usr/lib/x86_64-linux-gnu"),
                              QStringLiteral("/usr/lib/aarch64-linux-gnu"),
                              QStringLiteral("/usr/lib64"), QStringLiteral("/usr/lib")};
    for (const QString &folder : folders) {
        const QString library = folder + QStringLiteral("/faketime/libfaketime.so.1");
        if (QFileInfo::exists(library))
            return {{QStringLiteral("LD_PRELOAD"), library},
                    {QStringLiteral("FAKETIME"), QStringLiteral("+0 x%1").arg(factor)}};
    }
    return {};
}

QString RealServer::binary(Version version)
{
    QString variable = QStringLiteral("PILOTLIGHT_CLI_") + name(version).toUpper();
    variable.replace(QLatin1Char('.'), QLatin1Char('_'));
    const QString given = qEnvironmentVariable(variable.toLatin1().constData());
    if (!given.isEmpty())
        return QFileInfo(given).isExecutable() ? given : QString();
    if (const QString found = installed(version); !found.isEmpty())
        return found;
    static QStringList tried;
    if (!tried.contains(name(version))) {
        tried.append(name(version));
        QProcess install;
        install.setProcessChannelMode(QProcess::ForwardedChannels);
        install.start(
            QStringLiteral("bash"),
            {sourceFolder() + QStringLiteral("/tests/real/install-cli.sh"), name(version)});
        install.waitForFinished(240'000);
    }
    return installed(version);
}

QString RealServer::skipReason(Version version)
{
    if (qEnvironmentVariable("PILOTLIGHT_REAL") == QStringLiteral("skip"))
        return QStringLiteral("PILOTLIGHT_REAL=skip");
    if (QStandardPaths::findExecutable(QStringLiteral("node")).isEmpty())
        return QStringLiteral("node is needed for the stub model");
    if (binary(version).isEmpty())
        return QStringLiteral("the Copilot CLI (%1) is not installed and could not be")
            .arg(name(version));
    return {};
}

bool RealServer::startModel()
{
    if (m_model.isRunning())
        return true;
    const QString script = sourceFolder() + QStringLiteral("/tests/real/stub_model.mjs");
    return m_model.start(QStringLiteral("node"), {script, QStringLiteral("0")});
}

bool RealServer::start(Version version, const QStringList &extraArguments,
                       const QMap<QString, QString> &environment)
{
    QDir().mkpath(workFolder());
    const QStringList arguments{QStringLiteral("--headless"), QStringLiteral("--no-auto-update"),
                                QStringLiteral("--port"), QStringLiteral("0")};
    return startModel() && m_server.start(binary(version), arguments + extraArguments, environment);
}

void RealServer::stop()
{
    m_server.stop();
    m_model.stop();
}

QString RealServer::workFolder() const
{
    return m_server.home() + QStringLiteral("/work");
}

QJsonObject RealServer::provider() const
{
    // Not a one-letter key: the server masks the key's text in all tool output.
    return {
        {QStringLiteral("type"), QStringLiteral("openai")},
        {QStringLiteral("wireApi"), QStringLiteral("completions")},
        {QStringLiteral("baseUrl"), QStringLiteral("http://127.0.0.1:%1/v1").arg(m_model.port())},
        {QStringLiteral("apiKey"), QStringLiteral("stub-key-0123456789")}};
}

} // namespace pilotlight
