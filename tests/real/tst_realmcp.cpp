// SPDX-License-Identifier: MIT
// McpBackend and its transports against published MCP servers from npm. They need no account and no
// model; the packages come from PILOTLIGHT_MCP_MODULES or are installed by install-cli.sh.
#include "agent/mcpbackend.h"
#include "base/systemclock.h"
#include "support/copilotfixture.h"
#include "support/serverprocess.h"
#include "transport/makemcptransport.h"
#include "transport/processtransport.h"

#include <QDir>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

#ifdef Q_OS_UNIX
#include <csignal>
#endif

using namespace pilotlight;
using namespace std::chrono_literals;
using copilottest::Answer;
using copilottest::str;
using Outcome = ProbeResult::Outcome;

namespace {

// Both cores may be busy with other tests.
constexpr int Patience = 60'000;
constexpr Milliseconds HandshakeTime{60'000};

QString sourceFolder()
{
    return qEnvironmentVariable("PILOTLIGHT_SOURCE");
}

QString realFile(const char *name)
{
    return sourceFolder() + str("/tests/real/") + str(name);
}

//! The folder of the packages; empty where they cannot be had.
QString modules()
{
    const QString given = qEnvironmentVariable("PILOTLIGHT_MCP_MODULES");
    const QString folder =
        given.isEmpty() ? sourceFolder() + str("/build/npm/mcp/node_modules") : given;
    const QString witness = folder + str("/@modelcontextprotocol/server/package.json");
    static bool tried = false;
    if (!QFileInfo::exists(witness) && given.isEmpty() && !std::exchange(tried, true)) {
        QProcess install;
        install.setProcessChannelMode(QProcess::ForwardedChannels);
        install.start(str("bash"), {realFile("install-cli.sh"), str("mcp")});
        install.waitForFinished(240'000);
    }
    return QFileInfo::exists(witness) ? folder : QString();
}

QString package(const char *path)
{
    return modules() + str("/@modelcontextprotocol/") + str(path);
}

} // namespace

class TstRealMcp : public QObject
{
    Q_OBJECT

    //! One connection to a server, as far as its own layers go.
    class Client : public QObject
    {
    public:
        Client(const McpEndpoint &endpoint, SystemClock &clock)
        {
            auto transport = makeMcpTransport(endpoint, clock);
            if (!transport)
                qFatal("%s", qPrintable(transport.error().toString()));
            peer = std::make_unique<Peer>(std::move(*transport), clock);
            connect(peer.get(), &Peer::closed, this,
                    [this](const Error &error) { closed.append(error); });
            backend = std::make_unique<McpBackend>(*peer, clock);
            connect(backend.get(), &Backend::activity, this, [this] { ++activity; });
            peer->transport().open();
        }
        ~Client() override
        {
            backend.reset();
            peer.reset();
        }
        bool shakeHands()
        {
            if (!QTest::qWaitFor([this] { return peer->transport().isOpen() || !closed.isEmpty(); },
                                 Patience))
                return false;
            backend->initialize({}, HandshakeTime, this, hello.handler());
            return QTest::qWaitFor([this] { return hello.count > 0; }, Patience) && hello.ok();
        }
        //! Probes and waits for the outcome.
        ProbeResult probe(const ProbeRequest &request = {ProbeRequest::Kind::Ping, {}, 30s})
        {
            std::optional<ProbeResult> result;
            backend->probe(request, this, [&](const ProbeResult &value) { result = value; });
            if (!QTest::qWaitFor([&] { return result.has_value(); }, Patience))
                backend->cancelProbe();
            return *result;
        }
        Result<McpToolResult> call(const char *tool, const QJsonObject &arguments = {})
        {
            Answer<McpToolResult> answer;
            backend->callTool(str(tool), arguments, HandshakeTime, this, answer.handler());
            if (!QTest::qWaitFor([&] { return answer.count > 0; }, Patience * 2))
                return failure(ErrorCode::Internal);
            return *answer.result;
        }
        QStringList toolNames()
        {
            Answer<McpToolPage> page;
            backend->listTools({}, this, page.handler());
            if (!QTest::qWaitFor([&] { return page.count > 0; }, Patience) || !page.ok())
                return {};
            QStringList names;
            for (const McpTool &tool : (*page.result)->tools)
                names.append(tool.name);
            return names;
        }

        std::unique_ptr<Peer> peer;
        std::unique_ptr<McpBackend> backend;
        QList<Error> closed;
        Answer<ServerInfo> hello;
        int activity = 0;
    };

    SystemClock m_clock;
    QTemporaryDir m_home;

    static McpEndpoint http(quint16 port)
    {
        McpEndpoint endpoint;
        endpoint.url = str("http://127.0.0.1:%1/mcp").arg(port);
        return endpoint;
    }
    McpEndpoint node(const QStringList &arguments) const
    {
        McpEndpoint endpoint;
        endpoint.command = str("node");
        endpoint.arguments = arguments;
        endpoint.environment = {{str("HOME"), m_home.path()},
                                {str("MEMORY_FILE_PATH"), m_home.filePath(str("memory.json"))}};
        return endpoint;
    }
    static bool startEverything(ServerProcess &server, quint16 port = 0)
    {
        return server.start(str("node"),
                            {str("--require"), realFile("mcp_preload.cjs"),
                             package("server-everything/dist/index.js"), str("streamableHttp")},
                            {{str("PILOTLIGHT_MCP_PORT"), QString::number(port)}});
    }
    static bool startJsonExample(ServerProcess &server, int idleMs)
    {
        return server.start(str("node"),
                            {str("--require"), realFile("mcp_preload.cjs"),
                             package("sdk/dist/cjs/examples/server/jsonResponseStreamableHttp.js")},
                            {{str("PILOTLIGHT_MCP_IDLE_MS"), QString::number(idleMs)}});
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (qEnvironmentVariable("PILOTLIGHT_REAL") == str("skip"))
            QSKIP("PILOTLIGHT_REAL=skip");
        if (QStandardPaths::findExecutable(str("node")).isEmpty())
            QSKIP("node is needed");
        if (modules().isEmpty())
            QSKIP("the MCP servers are not installed and could not be");
    }

    void everythingOverStdio()
    {
        Client client(node({package("server-everything/dist/index.js"), str("stdio")}), m_clock);
        QVERIFY(client.shakeHands());
        QCOMPARE(client.backend->era(), McpEra::Handshake);
        QCOMPARE(client.backend->info().protocolVersion, 20251125);
        QVERIFY(!client.backend->info().version.isEmpty());
        QCOMPARE(client.probe().outcome, Outcome::Ok);
        QVERIFY(client.toolNames().contains(str("echo")));
        const auto echo = client.call("echo", {{str("message"), str("hello \u00fc")}});
        QVERIFY(echo);
        QVERIFY(!echo->isError);
        QVERIFY(echo->text().contains(str("hello \u00fc")));
        // An unknown tool is no error of the protocol.
        const auto unknown = client.call("no-such-tool");
        QVERIFY(unknown);
        QVERIFY(unknown->isError);
        QCOMPARE(client.probe({ProbeRequest::Kind::Tool, str("no-such-tool"), 30s}).outcome,
                 Outcome::RpcError);
        QVERIFY(client.closed.isEmpty());
    }

    void memoryOverStdio()
    {
        Client client(node({package("server-memory/dist/index.js")}), m_clock);
        QVERIFY(client.shakeHands());
        QCOMPARE(client.probe().outcome, Outcome::Ok);
        QCOMPARE(client.probe({ProbeRequest::Kind::Tool, str("read_graph"), 30s}).outcome,
                 Outcome::Ok);
    }

    void aServerOverStdioThatIsKilledIsNoticed()
    {
#ifdef Q_OS_UNIX
        Client client(node({package("server-memory/dist/index.js")}), m_clock);
        QVERIFY(client.shakeHands());
        Answer<McpToolResult> waiting;
        const auto *process = qobject_cast<ProcessTransport *>(&client.peer->transport());
        QVERIFY(process && process->processId() > 0);
        QCOMPARE(::kill(static_cast<pid_t>(process->processId()), SIGSTOP), 0);
        client.backend->callTool(str("read_graph"), {}, 0s, &client, waiting.handler());
        QCOMPARE(client.probe({ProbeRequest::Kind::Ping, {}, 300ms}).outcome, Outcome::Timeout);
        QCOMPARE(::kill(static_cast<pid_t>(process->processId()), SIGKILL), 0);
        QTRY_COMPARE_WITH_TIMEOUT(client.closed.size(), 1, Patience);
        QCOMPARE(client.closed.first().code, ErrorCode::ServerExited);
        QCOMPARE(waiting.code(), ErrorCode::ServerExited);
#else
        QSKIP("signals are needed");
#endif
    }

    void everythingOverHttp()
    {
        ServerProcess server;
        QVERIFY2(startEverything(server), server.output().constData());
        Client client(http(server.port()), m_clock);
        QVERIFY(client.shakeHands());
        QCOMPARE(client.backend->era(), McpEra::Handshake);
        QCOMPARE(client.probe().outcome, Outcome::Ok); // answered as an event stream
        QVERIFY(client.toolNames().contains(str("echo")));
        const auto echo = client.call("echo", {{str("message"), str("hi")}});
        QVERIFY(echo);
        QVERIFY(echo->text().contains(str("hi")));
        // Its stream of notifications has a heartbeat every 15 s, which is a sign of life.
        const int before = client.activity;
        QTRY_VERIFY_WITH_TIMEOUT(client.activity > before, 40'000);
        QVERIFY(client.closed.isEmpty());
    }

    //! A restart loses every session: one verdict, and a new connection begins a fresh one.
    void everythingOverHttpRestarts()
    {
        ServerProcess server;
        QVERIFY2(startEverything(server), server.output().constData());
        const quint16 port = server.port();
        auto client = std::make_unique<Client>(http(port), m_clock);
        QVERIFY(client->shakeHands());
        server.kill();
        QVERIFY2(startEverything(server, port), server.output().constData());
        // Its stream ended, and whoever comes first, the stream's second attempt or a probe, hears
        // that the session is unknown.
        const ProbeResult probe = client->probe();
        QVERIFY(probe.outcome == Outcome::Cancelled || probe.outcome == Outcome::Transport);
        QTRY_COMPARE_WITH_TIMEOUT(client->closed.size(), 1, Patience);
        QVERIFY2(client->closed.first().code == ErrorCode::ConnectionExpired
                     || client->closed.first().code == ErrorCode::ConnectionRefused,
                 qPrintable(client->closed.first().toString()));
        client = std::make_unique<Client>(http(port), m_clock);
        QVERIFY(client->shakeHands());
        QCOMPARE(client->probe().outcome, Outcome::Ok);
    }

    //! The example of the SDK, its limit of 30 min cut to 3 s: pings keep a session, silence loses
    //! it.
    void anIdleSessionExpiresAndAPingedOneDoesNot()
    {
        ServerProcess server;
        QVERIFY2(startJsonExample(server, 3'000), server.output().constData());
        Client pinged(http(server.port()), m_clock);
        Client silent(http(server.port()), m_clock);
        QVERIFY(pinged.shakeHands());
        QVERIFY(silent.shakeHands());
        QByteArray output;
        int pings = 0;
        // Until the server says that it has dropped a session: that is what this waits for.
        QVERIFY(QTest::qWaitFor(
            [&] {
                if (pinged.probe().outcome == Outcome::Ok)
                    ++pings;
                output += server.process().readAll();
                return output.contains("Transport closed for session");
            },
            Patience));
        QVERIFY(pings > 3);
        QCOMPARE(output.count("Transport closed for session"), 1);
        QCOMPARE(pinged.probe().outcome, Outcome::Ok);
        QVERIFY(pinged.closed.isEmpty());
        QVERIFY(silent.closed.isEmpty()); // nobody tells the client
        QCOMPARE(silent.probe().outcome, Outcome::Cancelled);
        QCOMPARE(silent.closed.size(), 1);
        QCOMPARE(silent.closed.first().code, ErrorCode::ConnectionExpired);
    }

    void theNewRevision_data()
    {
        QTest::addColumn<bool>("overHttp");
        QTest::newRow("stdio") << false;
        QTest::newRow("http") << true;
    }
    void theNewRevision()
    {
        QFETCH(bool, overHttp);
        const QString script = realFile("mcp_v2_server.mjs");
        ServerProcess server;
        if (overHttp)
            QVERIFY2(server.start(str("node"), {script, modules(), str("http")}),
                     server.output().constData());
        Client client(overHttp ? http(server.port()) : node({script, modules(), str("stdio")}),
                      m_clock);
        QVERIFY(client.shakeHands());
        QCOMPARE(client.backend->era(), McpEra::Stateless);
        QCOMPARE(client.backend->info().name, str("v2"));
        QCOMPARE(client.backend->info().version, str("1.2.3"));
        QCOMPARE(client.probe().outcome, Outcome::Ok);
        QCOMPARE(client.probe({ProbeRequest::Kind::Tool, str("now"), 30s}).outcome, Outcome::Ok);
        QVERIFY(client.toolNames().contains(str("grow")));
        QSignalSpy changed(client.backend.get(), &McpBackend::toolsChanged);
        // The subscription needs a moment to be there; each call changes the list again.
        QVERIFY(QTest::qWaitFor(
            [&] {
                const auto grown = client.call("grow");
                return !grown || !changed.isEmpty();
            },
            Patience));
        QVERIFY(!changed.isEmpty());
        QVERIFY(client.closed.isEmpty());
        if (!overHttp)
            return;
        server.kill();
        (void)client.probe();
        QTRY_COMPARE_WITH_TIMEOUT(client.closed.size(), 1, Patience);
    }
};

QTEST_GUILESS_MAIN(TstRealMcp)
#include "tst_realmcp.moc"
