// SPDX-License-Identifier: MIT
#include "transport/framing.h"
#include "transport/transport.h"

#include <QTest>

using namespace pilotlight;
using Step = LineFramer::Step;
using List = QList<QByteArray>;

namespace {

void drain(LineFramer &framer, List &frames)
{
    std::string_view frame;
    Step step = Step::Frame;
    while ((step = framer.next(frame)) == Step::Frame)
        frames.append(QByteArray(frame.data(), static_cast<qsizetype>(frame.size())));
    QCOMPARE(step, Step::NeedMore);
}

} // namespace

class TstLineFramer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void framesAMessage() { QCOMPARE(LineFramer::framed("{}"), QByteArray("{}\n")); }

    void cuts_data()
    {
        QTest::addColumn<QByteArray>("stream");
        QTest::addColumn<List>("frames");
        QTest::addColumn<quint64>("skipped");
        QTest::addColumn<bool>("partial");
        const auto row = [](const char *name, const QByteArray &stream, const List &frames,
                            quint64 skipped = 0, bool partial = false) {
            QTest::newRow(name) << stream << frames << skipped << partial;
        };
        row("nothing", "", {});
        row("one", "{\"a\":1}\n", {"{\"a\":1}"});
        row("two", "{}\n{\"b\":2}\n", {"{}", "{\"b\":2}"});
        row("carriage returns", "{}\r\n{}\r\n", {"{}", "{}"});
        row("empty lines are nothing", "\n\r\n  \n{}\n\n", {"{}"});
        row("blanks around", "  \t{} \n", {"{}"});
        row("byte order mark", "\xEF\xBB\xBF{}\n", {"{}"});
        row("a banner", "Server is ready!\n{}\n", {"{}"}, 1);
        row("a batch is not taken", "[{}]\n{}\n", {"{}"}, 1);
        row("a printed object is not taken", "{\n  a: 1\n}\n{}\n", {"{}"}, 3);
        row("numbers and strings", "1\n\"x\"\nnull\n", {}, 3);
        row("braces inside of strings are its own matter", "{\"a\":\"}{\"}\n", {"{\"a\":\"}{\"}"});
        row("cut off", "{}\n{\"a\"", {"{}"}, 0, true);
        row("begun garbage is not kept", "{}\nnoise without an end", {"{}"}, 1, false);
    }

    void cuts()
    {
        QFETCH(QByteArray, stream);
        QFETCH(List, frames);
        QFETCH(quint64, skipped);
        QFETCH(bool, partial);
        // However it arrives, the same comes out.
        for (qsizetype piece = 1; piece <= stream.size() + 1; ++piece) {
            LineFramer framer;
            List found;
            for (qsizetype i = 0; i < stream.size(); i += piece) {
                const QByteArray part = stream.mid(i, piece);
                framer.feed({part.constData(), static_cast<std::size_t>(part.size())});
                drain(framer, found);
            }
            QCOMPARE(found, frames);
            QCOMPARE(framer.skippedLines(), skipped);
            QCOMPARE(framer.hasPartial(), partial);
        }
    }

    void saysWhatItSkipped()
    {
        LineFramer framer;
        List frames;
        framer.feed("hello \x01 there\n{}\n");
        drain(framer, frames);
        QCOMPARE(frames, List{"{}"});
        QCOMPARE(framer.lastSkipped(), QStringLiteral("hello . there"));
    }

    void endlessGarbageIsNotKept()
    {
        LineFramer framer;
        List frames;
        const std::string noise(1'000'000, 'x');
        for (int i = 0; i < 50; ++i) {
            framer.feed(noise);
            drain(framer, frames);
        }
        QVERIFY2(framer.capacity() < 4'000'000, QByteArray::number(qint64(framer.capacity())));
        framer.feed("\n{}\n");
        drain(framer, frames);
        QCOMPARE(frames, List{"{}"});
        QCOMPARE(framer.skippedLines(), quint64(1));
    }

    void aLineOverTheLimitBreaksIt()
    {
        for (const bool inOnePiece : {true, false}) {
            LineFramer framer(1'000);
            std::string_view frame;
            const std::string fits = '{' + std::string(998, 'x') + '}';
            framer.feed(fits + '\n');
            QCOMPARE(framer.next(frame), Step::Frame);
            QCOMPARE(frame.size(), std::size_t(1'000));
            framer.feed('{' + std::string(999, 'x') + (inOnePiece ? "}\n" : ""));
            if (!inOnePiece) {
                QCOMPARE(framer.next(frame), Step::NeedMore);
                framer.feed("x");
            }
            QCOMPARE(framer.next(frame), Step::Broken);
            QCOMPARE(framer.error().code, ErrorCode::FrameTooLarge);
            framer.feed("\n{}\n");
            QCOMPARE(framer.next(frame), Step::Broken); // for good
        }
    }
};

QTEST_GUILESS_MAIN(TstLineFramer)
#include "tst_lineframer.moc"
