// SPDX-License-Identifier: MIT
#pragma once

#include "session/sessionmanager.h"

#include <QDialog>

class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;

namespace pilotlight {

//! What the server still has on disk, to be opened again: filter, choose, Open. Sessions that are
//! in the list already are left out.
class EarlierSessionsDialog : public QDialog
{
    Q_OBJECT
public:
    explicit EarlierSessionsDialog(SessionManager &manager, QWidget *parent = nullptr);

Q_SIGNALS:
    //! adopt() has been called; \a id is the session to show.
    void opened(const QString &id);

private:
    void load();
    void show(const QList<SessionSummary> &summaries);
    void filter();
    void openSelected();
    void setMessage(const QString &text);

    SessionManager &m_manager;
    QList<SessionSummary> m_summaries;
    QLineEdit *m_filter = nullptr;
    QListWidget *m_list = nullptr;
    QLabel *m_message = nullptr;
    QPushButton *m_reload = nullptr;
    QPushButton *m_open = nullptr;
};

} // namespace pilotlight
