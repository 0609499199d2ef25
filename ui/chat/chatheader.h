// SPDX-License-Identifier: MIT
#pragma once

#include "session/session.h"

#include <QWidget>

class QActionGroup;
class QLabel;
class QLineEdit;
class QStackedWidget;
class QToolButton;

namespace pilotlight {

//! The line above the conversation: name (renamed in place), model, mode, folder, how full the
//! context is, and what the agent is doing right now.
class ChatHeader : public QWidget
{
    Q_OBJECT
public:
    explicit ChatHeader(QWidget *parent = nullptr);

    //! Shows \a session as it is now; null empties the line.
    void show(const Session *session);
    void setModels(const QList<ModelInfo> &models);
    void startRename();

Q_SIGNALS:
    void renamed(const QString &name);
    void modelChosen(const QString &model);
    void modeChosen(pilotlight::AgentMode mode);
    void retryRequested();
    //! The "Waiting for you" chip was pressed.
    void waitingPressed();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void refresh();
    void refreshPhase();
    void elide();
    void finishRename(bool accept);
    void fillModelMenu();

    const Session *m_session = nullptr;
    QList<ModelInfo> m_models;
    QStackedWidget *m_nameStack;
    QLabel *m_name;
    QLineEdit *m_nameEdit;
    QToolButton *m_rename;
    QToolButton *m_model;
    QToolButton *m_mode;
    QActionGroup *m_modes;
    QLabel *m_folder;
    QLabel *m_context;
    QToolButton *m_phase;
    QString m_fullName;
    QString m_fullFolder;
};

} // namespace pilotlight
