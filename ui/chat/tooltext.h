// SPDX-License-Identifier: MIT
#pragma once

#include "session/transcript.h"

#include <QString>

namespace pilotlight {

//! A name for Theme::icon() that fits what the tool does, guessed from its name.
QString toolIcon(const QString &name);
//! What it works on, on one line: the command, path, pattern or URL among its arguments.
QString toolSummary(const ToolItem &tool);
//! The command of a shell tool, in full; empty for other tools.
QString toolCommand(const ToolItem &tool);
//! Its arguments for people, without the command: "key: value" lines.
QString toolArguments(const ToolItem &tool);
//! "Running 12 s", "Done in 1.2 s", "Exit code 1", "Not allowed" ...
QString toolStatus(const ToolItem &tool, const QDateTime &now);
//! True for a text that looks like a unified diff.
bool isDiff(const QString &text);
//! The last \a lines lines of \a text.
QString tailOf(const QString &text, int lines);

} // namespace pilotlight
