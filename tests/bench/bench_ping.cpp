// SPDX-License-Identifier: MIT
// Round trips over TCP against a server that this program starts: a raw socket, Pilotlight's peer
// and, with PILOTLIGHT_NODE_MODULES set, the official Node SDK (ping_sdk.mjs). One JSON object a
// line.
//     bench_ping --server PATH [--count N] [--node PATH] [--arguments "..."]
// PATH: the CLI's native binary (or PILOTLIGHT_CLI), else the demo server beside this program.
#include "base/systemclock.h"
#include "rpc/peer.h"
#include "transport/framing.h"
#include "transport/socketoptions.h"
#include "transport/tcptransport.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QFileInfo>
#include <QJsonDocument>
#include <QLoggingCategory>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pilotlight;
using Now = std::chrono::steady_clock;

namespace {

//! p50 of each (what, client), for the ratios.
std::map<std::string, double> medians;

void report(const std::string &what, const std::string &client, std::vector<double> times)
{
    times.erase(times.begin(),
                times.begin() + static_cast<std::ptrdiff_t>(times.size() / 10)); // warm-up
    if (times.empty())
        return;
    std::sort(times.begin(), times.end());
    const auto at = [&](double p) {
        const auto index = static_cast<std::size_t>(p * static_cast<double>(times.size()));
        return times[std::min(times.size() - 1, index)];
    };
    medians[what + '/' + client] = at(0.5);
    std::printf(
        "{\"bench\":\"ping\",\"what\":\"%s\",\"client\":\"%s\",\"count\":%zu,\"p50us\":%.0f,"
        "\"p99us\":%.0f",
        what.c_str(), client.c_str(), times.size(), at(0.5), at(0.99));
    const auto raw = medians.find(what + "/raw");
    if (raw != medians.end() && client != "raw")
        std::printf(",\"ratioToRaw\":%.2f", at(0.5) / raw->second);
    std::printf("}\n");
    std::fflush(stdout);
}

QByteArray request(qint64 id, const char *method, const QJsonObject &params)
{
    return QJsonDocument(QJsonObject{{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
                                     {QStringLiteral("id"), id},
                                     {QStringLiteral("method"), QString::fromLatin1(method)},
                                     {QStringLiteral("params"), params}})
        .toJson(QJsonDocument::Compact);
}

//! A blocking socket with no event loop and no JSON: the floor.
class RawClient
{
public:
    explicit RawClient(quint16 port)
    {
        m_socket = ::socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        ::setsockopt(m_socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        m_ok = ::connect(m_socket, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0;
    }
    ~RawClient() { ::close(m_socket); }
    RawClient(const RawClient &) = delete;
    RawClient &operator=(const RawClient &) = delete;

    bool call(qint64 id, const char *method, const QJsonObject &params, bool quickAck)
    {
        const QByteArray bytes = ContentLengthFramer::framed(request(id, method, params));
        if (!m_ok || ::send(m_socket, bytes.constData(), static_cast<size_t>(bytes.size()), 0) < 0)
            return false;
        const std::string wanted = "\"id\":" + std::to_string(id);
        std::string_view frame;
        for (;;) {
            while (m_framer.next(frame) == ContentLengthFramer::Step::Frame) {
                const auto at = frame.find(wanted);
                const auto end = at + wanted.size();
                if (at != std::string_view::npos && at < 40
                    && (frame[end] == ',' || frame[end] == '}'))
                    return frame.find("\"error\"") == std::string_view::npos;
            }
            const auto room = m_framer.reserve(65536);
            const auto count = ::recv(m_socket, room.data(), room.size(), 0);
            if (quickAck)
                acknowledgeAtOnce(m_socket);
            if (count <= 0)
                return false;
            m_framer.commit(static_cast<std::size_t>(count));
        }
    }

private:
    int m_socket = -1;
    bool m_ok = false;
    ContentLengthFramer m_framer;
};

using ParamsOf = std::function<QJsonObject(int)>;

void measureRaw(RawClient &client, const std::string &name, const char *method, int count,
                const ParamsOf &params, bool quickAck, qint64 firstId)
{
    std::vector<double> times;
    for (int i = 0; i < count; ++i) {
        const auto start = Now::now();
        if (!client.call(firstId + i, method, params(i), quickAck)) {
            std::fprintf(stderr, "%s over a raw socket failed\n", method);
            return;
        }
        times.push_back(std::chrono::duration<double, std::micro>(Now::now() - start).count());
    }
    report(method, name, std::move(times));
}

//! One call after the other through the peer, then \a done.
void measurePeer(Peer &peer, const char *method, int count, ParamsOf params,
                 std::function<void()> done)
{
    struct Run
    {
        std::vector<double> times;
        std::function<void()> next;
    };
    auto run = std::make_shared<Run>();
    run->next = [&peer, method, count, params, done, run] {
        if (static_cast<int>(run->times.size()) >= count) {
            report(method, "pilotlight", run->times);
            QMetaObject::invokeMethod(
                &peer,
                [run, done] {
                    run->next = nullptr;
                    done();
                },
                Qt::QueuedConnection);
            return;
        }
        const auto start = Now::now();
        peer.call(QString::fromLatin1(method), params(static_cast<int>(run->times.size())), {},
                  &peer, [start, method, run](Result<RawJson> result) {
                      if (!result) {
                          std::fprintf(stderr, "%s: %s\n", method,
                                       qPrintable(result.error().toString()));
                          QCoreApplication::exit(1);
                          return;
                      }
                      run->times.push_back(
                          std::chrono::duration<double, std::micro>(Now::now() - start).count());
                      run->next();
                  });
    };
    run->next();
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    // As in a release build of the window, where debug records are only formatted by its own log.
    QLoggingCategory::setFilterRules(QStringLiteral("*.debug=false"));
    QCommandLineParser options;
    const QString beside =
        QCoreApplication::applicationDirPath() + QStringLiteral("/../bin/pilotlight-demo-server");
    options.addOptions(
        {{QStringLiteral("server"), QStringLiteral("Server program."), QStringLiteral("path"),
          qEnvironmentVariable("PILOTLIGHT_CLI", beside)},
         {QStringLiteral("arguments"), QStringLiteral("Its arguments."), QStringLiteral("list"),
          QStringLiteral("--headless --no-auto-update --port 0")},
         {QStringLiteral("count"), QStringLiteral("Calls each."), QStringLiteral("n"),
          QStringLiteral("2000")},
         {QStringLiteral("node"), QStringLiteral("Node program."), QStringLiteral("path"),
          QStringLiteral("node")},
         {QStringLiteral("sdk-script"), QStringLiteral("ping_sdk.mjs"), QStringLiteral("file")}});
    options.process(app);
    const int count = std::max(20, options.value(QStringLiteral("count")).toInt());

    QTemporaryDir home;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    for (const char *name : {"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"})
        environment.insert(QString::fromLatin1(name), home.path());
    environment.remove(QStringLiteral("COPILOT_CONNECTION_TOKEN"));
    QProcess server;
    server.setProcessEnvironment(environment);
    server.setWorkingDirectory(home.path());
    server.start(
        options.value(QStringLiteral("server")),
        options.value(QStringLiteral("arguments")).split(QLatin1Char(' '), Qt::SkipEmptyParts));
    QByteArray output;
    QRegularExpressionMatch match;
    while (!match.hasMatch() && server.waitForReadyRead(60'000)) {
        output += server.readAllStandardOutput();
        match = QRegularExpression(QStringLiteral("listening on port (\\d+)"))
                    .match(QString::fromUtf8(output));
    }
    if (!match.hasMatch()) {
        std::fprintf(stderr, "the server did not start: %s\n",
                     (output + server.readAllStandardError()).constData());
        return 1;
    }
    const quint16 port = match.captured(1).toUShort();
    std::printf("{\"bench\":\"ping\",\"server\":\"%s\"}\n",
                qPrintable(QFileInfo(server.program()).fileName()));

    const QString session = QStringLiteral("00000000-0000-4000-8000-000000000002");
    const ParamsOf pingParams = [](int) {
        return QJsonObject{{QStringLiteral("message"), QStringLiteral("x")}};
    };
    const ParamsOf nameParams = [&](int i) {
        return QJsonObject{{QStringLiteral("sessionId"), session},
                           {QStringLiteral("name"), QStringLiteral("n%1").arg(i)}};
    };
    const QJsonObject create{{QStringLiteral("sessionId"), session},
                             {QStringLiteral("workingDirectory"), home.path()}};

    bool created = false;
    {
        RawClient raw(port);
        measureRaw(raw, "raw", "ping", count, pingParams, true, 1);
        created = raw.call(100'000, "session.create", create, true);
        if (created) {
            measureRaw(raw, "raw", "session.name.set", count, nameParams, true, 200'000);
            measureRaw(raw, "raw, delayed ack", "session.name.set", std::min(count, 60), nameParams,
                       false, 300'000);
        }
    }

    SystemClock clock;
    Peer peer(std::make_unique<TcpTransport>(QStringLiteral("127.0.0.1"), port), clock);
    peer.setNotificationHandler([](std::string_view, RawJson) { });
    QObject::connect(&peer, &Peer::closed, &app, [](const Error &reason) {
        std::fprintf(stderr, "closed: %s\n", qPrintable(reason.toString()));
        QCoreApplication::exit(1);
    });
    QObject::connect(&peer, &Peer::opened, &app, [&] {
        measurePeer(peer, "ping", count, pingParams, [&] {
            if (!created)
                return QCoreApplication::exit(0);
            peer.call(QStringLiteral("session.create"), create, {}, &app, [&](Result<RawJson>) {
                measurePeer(peer, "session.name.set", count, nameParams,
                            [] { QCoreApplication::exit(0); });
            });
        });
    });
    peer.transport().open();
    int result = QCoreApplication::exec();
    peer.close();

    const QString script = options.value(QStringLiteral("sdk-script"));
    if (result == 0 && !script.isEmpty() && qEnvironmentVariableIsSet("PILOTLIGHT_NODE_MODULES")) {
        QProcess sdk;
        sdk.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        sdk.start(options.value(QStringLiteral("node")),
                  {script, QString::number(port), QString::number(std::min(count, 200))});
        sdk.waitForFinished(120'000);
        for (const QByteArray &line : sdk.readAllStandardOutput().split('\n')) {
            QJsonObject object = QJsonDocument::fromJson(line).object();
            if (object.isEmpty())
                continue;
            const auto raw = medians.find(
                object.value(QStringLiteral("what")).toString().toStdString() + "/raw");
            if (raw != medians.end())
                object.insert(QStringLiteral("ratioToRaw"),
                              object.value(QStringLiteral("p50us")).toDouble() / raw->second);
            std::printf("%s\n", QJsonDocument(object).toJson(QJsonDocument::Compact).constData());
        }
    }
    server.terminate();
    if (!server.waitForFinished(5'000))
        server.kill();
    server.waitForFinished(5'000);
    return result;
}
