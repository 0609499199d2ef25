// SPDX-License-Identifier: MIT
#include "ui/chat/tooltext.h"

#include "ui/sessions/sessiontext.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTimeZone>

#include <array>

namespace pilotlight {

namespace {

struct Tr
{
    Q_DECLARE_TR_FUNCTIONS(ToolText)
};

QString valueText(const QJsonValue &value)
{
    switch (value.type()) {
    case QJsonValue::String:
        return value.toString();
    case QJsonValue::Bool:
        return value.toBool() ? QStringLiteral("true") : QStringLiteral("false");
    case QJsonValue::Double:
        return QString::number(value.toDouble(), 'g', 15);
    case QJsonValue::Array:
        return QString::fromUtf8(QJsonDocument(value.toArray()).toJson(QJsonDocument::Compact));
    case QJsonValue::Object:
        return QString::fromUtf8(QJsonDocument(value.toObject()).toJson(QJsonDocument::Compact));
    case QJsonValue::Null:
    case QJsonValue::Undefined:
        break;
    }
    return {};
}

bool hasAny(const QString &name, std::initializer_list<QLatin1String> words)
{
    for (const QLatin1String word : words) {
        if (name.contains(word, Qt::CaseInsensitive))
            return true;
    }
    return false;
}

} // namespace

QString toolIcon(const QString &name)
{
    using S = QLatin1String;
    if (hasAny(name, {S("bash"), S("shell"), S("powershell"), S("terminal"), S("exec")}))
        return QStringLiteral("terminal");
    if (hasAny(name, {S("edit"), S("create"), S("write"), S("patch"), S("replace")}))
        return QStringLiteral("file-edit");
    if (hasAny(name, {S("grep"), S("search"), S("glob"), S("find"), S("rg")}))
        return QStringLiteral("search");
    if (hasAny(name, {S("view"), S("read"), S("file")}))
        return QStringLiteral("file");
    if (hasAny(name, {S("fetch"), S("web"), S("url"), S("http"), S("browser")}))
        return QStringLiteral("globe");
    if (hasAny(name, {S("task"), S("agent")}))
        return QStringLiteral("agent");
    if (hasAny(name, {S("ask"), S("question")}))
        return QStringLiteral("question");
    if (hasAny(name, {S("plan"), S("todo")}))
        return QStringLiteral("plan");
    if (hasAny(name, {S("list"), S("ls"), S("dir")}))
        return QStringLiteral("folder");
    return QStringLiteral("tool");
}

QString toolSummary(const ToolItem &tool)
{
    // The arguments that say the most, in the order of how much they say.
    static constexpr std::array keys{"command",     "pattern",   "query",    "path",
                                     "filePath",    "file_path", "fileName", "url",
                                     "description", "question",  "prompt"};
    for (const char *key : keys) {
        const QString text = tool.arguments.value(QLatin1String(key)).toString();
        if (!text.isEmpty())
            return text.simplified();
    }
    for (const QJsonValue value : tool.arguments) {
        if (value.isString() && !value.toString().isEmpty())
            return value.toString().left(300).simplified();
    }
    return {};
}

QString toolCommand(const ToolItem &tool)
{
    return tool.arguments.value(QLatin1String("command")).toString();
}

QString toolArguments(const ToolItem &tool)
{
    QStringList lines;
    for (auto it = tool.arguments.begin(); it != tool.arguments.end(); ++it) {
        if (it.key() == QLatin1String("command") && it.value().isString())
            continue;
        const QString text = valueText(it.value());
        lines << (text.contains(QLatin1Char('\n')) ? it.key() + QStringLiteral(":\n") + text
                                                   : it.key() + QStringLiteral(": ") + text);
    }
    return lines.join(QLatin1Char('\n'));
}

QString toolStatus(const ToolItem &tool, const QDateTime &now)
{
    const auto spent = [&](const QDateTime &end) {
        return tool.started.isValid() && end.isValid()
            ? durationText(Milliseconds(tool.started.msecsTo(end)))
            : QString();
    };
    QString words;
    QString time;
    switch (tool.state) {
    case ToolItem::State::Requested:
        return Tr::tr("Preparing");
    case ToolItem::State::Running: {
        if (tool.asking)
            return Tr::tr("Waiting for you");
        // Whole seconds while it counts: tenths would only flicker.
        const qint64 seconds =
            tool.started.isValid() ? std::max<qint64>(0, tool.started.secsTo(now)) : 0;
        return seconds < 1 ? Tr::tr("Running")
                           : Tr::tr("Running %1")
                                 .arg(seconds < 60 ? Tr::tr("%1 s").arg(seconds)
                                                   : durationText(std::chrono::seconds(seconds)));
    }
    case ToolItem::State::Succeeded:
        words = tool.exitCode && *tool.exitCode != 0 ? Tr::tr("Exit code %1").arg(*tool.exitCode)
                                                     : QString();
        break;
    case ToolItem::State::Failed:
        words = tool.exitCode ? Tr::tr("Exit code %1").arg(*tool.exitCode) : Tr::tr("Failed");
        break;
    case ToolItem::State::Denied:
        return Tr::tr("Not allowed");
    case ToolItem::State::Cancelled:
        words = Tr::tr("Interrupted");
        break;
    }
    time = spent(tool.ended);
    if (words.isEmpty())
        return time.isEmpty() ? Tr::tr("Done") : time;
    return time.isEmpty() ? words : words + QStringLiteral(" · ") + time;
}

bool isDiff(const QString &text)
{
    return text.startsWith(QLatin1String("diff --git ")) || text.startsWith(QLatin1String("--- "))
        || text.startsWith(QLatin1String("@@ ")) || text.contains(QLatin1String("\n@@ "));
}

QString tailOf(const QString &text, int lines)
{
    qsizetype position = text.size();
    if (text.endsWith(QLatin1Char('\n')))
        --position;
    const qsizetype end = position;
    for (int i = 0; i < lines && position >= 0; ++i) {
        if (position == 0)
            return text.left(end);
        position = text.lastIndexOf(QLatin1Char('\n'), position - 1);
    }
    return text.mid(position + 1, end - position - 1);
}

} // namespace pilotlight
