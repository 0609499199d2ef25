// SPDX-License-Identifier: MIT
#include "diag/logstore.h"
#include "support/fakeclock.h"
#include "ui/log/logmodel.h"

#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QRandomGenerator>
#include <QTableView>
#include <QTest>

using namespace pilotlight;

namespace {

const QStringList Tags{QStringLiteral("KEEPALIVE"), QStringLiteral("RPC"),
                       QStringLiteral("SESSION"), QStringLiteral("UI")};

LogRecord made(int n)
{
    LogRecord record;
    record.time = QDateTime(QDate(2026, 1, 2), QTime(3, 4, 5), Qt::UTC).addMSecs(n);
    record.level = n % 50 == 0 ? LogLevel::Error
        : n % 10 == 0          ? LogLevel::Warning
        : n % 3 == 0           ? LogLevel::Debug
                               : LogLevel::Info;
    record.tag = Tags[n % Tags.size()];
    record.text = QStringLiteral("line %1 outcome=%2")
                      .arg(n)
                      .arg(n % 7 ? QStringLiteral("ok") : QStringLiteral("Timeout"));
    return record;
}

LogFilter withText(const QString &text, bool regex = false, bool caseSensitive = false)
{
    LogFilter filter;
    filter.text = text;
    filter.regex = regex;
    filter.caseSensitive = caseSensitive;
    return filter;
}

} // namespace

class TestLogModel : public QObject
{
    Q_OBJECT
private:
    FakeClock m_clock;

    static QStringList texts(const LogModel &model)
    {
        QStringList list;
        for (int row = 0; row < model.rowCount(); ++row)
            list.append(model.index(row, LogModel::TextColumn).data().toString());
        return list;
    }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void appendsArriveInOrder()
    {
        LogStore store(m_clock, 100);
        LogModel model(&store);
        const QAbstractItemModelTester tester(
            &model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QCOMPARE(model.rowCount(), 0);
        for (int n = 1; n <= 3; ++n)
            store.append(made(n));
        store.flush();
        QCOMPARE(
            texts(model),
            QStringList({QStringLiteral("line 1 outcome=ok"), QStringLiteral("line 2 outcome=ok"),
                         QStringLiteral("line 3 outcome=ok")}));
        QCOMPARE(model.index(0, LogModel::TagColumn).data().toString(), QStringLiteral("RPC"));
    }

    void modelOfAFilledStoreShowsIt()
    {
        LogStore store(m_clock, 10);
        for (int n = 1; n <= 25; ++n)
            store.append(made(n));
        store.flush();
        const LogModel model(&store);
        QCOMPARE(model.rowCount(), 10);
        QCOMPARE(model.totalCount(), 10);
        QCOMPARE(model.idAt(0), quint64(16));
    }

    void filters_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<bool>("regex");
        QTest::addColumn<bool>("caseSensitive");
        QTest::addColumn<int>("rows");
        QTest::newRow("none") << QString() << false << false << 100;
        QTest::newRow("plain") << QStringLiteral("TIMEOUT") << false << false << 14;
        QTest::newRow("case") << QStringLiteral("TIMEOUT") << false << true << 0;
        QTest::newRow("special characters are plain")
            << QStringLiteral("line .") << false << false << 0;
        QTest::newRow("regex") << QStringLiteral("line [12]0 ") << true << false << 2;
        QTest::newRow("regex case") << QStringLiteral("LINE") << true << true << 0;
        QTest::newRow("with tag") << QStringLiteral("[rpc] line 1 ") << false << false << 1;
        QTest::newRow("regex with tag") << QStringLiteral("^\\[RPC\\] line") << true << false << 25;
    }
    void filters()
    {
        QFETCH(QString, text);
        QFETCH(bool, regex);
        QFETCH(bool, caseSensitive);
        LogStore store(m_clock, 1000);
        LogModel model(&store);
        for (int n = 1; n <= 100; ++n)
            store.append(made(n));
        store.flush();
        QCOMPARE(model.setFilter(withText(text, regex, caseSensitive)), QString());
        QTEST(model.rowCount(), "rows");
    }

    void invalidExpressionChangesNothing()
    {
        LogStore store(m_clock, 1000);
        LogModel model(&store);
        for (int n = 1; n <= 100; ++n)
            store.append(made(n));
        store.flush();
        model.setFilter(withText(QStringLiteral("Timeout")));
        QVERIFY(!model.setFilter(withText(QStringLiteral("(unclosed"), true)).isEmpty());
        QCOMPARE(model.rowCount(), 14);
        QCOMPARE(model.filter().text, QStringLiteral("Timeout"));
    }

    void levelsAndTags()
    {
        LogStore store(m_clock, 1000);
        LogModel model(&store);
        for (int n = 1; n <= 100; ++n)
            store.append(made(n));
        store.flush();
        LogFilter filter;
        filter.minimum = LogLevel::Warning;
        model.setFilter(filter);
        QCOMPARE(model.rowCount(), 10);
        filter.minimum = LogLevel::Error;
        model.setFilter(filter);
        QCOMPARE(model.rowCount(), 2);
        filter = {};
        filter.included = {Tags[0], Tags[1]};
        model.setFilter(filter);
        QCOMPARE(model.rowCount(), 50);
        filter.excluded = {Tags[1]};
        model.setFilter(filter);
        QCOMPARE(model.rowCount(), 25);
        // New lines are tested against the same filter.
        store.append(made(101)); // RPC
        store.append(made(104)); // KEEPALIVE
        store.flush();
        QCOMPARE(model.rowCount(), 26);
        const auto counts = model.tagCounts();
        QCOMPARE(counts.size(), 4);
        QCOMPARE(counts[0].tag, Tags[0]);
        QCOMPARE(counts[0].total, 26);
        QCOMPARE(counts[2].problems, 5); // SESSION: 10, 30, 50, 70, 90
    }

    void clearHidesTheOldOnly()
    {
        LogStore store(m_clock, 1000);
        LogModel model(&store);
        const QAbstractItemModelTester tester(
            &model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        for (int n = 1; n <= 10; ++n)
            store.append(made(n));
        store.flush();
        model.clearView();
        QCOMPARE(model.rowCount(), 0);
        QCOMPARE(model.totalCount(), 0);
        store.append(made(11));
        store.flush();
        QCOMPARE(model.rowCount(), 1);
        model.setFilter(withText(QStringLiteral("line")));
        QCOMPARE(model.rowCount(), 1); // a rescan does not bring them back
        model.showAll();
        QCOMPARE(model.rowCount(), 11);
        QVERIFY(!model.isCleared());
    }

    void rowsById()
    {
        LogStore store(m_clock, 1000);
        LogModel model(&store);
        QCOMPARE(model.rowFor(1), -1);
        for (int n = 1; n <= 100; ++n)
            store.append(made(n));
        store.flush();
        LogFilter filter;
        filter.minimum = LogLevel::Warning; // 10, 20, ... 100
        model.setFilter(filter);
        QCOMPARE(model.rowFor(20), 1);
        QVERIFY(model.hasId(20));
        QCOMPARE(model.rowFor(21), 2); // the next one
        QVERIFY(!model.hasId(21));
        QCOMPARE(model.rowFor(1000), 9); // the last
        model.setFilter({});
        QCOMPARE(model.findProblem(-1, 1).value_or(-1), 9);
        QCOMPARE(model.findProblem(9, 1).value_or(-1), 19);
        QCOMPARE(model.findProblem(9, -1).value_or(-1), -1);
        QCOMPARE(model.findProblem(100, -1).value_or(-1), 99);
    }

    void timesAndLines()
    {
        LogStore store(m_clock, 10);
        LogModel model(&store);
        LogRecord record = made(1);
        record.text = QStringLiteral("a\nb");
        store.append(record);
        store.flush();
        QVERIFY(!texts(model).constFirst().contains(QLatin1Char('\n')));
        model.setLocalTime(false);
        QCOMPARE(model.index(0, LogModel::TimeColumn).data().toString(),
                 QStringLiteral("03:04:05.001"));
    }

    void randomOperationsAgainstANaiveReference()
    {
        constexpr int Capacity = 300;
        LogStore store(m_clock, Capacity);
        LogModel model(&store);
        const QAbstractItemModelTester tester(
            &model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        std::vector<LogRecord> all; // the naive reference: everything ever appended, ids from 1
        quint64 floor = 0;
        QRandomGenerator random(20261120);
        LogFilter filter;
        int n = 0;
        for (int step = 0; step < 1500; ++step) {
            switch (random.bounded(10)) {
            case 0:
                filter.minimum = static_cast<LogLevel>(random.bounded(4));
                break;
            case 1: {
                const QString tag = Tags[random.bounded(int(Tags.size()))];
                QSet<QString> &set = random.bounded(2) ? filter.included : filter.excluded;
                if (!set.remove(tag))
                    set.insert(tag);
                break;
            }
            case 2:
                filter.text = random.bounded(2) ? QString::number(random.bounded(10)) : QString();
                filter.regex = random.bounded(2);
                break;
            case 3:
                if (random.bounded(8) == 0) {
                    model.clearView();
                    floor = all.size();
                } else if (random.bounded(8) == 0) {
                    model.showAll();
                    floor = 0;
                }
                break;
            default: {
                const int count = random.bounded(step % 100 == 0 ? 2 * Capacity : 40);
                for (int i = 0; i < count; ++i) {
                    LogRecord record = made(++n);
                    store.append(record);
                    record.id = static_cast<quint64>(n);
                    all.push_back(record);
                }
                store.flush();
                break;
            }
            }
            QCOMPARE(model.setFilter(filter), QString());
            const LogMatcher matcher(filter);
            std::vector<quint64> expected;
            int total = 0;
            const std::size_t kept = std::min<std::size_t>(all.size(), Capacity);
            for (std::size_t i = all.size() - kept; i < all.size(); ++i) {
                if (all[i].id <= floor)
                    continue;
                ++total;
                if (matcher.matches(all[i]))
                    expected.push_back(all[i].id);
            }
            QCOMPARE(model.totalCount(), total);
            QCOMPARE(model.rowCount(), static_cast<int>(expected.size()));
            for (std::size_t i = 0; i < expected.size(); ++i) {
                QCOMPARE(model.idAt(static_cast<int>(i)), expected[i]);
                QCOMPARE(model.record(static_cast<int>(i))->text, all[expected[i] - 1].text);
            }
            int counted = 0;
            for (const auto &count : model.tagCounts())
                counted += count.total;
            QCOMPARE(counted, total);
        }
    }

    //! Prints, never judges: the machine's speed is none of a test's business.
    void printFilterTimes()
    {
        constexpr int Lines = 100000;
        LogStore store(m_clock, Lines);
        for (int n = 1; n <= Lines; ++n)
            store.append(made(n));
        store.flush();
        LogModel model(&store);
        QTableView view;
        view.setModel(&model);
        const auto measure = [&](const char *what, const LogFilter &filter) {
            QElapsedTimer timer;
            timer.start();
            model.setFilter(filter);
            qInfo("%d lines, %s: %.2f ms, %d rows", Lines, what, double(timer.nsecsElapsed()) / 1e6,
                  model.rowCount());
        };
        LogFilter filter;
        filter.included = {Tags[0]};
        measure("one tag", filter);
        measure("cleared", {});
        measure("plain text", withText(QStringLiteral("timeout")));
        measure("regular expression", withText(QStringLiteral("line \\d+7 .*timeout"), true));
        QVERIFY(model.rowCount() > 0);
    }
};

QTEST_MAIN(TestLogModel)
#include "tst_logmodel.moc"
