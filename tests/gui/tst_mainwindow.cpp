// SPDX-License-Identifier: MIT
#include "diag/logstore.h"
#include "shots.h"
#include "support/fakeclock.h"
#include "ui/keepalive/keepalivepill.h"
#include "ui/log/logpanel.h"
#include "ui/shell/attention.h"
#include "ui/shell/banner.h"
#include "ui/shell/connectionbar.h"
#include "ui/shell/helpdialogs.h"
#include "ui/shell/mainwindow.h"
#include "ui/shell/welcomepage.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

class FakeNotifier : public Notifier
{
public:
    void notify(const QString &title, const QString &, const QString &sessionId) override
    {
        told.append(sessionId + QLatin1Char(' ') + title);
    }
    QStringList told;
};

} // namespace

class TestMainWindow : public QObject
{
    Q_OBJECT
private:
    FakeClock m_clock;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<LogStore> m_log;
    std::unique_ptr<SettingsStore> m_settings;
    std::unique_ptr<MainWindow> m_window;

    void makeWindow()
    {
        m_window.reset();
        m_settings =
            std::make_unique<SettingsStore>(m_folder->filePath(QStringLiteral("settings.json")));
        m_settings->load();
        m_window = std::make_unique<MainWindow>(*m_log, *m_settings, m_clock);
        auto *const sessions = new QWidget;
        sessions->setObjectName(QStringLiteral("sessions"));
        auto *const chat = new QWidget;
        chat->setObjectName(QStringLiteral("chat"));
        m_window->setSidebar(sessions);
        m_window->setConversation(chat);
        m_window->showConversation(false);
    }
    ConnectionStatus online() const
    {
        ConnectionStatus status;
        status.phase = Phase::Online;
        status.generation = 1;
        status.target = QStringLiteral("127.0.0.1:46001");
        status.server = ServerInfo{QStringLiteral("Copilot CLI"), QStringLiteral("1.0.102"), 3};
        status.keepalive.state = KeepaliveState::Protected;
        status.keepalive.method = QStringLiteral("ping");
        status.keepalive.interval = 900s;
        status.keepalive.lastAnswer = m_clock.wallNow().addSecs(-42);
        status.keepalive.lastRoundTrip = 1234us;
        status.keepalive.nextProbe = m_clock.wallNow().addSecs(840);
        return status;
    }
    ConnectionStatus backoff(ErrorCode code) const
    {
        ConnectionStatus status;
        status.phase = Phase::Backoff;
        status.generation = 2;
        status.attempt = 3;
        status.error = Error{code, QStringLiteral("detail"), {}};
        status.retryAt = m_clock.wallNow().addMSecs(12500);
        return status;
    }
    template <typename T>
    T *find(const char *name) const
    {
        T *const found = m_window->findChild<T *>(QLatin1String(name));
        if (!found)
            qFatal("no %s", name);
        return found;
    }

private Q_SLOTS:
    void initTestCase() { Theme::instance().setMode(ThemeMode::Light); }
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_log = std::make_unique<LogStore>(m_clock, 1000);
        makeWindow();
    }
    void cleanup()
    {
        m_window.reset();
        m_settings.reset();
    }

    void phasesInWords()
    {
        for (int phase = 0; phase <= int(Phase::Disposed); ++phase) {
            ConnectionStatus status;
            status.phase = static_cast<Phase>(phase);
            const ConnectionText text(status, m_clock.wallNow());
            QVERIFY(!text.phase().isEmpty());
            QVERIFY(!text.icon().isEmpty());
        }
        m_window->setStatus(online());
        QCOMPARE(find<QToolButton>("phaseButton")->text(), QStringLiteral("Connected"));
        QCOMPARE(find<QLabel>("serverLabel")->text(), QStringLiteral("Copilot CLI 1.0.102"));
        QVERIFY(find<QPushButton>("retryNow")->isHidden());
        QVERIFY(m_window->bar().pill()->accessibleName().contains(QStringLiteral("Protected")));
    }

    void backoffCountsDownAndCanBeCutShort()
    {
        m_window->setStatus(backoff(ErrorCode::ConnectionRefused));
        QCOMPARE(find<QToolButton>("phaseButton")->text(),
                 QStringLiteral("Not connected, retry 3 in 13 s"));
        QVERIFY(!find<QPushButton>("retryNow")->isHidden());
        QSignalSpy spy(m_window.get(), &MainWindow::connectRequested);
        find<QPushButton>("retryNow")->click();
        QCOMPARE(spy.count(), 1);
        m_clock.jumpWall(3600s); // the wait is as long as before
        m_clock.advance(5s);
        QTRY_COMPARE(find<QToolButton>("phaseButton")->text(),
                     QStringLiteral("Not connected, retry 3 in 8 s"));
    }

    void fallBackIsSaid()
    {
        ConnectionStatus status = online();
        status.mode = ConnectionMode::Embedded;
        status.fellBack = true;
        m_window->setStatus(status);
        QVERIFY(find<QLabel>("modeLabel")->text().contains(QStringLiteral("fall-back")));
        m_window->showNotice(QStringLiteral("fell-back-to-embedded"), QStringLiteral("no room"));
        QVERIFY(m_window->banners()
                    .banner(QStringLiteral("fell-back-to-embedded"))
                    ->text()
                    .contains(QStringLiteral("no room")));
    }

    void signInBanner()
    {
        ConnectionStatus status = online();
        m_window->setStatus(status);
        QVERIFY(!m_window->banners().contains(QStringLiteral("auth")));
        status.auth = AuthStatus{false, {}, QStringLiteral("Not authenticated")};
        m_window->setStatus(status);
        QVERIFY(m_window->banners().contains(QStringLiteral("auth")));
        find<QPushButton>("bannerCopy")->click();
        QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("copilot login"));
        QSignalSpy check(m_window.get(), &MainWindow::signInCheckRequested);
        find<QPushButton>("bannerAction1")->click();
        QCOMPARE(check.count(), 1);
        m_window->setAuth({true, QStringLiteral("octo"), {}});
        QVERIFY(!m_window->banners().contains(QStringLiteral("auth")));
        // The demo has no accounts.
        status.mode = ConnectionMode::Demo;
        ++status.generation;
        m_window->setStatus(status);
        QVERIFY(!m_window->banners().contains(QStringLiteral("auth")));
    }

    void dismissedSignInBannerStaysAway()
    {
        ConnectionStatus status = online();
        status.auth = AuthStatus{};
        m_window->setStatus(status);
        find<QToolButton>("bannerClose")->click();
        QVERIFY(!m_window->banners().contains(QStringLiteral("auth")));
        m_window->setStatus(status);
        QVERIFY(!m_window->banners().contains(QStringLiteral("auth")));
    }

    void aCrashLoopShowsItsOutputAndTheWayOut()
    {
        ConnectionStatus status;
        status.phase = Phase::Idle;
        m_window->showNotice(QStringLiteral("server-exited"), QStringLiteral("exit code 1\nwhy"));
        BannerArea &area = m_window->banners();
        QVERIFY(area.contains(QStringLiteral("server-exited")));
        status.error = Error{ErrorCode::ServerCrashLoop,
                             QStringLiteral("exit code 1\n1\n2\n3\n4\n5\n6\nthe reason why"),
                             {}};
        m_window->setStatus(status);
        QVERIFY(!area.contains(QStringLiteral("server-exited"))); // nobody brings it back
        const Banner *const banner = area.banner(QStringLiteral("trouble"));
        QVERIFY(banner);
        QVERIFY(banner->text().contains(QStringLiteral("again and again")));
        QVERIFY(!banner->text().contains(QLatin1Char('\n')));
        const QStringList output =
            banner->findChild<QLabel *>(QStringLiteral("bannerOutput"))->text().split(u'\n');
        QCOMPARE(output.size(), Banner::OutputLines);
        QCOMPARE(output.last(), QStringLiteral("the reason why"));
        const auto button = [banner](int number) {
            return banner->findChild<QPushButton *>(QStringLiteral("bannerAction%1").arg(number));
        };
        QSignalSpy again(m_window.get(), &MainWindow::connectRequested);
        button(1)->click();
        QCOMPARE(again.count(), 1);
        button(2)->click();
        QVERIFY(m_window->isLogVisible());
        QSignalSpy settings(m_window.get(), &MainWindow::connectionSettingsRequested);
        QCOMPARE(button(3)->text(), QStringLiteral("Use another CLI"));
        button(3)->click();
        QCOMPARE(settings.count(), 1);
        // Dismissed, it stays away until something else is wrong.
        banner->findChild<QToolButton *>(QStringLiteral("bannerClose"))->click();
        m_window->setStatus(status);
        QVERIFY(!area.contains(QStringLiteral("trouble")));
        status.error->code = ErrorCode::ServerTooOld;
        m_window->setStatus(status);
        QVERIFY(area.contains(QStringLiteral("trouble")));
        m_window->setStatus(online());
        QVERIFY(!area.contains(QStringLiteral("trouble")));
    }

    void aServerThatIsBackIsSaidToBeBack()
    {
        BannerArea &area = m_window->banners();
        m_window->setStatus(online());
        m_window->showNotice(QStringLiteral("server-exited"), QStringLiteral("signal 9"));
        QVERIFY(area.banner(QStringLiteral("server-exited"))->text().contains(u"signal 9"));
        m_window->setStatus(online()); // nothing has changed yet
        QVERIFY(area.contains(QStringLiteral("server-exited")));
        ConnectionStatus status;
        status.phase = Phase::StartingServer;
        m_window->setStatus(status);
        m_window->setStatus(online());
        QVERIFY(!area.contains(QStringLiteral("server-exited")));
        QVERIFY(area.banner(QStringLiteral("recovered"))->text().contains(u"back"));
        m_window->showNotice(QStringLiteral("server-exited"), QStringLiteral("signal 9"));
        QVERIFY(!area.contains(QStringLiteral("recovered")));
    }

    void aFullDiskIsOneTrouble()
    {
        BannerArea &area = m_window->banners();
        const QString why = QStringLiteral("No space left on device");
        m_window->showNotice(QStringLiteral("sessions-file-unwritable"), why);
        QCOMPARE(area.count(), 1);
        QVERIFY(area.banner(QStringLiteral("storage"))->text().contains(u"session list"));
        m_window->showNotice(QStringLiteral("outbox-unwritable"), why);
        m_window->showNotice(QStringLiteral("settings-unwritable"), why);
        QCOMPARE(area.count(), 1);
        const QString text = area.banner(QStringLiteral("storage"))->text();
        QVERIFY(text.contains(why));
        QVERIFY(text.contains(u"Nothing can be saved"));
        m_window->showNotice(QStringLiteral("outbox-written"), {});
        m_window->showNotice(QStringLiteral("settings-written"), {});
        QCOMPARE(area.count(), 1);
        m_window->showNotice(QStringLiteral("sessions-file-written"), {});
        QCOMPARE(area.count(), 0);
    }

    void bannersReplaceByNameAndAreBounded()
    {
        BannerArea &area = m_window->banners();
        m_window->showNotice(QStringLiteral("server-exited"), QStringLiteral("a"));
        m_window->showNotice(QStringLiteral("server-exited"), QStringLiteral("b"));
        QCOMPARE(area.count(), 1);
        QVERIFY(
            area.banner(QStringLiteral("server-exited"))->text().contains(QStringLiteral("(b)")));
        for (int i = 0; i < 10; ++i)
            m_window->showNotice(QStringLiteral("code%1").arg(i), QStringLiteral("text %1").arg(i));
        QCOMPARE(area.count(), 4);
        QVERIFY(area.contains(QStringLiteral("code9")));
    }

    void startPageSaysWhatToDo()
    {
        m_window->show();
        WelcomePage &page = m_window->welcome();
        m_window->setStatus(online());
        QVERIFY(
            find<QLabel>("welcomeText")->text().contains(QStringLiteral("Copilot CLI 1.0.102")));
        QVERIFY(find<QPushButton>("welcomeNew")->isVisibleTo(&page));
        QVERIFY(!find<QPushButton>("welcomeRetry")->isVisibleTo(&page));
        m_window->setStatus(backoff(ErrorCode::ServerNotFound));
        QVERIFY(find<QWidget>("welcomeInstall")->isVisibleTo(&page));
        QVERIFY(find<QPushButton>("welcomeDemo")->isVisibleTo(&page));
        QSignalSpy demo(m_window.get(), &MainWindow::demoRequested);
        find<QPushButton>("welcomeDemo")->click();
        QCOMPARE(demo.count(), 1);
        m_window->setStatus(backoff(ErrorCode::ConnectionRefused));
        QVERIFY(!find<QWidget>("welcomeInstall")->isVisibleTo(&page));
        QVERIFY(find<QPushButton>("welcomeRetry")->isVisibleTo(&page));
        m_window->showConversation(true);
        QVERIFY(!page.isVisible());
    }

    void pillOpensTheLogFiltered()
    {
        m_window->setStatus(online());
        for (const auto &tag : {QStringLiteral("KEEPALIVE"), QStringLiteral("RPC")}) {
            LogRecord record;
            record.tag = tag;
            record.time = m_clock.wallNow();
            record.text = QStringLiteral("x");
            m_log->append(record);
        }
        m_log->flush();
        QVERIFY(!m_window->isLogVisible());
        m_window->bar().pill()->click();
        QVERIFY(m_window->isLogVisible());
        QCOMPARE(m_window->log().model().rowCount(), 1);
        QVERIFY(m_window->action("toggleLog")->isChecked());
    }

    void keysWork()
    {
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        m_window->setStatus(online());
        QSignalSpy made(m_window.get(), &MainWindow::newSessionRequested);
        QTest::keyClick(m_window.get(), Qt::Key_N, Qt::ControlModifier);
        QCOMPARE(made.count(), 1);
        QTest::keyClick(m_window.get(), Qt::Key_L, Qt::ControlModifier);
        QVERIFY(m_window->isLogVisible());
        QTest::keyClick(m_window.get(), Qt::Key_F12);
        QVERIFY(!m_window->isLogVisible());
        QSignalSpy reconnect(m_window.get(), &MainWindow::reconnectRequested);
        QTest::keyClick(m_window.get(), Qt::Key_R, Qt::ControlModifier);
        QCOMPARE(reconnect.count(), 1);
    }

    void noTwoActionsShareAKey()
    {
        QSet<QString> seen;
        for (const QAction *action : m_window->actions()) {
            QVERIFY(!action->objectName().isEmpty());
            for (const QKeySequence &keys : action->shortcuts()) {
                QVERIFY2(!seen.contains(keys.toString()), qPrintable(keys.toString()));
                seen.insert(keys.toString());
            }
        }
        QVERIFY(seen.size() > 8);
    }

    void restartAsksFirst()
    {
        m_window->setStatus(online());
        m_window->setAttention(0, 2);
        QSignalSpy spy(m_window.get(), &MainWindow::restartServerRequested);
        m_window->action("restartServer")->trigger();
        auto *const box = find<QMessageBox>("restartQuestion");
        QVERIFY(box->text().contains(QStringLiteral("2 sessions")));
        QCOMPARE(spy.count(), 0);
        find<QPushButton>("restartConfirm")->click();
        QCOMPARE(spy.count(), 1);
    }

    void closingWhileWorkingAsksFirst()
    {
        m_window->show();
        m_window->setStatus(online());
        m_window->setAttention(0, 1);
        QVERIFY(!m_window->close());
        QVERIFY(m_window->isVisible());
        find<QPushButton>("closeConfirm")->click();
        QVERIFY(!m_window->isVisible());
    }

    void closingAsksWhatBecomesOfTurnsThatCanGoOn_data()
    {
        QTest::addColumn<QString>("button");
        QTest::addColumn<bool>("remember");
        QTest::addColumn<bool>("keeps");
        QTest::newRow("go on") << QStringLiteral("closeKeep") << false << true;
        QTest::newRow("always go on") << QStringLiteral("closeKeep") << true << true;
        QTest::newRow("stop") << QStringLiteral("closeStop") << false << false;
        QTest::newRow("always stop") << QStringLiteral("closeStop") << true << false;
    }
    void closingAsksWhatBecomesOfTurnsThatCanGoOn()
    {
        QFETCH(QString, button);
        QFETCH(bool, remember);
        QFETCH(bool, keeps);
        const auto busy = [this] {
            m_window->show();
            m_window->setStatus(online());
            m_window->setAttention(0, 2);
            m_window->setTurnsGoOn(true);
        };
        busy();
        QVERIFY(!m_window->close());
        auto *const box = find<QMessageBox>("closeQuestion");
        QVERIFY(box->text().contains(QStringLiteral("2 sessions")));
        box->checkBox()->setChecked(remember);
        find<QPushButton>(qPrintable(button))->click();
        QVERIFY(!m_window->isVisible());
        QCOMPARE(m_window->keepsTurns(), keeps);
        makeWindow();
        busy();
        QCOMPARE(m_window->close(), remember); // asked once, and remembered
        if (remember)
            QCOMPARE(m_window->keepsTurns(), keeps);
    }

    void closingWithoutWorkDoesNotAsk()
    {
        m_window->show();
        m_window->setStatus(online());
        m_window->setAttention(1, 0);
        QVERIFY(m_window->close());
    }

    void layoutIsRemembered()
    {
        m_window->show();
        m_window->resize(1000, 700);
        m_window->setLogVisible(true);
        m_window->action("themeDark")->trigger();
        QVERIFY(Theme::instance().isDark());
        m_window->action("notifications")->trigger();
        m_window->close();
        makeWindow();
        QVERIFY(m_window->isLogVisible());
        QCOMPARE(m_window->size(), QSize(1000, 700));
        QVERIFY(m_window->action("themeDark")->isChecked());
        QVERIFY(!m_window->action("notifications")->isChecked());
        Theme::instance().setMode(ThemeMode::Light);
    }

    void titleCountsWhoWaits()
    {
        QCOMPARE(m_window->windowTitle(), QStringLiteral("Pilotlight"));
        m_window->setSession(QStringLiteral("a"), QStringLiteral("Fix the tests"));
        m_window->setAttention(2, 0);
        QVERIFY(m_window->windowTitle().startsWith(QStringLiteral("(2) Fix the tests")));
    }

    void attentionTellsOnlyWhenNobodyLooks()
    {
        FakeNotifier notifier;
        Attention attention(&notifier);
        QSignalSpy counts(&attention, &Attention::countsChanged);
        const QString a = QStringLiteral("a");
        attention.setWindowActive(false);
        attention.update(a, QStringLiteral("A"), Activity::Working); // first sight
        QVERIFY(notifier.told.isEmpty());
        QCOMPARE(attention.working(), 1);
        attention.update(a, QStringLiteral("A"), Activity::Working);
        QCOMPARE(counts.count(), 1);
        attention.update(a, QStringLiteral("A"), Activity::WaitingForUser);
        attention.update(a, QStringLiteral("A"), Activity::Working); // answered elsewhere
        attention.update(a, QStringLiteral("A"), Activity::Idle);
        QCOMPARE(
            notifier.told,
            QStringList({QStringLiteral("a A waits for you"), QStringLiteral("a A has finished")}));
        attention.setWindowActive(true);
        attention.update(a, QStringLiteral("A"), Activity::WaitingForUser);
        QCOMPARE(attention.waiting(), 1);
        attention.setWindowActive(false);
        attention.setEnabled(false);
        attention.update(a, QStringLiteral("A"), Activity::Idle);
        QCOMPARE(notifier.told.size(), 2);
        attention.update(a, QStringLiteral("A"), Activity::WaitingForUser);
        attention.remove(a);
        QCOMPARE(attention.waiting(), 0);
    }

    void aboutTellsAllVersions()
    {
        const QString text = AboutDialog::versions(online());
        QVERIFY(text.contains(QStringLiteral(PILOTLIGHT_VERSION)));
        QVERIFY(text.contains(QStringLiteral("Copilot CLI 1.0.102, protocol 3")));
        m_window->setStatus(online());
        m_window->about();
        QVERIFY(find<QLabel>("aboutVersions")->text().contains(QString::fromLatin1(qVersion())));
    }

    void firstPaintIsAnnouncedOnce()
    {
        QSignalSpy spy(m_window.get(), &MainWindow::firstPainted);
        m_window->show();
        QTRY_COMPARE(spy.count(), 1);
        m_window->repaint();
        QCoreApplication::processEvents();
        QCOMPARE(spy.count(), 1);
    }

    void controlsHaveNames()
    {
        m_window->show();
        m_window->setStatus(backoff(ErrorCode::ServerNotFound));
        m_window->setLogVisible(true);
        for (const QWidget *widget : m_window->findChildren<QWidget *>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible()
                || widget->objectName().startsWith(QStringLiteral("qt_")))
                continue;
            QVERIFY2(!widget->objectName().isEmpty() || widget->inherits("QLabel"),
                     widget->metaObject()->className());
        }
    }

    void shots()
    {
        m_window->resize(1200, 780);
        m_window->show();
        m_window->setStatus(backoff(ErrorCode::ServerNotFound));
        takeShots(*m_window, QStringLiteral("window-nocli"));
        ConnectionStatus status = online();
        status.auth = AuthStatus{};
        m_window->setStatus(status);
        m_window->showNotice(QStringLiteral("server-exited"), QStringLiteral("exit status 1"));
        m_window->setLogVisible(true);
        takeShots(*m_window, QStringLiteral("window-online"));
        m_window->showShortcuts();
        takeShots(*m_window->findChild<ShortcutsDialog *>(), QStringLiteral("shortcuts"));
        m_window->about();
        takeShots(*m_window->findChild<AboutDialog *>(), QStringLiteral("about"));
    }
};

QTEST_MAIN(TestMainWindow)
#include "tst_mainwindow.moc"
