// SPDX-License-Identifier: MIT
#include "agent/copilotevents.h"

#include "agent/copilotevents_p.h"
#include "base/logging.h"
#include "transport/transport.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <simdjson.h>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;
namespace ondemand = simdjson::ondemand;

static_assert(MessagePadding >= simdjson::SIMDJSON_PADDING);

namespace {

using Kind = CopilotEventKind;

QString toQString(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

std::optional<QJsonObject> parseObject(std::string_view json)
{
    const QJsonDocument document = QJsonDocument::fromJson(
        QByteArray::fromRawData(json.data(), static_cast<qsizetype>(json.size())));
    if (!document.isObject())
        return std::nullopt;
    return document.object();
}

//! The event on one line. \a json may be empty.
QByteArray kept(const QJsonObject &object, std::string_view json)
{
    // A message brings the whole contents of attached pictures along.
    constexpr std::size_t MuchForAMessage = 64 * 1024;
    const bool heavy =
        json.size() > MuchForAMessage && object.value("type"_L1).toString() == "user.message"_L1;
    if (!heavy && !json.empty() && json.find('\n') == std::string_view::npos)
        return QByteArray(json.data(), static_cast<qsizetype>(json.size()));
    QJsonObject lean = object;
    if (heavy) {
        QJsonObject data = lean.value("data"_L1).toObject();
        QJsonArray attachments = data.value("attachments"_L1).toArray();
        for (qsizetype i = 0; i < attachments.size(); ++i) {
            QJsonObject attachment = attachments[i].toObject();
            attachment.remove("data"_L1);
            attachments[i] = attachment;
        }
        data.insert("attachments"_L1, attachments);
        lean.insert("data"_L1, data);
    }
    return QJsonDocument(lean).toJson(QJsonDocument::Compact);
}

//! Reads `"...":"value"` parts of JSON text whose shape is known, character by character. Whatever
//! is not exactly as expected makes it fail, and the caller parses properly.
class PrefixReader
{
public:
    explicit PrefixReader(std::string_view text)
        : m_text(text)
    { }

    bool literal(std::string_view expected)
    {
        if (m_text.substr(m_position, expected.size()) != expected)
            return false;
        m_position += expected.size();
        return true;
    }
    //! The inside of a string without escapes, up to its closing quote.
    bool plainString(std::string_view &value)
    {
        // By hand: find_first_of() calls memchr for each character (a quarter of the whole time).
        std::size_t end = m_position;
        while (end < m_text.size() && m_text[end] != '"' && m_text[end] != '\\')
            ++end;
        if (end == m_text.size() || m_text[end] == '\\')
            return false;
        value = m_text.substr(m_position, end - m_position);
        m_position = end + 1;
        return true;
    }
    std::size_t position() const { return m_position; }

private:
    std::string_view m_text;
    std::size_t m_position = 0;
};

} // namespace

class CopilotEventDecoder::Private
{
public:
    //! A string that comes again and again (ids): made once, then shared.
    struct Repeated
    {
        QByteArray utf8;
        QString text;

        const QString &take(std::string_view value)
        {
            if (std::string_view(utf8.constData(), static_cast<std::size_t>(utf8.size()))
                != value) {
                utf8 = QByteArray(value.data(), static_cast<qsizetype>(value.size()));
                text = toQString(value);
            }
            return text;
        }
    };

    bool decodeFast(Kind kind, std::string_view json, AgentEvent &event);
    Outcome decodeSlow(const QJsonObject &object, std::string_view json, AgentEvent &event);
    bool readData(Kind kind, ondemand::object data, AgentEvent &event);
    void noteUnknown(const QByteArray &type);

    ondemand::parser parser;
    ondemand::parser listParser;
    Repeated sessionId;
    Repeated subjectId; // message, reasoning or tool call
    Repeated agentId;
    QSet<QByteArray> unknownTypes;
};

CopilotEventDecoder::CopilotEventDecoder()
    : d(std::make_unique<Private>())
{ }

CopilotEventDecoder::~CopilotEventDecoder() = default;

CopilotEventDecoder::Outcome CopilotEventDecoder::decode(RawJson params, QString &sessionId,
                                                         AgentEvent &event)
{
    // The server writes {"sessionId":"...","event":{...}}: no parser is needed to find the event.
    PrefixReader reader(params.text);
    std::string_view session;
    if (reader.literal("{\"sessionId\":\"") && reader.plainString(session)
        && reader.literal(",\"event\":") && params.text.back() == '}') {
        const std::size_t begin = reader.position();
        const Outcome outcome =
            decodeEvent(params.text.substr(begin, params.text.size() - begin - 1), event);
        if (outcome != Outcome::Invalid) {
            if (outcome == Outcome::Event)
                sessionId = d->sessionId.take(session);
            return outcome;
        }
    }
    const QJsonObject object = parseObject(params.text).value_or(QJsonObject());
    const QString id = object.value("sessionId"_L1).toString();
    if (id.isEmpty() || !object.value("event"_L1).isObject()) {
        qCWarning(lcAgent).noquote()
            << "event without a session or content, bytes=" << params.text.size();
        return Outcome::Invalid;
    }
    const Outcome outcome = d->decodeSlow(object.value("event"_L1).toObject(), {}, event);
    if (outcome == Outcome::Event)
        sessionId = id;
    else if (outcome == Outcome::Invalid)
        qCWarning(lcAgent).noquote() << "event without a type";
    return outcome;
}

CopilotEventDecoder::Outcome CopilotEventDecoder::decodeEvent(std::string_view json,
                                                              AgentEvent &event)
{
    PrefixReader reader(json);
    std::string_view type;
    if (reader.literal("{\"type\":\"") && reader.plainString(type)) {
        const Kind kind = copilotEventKind(type);
        if (kind == Kind::Skip)
            return Outcome::Skipped;
        if (isFrequent(kind) && d->decodeFast(kind, json, event))
            return Outcome::Event;
    }
    const std::optional<QJsonObject> object = parseObject(json);
    if (!object)
        return Outcome::Invalid;
    return d->decodeSlow(*object, json, event);
}

bool CopilotEventDecoder::Private::decodeFast(Kind kind, std::string_view json, AgentEvent &event)
{
    ondemand::document document;
    const simdjson::padded_string_view padded(json.data(), json.size(),
                                              json.size() + simdjson::SIMDJSON_PADDING);
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS)
        return false;
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS)
        return false;

    event.meta = EventMeta{};
    bool haveData = false;
    for (auto field : object) {
        std::string_view key;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS)
            return false;
        if (key == "data") {
            ondemand::object data;
            if (field.value().get_object().get(data) != simdjson::SUCCESS
                || !readData(kind, data, event))
                return false;
            haveData = true;
        } else if (key == "id" || key == "timestamp" || key == "agentId") {
            std::string_view value;
            if (field.value().get_string().get(value) != simdjson::SUCCESS)
                return false;
            if (key == "id")
                event.meta.id = QByteArray(value.data(), static_cast<qsizetype>(value.size()));
            else if (key == "timestamp")
                event.meta.time = parseTimestamp(value);
            else
                event.meta.agentId = agentId.take(value);
        } else if (key == "ephemeral") {
            if (field.value().get_bool().get(event.meta.ephemeral) != simdjson::SUCCESS)
                return false;
        }
    }
    return haveData;
}

bool CopilotEventDecoder::Private::readData(Kind kind, ondemand::object data, AgentEvent &event)
{
    const bool message = kind == Kind::MessageDelta;
    const bool reasoning = kind == Kind::ReasoningDelta;
    const std::string_view idKey = message ? "messageId" : reasoning ? "reasoningId" : "toolCallId";
    const std::string_view textKey = message || reasoning ? "deltaContent"
        : kind == Kind::ShellOutput                       ? "text"
                                                          : "partialOutput";
    QString id;
    QString text;
    bool haveText = false;
    for (auto field : data) {
        std::string_view key;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS)
            return false;
        if (key != idKey && key != textKey)
            continue;
        std::string_view value;
        // A lone surrogate fails here; Qt's parser takes it.
        if (field.value().get_string().get(value) != simdjson::SUCCESS)
            return false;
        if (key == idKey) {
            id = subjectId.take(value);
        } else {
            text = toQString(value);
            haveText = true;
        }
    }
    if (!haveText || id.isEmpty())
        return false;
    if (message)
        event.data = MessageDelta{std::move(id), std::move(text)};
    else if (reasoning)
        event.data = ReasoningDelta{std::move(id), std::move(text)};
    else
        event.data = ToolOutput{std::move(id), std::move(text), kind == Kind::ShellOutput};
    return true;
}

//! \a json: the same as text, where there is one.
CopilotEventDecoder::Outcome CopilotEventDecoder::Private::decodeSlow(const QJsonObject &object,
                                                                      std::string_view json,
                                                                      AgentEvent &event)
{
    const QByteArray type = object.value("type"_L1).toString().toUtf8();
    if (type.isEmpty())
        return Outcome::Invalid;
    const std::string_view view(type.constData(), static_cast<std::size_t>(type.size()));
    const Kind kind = copilotEventKind(view);
    if (kind == Kind::Skip)
        return Outcome::Skipped;
    const QJsonObject data = object.value("data"_L1).toObject();
    std::optional<EventData> decoded = decodeEventData(kind, data);
    if (!decoded)
        return Outcome::Skipped;
    if (kind == Kind::Unknown) {
        noteUnknown(type);
        decoded = UnknownEvent{QString::fromUtf8(type), data};
    }

    event.meta.id = object.value("id"_L1).toString().toLatin1();
    const QByteArray time = object.value("timestamp"_L1).toString().toLatin1();
    event.meta.time = parseTimestamp({time.constData(), static_cast<std::size_t>(time.size())});
    event.meta.agentId = object.value("agentId"_L1).toString();
    event.meta.ephemeral = object.value("ephemeral"_L1).toBool();
    event.meta.raw = isWorthKeeping(kind, event.meta.ephemeral) ? kept(object, json) : QByteArray();
    event.data = std::move(*decoded);
    return Outcome::Event;
}

void CopilotEventDecoder::Private::noteUnknown(const QByteArray &type)
{
    // A new server may send thousands of a new type; the set is bounded against an evil one.
    constexpr qsizetype MaxNoted = 256;
    if (unknownTypes.contains(type) || unknownTypes.size() >= MaxNoted) {
        qCDebug(lcAgent).noquote() << "unknown event" << type;
        return;
    }
    unknownTypes.insert(type);
    qCInfo(lcAgent).noquote() << "unknown event" << type << "(kept; later ones at debug level)";
}

QList<AgentEvent> CopilotEventDecoder::decodeList(RawJson result)
{
    QList<AgentEvent> events;
    if (result.isEmpty())
        return events;
    const std::string_view text = result.text;
    const simdjson::padded_string_view padded(text.data(), text.size(),
                                              text.size() + simdjson::SIMDJSON_PADDING);
    ondemand::document document;
    ondemand::array array;
    if (d->listParser.iterate(padded).get(document) != simdjson::SUCCESS
        || document["events"].get_array().get(array) != simdjson::SUCCESS)
        return events;
    for (auto element : array) {
        ondemand::object object;
        std::string_view json;
        if (element.get_object().get(object) != simdjson::SUCCESS
            || object.raw_json().get(json) != simdjson::SUCCESS)
            break; // broken JSON: nothing after it can be trusted
        AgentEvent event;
        switch (decodeEvent(json, event)) {
        case Outcome::Event:
            events.append(std::move(event));
            break;
        case Outcome::Invalid:
            qCWarning(lcAgent).noquote() << "unreadable event in a history, bytes=" << json.size();
            break;
        case Outcome::Skipped:
            break;
        }
    }
    return events;
}

CopilotEventDecoder::Outcome CopilotEventDecoder::decodeKept(QByteArrayView raw, AgentEvent &event)
{
    const std::string_view json(raw.data(), static_cast<std::size_t>(raw.size()));
    const auto object = parseObject(json);
    return object ? d->decodeSlow(*object, json, event) : Outcome::Invalid;
}

PermissionRequested CopilotEventDecoder::permissionRequest(const QString &requestId,
                                                           const QJsonObject &prompt)
{
    return decodePermissionPrompt(requestId, prompt);
}

} // namespace pilotlight
