// SPDX-License-Identifier: MIT
#include "transport/httpexchange.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QPointer>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

//! A header's value as the revision 2026-07-28 wants it where it is no plain ASCII.
QByteArray headerValue(const QString &text)
{
    const QByteArray utf8 = text.toUtf8();
    const bool plain =
        std::all_of(utf8.cbegin(), utf8.cend(), [](char c) { return c >= 0x20 && c < 0x7f; })
        && utf8 == utf8.trimmed() && !utf8.startsWith("=?base64?");
    return plain ? utf8 : "=?base64?" + utf8.toBase64() + "?=";
}

} // namespace

bool HttpExchange::isPing() const
{
    return method == "ping"_L1 || method == "server/discover"_L1;
}

void HttpExchange::Drop::operator()(QNetworkReply *dropped) const
{
    // Not disconnected: Qt's own thread would not hear of it and keep the connection. Aborted and
    // deleted in one go, or an error that this thread has sent already would arrive as a second
    // one, of which Qt warns; and not from inside one of the reply's own signals.
    QCoreApplication *const app = QCoreApplication::instance();
    if (!app) { // the program ends
        delete dropped;
        return;
    }
    QMetaObject::invokeMethod(
        app,
        [reply = QPointer(dropped)] {
            if (!reply)
                return; // it went with its manager
            reply->abort();
            delete reply;
        },
        Qt::QueuedConnection);
}

void HttpExchange::readEnvelope()
{
    const QJsonObject object = QJsonDocument::fromJson(message).object();
    const QJsonObject params = object.value("params"_L1).toObject();
    method = object.value("method"_L1).toString();
    if (!method.isEmpty())
        id = object.value("id"_L1).toInteger();
    statelessVersion = params.value("_meta"_L1)
                           .toObject()
                           .value("io.modelcontextprotocol/protocolVersion"_L1)
                           .toString()
                           .toLatin1();
    if (method == "tools/call"_L1 || method == "prompts/get"_L1)
        name = headerValue(params.value("name"_L1).toString());
    else if (method == "resources/read"_L1)
        name = headerValue(params.value("uri"_L1).toString());
    if (method == "subscriptions/listen"_L1)
        lane = HttpLane::Streams;
    else if (id != 0 && !isPing() && method != "initialize"_L1)
        lane = HttpLane::Calls;
}

bool isAnswerTo(qint64 id, std::string_view message)
{
    const auto text = QByteArray::fromRawData(message.data(), qsizetype(message.size()));
    if (!text.contains(QByteArray::number(id)))
        return false;
    const QJsonObject object = QJsonDocument::fromJson(text).object();
    return object.value("id"_L1).toInteger() == id && !object.contains("method"_L1);
}

ErrorCode httpErrorCode(QNetworkReply::NetworkError error)
{
    switch (error) {
    case QNetworkReply::ConnectionRefusedError:
    case QNetworkReply::ProxyConnectionRefusedError:
        return ErrorCode::ConnectionRefused;
    case QNetworkReply::HostNotFoundError:
    case QNetworkReply::ProxyNotFoundError:
        return ErrorCode::HostNotFound;
    case QNetworkReply::SslHandshakeFailedError:
        return ErrorCode::TlsFailed;
    case QNetworkReply::TimeoutError:
        return ErrorCode::Timeout;
    default:
        return ErrorCode::ConnectionLost;
    }
}

bool isUnreachable(QNetworkReply::NetworkError error)
{
    switch (error) {
    case QNetworkReply::RemoteHostClosedError:
    case QNetworkReply::ContentReSendError:
    case QNetworkReply::ProtocolFailure:
    case QNetworkReply::TimeoutError:
        return false;
    default:
        return true;
    }
}

} // namespace pilotlight
