// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "session/outbox.h"
#include "session/secretstore.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QCoreApplication>
#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

struct Rig
{
    FakeClock clock;
    SeededRandom random{1};
    std::unique_ptr<SessionStore> store;
    std::unique_ptr<Outbox> outbox;
    std::unique_ptr<SecretStore> secrets = makeMemorySecretStore();
    FakeBackend backend;
    std::unique_ptr<SessionManager> manager;
    QStringList failures;

    explicit Rig(const QString &storePath = {})
    {
        if (!storePath.isEmpty())
            store = std::make_unique<SessionStore>(storePath, clock);
        if (!storePath.isEmpty())
            outbox = std::make_unique<Outbox>(storePath + QStringLiteral(".outbox"), clock);
        manager = std::make_unique<SessionManager>(store.get(), clock, random);
        manager->setOutbox(outbox.get());
        manager->setSecretStore(secrets.get());
        QObject::connect(
            manager.get(), &SessionManager::requestFailed, manager.get(),
            [this](const QString &, const QString &what, const Error &) { failures << what; });
    }
    ~Rig()
    {
        manager.reset();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }

    static SessionConfig config(const QString &id)
    {
        SessionConfig config;
        config.id = id;
        config.model = QStringLiteral("m");
        config.workingDirectory = QStringLiteral("/w");
        return config;
    }
    Session *attached(const QString &id = QStringLiteral("s1"))
    {
        Session *session = manager->create(config(id));
        manager->setBackend(&backend);
        backend.succeedAll();
        return session;
    }
    static Prompt prompt(const char *text)
    {
        return {QString::fromLatin1(text), Delivery::Enqueue, {}, {}};
    }
    QStringList sentTexts() const
    {
        QStringList texts;
        for (const FakeBackend::Call &call : backend.calls()) {
            if (call.method == QLatin1String("send"))
                texts << call.prompt.text;
        }
        return texts;
    }
    void turn(const QString &id, const QString &messageId, const QString &text)
    {
        backend.emitEvent(id, UserMessage{messageId, text, UserMessage::Delivery::Idle, {}});
        backend.emitEvent(id, TurnStarted{QStringLiteral("0")});
    }
    void endTurn(const QString &id, bool aborted = false)
    {
        backend.emitEvent(id, TurnEnded{QStringLiteral("0")});
        backend.emitEvent(id, AssistantIdle{aborted});
        backend.emitEvent(id, SessionIdle{aborted});
    }
};

} // namespace

class TstSessionManager : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    void createsOnTheServerWithAnIdOfOurs()
    {
        Rig rig;
        rig.manager->setBackend(&rig.backend);
        Session *session = rig.manager->create(Rig::config({}));
        QCOMPARE(session->id().size(), 36);
        QCOMPARE(session->state(), Session::State::Attaching);
        QCOMPARE(rig.backend.last(QStringLiteral("createSession"))->config.id, session->id());
        rig.backend.succeedAll();
        QCOMPARE(session->state(), Session::State::Attached);
    }

    void line08_aHolderAttachesWithoutATrace()
    {
        for (const bool silent : {false, true}) {
            Rig rig;
            SessionKeeping keeping;
            keeping.silentAttach = silent;
            rig.manager->setKeeping(SessionManager::defaultBackendId(), keeping);
            StoredSession stored;
            stored.config = Rig::config(QStringLiteral("s1"));
            stored.durable = true;
            rig.manager->restore(stored);
            rig.manager->setBackend(&rig.backend);
            QCOMPARE(rig.backend.count(QStringLiteral("resumeSession")), 1);
            QCOMPARE(rig.backend.last(QStringLiteral("resumeSession"))->options.silent, silent);
        }
    }

    void aListenerMayEndTheConnection()
    {
        for (const Session::State when : {Session::State::Attaching, Session::State::Attached}) {
            Rig rig;
            Session *session = rig.manager->create(Rig::config(QStringLiteral("s1")));
            rig.manager->send(QStringLiteral("s1"), Rig::prompt("kept"));
            connect(rig.manager.get(), &SessionManager::sessionChanged, this,
                    [&](Session *changed) {
                        if (changed->state() == when)
                            rig.manager->setBackend(nullptr);
                    });
            rig.manager->setBackend(&rig.backend);
            rig.backend.succeedAll();
            QCOMPARE(session->state(), Session::State::Offline);
            QCOMPARE(session->queue().size(), 1);
        }
    }

    void neverCreatesOverAHistory()
    {
        Rig rig;
        rig.manager->setBackend(&rig.backend);
        Session *session = rig.manager->create(Rig::config(QStringLiteral("s1")));
        rig.backend.fail(QStringLiteral("createSession"), {ErrorCode::InvalidArgument, {}, {}});
        QCOMPARE(rig.backend.count(QStringLiteral("resumeSession")), 1);
        rig.backend.succeedAll();
        QCOMPARE(session->state(), Session::State::Attached);
    }

    void resumesWhatHasAHistoryAfterAReconnect()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.turn(QStringLiteral("s1"), QStringLiteral("m0"), QStringLiteral("hello"));
        QVERIFY(session->isDurable());
        rig.manager->setBackend(nullptr);
        QCOMPARE(session->state(), Session::State::Offline);
        FakeBackend next;
        rig.manager->setBackend(&next);
        QCOMPARE(next.count(QStringLiteral("resumeSession")), 1);
        QCOMPARE(next.count(QStringLiteral("createSession")), 0);
        QCOMPARE(next.last(QStringLiteral("resumeSession"))->config.model, QStringLiteral("m"));
        next.succeedAll();
        QCOMPARE(session->state(), Session::State::Attached);
        rig.manager->setBackend(nullptr);
    }

    void attachesEightAtATimeVisibleFirst()
    {
        Rig rig;
        for (int i = 0; i < 20; ++i) {
            StoredSession stored;
            stored.config = Rig::config(QStringLiteral("s%1").arg(i));
            stored.durable = true;
            rig.manager->restore(stored);
        }
        rig.manager->setVisible(QStringLiteral("s13"));
        rig.manager->setBackend(&rig.backend);
        QCOMPARE(rig.backend.count(QStringLiteral("resumeSession")), 8);
        QCOMPARE(rig.backend.calls().front().sessionId, QStringLiteral("s13"));
        rig.backend.succeed(QStringLiteral("resumeSession"), QStringLiteral("s13"));
        rig.backend.succeed(QStringLiteral("readHistory"), QStringLiteral("s13"));
        QCOMPARE(rig.backend.count(QStringLiteral("resumeSession")), 9);
        rig.backend.succeedAll();
        for (const auto &session : rig.manager->sessions())
            QCOMPARE(session->state(), Session::State::Attached);
    }

    void oneThatCannotBeResumedHarmsNoOther()
    {
        Rig rig;
        for (const char *id : {"a", "b"}) {
            StoredSession stored;
            stored.config = Rig::config(QString::fromLatin1(id));
            stored.durable = true;
            rig.manager->restore(stored);
        }
        rig.manager->setBackend(&rig.backend);
        rig.backend.fail(QStringLiteral("resumeSession"),
                         {ErrorCode::RemoteError, QStringLiteral("no"), {}}, QStringLiteral("a"));
        rig.backend.succeedAll();
        QCOMPARE(rig.manager->find(QStringLiteral("a"))->state(), Session::State::Failed);
        QCOMPARE(rig.manager->find(QStringLiteral("a"))->error().detail, QStringLiteral("no"));
        QCOMPARE(rig.manager->find(QStringLiteral("b"))->state(), Session::State::Attached);
        rig.manager->retry(QStringLiteral("a"));
        rig.backend.succeedAll();
        QCOMPARE(rig.manager->find(QStringLiteral("a"))->state(), Session::State::Attached);
    }

    void eventsDuringTheHistoryAreNotLostAndNotDoubled()
    {
        Rig rig;
        StoredSession stored;
        stored.config = Rig::config(QStringLiteral("s1"));
        stored.durable = true;
        Session *session = rig.manager->restore(stored);
        const AgentEvent first =
            FakeBackend::event(UserMessage{QStringLiteral("m1"), QStringLiteral("one"), {}, {}});
        const AgentEvent second =
            FakeBackend::event(UserMessage{QStringLiteral("m2"), QStringLiteral("two"), {}, {}});
        rig.backend.histories[QStringLiteral("s1")] = {first, second};
        rig.manager->setBackend(&rig.backend);
        rig.backend.succeed(QStringLiteral("resumeSession"));
        Q_EMIT rig.backend.sessionEvent(QStringLiteral("s1"),
                                        second); // pushed while the history is read
        rig.backend.emitEvent(QStringLiteral("s1"),
                              UserMessage{QStringLiteral("m3"), QStringLiteral("three"), {}, {}});
        rig.backend.succeedAll();
        QStringList texts;
        for (const TranscriptItem &item : session->transcript().items()) {
            if (const auto *user = std::get_if<UserItem>(&item.data))
                texts << user->text;
        }
        QCOMPARE(
            texts,
            QStringList({QStringLiteral("one"), QStringLiteral("two"), QStringLiteral("three")}));
    }

    void promptsWaitForTheServerInOrder()
    {
        Rig rig;
        Session *session = rig.manager->create(Rig::config(QStringLiteral("s1")));
        rig.manager->send(QStringLiteral("s1"), Rig::prompt("one"));
        rig.manager->send(QStringLiteral("s1"), Rig::prompt("two"));
        QCOMPARE(session->queue().size(), 2);
        rig.manager->setBackend(&rig.backend);
        rig.backend.succeedAll();
        QCOMPARE(rig.sentTexts(),
                 QStringList(QStringLiteral("one"))); // the second waits for the turn's end
        rig.turn(QStringLiteral("s1"), rig.backend.lastMessageId(), QStringLiteral("one"));
        rig.endTurn(QStringLiteral("s1"));
        QCOMPARE(rig.sentTexts(), QStringList({QStringLiteral("one"), QStringLiteral("two")}));
        QVERIFY(session->queue().isEmpty());
    }

    void abortKeepsTheQueueAtRest()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.manager->send(QStringLiteral("s1"), Rig::prompt("one"));
        rig.backend.succeedAll();
        rig.turn(QStringLiteral("s1"), rig.backend.lastMessageId(), QStringLiteral("one"));
        rig.manager->send(QStringLiteral("s1"), Rig::prompt("two"));
        QCOMPARE(session->queue().size(), 1);
        rig.manager->abort(QStringLiteral("s1"));
        rig.backend.succeedAll();
        rig.endTurn(QStringLiteral("s1"), true);
        QCOMPARE(session->queue().size(), 1);
        QCOMPARE(rig.sentTexts(), QStringList(QStringLiteral("one")));
        rig.manager->sendQueuedNow(QStringLiteral("s1"), 0);
        QCOMPARE(rig.sentTexts(), QStringList({QStringLiteral("one"), QStringLiteral("two")}));
    }

    void steeringGoesOutAtOnce()
    {
        Rig rig;
        rig.attached();
        rig.manager->send(QStringLiteral("s1"), Rig::prompt("one"));
        rig.backend.succeedAll();
        rig.turn(QStringLiteral("s1"), rig.backend.lastMessageId(), QStringLiteral("one"));
        rig.manager->send(QStringLiteral("s1"), {QStringLiteral("left!"), Delivery::Immediate, {}});
        QCOMPARE(rig.backend.last(QStringLiteral("send"))->prompt.delivery, Delivery::Immediate);
    }

    void aPromptIntoADeadSessionComesBackAndGoesOutOnceAfterTheResume()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.turn(QStringLiteral("s1"), QStringLiteral("m0"), QStringLiteral("old"));
        rig.endTurn(QStringLiteral("s1"));
        rig.manager->send(QStringLiteral("s1"), Rig::prompt("new"));
        rig.backend.fail(QStringLiteral("send"), {ErrorCode::SessionNotFound, {}, {}});
        Q_EMIT rig.backend.sessionLost(QStringLiteral("s1"));
        QCOMPARE(session->state(), Session::State::Attaching);
        QCOMPARE(session->queue().size(), 1);
        rig.backend.succeedAll();
        QCOMPARE(session->state(), Session::State::Attached);
        QCOMPARE(rig.sentTexts(), QStringList({QStringLiteral("new"), QStringLiteral("new")}));
        QVERIFY(session->queue().isEmpty());
        QVERIFY(rig.failures.isEmpty());
    }

    void aFailedPromptRestsInTheQueue()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.manager->send(QStringLiteral("s1"), Rig::prompt("one"));
        rig.backend.fail(QStringLiteral("send"), {ErrorCode::RemoteError, {}, {}});
        QCOMPARE(session->queue().size(), 1);
        QCOMPARE(rig.failures, QStringList(QStringLiteral("send")));
        rig.backend.succeedAll();
        QCOMPARE(rig.sentTexts().size(), 1); // the server would refuse it again: the user decides
    }

    void aSessionThatIsLostAgainAndAgainFails()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.turn(QStringLiteral("s1"), QStringLiteral("m0"), QStringLiteral("old"));
        for (int i = 0; i < 2; ++i) {
            Q_EMIT rig.backend.sessionLost(QStringLiteral("s1"));
            rig.backend.succeedAll();
            QCOMPARE(session->state(), Session::State::Attached);
            rig.clock.advance(5s);
        }
        Q_EMIT rig.backend.sessionLost(QStringLiteral("s1"));
        QCOMPARE(session->state(), Session::State::Failed);
        QCOMPARE(session->error().code, ErrorCode::SessionNotFound);
        rig.manager->retry(QStringLiteral("s1"));
        rig.backend.succeedAll();
        QCOMPARE(session->state(), Session::State::Attached);
    }

    void aSessionLostEveryHourIsResumedForEver()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.turn(QStringLiteral("s1"), QStringLiteral("m0"), QStringLiteral("old"));
        for (int i = 0; i < 10; ++i) {
            rig.clock.advance(1h);
            Q_EMIT rig.backend.sessionLost(QStringLiteral("s1"));
            rig.backend.succeedAll();
            QCOMPARE(session->state(), Session::State::Attached);
        }
    }

    void unreadCountsFinishedMessagesOfOthers()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.backend.emitEvent(
            QStringLiteral("s1"),
            MessageCompleted{QStringLiteral("a"), {}, QStringLiteral("hi"), {}, {}});
        QCOMPARE(session->unread(), 1);
        rig.manager->setVisible(QStringLiteral("s1"));
        QCOMPARE(session->unread(), 0);
        rig.backend.emitEvent(
            QStringLiteral("s1"),
            MessageCompleted{QStringLiteral("b"), {}, QStringLiteral("ho"), {}, {}});
        QCOMPARE(session->unread(), 0);
    }

    void pendingPermissionsComeBackAfterAResume()
    {
        Rig rig;
        PermissionRequested request;
        request.requestId = QStringLiteral("r1");
        request.subject = QStringLiteral("ls");
        rig.backend.pending[QStringLiteral("s1")] = {request};
        Session *session = rig.attached();
        QCOMPARE(session->activity(), Activity::WaitingForUser);
        rig.manager->answerPermission(QStringLiteral("s1"), QStringLiteral("r1"),
                                      PermissionDecision::ApproveOnce);
        QCOMPARE(rig.backend.last(QStringLiteral("answerPermission"))->requestId,
                 QStringLiteral("r1"));
        rig.backend.fail(QStringLiteral("answerPermission"), {ErrorCode::RemoteError, {}, {}});
        QCOMPARE(rig.failures, QStringList(QStringLiteral("answer")));
        QCOMPARE(session->activity(), Activity::WaitingForUser); // the card is answerable again
    }

    void closingWhileAttachingReleasesTheSession()
    {
        Rig rig;
        rig.manager->setBackend(&rig.backend);
        rig.manager->create(Rig::config(QStringLiteral("s1")));
        rig.manager->close(QStringLiteral("s1"));
        QVERIFY(!rig.manager->find(QStringLiteral("s1")));
        rig.backend.succeed(QStringLiteral("createSession"));
        QCOMPARE(rig.backend.count(QStringLiteral("unloadSession")), 1);
    }

    void removeDeletesOnTheServerToo()
    {
        Rig rig;
        rig.attached();
        rig.manager->remove(QStringLiteral("s1"));
        QVERIFY(rig.manager->find(QStringLiteral("s1"))); // until the server has done it
        rig.backend.succeed(QStringLiteral("deleteSession"));
        QVERIFY(!rig.manager->find(QStringLiteral("s1")));
    }

    void everythingSurvivesARestart()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("sessions.json"));
        {
            Rig rig(path);
            rig.manager->load();
            SessionConfig config = Rig::config(QStringLiteral("s1"));
            config.name = QStringLiteral("Refactor");
            config.provider =
                ProviderConfig{QStringLiteral("openai"), QStringLiteral("completions"),
                               QStringLiteral("http://127.0.0.1:1/v1"), Secret("sk-abcdefgh")};
            rig.manager->create(config);
            rig.manager->setDraft(QStringLiteral("s1"), QStringLiteral("half a thought"));
            rig.manager->send(QStringLiteral("s1"), Rig::prompt("queued"));
            QVERIFY(rig.store->flush());
        }
        QFile file(path);
        QVERIFY(file.open(QFile::ReadOnly));
        QVERIFY2(!file.readAll().contains("sk-abcdefgh"), "the key must never be in the file");
        Rig rig(path);
        rig.manager->load();
        Session *session = rig.manager->find(QStringLiteral("s1"));
        QVERIFY(session);
        QCOMPARE(session->displayName(), QStringLiteral("Refactor"));
        QCOMPARE(session->draft(), QStringLiteral("half a thought"));
        QCOMPARE(session->queue().size(), 1);
        QCOMPARE(session->config().provider->baseUrl, QStringLiteral("http://127.0.0.1:1/v1"));
    }

    void attachingMakesNoSessionYounger()
    {
        Rig rig;
        const QDateTime before(QDate(2026, 11, 19), QTime(8, 0), Qt::UTC);
        QMap<QString, Session *> sessions;
        for (const char *id : {"history", "empty"}) {
            StoredSession stored;
            stored.config = Rig::config(QString::fromLatin1(id));
            stored.durable = true;
            stored.lastActivity = before;
            sessions[stored.config.id] = rig.manager->restore(stored);
        }
        Session *session = sessions[QStringLiteral("history")];
        AgentEvent said =
            FakeBackend::event(UserMessage{QStringLiteral("u"), QStringLiteral("x"), {}, {}});
        said.meta.time = before.addSecs(60);
        AgentEvent resumed = FakeBackend::event(SessionResumed{3, false});
        rig.backend.histories[session->id()] = {said, resumed};
        PermissionRequested asked;
        asked.requestId = QStringLiteral("r");
        rig.backend.pending[session->id()] = {asked};
        rig.manager->setBackend(&rig.backend);
        for (const EventData &data :
             {EventData(ModelChanged{QStringLiteral("n")}), EventData(ModeChanged{}),
              EventData(TitleChanged{QStringLiteral("t")}), EventData(SessionIdle{}),
              EventData(ContextUsage{})}) {
            rig.backend.emitEvent(session->id(), data);
            rig.backend.emitEvent(QStringLiteral("empty"), data);
        }
        rig.backend.succeedAll();
        QCOMPARE(session->activity(), Activity::WaitingForUser);
        QCOMPARE(session->lastActivity(), before.addSecs(60));
        QCOMPARE(sessions[QStringLiteral("empty")]->lastActivity(), before);
        // What a resume replays is old, what the agent does now is not.
        Q_EMIT rig.backend.sessionEvent(session->id(), said);
        QCOMPARE(session->lastActivity(), before.addSecs(60));
        AgentEvent now = FakeBackend::event(TurnStarted{QStringLiteral("9")});
        now.meta.time = before.addSecs(600);
        Q_EMIT rig.backend.sessionEvent(session->id(), now);
        QCOMPARE(session->lastActivity(), before.addSecs(600));
    }

    void anotherStoreReplacesTheListAndLeavesTheOldFile()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("sessions.json"));
        Rig rig(path);
        rig.manager->load();
        rig.attached();
        rig.manager->setVisible(QStringLiteral("s1"));
        SessionStore other(folder.filePath(QStringLiteral("other.json")), rig.clock);
        StoredSession stored;
        stored.config = Rig::config(QStringLiteral("o1"));
        other.upsert(stored);
        rig.manager->setBackend(nullptr);
        QSignalSpy removed(rig.manager.get(), &SessionManager::sessionAboutToBeRemoved);
        rig.manager->changeStore(&other);
        QCOMPARE(removed.count(), 1);
        QCOMPARE(rig.manager->sessions().size(), 1U);
        QVERIFY(rig.manager->find(QStringLiteral("o1")));
        QVERIFY(rig.manager->visible().isEmpty());
        rig.manager->setBackend(&rig.backend);
        rig.backend.succeedAll();
        QCOMPARE(rig.backend.count(QStringLiteral("deleteSession")), 0);
        QCOMPARE(rig.backend.count(QStringLiteral("createSession"), QStringLiteral("s1")), 1);
        QCOMPARE(rig.backend.count(QStringLiteral("createSession"), QStringLiteral("o1")), 1);
        rig.manager->setBackend(nullptr);
        rig.manager->changeStore(rig.store.get());
        QVERIFY(rig.manager->find(QStringLiteral("s1")));
        QVERIFY(!rig.manager->find(QStringLiteral("o1")));
        rig.manager->changeStore(nullptr);
    }

    void aDroppedPromptGoesOutAgainWithItsAttachments()
    {
        Rig rig;
        Session *session = rig.attached();
        Prompt prompt = Rig::prompt("look");
        prompt.delivery = Delivery::Immediate;
        Attachment file;
        file.path = QStringLiteral("/w/a.txt");
        prompt.attachments = {file};
        rig.manager->send(QStringLiteral("s1"), Rig::prompt("first"));
        rig.backend.succeedAll();
        rig.turn(QStringLiteral("s1"), rig.backend.lastMessageId(), QStringLiteral("first"));
        rig.backend.histories[QStringLiteral("s1")] = {FakeBackend::event(
            UserMessage{rig.backend.lastMessageId(), QStringLiteral("first"), {}, {}})};
        rig.manager->send(QStringLiteral("s1"), prompt);
        rig.backend.succeedAll();
        const QString lost = rig.backend.lastMessageId();
        rig.manager->sendAgain(QStringLiteral("s1"), lost); // it still waits: nothing happens
        QCOMPARE(rig.sentTexts().size(), 2);
        rig.backend.emitEvent(QStringLiteral("s1"), Aborted{});
        rig.endTurn(QStringLiteral("s1"), true);
        const auto *user = std::get_if<UserItem>(&session->transcript().items().back().data);
        for (const TranscriptItem &item : session->transcript().items()) {
            if (const auto *one = std::get_if<UserItem>(&item.data); one && one->messageId == lost)
                user = one;
        }
        QVERIFY(user && user->dropped);
        rig.manager->sendAgain(QStringLiteral("s1"), lost);
        rig.backend.succeedAll();
        QCOMPARE(rig.sentTexts().size(), 3);
        const Prompt &again = rig.backend.last(QStringLiteral("send"))->prompt;
        QCOMPARE(again.text, QStringLiteral("look"));
        QCOMPARE(again.delivery, Delivery::Enqueue);
        QCOMPARE(again.attachments.size(), 1);
        int rows = 0;
        for (const TranscriptItem &item : session->transcript().items()) {
            const auto *one = std::get_if<UserItem>(&item.data);
            rows += one && one->text == QStringLiteral("look") ? 1 : 0;
        }
        QCOMPARE(rows, 1);
    }
};

QTEST_GUILESS_MAIN(TstSessionManager)
#include "tst_sessionmanager.moc"
