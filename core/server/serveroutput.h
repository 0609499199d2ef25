// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

#include <optional>

namespace pilotlight {

// A detached server writes to a file, since a pipe to us would break with our exit.

//! A new name "server-<n>.log" in \a folder; of the earlier ones the newest \a keep - 1 are kept.
//! In the temporary folder where \a folder cannot be written. Empty where neither can.
QString nextServerOutputFile(const QString &folder, int keep = 5);

//! The port of the line "CLI server listening on port N", once it is there.
std::optional<quint16> portFromServerOutput(const QString &file);

//! The last \a lines lines, redacted.
QString tailOfServerOutput(const QString &file, int lines = 20);

} // namespace pilotlight
