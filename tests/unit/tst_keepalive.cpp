// SPDX-License-Identifier: MIT
// Test functions are named after the numbered lines of docs/keepalive.md.
#include "support/lifecyclefakes.h"

#include <QRegularExpression>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using Outcome = ProbeResult::Outcome;

namespace {

QStringList s_lines;

void collect(QtMsgType type, const QMessageLogContext &context, const QString &text)
{
    if (qstrcmp(context.category, "pilotlight.keepalive") == 0)
        s_lines << QStringLiteral("%1 %2").arg(static_cast<int>(type)).arg(text);
}

void answer(LifecycleRig &rig, Outcome outcome, const QString &detail = {})
{
    QVERIFY(rig.answer(outcome, detail));
}

KeepaliveSettings methodIs(const char *method)
{
    KeepaliveSettings settings;
    settings.method = QLatin1String(method);
    return settings;
}

} // namespace

class TstKeepalive : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        s_lines.clear();
        m_previous = qInstallMessageHandler(collect);
    }
    void cleanup() { qInstallMessageHandler(m_previous); }

    void line02_demoNeverPings()
    {
        LifecycleRig rig(ConnectionMode::Demo);
        rig.toOnline();
        rig.clock.advance(24h);
        QCOMPARE(rig.backend->probes, 0);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Off);
    }

    void line01_theLoopTakesTheConfiguredValues()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig({60.0, 7.0}));
        rig.toOnline();
        QVERIFY(*rig.untilNextProbe() <= 15s);
        QVERIFY(rig.backend->probeRequest.timeout == 7s);
        QCOMPARE(rig.backend->probeRequest.kind, ProbeRequest::Kind::Ping);
        answer(rig, Outcome::Ok);
        const auto gap = *rig.untilNextProbe();
        QVERIFY(gap >= 54s && gap <= 66s);
        QVERIFY(rig.keepalive().config == rig.connection->config().keepalive);
    }

    void line02_aStatelessBackendIsNotProbed()
    {
        ConnectionConfig config = LifecycleRig::mcpConfig();
        config.stateless = true;
        config.keepalive = effectiveKeepalive(keepaliveTarget(config), {});
        LifecycleRig rig(config);
        rig.toOnline();
        rig.clock.advance(24h);
        QCOMPARE(rig.backend->probes, 0);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Off);
    }

    void line04_noneSendsNothingStartsNoTimerCountsNothing()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig(methodIs("none")));
        rig.toOnline();
        rig.clock.advance(61s); // the connection's own timer is over
        QCOMPARE(rig.clock.liveTimers(), 0);
        rig.connection->probeNow();
        rig.connection->wake();
        rig.connection->prepareForSleep();
        rig.connection->wake();
        rig.clock.advance(24h);
        QCOMPARE(rig.backend->probes, 0);
        QCOMPARE(rig.keepalive().attempts, 0u);
        QCOMPARE(rig.keepalive().skipped, 0u);
        QVERIFY(rig.events.isEmpty());
        QCOMPARE(rig.keepalive().state, KeepaliveState::Off);
        QCOMPARE(rig.keepalive().method, QStringLiteral("none"));
        QCOMPARE(rig.liveLoops(), 1);
    }

    void line04_editsApplyAtOnceWithoutReconnecting()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig());
        rig.toOnline();
        const quint64 generation = rig.connection->status().generation;
        const auto use = [&](const KeepaliveSettings &settings) {
            const ConnectionConfig &config = rig.connection->config();
            rig.connection->setKeepalive(effectiveKeepalive(keepaliveTarget(config), {}, settings));
        };
        rig.connection->probeNow();
        answer(rig, Outcome::Ok);
        rig.clock.advance(10s);
        use({60.0});
        auto gap = *rig.untilNextProbe(); // counted from the last one
        QVERIFY(gap >= 44s && gap <= 56s);
        answer(rig, Outcome::Ok);
        rig.clock.advance(30s);
        use({5.0});
        QVERIFY(*rig.untilNextProbe() == 0s); // overdue by now
        use(methodIs("none")); // with a probe on its way
        QCOMPARE(rig.keepalive().state, KeepaliveState::Off);
        QCOMPARE(rig.keepalive().cancelled, 1u);
        rig.clock.advance(24h);
        QCOMPARE(rig.clock.liveTimers(), 0);
        use(methodIs("tool:echo"));
        QCOMPARE(rig.keepalive().state, KeepaliveState::Unverified);
        QVERIFY(*rig.untilNextProbe() <= 75s);
        QCOMPARE(rig.backend->probeRequest.tool, QStringLiteral("echo"));
        answer(rig, Outcome::Ok);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Protected);
        QCOMPARE(rig.keepalive().method, QStringLiteral("tool:echo"));
        QCOMPARE(rig.connection->status().generation, generation);
        QCOMPARE(rig.phase(), Phase::Online);
    }

    void line04_reconfiguringOnlyTheKeepaliveKeepsTheConnection()
    {
        LifecycleRig rig;
        rig.toOnline();
        const quint64 generation = rig.connection->status().generation;
        ConnectionConfig config = rig.connection->config();
        rig.connection->reconfigure(config);
        config.keepalive = effectiveKeepalive({}, {60.0});
        config.name = QStringLiteral("mine");
        rig.connection->reconfigure(config);
        QCOMPARE(rig.connection->status().generation, generation);
        QVERIFY(rig.connection->config() == config);
        QVERIFY(rig.keepalive().interval == 60s);
        config.cliPath = QStringLiteral("/other");
        rig.connection->reconfigure(config);
        QVERIFY(rig.connection->status().generation > generation);
    }

    void line05_noFrameLeavesAfterTheEnd()
    {
        LifecycleRig rig;
        rig.toOnline();
        QPointer<FakeBackend> backend = rig.backend;
        rig.connection->disconnectFromServer();
        const int probes = backend->probes;
        rig.clock.advance(24h);
        QCOMPARE(backend->probes, probes);
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void line06_neverTwoProbesInFlight()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        rig.connection->probeNow();
        QCOMPARE(rig.backend->probes, 1);
        QCOMPARE(rig.keepalive().skipped, 1u);
        rig.clock.advance(24h); // no timer runs while the probe is out
        QCOMPARE(rig.backend->probes, 1);
    }

    void line06_aLateAnswerOfAnOlderGenerationChangesNothing()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        const auto late = rig.backend->probeHandler;
        const QPointer<QObject> context = rig.backend->probeContext;
        rig.connection->reconnect();
        rig.finishUp();
        const KeepaliveStatus before = rig.keepalive();
        QVERIFY2(!context,
                 "the context of the old probe has to be gone, so that no answer arrives");
        QCOMPARE(rig.keepalive().state, KeepaliveState::Unverified);
        QCOMPARE(before.cancelled, 1u);
    }

    void line06_aProbeDuringAReconnectIsSkippedNotFailed()
    {
        LifecycleRig rig;
        rig.toConnecting();
        rig.connection->probeNow();
        rig.transport->acceptOpen();
        rig.connection->probeNow();
        QCOMPARE(rig.keepalive().skipped, 2u);
        QCOMPARE(rig.keepalive().failed, 0u);
        QCOMPARE(rig.keepalive().attempts, 0u);
        QCOMPARE(rig.count(ProbeEvent::Kind::Skipped, QStringLiteral("reconnecting")), 2);
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
    }

    void line08_aMissedProbeNeverEndsTheConnection()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        answer(rig, Outcome::Timeout);
        QCOMPARE(rig.phase(), Phase::Online);
    }

    void line09_firstProbeWithinAQuarterThenJitterDrawnAnew()
    {
        QSet<qint64> firsts;
        for (quint64 seed = 1; seed <= 20; ++seed) {
            LifecycleRig rig(ConnectionMode::Attach, seed);
            rig.toOnline();
            const auto start = rig.clock.now();
            while (rig.backend->probes == 0)
                QVERIFY(rig.clock.advanceToNext());
            const auto first = rig.clock.now() - start;
            QVERIFY(first <= 225s);
            firsts.insert(first.count());
            answer(rig, Outcome::Ok);
            QSet<qint64> gaps;
            for (int i = 0; i < 10; ++i) {
                const auto before = rig.clock.now();
                const int probes = rig.backend->probes;
                while (rig.backend->probes == probes)
                    QVERIFY(rig.clock.advanceToNext());
                const auto gap = rig.clock.now() - before;
                QVERIFY(gap >= 810s && gap <= 991s);
                gaps.insert(gap.count());
                answer(rig, Outcome::Ok);
            }
            QVERIFY2(gaps.size() > 5, "the jitter has to be drawn anew each time");
        }
        QVERIFY(firsts.size() > 10);
    }

    void line09_aHundredConnectionsDoNotProbeInStep()
    {
        // At most 5 probes in any second after the first cycle.
        QMap<qint64, int> perSecond;
        for (quint64 seed = 1; seed <= 100; ++seed) {
            LifecycleRig rig(ConnectionMode::Attach, seed * 977);
            rig.toOnline();
            const auto start = rig.clock.now();
            while (rig.clock.now() - start < 4h) {
                const int probes = rig.backend->probes;
                QVERIFY(rig.clock.advanceToNext());
                if (rig.backend->probes == probes)
                    continue;
                const auto at =
                    std::chrono::duration_cast<std::chrono::seconds>(rig.clock.now() - start);
                if (at > 900s)
                    ++perSecond[at.count()];
                answer(rig, Outcome::Ok);
            }
        }
        int most = 0;
        for (const int count : std::as_const(perSecond))
            most = std::max(most, count);
        QVERIFY2(most <= 5, qPrintable(QString::number(most)));
    }

    void line11_trafficDefersThePing()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        rig.connection->probeNow();
        answer(rig, Outcome::Ok);
        const int probes = rig.backend->probes;
        for (int i = 0; i < 40; ++i) { // 200 min of a server that talks
            rig.clock.advance(300s);
            Q_EMIT rig.backend->activity();
        }
        QCOMPARE(rig.backend->probes, probes);
        QVERIFY(rig.keepalive().lastActivity == rig.clock.wallNow());
        const auto gap = *rig.untilNextProbe(); // an interval after its last word
        QVERIFY(gap >= 810s && gap <= 990s);
    }

    void line11_trafficConfirmsNothingByItself()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        for (int i = 0; i < 30 && rig.backend->probes == 0; ++i) {
            Q_EMIT rig.backend->activity();
            rig.clock.advance(10s);
        }
        QCOMPARE(rig.backend->probes, 1); // the first is not deferred
        answer(rig, Outcome::Timeout);
        Q_EMIT rig.backend->activity();
        QVERIFY(*rig.untilNextProbe() <= 10s); // nor is one in doubt
    }

    void line11_aProbeLostWhileTheServerTalksEndsNothing()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        for (int i = 0; i < 10; ++i) {
            QVERIFY(rig.untilNextProbe());
            rig.clock.advance(1s);
            Q_EMIT rig.backend->activity(); // a turn streams
            answer(rig, Outcome::Timeout);
            QCOMPARE(rig.keepalive().state, KeepaliveState::Degraded);
        }
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.keepalive().failed, 10u);
        QCOMPARE(rig.keepalive().breaker, CircuitBreaker::State::Closed);
        QVERIFY(*rig.untilNextProbe() >= 810s); // not asked in quick succession for ever
        answer(rig, Outcome::Ok);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Protected);
    }

    void line12_aComplaintDoublesTheIntervalUpToFourTimes()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig({100.0}));
        rig.toOnline();
        const auto complain = [&] {
            QVERIFY(rig.answer(Outcome::RpcError, QStringLiteral("429"), true));
        };
        rig.connection->probeNow();
        complain();
        QCOMPARE(rig.keepalive().slowFactor, 2);
        QVERIFY(rig.keepalive().interval == 200s);
        QVERIFY2(rig.keepalive().state == KeepaliveState::Protected, "it lives, it complains");
        auto gap = *rig.untilNextProbe();
        QVERIFY(gap >= 180s && gap <= 220s);
        complain();
        gap = *rig.untilNextProbe();
        QVERIFY(gap >= 360s && gap <= 440s);
        for (int i = 0; i < 5; ++i) {
            complain();
            gap = *rig.untilNextProbe();
            QVERIFY(gap >= 360s && gap <= 440s);
        }
        QCOMPARE(rig.notices.count(QStringLiteral("keepalive-slowed")), 2);
        QCOMPARE(rig.keepalive().breaker, CircuitBreaker::State::Closed);
        answer(rig, Outcome::Ok);
        QCOMPARE(rig.keepalive().slowFactor, 4);
        rig.connection->reconnect(); // the server is the same
        rig.finishUp();
        QVERIFY(rig.keepalive().interval == 400s);
        const ConnectionConfig &config = rig.connection->config();
        rig.connection->setKeepalive(effectiveKeepalive(keepaliveTarget(config), {}, {200.0}));
        QCOMPARE(rig.keepalive().slowFactor, 1); // the user has said something new
    }

    void line13_eventsKeepTheInvariantAlsoWhenTheConnectionEnds()
    {
        LifecycleRig rig;
        rig.toOnline();
        const Outcome outcomes[] = {Outcome::Ok, Outcome::Timeout, Outcome::Ok, Outcome::Cancelled};
        for (const Outcome outcome : outcomes) {
            rig.connection->probeNow();
            answer(rig, outcome);
        }
        rig.connection->probeNow();
        rig.connection->dispose(); // with the probe on its way
        using Kind = ProbeEvent::Kind;
        QCOMPARE(rig.count(Kind::Attempt), 5);
        QCOMPARE(rig.count(Kind::Success), 2);
        QCOMPARE(rig.count(Kind::Failure, QStringLiteral("timeout")), 1);
        QCOMPARE(rig.count(Kind::Cancelled), 2);
        QCOMPARE(rig.count(Kind::Recovered), 1);
        QCOMPARE(rig.keepalive().cancelled, 2u);
        for (const ProbeEvent &event : std::as_const(rig.events)) {
            QCOMPARE(event.backendId, QStringLiteral("default"));
            QCOMPARE(event.method, QStringLiteral("ping"));
            QCOMPARE(event.trigger, ProbeTrigger::Manual);
        }
        QVERIFY(rig.events.at(1).latency == 2500us);
    }

    void line13_attemptsAreSuccessesFailuresAndCancelled()
    {
        LifecycleRig rig;
        rig.toOnline();
        const Outcome outcomes[] = {Outcome::Ok, Outcome::Timeout,  Outcome::Ok, Outcome::Transport,
                                    Outcome::Ok, Outcome::RpcError, Outcome::Ok, Outcome::Protocol,
                                    Outcome::Ok, Outcome::Cancelled};
        for (const Outcome outcome : outcomes) {
            rig.connection->probeNow();
            answer(rig, outcome);
        }
        const KeepaliveStatus k = rig.keepalive();
        QCOMPARE(k.attempts, 10u);
        QCOMPARE(k.successes, 5u);
        QCOMPARE(k.failed, 4u);
        QCOMPARE(k.cancelled, 1u);
    }

    void line13_cancelledCountsNeitherWay()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        answer(rig, Outcome::Timeout);
        rig.connection->probeNow();
        answer(rig, Outcome::Cancelled);
        QCOMPARE(rig.keepalive().failures, 1);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Degraded);
        QVERIFY2(rig.keepalive().nextProbe, "the loop has to go on");
    }

    void line26_logLinesCarryEverything()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        answer(rig, Outcome::Ok);
        const QRegularExpression ok(QStringLiteral(
            "^0 Ping sent to headless server backend=default session=- method=ping outcome=ok "
            "ms=2\\.5 "
            "failures=0 next=\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ gen=1 trigger=manual$"));
        QCOMPARE(s_lines.filter(ok).size(), 1);
        QVERIFY(
            s_lines.filter(QRegularExpression(QStringLiteral("^4 State .* -> protected"))).size()
            == 1);
        rig.connection->probeNow();
        answer(rig, Outcome::Timeout, QStringLiteral("no answer in 10 s"));
        QCOMPARE(s_lines
                     .filter(QRegularExpression(QStringLiteral(
                         "^1 Ping sent .* outcome=timeout .* failures=1 .* detail=\"no")))
                     .size(),
                 1);
        rig.clock.advance(10s);
        answer(rig, Outcome::Ok);
        QCOMPARE(
            s_lines.filter(QRegularExpression(QStringLiteral("Ping .* trigger=timer$"))).size(), 1);
    }

    void line26_everyLineCarriesTheFields()
    {
        LifecycleRig rig(LifecycleRig::mcpConfig(methodIs("tool:echo")));
        rig.toOnline();
        rig.connection->probeNow();
        rig.connection->probeNow(); // skipped
        answer(rig, Outcome::Ok);
        rig.backend->busy = true;
        rig.connection->probeNow(ProbeTrigger::Presend);
        rig.connection->prepareForSleep();
        rig.backend->busy = false;
        rig.connection->wake();
        answer(rig, Outcome::Timeout);
        const QRegularExpression fields(
            QStringLiteral("backend=tools session=- method=\\S+ outcome=\\S+ ms=\\S+ failures=\\d+ "
                           "next=\\S+ gen=\\d+ trigger=(timer|wake|manual|presend)"));
        QVERIFY(s_lines.size() >= 6);
        QCOMPARE(s_lines.filter(fields).size(), s_lines.size());
        QVERIFY(!s_lines.filter(QStringLiteral("trigger=wake")).isEmpty());
        QVERIFY(!s_lines.filter(QStringLiteral("trigger=presend")).isEmpty());
    }

    void line27_latenciesOfTheLastSixtyAnswers()
    {
        LifecycleRig rig;
        rig.toOnline();
        for (int i = 0; i < 70; ++i) {
            rig.connection->probeNow();
            answer(rig, Outcome::Ok);
        }
        QCOMPARE(rig.keepalive().latencies.size(), 60);
        QVERIFY(rig.keepalive().latencies.last() == 2500us);
    }

    void line27_nothingIsGreenBeforeAnAnswer()
    {
        LifecycleRig rig;
        QCOMPARE(rig.keepalive().state, KeepaliveState::Disconnected);
        rig.toOnline();
        QCOMPARE(rig.keepalive().state, KeepaliveState::Unverified);
        rig.connection->probeNow();
        QCOMPARE(rig.keepalive().state, KeepaliveState::Checking);
        answer(rig, Outcome::Ok);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Protected);
        QVERIFY(rig.keepalive().lastAnswer.has_value());
        rig.transport->drop();
        QCOMPARE(rig.keepalive().state, KeepaliveState::Disconnected);
    }

private:
    QtMessageHandler m_previous = nullptr;
};

QTEST_GUILESS_MAIN(TstKeepalive)
#include "tst_keepalive.moc"
