// SPDX-License-Identifier: MIT
#include "support/acceleratedserver.h"

#include "agent/copilotbackend.h"
#include "support/homeprocesses.h"
#include "transport/maketransport.h"

#include <tuple>

#include <QFile>
#include <QJsonDocument>
#include <QTcpSocket>
#include <QTest>

namespace pilotlight {

using namespace Qt::StringLiterals;

namespace {

constexpr int Patience = 90'000; // a first turn under a busy machine

} // namespace

AcceleratedServer::AcceleratedServer(RealServer::Version version, int factor, QStringList arguments)
    : m_version(version)
    , m_factor(factor)
    , m_arguments(std::move(arguments))
{ }

AcceleratedServer::~AcceleratedServer()
{
    stop();
}

bool AcceleratedServer::start()
{
    const auto environment =
        m_factor > 1 ? RealServer::accelerated(m_factor) : QMap<QString, QString>();
    if (!m_server.start(m_version, m_arguments, environment))
        return false;
    QJsonObject file = m_server.provider();
    file.insert(u"model"_s, u"stub-model"_s);
    QFile provider(providerFile());
    if (!provider.open(QFile::WriteOnly) || provider.write(QJsonDocument(file).toJson()) < 0)
        return false;
    provider.close();

    ConnectionConfig config;
    config.mode = ConnectionMode::Attach;
    config.url = u"tcp://127.0.0.1:%1"_s.arg(port());
    config.keepalive.interval = std::chrono::seconds(5); // the shortest that can be set
    ConnectionParts parts;
    parts.makeTransport = [this](const ConnectionConfig &wanted, ConnectionMode,
                                 const ServerEndpoint *) {
        return makeTransportForUrl(wanted.url, m_clock);
    };
    parts.makeBackend = [](const ConnectionConfig &, Peer &peer,
                           Clock &clock) -> std::unique_ptr<Backend> {
        return std::make_unique<CopilotBackend>(peer, clock);
    };
    m_connection = std::make_unique<Connection>(config, std::move(parts), m_clock, m_random);
    m_connection->connectToServer();
    if (!QTest::qWaitFor([this] { return m_connection->status().phase == Phase::Online; },
                         Patience))
        return false;
    QObject::connect(m_connection->agentBackend(), &AgentBackend::sessionEvent, m_connection.get(),
                     [this](const QString &id, const AgentEvent &event) {
                         m_idle[id] += std::holds_alternative<SessionIdle>(event.data) ? 1 : 0;
                         m_text[id] += std::holds_alternative<MessageDelta>(event.data) ? 1 : 0;
                     });
    m_observer = ProtocolClient::tcp(port());
    return m_observer->open();
}

QString AcceleratedServer::reportedVersion() const
{
    return m_connection->status().server.value_or(ServerInfo()).version;
}

qint64 AcceleratedServer::serverTime()
{
    const QJsonValue time =
        m_observer->call(u"ping"_s, {{u"message"_s, u"time"_s}}).object()[u"timestamp"];
    if (time.isDouble()) // up to 1.0.6x
        return static_cast<qint64>(time.toDouble());
    // Up to nine digits of a second; Qt reads three.
    return QDateTime::fromString(time.toString().left(19) + u'Z', Qt::ISODate).toMSecsSinceEpoch();
}

int AcceleratedServer::modelRequests()
{
    QTcpSocket socket;
    socket.connectToHost(u"127.0.0.1"_s, m_server.modelPort());
    if (!socket.waitForConnected(Patience))
        return -1;
    socket.write("GET /_stub/stats HTTP/1.0\r\nHost: stub\r\n\r\n");
    while (socket.waitForReadyRead(Patience)) { }
    const QByteArray answer = socket.readAll();
    const QByteArray body = answer.mid(answer.indexOf("\r\n\r\n"));
    const qsizetype open = body.indexOf('{');
    const QJsonObject stats =
        QJsonDocument::fromJson(body.mid(open, body.lastIndexOf('}') - open + 1)).object();
    return stats[u"requests"].toInt(-1);
}

ProviderConfig AcceleratedServer::provider() const
{
    const QJsonObject object = m_server.provider();
    return {object[u"type"].toString(), object[u"wireApi"].toString(),
            object[u"baseUrl"].toString(), Secret(object[u"apiKey"].toString().toUtf8())};
}

SessionConfig AcceleratedServer::config(const QString &id) const
{
    SessionConfig config;
    config.id = id;
    config.model = u"stub-model"_s;
    config.workingDirectory = m_server.workFolder();
    config.provider = provider();
    return config;
}

bool AcceleratedServer::resume(const QString &id)
{
    std::optional<bool> done;
    m_connection->agentBackend()->resumeSession(
        config(id), {}, m_connection.get(),
        [&done](const Result<Done> &result) { done = result.has_value(); });
    std::ignore = QTest::qWaitFor([&done] { return done.has_value(); }, Patience);
    return done.value_or(false);
}

bool AcceleratedServer::create(const QString &id)
{
    std::optional<Result<Done>> answer;
    m_connection->agentBackend()->createSession(
        config(id), m_connection.get(), [&answer](const Result<Done> &result) { answer = result; });
    std::ignore = QTest::qWaitFor([&answer] { return answer.has_value(); }, Patience);
    if (answer && *answer) {
        m_sessions.append(id);
        return true;
    }
    m_problem +=
        u"\ncreating %1: %2"_s.arg(id, answer ? answer->error().toString() : u"no answer"_s);
    return false;
}

bool AcceleratedServer::prompt(const QString &id, const QString &text)
{
    std::optional<Result<QString>> answer;
    m_connection->agentBackend()->send(
        id, {text, Delivery::Enqueue, {}}, m_connection.get(),
        [&answer](const Result<QString> &result) { answer = result; });
    std::ignore = QTest::qWaitFor([&answer] { return answer.has_value(); }, Patience);
    if (!answer || !*answer)
        m_problem += u"\nprompt to %1 not taken"_s.arg(id);
    return answer && *answer;
}

bool AcceleratedServer::addSession(const QString &id)
{
    return create(id) && prompt(id, u"[say hello]"_s)
        && QTest::qWaitFor([&] { return m_idle.value(id) > 0; }, Patience);
}

bool AcceleratedServer::addBusySession(const QString &id, const QString &text)
{
    return create(id) && prompt(id, text)
        && QTest::qWaitFor([&] { return m_text.value(id) > 0; }, Patience);
}

void AcceleratedServer::letGo()
{
    m_connection->dispose();
    std::ignore = QTest::qWaitFor(
        [this] { return m_connection->status().phase == Phase::Disposed; }, Patience);
}

bool AcceleratedServer::stop()
{
    if (m_connection)
        letGo();
    m_connection.reset();
    m_observer.reset();
    m_server.stop();
    return QTest::qWaitFor([this] { return processesIn(home()).isEmpty(); }, 30'000);
}

} // namespace pilotlight
