// SPDX-License-Identifier: MIT
#pragma once

#include "diag/logrecord.h"

#include <QByteArray>
#include <QByteArrayView>

#include <optional>

namespace pilotlight {

// The line format of the diagnostic log, one record a line, UTF-8:
//   2026-11-20T21:40:13.572Z INFO  [KEEPALIVE] text
// In the text a backslash is written \\, a line feed \n, a carriage return \r, and any other
// control character but the tab \xNN, so that a record is one line whatever it says.

//! "DEBUG", "INFO", "WARN" or "ERROR".
QString logLevelName(LogLevel level);
//! The level of such a name in any case ("warning" too); nothing for other words.
std::optional<LogLevel> logLevelFromName(QStringView name);

//! The line of \a record, with its line feed.
QByteArray formatLogLine(const LogRecord &record);
//! Reads such a line, with or without its end. Nothing for anything else; survives any bytes. The
//! id is 0.
std::optional<LogRecord> parseLogLine(QByteArrayView line);

//! \a category as a tag: "pilotlight.x" is X, "default" and null are APP, all else is QT.
QString logTagForCategory(const char *category);

} // namespace pilotlight
