// SPDX-License-Identifier: MIT
#include "chatfixture.h"
#include "ui/sessions/earliersessionsdialog.h"
#include "ui/sessions/newsessiondialog.h"
#include "ui/sessions/sessionlistview.h"

#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QListWidget>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QTest>
#include <QToolButton>

using namespace pilotlight;

class TestSessionList : public QObject
{
    Q_OBJECT

    static QStringList names(const QAbstractItemModel *model)
    {
        QStringList result;
        for (int row = 0; row < model->rowCount(); ++row)
            result << model->index(row, 0).data().toString();
        return result;
    }
    static QAction *action(const QMenu *menu, const QString &text)
    {
        for (QAction *a : menu->actions()) {
            if (a->text() == text)
                return a;
        }
        return nullptr;
    }

private Q_SLOTS:
    void initTestCase() { Theme::instance(); }
    void init()
    {
        QTest::failOnWarning(
            QRegularExpression(QStringLiteral("^(?!This plugin does not support).*")));
    }

    void modelFollowsTheManager()
    {
        ChatFixture f;
        Session *first = f.add(QStringLiteral("First"));
        SessionListModel model(f.manager, [&] { return f.clock.wallNow(); });
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
        QCOMPARE(model.rowCount(), 1);
        Session *second = f.add(QStringLiteral("Second"));
        QCOMPARE(names(&model), QStringList({QStringLiteral("First"), QStringLiteral("Second")}));
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        f.backend->emitEvent(second->id(), TurnStarted{QStringLiteral("0")});
        QVERIFY(changed.count() >= 1);
        QCOMPARE(changed.last().at(0).value<QModelIndex>().row(), 1);
        QCOMPARE(model.index(1).data(SessionListModel::StateRole).toInt(),
                 int(ShownState::Working));
        QVERIFY(model.index(1)
                    .data(Qt::AccessibleTextRole)
                    .toString()
                    .contains(QStringLiteral("Working")));
        f.manager.close(first->id());
        f.settle();
        QCOMPARE(names(&model), QStringList{QStringLiteral("Second")});
    }

    void agesMoveOn()
    {
        ChatFixture f;
        Session *session = f.add(QStringLiteral("A"));
        QDateTime now = session->lastActivity();
        SessionListModel model(f.manager, [&] { return now; });
        const auto age = [&] { return model.index(0).data(SessionListModel::AgeRole).toString(); };
        QCOMPARE(age(), QStringLiteral("now"));
        now = now.addSecs(125);
        QCOMPARE(age(), QStringLiteral("2 min"));
        now = now.addSecs(3 * 3600);
        QCOMPARE(age(), QStringLiteral("3 h"));
        now = now.addDays(2);
        QCOMPARE(age(), QStringLiteral("2 d"));
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        model.refreshAges();
        QCOMPARE(changed.count(), 1);
    }

    void sortsInThreeOrders()
    {
        ChatFixture f;
        f.add(QStringLiteral("beta"));
        f.clock.advance(std::chrono::minutes(1));
        f.add(QStringLiteral("Alpha"));
        f.clock.advance(std::chrono::minutes(1));
        f.add(QStringLiteral("gamma"));
        SessionListModel model(f.manager, [&] { return f.clock.wallNow(); });
        SessionSortModel sorted;
        sorted.setSourceModel(&model);
        QAbstractItemModelTester tester(&sorted,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
        QCOMPARE(names(&sorted),
                 QStringList(
                     {QStringLiteral("gamma"), QStringLiteral("Alpha"), QStringLiteral("beta")}));
        sorted.setOrder(SessionSortModel::Order::Name);
        QCOMPARE(names(&sorted),
                 QStringList(
                     {QStringLiteral("Alpha"), QStringLiteral("beta"), QStringLiteral("gamma")}));
        sorted.setOrder(SessionSortModel::Order::Created);
        QCOMPARE(names(&sorted).first(), QStringLiteral("gamma"));
        sorted.setWords(QStringLiteral("ALP tmp"));
        QCOMPARE(names(&sorted), QStringList{QStringLiteral("Alpha")});
        sorted.setWords(QStringLiteral("alp nowhere"));
        QCOMPARE(sorted.rowCount(), 0);
        sorted.setWords({});
        QCOMPARE(sorted.rowCount(), 3);
    }

    void chipsNarrowTheList()
    {
        ChatFixture f;
        Session *working = f.add(QStringLiteral("Works"));
        Session *waiting = f.add(QStringLiteral("Waits"));
        f.add(QStringLiteral("Rests"));
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        const auto chip = [&](StatusFilter filter) {
            return view.findChild<QToolButton *>(
                QStringLiteral("statusChip%1").arg(static_cast<int>(filter)));
        };
        auto *list = view.findChild<QListView *>(QStringLiteral("sessionList"));
        QVERIFY(!chip(StatusFilter::All)->isVisible()); // all are alike
        f.backend->emitEvent(working->id(), TurnStarted{QStringLiteral("0")});
        PermissionRequested request;
        request.requestId = QStringLiteral("p");
        f.backend->emitEvent(waiting->id(), request);
        QTRY_COMPARE(chip(StatusFilter::Working)->text(), QStringLiteral("Working 1"));
        QCOMPARE(chip(StatusFilter::All)->text(), QStringLiteral("All 3"));
        QCOMPARE(chip(StatusFilter::Waiting)->text(), QStringLiteral("Waiting 1"));
        QCOMPARE(chip(StatusFilter::Idle)->text(), QStringLiteral("Idle 1"));
        QVERIFY(chip(StatusFilter::Waiting)->isVisible());
        QVERIFY(!chip(StatusFilter::Stuck)->isVisible());

        QTest::mouseClick(chip(StatusFilter::Waiting), Qt::LeftButton);
        QCOMPARE(names(list->model()), QStringList{QStringLiteral("Waits")});
        QVERIFY(chip(StatusFilter::Waiting)->isChecked());
        // It leaves when it no longer belongs, and the chip stays to lead back.
        f.backend->emitEvent(
            waiting->id(),
            PermissionCompleted{QStringLiteral("p"), PermissionCompleted::Outcome::Approved, {}});
        QCOMPARE(list->model()->rowCount(), 0);
        QTRY_COMPARE(chip(StatusFilter::Waiting)->text(), QStringLiteral("Waiting 0"));
        QVERIFY(chip(StatusFilter::Waiting)->isVisible());
        QTest::mouseClick(chip(StatusFilter::Waiting), Qt::LeftButton); // once more: all
        QCOMPARE(list->model()->rowCount(), 3);
        QVERIFY(chip(StatusFilter::All)->isChecked());

        // Going to a session that the chip hides shows all.
        QTest::mouseClick(chip(StatusFilter::Idle), Qt::LeftButton);
        QCOMPARE(list->model()->rowCount(), 1);
        view.setCurrentId(working->id());
        QCOMPARE(view.currentId(), working->id());
        QVERIFY(chip(StatusFilter::All)->isChecked());
    }

    void emptyListSaysWhatToDo()
    {
        ChatFixture f;
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        auto *pages = view.findChild<QStackedWidget *>(QStringLiteral("sessionPages"));
        QCOMPARE(pages->currentWidget()->objectName(), QStringLiteral("sessionsEmpty"));
        QTest::mouseClick(view.findChild<QPushButton *>(QStringLiteral("emptyNewSession")),
                          Qt::LeftButton);
        auto *dialog = view.findChild<NewSessionDialog *>();
        QVERIFY(dialog);
        dialog->findChild<QLineEdit *>(QStringLiteral("newSessionFolder"))
            ->setText(QDir::tempPath());
        QTest::keyClicks(dialog->findChild<QLineEdit *>(QStringLiteral("newSessionName")),
                         QStringLiteral("Mine"));
        QSignalSpy current(&view, &SessionListView::currentChanged);
        QTest::mouseClick(dialog->findChild<QPushButton *>(QStringLiteral("newSessionCreate")),
                          Qt::LeftButton);
        QCOMPARE(f.manager.sessions().size(), size_t(1));
        QCOMPARE(f.manager.sessions().front()->displayName(), QStringLiteral("Mine"));
        QCOMPARE(current.count(), 1);
        QCOMPARE(f.manager.visible(), f.manager.sessions().front()->id());
        QCOMPARE(pages->currentWidget()->objectName(), QStringLiteral("sessionList"));
    }

    void filterKeepsTheSessionOnTheScreen()
    {
        ChatFixture f;
        Session *a = f.add(QStringLiteral("apple"));
        f.add(QStringLiteral("banana"));
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        view.setCurrentId(a->id());
        QSignalSpy current(&view, &SessionListView::currentChanged);
        auto *filter = view.findChild<QLineEdit *>(QStringLiteral("sessionFilter"));
        filter->setText(QStringLiteral("xyz"));
        auto *pages = view.findChild<QStackedWidget *>(QStringLiteral("sessionPages"));
        QCOMPARE(pages->currentWidget()->objectName(), QStringLiteral("sessionsNoMatch"));
        QCOMPARE(current.count(), 0);
        QCOMPARE(f.manager.visible(), a->id());
        QTest::mouseClick(view.findChild<QPushButton *>(QStringLiteral("clearFilter")),
                          Qt::LeftButton);
        QCOMPARE(view.currentId(), a->id());
        QCOMPARE(current.count(), 0);
    }

    void keyboardMovesBetweenSessions()
    {
        ChatFixture f;
        for (const char *name : {"one", "two", "three"}) {
            f.add(QString::fromLatin1(name));
            f.clock.advance(std::chrono::minutes(1));
        }
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        QVERIFY(QTest::qWaitForWindowActive(&view));
        const auto name = [&] { return f.manager.find(view.currentId())->displayName(); };
        QTest::keyClick(&view, Qt::Key_3, Qt::ControlModifier);
        QCOMPARE(name(), QStringLiteral("one"));
        QTest::keyClick(&view, Qt::Key_1, Qt::ControlModifier);
        QCOMPARE(name(), QStringLiteral("three"));
        QTest::keyClick(&view, Qt::Key_PageDown, Qt::ControlModifier);
        QCOMPARE(name(), QStringLiteral("two"));
        QTest::keyClick(&view, Qt::Key_PageUp, Qt::ControlModifier);
        QTest::keyClick(&view, Qt::Key_PageUp, Qt::ControlModifier);
        QCOMPARE(name(), QStringLiteral("one"));
        QTest::keyClick(&view, Qt::Key_9, Qt::ControlModifier);
        QCOMPARE(name(), QStringLiteral("one"));
    }

    void renamesInPlace()
    {
        ChatFixture f;
        Session *session = f.add(QStringLiteral("old"));
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        auto *list = view.findChild<QListView *>(QStringLiteral("sessionList"));
        list->setFocus();
        QTest::keyClick(list, Qt::Key_F2);
        auto *editor = list->findChild<QLineEdit *>(QStringLiteral("sessionNameEditor"));
        QVERIFY(editor);
        editor->setText(QStringLiteral("  new   name "));
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE(f.backend->count(QStringLiteral("renameSession")), 1);
        QCOMPARE(f.backend->last(QStringLiteral("renameSession"))->text,
                 QStringLiteral("new name"));
        f.settle();
        QCOMPARE(session->displayName(), QStringLiteral("new name"));
    }

    void contextMenuActs()
    {
        ChatFixture f;
        Session *session = f.add(QStringLiteral("doomed"));
        const QString id = session->id();
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        auto *list = view.findChild<QListView *>(QStringLiteral("sessionList"));
        const auto menu = [&] {
            Q_EMIT list->customContextMenuRequested(
                list->visualRect(list->model()->index(0, 0)).center());
            return view.findChild<QMenu *>(QStringLiteral("sessionMenu"));
        };
        QMenu *first = menu();
        QVERIFY(first);
        QVERIFY(!action(first, QStringLiteral("Try again")));
        action(first, QStringLiteral("Copy id"))->trigger();
        QCOMPARE(QApplication::clipboard()->text(), id);
        action(first, QStringLiteral("Delete…"))->trigger();
        auto *box = view.findChild<QMessageBox *>(QStringLiteral("deleteConfirm"));
        QVERIFY(box);
        QCOMPARE(f.backend->count(QStringLiteral("deleteSession")), 0);
        QTest::mouseClick(box->findChild<QPushButton *>(QStringLiteral("deleteConfirmYes")),
                          Qt::LeftButton);
        QCOMPARE(f.backend->count(QStringLiteral("deleteSession")), 1);
        f.settle();
        QVERIFY(!f.manager.find(id));
        QCOMPARE(view.currentId(), QString());
    }

    void failedSessionCanBeTriedAgain()
    {
        ChatFixture f;
        SessionConfig config;
        // The manager logs it, too.
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("no such folder")));
        config.name = QStringLiteral("bad");
        config.workingDirectory = QStringLiteral("/tmp");
        Session *session = f.manager.create(config);
        f.backend->fail(QStringLiteral("createSession"),
                        {ErrorCode::RemoteError, QStringLiteral("no such folder"), {}});
        QCOMPARE(session->state(), Session::State::Failed);
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        auto *list = view.findChild<QListView *>(QStringLiteral("sessionList"));
        QVERIFY(list->model()
                    ->index(0, 0)
                    .data(Qt::ToolTipRole)
                    .toString()
                    .contains(QStringLiteral("no such folder")));
        Q_EMIT list->customContextMenuRequested(
            list->visualRect(list->model()->index(0, 0)).center());
        action(view.findChild<QMenu *>(QStringLiteral("sessionMenu")), QStringLiteral("Try again"))
            ->trigger();
        QCOMPARE(session->state(), Session::State::Attaching);
    }

    void opensEarlierSessions()
    {
        ChatFixture f;
        for (int i = 0; i < 3; ++i)
            f.backend->summaries.append({QStringLiteral("id%1").arg(i),
                                         QStringLiteral("Earlier %1").arg(i),
                                         {},
                                         QStringLiteral("/tmp"),
                                         {},
                                         f.clock.wallNow().addSecs(i)});
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        view.earlierSessions();
        auto *dialog = view.findChild<EarlierSessionsDialog *>();
        QVERIFY(dialog);
        QVERIFY(f.backend->succeed(QStringLiteral("listSessions")));
        auto *list = dialog->findChild<QListWidget *>(QStringLiteral("earlierList"));
        QCOMPARE(list->count(), 3);
        QCOMPARE(list->item(0)->text(), QStringLiteral("Earlier 2"));
        QTest::keyClicks(dialog->findChild<QLineEdit *>(QStringLiteral("earlierFilter")),
                         QStringLiteral("id1"));
        QTest::mouseClick(dialog->findChild<QPushButton *>(QStringLiteral("earlierOpen")),
                          Qt::LeftButton);
        QCOMPARE(view.currentId(), QStringLiteral("id1"));
        QCOMPARE(f.manager.sessions().size(), size_t(1));
    }

    void earlierSessionsSayWhatIsWrong()
    {
        ChatFixture f;
        EarlierSessionsDialog dialog(f.manager);
        auto *message = dialog.findChild<QLabel *>(QStringLiteral("earlierMessage"));
        f.backend->fail(QStringLiteral("listSessions"), {ErrorCode::Timeout, {}, {}});
        QVERIFY(message->text().contains(QStringLiteral("did not answer in time")));
        QTest::mouseClick(dialog.findChild<QPushButton *>(QStringLiteral("earlierReload")),
                          Qt::LeftButton);
        f.backend->succeed(QStringLiteral("listSessions"));
        QVERIFY(message->text().contains(QStringLiteral("no other sessions")));
    }

    void twoHundredSessionsStayUsable()
    {
        ChatFixture f;
        for (int i = 0; i < 200; ++i)
            f.add(QStringLiteral("Session %1").arg(i));
        SessionListView view(f.manager);
        view.resize(300, 600);
        view.show();
        auto *list = view.findChild<QListView *>(QStringLiteral("sessionList"));
        QCOMPARE(list->model()->rowCount(), 200);
        QAbstractItemModelTester tester(list->model(),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
        const QString id = f.manager.sessions().front()->id();
        view.setCurrentId(id);
        QVERIFY(list->viewport()->rect().intersects(list->visualRect(list->currentIndex())));
        // Activity moves a session to the top; the current one stays current.
        f.clock.advance(std::chrono::minutes(1));
        f.backend->emitEvent(id, TurnStarted{QStringLiteral("0")});
        QCOMPARE(view.currentId(), id);
        view.findChild<QLineEdit *>(QStringLiteral("sessionFilter"))
            ->setText(QStringLiteral("session 19"));
        QCOMPARE(list->model()->rowCount(), 12); // 19, 119 and 190 to 199
    }
};

QTEST_MAIN(TestSessionList)
#include "tst_sessionlist.moc"
