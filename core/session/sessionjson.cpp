// SPDX-License-Identifier: MIT
#include "session/sessionjson.h"

#include <QJsonArray>

#include <iterator>

namespace pilotlight {

namespace {

// Reads members of one object and remembers whether any of them was unusable.
class Reader
{
public:
    explicit Reader(const QJsonObject &object)
        : m_object(object)
    { }

    bool damaged = false;

    QString string(const QString &key)
    {
        const QJsonValue value = m_object.value(key);
        damaged = damaged || !(value.isUndefined() || value.isString());
        return value.toString();
    }
    bool boolean(const QString &key, bool fallback)
    {
        const QJsonValue value = m_object.value(key);
        damaged = damaged || !(value.isUndefined() || value.isBool());
        return value.toBool(fallback);
    }
    QDateTime time(const QString &key)
    {
        const QString text = string(key);
        if (text.isEmpty())
            return {};
        const QDateTime time = QDateTime::fromString(text, Qt::ISODateWithMs);
        damaged = damaged || !time.isValid();
        return time.toUTC();
    }
    template <typename Enum, std::size_t Count>
    Enum word(const QString &key, const std::pair<const char *, Enum> (&words)[Count])
    {
        const QString text = string(key);
        for (const auto &[name, value] : words) {
            if (text == QLatin1String(name))
                return value;
        }
        damaged = damaged || !text.isEmpty();
        return words[0].second;
    }
    QJsonArray array(const QString &key)
    {
        const QJsonValue value = m_object.value(key);
        damaged = damaged || !(value.isUndefined() || value.isArray());
        return value.toArray();
    }
    std::optional<QJsonObject> object(const QString &key)
    {
        const QJsonValue value = m_object.value(key);
        damaged = damaged || !(value.isUndefined() || value.isObject());
        return value.isObject() ? std::optional(value.toObject()) : std::nullopt;
    }

private:
    const QJsonObject &m_object;
};

constexpr std::pair<const char *, AgentMode> Modes[] = {
    {"interactive", AgentMode::Interactive},
    {"plan", AgentMode::Plan},
    {"autopilot", AgentMode::Autopilot},
};
constexpr std::pair<const char *, Delivery> Deliveries[] = {
    {"enqueue", Delivery::Enqueue},
    {"immediate", Delivery::Immediate},
};
constexpr std::pair<const char *, Attachment::Kind> Kinds[] = {
    {"file", Attachment::Kind::File},
    {"directory", Attachment::Kind::Directory},
};

constexpr std::pair<const char *, ParkPolicy> ParkPolicies[] = {
    {"auto", ParkPolicy::Auto},
    {"always-loaded", ParkPolicy::AlwaysLoaded},
};

template <typename Enum, std::size_t Count>
QString nameOf(Enum value, const std::pair<const char *, Enum> (&words)[Count])
{
    for (const auto &[name, candidate] : words) {
        if (candidate == value)
            return QLatin1String(name);
    }
    return QLatin1String(words[0].first);
}

QString timeText(const QDateTime &time)
{
    return time.isValid() ? time.toUTC().toString(Qt::ISODateWithMs) : QString();
}

} // namespace

std::optional<Prompt> promptFromJson(const QJsonValue &value, bool &damaged)
{
    if (!value.isObject()) {
        damaged = true;
        return std::nullopt;
    }
    const QJsonObject object = value.toObject();
    Reader reader(object);
    Prompt prompt;
    prompt.text = reader.string(QStringLiteral("text"));
    prompt.delivery = reader.word(QStringLiteral("delivery"), Deliveries);
    for (const QJsonValue &entry : reader.array(QStringLiteral("attachments"))) {
        const QJsonObject attachment = entry.toObject();
        Reader inner(attachment);
        Attachment result;
        result.kind = inner.word(QStringLiteral("kind"), Kinds);
        result.path = inner.string(QStringLiteral("path"));
        damaged = damaged || inner.damaged || result.path.isEmpty();
        if (!result.path.isEmpty())
            prompt.attachments.append(result);
    }
    damaged = damaged || reader.damaged;
    return prompt;
}

QJsonObject promptToJson(const Prompt &prompt)
{
    QJsonArray attachments;
    for (const Attachment &attachment : prompt.attachments) {
        attachments.append(QJsonObject{{QStringLiteral("kind"), nameOf(attachment.kind, Kinds)},
                                       {QStringLiteral("path"), attachment.path}});
    }
    return {{QStringLiteral("text"), prompt.text},
            {QStringLiteral("delivery"), nameOf(prompt.delivery, Deliveries)},
            {QStringLiteral("attachments"), attachments}};
}

std::optional<ReadSession> sessionFromJson(const QJsonValue &value)
{
    const QJsonObject object = value.toObject();
    Reader reader(object);
    ReadSession result;
    StoredSession &session = result.session;
    SessionConfig &config = session.config;
    config.id = reader.string(QStringLiteral("id"));
    if (config.id.isEmpty())
        return std::nullopt;
    config.name = reader.string(QStringLiteral("name"));
    config.model = reader.string(QStringLiteral("model"));
    config.workingDirectory = reader.string(QStringLiteral("workingDirectory"));
    config.systemMessage = reader.string(QStringLiteral("systemMessage"));
    config.mode = reader.word(QStringLiteral("mode"), Modes);
    config.streaming = reader.boolean(QStringLiteral("streaming"), true);
    if (const auto provider = reader.object(QStringLiteral("provider"))) {
        Reader inner(*provider);
        ProviderConfig p;
        p.type = inner.string(QStringLiteral("type"));
        p.wireApi = inner.string(QStringLiteral("wireApi"));
        p.baseUrl = inner.string(QStringLiteral("baseUrl"));
        config.provider = p;
        reader.damaged = reader.damaged || inner.damaged;
    }
    session.created = reader.time(QStringLiteral("created"));
    session.lastActivity = reader.time(QStringLiteral("lastActivity"));
    session.durable = reader.boolean(QStringLiteral("durable"), false);
    session.draft = reader.string(QStringLiteral("draft"));
    session.title = reader.string(QStringLiteral("title"));
    if (const QString backend = reader.string(QStringLiteral("backend")); !backend.isEmpty())
        session.backendId = backend;
    session.parkPolicy = reader.word(QStringLiteral("keepLoaded"), ParkPolicies);
    session.parked = reader.boolean(QStringLiteral("parked"), false);
    for (const QJsonValue &entry : reader.array(QStringLiteral("queue"))) {
        if (const auto prompt = promptFromJson(entry, reader.damaged))
            session.queue.append(*prompt);
    }
    result.damaged = reader.damaged;
    const QJsonObject known = sessionToJson(session, {});
    for (auto it = object.begin(); it != object.end(); ++it) {
        if (!known.contains(it.key()) && it.key() != QLatin1String("provider"))
            session.unknown.insert(it.key(), it.value());
    }
    return result;
}

QJsonObject sessionToJson(const StoredSession &session, const QJsonObject &raw)
{
    const SessionConfig &config = session.config;
    QJsonObject object = raw;
    for (auto it = session.unknown.begin(); it != session.unknown.end(); ++it)
        object.insert(it.key(), it.value());
    object.insert(QStringLiteral("id"), config.id);
    object.insert(QStringLiteral("name"), config.name);
    object.insert(QStringLiteral("model"), config.model);
    object.insert(QStringLiteral("workingDirectory"), config.workingDirectory);
    object.insert(QStringLiteral("systemMessage"), config.systemMessage);
    object.insert(QStringLiteral("mode"), nameOf(config.mode, Modes));
    object.insert(QStringLiteral("streaming"), config.streaming);
    if (config.provider) {
        QJsonObject provider = raw.value(QStringLiteral("provider")).toObject();
        provider.insert(QStringLiteral("type"), config.provider->type);
        provider.insert(QStringLiteral("wireApi"), config.provider->wireApi);
        provider.insert(QStringLiteral("baseUrl"), config.provider->baseUrl);
        provider.remove(QStringLiteral("apiKey"));
        object.insert(QStringLiteral("provider"), provider);
    } else {
        object.remove(QStringLiteral("provider"));
    }
    object.insert(QStringLiteral("created"), timeText(session.created));
    object.insert(QStringLiteral("lastActivity"), timeText(session.lastActivity));
    object.insert(QStringLiteral("durable"), session.durable);
    object.insert(QStringLiteral("draft"), session.draft);
    object.insert(QStringLiteral("title"), session.title);
    object.insert(QStringLiteral("backend"), session.backendId);
    object.insert(QStringLiteral("keepLoaded"), nameOf(session.parkPolicy, ParkPolicies));
    object.insert(QStringLiteral("parked"), session.parked);
    QJsonArray queue;
    for (const Prompt &prompt : session.queue)
        queue.append(promptToJson(prompt));
    object.insert(QStringLiteral("queue"), queue);
    return object;
}

} // namespace pilotlight
