// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "transport/transport.h"

#include <QMap>
#include <QString>
#include <QStringList>

#include <memory>

namespace pilotlight {

//! Where an MCP server is: a program to start, or a URL. Exactly one of the two is set.
struct McpEndpoint
{
    QString command; //!< absolute, or a name that is looked for in PATH ("npx")
    QStringList arguments;
    QMap<QString, QString> environment; //!< beside ours, which it overrides
    QString workingDirectory; //!< empty: ours

    QString url; //!< http:// or https://, Streamable HTTP
    Secret bearerToken; //!< of url; may be empty
};

//! A transport to an MCP server: JSON lines over a child process, or Streamable HTTP. Does not
//! connect yet. Errors: ServerNotFound where there is no such program, InvalidArgument where the
//! endpoint makes no sense.
Result<std::unique_ptr<Transport>> makeMcpTransport(const McpEndpoint &endpoint, Clock &clock);

} // namespace pilotlight
