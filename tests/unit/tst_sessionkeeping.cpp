// SPDX-License-Identifier: MIT
// Touches, confirmations and what is known of a session's life: keepalive.md 10, 11, 19 to 21.
#include "base/random.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "session/touchscheduler.h"
#include "session/turnwatch.h"
#include "support/reaperserver.h"

#include <QCoreApplication>
#include <QLoggingCategory>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using Outcome = ProbeResult::Outcome;
using Safety = SessionLife::Safety;

namespace {

const QString Default = SessionManager::defaultBackendId();

QString nameOf(int i)
{
    return QStringLiteral("session-%1").arg(i);
}

struct Rig
{
    FakeClock clock;
    SeededRandom random{7};
    FakeBackend backend;
    SessionManager manager{nullptr, clock, random};
    QList<TouchEvent> events;
    QStringList failures;

    Rig()
    {
        QObject::connect(&manager, &SessionManager::touched, &manager,
                         [this](const TouchEvent &event) { events.append(event); });
        QObject::connect(
            &manager, &SessionManager::requestFailed, &manager,
            [this](const QString &, const QString &what, const Error &) { failures << what; });
    }
    ~Rig()
    {
        manager.setBackend(nullptr);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }

    void keep(std::optional<Milliseconds> limit, bool park = false)
    {
        SessionKeeping keeping = manager.keeping();
        keeping.idleLimit = IdleLimit{limit, IdleLimit::Origin::User};
        if (!park)
            keeping.parkAfter.reset();
        manager.setKeeping(Default, keeping);
    }
    void restore(int count)
    {
        for (int i = 0; i < count; ++i) {
            StoredSession stored;
            stored.config.id = nameOf(i);
            stored.config.model = QStringLiteral("m");
            stored.durable = true;
            manager.restore(stored);
        }
    }
    Session *session(int i = 0) { return manager.find(nameOf(i)); }
    static Prompt prompt(const char *text)
    {
        return {QString::fromLatin1(text), Delivery::Enqueue, {}};
    }
    int count(Outcome outcome) const
    {
        return static_cast<int>(
            std::count_if(events.cbegin(), events.cend(), [&](const TouchEvent &event) {
                return event.result.probe.outcome == outcome;
            }));
    }
};

} // namespace

class TstSessionKeeping : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }
    void cleanup() { QCOMPARE(TouchScheduler::liveSchedulers(), 0); }

    // ---- the promise

    void aDayWithFiftySessions_data()
    {
        QTest::addColumn<int>("limit"); // s
        QTest::addColumn<bool>("lossy");
        QTest::newRow("35 min") << 2100 << false;
        QTest::newRow("300 s") << 300 << false;
        QTest::newRow("35 min, each second touch is lost") << 2100 << true;
        QTest::newRow("300 s, each second touch is lost") << 300 << true;
    }
    void aDayWithFiftySessions()
    {
        QFETCH(int, limit);
        QFETCH(bool, lossy);
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, std::chrono::seconds(limit));
        QHash<QString, int> tries;
        if (lossy) {
            server.fault = [&](const FakeBackend::Call &call) -> std::optional<Error> {
                if (call.method != QLatin1String("touchSession")
                    || ++tries[call.sessionId] % 2 == 0)
                    return std::nullopt;
                return Error{ErrorCode::Timeout, {}, {}};
            };
        }
        rig.keep(std::chrono::seconds(limit));
        rig.restore(50);
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(10h);
        rig.clock.suspend(1h);
        rig.clock.advance(13h);
        QCOMPARE(server.dead, QStringList());
        QCOMPARE(server.loaded(), 50);
        QVERIFY(server.closestTouches >= 1s);
        for (int i = 0; i < 50; ++i)
            QCOMPARE(rig.manager.life(nameOf(i)).deaths, 0U);
        rig.manager.setBackend(nullptr);
    }

    void withoutTouchesTheModelServerKillsThemAll()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 300s);
        rig.keep(300s);
        SessionKeeping keeping = rig.manager.keeping();
        keeping.touch = TouchMode::Off;
        rig.manager.setKeeping(Default, keeping);
        rig.restore(50);
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(601s);
        QCOMPARE(server.dead.size(), 50);
        rig.manager.setBackend(nullptr);
    }

    void asleepWhileARemoteServerIsNot()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 300s);
        server.sleepsAlong = false;
        rig.keep(300s);
        rig.restore(50);
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(3890s); // 10 s before it looks again
        QCOMPARE(server.dead, QStringList());
        rig.clock.suspend(1h);
        rig.clock.advance(300s); // its clock ran on: nobody could have touched them
        const int died = static_cast<int>(server.dead.size());
        QVERIFY(died > 0);
        rig.clock.advance(10min); // found and brought back
        QCOMPARE(server.loaded(), 50);
        for (int i = 0; i < 50; ++i)
            QCOMPARE(rig.session(i)->state(), Session::State::Attached);
        rig.manager.setBackend(nullptr);
    }

    void line11_atMostOneTouchASecondFor200Sessions()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 300s);
        rig.keep(300s);
        rig.restore(200);
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(2h);
        QVERIFY(server.closestTouches >= 1s);
        QCOMPARE(server.dead, QStringList());
        rig.manager.setBackend(nullptr);
    }

    void line11_touchesAreSpread()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 1800s);
        rig.keep(1800s);
        rig.restore(50);
        rig.manager.setBackend(&rig.backend);
        // All were attached at once; in a cycle of 813 s no tenth of it has more than a third.
        QList<qint64> times;
        server.fault = [&](const FakeBackend::Call &call) -> std::optional<Error> {
            if (call.method == QLatin1String("touchSession"))
                times.append(
                    std::chrono::duration_cast<std::chrono::seconds>(rig.clock.now()).count());
            return std::nullopt;
        };
        rig.clock.advance(900s);
        QVERIFY(times.size() >= 50);
        for (const qint64 from : std::as_const(times)) {
            const auto near = std::count_if(times.cbegin(), times.cend(),
                                            [&](qint64 t) { return t >= from && t < from + 81; });
            QVERIFY2(near <= times.size() / 3, qPrintable(QString::number(near)));
        }
        rig.manager.setBackend(nullptr);
    }

    // ---- when nothing is touched

    void line10_neverExpiresMeansNoTouchesAndNoTimer()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, std::nullopt);
        rig.keep(std::nullopt);
        rig.restore(5);
        const int timers = rig.clock.liveTimers();
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(TurnWatch::ConfirmAfter); // each is asked once what it does
        QCOMPARE(rig.clock.liveTimers(), timers);
        rig.clock.advance(48h);
        QCOMPARE(server.touches, 0);
        const SessionLife life = rig.manager.life(nameOf(0));
        QVERIFY(life.limit.neverExpires());
        QVERIFY(!life.expiry && !life.nextTouch);
        QCOMPARE(life.safety, Safety::Protected);
        QCOMPARE(life.method, QStringLiteral("none"));
        rig.manager.setBackend(nullptr);
    }

    void line10_unknownIsTakenFor1800()
    {
        Rig rig;
        const IdleLimit limit = rig.manager.idleLimit();
        QCOMPARE(limit, (IdleLimit{Milliseconds(1800s), IdleLimit::Origin::Assumed}));
    }

    void line02_offTouchesNothingAndOnAlsoWhereNothingExpires()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, std::nullopt);
        rig.keep(std::nullopt);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        SessionKeeping keeping = rig.manager.keeping();
        keeping.touch = TouchMode::On;
        rig.manager.setKeeping(Default, keeping); // without reconnecting
        rig.clock.advance(2h);
        QVERIFY(server.touches >= 7);
        const int before = server.touches;
        keeping.touch = TouchMode::Off;
        rig.manager.setKeeping(Default, keeping);
        rig.clock.advance(24h);
        QCOMPARE(server.touches, before);
        rig.manager.setBackend(nullptr);
    }

    void line05_noTouchLeavesAfterTheBackendHasGone()
    {
        Rig rig;
        rig.keep(300s);
        rig.restore(3);
        rig.manager.setBackend(&rig.backend);
        rig.backend.succeedAll();
        QCOMPARE(TouchScheduler::liveSchedulers(), 1);
        while (rig.backend.count(QStringLiteral("touchSession")) == 0)
            QVERIFY(rig.clock.advanceToNext());
        rig.manager.setBackend(nullptr);
        QCOMPARE(TouchScheduler::liveSchedulers(), 0);
        QCOMPARE(rig.clock.liveTimers(), 0);
        // The one in flight was cancelled, and that was said once.
        QCOMPARE(rig.events.size(), 1);
        QCOMPARE(rig.events.first().result.probe.outcome, Outcome::Cancelled);
        QCOMPARE(rig.events.first().failures, 0);
        rig.backend.succeed(QStringLiteral("touchSession")); // too late
        rig.clock.advance(24h);
        QCOMPARE(rig.events.size(), 1);
        QCOMPARE(rig.backend.count(QStringLiteral("touchSession")), 1);
    }

    void line13_everyAttemptEndsOnce()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 300s);
        rig.keep(300s);
        rig.restore(10);
        SeededRandom chance(3);
        int attempts = 0;
        server.fault = [&](const FakeBackend::Call &call) -> std::optional<Error> {
            if (call.method != QLatin1String("touchSession"))
                return std::nullopt;
            ++attempts;
            switch (chance.next() % 4) {
            case 0:
                return Error{ErrorCode::Timeout, {}, {}};
            case 1:
                return Error{ErrorCode::RemoteError, {}, {}};
            default:
                return std::nullopt;
            }
        };
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(3h);
        rig.manager.setBackend(nullptr);
        QVERIFY(attempts > 500);
        QCOMPARE(rig.events.size(), attempts);
        QCOMPARE(rig.count(Outcome::Ok) + rig.count(Outcome::Timeout) + rig.count(Outcome::RpcError)
                     + rig.count(Outcome::Cancelled),
                 attempts);
    }

    // ---- activity

    void line11_aTurnDefersWhereBusySessionsAreProtected_data()
    {
        QTest::addColumn<bool>("protects");
        QTest::newRow("1.0.40 and later") << true;
        QTest::newRow("0.0.420 and 1.0.6") << false;
    }
    void line11_aTurnDefersWhereBusySessionsAreProtected()
    {
        QFETCH(bool, protects);
        Rig rig;
        rig.backend.rules.protectsBusySessions = protects;
        ReaperServer server(rig.clock, rig.backend, 1800s);
        server.busyIsActive = protects;
        rig.keep(1800s);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        rig.backend.emitEvent(nameOf(0), TurnStarted{QStringLiteral("0")});
        server.busy.insert(nameOf(0));
        QCOMPARE(rig.session()->activity(), Activity::Working);
        rig.clock.advance(6h); // a long turn without a word
        QCOMPARE(server.dead, QStringList());
        if (protects)
            QCOMPARE(server.touches, 0);
        else
            QVERIFY(server.touches >= 20);
        QCOMPARE(rig.manager.life(nameOf(0)).safety, Safety::Protected);
        rig.manager.setBackend(nullptr);
    }

    // Measured on 1.0.40 and 1.0.69: a session died 0.1 s after the end of its turn.
    void line11_theEndOfATurnIsNoActivity_data()
    {
        QTest::addColumn<Milliseconds>("limit");
        QTest::newRow("30 s") << Milliseconds(30s);
        QTest::newRow("250 s") << Milliseconds(250s);
        QTest::newRow("900 s") << Milliseconds(900s);
        QTest::newRow("1800 s") << Milliseconds(1800s);
    }
    void line11_theEndOfATurnIsNoActivity()
    {
        QFETCH(Milliseconds, limit);
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, limit);
        rig.keep(limit);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        for (int turn = 0; turn < 20; ++turn) { // each ends a second before the server looks
            server.busy.insert(nameOf(0));
            rig.backend.emitEvent(nameOf(0), TurnStarted{QStringLiteral("0")});
            for (int second = turn == 0 ? 1 : 0; second < 2 * 300; ++second) {
                rig.clock.advance(1s);
                rig.backend.emitEvent(nameOf(0), MessageDelta{{}, QStringLiteral("x")});
                QCOMPARE(rig.manager.life(nameOf(0)).safety, Safety::Protected);
            }
            server.busy.remove(nameOf(0));
            rig.backend.emitEvent(nameOf(0), SessionIdle{});
            rig.clock.advance(2h);
            QCOMPARE(server.dead, QStringList());
        }
        rig.manager.setBackend(nullptr);
    }

    void line11_aPromptDefersTheTouch()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 1800s);
        rig.keep(1800s);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        for (int i = 0; i < 40; ++i) {
            rig.clock.advance(60s);
            rig.manager.send(nameOf(0), {QStringLiteral("go"), Delivery::Immediate, {}});
        }
        QCOMPARE(server.touches, 0);
        rig.clock.advance(1800s);
        QVERIFY(server.touches > 0);
        rig.manager.setBackend(nullptr);
    }

    // ---- strategies

    void line19_fallsToTheNextStrategyAndStaysThere()
    {
        Rig rig;
        rig.backend.autoAnswer = true;
        int resumes = 0;
        rig.backend.judge = [&](const FakeBackend::Call &call) -> std::optional<Error> {
            if (call.method != QLatin1String("touchSession")
                || call.strategy != TouchStrategy::ResumeSilent)
                return std::nullopt;
            ++resumes;
            return Error{ErrorCode::MethodNotFound, {}, {}};
        };
        rig.keep(300s);
        rig.restore(4);
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(1h);
        QCOMPARE(resumes, 1); // latched for the connection
        QCOMPARE(rig.count(Outcome::Unsupported), 1);
        QVERIFY(rig.count(Outcome::Ok) > 50);
        QCOMPARE(rig.events.last().method(), QStringLiteral("touch:log"));
        // A fresh connection begins with the best again.
        rig.manager.setBackend(nullptr);
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(300s);
        QCOMPARE(resumes, 2);
        rig.manager.setBackend(nullptr);
    }

    void line19_aRefutedStrategyIsNotUsed()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 300s);
        rig.keep(300s);
        rig.restore(2);
        rig.manager.setRefuted(Default, {TouchStrategy::ResumeSilent});
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(1h);
        QVERIFY(!rig.events.isEmpty());
        for (const TouchEvent &event : rig.events)
            QCOMPARE(event.strategy, std::optional(TouchStrategy::LogEphemeral));
        const int before = server.touches;
        rig.manager.setRefuted(Default, {TouchStrategy::ResumeSilent, TouchStrategy::LogEphemeral});
        rig.clock.advance(250s);
        QCOMPARE(server.touches, before);
        QCOMPARE(rig.manager.life(nameOf(0)).safety, Safety::Unverified); // nothing keeps it
        rig.manager.setBackend(nullptr);
    }

    void line08_touchesSendNoPromptAndNothingElse()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 300s);
        rig.keep(300s);
        rig.restore(3);
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(TurnWatch::ConfirmAfter); // each is asked once what it does
        QSet<QString> methods;
        server.fault = [&](const FakeBackend::Call &call) -> std::optional<Error> {
            methods.insert(call.method);
            return std::nullopt;
        };
        rig.clock.advance(6h);
        QCOMPARE(methods, QSet<QString>{QStringLiteral("touchSession")});
        QVERIFY(rig.session()->transcript().items().empty());
        rig.manager.setBackend(nullptr);
    }

    // ---- deaths

    void line21_aSilentDeathIsResumedAtOnceWithoutAGap()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 300s);
        rig.keep(300s);
        const AgentEvent one =
            FakeBackend::event(UserMessage{QStringLiteral("m1"), QStringLiteral("one"), {}, {}});
        const AgentEvent two =
            FakeBackend::event(UserMessage{QStringLiteral("m2"), QStringLiteral("two"), {}, {}});
        rig.backend.histories[nameOf(0)] = {one};
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        rig.backend.histories[nameOf(0)] = {one, two}; // happened before the death, unseen by us
        server.kill(nameOf(0));
        QList<Session::State> states;
        connect(rig.session(), &Session::changed, this, [&] {
            if (states.isEmpty() || states.last() != rig.session()->state())
                states.append(rig.session()->state());
        });
        rig.clock.advance(160s); // the next touch finds it
        QVERIFY(states.contains(Session::State::Lost));
        QCOMPARE(rig.session()->state(), Session::State::Attached);
        QVERIFY(server.isLoaded(nameOf(0)));
        QStringList texts;
        for (const TranscriptItem &item : rig.session()->transcript().items()) {
            if (const auto *user = std::get_if<UserItem>(&item.data))
                texts << user->text;
        }
        QCOMPARE(texts, QStringList({QStringLiteral("one"), QStringLiteral("two")}));
        const SessionLife life = rig.manager.life(nameOf(0));
        QCOMPARE(life.deaths, 1U);
        QCOMPARE(life.revivals, 1U);
        QCOMPARE(life.safety, Safety::Protected);
        rig.manager.setBackend(nullptr);
    }

    void line21_aSecondFailureIsShownWithItsReason()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 300s);
        rig.keep(300s);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        server.kill(nameOf(0));
        server.fault = [](const FakeBackend::Call &call) -> std::optional<Error> {
            if (call.method == QLatin1String("resumeSession"))
                return Error{ErrorCode::RemoteError, QStringLiteral("disk on fire"), {}};
            return std::nullopt;
        };
        rig.clock.advance(160s);
        QCOMPARE(rig.session()->state(), Session::State::Failed);
        QCOMPARE(rig.session()->error().detail, QStringLiteral("disk on fire"));
        QCOMPARE(rig.manager.life(nameOf(0)).safety, Safety::Dead);
        const int before = server.touches;
        rig.clock.advance(1h);
        QCOMPARE(server.touches, before); // nothing to touch any more
        rig.manager.setBackend(nullptr);
    }

    void line10_theLimitIsLearnedFromADeath()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 90s); // shorter than anybody knows
        SessionKeeping keeping;
        keeping.parkAfter.reset();
        rig.manager.setKeeping(Default, keeping);
        rig.restore(3);
        rig.manager.setBackend(&rig.backend);
        QCOMPARE(rig.manager.idleLimit().origin, IdleLimit::Origin::Assumed);
        rig.clock.advance(2h);
        QCOMPARE(rig.manager.idleLimit().origin, IdleLimit::Origin::Learned);
        QVERIFY(*rig.manager.idleLimit().after < 1800s);
        // A server that looks every 300 s and drops after 90 s lets live what is touched often
        // enough; each death taught us more.
        const qsizetype deaths = server.dead.size();
        rig.clock.advance(24h);
        QVERIFY(server.dead.size() - deaths <= 6);
        const qsizetype then = server.dead.size();
        rig.clock.advance(72h);
        QCOMPARE(server.dead.size(), then);
        // Another server under the same name has its own limit.
        rig.manager.setKnownIdleLimit(Default, IdleLimit::never(IdleLimit::Origin::OwnFlag));
        QCOMPARE(rig.manager.idleLimit().origin, IdleLimit::Origin::OwnFlag);
        rig.manager.setBackend(nullptr);
    }

    // ---- before a prompt

    void line21_aPromptIsNeverSentIntoADeadSession()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, std::nullopt);
        rig.keep(std::nullopt);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        rig.clock.advance(10min);
        server.kill(nameOf(0));
        int sends = 0;
        server.fault = [&](const FakeBackend::Call &call) -> std::optional<Error> {
            sends += call.method == QLatin1String("send") ? 1 : 0;
            return std::nullopt;
        };
        rig.manager.send(nameOf(0), Rig::prompt("hello"));
        QCOMPARE(server.promptsToDead, 0);
        QCOMPARE(sends, 1); // once, after the resume
        QVERIFY(server.isLoaded(nameOf(0)));
        QVERIFY(rig.session()->queue().isEmpty());
        QVERIFY(rig.failures.isEmpty());
        QCOMPARE(rig.events.size(), 1);
        QCOMPARE(rig.events.first().trigger, TouchTrigger::Presend);
        QVERIFY(rig.events.first().result.sessionNotFound);
        rig.manager.setBackend(nullptr);
    }

    void line21_confirmedWithinAMinuteNeedsNoQuestion()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, std::nullopt);
        rig.keep(std::nullopt);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        int checks = 0;
        server.fault = [&](const FakeBackend::Call &call) -> std::optional<Error> {
            checks += call.method == QLatin1String("checkSession") ? 1 : 0;
            return std::nullopt;
        };
        rig.clock.advance(60s);
        rig.manager.send(nameOf(0), {QStringLiteral("a"), Delivery::Immediate, {}});
        QCOMPARE(checks, 0);
        rig.clock.advance(61s);
        rig.manager.send(nameOf(0), {QStringLiteral("b"), Delivery::Immediate, {}});
        QCOMPARE(checks, 1);
        rig.clock.suspend(1h); // time asleep counts
        rig.manager.send(nameOf(0), {QStringLiteral("c"), Delivery::Immediate, {}});
        QCOMPARE(checks, 2);
        rig.manager.setBackend(nullptr);
    }

    void line21_aSilentServerLeavesThePromptToTheUser()
    {
        Rig rig;
        rig.keep(std::nullopt);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        rig.backend.succeedAll();
        rig.clock.advance(10min);
        rig.manager.send(nameOf(0), Rig::prompt("hello"));
        QCOMPARE(rig.backend.count(QStringLiteral("send")), 0);
        rig.manager.send(nameOf(0), Rig::prompt("second")); // order is kept meanwhile
        QVERIFY(rig.backend.fail(QStringLiteral("checkSession"), {ErrorCode::Timeout, {}, {}}));
        QCOMPARE(rig.backend.count(QStringLiteral("send")), 0);
        QCOMPARE(rig.failures, QStringList(QStringLiteral("send")));
        QCOMPARE(rig.session()->queue().size(), 2);
        QCOMPARE(rig.session()->queue().first().text, QStringLiteral("hello"));
        rig.manager.sendQueuedNow(nameOf(0), 0);
        QVERIFY(rig.backend.succeed(QStringLiteral("checkSession")));
        QCOMPARE(rig.backend.last(QStringLiteral("send"))->prompt.text, QStringLiteral("hello"));
    }

    void line21_theConnectionsEndDuringTheQuestionKeepsThePrompt()
    {
        Rig rig;
        rig.keep(std::nullopt);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        rig.backend.succeedAll();
        rig.clock.advance(10min);
        rig.manager.send(nameOf(0), Rig::prompt("hello"));
        rig.manager.setBackend(nullptr);
        QCOMPARE(rig.session()->queue().size(), 1);
        FakeBackend next;
        rig.manager.setBackend(&next);
        next.succeedAll();
        QCOMPARE(next.count(QStringLiteral("send")), 1); // offered once, by itself
        QVERIFY(rig.session()->queue().isEmpty());
        rig.manager.setBackend(nullptr);
    }

    void line21_theBudgetIsNotedInTheLog()
    {
        Rig rig;
        rig.keep(std::nullopt);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        rig.backend.succeedAll();
        rig.clock.advance(10min);
        QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.keepalive=true"));
        QTest::ignoreMessage(
            QtDebugMsg,
            QRegularExpression(QStringLiteral(
                "^Session touch backend=default session=session- method=check outcome=ok "
                "ms=1\\.0 failures=0 next=- gen=\\d+ trigger=presend budget=50ms:kept$")));
        rig.manager.send(nameOf(0), Rig::prompt("hello"));
        QVERIFY(rig.backend.succeed(QStringLiteral("checkSession")));
        QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false"));
    }

    // ---- what is shown

    void line20_everySessionSaysHowItIsKnownToLive()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 1800s);
        rig.keep(1800s);
        rig.restore(1);
        QCOMPARE(rig.manager.life(nameOf(0)).safety, Safety::Offline);
        QVERIFY(!rig.manager.life(nameOf(0)).lastConfirmed);
        QCOMPARE(rig.manager.life(QStringLiteral("nobody")).safety, Safety::Offline);
        rig.manager.setBackend(&rig.backend);
        const QDateTime attached = rig.clock.wallNow();
        SessionLife life = rig.manager.life(nameOf(0));
        QCOMPARE(life.lastConfirmed, std::optional(attached));
        QCOMPARE(life.evidence, SessionLife::Evidence::Attached);
        QCOMPARE(life.expiry, std::optional(attached.addSecs(1800)));
        QVERIFY(life.nextTouch && *life.nextTouch < *life.expiry);
        QCOMPARE(life.method, QStringLiteral("touch:resume"));
        QCOMPARE(life.limit.origin, IdleLimit::Origin::User);
        while (server.touches == 0)
            QVERIFY(rig.clock.advanceToNext());
        life = rig.manager.life(nameOf(0));
        QCOMPARE(life.evidence, SessionLife::Evidence::Touch);
        QCOMPARE(life.lastConfirmed, std::optional(rig.clock.wallNow()));
        QCOMPARE(life.expiry, std::optional(rig.clock.wallNow().addSecs(1800)));
        QCOMPARE(life.touches, 1U);
        // A failed touch is not green.
        server.fault = [](const FakeBackend::Call &call) -> std::optional<Error> {
            if (call.method == QLatin1String("touchSession"))
                return Error{ErrorCode::Timeout, {}, {}};
            return std::nullopt;
        };
        const int before = server.touches;
        rig.manager.touchNow(nameOf(0));
        QCOMPARE(server.touches, before); // it was lost on the way
        QCOMPARE(rig.manager.life(nameOf(0)).safety, Safety::AtRisk);
        QCOMPARE(rig.manager.life(nameOf(0)).failures, 1);
        server.fault = {};
        rig.clock.advance(10s); // asked again soon
        QCOMPARE(rig.manager.life(nameOf(0)).safety, Safety::Protected);
        rig.manager.setBackend(nullptr);
    }

    void line20_anEventConfirmsButKeepsOnlyABusySession()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, 1800s);
        rig.keep(1800s);
        rig.restore(1);
        rig.manager.setBackend(&rig.backend);
        const QDateTime attached = rig.clock.wallNow();
        rig.clock.advance(100s);
        rig.backend.emitEvent(nameOf(0), TitleChanged{QStringLiteral("x")});
        const SessionLife life = rig.manager.life(nameOf(0));
        QCOMPARE(life.evidence, SessionLife::Evidence::Event);
        QCOMPARE(life.lastConfirmed, std::optional(attached.addSecs(100)));
        QCOMPARE(life.expiry, std::optional(attached.addSecs(1800)));
        rig.manager.setBackend(nullptr);
    }

    // ---- several backends

    void sessionsOfTwoBackendsAreKeptApart()
    {
        Rig rig;
        FakeBackend other;
        ReaperServer server(rig.clock, rig.backend, 300s);
        ReaperServer otherServer(rig.clock, other, 300s);
        rig.keep(300s);
        SessionKeeping keeping = rig.manager.keeping();
        keeping.idleLimit = IdleLimit{Milliseconds(300s), IdleLimit::Origin::User};
        rig.manager.setKeeping(QStringLiteral("other"), keeping);
        rig.restore(2);
        StoredSession stored;
        stored.config.id = QStringLiteral("elsewhere");
        stored.durable = true;
        stored.backendId = QStringLiteral("other");
        Session *elsewhere = rig.manager.restore(stored);
        QCOMPARE(elsewhere->backendId(), QStringLiteral("other"));
        QCOMPARE(rig.session()->backendId(), QStringLiteral("default"));
        rig.manager.setBackend(&rig.backend);
        QCOMPARE(elsewhere->state(), Session::State::Offline);
        QCOMPARE(server.loaded(), 2);
        rig.manager.setBackend(QStringLiteral("other"), &other);
        QCOMPARE(elsewhere->state(), Session::State::Attached);
        QCOMPARE(otherServer.loaded(), 1);
        QCOMPARE(TouchScheduler::liveSchedulers(), 2);
        rig.manager.setBackend(nullptr); // one goes, the other does not notice
        QCOMPARE(rig.session()->state(), Session::State::Offline);
        QCOMPARE(elsewhere->state(), Session::State::Attached);
        rig.clock.advance(2h);
        QCOMPARE(otherServer.dead, QStringList());
        rig.manager.send(QStringLiteral("elsewhere"), Rig::prompt("x"));
        QCOMPARE(otherServer.promptsToDead, 0);
        rig.manager.setBackend(QStringLiteral("other"), nullptr);
    }

    void checkingAllSessionsReportsOnce()
    {
        Rig rig;
        ReaperServer server(rig.clock, rig.backend, std::nullopt);
        rig.keep(std::nullopt);
        rig.restore(20);
        rig.manager.setBackend(&rig.backend);
        server.kill(nameOf(3));
        server.kill(nameOf(4));
        QList<SessionCheck> sums;
        rig.manager.checkSessions(Default, TouchTrigger::Wake, this,
                                  [&](const SessionCheck &sum) { sums.append(sum); });
        QCOMPARE(sums.size(), 1);
        QCOMPARE(sums.first().checked, 20);
        QCOMPARE(sums.first().alive, 18);
        QCOMPARE(sums.first().lost, 2);
        QCOMPARE(server.loaded(), 20); // brought back
        // Also without a connection, and where it ends meanwhile.
        rig.manager.setBackend(nullptr);
        rig.manager.checkSessions(Default, TouchTrigger::Wake, this,
                                  [&](const SessionCheck &sum) { sums.append(sum); });
        QCOMPARE(sums.size(), 2);
        QCOMPARE(sums.last().checked, 0);
    }

    void aCheckThatTheConnectionDoesNotSurviveIsReportedToo()
    {
        Rig rig;
        rig.keep(300s);
        rig.restore(20);
        rig.manager.setBackend(&rig.backend);
        rig.backend.succeedAll();
        QList<SessionCheck> sums;
        rig.manager.checkSessions(Default, TouchTrigger::Wake, this,
                                  [&](const SessionCheck &sum) { sums.append(sum); });
        QCOMPARE(rig.backend.count(QStringLiteral("touchSession")), 8);
        rig.manager.setBackend(nullptr);
        QCOMPARE(sums.size(), 1);
        QCOMPARE(sums.first().checked, 20);
        QCOMPARE(sums.first().failed, 20);
    }
};

QTEST_GUILESS_MAIN(TstSessionKeeping)
#include "tst_sessionkeeping.moc"
