// SPDX-License-Identifier: MIT
#include "diag/logstore.h"
#include "shots.h"
#include "support/fakeclock.h"
#include "ui/log/logpanel.h"
#include "ui/log/logview.h"
#include "ui/log/tagchips.h"

#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QFile>
#include <QGuiApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

using namespace pilotlight;

class TestLogPanel : public QObject
{
    Q_OBJECT
private:
    FakeClock m_clock;
    std::unique_ptr<LogStore> m_store;
    std::unique_ptr<LogPanel> m_panel;
    int m_lines = 0;

    void log(LogLevel level, const QString &tag, const QString &text)
    {
        LogRecord record;
        record.time = QDateTime(QDate(2026, 11, 20), QTime(21, 40, 13, 572), Qt::UTC)
                          .addMSecs(++m_lines * 137);
        record.level = level;
        record.tag = tag;
        record.text = text;
        m_store->append(record);
    }
    void fill(int count)
    {
        for (int i = 0; i < count; ++i)
            log(i % 20 == 19 ? LogLevel::Warning : LogLevel::Info,
                i % 2 ? QStringLiteral("RPC") : QStringLiteral("KEEPALIVE"),
                QStringLiteral("line %1").arg(m_lines + 1));
        m_store->flush();
    }
    template <typename T>
    T *find(const char *name) const
    {
        return m_panel->findChild<T *>(QLatin1String(name));
    }
    LogView &view() { return m_panel->view(); }
    LogModel &model() { return m_panel->model(); }

private Q_SLOTS:
    void init()
    {
        m_lines = 0;
        m_store = std::make_unique<LogStore>(m_clock, 500);
        m_panel = std::make_unique<LogPanel>(*m_store);
        m_panel->resize(1100, 320);
        m_panel->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_panel.get()));
    }
    void cleanup()
    {
        m_panel.reset();
        m_store.reset();
    }

    void emptyStateSaysSo()
    {
        QVERIFY(find<QLabel>("logEmpty")->isVisible());
        fill(5);
        QVERIFY(!find<QLabel>("logEmpty")->isVisible());
        find<QLineEdit>("logSearch")->setText(QStringLiteral("nothing like this"));
        QTRY_COMPARE(model().rowCount(), 0);
        QVERIFY(find<QLabel>("logEmpty")->isVisible());
    }

    void chipsFilterAndExclude()
    {
        fill(40);
        auto *const chips = find<TagChips>("tagChips");
        QTest::mouseClick(chips->chip(QStringLiteral("KEEPALIVE")), Qt::LeftButton);
        QCOMPARE(model().rowCount(), 20);
        QTest::mouseClick(chips->chip(QStringLiteral("RPC")), Qt::LeftButton);
        QCOMPARE(model().rowCount(), 40); // both
        QTest::mouseClick(chips->chip(QStringLiteral("RPC")), Qt::LeftButton, Qt::ShiftModifier);
        QCOMPARE(model().rowCount(), 20);
        QCOMPARE(chips->chip(QStringLiteral("RPC"))->state(), TagChip::State::Excluded);
        QVERIFY(
            chips->chip(QStringLiteral("RPC"))->accessibleName().contains(QStringLiteral("20")));
        QTest::keyClick(chips->chip(QStringLiteral("RPC")), Qt::Key_Delete);
        QTest::keyClick(chips->chip(QStringLiteral("KEEPALIVE")), Qt::Key_Return);
        QCOMPARE(model().rowCount(), 40);
    }

    void showTagLeavesNothingElse()
    {
        fill(40);
        find<QLineEdit>("logSearch")->setText(QStringLiteral("nothing"));
        find<QComboBox>("logLevel")->setCurrentIndex(3);
        view().setFollowing(false);
        m_panel->showTag(QStringLiteral("KEEPALIVE"));
        QCOMPARE(model().rowCount(), 20);
        QVERIFY(view().isFollowing());
        m_panel->showTag(QStringLiteral("CONNECTION")); // also before its first line
        QCOMPARE(model().rowCount(), 0);
        log(LogLevel::Info, QStringLiteral("CONNECTION"), QStringLiteral("hello"));
        m_store->flush();
        QCOMPARE(model().rowCount(), 1);
    }

    void invalidExpressionIsShownInline()
    {
        fill(40);
        find<QToolButton>("logRegex")->setChecked(true);
        find<QLineEdit>("logSearch")->setText(QStringLiteral("line 1[0-9]$"));
        QTRY_COMPARE(model().rowCount(), 10);
        auto *const error = find<QLabel>("logSearchError");
        QVERIFY(!error->isVisible());
        find<QLineEdit>("logSearch")->setText(QStringLiteral("line ("));
        QTRY_VERIFY(error->isVisible());
        QCOMPARE(model().rowCount(), 10); // the last valid filter stays
        find<QToolButton>("logRegex")->setChecked(false);
        QVERIFY(!error->isVisible());
    }

    void tailIsFollowedUntilTheUserScrollsUp()
    {
        fill(100);
        QScrollBar *const bar = view().verticalScrollBar();
        QVERIFY(bar->maximum() > 0);
        QCOMPARE(bar->value(), bar->maximum());
        bar->setValue(10);
        QVERIFY(!view().isFollowing());
        QVERIFY(!find<QToolButton>("logFollow")->isChecked());
        fill(7);
        QCOMPARE(bar->value(), 10);
        QCOMPARE(view().newLines(), 7);
        auto *const chip = find<QPushButton>("newLinesChip");
        QVERIFY(chip->isVisible());
        QVERIFY(chip->text().contains(QLatin1Char('7')));
        QTest::mouseClick(chip, Qt::LeftButton);
        QVERIFY(view().isFollowing());
        QVERIFY(!chip->isVisible());
        QCOMPARE(bar->value(), bar->maximum());
        bar->setValue(3);
        bar->setValue(bar->maximum());
        QVERIFY(view().isFollowing());
    }

    void readLineStaysWhenOldOnesAreDropped()
    {
        fill(500); // full
        QScrollBar *const bar = view().verticalScrollBar();
        bar->setValue(100);
        const quint64 top = model().idAt(view().rowAt(0));
        fill(30);
        QCOMPARE(model().idAt(0), quint64(31));
        QTRY_COMPARE(model().idAt(view().rowAt(0)), top);
        QVERIFY(!view().isFollowing());
    }

    void placeIsKeptOverAFilterChange()
    {
        fill(400);
        view().goTo(101); // KEEPALIVE
        view().verticalScrollBar()->setValue(98);
        QCOMPARE(model().idAt(view().rowAt(0)), quint64(99));
        m_panel->showTag(QStringLiteral("KEEPALIVE"));
        QCOMPARE(view().currentId(), quint64(101));
        QCOMPARE(view().chosenRows(), QList<int>{50});
        view().setFollowing(false);
        view().verticalScrollBar()->setValue(49);
        m_panel->resetFilter();
        QCOMPARE(view().currentId(), quint64(101));
        QCOMPARE(model().idAt(view().rowAt(0)), quint64(99));
        QCOMPARE(view().chosenRows(), QList<int>{100});
    }

    void problemsAreVisitedInOrder()
    {
        fill(60); // warnings: 20, 40, 60
        QVERIFY(m_panel->goToProblem(1));
        QCOMPARE(view().currentId(), quint64(20));
        QTest::keyClick(&view(), Qt::Key_F8);
        QCOMPARE(view().currentId(), quint64(40));
        QTest::keyClick(&view(), Qt::Key_F8, Qt::ShiftModifier);
        QCOMPARE(view().currentId(), quint64(20));
        QVERIFY(!m_panel->goToProblem(-1));
        QCOMPARE(view().currentId(), quint64(20));
    }

    void detailsShowTheWholeText()
    {
        log(LogLevel::Error, QStringLiteral("SERVER"), QStringLiteral("first\nsecond"));
        m_store->flush();
        QVERIFY(!find<QWidget>("logDetails")->isVisible());
        view().goTo(1);
        QVERIFY(find<QWidget>("logDetails")->isVisible());
        QCOMPARE(find<QPlainTextEdit>("logDetailsText")->toPlainText(),
                 QStringLiteral("first\nsecond"));
        QTest::keyClick(&view(), Qt::Key_Escape);
        QVERIFY(!find<QWidget>("logDetails")->isVisible());
    }

    void focusAloneShowsNoDetails()
    {
        fill(100);
        find<QLineEdit>("logSearch")->setFocus();
        view().setFocus();
        QVERIFY(!find<QWidget>("logDetails")->isVisible());
        QTest::keyClick(&view(), Qt::Key_Down);
        QCOMPARE(view().currentId(), quint64(100)); // from what is seen, not from the oldest line
        QVERIFY(find<QWidget>("logDetails")->isVisible());
    }

    void copies()
    {
        log(LogLevel::Info, QStringLiteral("KEEPALIVE"), QStringLiteral("method=ping ```"));
        log(LogLevel::Warning, QStringLiteral("RPC"), QStringLiteral("slow"));
        m_store->flush();
        view().selectAll();
        QTest::keyClick(&view(), Qt::Key_C, Qt::ControlModifier);
        const QString text = QGuiApplication::clipboard()->text();
        QCOMPARE(text.count(QLatin1Char('\n')), 2);
        QVERIFY(text.contains(QStringLiteral("[KEEPALIVE] method=ping ```")));
        m_panel->copyMarkdown();
        const QString markdown = QGuiApplication::clipboard()->text();
        QVERIFY(markdown.startsWith(QStringLiteral("````text\n")));
        QVERIFY(markdown.endsWith(QStringLiteral("\n````\n")));
    }

    void exportsWhatIsShown()
    {
        const QTemporaryDir folder;
        fill(40);
        m_panel->showTag(QStringLiteral("RPC"));
        const QString text = folder.filePath(QStringLiteral("a.log"));
        QCOMPARE(m_panel->exportTo(text).value(), 20);
        const QString json = folder.filePath(QStringLiteral("a.jsonl"));
        QCOMPARE(m_panel->exportTo(json).value(), 20);
        QFile file(json);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QJsonObject first = QJsonDocument::fromJson(file.readLine()).object();
        QCOMPARE(first[QStringLiteral("tag")].toString(), QStringLiteral("RPC"));
        QCOMPARE(first[QStringLiteral("text")].toString(), QStringLiteral("line 2"));
        QVERIFY(!m_panel->exportTo(folder.filePath(QStringLiteral("no/such/folder.log"))));
    }

    void everyControlHasANameAndAnObjectName()
    {
        fill(4);
        for (const QWidget *widget : m_panel->findChildren<QWidget *>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible()
                || widget->objectName().startsWith(QStringLiteral("qt_")))
                continue;
            QVERIFY2(!widget->objectName().isEmpty(), widget->metaObject()->className());
            QVERIFY2(!widget->accessibleName().isEmpty() || widget->inherits("QPushButton"),
                     qPrintable(widget->objectName()));
        }
    }

    void shots()
    {
        const QString ok =
            QStringLiteral("backend=default session=- method=ping outcome=ok ms=1.2 failures=0 "
                           "next=871s gen=4 trigger=timer Ping sent to headless server");
        for (int i = 0; i < 30; ++i) {
            log(LogLevel::Debug, QStringLiteral("RPC"),
                QStringLiteral("<- session.event assistant.message_delta 384 bytes"));
            log(LogLevel::Debug, QStringLiteral("KEEPALIVE"), ok);
            log(LogLevel::Info, QStringLiteral("CONNECTION"),
                QStringLiteral("phase=online target=127.0.0.1:46001 gen=4"));
            log(LogLevel::Info, QStringLiteral("SESSION"),
                QStringLiteral("attached 0728f2 \"Fix the flaky test\""));
        }
        log(LogLevel::Warning, QStringLiteral("KEEPALIVE"),
            QStringLiteral("backend=default method=ping outcome=timeout ms=10000 failures=1 "
                           "next=7s gen=4 trigger=timer"));
        log(LogLevel::Error, QStringLiteral("SERVER"),
            QStringLiteral("exited with status 1\nFailed to start server"));
        log(LogLevel::Info, QStringLiteral("UI"), QStringLiteral("session list shown"));
        log(LogLevel::Debug, QStringLiteral("STORE"), QStringLiteral("sessions.json written"));
        m_store->flush();
        takeShots(*m_panel, QStringLiteral("log"));
        view().goTo(121);
        find<TagChips>("tagChips")
            ->setSelection({QStringLiteral("KEEPALIVE"), QStringLiteral("SERVER")},
                           {QStringLiteral("RPC")});
        find<QToolButton>("logRegex")->setChecked(true);
        find<QLineEdit>("logSearch")->setText(QStringLiteral("outcome=(timeout"));
        QTest::keyClick(find<QLineEdit>("logSearch"), Qt::Key_Return);
        fill(3);
        takeShots(*m_panel, QStringLiteral("log-details"));
        QVERIFY(!view().isFollowing());
    }
};

QTEST_MAIN(TestLogPanel)
#include "tst_logpanel.moc"
