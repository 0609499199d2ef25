// SPDX-License-Identifier: MIT
#include "transport/sseparser.h"
#include "transport/transport.h"

#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using Step = SseParser::Step;
using List = QList<QByteArray>;

namespace {

void drain(SseParser &parser, List &events)
{
    std::string_view data;
    Step step = Step::Frame;
    while ((step = parser.next(data)) == Step::Frame) {
        volatile char last = *(data.data() + data.size() + MessagePadding - 1); // for ASan
        (void)last;
        events.append(QByteArray(data.data(), static_cast<qsizetype>(data.size())));
    }
    QCOMPARE(step, Step::NeedMore);
}

} // namespace

class TstSseParser : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void reads_data()
    {
        QTest::addColumn<QByteArray>("stream");
        QTest::addColumn<List>("events");
        QTest::addColumn<QByteArray>("id");
        QTest::addColumn<quint64>("comments");
        const auto row = [](const char *name, const QByteArray &stream, const List &events,
                            const QByteArray &id = {}, quint64 comments = 0) {
            QTest::newRow(name) << stream << events << id << comments;
        };
        row("nothing", "", {});
        row("as MCP servers send it", "event: message\nid: 7\ndata: {\"a\":1}\n\n", {"{\"a\":1}"},
            "7");
        row("the event that only makes it resumable", "id: 1\ndata: \n\ndata: {}\n\n", {"{}"}, "1");
        row("without a blank", "data:{}\n\n", {"{}"});
        row("only one blank goes", "data:  x\n\n", {" x"});
        row("carriage return, line feed", "data: a\r\n\r\ndata: b\r\n\r\n", {"a", "b"});
        row("carriage return alone", "data: a\r\rdata: b\r\r", {"a", "b"});
        row("mixed line ends", "data: a\r\n\ndata: b\n\r\n", {"a", "b"});
        row("several lines of data", "data: a\ndata: b\ndata:\n\n", {"a\nb\n"});
        row("a heartbeat", ": keepalive\n\n: \n:\n", {}, {}, 3);
        row("a heartbeat inside of an event", "data: a\n:x\ndata: b\n\n", {"a\nb"}, {}, 1);
        row("another type of event", "event: endpoint\ndata: /messages\n\ndata: x\n\n", {"x"});
        row("unknown fields", "data: a\nfoo: b\nbar\n\n", {"a"});
        row("data without a colon", "data\n\n", {});
        row("byte order mark",
            "\xEF\xBB\xBF"
            "data: a\n\n",
            {"a"});
        row("an event that does not end", "data: a\n\ndata: b\n", {"a"});
        row("the id of an event that does not end", "id: 1\ndata: a\n\nid: 2\n", {"a"}, "1");
        row("an id stays", "id: 1\ndata: a\n\ndata: b\n\n", {"a", "b"}, "1");
        row("an id is taken back", "id: 1\ndata: a\n\nid\n\n", {"a"});
        row("an id with a null is none", QByteArray("id: 1\0x\ndata: a\n\n", 18), {"a"});
        row("empty lines", "\n\n\n\r\n\rdata: a\n\n\n", {"a"});
    }

    void reads()
    {
        QFETCH(QByteArray, stream);
        QFETCH(List, events);
        QFETCH(QByteArray, id);
        QFETCH(quint64, comments);
        // However it arrives, the same comes out.
        for (qsizetype piece = 1; piece <= stream.size() + 1; ++piece) {
            SseParser parser;
            List found;
            for (qsizetype i = 0; i < stream.size(); i += piece) {
                const QByteArray part = stream.mid(i, piece);
                parser.feed({part.constData(), static_cast<std::size_t>(part.size())});
                drain(parser, found);
            }
            QCOMPARE(found, events);
            QCOMPARE(parser.lastEventId(), id);
            QCOMPARE(parser.comments(), comments);
        }
    }

    void retry_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<int>("ms"); // -1: none
        QTest::newRow("a time") << QByteArray("retry: 2500") << 2500;
        QTest::newRow("none") << QByteArray("retry:") << -1;
        QTest::newRow("not a number") << QByteArray("retry: 1s") << -1;
        QTest::newRow("negative") << QByteArray("retry: -1") << -1;
        QTest::newRow("not believed") << QByteArray("retry: 86400000") << 3'600'000;
        QTest::newRow("overflow") << QByteArray("retry: 99999999999999999999") << 3'600'000;
    }
    void retry()
    {
        QFETCH(QByteArray, line);
        QFETCH(int, ms);
        SseParser parser;
        List events;
        parser.feed(line.toStdString() + "\n");
        drain(parser, events);
        if (ms < 0)
            QVERIFY(!parser.retry());
        else
            QCOMPARE(parser.retry().value_or(0ms), Milliseconds(ms));
    }

    void anEventOverTheLimitBreaksIt_data()
    {
        QTest::addColumn<QByteArray>("stream");
        QTest::newRow("one line") << QByteArray("data: " + QByteArray(100, 'x') + "\n\n");
        QTest::newRow("a line without an end") << QByteArray("data: " + QByteArray(100, 'x'));
        QTest::newRow("many lines") << QByteArray("data: xxxxxxxx\n").repeated(12);
        QTest::newRow("a comment") << QByteArray(":" + QByteArray(200, 'x'));
    }
    void anEventOverTheLimitBreaksIt()
    {
        QFETCH(QByteArray, stream);
        SseParser parser(100);
        std::string_view data;
        parser.feed("data: fits\n\n");
        QCOMPARE(parser.next(data), Step::Frame);
        parser.feed({stream.constData(), static_cast<std::size_t>(stream.size())});
        QCOMPARE(parser.next(data), Step::Broken);
        QCOMPARE(parser.error().code, ErrorCode::FrameTooLarge);
        parser.feed("\n\ndata: a\n\n");
        QCOMPARE(parser.next(data), Step::Broken); // for good
    }

    void manySmallEventsStaySmall()
    {
        SseParser parser;
        List events;
        for (int i = 0; i < 20'000; ++i) {
            parser.feed("id: 123\nevent: message\ndata: {\"jsonrpc\":\"2.0\"}\n\n");
            drain(parser, events);
        }
        QCOMPARE(events.size(), 20'000);
        QVERIFY(parser.capacity() < 100'000);
    }
};

QTEST_GUILESS_MAIN(TstSseParser)
#include "tst_sseparser.moc"
