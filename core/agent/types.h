// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

#include <QDateTime>
#include <QJsonObject>
#include <QString>
#include <QStringList>

#include <chrono>
#include <optional>

namespace pilotlight {

//! What a server says of itself after the handshake.
struct ServerInfo
{
    QString name; //!< "Copilot CLI"
    QString version; //!< as reported by the server; never guessed from the binary
    int protocolVersion = 0; //!< of MCP the revision's date as a number: 20251125
};

struct AuthStatus
{
    bool signedIn = false;
    QString user; //!< login, empty where unknown
    QString message; //!< the server's own sentence
};

struct ModelInfo
{
    QString id;
    QString name;
    qint64 contextWindow = 0; //!< tokens; 0: unknown
    QStringList reasoningEfforts;
};

enum class AgentMode
{
    Interactive,
    Plan,
    Autopilot
};

//! A model provider of the user's own (bring your own key). The key is a Secret: it goes to the
//! keychain, never into a file of ours.
struct ProviderConfig
{
    QString type; //!< "openai", "azure", "anthropic"
    QString wireApi; //!< "completions" or "responses"
    QString baseUrl;
    Secret apiKey;

    bool isSet() const { return !baseUrl.isEmpty(); }
};

//! Everything that create and every later resume of a session must send.
struct SessionConfig
{
    QString id; //!< chosen by us: a UUID
    QString name; //!< the user's name for it; empty: the server's automatic title
    QString model; //!< empty: the server's default
    QString workingDirectory; //!< absolute, must exist on the server's machine
    QString systemMessage; //!< appended to the built-in one
    AgentMode mode = AgentMode::Interactive;
    bool streaming = true;
    std::optional<ProviderConfig> provider;
};

//! How a prompt is delivered to a session that is busy.
enum class Delivery
{
    Enqueue, //!< runs as its own turn after the current one
    Immediate, //!< steers the current turn at its next model round trip
};

struct Attachment
{
    enum class Kind
    {
        File,
        Directory
    };
    Kind kind = Kind::File;
    QString path;
};

struct Prompt
{
    QString text;
    Delivery delivery = Delivery::Enqueue;
    QList<Attachment> attachments;
    QString id = {}; //!< its place in the outbox (session/outbox.h); never sent
};

//! A session as the server lists it.
struct SessionSummary
{
    QString id;
    QString name;
    QString summary;
    QString workingDirectory;
    QDateTime started;
    QDateTime modified;
};

//! What the user decided about a permission request.
enum class PermissionDecision
{
    ApproveOnce,
    ApproveForSession,
    Reject
};

//! One keepalive request to a backend.
struct ProbeRequest
{
    enum class Kind
    {
        Ping, //!< whatever this kind of server answers most cheaply
        Tool, //!< a tool that the user declared read-only
    };
    Kind kind = Kind::Ping;
    QString tool; //!< of Tool
    Milliseconds timeout{10'000};
};

//! What came of a probe.
struct ProbeResult
{
    //! keepalive.md 13; Cancelled counts neither way.
    enum class Outcome
    {
        Ok,
        Timeout,
        Transport,
        RpcError,
        Unsupported,
        Auth,
        Protocol,
        Cancelled
    };
    Outcome outcome = Outcome::Cancelled;
    std::chrono::microseconds roundTrip{0}; //!< send to answer; meaningful for Ok
    QString detail = {}; //!< of a failure
    //! The server complained of being probed too often (HTTP 429, an error of its own for it): it
    //! lives, and is to be left alone for longer. With Outcome::RpcError.
    bool tooMany = false;
};

QString probeOutcomeName(ProbeResult::Outcome outcome); //!< "rpc_error": as in logs and --json

} // namespace pilotlight
