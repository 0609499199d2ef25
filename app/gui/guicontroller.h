// SPDX-License-Identifier: MIT
#pragma once

#include "app/gui/autostart.h"
#include "app/gui/updatecheck.h"
#include "connection/status.h"
#include "session/explanation.h"

#include <QObject>

#include <memory>

namespace pilotlight {

class AppContext;
class Attention;
class ChatView;
class DrillController;
class MainWindow;
class Notifier;
class Session;
class KeepaliveController;
class ProfileController;
class SessionListView;

//! Connects the parts of the program with its window: what the connection and the sessions say goes
//! to the widgets, what the user wants goes back. Has no knowledge of its own.
class GuiController : public QObject
{
    Q_OBJECT
public:
    //! \a context must outlive it. The window is made here and shown by the caller.
    //! \a profile: arguments of a start that lead to the same profile. \a updates: the file that
    //! names the newest version; empty where there is none.
    explicit GuiController(AppContext &context, const QStringList &profile = {},
                           const QUrl &updates = {}, QObject *parent = nullptr);
    ~GuiController() override;

    //! Loads the sessions, shows \a sessionId or the one of last time and goes online. Once, after
    //! the window was first painted: what it makes is not needed for that.
    void start(const QString &sessionId = {});
    //! Shows the session, or says that it is not here; with the start, when that is yet to come.
    void open(const QString &sessionId);
    MainWindow &window() { return *m_window; }
    //! The conversation in the window, for pictures.
    ChatView &chat() { return *m_chat; }

private:
    void connectWindow();
    void connectSessions();
    void connectChat();
    void help(Explanation::Action action, const QString &backendId);
    void statusChanged();
    void phaseChanged(Phase phase);
    void currentSessionChanged(const QString &id);
    void sessionChanged(Session *session);
    void updatePane();
    void updateTitle();
    void loadModels();
    void checkSignIn();
    void openSettings();
    void openServer(const QString &id); //!< empty: a new one
    void openTools(const QString &id);
    void openMonitorSettings();
    void openDrill();
    void startDemo();
    void setAutostart(bool on);
    void tellOfVersion(const VersionNews &news);

    AppContext &m_context;
    QString m_asked; //!< for this session, before the start
    Autostart m_autostart;
    UpdateCheck m_updates;
    std::unique_ptr<Notifier> m_notifier;
    std::unique_ptr<MainWindow> m_window;
    Attention *m_attention;
    SessionListView *m_sessions; //!< owned by the window
    std::unique_ptr<KeepaliveController> m_keepalive;
    bool m_signedOut = false; //!< the agent is known not to be signed in
    std::unique_ptr<ProfileController> m_profile;
    std::unique_ptr<DrillController> m_drill; //!< from the first time on
    ChatView *m_chat = nullptr; //!< owned by the window; from start() on
};

} // namespace pilotlight
