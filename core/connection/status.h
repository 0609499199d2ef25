// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"
#include "base/error.h"

#include <QDateTime>
#include <QObject>
#include <QString>

#include <chrono>
#include <optional>

namespace pilotlight {

//! How the server is reached.
enum class ConnectionMode
{
    Local, //!< a detached server on this machine that outlives us
    Embedded, //!< a child on stdio that ends with us
    Attach, //!< a server that somebody else runs, by URL
    Demo, //!< our own demo server, for looking around and tests
};

struct ConnectionConfig
{
    QString id = QStringLiteral("default"); //!< names the backend in logs
    ConnectionMode mode = ConnectionMode::Local;
    QString cliPath; //!< the CLI's binary; empty: look for it
    QString url; //!< of Attach: tcp://host:port, ws://..., wss://...
    Secret token; //!< connection token of Attach
    Milliseconds pingInterval{900'000}; //!< keepalive.md 1: agent servers
    Milliseconds pingTimeout{10'000};
};

enum class Phase
{
    Idle,
    StartingServer,
    Connecting,
    Initializing,
    Online,
    Backoff,
    Stopping,
    Disposed
};

//! keepalive.md 27, as far as the connection's ping goes.
enum class KeepaliveState
{
    Off, //!< nothing is pinged: demo, method none, or not supported by the server
    Disconnected, //!< no live connection
    Unverified, //!< online, no answer yet
    Checking, //!< a probe is in flight and none was answered before
    Protected, //!< the last probe was answered
    Degraded, //!< one probe was missed
    Unresponsive, //!< two were: the connection is being replaced
    Paused, //!< sign-in is needed before probing makes sense
};

//! What the window and the command line show of the keepalive loop. Copied, never shared.
struct KeepaliveStatus
{
    KeepaliveState state = KeepaliveState::Disconnected;
    QString method; //!< "ping", "none"
    std::optional<QDateTime> lastAnswer; //!< UTC
    std::chrono::microseconds lastRoundTrip{0};
    std::optional<QDateTime> nextProbe; //!< UTC
    Milliseconds interval{0};
    int failures = 0; //!< in a row
    // attempts = successes + failed + cancelled once nothing is in flight (keepalive.md 13)
    quint64 attempts = 0;
    quint64 successes = 0;
    quint64 failed = 0;
    quint64 cancelled = 0;
    quint64 skipped = 0;
    QString lastFailure;
};

//! What the window and the command line show of a connection. Copied, never shared.
struct ConnectionStatus
{
    Phase phase = Phase::Idle;
    ConnectionMode mode =
        ConnectionMode::Local; //!< in force: Embedded after a fall-back from Local
    bool fellBack = false; //!< Local was wanted, Embedded is used; notice() says why
    QString target; //!< "127.0.0.1:4600"
    std::optional<ServerInfo> server; //!< of Online
    std::optional<AuthStatus> auth; //!< of Online, once known
    std::optional<Error> error; //!< why we are in Backoff or Idle
    std::optional<QDateTime> retryAt; //!< of Backoff, UTC
    int attempt = 0; //!< failed attempts in a row
    quint64 generation = 0; //!< counts connections; in every log line as gen=
    KeepaliveStatus keepalive;
};

QString probeOutcomeName(ProbeResult::Outcome outcome); //!< "rpc_error"
QString phaseName(Phase phase); //!< "online": as in logs and --json
QString keepaliveStateName(KeepaliveState state); //!< "protected"
QString connectionModeName(ConnectionMode mode); //!< "local"

} // namespace pilotlight
