// SPDX-License-Identifier: MIT
#include "diag/logformat.h"

#include <QTimeZone>

#include <string_view>

namespace pilotlight {

namespace {

constexpr qsizetype TimeLength = 24; // 2026-11-20T21:40:13.572Z
constexpr qsizetype MaxTagLength = 32;
constexpr std::string_view Digits = "0123456789abcdef";

QByteArray escaped(const QByteArray &text)
{
    QByteArray out;
    out.reserve(text.size() + 16);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\\') {
            out.append("\\\\");
        } else if (c == '\n') {
            out.append("\\n");
        } else if (c == '\r') {
            out.append("\\r");
        } else if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
            out.append("\\x");
            out.append(Digits[static_cast<std::size_t>(byte >> 4)]);
            out.append(Digits[static_cast<std::size_t>(byte & 15)]);
        } else {
            out.append(c);
        }
    }
    return out;
}

int hexDigit(char c)
{
    const std::size_t found = Digits.find(c);
    return found == Digits.npos ? -1 : static_cast<int>(found);
}

// Unknown escapes stay as they are: a foreign line is better shown raw than lost.
QByteArray unescaped(QByteArrayView text)
{
    QByteArray out;
    out.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const char next = i + 1 < text.size() ? text[i + 1] : '\0';
        if (c != '\\') {
            out.append(c);
        } else if (next == '\\') {
            out.append('\\');
            ++i;
        } else if (next == 'n') {
            out.append('\n');
            ++i;
        } else if (next == 'r') {
            out.append('\r');
            ++i;
        } else if (next == 'x' && i + 3 < text.size() && hexDigit(text[i + 2]) >= 0
                   && hexDigit(text[i + 3]) >= 0) {
            out.append(static_cast<char>(hexDigit(text[i + 2]) * 16 + hexDigit(text[i + 3])));
            i += 3;
        } else {
            out.append(c);
        }
    }
    return out;
}

bool isTagCharacter(QChar c)
{
    return (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9') || c == u'.' || c == u'_'
        || c == u'-';
}

QString cleanTag(const QString &tag)
{
    QString clean = tag.left(MaxTagLength).toUpper();
    for (QChar &c : clean)
        c = isTagCharacter(c) ? c : QChar(u'_');
    return clean.isEmpty() ? QStringLiteral("APP") : clean;
}

} // namespace

QString logLevelName(LogLevel level)
{
    switch (level) {
    case LogLevel::Debug:
        return QStringLiteral("DEBUG");
    case LogLevel::Info:
        return QStringLiteral("INFO");
    case LogLevel::Warning:
        return QStringLiteral("WARN");
    case LogLevel::Error:
        return QStringLiteral("ERROR");
    }
    return QStringLiteral("INFO");
}

std::optional<LogLevel> logLevelFromName(QStringView name)
{
    for (const LogLevel level :
         {LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error}) {
        if (name.compare(logLevelName(level), Qt::CaseInsensitive) == 0)
            return level;
    }
    if (name.compare(u"warning", Qt::CaseInsensitive) == 0)
        return LogLevel::Warning;
    return std::nullopt;
}

QByteArray formatLogLine(const LogRecord &record)
{
    QByteArray line = record.time.toUTC().toString(Qt::ISODateWithMs).toLatin1();
    line.append(' ');
    line.append(logLevelName(record.level).toLatin1().leftJustified(5));
    line.append(" [");
    line.append(cleanTag(record.tag).toLatin1());
    line.append("] ");
    line.append(escaped(record.text.toUtf8()));
    line.append('\n');
    return line;
}

std::optional<LogRecord> parseLogLine(QByteArrayView line)
{
    while (!line.isEmpty() && (line.back() == '\n' || line.back() == '\r'))
        line = line.chopped(1);
    // The shortest line: time, blank, level of 5, blank, "[X]".
    if (line.size() < TimeLength + 10 || line[TimeLength] != ' ' || line[TimeLength - 1] != 'Z')
        return std::nullopt;
    LogRecord record;
    record.time =
        QDateTime::fromString(QString::fromLatin1(line.first(TimeLength)), Qt::ISODateWithMs);
    if (!record.time.isValid())
        return std::nullopt;
    const auto level =
        logLevelFromName(QString::fromLatin1(line.sliced(TimeLength + 1, 5)).trimmed());
    if (!level || line[TimeLength + 6] != ' ' || line[TimeLength + 7] != '[')
        return std::nullopt;
    record.level = *level;
    const QByteArrayView rest = line.sliced(TimeLength + 8);
    const qsizetype close = rest.indexOf(']');
    if (close < 1 || close > MaxTagLength)
        return std::nullopt;
    record.tag = QString::fromLatin1(rest.first(close));
    for (const QChar c : std::as_const(record.tag)) {
        if (!isTagCharacter(c))
            return std::nullopt;
    }
    QByteArrayView text = rest.sliced(close + 1);
    if (!text.isEmpty() && text.front() == ' ')
        text = text.sliced(1);
    record.text = QString::fromUtf8(unescaped(text));
    return record;
}

QString logTagForCategory(const char *category)
{
    constexpr char Own[] = "pilotlight.";
    if (!category || std::strcmp(category, "default") == 0)
        return QStringLiteral("APP");
    if (std::strncmp(category, Own, sizeof(Own) - 1) == 0)
        return cleanTag(QString::fromLatin1(category + sizeof(Own) - 1));
    return QStringLiteral("QT");
}

} // namespace pilotlight
