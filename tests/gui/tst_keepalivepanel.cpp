// SPDX-License-Identifier: MIT
#include "support/fakeclock.h"
#include "ui/keepalive/keepalivemodel.h"
#include "ui/keepalive/keepalivepanel.h"
#include "ui/keepalive/lifetext.h"

#include <QAbstractItemModelTester>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

using namespace pilotlight;
using namespace std::chrono_literals;
using Safety = SessionLife::Safety;

//! keepalive.md 20 and 27: what is seen of every server and session.
class TestKeepalivePanel : public QObject
{
    Q_OBJECT

    FakeClock m_clock;
    std::unique_ptr<KeepalivePanel> m_panel;

    KeepaliveSessionRow session(const char *id, Safety safety,
                                std::optional<std::chrono::seconds> expiresIn = {}) const
    {
        KeepaliveSessionRow row;
        row.id = QLatin1String(id);
        row.name = QStringLiteral("Session ") + row.id;
        row.life.safety = safety;
        row.life.limit = {Milliseconds(1'800'000), IdleLimit::Origin::OwnFlag};
        if (expiresIn)
            row.life.expiry = m_clock.wallNow().addSecs(expiresIn->count());
        return row;
    }
    KeepaliveBackendRow backend(const char *id, QList<KeepaliveSessionRow> sessions,
                                KeepaliveState state = KeepaliveState::Protected) const
    {
        KeepaliveBackendRow row;
        row.id = QLatin1String(id);
        row.name = row.id;
        row.status.phase = Phase::Online;
        row.status.keepalive.state = state;
        row.status.keepalive.method = QStringLiteral("ping");
        row.status.keepalive.lastAnswer = m_clock.wallNow().addSecs(-12);
        row.status.keepalive.latencies = {900us, 1200us, 1000us};
        row.sessions = std::move(sessions);
        return row;
    }
    template <typename T>
    T *find(const char *name) const
    {
        return m_panel->findChild<T *>(QLatin1String(name));
    }
    QStringList sessionIds(int backendRow = 0) const
    {
        QStringList ids;
        const KeepaliveModel &model = m_panel->model();
        const QModelIndex above = model.index(backendRow, 0);
        for (int i = 0; i < model.rowCount(above); ++i)
            ids << model.index(i, 0, above).data(KeepaliveModel::IdRole).toString();
        return ids;
    }
    void select(const char *id, bool isBackend)
    {
        m_panel->view().setCurrentIndex(m_panel->model().find(QLatin1String(id), isBackend));
    }
    QAction *menuAction(const char *name)
    {
        return m_panel->menuForCurrent()->findChild<QAction *>(QLatin1String(name));
    }

private Q_SLOTS:
    void init()
    {
        m_panel = std::make_unique<KeepalivePanel>(m_clock);
        new QAbstractItemModelTester(&m_panel->model(),
                                     QAbstractItemModelTester::FailureReportingMode::Fatal,
                                     m_panel.get());
        m_panel->resize(900, 500);
    }
    void cleanup() { m_panel.reset(); }

    void line27_oneRowPerServerAndSession()
    {
        m_panel->setRows(
            {backend("default", {session("a", Safety::Protected, 600s)}), backend("tools", {})});
        QCOMPARE(m_panel->model().rowCount(), 2);
        QCOMPARE(sessionIds(), QStringList(QStringLiteral("a")));
        QVERIFY(m_panel->view().isExpanded(m_panel->model().index(0, 0)));
        m_panel->setRows({});
        m_panel->show();
        QVERIFY(find<QLabel>("keepaliveEmpty")->isVisible());
        QVERIFY(!m_panel->view().isVisible());
    }

    void line20_theMostAtRiskComesFirst()
    {
        m_panel->setRows({backend(
            "default",
            {session("never", Safety::Protected), session("parked", Safety::Parked),
             session("late", Safety::Protected, 1200s), session("soon", Safety::Unverified, 60s),
             session("risk", Safety::AtRisk, 90s), session("dead", Safety::Dead)})});
        const QStringList expected{QStringLiteral("dead"),  QStringLiteral("risk"),
                                   QStringLiteral("soon"),  QStringLiteral("late"),
                                   QStringLiteral("never"), QStringLiteral("parked")};
        QCOMPARE(sessionIds(), expected);
    }

    void line20_expiryAndHowWeKnow()
    {
        SessionLife life;
        life.safety = Safety::Protected;
        life.limit = {Milliseconds(300'000), IdleLimit::Origin::CommandLine};
        life.expiry = m_clock.wallNow().addSecs(240);
        const auto text = [&] { return LifeText(life, m_clock.wallNow()); };
        QCOMPARE(text().expiry(), QStringLiteral("in 4 min"));
        QVERIFY(text().evidence().contains(QStringLiteral("5 min")));
        QCOMPARE(text().confirmed(), QStringLiteral("not yet")); // nothing green without an answer
        life.limit = IdleLimit::never(IdleLimit::Origin::OwnFlag);
        life.expiry.reset();
        QCOMPARE(text().expiry(), QStringLiteral("never"));
        QVERIFY(text().evidence().contains(QStringLiteral("never expires")));
        life.safety = Safety::Parked;
        QCOMPARE(text().word(), QStringLiteral("Parked"));
        QCOMPARE(text().expiry(), QStringLiteral("cannot expire"));
    }

    void line27_oneLineForCalm()
    {
        QList<KeepaliveSessionRow> fifty;
        for (int i = 0; i < 50; ++i) {
            fifty.append(session(qPrintable(QString::number(i)), Safety::Protected, 1000s));
            fifty.last().life.nextTouch = m_clock.wallNow().addSecs(180 + i);
        }
        const QDateTime now = m_clock.wallNow();
        QCOMPARE(KeepaliveRollUp({backend("default", fifty)}, now).text(),
                 QStringLiteral("50 sessions, all protected, next check in 3 min"));
        fifty[7].life.safety = Safety::AtRisk;
        fifty[8].life.safety = Safety::Parked;
        const KeepaliveRollUp trouble({backend("default", fifty)}, now);
        QCOMPARE(
            trouble.text(),
            QStringLiteral("50 sessions, 1 at risk, 48 protected, 1 parked, next check in 3 min"));
        QCOMPARE(trouble.color(), ColorRole::Warning);
        QVERIFY(!trouble.allWell());
        const KeepaliveRollUp server({backend("default", {}, KeepaliveState::Unresponsive)}, now);
        QVERIFY(server.text().contains(QStringLiteral("1 server does not answer well")));
        QCOMPARE(KeepaliveRollUp({}, now).text(), QStringLiteral("not connected"));
    }

    void anUpdateKeepsTheSelectedRow()
    {
        m_panel->setRows({backend(
            "default",
            {session("a", Safety::Protected, 100s), session("b", Safety::Protected, 200s)})});
        select("b", false);
        // b becomes the riskiest: it moves up and stays selected.
        m_panel->setRows(
            {backend("default",
                     {session("a", Safety::Protected, 100s), session("b", Safety::AtRisk, 50s)})});
        QCOMPARE(sessionIds().first(), QStringLiteral("b"));
        QCOMPARE(m_panel->view().currentIndex().data(KeepaliveModel::IdRole).toString(),
                 QStringLiteral("b"));
    }

    void whatAnswersBadlyIsOnTop()
    {
        m_panel->setRows({backend("default", {session("a", Safety::Protected)}),
                          backend("tools", {}, KeepaliveState::Paused)});
        QCOMPARE(m_panel->model().index(0, 0).data(KeepaliveModel::IdRole).toString(),
                 QStringLiteral("tools"));
        m_panel->setRows(
            {backend("default", {session("a", Safety::Protected)}), backend("tools", {})});
        QCOMPARE(m_panel->model().index(0, 0).data(KeepaliveModel::IdRole).toString(),
                 QStringLiteral("default"));
    }

    void whatIsAskedAgainAfterFailuresIsNotWellYet()
    {
        KeepaliveBackendRow row = backend("tools", {}, KeepaliveState::Checking);
        QVERIFY(!KeepaliveRollUp({row}, m_clock.wallNow()).hasTrouble());
        row.status.keepalive.failures = 3;
        QVERIFY(KeepaliveRollUp({row}, m_clock.wallNow()).hasTrouble());
    }

    void anUpdateDoesNotScroll()
    {
        const auto rows = [this](std::chrono::seconds last) {
            QList<KeepaliveSessionRow> sessions;
            for (int i = 0; i < 60; ++i)
                sessions.append(session(qPrintable(QString::number(i)), Safety::Protected,
                                        std::chrono::seconds(600 + i)));
            sessions.append(session("last", Safety::Protected, last));
            return QList{backend("default", sessions)};
        };
        m_panel->setRows(rows(700s));
        m_panel->show();
        select("default", true);
        QScrollBar *const bar = m_panel->view().verticalScrollBar();
        bar->setValue(bar->maximum() / 2);
        const int scrolled = bar->value();
        QVERIFY(scrolled > 0);
        m_panel->setRows(rows(10s)); // comes to the top
        QCOMPARE(sessionIds().first(), QStringLiteral("last"));
        QCOMPARE(bar->value(), scrolled);
    }

    void anUpdateKeepsWhatIsFolded()
    {
        const auto rows = [this](Safety last) {
            return QList{backend("default", {session("a", Safety::Protected), session("b", last)}),
                         backend("other", {session("c", Safety::Protected)})};
        };
        m_panel->setRows(rows(Safety::Protected));
        const auto expanded = [this](int row) {
            return m_panel->view().isExpanded(m_panel->model().index(row, 0));
        };
        m_panel->view().collapse(m_panel->model().index(0, 0));
        m_panel->setRows(rows(Safety::AtRisk)); // another order
        QVERIFY(!expanded(0));
        QVERIFY(expanded(1));
        m_panel->view().expand(m_panel->model().index(0, 0));
        m_panel->setRows(rows(Safety::Protected));
        QVERIFY(expanded(0));
    }

    void actionsOfASession()
    {
        auto parked = session("p", Safety::Parked);
        m_panel->setRows({backend("default", {session("a", Safety::Protected, 100s), parked})});
        select("a", false);
        QSignalSpy park(m_panel.get(), &KeepalivePanel::parkRequested);
        menuAction("parkNow")->trigger();
        QCOMPARE(park.value(0).value(0).toString(), QStringLiteral("a"));
        QSignalSpy always(m_panel.get(), &KeepalivePanel::alwaysLoadedChosen);
        menuAction("alwaysLoaded")->trigger();
        QCOMPARE(always.value(0).value(1).toBool(), true);
        QSignalSpy log(m_panel.get(), &KeepalivePanel::logRequested);
        menuAction("rowLog")->trigger();
        QCOMPARE(log.value(0).value(0).toString(), QStringLiteral("session=a"));
        select("p", false);
        QVERIFY(!menuAction("parkNow"));
        QVERIFY(!menuAction("touchNow")->isEnabled());
        QSignalSpy unpark(m_panel.get(), &KeepalivePanel::unparkRequested);
        menuAction("unpark")->trigger();
        QCOMPARE(unpark.count(), 1);
    }

    void actionsOfAServer()
    {
        auto tools = backend("tools", {});
        tools.hasSessions = false;
        m_panel->setRows({backend("default", {session("a", Safety::Protected, 100s)}), tools});
        select("default", true);
        QVERIFY(!menuAction("removeServer")); // the first one stays
        QVERIFY(!menuAction("backendTools"));
        select("tools", true);
        QSignalSpy removed(m_panel.get(), &KeepalivePanel::removeServerRequested);
        menuAction("removeServer")->trigger();
        QCOMPARE(removed.value(0).value(0).toString(), QStringLiteral("tools"));
        QVERIFY(menuAction("backendTools"));
        // The button means the server of the selected row, also where that is a session.
        QSignalSpy probe(m_panel.get(), &KeepalivePanel::probeRequested);
        select("a", false);
        find<QPushButton>("probeNow")->click();
        QCOMPARE(probe.value(0).value(0).toString(), QStringLiteral("default"));
    }

    void proveItCanBeStopped()
    {
        m_panel->setRows({backend("default", {})});
        QSignalSpy prove(m_panel.get(), &KeepalivePanel::proveRequested);
        QSignalSpy stop(m_panel.get(), &KeepalivePanel::proveCancelled);
        find<QPushButton>("proveIt")->click();
        m_panel->setVerdict(QStringLiteral("Watching four sessions"), true);
        find<QPushButton>("proveIt")->click();
        QCOMPARE(prove.count(), 1);
        QCOMPARE(stop.count(), 1);
        QCOMPARE(find<QLabel>("keepaliveVerdict")->text(),
                 QStringLiteral("Watching four sessions"));
    }

    void theLedgerCounts()
    {
        m_panel->setLedger({1, 20, 0, 2, 1, 0, {}});
        QCOMPARE(
            find<QLabel>("survivalLedger")->text(),
            QStringLiteral("1 probe answered · 20 touches · 0 sleeps · 2 reconnects · 1 session "
                           "brought back · 0 messages lost"));
        m_panel->setLedger({0, 0, 0, 0, 0, 0, 12});
        QVERIFY(find<QLabel>("survivalLedger")
                    ->text()
                    .endsWith(QStringLiteral("· 12 sessions go on without the window")));
    }

    void rowsAreWantedWhileThePageIsSeen()
    {
        QSignalSpy wanted(m_panel.get(), &KeepalivePanel::wanted);
        m_panel->show();
        m_panel->hide();
        QCOMPARE(wanted.count(), 2);
        QVERIFY(wanted[0][0].toBool());
        QVERIFY(!wanted[1][0].toBool());
        QSignalSpy close(m_panel.get(), &KeepalivePanel::closeRequested);
        m_panel->show();
        QTest::keyClick(m_panel.get(), Qt::Key_Escape);
        QCOMPARE(close.count(), 1);
    }

    void controlsHaveNames()
    {
        m_panel->setRows({backend("default", {})});
        for (const auto *button : m_panel->findChildren<QAbstractButton *>())
            QVERIFY2(!button->text().isEmpty() || !button->accessibleName().isEmpty(),
                     qPrintable(button->objectName()));
        QVERIFY(!m_panel->view().accessibleName().isEmpty());
    }
};

QTEST_MAIN(TestKeepalivePanel)
#include "tst_keepalivepanel.moc"
