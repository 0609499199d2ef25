// SPDX-License-Identifier: MIT
// What watches the keepalive: the recorder of metrics and the check after a sleep.
#include "app/wiring/metricsrecorder.h"
#include "app/wiring/wakecheck.h"
#include "support/lifecyclefakes.h"

#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using Outcome = ProbeResult::Outcome;

namespace {

const QString Id = QStringLiteral("default");

//! Connections and sessions wired as the program wires them, on fakes.
struct Rig
{
    explicit Rig(int sessionCount)
        : connections(parts(), clock, random)
        , sessions(nullptr, clock, random)
        , recorder(connections, sessions, metrics, clock)
        , check(connections, sessions, clock)
    {
        QObject::connect(&connections, &ConnectionManager::backendAboutToGo, &sessions,
                         [this](const QString &id) { sessions.setBackend(id, nullptr); });
        QObject::connect(&connections, &ConnectionManager::phaseChanged, &sessions,
                         [this](const QString &id, Phase phase) {
                             if (phase == Phase::Online)
                                 sessions.setBackend(id, connections.find(id)->agentBackend());
                         });
        QObject::connect(&check, &WakeCheck::finished, &check,
                         [this](const WakeReport &report) { reports.append(report); });
        ConnectionConfig config;
        config.id = Id;
        config.mode = ConnectionMode::Attach;
        config.url = QStringLiteral("tcp://example.test:1");
        connections.add(config);
        lease = connections.acquire(Id, QStringLiteral("test"));
        transport->acceptOpen();
        for (int i = 0; i < sessionCount; ++i) {
            SessionConfig session;
            session.id = QStringLiteral("s%1").arg(i);
            sessions.create(session);
        }
        for (const auto &session : sessions.sessions())
            QCOMPARE(session->state(), Session::State::Attached);
    }
    ~Rig() { QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete); }

    ConnectionParts parts()
    {
        ConnectionParts all;
        all.makeTransport = [this](const ConnectionConfig &, ConnectionMode,
                                   const ServerEndpoint *) -> Result<std::unique_ptr<Transport>> {
            auto made = std::make_unique<FakeTransport>();
            transport = made.get();
            return made;
        };
        all.makeBackend = [this](const ConnectionConfig &, Peer &, Clock &) {
            auto made = std::make_unique<FakeBackend>();
            made->autoAnswer = true;
            made->judge = [this](const FakeBackend::Call &call) -> std::optional<Error> {
                if (call.method == QStringLiteral("touchSession") && dead.remove(call.sessionId))
                    return Error{ErrorCode::SessionNotFound, {}, {}};
                if (!gone.isEmpty() && call.sessionId == gone
                    && call.method != QStringLiteral("unloadSession"))
                    return Error{ErrorCode::Timeout, {}, {}};
                return std::nullopt;
            };
            backend = made.get();
            return made;
        };
        return all;
    }
    bool answer(Outcome outcome)
    {
        auto handler = std::exchange(backend->probeHandler, nullptr);
        if (handler)
            handler({outcome, 2500us, {}, false});
        return static_cast<bool>(handler);
    }
    void sleepAndWake(Milliseconds span)
    {
        connections.prepareForSleep();
        clock.suspend(span);
        check.start(span);
    }
    quint64 total(MetricCounter counter) const { return metrics.snapshot().total(Id, counter); }

    FakeClock clock;
    SeededRandom random{1};
    QPointer<FakeTransport> transport;
    QPointer<FakeBackend> backend;
    QSet<QString> dead; //!< sessions that the server has dropped
    QString gone; //!< a session that gives no answer
    QList<WakeReport> reports;
    ConnectionManager connections;
    SessionManager sessions;
    KeepaliveMetrics metrics{clock};
    MetricsRecorder recorder;
    WakeCheck check;
    ConnectionLease lease;
};

} // namespace

class TstObservers : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void line23_aWakeChecksTheBackendOnceThenItsSessions()
    {
        Rig rig(3);
        const int before = rig.backend->probes;
        const int touches = rig.backend->count(QStringLiteral("touchSession"));
        rig.sleepAndWake(7h + 12min);
        QCOMPARE(rig.backend->probes, before + 1);
        // Not one session is asked before the server has answered.
        QCOMPARE(rig.backend->count(QStringLiteral("touchSession")), touches);
        QVERIFY(rig.reports.isEmpty());
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.backend->probes, before + 1);
        QCOMPARE(rig.backend->count(QStringLiteral("touchSession")), touches + 3);
        WakeReport expected;
        expected.asleep = 7h + 12min;
        expected.checked = 3;
        expected.alive = 3;
        expected.backends = 1;
        QCOMPARE(rig.reports, QList<WakeReport>{expected});
        QVERIFY(!rig.check.isRunning());
    }

    void line23_theReportTellsOfSessionsThatCameBack()
    {
        Rig rig(3);
        rig.dead = {QStringLiteral("s1")};
        rig.sleepAndWake(1h);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.reports.size(), 1);
        QCOMPARE(rig.reports[0].checked, 3);
        QCOMPARE(rig.reports[0].alive, 2);
        QCOMPARE(rig.reports[0].resumed, 1);
        QCOMPARE(rig.reports[0].lost, 0);
    }

    void line23_whatGivesNoAnswerIsLostAfterAMinute()
    {
        Rig rig(2);
        rig.gone = QStringLiteral("s0");
        rig.sleepAndWake(1h);
        QVERIFY(rig.answer(Outcome::Ok));
        QVERIFY(rig.reports.isEmpty());
        rig.clock.advance(WakeCheck::Patience);
        QCOMPARE(rig.reports.size(), 1);
        QCOMPARE(rig.reports[0].checked, 2);
        QCOMPARE(rig.reports[0].alive, 1);
        QCOMPARE(rig.reports[0].lost, 1);
    }

    void line24_aNetworkThatComesBackLateCostsNothing()
    {
        Rig rig(2);
        rig.sleepAndWake(1h);
        rig.clock.advance(9s);
        if (rig.backend->probeHandler)
            rig.answer(Outcome::Transport);
        QCOMPARE(rig.total(MetricCounter::Failure), 0u);
        rig.clock.advance(1min);
        QCOMPARE(rig.reports.size(), 1);
    }

    void anUnlockIsCheckedButNotReported()
    {
        Rig rig(2);
        const int before = rig.backend->probes;
        rig.check.start(0ms);
        QCOMPARE(rig.backend->probes, before + 1);
        rig.clock.advance(1ms);
        QVERIFY(rig.answer(Outcome::Ok));
        QVERIFY(rig.reports.isEmpty());
    }

    void aSecondSleepDuringTheCheckIsOneReport()
    {
        Rig rig(1);
        rig.sleepAndWake(1h);
        rig.sleepAndWake(2h);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.reports.size(), 1);
        QCOMPARE(rig.reports[0].asleep, Milliseconds(3h));
    }

    void line28_probesAndTouchesAreCounted()
    {
        Rig rig(2);
        rig.connections.find(Id)->probeNow();
        rig.connections.find(Id)->probeNow();
        QCOMPARE(rig.total(MetricCounter::Attempt), 1u);
        QCOMPARE(rig.total(MetricCounter::Skipped), 1u);
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.total(MetricCounter::Success), 1u);
        rig.connections.find(Id)->probeNow();
        QVERIFY(rig.answer(Outcome::Timeout));
        QCOMPARE(rig.total(MetricCounter::Failure), 1u);
        rig.connections.find(Id)->probeNow();
        QVERIFY(rig.answer(Outcome::Ok));
        QCOMPARE(rig.total(MetricCounter::Recovered), 1u);
        QCOMPARE(rig.total(MetricCounter::Touch), 0u);
        rig.dead = {QStringLiteral("s1")};
        rig.sessions.touchNow(QStringLiteral("s0"));
        rig.sessions.touchNow(QStringLiteral("s1"));
        QCOMPARE(rig.total(MetricCounter::Touch), 2u);
        QCOMPARE(rig.total(MetricCounter::Failure), 2u);
        rig.connections.find(Id)->probeNow();
        rig.connections.find(Id)->disconnectFromServer();
        QCOMPARE(rig.total(MetricCounter::Cancelled), 1u);
        QCOMPARE(rig.total(MetricCounter::Attempt),
                 rig.total(MetricCounter::Success) + rig.total(MetricCounter::Failure)
                     + rig.total(MetricCounter::Cancelled));
        QCOMPARE(rig.metrics.snapshot().latency(Id).count, 3u);
    }

    void line28_sessionsAndBreakerAreGauges()
    {
        Rig rig(3);
        rig.clock.advance(2s);
        MetricsSnapshot::Gauges gauges = rig.metrics.snapshot().gauges.at(0);
        QVERIFY(gauges.sessions.has_value());
        QCOMPARE(gauges.sessions->safe + gauges.sessions->unverified, 3);
        QCOMPARE(gauges.sessions->atRisk + gauges.sessions->dead, 0);
        QCOMPARE(gauges.breaker, std::optional(MetricBreaker::Closed));
        rig.connections.remove(Id);
        rig.clock.advance(2s);
        QVERIFY(rig.metrics.snapshot().gauges.empty());
    }
};

QTEST_GUILESS_MAIN(TstObservers)
#include "tst_observers.moc"
