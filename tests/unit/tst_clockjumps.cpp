// SPDX-License-Identifier: MIT
// docs/keepalive.md 23: somebody sets the user's clock, by an hour, back too. Nothing happens by
// it, nothing that was due is forgotten, and what is shown stays true.
#include "connection/restartbudget.h"
#include "support/lifecyclefakes.h"

#include <QLoggingCategory>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

Milliseconds untilShown(const LifecycleRig &rig, const std::optional<QDateTime> &when)
{
    return when ? Milliseconds(rig.clock.wallNow().msecsTo(*when)) : Milliseconds(-1);
}

} // namespace

class TstClockJumps : public QObject
{
    Q_OBJECT
private:
    static void jumps()
    {
        QTest::addColumn<int>("hours");
        QTest::newRow("forward") << 1;
        QTest::newRow("back") << -1;
        QTest::newRow("a month back") << -720;
    }

private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    void line23_aRetryComesWhenItWasDue_data() { jumps(); }
    void line23_aRetryComesWhenItWasDue()
    {
        QFETCH(int, hours);
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toBackoff();
        const Milliseconds left = untilShown(rig, rig.connection->status().retryAt);
        QVERIFY(left > 0ms);
        rig.clock.jumpWall(std::chrono::hours(hours));
        rig.clock.runDue();
        QCOMPARE(rig.phase(), Phase::Backoff);
        QCOMPARE(untilShown(rig, rig.connection->status().retryAt), left);
        rig.clock.advance(left - 1ms);
        QCOMPARE(rig.phase(), Phase::Backoff);
        rig.clock.advance(1ms);
        QCOMPARE(rig.phase(), Phase::Connecting);
    }

    void line23_aProbeComesWhenItWasDue_data() { jumps(); }
    void line23_aProbeComesWhenItWasDue()
    {
        QFETCH(int, hours);
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        const Milliseconds left = untilShown(rig, rig.keepalive().nextProbe);
        QVERIFY(left > 1ms);
        rig.clock.jumpWall(std::chrono::hours(hours));
        rig.clock.runDue();
        QCOMPARE(rig.backend->probes, 0);
        QCOMPARE(untilShown(rig, rig.keepalive().nextProbe), left);
        rig.clock.advance(left - 1ms);
        QCOMPARE(rig.backend->probes, 0);
        rig.clock.advance(1ms);
        QCOMPARE(rig.backend->probes, 1);
    }

    void line23_aPauseEndsWhenItWasDue_data() { jumps(); }
    void line23_aPauseEndsWhenItWasDue()
    {
        QFETCH(int, hours);
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        for (int i = 0; i < 3; ++i) {
            rig.connection->probeNow();
            if (!rig.backend->probeHandler)
                QVERIFY(rig.untilNextProbe());
            rig.answer(ProbeResult::Outcome::Timeout);
            rig.finishUp();
        }
        QCOMPARE(rig.keepalive().breaker, CircuitBreaker::State::Open);
        const Milliseconds left = untilShown(rig, rig.keepalive().pausedUntil);
        QVERIFY(left > 0ms);
        const int probes = rig.backend->probes;
        rig.clock.jumpWall(std::chrono::hours(hours));
        rig.clock.runDue();
        QCOMPARE(rig.keepalive().breaker, CircuitBreaker::State::Open);
        QCOMPARE(untilShown(rig, rig.keepalive().pausedUntil), left);
        rig.clock.advance(left - 1s);
        QCOMPARE(rig.backend->probes, probes);
    }

    void line23_aCrashBudgetIsNotRefilledByIt()
    {
        LifecycleRig rig;
        rig.toOnline();
        for (int i = 0; i <= RestartBudget::Restarts; ++i) {
            rig.clock.jumpWall(i % 2 ? 1h : -1h);
            rig.host->exit();
            while (rig.phase() == Phase::Backoff && rig.clock.advanceToNext()) { }
            rig.finishUp();
        }
        QCOMPARE(rig.phase(), Phase::Idle);
        QCOMPARE(rig.connection->status().error->code, ErrorCode::ServerCrashLoop);
    }
};

QTEST_GUILESS_MAIN(TstClockJumps)
#include "tst_clockjumps.moc"
