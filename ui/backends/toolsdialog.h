// SPDX-License-Identifier: MIT
#pragma once

#include "agent/mcptypes.h"
#include "base/error.h"
#include "rpc/peer.h"

#include <QDialog>
#include <QPointer>

class QLabel;
class QLineEdit;
class QListView;
class QPlainTextEdit;
class QPushButton;
class QSortFilterProxyModel;

namespace pilotlight {

class CodeBox;
class McpBackend;
class ToolModel;

//! The tools of one MCP server: what they do, and a place to call one with arguments and see what
//! it returns. Stays open while the server goes and comes back; nothing is called by itself.
class ToolsDialog : public QDialog
{
    Q_OBJECT
public:
    //! \a serverName: for the title.
    explicit ToolsDialog(const QString &serverName, QWidget *parent = nullptr);
    ~ToolsDialog() override;

    //! The server's connection; null while it is away. Never kept over its end.
    void setBackend(McpBackend *backend);

protected:
    void done(int result) override;

private:
    QWidget *makeList();
    QWidget *makeDetails();
    void updateList();
    void showTool();
    void checkArguments();
    void run();
    void stop();
    void showResult(const Result<McpToolResult> &result);
    void setState(const QString &text, const char *state);
    const McpTool *currentTool() const;

    QPointer<McpBackend> m_backend;
    CallHandle m_call;
    QString m_shownTool; // whose arguments are being edited
    ToolModel *m_model;
    QSortFilterProxyModel *m_filtered;
    QLineEdit *m_filter = nullptr;
    QListView *m_list = nullptr;
    QLabel *m_listMessage = nullptr;
    QWidget *m_details = nullptr;
    QLabel *m_name = nullptr;
    QLabel *m_effect = nullptr;
    QLabel *m_description = nullptr;
    QLabel *m_parameters = nullptr;
    QPlainTextEdit *m_arguments = nullptr;
    QLabel *m_hint = nullptr;
    QPushButton *m_run = nullptr;
    QPushButton *m_stop = nullptr;
    QLabel *m_state = nullptr;
    CodeBox *m_result = nullptr;
};

} // namespace pilotlight
