// SPDX-License-Identifier: MIT
#include "support/copilotfixture.h"
#include "support/recordedevents.h"

#include <QSignalSpy>

using namespace pilotlight;
using namespace pilotlight::copilottest;
using namespace std::chrono_literals;

class TstCopilotAnswers : public Fixture
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
        start();
    }
    void cleanup() { stop(); }

    // ---- losing a session ----

    void tellsWhenASessionIsLost()
    {
        QSignalSpy lost(m_backend.get(), &AgentBackend::sessionLost);
        Answer<QString> early;
        m_backend->send(str("s1"), {str("x"), {}, {}}, this, early.handler());
        QVERIFY(refuse("session.send", -32603, "Session not found for sessionId: s1"));
        QCOMPARE(early.code(), ErrorCode::SessionNotFound);
        QCOMPARE(lost.size(), 0); // it was not ours
        attach();
        Answer<QString> late;
        m_backend->send(str("s1"), {str("x"), {}, {}}, this, late.handler());
        QVERIFY(refuse("session.send", -32603, "Session not found for sessionId: s1"));
        QCOMPARE(late.code(), ErrorCode::SessionNotFound);
        QCOMPARE(lost.size(), 1);
        QCOMPARE(lost.at(0).at(0).toString(), str("s1"));
        m_backend->abort(str("s1"), this, [](const Result<Done> &) { });
        QVERIFY(refuse("session.abort", -32603, "Session not found for sessionId: s1"));
        QCOMPARE(lost.size(), 1); // told once
    }

    void anotherClientEndsASession()
    {
        QSignalSpy lost(m_backend.get(), &AgentBackend::sessionLost);
        QSignalSpy lists(m_backend.get(), &AgentBackend::sessionListChanged);
        QSignalSpy events(m_backend.get(), &AgentBackend::sessionEvent);
        attach();
        push("session.shutdown", "{'shutdownType':'routine'}", "e1");
        QCOMPARE(lost.size(), 1);
        QCOMPARE(events.size(), 1);
        attach();
        const QJsonObject deleted = J("{'jsonrpc':'2.0','method':'session.lifecycle','params':{"
                                      "'type':'session.deleted','sessionId':'s1'}}");
        m_transport->inject(deleted);
        m_transport->inject(deleted); // the server sends it twice
        QCOMPARE(lost.size(), 2);
        QCOMPARE(lists.size(), 2);
        m_transport->inject(J("{'jsonrpc':'2.0','method':'session.lifecycle','params':{"
                              "'type':'session.updated','sessionId':'s1'}}"));
        m_transport->inject(J("{'jsonrpc':'2.0','method':'host.event','params':{}}"));
        QCOMPARE(lists.size(), 2);
        // Our own unload is no loss.
        attach();
        m_backend->unloadSession(str("s1"), this, [](const Result<Done> &) { });
        push("session.shutdown", "{'shutdownType':'routine'}", "e2");
        QCOMPARE(lost.size(), 2);
    }

    // ---- events ----

    void dropsDuplicatesPerSession()
    {
        QSignalSpy events(m_backend.get(), &AgentBackend::sessionEvent);
        QSignalSpy activity(m_backend.get(), &AgentBackend::activity);
        push("assistant.message_delta", "{'messageId':'m','deltaContent':'x'}", "e1");
        push("assistant.message_delta", "{'messageId':'m','deltaContent':'x'}", "e1");
        push("assistant.message_delta", "{'messageId':'m','deltaContent':'x'}", "e1", "s2");
        push("assistant.streaming_delta", "{'totalResponseSizeBytes':4}", "e2");
        QCOMPARE(events.size(), 2);
        QCOMPARE(events.at(1).at(0).toString(), str("s2"));
        QCOMPARE(activity.size(), 4);
    }

    void passesARecordedTurnOn()
    {
        QList<QByteArray> ids;
        connect(m_backend.get(), &AgentBackend::sessionEvent, this,
                [&](const QString &, const AgentEvent &event) { ids.append(event.meta.id); });
        for (const QByteArray &line : recorded::wire(str("bash")))
            m_transport->inject(
                "{\"jsonrpc\":\"2.0\",\"method\":\"session.event\",\"params\":" + line + "}");
        QList<QByteArray> expected;
        for (const AgentEvent &event : recorded::wireEvents(str("bash")))
            expected.append(event.meta.id);
        QCOMPARE(ids, expected);
    }

    // ---- answers ----

    void answersPermissions_data()
    {
        QTest::addColumn<int>("decision");
        QTest::addColumn<QByteArray>("prompt");
        QTest::addColumn<QByteArray>("result");
        const int once = int(PermissionDecision::ApproveOnce);
        const int session = int(PermissionDecision::ApproveForSession);
        const int reject = int(PermissionDecision::Reject);
        QTest::newRow("once") << once << QByteArray("{'kind':'read'}")
                              << QByteArray("{'kind':'approve-once'}");
        QTest::newRow("commands")
            << session << QByteArray("{'kind':'commands','commandIdentifiers':['ls','cat a']}")
            << QByteArray("{'kind':'approve-for-session','approval':{'kind':'commands',"
                          "'commandIdentifiers':['ls','cat a']}}");
        QTest::newRow("write") << session << QByteArray("{'kind':'write'}")
                               << QByteArray("{'kind':'approve-for-session','approval':{'kind':"
                                             "'write'}}");
        QTest::newRow("read") << session << QByteArray("{'kind':'read'}")
                              << QByteArray(
                                     "{'kind':'approve-for-session','approval':{'kind':'read'}}");
        QTest::newRow("mcp") << session
                             << QByteArray("{'kind':'mcp','serverName':'s','toolName':'t'}")
                             << QByteArray("{'kind':'approve-for-session','approval':{'kind':'mcp',"
                                           "'serverName':'s','toolName':'t'}}");
        QTest::newRow("tool") << session << QByteArray("{'kind':'custom-tool','toolName':'t'}")
                              << QByteArray("{'kind':'approve-for-session','approval':{'kind':"
                                            "'custom-tool','toolName':'t'}}");
        QTest::newRow("url") << session << QByteArray("{'kind':'url','url':'u'}")
                             << QByteArray("{'kind':'approve-once'}");
        QTest::newRow("reject") << reject << QByteArray("{'kind':'read'}")
                                << QByteArray("{'kind':'reject','feedback':'why'}");
    }
    void answersPermissions()
    {
        QFETCH(int, decision);
        QFETCH(QByteArray, prompt);
        QFETCH(QByteArray, result);
        const PermissionRequested request =
            CopilotEventDecoder::permissionRequest(str("r"), J(prompt.constData()));
        Answer<Done> done;
        m_backend->answerPermission(str("s1"), request, static_cast<PermissionDecision>(decision),
                                    str("why"), this, done.handler());
        const char *method = "session.permissions.handlePendingPermissionRequest";
        QCOMPARE(params(method).value(str("result")).toObject(), J(result.constData()));
        QCOMPARE(params(method).value(str("requestId")).toString(), str("r"));
        QVERIFY(reply(method, J("{'success':true}")));
        QVERIFY(done.ok());
    }

    void somebodyElseWasFaster()
    {
        Answer<Done> permission;
        m_backend->answerPermission(str("s1"), {}, PermissionDecision::ApproveOnce, {}, this,
                                    permission.handler());
        QVERIFY(
            reply("session.permissions.handlePendingPermissionRequest", J("{'success':false}")));
        QCOMPARE(permission.code(), ErrorCode::Unsupported);
        Answer<Done> question;
        m_backend->answerQuestion(str("s1"), str("r"), str("a"), true, this, question.handler());
        QVERIFY(reply("session.ui.handlePendingUserInput", J("{'success':false}")));
        QCOMPARE(question.code(), ErrorCode::Unsupported);
    }

    void neverAnswersTheQuestionTwice()
    {
        request(7, "userInput.request", J("{'sessionId':'s1','question':'q'}"));
        QVERIFY(answerTo(7).isEmpty());
        Answer<Done> done;
        m_backend->answerQuestion(str("s1"), str("r"), str("blue"), false, this, done.handler());
        QCOMPARE(text(params("session.ui.handlePendingUserInput")),
                 text(J("{'requestId':'r','response':{'answer':'blue','wasFreeform':false},"
                        "'sessionId':'s1'}")));
        QVERIFY(reply("session.ui.handlePendingUserInput", J("{'success':true}")));
        QVERIFY(done.ok());
        QVERIFY(answerTo(7).isEmpty());
    }

    void answersTheQuestionOfAnOldServer()
    {
        request(7, "userInput.request", J("{'sessionId':'s1','question':'q'}"));
        Answer<Done> done;
        m_backend->answerQuestion(str("s1"), str("r"), str("blue"), true, this, done.handler());
        QVERIFY(refuse("session.ui.handlePendingUserInput", -32601, "Unhandled method"));
        QVERIFY(done.ok());
        QCOMPARE(answerTo(7).value(str("result")).toObject(),
                 J("{'answer':'blue','wasFreeform':true}"));
        Answer<Done> again; // nothing waits any more
        m_backend->answerQuestion(str("s1"), str("r"), str("x"), true, this, again.handler());
        QVERIFY(refuse("session.ui.handlePendingUserInput", -32601, "Unhandled method"));
        QCOMPARE(again.code(), ErrorCode::MethodNotFound);
    }

    void answersAPlanThroughItsRequest()
    {
        QSignalSpy events(m_backend.get(), &AgentBackend::sessionEvent);
        push("exit_plan_mode.requested",
             "{'requestId':'r','summary':'s','planContent':'','actions':['interactive']}", "e1");
        request(3, "exitPlanMode.request", J("{'sessionId':'s1','summary':'s'}"));
        QCOMPARE(events.size(), 1); // asked once
        QVERIFY(answerTo(3).isEmpty());
        Answer<Done> done;
        m_backend->answerPlan(str("s1"), str("r"), true, str("interactive"), this, done.handler());
        QVERIFY(done.ok());
        QCOMPARE(answerTo(3).value(str("result")).toObject(),
                 J("{'approved':true,'selectedAction':'interactive'}"));
        QCOMPARE(events.size(), 1); // the server tells the end itself
        // Without a request of this connection (after a reconnect) there is a method.
        Answer<Done> other;
        m_backend->answerPlan(str("s1"), str("r2"), false, {}, this, other.handler());
        QCOMPARE(text(params("session.ui.handlePendingExitPlanMode")),
                 text(J("{'requestId':'r2','response':{'approved':false},'sessionId':'s1'}")));
        QVERIFY(reply("session.ui.handlePendingExitPlanMode", J("{'success':true}")));
        QVERIFY(other.ok());
    }

    void aPlanMayBeRequestedBeforeItsEvent()
    {
        QSignalSpy events(m_backend.get(), &AgentBackend::sessionEvent);
        request(3, "exitPlanMode.request", J("{'sessionId':'s1','summary':'s'}"));
        m_clock.advance(100ms);
        push("exit_plan_mode.requested", "{'requestId':'r','summary':'s'}", "e1");
        m_clock.advance(1s);
        QCOMPARE(events.size(), 1);
        Answer<Done> done;
        m_backend->answerPlan(str("s1"), str("r"), true, {}, this, done.handler());
        QVERIFY(done.ok());
        QCOMPARE(answerTo(3).value(str("result")).toObject(), J("{'approved':true}"));
        QCOMPARE(events.size(), 1);
    }

    void showsAPlanOfAServerWithoutTheEvent()
    {
        QList<AgentEvent> events;
        connect(m_backend.get(), &AgentBackend::sessionEvent, this,
                [&](const QString &, const AgentEvent &event) { events.append(event); });
        request(3, "exitPlanMode.request",
                J("{'sessionId':'s1','summary':'s','planContent':'p','actions':['a','b'],"
                  "'recommendedAction':'b'}"));
        QCOMPARE(events.size(), 0); // the event may be on its way
        m_clock.advance(1s);
        QCOMPARE(events.size(), 1);
        const auto plan = std::get<PlanApprovalRequested>(events.at(0).data);
        QCOMPARE(plan.plan, str("p"));
        QCOMPARE(plan.actions.size(), 2);
        Answer<Done> done;
        m_backend->answerPlan(str("s1"), plan.requestId, false, {}, this, done.handler());
        QVERIFY(done.ok());
        QCOMPARE(answerTo(3).value(str("result")).toObject(), J("{'approved':false}"));
        QCOMPARE(events.size(), 2);
        QVERIFY(!std::get<PlanApprovalCompleted>(events.at(1).data).approved);
    }

    void anAbortGivesTheRequestsUp()
    {
        push("exit_plan_mode.requested", "{'requestId':'r'}", "e1");
        request(3, "exitPlanMode.request", J("{'sessionId':'s1'}"));
        request(4, "userInput.request", J("{'sessionId':'s1'}"));
        push("abort", "{'reason':'user_initiated'}", "e2");
        m_backend->answerPlan(str("s1"), str("r"), true, {}, this, [](const Result<Done> &) { });
        QVERIFY(answerTo(3).isEmpty());
        QVERIFY(answerTo(4).isEmpty());
    }

    void hooksAndUnknownRequestsDoNotBlock()
    {
        request(5, "hooks.invoke", J("{'sessionId':'s1','hookType':'preToolUse','input':{}}"));
        QVERIFY(answerTo(5).value(str("result")).isObject());
        request(6, "what.ever", {});
        QCOMPARE(answerTo(6).value(str("error")).toObject().value(str("code")).toInt(), -32601);
    }
};

QTEST_GUILESS_MAIN(TstCopilotAnswers)
#include "tst_copilotanswers.moc"
