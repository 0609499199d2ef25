// SPDX-License-Identifier: MIT
#include "samples.h"
#include "support/fakebackend.h"
#include "ui/chat/codebox.h"
#include "ui/chat/foldbutton.h"
#include "ui/chat/transcriptview.h"
#include "ui/theme/theme.h"

#include <QElapsedTimer>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;

class TestTranscriptView : public QObject
{
    Q_OBJECT

    static void apply(Transcript &transcript, const QList<AgentEvent> &events)
    {
        for (const AgentEvent &event : events)
            transcript.apply(event);
    }

private Q_SLOTS:
    void initTestCase() { Theme::instance(); }
    void init()
    {
        QTest::failOnWarning(
            QRegularExpression(QStringLiteral("^(?!This plugin does not support).*")));
    }

    void rowsAreStackedWithoutOverlap()
    {
        Transcript transcript;
        apply(transcript, sampleConversation());
        apply(transcript, sampleRequests());
        TranscriptView view;
        view.resize(700, 3000);
        view.show();
        view.setTranscript(&transcript, QStringLiteral("a"));
        QCOMPARE(view.rowCount(), static_cast<int>(transcript.items().size()));
        int bottom = 0;
        for (int row = 0; row < view.rowCount(); ++row) {
            const Row *widget = view.rowWidget(row);
            if (!widget)
                continue;
            QVERIFY2(widget->y() > bottom, qPrintable(QString::number(row)));
            QVERIFY(widget->height() > 8);
            bottom = widget->geometry().bottom();
        }
        QVERIFY(bottom > 0);
    }

    void userRowsAreAsHighAsTheirBubbles()
    {
        Transcript transcript;
        transcript.addPending(QStringLiteral("1"),
                              QStringLiteral("A line that fits into the window"));
        TranscriptView view;
        view.setTranscript(&transcript, QStringLiteral("a")); // before it was ever shown
        view.resize(900, 600);
        view.show();
        transcript.addPending(QStringLiteral("2"),
                              QStringLiteral("Another line that fits into the window"));
        view.flush();
        for (int row = 0; row < 2; ++row) {
            const auto *bubble =
                view.rowWidget(row)->findChild<QFrame *>(QStringLiteral("userBubble"));
            QVERIFY(bubble);
            QVERIFY2(bubble->height() < 3 * QFontMetrics(view.font()).height(),
                     qPrintable(QString::number(bubble->height())));
            // The note "Sending..." takes one line more.
            QVERIFY2(view.rowWidget(row)->height()
                         < bubble->height() + 2 * QFontMetrics(view.font()).height(),
                     qPrintable(QString::number(view.rowWidget(row)->height())));
        }
    }

    void onlyVisibleRowsHaveWidgets()
    {
        Transcript transcript;
        apply(transcript, longConversation(700)); // at least 2,000 items
        QVERIFY(transcript.items().size() >= 2000);
        TranscriptView view;
        view.resize(800, 700);
        view.show();
        QElapsedTimer timer;
        timer.start();
        view.setTranscript(&transcript, QStringLiteral("a"));
        qInfo("open %zu items: %lld ms", transcript.items().size(), timer.elapsed());
        QVERIFY(view.isAtBottom());
        QVERIFY2(view.liveRows() < 80, qPrintable(QString::number(view.liveRows())));
        QVERIFY(view.rowWidget(view.rowCount() - 1));
        QVERIFY(!view.rowWidget(0));
        timer.restart();
        int pages = 0;
        for (; view.verticalScrollBar()->value() > 0 && pages < 60; ++pages) {
            view.verticalScrollBar()->setValue(view.verticalScrollBar()->value() - 600);
            QVERIFY(view.liveRows() < 120);
        }
        qInfo("scroll a page: %.1f ms", double(timer.elapsed()) / pages);
        view.verticalScrollBar()->setValue(0);
        QVERIFY(view.rowWidget(0));
        QCOMPARE(view.verticalScrollBar()->value(), 0);
        view.scrollToBottom();
        QVERIFY(view.isAtBottom());
        QCOMPARE(view.verticalScrollBar()->value(), view.verticalScrollBar()->maximum());
    }

    void streamingIsCollectedIntoFewUpdates()
    {
        Transcript transcript;
        transcript.apply(
            FakeBackend::event(UserMessage{QStringLiteral("u"), QStringLiteral("Go"), {}, {}}));
        TranscriptView view;
        view.resize(800, 700);
        view.show();
        view.setTranscript(&transcript, QStringLiteral("a"));
        view.flush();
        const int before = view.updates();
        const QString text = longMarkdown(200'000);
        transcript.apply(FakeBackend::event(MessageStarted{QStringLiteral("m")}));
        for (qsizetype n = 0; n < text.size(); n += 8)
            transcript.apply(FakeBackend::event(MessageDelta{QStringLiteral("m"), text.mid(n, 8)}));
        // 25,000 deltas without a return to the event loop: not one update.
        QCOMPARE(view.updates(), before);
        QElapsedTimer timer;
        timer.start();
        view.flush();
        qInfo("first update with 200 KB: %lld ms", timer.elapsed());
        QCOMPARE(view.updates(), before + 1);
        QVERIFY(view.isAtBottom());
        timer.restart();
        for (int i = 0; i < 20; ++i) {
            transcript.apply(FakeBackend::event(
                MessageDelta{QStringLiteral("m"), QStringLiteral("more words ")}));
            view.flush();
        }
        qInfo("one more update at 200 KB: %.1f ms", double(timer.elapsed()) / 20);
        QCOMPARE(view.updates(), before + 21);
    }

    void staysWhereTheReaderIs()
    {
        Transcript transcript;
        apply(transcript, longConversation(60));
        TranscriptView view;
        view.resize(800, 600);
        view.show();
        view.setTranscript(&transcript, QStringLiteral("a"));
        view.makeVisible(40);
        const Row *row = view.rowWidget(40);
        QVERIFY(row);
        const auto top = [&] { return view.rowWidget(40)->mapTo(view.viewport(), QPoint()).y(); };
        const int before = top();
        QSignalSpy below(&view, &TranscriptView::newBelow);
        apply(transcript, longConversation(3));
        view.flush();
        QVERIFY(below.count() >= 1);
        QVERIFY(!view.isAtBottom());
        QCOMPARE(top(), before);
        // Another width changes every height; the row at the top stays at the top.
        view.resize(500, 600);
        QVERIFY(qAbs(top() - before) < 60);
        view.scrollToBottom();
        apply(transcript, longConversation(1));
        view.flush();
        QVERIFY(view.isAtBottom());
        QCOMPARE(view.verticalScrollBar()->value(), view.verticalScrollBar()->maximum());
    }

    void foldsAndPlacesAreRemembered()
    {
        Transcript first;
        apply(first, sampleConversation());
        Transcript second;
        apply(second, longConversation(50));
        TranscriptView view;
        view.resize(800, 900);
        view.show();
        view.setTranscript(&first, QStringLiteral("first"));
        view.makeVisible(1);
        QCOMPARE(view.rowWidget(1)->objectName(), QStringLiteral("reasoningRow"));
        auto *fold = view.rowWidget(1)->findChild<FoldButton *>();
        const int closed = view.rowWidget(1)->height();
        QTest::keyClick(fold, Qt::Key_Return);
        QVERIFY(view.rowWidget(1)->height() > closed);
        const int value = view.verticalScrollBar()->value();
        view.setTranscript(&second, QStringLiteral("second"));
        QVERIFY(view.isAtBottom());
        view.setTranscript(&first, QStringLiteral("first"));
        QCOMPARE(view.verticalScrollBar()->value(), value);
        QVERIFY(view.rowWidget(1)->findChild<FoldButton *>()->isChecked());
        QVERIFY(view.rowWidget(1)->height() > closed);
    }

    void toolCardOpensAndColoursItsDiff()
    {
        Transcript transcript;
        apply(transcript, sampleConversation());
        TranscriptView view;
        view.resize(800, 4000);
        view.show();
        view.setTranscript(&transcript, QStringLiteral("a"));
        Row *edit = nullptr;
        for (int row = 0; row < view.rowCount() && !edit; ++row) {
            const auto *tool = std::get_if<ToolItem>(&transcript.items()[size_t(row)].data);
            if (tool && tool->name == QStringLiteral("edit"))
                edit = view.rowWidget(row);
        }
        QVERIFY(edit);
        QVERIFY(edit->findChildren<CodeBox *>().isEmpty());
        auto *fold = edit->findChild<FoldButton *>();
        QVERIFY(fold->accessibleName().contains(QStringLiteral("retry.cpp")));
        QTest::mouseClick(fold, Qt::LeftButton);
        bool diff = false;
        const auto boxes = edit->findChildren<CodeBox *>();
        for (const CodeBox *box : boxes)
            diff = diff || box->text().contains(QStringLiteral("+    if (attempt++ >= m_limit)"));
        QVERIFY(diff);
    }

    void subagentRowsAreIndented()
    {
        Transcript transcript;
        apply(transcript, sampleConversation());
        TranscriptView view;
        view.resize(800, 4000);
        view.show();
        view.setTranscript(&transcript, QStringLiteral("a"));
        int inside = 0;
        for (int row = 0; row < view.rowCount(); ++row) {
            const bool indented = view.rowWidget(row)->x() > view.rowWidget(0)->x();
            QCOMPARE(indented, !transcript.items()[size_t(row)].agentId.isEmpty());
            inside += indented ? 1 : 0;
        }
        QVERIFY(inside >= 3);
    }

    void removedAndResetRowsGo()
    {
        Transcript transcript;
        TranscriptView view;
        view.resize(800, 600);
        view.show();
        view.setTranscript(&transcript, QStringLiteral("a"));
        transcript.addPending(QStringLiteral("p1"), QStringLiteral("one"));
        view.flush();
        QCOMPARE(view.rowCount(), 1);
        transcript.removePending(QStringLiteral("p1"));
        view.flush();
        QCOMPARE(view.rowCount(), 0);
        transcript.load(longConversation(5), false);
        QCOMPARE(view.rowCount(), static_cast<int>(transcript.items().size()));
        view.setTranscript(nullptr, {});
        QCOMPARE(view.rowCount(), 0);
    }

    void tabGoesFromTopToBottom()
    {
        Transcript transcript;
        apply(transcript, sampleRequests());
        TranscriptView view;
        view.resize(800, 2000);
        view.show();
        view.setTranscript(&transcript, QStringLiteral("a"));
        QVERIFY(QTest::qWaitForWindowActive(&view));
        QVERIFY(view.focusWaiting());
        QStringList seen;
        int lastY = -1;
        for (int i = 0; i < 12; ++i) {
            QWidget *focus = QApplication::focusWidget();
            QVERIFY(focus);
            if (!view.isAncestorOf(focus))
                break;
            const int y = focus->mapTo(&view, QPoint(0, focus->height())).y();
            QVERIFY2(y >= lastY - 40, qPrintable(focus->objectName()));
            lastY = y;
            seen << focus->objectName();
            QTest::keyClick(focus, Qt::Key_Tab);
        }
        QVERIFY(seen.contains(QStringLiteral("reject")));
        QVERIFY(seen.contains(QStringLiteral("questionChoice")));
        QVERIFY(seen.contains(QStringLiteral("planApprove")));
    }
};

QTEST_MAIN(TestTranscriptView)
#include "tst_transcriptview.moc"
