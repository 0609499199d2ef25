// SPDX-License-Identifier: MIT
#pragma once

#include <QJsonValue>
#include <QMetaType>
#include <QString>

#include <tl/expected.hpp>

#include <optional>

namespace pilotlight {
Q_NAMESPACE

//! Everything that can go wrong, as a value that code decides on (never on text).
enum class ErrorCode
{
    Cancelled, //!< We gave the operation up ourselves; counts neither as success nor as failure.
    Timeout, //!< No answer within the deadline.
    HostNotFound, //!< Name resolution failed.
    ConnectionRefused, //!< Nothing listens there.
    ConnectionLost, //!< The other side or the network ended an established connection.
    ConnectionClosed, //!< We closed the connection while the operation was pending.
    TlsFailed, //!< Certificate or handshake failure.
    FrameTooLarge, //!< A frame over the limit of 256 MiB, in or out.
    ProtocolViolation, //!< The peer sent what the protocol forbids (header, envelope, type).
    InvalidJson, //!< Not JSON at all.
    InvalidArgument, //!< Our caller's mistake; detail says which argument.
    RemoteError, //!< The server answered with an error that has no code of its own here.
    MethodNotFound, //!< JSON-RPC -32601.
    TooManyRequests, //!< The server asked us to slow down (HTTP 429).
    ConnectionExpired, //!< The server dropped the state of our connection; a new handshake heals
                       //!< it.
    SessionNotFound, //!< The server does not know (any more) the session.
    AuthenticationRequired, //!< The server wants a connection token.
    AuthenticationFailed, //!< The connection token was refused.
    NotSignedIn, //!< The agent itself is not signed in (account, provider key).
    Unsupported, //!< This server cannot do that.
    ServerTooOld, //!< Protocol version below what we speak.
    ServerTooNew, //!< Protocol version above what we speak.
    ServerNotFound, //!< No server program on this machine.
    ServerStartFailed, //!< The program was started and did not become ready.
    ServerExited, //!< The server process ended.
    ServerCrashLoop, //!< It ended again and again: it is not started any more by itself.
    ServerLocked, //!< Another Pilotlight is starting or ending the server.
    StorageFailed, //!< A file could not be read or written.
    AlreadyRunning, //!< There can be only one, and another process is it.
    KeychainUnavailable, //!< No usable system keychain.
    Internal, //!< A defect of ours.
};
Q_ENUM_NS(ErrorCode)

//! The error object of a JSON-RPC answer, as it came.
struct RemoteError
{
    int code = 0;
    QString message;
    QJsonValue data;
};

//! An error: a code to decide on, a detail for the log and for people.
struct Error
{
    ErrorCode code = ErrorCode::Internal;
    QString detail;
    std::optional<RemoteError> remote;

    //! One line for a log: the code's name, the detail, the remote code.
    QString toString() const;
};

//! True for what may pass by itself, so that a retry makes sense. Shared by breaker and backoff.
bool isTransient(ErrorCode code);

//! The name of \a code as it stands in logs and in --json output.
QString errorCodeName(ErrorCode code);

template <typename T>
using Result = tl::expected<T, Error>;

//! Shorthand: `return failure(ErrorCode::Timeout, detail);`
inline tl::unexpected<Error> failure(ErrorCode code, QString detail = {})
{
    return tl::make_unexpected(Error{code, std::move(detail), std::nullopt});
}

} // namespace pilotlight

Q_DECLARE_METATYPE(pilotlight::Error)
