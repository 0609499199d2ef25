// SPDX-License-Identifier: MIT
#include "ui/log/logfilter.h"

namespace pilotlight {

LogMatcher::LogMatcher(LogFilter filter)
    : m_filter(std::move(filter))
    , m_withTag(m_filter.text.contains(QLatin1Char(']')))
{
    if (!m_filter.regex || m_filter.text.isEmpty())
        return;
    m_expression =
        QRegularExpression(m_filter.text,
                           m_filter.caseSensitive ? QRegularExpression::NoPatternOption
                                                  : QRegularExpression::CaseInsensitiveOption);
    if (!m_expression.isValid())
        m_error = QStringLiteral("%1 (%2)")
                      .arg(m_expression.errorString())
                      .arg(m_expression.patternErrorOffset());
    else
        m_expression.optimize();
}

bool LogMatcher::matchesTag(const QString &tag) const
{
    if (m_filter.excluded.contains(tag))
        return false;
    return m_filter.included.isEmpty() || m_filter.included.contains(tag);
}

bool LogMatcher::matchesRest(const LogRecord &record) const
{
    if (record.level < m_filter.minimum || !m_error.isEmpty())
        return false;
    if (m_filter.text.isEmpty() || matchesText(record.text))
        return true;
    return m_withTag
        && matchesText(QLatin1Char('[') + record.tag + QStringLiteral("] ") + record.text);
}

bool LogMatcher::matchesText(const QString &text) const
{
    if (m_filter.regex)
        return m_expression.match(text).hasMatch();
    return text.contains(m_filter.text,
                         m_filter.caseSensitive ? Qt::CaseSensitive : Qt::CaseInsensitive);
}

} // namespace pilotlight
