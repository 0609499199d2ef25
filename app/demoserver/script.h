// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>

#include <optional>

namespace pilotlight::demo {

struct Round;

//! A piece of a tool's simulated output and the pause before it.
struct OutputPiece
{
    Milliseconds pause{0};
    QString text;
};

//! A tool call as the simulated model makes it, with the result that it will have. Nothing runs.
struct ToolCall
{
    enum class Kind
    {
        Shell,
        Read,
        Write,
        Ask,
        Agent,
        Plan,
        Other
    };
    Kind kind = Kind::Other;
    QString name;
    QJsonObject arguments;
    QString title; //!< toolTitle of the real server
    QString intention;
    QList<OutputPiece> output;
    int exitCode = 0;
    QString diff; //!< of a write or a read
    QString newContents; //!< of a write
    QString failure; //!< not empty: the call fails with this text
    QList<Round> agentRounds; //!< what a sub-agent does
    bool exactPauses = false; //!< the prompt wrote them: --speed leaves them alone
};

//! A failure of the simulated model.
struct ModelFailure
{
    enum class Kind
    {
        Http,
        DropMid,
        Hang,
        HangMid,
        Empty
    };
    Kind kind = Kind::Http;
    int code = 500;
    int chunks = 0; //!< streamed before it happens
    int times = -1; //!< how many tries fail; -1: all
};

//! One round trip to the simulated model: reasoning, text, then tool calls or the end of the turn.
struct Round
{
    QStringList reasoning{};
    Milliseconds reasoningPace{0};
    QStringList chunks; //!< the text as it is streamed
    Milliseconds pace{0}; //!< between chunks
    int burst = 1; //!< chunks sent together
    bool exactPauses = false;
    Milliseconds wait{0}; //!< before the first byte
    std::optional<ModelFailure> failure{};
    QString fault{}; //!< a FaultSpec that strikes half-way through the text
    QList<ToolCall> calls{};
    qint64 inputTokens = 0; //!< 0: estimated
    qint64 outputTokens = 0;

    QString text() const { return chunks.join(QString()); }
};

//! Everything that happens in one turn. The last round has no calls.
struct Script
{
    QList<Round> rounds;
    bool compacts = false; //!< compaction runs between the answer and idle
};

//! Splits text the way a model streams it: words with the white space that follows them.
QStringList wordChunks(const QString &text);

//! What \a command would print, for a handful of commands (echo, sleep, ls, pwd, exit ...).
ToolCall shellCall(const QString &command, const QString &intention = {});
ToolCall readCall(const QString &path, const QString &contents);
ToolCall createCall(const QString &path, const QString &contents);
ToolCall editCall(const QString &path, const QString &from, const QString &to);
ToolCall askCall(const QString &question, const QStringList &choices);
ToolCall agentCall(const QString &name, const QString &prompt, const QList<Round> &rounds);
ToolCall planCall(const QString &summary, const QString &plan);

//! The script written into \a prompt in [square brackets]; nullopt where there is none. The
//! language is that of tests/real/stub_model.mjs, plus [plan SUMMARY|MARKDOWN], [compact] and
//! [fault FAULT].
std::optional<Script> parseScript(const QString &prompt);

//! A story for a prompt without directives, chosen by its words. Executes nothing, entertains a
//! bit.
Script storyFor(const QString &prompt, bool firstPrompt);

//! parseScript() or else storyFor().
Script scriptFor(const QString &prompt, bool firstPrompt);

} // namespace pilotlight::demo
