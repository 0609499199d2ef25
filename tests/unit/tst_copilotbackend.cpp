// SPDX-License-Identifier: MIT
#include "support/copilotfixture.h"

using namespace pilotlight;
using namespace pilotlight::copilottest;
using namespace std::chrono_literals;

class TstCopilotBackend : public Fixture
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
        start();
    }
    void cleanup() { stop(); }

    // ---- handshake ----

    void handshakeWithToken()
    {
        Answer<ServerInfo> info;
        m_backend->initialize(Secret("s3cret"), 10s, this, info.handler());
        QCOMPARE(params("connect").value(str("token")).toString(), str("s3cret"));
        QVERIFY(reply("connect", J("{'ok':true,'protocolVersion':3,'version':'1.0.102'}")));
        QVERIFY(reply("status.get", J("{'version':'1.0.103','protocolVersion':3}")));
        QVERIFY(info.ok());
        QCOMPARE((*info.result)->version, str("1.0.103"));
        QCOMPARE((*info.result)->protocolVersion, 3);
        QCOMPARE(m_backend->info().version, str("1.0.103"));
        QVERIFY(!m_backend->info().name.isEmpty());
    }

    void handshakeWithoutToken()
    {
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QVERIFY(!params("connect").contains(str("token")));
        QVERIFY(reply("connect", J("{'ok':true,'protocolVersion':3,'version':'1'}")));
        QVERIFY(refuse("status.get", -32601, "Unhandled method status.get"));
        QVERIFY(info.ok());
        QCOMPARE((*info.result)->version, str("1"));
    }

    void handshakeOfAServerWithoutConnect()
    {
        Answer<ServerInfo> info;
        m_backend->initialize(Secret("s3cret"), 10s, this, info.handler());
        QVERIFY(refuse("connect", -32601, "Unhandled method connect"));
        QVERIFY(reply("ping", J("{'message':'pong: hello','protocolVersion':2}")));
        QVERIFY(reply("status.get", J("{'version':'0.0.420','protocolVersion':2}")));
        QVERIFY(info.ok());
        QCOMPARE((*info.result)->protocolVersion, 2);
    }

    void aTokenThatNobodyAskedForIsNoObstacle()
    {
        Answer<ServerInfo> info;
        m_backend->initialize(Secret("s3cret"), 10s, this, info.handler());
        QVERIFY(refuse("connect", -32003, "AUTHENTICATION_NOT_CONFIGURED"));
        QVERIFY(reply("ping", J("{'message':'pong: hello','protocolVersion':3}")));
        QVERIFY(reply("status.get", J("{'version':'1.0.102','protocolVersion':3}")));
        QVERIFY(info.ok());
    }

    void handshakeFailures_data()
    {
        QTest::addColumn<int>("remote");
        QTest::addColumn<int>("expected");
        QTest::newRow("required") << -32001 << int(ErrorCode::AuthenticationRequired);
        QTest::newRow("failed") << -32002 << int(ErrorCode::AuthenticationFailed);
        QTest::newRow("other") << -32603 << int(ErrorCode::RemoteError);
    }
    void handshakeFailures()
    {
        QFETCH(int, remote);
        QFETCH(int, expected);
        Answer<ServerInfo> info;
        m_backend->initialize(Secret("wrong"), 10s, this, info.handler());
        QVERIFY(refuse("connect", remote, "no"));
        QCOMPARE(int(info.code()), expected);
    }

    void versions_data()
    {
        QTest::addColumn<QByteArray>("status");
        QTest::addColumn<int>("expected");
        QTest::newRow("none") << QByteArray("{'version':'1'}") << int(ErrorCode::ServerTooOld);
        QTest::newRow("1") << QByteArray("{'version':'1','protocolVersion':1}")
                           << int(ErrorCode::ServerTooOld);
        QTest::newRow("4") << QByteArray("{'version':'1','protocolVersion':4}")
                           << int(ErrorCode::ServerTooNew);
    }
    void versions()
    {
        QFETCH(QByteArray, status);
        QFETCH(int, expected);
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QVERIFY(reply("connect", J("{'ok':true}")));
        QVERIFY(reply("status.get", J(status.constData())));
        QCOMPARE(int(info.code()), expected);
        QVERIFY(m_backend->info().version.isEmpty());
    }

    void theHandshakeHasOneDeadline()
    {
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        m_clock.advance(9s);
        QVERIFY(reply("connect", J("{'ok':true,'protocolVersion':3}")));
        m_clock.advance(999ms);
        QCOMPARE(info.count, 0);
        m_clock.advance(1ms);
        QCOMPARE(info.code(), ErrorCode::Timeout);
    }

    void aDeadBackendAnswersNobody()
    {
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        Answer<Done> done;
        m_backend->abort(str("s1"), this, done.handler());
        m_backend.reset();
        QVERIFY(reply("connect", J("{'ok':true,'protocolVersion':3}")));
        m_transport->drop();
        QCOMPARE(info.count, 0);
        QCOMPARE(done.count, 0);
        QCOMPARE(m_transport->countSent(str("status.get")), 0);
    }

    // ---- probe ----

    void probes()
    {
        std::optional<ProbeResult> result;
        m_backend->probe({ProbeRequest::Kind::Ping, {}, 10s}, this,
                         [&](const ProbeResult &r) { result = r; });
        QVERIFY(m_transport->lastSent(str("ping")).contains(str("id")));
        m_clock.advance(3ms);
        QVERIFY(reply("ping", J("{'message':'pong','protocolVersion':3}")));
        QVERIFY(result);
        QCOMPARE(result->outcome, ProbeResult::Outcome::Ok);
        QCOMPARE(result->roundTrip, std::chrono::microseconds(3000));
    }

    void probeFailures_data()
    {
        QTest::addColumn<int>("remote");
        QTest::addColumn<int>("expected");
        using Outcome = ProbeResult::Outcome;
        QTest::newRow("unsupported") << -32601 << int(Outcome::Unsupported);
        QTest::newRow("auth") << -32001 << int(Outcome::Auth);
        QTest::newRow("refused") << -32002 << int(Outcome::Auth);
        QTest::newRow("error") << -32603 << int(Outcome::RpcError);
    }
    void probeFailures()
    {
        QFETCH(int, remote);
        QFETCH(int, expected);
        std::optional<ProbeResult> result;
        m_backend->probe({ProbeRequest::Kind::Ping, {}, 10s}, this,
                         [&](const ProbeResult &r) { result = r; });
        QVERIFY(refuse("ping", remote, "no"));
        QVERIFY(result);
        QCOMPARE(int(result->outcome), expected);
        QVERIFY(!result->detail.isEmpty());
    }

    void probesEndInEveryCase()
    {
        using Outcome = ProbeResult::Outcome;
        QList<Outcome> outcomes;
        const auto handler = [&](const ProbeResult &r) { outcomes.append(r.outcome); };
        m_backend->probe({ProbeRequest::Kind::Ping, {}, 10s}, this, handler);
        m_clock.advance(10s);
        m_backend->probe({ProbeRequest::Kind::Ping, {}, 10s}, this, handler);
        m_backend->probe({ProbeRequest::Kind::Ping, {}, 10s}, this, handler); // never two at once
        m_backend->cancelProbe();
        m_backend->cancelProbe();
        m_backend->probe({ProbeRequest::Kind::Ping, {}, 10s}, this, handler);
        m_transport->reply(str("ping"), QJsonValue(QJsonValue::Null));
        m_backend->probe({ProbeRequest::Kind::Ping, {}, 10s}, this, handler);
        m_transport->drop();
        QCOMPARE(outcomes,
                 QList<Outcome>({Outcome::Timeout, Outcome::Cancelled, Outcome::Cancelled,
                                 Outcome::Protocol, Outcome::Transport}));
    }

    // ---- sign-in, models, lists ----

    void readsSignInAndModels()
    {
        Answer<AuthStatus> auth;
        m_backend->authStatus(this, auth.handler());
        QVERIFY(reply("auth.getStatus",
                      J("{'isAuthenticated':true,'login':'joe','statusMessage':'ok'}")));
        QVERIFY(auth.ok() && (*auth.result)->signedIn);
        QCOMPARE((*auth.result)->user, str("joe"));

        Answer<QList<ModelInfo>> models;
        m_backend->listModels(this, models.handler());
        QVERIFY(reply("models.list",
                      J("{'models':[{'id':'a','name':'A','capabilities':{'limits':{"
                        "'max_context_window_tokens':128000}},'supportedReasoningEfforts':['low',"
                        "'high']},{'id':'b'},{}]}")));
        QVERIFY(models.ok());
        const QList<ModelInfo> list = **models.result;
        QCOMPARE(list.size(), 2);
        QCOMPARE(list.at(0).contextWindow, 128000);
        QCOMPARE(list.at(0).reasoningEfforts.size(), 2);
        QCOMPARE(list.at(1).name, str("b"));

        Answer<QList<ModelInfo>> refused;
        m_backend->listModels(this, refused.handler());
        QVERIFY(refuse("models.list", -32603,
                       "Request models.list failed with message: Not authenticated. Please "
                       "authenticate first."));
        QCOMPARE(refused.code(), ErrorCode::NotSignedIn);
    }

    void listsSessions()
    {
        Answer<QList<SessionSummary>> answer;
        m_backend->listSessions(this, answer.handler());
        QVERIFY(reply("session.list",
                      J("{'sessions':[{'sessionId':'s','startTime':'2026-11-20T23:32:17.219Z',"
                        "'modifiedTime':'2026-11-20T23:32:18.371Z','summary':'x','name':'N',"
                        "'context':{'cwd':'/w'}},{}]}")));
        QVERIFY(answer.ok());
        const QList<SessionSummary> list = **answer.result;
        QCOMPARE(list.size(), 1);
        QCOMPARE(list.at(0).name, str("N"));
        QCOMPARE(list.at(0).workingDirectory, str("/w"));
        QCOMPARE(list.at(0).started,
                 QDateTime(QDate(2026, 11, 20), QTime(23, 32, 17, 219), Qt::UTC));
    }

    // ---- create and resume ----

    void createsAfterALook()
    {
        SessionConfig wanted = config();
        wanted.name = str("Name");
        wanted.mode = AgentMode::Plan;
        wanted.systemMessage = str("be brief");
        wanted.provider = ProviderConfig{str("openai"), str("completions"), str("http://p/v1"),
                                         Secret("sk-stub-0123456789")};
        Answer<Done> done;
        m_backend->createSession(wanted, this, done.handler());
        QCOMPARE(params("session.getMetadata").value(str("sessionId")).toString(), str("s1"));
        QCOMPARE(m_transport->countSent(str("session.create")), 0);
        QVERIFY(reply("session.getMetadata", {}));
        QCOMPARE(text(params("session.create")),
                 text(J("{'clientName':'pilotlight','envValueMode':'direct',"
                        "'includeSubAgentStreamingEvents':true,'model':'m','provider':{'apiKey':"
                        "'sk-stub-0123456789','baseUrl':'http://p/v1','type':'openai','wireApi':"
                        "'completions'},'requestExitPlanMode':true,'requestPermission':true,"
                        "'requestUserInput':true,'sessionId':'s1','streaming':true,"
                        "'systemMessage':{'content':'be brief','mode':'append'},"
                        "'workingDirectory':'/w'}")));
        QVERIFY(reply("session.create", J("{'sessionId':'s1'}")));
        QCOMPARE(params("session.name.set").value(str("name")).toString(), str("Name"));
        QCOMPARE(params("session.mode.set").value(str("mode")).toString(), str("plan"));
        QCOMPARE(done.count, 0);
        QVERIFY(reply("session.mode.set", J("{'modeApplied':true}")));
        QVERIFY(done.ok());
    }

    void neverCreatesOverAHistory()
    {
        Answer<Done> done;
        m_backend->createSession(config(), this, done.handler());
        QVERIFY(reply("session.getMetadata", J("{'session':{'sessionId':'s1'}}")));
        QCOMPARE(done.code(), ErrorCode::InvalidArgument);
        Answer<Done> old;
        m_backend->createSession(config(), this, old.handler());
        QVERIFY(refuse("session.getMetadata", -32601, "Unhandled method"));
        QVERIFY(reply("session.list", J("{'sessions':[{'sessionId':'s1'}]}")));
        QCOMPARE(old.code(), ErrorCode::InvalidArgument);
        Answer<Done> unsure; // no answer, no create
        m_backend->createSession(config(), this, unsure.handler());
        QVERIFY(refuse("session.getMetadata", -32603, "disk on fire"));
        QCOMPARE(unsure.code(), ErrorCode::RemoteError);
        Answer<Done> nameless;
        m_backend->createSession({}, this, nameless.handler());
        QCOMPARE(nameless.code(), ErrorCode::InvalidArgument);
        QCOMPARE(m_transport->countSent(str("session.create")), 0);
    }

    void resumesWithEverything()
    {
        SessionConfig wanted = config();
        wanted.provider = ProviderConfig{str("openai"), {}, str("http://p/v1"), {}};
        Answer<Done> done;
        m_backend->resumeSession(wanted, {true, false}, this, done.handler());
        const QJsonObject sent = params("session.resume");
        QVERIFY(sent.value(str("disableResume")).toBool());
        QVERIFY(!sent.value(str("continuePendingWork")).toBool(true));
        QVERIFY(sent.value(str("provider")).isObject());
        QVERIFY(sent.value(str("streaming")).toBool());
        QVERIFY(sent.value(str("requestUserInput")).toBool());
        QVERIFY(refuse("session.resume", -32603,
                       "Request session.resume failed with message: Failed to load session events: "
                       "Session not found: s1"));
        QCOMPARE(done.code(), ErrorCode::SessionNotFound);
        m_backend->resumeSession(wanted, {}, this, {[](const Result<Done> &) { }});
        QVERIFY(!params("session.resume").contains(str("disableResume")));
        QVERIFY(params("session.resume").value(str("continuePendingWork")).toBool());
    }

    // ---- reading ----

    void readsTheHistoryOfALoadedSession()
    {
        Answer<QList<AgentEvent>> events;
        m_backend->readHistory(str("s1"), this, events.handler());
        QVERIFY(reply("session.getMessages",
                      J("{'events':[{'type':'user.message','data':{'content':'a'},'id':'1'},"
                        "{'type':'system.message','data':{},'id':'2'},"
                        "{'type':'assistant.message','data':{'content':'b'},'id':'3'}]}")));
        QVERIFY(events.ok());
        QCOMPARE((*events.result)->size(), 2);
    }

    void readsTheHistoryOfAnUnloadedSessionBackwards()
    {
        Answer<QList<AgentEvent>> events;
        m_backend->readHistory(str("s1"), this, events.handler());
        QVERIFY(refuse("session.getMessages", -32603, "… Session not found: s1"));
        QVERIFY(!params("sessions.readPersistedEvents").contains(str("cursor")));
        QCOMPARE(params("sessions.readPersistedEvents").value(str("direction")).toString(),
                 str("backward"));
        QVERIFY(reply("sessions.readPersistedEvents",
                      J("{'events':[{'type':'assistant.turn_end','data':{},'id':'3'},"
                        "{'type':'session.shutdown','data':{},'id':'4'}],'cursor':'c1',"
                        "'hasMore':true}")));
        QCOMPARE(params("sessions.readPersistedEvents").value(str("cursor")).toString(), str("c1"));
        QVERIFY(reply("sessions.readPersistedEvents",
                      J("{'events':[{'type':'session.start','data':{},'id':'1'},"
                        "{'type':'user.message','data':{},'id':'2'}],'hasMore':false}")));
        QVERIFY(events.ok());
        QByteArray order;
        for (const AgentEvent &event : **events.result)
            order += event.meta.id;
        QCOMPARE(order, QByteArray("1234"));
    }

    void historyFailures()
    {
        Answer<QList<AgentEvent>> missing;
        m_backend->readHistory(str("nope"), this, missing.handler());
        QVERIFY(refuse("session.getMessages", -32603, "Session not found: nope"));
        QVERIFY(refuse("sessions.readPersistedEvents", -32603,
                       "Persisted event journal is unavailable for session nope"));
        QCOMPARE(missing.code(), ErrorCode::SessionNotFound);
        Answer<QList<AgentEvent>> old;
        m_backend->readHistory(str("s1"), this, old.handler());
        QVERIFY(refuse("session.getMessages", -32603, "Session not found: s1"));
        QVERIFY(refuse("sessions.readPersistedEvents", -32601, "Unhandled method"));
        QCOMPARE(old.code(), ErrorCode::SessionNotFound);
        Answer<QList<AgentEvent>> expired;
        m_backend->readHistory(str("s1"), this, expired.handler());
        QVERIFY(refuse("session.getMessages", -32603, "Session not found: s1"));
        QVERIFY(reply("sessions.readPersistedEvents",
                      J("{'events':[],'cursor':'c','cursorStatus':'expired','hasMore':true}")));
        QCOMPARE(expired.code(), ErrorCode::RemoteError);
    }

    void readsTheEventLog()
    {
        Answer<QList<AgentEvent>> log;
        m_backend->readEventLog(str("s1"), "e", this, log.handler());
        const QJsonObject asked = params("session.eventLog.read");
        QCOMPARE(asked.value(str("cursor")).toString(), str("e|0"));
        QVERIFY(asked.value(str("includeEphemeral")).toBool());
        const QJsonArray types = asked.value(str("types")).toArray();
        QVERIFY(types.contains(str("assistant.message_delta")));
        QVERIFY(types.contains(str("user_input.requested")));
        QVERIFY(!types.contains(str("system.message")));
        // 1.0.69: durable events first. What is older than the turn is left out.
        QVERIFY(reply(
            "session.eventLog.read",
            J("{'events':["
              "{'type':'user.message','data':{},'id':'1','timestamp':'2026-11-21T09:00:01.000Z'},"
              "{'type':'assistant.turn_end','data':{},'id':'3',"
              "'timestamp':'2026-11-21T09:00:03.000Z'}],'cursor':'3|0','hasMore':true}")));
        QCOMPARE(log.count, 0);
        QCOMPARE(params("session.eventLog.read").value(str("cursor")).toString(), str("3|0"));
        QVERIFY(reply("session.eventLog.read",
                      J("{'events':["
                        "{'type':'session.idle','data':{},'id':'0','ephemeral':true,"
                        "'timestamp':'2026-11-21T09:00:00.000Z'},"
                        "{'type':'session.title_changed','data':{},'id':'2','ephemeral':true,"
                        "'timestamp':'2026-11-21T09:00:02.000Z'},"
                        "{'type':'session.idle','data':{},'id':'4','ephemeral':true,"
                        "'timestamp':'2026-11-21T09:00:03.000Z'}],"
                        "'cursor':'3|3','hasMore':false}")));
        QVERIFY(log.ok());
        QByteArray ids;
        for (const AgentEvent &event : std::as_const(**log.result))
            ids += event.meta.id;
        QCOMPARE(ids, QByteArray("1234"));
    }

    void aServerWithoutAnEventLog()
    {
        Answer<QList<AgentEvent>> log;
        m_backend->readEventLog(str("s1"), {}, this, log.handler());
        QVERIFY(!params("session.eventLog.read").contains(str("cursor")));
        QVERIFY(refuse("session.eventLog.read", -32601, "Unhandled method"));
        QCOMPARE(log.code(), ErrorCode::Unsupported);
    }

    void readsPendingRequests()
    {
        Answer<QList<PermissionRequested>> pending;
        m_backend->pendingRequests(str("s1"), this, pending.handler());
        QVERIFY(reply("session.permissions.pendingRequests",
                      J("{'items':[{'requestId':'r','request':{'kind':'commands',"
                        "'fullCommandText':'ls','commandIdentifiers':['ls'],"
                        "'canOfferSessionApproval':true,'toolCallId':'t'}}]}")));
        QVERIFY(pending.ok());
        QCOMPARE((*pending.result)->size(), 1);
        QCOMPARE((*pending.result)->at(0).subject, str("ls"));
        Answer<QList<PermissionRequested>> old;
        m_backend->pendingRequests(str("s1"), this, old.handler());
        QVERIFY(refuse("session.permissions.pendingRequests", -32601, "Unhandled method"));
        QVERIFY(old.ok() && (*old.result)->isEmpty());
    }

    // ---- talking ----

    void sends()
    {
        Answer<QString> id;
        Prompt prompt;
        prompt.text = str("hello");
        prompt.delivery = Delivery::Immediate;
        prompt.attachments = {{Attachment::Kind::File, str("/w/a.txt")},
                              {Attachment::Kind::Directory, str("/w/d")}};
        m_backend->send(str("s1"), prompt, this, id.handler());
        QCOMPARE(text(params("session.send")),
                 text(J("{'attachments':[{'displayName':'a.txt','path':'/w/a.txt','type':'file'},"
                        "{'displayName':'d','path':'/w/d','type':'directory'}],'mode':'immediate',"
                        "'prompt':'hello','sessionId':'s1'}")));
        QVERIFY(reply("session.send", J("{'messageId':'m1'}")));
        QCOMPARE(**id.result, str("m1"));
        Answer<QString> none;
        m_backend->send(str("s1"), prompt, this, none.handler());
        QVERIFY(reply("session.send", {}));
        QCOMPARE(none.code(), ErrorCode::ProtocolViolation);
    }

    void refusesUnsendablePrompts()
    {
        Answer<QString> empty;
        m_backend->send(str("s1"), {}, this, empty.handler());
        QCOMPARE(empty.code(), ErrorCode::InvalidArgument);
        Answer<QString> big;
        Prompt prompt;
        prompt.text = QString(2 * 1024 * 1024 + 1, QChar(0xe4)); // two bytes each
        m_backend->send(str("s1"), prompt, this, big.handler());
        QCOMPARE(big.code(), ErrorCode::InvalidArgument);
        QCOMPARE(m_transport->countSent(str("session.send")), 0);
        prompt.text.chop(1);
        m_backend->send(str("s1"), prompt, this, [](const Result<QString> &) { });
        QCOMPARE(m_transport->countSent(str("session.send")), 1);
    }

    void simpleWishes()
    {
        Answer<Done> answers[6];
        m_backend->abort(str("s1"), this, answers[0].handler());
        QVERIFY(reply("session.abort", J("{'success':true}")));
        m_backend->unloadSession(str("s1"), this, answers[1].handler());
        QVERIFY(reply("session.destroy", J("{'success':false}")));
        m_backend->renameSession(str("s1"), str("N"), this, answers[2].handler());
        QVERIFY(m_transport->reply(str("session.name.set"), QJsonValue(QJsonValue::Null)));
        m_backend->switchModel(str("s1"), str("x"), this, answers[3].handler());
        QCOMPARE(params("session.model.switchTo").value(str("modelId")).toString(), str("x"));
        QVERIFY(reply("session.model.switchTo", J("{'status':'applied'}")));
        m_backend->switchMode(str("s1"), AgentMode::Autopilot, this, answers[4].handler());
        QCOMPARE(params("session.mode.set").value(str("mode")).toString(), str("autopilot"));
        QVERIFY(reply("session.mode.set", {}));
        m_backend->deleteSession(str("s1"), this, answers[5].handler());
        QVERIFY(reply("session.delete", J("{'success':true}")));
        for (const Answer<Done> &answer : answers)
            QVERIFY(answer.ok());
        QCOMPARE(params("session.abort").value(str("sessionId")).toString(), str("s1"));
    }

    void deletingWhatIsGone()
    {
        Answer<Done> gone;
        m_backend->deleteSession(str("s1"), this, gone.handler());
        QVERIFY(reply("session.delete",
                      J("{'success':false,'error':'Session file not found for s1'}")));
        QVERIFY(gone.ok());
        Answer<Done> stuck;
        m_backend->deleteSession(str("s1"), this, stuck.handler());
        QVERIFY(reply("session.delete", J("{'success':false,'error':'permission denied'}")));
        QCOMPARE(stuck.code(), ErrorCode::RemoteError);
    }
};

QTEST_GUILESS_MAIN(TstCopilotBackend)
#include "tst_copilotbackend.moc"
