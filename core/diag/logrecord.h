// SPDX-License-Identifier: MIT
#pragma once

#include <QDateTime>
#include <QString>

namespace pilotlight {

enum class LogLevel
{
    Debug,
    Info,
    Warning,
    Error
};

//! One line of the diagnostic log, already redacted.
struct LogRecord
{
    quint64 id = 0; //!< ascending without gaps, never reused in a run
    QDateTime time; //!< UTC
    LogLevel level = LogLevel::Info;
    QString tag; //!< "KEEPALIVE": upper case, without brackets
    QString text; //!< without time, level and tag
};

} // namespace pilotlight
