// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QString>

namespace pilotlight {

//! A run of a Markdown text that is shown by one widget.
struct MarkdownSegment
{
    enum class Kind
    {
        Text,
        Code
    };
    Kind kind = Kind::Text;
    QString text; //!< Markdown, or the code between its fences
    QString language; //!< of Code; may be empty
    bool closed = true; //!< a Code without its end fence is still being written

    bool operator==(const MarkdownSegment &other) const = default;
};

//! Cuts \a markdown into code blocks and pieces of text of about \a target characters. While a text
//! grows at its end, all segments but the last stay equal, so that only the last is parsed and laid
//! out again: a long answer costs the same for each update as a short one. Text is cut only at
//! empty lines where no list, quote or table goes on.
QList<MarkdownSegment> splitMarkdown(const QString &markdown, qsizetype target = 1500);

} // namespace pilotlight
