// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "diag/logfile.h"
#include "diag/logrecord.h"

#include <qlogging.h>

#include <atomic>
#include <memory>
#include <optional>

namespace pilotlight {

class LogStore;

//! Collects every message of the program (ours, Qt's and uncategorised ones) while it lives:
//! redacts it, then gives it to the file and to the store. Nothing is filtered out. One at a time;
//! the previous message handler comes back with its end. Messages may come from any thread.
class DiagnosticLog
{
public:
    //! \a store may be null (a command without a window), \a filePath empty (no file). Both
    //! the store and the clock must outlive the log; Clock::wallNow() is called from any thread.
    DiagnosticLog(Clock &clock, LogStore *store, const QString &filePath = {},
                  qint64 maxFileBytes = LogFile::DefaultMaxBytes);
    ~DiagnosticLog();
    DiagnosticLog(const DiagnosticLog &) = delete;
    DiagnosticLog &operator=(const DiagnosticLog &) = delete;

    //! Also print messages of \a level and above to stderr (default: Warning); nothing: none.
    void setStderrLevel(std::optional<LogLevel> level);

private:
    static void handle(QtMsgType type, const QMessageLogContext &context, const QString &message);
    void take(const LogRecord &record);

    Clock &m_clock;
    LogStore *m_store;
    std::unique_ptr<LogFile> m_file;
    std::atomic<int> m_stderrLevel;
    QtMessageHandler m_previous = nullptr;
};

} // namespace pilotlight
