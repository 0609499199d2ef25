// SPDX-License-Identifier: MIT
#include "chatfixture.h"
#include "samples.h"
#include "shots.h"
#include "ui/chat/chatheader.h"
#include "ui/chat/chatview.h"
#include "ui/chat/inputbar.h"
#include "ui/chat/promptedit.h"
#include "ui/chat/transcriptview.h"
#include "ui/theme/theme.h"

#include <QAbstractButton>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMessageBox>
#include <QMimeData>
#include <QScrollBar>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QTextBrowser>
#include <QToolButton>

using namespace pilotlight;

namespace {

//! A chat on one attached session.
struct Chat
{
    ChatFixture f;
    Session *session;
    ChatView view;
    PromptEdit *edit;

    explicit Chat(bool online = true)
        : f(online)
        , session(f.add(QStringLiteral("Test")))
        , view(f.manager)
        , edit(view.findChild<PromptEdit *>())
    {
        view.resize(900, 700);
        view.setSession(session->id());
        view.show();
        view.activateWindow();
        view.focusInput();
    }
    template <typename T>
    T *part(const char *name)
    {
        const auto all = view.findChildren<T *>(QString::fromLatin1(name));
        for (T *widget : all) {
            if (widget->isVisible())
                return widget;
        }
        return nullptr;
    }
    void emitEvent(EventData data) { f.backend->emitEvent(session->id(), std::move(data)); }
    void play(const QList<AgentEvent> &events)
    {
        f.play(session, events);
        update();
    }
    //! What the timers would do.
    void update()
    {
        QCoreApplication::processEvents();
        view.flush();
    }
    void startTurn()
    {
        emitEvent(UserMessage{QStringLiteral("u1"), QStringLiteral("Go"), {}, {}});
        emitEvent(TurnStarted{QStringLiteral("0")});
        update();
    }
};

} // namespace

class TestChatView : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance(); }
    void init()
    {
        QTest::failOnWarning(
            QRegularExpression(QStringLiteral("^(?!This plugin does not support).*")));
    }

    void withoutSessionItSaysWhatToDo()
    {
        ChatFixture f;
        ChatView view(f.manager);
        view.show();
        QSignalSpy asked(&view, &ChatView::newSessionRequested);
        QTest::mouseClick(view.findChild<QAbstractButton *>(QStringLiteral("noSessionNew")),
                          Qt::LeftButton);
        QCOMPARE(asked.count(), 1);
    }

    void enterSendsAndShiftEnterDoesNot()
    {
        Chat c;
        QTest::keyClicks(c.edit, QStringLiteral("first"));
        QTest::keyClick(c.edit, Qt::Key_Return, Qt::ShiftModifier);
        QTest::keyClicks(c.edit, QStringLiteral("second"));
        QCOMPARE(c.f.backend->count(QStringLiteral("send")), 0);
        QTest::keyClick(c.edit, Qt::Key_Return);
        QCOMPARE(c.f.backend->count(QStringLiteral("send")), 1);
        QCOMPARE(c.f.backend->last(QStringLiteral("send"))->prompt.text,
                 QStringLiteral("first\nsecond"));
        QVERIFY(c.edit->toPlainText().isEmpty());
        // Nothing but blanks is nothing.
        QTest::keyClicks(c.edit, QStringLiteral("   "));
        QTest::keyClick(c.edit, Qt::Key_Return);
        QCOMPARE(c.f.backend->count(QStringLiteral("send")), 1);
    }

    void whileBusyItQueuesAndCtrlEnterSteers()
    {
        Chat c;
        c.startTurn();
        QTest::keyClicks(c.edit, QStringLiteral("later"));
        QTest::keyClick(c.edit, Qt::Key_Return);
        c.update();
        auto *queued = c.part<QLabel>("queuedText");
        QVERIFY(queued);
        QCOMPARE(queued->text(), QStringLiteral("later"));
        QTest::mouseClick(c.part<QToolButton>("removeQueued"), Qt::LeftButton);
        c.update();
        QVERIFY(!c.part<QLabel>("queuedText"));
        QVERIFY(c.session->queue().isEmpty());
        QTest::keyClicks(c.edit, QStringLiteral("now"));
        QTest::keyClick(c.edit, Qt::Key_Return, Qt::ControlModifier);
        QCOMPARE(c.f.backend->last(QStringLiteral("send"))->prompt.delivery, Delivery::Immediate);
        QCOMPARE(c.f.backend->last(QStringLiteral("send"))->prompt.text, QStringLiteral("now"));
    }

    void theQueueCanBeEditedReorderedAndSent()
    {
        Chat c;
        c.startTurn();
        for (const char *text : {"one", "two", "three"}) {
            QTest::keyClicks(c.edit, QString::fromLatin1(text));
            QTest::keyClick(c.edit, Qt::Key_Return);
        }
        c.update();
        const auto queue = [&c] {
            QStringList texts;
            for (const Prompt &prompt : c.session->queue())
                texts << prompt.text;
            return texts;
        };
        const auto click = [&c](const char *name, int index) {
            QCoreApplication::processEvents(); // new rows are shown from the event loop
            QList<QToolButton *> there;
            for (QToolButton *const button :
                 c.view.findChildren<QToolButton *>(QLatin1String(name))) {
                if (button->isVisible())
                    there << button;
            }
            QTest::mouseClick(there.at(index), Qt::LeftButton);
            c.update();
        };
        click("moveQueued", 1); // the third; the first has none
        QCOMPARE(queue().join(QLatin1Char(' ')), QStringLiteral("one three two"));
        QTest::keyClicks(c.edit, QStringLiteral("more"));
        click("editQueued", 0);
        QCOMPARE(queue().join(QLatin1Char(' ')), QStringLiteral("three two"));
        QCOMPARE(c.edit->toPlainText(), QStringLiteral("one\n\nmore"));
        click("sendQueued", 1);
        QCOMPARE(queue(), QStringList(QStringLiteral("three")));
        QCOMPARE(c.f.backend->last(QStringLiteral("send"))->prompt.text, QStringLiteral("two"));
        QCOMPARE(c.f.backend->last(QStringLiteral("send"))->prompt.delivery, Delivery::Immediate);
    }

    void whatTheServerDroppedIsSentAgain()
    {
        Chat c;
        c.startTurn();
        QTest::keyClicks(c.edit, QStringLiteral("look here"));
        QTest::keyClick(c.edit, Qt::Key_Return, Qt::ControlModifier);
        c.f.settle();
        c.update();
        QVERIFY(!c.part<QPushButton>("sendAgain")); // it is still on its way
        c.emitEvent(Aborted{});
        c.emitEvent(TurnEnded{QStringLiteral("0")});
        c.emitEvent(AssistantIdle{true});
        c.emitEvent(SessionIdle{true});
        c.update();
        auto *again = c.part<QPushButton>("sendAgain");
        QVERIFY(again);
        const int sent = c.f.backend->count(QStringLiteral("send"));
        QTest::mouseClick(again, Qt::LeftButton);
        c.update();
        c.f.settle(); // the server is asked first
        QCOMPARE(c.f.backend->count(QStringLiteral("send")), sent + 1);
        QCOMPARE(c.f.backend->last(QStringLiteral("send"))->prompt.text,
                 QStringLiteral("look here"));
        c.f.settle();
        c.update();
        QVERIFY(!c.part<QPushButton>("sendAgain"));
    }

    void anInterruptedTurnGoesOn_data()
    {
        QTest::addColumn<QByteArray>("button");
        QTest::addColumn<QString>("prompt");
        QTest::newRow("continue") << QByteArray("continueTurn")
                                  << QStringLiteral("You were interrupted. Please go on where you "
                                                    "stopped.");
        QTest::newRow("ask again") << QByteArray("askAgain") << QStringLiteral("write a story");
    }
    void anInterruptedTurnGoesOn()
    {
        QFETCH(QByteArray, button);
        QFETCH(QString, prompt);
        Chat c;
        c.emitEvent(UserMessage{
            QStringLiteral("u"), QStringLiteral("write a story"), UserMessage::Delivery::Idle, {}});
        c.emitEvent(TurnStarted{QStringLiteral("0")});
        c.emitEvent(MessageDelta{QStringLiteral("a"),
                                 QStringLiteral("Once upon a time there was a lighthouse, and")});
        c.update();
        QVERIFY(!c.part<QPushButton>(button.constData()));
        c.emitEvent(SessionShutDown{QStringLiteral("routine")});
        c.update();
        takeShots(c.view, QStringLiteral("interrupted"));
        auto *pressed = c.part<QPushButton>(button.constData());
        QVERIFY(pressed);
        const int sent = c.f.backend->count(QStringLiteral("send"));
        QTest::mouseClick(pressed, Qt::LeftButton);
        c.update();
        QCOMPARE(c.f.backend->count(QStringLiteral("send")), sent + 1);
        QCOMPARE(c.f.backend->last(QStringLiteral("send"))->prompt.text, prompt);
        c.f.settle();
        c.emitEvent(
            UserMessage{c.f.backend->lastMessageId(), prompt, UserMessage::Delivery::Idle, {}});
        c.update();
        QVERIFY(!c.part<QPushButton>(button.constData()));
    }

    void whatHappenedWhileAway()
    {
        Chat c;
        c.emitEvent(UserMessage{
            QStringLiteral("u"), QStringLiteral("write a story"), UserMessage::Delivery::Idle, {}});
        HistoryNote note;
        note.count = 42;
        c.emitEvent(note);
        c.emitEvent(TurnStarted{QStringLiteral("0")});
        c.emitEvent(MessageDelta{QStringLiteral("a"), QStringLiteral("Once upon a time")});
        note.kind = HistoryNote::Kind::Lost;
        note.count = 2;
        c.emitEvent(note);
        c.update();
        takeShots(c.view, QStringLiteral("recovered"));
        QStringList notices;
        for (const QLabel *label : c.view.findChildren<QLabel *>(QStringLiteral("noticeText")))
            notices << label->text();
        QVERIFY(notices.contains(QStringLiteral("42 events recovered")));
        QVERIFY(notices.contains(QStringLiteral("The server lost this: 2 events above")));
    }

    void stopIsThereWhileItWorks()
    {
        Chat c;
        QVERIFY(!c.part<QToolButton>("stopButton"));
        QTest::keyClick(c.edit, Qt::Key_Escape);
        QCOMPARE(c.f.backend->count(QStringLiteral("abort")), 0);
        c.startTurn();
        QTest::mouseClick(c.part<QToolButton>("stopButton"), Qt::LeftButton);
        QCOMPARE(c.f.backend->count(QStringLiteral("abort")), 1);
        c.f.settle();
        c.update();
        QTest::keyClick(c.edit, Qt::Key_Escape);
        QVERIFY(c.f.backend->count(QStringLiteral("abort")) >= 1);
    }

    void offlineExplainsAndKeepsTheMessage()
    {
        Chat c;
        c.f.manager.setBackend(nullptr);
        c.update();
        auto *note = c.part<QLabel>("inputNote");
        QVERIFY(note);
        QVERIFY(note->text().contains(QStringLiteral("will be sent when the server is back")));
        QVERIFY(c.edit->isEnabled());
        QTest::keyClicks(c.edit, QStringLiteral("keep me"));
        QTest::keyClick(c.edit, Qt::Key_Return);
        c.update();
        QCOMPARE(c.session->queue().size(), 1);
        QCOMPARE(c.part<QLabel>("queuedText")->text(), QStringLiteral("keep me"));
    }

    void draftsBelongToTheirSession()
    {
        Chat c;
        Session *other = c.f.add(QStringLiteral("Other"));
        QTest::keyClicks(c.edit, QStringLiteral("half a thought"));
        c.view.setSession(other->id());
        QCOMPARE(c.session->draft(), QStringLiteral("half a thought"));
        QVERIFY(c.edit->toPlainText().isEmpty());
        QTest::keyClicks(c.edit, QStringLiteral("other"));
        c.view.setSession(c.session->id());
        QCOMPARE(c.edit->toPlainText(), QStringLiteral("half a thought"));
        QCOMPARE(other->draft(), QStringLiteral("other"));
        QTest::keyClick(c.edit, Qt::Key_Return);
        QVERIFY(c.session->draft().isEmpty());
    }

    void upAndDownWalkThroughHistory()
    {
        Chat c;
        c.emitEvent(UserMessage{QStringLiteral("u1"), QStringLiteral("one"), {}, {}});
        c.emitEvent(UserMessage{QStringLiteral("u2"), QStringLiteral("two\nlines"), {}, {}});
        c.emitEvent(SessionIdle{});
        c.update();
        QTest::keyClicks(c.edit, QStringLiteral("own"));
        c.edit->moveCursor(QTextCursor::Start);
        QTest::keyClick(c.edit, Qt::Key_Up);
        QCOMPARE(c.edit->toPlainText(), QStringLiteral("two\nlines"));
        QTest::keyClick(c.edit, Qt::Key_Up);
        QCOMPARE(c.edit->toPlainText(), QStringLiteral("one"));
        QTest::keyClick(c.edit, Qt::Key_Up);
        QCOMPARE(c.edit->toPlainText(), QStringLiteral("one"));
        c.edit->moveCursor(QTextCursor::End);
        QTest::keyClick(c.edit, Qt::Key_Down);
        QTest::keyClick(c.edit, Qt::Key_Down);
        QCOMPARE(c.edit->toPlainText(), QStringLiteral("own"));
    }

    void filesAreAttached()
    {
        QTemporaryDir dir;
        QFile file(dir.filePath(QStringLiteral("a.txt")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        Chat c;
        auto *mime = new QMimeData;
        mime->setUrls({QUrl::fromLocalFile(file.fileName()), QUrl::fromLocalFile(dir.path()),
                       QUrl::fromLocalFile(dir.filePath(QStringLiteral("missing")))});
        QApplication::clipboard()->setMimeData(mime);
        c.edit->paste();
        QCOMPARE(c.view.findChild<InputBar *>()->attachments().size(), 2);
        QTest::keyClicks(c.edit, QStringLiteral("look"));
        QTest::keyClick(c.edit, Qt::Key_Return);
        const Prompt prompt = c.f.backend->last(QStringLiteral("send"))->prompt;
        QCOMPARE(prompt.attachments.size(), 2);
        QCOMPARE(prompt.attachments[0].path, file.fileName());
        QCOMPARE(prompt.attachments[1].kind, Attachment::Kind::Directory);
        QVERIFY(c.view.findChild<InputBar *>()->attachments().isEmpty());
    }

    void permissionIsAnsweredInPlace_data()
    {
        QTest::addColumn<QString>("button");
        QTest::addColumn<PermissionDecision>("decision");
        QTest::addColumn<QString>("feedback");
        QTest::newRow("once") << QStringLiteral("allowOnce") << PermissionDecision::ApproveOnce
                              << QString();
        QTest::newRow("session") << QStringLiteral("allowSession")
                                 << PermissionDecision::ApproveForSession << QString();
        QTest::newRow("reject") << QStringLiteral("reject") << PermissionDecision::Reject
                                << QString();
        QTest::newRow("reject with words")
            << QStringLiteral("reject") << PermissionDecision::Reject << QStringLiteral("use make");
    }
    void permissionIsAnsweredInPlace()
    {
        QFETCH(QString, button);
        QFETCH(PermissionDecision, decision);
        QFETCH(QString, feedback);
        Chat c;
        c.play(sampleRequests());
        QVERIFY(c.view.transcriptView()->focusWaiting());
        QCOMPARE(QApplication::focusWidget()->objectName(), QStringLiteral("allowOnce"));
        if (!feedback.isEmpty())
            QTest::keyClicks(c.part<QLineEdit>("rejectFeedback"), feedback);
        auto *target = c.part<QAbstractButton>(qPrintable(button));
        QVERIFY(target);
        target->setFocus();
        QTest::keyClick(target, Qt::Key_Return); // by keyboard
        QCOMPARE(c.f.backend->count(QStringLiteral("answerPermission")), 1);
        const auto *call = c.f.backend->last(QStringLiteral("answerPermission"));
        QCOMPARE(call->decision, decision);
        QCOMPARE(call->requestId, QStringLiteral("perm-1"));
        QCOMPARE(call->text, feedback);
        c.update();
        // Answered once: the buttons are off until the server has spoken.
        if (auto *again = c.part<QAbstractButton>("allowOnce"))
            QVERIFY(!again->isEnabled());
    }

    void permissionShowsTheWholeCommand()
    {
        Chat c;
        c.play(sampleRequests());
        c.view.focusWaiting();
        bool found = false;
        const auto boxes = c.view.findChildren<QPlainTextEdit *>(QStringLiteral("codeText"));
        for (const QPlainTextEdit *box : boxes) {
            if (!box->isVisible()
                || !box->toPlainText().endsWith(QStringLiteral("git push origin v1.4.0")))
                continue;
            found = true;
            // All of it is on the screen: no line is behind a scroll bar.
            QVERIFY(!box->verticalScrollBar()->isVisible());
            QCOMPARE(box->verticalScrollBar()->maximum(), 0);
        }
        QVERIFY(found);
    }

    void questionIsAnsweredByChoiceOrWords()
    {
        {
            Chat c;
            c.play(sampleRequests());
            const auto buttons =
                c.view.findChildren<QAbstractButton *>(QStringLiteral("questionChoice"));
            QCOMPARE(buttons.size(), 3);
            QCOMPARE(buttons[2]->text(), QStringLiteral("Nightly && friends"));
            QTest::mouseClick(buttons[2], Qt::LeftButton);
            const auto *call = c.f.backend->last(QStringLiteral("answerQuestion"));
            QVERIFY(call);
            QCOMPARE(call->text, QStringLiteral("Nightly & friends"));
            QVERIFY(!call->flag);
        }
        Chat c;
        c.play(sampleRequests());
        auto *field = c.part<QLineEdit>("questionFree");
        QVERIFY(field);
        QTest::keyClicks(field, QStringLiteral("none of them"));
        QTest::keyClick(field, Qt::Key_Return);
        const auto *call = c.f.backend->last(QStringLiteral("answerQuestion"));
        QVERIFY(call);
        QCOMPARE(call->text, QStringLiteral("none of them"));
        QVERIFY(call->flag);
    }

    void planIsApprovedOrSentBack()
    {
        for (const bool approve : {true, false}) {
            Chat c;
            c.play(sampleRequests());
            const auto buttons =
                c.view.findChildren<QAbstractButton *>(QStringLiteral("planApprove"));
            QCOMPARE(buttons.size(), 2);
            auto *recommended = buttons[0]->property("kind").toString() == QStringLiteral("primary")
                ? buttons[0]
                : buttons[1];
            QTest::mouseClick(approve ? recommended : c.part<QAbstractButton>("planReject"),
                              Qt::LeftButton);
            const auto *call = c.f.backend->last(QStringLiteral("answerPlan"));
            QVERIFY(call);
            QCOMPARE(call->flag, approve);
            QCOMPARE(call->text, approve ? QStringLiteral("autopilot") : QString());
        }
    }

    void headerShowsAndChanges()
    {
        Chat c;
        c.view.setModels({{QStringLiteral("m1"), QStringLiteral("Model one"), 0, {}},
                          {QStringLiteral("m2"), {}, 0, {}}});
        auto *name = c.view.findChild<QLabel *>(QStringLiteral("chatName"));
        QCOMPARE(name->accessibleName(), QStringLiteral("Test"));
        QTest::mouseDClick(name, Qt::LeftButton);
        auto *edit = c.part<QLineEdit>("chatNameEdit");
        QVERIFY(edit);
        edit->setText(QStringLiteral("Better"));
        QTest::keyClick(edit, Qt::Key_Return);
        QCOMPARE(c.f.backend->last(QStringLiteral("renameSession"))->text,
                 QStringLiteral("Better"));
        QTest::mouseClick(c.part<QToolButton>("renameButton"), Qt::LeftButton);
        c.part<QLineEdit>("chatNameEdit")->setText(QStringLiteral("No"));
        QTest::keyClick(c.part<QLineEdit>("chatNameEdit"), Qt::Key_Escape);
        QCOMPARE(c.f.backend->count(QStringLiteral("renameSession")), 1);

        auto *modes = c.view.findChild<QMenu *>(QStringLiteral("modeMenu"));
        modes->actions().at(2)->trigger();
        QCOMPARE(c.f.backend->last(QStringLiteral("switchMode"))->mode, AgentMode::Autopilot);
        auto *models = c.view.findChild<QMenu *>(QStringLiteral("modelMenu"));
        Q_EMIT models->aboutToShow();
        models->actions().at(1)->trigger();
        QCOMPARE(c.f.backend->last(QStringLiteral("switchModel"))->text, QStringLiteral("m2"));
    }

    void failuresAreSaid()
    {
        Chat c;
        c.view.setModels({});
        c.f.manager.rename(c.session->id(), QStringLiteral("x"));
        c.f.backend->fail(QStringLiteral("renameSession"), {ErrorCode::Timeout, {}, {}});
        auto *failure = c.part<QLabel>("requestFailure");
        QVERIFY(failure);
        QVERIFY(failure->text().contains(QStringLiteral("did not answer in time")));
    }

    void linksAreShownBeforeTheyOpen()
    {
        QVERIFY(isOpenableLink(QUrl(QStringLiteral("https://example.com/a"))));
        QVERIFY(isOpenableLink(QUrl(QStringLiteral("http://127.0.0.1:80"))));
        QVERIFY(isOpenableLink(QUrl(QStringLiteral("file:///tmp/a.txt"))));
        for (const char *bad : {"javascript:alert(1)", "file://evil.example/share/x", "smb://x/y",
                                "vscode://x", "data:text/html,x", "https://", "relative/path", ""})
            QVERIFY2(!isOpenableLink(QUrl(QString::fromLatin1(bad))), bad);
        Chat c;
        Q_EMIT c.view.transcriptView()->actions().linkActivated(
            QUrl(QStringLiteral("javascript:alert(1)")));
        auto *box = c.view.findChild<QMessageBox *>(QStringLiteral("linkDialog"));
        QVERIFY(box);
        QVERIFY(!box->findChild<QAbstractButton *>(QStringLiteral("linkOpen")));
        QVERIFY(box->informativeText().contains(QStringLiteral("javascript:alert")));
    }

    void modelsCannotLoadAnything()
    {
        Chat c;
        MessageCompleted m;
        m.messageId = QStringLiteral("a");
        m.text = QStringLiteral(
            "![x](http://127.0.0.1:1/x.png) <img src=\"file:///etc/passwd\"> <b>raw</b>");
        c.emitEvent(m);
        c.update();
        auto *text = c.part<QTextBrowser>("assistantText");
        QVERIFY(text);
        QVERIFY(text->toPlainText().contains(QStringLiteral("<b>raw</b>")));
        QVERIFY(text->document()
                    ->resource(QTextDocument::ImageResource,
                               QUrl(QStringLiteral("http://127.0.0.1:1/x.png")))
                    .isNull());
    }

    void removedSessionLeavesTheEmptyPage()
    {
        Chat c;
        c.play(sampleConversation());
        c.f.manager.close(c.session->id());
        c.f.settle();
        QCOMPARE(c.view.sessionId(), QString());
        QCOMPARE(c.view.findChild<QStackedWidget *>(QStringLiteral("chatPages"))
                     ->currentWidget()
                     ->objectName(),
                 QStringLiteral("noSessionPage"));
    }

    void themeSwitchKeepsEverything()
    {
        Chat c;
        c.play(sampleConversation());
        QTest::keyClicks(c.edit, QStringLiteral("draft"));
        const int rows = c.view.transcriptView()->rowCount();
        Theme::instance().setMode(ThemeMode::Dark);
        Theme::instance().setMode(ThemeMode::Light);
        QCOMPARE(c.view.transcriptView()->rowCount(), rows);
        QVERIFY(c.view.transcriptView()->isAtBottom());
        QCOMPARE(c.edit->toPlainText(), QStringLiteral("draft"));
    }

    void everyControlHasANameForScreenReaders()
    {
        Chat c;
        c.play(sampleConversation());
        c.play(sampleRequests());
        const auto widgets = c.view.findChildren<QWidget *>();
        for (const QWidget *widget : widgets) {
            const auto *button = qobject_cast<const QAbstractButton *>(widget);
            const auto *field = qobject_cast<const QLineEdit *>(widget);
            const auto *text = qobject_cast<const QTextBrowser *>(widget);
            if ((!button && !field && !text)
                || widget->objectName().startsWith(QLatin1String("qt_")))
                continue;
            QVERIFY2(!widget->objectName().isEmpty(), widget->metaObject()->className());
            QVERIFY2(!widget->accessibleName().isEmpty() || (button && !button->text().isEmpty()),
                     qPrintable(widget->objectName()));
        }
    }
};

QTEST_MAIN(TestChatView)
#include "tst_chatview.moc"
