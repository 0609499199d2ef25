// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "rpc/peer.h"
#include "support/fakeclock.h"
#include "support/faketransport.h"

#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

const QString Ping = QStringLiteral("ping");

//! A peer over a fake transport, already open unless told otherwise.
struct Fixture
{
    explicit Fixture(bool open = true)
    {
        auto owned = std::make_unique<FakeTransport>();
        transport = owned.get();
        peer = std::make_unique<Peer>(std::move(owned), clock);
        transport->open();
        if (open)
            transport->acceptOpen();
    }
    CallHandle call(QList<QString> &log, CallOptions options = {})
    {
        return peer->call(Ping, {}, options, &context, [&log](Result<RawJson> result) {
            log << (result ? QString::fromUtf8(result->text.data(), qsizetype(result->text.size()))
                           : errorCodeName(result.error().code));
        });
    }
    FakeClock clock;
    QObject context;
    FakeTransport *transport = nullptr;
    std::unique_ptr<Peer> peer;
};

} // namespace

class TstPeer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("*.debug=false")); }
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void callAndReply()
    {
        Fixture f;
        QList<QString> log;
        const CallHandle handle = f.call(log);
        QVERIFY(handle.isPending());
        QCOMPARE(f.peer->pendingCalls(), 1);
        const QJsonObject sent = f.transport->lastSent(Ping);
        QCOMPARE(sent.value(QStringLiteral("jsonrpc")).toString(), QStringLiteral("2.0"));
        QVERIFY(f.transport->reply(Ping, QStringLiteral("pong")));
        QCOMPARE(log, QList<QString>{QStringLiteral("\"pong\"")});
        QVERIFY(!handle.isPending());
        QCOMPARE(f.clock.liveTimers(), 0);
        f.transport->reply(Ping, QStringLiteral("again")); // the same id once more
        QCOMPARE(log.size(), 1);
    }

    void idsAreUnique()
    {
        Fixture f;
        QList<QString> log;
        f.call(log);
        f.call(log);
        const auto sent = f.transport->sentObjects();
        QCOMPARE(sent.size(), 2);
        QVERIFY(sent[0].value(QStringLiteral("id")) != sent[1].value(QStringLiteral("id")));
    }

    void remoteErrors()
    {
        Fixture f;
        std::optional<Error> error;
        const auto take = [&error](Result<RawJson> result) { error = result.error(); };
        f.peer->call(Ping, {}, {}, &f.context, take);
        f.transport->replyError(Ping, -32603, QStringLiteral("Session not found"));
        QCOMPARE(error->code, ErrorCode::RemoteError);
        QCOMPARE(error->remote->code, -32603);
        QCOMPARE(error->remote->message, QStringLiteral("Session not found"));
        f.peer->call(Ping, {}, {}, &f.context, take);
        f.transport->replyError(Ping, -32601, QStringLiteral("Unhandled method ping"));
        QCOMPARE(error->code, ErrorCode::MethodNotFound);
    }

    void deadline()
    {
        Fixture f;
        QList<QString> log;
        f.call(log, {10s});
        f.clock.advance(10s - 1ms);
        QVERIFY(log.isEmpty());
        f.clock.advance(1ms);
        QCOMPARE(log, QList<QString>{QStringLiteral("Timeout")});
        f.transport->reply(Ping, 1); // late
        QCOMPARE(log.size(), 1);
        QCOMPARE(f.peer->pendingCalls(), 0);
    }

    void abandonsWhatNobodyWaitsFor()
    {
        Fixture f;
        QList<QString> log;
        f.call(log, {10s});
        CallHandle second = f.call(log);
        f.clock.advance(10s);
        QCOMPARE(f.transport->abandoned(), QList<qint64>{1});
        second.cancel();
        QCOMPARE(f.transport->abandoned(), (QList<qint64>{1, 2}));
        f.call(log);
        f.transport->reply(Ping, 1);
        QCOMPARE(f.transport->abandoned().size(), 2); // answered: nothing to let go of
    }

    void aRequestThatTheTransportCouldNotDeliverFailsAlone()
    {
        Fixture f;
        QList<QString> log;
        f.call(log);
        f.call(log);
        Q_EMIT f.transport->requestFailed(1, {ErrorCode::TooManyRequests, {}, {}});
        QCOMPARE(log, QList<QString>{QStringLiteral("TooManyRequests")});
        QCOMPARE(f.peer->pendingCalls(), 1);
        Q_EMIT f.transport->requestFailed(77, {ErrorCode::Internal, {}, {}}); // nobody's
        QVERIFY(f.transport->reply(Ping, 1));
        QCOMPARE(log.size(), 2);
    }

    void aHandlerMayDestroyThePeerWhenItsRequestFails()
    {
        Fixture f;
        FakeTransport *transport = f.transport;
        int answers = 0;
        f.peer->call(Ping, {}, {}, &f.context, [&](const Result<RawJson> &) {
            ++answers;
            f.peer.reset();
        });
        Q_EMIT transport->requestFailed(1, {ErrorCode::RemoteError, {}, {}});
        QCOMPARE(answers, 1);
        QVERIFY(!f.peer);
    }

    void anAnswerOverItsOwnLimitIsRefused()
    {
        Fixture f;
        QList<QString> log;
        f.call(log, {10s, 8});
        QCOMPARE(f.transport->limits().value(1), qint64(8));
        f.transport->reply(Ping, QStringLiteral("1234567")); // 9 bytes with its quotes
        f.call(log, {10s, 9});
        f.transport->reply(Ping, QStringLiteral("1234567"));
        QCOMPARE(log,
                 (QList<QString>{QStringLiteral("FrameTooLarge"), QStringLiteral("\"1234567\"")}));
    }

    void noDeadline()
    {
        Fixture f;
        QList<QString> log;
        f.call(log, {0ms});
        QCOMPARE(f.clock.liveTimers(), 0);
        f.clock.advance(24h);
        QCOMPARE(f.peer->pendingCalls(), 1);
    }

    void cancel()
    {
        Fixture f;
        QList<QString> log;
        CallHandle handle = f.call(log);
        handle.cancel();
        QCOMPARE(log, QList<QString>{QStringLiteral("Cancelled")});
        handle.cancel();
        f.transport->reply(Ping, 1);
        QCOMPARE(log.size(), 1);
        QCOMPARE(f.clock.liveTimers(), 0);
        CallHandle().cancel();
        f.peer.reset();
        handle.cancel();
        QVERIFY(!handle.isPending());
    }

    void notOpenAnswersFromTheEventLoop()
    {
        Fixture f(false);
        QList<QString> log;
        const CallHandle handle = f.call(log);
        QVERIFY(handle.isPending());
        QVERIFY(log.isEmpty());
        f.clock.runDue();
        QCOMPARE(log, QList<QString>{QStringLiteral("ConnectionClosed")});
        QVERIFY(f.transport->sent().isEmpty());
    }

    void lostConnectionAnswersAllBeforeClosed()
    {
        Fixture f;
        QList<QString> log;
        f.call(log);
        f.call(log);
        connect(f.peer.get(), &Peer::closed, &f.context, [&](const Error &reason) {
            log << QStringLiteral("closed ") + errorCodeName(reason.code);
            QCOMPARE(f.peer->pendingCalls(), 0);
        });
        f.transport->drop({ErrorCode::ConnectionLost, {}, {}});
        QCOMPARE(log,
                 QList<QString>({QStringLiteral("ConnectionLost"), QStringLiteral("ConnectionLost"),
                                 QStringLiteral("closed ConnectionLost")}));
        QCOMPARE(f.clock.liveTimers(), 0);
        f.call(log);
        f.clock.runDue();
        QCOMPARE(log.last(), QStringLiteral("ConnectionClosed"));
    }

    void closeAnswersAllAndEmitsNothing()
    {
        Fixture f;
        QList<QString> log;
        QSignalSpy closed(f.peer.get(), &Peer::closed);
        f.call(log);
        f.peer->close({ErrorCode::Cancelled, {}, {}});
        QCOMPARE(log, QList<QString>{QStringLiteral("Cancelled")});
        QVERIFY(f.transport->closeCalled());
        f.peer->close();
        f.transport->inject(QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"late\"}"));
        QCOMPARE(closed.count(), 0);
        f.peer->notify(Ping, {});
        f.peer->respond(qint64(1), {});
        f.peer->respondError(qint64(1), 0, {});
        QCOMPARE(f.transport->sent().size(), 1);
    }

    void destructionAnswersAllFromTheEventLoop()
    {
        Fixture f;
        QList<QString> log;
        f.call(log);
        f.peer->call(Ping, {}, {}, nullptr,
                     [&](Result<RawJson> result) { log << errorCodeName(result.error().code); });
        {
            QObject dying;
            f.peer->call(Ping, {}, {}, &dying, [&](Result<RawJson>) { log << QString(); });
            f.peer.reset();
        }
        QVERIFY(log.isEmpty());
        QTRY_COMPARE(log.size(), 2);
        QCoreApplication::processEvents();
        QCOMPARE(log, QList<QString>(2, QStringLiteral("ConnectionClosed")));
        QCOMPARE(f.clock.liveTimers(), 0);
    }

    void deadContextDropsTheAnswer()
    {
        Fixture f;
        bool ran = false;
        auto context = std::make_unique<QObject>();
        f.peer->call(Ping, {}, {}, context.get(), [&](Result<RawJson>) { ran = true; });
        context.reset();
        f.transport->reply(Ping, 1);
        QVERIFY(!ran);
        QCOMPARE(f.peer->pendingCalls(), 0);
    }

    void notifications()
    {
        Fixture f;
        const QByteArray text =
            "{\"jsonrpc\":\"2.0\",\"method\":\"session.event\",\"params\":{\"a\":1}}";
        f.transport->inject(text); // nobody listens yet
        QList<QString> log;
        f.peer->setNotificationHandler([&](std::string_view method, RawJson params) {
            log << QString::fromUtf8(method.data(), qsizetype(method.size()));
            QCOMPARE(params.toObject().value(QStringLiteral("a")).toInt(), 1);
            f.peer->setNotificationHandler({}); // while it runs
        });
        f.transport->inject(text);
        f.transport->inject(text);
        QCOMPARE(log, QList<QString>{QStringLiteral("session.event")});
        QVERIFY(f.transport->sent().isEmpty());
    }

    void requestsOfTheOtherSide()
    {
        Fixture f;
        f.transport->inject(
            QByteArray("{\"jsonrpc\":\"2.0\",\"id\":\"q1\",\"method\":\"hooks.invoke\"}"));
        QCOMPARE(f.transport->sent().last(),
                 QByteArray("{\"jsonrpc\":\"2.0\",\"id\":\"q1\",\"error\":{\"code\":-32601,"
                            "\"message\":\"Unhandled method hooks.invoke\"}}"));
        RpcId asked;
        f.peer->setRequestHandler([&](const RpcId &id, const QString &method, RawJson) {
            QCOMPARE(method, QStringLiteral("hooks.invoke"));
            asked = id;
        });
        f.transport->inject(
            QByteArray("{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"hooks.invoke\"}"));
        QCOMPARE(f.transport->sent().size(), 1); // answered later
        f.peer->respond(asked, QJsonObject{{QStringLiteral("output"), 1}});
        QCOMPARE(f.transport->sent().last(),
                 QByteArray("{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{\"output\":1}}"));
        f.peer->respondError(asked, -1, QStringLiteral("x"));
        QCOMPARE(
            f.transport->sent().last(),
            QByteArray("{\"jsonrpc\":\"2.0\",\"id\":8,\"error\":{\"code\":-1,\"message\":\"x\"}}"));
        f.peer->notify(Ping, {});
        QCOMPARE(f.transport->sent().last(),
                 QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":{}}"));
    }

    void invalidMessages_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("code"); // 0: no answer
        QTest::newRow("json") << QByteArray("{") << -32700;
        QTest::newRow("batch") << QByteArray("[]") << -32600;
        QTest::newRow("no method") << QByteArray("{\"jsonrpc\":\"2.0\"}") << -32600;
        QTest::newRow("broken response") << QByteArray("{\"jsonrpc\":\"2.0\",\"result\":1}") << 0;
    }
    void invalidMessages()
    {
        QFETCH(QByteArray, text);
        QFETCH(int, code);
        Fixture f;
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QStringLiteral("invalid message from")));
        f.transport->inject(text);
        QVERIFY(!f.transport->closeCalled());
        QCOMPARE(f.transport->sent().size(), code == 0 ? 0 : 1);
        if (code != 0) {
            const QJsonObject answer = f.transport->sentObjects().constFirst();
            QVERIFY(answer.value(QStringLiteral("id")).isNull());
            QCOMPARE(answer.value(QStringLiteral("error"))
                         .toObject()
                         .value(QStringLiteral("code"))
                         .toInt(),
                     code);
        }
        QList<QString> log;
        f.call(log);
        QVERIFY(f.transport->reply(Ping, 1)); // it goes on
        QCOMPARE(log.size(), 1);
    }

    void brokenResponseFailsItsCall()
    {
        Fixture f;
        QList<QString> log;
        f.call(log);
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QStringLiteral("invalid message from")));
        f.transport->inject(
            QByteArray("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{\"code\":1}}"));
        QCOMPARE(log, QList<QString>{QStringLiteral("ProtocolViolation")});
        QVERIFY(f.transport->sent().size() == 1);
    }

    void unknownAnswersAreIgnored()
    {
        Fixture f;
        f.transport->inject(QByteArray("{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":1}"));
        f.transport->inject(QByteArray("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":1}"));
        f.transport->inject(QByteArray(
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"m\"}}"));
        QVERIFY(f.transport->sent().isEmpty());
        QVERIFY(!f.transport->closeCalled());
    }

    void handlersMayDestroyThePeer_data()
    {
        QTest::addColumn<QString>("where");
        for (const char *where : {"reply", "notification", "request", "closed", "opened", "bytes",
                                  "failed call", "deadline", "close"})
            QTest::newRow(where) << QString::fromLatin1(where);
    }
    void handlersMayDestroyThePeer()
    {
        QFETCH(QString, where);
        Fixture f(where != QLatin1String("opened"));
        const QPointer<FakeTransport> transport(f.transport);
        bool ran = false;
        const auto destroy = [&] {
            ran = true;
            f.peer.reset();
        };
        if (where == QLatin1String("reply") || where == QLatin1String("failed call")
            || where == QLatin1String("deadline") || where == QLatin1String("close"))
            f.peer->call(Ping, {}, {}, &f.context, [&](Result<RawJson> result) {
                destroy();
                if (result)
                    QCOMPARE(result->text, std::string_view("17")); // still readable
            });
        f.peer->setNotificationHandler([&](std::string_view method, RawJson) {
            destroy();
            QCOMPARE(method, std::string_view("m"));
        });
        f.peer->setRequestHandler([&](const RpcId &, const QString &, RawJson) { destroy(); });
        if (where == QLatin1String("closed"))
            connect(f.peer.get(), &Peer::closed, &f.context, destroy);
        if (where == QLatin1String("opened"))
            connect(f.peer.get(), &Peer::opened, &f.context, destroy);
        if (where == QLatin1String("bytes"))
            connect(f.peer.get(), &Peer::bytesArrived, &f.context, destroy);

        if (where == QLatin1String("reply"))
            f.transport->reply(Ping, 17);
        else if (where == QLatin1String("notification") || where == QLatin1String("bytes"))
            f.transport->inject(QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"m\"}"));
        else if (where == QLatin1String("request"))
            f.transport->inject(QByteArray("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}"));
        else if (where == QLatin1String("opened"))
            f.transport->acceptOpen();
        else if (where == QLatin1String("deadline"))
            f.clock.advance(30s);
        else if (where == QLatin1String("close"))
            f.peer->close();
        else
            f.transport->drop();
        QVERIFY(ran);
        QVERIFY(!f.peer);
        QTRY_VERIFY(!transport);
        QCOMPARE(f.clock.liveTimers(), 0);
    }

    //! Whatever happens in whatever order, each call is answered once and nothing is left over.
    void everyCallIsAnsweredExactlyOnce()
    {
        SeededRandom random(20261120);
        const auto pick = [&random](int below) { return static_cast<int>(random.unit() * below); };
        for (int round = 0; round < 400; ++round) {
            Fixture f;
            std::vector<int> answers;
            std::vector<CallHandle> handles;
            const auto make = [&](auto &self, bool nested) -> void {
                const std::size_t index = answers.size();
                answers.push_back(0);
                handles.emplace_back();
                const auto timeout = pick(4) == 0 ? 0ms : Milliseconds(1 + pick(50));
                const CallHandle handle = f.peer->call(
                    Ping, {}, {timeout}, &f.context, [&, index, nested](Result<RawJson>) {
                        ++answers[index];
                        // Handlers of real code call again, cancel others and close.
                        if (!nested && f.peer && pick(8) == 0)
                            self(self, true);
                        if (pick(10) == 0)
                            handles[static_cast<std::size_t>(pick(int(handles.size())))].cancel();
                        if (f.peer && pick(200) == 0)
                            f.peer->close();
                    });
                handles[index] = handle;
            };
            for (int step = 0; step < 60 && f.peer; ++step) {
                switch (pick(8)) {
                case 0:
                case 1:
                case 2:
                    make(make, false);
                    break;
                case 3:
                    f.transport->inject(
                        QJsonObject{{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
                                    {QStringLiteral("id"), pick(int(answers.size()) + 2)},
                                    {QStringLiteral("result"), step}});
                    break;
                case 4:
                    if (!handles.empty())
                        handles[static_cast<std::size_t>(pick(int(handles.size())))].cancel();
                    break;
                case 5:
                    f.clock.advance(Milliseconds(pick(20)));
                    break;
                case 6:
                    if (pick(40) == 0)
                        f.transport->drop();
                    break;
                case 7:
                    if (pick(60) == 0)
                        f.peer.reset();
                    break;
                default:
                    break;
                }
            }
            f.peer.reset();
            QCoreApplication::processEvents();
            for (const int count : answers)
                QCOMPARE(count, 1);
            QCOMPARE(f.clock.liveTimers(), 0);
            for (const CallHandle &handle : handles)
                QVERIFY(!handle.isPending());
        }
    }
};

QTEST_GUILESS_MAIN(TstPeer)
#include "tst_peer.moc"
