// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "diag/logrecord.h"

#include <QList>

#include <functional>

class QIODevice;

namespace pilotlight {

class LogModel;

enum class LogExportFormat
{
    Text, //!< the lines of the log file
    JsonLines, //!< one object a line: t, level, tag, text
};

//! The lines of \a rows as in the log file, for the clipboard. Records are redacted before they
//! reach the store, so nothing secret is in them.
QString logAsText(const LogModel &model, const QList<int> &rows);
//! The same as a Markdown code block, ready for an issue.
QString logAsMarkdown(const LogModel &model, const QList<int> &rows);
//! Writes every line that the model shows to \a path. Number of lines, or StorageFailed.
Result<int> exportLog(const LogModel &model, const QString &path, LogExportFormat format);

} // namespace pilotlight
