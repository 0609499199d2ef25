// SPDX-License-Identifier: MIT
#include "transport/framing.h"
#include "transport/transport.h"

#include <QTest>

#include <cstring>

using namespace pilotlight;
using Step = ContentLengthFramer::Step;

namespace {

struct Outcome
{
    QList<QByteArray> frames;
    std::optional<Error> error;
};

//! Everything that \a framer has to give now.
void drain(ContentLengthFramer &framer, Outcome &outcome)
{
    std::string_view frame;
    for (;;) {
        switch (framer.next(frame)) {
        case Step::NeedMore:
            return;
        case Step::Broken:
            outcome.error = framer.error();
            return;
        case Step::Frame:
            outcome.frames.append(QByteArray(frame.data(), static_cast<qsizetype>(frame.size())));
            break;
        }
    }
}

std::string_view view(const QByteArray &bytes)
{
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

} // namespace

class TstFraming : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void framesAMessage()
    {
        QCOMPARE(ContentLengthFramer::framed("{}"), QByteArray("Content-Length: 2\r\n\r\n{}"));
        QCOMPARE(ContentLengthFramer::framed({}), QByteArray("Content-Length: 0\r\n\r\n"));
    }

    void accepts_data()
    {
        QTest::addColumn<QByteArray>("stream");
        QTest::addColumn<QList<QByteArray>>("frames");
        using List = QList<QByteArray>;
        QTest::newRow("one") << QByteArray("Content-Length: 2\r\n\r\n{}") << List{"{}"};
        QTest::newRow("lower case") << QByteArray("content-length: 2\r\n\r\n{}") << List{"{}"};
        QTest::newRow("odd case, no space")
            << QByteArray("cOnTeNt-LeNgTh:2\r\n\r\n{}") << List{"{}"};
        QTest::newRow("spaces around")
            << QByteArray("Content-Length: \t 2 \r\n\r\n{}") << List{"{}"};
        QTest::newRow("leading zero") << QByteArray("Content-Length: 002\r\n\r\n{}") << List{"{}"};
        QTest::newRow("type before") << QByteArray(
            "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: "
            "2\r\n\r\n{}") << List{"{}"};
        QTest::newRow("type after")
            << QByteArray("Content-Length: 2\r\nContent-Type: x\r\n\r\n{}") << List{"{}"};
        QTest::newRow("empty") << QByteArray("Content-Length: 0\r\n\r\n") << List{""};
        QTest::newRow("three") << QByteArray("Content-Length: 1\r\n\r\naContent-Length: 0\r\n\r\n"
                                             "Content-Length: 3\r\n\r\n\r\n\n")
                               << List{"a", "", "\r\n\n"};
        QTest::newRow("body that looks like a header")
            << QByteArray("Content-Length: 21\r\n\r\nContent-Length: 2\r\n\r\n")
            << List{"Content-Length: 2\r\n\r\n"};
    }
    void accepts()
    {
        QFETCH(QByteArray, stream);
        QFETCH(QList<QByteArray>, frames);
        // Whole, byte by byte, and cut in two at every place.
        for (qsizetype cut = -1; cut <= stream.size(); ++cut) {
            ContentLengthFramer framer;
            Outcome outcome;
            if (cut < 0) {
                for (const char byte : stream) {
                    framer.feed({&byte, 1});
                    drain(framer, outcome);
                }
            } else {
                framer.feed(view(stream.left(cut)));
                drain(framer, outcome);
                framer.feed(view(stream.mid(cut)));
                drain(framer, outcome);
            }
            QVERIFY(!outcome.error);
            QCOMPARE(outcome.frames, frames);
            QVERIFY(!framer.hasPartial());
        }
    }

    void refuses_data()
    {
        QTest::addColumn<QByteArray>("stream");
        QTest::addColumn<ErrorCode>("code");
        const auto violation = ErrorCode::ProtocolViolation;
        QTest::newRow("negative") << QByteArray("Content-Length: -2\r\n\r\n{}") << violation;
        QTest::newRow("plus") << QByteArray("Content-Length: +2\r\n\r\n{}") << violation;
        QTest::newRow("missing") << QByteArray("Content-Type: x\r\n\r\n{}") << violation;
        QTest::newRow("empty header") << QByteArray("\r\n\r\n{}") << violation;
        QTest::newRow("empty line first")
            << QByteArray("\r\nContent-Length: 2\r\n\r\n{}") << violation;
        QTest::newRow("no value") << QByteArray("Content-Length:\r\n\r\n{}") << violation;
        QTest::newRow("word") << QByteArray("Content-Length: two\r\n\r\n{}") << violation;
        QTest::newRow("hex") << QByteArray("Content-Length: 0x2\r\n\r\n{}") << violation;
        QTest::newRow("fraction") << QByteArray("Content-Length: 2.0\r\n\r\n{}") << violation;
        QTest::newRow("list") << QByteArray("Content-Length: 2, 2\r\n\r\n{}") << violation;
        QTest::newRow("duplicate, equal")
            << QByteArray("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}") << violation;
        QTest::newRow("duplicate, other case")
            << QByteArray("Content-Length: 2\r\ncontent-length: 3\r\n\r\n{}") << violation;
        QTest::newRow("name with space") << QByteArray("Content-Length : 2\r\n\r\n{}") << violation;
        QTest::newRow("folded line") << QByteArray("Content-Length:\r\n 2\r\n\r\n{}") << violation;
        QTest::newRow("bare line feeds") << QByteArray("Content-Length: 2\n\n{}") << violation;
        QTest::newRow("bare return") << QByteArray("Content-Length: 2\r\r{}") << violation;
        QTest::newRow("http") << QByteArray("GET / HTTP/1.1\r\nHost: a\r\n\r\n") << violation;
        QTest::newRow("http post")
            << QByteArray("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}") << violation;
        QTest::newRow("json without header") << QByteArray("{\"jsonrpc\":\"2.0\"}\n") << violation;
        QTest::newRow("nul") << QByteArray("Content-Length\0: 2\r\n\r\n{}", 24) << violation;
        QTest::newRow("high bytes") << QByteArray("\xff\xfe\x00\x01", 4) << violation;
        QTest::newRow("too large by one")
            << QByteArray("Content-Length: 268435457\r\n\r\n") << ErrorCode::FrameTooLarge;
        QTest::newRow("more than 64 bits")
            << QByteArray("Content-Length: 18446744073709551618\r\n\r\n{}")
            << ErrorCode::FrameTooLarge;
        QTest::newRow("thousand digits")
            << QByteArray("Content-Length: " + QByteArray(1000, '9') + "\r\n\r\n")
            << ErrorCode::FrameTooLarge;
        QTest::newRow("endless header") << QByteArray(10'240, 'a') << violation;
        QTest::newRow("header over 8 KiB")
            << QByteArray("X: " + QByteArray(8'192, 'a') + "\r\nContent-Length: 2\r\n\r\n{}")
            << violation;
    }
    void refuses()
    {
        QFETCH(QByteArray, stream);
        QFETCH(ErrorCode, code);
        for (qsizetype cut = 0; cut <= std::min<qsizetype>(stream.size(), 300); ++cut) {
            ContentLengthFramer framer;
            Outcome outcome;
            framer.feed(view(stream.left(cut)));
            drain(framer, outcome);
            framer.feed(view(stream.mid(cut)));
            drain(framer, outcome);
            QVERIFY(outcome.error.has_value());
            QCOMPARE(outcome.error->code, code);
            QVERIFY(!outcome.error->detail.isEmpty());
            QVERIFY(outcome.frames.isEmpty());
            // For good: a valid message afterwards changes nothing.
            framer.feed("Content-Length: 2\r\n\r\n{}");
            Outcome after;
            drain(framer, after);
            QVERIFY(after.error && after.frames.isEmpty());
        }
    }

    void goodFramesBeforeABadOneAreDelivered()
    {
        ContentLengthFramer framer;
        Outcome outcome;
        framer.feed("Content-Length: 2\r\n\r\n{}Content-Length: -1\r\n\r\n");
        drain(framer, outcome);
        QCOMPARE(outcome.frames, QList<QByteArray>{"{}"});
        QVERIFY(outcome.error.has_value());
    }

    void theLargestHeaderIsAccepted()
    {
        const QByteArray end("\r\nContent-Length: 2\r\n\r\n");
        const auto pad = static_cast<qsizetype>(ContentLengthFramer::MaxHeader) - end.size() - 2;
        ContentLengthFramer framer;
        Outcome outcome;
        framer.feed(view("X:" + QByteArray(pad, 'a') + end + "{}"));
        drain(framer, outcome);
        QVERIFY(!outcome.error);
        QCOMPARE(outcome.frames, QList<QByteArray>{"{}"});
    }

    void paddingIsReadable()
    {
        // The value does not matter; that reading it is allowed is what ASan checks.
        ContentLengthFramer framer;
        const QByteArray body(200'000, 'x');
        framer.feed(view(ContentLengthFramer::framed(body)));
        std::string_view frame;
        QCOMPARE(framer.next(frame), Step::Frame);
        std::array<char, MessagePadding> copy;
        std::memcpy(copy.data(), frame.data() + frame.size(), copy.size());
        QCOMPARE(frame.size(), std::size_t(200'000));
    }

    void aPromisedLengthCostsNoMemory()
    {
        ContentLengthFramer framer;
        framer.feed("Content-Length: 268435456\r\n\r\n{");
        std::string_view frame;
        QCOMPARE(framer.next(frame), Step::NeedMore);
        QVERIFY(framer.hasPartial());
        QVERIFY(framer.capacity() < 1'000'000);
    }

    void memoryOfALargeFrameIsGivenBack()
    {
        ContentLengthFramer framer;
        const QByteArray body(8'000'000, 'x');
        framer.feed(view(ContentLengthFramer::framed(body)));
        Outcome outcome;
        drain(framer, outcome);
        QCOMPARE(outcome.frames.size(), 1);
        QVERIFY(framer.capacity() >= 8'000'000);
        framer.feed("Content-Length: 2\r\n\r\n{}");
        drain(framer, outcome);
        QCOMPARE(outcome.frames.size(), 2);
        QVERIFY(framer.capacity() < 1'000'000);
    }

    void reserveAndCommitReadInPlace()
    {
        ContentLengthFramer framer;
        QByteArray stream;
        QList<QByteArray> expected;
        for (int i = 0; i < 2'000; ++i) {
            expected.append(QByteArray(i % 700, static_cast<char>('a' + i % 26)));
            stream += ContentLengthFramer::framed(expected.last());
        }
        Outcome outcome;
        for (qsizetype at = 0; at < stream.size();) {
            const auto room = framer.reserve(1);
            const auto count = std::min<qsizetype>(
                {static_cast<qsizetype>(room.size()), 4'093, stream.size() - at});
            std::memcpy(room.data(), stream.constData() + at, static_cast<std::size_t>(count));
            framer.commit(static_cast<std::size_t>(count));
            at += count;
            drain(framer, outcome);
        }
        QVERIFY(!outcome.error);
        QCOMPARE(outcome.frames, expected);
    }
};

QTEST_GUILESS_MAIN(TstFraming)
#include "tst_framing.moc"
