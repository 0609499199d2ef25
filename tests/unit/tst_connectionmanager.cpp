// SPDX-License-Identifier: MIT
// Test functions are named after the numbered lines of docs/keepalive.md.
#include "connection/connectionmanager.h"
#include "support/lifecyclefakes.h"

#include <QLoggingCategory>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

//! Many connections over fakes; each server answers everything at once unless it is killed.
struct Rig
{
    Rig()
    {
        ConnectionParts parts;
        parts.makeServerHost = [](const ConnectionConfig &) {
            return std::make_unique<FakeServerHost>();
        };
        parts.makeTransport = [this](const ConnectionConfig &config, ConnectionMode,
                                     const ServerEndpoint *) -> Result<std::unique_ptr<Transport>> {
            auto made = std::make_unique<FakeTransport>();
            transports[config.id] = made.get();
            return made;
        };
        parts.makeBackend = [this](const ConnectionConfig &config, Peer &, Clock &) {
            auto made = std::make_unique<FakeBackend>();
            made->autoAnswer = true;
            backends[config.id] = made.get();
            return made;
        };
        manager = std::make_unique<ConnectionManager>(std::move(parts), clock, random);
    }

    static ConnectionConfig config(const QString &id)
    {
        ConnectionConfig config = LifecycleRig::configOf(ConnectionMode::Attach);
        config.id = id;
        return config;
    }
    //! Lets everything connect that wants to and is not dead.
    void settle()
    {
        for (bool again = true; again;) {
            again = false;
            for (const auto &[id, transport] : std::as_const(transports)) {
                if (transport && !transport->isOpen() && transport->openCalled()
                    && !transport->closeCalled() && !dead.contains(id)) {
                    transport->acceptOpen();
                    again = true;
                    break;
                }
            }
        }
    }
    //! Answers every probe in flight.
    void answerAll()
    {
        for (const auto &[id, backend] : std::as_const(backends)) {
            if (!backend || !backend->probeHandler || dead.contains(id))
                continue;
            auto handler = std::exchange(backend->probeHandler, nullptr);
            probes.append({id, clock.now()});
            handler({ProbeResult::Outcome::Ok, std::chrono::microseconds(900), {}});
        }
    }
    ConnectionStatus status(const char *id) const
    {
        return manager->find(QLatin1String(id))->status();
    }

    FakeClock clock;
    SeededRandom random{5};
    std::map<QString, QPointer<FakeTransport>> transports;
    std::map<QString, QPointer<FakeBackend>> backends;
    QSet<QString> dead;
    QList<std::pair<QString, Nanoseconds>> probes;
    std::unique_ptr<ConnectionManager> manager;
};

const QString A = QStringLiteral("a");
const QString B = QStringLiteral("b");

} // namespace

class TstConnectionManager : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    void addFindRemove()
    {
        QStringList told; // outlives what tells of it
        Rig rig;
        connect(rig.manager.get(), &ConnectionManager::added, this,
                [&](const QString &id) { told << QStringLiteral("+") + id; });
        connect(rig.manager.get(), &ConnectionManager::aboutToRemove, this, [&](const QString &id) {
            QVERIFY(rig.manager->find(id));
            told << QStringLiteral("?") + id;
        });
        connect(rig.manager.get(), &ConnectionManager::removed, this, [&](const QString &id) {
            QVERIFY(!rig.manager->find(id));
            told << QStringLiteral("-") + id;
        });
        QVERIFY(rig.manager->add(Rig::config(B)));
        QVERIFY(rig.manager->add(Rig::config(A)));
        QVERIFY(!rig.manager->add(Rig::config(A)));
        QVERIFY(!rig.manager->add(Rig::config({})));
        QCOMPARE(rig.manager->ids(), (QStringList{B, A}));
        rig.manager->remove(B);
        rig.manager->remove(B);
        QCOMPARE(rig.manager->ids(), QStringList{A});
        QVERIFY(rig.manager->add(Rig::config(B)));
        QCOMPARE(told.join(QLatin1Char(' ')), QStringLiteral("+b +a ?b -b +b"));
    }

    void aLeaseIsTheWish()
    {
        Rig rig;
        rig.manager->add(Rig::config(A));
        QCOMPARE(rig.status("a").phase, Phase::Idle);
        {
            ConnectionLease window = rig.manager->acquire(A, QStringLiteral("window"));
            QVERIFY(window.isValid());
            rig.settle();
            QCOMPARE(rig.status("a").phase, Phase::Online);
            {
                const ConnectionLease guard = rig.manager->acquire(A, QStringLiteral("guard"));
                QCOMPARE(rig.manager->reasons(A),
                         (QStringList{QStringLiteral("window"), QStringLiteral("guard")}));
            }
            QCOMPARE(rig.status("a").phase, Phase::Online);
            ConnectionLease moved = std::move(window);
            QVERIFY(!window.isValid()); // NOLINT(bugprone-use-after-move): that is the test
            window = std::move(moved);
            QCOMPARE(rig.status("a").phase, Phase::Online);
        }
        QCOMPARE(rig.status("a").phase, Phase::Idle);
        QVERIFY(rig.manager->reasons(A).isEmpty());
    }

    void aLeaseOutlivesItsConnectionAndTheManager()
    {
        ConnectionLease lease;
        {
            Rig rig;
            QVERIFY(!rig.manager->acquire(A, {}).isValid());
            rig.manager->add(Rig::config(A));
            lease = rig.manager->acquire(A, QStringLiteral("test"));
            rig.manager->remove(A);
            QVERIFY(!lease.isValid());
            rig.manager->add(Rig::config(A)); // another one of the same name
            QVERIFY(!lease.isValid());
            const ConnectionLease other = rig.manager->acquire(A, QStringLiteral("other"));
            rig.settle();
            lease.release();
            QCOMPARE(rig.status("a").phase, Phase::Online);
            lease = rig.manager->acquire(A, QStringLiteral("test"));
        }
        QVERIFY(!lease.isValid());
        lease.release();
    }

    void editTakesOverWhatChanged()
    {
        Rig rig;
        rig.manager->add(Rig::config(A));
        const ConnectionLease lease = rig.manager->acquire(A, QStringLiteral("test"));
        rig.settle();
        const quint64 generation = rig.status("a").generation;
        ConnectionConfig config = Rig::config(A);
        config.keepalive = effectiveKeepalive({}, {60.0});
        QVERIFY(rig.manager->edit(config));
        QCOMPARE(rig.status("a").generation, generation);
        config.url = QStringLiteral("tcp://other.test:2");
        QVERIFY(rig.manager->edit(config));
        QVERIFY(rig.status("a").generation > generation);
        QVERIFY(!rig.manager->edit(Rig::config(B)));

        rig.transports[A]->drop(); // still on its way: it waits to be tried again
        QCOMPARE(rig.status("a").phase, Phase::Backoff);
        QVERIFY(rig.manager->edit(config)); // the user says OK once more
        QCOMPARE(rig.status("a").phase, Phase::Connecting);
    }

    void removeDuringAnythingLeavesNothing()
    {
        Rig rig;
        for (int i = 0; i < 3; ++i) {
            rig.manager->add(Rig::config(A));
            const ConnectionLease lease = rig.manager->acquire(A, QStringLiteral("test"));
            if (i > 0)
                rig.settle();
            if (i > 1)
                rig.manager->find(A)->probeNow();
            rig.manager->remove(A);
            QCOMPARE(rig.clock.liveTimers(), 0);
            QCOMPARE(LifecycleRig::liveLoops(), 0);
        }
        LifecycleRig::collect();
        QVERIFY(!rig.backends[A]);
    }

    void aLocalServerIsWaitedForAfterItsRemoval()
    {
        Rig rig;
        ConnectionConfig config = Rig::config(A);
        config.mode = ConnectionMode::Local;
        rig.manager->add(config);
        const ConnectionLease lease = rig.manager->acquire(A, QStringLiteral("test"));
        QPointer<Connection> connection = rig.manager->find(A);
        QCOMPARE(connection->status().phase, Phase::StartingServer);
        rig.manager->remove(A);
        QVERIFY(connection); // its half-started server has to stop first
        QCOMPARE(connection->status().phase, Phase::Stopping);
        rig.manager.reset();
        QVERIFY(!connection);
    }

    // Line 9: after the first cycle no second in which more than 5 of 100 backends are probed.
    void line09_aHundredBackendsDoNotProbeInStep()
    {
        Rig rig;
        std::vector<ConnectionLease> leases;
        for (int i = 0; i < 100; ++i) {
            const QString id = QStringLiteral("b%1").arg(i);
            rig.manager->add(Rig::config(id));
            leases.push_back(rig.manager->acquire(id, QStringLiteral("test")));
        }
        rig.settle();
        QCOMPARE(LifecycleRig::liveLoops(), 100);
        const Nanoseconds start = rig.clock.now();
        while (rig.clock.now() - start < 24h) {
            QVERIFY(rig.clock.advanceToNext());
            rig.answerAll();
        }
        QVERIFY2(rig.probes.size() > 9'000 && rig.probes.size() < 10'000,
                 qPrintable(QString::number(rig.probes.size())));
        qsizetype most = 0;
        qsizetype from = 0;
        for (qsizetype to = 0; to < rig.probes.size(); ++to) {
            if (rig.probes[to].second - start <= 900s) {
                from = to + 1;
                continue;
            }
            while (rig.probes[to].second - rig.probes[from].second >= 1s)
                ++from;
            most = std::max(most, to - from + 1);
        }
        QVERIFY2(most >= 2 && most <= 5, qPrintable(QString::number(most)));
    }

    void line17_killingOneLeavesTheOthersUntouched()
    {
        QStringList touched; // outlives what tells of it
        Rig rig;
        std::vector<ConnectionLease> leases;
        std::map<QString, quint64> generations;
        for (const char *name : {"copilot", "far", "memory", "files"}) {
            const QString id = QLatin1String(name);
            ConnectionConfig config = Rig::config(id);
            if (id == QStringLiteral("memory") || id == QStringLiteral("files")) {
                config = LifecycleRig::mcpConfig();
                config.id = id;
            }
            rig.manager->add(config);
            leases.push_back(rig.manager->acquire(id, QStringLiteral("test")));
        }
        rig.settle();
        for (const QString &id : rig.manager->ids())
            generations[id] = rig.manager->find(id)->status().generation;
        const QString victim = QStringLiteral("memory");
        connect(rig.manager.get(), &ConnectionManager::phaseChanged, this,
                [&](const QString &id) { touched << id; });
        rig.dead.insert(victim);
        rig.transports[victim]->drop();
        const Nanoseconds start = rig.clock.now();
        bool paused = false;
        while (rig.clock.now() - start < 3h) {
            QVERIFY(rig.clock.advanceToNext());
            if (const auto transport = rig.transports[victim];
                transport && !transport->closeCalled())
                transport->drop({ErrorCode::ConnectionRefused, {}, {}});
            rig.answerAll();
            paused = paused || rig.status("memory").keepalive.state == KeepaliveState::Paused;
        }
        QVERIFY(paused);
        touched.removeAll(victim);
        QCOMPARE(touched, QStringList());
        for (const QString &id : rig.manager->ids()) {
            if (id == victim)
                continue;
            const ConnectionStatus status = rig.manager->find(id)->status();
            QCOMPARE(status.phase, Phase::Online);
            QCOMPARE(status.generation, generations[id]);
            QCOMPARE(status.keepalive.failed, 0u);
            QVERIFY(status.keepalive.successes > 8);
            QCOMPARE(status.keepalive.state, KeepaliveState::Protected);
        }
        rig.dead.clear(); // it is back, and somebody says "Probe now"
        rig.manager->find(victim)->probeNow();
        rig.settle();
        rig.clock.advance(5s);
        rig.answerAll();
        QCOMPARE(rig.status("memory").keepalive.state, KeepaliveState::Protected);
        QCOMPARE(rig.status("memory").keepalive.breaker, CircuitBreaker::State::Closed);
    }

    void line24_sleepAndWakeReachEveryBackend()
    {
        Rig rig;
        std::vector<ConnectionLease> leases;
        for (const QString &id : {A, B}) {
            rig.manager->add(Rig::config(id));
            leases.push_back(rig.manager->acquire(id, QStringLiteral("test")));
        }
        rig.settle();
        rig.manager->prepareForSleep();
        QCOMPARE(rig.status("a").keepalive.state, KeepaliveState::Suspended);
        QCOMPARE(rig.status("b").keepalive.state, KeepaliveState::Suspended);
        rig.manager->wake();
        rig.answerAll();
        QCOMPARE(rig.status("a").keepalive.state, KeepaliveState::Protected);
        QCOMPARE(rig.status("b").keepalive.state, KeepaliveState::Protected);
    }
};

QTEST_GUILESS_MAIN(TstConnectionManager)
#include "tst_connectionmanager.moc"
