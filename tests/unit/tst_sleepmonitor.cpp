// SPDX-License-Identifier: MIT
#include "base/systemclock.h"
#include "connection/sleepinhibitor.h"
#include "connection/sleepmonitor.h"
#include "support/fakeclock.h"

#include <QSignalSpy>
#include <QTest>

#ifdef Q_OS_LINUX
#include <ctime>
#endif

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

class FakeSource final : public SleepSource
{
public:
    explicit FakeSource(QStringList *said)
        : m_said(said)
    { }
    void readyToSleep() override { m_said->append(QStringLiteral("ready")); }

private:
    QStringList *m_said;
};

class FakeLock final : public WakeLock
{
public:
    explicit FakeLock(bool *held)
        : m_held(held)
    { }
    void acquire() override { *m_held = true; }
    void release() override { *m_held = false; }

private:
    bool *m_held;
};

//! A monitor with a source, and what it said in the order in which it did.
struct Fixture
{
    explicit Fixture(Milliseconds interval = 900s, bool withSource = true)
    {
        std::unique_ptr<FakeSource> made;
        if (withSource)
            made = std::make_unique<FakeSource>(&said);
        source = made.get();
        monitor = std::make_unique<SleepMonitor>(std::move(made), interval, clock);
        QObject::connect(monitor.get(), &SleepMonitor::aboutToSleep, monitor.get(),
                         [this] { said.append(QStringLiteral("sleep")); });
        QObject::connect(monitor.get(), &SleepMonitor::woke, monitor.get(),
                         [this](Milliseconds asleep) { wakes.append(asleep); });
    }

    QStringList said;
    QList<Milliseconds> wakes;
    FakeClock clock;
    FakeSource *source = nullptr;
    std::unique_ptr<SleepMonitor> monitor;
};

} // namespace

class TstSleepMonitor : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void line23_aGapBetweenTheClocksIsAWake_data()
    {
        QTest::addColumn<int>("interval");
        QTest::addColumn<int>("asleep");
        QTest::addColumn<bool>("wake");
        QTest::newRow("15 min, just over half") << 900 << 451 << true;
        QTest::newRow("15 min, half") << 900 << 450 << false;
        QTest::newRow("short interval, over 30 s") << 5 << 31 << true;
        QTest::newRow("short interval, 30 s") << 5 << 30 << false;
        QTest::newRow("a night") << 900 << 8 * 3600 << true;
    }

    void line23_aGapBetweenTheClocksIsAWake()
    {
        QFETCH(int, interval);
        QFETCH(int, asleep);
        QFETCH(bool, wake);
        Fixture f(std::chrono::seconds(interval), false);
        f.clock.advance(10min);
        QVERIFY(f.wakes.isEmpty());
        f.clock.suspend(std::chrono::seconds(asleep));
        QVERIFY(f.wakes.isEmpty()); // nothing runs in a sleeping machine
        f.clock.advance(SleepMonitor::CheckEvery);
        QCOMPARE(f.wakes.size(), wake ? 1 : 0);
        if (wake)
            QCOMPARE(f.wakes[0], Milliseconds(std::chrono::seconds(asleep)));
        f.clock.advance(1h);
        QCOMPARE(f.wakes.size(), wake ? 1 : 0);
    }

    void line23_checkFindsTheWakeBeforeTheNextPrompt()
    {
        Fixture f(900s, false);
        f.clock.suspend(1h);
        f.monitor->check();
        QCOMPARE(f.wakes, QList<Milliseconds>{1h});
    }

    void line23_wallClockJumpsTriggerNothing()
    {
        Fixture f;
        for (const Milliseconds jump : {Milliseconds(1h), Milliseconds(-1h), Milliseconds(-1h)}) {
            f.clock.jumpWall(jump);
            f.clock.advance(10min);
        }
        QVERIFY(f.wakes.isEmpty());
        // And they break nothing: a sleep with a jump is still a sleep of its length.
        f.clock.suspend(2h);
        f.clock.jumpWall(-1h);
        f.clock.advance(SleepMonitor::CheckEvery);
        QCOMPARE(f.wakes, QList<Milliseconds>{2h});
    }

    void line23_signalsWithin5SecondsAreOneWake()
    {
        Fixture f;
        Q_EMIT f.source->aboutToSleep();
        f.clock.suspend(7h);
        Q_EMIT f.source->woke();
        f.clock.advance(1s);
        Q_EMIT f.source->unlocked();
        f.clock.advance(3s);
        Q_EMIT f.source->unlocked();
        f.monitor->check();
        QCOMPARE(f.wakes, QList<Milliseconds>{7h});
        f.clock.advance(1h); // the clocks say it no second time
        QCOMPARE(f.wakes.size(), 1);
    }

    void line23_anUnlockLaterIsACheckOfItsOwn()
    {
        Fixture f;
        f.clock.suspend(7h);
        Q_EMIT f.source->woke();
        f.clock.advance(20s);
        Q_EMIT f.source->unlocked();
        QCOMPARE(f.wakes, (QList<Milliseconds>{7h, 0ms}));
    }

    void line23_aSecondSleepWithinACluster()
    {
        Fixture f;
        f.clock.suspend(7h);
        Q_EMIT f.source->woke();
        f.clock.advance(2s);
        f.clock.suspend(3h);
        Q_EMIT f.source->woke();
        QCOMPARE(f.wakes, (QList<Milliseconds>{7h, 3h}));
    }

    void line23_shortSleepsAddUp()
    {
        Fixture f(900s, false);
        for (int i = 0; i < 4; ++i) { // four times 2 minutes: over half of 15
            f.clock.suspend(2min);
            f.clock.advance(1min);
        }
        QCOMPARE(f.wakes, QList<Milliseconds>{8min});
    }

    void line23_aLongerIntervalNeedsALongerSleep()
    {
        Fixture f(60s, false);
        f.monitor->setInterval(3600s);
        f.clock.suspend(10min);
        f.clock.advance(1min);
        QVERIFY(f.wakes.isEmpty());
        f.monitor->setInterval(60s);
        f.clock.advance(1min);
        QCOMPARE(f.wakes, QList<Milliseconds>{10min});
    }

    void line24_theSystemWaitsUntilAllIsCancelled()
    {
        Fixture f;
        Q_EMIT f.source->aboutToSleep();
        QCOMPARE(f.said, QStringList({QStringLiteral("sleep"), QStringLiteral("ready")}));
        QVERIFY(f.monitor->isPreparing());
        Q_EMIT f.source->aboutToSleep(); // again: prepared, and the system is not kept waiting
        QCOMPARE(f.said.count(QStringLiteral("sleep")), 1);
        QCOMPARE(f.said.count(QStringLiteral("ready")), 2);
        f.clock.suspend(1h);
        Q_EMIT f.source->woke();
        QVERIFY(!f.monitor->isPreparing());
        QCOMPARE(f.wakes, QList<Milliseconds>{1h});
    }

    void line24_aSleepThatIsCalledOffEndsAnyway()
    {
        Fixture f;
        Q_EMIT f.source->aboutToSleep();
        Q_EMIT f.source->woke(); // logind says so
        QCOMPARE(f.wakes, QList<Milliseconds>{0ms});
        f.clock.advance(10s);
        Q_EMIT f.source->aboutToSleep();
        f.clock.advance(SleepMonitor::CalledOffAfter - 1ms); // nobody says anything
        QCOMPARE(f.wakes.size(), 1);
        f.clock.advance(1ms);
        QCOMPARE(f.wakes.size(), 2);
        QVERIFY(!f.monitor->isPreparing());
    }

    void line24_everyPreparationEndsInAWakeAlsoWithinACluster()
    {
        Fixture f;
        f.clock.suspend(1h);
        Q_EMIT f.source->woke();
        f.clock.advance(1s);
        Q_EMIT f.source->aboutToSleep();
        Q_EMIT f.source->woke();
        QCOMPARE(f.wakes, (QList<Milliseconds>{1h, 0ms}));
    }

    void nothingRunsAfterTheEnd()
    {
        Fixture f;
        Q_EMIT f.source->aboutToSleep();
        f.monitor.reset();
        QCOMPARE(f.clock.liveTimers(), 0);
    }

    void line25_busyHoldsThroughTurnsAndReleasesWithin5Seconds()
    {
        FakeClock clock;
        bool held = false;
        SleepInhibitor inhibitor(std::make_unique<FakeLock>(&held), clock);
        inhibitor.setBusyTurns(1);
        QVERIFY(!held); // off by default
        inhibitor.setPolicy(StayAwake::Busy);
        QVERIFY(held);
        inhibitor.setBusyTurns(0);
        clock.advance(1s);
        inhibitor.setBusyTurns(2); // the next turn follows: no gap
        clock.advance(1h);
        QVERIFY(held);
        inhibitor.setBusyTurns(0);
        QVERIFY(held);
        inhibitor.setBusyTurns(0); // said again: the time is not prolonged
        clock.advance(2s);
        inhibitor.setBusyTurns(0);
        clock.advance(3s);
        QVERIFY(!held);
        QCOMPARE(clock.liveTimers(), 0);
    }

    void line25_alwaysAndOff()
    {
        FakeClock clock;
        bool held = false;
        SleepInhibitor inhibitor(std::make_unique<FakeLock>(&held), clock);
        inhibitor.setPolicy(StayAwake::Always);
        QVERIFY(held);
        inhibitor.setBusyTurns(1);
        inhibitor.setBusyTurns(0);
        clock.advance(1h);
        QVERIFY(held);
        inhibitor.setPolicy(StayAwake::Busy);
        QVERIFY(!held);
        inhibitor.setBusyTurns(1);
        QVERIFY(held);
        inhibitor.setPolicy(StayAwake::Off);
        QVERIFY(!held);
        QVERIFY(!inhibitor.isHolding());
    }

    void line25_withoutALockNothingIsHeld()
    {
        FakeClock clock;
        SleepInhibitor inhibitor(nullptr, clock);
        inhibitor.setPolicy(StayAwake::Always);
        QVERIFY(!inhibitor.isHolding());
    }

#ifdef Q_OS_LINUX
    void line23_theSystemsBootClockIsTheOneThatCountsSleep()
    {
        const auto boottime = [] {
            timespec ts{};
            clock_gettime(CLOCK_BOOTTIME, &ts);
            return Nanoseconds(std::chrono::seconds(ts.tv_sec)) + Nanoseconds(ts.tv_nsec);
        };
        const SystemClock clock;
        const Nanoseconds before = boottime();
        const Nanoseconds boot = clock.bootNow();
        const Nanoseconds after = boottime();
        QVERIFY(before <= boot && boot <= after);
    }
#endif
};

QTEST_GUILESS_MAIN(TstSleepMonitor)
#include "tst_sleepmonitor.moc"
