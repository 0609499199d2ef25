// SPDX-License-Identifier: MIT
#include "session/turnwatch.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

const QString S = QStringLiteral("s1");

struct Rig
{
    FakeClock clock;
    FakeBackend backend;
    TurnWatch::Load load = TurnWatch::Load::Idle;
    QList<SessionActivity> answers;
    int silences = 0;
    std::unique_ptr<TurnWatch> watch;

    Rig()
    {
        TurnWatch::Host host;
        host.load = [this](const QString &) { return load; };
        host.answered = [this](const QString &, const SessionActivity &said) { answers << said; };
        host.silenceChanged = [this](const QString &) { ++silences; };
        watch = std::make_unique<TurnWatch>(backend, clock, std::move(host));
    }
    void begin(TurnWatch::Load now = TurnWatch::Load::Working)
    {
        load = now;
        watch->update(S);
    }
    int asked() const { return backend.count(QStringLiteral("sessionActivity")); }
    bool answer(SessionActivity said)
    {
        backend.activities[S] = said;
        return backend.succeed(QStringLiteral("sessionActivity"));
    }
    bool timeOut()
    {
        return backend.fail(QStringLiteral("sessionActivity"), {ErrorCode::Timeout, {}, {}});
    }
};

} // namespace

class TstTurnWatch : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void idleCostsNothing()
    {
        Rig rig;
        rig.watch->watch(S, false);
        QCOMPARE(rig.clock.liveTimers(), 0);
        for (int i = 0; i < 100; ++i)
            rig.watch->noteEvent(S);
        QCOMPARE(rig.clock.liveTimers(), 0);
        rig.clock.advance(24h);
        QCOMPARE(rig.asked(), 0);
    }

    void quietTurnIsAskedAbout()
    {
        Rig rig;
        rig.watch->watch(S, false);
        rig.begin();
        rig.watch->noteEvent(S);
        rig.clock.advance(TurnWatch::QuietBeforeAsking - 1ms);
        QCOMPARE(rig.asked(), 0);
        rig.clock.advance(1ms);
        QCOMPARE(rig.asked(), 1);
        QVERIFY(rig.answer({true, true, true, false}));
        QCOMPARE(rig.answers.size(), 1);
        QVERIFY(rig.answers[0].turn);
        QCOMPARE(rig.watch->evidence(S).unanswered, 0);
        QVERIFY(rig.watch->evidence(S).answeredAfter.has_value());
    }

    void eventsPutItOff()
    {
        Rig rig;
        rig.watch->watch(S, false);
        rig.begin();
        for (int i = 0; i < 600; ++i) { // ten minutes of streaming
            rig.clock.advance(1s);
            rig.watch->noteEvent(S);
        }
        QCOMPARE(rig.asked(), 0);
        QCOMPARE(rig.clock.liveTimers(), 1);
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.asked(), 1);
    }

    void pausesGrow()
    {
        Rig rig;
        rig.backend.autoAnswer = true;
        rig.backend.activities[S] = {true, true, true, false};
        rig.watch->watch(S, false);
        rig.begin();
        rig.clock.advance(1h);
        // 10, 20, 40 s, then every minute.
        QVERIFY2(rig.asked() >= 58 && rig.asked() <= 64, qPrintable(QString::number(rig.asked())));
        // An event makes it 10 s again.
        rig.watch->noteEvent(S);
        const int before = rig.asked();
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.asked(), before + 1);
    }

    void waitingIsAskedSeldom()
    {
        Rig rig;
        rig.backend.autoAnswer = true;
        rig.backend.activities[S] = {true, true, true, false};
        rig.watch->watch(S, false);
        rig.begin(TurnWatch::Load::Waiting);
        rig.clock.advance(10h);
        QVERIFY2(rig.asked() > 50 && rig.asked() < 75, qPrintable(QString::number(rig.asked())));
    }

    void endIsConfirmedOnce()
    {
        Rig rig;
        rig.backend.autoAnswer = true;
        rig.backend.activities[S] = {true, false, true, false};
        rig.watch->watch(S, false);
        rig.begin();
        rig.begin(TurnWatch::Load::Idle);
        rig.clock.advance(TurnWatch::ConfirmAfter);
        QCOMPARE(rig.asked(), 1);
        QCOMPARE(rig.answers.size(), 1);
        rig.clock.advance(24h);
        QCOMPARE(rig.asked(), 1);
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void attachIsConfirmedWhereWished()
    {
        Rig rig;
        rig.watch->watch(S, true);
        rig.clock.advance(TurnWatch::ConfirmAfter);
        QCOMPARE(rig.asked(), 1);
    }

    void noAnswerIsSilence()
    {
        Rig rig;
        rig.watch->watch(S, false);
        rig.begin();
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QVERIFY(!rig.watch->isSilent(S)); // asked is not yet unanswered
        QVERIFY(rig.timeOut());
        QVERIFY(rig.watch->isSilent(S));
        QCOMPARE(rig.silences, 1);
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QVERIFY(rig.timeOut());
        QCOMPARE(rig.watch->evidence(S).unanswered, 2);
        QCOMPARE(rig.silences, 1); // said once
        rig.watch->noteEvent(S);
        QVERIFY(!rig.watch->isSilent(S));
        QCOMPARE(rig.silences, 2);
    }

    void anAnswerEndsSilence()
    {
        Rig rig;
        rig.watch->watch(S, false);
        rig.begin();
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QVERIFY(rig.timeOut());
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QVERIFY(rig.answer({true, true, true, false}));
        QVERIFY(!rig.watch->isSilent(S));
        QCOMPARE(rig.silences, 2);
        QCOMPARE(rig.answers.size(), 1);
    }

    //! The keepalive probe watches the server for those that do nothing.
    void idleIsNeverSilent()
    {
        Rig rig;
        rig.watch->watch(S, true);
        rig.clock.advance(TurnWatch::ConfirmAfter);
        QVERIFY(rig.timeOut());
        QVERIFY(!rig.watch->isSilent(S));
        QCOMPARE(rig.silences, 0);
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void anAnswerThatEventsHaveOvertakenSaysNothing()
    {
        Rig rig;
        rig.watch->watch(S, false);
        rig.begin();
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        rig.watch->noteEvent(S);
        QVERIFY(rig.answer({true, false, true, false}));
        QCOMPARE(rig.answers.size(), 0);
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.asked(), 2); // asked again when it is quiet again
    }

    void answersForTheForgottenAreVoid()
    {
        Rig rig;
        rig.watch->watch(S, false);
        rig.begin();
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        rig.watch->forget(S);
        QVERIFY(rig.answer({true, true, true, false}));
        QCOMPARE(rig.answers.size(), 0);
        QCOMPARE(rig.clock.liveTimers(), 0);

        rig.watch->watch(S, false); // again under the same id, with a question of before under way
        rig.begin(TurnWatch::Load::Idle);
        rig.begin();
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        rig.watch.reset();
        QCOMPARE(rig.clock.liveTimers(), 0);
        rig.backend.succeedAll(); // nobody is there any more
    }

    void aServerThatCannotTell()
    {
        Rig rig;
        rig.watch->watch(S, false);
        rig.begin();
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QVERIFY(rig.backend.fail(QStringLiteral("sessionActivity"),
                                 {ErrorCode::RemoteError, QStringLiteral("busy"), {}}));
        QVERIFY(!rig.watch->isSilent(S)); // it did answer
        QCOMPARE(rig.answers.size(), 1);
        QVERIFY(!rig.answers[0].turnKnown);
    }
};

QTEST_GUILESS_MAIN(TstTurnWatch)
#include "tst_turnwatch.moc"
