// SPDX-License-Identifier: MIT
// Holding sessions for a window that may go: docs/keepalive.md 22a.
#include "base/random.h"
#include "session/sessionholder.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"
#include "support/reaperserver.h"

#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using State = SessionHolder::State;

namespace {

const QString Id = QStringLiteral("s1");
const QString OnServer = QStringLiteral("default");

SessionConfig config(const QString &id = Id)
{
    SessionConfig made;
    made.id = id;
    made.model = QStringLiteral("m");
    return made;
}

struct Rig
{
    Rig()
    {
        backend.autoAnswer = true;
        SessionKeeping keeping;
        keeping.idleLimit = IdleLimit{1'800s, IdleLimit::Origin::User};
        holder.setKeeping(OnServer, keeping, {}, {});
    }
    State state(const QString &id = Id) const
    {
        for (const SessionHolder::Held &held : holder.held()) {
            if (held.id == id)
                return held.state;
        }
        return State::Failed;
    }
    FakeClock clock;
    SeededRandom random{5};
    FakeBackend backend;
    SessionHolder holder{clock, random};
};

} // namespace

class TstSessionHolder : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void attachesSilentlyWithTheWholeConfiguration()
    {
        Rig rig;
        rig.holder.hold(OnServer, config());
        QCOMPARE(rig.state(), State::Waiting); // no connection yet
        rig.holder.setBackend(OnServer, &rig.backend);
        QCOMPARE(rig.state(), State::Attached);
        const FakeBackend::Call *call = rig.backend.last(QStringLiteral("resumeSession"));
        QVERIFY(call);
        QVERIFY(call->options.silent && call->options.continuePendingWork);
        QCOMPARE(call->config.model, QStringLiteral("m"));
        QCOMPARE(rig.backend.count(QStringLiteral("readHistory")), 0);
    }

    void touchesLongBeforeTheLimit()
    {
        Rig rig;
        rig.holder.setAlone(false);
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.hold(OnServer, config());
        QSignalSpy touched(&rig.holder, &SessionHolder::touched);
        rig.clock.advance(8h);
        // keepalive.md 10: T = 1800 s gives at most 813 s between two, one lost costs nothing.
        QVERIFY2(touched.count() >= 8 * 3600 / 900 && touched.count() <= 8 * 3600 / 600,
                 qPrintable(QString::number(touched.count())));
    }

    // A turn protects its session from 1.0.40 on, and its end is no activity there.
    void aSessionOutlivesItsTurn_data()
    {
        QTest::addColumn<Milliseconds>("limit");
        QTest::addColumn<bool>("protects");
        QTest::newRow("1.0.6") << Milliseconds(1'800s) << false;
        QTest::newRow("1.0.69, 250 s") << Milliseconds(250s) << true;
        QTest::newRow("1.0.69, 1800 s") << Milliseconds(1'800s) << true;
    }
    void aSessionOutlivesItsTurn()
    {
        QFETCH(Milliseconds, limit);
        QFETCH(bool, protects);
        Rig rig;
        rig.backend.rules.protectsBusySessions = protects;
        ReaperServer server(rig.clock, rig.backend, limit);
        server.busyIsActive = protects;
        SessionKeeping keeping;
        keeping.idleLimit = IdleLimit{limit, IdleLimit::Origin::User};
        rig.holder.setKeeping(OnServer, keeping, {}, {});
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.hold(OnServer, config());
        server.busy.insert(Id);
        rig.backend.emitEvent(Id, TurnStarted{QStringLiteral("0")});
        for (int second = 0; second < 9 * 300 - 1; ++second) { // ends just before the server looks
            rig.clock.advance(1s);
            rig.backend.emitEvent(Id, MessageDelta{{}, QStringLiteral("x")});
        }
        server.busy.remove(Id);
        rig.backend.emitEvent(Id, SessionIdle{});
        rig.clock.advance(2h);
        QCOMPARE(server.dead, QStringList());
    }

    void neverMoreThanEightAttachAtOnce()
    {
        Rig rig;
        rig.backend.autoAnswer = false;
        for (int i = 0; i < 60; ++i)
            rig.holder.hold(OnServer, config(QString::number(i)));
        rig.holder.setBackend(OnServer, &rig.backend);
        QCOMPARE(rig.backend.waiting(), SessionHolder::AttachLimit);
        for (int i = 0; i < 60; ++i) {
            QVERIFY(rig.backend.succeed(QStringLiteral("resumeSession")));
            QVERIFY(rig.backend.succeed(QStringLiteral("sessionWork"))); // asked when attached
            QVERIFY(rig.backend.waiting() <= SessionHolder::AttachLimit);
        }
        for (const SessionHolder::Held &held : rig.holder.held())
            QCOMPARE(held.state, State::Attached);
    }

    void theWindowComesFirstAfterANewConnection()
    {
        Rig rig;
        rig.holder.setAlone(false);
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.hold(OnServer, config());
        rig.holder.hold(OnServer, config(QStringLiteral("s2")));
        rig.holder.setBackend(OnServer, nullptr);
        FakeBackend second;
        second.autoAnswer = true;
        rig.holder.setBackend(OnServer, &second);
        QCOMPARE(second.count(QStringLiteral("resumeSession")), 0);
        rig.holder.hold(OnServer, config()); // the window has it
        QCOMPARE(rig.state(), State::Attached);
        QCOMPARE(rig.state(QStringLiteral("s2")), State::Waiting);
        rig.clock.advance(SessionHolder::Patience); // a window that hangs is no reason to lose it
        QCOMPARE(rig.state(QStringLiteral("s2")), State::Attached);
    }

    void theWindowMayHaveComeBeforeTheConnection()
    {
        Rig rig;
        rig.holder.setAlone(false);
        rig.holder.hold(OnServer, config());
        rig.holder.setBackend(OnServer, &rig.backend);
        QCOMPARE(rig.state(), State::Attached);
        rig.holder.setBackend(OnServer, nullptr);
        rig.holder.hold(OnServer, config()); // it found the new server faster
        FakeBackend second;
        second.autoAnswer = true;
        rig.holder.setBackend(OnServer, &second);
        QCOMPARE(rig.state(), State::Attached);
    }

    void aloneItBringsEverythingBack()
    {
        Rig rig;
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.hold(OnServer, config());
        rig.holder.setBackend(OnServer, nullptr);
        FakeBackend second;
        second.autoAnswer = true;
        rig.holder.setBackend(OnServer, &second);
        QCOMPARE(rig.state(), State::Attached);
        Q_EMIT second.sessionLost(Id);
        QCOMPARE(second.count(QStringLiteral("resumeSession")), 2);
        QCOMPARE(rig.state(), State::Attached);
    }

    void aWindowThatDiesLeavesTheRestToIt()
    {
        Rig rig;
        rig.holder.setAlone(false);
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.hold(OnServer, config());
        rig.holder.setBackend(OnServer, nullptr);
        FakeBackend second;
        second.autoAnswer = true;
        rig.holder.setBackend(OnServer, &second);
        QCOMPARE(rig.state(), State::Waiting);
        rig.holder.setAlone(true);
        QCOMPARE(rig.state(), State::Attached);
    }

    void onethatIsDroppedAtOnceEveryTimeIsGivenUp()
    {
        Rig rig;
        rig.holder.hold(OnServer, config());
        rig.holder.setBackend(OnServer, &rig.backend);
        for (int i = 0; i < 10; ++i)
            Q_EMIT rig.backend.sessionLost(Id);
        QCOMPARE(rig.state(), State::Failed);
        QCOMPARE(rig.backend.count(QStringLiteral("resumeSession")), 3);
        rig.holder.hold(OnServer, config()); // somebody wants it again
        QCOMPARE(rig.state(), State::Attached);
        for (int i = 0; i < 10; ++i) { // hours apart it is brought back for ever
            rig.clock.advance(2h);
            rig.holder.hold(OnServer, config());
            Q_EMIT rig.backend.sessionLost(Id);
            QCOMPARE(rig.state(), State::Attached);
        }
    }

    void releaseDetaches()
    {
        Rig rig;
        rig.holder.hold(OnServer, config());
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.release(Id);
        QVERIFY(rig.holder.isEmpty());
        QCOMPARE(rig.backend.count(QStringLiteral("unloadSession")), 1);
        rig.holder.release(Id);
        QCOMPARE(rig.backend.count(QStringLiteral("unloadSession")), 1);
    }

    void forgetTellsTheServerNothing()
    {
        Rig rig;
        rig.holder.hold(OnServer, config());
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.forget(OnServer);
        QVERIFY(rig.holder.isEmpty());
        QCOMPARE(rig.backend.count(QStringLiteral("unloadSession")), 0);
    }

    void aloneItLetsGoOfWhatHasNothingToLose()
    {
        Rig rig;
        rig.holder.setAlone(false);
        rig.holder.setBackend(OnServer, &rig.backend);
        for (const char *const id : {"idle", "turn", "asks", "shell"})
            rig.holder.hold(OnServer, config(QString::fromLatin1(id)));
        rig.backend.works[QStringLiteral("turn")].turn = true;
        rig.backend.works[QStringLiteral("asks")].requests = true;
        rig.backend.works[QStringLiteral("shell")].tasks = true;
        rig.clock.advance(1h);
        QCOMPARE(rig.holder.held().size(), 4); // the window decides, while it is there
        rig.holder.setAlone(true);
        rig.clock.advance(SessionHolder::QuietFor + 2s);
        QCOMPARE(rig.holder.held().size(), 3);
        QCOMPARE(rig.backend.count(QStringLiteral("unloadSession"), QStringLiteral("idle")), 1);
        rig.clock.advance(10h);
        QCOMPARE(rig.holder.held().size(), 3); // waits as long as it takes
        rig.backend.works.clear();
        rig.clock.advance(SessionHolder::QuietFor + 2s);
        QVERIFY(rig.holder.isEmpty());
    }

    void aTurnThatBeginsWhileItIsAskedKeepsIt()
    {
        Rig rig;
        rig.holder.hold(OnServer, config());
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.backend.autoAnswer = false;
        rig.clock.advance(SessionHolder::QuietFor + 2s);
        QCOMPARE(rig.backend.count(QStringLiteral("sessionWork")), 2); // the first when attached
        rig.clock.advance(10ms);
        rig.backend.emitEvent(Id, TurnStarted{});
        QVERIFY(rig.backend.succeed(QStringLiteral("sessionWork")));
        QCOMPARE(rig.state(), State::Attached);
    }

    void knowsOfATurnThatBeganBeforeIt()
    {
        Rig rig;
        rig.backend.works[Id].turn = true;
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.hold(OnServer, config());
        QVERIFY(rig.holder.held().constFirst().working);
        rig.backend.emitEvent(Id, SessionIdle{});
        QVERIFY(!rig.holder.held().constFirst().working);
        rig.backend.emitEvent(Id, TurnStarted{});
        QVERIFY(rig.holder.held().constFirst().working);
    }

    void aServerThatCannotTellIsGivenAsLongAsParkingTakes()
    {
        Rig rig;
        rig.backend.works[Id].known = false;
        rig.holder.hold(OnServer, config());
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.clock.advance(29min);
        QCOMPARE(rig.holder.held().size(), 1);
        rig.clock.advance(5min);
        QVERIFY(rig.holder.isEmpty());
    }

    void idleItDoesNothingAtAll()
    {
        Rig rig;
        SessionKeeping keeping;
        rig.holder.setKeeping(OnServer, keeping, IdleLimit::never(IdleLimit::Origin::OwnFlag), {});
        rig.holder.setAlone(false);
        rig.holder.setBackend(OnServer, &rig.backend);
        rig.holder.hold(OnServer, config());
        rig.clock.advance(SessionHolder::Patience); // the one timer of a new connection
        QCOMPARE(rig.clock.liveTimers(), 0);
    }
};

QTEST_GUILESS_MAIN(TstSessionHolder)
#include "tst_sessionholder.moc"
