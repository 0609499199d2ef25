// SPDX-License-Identifier: MIT
#pragma once

#include "rpc/message.h"

#include <memory>
#include <optional>

namespace pilotlight {

// JSON-RPC 2.0, section 5.1.
inline constexpr int RpcParseError = -32700;
inline constexpr int RpcInvalidRequest = -32600;
inline constexpr int RpcMethodNotFound = -32601;
inline constexpr int RpcInternalError = -32603;

//! One decoded message. The views point into the message's own bytes and live as long as those.
struct RpcMessage
{
    enum class Kind
    {
        Request,
        Notification,
        Response, //!< error is set where the other side answered with an error
        Invalid, //!< problem and detail say why; id is set where it could be read
    };
    Kind kind = Kind::Invalid;
    RpcId id;
    std::string_view method;
    RawJson payload; //!< params or result; empty where there were none
    std::optional<RemoteError> error;

    //! Of Invalid: InvalidJson (answer -32700) or ProtocolViolation (answer -32600).
    ErrorCode problem = ErrorCode::ProtocolViolation;
    QString detail;
    //! Of Invalid: it looks like a broken response, which is never answered.
    bool looksLikeResponse = false;

    QByteArray unescapedMethod; //!< owns the method's text in the rare case that it had escapes
};

//! Reads JSON-RPC messages in one pass that stops at the envelope: params and results are handed on
//! as text, not parsed, so their inside is checked by whoever reads them. Batches are refused, as
//! the real server refuses them.
class Decoder
{
public:
    Decoder();
    ~Decoder();
    Decoder(const Decoder &) = delete;
    Decoder &operator=(const Decoder &) = delete;

    //! MessagePadding readable bytes must follow \a message.
    RpcMessage decode(std::string_view message);

private:
    class Private;
    std::unique_ptr<Private> d;
};

QByteArray encodeRequest(const RpcId &id, const QString &method, const QJsonObject &params);
QByteArray encodeNotification(const QString &method, const QJsonObject &params);
//! \a id none is written as null.
QByteArray encodeResult(const RpcId &id, const QJsonValue &result);
QByteArray encodeError(const RpcId &id, int code, const QString &message);

//! Any JSON value as compact text.
QByteArray encodeValue(const QJsonValue &value);

} // namespace pilotlight
