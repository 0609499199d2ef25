// SPDX-License-Identifier: MIT
#include "ui/sessions/sessionlistmodel.h"

#include <algorithm>

namespace pilotlight {

SessionListModel::SessionListModel(SessionManager &manager, std::function<QDateTime()> now,
                                   QObject *parent)
    : QAbstractListModel(parent)
    , m_manager(manager)
    , m_now(std::move(now))
{
    for (const auto &session : manager.sessions())
        m_rows.push_back(session.get());
    connect(&manager, &SessionManager::sessionAdded, this, [this](Session *session) {
        if (rowOf(session->id()) >= 0)
            return;
        const int row = static_cast<int>(m_rows.size());
        beginInsertRows({}, row, row);
        m_rows.push_back(session);
        endInsertRows();
    });
    connect(&manager, &SessionManager::sessionAboutToBeRemoved, this, [this](Session *session) {
        const auto it = std::find(m_rows.begin(), m_rows.end(), session);
        if (it == m_rows.end())
            return;
        const int row = static_cast<int>(it - m_rows.begin());
        beginRemoveRows({}, row, row);
        m_rows.erase(it);
        endRemoveRows();
    });
    connect(&manager, &SessionManager::sessionChanged, this, &SessionListModel::rowChanged);
}

void SessionListModel::rowChanged(Session *session)
{
    const auto it = std::find(m_rows.begin(), m_rows.end(), session);
    if (it == m_rows.end())
        return;
    const QModelIndex i = index(static_cast<int>(it - m_rows.begin()));
    Q_EMIT dataChanged(i, i);
}

void SessionListModel::refreshAges()
{
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0), index(static_cast<int>(m_rows.size()) - 1),
                           {AgeRole, Qt::AccessibleTextRole});
}

int SessionListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

Session *SessionListModel::sessionAt(int row) const
{
    return row >= 0 && row < static_cast<int>(m_rows.size()) ? m_rows[static_cast<size_t>(row)]
                                                             : nullptr;
}

int SessionListModel::rowOf(const QString &id) const
{
    const auto it =
        std::find_if(m_rows.begin(), m_rows.end(), [&](const Session *s) { return s->id() == id; });
    return it == m_rows.end() ? -1 : static_cast<int>(it - m_rows.begin());
}

Qt::ItemFlags SessionListModel::flags(const QModelIndex &index) const
{
    return index.isValid()
        ? Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsEditable | Qt::ItemNeverHasChildren
        : Qt::NoItemFlags;
}

QVariant SessionListModel::data(const QModelIndex &index, int role) const
{
    const Session *session = index.isValid() ? sessionAt(index.row()) : nullptr;
    if (!session)
        return {};
    const ShownState state = shownState(*session);
    const auto model = [&] {
        const QString live = session->transcript().model();
        return live.isEmpty() ? session->config().model : live;
    };
    switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
        return sessionTitle(*session);
    case Qt::ToolTipRole: {
        QStringList lines{sessionTitle(*session), stateExplanation(*session)};
        if (!session->config().workingDirectory.isEmpty())
            lines << session->config().workingDirectory;
        if (!model().isEmpty())
            lines << model();
        return lines.join(QLatin1Char('\n'));
    }
    case Qt::AccessibleTextRole: {
        QStringList parts{sessionTitle(*session), stateText(state)};
        if (session->unread() > 0)
            parts << tr("%n unread", nullptr, session->unread());
        const QString age = ageText(session->lastActivity(), m_now());
        if (!age.isEmpty())
            parts << age;
        return parts.join(QStringLiteral(", "));
    }
    case Qt::AccessibleDescriptionRole:
        return stateExplanation(*session);
    case IdRole:
        return session->id();
    case StateRole:
        return static_cast<int>(state);
    case DetailRole: {
        QStringList parts;
        const QString folder = shortFolder(session->config().workingDirectory);
        if (!folder.isEmpty())
            parts << folder;
        if (!model().isEmpty())
            parts << model();
        return parts.join(QStringLiteral(" · "));
    }
    case AgeRole:
        return ageText(session->lastActivity(), m_now());
    case UnreadRole:
        return session->unread();
    case ActivityTimeRole:
        return session->lastActivity().isValid() ? session->lastActivity() : session->created();
    case CreatedRole:
        return session->created();
    case SearchRole:
        return QStringList{sessionTitle(*session), stateText(state),
                           session->config().workingDirectory, model()}
            .join(QLatin1Char('\n'));
    default:
        return {};
    }
}

bool SessionListModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    const Session *session = index.isValid() ? sessionAt(index.row()) : nullptr;
    if (!session || role != Qt::EditRole)
        return false;
    const QString name = value.toString().simplified();
    if (name.isEmpty() || name == sessionTitle(*session))
        return false;
    m_manager.rename(session->id(), name);
    return true;
}

SessionSortModel::SessionSortModel(QObject *parent)
    : QSortFilterProxyModel(parent)
{
    setDynamicSortFilter(true);
    sort(0);
}

void SessionSortModel::setOrder(Order order)
{
    if (m_order == order)
        return;
    m_order = order;
    invalidate();
}

void SessionSortModel::setWords(const QString &text)
{
    m_words = text.simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

void SessionSortModel::setStatus(StatusFilter status)
{
    if (m_status == status)
        return;
    m_status = status;
    invalidateFilter();
}

bool SessionSortModel::filterAcceptsRow(int row, const QModelIndex &parent) const
{
    const QModelIndex index = sourceModel()->index(row, 0, parent);
    const auto state = static_cast<ShownState>(index.data(SessionListModel::StateRole).toInt());
    if (m_status != StatusFilter::All && statusFilterOf(state) != m_status)
        return false;
    if (m_words.isEmpty())
        return true;
    const QString text = index.data(SessionListModel::SearchRole).toString();
    const QString id = index.data(SessionListModel::IdRole).toString();
    return std::all_of(m_words.begin(), m_words.end(), [&](const QString &word) {
        // An id only from its beginning: two digits occur somewhere in every UUID.
        return text.contains(word, Qt::CaseInsensitive)
            || (word.size() >= 4 && id.startsWith(word, Qt::CaseInsensitive));
    });
}

bool SessionSortModel::lessThan(const QModelIndex &left, const QModelIndex &right) const
{
    if (m_order == Order::Name) {
        const int c = QString::localeAwareCompare(left.data().toString().toCaseFolded(),
                                                  right.data().toString().toCaseFolded());
        if (c != 0)
            return c < 0;
        return left.row() < right.row();
    }
    const int role = m_order == Order::Recent ? SessionListModel::ActivityTimeRole
                                              : SessionListModel::CreatedRole;
    const QDateTime l = left.data(role).toDateTime();
    const QDateTime r = right.data(role).toDateTime();
    // Newest first; of equals the one made last.
    return l == r ? left.row() > right.row() : l > r;
}

} // namespace pilotlight
