// SPDX-License-Identifier: MIT
#include "session/outbox.h"

#include "base/keptfile.h"
#include "base/logging.h"
#include "session/sessionjson.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSaveFile>

#include <algorithm>

namespace pilotlight {

namespace {

constexpr int OutboxSchema = 1;
// A journal of fewer lines is not worth writing anew.
constexpr int FewLines = 200;

const QString SchemaKey = QStringLiteral("schema");
const QString PutKey = QStringLiteral("put");
const QString RemoveKey = QStringLiteral("remove");
const QString OrderKey = QStringLiteral("order");

constexpr std::pair<OutboxEntry::State, const char *> States[] = {
    {OutboxEntry::State::Queued, "queued"},
    {OutboxEntry::State::Sent, "sent"},
    {OutboxEntry::State::Accepted, "accepted"}};

QByteArray line(const QJsonObject &record)
{
    return QJsonDocument(record).toJson(QJsonDocument::Compact) + '\n';
}

QJsonObject toJson(const OutboxEntry &entry)
{
    QString state;
    for (const auto &[value, name] : States) {
        if (entry.state == value)
            state = QLatin1String(name);
    }
    return {{QStringLiteral("id"), entry.prompt.id},
            {QStringLiteral("session"), entry.sessionId},
            {QStringLiteral("prompt"), promptToJson(entry.prompt)},
            {QStringLiteral("state"), state},
            {QStringLiteral("messageId"), entry.messageId},
            {QStringLiteral("sent"), entry.sent.toUTC().toString(Qt::ISODateWithMs)},
            {QStringLiteral("earlier"), entry.earlier},
            {QStringLiteral("attempts"), entry.attempts}};
}

std::optional<OutboxEntry> fromJson(const QJsonObject &object)
{
    OutboxEntry entry;
    const QString id = object.value(QStringLiteral("id")).toString();
    entry.sessionId = object.value(QStringLiteral("session")).toString();
    bool damaged = id.isEmpty() || entry.sessionId.isEmpty();
    const auto prompt = promptFromJson(object.value(QStringLiteral("prompt")), damaged);
    const QString state = object.value(QStringLiteral("state")).toString();
    const auto known = std::find_if(std::begin(States), std::end(States), [&](const auto &pair) {
        return state == QLatin1String(pair.second);
    });
    if (damaged || !prompt || known == std::end(States))
        return std::nullopt;
    entry.prompt = *prompt;
    entry.prompt.id = id;
    entry.state = known->first;
    entry.messageId = object.value(QStringLiteral("messageId")).toString();
    entry.sent =
        QDateTime::fromString(object.value(QStringLiteral("sent")).toString(), Qt::ISODateWithMs);
    entry.earlier = object.value(QStringLiteral("earlier")).toInt(-1);
    entry.attempts = object.value(QStringLiteral("attempts")).toInt();
    return entry;
}

} // namespace

class Outbox::File
{
public:
    QFile journal;
    int lines = 0;
    bool readOnly = false;
    bool behind = false; //!< the file lacks something that is in memory
};

Outbox::Outbox(QString path, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_path(std::move(path))
    , m_clock(clock)
    , m_file(std::make_unique<File>())
{
    m_file->journal.setFileName(m_path);
}

Outbox::~Outbox() = default;

void Outbox::load()
{
    QFile file(m_path);
    if (m_path.isEmpty() || !file.exists())
        return;
    if (!file.open(QIODevice::ReadOnly)) {
        m_file->readOnly = true;
        tell("outbox-unreadable", m_path, file.errorString());
        return;
    }
    QByteArray bytes = file.readAll();
    const bool complete = file.error() == QFileDevice::NoError;
    const QString reason = file.errorString();
    file.close();
    if (!complete) {
        m_file->readOnly = true;
        tell("outbox-unreadable", m_path, reason);
        return;
    }
    // Behind the last line end is what a crash cut short: its put() has never returned.
    const bool cut = !bytes.isEmpty() && !bytes.endsWith('\n');
    bytes.truncate(bytes.lastIndexOf('\n') + 1);
    int damaged = 0;
    double schema = OutboxSchema;
    const QList<QByteArray> lines = bytes.split('\n');
    for (const QByteArray &text : lines) {
        if (text.isEmpty())
            continue;
        ++m_file->lines;
        const QJsonObject record = QJsonDocument::fromJson(text).object();
        if (record.contains(SchemaKey))
            schema = std::max(schema, record.value(SchemaKey).toDouble());
        else if (!apply(record))
            ++damaged;
    }
    if (schema > OutboxSchema) {
        m_file->readOnly = true;
        tell("outbox-newer", m_path, QString::number(schema));
        return;
    }
    if (damaged > 0) {
        const QString kept = keepAside(m_path, m_clock.wallNow(), false);
        m_file->readOnly = kept.isEmpty();
        tell("outbox-damaged", kept.isEmpty() ? m_path : kept, QString::number(damaged));
    }
    if (!m_file->readOnly && (cut || damaged > 0 || m_file->lines > m_entries.size() + FewLines))
        rewrite();
    if (!m_entries.isEmpty())
        qCInfo(lcStore).noquote() << "outbox: prompts that wait:" << m_entries.size();
}

//! One line of the journal. False where it makes no sense.
bool Outbox::apply(const QJsonObject &record)
{
    const auto find = [this](const QString &id) {
        return std::find_if(m_entries.begin(), m_entries.end(),
                            [&](const OutboxEntry &entry) { return entry.prompt.id == id; });
    };
    if (const QJsonValue put = record.value(PutKey); put.isObject()) {
        const auto entry = fromJson(put.toObject());
        if (!entry)
            return false;
        if (const auto known = find(entry->prompt.id); known != m_entries.end())
            *known = *entry;
        else
            m_entries.append(*entry);
        return true;
    }
    if (const QJsonValue remove = record.value(RemoveKey); remove.isString()) {
        if (const auto known = find(remove.toString()); known != m_entries.end())
            m_entries.erase(known);
        return true;
    }
    if (const QJsonValue order = record.value(OrderKey); order.isArray()) {
        QList<qsizetype> places;
        QList<OutboxEntry> moved;
        const QJsonArray ids = order.toArray();
        for (const QJsonValue &id : ids) {
            const auto known = find(id.toString());
            if (known == m_entries.end() || places.contains(known - m_entries.begin()))
                return false;
            places.append(known - m_entries.begin());
            moved.append(*known);
        }
        std::sort(places.begin(), places.end());
        for (qsizetype i = 0; i < places.size(); ++i)
            m_entries[places[i]] = moved[i];
        return true;
    }
    return false;
}

bool Outbox::put(const OutboxEntry &entry)
{
    return append({{PutKey, toJson(entry)}});
}

bool Outbox::remove(const QString &id)
{
    const bool known = std::any_of(m_entries.cbegin(), m_entries.cend(),
                                   [&](const OutboxEntry &entry) { return entry.prompt.id == id; });
    return !known || append({{RemoveKey, id}});
}

bool Outbox::reorder(const QStringList &ids)
{
    return append({{OrderKey, QJsonArray::fromStringList(ids)}});
}

bool Outbox::append(const QJsonObject &record)
{
    apply(record);
    if (m_path.isEmpty() || m_file->readOnly)
        return m_path.isEmpty();
    if (m_file->behind || m_file->lines > 4 * m_entries.size() + FewLines || !QFile::exists(m_path))
        return rewrite();
    QFile &journal = m_file->journal;
    if (!journal.isOpen() && !journal.open(QIODevice::WriteOnly | QIODevice::Append)) {
        m_file->behind = true;
        tell("outbox-unwritable", m_path, journal.errorString());
        return false;
    }
    const QByteArray text = line(record);
    if (journal.write(text) != text.size() || !syncToDisk(journal)) {
        m_file->behind = true;
        tell("outbox-unwritable", m_path, journal.errorString());
        journal.close();
        return false;
    }
    ++m_file->lines;
    return true;
}

//! The whole file anew, without what is over.
bool Outbox::rewrite()
{
    m_file->journal.close();
    QDir().mkpath(QFileInfo(m_path).absolutePath());
    QSaveFile file(m_path);
    bool ok = file.open(QIODevice::WriteOnly) && file.setPermissions(PrivateFile);
    QByteArray text = line({{SchemaKey, OutboxSchema}});
    for (const OutboxEntry &entry : std::as_const(m_entries))
        text += line({{PutKey, toJson(entry)}});
    ok = ok && file.write(text) == text.size() && commitWhole(file); // which syncs
    if (!ok && !std::exchange(m_file->behind, true))
        tell("outbox-unwritable", m_path, file.errorString());
    if (ok) {
        if (std::exchange(m_file->behind, false)) {
            qCInfo(lcStore).noquote() << "outbox written again";
            Q_EMIT noticed(QStringLiteral("outbox-written"), m_path, {});
        }
        m_file->lines = static_cast<int>(m_entries.size()) + 1;
    }
    return ok;
}

void Outbox::tell(const char *code, const QString &path, const QString &detail)
{
    qCWarning(lcStore).noquote()
        << QStringLiteral("%1 path=\"%2\" detail=\"%3\"").arg(QLatin1String(code), path, detail);
    Q_EMIT noticed(QLatin1String(code), path, detail);
}

} // namespace pilotlight
