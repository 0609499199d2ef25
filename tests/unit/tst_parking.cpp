// SPDX-License-Identifier: MIT
// Sessions with nothing to lose are unloaded and come back on use: keepalive.md 22b, 22a (what must
// stay loaded).
#include "base/random.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "support/reaperserver.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using State = Session::State;

namespace {

const QString Id = QStringLiteral("s1");

struct Rig
{
    FakeClock clock;
    SeededRandom random{5};
    FakeBackend backend;
    ReaperServer server{clock, backend, std::nullopt};
    std::unique_ptr<SessionStore> store;
    std::unique_ptr<SessionManager> manager;
    QList<std::pair<QString, Error>> failures;

    explicit Rig(const QString &file = {})
    {
        if (!file.isEmpty())
            store = std::make_unique<SessionStore>(file, clock);
        manager = std::make_unique<SessionManager>(store.get(), clock, random);
        SessionKeeping keeping;
        keeping.idleLimit = IdleLimit::never(IdleLimit::Origin::User);
        manager->setKeeping(SessionManager::defaultBackendId(), keeping);
        QObject::connect(manager.get(), &SessionManager::requestFailed, manager.get(),
                         [this](const QString &, const QString &what, const Error &error) {
                             failures.append({what, error});
                         });
    }
    ~Rig()
    {
        manager.reset();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    Session *attached(const QString &id = Id)
    {
        StoredSession stored;
        stored.config.id = id;
        stored.durable = true;
        Session *session = manager->restore(stored);
        if (!manager->backend())
            manager->setBackend(&backend);
        return session;
    }
    static Prompt prompt(const char *text)
    {
        return {QString::fromLatin1(text), Delivery::Enqueue, {}};
    }
};

} // namespace

class TstParking : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    void line23_theUsersClockParksNothing_data()
    {
        QTest::addColumn<int>("hours");
        QTest::newRow("forward") << 1;
        QTest::newRow("back") << -1;
    }
    void line23_theUsersClockParksNothing()
    {
        QFETCH(int, hours);
        Rig rig;
        Session *session = rig.attached();
        rig.clock.advance(10min);
        rig.clock.jumpWall(std::chrono::hours(hours));
        rig.clock.advance(20min - 1s);
        QCOMPARE(session->state(), State::Attached);
        rig.clock.advance(2s);
        QCOMPARE(session->state(), State::Parked);
    }

    void line22b_aQuietSessionIsUnloadedAfter30Minutes()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.clock.advance(30min - 1s);
        QCOMPARE(session->state(), State::Attached);
        rig.clock.advance(2s);
        QCOMPARE(session->state(), State::Parked);
        QVERIFY(!rig.server.isLoaded(Id));
        const SessionLife life = rig.manager->life(Id);
        QCOMPARE(life.safety, SessionLife::Safety::Parked);
        QVERIFY(!life.expiry && !life.nextTouch);
        QCOMPARE(life.deaths, 0U);
        QCOMPARE(life.parks, 1U);
        QCOMPARE(rig.clock.liveTimers(), 1); // the model server's own: parking costs nothing
    }

    void line22b_parkedIsNotTouchedAndCannotBeReaped()
    {
        Rig rig;
        SessionKeeping keeping = rig.manager->keeping();
        keeping.idleLimit = IdleLimit{Milliseconds(300s), IdleLimit::Origin::User};
        rig.manager->setKeeping(SessionManager::defaultBackendId(), keeping);
        Session *session = rig.attached();
        rig.clock.advance(31min);
        QCOMPARE(session->state(), State::Parked);
        const int touches = rig.server.touches;
        QVERIFY(touches > 5); // until then it was kept
        rig.clock.advance(24h);
        QCOMPARE(rig.server.touches, touches);
        QCOMPARE(session->state(), State::Parked);
    }

    void line22b_useBringsItBack_data()
    {
        QTest::addColumn<QString>("how");
        QTest::newRow("looking at it") << QStringLiteral("look");
        QTest::newRow("sending") << QStringLiteral("send");
        QTest::newRow("asking for it") << QStringLiteral("unpark");
        QTest::newRow("always loaded") << QStringLiteral("policy");
    }
    void line22b_useBringsItBack()
    {
        QFETCH(QString, how);
        Rig rig;
        Session *session = rig.attached();
        rig.backend.histories[Id] = {
            FakeBackend::event(UserMessage{QStringLiteral("m1"), QStringLiteral("old"), {}, {}})};
        rig.clock.advance(31min);
        QCOMPARE(session->state(), State::Parked);
        if (how == QLatin1String("look"))
            rig.manager->setVisible(Id);
        else if (how == QLatin1String("send"))
            rig.manager->send(Id, Rig::prompt("new"));
        else if (how == QLatin1String("unpark"))
            rig.manager->unpark(Id);
        else
            rig.manager->setParkPolicy(Id, ParkPolicy::AlwaysLoaded);
        QCOMPARE(session->state(), State::Attached);
        QVERIFY(rig.server.isLoaded(Id));
        QCOMPARE(rig.server.promptsToDead, 0);
        QVERIFY(session->queue().isEmpty());
        QVERIFY(!session->transcript().items().empty()); // with its history
    }

    void line22b_usePutsItOff()
    {
        Rig rig;
        Session *session = rig.attached();
        for (int i = 0; i < 10; ++i) {
            rig.clock.advance(20min);
            rig.backend.emitEvent(Id, TurnStarted{QStringLiteral("0")});
            rig.backend.emitEvent(Id, TurnEnded{QStringLiteral("0")});
            rig.backend.emitEvent(Id, SessionIdle{});
        }
        QCOMPARE(session->state(), State::Attached);
        rig.manager->setVisible(Id);
        rig.clock.advance(3h); // whoever is looked at stays
        QCOMPARE(session->state(), State::Attached);
        rig.manager->setVisible({});
        rig.clock.advance(29min);
        QCOMPARE(session->state(), State::Attached);
        rig.clock.advance(2min);
        QCOMPARE(session->state(), State::Parked);
    }

    // ---- never with anything in memory: one a kind of work

    void line22b_neverParkedWhileTheServerHasWork_data()
    {
        QTest::addColumn<SessionWork>("work");
        const auto row = [](const char *name, auto change) {
            SessionWork work;
            change(work);
            QTest::newRow(name) << work;
        };
        row("a turn", [](SessionWork &work) { work.turn = true; });
        row("the server's queue", [](SessionWork &work) { work.queue = true; });
        row("background tasks", [](SessionWork &work) { work.tasks = true; });
        row("open requests", [](SessionWork &work) { work.requests = true; });
        row("a schedule", [](SessionWork &work) { work.schedule = true; });
        row("tool servers", [](SessionWork &work) { work.toolServers = true; });
        row("a server that cannot tell", [](SessionWork &work) { work.known = false; });
    }
    void line22b_neverParkedWhileTheServerHasWork()
    {
        QFETCH(SessionWork, work);
        Rig rig;
        Session *session = rig.attached();
        rig.backend.works[Id] = work;
        int asked = 0;
        rig.server.fault = [&](const FakeBackend::Call &call) -> std::optional<Error> {
            asked += call.method == QLatin1String("sessionWork") ? 1 : 0;
            return std::nullopt;
        };
        rig.clock.advance(24h);
        QCOMPARE(session->state(), State::Attached);
        QVERIFY(rig.server.isLoaded(Id));
        QVERIFY2(asked > 1 && asked <= 24 * 12, qPrintable(QString::number(asked)));
        rig.manager->park(Id); // also by hand, but for the server that cannot tell
        QCOMPARE(session->state(), work.known ? State::Attached : State::Parked);
        if (work.known) {
            QCOMPARE(rig.failures.size(), 1);
            QCOMPARE(rig.failures.first().first, QStringLiteral("park"));
            QCOMPARE(rig.failures.first().second.detail, work.toString());
            rig.backend.works[Id] = {};
            rig.clock.advance(6min); // it is over: parked soon
            QCOMPARE(session->state(), State::Parked);
        }
    }

    void line22b_neverParkedWithWorkThatWeKnowOf_data()
    {
        QTest::addColumn<QString>("kind");
        for (const char *kind :
             {"turn", "background", "permission", "question", "queue", "sending"})
            QTest::newRow(kind) << QString::fromLatin1(kind);
    }
    void line22b_neverParkedWithWorkThatWeKnowOf()
    {
        QFETCH(QString, kind);
        Rig rig;
        Session *session = rig.attached();
        if (kind == QLatin1String("turn")) {
            rig.backend.emitEvent(Id, TurnStarted{QStringLiteral("0")});
        } else if (kind == QLatin1String("background")) {
            rig.backend.emitEvent(Id, TurnStarted{QStringLiteral("0")});
            rig.backend.emitEvent(Id, TurnEnded{QStringLiteral("0")});
            rig.backend.emitEvent(Id, AssistantIdle{}); // and no SessionIdle
        } else if (kind == QLatin1String("permission")) {
            PermissionRequested request;
            request.requestId = QStringLiteral("r1");
            rig.backend.emitEvent(Id, request);
        } else if (kind == QLatin1String("question")) {
            QuestionRequested request;
            request.requestId = QStringLiteral("q1");
            rig.backend.emitEvent(Id, request);
        } else if (kind == QLatin1String("queue")) {
            rig.backend.emitEvent(Id, TurnStarted{QStringLiteral("0")});
            rig.manager->send(Id, Rig::prompt("later"));
            rig.backend.emitEvent(Id, TurnEnded{QStringLiteral("0")});
            rig.backend.emitEvent(Id, AssistantIdle{true});
            rig.manager->abort(Id);
            rig.backend.emitEvent(Id, SessionIdle{true}); // the queue rests
        } else {
            rig.manager->send(Id, Rig::prompt("taken, not echoed"));
        }
        rig.clock.advance(5h);
        QCOMPARE(session->state(), State::Attached);
        QVERIFY(rig.server.isLoaded(Id));
        rig.manager->park(Id);
        QCOMPARE(session->state(), State::Attached);
        QCOMPARE(rig.failures.size(), 1);
        QVERIFY(rig.failures.first().second.detail != QStringLiteral("none"));
    }

    void line22b_whatBeginsWhileTheServerIsAskedCounts()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.backend.autoAnswer = false;
        rig.backend.keepCalls = true;
        rig.clock.advance(31min);
        QCOMPARE(rig.backend.count(QStringLiteral("sessionWork")), 1);
        rig.backend.emitEvent(Id, TurnStarted{QStringLiteral("0")}); // another client's prompt
        QVERIFY(rig.backend.succeed(QStringLiteral("sessionWork")));
        QCOMPARE(session->state(), State::Attached);
        QCOMPARE(rig.backend.count(QStringLiteral("unloadSession")), 0);
    }

    void line22b_anErrorIsNoPermissionToPark()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.server.fault = [](const FakeBackend::Call &call) -> std::optional<Error> {
            if (call.method == QLatin1String("sessionWork"))
                return Error{ErrorCode::Timeout, {}, {}};
            return std::nullopt;
        };
        rig.clock.advance(2h);
        QCOMPARE(session->state(), State::Attached);
        rig.manager->park(Id);
        QCOMPARE(session->state(), State::Attached);
        QCOMPARE(rig.failures.size(), 1);
    }

    void line22b_toolServersWhereTheUserSaysSo()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.backend.works[Id].toolServers = true;
        SessionKeeping keeping = rig.manager->keeping();
        keeping.parkWithToolServers = true;
        rig.manager->setKeeping(SessionManager::defaultBackendId(), keeping);
        rig.clock.advance(31min);
        QCOMPARE(session->state(), State::Parked);
    }

    // ---- policy

    void line22b_policies()
    {
        Rig rig;
        Session *pinned = rig.attached(QStringLiteral("pinned"));
        Session *now = rig.attached(QStringLiteral("now"));
        rig.manager->setParkPolicy(QStringLiteral("pinned"), ParkPolicy::AlwaysLoaded);
        rig.manager->park(QStringLiteral("now"));
        QCOMPARE(now->state(), State::Parked);
        rig.clock.advance(24h);
        QCOMPARE(pinned->state(), State::Attached);
        rig.manager->setParkPolicy(QStringLiteral("pinned"), ParkPolicy::Auto);
        rig.clock.advance(31min);
        QCOMPARE(pinned->state(), State::Parked);
    }

    void line22b_offParksNothing()
    {
        Rig rig;
        SessionKeeping keeping = rig.manager->keeping();
        keeping.parkAfter.reset();
        rig.manager->setKeeping(SessionManager::defaultBackendId(), keeping);
        Session *session = rig.attached();
        rig.clock.advance(72h);
        QCOMPARE(session->state(), State::Attached);
        keeping.parkAfter = Milliseconds(5min); // at once, without reconnecting
        rig.manager->setKeeping(SessionManager::defaultBackendId(), keeping);
        rig.clock.advance(2s);
        QCOMPARE(session->state(), State::Parked);
    }

    void line22b_aHundredAreParkedWithoutARush()
    {
        Rig rig;
        for (int i = 0; i < 100; ++i)
            rig.attached(QStringLiteral("s%1").arg(i));
        rig.clock.advance(32min);
        QCOMPARE(rig.server.loaded(), 0);
    }

    // ---- over connections and starts

    void line22b_parkedStaysParkedOverAReconnect()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.manager->park(Id);
        rig.manager->setBackend(nullptr);
        QCOMPARE(session->state(), State::Parked);
        rig.manager->setBackend(&rig.backend);
        QCOMPARE(session->state(), State::Parked);
        QVERIFY(!rig.server.isLoaded(Id));
        rig.manager->setBackend(nullptr);
        rig.manager->send(Id, Rig::prompt("x")); // wanted, though there is no connection
        QCOMPARE(session->state(), State::Offline);
        rig.manager->setBackend(&rig.backend);
        QCOMPARE(session->state(), State::Attached);
    }

    void line22b_theConnectionsEndWhileAskedIsHarmless()
    {
        Rig rig;
        Session *session = rig.attached();
        rig.backend.autoAnswer = false;
        rig.manager->park(Id);
        rig.manager->setBackend(nullptr);
        rig.backend.succeed(QStringLiteral("sessionWork"));
        QCOMPARE(session->state(), State::Offline);
    }

    void line22b_theFileRemembers()
    {
        QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("sessions.json"));
        {
            Rig rig(file);
            rig.manager->setBackend(&rig.backend);
            for (const char *id : {"parked", "pinned", "plain"}) {
                SessionConfig config;
                config.id = QString::fromLatin1(id);
                rig.manager->create(config, QStringLiteral("default"));
            }
            rig.manager->park(QStringLiteral("parked"));
            rig.manager->setParkPolicy(QStringLiteral("pinned"), ParkPolicy::AlwaysLoaded);
            QVERIFY(rig.store->flush());
        }
        Rig rig(file);
        rig.manager->load();
        rig.manager->setBackend(&rig.backend);
        QCOMPARE(rig.manager->find(QStringLiteral("parked"))->state(), State::Parked);
        QCOMPARE(rig.manager->find(QStringLiteral("plain"))->state(), State::Attached);
        const Session *pinned = rig.manager->find(QStringLiteral("pinned"));
        QCOMPARE(pinned->parkPolicy(), ParkPolicy::AlwaysLoaded);
        QCOMPARE(pinned->backendId(), QStringLiteral("default"));
    }

    void line22b_anOlderFileIsRead()
    {
        QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("sessions.json"));
        QFile old(file);
        QVERIFY(old.open(QFile::WriteOnly));
        old.write("{\"schema\":1,\"sessions\":[{\"id\":\"s1\",\"durable\":true}]}");
        old.close();
        Rig rig(file);
        rig.manager->load();
        const Session *session = rig.manager->find(Id);
        QVERIFY(session);
        QCOMPARE(session->backendId(), QStringLiteral("default"));
        QCOMPARE(session->parkPolicy(), ParkPolicy::Auto);
        QCOMPARE(session->state(), State::Offline);
        QVERIFY(rig.store->notices().isEmpty());
    }
};

QTEST_GUILESS_MAIN(TstParking)
#include "tst_parking.moc"
