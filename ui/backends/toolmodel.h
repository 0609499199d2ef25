// SPDX-License-Identifier: MIT
#pragma once

#include "agent/mcptypes.h"
#include "base/error.h"

#include <QAbstractListModel>
#include <QPointer>

namespace pilotlight {

class McpBackend;

//! The tools of one MCP server, read page by page; read again when the server says that they have
//! changed. Keeps what it has while the server is away.
class ToolModel : public QAbstractListModel
{
    Q_OBJECT
public:
    enum Role
    {
        NameRole = Qt::UserRole + 1,
        SearchRole, //!< everything that a filter should find
        ReadOnlyRole,
    };
    //! More are not read: nobody looks through them, and a server may give pages for ever.
    static constexpr int MostTools = 5'000;

    using QAbstractListModel::QAbstractListModel;

    //! Null: the server is away. Reads the tools of another one at once.
    void setBackend(McpBackend *backend);
    void reload();

    const McpTool &tool(int row) const { return m_tools.at(row); }
    //! The row of the tool \a name, or -1.
    int rowOf(const QString &name) const;
    bool isLoading() const { return m_loading; }

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;

Q_SIGNALS:
    //! isLoading() has changed.
    void loadingChanged();
    //! The list could not be read; the one from before stays.
    void failed(const pilotlight::Error &error);

private:
    void readPage(const QString &cursor);
    void setLoading(bool loading);

    QPointer<McpBackend> m_backend;
    QList<McpTool> m_tools;
    QList<McpTool> m_arriving;
    quint64 m_reading = 0; // counts the readings; an answer to an older one is dropped
    bool m_loading = false;
};

} // namespace pilotlight
