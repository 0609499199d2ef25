// SPDX-License-Identifier: MIT
#include "transport/httpdialect.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int MethodNotFound = -32601; // JSON-RPC 2.0
constexpr int SessionNotFound = -32001; // the MCP SDKs
constexpr int ServerError = -32000; // JSON-RPC 2.0: "server error", whatever it is

//! The JSON-RPC error that a body may hold.
struct RpcBody
{
    bool isError = false;
    bool isAnswer = false; //!< to the request of our id
    RemoteError error;
};

RpcBody rpcBodyOf(const HttpAnswer &answer)
{
    RpcBody body;
    const QJsonObject object = QJsonDocument::fromJson(answer.body).object();
    const QJsonValue error = object.value("error"_L1);
    if (!error.isObject())
        return body;
    body.isError = true;
    body.error.code = error["code"_L1].toInt();
    body.error.message = error["message"_L1].toString();
    body.error.data = error["data"_L1];
    body.isAnswer = answer.requestId != 0 && object.value("id"_L1).toInteger() == answer.requestId;
    return body;
}

//! True where \a text speaks of a session. The only place that looks at a text: some servers give
//! the same status and code to a lost session and to an unsupported version.
bool mentionsSession(const QByteArray &text)
{
    const QByteArray lower = text.left(500).toLower();
    return lower.contains("session") || lower.contains("not initialized");
}

bool isSessionLost(const HttpAnswer &answer, const RpcBody &body)
{
    if (!answer.withSession)
        return false;
    if (answer.status == 404) {
        if (body.isError)
            return body.error.code == SessionNotFound
                || (!body.isAnswer && body.error.code != MethodNotFound);
        // A web framework says that it has no such page: for the stream that means that there is
        // none. To a POST the standard leaves only one meaning.
        return !answer.isStream || !answer.contentType.startsWith("text/html");
    }
    if (answer.status == 400) {
        if (body.isError)
            return body.error.code == SessionNotFound
                || (body.error.code == ServerError && mentionsSession(body.error.message.toUtf8()));
        return mentionsSession(answer.body);
    }
    return false;
}

QString excerpt(const HttpAnswer &answer)
{
    if (answer.contentType.startsWith("text/html"))
        return {};
    return QString::fromUtf8(answer.body.left(200)).simplified();
}

} // namespace

HttpVerdict judge(const HttpAnswer &answer)
{
    using Kind = HttpVerdict::Kind;
    const RpcBody body = rpcBodyOf(answer);
    QString detail = u"HTTP %1"_s.arg(answer.status);
    if (const QString text = body.isError ? body.error.message : excerpt(answer); !text.isEmpty())
        detail += u": "_s + text;
    const auto failed = [&](ErrorCode code) {
        return HttpVerdict{Kind::Failed, Error{code, detail, {}}};
    };

    if (isSessionLost(answer, body))
        return {Kind::SessionLost, Error{ErrorCode::ConnectionExpired, detail, {}}};
    switch (answer.status) {
    case 401:
        return failed(answer.withToken ? ErrorCode::AuthenticationFailed
                                       : ErrorCode::AuthenticationRequired);
    case 403:
    case 407:
        return failed(ErrorCode::AuthenticationFailed);
    case 429:
        if (!answer.retryAfter.isEmpty())
            detail += u" (retry after %1)"_s.arg(QString::fromLatin1(answer.retryAfter.left(40)));
        return failed(ErrorCode::TooManyRequests);
    default:
        break;
    }
    if (body.isAnswer)
        return {Kind::Answer, {}};
    if (body.isError)
        return {Kind::Failed,
                Error{body.error.code == MethodNotFound ? ErrorCode::MethodNotFound
                                                        : ErrorCode::RemoteError,
                      detail, body.error}};
    if (answer.status >= 300 && answer.status < 400) {
        detail = u"the server sends us elsewhere (HTTP %1), which is not followed: %2"_s.arg(
            QString::number(answer.status), QString::fromUtf8(answer.location.left(200)));
        return failed(ErrorCode::Unsupported);
    }
    switch (answer.status) {
    case 406:
    case 415:
        return failed(ErrorCode::Unsupported);
    case 408:
        return failed(ErrorCode::Timeout);
    case 413:
        return failed(ErrorCode::FrameTooLarge);
    case 502:
    case 503:
    case 504: // a gateway that cannot reach the server
        return failed(ErrorCode::ConnectionLost);
    default:
        return failed(ErrorCode::RemoteError);
    }
}

} // namespace pilotlight
