// SPDX-License-Identifier: MIT
// What a day of keepalive costs, from counted work: the real connection, session manager and
// scheduler over a virtual day, against a server that answers at once. One JSON object a line.
//     bench_keepalive [SESSIONS]...        default: 1 50 1000
#include "agent/copilotbackend.h"
#include "base/random.h"
#include "connection/connection.h"
#include "session/sessionmanager.h"
#include "support/fakeclock.h"
#include "transport/framing.h"
#include "transport/transport.h"

#include <QCoreApplication>
#include <QLoggingCategory>

#include <cstdio>
#include <ctime>
#include <deque>
#include <map>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

struct Count
{
    qint64 frames = 0;
    qint64 bytes = 0; //!< with their headers, as on the wire
};

//! The other side answers everything, as briefly as the real server where that was measured.
class AnsweringTransport final : public Transport
{
public:
    QString description() const override { return u"bench"_s; }
    bool isRemote() const override { return false; }
    void open() override { m_open = true; }
    void close() override { m_open = false; }
    bool isOpen() const override { return m_open; }
    void send(const QByteArray &message) override
    {
        ++out.frames;
        out.bytes += ContentLengthFramer::framed(message).size();
        m_asked.push_back(message);
    }

    //! Delivers the answers to what was sent since.
    bool answer()
    {
        if (m_asked.empty())
            return false;
        const QByteArray request = std::move(m_asked.front());
        m_asked.pop_front();
        const QByteArray method = between(request, "\"method\":\"", '"');
        ++methods[method];
        QByteArray reply = "{\"jsonrpc\":\"2.0\",\"id\":" + between(request, "\"id\":", ',')
            + ",\"result\":" + resultOf(method) + '}';
        ++in.frames;
        in.bytes += ContentLengthFramer::framed(reply).size();
        Q_EMIT bytesArrived(reply.size());
        const auto size = static_cast<std::size_t>(reply.size());
        reply.append(static_cast<qsizetype>(MessagePadding), '\0');
        messageSink()(std::string_view(reply.constData(), size));
        return true;
    }

    Count out;
    Count in;
    std::map<QByteArray, int> methods;

private:
    static QByteArray between(const QByteArray &text, const char *from, char to)
    {
        const qsizetype start = text.indexOf(from) + qsizetype(qstrlen(from));
        qsizetype end = text.indexOf(to, start);
        if (end < 0 || to == ',') // a number: up to whatever ends it
            for (end = start; end < text.size() && text[end] >= '0' && text[end] <= '9';)
                ++end;
        return text.mid(start, end - start);
    }
    static QByteArray resultOf(const QByteArray &method)
    {
        if (method == "connect")
            return R"({"ok":true,"protocolVersion":3,"version":"1.0.102"})";
        if (method == "ping")
            return R"({"message":"pong: keepalive","timestamp":"2026-11-20T21:40:13.572000665Z","protocolVersion":3})";
        if (method == "session.mode.get")
            return R"("interactive")";
        if (method == "session.resume") // 410 bytes on 1.0.102
            return R"({"sessionId":"00000000-0000-4000-8000-000000000000","nativeSessionId":"00000000-0000-4000-8000-000000000000","startTime":"2026-11-20T21:42:31.255Z","isRemote":false,"mode":"interactive","workspacePath":"/home/someone/.copilot/session-state/00000000-0000-4000-8000-000000000000","capabilities":{"ui":{"elicitation":false,"mcpApps":false,"canvases":false},"extensions":false},"modelState":{"modelId":"a-model"}})";
        if (method == "session.getMessages")
            return R"({"events":[]})";
        return "{}";
    }

    bool m_open = false;
    std::deque<QByteArray> m_asked;
};

double cpuSeconds()
{
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct Day
{
    double cpu = 0;
    double bytes = 0;
};

std::optional<Day> measure(int sessions)
{
    FakeClock clock;
    SeededRandom random(1);
    SessionManager manager(nullptr, clock, random);
    AnsweringTransport *transport = nullptr;
    ConnectionConfig config;
    config.mode = ConnectionMode::Attach;
    ConnectionParts parts;
    parts.makeTransport = [&](const ConnectionConfig &, ConnectionMode,
                              const ServerEndpoint *) -> Result<std::unique_ptr<Transport>> {
        auto made = std::make_unique<AnsweringTransport>();
        transport = made.get();
        return made;
    };
    parts.makeBackend = [](const ConnectionConfig &, Peer &peer,
                           Clock &theClock) -> std::unique_ptr<Backend> {
        return std::make_unique<CopilotBackend>(peer, theClock);
    };
    Connection connection(config, std::move(parts), clock, random);
    QObject::connect(&connection, &Connection::backendAboutToGo, &manager,
                     [&] { manager.setBackend(nullptr); });
    QObject::connect(&connection, &Connection::phaseChanged, &manager, [&](Phase phase) {
        if (phase == Phase::Online)
            manager.setBackend(connection.agentBackend());
    });
    SessionKeeping keeping;
    keeping.parkAfter.reset(); // the dearest case: all of them stay loaded
    manager.setKeeping(SessionManager::defaultBackendId(), keeping);

    connection.connectToServer();
    Q_EMIT transport->opened();
    while (transport->answer()) { }
    for (int i = 0; i < sessions; ++i) {
        SessionConfig session;
        session.model = u"a-model"_s;
        session.workingDirectory = u"/home/someone/project"_s;
        manager.create(session);
        while (transport->answer()) { }
    }
    for (const auto &session : manager.sessions()) {
        if (session->state() != Session::State::Attached)
            return std::nullopt;
    }

    transport->out = transport->in = {};
    transport->methods.clear();
    const Nanoseconds end = clock.now() + 24h;
    const double before = cpuSeconds();
    while (clock.now() < end && clock.advanceToNext()) {
        while (transport->answer()) { }
    }
    const double cpu = cpuSeconds() - before;
    const double bytes = static_cast<double>(transport->out.bytes + transport->in.bytes);
    std::printf("{\"bench\":\"keepalive\",\"sessions\":%d,\"days\":1,\"framesOut\":%lld,"
                "\"framesIn\":%lld,\"bytesOut\":%lld,\"bytesIn\":%lld,\"cpuSeconds\":%.3f",
                sessions, static_cast<long long>(transport->out.frames),
                static_cast<long long>(transport->in.frames),
                static_cast<long long>(transport->out.bytes),
                static_cast<long long>(transport->in.bytes), cpu);
    for (const auto &[method, count] : transport->methods)
        std::printf(",\"%s\":%d", method.constData(), count);
    std::printf("}\n");
    std::fflush(stdout);
    connection.dispose();
    return Day{cpu, bytes};
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QLoggingCategory::setFilterRules(u"*=false"_s);
    QList<int> counts;
    for (const QString &argument : QCoreApplication::arguments().mid(1))
        counts.append(argument.toInt());
    if (counts.isEmpty())
        counts = {1, 50, 1000};
    std::map<int, Day> days;
    for (const int count : counts) {
        const auto day = measure(count);
        if (!day) {
            std::fprintf(stderr, "the sessions could not be attached\n");
            return 1;
        }
        days[count] = *day;
    }
    // Flat growth: a session costs the same among many as among few.
    const auto &[few, fewDay] = days.size() > 2 ? *std::next(days.begin()) : *days.begin();
    const auto &[many, manyDay] = *days.rbegin();
    const auto perSession = [](double value, int count) { return value / count; };
    if (many > few) {
        std::printf("{\"bench\":\"keepalive\",\"what\":\"growth a session\",\"from\":%d,\"to\":%d,"
                    "\"bytesRatio\":%.2f,\"cpuRatio\":%.2f}\n",
                    few, many, perSession(manyDay.bytes, many) / perSession(fewDay.bytes, few),
                    perSession(manyDay.cpu, many) / std::max(1e-6, perSession(fewDay.cpu, few)));
    }
    return 0;
}
