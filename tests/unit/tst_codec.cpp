// SPDX-License-Identifier: MIT
#include "rpc/codec.h"
#include "transport/transport.h"

#include <QJsonDocument>
#include <QTest>

using namespace pilotlight;
using Kind = RpcMessage::Kind;

namespace {

//! Decodes with the padding that a transport gives; keeps the bytes alive.
struct Decoded
{
    explicit Decoded(const QByteArray &text)
        : bytes(text + QByteArray(static_cast<qsizetype>(MessagePadding), '\0'))
        , message(decoder.decode({bytes.constData(), static_cast<std::size_t>(text.size())}))
    { }
    QByteArray bytes;
    Decoder decoder;
    RpcMessage message;
    std::string method() const { return std::string(message.method); }
    std::string payload() const { return std::string(message.payload.text); }
};

} // namespace

class TstCodec : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void notification()
    {
        const Decoded in(" {\"jsonrpc\":\"2.0\",\"method\":\"session.event\" , \"params\": "
                         "{\"a\":[1,{\"b\":\"}\"}]}  } ");
        QCOMPARE(in.message.kind, Kind::Notification);
        QCOMPARE(in.method(), std::string("session.event"));
        QCOMPARE(in.payload(), std::string("{\"a\":[1,{\"b\":\"}\"}]}"));
        QVERIFY(std::holds_alternative<std::monostate>(in.message.id));
    }

    void membersInAnyOrderAndUnknownOnes()
    {
        const Decoded in("{\"x\":[1,2,{\"id\":9}],\"params\":[],\"id\":\"q\",\"\\u006dethod\":"
                         "\"a\\\"b\",\"jsonrpc\":\"2.0\"}");
        QCOMPARE(in.message.kind, Kind::Request);
        QCOMPARE(in.method(), std::string("a\"b"));
        QCOMPARE(in.payload(), std::string("[]"));
        QCOMPARE(std::get<QString>(in.message.id), QStringLiteral("q"));
    }

    void requestIds_data()
    {
        QTest::addColumn<QByteArray>("id");
        QTest::newRow("zero") << QByteArray("0");
        QTest::newRow("number") << QByteArray("17");
        QTest::newRow("negative") << QByteArray("-3");
        QTest::newRow("largest") << QByteArray("9223372036854775807");
        QTest::newRow("text") << QByteArray("\"a-1\"");
        QTest::newRow("empty text") << QByteArray("\"\"");
        QTest::newRow("escaped text") << QByteArray("\"\\\"\\\\\"");
    }
    void requestIds()
    {
        QFETCH(QByteArray, id);
        const Decoded in("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"m\"}");
        QCOMPARE(in.message.kind, Kind::Request);
        QVERIFY(in.message.payload.isEmpty());
        // An answer echoes it as it came.
        QCOMPARE(encodeResult(in.message.id, QJsonValue::Null),
                 QByteArray("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":null}"));
    }

    void results_data()
    {
        QTest::addColumn<QByteArray>("result");
        QTest::newRow("object") << QByteArray("{\"ok\":true}");
        QTest::newRow("array") << QByteArray("[1]");
        QTest::newRow("null") << QByteArray("null");
        QTest::newRow("text") << QByteArray("\"interactive\"");
        QTest::newRow("number") << QByteArray("-1.5e3");
        QTest::newRow("bool") << QByteArray("false");
    }
    void results()
    {
        QFETCH(QByteArray, result);
        const Decoded in("{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":" + result + " }");
        QCOMPARE(in.message.kind, Kind::Response);
        QCOMPARE(std::get<qint64>(in.message.id), 5);
        QVERIFY(!in.message.error);
        QCOMPARE(in.payload(), result.toStdString());
        const QJsonValue value = in.message.payload.toValue();
        QVERIFY(!value.isUndefined());
        QCOMPARE(QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact),
                 QJsonDocument(QJsonDocument::fromJson("[" + result + "]"))
                     .toJson(QJsonDocument::Compact));
    }

    void errorAnswer()
    {
        const Decoded in("{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32603,\"message\":"
                         "\"no \\u00e9\",\"data\":{\"a\":1}}}");
        QCOMPARE(in.message.kind, Kind::Response);
        QCOMPARE(in.message.error->code, -32603);
        QCOMPARE(in.message.error->message, QString::fromUtf8("no \xc3\xa9"));
        QCOMPARE(in.message.error->data.toObject().value(QStringLiteral("a")).toInt(), 1);
    }

    void errorAnswerOfAWrongShapeIsStillAnError()
    {
        const Decoded in("{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":\"boom\"}");
        QCOMPARE(in.message.kind, Kind::Response);
        QVERIFY(in.message.error->message.contains(QStringLiteral("boom")));
    }

    void errorAnswerWithoutId()
    {
        const Decoded in(
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"x\"}}");
        QCOMPARE(in.message.kind, Kind::Response);
        QVERIFY(std::holds_alternative<std::monostate>(in.message.id));
    }

    void refuses_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<ErrorCode>("problem");
        QTest::addColumn<bool>("response");
        const auto json = ErrorCode::InvalidJson;
        const auto rpc = ErrorCode::ProtocolViolation;
        QTest::newRow("empty") << QByteArray("") << json << false;
        QTest::newRow("blank") << QByteArray(" \n") << json << false;
        QTest::newRow("word") << QByteArray("nonsense") << json << false;
        QTest::newRow("half a word") << QByteArray("tru") << json << false;
        QTest::newRow("open object")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"m\"") << json << false;
        QTest::newRow("open text")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"m") << json << false;
        QTest::newRow("no colon") << QByteArray("{\"jsonrpc\" \"2.0\"}") << json << false;
        QTest::newRow("behind") << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"m\"}{}") << json
                                << false;
        QTest::newRow("bad scalar")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":tru}") << json << false;
        QTest::newRow("bad utf-8")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}") << json << false;
        QTest::newRow("raw control")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"a\nb\"}") << json << false;
        QTest::newRow("lone surrogate")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"\\ud800\"}") << json << false;
        QTest::newRow("broken batch") << QByteArray("[1,") << json << false;
        QTest::newRow("batch") << QByteArray("[{\"jsonrpc\":\"2.0\",\"method\":\"m\"}]") << rpc
                               << false;
        QTest::newRow("empty batch") << QByteArray("[]") << rpc << false;
        QTest::newRow("number") << QByteArray("5") << rpc << false;
        QTest::newRow("text") << QByteArray("\"x\"") << rpc << false;
        QTest::newRow("empty object") << QByteArray("{}") << rpc << false;
        QTest::newRow("no version") << QByteArray("{\"method\":\"m\"}") << rpc << false;
        QTest::newRow("version 1")
            << QByteArray("{\"jsonrpc\":\"1.0\",\"method\":\"m\"}") << rpc << false;
        QTest::newRow("version number")
            << QByteArray("{\"jsonrpc\":2.0,\"method\":\"m\"}") << rpc << false;
        QTest::newRow("method number")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":3}") << rpc << false;
        QTest::newRow("method null")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":null}") << rpc << false;
        QTest::newRow("params text")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":\"x\"}") << rpc
            << false;
        QTest::newRow("id null") << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}")
                                 << rpc << false;
        QTest::newRow("id fraction")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"m\"}") << rpc << false;
        QTest::newRow("id too large")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":9223372036854775808,\"method\":\"m\"}")
            << rpc << false;
        QTest::newRow("id object")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"m\"}") << rpc << false;
        QTest::newRow("id bool") << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":true,\"result\":1}")
                                 << rpc << true;
        QTest::newRow("two ids") << QByteArray(
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"result\":1}")
                                 << rpc << true;
        QTest::newRow("only id") << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":1}") << rpc << false;
        QTest::newRow("result, no id")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"result\":1}") << rpc << true;
        QTest::newRow("result and error")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}") << rpc
            << true;
        QTest::newRow("method and result")
            << QByteArray("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"result\":1}") << rpc
            << false;
    }
    void refuses()
    {
        QFETCH(QByteArray, text);
        const Decoded in(text);
        QCOMPARE(in.message.kind, Kind::Invalid);
        QTEST(in.message.problem, "problem");
        QTEST(in.message.looksLikeResponse, "response");
        QVERIFY(!in.message.detail.isEmpty());
    }

    void deepParamsAreOnlySkipped()
    {
        const QByteArray deep = QByteArray(5'000, '[') + QByteArray(5'000, ']');
        const Decoded in("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":" + deep + "}");
        // Deeper than any reader of ours goes: refused or handed on unread, never a crash.
        if (in.message.kind == Kind::Notification)
            QVERIFY(in.message.payload.toValue().isUndefined());
        else
            QCOMPARE(in.message.problem, ErrorCode::InvalidJson);
    }

    void decoderGoesOnAfterABadMessage()
    {
        const QByteArray padding(static_cast<qsizetype>(MessagePadding), '\0');
        const QByteArray bad = "{\"jsonrpc\"";
        const QByteArray good = "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}";
        Decoder decoder;
        for (int i = 0; i < 3; ++i) {
            QCOMPARE(decoder.decode({(bad + padding).constData(), std::size_t(bad.size())}).kind,
                     Kind::Invalid);
            const QByteArray text = good + padding;
            QCOMPARE(decoder.decode({text.constData(), std::size_t(good.size())}).kind,
                     Kind::Notification);
        }
    }

    void largeMessage()
    {
        const QByteArray text =
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"" + QByteArray(5'000'000, 'x') + "\"}";
        const Decoded in(text);
        QCOMPARE(in.message.kind, Kind::Response);
        QCOMPARE(in.message.payload.text.size(), std::size_t(5'000'002));
    }

    void encodes()
    {
        const QJsonObject params{{QStringLiteral("a"), 1}};
        QCOMPARE(
            encodeRequest(qint64(7), QStringLiteral("x.y"), params),
            QByteArray("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"x.y\",\"params\":{\"a\":1}}"));
        QCOMPARE(encodeNotification(QStringLiteral("a\"b"), {}),
                 QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"a\\\"b\",\"params\":{}}"));
        QCOMPARE(encodeResult(QStringLiteral("i"), params),
                 QByteArray("{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"result\":{\"a\":1}}"));
        QCOMPARE(encodeError({}, RpcParseError, QStringLiteral("no\n")),
                 QByteArray("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
                            "\"message\":\"no\\n\"}}"));
    }

    void rawJson_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QJsonValue>("value");
        QTest::newRow("nothing") << QByteArray() << QJsonValue(QJsonValue::Undefined);
        QTest::newRow("garbage") << QByteArray("{a}") << QJsonValue(QJsonValue::Undefined);
        QTest::newRow("two scalars") << QByteArray("1,2") << QJsonValue(QJsonValue::Undefined);
        QTest::newRow("text") << QByteArray(" \"x\"") << QJsonValue(QStringLiteral("x"));
        QTest::newRow("null") << QByteArray("null") << QJsonValue();
        QTest::newRow("array") << QByteArray("[1]") << QJsonValue(QJsonArray{1});
    }
    void rawJson()
    {
        QFETCH(QByteArray, text);
        const RawJson raw{{text.constData(), static_cast<std::size_t>(text.size())}};
        QTEST(raw.toValue(), "value");
        QCOMPARE(raw.isEmpty(), text.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TstCodec)
#include "tst_codec.moc"
