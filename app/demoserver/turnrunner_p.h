// SPDX-License-Identifier: MIT
#pragma once

#include "demoserver/demosession.h"
#include "demoserver/turnrunner.h"

namespace pilotlight::demo {

//! The main agent of a turn, or a sub-agent: whose rounds are played and how their events are
//! marked.
struct TurnRunner::Context
{
    QString agentId; //!< empty: the main agent
    QString parentToolCallId;
    QString interactionId;
    QString messageId; //!< of the prompt
    QList<Round> rounds;
    std::function<void()> after;
    int toolCalls = 0;
    qint64 tokens = 0;

    bool isMain() const { return agentId.isEmpty(); }
    QJsonObject marked(QJsonObject data) const
    {
        if (!parentToolCallId.isEmpty())
            data.insert(QStringLiteral("parentToolCallId"), parentToolCallId);
        return data;
    }
};

//! A tool call that has begun.
struct TurnRunner::Running
{
    ToolCall call;
    QString toolCallId;
    int round = 0;
    Nanoseconds started{0};
    qsizetype piece = 0;
    QString output;
};

//! The real one is about 20 KB and comes twice in each event.
const QString &demoSystemPrompt();

} // namespace pilotlight::demo
