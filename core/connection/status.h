// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "connection/circuitbreaker.h"
#include "settings/backendsettings.h"
#include "settings/keepalivesettings.h"

#include <QDateTime>
#include <QList>
#include <QMap>
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
    QString name; //!< for people; empty: show the id
    BackendKind kind = BackendKind::Copilot;
    //! Of Mcp: Embedded with a command, Attach with a URL; nothing else.
    ConnectionMode mode = ConnectionMode::Local;
    QString cliPath; //!< the CLI's binary; empty: look for it
    QString url; //!< of Attach: tcp://host:port, ws://..., wss://...; of Mcp http(s)://...
    Secret token; //!< connection token of Attach; of Mcp the bearer token
    // Of Mcp and Embedded.
    QString command; //!< absolute, or a name to be looked for in PATH
    QStringList arguments;
    QMap<QString, QString> environment; //!< beside ours
    bool stateless = false; //!< of Mcp
    QStringList readOnlyTools; //!< of Mcp: those that a probe may call
    EffectiveKeepalive keepalive;

    bool operator==(const ConnectionConfig &) const = default;
};

//! What the settings of \a config's keepalive are for.
KeepaliveTarget keepaliveTarget(const ConnectionConfig &config);

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

//! keepalive.md 27, as far as the connection's probe goes.
enum class KeepaliveState
{
    Off, //!< nothing is probed: demo, method none, or not supported by the server
    Disconnected, //!< no live connection
    Unverified, //!< online, no answer yet
    Checking, //!< a probe is in flight and none was answered before
    Protected, //!< the last probe was answered
    Degraded, //!< one probe was missed
    Unresponsive, //!< two were: the connection is being replaced
    Paused, //!< nothing is sent until pausedUntil, or until somebody signs in; see pause
    Suspended, //!< the machine is about to sleep, or has just woken
};

//! What made a probe.
enum class ProbeTrigger
{
    Timer,
    Wake,
    Manual,
    Presend //!< a prompt waits for it
};

//! One thing that happened to a probe: for metrics and the ledger. Every Attempt is followed by
//! exactly one Success, Failure or Cancelled (keepalive.md 13), also when its connection ends.
struct ProbeEvent
{
    enum class Kind
    {
        Attempt,
        Success, //!< with latency
        Failure, //!< reason: the outcome's name ("timeout")
        Skipped, //!< reason: "in-flight", "busy", "reconnecting"
        Cancelled,
        AutoDisabled, //!< reason: "unsupported", "auth", "breaker"
        Recovered //!< the first answer after a failure
    };
    Kind kind = Kind::Attempt;
    QString backendId;
    QString method; //!< "ping" or "tool": never the tool's name
    QString reason;
    ProbeTrigger trigger = ProbeTrigger::Timer;
    std::chrono::microseconds latency{0};
};

//! What the window and the command line show of the keepalive loop. Copied, never shared.
struct KeepaliveStatus
{
    //! Why the state is Paused.
    enum class Pause
    {
        None,
        Breaker, //!< until pausedUntil
        SignIn
    };
    //! Why the method is not the configured one.
    enum class MethodReason
    {
        Configured,
        PingUnsupported, //!< the server has no ping
        PingFails, //!< it is not answered, while the tool is
        ToolUnsupported
    };
    //! Answers that latencies keeps: enough for a sparkline.
    static constexpr int MostLatencies = 60;

    KeepaliveState state = KeepaliveState::Disconnected;
    QString method; //!< in force: "ping", "tool:NAME", "none"
    MethodReason methodReason = MethodReason::Configured;
    EffectiveKeepalive config; //!< with the origin of every value
    std::optional<QDateTime> lastAnswer; //!< UTC
    std::chrono::microseconds lastRoundTrip{0};
    QList<std::chrono::microseconds> latencies; //!< of the last answers, the newest last
    std::optional<QDateTime> lastActivity; //!< UTC: the last inbound byte, answers included
    std::optional<QDateTime> nextProbe; //!< UTC
    Milliseconds interval{0}; //!< in force: config.interval * slowFactor
    int slowFactor = 1; //!< 2 or 4: the server complained of too many probes (keepalive.md 12)
    int failures = 0; //!< in a row
    CircuitBreaker::State breaker = CircuitBreaker::State::Closed;
    Pause pause = Pause::None;
    std::optional<QDateTime> pausedUntil; //!< UTC; of Pause::Breaker
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

QString probeTriggerName(ProbeTrigger trigger); //!< "presend"
QString phaseName(Phase phase); //!< "online": as in logs and --json
QString keepaliveStateName(KeepaliveState state); //!< "protected"
QString connectionModeName(ConnectionMode mode); //!< "local"

} // namespace pilotlight

Q_DECLARE_METATYPE(pilotlight::ProbeEvent)
