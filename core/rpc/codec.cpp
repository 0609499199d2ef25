// SPDX-License-Identifier: MIT
#include "rpc/codec.h"

#include "transport/transport.h"

#include <QJsonDocument>

#include <simdjson.h>

namespace pilotlight {

namespace ondemand = simdjson::ondemand;

static_assert(MessagePadding >= simdjson::SIMDJSON_PADDING);

namespace {

// A parser holds about 6 bytes for each byte of the longest message it has seen.
constexpr std::size_t KeptCapacity = std::size_t(1024) * 1024;

std::string_view trimmed(std::string_view text)
{
    const auto last = text.find_last_not_of(" \t\r\n");
    return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

QString fromUtf8(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

//! The text of \a value, not parsed. Empty and \a error set where it has no end.
std::string_view rawText(ondemand::value &value, simdjson::error_code &error)
{
    ondemand::json_type type{};
    error = value.type().get(type);
    if (error)
        return {};
    std::string_view text;
    if (type == ondemand::json_type::object) {
        ondemand::object object;
        error = value.get_object().get(object);
        if (!error)
            error = object.raw_json().get(text);
    } else if (type == ondemand::json_type::array) {
        ondemand::array array;
        error = value.get_array().get(array);
        if (!error)
            error = array.raw_json().get(text);
    } else {
        text = value.raw_json_token();
    }
    return error ? std::string_view() : trimmed(text);
}

bool isContainer(std::string_view text)
{
    return !text.empty() && (text.front() == '{' || text.front() == '[');
}

//! True where the bare scalar \a text is JSON (containers are checked by whoever reads them).
bool isScalar(std::string_view text)
{
    return text == "null" || text == "true" || text == "false"
        || !RawJson{text}.toValue().isUndefined();
}

enum Member : unsigned
{
    Version = 1,
    Id = 2,
    Method = 4,
    Params = 8,
    ResultMember = 16,
    ErrorMember = 32,
};

unsigned memberOf(std::string_view key)
{
    if (key == "jsonrpc")
        return Version;
    if (key == "id")
        return Id;
    if (key == "method")
        return Method;
    if (key == "params")
        return Params;
    if (key == "result")
        return ResultMember;
    if (key == "error")
        return ErrorMember;
    return 0;
}

//! The error object as it came; what is missing or of a wrong type is left out: it is an error
//! anyway.
RemoteError remoteErrorOf(std::string_view text)
{
    RemoteError error;
    const QJsonValue value = RawJson{text}.toValue();
    const QJsonObject object = value.toObject();
    error.code = object.value(QStringLiteral("code")).toInt();
    error.message = object.value(QStringLiteral("message")).toString();
    error.data = object.value(QStringLiteral("data"));
    if (error.message.isEmpty() && error.code == 0)
        error.message = fromUtf8(text.substr(0, 200));
    return error;
}

} // namespace

class Decoder::Private
{
public:
    ondemand::parser parser;

    simdjson::error_code read(std::string_view text, RpcMessage &message);
    simdjson::error_code readMembers(ondemand::object object, RpcMessage &message);
    bool readId(std::string_view text, ondemand::value &value, RpcMessage &message);
    static void classify(RpcMessage &message, unsigned seen);

    static void invalid(RpcMessage &message, ErrorCode problem, QString detail)
    {
        message.kind = RpcMessage::Kind::Invalid;
        message.problem = problem;
        message.detail = std::move(detail);
    }
};

Decoder::Decoder()
    : d(std::make_unique<Private>())
{ }

Decoder::~Decoder() = default;

RpcMessage Decoder::decode(std::string_view text)
{
    RpcMessage message;
    if (const auto error = d->read(text, message)) {
        message.method = {};
        message.payload = {};
        Private::invalid(message, ErrorCode::InvalidJson,
                         QString::fromUtf8(simdjson::error_message(error)));
    }
    if (text.size() > KeptCapacity)
        d->parser = ondemand::parser();
    return message;
}

simdjson::error_code Decoder::Private::read(std::string_view text, RpcMessage &message)
{
    ondemand::document document;
    if (const auto error = parser
                               .iterate(simdjson::padded_string_view(text.data(), text.size(),
                                                                     text.size() + MessagePadding))
                               .get(document))
        return error;
    ondemand::json_type type{};
    if (const auto error = document.type().get(type))
        return error;
    if (type != ondemand::json_type::object) {
        if (RawJson{text}.toValue().isUndefined())
            return simdjson::TAPE_ERROR;
        invalid(message, ErrorCode::ProtocolViolation,
                type == ondemand::json_type::array ? QStringLiteral("batches are not supported")
                                                   : QStringLiteral("not an object"));
        return simdjson::SUCCESS;
    }
    ondemand::object object;
    if (const auto error = document.get_object().get(object))
        return error;
    if (const auto error = readMembers(object, message))
        return error;
    // Something behind the object?
    const char *rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS)
        return simdjson::TRAILING_CONTENT;
    return simdjson::SUCCESS;
}

simdjson::error_code Decoder::Private::readMembers(ondemand::object object, RpcMessage &message)
{
    unsigned seen = 0;
    QString wrong; // the first thing that is JSON but not JSON-RPC
    for (auto item : object) {
        ondemand::field field;
        if (const auto error = std::move(item).get(field))
            return error;
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key))
            return error;
        const unsigned member = memberOf(key);
        if (member == 0)
            continue;
        if (seen & member) {
            if (wrong.isEmpty())
                wrong = QStringLiteral("duplicate \"%1\"").arg(fromUtf8(key));
            continue;
        }
        seen |= member;
        simdjson::error_code error = simdjson::SUCCESS;
        ondemand::value value = field.value();
        const std::string_view text = rawText(value, error);
        if (error)
            return error;
        if (!isContainer(text) && member != Method && member != Version && !isScalar(text))
            return simdjson::TAPE_ERROR;
        switch (member) {
        case Version:
            if (text != "\"2.0\"" && wrong.isEmpty())
                wrong = QStringLiteral("\"jsonrpc\" is not \"2.0\"");
            break;
        case Id:
            if (!readId(text, value, message) && wrong.isEmpty())
                wrong = QStringLiteral("the id is neither a string nor a whole number");
            break;
        case Method:
            if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
                if (wrong.isEmpty())
                    wrong = QStringLiteral("the method is not a string");
            } else if (text.find('\\') == std::string_view::npos) {
                message.method = text.substr(1, text.size() - 2);
            } else {
                std::string_view unescaped;
                if (const auto bad = value.get_string().get(unescaped))
                    return bad;
                message.unescapedMethod =
                    QByteArray(unescaped.data(), static_cast<qsizetype>(unescaped.size()));
                message.method = {message.unescapedMethod.constData(), unescaped.size()};
            }
            break;
        case Params:
            if (!isContainer(text) && text != "null" && wrong.isEmpty())
                wrong = QStringLiteral("the params are neither an object nor an array");
            else if (text != "null")
                message.payload.text = text;
            break;
        case ResultMember:
            message.payload.text = text;
            break;
        case ErrorMember:
            message.error = remoteErrorOf(text);
            break;
        default:
            break;
        }
    }
    if (!wrong.isEmpty()) {
        message.looksLikeResponse = !(seen & Method) && (seen & (ResultMember | ErrorMember));
        invalid(message, ErrorCode::ProtocolViolation, wrong);
    } else {
        classify(message, seen);
    }
    return simdjson::SUCCESS;
}

bool Decoder::Private::readId(std::string_view text, ondemand::value &value, RpcMessage &message)
{
    if (text == "null")
        return true; // an answer to what could not be read
    if (text.front() == '"') {
        std::string_view id;
        if (value.get_string().get(id))
            return false;
        message.id = fromUtf8(id);
        return true;
    }
    std::int64_t number = 0;
    if (isContainer(text) || value.get_int64().get(number))
        return false;
    message.id = static_cast<qint64>(number);
    return true;
}

void Decoder::Private::classify(RpcMessage &message, unsigned seen)
{
    const bool hasId = !std::holds_alternative<std::monostate>(message.id);
    const bool response = seen & (ResultMember | ErrorMember);
    message.looksLikeResponse = response && !(seen & Method);
    if (!(seen & Version))
        return invalid(message, ErrorCode::ProtocolViolation, QStringLiteral("no \"jsonrpc\""));
    if (seen & Method) {
        if (response)
            return invalid(message, ErrorCode::ProtocolViolation,
                           QStringLiteral("both a method and an answer"));
        if ((seen & Id) && !hasId)
            return invalid(message, ErrorCode::ProtocolViolation,
                           QStringLiteral("a request with the id null"));
        message.kind = hasId ? RpcMessage::Kind::Request : RpcMessage::Kind::Notification;
        return;
    }
    if (!response || !(seen & Id))
        return invalid(message, ErrorCode::ProtocolViolation,
                       QStringLiteral("neither a request nor an answer"));
    if ((seen & ResultMember) && (seen & ErrorMember))
        return invalid(message, ErrorCode::ProtocolViolation,
                       QStringLiteral("both a result and an error"));
    message.kind = RpcMessage::Kind::Response;
}

QByteArray encodeValue(const QJsonValue &value)
{
    if (value.isObject())
        return QJsonDocument(value.toObject()).toJson(QJsonDocument::Compact);
    if (value.isUndefined())
        return QByteArrayLiteral("null");
    const QByteArray array = QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact);
    return array.mid(1, array.size() - 2);
}

namespace {

QByteArray encodeId(const RpcId &id)
{
    if (const auto *number = std::get_if<qint64>(&id))
        return QByteArray::number(*number);
    if (const auto *text = std::get_if<QString>(&id))
        return encodeValue(*text);
    return QByteArrayLiteral("null");
}

QByteArray encoded(const QByteArray &id, const QString &method, const QJsonObject &params)
{
    const QByteArray body = QJsonDocument(params).toJson(QJsonDocument::Compact);
    QByteArray text;
    text.reserve(body.size() + method.size() + 64);
    text += "{\"jsonrpc\":\"2.0\",";
    if (!id.isEmpty())
        text += "\"id\":" + id + ',';
    text += "\"method\":" + encodeValue(method) + ",\"params\":" + body + '}';
    return text;
}

} // namespace

QByteArray encodeRequest(const RpcId &id, const QString &method, const QJsonObject &params)
{
    return encoded(encodeId(id), method, params);
}

QByteArray encodeNotification(const QString &method, const QJsonObject &params)
{
    return encoded({}, method, params);
}

QByteArray encodeResult(const RpcId &id, const QJsonValue &result)
{
    return "{\"jsonrpc\":\"2.0\",\"id\":" + encodeId(id) + ",\"result\":" + encodeValue(result)
        + '}';
}

QByteArray encodeError(const RpcId &id, int code, const QString &message)
{
    return "{\"jsonrpc\":\"2.0\",\"id\":" + encodeId(id) + ",\"error\":{\"code\":"
        + QByteArray::number(code) + ",\"message\":" + encodeValue(message) + "}}";
}

} // namespace pilotlight
