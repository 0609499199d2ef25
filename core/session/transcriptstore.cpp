// SPDX-License-Identifier: MIT
#include "session/transcriptstore.h"

#include "agent/copilotevents.h"
#include "base/keptfile.h"
#include "base/logging.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <QUrl>

#include <algorithm>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

using namespace std::chrono_literals;

constexpr int TranscriptSchema = 1;
constexpr char TranscriptHeader[] = "{\"transcript\":1,\"kind\":\"copilot\"}\n";
// How much streamed text a crash of ours may cost, where the server dies with us.
constexpr Milliseconds TranscriptDelay = 1s;
// So much waits in memory while the disk is full.
constexpr qsizetype MostWaiting = 4 * 1024 * 1024;

// Lines: {"d":"<id>","e":<event>} durable, {"x":"<id>","e":<event>} ephemeral, {"t":{...}} text,
// {"n":{...}} a note.
constexpr QByteArrayView DurableMark = "{\"d\":\"";
constexpr QByteArrayView EphemeralMark = "{\"x\":\"";
constexpr QByteArrayView EventMark = "\",\"e\":";
constexpr QByteArrayView TextMark = "{\"t\":";
constexpr QByteArrayView NoteMark = "{\"n\":";

QByteArray compactLine(QByteArrayView mark, const QJsonObject &object)
{
    return mark.toByteArray() + QJsonDocument(object).toJson(QJsonDocument::Compact) + "}\n";
}

QJsonObject objectOf(QByteArrayView bytes)
{
    return QJsonDocument::fromJson(QByteArray::fromRawData(bytes.data(), bytes.size())).object();
}

qint64 msecsOf(const QDateTime &time)
{
    return time.isValid() ? time.toMSecsSinceEpoch() : 0;
}

QDateTime timeOf(const QJsonValue &msecs)
{
    const qint64 value = msecs.toInteger();
    return value > 0 ? QDateTime::fromMSecsSinceEpoch(value, Qt::UTC) : QDateTime();
}

} // namespace

// ---- reading

KeptTranscript KeptTranscript::parse(QByteArray bytes)
{
    KeptTranscript kept;
    bytes.truncate(bytes.lastIndexOf('\n') + 1);
    kept.m_bytes = std::move(bytes);
    const QByteArrayView all(kept.m_bytes);
    for (qsizetype begin = 0; begin < all.size();) {
        const qsizetype end = all.indexOf('\n', begin);
        const QByteArrayView text = all.sliced(begin, end - begin);
        Line line;
        line.begin = begin;
        line.length = text.size();
        begin = end + 1;
        if (text.isEmpty())
            continue;
        const bool durable = text.startsWith(DurableMark);
        if (durable || text.startsWith(EphemeralMark)) {
            const qsizetype quote = text.indexOf('"', DurableMark.size());
            if (quote <= DurableMark.size() || !text.sliced(quote).startsWith(EventMark)
                || !text.endsWith("}}")) {
                ++kept.m_damaged;
                continue;
            }
            line.kind = durable ? Line::Kind::Durable : Line::Kind::Ephemeral;
            line.id = text.sliced(DurableMark.size(), quote - DurableMark.size()).toByteArray();
        } else if (text.startsWith(TextMark)) {
            const QJsonObject object = objectOf(text).value("t"_L1).toObject();
            if (object.value("id"_L1).toString().isEmpty()) {
                ++kept.m_damaged;
                continue;
            }
            line.kind = Line::Kind::Text;
            line.id = object.value("last"_L1).toString().toLatin1();
        } else if (text.startsWith(NoteMark)) {
            line.kind = Line::Kind::Note;
        } else {
            const QJsonValue schema = objectOf(text).value("transcript"_L1);
            if (!schema.isDouble())
                ++kept.m_damaged;
            else if (schema.toDouble() > TranscriptSchema)
                kept.m_newer = true;
            continue;
        }
        kept.m_lines.append(line);
    }
    if (kept.m_newer)
        kept.m_lines.clear();
    return kept;
}

QByteArrayView KeptTranscript::bytes(qsizetype line) const
{
    return QByteArrayView(m_bytes).sliced(m_lines[line].begin, m_lines[line].length);
}

std::optional<AgentEvent> KeptTranscript::event(qsizetype index) const
{
    const Line &line = m_lines[index];
    const QByteArrayView text = bytes(index);
    AgentEvent event;
    switch (line.kind) {
    case Line::Kind::Durable:
    case Line::Kind::Ephemeral: {
        const qsizetype begin = DurableMark.size() + line.id.size() + EventMark.size();
        CopilotEventDecoder decoder; // makes nothing until it is needed
        const auto outcome = decoder.decodeKept(text.sliced(begin).chopped(1), event);
        if (outcome == CopilotEventDecoder::Outcome::Skipped) {
            event.meta.id = line.id; // another version of ours had a use for it
            event.data = UnknownEvent{};
        } else if (outcome == CopilotEventDecoder::Outcome::Invalid || event.meta.id != line.id) {
            return std::nullopt;
        }
        event.meta.ephemeral = line.kind == Line::Kind::Ephemeral;
        return event;
    }
    case Line::Kind::Text: {
        const QJsonObject object = objectOf(text).value("t"_L1).toObject();
        event.meta.ephemeral = true;
        event.meta.agentId = object.value("agent"_L1).toString();
        event.meta.time = timeOf(object.value("time"_L1));
        const QString id = object.value("id"_L1).toString();
        const QString words = object.value("text"_L1).toString();
        if (object.value("reasoning"_L1).toBool())
            event.data = ReasoningDelta{id, words};
        else
            event.data = MessageDelta{id, words};
        return event;
    }
    case Line::Kind::Note: {
        const QJsonObject object = objectOf(text).value("n"_L1).toObject();
        HistoryNote note;
        note.kind = object.value("lost"_L1).toBool() ? HistoryNote::Kind::Lost
                                                     : HistoryNote::Kind::Recovered;
        note.count = object.value("count"_L1).toInt();
        if (note.count <= 0)
            return std::nullopt;
        event.meta.time = timeOf(object.value("time"_L1));
        event.meta.ephemeral = true;
        event.data = note;
        return event;
    }
    }
    return std::nullopt;
}

QList<AgentEvent> KeptTranscript::events(int *unreadable) const
{
    QList<AgentEvent> result;
    result.reserve(m_lines.size());
    for (qsizetype i = 0; i < m_lines.size(); ++i) {
        if (const auto known = event(i))
            result.append(*known);
        else if (unreadable)
            ++*unreadable;
    }
    return result;
}

// ---- the store

TranscriptStore::TranscriptStore(QString folder, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_folder(std::move(folder))
    , m_clock(clock)
{ }

TranscriptStore::~TranscriptStore()
{
    flush();
}

QString TranscriptStore::pathOf(const QString &sessionId) const
{
    // Ids are the server's or another client's: anything may be in them.
    QString name = QString::fromLatin1(QUrl::toPercentEncoding(sessionId));
    if (name.size() > 120 || name.startsWith(u'.'))
        name = QString::fromLatin1(
            QCryptographicHash::hash(sessionId.toUtf8(), QCryptographicHash::Sha256).toHex());
    return m_folder + u'/' + name + ".jsonl"_L1;
}

QByteArray TranscriptStore::readFile(const QString &sessionId)
{
    flush();
    if (m_folder.isEmpty())
        return m_memory.value(sessionId);
    QFile file(pathOf(sessionId));
    if (!file.exists())
        return {};
    QByteArray bytes;
    if (file.open(QIODevice::ReadOnly))
        bytes = file.readAll();
    if (!file.isOpen() || file.error() != QFileDevice::NoError) {
        if (!m_leftAlone.contains(sessionId))
            tell("transcript-unreadable", file.fileName(), file.errorString());
        m_leftAlone.insert(sessionId);
        return {};
    }
    return bytes;
}

KeptTranscript TranscriptStore::load(const QString &sessionId)
{
    KeptTranscript kept = KeptTranscript::parse(readFile(sessionId));
    if (kept.isNewer()) {
        if (!m_leftAlone.contains(sessionId))
            tell("transcript-newer", pathOf(sessionId), {});
        m_leftAlone.insert(sessionId);
    } else if (kept.damaged() > 0) {
        keepDamaged(sessionId, kept.damaged());
    }
    return kept;
}

QList<AgentEvent> TranscriptStore::read(const QString &sessionId)
{
    const KeptTranscript kept = load(sessionId);
    int unreadable = 0;
    QList<AgentEvent> events = kept.events(&unreadable);
    if (unreadable > 0)
        keepDamaged(sessionId, unreadable);
    return events;
}

void TranscriptStore::keepDamaged(const QString &sessionId, int count)
{
    if (m_behind.contains(sessionId))
        return; // said already; it will be written anew
    m_behind.insert(sessionId);
    const QString path = pathOf(sessionId);
    const QString copy = m_folder.isEmpty() ? QString() : keepAside(path, m_clock.wallNow(), false);
    tell("transcript-damaged", copy.isEmpty() ? path : copy, QString::number(count));
}

// ---- writing

QByteArray TranscriptStore::line(const AgentEvent &event)
{
    if (const auto *note = std::get_if<HistoryNote>(&event.data))
        return compactLine(NoteMark,
                           {{u"lost"_s, note->kind == HistoryNote::Kind::Lost},
                            {u"count"_s, note->count},
                            {u"time"_s, msecsOf(event.meta.time)}});
    const EventMeta &meta = event.meta;
    const bool plainId = !meta.id.isEmpty() && !meta.id.contains('"') && !meta.id.contains('\\');
    if (meta.raw.isEmpty() || !plainId)
        return {};
    QByteArray result;
    result.reserve(meta.raw.size() + meta.id.size() + 16);
    result += meta.ephemeral ? EphemeralMark : DurableMark;
    result += meta.id;
    result += EventMark;
    result += meta.raw;
    result += "}\n";
    return result;
}

QByteArray TranscriptStore::textLine(const Text &text)
{
    return compactLine(TextMark,
                       {{u"reasoning"_s, text.reasoning},
                        {u"id"_s, text.id},
                        {u"agent"_s, text.agentId},
                        {u"last"_s, QString::fromLatin1(text.lastDelta)},
                        {u"time"_s, msecsOf(text.time)},
                        {u"text"_s, text.text}});
}

void TranscriptStore::endTexts(Waiting &waiting)
{
    for (const Text &text : std::as_const(waiting.texts))
        waiting.lines += textLine(text);
    waiting.texts.clear();
}

void TranscriptStore::addText(Waiting &waiting, const AgentEvent &event)
{
    const auto *message = std::get_if<MessageDelta>(&event.data);
    const auto *thought = std::get_if<ReasoningDelta>(&event.data);
    const QString &id = message ? message->messageId : thought->reasoningId;
    auto known = std::find_if(waiting.texts.begin(), waiting.texts.end(), [&](const Text &text) {
        return text.id == id && text.reasoning == (thought != nullptr);
    });
    if (known == waiting.texts.end()) {
        waiting.texts.append({thought != nullptr, id, event.meta.agentId, {}, event.meta.time, {}});
        known = waiting.texts.end() - 1;
    }
    known->text += message ? message->text : thought->text;
    known->lastDelta = event.meta.id;
}

//! False where the event leaves nothing.
bool TranscriptStore::add(Waiting &waiting, const AgentEvent &event)
{
    if (std::holds_alternative<MessageDelta>(event.data)
        || std::holds_alternative<ReasoningDelta>(event.data)) {
        addText(waiting, event);
        return true;
    }
    const QByteArray bytes = line(event);
    if (bytes.isEmpty())
        return false;
    if (const auto *message = std::get_if<MessageCompleted>(&event.data)) {
        // What is final needs no pieces.
        waiting.texts.removeIf([&](const Text &text) {
            return text.agentId == event.meta.agentId
                && (text.id == message->messageId
                    || (text.reasoning && !message->reasoning.isEmpty()));
        });
    }
    endTexts(waiting);
    waiting.lines += bytes;
    return true;
}

void TranscriptStore::append(const QString &sessionId, const AgentEvent &event)
{
    Waiting &waiting = m_waiting[sessionId];
    if (!add(waiting, event)) {
        if (waiting.lines.isEmpty() && waiting.texts.isEmpty())
            m_waiting.erase(sessionId);
        return;
    }
    if (waiting.lines.size() > MostWaiting / 4 && !m_failing)
        flush();
    else if (!m_timer.isActive())
        m_timer = m_clock.after(TranscriptDelay, [this] { flush(); });
}

void TranscriptStore::replace(const QString &sessionId, const QList<AgentEvent> &events)
{
    m_waiting.erase(sessionId);
    if (m_leftAlone.contains(sessionId))
        return;
    Waiting waiting;
    for (const AgentEvent &event : events)
        add(waiting, event);
    endTexts(waiting);
    const QByteArray all = TranscriptHeader + waiting.lines;
    if (m_folder.isEmpty()) {
        m_memory[sessionId] = all;
        m_behind.remove(sessionId);
        return;
    }
    QDir().mkpath(m_folder);
    QSaveFile file(pathOf(sessionId));
    if (file.open(QIODevice::WriteOnly) && file.setPermissions(PrivateFile)
        && file.write(all) == all.size() && commitWhole(file)) {
        m_behind.remove(sessionId);
        m_checked.insert(sessionId);
        return;
    }
    m_behind.insert(sessionId);
    if (!std::exchange(m_failing, true))
        tell("transcript-unwritable", file.fileName(), file.errorString());
}

void TranscriptStore::remove(const QString &sessionId)
{
    m_waiting.erase(sessionId);
    m_memory.remove(sessionId);
    m_checked.remove(sessionId);
    m_behind.remove(sessionId);
    m_leftAlone.remove(sessionId);
    if (!m_folder.isEmpty())
        QFile::remove(pathOf(sessionId));
}

bool TranscriptStore::flush()
{
    m_timer.cancel();
    bool all = true;
    for (auto it = m_waiting.begin(); it != m_waiting.end();) {
        endTexts(it->second);
        const QByteArray &lines = it->second.lines;
        const bool written = lines.isEmpty() || write(it->first, lines);
        if (!written && lines.size() > MostWaiting) {
            m_behind.insert(it->first);
            it->second.lines.clear();
        }
        all = all && written;
        it = written ? m_waiting.erase(it) : std::next(it);
    }
    if (all && std::exchange(m_failing, false))
        qCInfo(lcStore).noquote() << "transcripts written again";
    if (!all) // what came since waits for the same
        m_timer = m_clock.after(30s, [this] { flush(); });
    return all;
}

bool TranscriptStore::write(const QString &sessionId, const QByteArray &lines)
{
    if (m_leftAlone.contains(sessionId))
        return true;
    if (m_folder.isEmpty()) {
        QByteArray &bytes = m_memory[sessionId];
        if (bytes.isEmpty())
            bytes = TranscriptHeader;
        bytes += lines;
        return true;
    }
    QDir().mkpath(m_folder);
    QFile file(pathOf(sessionId));
    const bool known = file.exists();
    bool ok = file.open(QIODevice::ReadWrite) && (known || file.setPermissions(PrivateFile));
    if (ok && file.size() > 0 && !m_checked.contains(sessionId)) {
        // What a crash of ours has cut short would spoil the line behind it.
        const QByteArray present = file.readAll();
        ok = present.endsWith('\n') || file.resize(present.lastIndexOf('\n') + 1);
    }
    ok = ok && file.seek(file.size());
    const qint64 before = file.size();
    const QByteArray bytes = before == 0 ? TranscriptHeader + lines : lines;
    ok = ok && file.write(bytes) == bytes.size() && file.flush();
    if (ok) {
        m_checked.insert(sessionId);
        return true;
    }
    const QString reason = file.errorString();
    if (file.isOpen())
        file.resize(before); // half a line of a full disk
    m_checked.remove(sessionId);
    if (!std::exchange(m_failing, true))
        tell("transcript-unwritable", file.fileName(), reason);
    return false;
}

void TranscriptStore::tell(const char *code, const QString &path, const QString &detail)
{
    qCWarning(lcStore).noquote()
        << QStringLiteral("%1 path=\"%2\" detail=\"%3\"").arg(QLatin1String(code), path, detail);
    Q_EMIT noticed(QLatin1String(code), path, detail);
}

} // namespace pilotlight
