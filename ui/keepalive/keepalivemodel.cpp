// SPDX-License-Identifier: MIT
#include "ui/keepalive/keepalivemodel.h"

#include "ui/keepalive/keepalivetext.h"
#include "ui/keepalive/lifetext.h"

#include <QColor>
#include <QIcon>

#include <algorithm>

namespace pilotlight {

namespace {

// The internal id of an index is 0 for a backend, else 1 + the row of the session's backend.
constexpr quintptr BackendLevel = 0;

bool sameShape(const QList<KeepaliveBackendRow> &a, const QList<KeepaliveBackendRow> &b)
{
    return std::equal(a.cbegin(), a.cend(), b.cbegin(), b.cend(),
                      [](const KeepaliveBackendRow &x, const KeepaliveBackendRow &y) {
                          return x.id == y.id
                              && std::equal(
                                     x.sessions.cbegin(), x.sessions.cend(), y.sessions.cbegin(),
                                     y.sessions.cend(),
                                     [](const KeepaliveSessionRow &s,
                                        const KeepaliveSessionRow &t) { return s.id == t.id; });
                      });
}

} // namespace

KeepaliveModel::KeepaliveModel(QObject *parent)
    : QAbstractItemModel(parent)
{ }

void KeepaliveModel::setRows(QList<KeepaliveBackendRow> backends, const QDateTime &now)
{
    // What needs somebody's eye must not be below the fold.
    std::stable_partition(backends.begin(), backends.end(), [](const KeepaliveBackendRow &backend) {
        return backend.answersBadly();
    });
    for (KeepaliveBackendRow &backend : backends) {
        // Sorted by keys made once; a session of equal risk stays where it was.
        std::stable_sort(backend.sessions.begin(), backend.sessions.end(),
                         [&now](const KeepaliveSessionRow &a, const KeepaliveSessionRow &b) {
                             return LifeText(a.life, now).risk() < LifeText(b.life, now).risk();
                         });
    }
    const bool same = sameShape(backends, m_backends);
    if (!same)
        beginResetModel();
    m_backends = std::move(backends);
    m_now = now;
    if (!same) {
        endResetModel();
        return;
    }
    if (m_backends.isEmpty())
        return;
    Q_EMIT dataChanged(index(0, 0),
                       index(static_cast<int>(m_backends.size()) - 1, ColumnCount - 1));
    for (int i = 0; i < m_backends.size(); ++i) {
        const QModelIndex above = index(i, 0);
        if (const int rows = rowCount(above); rows > 0)
            Q_EMIT dataChanged(index(0, 0, above), index(rows - 1, ColumnCount - 1, above));
    }
}

const KeepaliveBackendRow *KeepaliveModel::backendAt(const QModelIndex &index) const
{
    if (!index.isValid() || index.internalId() != BackendLevel)
        return nullptr;
    return &m_backends[index.row()];
}

const KeepaliveSessionRow *KeepaliveModel::sessionAt(const QModelIndex &index) const
{
    if (!index.isValid() || index.internalId() == BackendLevel)
        return nullptr;
    return &m_backends[static_cast<qsizetype>(index.internalId() - 1)].sessions[index.row()];
}

QModelIndex KeepaliveModel::find(const QString &id, bool backend) const
{
    for (int i = 0; i < m_backends.size(); ++i) {
        if (backend && m_backends[i].id == id)
            return index(i, 0);
        const auto &sessions = m_backends[i].sessions;
        for (int j = 0; !backend && j < sessions.size(); ++j) {
            if (sessions[j].id == id)
                return index(j, 0, index(i, 0));
        }
    }
    return {};
}

QModelIndex KeepaliveModel::index(int row, int column, const QModelIndex &parent) const
{
    if (!hasIndex(row, column, parent))
        return {};
    return createIndex(row, column,
                       parent.isValid() ? static_cast<quintptr>(parent.row()) + 1 : BackendLevel);
}

QModelIndex KeepaliveModel::parent(const QModelIndex &index) const
{
    if (!index.isValid() || index.internalId() == BackendLevel)
        return {};
    return createIndex(static_cast<int>(index.internalId() - 1), 0, BackendLevel);
}

int KeepaliveModel::rowCount(const QModelIndex &parent) const
{
    if (!parent.isValid())
        return static_cast<int>(m_backends.size());
    if (parent.internalId() != BackendLevel || parent.column() != 0)
        return 0;
    return static_cast<int>(m_backends[parent.row()].sessions.size());
}

int KeepaliveModel::columnCount(const QModelIndex &) const
{
    return ColumnCount;
}

QVariant KeepaliveModel::data(const QModelIndex &index, int role) const
{
    if (const KeepaliveBackendRow *backend = backendAt(index))
        return backendData(*backend, index.column(), role);
    if (const KeepaliveSessionRow *session = sessionAt(index))
        return sessionData(*session, index.column(), role);
    return {};
}

QVariant KeepaliveModel::backendData(const KeepaliveBackendRow &row, int column, int role) const
{
    const KeepaliveText text(row.status, m_now);
    const KeepaliveStatus &keepalive = row.status.keepalive;
    switch (role) {
    case IdRole:
        return row.id;
    case IsBackendRole:
        return true;
    case LatenciesRole: {
        QList<double> values;
        for (const std::chrono::microseconds value : keepalive.latencies)
            values.append(static_cast<double>(value.count()) / 1000);
        return QVariant::fromValue(values);
    }
    case Qt::ToolTipRole:
        return text.toolTip();
    case Qt::DecorationRole:
        if (column == Name)
            return Theme::icon(QStringLiteral("server"));
        if (column == State)
            return Theme::icon(text.icon(), text.color());
        return {};
    case Qt::ForegroundRole:
        if (column == State)
            return Theme::instance().color(text.color());
        return {};
    case Qt::FontRole:
        return column == Name ? QVariant(Theme::font(0, true)) : QVariant();
    case Qt::DisplayRole:
        break;
    default:
        return {};
    }
    switch (column) {
    case Name:
        return row.name;
    case State:
        return text.word();
    case LastAnswer:
        return keepalive.lastAnswer
            ? tr("%1 ago").arg(KeepaliveText::span(
                  Milliseconds(std::max<qint64>(0, keepalive.lastAnswer->msecsTo(m_now)))))
            : tr("not yet");
    case Latency:
        return keepalive.lastAnswer ? KeepaliveText::latency(keepalive.lastRoundTrip) : QString();
    case Next: {
        const std::optional<QDateTime> &next =
            row.status.retryAt ? row.status.retryAt : keepalive.nextProbe;
        return next ? tr("in %1").arg(KeepaliveText::span(
                          Milliseconds(std::max<qint64>(0, m_now.msecsTo(*next)))))
                    : QString();
    }
    default:
        return {};
    }
}

QVariant KeepaliveModel::sessionData(const KeepaliveSessionRow &row, int column, int role) const
{
    const LifeText text(row.life, m_now);
    switch (role) {
    case IdRole:
        return row.id;
    case IsBackendRole:
        return false;
    case Qt::ToolTipRole:
        return text.evidence();
    case Qt::DecorationRole:
        if (column == State)
            return Theme::icon(text.icon(), text.color());
        return {};
    case Qt::ForegroundRole:
        if (column == State)
            return Theme::instance().color(text.color());
        return {};
    case Qt::DisplayRole:
        break;
    default:
        return {};
    }
    switch (column) {
    case Name:
        return row.name;
    case State:
        return row.policy == ParkPolicy::AlwaysLoaded ? tr("%1, always loaded").arg(text.word())
                                                      : text.word();
    case LastAnswer:
        return text.confirmed();
    case Next:
        return text.next();
    case Expiry:
        return text.expiry();
    default:
        return {};
    }
}

QVariant KeepaliveModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        return tr("Server and session");
    case State:
        return tr("State");
    case LastAnswer:
        return tr("Last answer");
    case Latency:
        return tr("Latency");
    case Next:
        return tr("Next check");
    case Expiry:
        return tr("Would expire");
    default:
        return {};
    }
}

} // namespace pilotlight
