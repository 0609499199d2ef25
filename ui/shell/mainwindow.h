// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "connection/status.h"
#include "settings/settings.h"
#include "ui/keepalive/keepaliverows.h"
#include "ui/shell/connectiontext.h"

#include <QMainWindow>

class QAction;
class QActionGroup;
class QSplitter;
class QStackedWidget;

namespace pilotlight {

class BannerArea;
class ConnectionBar;
class LogPanel;
class LogStore;
class WelcomePage;

//! The window: sessions at the left, the conversation beside them, the log below, the connection in
//! the status bar. It shows what it is told and says what the user wants; whoever made it connects
//! the two.
class MainWindow : public QMainWindow
{
    Q_OBJECT
public:
    //! All must outlive the window.
    MainWindow(LogStore &logStore, SettingsStore &settings, const Clock &clock,
               QWidget *parent = nullptr);
    ~MainWindow() override;

    //! The two panes; the window owns them from now on. It can be shown before either is there.
    void setSidebar(QWidget *sessions);
    void setConversation(QWidget *chat);
    //! False shows the start page in place of the conversation.
    void showConversation(bool shown);
    void setHasSessions(bool has);
    //! The session that is shown, remembered for the next start, and its title for the window's.
    void setSession(const QString &id, const QString &title);
    //! Sessions that wait for the user, and that work: the title, and the question before closing.
    void setAttention(int waiting, int working);

    void setStatus(const ConnectionStatus &status);
    //! A fresher answer about the sign-in than the status has ("Check again").
    void setAuth(const AuthStatus &auth);
    //! Shows a notice of the connection or the stores as a banner.
    void showNotice(const QString &code, const QString &detail);
    //! Uses \a theme from now on and keeps it in the settings.
    void applyTheme(ThemeChoice theme);
    //! A transient word in the status bar.
    void say(const QString &text);

    //! Made when it is first shown: a quarter of the start-up time otherwise.
    LogPanel &log();
    BannerArea &banners() { return *m_banners; }
    //! The page for a window without a conversation; made when it is first wanted.
    WelcomePage &welcome();
    //! The page in place of the conversation that keepaliveRequested() asks for; owned from now on.
    void setKeepalivePage(QWidget *page);
    void showKeepalive(bool shown);
    bool isKeepaliveShown() const;
    //! For the pill and its tool tip.
    void setKeepaliveRows(const QList<KeepaliveBackendRow> &rows);
    ConnectionBar &bar() { return *m_bar; }
    QAction *action(const char *name) const;
    bool isLogVisible() const;
    //! Whether turns go on when the window closes, since another process is attached to all
    //! sessions, too.
    void setTurnsGoOn(bool goOn) { m_turnsGoOn = goOn; }
    //! What the user wants of them; meaningful once the window has closed.
    bool keepsTurns() const { return m_keepTurns; }
    //! Keeps sizes and places for the next start; closing the window does it by itself.
    void saveLayout();

public Q_SLOTS:
    void setLogVisible(bool visible);
    //! The log with only \a tag, and only lines with \a text in them.
    void showLog(const QString &tag, const QString &text = {});
    void about();
    void showShortcuts();

Q_SIGNALS:
    void newSessionRequested();
    void earlierSessionsRequested();
    void findSessionRequested();
    void stopRequested();
    void waitingRequested();
    void connectionSettingsRequested();
    void monitorSettingsRequested();
    void exportProfileRequested();
    void importProfileRequested();
    void resetSettingsRequested();
    void supportBundleRequested();
    void drillRequested();
    void connectRequested();
    void disconnectRequested();
    void reconnectRequested();
    void restartServerRequested();
    void pingRequested();
    void keepaliveRequested();
    void signInCheckRequested();
    void demoRequested();
    void startAtLoginRequested(bool on);
    void openLogFolderRequested();
    //! The window was painted with all of its content for the first time.
    void firstPainted();

protected:
    void closeEvent(QCloseEvent *event) override;
    bool event(QEvent *event) override;

private:
    void makeActions();
    void makeMenus();
    void makeBody();
    void restoreLayout();
    void updateTitle();
    void updateActions();
    // windowbanners.cpp
    void bannerDismissed(const QString &name);
    void updateAuthBanner();
    void updateTroubleBanner();
    void sayRecovered();
    void unsaved(const QString &code, const QString &detail);
    void savedAgain(const QString &code);
    void askRestart();
    void askBeforeClosing();
    template <typename Change>
    void changeSettings(Change &&change);

    LogStore &m_logStore;
    SettingsStore &m_settings;
    const Clock &m_clock;
    ConnectionStatus m_status;
    std::optional<AuthStatus> m_auth;
    bool m_authDismissed = false;
    QStringList m_unsaved; //!< notices of what cannot be written
    std::optional<ErrorCode> m_trouble; //!< that the banner was shown for
    QString m_sessionId;
    QString m_sessionTitle;
    int m_waiting = 0;
    int m_working = 0;
    bool m_turnsGoOn = false;
    bool m_keepTurns = true;
    bool m_closeConfirmed = false;
    bool m_painted = false;

    BannerArea *m_banners;
    LogPanel *m_log = nullptr;
    WelcomePage *m_welcome = nullptr;
    bool m_hasSessions = false;
    ConnectionBar *m_bar;
    QSplitter *m_columns;
    QSplitter *m_rows;
    QStackedWidget *m_pages;
    QWidget *m_sessions = nullptr;
    QWidget *m_chat = nullptr;
    QWidget *m_keepalive = nullptr;
    bool m_conversationShown = false;
    QActionGroup *m_themes = nullptr;
};

} // namespace pilotlight
