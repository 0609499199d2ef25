// SPDX-License-Identifier: MIT
#include "agent/mcpbackend.h"
#include "support/copilotfixture.h"
#include "support/fakehttpserver.h"
#include "support/transportlog.h"
#include "transport/httptransport.h"
#include "transport/makemcptransport.h"

#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using copilottest::Answer;
using copilottest::J;
using copilottest::str;
using Request = FakeHttpServer::Request;
using Reply = FakeHttpServer::Answer;
using Outcome = ProbeResult::Outcome;

class TstHttpTransport : public QObject
{
    Q_OBJECT

    std::unique_ptr<FakeHttpServer> m_server;
    std::unique_ptr<FakeClock> m_clock;
    QPointer<HttpTransport> m_transport;
    std::unique_ptr<Peer> m_peer;
    std::unique_ptr<McpBackend> m_backend;
    QList<ProbeResult> m_probes;
    QList<Error> m_closed;
    QList<Reply> m_streams; // GETs that the server has accepted
    FakeHttpServer::Handler m_special; // sees a request first; what it leaves has m_handled false
    bool m_handled = false;

    //! A well-behaved server of the handshake era with sessions and a stream.
    void serve(const Request &request, Reply answer)
    {
        m_handled = m_special != nullptr;
        if (m_special)
            m_special(request, answer);
        if (m_handled)
            return;
        const QString method = request.rpcMethod();
        if (request.method == "GET") {
            m_streams.append(answer);
            answer.beginEvents();
        } else if (request.method == "DELETE") {
            answer.send(404, "text/html", "<pre>Cannot DELETE /mcp</pre>"); // no loss
        } else if (method == str("initialize")) {
            answer.result(request,
                          J("{'protocolVersion':'2025-11-25','capabilities':{'tools':{}},"
                            "'serverInfo':{'name':'fake','version':'1'}}"),
                          {{"Mcp-Session-Id", "abc"}});
        } else if (method == str("server/discover")) {
            answer.error(400, 0, -32000, str("Bad Request: Server not initialized"));
        } else if (method == str("ping") || method == str("tools/call")) {
            answer.result(request, {});
        } else {
            answer.accepted();
        }
    }
    void leave() { m_handled = false; }

    void start(const Secret &token = {}, const QString &url = {})
    {
        auto made = makeMcpTransport({{}, {}, {}, {}, url.isEmpty() ? m_server->url() : url, token},
                                     *m_clock);
        QVERIFY(made);
        m_transport = qobject_cast<HttpTransport *>(made->get());
        QVERIFY(m_transport);
        m_peer = std::make_unique<Peer>(std::move(*made), *m_clock);
        connect(m_peer.get(), &Peer::closed, this,
                [this](const Error &error) { m_closed.append(error); });
        m_backend = std::make_unique<McpBackend>(*m_peer, *m_clock);
        m_transport->open();
        QVERIFY(!m_transport->isOpen()); // never from inside open()
        QTRY_VERIFY(m_transport->isOpen());
    }
    //! start() and the handshake.
    void begin(const Secret &token = {})
    {
        start(token);
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QTRY_COMPARE(info.count, 1);
        QVERIFY(info.ok());
    }
    //! begin() until the stream of notifications is there.
    void beginWithStream()
    {
        begin();
        QTRY_COMPARE(m_streams.size(), 1);
    }
    void probe(Milliseconds timeout = 5s)
    {
        m_backend->probe({ProbeRequest::Kind::Ping, {}, timeout}, this,
                         [this](const ProbeResult &result) { m_probes.append(result); });
    }
    Outcome outcome() const { return m_probes.last().outcome; }
    qsizetype count(const char *method) const { return m_server->of(str(method)).size(); }
    QByteArray header(const char *method, const char *name) const
    {
        return m_server->of(str(method)).last().headers.value(name);
    }

private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("*.debug=false")); }
    void init()
    {
        QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
        m_clock = std::make_unique<FakeClock>();
        m_server = std::make_unique<FakeHttpServer>();
        m_server->setHandler([this](const Request &r, Reply a) { serve(r, a); });
    }
    void cleanup()
    {
        m_special = nullptr;
        m_backend.reset();
        m_peer.reset();
        m_clock->advance(2s); // the farewell's time
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        QCOMPARE(m_clock->liveTimers(), 0);
        m_server.reset();
        m_probes.clear();
        m_closed.clear();
        m_streams.clear();
    }

    // ---- the handshake and what every request carries ----

    void handshakeAndHeaders()
    {
        begin();
        QCOMPARE(m_backend->info().name, str("fake"));
        QVERIFY(!m_transport->isRemote());
        QCOMPARE(header("initialize", "accept"), QByteArray("application/json, text/event-stream"));
        QCOMPARE(header("initialize", "content-type"), QByteArray("application/json"));
        QVERIFY(!m_server->of(str("initialize")).last().headers.contains("mcp-session-id"));
        QVERIFY(!m_server->of(str("initialize")).last().headers.contains("authorization"));
        QTRY_COMPARE(count("notifications/initialized"), 1);
        QCOMPARE(header("notifications/initialized", "mcp-session-id"), QByteArray("abc"));
        QCOMPARE(header("notifications/initialized", "mcp-protocol-version"),
                 QByteArray("2025-11-25"));
        QTRY_COMPARE(m_streams.size(), 1); // opened once the server knows that we are there
        QCOMPARE(header("GET", "accept"), QByteArray("text/event-stream"));
        QCOMPARE(header("GET", "mcp-session-id"), QByteArray("abc"));
        probe();
        QTRY_COMPARE(m_probes.size(), 1);
        QCOMPARE(outcome(), Outcome::Ok);
        QCOMPARE(header("ping", "mcp-session-id"), QByteArray("abc"));
        QVERIFY(m_closed.isEmpty());
    }

    void theTokenGoesAlong()
    {
        begin(Secret("s3cret-token"));
        for (const Request &request : m_server->requests())
            QCOMPARE(request.headers.value("authorization"), QByteArray("Bearer s3cret-token"));
        QVERIFY(!m_transport->description().contains(str("s3cret")));
    }

    void theStatelessEraHasItsOwnHeaders()
    {
        m_special = [](const Request &request, Reply answer) {
            if (request.rpcMethod() == str("server/discover"))
                answer.result(request,
                              J("{'supportedVersions':['2026-07-28'],"
                                "'capabilities':{'tools':{}}}"));
            else
                answer.result(request, {});
        };
        begin();
        QCOMPARE(m_backend->era(), McpEra::Stateless);
        QCOMPARE(header("server/discover", "mcp-protocol-version"), QByteArray("2026-07-28"));
        QCOMPARE(header("server/discover", "mcp-method"), QByteArray("server/discover"));
        Answer<McpToolResult> plain;
        m_backend->callTool(str("echo"), {}, 5s, this, plain.handler());
        QTRY_VERIFY(plain.ok());
        QCOMPARE(header("tools/call", "mcp-name"), QByteArray("echo"));
        Answer<McpToolResult> umlaut;
        m_backend->callTool(QStringLiteral("\u00fcben"), {}, 5s, this, umlaut.handler());
        QTRY_VERIFY(umlaut.ok());
        QCOMPARE(header("tools/call", "mcp-name"), QByteArray("=?base64?w7xiZW4=?="));
        QVERIFY(!m_server->of(str("tools/call")).last().headers.contains("mcp-session-id"));
        QCOMPARE(count("GET"), 0);
    }

    void aStatelessServersSubscriptionIsAStream()
    {
        Reply stream;
        m_special = [&stream](const Request &request, Reply answer) {
            if (request.rpcMethod() == str("server/discover")) {
                answer.result(request,
                              J("{'supportedVersions':['2026-07-28'],'capabilities':"
                                "{'tools':{'listChanged':true}}}"));
            } else if (request.rpcMethod() == str("subscriptions/listen")) {
                stream = answer;
                answer.beginEvents();
            } else {
                answer.result(request, {});
            }
        };
        begin();
        QSignalSpy changed(m_backend.get(), &McpBackend::toolsChanged);
        QTRY_VERIFY(stream.isOpen());
        stream.eventJson(J("{'jsonrpc':'2.0','method':'notifications/subscriptions/acknowledged',"
                           "'params':{}}"));
        stream.eventJson(J("{'jsonrpc':'2.0','method':'notifications/tools/list_changed'}"));
        QTRY_COMPARE(changed.size(), 1);
        probe();
        QTRY_COMPARE(m_probes.size(), 1);
        stream.cut();
        QTRY_COMPARE(m_clock->liveTimers(), 1); // it will listen again
        m_clock->advance(15s);
        QTRY_COMPARE(count("subscriptions/listen"), 2);
        QVERIFY(m_closed.isEmpty());
    }

    // ---- answers ----

    void answersAsEvents_data()
    {
        QTest::addColumn<int>("piece");
        QTest::newRow("at once") << 1'000;
        QTest::newRow("byte by byte") << 1;
    }
    void answersAsEvents()
    {
        QFETCH(int, piece);
        m_special = [this, piece](const Request &request, Reply answer) {
            if (request.rpcMethod() != str("tools/call"))
                return leave();
            answer.beginEvents();
            const QByteArray frames =
                "id: p\ndata: \n\n: keepalive\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\","
                "\"method\":\"notifications/tools/list_changed\"}\n\nevent: message\nid: q\n"
                "data: {\"jsonrpc\":\"2.0\",\"id\":"
                + QByteArray::number(request.rpcId())
                + ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}}\n\n";
            for (qsizetype i = 0; i < frames.size(); i += piece)
                answer.event(frames.mid(i, piece));
            answer.end();
        };
        begin();
        QSignalSpy changed(m_backend.get(), &McpBackend::toolsChanged);
        Answer<McpToolResult> answer;
        m_backend->callTool(str("echo"), {}, 5s, this, answer.handler());
        QTRY_VERIFY(answer.ok());
        QCOMPARE((*answer.result)->text(), str("hi"));
        QCOMPARE(changed.size(), 1);
        QVERIFY(m_closed.isEmpty());
    }

    void anEventStreamThatEndsBeforeItsAnswerIsResumed()
    {
        qint64 id = 0;
        m_special = [this, &id](const Request &request, Reply answer) {
            if (request.rpcMethod() == str("tools/call")) {
                id = request.rpcId();
                answer.beginEvents();
                answer.event("id: p1\nretry: 2000\ndata: \n\n");
                answer.end();
            } else if (request.headers.value("last-event-id") == "p1") {
                answer.beginEvents();
                answer.eventJson({{str("jsonrpc"), str("2.0")},
                                  {str("id"), id},
                                  {str("result"), QJsonObject()}});
                answer.end();
            } else {
                leave();
            }
        };
        beginWithStream();
        Answer<McpToolResult> answer;
        m_backend->callTool(str("slow"), {}, 60s, this, answer.handler());
        QTRY_COMPARE(m_clock->liveTimers(), 2); // the call's deadline and the way back
        QCOMPARE(count("GET"), 1);
        m_clock->advance(2s);
        QTRY_VERIFY(answer.ok());
        QCOMPARE(count("tools/call"), 1);
    }

    void anEventStreamThatCannotBeResumedFailsItsCall()
    {
        m_special = [this](const Request &request, Reply answer) {
            if (request.rpcMethod() != str("tools/call"))
                return leave();
            answer.beginEvents();
            answer.event(": nothing\n\n");
            answer.cut();
        };
        begin();
        Answer<McpToolResult> answer;
        m_backend->callTool(str("slow"), {}, 60s, this, answer.handler());
        QTRY_COMPARE(answer.count, 1);
        QCOMPARE(answer.code(), ErrorCode::ConnectionLost);
        QVERIFY(m_closed.isEmpty());
    }

    void anAnswerIsReadOnlyToItsLimit_data()
    {
        QTest::addColumn<bool>("events");
        QTest::newRow("json") << false;
        QTest::newRow("events") << true;
    }
    void anAnswerIsReadOnlyToItsLimit()
    {
        QFETCH(bool, events);
        m_special = [this, events](const Request &request, Reply answer) {
            if (request.rpcMethod() != str("ping"))
                return leave();
            const QJsonObject large{{str("x"), QString(70'000, u'x')}};
            if (!events)
                return answer.result(request, large);
            answer.beginEvents();
            answer.eventJson({{str("jsonrpc"), str("2.0")},
                              {str("id"), request.rpcId()},
                              {str("result"), large}});
        };
        begin();
        probe();
        QTRY_COMPARE(m_probes.size(), 1);
        QCOMPARE(outcome(), Outcome::Protocol);
        QVERIFY(m_closed.isEmpty());
    }

    void whatIsNoMcpServerSaysSo()
    {
        m_special = [](const Request &, Reply answer) {
            answer.send(200, "text/html", "<html>Welcome</html>");
        };
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QTRY_COMPARE(info.count, 1);
        QCOMPARE(info.code(), ErrorCode::ProtocolViolation);
    }

    // ---- refusals ----

    void refusals_data()
    {
        QTest::addColumn<int>("status");
        QTest::addColumn<int>("expected");
        QTest::addColumn<bool>("tooMany");
        const auto row = [](const char *name, int status, Outcome expected, bool tooMany = false) {
            QTest::newRow(name) << status << int(expected) << tooMany;
        };
        row("no token", 401, Outcome::Auth);
        row("forbidden", 403, Outcome::Auth);
        row("line12_tooManyPings", 429, Outcome::RpcError, true);
        row("elsewhere", 307, Outcome::Unsupported);
        row("server error", 500, Outcome::RpcError);
        row("bad gateway", 502, Outcome::Transport);
    }
    //! What is said against one request ends that request and nothing else.
    void refusals()
    {
        QFETCH(int, status);
        QFETCH(int, expected);
        QFETCH(bool, tooMany);
        begin();
        m_special = [status](const Request &, Reply answer) {
            answer.send(
                status, "text/plain", "no",
                {{"Location", "http://127.0.0.1:9/"}, {"WWW-Authenticate", "Bearer realm=\"x\""}});
        };
        probe();
        QTRY_COMPARE(m_probes.size(), 1);
        QCOMPARE(int(outcome()), expected);
        QCOMPARE(m_probes.last().tooMany, tooMany);
        QCOMPARE(count("ping"), 1); // no retry, no redirection followed
        m_special = nullptr;
        probe();
        QTRY_COMPARE(m_probes.size(), 2);
        QCOMPARE(outcome(), Outcome::Ok);
        QVERIFY(m_closed.isEmpty());
    }

    void theHandshakeOfARefusedClientFails()
    {
        m_special = [](const Request &, Reply answer) {
            answer.send(401, "application/json", "{}", {{"WWW-Authenticate", "Bearer"}});
        };
        start(Secret("wrong-token"));
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QTRY_COMPARE(info.count, 1);
        QCOMPARE(info.code(), ErrorCode::AuthenticationFailed);
        QCOMPARE(m_server->requests().size(), 1);
    }

    void sessionLost_data()
    {
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<QByteArray>("body");
        QTest::newRow("SDK") << 404 << QByteArray("application/json")
                             << QByteArray("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32001,"
                                           "\"message\":\"Session not found\"},\"id\":null}");
        QTest::newRow("server-everything")
            << 400 << QByteArray("application/json")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":"
                          "\"Bad Request: No valid session ID provided\"}}");
        QTest::newRow("Playwright")
            << 404 << QByteArray("text/plain") << QByteArray("Session not found");
    }
    //! Every dialect is one verdict; the next connection begins without the stale session.
    void sessionLost()
    {
        QFETCH(int, status);
        QFETCH(QByteArray, type);
        QFETCH(QByteArray, body);
        begin();
        m_special = [=](const Request &, Reply answer) { answer.send(status, type, body); };
        probe();
        QTRY_COMPARE(m_closed.size(), 1);
        QCOMPARE(m_closed.first().code, ErrorCode::ConnectionExpired);
        QVERIFY(isTransient(m_closed.first().code)); // a new handshake is worth it
        QCOMPARE(m_probes.size(), 1);
        QCOMPARE(outcome(), Outcome::Cancelled); // not a failure: the server is fine
        m_special = nullptr;
        m_backend.reset();
        begin();
        QVERIFY(!m_server->of(str("initialize")).last().headers.contains("mcp-session-id"));
        QCOMPARE(count("DELETE"), 0); // nothing to end
    }

    void noSessionLost()
    {
        begin();
        m_special = [](const Request &request, Reply answer) {
            answer.error(404, request.rpcId(), -32601, str("Method not found"));
        };
        probe();
        QTRY_COMPARE(m_probes.size(), 1);
        QCOMPARE(outcome(), Outcome::Unsupported);
        QVERIFY(m_closed.isEmpty());
    }

    // ---- the stream ----

    void theServersPingOnTheStreamIsAnswered()
    {
        beginWithStream();
        m_streams.last().eventJson(J("{'jsonrpc':'2.0','id':'p1','method':'ping'}"));
        QTRY_VERIFY(!m_server->requests().isEmpty()
                    && m_server->requests().last().json().value(str("id")) == str("p1"));
        QCOMPARE(m_server->requests().last().json().value(str("result")),
                 QJsonValue(QJsonObject()));
    }

    void anyByteCountsAsLife()
    {
        beginWithStream();
        // What comes after a message is not part of the stream's beginning any more.
        QSignalSpy changed(m_backend.get(), &McpBackend::toolsChanged);
        m_streams.last().eventJson(
            J("{'jsonrpc':'2.0','method':'notifications/tools/list_changed'}"));
        QTRY_COMPARE(changed.size(), 1);
        QSignalSpy activity(m_backend.get(), &Backend::activity);
        m_streams.last().event(": keepalive\n\n");
        QTRY_COMPARE(activity.size(), 1);
    }

    void theStreamIsOpenedAgainWhereItEnded()
    {
        beginWithStream();
        m_streams.last().event("id: e7\nretry: 3000\ndata: \n\n");
        m_streams.last().end();
        QTRY_COMPARE(m_clock->liveTimers(), 1);
        m_clock->advance(3s);
        QTRY_COMPARE(m_streams.size(), 2);
        QCOMPARE(header("GET", "last-event-id"), QByteArray("e7"));
        QVERIFY(m_closed.isEmpty());
    }

    void aServerWithoutAStreamIsNotAskedAgain()
    {
        m_special = [this](const Request &request, Reply answer) {
            if (request.method != "GET")
                return leave();
            answer.send(405, "text/plain", "Method Not Allowed");
        };
        begin();
        QTRY_COMPARE(count("GET"), 1);
        probe();
        QTRY_COMPARE(m_probes.size(), 1);
        QCOMPARE(m_clock->liveTimers(), 0);
    }

    void aStreamThatIsRefusedOnceComesLater()
    {
        int refusals = 0;
        m_special = [this, &refusals](const Request &request, Reply answer) {
            if (request.method != "GET" || ++refusals > 2)
                return leave();
            answer.error(409, 0, -32000, str("Only one SSE stream is allowed per session"));
        };
        begin();
        QTRY_COMPARE(m_clock->liveTimers(), 1);
        m_clock->advance(1s);
        QTRY_COMPARE(count("GET"), 2);
        QTRY_COMPARE(m_clock->liveTimers(), 1);
        m_clock->advance(2s); // twice as long
        QTRY_COMPARE(m_streams.size(), 1);
    }

    void aStreamWithoutItsHeartbeatIsReplaced()
    {
        beginWithStream();
        m_clock->advance(24h); // no heartbeat yet: it may be silent
        QCOMPARE(m_clock->liveTimers(), 0);
        m_streams.last().event(": keepalive\n\n");
        QTRY_COMPARE(m_clock->liveTimers(), 1);
        m_clock->advance(HttpTransport::StreamSilence);
        QTRY_VERIFY(!m_streams.first().isOpen());
        m_clock->advance(1s);
        QTRY_COMPARE(m_streams.size(), 2);
        QVERIFY(m_closed.isEmpty());
    }

    void aServerThatRestartsIsNoticedByTheStream()
    {
        beginWithStream();
        m_server->stop();
        QTRY_COMPARE(m_clock->liveTimers(), 1);
        m_clock->advance(1s);
        QTRY_COMPARE(m_closed.size(), 1);
        QCOMPARE(m_closed.first().code, ErrorCode::ConnectionRefused);
    }

    void aServerThatHasRestartedHasLostOurSession()
    {
        beginWithStream();
        m_server->stop();
        m_server->restart();
        m_special = [](const Request &, Reply answer) {
            answer.error(404, 0, -32001, str("Session not found"));
        };
        QTRY_COMPARE(m_clock->liveTimers(), 1);
        m_clock->advance(1s);
        QTRY_COMPARE(m_closed.size(), 1);
        QCOMPARE(m_closed.first().code, ErrorCode::ConnectionExpired);
    }

    // ---- many at a time, and broken connections ----

    void whatLastsDoesNotBlockAPing()
    {
        QList<Reply> calls;
        m_special = [this, &calls](const Request &request, Reply answer) {
            if (request.rpcMethod() != str("tools/call"))
                return leave();
            calls.append(answer);
            answer.beginEvents();
        };
        beginWithStream();
        QList<Answer<McpToolResult>> answers(8);
        for (auto &answer : answers)
            m_backend->callTool(str("slow"), {}, 0s, this, answer.handler());
        QTRY_COMPARE(calls.size(), 6); // Qt opens no more than six connections for them
        probe();
        QTRY_COMPARE(m_probes.size(), 1);
        QCOMPARE(outcome(), Outcome::Ok);
        m_backend.reset();
        m_peer.reset();
    }

    void aCallThatNobodyWaitsForGivesItsConnectionBack()
    {
        Reply hanging;
        m_special = [this, &hanging](const Request &request, Reply answer) {
            if (request.rpcMethod() != str("ping"))
                return leave();
            hanging = answer;
        };
        begin();
        probe(5s);
        QTRY_VERIFY(hanging.isOpen());
        m_clock->advance(5s);
        QCOMPARE(m_probes.size(), 1);
        QCOMPARE(outcome(), Outcome::Timeout);
        QTRY_VERIFY(!hanging.isOpen());
        QVERIFY(m_closed.isEmpty());
    }

    void aCallIsNeverSentTwice()
    {
        m_special = [this](const Request &request, Reply answer) {
            if (request.rpcMethod() != str("tools/call"))
                return leave();
            answer.cut();
        };
        begin();
        for (int i = 1; i <= 3; ++i) { // on a fresh connection and on used ones
            Answer<McpToolResult> answer;
            m_backend->callTool(str("pay"), {}, 0s, this, answer.handler());
            QTRY_COMPARE(answer.count, 1);
            QCOMPARE(answer.code(), ErrorCode::ConnectionLost);
            QCOMPARE(count("tools/call"), i);
        }
        m_special = nullptr;
        Answer<McpToolResult> first;
        m_backend->callTool(str("pay"), {}, 0s, this, first.handler());
        QTRY_VERIFY(first.ok());
        m_special = [](const Request &, Reply answer) { answer.cut(); };
        Answer<McpToolResult> second; // on the connection that is kept alive
        m_backend->callTool(str("pay"), {}, 0s, this, second.handler());
        QTRY_COMPARE(second.count, 1);
        QCOMPARE(second.code(), ErrorCode::ConnectionLost);
        QCOMPARE(count("tools/call"), 5);
        QVERIFY(m_closed.isEmpty());
    }

    void aPingThatMeetsAClosingConnectionIsRepeatedOnce_data()
    {
        QTest::addColumn<int>("cuts");
        QTest::addColumn<bool>("good");
        QTest::newRow("once") << 1 << true;
        QTest::newRow("twice") << 2 << false;
    }
    void aPingThatMeetsAClosingConnectionIsRepeatedOnce()
    {
        QFETCH(int, cuts);
        QFETCH(bool, good);
        begin();
        int left = cuts;
        m_special = [this, &left](const Request &request, Reply answer) {
            if (request.rpcMethod() != str("ping") || left-- <= 0)
                return leave();
            answer.cut();
        };
        probe();
        QTRY_COMPARE(m_probes.size(), 1);
        QCOMPARE(outcome(), good ? Outcome::Ok : Outcome::Transport);
        QCOMPARE(count("ping"), 2);
        QVERIFY(m_closed.isEmpty()); // that is for the keepalive to decide
    }

    void nobodyListens()
    {
        m_server->stop();
        start();
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QTRY_COMPARE(m_closed.size(), 1);
        QCOMPARE(m_closed.first().code, ErrorCode::ConnectionRefused);
        QCOMPARE(info.code(), ErrorCode::ConnectionRefused);
    }

    void noSuchHost()
    {
        start({}, str("http://no-such-host.invalid:1/mcp"));
        QVERIFY(m_transport->isRemote());
        Answer<ServerInfo> info;
        m_backend->initialize({}, 10s, this, info.handler());
        QTRY_COMPARE_WITH_TIMEOUT(m_closed.size(), 1, 20'000);
        QCOMPARE(m_closed.first().code, ErrorCode::HostNotFound);
    }

    // ---- the end ----

    void closingEndsTheSessionAtTheServer()
    {
        begin();
        m_backend.reset();
        m_peer->close();
        QVERIFY(m_closed.isEmpty());
        m_peer.reset();
        QTRY_COMPARE(count("DELETE"), 1);
        QCOMPARE(header("DELETE", "mcp-session-id"), QByteArray("abc"));
        QTRY_COMPARE(m_clock->liveTimers(), 0); // gone with its answer
    }

    void aServerThatDoesNotAnswerTheFarewellDelaysNothing()
    {
        begin();
        m_special = [](const Request &, Reply) { };
        m_backend.reset();
        m_peer.reset();
        QTRY_COMPARE(count("DELETE"), 1);
        QCOMPARE(m_clock->liveTimers(), 1);
        m_clock->advance(2s);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        QCOMPARE(m_clock->liveTimers(), 0);
    }

    void theReceiverOfAnAnswerMayEndItAll_data()
    {
        QTest::addColumn<bool>("events");
        QTest::newRow("json") << false;
        QTest::newRow("events") << true;
    }
    void theReceiverOfAnAnswerMayEndItAll()
    {
        QFETCH(bool, events);
        m_special = [this, events](const Request &request, Reply answer) {
            if (!events || request.rpcMethod() != str("ping"))
                return leave();
            answer.beginEvents();
            answer.eventJson({{str("jsonrpc"), str("2.0")},
                              {str("id"), request.rpcId()},
                              {str("result"), QJsonObject()}});
            answer.eventJson(J("{'jsonrpc':'2.0','method':'ping','id':1}"));
        };
        begin();
        bool ended = false;
        m_peer->call(str("ping"), {}, {}, this, [this, &ended](const Result<RawJson> &result) {
            ended = result.has_value();
            m_backend.reset();
            m_peer.reset();
        });
        QTRY_VERIFY(ended);
        QTRY_VERIFY(!m_transport);
    }

    void nothingIsSentAfterTheEnd()
    {
        begin();
        QTRY_COMPARE(m_streams.size(), 1);
        m_transport->close();
        QTRY_COMPARE(count("DELETE"), 1);
        const auto before = m_server->requests().size();
        m_transport->send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
        QTRY_COMPARE(m_server->openConnections(), 0);
        QCOMPARE(m_server->requests().size(), before);
    }
};

QTEST_GUILESS_MAIN(TstHttpTransport)
#include "tst_httptransport.moc"
