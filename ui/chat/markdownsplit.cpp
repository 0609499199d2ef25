// SPDX-License-Identifier: MIT
#include "ui/chat/markdownsplit.h"

#include <QStringView>

namespace pilotlight {

namespace {

struct Fence
{
    QChar mark;
    qsizetype length = 0; //!< 0: not a fence
    QStringView info;
};

Fence fenceOf(QStringView line)
{
    qsizetype i = 0;
    while (i < line.size() && i < 3 && line[i] == QLatin1Char(' '))
        ++i;
    if (i >= line.size() || (line[i] != QLatin1Char('`') && line[i] != QLatin1Char('~')))
        return {};
    Fence fence;
    fence.mark = line[i];
    const qsizetype start = i;
    while (i < line.size() && line[i] == fence.mark)
        ++i;
    if (i - start < 3)
        return {};
    fence.info = line.mid(i).trimmed();
    // ```a`b``` on one line is inline code.
    if (fence.mark == QLatin1Char('`') && fence.info.contains(QLatin1Char('`')))
        return {};
    fence.length = i - start;
    return fence;
}

//! A line that may belong to the list, quote or paragraph of before an empty line.
bool mayContinue(QStringView line)
{
    if (line.isEmpty())
        return true;
    const QChar c = line.front();
    if (c.isSpace() || c == QLatin1Char('>') || c == QLatin1Char('[') || c == QLatin1Char('|'))
        return true;
    if ((c == QLatin1Char('-') || c == QLatin1Char('*') || c == QLatin1Char('+')) && line.size() > 1
        && line[1].isSpace())
        return true;
    qsizetype digits = 0;
    while (digits < line.size() && line[digits].isDigit())
        ++digits;
    return digits > 0 && digits < line.size()
        && (line[digits] == QLatin1Char('.') || line[digits] == QLatin1Char(')'));
}

} // namespace

QList<MarkdownSegment> splitMarkdown(const QString &markdown, qsizetype target)
{
    QList<MarkdownSegment> result;
    const QStringView all(markdown);
    qsizetype segmentStart = 0; // of the text or code that is being collected
    bool inCode = false;
    Fence open;
    bool previousEmpty = false;

    const auto addText = [&](qsizetype end) {
        const QStringView text = all.mid(segmentStart, end - segmentStart);
        if (!text.trimmed().isEmpty())
            result.append({MarkdownSegment::Kind::Text, text.toString(), {}, true});
    };
    const auto addCode = [&](qsizetype end, bool closed) {
        QStringView code = all.mid(segmentStart, std::max<qsizetype>(0, end - segmentStart));
        if (code.endsWith(QLatin1Char('\n')))
            code.chop(1);
        const QString language =
            open.info.isEmpty() ? QString() : open.info.split(QLatin1Char(' ')).first().toString();
        result.append({MarkdownSegment::Kind::Code, code.toString(), language, closed});
    };

    qsizetype position = 0;
    while (position < all.size()) {
        qsizetype end = all.indexOf(QLatin1Char('\n'), position);
        const qsizetype next = end < 0 ? all.size() : end + 1;
        if (end < 0)
            end = all.size();
        const QStringView line = all.mid(position, end - position);
        const Fence fence = fenceOf(line);
        if (inCode) {
            if (fence.length >= open.length && fence.mark == open.mark && fence.info.isEmpty()) {
                addCode(position, true);
                inCode = false;
                segmentStart = next;
            }
        } else if (fence.length > 0) {
            addText(position);
            inCode = true;
            open = fence;
            segmentStart = next;
        } else if (previousEmpty && position - segmentStart >= target
                   && !mayContinue(line)
                   // A line that is not complete yet may still become a list item.
                   && (next > end || line.size() > 3)) {
            addText(position);
            segmentStart = position;
        }
        previousEmpty = line.trimmed().isEmpty();
        position = next;
    }
    if (inCode)
        addCode(all.size(), false);
    else
        addText(all.size());
    return result;
}

} // namespace pilotlight
