// SPDX-License-Identifier: MIT
#pragma once

#include "session/explanation.h"
#include "session/sessionmanager.h"

#include <QPointer>
#include <QTimer>
#include <QWidget>

class QLabel;
class QPushButton;
class QStackedWidget;

namespace pilotlight {

class ChatHeader;
class InputBar;
class PhaseLine;
class TranscriptView;

//! One session in the middle of the window: header, conversation and input. Everything that the
//! user does goes to the SessionManager; everything that is shown comes from its Session.
class ChatView : public QWidget
{
    Q_OBJECT
public:
    explicit ChatView(SessionManager &manager, QWidget *parent = nullptr);
    ~ChatView() override;

    //! Shows the session \a id; an empty or unknown one shows what to do instead.
    void setSession(const QString &id);
    QString sessionId() const { return m_id; }
    void setModels(const QList<ModelInfo> &models);

    TranscriptView *transcriptView() const { return m_view; }
    //! Shows at once what waits for the next update. For tests.
    void flush();

public Q_SLOTS:
    void focusInput();
    //! The keyboard goes to the oldest request that waits for an answer (F6).
    void focusWaiting();
    void stop();
    void editQueued(int index);
    void renameSession();

Q_SIGNALS:
    //! The button of the empty page.
    void newSessionRequested();
    //! What helps the shown session is not the chat's to do (reconnect, restart, sign in, log).
    void helpRequested(pilotlight::Explanation::Action action, const QString &backendId);

private:
    Session *session() const;
    void makePages();
    void sessionChanged();
    void updateNote();
    void updatePhase();
    void help(Explanation::Action action);
    void updateHistory();
    void updateChip();
    void updateHints();
    void saveDraft();
    void openLink(const QUrl &target);
    void showFailure(const QString &id, const QString &what, const Error &error);
    void placeOverlay();
    bool eventFilter(QObject *watched, QEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

    SessionManager &m_manager;
    QString m_id;
    QPointer<Session> m_session;
    QStackedWidget *m_pages;
    QWidget *m_chat;
    QWidget *m_noSession;
    ChatHeader *m_header;
    TranscriptView *m_view;
    QLabel *m_hint; //!< in an empty conversation
    QPushButton *m_latest;
    QLabel *m_failure;
    PhaseLine *m_phase;
    InputBar *m_input;
    QTimer m_draftTimer;
    QTimer m_refresh;
    QTimer m_tick; //!< while a time is shown
    bool m_newBelow = false;
    bool m_historyStale = true;
};

//! Only http, https and file addresses may ever be handed to the system.
bool isOpenableLink(const QUrl &target);

} // namespace pilotlight
