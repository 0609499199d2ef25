// SPDX-License-Identifier: MIT
#include "demoserver/script.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QSet>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

struct Directive
{
    QString op;
    QString sub;
    QString argument;
};

const QSet<QString> &stepWords()
{
    static const QSet<QString> words{u"tool"_s, u"call"_s,    u"ask"_s,         u"task"_s,
                                     u"par"_s,  u"badjson"_s, u"unknowntool"_s, u"plan"_s};
    return words;
}

const QSet<QString> &otherWords()
{
    static const QSet<QString> words{
        u"say"_s,      u"reason"_s,  u"slow"_s,    u"fast"_s,   u"count"_s,   u"slowargs"_s,
        u"wait"_s,     u"md"_s,      u"usage"_s,   u"finish"_s, u"empty"_s,   u"error"_s,
        u"ctx"_s,      u"hang"_s,    u"hangmid"_s, u"drop"_s,   u"dropmid"_s, u"garbage"_s,
        u"sseerror"_s, u"compact"_s, u"fault"_s};
    return words;
}

//! Finds the outermost [..] of \a prompt that begin with a known word.
QList<Directive> directivesOf(const QString &prompt)
{
    static const QRegularExpression form(u"^([a-z]+)(!?)(?::([A-Za-z0-9_.-]+!?))?\\s*(.*)$"_s,
                                         QRegularExpression::DotMatchesEverythingOption);
    QList<Directive> found;
    for (qsizetype i = 0; i < prompt.size(); ++i) {
        if (prompt[i] != u'[')
            continue;
        int depth = 0;
        qsizetype end = i;
        for (; end < prompt.size(); ++end) {
            if (prompt[end] == u'[')
                ++depth;
            else if (prompt[end] == u']' && --depth == 0)
                break;
        }
        if (end >= prompt.size())
            break;
        const auto match = form.match(prompt.mid(i + 1, end - i - 1));
        const QString op = match.captured(1);
        if (match.hasMatch() && (stepWords().contains(op) || otherWords().contains(op))) {
            found.append({op, match.captured(3), match.captured(4).trimmed()});
            i = end;
        }
    }
    return found;
}

QString unescaped(QString text)
{
    return text.replace("\\n"_L1, "\n"_L1);
}

//! "20x100ms" -> count and pause; false where it is something else.
bool countAndPause(const QString &text, int &count, Milliseconds &pause)
{
    static const QRegularExpression form(u"(\\d+)\\s*x\\s*(\\d+)"_s);
    const auto match = form.match(text);
    if (!match.hasMatch())
        return false;
    count = match.captured(1).toInt();
    pause = Milliseconds(match.captured(2).toInt());
    return true;
}

//! "... x2" -> 2; -1 where it is not said.
int timesOf(const QString &text)
{
    static const QRegularExpression form(u"(?:^|\\s)x(\\d+)"_s);
    const auto match = form.match(text);
    return match.hasMatch() ? match.captured(1).toInt() : -1;
}

int leadingNumber(const QString &text, int otherwise)
{
    static const QRegularExpression form(u"^\\d+"_s);
    const auto match = form.match(text);
    return match.hasMatch() ? match.captured(0).toInt() : otherwise;
}

QStringList numbered(const QString &word, int count)
{
    QStringList chunks;
    for (int i = 0; i < count; ++i)
        chunks.append(word + QString::number(i) + u' ');
    return chunks;
}

QList<ToolCall> callsOf(const Directive &step)
{
    const QStringList parts = step.argument.split(u'|');
    if (step.op == "ask"_L1)
        return {askCall(parts.constFirst(), parts.mid(1))};
    if (step.op == "plan"_L1)
        return {planCall(parts.constFirst(), unescaped(parts.mid(1).join(u'|')))};
    if (step.op == "par"_L1) {
        QList<ToolCall> calls;
        const QString command = step.argument.section(u' ', 1);
        for (int i = 0; i < leadingNumber(step.argument, 2); ++i)
            calls.append(shellCall(QString(command).replace(u'#', QString::number(i)),
                                   u"parallel %1"_s.arg(i)));
        return calls;
    }
    if (step.op == "task"_L1) {
        QString inner = step.argument;
        inner.replace(u'{', u'[').replace(u'}', u']');
        const auto script = parseScript(inner);
        return {agentCall(u"stub-sub"_s, inner,
                          script ? script->rounds
                                 : QList<Round>{Round{.chunks = wordChunks(u"Done."_s)}})};
    }
    ToolCall call;
    if (step.op == "badjson"_L1 || step.op == "unknowntool"_L1) {
        call.name = step.op == "badjson"_L1 ? u"bash"_s : u"no_such_tool"_s;
        call.failure = step.op == "badjson"_L1 ? u"The arguments are not valid JSON."_s
                                               : u"Tool 'no_such_tool' does not exist."_s;
        return {call};
    }
    QString name = step.sub;
    name.remove(u'!');
    if (name == "bash"_L1)
        return {shellCall(step.argument)};
    if (name == "view"_L1)
        return {readCall(step.argument, u"line 1\nline 2"_s)};
    if (name == "create"_L1)
        return {createCall(parts.constFirst(), unescaped(parts.mid(1).join(u'|')))};
    if (name == "edit"_L1)
        return {editCall(parts.value(0), parts.value(1), parts.value(2))};
    if (name == "ask_user"_L1 || name == "exit_plan_mode"_L1) {
        const QJsonObject arguments = QJsonDocument::fromJson(step.argument.toUtf8()).object();
        return {name == "ask_user"_L1 ? askCall(arguments[u"question"].toString(), {})
                                      : planCall(arguments[u"summary"].toString(), {})};
    }
    call.name = name;
    call.arguments = QJsonDocument::fromJson(step.argument.toUtf8()).object();
    call.output = {{Milliseconds(0), u"ok"_s}};
    return {call};
}

const QString &markdownShow()
{
    static const QString text =
        u"# Heading one\n\nA *short* **paragraph** with `code`, a [link](https://example.com) "
        "and 中文 / emoji 🚀.\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n- item\n  - nested\n"
        "1. first\n\n> quote\n\n```cpp\nint main() { return 0; } // <tag> & \"q\"\n```\n"_s;
    return text;
}

void applyText(Round &round, const Directive &directive)
{
    int count = 0;
    Milliseconds pause{0};
    if (directive.op == "say"_L1) {
        round.chunks = wordChunks(unescaped(directive.argument));
    } else if (directive.op == "md"_L1) {
        round.chunks = wordChunks(markdownShow());
    } else if (directive.op == "slow"_L1) {
        if (!countAndPause(directive.argument, count, pause)) {
            count = 20;
            pause = Milliseconds(100);
        }
        round.chunks = numbered(u"tok"_s, count);
        round.pace = pause;
        round.exactPauses = true;
    } else if (directive.op == "count"_L1) {
        round.chunks = numbered({}, leadingNumber(directive.argument, 100));
        round.burst = 64;
    } else if (directive.op == "fast"_L1) {
        const int bytes = directive.argument.section(u'/', 0, 0).toInt();
        const int size = std::max(1, directive.argument.section(u'/', 1, 1).toInt());
        const QString alphabet = u"abcdefghijklmnopqrstuvwxyz012345"_s;
        const QString word = alphabet.repeated(size / 32 + 1).left(size);
        for (int sent = 0; sent < bytes; sent += size)
            round.chunks.append(word);
        round.burst = 64;
    } else if (directive.op == "reason"_L1) {
        if (countAndPause(directive.argument, count, pause)) {
            round.reasoning = numbered(u"think"_s, count);
            round.reasoningPace = pause;
            round.exactPauses = true;
        } else {
            round.reasoning =
                wordChunks(directive.argument.isEmpty() ? u"Let me think about this step by step."_s
                                                        : directive.argument);
        }
    }
}

void applyFailure(Round &round, const Directive &directive)
{
    ModelFailure failure;
    failure.times = timesOf(directive.argument);
    if (directive.op == "error"_L1) {
        failure.code = leadingNumber(directive.argument, 500);
    } else if (directive.op == "ctx"_L1) {
        failure.code = 400;
    } else if (directive.op == "hang"_L1) {
        failure.kind = ModelFailure::Kind::Hang;
    } else if (directive.op == "hangmid"_L1) {
        failure.kind = ModelFailure::Kind::HangMid;
        failure.chunks = leadingNumber(directive.argument, 3);
    } else if (directive.op == "empty"_L1) {
        failure.kind = ModelFailure::Kind::Empty;
    } else if (directive.op == "dropmid"_L1 || directive.op == "sseerror"_L1) {
        failure.kind = ModelFailure::Kind::DropMid;
        failure.chunks = leadingNumber(directive.argument, 3);
    } else if (directive.op == "drop"_L1 || directive.op == "garbage"_L1) {
        failure.kind = ModelFailure::Kind::DropMid;
    } else {
        return;
    }
    round.failure = failure;
}

ToolCall fileCall(ToolCall::Kind kind, const QString &name, const QString &path,
                  const QString &title)
{
    ToolCall call;
    call.kind = kind;
    call.name = name;
    call.arguments = {{u"path"_s, path}};
    call.title = title;
    call.intention = name + u" the file at "_s + path + u'.';
    return call;
}

QString prefixed(const QString &text, QChar prefix)
{
    QString out;
    const QStringList lines = text.split(u'\n');
    for (const QString &line : lines)
        out += prefix + line + u'\n';
    return out;
}

} // namespace

QStringList wordChunks(const QString &text)
{
    static const QRegularExpression word(u"\\S+\\s*|\\s+"_s);
    QStringList chunks;
    auto it = word.globalMatch(text);
    while (it.hasNext())
        chunks.append(it.next().captured(0));
    return chunks;
}

ToolCall shellCall(const QString &command, const QString &intention)
{
    static const QRegularExpression separators(u"\\s*(?:;|&&)\\s*"_s);
    ToolCall call;
    call.kind = ToolCall::Kind::Shell;
    call.name = u"bash"_s;
    call.intention = intention.isEmpty() ? u"stub: "_s + command.left(40) : intention;
    call.arguments = {{u"command"_s, command}, {u"description"_s, call.intention}};
    call.title = u"Running command"_s;
    call.exactPauses = true;
    Milliseconds pause{0};
    const QStringList parts = command.split(separators, Qt::SkipEmptyParts);
    for (const QString &part : parts) {
        const QString program = part.section(u' ', 0, 0);
        QString rest = part.section(u' ', 1);
        rest.remove(u'"').remove(u'\'');
        if (program == "sleep"_L1) {
            pause += Milliseconds(qRound64(rest.toDouble() * 1000));
            continue;
        }
        if (program == "exit"_L1) {
            call.exitCode = rest.toInt();
            break;
        }
        QString text = rest + u'\n';
        if (program == "ls"_L1)
            text = u"CMakeLists.txt\nREADME.md\nsrc\ntests\n"_s;
        else if (program == "pwd"_L1)
            text = u"/home/demo/project\n"_s;
        else if (program == "false"_L1)
            call.exitCode = 1;
        else if (program != "echo"_L1 && program != "true"_L1)
            text = u"(simulated) "_s + part + u'\n';
        if (program == "false"_L1 || program == "true"_L1)
            continue;
        call.output.append({pause, text});
        pause = Milliseconds(0);
    }
    if (pause > Milliseconds(0))
        call.output.append({pause, QString()});
    return call;
}

ToolCall readCall(const QString &path, const QString &contents)
{
    ToolCall call = fileCall(ToolCall::Kind::Read, u"view"_s, path, u"Viewing file"_s);
    call.output = {{Milliseconds(0), contents}};
    const QString side = path.startsWith(u'/') ? path : u'/' + path;
    call.diff = u"\ndiff --git a%1 b%1\n--- a%1\n+++ b%1\n"_s.arg(side) + prefixed(contents, u' ');
    return call;
}

ToolCall createCall(const QString &path, const QString &contents)
{
    ToolCall call = fileCall(ToolCall::Kind::Write, u"create"_s, path, u"Creating file"_s);
    call.arguments.insert(u"file_text"_s, contents);
    call.newContents = contents;
    call.output = {
        {Milliseconds(0), u"Created file %1 with %2 characters"_s.arg(path).arg(contents.size())}};
    const QString side = path.startsWith(u'/') ? path : u'/' + path;
    const auto lines = contents.count(u'\n') + 1;
    call.diff = u"\ndiff --git a%1 b%1\ncreate file mode 100644\n--- a/dev/null\n+++ b%1\n"
                "@@ -1,0 +1,%2 @@\n"_s.arg(side)
                    .arg(lines)
        + prefixed(contents, u'+');
    return call;
}

ToolCall editCall(const QString &path, const QString &from, const QString &to)
{
    ToolCall call = fileCall(ToolCall::Kind::Write, u"edit"_s, path, u"Editing file"_s);
    call.arguments.insert(u"old_str"_s, from);
    call.arguments.insert(u"new_str"_s, to);
    call.newContents = to;
    call.output = {{Milliseconds(0), u"File %1 updated with changes."_s.arg(path)}};
    const QString side = path.startsWith(u'/') ? path : u'/' + path;
    call.diff = u"\ndiff --git a%1 b%1\n--- a%1\n+++ b%1\n@@ -1,%2 +1,%3 @@\n"_s.arg(side)
                    .arg(from.count(u'\n') + 1)
                    .arg(to.count(u'\n') + 1)
        + prefixed(from, u'-') + prefixed(to, u'+');
    return call;
}

ToolCall askCall(const QString &question, const QStringList &choices)
{
    ToolCall call;
    call.kind = ToolCall::Kind::Ask;
    call.name = u"ask_user"_s;
    call.title = u"Asking user"_s;
    call.intention = question;
    call.arguments = {{u"question"_s, question}, {u"allow_freeform"_s, true}};
    if (!choices.isEmpty())
        call.arguments.insert(u"choices"_s, QJsonArray::fromStringList(choices));
    return call;
}

ToolCall agentCall(const QString &name, const QString &prompt, const QList<Round> &rounds)
{
    ToolCall call;
    call.kind = ToolCall::Kind::Agent;
    call.name = u"task"_s;
    call.arguments = {{u"description"_s, name + u" task"_s},
                      {u"name"_s, name},
                      {u"prompt"_s, prompt},
                      {u"agent_type"_s, u"general-purpose"_s},
                      {u"mode"_s, u"sync"_s}};
    call.agentRounds = rounds;
    return call;
}

ToolCall planCall(const QString &summary, const QString &plan)
{
    ToolCall call;
    call.kind = ToolCall::Kind::Plan;
    call.name = u"exit_plan_mode"_s;
    call.title = u"Plan ready for review"_s;
    call.intention = summary;
    call.arguments = {{u"summary"_s, summary}};
    call.newContents = plan;
    return call;
}

std::optional<Script> parseScript(const QString &prompt)
{
    const QList<Directive> directives = directivesOf(prompt);
    if (directives.isEmpty())
        return std::nullopt;
    Script script;
    Round round;
    for (const Directive &directive : directives) {
        if (stepWords().contains(directive.op)) {
            round.calls = callsOf(directive);
            script.rounds.append(round);
            round = Round();
        } else if (directive.op == "wait"_L1) {
            round.wait = Milliseconds(leadingNumber(directive.argument, 1000));
            round.exactPauses = true;
        } else if (directive.op == "usage"_L1) {
            round.inputTokens = directive.argument.section(u',', 0, 0).toLongLong();
            round.outputTokens = directive.argument.section(u',', 1, 1).toLongLong();
        } else if (directive.op == "fault"_L1) {
            round.fault = directive.argument;
        } else if (directive.op == "compact"_L1) {
            script.compacts = true;
        } else {
            applyText(round, directive);
            applyFailure(round, directive);
        }
    }
    if (round.chunks.isEmpty() && !(round.failure && round.failure->times < 0))
        round.chunks = wordChunks(u"Done."_s);
    script.rounds.append(round);
    return script;
}

Script scriptFor(const QString &prompt, bool firstPrompt)
{
    if (auto script = parseScript(prompt))
        return *script;
    return storyFor(prompt, firstPrompt);
}

} // namespace pilotlight::demo
