// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "session/outbox.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "session/turnwatch.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QCoreApplication>
#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <tuple>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

using State = OutboxEntry::State;

namespace {

const QString S = u"s1"_s;

Prompt prompt(const QString &text, Delivery delivery = Delivery::Enqueue)
{
    Prompt p;
    p.text = text;
    p.delivery = delivery;
    return p;
}

} // namespace

//! One run of the program on a folder, against a server that has what server.history says.
struct Run
{
    FakeClock &clock;
    SeededRandom random;
    SessionStore store;
    Outbox outbox;
    std::unique_ptr<FakeBackend> backend;
    SessionManager manager;
    QStringList failures;
    std::size_t callsBefore = 0;

    Run(const QString &folder, FakeClock &theClock, quint32 seed = 1)
        : clock(theClock)
        , random(seed)
        , store(folder + u"/sessions.json"_s, clock)
        , outbox(folder + u"/outbox.jsonl"_s, clock)
        , manager(&store, clock, random)
    {
        manager.setOutbox(&outbox);
        QObject::connect(
            &manager, &SessionManager::requestFailed, &manager,
            [this](const QString &, const QString &what, const Error &) { failures << what; });
        manager.load();
    }
    ~Run() { disconnect(); }

    Session &session() const { return *manager.find(S); }
    void connect(const QList<AgentEvent> &history = {})
    {
        if (!backend)
            backend = std::make_unique<FakeBackend>();
        callsBefore = backend->calls().size();
        backend->histories[S] = history;
        if (!manager.find(S)) {
            SessionConfig config;
            config.id = S;
            manager.create(config);
        }
        manager.setBackend(backend.get());
        const QStringList attaching{u"createSession"_s, u"resumeSession"_s, u"readHistory"_s,
                                    u"pendingRequests"_s};
        while (std::any_of(attaching.cbegin(), attaching.cend(),
                           [this](const QString &method) { return backend->succeed(method); })) { }
    }
    //! A little later the server is asked what it does, and what became of the prompts.
    void decide()
    {
        clock.advance(TurnWatch::ConfirmAfter);
        std::ignore = backend->succeed(u"sessionActivity"_s);
        std::ignore = backend->succeed(u"readHistory"_s);
    }
    //! What waits fails as it does when a connection ends.
    void disconnect()
    {
        if (!backend)
            return;
        while (backend->fail({}, {ErrorCode::ConnectionLost, {}, {}})) { }
        manager.setBackend(nullptr);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    void send(const QString &text, Delivery delivery = Delivery::Enqueue)
    {
        manager.send(S, prompt(text, delivery));
    }
    //! The server runs the turn of the latest prompt.
    AgentEvent echo(const QString &text, const QString &messageId)
    {
        AgentEvent event =
            FakeBackend::event(UserMessage{messageId, text, UserMessage::Delivery::Idle, {}});
        event.meta.time = clock.wallNow();
        Q_EMIT backend->sessionEvent(S, event);
        return event;
    }
    //! Of a server that lives, and is heard.
    void passes(Milliseconds time)
    {
        clock.advance(1'100ms);
        Q_EMIT backend->activity();
        clock.advance(time - 1'100ms);
    }
    void idle()
    {
        backend->emitEvent(S, AssistantIdle{});
        backend->emitEvent(S, SessionIdle{});
    }
    //! Since the connection began.
    QStringList sent() const
    {
        QStringList texts;
        for (std::size_t i = callsBefore; i < backend->calls().size(); ++i) {
            if (const FakeBackend::Call &call = backend->calls()[i]; call.method == u"send")
                texts << call.prompt.text;
        }
        return texts;
    }
    QList<State> states() const
    {
        QList<State> all;
        for (const OutboxEntry &entry : outbox.entries())
            all << entry.state;
        return all;
    }
    //! The user's words in the transcript; "?" before those that are on their way.
    QStringList rows() const
    {
        QStringList texts;
        for (const TranscriptItem &item : session().transcript().items()) {
            if (const auto *user = std::get_if<UserItem>(&item.data))
                texts << (user->pending ? u"?"_s : QString()) + user->text;
        }
        return texts;
    }
};

class TstSessionOutbox : public QObject
{
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<FakeClock> m_clock;

    AgentEvent message(const QString &text, const QString &messageId)
    {
        AgentEvent event =
            FakeBackend::event(UserMessage{messageId, text, UserMessage::Delivery::Idle, {}});
        event.meta.time = m_clock->wallNow();
        return event;
    }

private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s); }
    void aClockThatIsSetSendsNothingTwice_data()
    {
        QTest::addColumn<int>("hours");
        QTest::newRow("forward") << 1;
        QTest::newRow("back") << -1;
        QTest::newRow("back by a day") << -24;
    }
    void aClockThatIsSetSendsNothingTwice()
    {
        QFETCH(int, hours);
        QTemporaryDir folder;
        FakeClock clock;
        Run run(folder.path(), clock);
        run.connect();
        run.send(u"one"_s); // the server takes it; we do not hear of it
        clock.jumpWall(std::chrono::hours(hours));
        AgentEvent event =
            FakeBackend::event(UserMessage{u"m1"_s, u"one"_s, UserMessage::Delivery::Idle, {}});
        event.meta.time = clock.wallNow();
        run.disconnect();
        run.connect({event});
        QVERIFY(run.sent().isEmpty());
        QCOMPARE(run.rows(), QStringList(u"one"_s));
        run.passes(2s);
        QVERIFY(run.outbox.entries().isEmpty());
    }

    void anOlderMessageWithTheSameWordsIsNotTakenForIt_data()
    {
        aClockThatIsSetSendsNothingTwice_data();
    }
    void anOlderMessageWithTheSameWordsIsNotTakenForIt()
    {
        QFETCH(int, hours);
        QTemporaryDir folder;
        FakeClock clock;
        Run run(folder.path(), clock);
        AgentEvent old =
            FakeBackend::event(UserMessage{u"m1"_s, u"yes"_s, UserMessage::Delivery::Idle, {}});
        old.meta.time = clock.wallNow();
        run.connect({old});
        clock.jumpWall(std::chrono::hours(hours));
        run.send(u"yes"_s); // the server never gets it
        QCOMPARE(run.sent().size(), 1);
        run.disconnect();
        run.connect({old});
        run.decide();
        QCOMPARE(run.sent(), QStringList(u"yes"_s));
    }

    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_clock = std::make_unique<FakeClock>();
    }

    void aPromptStaysUntilItIsSurelyOnTheServersDisk()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QCOMPARE(run.states(), QList{State::Sent}); // before the server can have it
        QVERIFY(run.backend->succeed(u"send"_s));
        QCOMPARE(run.states(), QList{State::Accepted});
        run.echo(u"one"_s, u"m1"_s);
        QCOMPARE(run.states(), QList{State::Accepted}); // echoed is not durable
        run.passes(1'999ms);
        QCOMPARE(run.states(), QList{State::Accepted});
        m_clock->advance(1ms);
        QVERIFY(run.states().isEmpty());
    }

    // A server that froze right after its echo, and was ended so, had written nothing; a second
    // later the prompt was taken for safe, and was lost.
    void theServerMustBeHeardAfterItsEcho_data()
    {
        QTest::addColumn<bool>("goesOn");
        QTest::addRow("it goes on after all") << true;
        QTest::addRow("it is ended") << false;
    }
    void theServerMustBeHeardAfterItsEcho()
    {
        QFETCH(bool, goesOn);
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QVERIFY(run.backend->succeed(u"send"_s));
        run.echo(u"one"_s, u"m1"_s);
        m_clock->advance(100ms);
        Q_EMIT run.backend->activity(); // the last of it
        m_clock->advance(1h);
        QCOMPARE(run.states(), QList{State::Accepted});
        if (goesOn) {
            Q_EMIT run.backend->activity();
            m_clock->advance(2s);
            QVERIFY(run.states().isEmpty());
        } else {
            run.disconnect();
            run.connect();
            run.decide();
            QCOMPARE(run.sent(), QStringList(u"one"_s));
        }
    }

    void whatWaitsIsInTheOutboxToo()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        run.send(u"two"_s);
        run.send(u"three"_s);
        QCOMPARE(run.states(), (QList{State::Sent, State::Queued, State::Queued}));
        run.manager.removeQueued(S, 0);
        QCOMPARE(run.states(), (QList{State::Sent, State::Queued}));
        run.disconnect();
        run.manager.close(S);
        QVERIFY(run.states().isEmpty()); // closing a session is a decision
    }

    void theOrderOfTheQueueSurvives()
    {
        {
            Run run(m_folder->path(), *m_clock);
            run.connect();
            for (const QString &text : {u"first"_s, u"a"_s, u"b"_s, u"c"_s})
                run.send(text);
            run.manager.moveQueued(S, 2, 0);
            run.manager.moveQueued(S, 0, 7); // nowhere
            QVERIFY(run.store.flush());
            run.disconnect();
        }
        const Run run(m_folder->path(), *m_clock);
        QStringList texts;
        for (const Prompt &p : run.session().queue())
            texts << p.text;
        QCOMPARE(texts, (QStringList{u"c"_s, u"a"_s, u"b"_s}));
    }

    void cutOff_data()
    {
        QTest::addColumn<bool>("accepted");
        QTest::addColumn<bool>("echoed");
        QTest::addColumn<bool>("inHistory");
        for (int i = 0; i < 8; ++i) {
            if ((i & 2) && !(i & 1))
                continue; // no echo without acceptance here
            QTest::addRow("accepted %d echoed %d inHistory %d", i & 1, (i & 2) / 2, i / 4)
                << bool(i & 1) << bool(i & 2) << bool(i & 4);
        }
    }

    void cutOff()
    {
        QFETCH(bool, accepted);
        QFETCH(bool, echoed);
        QFETCH(bool, inHistory);
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        run.send(u"later"_s);
        if (accepted)
            QVERIFY(run.backend->succeed(u"send"_s));
        if (echoed) {
            run.echo(u"one"_s, u"m1"_s);
            m_clock->advance(100ms); // not long enough to be on the disk
        }
        run.disconnect();
        QCOMPARE(run.outbox.entries().size(), 2);
        QCOMPARE(run.rows(), QStringList(echoed ? u"one"_s : u"?one"_s)); // never out of sight

        const AgentEvent kept = message(u"one"_s, accepted ? u"m1"_s : u"unheard"_s);
        run.connect(inHistory ? QList{kept} : QList<AgentEvent>());
        if (!inHistory) {
            QCOMPARE(run.sent(), QStringList()); // it may yet arrive
            run.decide();
        }
        // In order, and each exactly once.
        const QString next = inHistory ? u"later"_s : u"one"_s;
        QCOMPARE(run.sent(), QStringList(next));
        QVERIFY(run.backend->succeed(u"send"_s));
        QCOMPARE(run.rows(),
                 inHistory ? (QStringList{u"one"_s, u"?later"_s}) : QStringList(u"?one"_s));
        run.echo(next, run.backend->lastMessageId());
        run.idle();
        if (!inHistory) {
            QCOMPARE(run.sent(), (QStringList{u"one"_s, u"later"_s}));
            QVERIFY(run.backend->succeed(u"send"_s));
            run.echo(u"later"_s, run.backend->lastMessageId());
            run.idle();
        }
        run.passes(2s);
        QVERIFY(run.states().isEmpty());
        QCOMPARE(run.rows(), (QStringList{u"one"_s, u"later"_s}));
        QVERIFY(run.failures.isEmpty()); // nobody need be told
    }

    void aStreamThatBreaksIsNoRefusal_data()
    {
        QTest::addColumn<ErrorCode>("code");
        for (const ErrorCode code :
             {ErrorCode::ConnectionClosed, ErrorCode::Cancelled, ErrorCode::ProtocolViolation,
              ErrorCode::InvalidJson, ErrorCode::FrameTooLarge, ErrorCode::ServerExited,
              ErrorCode::ConnectionExpired, ErrorCode::Internal})
            QTest::addRow("%d", static_cast<int>(code)) << code;
    }

    // Garbage on the line ended the connection, and the prompt, which the server had taken, was
    // sent again without a look at the history.
    void aStreamThatBreaksIsNoRefusal()
    {
        QFETCH(ErrorCode, code);
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QVERIFY(run.backend->fail(u"send"_s, {code, {}, {}}));
        QVERIFY(run.session().queue().isEmpty());
        QCOMPARE(run.rows(), QStringList(u"?one"_s));
        run.disconnect();
        run.connect({message(u"one"_s, u"unheard"_s)});
        QCOMPARE(run.sent(), QStringList());
        QCOMPARE(run.rows(), QStringList(u"one"_s));
        QVERIFY(run.failures.isEmpty());
    }

    // Bytes that a cut connection had delivered: the server took 230 ms to get to them, the new
    // connection saw a history without the prompt, sent it again, and it ran twice.
    void whatArrivesAfterTheCutIsNotSentAgain()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        run.disconnect();
        run.connect();
        QCOMPARE(run.rows(), QStringList(u"?one"_s));
        run.send(u"two"_s);
        QCOMPARE(run.sent(), QStringList()); // in order
        const AgentEvent late = run.echo(u"one"_s, u"m1"_s);
        QCOMPARE(run.rows(), QStringList(u"one"_s)); // never shown twice
        run.backend->emitEvent(S, TurnStarted{});
        run.backend->emitEvent(S, TurnEnded{});
        run.idle();
        run.backend->histories[S] = {late};
        run.decide();
        QCOMPARE(run.sent(), QStringList(u"two"_s));
        QCOMPARE(run.rows(), QStringList(u"one"_s));
    }

    // Taken up in the middle of a stop: it looked as if the server had dropped it.
    void sendAgainAsksTheServerFirst_data()
    {
        QTest::addColumn<bool>("arrived");
        QTest::addRow("it had run") << true;
        QTest::addRow("it was dropped") << false;
    }
    void sendAgainAsksTheServerFirst()
    {
        QFETCH(bool, arrived);
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QVERIFY(run.backend->succeed(u"send"_s));
        run.backend->emitEvent(S, Aborted{});
        run.backend->emitEvent(S, SessionIdle{true});
        QCOMPARE(run.sent().size(), 1);
        if (arrived)
            run.backend->histories[S] = {message(u"one"_s, run.backend->lastMessageId())};
        run.manager.sendAgain(S, run.backend->lastMessageId());
        run.manager.sendAgain(S, run.backend->lastMessageId()); // and again
        QCOMPARE(run.sent().size(), 1);
        QVERIFY(run.backend->succeed(u"sessionActivity"_s));
        QVERIFY(run.backend->succeed(u"readHistory"_s));
        QCOMPARE(run.sent().size(), arrived ? 1 : 2);
    }

    // What was to steer a turn comes into the history with the turn's next step. After a cut in
    // between it was taken for lost, was sent again, and ran twice.
    void whatMayWaitBehindATurnIsDecidedAtItsEnd_data()
    {
        QTest::addColumn<bool>("arrived");
        QTest::addColumn<bool>("told"); // by the server, whether it works
        QTest::addRow("it was taken up") << true << true;
        QTest::addRow("it was lost") << false << true;
        QTest::addRow("it was taken up by an old server") << true << false;
        QTest::addRow("an old server lost it") << false << false;
    }
    void whatMayWaitBehindATurnIsDecidedAtItsEnd()
    {
        QFETCH(bool, arrived);
        QFETCH(bool, told);
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QVERIFY(run.backend->succeed(u"send"_s));
        QList<AgentEvent> history{run.echo(u"one"_s, run.backend->lastMessageId()),
                                  FakeBackend::event(TurnStarted{})};
        run.backend->emitEvent(S, TurnStarted{});
        run.passes(2s);
        run.send(u"steer"_s, Delivery::Immediate); // no answer
        run.disconnect();
        run.connect(history);
        std::ignore = run.backend->succeed(u"readEventLog"_s);
        std::ignore = run.backend->succeed(u"pendingRequests"_s);
        QCOMPARE(run.session().state(), Session::State::Attached);
        QCOMPARE(run.session().activity(), Activity::Working);
        QCOMPARE(run.rows(), (QStringList{u"one"_s, u"?steer"_s}));
        QVERIFY(run.session().queue().isEmpty());

        if (arrived)
            history << run.echo(u"steer"_s, u"by the server"_s);
        history << FakeBackend::event(TurnEnded{});
        run.backend->emitEvent(S, TurnEnded{});
        run.idle();
        run.backend->histories[S] = history;
        run.backend->activities[S] = {told, false, told, false};
        m_clock->advance(5s);
        QVERIFY(run.backend->succeed(u"sessionActivity"_s));
        QVERIFY(run.backend->succeed(u"readHistory"_s));
        QCOMPARE(run.sent(), QStringList()); // the turn is over: what becomes of it is asked
        QCOMPARE(run.session().queue().size(), arrived ? 0 : 1);
        QCOMPARE(run.rows(), arrived ? (QStringList{u"one"_s, u"steer"_s}) : QStringList(u"one"_s));
        run.passes(5s);
        QCOMPARE(run.states(), arrived ? QList<State>() : QList<State>{State::Queued});
    }

    // It looked as if the server had dropped it, the user clicked "send again", and it ran twice.
    void whatIsUnknownIsNotSentAgainByHand()
    {
        for (const bool arrived : {false, true}) {
            init();
            Run run(m_folder->path(), *m_clock);
            run.connect();
            run.send(u"one"_s);
            QVERIFY(run.backend->succeed(u"send"_s));
            run.disconnect();
            run.manager.sendAgain(S, u"m1"_s);
            QVERIFY(run.session().queue().isEmpty());
            run.connect(arrived ? QList{message(u"one"_s, u"m1"_s)} : QList<AgentEvent>());
            run.decide();
            QCOMPARE(run.sent(), arrived ? QStringList() : QStringList(u"one"_s));
        }
    }

    // Killed within 100 ms of the echo of its first prompt, a server has no such session any more.
    void aSessionThatTheServerNeverWroteIsMadeAgain()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QVERIFY(run.backend->succeed(u"send"_s));
        run.echo(u"one"_s, u"m1"_s);
        QVERIFY(run.session().isDurable());
        run.disconnect();
        run.manager.setBackend(run.backend.get());
        QVERIFY(run.backend->fail(u"resumeSession"_s, {ErrorCode::SessionNotFound, {}, {}}));
        run.connect();
        QCOMPARE(run.session().state(), Session::State::Attached);
        run.decide();
        QCOMPARE(run.sent(), QStringList(u"one"_s));
    }

    // But not one whose history somebody has deleted.
    void aSessionThatIsGoneStaysGone()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QVERIFY(run.backend->succeed(u"send"_s));
        run.echo(u"one"_s, u"m1"_s);
        run.idle();
        run.passes(2s);
        run.send(u"two"_s);
        run.disconnect();
        run.manager.setBackend(run.backend.get());
        QVERIFY(run.backend->fail(u"resumeSession"_s, {ErrorCode::SessionNotFound, {}, {}}));
        QCOMPARE(run.session().state(), Session::State::Failed);
        QCOMPARE(run.backend->count(u"createSession"_s), 1);
    }

    void serversWithoutIdsAreMatchedByWords()
    {
        Run run(m_folder->path(), *m_clock);
        // The same words earlier prove nothing.
        const AgentEvent old = message(u"go on"_s, {});
        m_clock->advance(1h);
        run.connect({old});
        run.send(u"go on"_s);
        run.disconnect();
        run.connect({old});
        run.decide();
        QCOMPARE(run.sent(), QStringList(u"go on"_s));
        QVERIFY(run.backend->succeed(u"send"_s));
        run.echo(u"go on"_s, {});
        run.disconnect();
        run.connect({old, message(u"go on"_s, {})});
        QVERIFY(run.sent().isEmpty());
        run.passes(2s);
        QVERIFY(run.states().isEmpty());
    }

    void twoOfTheSameWordsAreTwoPrompts()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"again"_s);
        QVERIFY(run.backend->succeed(u"send"_s));
        run.echo(u"again"_s, u"m1"_s);
        run.backend->emitEvent(S, TurnStarted{u"0"_s});
        run.send(u"again"_s, Delivery::Immediate);
        QVERIFY(run.backend->succeed(u"send"_s));
        run.disconnect();
        run.connect({message(u"again"_s, u"m1"_s)});
        run.decide();
        // The second was to steer a turn that has ended: the user's decision.
        QVERIFY(run.sent().isEmpty());
        QCOMPARE(run.session().queue().size(), 1);
        QCOMPARE(run.session().queue()[0].delivery, Delivery::Enqueue);
        QCOMPARE(run.rows(), QStringList(u"again"_s));
    }

    void anotherRunFindsAll()
    {
        {
            Run run(m_folder->path(), *m_clock);
            run.connect();
            run.send(u"one"_s);
            QVERIFY(run.backend->succeed(u"send"_s));
            run.echo(u"one"_s, u"m1"_s);
            run.idle();
            run.passes(5s);
            run.send(u"two"_s);
            run.send(u"three"_s);
            QVERIFY(run.store.flush());
            run.backend.release()->deleteLater(); // killed: nothing is told to anybody
        }
        Run run(m_folder->path(), *m_clock);
        QCOMPARE(run.rows(), QStringList(u"?two"_s)); // before there is a server
        QCOMPARE(run.session().queue().size(), 1);
        run.connect({message(u"one"_s, u"m1"_s), message(u"two"_s, u"m2"_s)});
        QCOMPARE(run.rows(), (QStringList{u"one"_s, u"two"_s}));
        QVERIFY(run.sent().isEmpty()); // what waited rests until the user has seen it
        QCOMPARE(run.session().queue()[0].text, u"three"_s);
        run.manager.sendQueuedNow(S, 0);
        QCOMPARE(run.sent(), QStringList(u"three"_s));
    }

    void whatAnotherRunLostRestsInFront()
    {
        {
            Run run(m_folder->path(), *m_clock);
            run.connect();
            run.send(u"one"_s);
            run.send(u"two"_s);
            QVERIFY(run.store.flush());
            run.backend.release()->deleteLater();
        }
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.decide();
        QVERIFY(run.sent().isEmpty());
        QCOMPARE(run.session().queue().size(), 2);
        QCOMPARE(run.session().queue()[0].text, u"one"_s);
        QVERIFY(run.rows().isEmpty());
    }

    void whatKillsTheServerIsNotSentForEver()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"poison"_s);
        int times = 1;
        for (int i = 0; i < 10; ++i) {
            run.disconnect();
            run.connect();
            run.decide();
            times += static_cast<int>(run.sent().size());
        }
        QCOMPARE(times, 3);
        QCOMPARE(run.session().queue().size(), 1); // and is not lost
    }

    void noAnswerInTime_data()
    {
        QTest::addColumn<bool>("inHistory");
        QTest::newRow("arrived") << true;
        QTest::newRow("not seen") << false;
    }

    void noAnswerInTime()
    {
        QFETCH(bool, inHistory);
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        if (inHistory)
            run.backend->histories[S] = {message(u"one"_s, u"m1"_s)};
        QVERIFY(run.backend->fail(u"send"_s, {ErrorCode::Timeout, {}, {}}));
        QCOMPARE(run.rows(), QStringList(u"?one"_s));
        QCOMPARE(run.failures, QStringList(u"send"_s));
        run.backend->succeedAll();
        QCOMPARE(run.sent().size(), 1); // it may still arrive: the user decides
        QCOMPARE(run.session().queue().size(), inHistory ? 0 : 1);
        run.passes(2s);
        QCOMPARE(run.states().size(), inHistory ? 0 : 1);
    }

    // Neither the prompt's answer nor the history came, and the connection lived on: nobody decided
    // about the prompt until the next attach.
    void noAnswerAndNoHistory()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QVERIFY(run.backend->fail(u"send"_s, {ErrorCode::Timeout, {}, {}}));
        QVERIFY(run.backend->fail(u"readHistory"_s, {ErrorCode::Timeout, {}, {}}));
        QCOMPARE(run.rows(), QStringList(u"?one"_s));
        run.clock.advance(TurnWatch::QuietBeforeAsking); // the connection is bad
        QVERIFY(run.backend->succeed(u"sessionActivity"_s));
        QVERIFY(run.backend->succeed(u"readHistory"_s));
        QCOMPARE(run.sent().size(), 1);
        QCOMPARE(run.session().queue().size(), 1); // for the user's eye
        QCOMPARE(run.rows(), QStringList());
    }

    // One was on its way through a cut, another got no answer after it: the first was forgotten.
    void aLateAnswerLeavesTheFateOfOthersOpen()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        run.disconnect();
        run.connect();
        run.send(u"two"_s, Delivery::Immediate);
        QVERIFY(run.backend->fail(u"send"_s, {ErrorCode::Timeout, {}, {}}));
        QVERIFY(run.backend->succeed(u"readHistory"_s));
        QCOMPARE(run.rows(), QStringList(u"?one"_s));
        run.decide();
        QCOMPARE(run.rows(), QStringList());
    }

    void aLateAnswerDecidesNothingAboutOthers()
    {
        Run run(m_folder->path(), *m_clock);
        run.connect();
        run.send(u"one"_s);
        QVERIFY(run.backend->fail(u"send"_s, {ErrorCode::Timeout, {}, {}}));
        run.send(u"two"_s, Delivery::Immediate); // on its way while the history is read
        QVERIFY(run.backend->succeed(u"readHistory"_s));
        QCOMPARE(run.session().queue().size(), 1);
        QCOMPARE(run.session().queue()[0].text, u"one"_s);
        QVERIFY(run.backend->succeed(u"send"_s));
        QCOMPARE(run.states(), (QList{State::Queued, State::Accepted}));
        QCOMPARE(run.sent(), (QStringList{u"one"_s, u"two"_s}));
    }

    void aQueueOfAnOlderVersionMovesOnce()
    {
        {
            FakeClock &clock = *m_clock;
            SessionStore store(m_folder->filePath(u"sessions.json"_s), clock);
            StoredSession stored;
            stored.config.id = S;
            stored.queue = {prompt(u"a"_s), prompt(u"a"_s), prompt(u"b"_s)};
            store.upsert(stored);
            QVERIFY(store.flush());
        }
        QFile list(m_folder->filePath(u"sessions.json"_s));
        QVERIFY(list.open(QFile::ReadOnly));
        const QByteArray before = list.readAll();
        list.close();
        for (int i = 0; i < 3; ++i) {
            Run run(m_folder->path(), *m_clock);
            QCOMPARE(run.session().queue().size(), 3);
            QCOMPARE(run.outbox.entries().size(), 3);
            QVERIFY(run.store.flush());
            if (i == 0) { // the program ended before the list was written
                QVERIFY(list.open(QFile::WriteOnly));
                list.write(before);
                list.close();
            }
        }
        SessionStore store(m_folder->filePath(u"sessions.json"_s), *m_clock);
        QVERIFY(store.load()[0].queue.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TstSessionOutbox)
#include "tst_sessionoutbox.moc"
