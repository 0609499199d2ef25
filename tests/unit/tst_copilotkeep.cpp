// SPDX-License-Identifier: MIT
// What the adapter of the Copilot CLI does to keep sessions: touches, checks, work in memory.
#include "agent/idlelimit.h"
#include "support/copilotfixture.h"

#include <QSignalSpy>

using namespace pilotlight;
using namespace pilotlight::copilottest;
using namespace std::chrono_literals;

namespace {

struct Touched
{
    TouchResult result;
    int count = 0;

    std::function<void(TouchResult)> handler()
    {
        return [this](const TouchResult &value) {
            result = value;
            ++count;
        };
    }
};

constexpr char NotFound[] =
    "Request session.mode.get failed with message: Session not found for sessionId: s1";

} // namespace

class TstCopilotKeep : public Fixture
{
    Q_OBJECT
private:
    void shake(const char *version, int protocol = 3)
    {
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QVERIFY(reply("connect",
                      {{str("ok"), true},
                       {str("protocolVersion"), protocol},
                       {str("version"), str(version)}}));
        QVERIFY(reply("status.get", {}));
        QVERIFY(info.ok());
    }

private Q_SLOTS:
    void init() { start(); }
    void cleanup() { stop(); }

    void line19_strategiesByVersion_data()
    {
        QTest::addColumn<QByteArray>("version");
        QTest::addColumn<bool>("logCounts");
        QTest::addColumn<bool>("protectsBusy");
        QTest::newRow("0.0.420") << QByteArray("0.0.420") << false << false;
        QTest::newRow("1.0.6") << QByteArray("1.0.6") << false << false;
        QTest::newRow("1.0.40") << QByteArray("1.0.40") << false << true;
        QTest::newRow("1.0.69") << QByteArray("1.0.69") << true << true;
        QTest::newRow("1.0.102") << QByteArray("1.0.102") << true << true;
        QTest::newRow("without a version") << QByteArray() << false << false;
    }
    void line19_strategiesByVersion()
    {
        QFETCH(QByteArray, version);
        QFETCH(bool, logCounts);
        QFETCH(bool, protectsBusy);
        shake(version.constData());
        QList<TouchStrategy> expected{TouchStrategy::ResumeSilent};
        if (logCounts)
            expected.append(TouchStrategy::LogEphemeral);
        QCOMPARE(m_backend->touchStrategies(), expected);
        QCOMPARE(m_backend->sessionRules().protectsBusySessions, protectsBusy);
        QCOMPARE(m_backend->sessionRules().fixedIdleLimit.has_value(), !protectsBusy);
    }

    void line19_aSilentResumeCarriesTheWholeConfiguration()
    {
        attach();
        SessionConfig wanted = config();
        wanted.provider = ProviderConfig{str("openai"), {}, str("http://p/v1"), Secret("key-0123")};
        Touched touched;
        m_backend->touchSession(wanted, TouchStrategy::ResumeSilent, 10s, this, touched.handler());
        QVERIFY(reply("session.mode.get", {})); // it is there
        const QJsonObject sent = params("session.resume");
        QVERIFY(sent.value(str("disableResume")).toBool());
        QVERIFY(sent.value(str("provider")).isObject());
        QCOMPARE(sent.value(str("model")).toString(), str("m"));
        QVERIFY(sent.value(str("streaming")).toBool());
        QVERIFY(sent.value(str("requestPermission")).toBool());
        QCOMPARE(touched.count, 0);
        QVERIFY(reply("session.resume", {}));
        QCOMPARE(touched.count, 1);
        QVERIFY(touched.result.isOk());
        QCOMPARE(m_transport->countSent(str("session.send")), 0);
    }

    void line21_aTouchDoesNotBringADeadSessionBackUnnoticed()
    {
        attach();
        QSignalSpy lost(m_backend.get(), &AgentBackend::sessionLost);
        Touched touched;
        m_backend->touchSession(config(), TouchStrategy::ResumeSilent, 10s, this,
                                touched.handler());
        QVERIFY(refuse("session.mode.get", -32603, NotFound));
        QCOMPARE(touched.count, 1);
        QVERIFY(touched.result.sessionNotFound);
        QCOMPARE(touched.result.probe.outcome, ProbeResult::Outcome::RpcError);
        QCOMPARE(lost.size(), 1);
        QCOMPARE(m_transport->countSent(str("session.resume")), 1); // attach()'s
    }

    void line19_aTouchHasOneDeadline()
    {
        Touched touched;
        m_backend->touchSession(config(), TouchStrategy::ResumeSilent, 10s, this,
                                touched.handler());
        m_clock.advance(9s);
        QVERIFY(reply("session.mode.get", {}));
        m_clock.advance(999ms);
        QCOMPARE(touched.count, 0);
        m_clock.advance(1ms);
        QCOMPARE(touched.result.probe.outcome, ProbeResult::Outcome::Timeout);
        QVERIFY(!touched.result.sessionNotFound);
    }

    void line19_withoutTheReadTheResumeGoesOutAtOnce()
    {
        Touched touched;
        m_backend->touchSession(config(), TouchStrategy::ResumeSilent, 10s, this,
                                touched.handler());
        QVERIFY(refuse("session.mode.get", -32601, "Unhandled method"));
        QVERIFY(reply("session.resume", {}));
        QVERIFY(touched.result.isOk());
    }

    void line19_theEchoOfALogTouchIsHidden()
    {
        attach();
        QSignalSpy events(m_backend.get(), &AgentBackend::sessionEvent);
        Touched touched;
        m_backend->touchSession(config(), TouchStrategy::LogEphemeral, 10s, this,
                                touched.handler());
        const QJsonObject sent = params("session.log");
        QVERIFY(sent.value(str("ephemeral")).toBool());
        const QByteArray message = sent.value(str("message")).toString().toUtf8();
        QVERIFY(!message.isEmpty());
        push("session.info", "{'infoType':'notification','message':'" + message + "'}", "1");
        QCOMPARE(events.size(), 0);
        push("session.info", "{'infoType':'notification','message':'somebody else'}", "2");
        QCOMPARE(events.size(), 1);
        QVERIFY(reply("session.log", J("{'eventId':'1'}")));
        QVERIFY(touched.result.isOk());
    }

    void outcomesOfATouch_data()
    {
        QTest::addColumn<int>("code");
        QTest::addColumn<QByteArray>("message");
        QTest::addColumn<int>("outcome");
        using Outcome = ProbeResult::Outcome;
        QTest::newRow("unsupported")
            << -32601 << QByteArray("Unhandled method") << int(Outcome::Unsupported);
        QTest::newRow("auth") << -32603
                              << QByteArray("Request session.log failed with message: No "
                                            "authentication info available")
                              << int(Outcome::Auth);
        QTest::newRow("other") << -32603 << QByteArray("disk on fire") << int(Outcome::RpcError);
    }
    void outcomesOfATouch()
    {
        QFETCH(int, code);
        QFETCH(QByteArray, message);
        QFETCH(int, outcome);
        Touched touched;
        m_backend->touchSession(config(), TouchStrategy::LogEphemeral, 10s, this,
                                touched.handler());
        QVERIFY(refuse("session.log", code, message.constData()));
        QCOMPARE(int(touched.result.probe.outcome), outcome);
        QVERIFY(!touched.result.sessionNotFound);
    }

    void line11_onlyATurnThatRunsIsATurn_data()
    {
        QTest::addColumn<bool>("processing");
        QTest::addRow("it runs") << true;
        QTest::addRow("it is over") << false;
    }
    void line11_onlyATurnThatRunsIsATurn()
    {
        QFETCH(bool, processing);
        Answer<SessionActivity> asked;
        m_backend->sessionActivity(str("s1"), Milliseconds(1000), this, asked.handler());
        QVERIFY(reply("session.metadata.isProcessing", {{str("processing"), processing}}));
        QVERIFY(reply("session.tasks.list", J("{'tasks':[]}")));
        QVERIFY(asked.ok());
        QVERIFY((*asked.result)->turnKnown);
        QCOMPARE((*asked.result)->turn, processing);
        QVERIFY(!(*asked.result)->tasks);
    }

    void line22b_everythingInMemoryIsSeen_data()
    {
        QTest::addColumn<QByteArray>("method");
        QTest::addColumn<QByteArray>("answer");
        QTest::addColumn<QByteArray>("work");
        const auto row = [](const char *name, const char *method, const char *answer,
                            const char *work) {
            QTest::newRow(name) << QByteArray(method) << QByteArray(answer) << QByteArray(work);
        };
        row("nothing", "session.mcp.list", "{'servers':[]}", "none");
        row("a turn", "session.metadata.isProcessing", "{'processing':true}", "turn");
        row("active work", "session.metadata.activity", "{'hasActiveWork':true}", "tasks");
        // 1.0.69 says so of every session that ever had a turn.
        row("a turn that is over", "session.metadata.activity",
            "{'abortable':true,'hasActiveWork':false}", "none");
        row("queue", "session.queue.pendingItems", "{'items':[{'id':'1'}]}", "queue");
        row("steering", "session.queue.pendingItems", "{'items':[],'steeringMessages':['x']}",
            "queue");
        row("steering in flight", "session.queue.pendingItems",
            "{'items':[],'inFlightSteeringCount':1}", "queue");
        row("a shell", "session.tasks.list", "{'tasks':[{'type':'shell','status':'running'}]}",
            "tasks");
        row("an agent that waits", "session.tasks.list",
            "{'tasks':[{'type':'agent','status':'idle'}]}", "tasks");
        row("finished tasks", "session.tasks.list",
            "{'tasks':[{'status':'completed'},{'status':'failed'},{'status':'cancelled'}]}",
            "none");
        row("a permission", "session.permissions.pendingRequests", "{'items':[{'requestId':'r'}]}",
            "requests");
        row("a schedule", "session.schedule.list", "{'entries':[{'id':1}]}", "schedule");
        row("a tool server", "session.mcp.list",
            "{'servers':[{'name':'x','status':'connected','source':'user'}]}", "tool-servers");
        row("tool servers without a state", "session.mcp.list",
            "{'servers':[{'name':'x','status':'failed'},"
            "{'name':'y','status':'connected','source':'builtin'}]}",
            "none");
    }
    void line22b_everythingInMemoryIsSeen()
    {
        QFETCH(QByteArray, method);
        QFETCH(QByteArray, answer);
        QFETCH(QByteArray, work);
        Answer<SessionWork> asked;
        m_backend->sessionWork(str("s1"), this, asked.handler());
        for (const char *each :
             {"session.metadata.isProcessing", "session.metadata.activity",
              "session.queue.pendingItems", "session.tasks.list",
              "session.permissions.pendingRequests", "session.schedule.list", "session.mcp.list"})
            QVERIFY(reply(each, method == each ? J(answer.constData()) : QJsonObject()));
        QVERIFY(asked.ok());
        QCOMPARE((*asked.result)->toString(), QString::fromLatin1(work));
        QCOMPARE((*asked.result)->nothingToLose(), work == "none");
    }

    void line22b_aServerThatCannotTellIsNotBelieved()
    {
        Answer<SessionWork> asked;
        m_backend->sessionWork(str("s1"), this, asked.handler());
        QVERIFY(refuse("session.metadata.isProcessing", -32601, "Unhandled method"));
        QVERIFY(refuse("session.metadata.activity", -32601, "Unhandled method"));
        QVERIFY(refuse("session.queue.pendingItems", -32601, "Unhandled method"));
        QVERIFY(reply("session.tasks.list", J("{'tasks':[]}")));
        QVERIFY(refuse("session.permissions.pendingRequests", -32601, "Unhandled method"));
        QVERIFY(refuse("session.schedule.list", -32601, "Unhandled method"));
        QVERIFY(reply("session.mcp.list", J("{'servers':[]}")));
        QVERIFY(asked.ok());
        QVERIFY(!(*asked.result)->nothingToLose());
        QCOMPARE((*asked.result)->toString(), str("unknown"));
    }

    void line22b_anErrorIsNoAnswer()
    {
        Answer<SessionWork> asked;
        m_backend->sessionWork(str("s1"), this, asked.handler());
        m_transport->drop();
        QCOMPARE(asked.count, 1);
        QVERIFY(!asked.result->has_value());
    }
};

QTEST_GUILESS_MAIN(TstCopilotKeep)
#include "tst_copilotkeep.moc"
