// SPDX-License-Identifier: MIT
#include "diag/logstore.h"
#include "support/fakeclock.h"

#include <QSignalSpy>
#include <QTest>
#include <QThread>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

LogRecord record(const QString &text)
{
    LogRecord r;
    r.text = text;
    return r;
}

} // namespace

class TstLogStore : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void showsRecordsInOneBatchAfterATenthOfASecond()
    {
        FakeClock clock;
        LogStore store(clock);
        QSignalSpy changed(&store, &LogStore::changed);
        for (int i = 0; i < 3; ++i)
            store.append(record(QString::number(i)));
        QCOMPARE(clock.liveTimers(), 1);
        clock.advance(99ms);
        QCOMPARE(store.size(), 0);
        QCOMPARE(store.firstId(), quint64(0));
        clock.advance(1ms);
        QCOMPARE(changed.size(), 1);
        QCOMPARE(changed.at(0), QVariantList({3, 0}));
        QCOMPARE(store.size(), 3);
        QCOMPARE(store.at(2).text, QStringLiteral("2"));
        QCOMPARE(store.firstId(), quint64(1));
        // Quiet: no timer, no signal.
        QCOMPARE(clock.liveTimers(), 0);
        clock.advance(1h);
        QCOMPARE(changed.size(), 1);
        // And again after the quiet.
        store.append(record(QStringLiteral("later")));
        clock.advance(100ms);
        QCOMPARE(store.at(3).text, QStringLiteral("later"));
    }

    void flushShowsAtOnceAndStopsTheTimer()
    {
        FakeClock clock;
        LogStore store(clock);
        QSignalSpy changed(&store, &LogStore::changed);
        store.flush();
        QCOMPARE(changed.size(), 0);
        store.append(record(QStringLiteral("a")));
        store.flush();
        QCOMPARE(store.size(), 1);
        QCOMPARE(clock.liveTimers(), 0);
        QCOMPARE(changed.size(), 1);
    }

    void keepsTheNewestWithoutGapsInTheIds()
    {
        FakeClock clock;
        LogStore store(clock, 10);
        QCOMPARE(store.capacity(), 10);
        int appended = 0;
        int modelSize = 0; // what a view that follows changed() believes
        connect(&store, &LogStore::changed, this, [&](int added, int dropped) {
            QVERIFY(dropped <= modelSize);
            modelSize += added - dropped;
            QCOMPARE(modelSize, store.size());
        });
        for (const int batch : {3, 6, 1, 1, 4, 9, 10, 11, 35, 2}) {
            for (int i = 0; i < batch; ++i)
                store.append(record(QString::number(++appended)));
            store.flush();
            QCOMPARE(store.size(), std::min(appended, 10));
            for (int i = 0; i < store.size(); ++i) {
                QCOMPARE(store.at(i).id, store.firstId() + static_cast<quint64>(i));
                QCOMPARE(store.at(i).text, QString::number(store.at(i).id));
            }
            QCOMPARE(store.at(store.size() - 1).id, static_cast<quint64>(appended));
        }
    }

    void aSlotMayLogAndFlush()
    {
        FakeClock clock;
        LogStore store(clock);
        int calls = 0;
        connect(&store, &LogStore::changed, this, [&] {
            if (++calls == 1) {
                store.append(record(QStringLiteral("from the slot")));
                store.flush(); // not inside the signal
            }
        });
        store.append(record(QStringLiteral("first")));
        store.flush();
        QCOMPARE(calls, 1);
        QCOMPARE(store.size(), 1);
        clock.advance(100ms);
        QCOMPARE(calls, 2);
        QCOMPARE(store.size(), 2);
    }

    void cutsATextThatWouldFillTheMemory()
    {
        FakeClock clock;
        LogStore store(clock);
        store.append(record(QString(1'000'000, QLatin1Char('x'))));
        store.flush();
        QCOMPARE(store.at(0).text.size(), 64 * 1024 + 1);
    }

    void takesRecordsFromManyThreads()
    {
        constexpr int Threads = 4;
        constexpr int Each = 2'000;
        FakeClock clock;
        LogStore store(clock);
        std::vector<std::unique_ptr<QThread>> threads;
        for (int t = 0; t < Threads; ++t) {
            threads.emplace_back(QThread::create([&store, t] {
                for (int i = 0; i < Each; ++i)
                    store.append(record(QStringLiteral("%1 %2").arg(t).arg(i)));
            }));
            threads.back()->start();
        }
        int before = 0;
        while (std::any_of(threads.begin(), threads.end(),
                           [](const auto &thread) { return thread->isRunning(); })) {
            QCoreApplication::processEvents(); // the timer is asked for from the other threads
            clock.advance(100ms);
            QVERIFY(store.size() >= before);
            before = store.size();
        }
        for (const auto &thread : threads)
            QVERIFY(thread->wait());
        QCoreApplication::processEvents();
        clock.advance(100ms);
        QCOMPARE(store.size(), Threads * Each);
        int next[Threads] = {};
        for (int i = 0; i < store.size(); ++i) {
            QCOMPARE(store.at(i).id, static_cast<quint64>(i + 1));
            const QStringList words = store.at(i).text.split(QLatin1Char(' '));
            QCOMPARE(words.at(1).toInt(), next[words.at(0).toInt()]++);
        }
    }
};

QTEST_GUILESS_MAIN(TstLogStore)
#include "tst_logstore.moc"
