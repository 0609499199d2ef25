// SPDX-License-Identifier: MIT
#include "support/lifecyclefakes.h"

#include <QLoggingCategory>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

void answerProbe(LifecycleRig &rig, ProbeResult::Outcome outcome)
{
    rig.answer(outcome, outcome == ProbeResult::Outcome::Ok ? QString() : QStringLiteral("x"));
}

} // namespace

class TstLifecycle : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    // A million events that come in any order, from people and from the parts, early, late and
    // twice: after each one the loop lives exactly in Online, and nothing outlives dispose.
    void randomEvents_data()
    {
        QTest::addColumn<int>("mode");
        QTest::addColumn<int>("events");
        QTest::newRow("local") << static_cast<int>(ConnectionMode::Local) << 500'000;
        QTest::newRow("embedded") << static_cast<int>(ConnectionMode::Embedded) << 150'000;
        QTest::newRow("attach") << static_cast<int>(ConnectionMode::Attach) << 150'000;
        QTest::newRow("demo") << static_cast<int>(ConnectionMode::Demo) << 50'000;
        QTest::newRow("mcp") << -1 << 150'000;
    }

    void randomEvents()
    {
        QFETCH(int, mode);
        QFETCH(int, events);
        constexpr int PerLife = 5'000;
        int online = 0;
        for (int life = 0; life * PerLife < events; ++life) {
            SeededRandom dice(static_cast<quint64>(life) + 1);
            KeepaliveSettings keepalive;
            keepalive.standInTool = QStringLiteral("echo");
            LifecycleRig rig(mode < 0 ? LifecycleRig::mcpConfig(keepalive)
                                      : LifecycleRig::configOf(static_cast<ConnectionMode>(mode)),
                             static_cast<quint64>(life) + 7);
            for (int step = 0; step < PerLife; ++step) {
                oneRandomEvent(rig, dice);
                const ConnectionStatus status = rig.connection->status();
                const bool expected =
                    status.phase == Phase::Online && status.mode != ConnectionMode::Demo;
                if (rig.liveLoops() != (expected ? 1 : 0))
                    QFAIL(qPrintable(QStringLiteral("life %1 step %2: %3 loops in %4")
                                         .arg(life)
                                         .arg(step)
                                         .arg(rig.liveLoops())
                                         .arg(phaseName(status.phase))));
                const KeepaliveStatus &k = status.keepalive;
                const quint64 inFlight = k.attempts - k.successes - k.failed - k.cancelled;
                if (inFlight > (expected ? 1u : 0u))
                    QFAIL("more than one probe in flight, or one without a loop");
                using Kind = ProbeEvent::Kind;
                if (k.attempts != static_cast<quint64>(rig.count(Kind::Attempt))
                    || k.successes != static_cast<quint64>(rig.count(Kind::Success))
                    || k.failed != static_cast<quint64>(rig.count(Kind::Failure))
                    || k.cancelled != static_cast<quint64>(rig.count(Kind::Cancelled))
                    || k.skipped != static_cast<quint64>(rig.count(Kind::Skipped)))
                    QFAIL("the events do not add up to the counters");
                if (const char *wrong = nonsense(status))
                    QFAIL(wrong);
                online += expected ? 1 : 0;
                if (step % 50 == 0) {
                    rig.collect();
                    rig.events.clear();
                }
            }
            rig.connection->dispose();
            if (rig.host)
                rig.host->stopped();
            QCOMPARE(rig.phase(), Phase::Disposed);
            QCOMPARE(rig.clock.liveTimers(), 0);
            QCOMPARE(rig.liveLoops(), 0);
            const quint64 made = rig.clock.timersMade();
            rig.clock.advance(24h);
            QCOMPARE(rig.clock.timersMade(), made);
        }
        if (mode != static_cast<int>(ConnectionMode::Demo))
            QVERIFY2(online > events / 20, "the walk hardly ever went online");
    }

    void loopEndsOnDispose()
    {
        LifecycleRig rig;
        rig.toOnline();
        QCOMPARE(rig.liveLoops(), 1);
        rig.connection->dispose();
        QCOMPARE(rig.phase(), Phase::Disposed);
        QCOMPARE(rig.liveLoops(), 0);
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void disposeDuringAProbeCancelsIt()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->probeNow();
        QCOMPARE(rig.keepalive().attempts, 1u);
        rig.connection->dispose();
        QCOMPARE(rig.phase(), Phase::Disposed);
        QCOMPARE(rig.keepalive().cancelled, 1u);
        QCOMPARE(rig.keepalive().failed, 0u);
    }

    void restartLeavesExactlyOneLoop()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.connection->restartServer();
        QCOMPARE(rig.liveLoops(), 0);
        rig.host->stopped();
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.liveLoops(), 1);
        QCOMPARE(rig.host->stops, 1);
        QCOMPARE(rig.host->starts, 2);
    }

    void reconnectLeavesExactlyOneLoop()
    {
        LifecycleRig rig;
        rig.toOnline();
        const quint64 before = rig.connection->status().generation;
        rig.connection->reconnect();
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.liveLoops(), 1);
        QVERIFY(rig.connection->status().generation > before);
        QCOMPARE(rig.host->stops, 0);
    }

    void recoveryLeavesExactlyOneLoop()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.transport->drop();
        QCOMPARE(rig.liveLoops(), 0);
        rig.finishUp(); // stable until then: recovery begins at once
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.liveLoops(), 1);
    }

    void failedRecoveryLeavesAScheduledRetry()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.transport->drop();
        rig.host->ready();
        rig.transport->drop({ErrorCode::ConnectionRefused, {}, {}});
        QCOMPARE(rig.phase(), Phase::Backoff);
        QVERIFY(rig.connection->status().retryAt.has_value());
        QCOMPARE(rig.clock.liveTimers(), 1);
        rig.clock.advance(60s);
        QVERIFY(rig.phase() != Phase::Backoff);
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.liveLoops(), 1);
    }

    void loopIsGoneBeforeTheClientCloses()
    {
        LifecycleRig rig;
        rig.toOnline();
        QPointer<FakeTransport> transport = rig.transport;
        bool closedWhileBackendLeft = true;
        connect(rig.connection.get(), &Connection::backendAboutToGo, this,
                [&] { closedWhileBackendLeft = transport->closeCalled(); });
        rig.connection->probeNow();
        rig.connection->reconnect();
        QVERIFY2(!closedWhileBackendLeft,
                 "the backend must be announced before its transport closes");
        QVERIFY(transport->closeCalled());
        QCOMPARE(rig.keepalive().cancelled,
                 1u); // the loop cancelled its probe; the close did not fail it
        QCOMPARE(rig.keepalive().failed, 0u);
    }

    void disposeRacingStartLeaksNothing()
    {
        LifecycleRig rig;
        rig.toStarting();
        rig.connection->dispose();
        QCOMPARE(rig.phase(), Phase::Stopping); // the half-started server has to end first
        rig.host->ready(); // too late
        QCOMPARE(rig.phase(), Phase::Stopping);
        rig.host->stopped();
        QCOMPARE(rig.phase(), Phase::Disposed);
        QCOMPARE(rig.clock.liveTimers(), 0);
        QCOMPARE(rig.backendsMade, 0);
    }

    void demoNeverPings()
    {
        LifecycleRig rig(ConnectionMode::Demo);
        rig.toOnline();
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.liveLoops(), 0);
        rig.connection->probeNow();
        rig.clock.advance(24h);
        QCOMPARE(rig.backend->probes, 0);
        QCOMPARE(rig.keepalive().attempts, 0u);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Off);
    }

    void localFallsBackToEmbeddedWithANotice()
    {
        LifecycleRig rig;
        rig.toStarting();
        rig.host->fail(ErrorCode::ServerStartFailed);
        QCOMPARE(rig.notices, QStringList(QStringLiteral("fell-back-to-embedded")));
        rig.finishUp();
        const ConnectionStatus status = rig.connection->status();
        QCOMPARE(status.phase, Phase::Online);
        QCOMPARE(status.mode, ConnectionMode::Embedded);
        QVERIFY(status.fellBack);
        QCOMPARE(rig.liveLoops(), 1);
    }

    void missingServerEndsInIdleWithAReason()
    {
        LifecycleRig rig;
        rig.toStarting();
        rig.host->fail(ErrorCode::ServerNotFound);
        const ConnectionStatus status = rig.connection->status();
        QCOMPARE(status.phase, Phase::Idle);
        QVERIFY(status.error.has_value());
        QCOMPARE(status.error->code, ErrorCode::ServerNotFound);
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void versionMismatchRestartsOnceThenSaysSo()
    {
        LifecycleRig rig;
        rig.toInitializing();
        rig.backend->fail(QStringLiteral("initialize"), {ErrorCode::ServerTooNew, {}, {}});
        QCOMPARE(rig.phase(), Phase::Stopping);
        QCOMPARE(rig.notices, QStringList(QStringLiteral("restarted-mismatch")));
        rig.host->stopped();
        rig.host->ready();
        rig.transport->acceptOpen();
        rig.backend->fail(QStringLiteral("initialize"), {ErrorCode::ServerTooNew, {}, {}});
        QCOMPARE(rig.phase(), Phase::Idle);
        QCOMPARE(rig.connection->status().error->code, ErrorCode::ServerTooNew);
        QCOMPARE(rig.host->stops, 1);
    }

    void unresponsiveReconnectsThenRestarts()
    {
        LifecycleRig rig;
        rig.toOnline();
        miss2(rig);
        QCOMPARE(rig.host->stops, 0);
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        miss2(rig);
        QCOMPARE(rig.host->stops, 1);
        rig.host->stopped();
        rig.finishUp();
        // Recoveries that do not help end in a pause, not in more of them.
        miss2(rig);
        QCOMPARE(rig.host->stops, 1);
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.keepalive().state, KeepaliveState::Paused);
    }

    void backoffGrowsUntilTheConnectionIsStable()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.connection->connectToServer();
        Milliseconds longest{0};
        for (int attempt = 1; attempt <= 12; ++attempt) {
            rig.transport->acceptOpen();
            rig.backend->succeed(QStringLiteral("initialize")); // accepts, and drops at once
            rig.transport->drop();
            if (rig.phase() != Phase::Backoff) { // the first loss is mended at once
                QCOMPARE(attempt, 1);
                continue;
            }
            const auto before = rig.clock.now();
            QVERIFY(rig.connection->status().retryAt);
            while (rig.phase() == Phase::Backoff)
                QVERIFY(rig.clock.advanceToNext());
            const auto waited = std::chrono::duration_cast<Milliseconds>(rig.clock.now() - before);
            QVERIFY(waited >= 1s && waited <= std::min<Milliseconds>(60s, 1s * (1 << attempt)));
            longest = std::max(longest, waited);
        }
        QVERIFY2(longest > 15s,
                 "a server that accepts and drops must be left alone longer and longer");
        rig.transport->acceptOpen();
        rig.backend->succeed(QStringLiteral("initialize"));
        rig.clock.advance(60s);
        QCOMPARE(rig.connection->status().attempt, 0);
    }

    void modeChangeReplacesTheLoop()
    {
        LifecycleRig rig;
        rig.toOnline();
        ConnectionConfig config = rig.connection->config();
        config.mode = ConnectionMode::Demo;
        rig.connection->reconfigure(config);
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.liveLoops(), 0);
        config.mode = ConnectionMode::Attach;
        rig.connection->reconfigure(config);
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.liveLoops(), 1);
    }

    void listenersMayPostEventsFromSignals()
    {
        LifecycleRig rig;
        int online = 0;
        connect(rig.connection.get(), &Connection::phaseChanged, this, [&](Phase phase) {
            if (phase == Phase::Online && ++online == 1)
                rig.connection->reconnect();
            if (phase == Phase::Online && online == 2)
                rig.connection->dispose();
        });
        rig.toOnline();
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Disposed);
        QCOMPARE(rig.liveLoops(), 0);
    }

    void thirtyDays()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        const auto end = rig.clock.now() + std::chrono::days(30);
        while (rig.clock.now() < end) {
            QVERIFY(rig.clock.advanceToNext());
            answerProbe(rig, ProbeResult::Outcome::Ok);
            QVERIFY(rig.clock.liveTimers() <= 2);
        }
        const KeepaliveStatus k = rig.keepalive();
        QCOMPARE(k.failed, 0u);
        QCOMPARE(k.attempts, k.successes);
        // 30 days of 15 min +- 10 % are 2,880 probes; their mean is within 1 % by far.
        QVERIFY2(k.attempts > 2'850 && k.attempts < 2'912, qPrintable(QString::number(k.attempts)));
        QCOMPARE(k.state, KeepaliveState::Protected);
    }

private:
    static void miss2(LifecycleRig &rig)
    {
        for (int i = 0; i < 2; ++i) {
            rig.connection->probeNow();
            answerProbe(rig, ProbeResult::Outcome::Timeout);
        }
    }

    //! What no state may look like; null where all is well.
    static const char *nonsense(const ConnectionStatus &status)
    {
        const KeepaliveStatus &k = status.keepalive;
        const bool inFlight = k.attempts > k.successes + k.failed + k.cancelled;
        switch (k.state) {
        case KeepaliveState::Off:
        case KeepaliveState::Disconnected:
            return inFlight || k.nextProbe ? "a probe without a reason" : nullptr;
        case KeepaliveState::Suspended:
            return inFlight || k.nextProbe ? "it probes in its sleep" : nullptr;
        case KeepaliveState::Checking:
            return inFlight ? nullptr : "nothing is being checked";
        case KeepaliveState::Protected:
            return !k.lastAnswer || k.failures ? "green without an answer" : nullptr;
        case KeepaliveState::Unverified:
        case KeepaliveState::Degraded:
            return inFlight || k.nextProbe ? nullptr : "the loop does not go on";
        case KeepaliveState::Paused:
            if (inFlight)
                return "a probe while paused";
            if (k.pause == KeepaliveStatus::Pause::None)
                return "paused without a reason";
            if (k.pause == KeepaliveStatus::Pause::Breaker
                && (!k.pausedUntil || (status.phase == Phase::Online && !k.nextProbe)))
                return "paused for ever";
            return nullptr;
        case KeepaliveState::Unresponsive:
            return "an unresponsive connection must not stay";
        }
        return nullptr;
    }

    static void oneRandomEvent(LifecycleRig &rig, Random &dice)
    {
        Connection &connection = *rig.connection;
        switch (dice.next() % 29) {
        case 0:
            connection.connectToServer();
            break;
        case 1:
            if (dice.next() % 4 == 0)
                connection.disconnectFromServer();
            break;
        case 2:
            if (dice.next() % 4 == 0)
                connection.reconnect();
            break;
        case 3:
            if (dice.next() % 8 == 0)
                connection.restartServer();
            break;
        case 4:
            if (dice.next() % 8 == 0) {
                ConnectionConfig config = connection.config();
                config.cliPath = QString::number(dice.next() % 3);
                connection.reconfigure(config);
            }
            break;
        case 5:
            connection.probeNow();
            break;
        case 6:
        case 7:
            if (rig.host)
                rig.host->ready();
            break;
        case 8:
            if (rig.host && dice.next() % 4 == 0)
                rig.host->fail(dice.next() % 2 ? ErrorCode::ServerStartFailed
                                               : ErrorCode::ServerNotFound);
            break;
        case 9:
        case 10:
            if (rig.host)
                rig.host->stopped();
            break;
        case 11:
            if (rig.host && dice.next() % 3 == 0)
                rig.host->exit();
            break;
        case 12:
        case 13:
        case 14:
            if (rig.transport && !rig.transport->isOpen() && !rig.transport->closeCalled())
                rig.transport->acceptOpen();
            break;
        case 15:
            if (dice.next() % 4 == 0 && rig.transport && !rig.transport->closeCalled())
                rig.transport->drop();
            break;
        case 16:
        case 17:
        case 18:
            if (rig.backend)
                rig.backend->succeed(QStringLiteral("initialize"));
            break;
        case 19: {
            static constexpr ErrorCode Codes[] = {ErrorCode::Timeout, ErrorCode::ServerTooOld,
                                                  ErrorCode::AuthenticationFailed,
                                                  ErrorCode::ProtocolViolation};
            if (rig.backend && dice.next() % 4 == 0)
                rig.backend->fail(QStringLiteral("initialize"), {Codes[dice.next() % 4], {}, {}});
            break;
        }
        case 20:
            answerProbe(rig, ProbeResult::Outcome::Ok);
            break;
        case 21:
            answerProbe(rig, static_cast<ProbeResult::Outcome>(dice.next() % 8));
            break;
        case 22:
            rig.clock.advance(Milliseconds(static_cast<qint64>(dice.next() % 5'000)));
            break;
        case 24:
            if (dice.next() % 4 == 0)
                connection.prepareForSleep();
            break;
        case 25:
            if (dice.next() % 2 == 0)
                connection.wake();
            break;
        case 26: {
            if (dice.next() % 4)
                break;
            static const QString Methods[] = {QStringLiteral("ping"), QStringLiteral("none"),
                                              QStringLiteral("tool:echo")};
            KeepaliveSettings settings;
            settings.method = Methods[dice.next() % 3];
            settings.intervalSeconds = static_cast<double>(dice.next() % 2'000);
            settings.maxFailures = static_cast<double>(dice.next() % 5);
            settings.standInTool = QStringLiteral("echo");
            connection.setKeepalive(
                effectiveKeepalive(keepaliveTarget(connection.config()), {},
                                   dice.next() % 2 ? settings : KeepaliveSettings()));
            break;
        }
        case 27:
            if (rig.backend) {
                rig.backend->busy = dice.next() % 4 == 0;
                Q_EMIT rig.backend->activity();
            }
            break;
        case 28:
            rig.answer(ProbeResult::Outcome::RpcError, QStringLiteral("x"), dice.next() % 4 == 0);
            break;
        case 23:
            if (dice.next() % 10 == 0)
                rig.clock.advance(Milliseconds(static_cast<qint64>(dice.next() % 2'000'000)));
            break;
        }
    }
};

QTEST_GUILESS_MAIN(TstLifecycle)
#include "tst_lifecycle.moc"
