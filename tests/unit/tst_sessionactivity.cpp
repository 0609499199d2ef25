// SPDX-License-Identifier: MIT
// What a session does by the server's word, and how it is explained.
#include "base/random.h"
#include "session/explanation.h"
#include "session/sessionmanager.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QCoreApplication>
#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

using Cause = Explanation::Cause;
using Action = Explanation::Action;
using Doing = Explanation::Activity;

namespace {

const QString S = QStringLiteral("s1");
const QString Ask = QStringLiteral("sessionActivity");
constexpr SessionActivity Busy{true, true, true, false};
constexpr SessionActivity Quiet{true, false, true, false};
constexpr SessionActivity InBackground{true, false, true, true};
constexpr SessionActivity CannotTell{false, false, true, false};

QString str(const char *text)
{
    return QString::fromLatin1(text);
}

ToolRequest toolRequest(const char *id, const char *name)
{
    ToolRequest request;
    request.toolCallId = str(id);
    request.name = str(name);
    return request;
}

struct Rig
{
    FakeClock clock;
    SeededRandom random{1};
    FakeBackend backend;
    std::unique_ptr<SessionManager> manager;
    Session *session = nullptr;

    Rig()
    {
        manager = std::make_unique<SessionManager>(nullptr, clock, random);
        LinkFacts link;
        link.state = LinkFacts::State::Online;
        manager->setLink(SessionManager::defaultBackendId(), link);
        SessionConfig config;
        config.id = S;
        session = manager->create(config);
        backend.autoAnswer = true;
        manager->setBackend(&backend);
        QCOMPARE(session->state(), Session::State::Attached);
    }
    ~Rig()
    {
        manager.reset();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    //! An event as it happens now.
    AgentEvent made(EventData data, const QString &agentId = {}) const
    {
        AgentEvent event = FakeBackend::event(std::move(data), agentId);
        event.meta.time = clock.wallNow();
        return event;
    }
    AgentEvent play(EventData data, const QString &agentId = {})
    {
        const AgentEvent event = made(std::move(data), agentId);
        Q_EMIT backend.sessionEvent(S, event);
        return event;
    }
    void begin(const char *text = "do it")
    {
        history << play(UserMessage{str("u1"), str(text), UserMessage::Delivery::Idle, {}});
        history << play(TurnStarted{str("0")});
        backend.activities[S] = Busy;
    }
    //! What the server has, and we have not heard.
    void missed(EventData data) { history << made(std::move(data)); }
    void end()
    {
        history << play(TurnEnded{str("0")});
        play(AssistantIdle{});
        play(SessionIdle{});
        backend.activities[S] = Quiet;
    }
    Explanation why() const { return manager->explanation(S); }
    int asked() const { return backend.count(Ask); }

    QList<AgentEvent> history;
};

} // namespace

class TstSessionActivity : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    // ---- the truth

    void aMissedEndIsFound()
    {
        Rig rig;
        rig.begin();
        rig.play(MessageStarted{str("a1")});
        rig.play(MessageDelta{str("a1"), str("The ans")});
        QCOMPARE(rig.session->activity(), Activity::Working);
        rig.missed(MessageCompleted{str("a1"), str("0"), str("The answer is 42."), {}, {}});
        rig.missed(TurnEnded{str("0")});
        rig.backend.histories[S] = rig.history;
        rig.backend.activities[S] = Quiet;
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.session->activity(), Activity::Idle);
        const auto &rows = rig.session->transcript().items();
        const auto *answer = std::get_if<AssistantItem>(&rows.back().data);
        QVERIFY(answer);
        QCOMPARE(answer->text, str("The answer is 42.")); // not the part that had arrived
        QVERIFY(!answer->streaming && !answer->interrupted);
        QCOMPARE(rig.why().cause, Cause::Idle);
        rig.clock.advance(1h);
        QCOMPARE(rig.session->activity(), Activity::Idle);
        QVERIFY(rig.asked() <= 2); // and, once, whether that was the end
    }

    //! The server's history knows no end either: its word is enough.
    void aTurnThatTheHistoryLeavesOpenIsEnded()
    {
        Rig rig;
        rig.begin();
        rig.history << rig.play(ToolStarted{toolRequest("t1", "bash")});
        rig.backend.histories[S] = rig.history;
        rig.backend.activities[S] = Quiet;
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.session->activity(), Activity::Idle);
        const auto &rows = rig.session->transcript().items();
        QCOMPARE(std::get<ToolItem>(rows[rows.size() - 2].data).state, ToolItem::State::Cancelled);
        const auto &notice = std::get<NoticeItem>(rows.back().data); // and it can be continued
        QVERIFY(notice.kind == NoticeItem::Kind::Interrupted && notice.resumable);
    }

    void whatWaitedGoesOutThen()
    {
        Rig rig;
        rig.begin();
        rig.manager->send(S, {str("next"), Delivery::Enqueue, {}, {}});
        QCOMPARE(rig.session->queue().size(), 1);
        rig.missed(TurnEnded{str("0")});
        rig.backend.histories[S] = rig.history;
        rig.backend.activities[S] = Quiet;
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.session->queue().size(), 0);
        QCOMPARE(rig.backend.last(str("send"))->prompt.text, str("next"));
    }

    //! No false end: an event arrives while the history is being read.
    void aTurnThatGoesOnMeanwhileIsLetBe()
    {
        Rig rig;
        rig.begin();
        rig.backend.autoAnswer = false;
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        rig.backend.activities[S] = Quiet;
        QVERIFY(rig.backend.succeed(Ask));
        rig.play(MessageStarted{str("a1")});
        QVERIFY(rig.backend.succeed(str("readHistory")));
        QCOMPARE(rig.session->activity(), Activity::Working);
    }

    void theConnectionEndsMeanwhile()
    {
        Rig rig;
        rig.begin();
        rig.backend.autoAnswer = false;
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        rig.backend.activities[S] = Quiet;
        QVERIFY(rig.backend.succeed(Ask));
        rig.manager->setBackend(nullptr);
        QCOMPARE(rig.session->state(), Session::State::Offline);
        QVERIFY(rig.backend.succeed(str("readHistory"))); // too late
        QCOMPARE(rig.session->state(), Session::State::Offline);
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void anEarlyEndIsUndone()
    {
        Rig rig;
        rig.begin();
        rig.end();
        QCOMPARE(rig.session->activity(), Activity::Idle);
        rig.backend.activities[S] = Busy; // it was no end
        rig.clock.advance(TurnWatch::ConfirmAfter);
        QCOMPARE(rig.session->activity(), Activity::Working);
        rig.backend.activities[S] = Quiet;
        rig.backend.histories[S] = rig.history;
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.session->activity(), Activity::Idle);
    }

    void backgroundShellsKeepItWorking()
    {
        Rig rig;
        rig.begin();
        rig.play(TurnEnded{str("0")});
        rig.play(AssistantIdle{});
        rig.backend.activities[S] = InBackground;
        QCOMPARE(rig.session->activity(), Activity::Idle); // a prompt would be answered at once
        QVERIFY(rig.session->isWorking());
        QCOMPARE(rig.why().cause, Cause::Background);
        rig.clock.advance(1h);
        QVERIFY(rig.session->isWorking());
        rig.backend.activities[S] = Quiet; // and its end is missed
        rig.clock.advance(TurnWatch::LongestPause);
        QVERIFY(!rig.session->isWorking());
        QCOMPARE(rig.backend.count(str("readHistory")), 1); // of the attach
    }

    //! A window that comes to a session in which a shell of before runs on.
    void backgroundWorkIsFoundAfterAnAttach()
    {
        Rig rig;
        rig.begin();
        rig.end();
        rig.backend.histories[S] = rig.history;
        rig.manager->setBackend(nullptr);
        rig.backend.activities[S] = InBackground;
        rig.manager->setBackend(&rig.backend);
        QVERIFY(!rig.session->isWorking());
        rig.clock.advance(TurnWatch::ConfirmAfter);
        QVERIFY(rig.session->isWorking());
    }

    //! A server that cannot tell (1.0.40): events are all there is, heard or in its history.
    void withoutTheCallEventsDecide()
    {
        Rig rig;
        rig.begin();
        rig.backend.activities[S] = CannotTell;
        rig.clock.advance(1h); // no history to be had
        QCOMPARE(rig.session->activity(), Activity::Working);
        rig.backend.histories[S] = rig.history; // which leaves the turn open
        rig.clock.advance(1h);
        QCOMPARE(rig.session->activity(), Activity::Working);
        QCOMPARE(rig.why().activity, Doing::Working); // it answers
        rig.end();
        rig.backend.activities[S] = CannotTell;
        rig.clock.advance(1h);
        QVERIFY(!rig.session->isWorking());
    }

    void withoutTheCallAMissedEndIsInTheHistory()
    {
        Rig rig;
        rig.begin();
        rig.backend.activities[S] = CannotTell;
        rig.missed(
            MessageCompleted{str("a1"), str("0"), str("I look."), {}, {toolRequest("t1", "bash")}});
        rig.missed(ToolCompleted{str("t1"), true, {}, {}, 0, {}, false});
        rig.missed(TurnEnded{str("0")});
        rig.backend.histories[S] = rig.history; // between two steps, which is not the end
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.session->activity(), Activity::Working);
        rig.missed(TurnStarted{str("1")});
        rig.missed(MessageCompleted{str("a2"), str("1"), str("The answer is 42."), {}, {}});
        rig.missed(TurnEnded{str("1")});
        rig.backend.histories[S] = rig.history;
        rig.clock.advance(TurnWatch::LongestPause);
        QVERIFY(!rig.session->isWorking());
        const auto *answer =
            std::get_if<AssistantItem>(&rig.session->transcript().items().back().data);
        QVERIFY(answer);
        QCOMPARE(answer->text, str("The answer is 42."));
        QVERIFY(!answer->interrupted);
    }

    void anAcceptedPromptThatTheServerDroppedComesBack()
    {
        Rig rig;
        rig.backend.activities[S] = Quiet;
        rig.manager->send(S, {str("hello"), Delivery::Enqueue, {}, {}});
        QCOMPARE(rig.why().cause, Cause::Accepted);
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QCOMPARE(rig.session->queue().size(), 1);
        rig.clock.advance(1h);
        QCOMPARE(rig.session->queue().size(), 1); // it waits for the user
        QCOMPARE(rig.backend.count(str("send")), 1);
    }

    void anAnswerGivenElsewhere()
    {
        Rig rig;
        rig.begin();
        PermissionRequested request;
        request.requestId = str("p1");
        rig.history << rig.play(request);
        QCOMPARE(rig.session->activity(), Activity::WaitingForUser);
        rig.clock.advance(2h);
        QCOMPARE(rig.session->activity(), Activity::WaitingForUser);
        rig.missed(PermissionCompleted{str("p1"), PermissionCompleted::Outcome::Approved, {}});
        rig.missed(TurnEnded{str("0")});
        rig.backend.histories[S] = rig.history;
        rig.backend.activities[S] = Quiet;
        rig.clock.advance(TurnWatch::LongestPauseWaiting);
        QCOMPARE(rig.session->activity(), Activity::Idle);
    }

    void idleSessionsHaveNoTimer()
    {
        Rig rig;
        rig.manager->setKeeping(SessionManager::defaultBackendId(), [] {
            SessionKeeping keeping;
            keeping.touch = TouchMode::Off;
            keeping.parkAfter.reset();
            return keeping;
        }());
        rig.begin();
        QCOMPARE(rig.clock.liveTimers(), 1);
        rig.end();
        rig.clock.advance(TurnWatch::ConfirmAfter);
        QCOMPARE(rig.clock.liveTimers(), 0);
        const quint64 made = rig.clock.timersMade();
        rig.clock.advance(24h);
        QCOMPARE(rig.clock.timersMade(), made);
    }

    // ---- the explanation

    void modelRequest()
    {
        Rig rig;
        rig.begin();
        rig.clock.advance(4min);
        const Explanation why = rig.why();
        QCOMPARE(why.cause, Cause::ModelRequest);
        QCOMPARE(why.activity, Doing::Working); // long is not stuck
        QCOMPARE(why.action, Action::Stop);
        QCOMPARE(*why.running, Milliseconds(4min));
        QCOMPARE(*why.lastEvent, Milliseconds(4min));
        QVERIFY(why.asked && *why.asked <= TurnWatch::LongestPause);
        QVERIFY(why.answeredAfter.has_value());
    }

    void tool()
    {
        Rig rig;
        rig.begin();
        PermissionRequested request;
        request.requestId = str("p1");
        request.toolCallId = str("t1");
        rig.play(ToolStarted{toolRequest("t1", "bash")});
        rig.play(request);
        Explanation why = rig.why();
        QCOMPARE(why.cause, Cause::Permission);
        QCOMPARE(why.activity, Doing::Waiting);
        QCOMPARE(why.action, Action::Answer);
        rig.clock.advance(10min); // the user takes their time
        rig.play(PermissionCompleted{str("p1"), PermissionCompleted::Outcome::Approved, {}});
        rig.clock.advance(12min);
        why = rig.why();
        QCOMPARE(why.cause, Cause::Tool);
        QCOMPARE(why.subject, str("bash"));
        QCOMPARE(*why.running, Milliseconds(12min)); // not 22
        QCOMPARE(why.activity, Doing::Working);
        rig.play(ToolCompleted{str("t1"), true, {}, {}, 0, {}, false});
        rig.clock.advance(5s);
        why = rig.why();
        QCOMPARE(why.cause, Cause::ModelRequest);
        QCOMPARE(*why.running, Milliseconds(5s));
    }

    void subagent()
    {
        Rig rig;
        const QString agent = str("agent-1");
        rig.begin();
        rig.play(ToolStarted{toolRequest("t1", "task")});
        rig.play(SubagentStarted{str("t1"), str("Explorer")}, agent);
        rig.clock.advance(1min);
        QCOMPARE(rig.why().cause, Cause::Subagent);
        QCOMPARE(rig.why().subject, str("Explorer"));
        rig.play(ToolStarted{toolRequest("t2", "grep")}, agent);
        QCOMPARE(rig.why().cause, Cause::Subagent); // a tool of its own is its own work
        QCOMPARE(rig.why().subject, str("Explorer"));
        QCOMPARE(*rig.why().running, Milliseconds(1min));
    }

    void answering()
    {
        Rig rig;
        rig.begin();
        rig.play(ReasoningDelta{str("r1"), str("hm")});
        QCOMPARE(rig.why().cause, Cause::Reasoning);
        rig.play(MessageStarted{str("a1")});
        rig.play(MessageDelta{str("a1"), str("So")});
        QCOMPARE(rig.why().cause, Cause::Answering);
    }

    void retrying()
    {
        Rig rig;
        rig.begin();
        for (int i = 0; i < 3; ++i)
            rig.play(TurnRetried{str("0"), str("rate_limit"), 5});
        const Explanation why = rig.why();
        QCOMPARE(why.cause, Cause::Retrying);
        QCOMPARE(why.attempt, 3);
        QCOMPARE(why.attempts, 5);
        QCOMPARE(why.subject, str("rate_limit"));
        rig.play(MessageStarted{str("a1")});
        QCOMPARE(rig.why().cause, Cause::Answering);
    }

    void questionAndPlan()
    {
        Rig rig;
        rig.begin();
        QuestionRequested question;
        question.requestId = str("q1");
        rig.play(question);
        QCOMPARE(rig.why().cause, Cause::Question);
        rig.manager->answerQuestion(S, str("q1"), str("yes"), true);
        QCOMPARE(rig.why().activity, Doing::Working);
        rig.play(QuestionCompleted{str("q1"), str("yes")});
        PlanApprovalRequested plan;
        plan.requestId = str("pl1");
        rig.play(plan);
        QCOMPARE(rig.why().cause, Cause::Plan);
        QCOMPARE(rig.why().action, Action::Answer);
    }

    void silentServer_data()
    {
        QTest::addColumn<bool>("ours");
        QTest::addColumn<int>("action");
        QTest::newRow("ours") << true << int(Action::RestartServer);
        QTest::newRow("of others") << false << int(Action::Reconnect);
    }

    void silentServer()
    {
        QFETCH(bool, ours);
        QFETCH(int, action);
        Rig rig;
        LinkFacts link;
        link.state = LinkFacts::State::Online;
        link.restartable = ours;
        rig.manager->setLink(SessionManager::defaultBackendId(), link);
        rig.begin();
        rig.backend.autoAnswer = false;
        QSignalSpy changed(rig.manager.get(), &SessionManager::sessionChanged);
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QVERIFY(!rig.session->isStuck());
        QVERIFY(rig.backend.fail(Ask, {ErrorCode::Timeout, {}, {}}));
        QVERIFY(rig.session->isStuck());
        QCOMPARE(changed.size(), 1);
        Explanation why = rig.why();
        QCOMPARE(why.cause, Cause::ServerSilent);
        QCOMPARE(why.activity, Doing::Stuck);
        QCOMPARE(int(why.action), action);
        QVERIFY(why.asked && !why.answeredAfter);
        rig.play(MessageStarted{str("a1")});
        QVERIFY(!rig.session->isStuck());
        QCOMPARE(rig.why().cause, Cause::Answering);
        QVERIFY(!rig.why().asked); // the event is the better evidence
    }

    void aLostConnectionIsNotStuckForEver()
    {
        Rig rig;
        rig.begin();
        rig.backend.autoAnswer = false;
        rig.clock.advance(TurnWatch::QuietBeforeAsking);
        QVERIFY(rig.backend.fail(Ask, {ErrorCode::Timeout, {}, {}}));
        QVERIFY(rig.session->isStuck());
        LinkFacts link;
        link.state = LinkFacts::State::Waiting;
        link.retryAt = rig.clock.wallNow().addSecs(5);
        QSignalSpy linked(rig.manager.get(), &SessionManager::linkChanged);
        rig.manager->setLink(SessionManager::defaultBackendId(), link);
        rig.manager->setLink(SessionManager::defaultBackendId(), link);
        QCOMPARE(linked.size(), 1);
        rig.manager->setBackend(nullptr);
        QVERIFY(!rig.session->isStuck());
        Explanation why = rig.why();
        QCOMPARE(why.cause, Cause::ConnectionLost);
        QCOMPARE(why.action, Action::Reconnect);
        QCOMPARE(*why.retryIn, Milliseconds(5s));
        rig.manager->setLink(SessionManager::defaultBackendId(), {});
        QCOMPARE(rig.why().cause, Cause::Disconnected);
        QCOMPARE(rig.why().activity, Doing::Offline);
    }

    void failedTurn_data()
    {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<int>("status");
        QTest::addColumn<bool>("ownProvider");
        QTest::addColumn<int>("cause");
        QTest::addColumn<int>("action");
        const auto row = [](const char *name, const char *kind, int status, bool own, Cause cause,
                            Action action) {
            QTest::newRow(name) << str(kind) << status << own << int(cause) << int(action);
        };
        row("not signed in", "not_signed_in", 0, false, Cause::NotSignedIn, Action::SignIn);
        row("refused", "authentication", 401, false, Cause::NotSignedIn, Action::SignIn);
        row("own key refused", "authentication", 401, true, Cause::KeyRefused, Action::None);
        row("rate limit", "rate_limit", 429, false, Cause::RateLimit, Action::None);
        row("quota", "quota", 402, false, Cause::Quota, Action::None);
        row("other", "query", 500, false, Cause::TurnFailed, Action::OpenLog);
    }

    void failedTurn()
    {
        QFETCH(QString, kind);
        QFETCH(int, status);
        QFETCH(bool, ownProvider);
        ExplanationFacts facts;
        facts.state = Session::State::Attached;
        facts.link.state = LinkFacts::State::Online;
        facts.ownProvider = ownProvider;
        facts.accepted = true; // a refused prompt is never echoed
        NoticeItem failure;
        failure.kind = NoticeItem::Kind::Error;
        failure.detail = kind;
        if (status)
            failure.statusCode = status;
        facts.failure = failure;
        const Explanation why = explain(facts);
        QTEST(int(why.cause), "cause");
        QTEST(int(why.action), "action");
        QCOMPARE(why.activity, Doing::Idle);
    }

    void queuedPromptsAwaitTheSignIn()
    {
        Rig rig;
        rig.manager->setSignedIn(SessionManager::defaultBackendId(), false);
        QCOMPARE(rig.why().cause, Cause::Idle);
        rig.manager->send(S, {str("hello"), Delivery::Enqueue, {}, {}});
        QCOMPARE(rig.why().cause, Cause::NotSignedIn);
        QCOMPARE(rig.why().action, Action::SignIn);
        rig.manager->setSignedIn(SessionManager::defaultBackendId(), true);
        QCOMPARE(rig.why().cause, Cause::Accepted);
    }

    void theLastTurnsFailureStaysUntilTheNext()
    {
        Rig rig;
        rig.begin();
        rig.play(SessionFailed{str("rate_limit"), str("429"), 429});
        rig.end();
        QCOMPARE(rig.why().cause, Cause::RateLimit);
        rig.play(UserMessage{str("u2"), str("again"), UserMessage::Delivery::Idle, {}});
        QCOMPARE(rig.why().cause, Cause::ModelRequest);
    }

    void withoutASession_data()
    {
        QTest::addColumn<int>("state");
        QTest::addColumn<int>("cause");
        using State = Session::State;
        QTest::newRow("attaching") << int(State::Attaching) << int(Cause::Attaching);
        QTest::newRow("lost") << int(State::Lost) << int(Cause::BeingResumed);
        QTest::newRow("failed") << int(State::Failed) << int(Cause::CannotOpen);
        QTest::newRow("parked") << int(State::Parked) << int(Cause::Parked);
        QTest::newRow("offline") << int(State::Offline) << int(Cause::Disconnected);
    }

    void withoutASession()
    {
        QFETCH(int, state);
        ExplanationFacts facts;
        facts.state = static_cast<Session::State>(state);
        QTEST(int(explain(facts).cause), "cause");
    }

    void everyNameIsItsOwn()
    {
        QStringList names;
        for (int i = 0; i <= int(Cause::Parked); ++i)
            names << causeName(static_cast<Cause>(i));
        QVERIFY(!names.contains(QString()));
        QCOMPARE(QSet<QString>(names.cbegin(), names.cend()).size(), names.size());
    }
};

QTEST_GUILESS_MAIN(TstSessionActivity)
#include "tst_sessionactivity.moc"
