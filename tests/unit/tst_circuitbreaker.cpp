// SPDX-License-Identifier: MIT
// Test functions are named after the numbered lines of docs/keepalive.md.
#include "base/random.h"
#include "connection/circuitbreaker.h"

#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using State = CircuitBreaker::State;

class TstCircuitBreaker : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void line17_opensAfterTheGivenNumberOfFailuresInARow()
    {
        CircuitBreaker breaker({3, 1800s});
        for (int i = 0; i < 2; ++i)
            QVERIFY(!breaker.failed(*breaker.acquire(0s), 0s));
        breaker.succeeded(*breaker.acquire(0s));
        QCOMPARE(breaker.failures(), 0);
        for (int i = 0; i < 2; ++i)
            QVERIFY(!breaker.failed(*breaker.acquire(1s), 1s));
        QCOMPARE(breaker.state(), State::Closed);
        QVERIFY(breaker.failed(*breaker.acquire(1s), 1s));
        QCOMPARE(breaker.state(), State::Open);
        QVERIFY(*breaker.openUntil() == 1801s);
    }

    void line17_openAllowsNothingBeforeItsTime()
    {
        CircuitBreaker breaker({1, 1800s});
        QVERIFY(breaker.failed(0s));
        QVERIFY(!breaker.acquire(0s));
        QVERIFY(!breaker.acquire(1799999ms));
        QVERIFY(breaker.acquire(1800s));
        QCOMPARE(breaker.state(), State::HalfOpen);
    }

    void line17_halfOpenGivesOnePermit()
    {
        CircuitBreaker breaker({1, 1800s});
        breaker.failed(0s);
        const auto permit = breaker.acquire(1800s);
        QVERIFY(permit);
        QVERIFY(!breaker.acquire(1800s));
        breaker.succeeded(*permit);
        QCOMPARE(breaker.state(), State::Closed);
        QCOMPARE(breaker.failures(), 0);
    }

    void line17_halfOpenOpensAgainAtTheFirstFailure()
    {
        CircuitBreaker breaker({3, 1800s});
        for (int i = 0; i < 3; ++i)
            breaker.failed(0s);
        QVERIFY(breaker.failed(*breaker.acquire(1800s), 1805s));
        QCOMPARE(breaker.state(), State::Open);
        QVERIFY(*breaker.openUntil() == 3605s);
        QVERIFY(!breaker.failed(1806s)); // open already
        QVERIFY(*breaker.openUntil() == 3605s);
    }

    void line17_aCancelledProbeGivesItsPermitBack()
    {
        CircuitBreaker breaker({1, 1800s});
        breaker.failed(0s);
        const auto permit = breaker.acquire(1800s);
        breaker.released(*permit);
        QCOMPARE(breaker.state(), State::HalfOpen);
        QVERIFY(breaker.acquire(1800s));
    }

    void line17_lateResultsChangeNothing()
    {
        CircuitBreaker breaker({1, 1800s});
        const auto early = breaker.acquire(0s);
        breaker.failed(0s);
        breaker.succeeded(*early);
        QCOMPARE(breaker.state(), State::Open);
        const auto second = breaker.acquire(1800s);
        breaker.halfOpen(); // somebody probes by hand meanwhile
        const auto third = breaker.acquire(1800s);
        QVERIFY(third);
        breaker.failed(*second, 1801s);
        QCOMPARE(breaker.state(), State::HalfOpen);
        breaker.released(*second);
        QVERIFY(!breaker.acquire(1801s));
        breaker.succeeded(*third);
        QCOMPARE(breaker.state(), State::Closed);
    }

    void line17_byHandItIsHalfOpenAtOnce()
    {
        CircuitBreaker breaker({1, 1800s});
        breaker.halfOpen();
        QCOMPARE(breaker.state(), State::Closed);
        breaker.failed(0s);
        breaker.halfOpen();
        QVERIFY(breaker.acquire(1s));
    }

    void aNewTimeHoldsForAnOpenBreaker()
    {
        CircuitBreaker breaker({1, 1800s});
        breaker.failed(10s);
        breaker.configure({5, 60s});
        QCOMPARE(breaker.state(), State::Open);
        QVERIFY(!breaker.acquire(69s));
        QVERIFY(breaker.acquire(70s));
    }

    void nonsenseIsLimited()
    {
        CircuitBreaker breaker({0, -5s});
        QCOMPARE(breaker.config().maxFailures, 1);
        QVERIFY(breaker.failed(0s));
        QVERIFY(breaker.acquire(0s));
    }

    void resetForgetsEverything()
    {
        CircuitBreaker breaker({1, 1800s});
        breaker.failed(0s);
        breaker.reset();
        QCOMPARE(breaker.state(), State::Closed);
        QCOMPARE(breaker.failures(), 0);
        QVERIFY(!breaker.openUntil());
    }

    // Against the rules written down once more, naively.
    void randomSequencesKeepTheRules()
    {
        SeededRandom dice(7);
        CircuitBreaker breaker({3, 100s});
        Nanoseconds now{0};
        int inARow = 0;
        for (int step = 0; step < 200'000; ++step) {
            now += std::chrono::seconds(dice.next() % 20);
            const State before = breaker.state();
            const bool due = before != State::Open || now >= *breaker.openUntil();
            const auto permit = breaker.acquire(now);
            QCOMPARE(permit.has_value(), due);
            if (!permit)
                continue;
            switch (dice.next() % 3) {
            case 0:
                breaker.succeeded(*permit);
                inARow = 0;
                QCOMPARE(breaker.state(), State::Closed);
                break;
            case 1:
                breaker.failed(*permit, now);
                ++inARow;
                QCOMPARE(breaker.state(),
                         before != State::Closed || inARow >= 3 ? State::Open : State::Closed);
                break;
            default:
                breaker.released(*permit);
                break;
            }
        }
    }
};

QTEST_GUILESS_MAIN(TstCircuitBreaker)
#include "tst_circuitbreaker.moc"
