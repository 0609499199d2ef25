// SPDX-License-Identifier: MIT
#include "ui/log/logmodel.h"

#include "diag/logstore.h"

#include <algorithm>
#include <limits>

namespace pilotlight {

LogModel::LogModel(LogStore *store, QObject *parent)
    : QAbstractTableModel(parent)
    , m_store(store)
{
    Q_ASSERT(store);
    connect(store, &LogStore::changed, this, &LogModel::onStoreChanged);
    showAll();
}

int LogModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_ids.size());
}

int LogModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString LogModel::levelName(LogLevel level)
{
    switch (level) {
    case LogLevel::Debug:
        return tr("Debug");
    case LogLevel::Info:
        return tr("Info");
    case LogLevel::Warning:
        return tr("Warning");
    case LogLevel::Error:
        return tr("Error");
    }
    return {};
}

QString LogModel::timeText(const QDateTime &time) const
{
    return (m_localTime ? time.toLocalTime() : time.toUTC())
        .toString(QStringLiteral("HH:mm:ss.zzz"));
}

QVariant LogModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    if (role == IdRole)
        return idAt(index.row());
    const LogRecord *const found = record(index.row());
    if (!found)
        return {};
    switch (role) {
    case Qt::DisplayRole:
        switch (index.column()) {
        case TimeColumn:
            return timeText(found->time);
        case LevelColumn:
            return levelName(found->level);
        case TagColumn:
            return found->tag;
        case TextColumn:
            // One row is one line high, whatever the record holds; the details show it whole.
            return found->text.contains(QLatin1Char('\n'))
                ? QString(found->text).replace(QLatin1Char('\n'), QChar(0x21B5))
                : found->text;
        default:
            return {};
        }
    case Qt::AccessibleTextRole:
        if (index.column() == TextColumn)
            return tr("%1, %2: %3").arg(levelName(found->level), found->tag, found->text);
        return {};
    case Qt::ToolTipRole:
        if (index.column() == TimeColumn)
            return (m_localTime ? found->time.toLocalTime() : found->time.toUTC())
                .toString(Qt::ISODateWithMs);
        return {};
    case LevelRole:
        return static_cast<int>(found->level);
    default:
        return {};
    }
}

QVariant LogModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case TimeColumn:
        return m_localTime ? tr("Time") : tr("Time (UTC)");
    case LevelColumn:
        return tr("Level");
    case TagColumn:
        return tr("Tag");
    case TextColumn:
        return tr("Message");
    default:
        return {};
    }
}

int LogModel::storeIndex(quint64 id) const
{
    if (!m_store || m_store->size() == 0)
        return -1;
    const quint64 first = m_store->firstId();
    const int size = m_store->size();
    if (id < first || id - first >= static_cast<quint64>(size))
        return -1;
    return static_cast<int>(id - first); // ids have no gaps
}

const LogRecord *LogModel::record(int row) const
{
    if (row < 0 || row >= rowCount())
        return nullptr;
    const int index = storeIndex(idAt(row));
    return index < 0 ? nullptr : &m_store->at(index);
}

QString LogModel::setFilter(const LogFilter &filter)
{
    if (filter == m_matcher.filter())
        return {};
    LogMatcher matcher(filter);
    if (!matcher.error().isEmpty())
        return matcher.error();
    m_matcher = std::move(matcher);
    rescan();
    return {};
}

void LogModel::clearView()
{
    m_floor = m_lastSeen;
    beginResetModel();
    m_ids.clear();
    m_tagOf.clear();
    for (TagCount &count : m_counts)
        count.total = count.problems = 0;
    endResetModel();
    Q_EMIT countsChanged();
}

void LogModel::showAll()
{
    m_floor = 0;
    m_lastSeen = 0;
    m_tagOf.clear();
    m_tags.clear();
    m_counts.clear();
    const int size = m_store ? m_store->size() : 0;
    for (int i = 0; i < size; ++i)
        count(m_store->at(i));
    rescan();
    Q_EMIT countsChanged();
}

void LogModel::setLocalTime(bool local)
{
    if (local == m_localTime)
        return;
    m_localTime = local;
    if (!m_ids.empty())
        Q_EMIT dataChanged(index(0, TimeColumn), index(rowCount() - 1, TimeColumn));
    Q_EMIT headerDataChanged(Qt::Horizontal, TimeColumn, TimeColumn);
}

int LogModel::rowFor(quint64 id) const
{
    if (m_ids.empty())
        return -1;
    const auto found = std::lower_bound(m_ids.begin(), m_ids.end(), id);
    return static_cast<int>((found == m_ids.end() ? found - 1 : found) - m_ids.begin());
}

bool LogModel::hasId(quint64 id) const
{
    return std::binary_search(m_ids.begin(), m_ids.end(), id);
}

std::optional<int> LogModel::findProblem(int row, int direction) const
{
    for (int at = row + direction; at >= 0 && at < rowCount(); at += direction) {
        if (const LogRecord *found = record(at); found && found->level >= LogLevel::Warning)
            return at;
    }
    return std::nullopt;
}

QList<LogModel::TagCount> LogModel::tagCounts() const
{
    QList<TagCount> counts(m_counts.begin(), m_counts.end());
    std::sort(counts.begin(), counts.end(),
              [](const TagCount &a, const TagCount &b) { return a.tag < b.tag; });
    return counts;
}

std::uint16_t LogModel::tagIndex(const QString &tag)
{
    qsizetype index = m_tags.indexOf(tag);
    if (index < 0) {
        // Tags are a dozen words of our own and a few of Qt's; beyond any sense they share a place.
        if (m_tags.size() >= std::numeric_limits<std::uint16_t>::max())
            return 0;
        index = m_tags.size();
        m_tags.append(tag);
        m_counts.push_back({tag, 0, 0});
    }
    return static_cast<std::uint16_t>(index);
}

void LogModel::count(const LogRecord &record)
{
    const Seen seen{tagIndex(record.tag), record.level >= LogLevel::Warning};
    if (m_tagOf.empty())
        m_firstSeen = record.id;
    m_tagOf.push_back(seen);
    m_lastSeen = record.id;
    TagCount &count = m_counts[seen.tag];
    ++count.total;
    count.problems += seen.problem ? 1 : 0;
}

void LogModel::forgetUpTo(quint64 firstKept)
{
    while (!m_tagOf.empty() && m_firstSeen < firstKept) {
        const Seen seen = m_tagOf.front();
        m_tagOf.pop_front();
        ++m_firstSeen;
        TagCount &count = m_counts[seen.tag];
        --count.total;
        count.problems -= seen.problem ? 1 : 0;
    }
    const auto end = std::lower_bound(m_ids.begin(), m_ids.end(), firstKept);
    if (end == m_ids.begin())
        return;
    beginRemoveRows({}, 0, static_cast<int>(end - m_ids.begin()) - 1);
    m_ids.erase(m_ids.begin(), end);
    endRemoveRows();
}

void LogModel::onStoreChanged(int added, int dropped)
{
    if (dropped > 0)
        forgetUpTo(m_store->firstId());
    std::vector<quint64> fresh;
    const int size = m_store->size();
    for (int i = std::max(0, size - added); i < size; ++i) {
        const LogRecord &record = m_store->at(i);
        if (record.id <= m_lastSeen || record.id <= m_floor)
            continue;
        count(record);
        if (m_matcher.matches(record))
            fresh.push_back(record.id);
    }
    if (!fresh.empty()) {
        beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(fresh.size()) - 1);
        m_ids.insert(m_ids.end(), fresh.begin(), fresh.end());
        endInsertRows();
    }
    Q_EMIT countsChanged();
}

void LogModel::rescan()
{
    beginResetModel();
    m_ids.clear();
    // The tag of each record is known by number, so most records are dismissed without a look at
    // them.
    std::vector<bool> wanted;
    wanted.reserve(static_cast<std::size_t>(m_tags.size()));
    for (const QString &tag : std::as_const(m_tags))
        wanted.push_back(m_matcher.matchesTag(tag));
    quint64 id = m_firstSeen;
    for (const Seen &seen : m_tagOf) {
        if (const int index = wanted[seen.tag] ? storeIndex(id) : -1;
            index >= 0 && m_matcher.matchesRest(m_store->at(index)))
            m_ids.push_back(id);
        ++id;
    }
    endResetModel();
}

} // namespace pilotlight
