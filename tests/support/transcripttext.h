// SPDX-License-Identifier: MIT
#pragma once

#include "session/transcript.h"

#include <QJsonDocument>
#include <QStringList>

namespace pilotlight {

//! An item with everything in it that a person can see or use.
inline QString itemText(const TranscriptItem &item)
{
    struct Describe
    {
        using S = QString;
        S operator()(const UserItem &i) const
        {
            S files;
            for (const Attachment &attachment : i.attachments)
                files += u' ' + attachment.path;
            return QStringLiteral("user %1 %2 pending=%3 dropped=%4: %5")
                       .arg(i.messageId)
                       .arg(int(i.delivery))
                       .arg(i.pending)
                       .arg(i.dropped)
                       .arg(i.text)
                + files;
        }
        S operator()(const AssistantItem &i) const
        {
            return QStringLiteral("assistant %1 streaming=%2 interrupted=%3: %4")
                .arg(i.messageId)
                .arg(i.streaming)
                .arg(i.interrupted)
                .arg(i.text);
        }
        S operator()(const ReasoningItem &i) const
        {
            return QStringLiteral("reasoning %1 streaming=%2: %3")
                .arg(i.id)
                .arg(i.streaming)
                .arg(i.text);
        }
        S operator()(const ToolItem &i) const
        {
            const S arguments = QString::fromUtf8(QJsonDocument(i.arguments).toJson());
            return QStringLiteral("tool %1 ").arg(i.toolCallId)
                + QStringList{i.name,
                              i.title,
                              i.intention,
                              arguments,
                              QString::number(int(i.state)),
                              QString::number(i.asking),
                              i.output,
                              i.details,
                              i.error,
                              QString::number(i.exitCode.value_or(-1)),
                              i.started.toString(Qt::ISODateWithMs),
                              i.ended.toString(Qt::ISODateWithMs),
                              i.subagentId,
                              QString::number(i.subagentToolCalls),
                              QString::number(i.subagentTokens)}
                      .join(u'|');
        }
        S operator()(const PermissionItem &i) const
        {
            return QStringLiteral("permission %1 %2: %3 %4")
                .arg(i.request.requestId)
                .arg(int(i.state))
                .arg(i.request.subject, i.request.toolCallId);
        }
        S operator()(const QuestionItem &i) const
        {
            return QStringLiteral("question %1 %2: %3 -> %4")
                .arg(i.request.requestId)
                .arg(int(i.state))
                .arg(i.request.question, i.answer);
        }
        S operator()(const PlanItem &i) const
        {
            return QStringLiteral("plan %1 %2: %3")
                .arg(i.request.requestId)
                .arg(int(i.state))
                .arg(i.request.summary);
        }
        S operator()(const NoticeItem &i) const
        {
            return QStringLiteral("notice %1 %2 %3 %4 running=%5 count=%6 resumable=%7")
                .arg(int(i.kind))
                .arg(i.text, i.detail)
                .arg(i.statusCode.value_or(0))
                .arg(i.running)
                .arg(i.count)
                .arg(i.resumable);
        }
    };
    return item.agentId + u' ' + std::visit(Describe(), item.data);
}

//! All of them, but for what only says that something was recovered.
inline QStringList transcriptText(const Transcript &transcript)
{
    QStringList lines;
    for (const TranscriptItem &item : transcript.items()) {
        const auto *notice = std::get_if<NoticeItem>(&item.data);
        if (!notice || notice->kind != NoticeItem::Kind::Recovered)
            lines.append(itemText(item));
    }
    return lines;
}

} // namespace pilotlight
