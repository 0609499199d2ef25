// SPDX-License-Identifier: MIT
#include "app/gui/guicontroller.h"

#include "agent/mcpbackend.h"
#include "app/gui/drillcontroller.h"
#include "app/gui/keepalivecontroller.h"
#include "app/gui/profilecontroller.h"
#include "app/wiring/appcontext.h"
#include "base/logging.h"
#include "ui/backends/serverdialog.h"
#include "ui/backends/toolsdialog.h"
#include "ui/chat/chatview.h"
#include "ui/keepalive/wakereporttext.h"
#include "ui/sessions/sessionlistview.h"
#include "ui/sessions/sessiontext.h"
#include "ui/settings/connectiondialog.h"
#include "ui/settings/monitordialog.h"
#include "ui/shell/attention.h"
#include "ui/shell/banner.h"
#include "ui/shell/mainwindow.h"
#include "ui/shell/traynotifier.h"
#include "ui/theme/theme.h"

#include <QAction>
#include <QApplication>
#include <QDesktopServices>
#include <QUrl>

#include <utility>

namespace pilotlight {

GuiController::GuiController(AppContext &context, const QStringList &profile, const QUrl &updates,
                             QObject *parent)
    : QObject(parent)
    , m_context(context)
    , m_autostart(profile)
    , m_updates(updates, QStringLiteral(PILOTLIGHT_VERSION), context.clock())
    , m_notifier(std::make_unique<TrayNotifier>())
    , m_attention(new Attention(m_notifier.get(), this))
{
    Theme::instance().setMode(
        themeModeFromName(themeChoiceName(context.settingsStore().values().theme)));
    m_window =
        std::make_unique<MainWindow>(*context.logStore(), context.settingsStore(), context.clock());
    m_sessions = new SessionListView(context.sessions());
    m_window->setSidebar(m_sessions);
    m_window->action("checkUpdates")->setVisible(!updates.isEmpty());
    m_attention->setEnabled(context.settingsStore().values().notifications);
    connectWindow();
}

GuiController::~GuiController() = default;

void GuiController::start(const QString &sessionId)
{
    const QString last = m_context.settingsStore().values().currentSession;
    m_chat = new ChatView(m_context.sessions());
    connectChat();
    connectSessions();
    m_window->setConversation(m_chat);
    m_keepalive = std::make_unique<KeepaliveController>(m_context, *m_window);
    m_profile = std::make_unique<ProfileController>(m_context, *m_window);
    connect(m_keepalive.get(), &KeepaliveController::openRequested, this, &GuiController::open);
    connect(m_keepalive.get(), &KeepaliveController::serverSettingsRequested, this,
            [this](const QString &id) {
                if (id == DefaultBackendId)
                    openSettings();
                else
                    openServer(id);
            });
    connect(m_keepalive.get(), &KeepaliveController::toolsRequested, this,
            &GuiController::openTools);
    connect(m_window.get(), &MainWindow::startAtLoginRequested, this, &GuiController::setAutostart);
    m_window->action("startAtLogin")->setChecked(m_autostart.isOn());
    connect(&m_updates, &UpdateCheck::newer, this, &GuiController::tellOfVersion);
    const auto applyUpdates = [this] {
        m_updates.setOn(m_context.settingsStore().values().checkUpdates);
    };
    connect(&m_context.settingsStore(), &SettingsStore::changed, &m_updates, applyUpdates);
    applyUpdates();
    m_context.start();
    statusChanged();
    updatePane();
    if (m_context.sessions().find(last))
        m_sessions->setCurrentId(last);
    else
        m_sessions->step(1); // the first of the list
    if (!m_sessions->currentId().isEmpty())
        m_chat->focusInput();
    if (const QString asked = m_asked.isEmpty() ? sessionId : m_asked; !asked.isEmpty())
        open(asked);
}

void GuiController::open(const QString &sessionId)
{
    if (!m_chat) {
        m_asked = sessionId;
        return;
    }
    const bool known = m_context.sessions().find(sessionId);
    qCInfo(lcUi).noquote() << QStringLiteral("Asked to show session=%1: %2")
                                  .arg(sessionId.left(8),
                                       known ? QStringLiteral("shown")
                                             : QStringLiteral("not here"));
    if (!known) {
        m_window->showNotice(QStringLiteral("no-such-session"), sessionId);
        return;
    }
    m_window->showKeepalive(false);
    m_sessions->setCurrentId(sessionId);
    m_chat->focusInput();
}

void GuiController::connectWindow()
{
    MainWindow *const window = m_window.get();
    Connection *const connection = &m_context.connection();
    connect(connection, &Connection::statusChanged, this, &GuiController::statusChanged);
    connect(connection, &Connection::phaseChanged, this, &GuiController::phaseChanged);
    connect(&m_context, &AppContext::notice, window, &MainWindow::showNotice);
    connect(&m_context.observers(), &Observers::woke, window, [window](const WakeReport &report) {
        if (report.checked + report.parked + report.backendsAway > 0)
            window->showNotice(QStringLiteral("wake-report"), wakeReportText(report));
    });
    connect(&m_context, &AppContext::sessionsReplaced, this, [this] {
        if (!m_context.sessions().find(m_sessions->currentId()))
            m_sessions->step(1); // the first of the list
        updatePane();
    });

    connect(window, &MainWindow::connectRequested, connection,
            [connection] { connection->connectToServer(); });
    connect(window, &MainWindow::disconnectRequested, connection,
            [connection] { connection->disconnectFromServer(); });
    connect(window, &MainWindow::reconnectRequested, connection,
            [connection] { connection->reconnect(); });
    connect(window, &MainWindow::restartServerRequested, connection,
            [connection] { connection->restartServer(); });
    connect(window, &MainWindow::pingRequested, connection,
            [connection] { connection->probeNow(); });
    connect(window, &MainWindow::signInCheckRequested, this, &GuiController::checkSignIn);
    connect(window, &MainWindow::connectionSettingsRequested, this, &GuiController::openSettings);
    connect(window, &MainWindow::monitorSettingsRequested, this,
            &GuiController::openMonitorSettings);
    connect(window, &MainWindow::drillRequested, this, &GuiController::openDrill);
    connect(window, &MainWindow::demoRequested, this, &GuiController::startDemo);
    connect(window, &MainWindow::openLogFolderRequested, this, [this] {
        QDesktopServices::openUrl(QUrl::fromLocalFile(m_context.options().paths.log));
    });
    connect(window, &MainWindow::newSessionRequested, m_sessions, &SessionListView::newSession);
    connect(window, &MainWindow::earlierSessionsRequested, m_sessions,
            &SessionListView::earlierSessions);
    connect(window, &MainWindow::findSessionRequested, m_sessions, &SessionListView::focusFilter);
    if (KeeperLink *const keeper = m_context.keeper())
        connect(keeper, &KeeperLink::changed, window,
                [window, keeper] { window->setTurnsGoOn(keeper->holdsAll()); });
    connect(&m_context.settingsStore(), &SettingsStore::changed, this,
            [this] { m_attention->setEnabled(m_context.settingsStore().values().notifications); });
    connect(qApp, &QGuiApplication::applicationStateChanged, this,
            [this](Qt::ApplicationState state) {
                m_attention->setWindowActive(state == Qt::ApplicationActive);
                if (state != Qt::ApplicationActive)
                    return;
                m_context.observers().checkSleep(); // before the next prompt
                if (m_signedOut) // the user may come back from the terminal
                    m_context.connection().checkSignIn();
            });
}

void GuiController::connectSessions()
{
    SessionManager &manager = m_context.sessions();
    connect(&manager, &SessionManager::sessionAdded, this, [this](Session *session) {
        sessionChanged(session);
        updatePane();
    });
    connect(&manager, &SessionManager::sessionChanged, this, &GuiController::sessionChanged);
    connect(&manager, &SessionManager::sessionAboutToBeRemoved, this, [this](Session *session) {
        m_attention->remove(session->id());
        // The manager still counts it; the list has chosen another by then.
        QMetaObject::invokeMethod(this, &GuiController::updatePane, Qt::QueuedConnection);
    });
    connect(&manager, &SessionManager::requestFailed, this,
            [](const QString &id, const QString &what, const Error &error) {
                qCWarning(lcUi).noquote() << QStringLiteral("session=%1 request=%2 failed: %3")
                                                 .arg(id.left(8), what, error.toString());
            });
    connect(m_sessions, &SessionListView::currentChanged, this,
            &GuiController::currentSessionChanged);
    connect(m_attention, &Attention::countsChanged, this,
            [this] { m_window->setAttention(m_attention->waiting(), m_attention->working()); });
    connect(m_notifier.get(), &Notifier::activated, this, [this](const QString &id) {
        m_window->show();
        m_window->raise();
        m_window->activateWindow();
        m_sessions->setCurrentId(id);
    });
    m_window->setAttention(0, 0);
    for (const auto &session : manager.sessions())
        sessionChanged(session.get());
    currentSessionChanged(m_sessions->currentId());
}

void GuiController::connectChat()
{
    MainWindow *const window = m_window.get();
    connect(window, &MainWindow::stopRequested, m_chat, &ChatView::stop);
    connect(window, &MainWindow::waitingRequested, this, [this] {
        // The oldest that waits; in the session that is shown, if that is one of them.
        SessionManager &manager = m_context.sessions();
        const Session *const shown = manager.find(m_sessions->currentId());
        if (!shown || shown->activity() != Activity::WaitingForUser) {
            for (const auto &session : manager.sessions()) {
                if (session->activity() == Activity::WaitingForUser) {
                    m_sessions->setCurrentId(session->id());
                    break;
                }
            }
        }
        m_chat->focusWaiting();
    });
    connect(m_sessions, &SessionListView::activated, m_chat, &ChatView::focusInput);
    connect(m_chat, &ChatView::newSessionRequested, m_sessions, &SessionListView::newSession);
    connect(m_chat, &ChatView::helpRequested, this, &GuiController::help);
}

void GuiController::help(Explanation::Action action, const QString &backendId)
{
    using Action = Explanation::Action;
    Connection *const connection = m_context.connections().find(backendId);
    if (action == Action::OpenLog)
        m_window->setLogVisible(true);
    if (action == Action::SignIn)
        checkSignIn(); // shows the command where it is not
    if (!connection)
        return;
    if (action == Action::RestartServer)
        connection->restartServer();
    if (action == Action::Reconnect)
        connection->reconnect();
}

void GuiController::statusChanged()
{
    const ConnectionStatus status = m_context.connection().status();
    m_window->setStatus(status);
    m_sessions->setRemote(status.mode == ConnectionMode::Attach);
    const bool signedOut = status.auth && !status.auth->signedIn;
    if (std::exchange(m_signedOut, signedOut) && status.auth && !signedOut)
        loadModels();
}

void GuiController::phaseChanged(Phase phase)
{
    statusChanged();
    if (phase == Phase::Online)
        loadModels();
}

void GuiController::loadModels()
{
    AgentBackend *const backend = m_context.connection().agentBackend();
    if (!backend)
        return;
    // Not signed in: no list. The dialog takes any model's name all the same.
    backend->listModels(this, [this](const Result<QList<ModelInfo>> &models) {
        if (!models)
            return;
        m_sessions->setModels(*models);
        m_chat->setModels(*models);
    });
}

void GuiController::checkSignIn()
{
    AgentBackend *const backend = m_context.connection().agentBackend();
    if (!backend)
        return;
    backend->authStatus(this, [this](const Result<AuthStatus> &auth) {
        if (!auth) {
            m_window->say(errorSentence(auth.error()));
            return;
        }
        m_window->setAuth(*auth);
        if (auth->signedIn)
            m_context.connection().checkSignIn(); // the sessions that wait go on
    });
}

void GuiController::openSettings()
{
    auto *const dialog = new ConnectionDialog(
        m_context.settingsStore().values(),
        [this](const QString &path) { return m_context.locateCli(path); }, m_window.get());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        // The window may have stored a size or the theme meanwhile: only what the dialog edits is
        // taken.
        const AppSettings edited = dialog->settings();
        AppSettings settings = m_context.settingsStore().values();
        settings.mode = edited.mode;
        settings.cliPath = edited.cliPath;
        settings.url = edited.url;
        settings.keepalive = edited.keepalive;
        settings.theme = edited.theme;
        m_context.applySettings(settings, dialog->token());
        m_window->applyTheme(settings.theme);
    });
    dialog->open();
}

void GuiController::openMonitorSettings()
{
    auto *const dialog = new MonitorDialog(m_context.settingsStore().values(), m_window.get());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        SettingsStore &store = m_context.settingsStore();
        if (const auto saved = store.set(dialog->applied(store.values())); !saved)
            m_window->showNotice(QStringLiteral("settings-unwritable"), saved.error().detail);
    });
    dialog->open();
}

void GuiController::openDrill()
{
    if (!m_drill)
        m_drill = std::make_unique<DrillController>(m_context, *m_window);
    m_drill->open();
}

void GuiController::openServer(const QString &id)
{
    const BackendStore &store = m_context.backends();
    QStringList taken;
    for (const BackendSettings &backend : store.values())
        taken.append(backend.id);
    auto *const dialog =
        new ServerDialog(store.find(id).value_or(BackendSettings()), taken, m_window.get());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        if (const Result<void> saved = m_context.setBackend(dialog->backend(), dialog->token());
            !saved)
            m_window->say(errorSentence(saved.error()));
    });
    dialog->open();
}

void GuiController::openTools(const QString &id)
{
    Connection *const connection = m_context.connections().find(id);
    if (!connection)
        return;
    const QString &name = connection->config().name;
    auto *const dialog = new ToolsDialog(name.isEmpty() ? id : name, m_window.get());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setBackend(qobject_cast<McpBackend *>(connection->backend()));
    connect(connection, &Connection::backendAboutToGo, dialog,
            [dialog] { dialog->setBackend(nullptr); });
    connect(connection, &Connection::phaseChanged, dialog, [dialog, connection](Phase phase) {
        if (phase == Phase::Online)
            dialog->setBackend(qobject_cast<McpBackend *>(connection->backend()));
    });
    dialog->show();
}

void GuiController::startDemo()
{
    AppSettings settings = m_context.settingsStore().values();
    settings.mode = ServerMode::Demo;
    m_context.applySettings(settings);
}

void GuiController::setAutostart(bool on)
{
    if (const Result<void> done = m_autostart.set(on); !done)
        m_window->showNotice(QStringLiteral("autostart-unwritable"), done.error().detail);
    m_window->action("startAtLogin")->setChecked(m_autostart.isOn());
}

void GuiController::tellOfVersion(const VersionNews &news)
{
    BannerContent content;
    content.text = tr("Pilotlight %1 is out. This is %2.")
                       .arg(news.version, QStringLiteral(PILOTLIGHT_VERSION));
    if (news.page.isValid())
        content.actions = {
            {tr("What is new"), [page = news.page] { QDesktopServices::openUrl(page); }}};
    m_window->banners().show(QStringLiteral("update-available"), content);
}

void GuiController::currentSessionChanged(const QString &id)
{
    m_window->showKeepalive(false);
    m_chat->setSession(id);
    updatePane();
}

void GuiController::sessionChanged(Session *session)
{
    // The end is when nothing runs any more, in the background neither.
    if (session->state() == Session::State::Attached)
        m_attention->update(session->id(), sessionTitle(*session),
                            session->isWorking() ? Activity::Working : session->activity());
    else
        m_attention->suspend(session->id());
    if (session->id() == m_sessions->currentId())
        updateTitle();
}

void GuiController::updatePane()
{
    const bool any = !m_context.sessions().sessions().empty();
    m_window->setHasSessions(any);
    m_window->showConversation(m_context.sessions().find(m_sessions->currentId()) != nullptr);
    updateTitle();
}

void GuiController::updateTitle()
{
    const Session *const session = m_context.sessions().find(m_sessions->currentId());
    m_window->setSession(session ? session->id() : QString(),
                         session ? sessionTitle(*session) : QString());
}

} // namespace pilotlight
