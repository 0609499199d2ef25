// SPDX-License-Identifier: MIT
#pragma once

#include "base/secret.h"
#include "server/process.h"

#include <QString>

#include <optional>

namespace pilotlight {

//! What a run leaves behind about its server, so that the next one can adopt it. Kept in
//! server.json, mode 0600 since it holds the connection token.
struct ServerRecord
{
    ProcessId process;
    quint16 port = 0; //!< 0: it had been started and not yet said its port
    Secret token;
    QString program; //!< the binary that it was started from
    QString outputFile;
};

//! Nothing where there is no record or it makes no sense.
std::optional<ServerRecord> readServerRecord(const QString &path);
//! Replaces the file as a whole. The reason where that failed.
std::optional<QString> writeServerRecord(const QString &path, const ServerRecord &record);

} // namespace pilotlight
