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
    auto handler = std::exchange(rig.backend->probeHandler, nullptr);
    QVERIFY(handler);
    handler({outcome, 2500us, detail});
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

    void line14_unsupportedEndsProbingOnThisConnectionOnly()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        answer(rig, Outcome::Unsupported);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Off);
        QCOMPARE(rig.keepalive().method, QStringLiteral("none"));
        const int probes = rig.backend->probes;
        rig.clock.advance(24h);
        QCOMPARE(rig.backend->probes, probes);
        rig.connection->reconnect();
        rig.finishUp();
        QCOMPARE(rig.keepalive().state, KeepaliveState::Unverified);
        QCOMPARE(rig.keepalive().method, QStringLiteral("ping"));
    }

    void line15_authPausesProbing()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        answer(rig, Outcome::Auth);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Paused);
        QCOMPARE(rig.keepalive().failures, 0);
        QCOMPARE(rig.phase(), Phase::Online);
        rig.connection->probeNow(); // "check again"
        answer(rig, Outcome::Ok);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Protected);
    }

    void line16_oneMissDegradesAndProbesAgainSoon()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        answer(rig, Outcome::Timeout);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Degraded);
        const auto before = rig.clock.now();
        const int probes = rig.backend->probes;
        while (rig.backend->probes == probes)
            QVERIFY(rig.clock.advanceToNext());
        const auto gap = rig.clock.now() - before;
        QVERIFY(gap >= 5s && gap <= 10s);
        answer(rig, Outcome::Ok);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Protected);
        QCOMPARE(rig.keepalive().failures, 0);
    }

    void line16_twoMissesReconnect()
    {
        LifecycleRig rig;
        rig.toOnline();
        const quint64 generation = rig.connection->status().generation;
        rig.connection->probeNow();
        answer(rig, Outcome::Timeout);
        rig.connection->probeNow();
        answer(rig, Outcome::Timeout);
        QVERIFY(rig.phase() != Phase::Online);
        QVERIFY(rig.connection->status().generation > generation);
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
        QCOMPARE(s_lines.filter(QStringLiteral("trigger=timer")).size(), 1);
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
