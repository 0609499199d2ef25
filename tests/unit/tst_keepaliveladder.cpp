// SPDX-License-Identifier: MIT
// What failing probes lead to. Test functions are named after the numbered lines of
// docs/keepalive.md.
#include "support/lifecyclefakes.h"

#include <QLoggingCategory>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using Outcome = ProbeResult::Outcome;
using State = KeepaliveState;
using Breaker = CircuitBreaker::State;
using Event = ProbeEvent::Kind;

namespace {

KeepaliveSettings standIn()
{
    KeepaliveSettings settings;
    settings.standInTool = QStringLiteral("echo");
    return settings;
}

//! Lets the next probe leave and answers it.
void next(LifecycleRig &rig, Outcome outcome)
{
    QVERIFY(rig.untilNextProbe());
    QVERIFY(rig.answer(outcome, QStringLiteral("x")));
}

ProbeRequest::Kind lastKind(const LifecycleRig &rig)
{
    return rig.backend->probeRequest.kind;
}

//! From Online: three misses in a row, with the new connection between them.
void openBreaker(LifecycleRig &rig)
{
    next(rig, Outcome::Timeout);
    next(rig, Outcome::Timeout);
    rig.finishUp();
    next(rig, Outcome::Timeout);
    QCOMPARE(rig.keepalive().breaker, Breaker::Open);
}

} // namespace

class TstKeepaliveLadder : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    void line14_unsupportedPingWithoutAToolIsOffAndSaysSo()
    {
        LifecycleRig rig;
        rig.toOnline();
        next(rig, Outcome::Unsupported);
        QCOMPARE(rig.keepalive().state, State::Off);
        QCOMPARE(rig.keepalive().method, QStringLiteral("none"));
        QCOMPARE(rig.keepalive().methodReason, KeepaliveStatus::MethodReason::PingUnsupported);
        QCOMPARE(rig.notices, QStringList(QStringLiteral("keepalive-unsupported")));
        QCOMPARE(rig.count(Event::AutoDisabled, QStringLiteral("unsupported")), 1);
        QCOMPARE(rig.keepalive().failures, 0);
        const int probes = rig.backend->probes;
        rig.connection->probeNow();
        rig.clock.advance(24h);
        QCOMPARE(rig.backend->probes, probes);
        QCOMPARE(rig.phase(), Phase::Online);
        rig.connection->reconnect(); // cleared on a fresh connection
        rig.finishUp();
        QCOMPARE(rig.keepalive().state, State::Unverified);
        QCOMPARE(rig.keepalive().method, QStringLiteral("ping"));
    }

    void line14_unsupportedPingFallsBackToTheTool()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig(standIn()));
        rig.toOnline();
        next(rig, Outcome::Unsupported);
        QCOMPARE(rig.keepalive().method, QStringLiteral("tool:echo"));
        QVERIFY(*rig.untilNextProbe() <= 10s);
        QCOMPARE(lastKind(rig), ProbeRequest::Kind::Tool);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().state, State::Protected);
        for (int i = 0; i < 20; ++i) { // latched
            next(rig, Outcome::Ok);
            QCOMPARE(lastKind(rig), ProbeRequest::Kind::Tool);
        }
        QVERIFY(rig.notices.isEmpty());
        next(rig, Outcome::Unsupported); // now the tool is gone, too
        QCOMPARE(rig.keepalive().state, State::Off);
        QCOMPARE(rig.notices, QStringList(QStringLiteral("keepalive-unsupported")));
    }

    void line14_threeFailedPingsWithAHealthyToolUseTheTool()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig(standIn()));
        rig.toOnline();
        for (int i = 0; i < 3; ++i) {
            next(rig, Outcome::Timeout);
            QCOMPARE(lastKind(rig), ProbeRequest::Kind::Ping);
            QCOMPARE(rig.keepalive().state, State::Degraded);
        }
        QVERIFY(*rig.untilNextProbe() == 0s);
        QCOMPARE(lastKind(rig), ProbeRequest::Kind::Tool);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().state, State::Protected);
        QCOMPARE(rig.keepalive().method, QStringLiteral("tool:echo"));
        QCOMPARE(rig.keepalive().methodReason, KeepaliveStatus::MethodReason::PingFails);
        QCOMPARE(rig.keepalive().breaker, Breaker::Closed);
        QCOMPARE(rig.phase(), Phase::Online);
    }

    void line14_aGoodPingReturnsToPing()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig(standIn()));
        rig.toOnline();
        for (int i = 0; i < 3; ++i)
            next(rig, Outcome::RpcError);
        next(rig, Outcome::Ok);
        const Nanoseconds start = rig.clock.now();
        const auto pingTried = [&] { // the tool goes on until a ping is tried again
            do
                QVERIFY(rig.untilNextProbe());
            while (lastKind(rig) == ProbeRequest::Kind::Tool && rig.answer(Outcome::Ok));
        };
        pingTried();
        QVERIFY(rig.clock.now() - start >= 1700s);
        QVERIFY(rig.clock.now() - start <= 2200s);
        QVERIFY(rig.answer(Outcome::Timeout)); // still not
        QCOMPARE(rig.keepalive().state, State::Protected);
        QCOMPARE(rig.keepalive().method, QStringLiteral("tool:echo"));
        pingTried();
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().method, QStringLiteral("ping"));
        next(rig, Outcome::Ok);
        QCOMPARE(lastKind(rig), ProbeRequest::Kind::Ping);
    }

    void line14_aToolThatFailsAsWellCountsWithItsPings()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig(standIn()));
        rig.toOnline();
        const quint64 generation = rig.connection->status().generation;
        for (int i = 0; i < 4; ++i)
            next(rig, Outcome::Timeout);
        // Four misses are more than the breaker takes.
        QCOMPARE(rig.keepalive().breaker, Breaker::Open);
        QCOMPARE(rig.keepalive().state, State::Paused);
        QCOMPARE(rig.connection->status().generation, generation);
    }

    void line15_authPausesProbingAndRaisesTheBanner()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        for (int i = 0; i < 5; ++i) {
            rig.connection->probeNow();
            QVERIFY(rig.answer(Outcome::Auth, QStringLiteral("401")));
            QCOMPARE(rig.keepalive().state, State::Paused);
            QCOMPARE(rig.keepalive().pause, KeepaliveStatus::Pause::SignIn);
        }
        QCOMPARE(rig.notices.count(QStringLiteral("sign-in-needed")), 5);
        QCOMPARE(rig.keepalive().breaker, Breaker::Closed); // never counts
        QCOMPARE(rig.keepalive().failures, 0);
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.count(Event::AutoDisabled, QStringLiteral("auth")), 5);
        const int probes = rig.backend->probes;
        rig.clock.advance(24h);
        QCOMPARE(rig.backend->probes, probes);
        rig.connection->probeNow(); // "check again"
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().state, State::Protected);
        QVERIFY(rig.keepalive().nextProbe);
    }

    void line16_oneMissDegradesAndProbesAgainSoon()
    {
        LifecycleRig rig;
        rig.toOnline();
        next(rig, Outcome::Timeout);
        QCOMPARE(rig.keepalive().state, State::Degraded);
        const auto gap = *rig.untilNextProbe();
        QVERIFY(gap >= 5s && gap <= 10s);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().state, State::Protected);
        QCOMPARE(rig.keepalive().failures, 0);
        QCOMPARE(rig.count(Event::Recovered), 1);
    }

    void line16_twoMissesReconnect_data()
    {
        QTest::addColumn<int>("outcome");
        QTest::newRow("timeout") << int(Outcome::Timeout);
        QTest::newRow("transport") << int(Outcome::Transport);
        QTest::newRow("rpc error") << int(Outcome::RpcError);
        QTest::newRow("protocol") << int(Outcome::Protocol);
    }
    void line16_twoMissesReconnect()
    {
        QFETCH(int, outcome);
        LifecycleRig rig;
        rig.toOnline();
        const quint64 generation = rig.connection->status().generation;
        next(rig, static_cast<Outcome>(outcome));
        next(rig, static_cast<Outcome>(outcome));
        QVERIFY(rig.phase() != Phase::Online);
        QVERIFY(rig.connection->status().generation > generation);
    }

    void line16_whereWeMayThenRestart()
    {
        LifecycleRig rig;
        rig.toOnline();
        next(rig, Outcome::Timeout);
        next(rig, Outcome::Timeout);
        QCOMPARE(rig.host->stops, 0);
        rig.finishUp();
        next(rig, Outcome::Timeout);
        next(rig, Outcome::Timeout);
        QCOMPARE(rig.phase(), Phase::Stopping);
        QCOMPARE(rig.host->stops, 1);
        QVERIFY(rig.notices.contains(QStringLiteral("restarted-unresponsive")));
    }

    void line17_threeMissesOpenTheBreakerWhereWeMayNotRestart_data()
    {
        QTest::addColumn<bool>("mcp");
        QTest::newRow("attach") << false;
        QTest::newRow("mcp") << true;
    }
    void line17_threeMissesOpenTheBreakerWhereWeMayNotRestart()
    {
        QFETCH(bool, mcp);
        LifecycleRig rig(mcp ? LifecycleRig::mcpConfig()
                             : LifecycleRig::configOf(ConnectionMode::Attach));
        rig.toOnline();
        openBreaker(rig);
        QCOMPARE(rig.phase(), Phase::Online); // nothing is ended for it
        const KeepaliveStatus k = rig.keepalive();
        QCOMPARE(k.state, State::Paused);
        QCOMPARE(k.pause, KeepaliveStatus::Pause::Breaker);
        QCOMPARE(k.pausedUntil, rig.clock.wallNow().addSecs(1800));
        QCOMPARE(k.nextProbe, k.pausedUntil);
        QCOMPARE(rig.count(Event::AutoDisabled, QStringLiteral("breaker")), 1);
        const int probes = rig.backend->probes;
        rig.clock.advance(1799s);
        QCOMPARE(rig.backend->probes, probes);
    }

    void line17_halfOpenAfterReprobe()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        openBreaker(rig);
        QVERIFY(*rig.untilNextProbe() == 1800s);
        QCOMPARE(rig.keepalive().breaker, Breaker::HalfOpen);
        QCOMPARE(rig.keepalive().state, State::Checking);
        QVERIFY(rig.answer(Outcome::Timeout)); // at once, without a second chance
        QCOMPARE(rig.keepalive().breaker, Breaker::Open);
        QCOMPARE(rig.keepalive().state, State::Paused);
        QCOMPARE(rig.phase(), Phase::Online);
        QVERIFY(*rig.untilNextProbe() == 1800s);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().breaker, Breaker::Closed);
        QCOMPARE(rig.keepalive().state, State::Protected);
        QCOMPARE(rig.count(Event::Recovered), 1);
        QVERIFY(*rig.untilNextProbe() >= 810s);
    }

    void line17_byHandByReconnectAndByWakeItIsHalfOpen_data()
    {
        QTest::addColumn<QString>("how");
        for (const char *how : {"probeNow", "reconnect", "wake"})
            QTest::newRow(how) << QString::fromLatin1(how);
    }
    void line17_byHandByReconnectAndByWakeItIsHalfOpen()
    {
        QFETCH(QString, how);
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        openBreaker(rig);
        if (how == QStringLiteral("probeNow")) {
            rig.connection->probeNow();
        } else if (how == QStringLiteral("wake")) {
            rig.connection->wake();
        } else {
            rig.connection->reconnect();
            rig.finishUp();
            QVERIFY(*rig.untilNextProbe() <= 5s);
        }
        QCOMPARE(rig.keepalive().breaker, Breaker::HalfOpen);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().breaker, Breaker::Closed);
    }

    void line17_repeatedRecoveriesPauseALocalServerToo()
    {
        LifecycleRig rig;
        rig.toOnline();
        next(rig, Outcome::Timeout);
        next(rig, Outcome::Timeout); // a new connection
        rig.finishUp();
        next(rig, Outcome::Timeout);
        next(rig, Outcome::Timeout); // a new server
        rig.host->stopped();
        rig.finishUp();
        next(rig, Outcome::Timeout);
        QCOMPARE(rig.keepalive().state, State::Degraded);
        next(rig, Outcome::Timeout);
        QCOMPARE(rig.keepalive().state, State::Paused);
        QCOMPARE(rig.keepalive().breaker, Breaker::Open);
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.host->stops, 1);
    }

    void line17_aKilledMcpServerIsPausedByItsBreaker()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig());
        rig.toOnline();
        rig.transport->drop(); // stable until then: the first attempt follows at once
        for (int attempt = 1; attempt <= 3; ++attempt) {
            QCOMPARE(rig.phase(), Phase::Connecting);
            QCOMPARE(rig.keepalive().breaker, Breaker::Closed);
            rig.transport->drop({ErrorCode::ConnectionRefused, {}, {}});
            QCOMPARE(rig.phase(), Phase::Backoff);
            if (attempt < 3)
                QVERIFY(rig.clock.advanceToNext());
        }
        ConnectionStatus status = rig.connection->status();
        QCOMPARE(status.keepalive.breaker, Breaker::Open);
        QCOMPARE(status.keepalive.state, State::Paused);
        QCOMPARE(status.retryAt, rig.clock.wallNow().addSecs(1800));
        QCOMPARE(status.keepalive.pausedUntil, status.retryAt);
        rig.clock.advance(1799s);
        QCOMPARE(rig.phase(), Phase::Backoff);
        rig.clock.advance(1s); // half-open: one attempt
        QCOMPARE(rig.phase(), Phase::Connecting);
        rig.transport->drop({ErrorCode::ConnectionRefused, {}, {}});
        QCOMPARE(rig.keepalive().breaker, Breaker::Open);
        rig.connection->probeNow(); // "Probe now"
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        QVERIFY(*rig.untilNextProbe() <= 5s);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().breaker, Breaker::Closed);
    }

    void line17_anAgentServerThatIsAwayIsTriedAtLeastOnceAMinute()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        rig.transport->drop();
        for (int attempt = 1; attempt <= 20; ++attempt) {
            rig.transport->drop({ErrorCode::ConnectionRefused, {}, {}});
            QCOMPARE(rig.phase(), Phase::Backoff);
            QVERIFY(rig.clock.wallNow().msecsTo(*rig.connection->status().retryAt) <= 60'000);
            QVERIFY(rig.clock.advanceToNext());
        }
    }

    void line17_anMcpServerThatForgotItsSessionGetsANewOne()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig());
        rig.toOnline();
        for (int i = 0; i < 10; ++i) {
            rig.transport->drop({ErrorCode::ConnectionExpired, {}, {}});
            if (rig.phase() == Phase::Backoff)
                QVERIFY(rig.clock.advanceToNext());
            rig.finishUp();
            QCOMPARE(rig.phase(), Phase::Online);
        }
        QCOMPARE(rig.keepalive().breaker, Breaker::Closed);
    }

    void line17_openLogsOnce()
    {
        QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.keepalive=true"));
        static int lines = 0;
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        openBreaker(rig);
        const auto previous = qInstallMessageHandler(
            [](QtMsgType, const QMessageLogContext &, const QString &) { ++lines; });
        rig.clock.advance(1799s);
        qInstallMessageHandler(previous);
        QCOMPARE(lines, 0);
        initTestCase();
    }

    void line18_aToolProbeNeverRunsWhileTheServerIsAtWork()
    {
        KeepaliveSettings tool;
        tool.method = QStringLiteral("tool:echo");
        LifecycleRig rig(LifecycleRig::mcpConfig(tool));
        rig.toOnline();
        rig.backend->busy = true;
        rig.clock.advance(1h);
        rig.connection->probeNow();
        QCOMPARE(rig.backend->probes, 0);
        QVERIFY(rig.keepalive().skipped >= 10);
        QCOMPARE(rig.keepalive().attempts, 0u);
        QVERIFY(rig.count(Event::Skipped, QStringLiteral("busy")) >= 10);
        rig.backend->busy = false;
        next(rig, Outcome::Ok);
        QCOMPARE(lastKind(rig), ProbeRequest::Kind::Tool);
        QCOMPARE(rig.backend->probeRequest.tool, QStringLiteral("echo"));
    }

    void line18_aPingMayRunWhileTheServerIsAtWork()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig());
        rig.toOnline();
        rig.backend->busy = true;
        next(rig, Outcome::Ok);
        QCOMPARE(rig.keepalive().state, State::Protected);
    }

    void line24_sleepCancelsAProbeWithoutAFailure()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        next(rig, Outcome::Ok);
        rig.connection->probeNow();
        rig.connection->prepareForSleep();
        QCOMPARE(rig.keepalive().state, State::Suspended);
        QCOMPARE(rig.keepalive().cancelled, 1u);
        QCOMPARE(rig.keepalive().failed, 0u);
        const int probes = rig.backend->probes;
        rig.clock.advance(10h); // as far as the timers are concerned
        QCOMPARE(rig.backend->probes, probes);
        rig.connection->wake();
        QCOMPARE(rig.backend->probes, probes + 1); // one health check, at once
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.keepalive().state, State::Protected);
        QCOMPARE(rig.events.last().trigger, ProbeTrigger::Wake);
    }

    void line24_noFailureIsChargedInTheGrace()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        next(rig, Outcome::Ok);
        rig.connection->prepareForSleep();
        rig.clock.suspend(7h);
        rig.connection->wake();
        const Nanoseconds woken = rig.clock.now();
        int uncharged = 0;
        while (rig.clock.now() - woken < 10s) {
            QVERIFY(rig.answer(Outcome::Timeout));
            ++uncharged;
            QCOMPARE(rig.keepalive().failed, 0u);
            QCOMPARE(rig.keepalive().failures, 0);
            QVERIFY(*rig.untilNextProbe() == 1s);
        }
        QVERIFY(uncharged >= 10);
        QCOMPARE(rig.phase(), Phase::Online);
        QVERIFY(rig.answer(Outcome::Timeout)); // the grace is over
        QCOMPARE(rig.keepalive().failed, 1u);
        QCOMPARE(rig.keepalive().state, State::Degraded);
    }

    void line24_aConnectionLostInTheGraceIsTriedEverySecond()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig());
        rig.toOnline();
        rig.connection->wake();
        for (int i = 0; i < 9; ++i) {
            rig.transport->drop({ErrorCode::HostNotFound, {}, {}});
            if (rig.phase() == Phase::Backoff) {
                QVERIFY(rig.clock.wallNow().msecsTo(*rig.connection->status().retryAt) == 1'000);
                rig.clock.advance(1s);
            }
            QCOMPARE(rig.phase(), Phase::Connecting);
        }
        QCOMPARE(rig.keepalive().breaker, Breaker::Closed);
        QCOMPARE(rig.connection->status().attempt, 0);
    }

    void line24_wakeTriesAtOnceWhatIsInBackoff()
    {
        LifecycleRig rig;
        rig.toBackoff();
        rig.connection->wake();
        QCOMPARE(rig.phase(), Phase::StartingServer);
    }

    void aListenerMayEndTheConnectionFromAnyEvent_data()
    {
        QTest::addColumn<int>("kind");
        for (int kind = 0; kind < 7; ++kind)
            QTest::addRow("%d", kind) << kind;
    }
    void aListenerMayEndTheConnectionFromAnyEvent()
    {
        QFETCH(int, kind);
        LifecycleRig rig(LifecycleRig::mcpConfig());
        bool done = false;
        connect(rig.connection.get(), &Connection::probeEvent, this, [&](const ProbeEvent &event) {
            if (static_cast<int>(event.kind) == kind && !std::exchange(done, true))
                rig.connection->disconnectFromServer();
        });
        rig.toOnline();
        const Outcome outcomes[] = {Outcome::Timeout, Outcome::Ok, Outcome::Cancelled,
                                    Outcome::Auth};
        for (const Outcome outcome : outcomes) {
            if (done)
                break;
            if (rig.keepalive().nextProbe)
                rig.untilNextProbe();
            if (!done) {
                rig.connection->probeNow(); // skipped, or by hand
                rig.answer(outcome);
            }
        }
        QVERIFY(done);
        QCOMPARE(rig.phase(), Phase::Idle);
        QCOMPARE(rig.liveLoops(), 0);
        QCOMPARE(rig.clock.liveTimers(), 0);
        QCOMPARE(rig.count(Event::Attempt),
                 rig.count(Event::Success) + rig.count(Event::Failure)
                     + rig.count(Event::Cancelled));
    }
};

QTEST_GUILESS_MAIN(TstKeepaliveLadder)
#include "tst_keepaliveladder.moc"
