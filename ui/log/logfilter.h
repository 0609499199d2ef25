// SPDX-License-Identifier: MIT
#pragma once

#include "diag/logrecord.h"

#include <QRegularExpression>
#include <QSet>
#include <QString>

namespace pilotlight {

//! Which lines of the log are shown. A plain value.
struct LogFilter
{
    LogLevel minimum = LogLevel::Debug;
    QSet<QString> included; //!< tags; empty means all
    QSet<QString> excluded; //!< tags; wins over included
    QString text; //!< empty: any
    bool regex = false; //!< text is a regular expression
    bool caseSensitive = false;

    bool operator==(const LogFilter &) const = default;
};

//! A LogFilter made ready for testing many records.
class LogMatcher
{
public:
    LogMatcher() = default;
    explicit LogMatcher(LogFilter filter);

    const LogFilter &filter() const { return m_filter; }
    //! What is wrong with the regular expression and where; empty if nothing. An invalid matcher
    //! matches nothing.
    QString error() const { return m_error; }

    bool matchesTag(const QString &tag) const;
    //! Everything but the tag.
    bool matchesRest(const LogRecord &record) const;
    bool matches(const LogRecord &record) const
    {
        return matchesTag(record.tag) && matchesRest(record);
    }

private:
    bool matchesText(const QString &text) const;

    LogFilter m_filter;
    QRegularExpression m_expression;
    QString m_error;
    bool m_withTag = false; //!< the text speaks of "[TAG] ...", as people copy it from the file
};

} // namespace pilotlight
