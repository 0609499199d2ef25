// SPDX-License-Identifier: MIT
#include "ui/shell/mainwindow.h"

#include "ui/keepalive/keepalivepill.h"
#include "ui/log/logpanel.h"
#include "ui/log/logview.h"
#include "ui/shell/banner.h"
#include "ui/shell/connectionbar.h"
#include "ui/shell/helpdialogs.h"
#include "ui/shell/welcomepage.h"
#include "ui/theme/theme.h"
#include "ui/widgets/plural.h"

#include <QAction>
#include <QActionGroup>
#include <QBoxLayout>
#include <QCheckBox>
#include <QCloseEvent>
#include <QMenuBar>
#include <QMessageBox>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>
#include <QToolButton>

namespace pilotlight {

namespace {

constexpr int SidebarWidth = 280;
const QString KeepaliveTag = QStringLiteral("KEEPALIVE");

} // namespace

MainWindow::MainWindow(LogStore &logStore, SettingsStore &settings, const Clock &clock,
                       QWidget *parent)
    : QMainWindow(parent)
    , m_logStore(logStore)
    , m_settings(settings)
    , m_clock(clock)
    , m_banners(new BannerArea(this))
    , m_bar(new ConnectionBar(clock, this))
    , m_columns(new QSplitter(Qt::Horizontal, this))
    , m_rows(new QSplitter(Qt::Vertical, this))
    , m_pages(new QStackedWidget(this))
{
    setObjectName(QStringLiteral("mainWindow"));
    setMinimumSize(720, 480);
    makeBody();
    makeActions();
    makeMenus();
    restoreLayout();

    connect(m_bar, &ConnectionBar::retryRequested, this, &MainWindow::connectRequested);
    connect(m_bar->pill(), &KeepalivePill::pingRequested, this, &MainWindow::pingRequested);
    connect(m_bar->pill(), &KeepalivePill::pageRequested, this, &MainWindow::keepaliveRequested);
    connect(m_bar->pill(), &KeepalivePill::logRequested, this, [this] { showLog(KeepaliveTag); });
    connect(m_banners, &BannerArea::dismissed, this, &MainWindow::bannerDismissed);
    updateTitle();
    updateActions();
}

MainWindow::~MainWindow() = default;

void MainWindow::makeBody()
{
    m_columns->setObjectName(QStringLiteral("columns"));
    m_columns->setHandleWidth(1);
    m_columns->setChildrenCollapsible(false);
    m_rows->setObjectName(QStringLiteral("rows"));
    m_rows->setHandleWidth(1);
    m_rows->setChildrenCollapsible(false);
    m_pages->setObjectName(QStringLiteral("pages"));
    m_columns->addWidget(m_pages);
    m_rows->addWidget(m_columns);

    auto *const body = new QWidget(this);
    body->setObjectName(QStringLiteral("body"));
    auto *const layout = new QVBoxLayout(body);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_banners);
    layout->addWidget(m_rows, 1);
    layout->addWidget(m_bar);
    setCentralWidget(body);
}

void MainWindow::setSidebar(QWidget *sessions)
{
    Q_ASSERT(!m_sessions);
    m_sessions = sessions;
    m_columns->insertWidget(0, sessions);
    m_columns->setStretchFactor(0, 0);
    m_columns->setStretchFactor(1, 1);
    sessions->setMinimumWidth(200);
    m_pages->setMinimumWidth(360);
    if (!m_columns->restoreState(m_settings.values().splitterState))
        m_columns->setSizes({SidebarWidth, std::max(360, width() - SidebarWidth)});
}

void MainWindow::setConversation(QWidget *chat)
{
    Q_ASSERT(!m_chat);
    m_chat = chat;
    m_pages->addWidget(chat);
}

WelcomePage &MainWindow::welcome()
{
    if (m_welcome)
        return *m_welcome;
    m_welcome = new WelcomePage(this);
    m_welcome->setStatus(m_status);
    m_welcome->setHasSessions(m_hasSessions);
    connect(m_welcome, &WelcomePage::newSessionRequested, this, &MainWindow::newSessionRequested);
    connect(m_welcome, &WelcomePage::earlierSessionsRequested, this,
            &MainWindow::earlierSessionsRequested);
    connect(m_welcome, &WelcomePage::settingsRequested, this,
            &MainWindow::connectionSettingsRequested);
    connect(m_welcome, &WelcomePage::retryRequested, this, &MainWindow::connectRequested);
    connect(m_welcome, &WelcomePage::demoRequested, this, &MainWindow::demoRequested);
    m_pages->addWidget(m_welcome);
    return *m_welcome;
}

void MainWindow::showConversation(bool shown)
{
    m_conversationShown = shown;
    if (!isKeepaliveShown())
        m_pages->setCurrentWidget(shown && m_chat ? m_chat : &welcome());
}

void MainWindow::setKeepalivePage(QWidget *page)
{
    Q_ASSERT(!m_keepalive);
    m_keepalive = page;
    m_pages->addWidget(page);
}

bool MainWindow::isKeepaliveShown() const
{
    return m_keepalive && m_pages->currentWidget() == m_keepalive;
}

void MainWindow::showKeepalive(bool shown)
{
    if (shown && m_keepalive)
        m_pages->setCurrentWidget(m_keepalive);
    else if (isKeepaliveShown())
        m_pages->setCurrentWidget(m_conversationShown && m_chat ? m_chat : &welcome());
}

void MainWindow::setKeepaliveRows(const QList<KeepaliveBackendRow> &rows)
{
    m_bar->pill()->setRows(rows);
}

void MainWindow::setHasSessions(bool has)
{
    m_hasSessions = has;
    if (m_welcome)
        m_welcome->setHasSessions(has);
}

void MainWindow::makeActions()
{
    const auto add = [this](const char *name, const QString &icon, const QString &text, auto signal,
                            const QList<QKeySequence> &keys = {}) {
        auto *const made = new QAction(text, this);
        made->setObjectName(QLatin1String(name));
        if (!icon.isEmpty())
            made->setIcon(Theme::icon(icon));
        made->setShortcuts(keys);
        connect(made, &QAction::triggered, this, signal);
        addAction(made);
        return made;
    };
    using Keys = QList<QKeySequence>;
    add("newSession", QStringLiteral("plus"), tr("&New session…"), &MainWindow::newSessionRequested,
        Keys{QKeySequence(Qt::CTRL | Qt::Key_N)});
    add("earlierSessions", QStringLiteral("history"), tr("&Open an earlier session…"),
        &MainWindow::earlierSessionsRequested, Keys{QKeySequence(Qt::CTRL | Qt::Key_O)});
    add("findSession", QStringLiteral("search"), tr("&Find a session"),
        &MainWindow::findSessionRequested, Keys{QKeySequence(Qt::CTRL | Qt::Key_P)});
    add("waiting", QStringLiteral("question"), tr("Go to the request that &waits"),
        &MainWindow::waitingRequested, Keys{QKeySequence(Qt::CTRL | Qt::Key_J)});
    add("stop", QStringLiteral("stop"), tr("&Stop the turn"), &MainWindow::stopRequested,
        Keys{QKeySequence(Qt::CTRL | Qt::Key_Period)});
    QAction *const quit =
        add("quit", {}, tr("&Quit"), &QWidget::close, Keys{QKeySequence(Qt::CTRL | Qt::Key_Q)});
    quit->setMenuRole(QAction::QuitRole);

    add("connect", QStringLiteral("link"), tr("&Connect"), &MainWindow::connectRequested);
    add("disconnect", QStringLiteral("offline"), tr("&Disconnect"),
        &MainWindow::disconnectRequested);
    add("reconnect", QStringLiteral("refresh"), tr("&Reconnect"), &MainWindow::reconnectRequested,
        Keys{QKeySequence(Qt::CTRL | Qt::Key_R)});
    add("restartServer", QStringLiteral("server"), tr("Restart the &server…"),
        &MainWindow::askRestart);
    add("ping", QStringLiteral("pulse"), tr("&Ping now"), &MainWindow::pingRequested,
        Keys{QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_P)});
    QAction *const settings =
        add("connectionSettings", QStringLiteral("settings"), tr("Connection se&ttings…"),
            &MainWindow::connectionSettingsRequested, Keys{QKeySequence(Qt::CTRL | Qt::Key_Comma)});
    add("recoveryDrill", {}, tr("Recovery &drill…"), &MainWindow::drillRequested);
    add("monitorSettings", {}, tr("Background and &metrics…"),
        &MainWindow::monitorSettingsRequested);
    settings->setMenuRole(QAction::PreferencesRole);
    add("exportProfile", QStringLiteral("export"), tr("&Export settings and sessions…"),
        &MainWindow::exportProfileRequested);
    add("importProfile", {}, tr("&Import settings and sessions…"),
        &MainWindow::importProfileRequested);
    add("resetSettings", {}, tr("Reset the settin&gs…"), &MainWindow::resetSettingsRequested);

    QAction *const log = add(
        "toggleLog", QStringLiteral("log"), tr("&Log"), [this](bool on) { setLogVisible(on); },
        Keys{QKeySequence(Qt::CTRL | Qt::Key_L), QKeySequence(Qt::Key_F12)});
    log->setCheckable(true);
    m_bar->logButton()->setDefaultAction(log);
    m_bar->logButton()->setToolTip(
        tr("Show or hide the log (%1)").arg(log->shortcut().toString(QKeySequence::NativeText)));
    add("keepalive", QStringLiteral("shield-check"), tr("&Keepalive of all sessions"),
        &MainWindow::keepaliveRequested, Keys{QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_K)});
    add(
        "keepaliveLog", QStringLiteral("shield"), tr("Log of the &keepalive"),
        [this] { showLog(KeepaliveTag); }, Keys{QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_L)});
    QAction *const notify =
        add("notifications", {}, tr("&Notify when a session waits or has finished"),
            [this](bool on) { changeSettings([&](AppSettings &s) { s.notifications = on; }); });
    notify->setCheckable(true);
    notify->setChecked(m_settings.values().notifications);
    QAction *const updates =
        add("checkUpdates", {}, tr("Tell me of &new versions"),
            [this](bool on) { changeSettings([&](AppSettings &s) { s.checkUpdates = on; }); });
    updates->setCheckable(true);
    updates->setChecked(m_settings.values().checkUpdates);
    add("startAtLogin", {}, tr("&Start when you log in"), &MainWindow::startAtLoginRequested)
        ->setCheckable(true);
    m_themes = new QActionGroup(this);
    const auto theme = [&](const char *name, const QString &text, ThemeChoice choice) {
        QAction *const made = add(name, {}, text, [this, choice] { applyTheme(choice); });
        made->setCheckable(true);
        made->setChecked(m_settings.values().theme == choice);
        m_themes->addAction(made);
    };
    theme("themeSystem", tr("Like the &system"), ThemeChoice::System);
    theme("themeLight", tr("&Light"), ThemeChoice::Light);
    theme("themeDark", tr("&Dark"), ThemeChoice::Dark);

    add("shortcuts", {}, tr("&Keyboard shortcuts"), &MainWindow::showShortcuts,
        Keys{QKeySequence(Qt::Key_F1)});
    add("logFolder", QStringLiteral("folder"), tr("Open the log &folder"),
        &MainWindow::openLogFolderRequested);
    add("supportBundle", QStringLiteral("export"), tr("Support &bundle…"),
        &MainWindow::supportBundleRequested);
    add("about", QStringLiteral("info"), tr("&About Pilotlight"), &MainWindow::about)
        ->setMenuRole(QAction::AboutRole);
}

QAction *MainWindow::action(const char *name) const
{
    auto *const found = findChild<QAction *>(QLatin1String(name), Qt::FindDirectChildrenOnly);
    Q_ASSERT(found);
    return found;
}

void MainWindow::makeMenus()
{
    const auto fill = [this](QMenu *menu, std::initializer_list<const char *> names) {
        for (const char *name : names) {
            if (name)
                menu->addAction(action(name));
            else
                menu->addSeparator();
        }
    };
    const auto menu = [&](const char *name, const QString &title,
                          std::initializer_list<const char *> names) {
        QMenu *const made = menuBar()->addMenu(title);
        made->setObjectName(QLatin1String(name));
        fill(made, names);
        return made;
    };
    menuBar()->setObjectName(QStringLiteral("menuBar"));
    menu("sessionMenu", tr("&Session"),
         {"newSession", "earlierSessions", "findSession", nullptr, "waiting", "stop", nullptr,
          "exportProfile", "importProfile", nullptr, "quit"});
    menu("connectionMenu", tr("&Connection"),
         {"connect", "disconnect", "reconnect", "restartServer", nullptr, "keepalive", "ping",
          "keepaliveLog", "recoveryDrill", nullptr, "connectionSettings", "monitorSettings",
          "resetSettings"});
    QMenu *const view = menu("viewMenu", tr("&View"), {"toggleLog"});
    QMenu *const themes = view->addMenu(tr("&Theme"));
    themes->setObjectName(QStringLiteral("themeMenu"));
    fill(themes, {"themeSystem", "themeLight", "themeDark"});
    fill(view, {nullptr, "notifications", "startAtLogin"});
    menu("helpMenu", tr("&Help"),
         {"shortcuts", "logFolder", "supportBundle", nullptr, "checkUpdates", "about"});
    fill(m_bar->phaseMenu(),
         {"connect", "reconnect", "disconnect", "restartServer", nullptr, "connectionSettings"});
}

template <typename Change>
void MainWindow::changeSettings(Change &&change)
{
    AppSettings values = m_settings.values();
    change(values);
    if (const Result<void> saved = m_settings.set(values); !saved)
        showNotice(QStringLiteral("settings-unwritable"), saved.error().detail);
    else
        showNotice(QStringLiteral("settings-written"), {});
}

void MainWindow::restoreLayout()
{
    const AppSettings &values = m_settings.values();
    if (!restoreGeometry(values.windowGeometry))
        resize(1200, 780);
    setLogVisible(values.logVisible);
}

void MainWindow::saveLayout()
{
    changeSettings([this](AppSettings &values) {
        values.windowGeometry = saveGeometry();
        values.splitterState = m_sessions ? m_columns->saveState() : values.splitterState;
        if (isLogVisible())
            values.windowState = m_rows->saveState();
        values.logVisible = isLogVisible();
        values.currentSession = m_sessionId;
    });
}

void MainWindow::applyTheme(ThemeChoice theme)
{
    action(theme == ThemeChoice::Light      ? "themeLight"
               : theme == ThemeChoice::Dark ? "themeDark"
                                            : "themeSystem")
        ->setChecked(true);
    Theme::instance().setMode(themeModeFromName(themeChoiceName(theme)));
    changeSettings([theme](AppSettings &values) { values.theme = theme; });
}

bool MainWindow::isLogVisible() const
{
    return m_log && !m_log->isHidden();
}

LogPanel &MainWindow::log()
{
    if (m_log)
        return *m_log;
    m_log = new LogPanel(m_logStore, this);
    m_rows->addWidget(m_log);
    m_rows->setStretchFactor(0, 1);
    m_rows->setStretchFactor(1, 0);
    m_log->setMinimumHeight(160);
    m_rows->setSizes({560, 220});
    if (!m_settings.values().windowState.isEmpty())
        m_rows->restoreState(m_settings.values().windowState);
    m_log->setLocalTime(m_settings.values().logLocalTime);
    connect(m_log, &LogPanel::closeRequested, this, [this] { setLogVisible(false); });
    connect(m_log, &LogPanel::localTimeChanged, this, [this](bool local) {
        changeSettings([&](AppSettings &s) { s.logLocalTime = local; });
    });
    return *m_log;
}

void MainWindow::setLogVisible(bool visible)
{
    const bool hadFocus = m_log && m_log->isAncestorOf(focusWidget());
    if (visible || m_log)
        log().setVisible(visible);
    action("toggleLog")->setChecked(visible);
    if (visible && isVisible())
        m_log->view().setFocus();
    else if (hadFocus && m_chat)
        m_chat->setFocus();
}

void MainWindow::showLog(const QString &tag, const QString &text)
{
    setLogVisible(true);
    log().showTag(tag, text);
}

void MainWindow::setSession(const QString &id, const QString &title)
{
    m_sessionId = id;
    m_sessionTitle = title;
    updateTitle();
}

void MainWindow::setAttention(int waiting, int working)
{
    m_waiting = waiting;
    m_working = working;
    action("waiting")->setEnabled(waiting > 0);
    updateTitle();
}

void MainWindow::updateTitle()
{
    QString title =
        m_sessionTitle.isEmpty() ? tr("Pilotlight") : tr("%1 – Pilotlight").arg(m_sessionTitle);
    if (m_waiting > 0)
        title = QStringLiteral("(%1) %2").arg(m_waiting).arg(title);
    setWindowTitle(title);
}

void MainWindow::setStatus(const ConnectionStatus &status)
{
    if (status.generation != m_status.generation || status.phase != m_status.phase) {
        m_auth.reset();
        if (status.phase == Phase::Online && m_status.phase != Phase::Online)
            m_authDismissed = false;
    }
    const auto signedIn = [](const ConnectionStatus &s) {
        return s.auth ? std::optional(s.auth->signedIn) : std::nullopt;
    };
    if (signedIn(status) != signedIn(m_status))
        m_auth.reset();
    const Phase before = std::exchange(m_status, status).phase;
    m_bar->setStatus(status);
    if (m_welcome)
        m_welcome->setStatus(status);
    updateActions();
    updateAuthBanner();
    updateTroubleBanner();
    if (status.phase == Phase::Online && before != Phase::Online)
        sayRecovered();
}

void MainWindow::updateActions()
{
    const Phase phase = m_status.phase;
    const bool online = phase == Phase::Online;
    const bool waiting = phase == Phase::Idle || phase == Phase::Backoff;
    const bool ours = m_status.mode != ConnectionMode::Attach;
    action("connect")->setEnabled(waiting);
    action("connect")->setVisible(!online);
    action("disconnect")->setEnabled(phase != Phase::Idle && phase != Phase::Disposed);
    action("reconnect")->setEnabled(online);
    action("restartServer")->setEnabled(ours && (online || waiting));
    action("ping")->setEnabled(online && m_status.keepalive.state != KeepaliveState::Off);
    action("earlierSessions")->setEnabled(online);
}

void MainWindow::say(const QString &text)
{
    m_bar->say(text);
}

void MainWindow::askRestart()
{
    auto *const box = new QMessageBox(
        QMessageBox::Question, tr("Restart the server"),
        m_working > 0
            ? plural(m_working, tr("Restart the server? One session is working; its turn ends."),
                     tr("Restart the server? %1 sessions are working; their turns end."))
            : tr("Restart the server? Sessions come back with their history."),
        QMessageBox::Cancel, this);
    box->setObjectName(QStringLiteral("restartQuestion"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton *const restart = box->addButton(tr("Restart"), QMessageBox::AcceptRole);
    restart->setObjectName(QStringLiteral("restartConfirm"));
    connect(restart, &QPushButton::clicked, this, &MainWindow::restartServerRequested);
    box->open();
}

void MainWindow::about()
{
    auto *const dialog = new AboutDialog(m_status, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::showShortcuts()
{
    auto *const dialog = new ShortcutsDialog(actions(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    const WhenClosing wish = m_settings.values().whenClosing;
    if (m_working > 0 && !m_closeConfirmed && m_status.phase == Phase::Online) {
        if (!m_turnsGoOn || wish == WhenClosing::Ask) {
            event->ignore();
            askBeforeClosing();
            return;
        }
        m_keepTurns = wish == WhenClosing::KeepTurns;
    }
    saveLayout();
    event->accept();
}

void MainWindow::askBeforeClosing()
{
    auto *const box = new QMessageBox(this);
    box->setObjectName(QStringLiteral("closeQuestion"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setWindowTitle(tr("Sessions are working"));
    const auto closeBy = [this, box](QAbstractButton *button, bool keepTurns) {
        connect(button, &QAbstractButton::clicked, this, [this, box, keepTurns] {
            if (const QCheckBox *const always = box->checkBox(); always && always->isChecked())
                changeSettings([keepTurns](AppSettings &settings) {
                    settings.whenClosing =
                        keepTurns ? WhenClosing::KeepTurns : WhenClosing::StopTurns;
                });
            m_keepTurns = keepTurns;
            m_closeConfirmed = true;
            close();
        });
    };
    box->addButton(QMessageBox::Cancel);
    if (m_turnsGoOn) {
        box->setIcon(QMessageBox::Question);
        box->setText(
            plural(m_working, tr("One session is working."), tr("%1 sessions are working.")));
        box->setInformativeText(
            tr("Turns can go on in the background until they end; permissions and questions "
               "wait for you. Prompts that are queued here go out when you come back."));
        box->setCheckBox(new QCheckBox(tr("&Do not ask again"), box));
        auto *const keep = box->addButton(tr("&Let them go on"), QMessageBox::AcceptRole);
        keep->setObjectName(QStringLiteral("closeKeep"));
        auto *const stop = box->addButton(tr("&Stop them"), QMessageBox::DestructiveRole);
        stop->setObjectName(QStringLiteral("closeStop"));
        box->setDefaultButton(keep);
        closeBy(keep, true);
        closeBy(stop, false);
    } else {
        // A server ends a turn when the last connection that is attached to its session goes.
        box->setIcon(QMessageBox::Warning);
        box->setText(plural(m_working,
                            tr("One session is working. Its turn ends when the window closes; its "
                               "history stays."),
                            tr("%1 sessions are working. Their turns end when the window closes; "
                               "their history stays.")));
        auto *const close = box->addButton(tr("Close anyway"), QMessageBox::DestructiveRole);
        close->setObjectName(QStringLiteral("closeConfirm"));
        closeBy(close, false);
    }
    box->open();
}

bool MainWindow::event(QEvent *event)
{
    const bool result = QMainWindow::event(event);
    if (event->type() == QEvent::Paint && !m_painted) {
        m_painted = true;
        // The children are painted in the same pass, after this event.
        QTimer::singleShot(0, this, [this] {
            Q_EMIT firstPainted();
            setWindowIcon(Theme::applicationIcon()); // eight sizes drawn: not before the window
        });
    }
    return result;
}

} // namespace pilotlight
