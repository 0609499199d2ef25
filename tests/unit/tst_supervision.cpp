// SPDX-License-Identifier: MIT
// What becomes of a server of ours that ends, freezes, changes or is being started by somebody
// else.
#include "connection/backoff.h"
#include "connection/restartbudget.h"
#include "support/lifecyclefakes.h"

#include <QLoggingCategory>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

QString crashed()
{
    return QStringLiteral("server-exited");
}

//! Lets the retry come, if one is scheduled, and brings the connection up again.
void comeBack(LifecycleRig &rig)
{
    while (rig.phase() == Phase::Backoff && rig.clock.advanceToNext()) { }
    rig.finishUp();
}

ErrorCode errorOf(const LifecycleRig &rig)
{
    const auto error = rig.connection->status().error;
    return error ? error->code : ErrorCode::Internal;
}

} // namespace

class TstSupervision : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    void aBudgetIsSpentAndRefilledByQuiet()
    {
        RestartBudget budget;
        Nanoseconds now = 1h;
        for (int i = 0; i < RestartBudget::Restarts; ++i)
            QVERIFY(budget.take(now += RestartBudget::QuietTime - 1ms));
        QVERIFY(!budget.take(now += 1s));
        QVERIFY(!budget.take(now += RestartBudget::QuietTime - 1ms)); // a refused one counts, too
        QVERIFY(budget.take(now += RestartBudget::QuietTime));
        QCOMPARE(budget.left(), RestartBudget::Restarts - 1);
        budget.refill();
        QCOMPARE(budget.left(), RestartBudget::Restarts);
    }

    void aCrashIsBroughtBackAtOnce()
    {
        LifecycleRig rig;
        rig.toOnline();
        const Nanoseconds before = rig.clock.now();
        rig.host->exit();
        QCOMPARE(rig.phase(), Phase::StartingServer);
        QCOMPARE(rig.notices, QStringList(crashed()));
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        QCOMPARE(rig.clock.now(), before);
    }

    // The kernel closes a dying process's sockets before it is dead.
    void theStreamMayEndBeforeTheProcess()
    {
        LifecycleRig rig;
        rig.toOnline();
        rig.transport->drop();
        QCOMPARE(rig.phase(), Phase::StartingServer);
        QVERIFY(rig.notices.isEmpty());
        rig.host->exit();
        QCOMPARE(rig.notices, QStringList(crashed()));
        QCOMPARE(rig.phase(), Phase::StartingServer);
        QCOMPARE(rig.host->starts, 2); // not a third time for the same end
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
    }

    void aCrashLoopStops()
    {
        LifecycleRig rig;
        rig.toOnline();
        for (int i = 0; i < RestartBudget::Restarts; ++i) {
            rig.host->exit();
            QVERIFY(rig.phase() == Phase::StartingServer || rig.phase() == Phase::Backoff);
            comeBack(rig);
            QCOMPARE(rig.phase(), Phase::Online);
        }
        rig.host->exit();
        QCOMPARE(rig.phase(), Phase::Idle);
        QCOMPARE(errorOf(rig), ErrorCode::ServerCrashLoop);
        QCOMPARE(rig.connection->status().error->detail, QStringLiteral("exit 137"));
        QCOMPARE(rig.clock.liveTimers(), 0);
        const int starts = rig.host->starts;
        // Nothing starts it by itself.
        rig.clock.advance(24h);
        rig.connection->wake();
        rig.connection->probeNow();
        QCOMPARE(rig.host->starts, starts);
        QCOMPARE(rig.phase(), Phase::Idle);
    }

    void theWayOutOfACrashLoop_data()
    {
        QTest::addColumn<int>("way");
        QTest::newRow("connect") << 0;
        QTest::newRow("reconnect") << 1;
        QTest::newRow("restart") << 2;
        QTest::newRow("another CLI") << 3;
    }
    void theWayOutOfACrashLoop()
    {
        QFETCH(int, way);
        LifecycleRig rig;
        toCrashLoop(rig);
        if (way == 0) {
            rig.connection->connectToServer();
        } else if (way == 1) {
            rig.connection->reconnect();
        } else if (way == 2) {
            rig.connection->restartServer();
            rig.host->stopped();
        } else {
            ConnectionConfig config = rig.connection->config();
            config.cliPath = QStringLiteral("/other/copilot");
            rig.connection->reconfigure(config);
            rig.connection->connectToServer();
        }
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
        QVERIFY(!rig.connection->status().error);
        // And the whole budget is there again.
        for (int i = 0; i < RestartBudget::Restarts; ++i) {
            rig.host->exit();
            comeBack(rig);
            QCOMPARE(rig.phase(), Phase::Online);
        }
        rig.host->exit();
        QCOMPARE(errorOf(rig), ErrorCode::ServerCrashLoop);
    }

    void quietTimeRefillsTheBudget()
    {
        LifecycleRig rig;
        rig.toOnline();
        for (int i = 0; i < 4 * RestartBudget::Restarts; ++i) {
            rig.host->exit();
            comeBack(rig);
            QCOMPARE(rig.phase(), Phase::Online);
            rig.clock.advance(RestartBudget::QuietTime);
            if (auto answer = std::exchange(rig.backend->probeHandler, nullptr))
                answer({ProbeResult::Outcome::Ok, 1ms, {}});
        }
        QCOMPARE(rig.phase(), Phase::Online);
    }

    void aCrashLoopFoundWhileStartingGivesTheStartUp()
    {
        LifecycleRig rig;
        rig.toOnline();
        for (int i = 0; i < RestartBudget::Restarts; ++i) {
            rig.host->exit();
            comeBack(rig);
        }
        rig.clock.advance(Backoff::Ceiling); // stable: replaced at once when its stream ends
        rig.transport->drop();
        QCOMPARE(rig.phase(), Phase::StartingServer);
        rig.host->exit();
        QCOMPARE(rig.phase(), Phase::Stopping);
        QCOMPARE(rig.host->stops, 1);
        rig.host->stopped();
        QCOMPARE(rig.phase(), Phase::Idle);
        QCOMPARE(errorOf(rig), ErrorCode::ServerCrashLoop);
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void failedStartsEndInACrashLoop()
    {
        LifecycleRig rig;
        rig.toStarting();
        int starts = 0;
        for (; starts < 100 && rig.phase() != Phase::Idle; ++starts) {
            if (rig.phase() == Phase::StartingServer)
                rig.host->fail(ErrorCode::ServerStartFailed);
            if (rig.phase() == Phase::Connecting) // the embedded one that takes its place
                rig.transport->drop({ErrorCode::ServerExited, QStringLiteral("exit code 1"), {}});
            if (rig.phase() == Phase::Backoff)
                rig.clock.advance(Backoff::Ceiling);
        }
        QVERIFY(starts <= RestartBudget::Restarts);
        QCOMPARE(errorOf(rig), ErrorCode::ServerCrashLoop);
        QCOMPARE(rig.connection->status().mode, ConnectionMode::Local);
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void anEmbeddedServerHasABudgetToo()
    {
        LifecycleRig rig(ConnectionMode::Embedded);
        rig.toOnline();
        for (int i = 0; i < RestartBudget::Restarts; ++i) {
            rig.transport->drop({ErrorCode::ServerExited, {}, {}});
            comeBack(rig);
            QCOMPARE(rig.phase(), Phase::Online);
        }
        rig.transport->drop({ErrorCode::ServerExited, QStringLiteral("exit code 1"), {}});
        QCOMPARE(errorOf(rig), ErrorCode::ServerCrashLoop);
    }

    // Not ours to start: it is tried for ever, ever more slowly.
    void aRemoteServerHasNoBudget()
    {
        LifecycleRig rig(ConnectionMode::Attach);
        rig.toOnline();
        for (int i = 0; i < 4 * RestartBudget::Restarts; ++i) {
            rig.transport->drop();
            comeBack(rig);
            QCOMPARE(rig.phase(), Phase::Online);
        }
    }

    void aStartThatFreezesIsTriedOnceMore()
    {
        LifecycleRig rig;
        rig.toStarting();
        rig.host->fail(ErrorCode::Timeout);
        QCOMPARE(rig.phase(), Phase::Stopping);
        QCOMPARE(rig.notices, QStringList(QStringLiteral("restarted-unresponsive")));
        rig.host->stopped();
        QCOMPARE(rig.phase(), Phase::StartingServer);
        rig.host->fail(ErrorCode::Timeout);
        QCOMPARE(rig.notices.last(), QStringLiteral("fell-back-to-embedded"));
        QCOMPARE(rig.connection->status().mode, ConnectionMode::Embedded);
    }

    void aServerThatFreezesInTheHandshakeIsRestarted()
    {
        LifecycleRig rig;
        rig.toInitializing();
        rig.backend->fail(QStringLiteral("initialize"), {ErrorCode::Timeout, {}, {}});
        QCOMPARE(rig.phase(), Phase::Stopping);
        rig.host->stopped();
        rig.finishUp();
        QCOMPARE(rig.phase(), Phase::Online);
    }

    // keepalive.md 16: two probes' deadlines, and what it does then.
    void aFrozenServerIsFoundWithinTwoDeadlines()
    {
        LifecycleRig rig;
        rig.toOnline();
        const Milliseconds deadline = rig.config.keepalive.timeout;
        const auto miss = [&rig] {
            auto answer = std::exchange(rig.backend->probeHandler, nullptr);
            QVERIFY(answer);
            answer({ProbeResult::Outcome::Timeout, {}, QStringLiteral("no answer")});
        };
        QVERIFY(rig.untilNextProbe());
        const Nanoseconds asked = rig.clock.now();
        rig.clock.advance(deadline);
        miss();
        QCOMPARE(rig.phase(), Phase::Online);
        QVERIFY(rig.untilNextProbe());
        rig.clock.advance(deadline);
        miss();
        const auto found = std::chrono::duration_cast<Milliseconds>(rig.clock.now() - asked);
        QCOMPARE(rig.phase(), Phase::StartingServer); // a new connection, while it is being asked
        QVERIFY(found >= 2 * deadline && found <= 2 * deadline + 10s);
        // It accepts that one, too, and does not greet: now it is replaced, with less patience.
        rig.host->ready();
        rig.transport->acceptOpen();
        QCOMPARE(rig.phase(), Phase::Initializing);
        QCOMPARE(rig.backend->initializeDeadline, deadline);
        rig.backend->fail(QStringLiteral("initialize"), {ErrorCode::Timeout, {}, {}});
        QCOMPARE(rig.phase(), Phase::Stopping);
        QVERIFY(rig.notices.contains(QStringLiteral("restarted-unresponsive")));
    }

    void anotherPilotlightAtTheServerIsWaitedFor()
    {
        LifecycleRig rig;
        rig.toStarting();
        rig.host->fail(ErrorCode::ServerLocked);
        QCOMPARE(rig.phase(), Phase::Backoff);
        QCOMPARE(rig.connection->status().mode, ConnectionMode::Local); // no second server
        comeBack(rig);
        QCOMPARE(rig.phase(), Phase::Online);
    }

    void aMissingSignInIsAskedForAgain()
    {
        LifecycleRig rig;
        rig.toOnline();
        const QString ask = QStringLiteral("authStatus");
        rig.backend->auth = AuthStatus{};
        QVERIFY(rig.backend->succeed(ask));
        QVERIFY(!rig.connection->status().auth->signedIn);
        rig.clock.advance(119s);
        QVERIFY(!rig.backend->succeed(ask));
        rig.clock.advance(2s); // somebody may have signed in, in a terminal
        rig.backend->auth.signedIn = true;
        QVERIFY(rig.backend->succeed(ask));
        QVERIFY(rig.connection->status().auth->signedIn);
        rig.clock.advance(1h);
        QVERIFY(!rig.backend->succeed(ask)); // nothing to ask for any more
        rig.connection->checkSignIn();
        rig.connection->checkSignIn();
        rig.backend->auth.signedIn = false;
        QVERIFY(rig.backend->succeed(ask));
        QVERIFY(!rig.connection->status().auth->signedIn);
    }

    void anotherVersionIsSaid()
    {
        LifecycleRig rig;
        QStringList details;
        QObject::connect(rig.connection.get(), &Connection::notice, this,
                         [&](const QString &code, const QString &detail) {
                             if (code == QStringLiteral("server-version-changed"))
                                 details << detail;
                         });
        rig.toInitializing();
        rig.backend->serverInfo.version = QStringLiteral("1.0.40");
        rig.backend->succeed(QStringLiteral("initialize"));
        QVERIFY(details.isEmpty()); // the first one is no change
        comeUpAs(rig, QStringLiteral("1.0.40"));
        QVERIFY(details.isEmpty());
        comeUpAs(rig, QStringLiteral("1.0.102"));
        QCOMPARE(details, QStringList(QStringLiteral("1.0.40 → 1.0.102")));
        comeUpAs(rig, {}); // does not say
        comeUpAs(rig, QStringLiteral("1.0.102"));
        QCOMPARE(details.size(), 1);
        // Another server is not another version.
        ConnectionConfig config = rig.connection->config();
        config.mode = ConnectionMode::Attach;
        rig.connection->reconfigure(config);
        rig.transport->acceptOpen();
        rig.backend->serverInfo.version = QStringLiteral("0.0.420");
        rig.backend->succeed(QStringLiteral("initialize"));
        QCOMPARE(details.size(), 1);
    }

private:
    static void toCrashLoop(LifecycleRig &rig)
    {
        rig.toOnline();
        for (int i = 0; i <= RestartBudget::Restarts; ++i) {
            rig.host->exit();
            comeBack(rig);
        }
        QCOMPARE(errorOf(rig), ErrorCode::ServerCrashLoop);
    }

    static void comeUpAs(LifecycleRig &rig, const QString &version)
    {
        rig.connection->reconnect();
        rig.host->ready();
        rig.transport->acceptOpen();
        rig.backend->serverInfo.version = version;
        rig.backend->succeed(QStringLiteral("initialize"));
        QCOMPARE(rig.phase(), Phase::Online);
    }
};

QTEST_GUILESS_MAIN(TstSupervision)
#include "tst_supervision.moc"
