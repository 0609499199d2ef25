// SPDX-License-Identifier: MIT
#include "session/historymerge.h"

#include <QHash>
#include <QSet>

#include <algorithm>

namespace pilotlight {

namespace {

using LineKind = KeptTranscript::Line::Kind;

constexpr qsizetype MuchText = 256 * 1024; // less is not worth writing a file anew

//! The id of a streamed message or reasoning, marked by its kind; empty for other events.
QString streamOf(const AgentEvent &event)
{
    if (const auto *message = std::get_if<MessageDelta>(&event.data))
        return u'm' + message->messageId;
    if (const auto *thought = std::get_if<ReasoningDelta>(&event.data))
        return u'r' + thought->reasoningId;
    return {};
}

QHash<QByteArray, qsizetype> placesOf(const QList<AgentEvent> &events)
{
    QHash<QByteArray, qsizetype> places;
    places.reserve(events.size());
    for (qsizetype i = 0; i < events.size(); ++i) {
        if (!events[i].meta.id.isEmpty())
            places.insert(events[i].meta.id, i);
    }
    return places;
}

//! The history with what only the log has behind the event that came before it.
QList<AgentEvent> withLog(const QList<AgentEvent> &history, const QList<AgentEvent> &log)
{
    if (log.isEmpty())
        return history;
    QList<AgentEvent> result;
    result.reserve(history.size() + log.size());
    const QHash<QByteArray, qsizetype> places = placesOf(history);
    qsizetype next = 0;
    for (const AgentEvent &event : log) {
        const qsizetype place = places.value(event.meta.id, -1);
        if (place < 0)
            result.append(event);
        for (; next <= place; ++next)
            result.append(history[next]);
    }
    result += history.mid(next);
    return result;
}

//! Takes out of \a events the pieces of text that are kept already.
void dropKeptText(QList<AgentEvent> &events, const KeptTranscript &kept)
{
    QHash<QString, QByteArray> lastOf; // by stream
    for (qsizetype i = 0; i < kept.lines().size(); ++i) {
        if (kept.lines()[i].kind != LineKind::Text || kept.lines()[i].id.isEmpty())
            continue;
        if (const auto text = kept.event(i))
            lastOf.insert(streamOf(*text), kept.lines()[i].id);
    }
    if (lastOf.isEmpty())
        return;
    const QHash<QByteArray, qsizetype> places = placesOf(events);
    qsizetype index = -1;
    events.removeIf([&](const AgentEvent &event) {
        ++index;
        const QString stream = streamOf(event);
        return !stream.isEmpty() && index <= places.value(lastOf.value(stream), -1);
    });
}

QSet<QString> promptsOf(const QList<AgentEvent> &events)
{
    QSet<QString> prompts;
    for (const AgentEvent &event : events) {
        const auto *user = std::get_if<UserMessage>(&event.data);
        if (user && event.meta.agentId.isEmpty())
            prompts.insert(user->text);
    }
    return prompts;
}

//! A server of old gives its events new ids each time it loads them; then what is kept has the same
//! words as the history, but not one id in common.
bool isSameUnderOtherIds(const KeptTranscript &kept, const QList<AgentEvent> &history)
{
    const QSet<QString> prompts = promptsOf(history);
    if (prompts.isEmpty())
        return false;
    return promptsOf(kept.events()).intersects(prompts);
}

AgentEvent noteOf(HistoryNote::Kind kind, int count, const QDateTime &time)
{
    AgentEvent event;
    event.meta.ephemeral = true;
    event.meta.time = time;
    event.data = HistoryNote{kind, count};
    return event;
}

} // namespace

bool isShownEvent(const EventData &data)
{
    return std::visit(
        [](const auto &value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, UserMessage>)
                return value.source.isEmpty();
            else
                return std::is_same_v<T, MessageCompleted> || std::is_same_v<T, ToolStarted>
                    || std::is_same_v<T, ToolCompleted> || std::is_same_v<T, PermissionRequested>
                    || std::is_same_v<T, PermissionCompleted>
                    || std::is_same_v<T, QuestionRequested> || std::is_same_v<T, QuestionCompleted>
                    || std::is_same_v<T, PlanApprovalRequested>
                    || std::is_same_v<T, PlanApprovalCompleted>
                    || std::is_same_v<T, SubagentStarted> || std::is_same_v<T, SubagentCompleted>
                    || std::is_same_v<T, Aborted> || std::is_same_v<T, SessionFailed>
                    || std::is_same_v<T, SessionNotice> || std::is_same_v<T, CompactionChanged>;
        },
        data);
}

QByteArray beforeLastTurn(const QList<AgentEvent> &history)
{
    QByteArray before;
    QByteArray previous;
    for (const AgentEvent &event : history) {
        if (event.meta.ephemeral || event.meta.id.isEmpty())
            continue;
        const auto *user = std::get_if<UserMessage>(&event.data);
        if (user && event.meta.agentId.isEmpty()
            && user->delivery != UserMessage::Delivery::Steering)
            before = previous;
        previous = event.meta.id;
    }
    return before;
}

MergedHistory mergeHistory(const KeptTranscript &kept, const QList<AgentEvent> &history,
                           const QList<AgentEvent> &log)
{
    MergedHistory merged;
    merged.server = withLog(history, log);
    QList<AgentEvent> base = merged.server;
    const QList<KeptTranscript::Line> &lines = kept.lines();

    QHash<QByteArray, qsizetype> places = placesOf(base);
    QSet<QByteArray> known;
    bool knewSome = false;
    bool meets = false;
    for (const KeptTranscript::Line &line : lines) {
        if (line.kind != LineKind::Durable && line.kind != LineKind::Ephemeral)
            continue;
        known.insert(line.id);
        knewSome = knewSome || line.kind == LineKind::Durable;
        meets = meets || (line.kind == LineKind::Durable && places.contains(line.id));
    }
    if (knewSome && !meets && isSameUnderOtherIds(kept, history)) {
        merged.events = merged.fresh = base;
        merged.rewrite = true;
        return merged;
    }
    if (!log.isEmpty()) // a history has no pieces
        dropKeptText(base, kept);
    places = placesOf(base);

    qsizetype lastMeeting = -1;
    qsizetype bytes = 0;
    qsizetype pieces = 0;
    for (qsizetype i = 0; i < lines.size(); ++i) {
        if (lines[i].kind == LineKind::Durable && places.contains(lines[i].id))
            lastMeeting = i;
        bytes += lines[i].length;
        pieces += lines[i].kind == LineKind::Text ? lines[i].length : 0;
    }
    // Of an answer that is whole its pieces are not needed.
    merged.rewrite = kept.damaged() > 0 || (pieces > MuchText && pieces > bytes / 3);
    merged.events.reserve(base.size() + lines.size());
    qsizetype next = 0;
    const auto take = [&] {
        const AgentEvent &event = base[next++];
        merged.events.append(event);
        if (!known.contains(event.meta.id))
            merged.fresh.append(event);
    };
    for (qsizetype i = 0; i < lines.size(); ++i) {
        const KeptTranscript::Line &line = lines[i];
        const bool isEvent = line.kind == LineKind::Durable || line.kind == LineKind::Ephemeral;
        const qsizetype place = isEvent ? places.value(line.id, -1) : -1;
        if (place >= 0) {
            // What the server has before this event and we had not seen belongs before it.
            const qsizetype freshBefore = merged.fresh.size();
            while (next <= place)
                take();
            for (qsizetype f = merged.fresh.size() - 1; f >= freshBefore; --f) {
                merged.rewrite = merged.rewrite || !merged.fresh[f].meta.ephemeral;
                // Pieces from before what is kept: we had them, and threw them away when the whole
                // text came.
                if (!streamOf(merged.fresh[f]).isEmpty())
                    merged.fresh.removeAt(f);
            }
            continue;
        }
        const auto event = kept.event(i);
        if (!event)
            continue;
        const auto *note = std::get_if<HistoryNote>(&event->data);
        if (note && note->kind == HistoryNote::Kind::Lost)
            merged.lost = 0; // it was said of those
        else if (line.kind == LineKind::Durable && i > lastMeeting && isShownEvent(event->data))
            ++merged.lost;
        merged.events.append(*event);
    }
    const auto timeHere = [&] {
        return merged.events.isEmpty() ? QDateTime() : merged.events.constLast().meta.time;
    };
    if (merged.lost > 0) {
        merged.events.append(noteOf(HistoryNote::Kind::Lost, merged.lost, timeHere()));
        merged.fresh.append(merged.events.constLast());
    }

    const auto isNews = [&](const AgentEvent &event) {
        return knewSome && !event.meta.ephemeral && !known.contains(event.meta.id)
            && isShownEvent(event.data);
    };
    for (qsizetype i = next; i < base.size(); ++i) {
        if (!isNews(base[i]))
            continue;
        ++merged.recovered;
        const auto *message = std::get_if<MessageCompleted>(&base[i].data);
        if (message && !message->text.isEmpty() && base[i].meta.agentId.isEmpty())
            ++merged.finished;
    }
    bool said = merged.recovered == 0;
    while (next < base.size()) {
        if (!said && isNews(base[next])) {
            said = true;
            merged.events.append(
                noteOf(HistoryNote::Kind::Recovered, merged.recovered, timeHere()));
            merged.fresh.append(merged.events.constLast());
        }
        take();
    }
    return merged;
}

} // namespace pilotlight
