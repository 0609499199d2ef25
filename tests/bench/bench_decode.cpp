// SPDX-License-Identifier: MIT
// How fast a recorded full-speed answer is read. One JSON object a line; "ratio" is against the
// peer given with --peer-mbps (vscode-jsonrpc's reader on the same bytes, see decode_vscode.mjs).
//     bench_decode [--input FILE] [--megabytes N] [--passes N] [--peer-mbps X]
// Without --input it generates a stream of the same shape as the real server's.
#include "agent/copilotbackend.h"
#include "base/systemclock.h"
#include "rpc/codec.h"
#include "rpc/peer.h"
#include "session/transcript.h"
#include "transport/framing.h"
#include "transport/transport.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QFile>
#include <QJsonDocument>

#include <simdjson.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>

using namespace pilotlight;

namespace {

//! Pieces as they come from a socket.
constexpr std::size_t Piece = 64 * 1024;

QByteArray generated(qsizetype size)
{
    // Types, order and sizes as recorded: each delta comes with a progress event, about 380 bytes
    // each.
    QByteArray bytes;
    bytes.reserve(size + 1024);
    for (int i = 0; bytes.size() < size; ++i) {
        const QByteArray number = QByteArray::number(i).rightJustified(12, '0');
        const QByteArray envelope = "\"id\":\"0a1b2c3d-4e5f-4a6b-8c7d-" + number
            + "\",\"timestamp\":\"2026-11-20T21:42:31.822Z\","
              "\"parentId\":\"5d0c2f5e-9d0e-4b42-9d53-0b5f3e5f8a77\",\"ephemeral\":true}}}";
        const QByteArray head =
            "{\"jsonrpc\":\"2.0\",\"method\":\"session.event\",\"params\":{\"sessionId\":"
            "\"0728a9f1-55a3-4f0e-9a53-6a3a3cf0c1d2\",\"event\":{";
        bytes += ContentLengthFramer::framed(
            head + "\"type\":\"assistant.streaming_delta\",\"data\":{\"totalResponseSizeBytes\":"
            + QByteArray::number(4 * i) + "}," + envelope);
        bytes += ContentLengthFramer::framed(
            head
            + "\"type\":\"assistant.message_delta\",\"data\":{\"messageId\":"
              "\"9be1a2c4-7e0d-4f5e-8d59-d8d1c0e7b111\",\"deltaContent\":\"tok \"},"
            + envelope);
    }
    return bytes;
}

//! Runs \a each on every message; the number of messages.
qint64 frames(const QByteArray &bytes, const std::function<void(std::string_view)> &each)
{
    ContentLengthFramer framer;
    qint64 count = 0;
    std::string_view rest(bytes.constData(), static_cast<std::size_t>(bytes.size()));
    while (!rest.empty()) {
        const auto piece = rest.substr(0, Piece);
        rest.remove_prefix(piece.size());
        framer.feed(piece);
        std::string_view frame;
        while (framer.next(frame) == ContentLengthFramer::Step::Frame) {
            ++count;
            each(frame);
        }
    }
    return count;
}

simdjson::padded_string_view padded(std::string_view text)
{
    return simdjson::padded_string_view(text.data(), text.size(), text.size() + MessagePadding);
}

struct Bench
{
    QByteArray bytes;
    int passes = 3;
    double peer = 0;

    void run(const char *what, const std::function<qint64()> &pass) const
    {
        // By processor time: another program on the machine does not change it.
        double best = 1e9;
        double wall = 1e9;
        qint64 messages = 0;
        for (int i = 0; i < passes; ++i) {
            const auto start = std::chrono::steady_clock::now();
            const std::clock_t cpu = std::clock();
            messages = pass();
            best = std::min(best, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
            wall = std::min(wall, seconds.count());
        }
        const double rate = static_cast<double>(bytes.size()) / best / 1e6;
        std::printf(
            "{\"bench\":\"decode\",\"what\":\"%s\",\"bytes\":%lld,\"messages\":%lld,"
            "\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"mbPerSecond\":%.0f,\"messagesPerSecond\":%.0f,"
            "\"nsPerMessage\":%.0f",
            what, static_cast<long long>(bytes.size()), static_cast<long long>(messages), wall,
            best, rate, static_cast<double>(messages) / best,
            best * 1e9 / static_cast<double>(messages));
        if (peer > 0)
            std::printf(",\"ratio\":%.2f", rate / peer);
        std::printf("}\n");
        std::fflush(stdout);
    }
};

//! What the agent layer reads of an event: a second pass over the params only.
struct EventReader
{
    simdjson::ondemand::parser parser;
    qint64 textBytes = 0;

    void read(std::string_view params)
    {
        simdjson::ondemand::document document;
        if (parser.iterate(padded(params)).get(document))
            return;
        std::string_view session;
        simdjson::ondemand::object event;
        if (document["sessionId"].get_string().get(session)
            || document["event"].get_object().get(event))
            return;
        std::string_view type;
        if (event["type"].get_string().get(type) || type != "assistant.message_delta")
            return;
        std::string_view id;
        std::string_view text;
        simdjson::ondemand::object data;
        if (event["data"].get_object().get(data) || data["messageId"].get_string().get(id)
            || data["deltaContent"].get_string().get(text))
            return;
        const QString copy = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
        textBytes += copy.size();
    }
};

//! A connection that plays a recording: everything above the socket is the program's own.
class Player final : public Transport
{
    Q_OBJECT
public:
    QString description() const override { return QStringLiteral("recording"); }
    bool isRemote() const override { return false; }
    void open() override { Q_EMIT opened(); }
    void send(const QByteArray &) override { }
    void close() override { }
    bool isOpen() const override { return true; }

    qint64 play(const QByteArray &bytes)
    {
        return frames(bytes, [this](std::string_view text) { messageSink()(text); });
    }
};

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser options;
    options.addOptions(
        {{QStringLiteral("input"), QStringLiteral("A recording."), QStringLiteral("file")},
         {QStringLiteral("megabytes"), QStringLiteral("To generate."), QStringLiteral("n"),
          QStringLiteral("70")},
         {QStringLiteral("passes"), QStringLiteral("The best counts."), QStringLiteral("n"),
          QStringLiteral("3")},
         {QStringLiteral("peer-mbps"), QStringLiteral("MB/s of the peer."), QStringLiteral("x"),
          QStringLiteral("0")}});
    options.process(app);

    Bench bench;
    bench.passes = std::max(1, options.value(QStringLiteral("passes")).toInt());
    bench.peer = options.value(QStringLiteral("peer-mbps")).toDouble();
    const QString input = options.value(QStringLiteral("input"));
    if (input.isEmpty()) {
        bench.bytes =
            generated(options.value(QStringLiteral("megabytes")).toLongLong() * 1'000'000);
    } else {
        QFile file(input);
        if (!file.open(QIODevice::ReadOnly)) {
            std::fprintf(stderr, "cannot read %s\n", qPrintable(input));
            return 1;
        }
        bench.bytes = file.readAll();
    }

    bench.run("framing", [&] { return frames(bench.bytes, [](std::string_view) { }); });
    bench.run("framing+codec", [&] {
        Decoder decoder;
        return frames(bench.bytes, [&](std::string_view text) { (void)decoder.decode(text); });
    });
    bench.run("framing+codec+event fields", [&] {
        Decoder decoder;
        EventReader reader;
        return frames(bench.bytes, [&](std::string_view text) {
            const RpcMessage message = decoder.decode(text);
            if (message.kind == RpcMessage::Kind::Notification && message.method == "session.event")
                reader.read(message.payload.text);
        });
    });
    // The whole way that an answer takes in the window, down to the model that the chat view shows.
    bench.run("framing+peer+backend+transcript", [&] {
        SystemClock clock;
        auto made = std::make_unique<Player>();
        Player &player = *made;
        Peer peer(std::move(made), clock);
        CopilotBackend backend(peer, clock);
        Transcript transcript;
        qint64 events = 0;
        QObject::connect(&backend, &AgentBackend::sessionEvent, &transcript,
                         [&](const QString &, const AgentEvent &event) {
                             ++events;
                             transcript.apply(event);
                         });
        const qint64 messages = player.play(bench.bytes);
        if (events == 0 || transcript.items().empty())
            std::fprintf(stderr, "the transcript stayed empty: the figure means nothing\n");
        return messages;
    });
    bench.run("framing+simdjson dom", [&] {
        simdjson::dom::parser parser;
        return frames(bench.bytes, [&](std::string_view text) {
            simdjson::dom::element element;
            if (parser.parse(text.data(), text.size(), false).get(element))
                std::fprintf(stderr, "not JSON\n");
        });
    });
    bench.run("framing+QJsonDocument", [&] {
        return frames(bench.bytes, [&](std::string_view text) {
            const auto raw =
                QByteArray::fromRawData(text.data(), static_cast<qsizetype>(text.size()));
            (void)QJsonDocument::fromJson(raw).object().value(QStringLiteral("method")).toString();
        });
    });
    return 0;
}

#include "bench_decode.moc"
