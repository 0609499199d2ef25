// SPDX-License-Identifier: MIT
#include "diag/diagnosticlog.h"

#include "base/secret.h"
#include "diag/logformat.h"
#include "diag/logstore.h"

#include <QLoggingCategory>
#include <QMutex>

#include <cstdio>

namespace pilotlight {

namespace {

constexpr int NoStderr = 1000;

// Guards the one log that is installed: a thread may be in the handler while it is destroyed. Qt
// does not call the handler again from inside itself, so taking the lock twice is impossible.
Q_CONSTINIT QBasicMutex installMutex;
Q_CONSTINIT DiagnosticLog *installed = nullptr;

LogLevel levelOf(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return LogLevel::Debug;
    case QtInfoMsg:
        return LogLevel::Info;
    case QtWarningMsg:
        return LogLevel::Warning;
    case QtCriticalMsg:
    case QtFatalMsg:
        return LogLevel::Error;
    }
    return LogLevel::Info;
}

void printToStderr(const LogRecord &record)
{
    const QByteArray line = logLevelName(record.level).toUtf8() + " [" + record.tag.toUtf8() + "] "
        + record.text.toLocal8Bit() + '\n';
    std::fwrite(line.constData(), 1, static_cast<std::size_t>(line.size()), stderr);
}

} // namespace

DiagnosticLog::DiagnosticLog(Clock &clock, LogStore *store, const QString &filePath,
                             qint64 maxFileBytes)
    : m_clock(clock)
    , m_store(store)
    , m_stderrLevel(static_cast<int>(LogLevel::Warning))
{
    if (!filePath.isEmpty())
        m_file = std::make_unique<LogFile>(filePath, maxFileBytes);
    // Some systems ship a qtlogging.ini that switches all debug messages off.
    QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=true"));
    {
        const QMutexLocker lock(&installMutex);
        Q_ASSERT(!installed);
        installed = this;
    }
    m_previous = qInstallMessageHandler(&DiagnosticLog::handle);
}

DiagnosticLog::~DiagnosticLog()
{
    qInstallMessageHandler(m_previous);
    const QMutexLocker lock(&installMutex);
    installed = nullptr;
}

void DiagnosticLog::setStderrLevel(std::optional<LogLevel> level)
{
    m_stderrLevel = level ? static_cast<int>(*level) : NoStderr;
}

void DiagnosticLog::handle(QtMsgType type, const QMessageLogContext &context,
                           const QString &message)
{
    LogRecord record;
    record.level = levelOf(type);
    record.tag = logTagForCategory(context.category);
    record.text = redacted(message);
    const QMutexLocker lock(&installMutex);
    if (installed)
        installed->take(record);
    else
        printToStderr(record); // the log is just going
}

void DiagnosticLog::take(const LogRecord &incoming)
{
    LogRecord record = incoming;
    record.time = m_clock.wallNow();
    if (static_cast<int>(record.level) >= m_stderrLevel)
        printToStderr(record);
    std::optional<QString> problem;
    if (m_file)
        problem = m_file->write(record);
    if (m_store)
        m_store->append(record);
    if (!problem)
        return;
    LogRecord trouble;
    trouble.time = record.time;
    trouble.level = LogLevel::Error;
    trouble.tag = QStringLiteral("STORE");
    trouble.text = QStringLiteral("log file=\"%1\" cannot be written: %2; going on in memory")
                       .arg(m_file->path(), *problem);
    if (static_cast<int>(trouble.level) >= m_stderrLevel)
        printToStderr(trouble);
    if (m_store)
        m_store->append(trouble);
}

} // namespace pilotlight
