// SPDX-License-Identifier: MIT
#include "ui/backends/toolmodel.h"

#include "agent/mcpbackend.h"

namespace pilotlight {

void ToolModel::setBackend(McpBackend *backend)
{
    if (m_backend == backend && backend)
        return;
    if (m_backend)
        m_backend->disconnect(this);
    m_backend = backend;
    ++m_reading;
    if (!backend) {
        setLoading(false);
        return;
    }
    connect(backend, &McpBackend::toolsChanged, this, &ToolModel::reload);
    reload();
}

void ToolModel::reload()
{
    ++m_reading;
    if (!m_backend)
        return;
    m_arriving.clear();
    setLoading(true);
    readPage({});
}

void ToolModel::readPage(const QString &cursor)
{
    m_backend->listTools(cursor, this,
                         [this, cursor, reading = m_reading](const Result<McpToolPage> &page) {
                             if (reading != m_reading)
                                 return;
                             if (!page) {
                                 setLoading(false);
                                 Q_EMIT failed(page.error());
                                 return;
                             }
                             m_arriving += page->tools;
                             // The same cursor again would never end.
                             if (!page->nextCursor.isEmpty() && page->nextCursor != cursor
                                 && m_backend && m_arriving.size() < MostTools) {
                                 readPage(page->nextCursor);
                                 return;
                             }
                             beginResetModel();
                             m_tools = std::exchange(m_arriving, {});
                             endResetModel();
                             setLoading(false);
                         });
}

void ToolModel::setLoading(bool loading)
{
    if (std::exchange(m_loading, loading) != loading)
        Q_EMIT loadingChanged();
}

int ToolModel::rowOf(const QString &name) const
{
    for (int row = 0; row < m_tools.size(); ++row) {
        if (m_tools.at(row).name == name)
            return row;
    }
    return -1;
}

int ToolModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_tools.size());
}

QVariant ToolModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const McpTool &tool = m_tools.at(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return tool.title.isEmpty() ? tool.name : tool.title;
    case Qt::AccessibleTextRole:
        return tool.description.isEmpty()
            ? data(index, Qt::DisplayRole)
            : QVariant(data(index, Qt::DisplayRole).toString() + QStringLiteral(", ")
                       + tool.description.simplified());
    case Qt::ToolTipRole:
    case NameRole:
        return tool.name;
    case SearchRole:
        return QStringList{tool.name, tool.title, tool.description}.join(QLatin1Char('\n'));
    case ReadOnlyRole:
        return tool.readOnlyHint;
    default:
        return {};
    }
}

} // namespace pilotlight
