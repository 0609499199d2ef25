// SPDX-License-Identifier: MIT
#include "agent/mcpbackend.h"
#include "support/copilotfixture.h"

#include <QLoggingCategory>
#include <QSignalSpy>

using namespace pilotlight;
using namespace std::chrono_literals;
using copilottest::Answer;
using copilottest::J;
using copilottest::str;
using Outcome = ProbeResult::Outcome;

namespace {

const char *const Discovered =
    "{'supportedVersions':['2026-07-28'],'capabilities':{'tools':{}},'resultType':'complete',"
    "'_meta':{'io.modelcontextprotocol/serverInfo':{'name':'new','version':'2.0'}}}";
const char *const Initialized =
    "{'protocolVersion':'2025-11-25','capabilities':{'tools':{'listChanged':true}},"
    "'serverInfo':{'name':'old','version':'1.0'}}";

} // namespace

class TstMcpBackend : public QObject
{
    Q_OBJECT

    FakeClock m_clock;
    FakeTransport *m_transport = nullptr;
    std::unique_ptr<Peer> m_peer;
    std::unique_ptr<McpBackend> m_backend;
    QList<ProbeResult> m_probes;

    void start(McpEra era = McpEra::Auto)
    {
        m_backend.reset();
        auto transport = std::make_unique<FakeTransport>();
        m_transport = transport.get();
        m_peer = std::make_unique<Peer>(std::move(transport), m_clock);
        m_backend = std::make_unique<McpBackend>(*m_peer, m_clock, era);
        m_transport->acceptOpen();
        m_probes.clear();
    }
    QJsonObject params(const char *method) const
    {
        return m_transport->lastSent(str(method)).value(str("params")).toObject();
    }
    bool reply(const char *method, const char *result)
    {
        return m_transport->reply(str(method), J(result));
    }
    bool refuse(const char *method, int code, const char *message = "no")
    {
        return m_transport->replyError(str(method), code, str(message));
    }
    qint64 idOf(const char *method) const
    {
        return m_transport->lastSent(str(method)).value(str("id")).toInteger();
    }
    //! A server of one era, its handshake done.
    void begin(McpEra era)
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        if (era == McpEra::Stateless) {
            QVERIFY(reply("server/discover", Discovered));
        } else {
            QVERIFY(refuse("server/discover", -32601));
            QVERIFY(reply("initialize", Initialized));
        }
        QVERIFY(info.ok());
        QCOMPARE(m_backend->era(), era);
    }
    void probe(const ProbeRequest &request = {})
    {
        m_backend->probe(request, this,
                         [this](const ProbeResult &result) { m_probes.append(result); });
    }
    Outcome outcome() const
    {
        return m_probes.size() == 1 ? m_probes.first().outcome : Outcome::Cancelled;
    }

private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("*.debug=false")); }
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }
    void cleanup()
    {
        m_backend.reset();
        m_peer.reset();
        QCOMPARE(m_clock.liveTimers(), 0);
    }

    // ---- handshake ----

    void aStatelessServerIsFoundOutWithTheFirstRequest()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        const QJsonObject meta = params("server/discover").value(str("_meta")).toObject();
        QCOMPARE(meta.value(str("io.modelcontextprotocol/protocolVersion")).toString(),
                 str("2026-07-28"));
        QVERIFY(meta.value(str("io.modelcontextprotocol/clientCapabilities")).isObject());
        QVERIFY(reply("server/discover", Discovered));
        QVERIFY(info.ok());
        QCOMPARE((*info.result)->name, str("new"));
        QCOMPARE((*info.result)->version, str("2.0"));
        QCOMPARE((*info.result)->protocolVersion, 20260728);
        QCOMPARE(m_backend->era(), McpEra::Stateless);
        QVERIFY(m_backend->hasTools());
        QCOMPARE(m_transport->sent().size(), 1); // neither initialize nor a notification
    }

    void aServerOfTheHandshakeEraIsInitialized()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QVERIFY(refuse("server/discover", -32601));
        const QJsonObject sent = params("initialize");
        QCOMPARE(sent.value(str("protocolVersion")).toString(), str("2025-11-25"));
        QVERIFY(sent.value(str("capabilities")).toObject().isEmpty());
        QVERIFY(!sent.value(str("clientInfo")).toObject().value(str("name")).toString().isEmpty());
        QVERIFY(!sent.contains(str("_meta")));
        QCOMPARE(m_transport->countSent(str("notifications/initialized")), 0);
        QVERIFY(reply("initialize", Initialized));
        QCOMPARE(m_transport->countSent(str("notifications/initialized")), 1);
        QVERIFY(info.ok());
        QCOMPARE((*info.result)->name, str("old"));
        QCOMPARE((*info.result)->protocolVersion, 20251125);
        QCOMPARE(m_backend->era(), McpEra::Handshake);
    }

    void revisions_data()
    {
        QTest::addColumn<QString>("revision");
        QTest::addColumn<int>("code"); // Cancelled: none
        const int ok = int(ErrorCode::Cancelled);
        QTest::newRow("first") << str("2024-10-07") << ok;
        QTest::newRow("2025-03") << str("2025-03-26") << ok;
        QTest::newRow("newest") << str("2025-11-25") << ok;
        QTest::newRow("older") << str("2024-01-01") << int(ErrorCode::ServerTooOld);
        QTest::newRow("newer") << str("2027-01-01") << int(ErrorCode::ServerTooNew);
        QTest::newRow("no date") << str("latest") << int(ErrorCode::ProtocolViolation);
        QTest::newRow("none") << QString() << int(ErrorCode::ProtocolViolation);
    }
    void revisions()
    {
        QFETCH(QString, revision);
        QFETCH(int, code);
        start(McpEra::Handshake);
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QCOMPARE(m_transport->countSent(str("server/discover")), 0);
        QVERIFY(m_transport->reply(
            str("initialize"),
            QJsonObject{{str("protocolVersion"), revision}, {str("serverInfo"), QJsonObject()}}));
        if (code == int(ErrorCode::Cancelled))
            QVERIFY(info.ok());
        else
            QCOMPARE(int(info.code()), code);
        QVERIFY(!m_backend->hasTools());
    }

    void aServerThatIgnoresTheFirstRequestIsInitializedAllTheSame()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        m_clock.advance(3s - 1ms);
        QCOMPARE(m_transport->countSent(str("initialize")), 0);
        m_clock.advance(1ms);
        QVERIFY(reply("initialize", Initialized));
        QVERIFY(info.ok());
        QCOMPARE(m_backend->era(), McpEra::Handshake);
    }

    void aSlowStatelessServerWinsOverTheInitializeThatItRefuses_data()
    {
        QTest::addColumn<bool>("refusalFirst");
        QTest::newRow("in order") << false;
        QTest::newRow("refusal first") << true;
    }
    void aSlowStatelessServerWinsOverTheInitializeThatItRefuses()
    {
        QFETCH(bool, refusalFirst);
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        m_clock.advance(4s); // it is still starting
        if (refusalFirst)
            QVERIFY(refuse("initialize", -32022));
        QCOMPARE(info.count, 0);
        QVERIFY(reply("server/discover", Discovered));
        if (!refusalFirst)
            refuse("initialize", -32022);
        QVERIFY(info.ok());
        QCOMPARE(m_backend->era(), McpEra::Stateless);
        QCOMPARE(m_transport->countSent(str("notifications/initialized")), 0);
    }

    void bothRefused()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        m_clock.advance(4s);
        QVERIFY(refuse("initialize", -32022));
        QVERIFY(refuse("server/discover", -32601));
        QCOMPARE(info.code(), ErrorCode::ServerTooNew);
    }

    void handshakeFailures_data()
    {
        QTest::addColumn<int>("code");
        for (const ErrorCode code :
             {ErrorCode::AuthenticationRequired, ErrorCode::AuthenticationFailed,
              ErrorCode::TooManyRequests, ErrorCode::ConnectionLost})
            QTest::newRow(qPrintable(errorCodeName(code))) << int(code);
    }
    //! What is not an answer to the question itself ends the handshake; it is not asked again.
    void handshakeFailures()
    {
        QFETCH(int, code);
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        Q_EMIT m_transport->requestFailed(idOf("server/discover"), {ErrorCode(code), {}, {}});
        QCOMPARE(int(info.code()), code);
        QCOMPARE(m_transport->sent().size(), 1);
    }

    void theHandshakeHasOneDeadline()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        m_clock.advance(9'999ms);
        QCOMPARE(info.count, 0);
        m_clock.advance(1ms);
        QCOMPARE(info.code(), ErrorCode::Timeout);
        m_clock.advance(1h);
        QCOMPARE(info.count, 1);
    }

    void anAnswerWithoutTheWantedRevisionLeadsToInitialize()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QVERIFY(reply("server/discover", "{'supportedVersions':['2031-01-01']}"));
        QVERIFY(reply("initialize", Initialized));
        QVERIFY(info.ok());
    }

    void theConnectionEndsInTheHandshake()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        m_transport->drop();
        QCOMPARE(info.code(), ErrorCode::ConnectionLost);
    }

    void theBackendDiesInTheHandshake()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        m_backend.reset();
        m_transport->reply(str("server/discover"), J(Discovered));
        m_clock.advance(1min);
        QCOMPARE(info.count, 0);
    }

    // ---- probe ----

    void pingOfEachEra()
    {
        begin(McpEra::Handshake);
        probe();
        QVERIFY(params("ping").isEmpty());
        m_clock.advance(7ms);
        QVERIFY(reply("ping", "{}"));
        QCOMPARE(outcome(), Outcome::Ok);
        QCOMPARE(m_probes.first().roundTrip, std::chrono::microseconds(7ms));

        begin(McpEra::Stateless);
        probe();
        QCOMPARE(m_transport->countSent(str("ping")), 0); // it would be -32601
        QVERIFY(params("server/discover").contains(str("_meta")));
        QVERIFY(reply("server/discover", Discovered));
        QCOMPARE(outcome(), Outcome::Ok);
    }

    void line13_everyFailureHasItsOutcome_data()
    {
        QTest::addColumn<int>("code");
        QTest::addColumn<int>("expected");
        const auto row = [](ErrorCode code, Outcome expected) {
            QTest::newRow(qPrintable(errorCodeName(code))) << int(code) << int(expected);
        };
        row(ErrorCode::Timeout, Outcome::Timeout);
        row(ErrorCode::Cancelled, Outcome::Cancelled);
        row(ErrorCode::ConnectionExpired, Outcome::Cancelled);
        row(ErrorCode::MethodNotFound, Outcome::Unsupported);
        row(ErrorCode::AuthenticationRequired, Outcome::Auth);
        row(ErrorCode::AuthenticationFailed, Outcome::Auth);
        row(ErrorCode::ProtocolViolation, Outcome::Protocol);
        row(ErrorCode::InvalidJson, Outcome::Protocol);
        row(ErrorCode::FrameTooLarge, Outcome::Protocol);
        row(ErrorCode::RemoteError, Outcome::RpcError);
        row(ErrorCode::TooManyRequests, Outcome::RpcError);
        row(ErrorCode::ConnectionRefused, Outcome::Transport);
        row(ErrorCode::ConnectionLost, Outcome::Transport);
        row(ErrorCode::ServerExited, Outcome::Transport);
    }
    void line13_everyFailureHasItsOutcome()
    {
        QFETCH(int, code);
        QFETCH(int, expected);
        begin(McpEra::Handshake);
        probe();
        Q_EMIT m_transport->requestFailed(idOf("ping"), {ErrorCode(code), {}, {}});
        QCOMPARE(m_probes.size(), 1);
        QCOMPARE(int(m_probes.first().outcome), expected);
        QCOMPARE(m_probes.first().tooMany, code == int(ErrorCode::TooManyRequests)); // line 12
    }

    void line14_aServerWithoutPingIsUnsupported()
    {
        begin(McpEra::Handshake);
        probe();
        QVERIFY(refuse("ping", -32601));
        QCOMPARE(outcome(), Outcome::Unsupported);
    }

    void aProbeTimesOutByItself()
    {
        begin(McpEra::Handshake);
        probe({ProbeRequest::Kind::Ping, {}, 5s});
        m_clock.advance(5s);
        QCOMPARE(outcome(), Outcome::Timeout);
        QCOMPARE(m_transport->abandoned().last(), idOf("ping"));
        reply("ping", "{}"); // late
        QCOMPARE(m_probes.size(), 1);
    }

    void oneProbeAtATime()
    {
        begin(McpEra::Handshake);
        probe();
        probe();
        QCOMPARE(outcome(), Outcome::Cancelled);
        QCOMPARE(m_transport->countSent(str("ping")), 1);
        m_backend->cancelProbe();
        QCOMPARE(m_probes.size(), 2);
        QCOMPARE(m_probes.last().outcome, Outcome::Cancelled);
    }

    void line18_aToolProbeThatReportsAnErrorFails_data()
    {
        QTest::addColumn<QByteArray>("result");
        QTest::addColumn<int>("expected");
        QTest::newRow("good") << QByteArray("{'content':[{'type':'text','text':'hi'}]}")
                              << int(Outcome::Ok);
        QTest::newRow("isError") << QByteArray(
            "{'content':[{'type':'text','text':'Unknown tool'}],'isError':true}")
                                 << int(Outcome::RpcError);
        QTest::newRow("wants input")
            << QByteArray("{'resultType':'input_required'}") << int(Outcome::RpcError);
    }
    void line18_aToolProbeThatReportsAnErrorFails()
    {
        QFETCH(QByteArray, result);
        QFETCH(int, expected);
        begin(McpEra::Handshake);
        probe({ProbeRequest::Kind::Tool, str("echo"), 5s});
        QCOMPARE(params("tools/call").value(str("name")).toString(), str("echo"));
        QVERIFY(reply("tools/call", result.constData()));
        QCOMPARE(m_probes.size(), 1);
        QCOMPARE(int(m_probes.first().outcome), expected);
    }

    void line18_aProbeIsSmallAndSoIsItsAnswer()
    {
        for (const McpEra era : {McpEra::Handshake, McpEra::Stateless}) {
            begin(era);
            probe();
            QVERIFY(m_transport->sent().last().size() <= 1024);
            const qint64 id = m_transport->sentObjects().last().value(str("id")).toInteger();
            QCOMPARE(m_transport->limits().value(id), qint64(64 * 1024));
            const QString method =
                m_transport->sentObjects().last().value(str("method")).toString();
            m_transport->reply(method, QJsonObject{{str("x"), QString(70'000, u'x')}});
            QCOMPARE(outcome(), Outcome::Protocol);
        }
    }

    void aToolProbeWithoutToolsIsUnsupported()
    {
        start(McpEra::Handshake);
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QVERIFY(reply("initialize", "{'protocolVersion':'2025-11-25','capabilities':{}}"));
        probe({ProbeRequest::Kind::Tool, str("echo"), 5s});
        QCOMPARE(outcome(), Outcome::Unsupported);
        QCOMPARE(m_transport->countSent(str("tools/call")), 0);
    }

    void whatIsNoObjectIsNoAnswer()
    {
        begin(McpEra::Handshake);
        probe();
        m_transport->reply(str("ping"), QJsonValue(str("pong")));
        QCOMPARE(outcome(), Outcome::Protocol);
    }

    void anyByteIsALifeSign()
    {
        begin(McpEra::Handshake);
        QSignalSpy activity(m_backend.get(), &Backend::activity);
        Q_EMIT m_transport->bytesArrived(1);
        QCOMPARE(activity.size(), 1);
    }

    void thereIsNoSignIn()
    {
        begin(McpEra::Handshake);
        Answer<AuthStatus> status;
        m_backend->authStatus(this, status.handler());
        QCOMPARE(status.count, 0); // never from inside the call
        QTRY_VERIFY(status.ok());
        QVERIFY((*status.result)->signedIn);
    }

    // ---- what the server asks and tells ----

    void theServersPingIsAnsweredAndOtherRequestsAreRefused()
    {
        begin(McpEra::Handshake);
        m_transport->inject(J("{'jsonrpc':'2.0','id':'a','method':'ping'}"));
        const QJsonObject pong = m_transport->sentObjects().last();
        QCOMPARE(pong.value(str("id")).toString(), str("a"));
        QCOMPARE(pong.value(str("result")), QJsonValue(QJsonObject()));
        for (const char *method : {"roots/list", "sampling/createMessage", "elicitation/create"}) {
            QJsonObject request = J("{'jsonrpc':'2.0','id':7,'params':{}}");
            request.insert(str("method"), str(method));
            m_transport->inject(request);
            const QJsonObject answer = m_transport->sentObjects().last();
            QCOMPARE(answer.value(str("id")).toInt(), 7);
            QCOMPARE(answer.value(str("error"))[str("code")].toInt(), -32601);
        }
    }

    void notificationsAreNeverFatal()
    {
        begin(McpEra::Handshake);
        QSignalSpy changed(m_backend.get(), &McpBackend::toolsChanged);
        const qsizetype sent = m_transport->sent().size();
        for (const char *method :
             {"notifications/message", "notifications/progress", "notifications/cancelled",
              "notifications/resources/updated", "something/else"}) {
            m_transport->inject(QJsonObject{{str("jsonrpc"), str("2.0")},
                                            {str("method"), str(method)},
                                            {str("params"), QJsonArray{1}}});
        }
        QCOMPARE(changed.size(), 0);
        m_transport->inject(J("{'jsonrpc':'2.0','method':'notifications/tools/list_changed'}"));
        QCOMPARE(changed.size(), 1);
        QCOMPARE(m_transport->sent().size(), sent); // never answered
    }

    void aStatelessServerIsAskedForItsChanges()
    {
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QVERIFY(reply("server/discover",
                      "{'supportedVersions':['2026-07-28'],"
                      "'capabilities':{'tools':{'listChanged':true}}}"));
        QVERIFY(info.ok());
        QCOMPARE((*info.result)->name, str("MCP server"));
        QVERIFY(params("subscriptions/listen")
                    .value(str("notifications"))[str("toolsListChanged")]
                    .toBool());
        m_clock.advance(24h); // it has no deadline
        QCOMPARE(m_transport->countSent(str("subscriptions/listen")), 1);
        QVERIFY(reply("subscriptions/listen", "{'resultType':'complete'}")); // it shuts down
        m_clock.advance(15s);
        QCOMPARE(m_transport->countSent(str("subscriptions/listen")), 2);
        QVERIFY(refuse("subscriptions/listen", -32603, "Subscription limit reached"));
        m_clock.advance(1h);
        QCOMPARE(m_transport->countSent(str("subscriptions/listen")), 2);
    }

    // ---- tools ----

    void toolsAreListedPageByPage()
    {
        begin(McpEra::Handshake);
        Answer<McpToolPage> page;
        m_backend->listTools({}, this, page.handler());
        QVERIFY(!params("tools/list").contains(str("cursor")));
        QVERIFY(reply(
            "tools/list",
            "{'tools':[{'name':'echo','title':'Echo','description':'Says it again','inputSchema':"
            "{'type':'object'},'annotations':{'readOnlyHint':true}},{'name':'rm','annotations':"
            "{'title':'Remove'}},{'title':'nameless'}],'nextCursor':'p2'}"));
        QVERIFY(page.ok());
        const McpToolPage &found = **page.result;
        QCOMPARE(found.tools.size(), 2);
        QCOMPARE(found.tools[0].name, str("echo"));
        QCOMPARE(found.tools[0].title, str("Echo"));
        QCOMPARE(found.tools[0].description, str("Says it again"));
        QCOMPARE(found.tools[0].inputSchema, J("{'type':'object'}"));
        QVERIFY(found.tools[0].readOnlyHint);
        QCOMPARE(found.tools[1].title, str("Remove"));
        QVERIFY(!found.tools[1].readOnlyHint);
        QCOMPARE(found.nextCursor, str("p2"));
        Answer<McpToolPage> second;
        m_backend->listTools(found.nextCursor, this, second.handler());
        QCOMPARE(params("tools/list").value(str("cursor")).toString(), str("p2"));
        QVERIFY(reply("tools/list", "{'tools':[]}"));
        QVERIFY(second.ok());
        QVERIFY((*second.result)->nextCursor.isEmpty());
        Answer<McpToolPage> broken;
        m_backend->listTools({}, this, broken.handler());
        QVERIFY(reply("tools/list", "{}"));
        QCOMPARE(broken.code(), ErrorCode::ProtocolViolation);
    }

    void aToolIsCalled()
    {
        begin(McpEra::Stateless);
        Answer<McpToolResult> answer;
        m_backend->callTool(str("add"), J("{'a':1}"), 10s, this, answer.handler());
        const QJsonObject sent = params("tools/call");
        QCOMPARE(sent.value(str("name")).toString(), str("add"));
        QCOMPARE(sent.value(str("arguments")).toObject(), J("{'a':1}"));
        QVERIFY(sent.contains(str("_meta")));
        QVERIFY(reply("tools/call",
                      "{'content':[{'type':'text','text':'one'},{'type':'image','data':'QUJD',"
                      "'mimeType':'image/png'},{'type':'text','text':'two'},"
                      "{'type':'resource_link','uri':'file:///x','name':'x'},"
                      "{'type':'resource','resource':{'uri':'u','text':'t'}},{'type':'new'}],"
                      "'structuredContent':{'sum':3},'isError':false}"));
        QVERIFY(answer.ok());
        const McpToolResult &result = **answer.result;
        QCOMPARE(result.text(), str("one\ntwo"));
        QCOMPARE(result.content.size(), 6);
        QCOMPARE(result.content[1].kind, McpContent::Kind::Image);
        QCOMPARE(result.content[1].bytes, 3);
        QCOMPARE(result.content[3].uri, str("file:///x"));
        QCOMPARE(result.content[4].text, str("t"));
        QCOMPARE(result.content[5].kind, McpContent::Kind::Other);
        QCOMPARE(result.structured, QJsonValue(J("{'sum':3}")));
        QVERIFY(!result.isError);
    }

    void line18_aToolCallMakesItBusy()
    {
        begin(McpEra::Handshake);
        QVERIFY(!m_backend->isBusy());
        Answer<McpToolResult> answer;
        m_backend->callTool(str("add"), {}, 10s, this, answer.handler());
        QVERIFY(m_backend->isBusy());
        QVERIFY(reply("tools/call", "{'content':[]}"));
        QVERIFY(!m_backend->isBusy());
    }

    void aFailingToolIsAResultNotAnError()
    {
        begin(McpEra::Handshake);
        Answer<McpToolResult> answer;
        m_backend->callTool(str("nix"), {}, 10s, this, answer.handler());
        QVERIFY(reply("tools/call", "{'content':[{'type':'text','text':'no'}],'isError':true}"));
        QVERIFY(answer.ok());
        QVERIFY((*answer.result)->isError);
        QVERIFY((*answer.result)->structured.isUndefined());
        Answer<McpToolResult> refused;
        m_backend->callTool(str("nix"), {}, 10s, this, refused.handler());
        QVERIFY(refuse("tools/call", -32602, "Tool nix not found"));
        QCOMPARE(refused.code(), ErrorCode::RemoteError);
    }

    void theServerIsToldOfCallsThatNobodyWaitsFor()
    {
        begin(McpEra::Handshake);
        Answer<McpToolResult> slow;
        m_backend->callTool(str("slow"), {}, 5s, this, slow.handler());
        const qint64 first = idOf("tools/call");
        m_clock.advance(5s);
        QCOMPARE(slow.code(), ErrorCode::Timeout);
        QCOMPARE(params("notifications/cancelled").value(str("requestId")).toInteger(), first);
        Answer<McpToolResult> given;
        CallHandle handle = m_backend->callTool(str("slow"), {}, 0s, this, given.handler());
        m_clock.advance(24h);
        handle.cancel();
        QCOMPARE(given.code(), ErrorCode::Cancelled);
        QCOMPARE(m_transport->countSent(str("notifications/cancelled")), 2);
        Answer<McpToolResult> lost;
        m_backend->callTool(str("slow"), {}, 0s, this, lost.handler());
        m_transport->drop();
        QCOMPARE(lost.code(), ErrorCode::ConnectionLost);
    }
};

QTEST_GUILESS_MAIN(TstMcpBackend)
#include "tst_mcpbackend.moc"
