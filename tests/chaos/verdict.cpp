// SPDX-License-Identifier: MIT
#include "chaos/verdict.h"

#include "agent/copilotevents.h"
#include "transport/transport.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace pilotlight::chaos {

namespace {

QList<AgentEvent> historyOf(const Host &host, const QString &sessionId)
{
    QList<AgentEvent> events;
    QFile file(host.stateFolder + QStringLiteral("/session-state/") + sessionId
               + QStringLiteral("/events.jsonl"));
    if (!file.open(QFile::ReadOnly))
        return events;
    CopilotEventDecoder decoder;
    while (!file.atEnd()) {
        QByteArray line = file.readLine().trimmed();
        const qsizetype length = line.size();
        line.append(QByteArray(static_cast<qsizetype>(MessagePadding), '\0'));
        AgentEvent event;
        if (decoder.decodeEvent({line.constData(), static_cast<std::size_t>(length)}, event)
            == CopilotEventDecoder::Outcome::Event)
            events.append(event);
    }
    return events;
}

bool showsAnswer(const Shown &shown, const QString &token)
{
    const QString words = QStringLiteral("answer-%1 ").arg(token);
    return std::any_of(shown.rows.cbegin(), shown.rows.cend(), [&words](const QString &row) {
        return row.startsWith(QStringLiteral("answer ")) && row.contains(words);
    });
}

//! What the history and the transcript have of a prompt and what followed it: to find the cause.
QString storyOf(const Host &host, const QString &sessionId, const QString &text, const Shown &shown)
{
    constexpr int Told = 14;
    QString story = QStringLiteral("\n    history:");
    QFile file(host.stateFolder + QStringLiteral("/session-state/") + sessionId
               + QStringLiteral("/events.jsonl"));
    int left = 0;
    if (file.open(QFile::ReadOnly)) {
        while (!file.atEnd()) {
            const QJsonObject event = QJsonDocument::fromJson(file.readLine()).object();
            const QJsonObject data = event.value(QStringLiteral("data")).toObject();
            const QString content = data.value(QStringLiteral("content")).toString();
            const bool isUser =
                event.value(QStringLiteral("type")) == QStringLiteral("user.message");
            if (isUser && content == text)
                left = Told;
            if (left-- > 0)
                story += QStringLiteral(" [%1 %2 %3]")
                             .arg(event.value(QStringLiteral("timestamp")).toString().mid(11),
                                  event.value(QStringLiteral("type")).toString(),
                                  isUser ? content.left(20) : content.left(12));
        }
    }
    story += QStringLiteral("\n    shown:");
    left = 0;
    for (const QString &row : shown.rows) {
        if (row.endsWith(text))
            left = Told;
        if (left-- > 0)
            story += QStringLiteral(" [%1]").arg(row.left(70));
    }
    return story;
}

bool isCut(const TranscriptItem &item)
{
    if (const auto *answer = std::get_if<AssistantItem>(&item.data))
        return answer->interrupted;
    if (const auto *notice = std::get_if<NoticeItem>(&item.data))
        return notice->kind == NoticeItem::Kind::Interrupted
            || notice->kind == NoticeItem::Kind::Error;
    return false;
}

//! What the history alone says.
struct Record
{
    QHash<QString, int> prompts; //!< by text
    QHash<QString, int> answers; //!< final messages of its turn, by the prompt's text
    QString everything; //!< texts of all answers
};

Record recordOf(const QList<AgentEvent> &events)
{
    Record record;
    QStringList open; // since the last answer: what steers a turn is answered along with it
    for (const AgentEvent &event : events) {
        if (!event.meta.agentId.isEmpty())
            continue;
        if (const auto *user = std::get_if<UserMessage>(&event.data);
            user && user->source.isEmpty()) {
            if (user->delivery != UserMessage::Delivery::Steering)
                open.clear();
            open << user->text;
            ++record.prompts[user->text];
        } else if (const auto *message = std::get_if<MessageCompleted>(&event.data)) {
            if (message->toolRequests.isEmpty() && !message->text.isEmpty()) {
                for (const QString &prompt : std::as_const(open))
                    ++record.answers[prompt];
            }
            record.everything += message->text + QLatin1Char('\n');
        }
    }
    return record;
}

//! What is wrong with \a shown, for people; empty: nothing. All rows of the history must be there,
//! in order, and no other ones but those that it says the server has lost.
QString difference(const Shown &shown, const QStringList &history)
{
    qsizetype next = 0;
    for (const QString &row : shown.rows) {
        if (next < history.size() && row == history[next])
            ++next;
        else if (!shown.serverLost)
            return QStringLiteral("shown \"%1\", history \"%2\"")
                .arg(row.left(90), history.value(next).left(90));
    }
    return next == history.size()
        ? QString()
        : QStringLiteral("not shown: \"%1\"").arg(history.value(next).left(90));
}

} // namespace

Shown shownOf(const Transcript &transcript)
{
    Shown shown;
    QStringList open; // prompts since the last answer
    for (const TranscriptItem &item : transcript.items()) {
        if (const auto *user = std::get_if<UserItem>(&item.data)) {
            if (user->delivery != UserMessage::Delivery::Steering)
                open.clear();
            open << user->text;
            ++shown.prompts[user->text];
            shown.rows << QStringLiteral("user ") + user->messageId + QLatin1Char(' ') + user->text;
        } else if (const auto *answer = std::get_if<AssistantItem>(&item.data);
                   answer && !answer->interrupted) {
            shown.rows << QStringLiteral("answer ") + answer->messageId + QLatin1Char(' ')
                    + answer->text;
        } else if (const auto *tool = std::get_if<ToolItem>(&item.data)) {
            shown.rows << QStringLiteral("tool ") + tool->toolCallId;
        }
        if (const auto *notice = std::get_if<NoticeItem>(&item.data))
            shown.serverLost = shown.serverLost || notice->kind == NoticeItem::Kind::ServerLost;
        if (isCut(item)) {
            for (const QString &text : std::as_const(open))
                shown.excused.insert(text);
        }
    }
    return shown;
}

Verdict judge(const World &world, const QList<User::Given> &given,
              const QHash<QString, Shown> &shown, const QHash<QString, QString> &hostOf)
{
    Verdict verdict;
    QHash<QString, Record> records;
    for (auto it = shown.cbegin(); it != shown.cend(); ++it) {
        const QList<AgentEvent> events = historyOf(*world.host(hostOf.value(it.key())), it.key());
        records.insert(it.key(), recordOf(events));
        Transcript transcript;
        transcript.load(events, false);
        if (const QString wrong = difference(*it, shownOf(transcript).rows); !wrong.isEmpty())
            verdict.faults << it.key().right(3) + QStringLiteral(" differs from its history, ")
                    + wrong;
    }
    for (const User::Given &one : given) {
        ++verdict.prompts;
        const QString where = one.sessionId.right(3) + QLatin1Char(' ') + one.token;
        const Record &record = records[one.sessionId];
        const Shown &seen = *shown.constFind(one.sessionId);
        if (const int times = record.prompts.value(one.text); times != 1)
            verdict.faults << QStringLiteral("%1: %2 times in the history").arg(where).arg(times)
                    + storyOf(*world.host(hostOf.value(one.sessionId)), one.sessionId, one.text,
                              seen);
        if (const int times = seen.prompts.value(one.text);
            times != 1 && !(times > 1 && seen.serverLost))
            verdict.faults << QStringLiteral("%1: shown %2 times").arg(where).arg(times);
        // What was to steer a turn is answered by that turn.
        const int answers = one.steering ? 1 : record.answers.value(one.text);
        if (record.everything.count(QStringLiteral("answer-%1 ").arg(one.token)) > 1)
            verdict.faults << QStringLiteral("%1: answered twice").arg(where);
        else if (answers >= 1)
            ++verdict.answered;
        else if (seen.serverLost && showsAnswer(seen, one.token))
            ++verdict.answered; // it was read here before the server was killed with it unwritten
        else if (seen.excused.contains(one.text))
            ++verdict.interrupted;
        else
            verdict.faults
                << QStringLiteral("%1: neither answered nor shown as interrupted").arg(where)
                    + storyOf(*world.host(hostOf.value(one.sessionId)), one.sessionId, one.text,
                              seen);
    }
    return verdict;
}

QStringList shownTwice(Product &product)
{
    const auto words = [](const UserItem &item) {
        return item.messageId + (item.pending ? QStringLiteral(" pending") : QString())
            + (item.dropped ? QStringLiteral(" dropped") : QString());
    };
    QStringList found;
    for (const auto &session : product.sessions().sessions()) {
        if (shownOf(session->transcript()).serverLost)
            continue; // a copy that was lost, and one that was sent again
        QHash<QString, const UserItem *> seen;
        for (const TranscriptItem &item : session->transcript().items()) {
            const auto *user = std::get_if<UserItem>(&item.data);
            if (!user)
                continue;
            if (const UserItem *other = seen.value(user->text))
                found << QStringLiteral("%1 %2 (%3; %4) %5")
                             .arg(session->id().right(3), user->text.left(24), words(*other),
                                  words(*user), QVariant::fromValue(session->state()).toString());
            seen.insert(user->text, user);
        }
    }
    return found;
}

} // namespace pilotlight::chaos
