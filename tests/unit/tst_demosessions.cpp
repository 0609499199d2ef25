// SPDX-License-Identifier: MIT
#include "demoserver/demoserver.h"
#include "support/fakeclock.h"
#include "support/testlink.h"

#include <QJsonArray>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace pilotlight::demo;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

//! The rules of the real server that clients depend on (protocol.md 2 to 6, keepalive.md 0).
class TstDemoSessions : public QObject
{
    Q_OBJECT

    struct Bench
    {
        explicit Bench(DemoOptions options = {}, const QString &folder = {})
            : store(folder, clock)
            , server(std::move(options), clock, random, store)
        { }
        TestLink *connectClient(int *number = nullptr)
        {
            auto link = std::make_unique<TestLink>();
            TestLink *const raw = link.get();
            const int id = server.addClient(std::move(link));
            if (number)
                *number = id;
            return raw;
        }
        FakeClock clock;
        SeededRandom random{7};
        SessionStore store;
        DemoServer server;
    };

    static QJsonObject session(const QString &id = u"s1"_s)
    {
        return {{u"sessionId"_s, id},
                {u"streaming"_s, true},
                {u"requestPermission"_s, true},
                {u"requestUserInput"_s, true}};
    }
    static QJsonObject prompt(const QString &text, const QString &id = u"s1"_s)
    {
        return {{u"sessionId"_s, id}, {u"prompt"_s, text}};
    }
    static QString requestId(const TestLink *link, const QString &type)
    {
        const auto events = link->events(type);
        return events.isEmpty() ? QString() : events.constLast()[u"data"][u"requestId"].toString();
    }
    static QJsonObject permissionAnswer(const TestLink *link, const QString &kind)
    {
        return {{u"sessionId"_s, u"s1"_s},
                {u"requestId"_s, requestId(link, u"permission.requested"_s)},
                {u"result"_s, QJsonObject{{u"kind"_s, kind}}}};
    }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(u".*"_s)); }

    void createAnswersBetweenLifecycleAndEvents()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        const auto messages = link->messages();
        QCOMPARE(messages[0][u"method"].toString(), u"session.lifecycle"_s);
        QCOMPARE(messages[1][u"result"][u"sessionId"].toString(), u"s1"_s);
        QCOMPARE(link->eventTypes().constFirst(), u"session.start"_s);
    }

    void plainTurn()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        const QString id =
            link->result(u"session.send"_s, prompt(u"[say one two]"_s))[u"messageId"].toString();
        QVERIFY(link->events(u"user.message"_s).isEmpty()); // always after the answer
        bench.clock.advance(1s);
        QStringList types = link->eventTypes();
        const QStringList order{u"user.message"_s,
                                u"system.message"_s,
                                u"assistant.turn_start"_s,
                                u"assistant.message_start"_s,
                                u"assistant.message_delta"_s,
                                u"assistant.message"_s,
                                u"assistant.turn_end"_s,
                                u"assistant.idle"_s,
                                u"session.idle"_s};
        qsizetype at = -1;
        for (const QString &type : order) {
            const qsizetype next = types.indexOf(type, at + 1);
            QVERIFY2(next > at, qPrintable(type));
            at = next;
        }
        QCOMPARE(types.count(u"assistant.message_delta"_s), 2);
        QCOMPARE(link->events(u"user.message"_s)[0][u"data"][u"messageId"].toString(), id);
        QVERIFY(link->events(u"session.idle"_s)[0][u"ephemeral"].toBool());
        QVERIFY(!link->events(u"user.message"_s)[0].contains(u"ephemeral"));
    }

    void noDeltasWithoutStreaming()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, {{u"sessionId"_s, u"s1"_s}});
        link->call(u"session.send"_s, prompt(u"[say one two]"_s));
        bench.clock.advance(1s);
        QVERIFY(link->events(u"assistant.message_delta"_s).isEmpty());
        QCOMPARE(link->events(u"assistant.message"_s).size(), 1);
    }

    void permissionIsAskedAndAnsweredOnce()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[tool:bash echo hi] [say ok]"_s));
        bench.clock.advance(1h);
        QCOMPARE(link->events(u"permission.requested"_s).size(), 1);
        QVERIFY(link->events(u"tool.execution_complete"_s).isEmpty()); // it waits for ever
        const QJsonObject answer = permissionAnswer(link, u"approve-once"_s);
        const QString method = u"session.permissions.handlePendingPermissionRequest"_s;
        QVERIFY(link->result(method, answer)[u"success"].toBool());
        QVERIFY(!link->result(method, answer)[u"success"].toBool());
        bench.clock.advance(1s);
        const auto done = link->events(u"tool.execution_complete"_s);
        QCOMPARE(done.size(), 1);
        QVERIFY(done[0][u"data"][u"result"][u"content"].toString().startsWith(u"hi\n"));
        QCOMPARE(link->events(u"session.idle"_s).size(), 1);
    }

    void rejectionWithoutFeedbackEndsTheTurn()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[tool:bash echo hi] [say never]"_s));
        bench.clock.advance(1s);
        link->call(u"session.permissions.handlePendingPermissionRequest"_s,
                   permissionAnswer(link, u"reject"_s));
        bench.clock.advance(1s);
        QCOMPARE(
            link->events(u"tool.execution_complete"_s)[0][u"data"][u"error"][u"code"].toString(),
            u"rejected"_s);
        QCOMPARE(link->events(u"abort"_s).size(), 1);
        QCOMPARE(link->events(u"assistant.message"_s).size(), 1); // the one that asked for the tool
        QVERIFY(!link->events(u"session.idle"_s)[0][u"data"].toObject().contains(u"aborted"));
    }

    void questionByEventAndByRequest()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[ask Which?|a|b]"_s));
        bench.clock.advance(1s);
        const auto messages = link->messages();
        QCOMPARE(std::count_if(messages.cbegin(), messages.cend(),
                               [](const QJsonObject &message) {
                                   return message[u"method"] == u"userInput.request"_s;
                               }),
                 1);
        link->call(
            u"session.ui.handlePendingUserInput"_s,
            {{u"sessionId"_s, u"s1"_s},
             {u"requestId"_s, requestId(link, u"user_input.requested"_s)},
             {u"response"_s, QJsonObject{{u"answer"_s, u"b"_s}, {u"wasFreeform"_s, false}}}});
        bench.clock.advance(1s);
        QCOMPARE(link->events(u"user_input.completed"_s)[0][u"data"][u"answer"].toString(), u"b"_s);
        QCOMPARE(link->events(u"session.idle"_s).size(), 1);
    }

    void abortEndsTheTurnAndDropsTheQueue()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[slow 100x50ms]"_s));
        bench.clock.advance(500ms);
        link->call(u"session.send"_s, prompt(u"[say queued]"_s));
        link->forget();
        link->call(u"session.abort"_s, {{u"sessionId"_s, u"s1"_s}});
        bench.clock.advance(1min);
        QVERIFY(link->events(u"assistant.message"_s).isEmpty());
        QVERIFY(link->events(u"user.message"_s).isEmpty());
        QVERIFY(link->events(u"session.idle"_s)[0][u"data"][u"aborted"].toBool());
        link->call(u"session.send"_s, prompt(u"[say alive]"_s));
        bench.clock.advance(1s);
        QCOMPARE(link->events(u"assistant.message"_s).size(), 1);
    }

    void queueRunsInOrderAndIdleComesOnce()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[slow 5x50ms]"_s));
        bench.clock.advance(100ms);
        link->call(u"session.send"_s, prompt(u"[say second]"_s));
        QJsonObject steering = prompt(u"[say third]"_s);
        steering.insert(u"mode"_s, u"immediate"_s);
        link->call(u"session.send"_s, steering);
        const QJsonObject pending =
            link->result(u"session.queue.pendingItems"_s, {{u"sessionId"_s, u"s1"_s}});
        QCOMPARE(pending[u"items"].toArray().size(), 1);
        QCOMPARE(pending[u"steeringMessages"].toArray().size(), 1);
        bench.clock.advance(1min);
        QStringList texts;
        for (const QJsonObject &event : link->events(u"assistant.message"_s))
            texts.append(event[u"data"][u"content"].toString());
        QCOMPARE(texts.mid(1), QStringList({u"third"_s, u"second"_s}));
        QCOMPARE(link->events(u"session.idle"_s).size(), 1);
        QCOMPARE(link->events(u"user.message"_s)[1][u"data"][u"delivery"].toString(), u"queued"_s);
    }

    void steeringEntersAtTheNextRound()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[tool:bash echo a] [say ok]"_s));
        bench.clock.advance(1s);
        QJsonObject steering = prompt(u"faster please"_s);
        steering.insert(u"mode"_s, u"immediate"_s);
        link->call(u"session.send"_s, steering);
        link->call(u"session.permissions.handlePendingPermissionRequest"_s,
                   permissionAnswer(link, u"approve-once"_s));
        bench.clock.advance(1s);
        const auto users = link->events(u"user.message"_s);
        QCOMPARE(users.size(), 2);
        QCOMPARE(users[1][u"data"][u"delivery"].toString(), u"steering"_s);
        QCOMPARE(users[1][u"data"][u"turnId"].toString(), u"1"_s);
    }

    void retryHasANewMessageId()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[dropmid 3 x1] [say better]"_s));
        bench.clock.advance(1min);
        const auto starts = link->events(u"assistant.message_start"_s);
        QCOMPARE(starts.size(), 2);
        QVERIFY(starts[0][u"data"][u"messageId"] != starts[1][u"data"][u"messageId"]);
        QCOMPARE(link->events(u"assistant.turn_retry"_s).size(), 1);
        QCOMPARE(link->events(u"assistant.message"_s).size(), 1);
    }

    void subagentEventsCarryTheirAgent()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[task {say inner}] [say outer]"_s));
        bench.clock.advance(1s);
        const auto started = link->events(u"subagent.started"_s);
        QCOMPARE(started.size(), 1);
        const QString agent = started[0][u"agentId"].toString();
        QVERIFY(!agent.isEmpty());
        const auto users = link->events(u"user.message"_s);
        QCOMPARE(users[1][u"agentId"].toString(), agent);
        QCOMPARE(link->events(u"subagent.completed"_s).size(), 1);
        QCOMPARE(link->events(u"assistant.message"_s).constLast()[u"data"][u"content"].toString(),
                 u"outer"_s);
        QCOMPARE(link->events(u"session.idle"_s).size(), 1);
    }

    void lastDetachKillsTheTurn()
    {
        Bench bench;
        TestLink *const first = bench.connectClient();
        TestLink *const second = bench.connectClient();
        first->call(u"session.create"_s, session());
        second->call(u"session.resume"_s, session());
        first->call(u"session.send"_s, prompt(u"[slow 100x50ms]"_s));
        bench.clock.advance(500ms);
        Q_EMIT first->closed();
        QVERIFY(bench.server.isLoaded(u"s1"_s)); // the second one holds it
        const auto before = second->events().size();
        bench.clock.advance(500ms);
        QVERIFY(second->events().size() > before);
        Q_EMIT second->closed();
        QVERIFY(!bench.server.isLoaded(u"s1"_s));
        bench.clock.advance(1min);

        TestLink *const third = bench.connectClient();
        third->call(u"session.resume"_s, session());
        QStringList history;
        const auto events =
            third->result(u"session.getMessages"_s, {{u"sessionId"_s, u"s1"_s}})[u"events"]
                .toArray();
        for (const QJsonValue &event : events)
            history.append(event[u"type"].toString());
        QVERIFY(history.contains(u"session.shutdown"_s));
        QVERIFY(!history.contains(u"assistant.turn_end"_s)); // interrupted: no end, no abort
        QVERIFY(!history.contains(u"assistant.message"_s));
    }

    void strangersGetNoEventsButLifecycle()
    {
        Bench bench;
        TestLink *const owner = bench.connectClient();
        TestLink *const stranger = bench.connectClient();
        owner->call(u"session.create"_s, session());
        stranger->call(u"session.send"_s, prompt(u"[say hi]"_s)); // allowed
        bench.clock.advance(1s);
        QVERIFY(stranger->events().isEmpty());
        QVERIFY(!stranger->received().isEmpty());
        QCOMPARE(owner->events(u"session.idle"_s).size(), 1);
    }

    void idleReaper_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<bool>("logCounts");
        QTest::addColumn<bool>("lives");
        QTest::newRow("nothing") << QString() << false << false;
        QTest::newRow("ping") << u"ping"_s << false << false;
        QTest::newRow("getMessages") << u"session.getMessages"_s << false << false;
        QTest::newRow("tail") << u"session.eventLog.tail"_s << false << false;
        QTest::newRow("resume") << u"session.resume"_s << false << true;
        QTest::newRow("log on an old server") << u"session.log"_s << false << false;
        QTest::newRow("log on a new server") << u"session.log"_s << true << true;
    }
    void idleReaper()
    {
        QFETCH(QString, method);
        QFETCH(bool, logCounts);
        QFETCH(bool, lives);
        DemoOptions options;
        options.idleTimeout = 30min;
        options.logCounts = logCounts;
        Bench bench(options);
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->forget();
        QJsonObject params = session();
        params.insert(u"disableResume"_s, true);
        params.insert(u"ephemeral"_s, true);
        for (int minute = 0; minute < 40; ++minute) {
            if (!method.isEmpty())
                link->call(method, params);
            bench.clock.advance(1min);
        }
        QCOMPARE(bench.server.isLoaded(u"s1"_s), lives);
        QVERIFY(link->events(u"session.shutdown"_s).isEmpty()); // the client is told nothing
        QVERIFY(!link->closeCalled());
        if (!lives) {
            QCOMPARE(
                link->error(u"session.send"_s, prompt(u"x"_s))[u"message"].toString(),
                u"Request session.send failed with message: Session not found for sessionId: s1"_s);
            QCOMPARE(link->result(u"session.resume"_s, session())[u"sessionId"].toString(),
                     u"s1"_s);
        }
    }

    void reaperSparesABusySession_data()
    {
        QTest::addColumn<bool>("reapBusy");
        QTest::newRow("spares") << false;
        QTest::newRow("old server") << true;
    }
    void reaperSparesABusySession()
    {
        QFETCH(bool, reapBusy);
        DemoOptions options;
        options.idleTimeout = 1min;
        options.idleCheckInterval = 10s;
        options.reapBusy = reapBusy;
        Bench bench(options);
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[tool:bash ls]"_s)); // waits for a permission
        bench.clock.advance(10min);
        QCOMPARE(bench.server.isLoaded(u"s1"_s), !reapBusy);
    }

    void createOnAnIdOnDiskForksSilently()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[say first life]"_s));
        bench.clock.advance(1s);
        link->call(u"session.destroy"_s, {{u"sessionId"_s, u"s1"_s}});
        QVERIFY(!bench.server.isLoaded(u"s1"_s));
        link->call(u"session.create"_s, session());
        const QJsonObject id{{u"sessionId"_s, u"s1"_s}};
        QCOMPARE(link->result(u"session.getMessages"_s, id)[u"events"].toArray().size(), 1);
        int starts = 0;
        const auto stored =
            link->result(u"sessions.readPersistedEvents"_s, id)[u"events"].toArray();
        for (const QJsonValue &event : stored)
            starts += event[u"type"].toString() == u"session.start"_s ? 1 : 0;
        QCOMPARE(starts, 2);
    }

    void tokenRules()
    {
        DemoOptions options;
        options.token = Secret("s3cret");
        Bench bench(options);
        TestLink *const link = bench.connectClient();
        QCOMPARE(link->error(u"ping"_s)[u"code"].toInt(), -32001);
        QCOMPARE(link->error(u"connect"_s)[u"code"].toInt(), -32002);
        QCOMPARE(link->error(u"connect"_s, {{u"token"_s, u"no"_s}})[u"code"].toInt(), -32002);
        QVERIFY(link->result(u"connect"_s, {{u"token"_s, u"s3cret"_s}})[u"ok"].toBool());
        QCOMPARE(link->result(u"ping"_s)[u"protocolVersion"].toInt(), 3);
        Bench open;
        TestLink *const other = open.connectClient();
        QCOMPARE(other->error(u"connect"_s, {{u"token"_s, u"x"_s}})[u"code"].toInt(), -32003);
    }

    void badInputIsAnsweredAsMeasured_data()
    {
        QTest::addColumn<QByteArray>("message");
        QTest::addColumn<int>("code");
        QTest::newRow("broken") << QByteArray("{\"a\":") << -32700;
        QTest::newRow("bad utf-8") << QByteArray("{\"a\":\"\xff\"}") << -32700;
        QTest::newRow("batch") << QByteArray("[{}]") << -32600;
        QTest::newRow("scalar") << QByteArray("12") << -32600;
        QTest::newRow("no version") << QByteArray(R"({"id":1,"method":"ping"})") << -32600;
        QTest::newRow("no method") << QByteArray(R"({"jsonrpc":"2.0","id":1})") << -32600;
        QTest::newRow("unknown answer")
            << QByteArray(R"({"jsonrpc":"2.0","id":9,"result":1})") << 0;
        QTest::newRow("notification") << QByteArray(R"({"jsonrpc":"2.0","method":"x"})") << 0;
    }
    void badInputIsAnsweredAsMeasured()
    {
        QFETCH(QByteArray, message);
        QFETCH(int, code);
        Bench bench;
        TestLink *const link = bench.connectClient();
        Q_EMIT link->messageArrived(message);
        QCOMPARE(link->received().size(), code == 0 ? 0 : 1);
        if (code != 0) {
            QCOMPARE(link->messages()[0][u"error"][u"code"].toInt(), code);
            QVERIFY(link->messages()[0][u"id"].isNull());
        }
        QCOMPARE(link->error(u"nope"_s)[u"code"].toInt(), -32601); // still alive
    }

    void longPollEndsWithAnEventOrItsTime()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        const QJsonObject id{{u"sessionId"_s, u"s1"_s}};
        const QString cursor = link->result(u"session.eventLog.tail"_s, id)[u"cursor"].toString();
        const QJsonObject poll{
            {u"sessionId"_s, u"s1"_s}, {u"cursor"_s, cursor}, {u"waitMs"_s, 5000}};
        const int first = link->call(u"session.eventLog.read"_s, poll);
        bench.clock.advance(4999ms);
        QVERIFY(link->answer(first).isEmpty());
        bench.clock.advance(2ms);
        QVERIFY(link->answer(first)[u"result"][u"events"].toArray().isEmpty());
        const int second = link->call(u"session.eventLog.read"_s, poll);
        link->call(u"session.send"_s, prompt(u"[say x]"_s));
        bench.clock.advance(1ms);
        QVERIFY(!link->answer(second)[u"result"][u"events"].toArray().isEmpty());
    }

    void freezeHoldsEverythingBack()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        QVERIFY(link->result(u"demo.fault"_s, {{u"fault"_s, u"freeze=1000"_s}})[u"armed"].toBool());
        bench.clock.runDue();
        const int ping = link->call(u"ping"_s);
        bench.clock.advance(999ms);
        QVERIFY(link->answer(ping).isEmpty());
        bench.clock.advance(2ms);
        QVERIFY(!link->answer(ping).isEmpty());
    }

    void replayRepeatsIds()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[say x]"_s));
        bench.clock.advance(1s);
        const auto before = link->events();
        link->call(u"demo.fault"_s, {{u"fault"_s, u"replay=3"_s}});
        bench.clock.runDue();
        const auto after = link->events();
        QCOMPARE(after.size(), before.size() + 3);
        for (qsizetype i = 1; i <= 3; ++i)
            QCOMPARE(after[after.size() - i][u"id"], before[before.size() - i][u"id"]);
    }

    void killStrikesInTheMiddleOfATurn()
    {
        DemoOptions options;
        options.faults = {*parseFault(u"kill@turn"_s)};
        Bench bench(options);
        int killed = 0;
        connect(&bench.server, &DemoServer::killRequested, this, [&] { ++killed; });
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[slow 10x50ms]"_s));
        bench.clock.advance(90ms);
        QCOMPARE(killed, 0);
        bench.clock.advance(1min);
        QCOMPARE(killed, 1);
    }

    void dropClosesEverybody()
    {
        Bench bench;
        TestLink *const link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"demo.fault"_s, {{u"fault"_s, u"drop"_s}});
        bench.clock.runDue();
        QVERIFY(link->closeCalled());
        QCOMPARE(bench.server.clientCount(), 0);
        QVERIFY(!bench.server.isLoaded(u"s1"_s));
    }

    void historySurvivesTheProcess()
    {
        QTemporaryDir folder;
        {
            Bench bench({}, folder.path());
            TestLink *const link = bench.connectClient();
            link->call(u"session.create"_s, session());
            link->call(u"session.send"_s, prompt(u"[say kept]"_s));
            bench.clock.advance(1s);
        }
        // A torn last line must not cost the rest.
        QFile file(folder.filePath(u"session-state/s1/events.jsonl"_s));
        QVERIFY(file.open(QIODevice::Append));
        file.write("{\"type\":\"assist");
        file.close();
        Bench bench({}, folder.path());
        TestLink *const link = bench.connectClient();
        QCOMPARE(link->result(u"session.list"_s)[u"sessions"].toArray().size(), 1);
        QCOMPARE(link->result(u"session.resume"_s, session())[u"sessionId"].toString(), u"s1"_s);
        QString text;
        const auto events =
            link->result(u"session.getMessages"_s, {{u"sessionId"_s, u"s1"_s}})[u"events"]
                .toArray();
        for (const QJsonValue &event : events) {
            if (event[u"type"].toString() == u"assistant.message"_s)
                text = event[u"data"][u"content"].toString();
        }
        QCOMPARE(text, u"kept"_s);
    }

    void pendingPermissionContinuesUnderItsOldId()
    {
        Bench bench;
        TestLink *link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[tool:bash echo later] [say end]"_s));
        bench.clock.advance(1s);
        const QString id = requestId(link, u"permission.requested"_s);
        Q_EMIT link->closed();
        link = bench.connectClient();
        QJsonObject params = session();
        params.insert(u"continuePendingWork"_s, true);
        link->call(u"session.resume"_s, params);
        const auto items = link->result(u"session.permissions.pendingRequests"_s,
                                        {{u"sessionId"_s, u"s1"_s}})[u"items"]
                               .toArray();
        QCOMPARE(items.size(), 1);
        QCOMPARE(items[0][u"requestId"].toString(), id);
        link->call(u"session.permissions.handlePendingPermissionRequest"_s,
                   {{u"sessionId"_s, u"s1"_s},
                    {u"requestId"_s, id},
                    {u"result"_s, QJsonObject{{u"kind"_s, u"approve-once"_s}}}});
        bench.clock.advance(1s);
        QCOMPARE(link->events(u"assistant.message"_s).constLast()[u"data"][u"content"].toString(),
                 u"end"_s);
        QCOMPARE(link->events(u"session.idle"_s).size(), 1);
    }

    void interruptedToolIsClosedAtTheNextSend()
    {
        Bench bench;
        TestLink *link = bench.connectClient();
        link->call(u"session.create"_s, session());
        link->call(u"session.send"_s, prompt(u"[tool:bash echo later]"_s));
        bench.clock.advance(1s);
        Q_EMIT link->closed();
        link = bench.connectClient();
        link->call(u"session.resume"_s, session());
        bench.clock.advance(1s);
        QVERIFY(link->events(u"tool.execution_complete"_s).isEmpty()); // not at the resume
        link->call(u"session.send"_s, prompt(u"[say again]"_s));
        bench.clock.advance(1s);
        QCOMPARE(
            link->events(u"tool.execution_complete"_s)[0][u"data"][u"error"][u"code"].toString(),
            u"interrupted"_s);
        QCOMPARE(link->events(u"session.warning"_s).size(), 1);
    }

    void leavesNoTimers()
    {
        FakeClock clock;
        SeededRandom random(1);
        SessionStore store({}, clock);
        {
            DemoOptions options;
            options.idleTimeout = 1min;
            DemoServer server(options, clock, random, store);
            auto link = std::make_unique<TestLink>();
            TestLink *const raw = link.get();
            server.addClient(std::move(link));
            raw->call(u"session.create"_s, session());
            raw->call(u"session.send"_s, prompt(u"tool"_s));
            clock.advance(2s);
        }
        QCOMPARE(clock.liveTimers(), 0);
    }
};

QTEST_GUILESS_MAIN(TstDemoSessions)
#include "tst_demosessions.moc"
