// SPDX-License-Identifier: MIT
// Sessions on a server that drops idle ones, as processes over a real socket: kept, lost, brought
// back, parked.
#include "app/wiring/appcontext.h"
#include "server/commandline.h"
#include "support/protocolclient.h"
#include "support/serverprocess.h"

#include <QCoreApplication>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

constexpr int Patience = 60'000; // of a failing test only

struct Rig
{
    QTemporaryDir folder;
    ServerProcess server;
    std::unique_ptr<AppContext> app;
    QList<TouchEvent> touches;

    bool start(const QStringList &serverArguments, const KeepaliveSettings &keepalive = {})
    {
        if (!server.start(demoServerProgram(),
                          QStringList{QStringLiteral("--headless"), QStringLiteral("--port"),
                                      QStringLiteral("0"), QStringLiteral("--idle-check-interval"),
                                      QStringLiteral("0.5")}
                              + serverArguments))
            return false;
        AppOptions options;
        options.paths = AppPaths::below(folder.path());
        options.useKeychain = false;
        options.stderrLevel.reset();
        options.connection = ConnectionConfig();
        options.connection->mode = ConnectionMode::Attach;
        options.connection->url = QStringLiteral("tcp://127.0.0.1:%1").arg(server.port());
        options.connection->token = Secret("");
        options.keepalive = keepalive;
        app = std::make_unique<AppContext>(options);
        QObject::connect(&app->sessions(), &SessionManager::touched, app.get(),
                         [this](const TouchEvent &event) { touches.append(event); });
        app->start();
        return true;
    }
    SessionManager &sessions() { return app->sessions(); }
    Session *make(const char *id)
    {
        SessionConfig config;
        config.id = QString::fromLatin1(id);
        return sessions().create(config);
    }
    bool isAttached(const char *id) const
    {
        const Session *session = app->sessions().find(QString::fromLatin1(id));
        return session && session->state() == Session::State::Attached;
    }
    int touchesOf(const char *id) const
    {
        return static_cast<int>(
            std::count_if(touches.cbegin(), touches.cend(), [&](const TouchEvent &event) {
                return event.sessionId == QLatin1String(id) && event.strategy
                    && event.result.isOk();
            }));
    }
    static QStringList userRows(const Session &session)
    {
        QStringList texts;
        for (const TranscriptItem &item : session.transcript().items()) {
            if (const auto *user = std::get_if<UserItem>(&item.data))
                texts << user->text;
        }
        return texts;
    }
};

} // namespace

class TstTouch : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void theListenerOfAPortIsFound()
    {
#ifndef Q_OS_LINUX
        QSKIP("known on Linux only");
#endif
        QTcpServer listener;
        QVERIFY(listener.listen(QHostAddress::LocalHost));
        QCOMPARE(listenerOf(listener.serverPort()), QCoreApplication::applicationPid());
        const QStringList words = commandLineOf(QCoreApplication::applicationPid());
        QVERIFY(!words.isEmpty());
        QVERIFY(words.first().contains(QStringLiteral("tst_touch")));
        const quint16 port = listener.serverPort();
        listener.close();
        QCOMPARE(listenerOf(port), 0);
        QVERIFY(commandLineOf(0).isEmpty());
    }

    void line10_theLimitIsReadFromALocalServersCommandLine()
    {
#ifndef Q_OS_LINUX
        QSKIP("known on Linux only");
#endif
        Rig rig;
        QVERIFY(rig.start({QStringLiteral("--session-idle-timeout"), QStringLiteral("7200")}));
        rig.make("a");
        QTRY_VERIFY_WITH_TIMEOUT(rig.isAttached("a"), Patience);
        const IdleLimit limit = rig.sessions().idleLimit();
        QCOMPARE(limit.after, std::optional(Milliseconds(7200s)));
        QCOMPARE(limit.origin, IdleLimit::Origin::CommandLine);
        QVERIFY(rig.sessions().life(QStringLiteral("a")).expiry);
    }

    void line10_aServerWithoutALimitIsLeftAlone()
    {
#ifndef Q_OS_LINUX
        QSKIP("known on Linux only");
#endif
        Rig rig;
        QVERIFY(rig.start({}));
        rig.make("a");
        QTRY_VERIFY_WITH_TIMEOUT(rig.isAttached("a"), Patience);
        QVERIFY(rig.sessions().idleLimit().neverExpires());
        QVERIFY(!rig.sessions().life(QStringLiteral("a")).nextTouch);
    }

    void line19_touchedSessionsOutliveTheLimitAndAnUntouchedOneDoesNot()
    {
        Rig rig;
        KeepaliveSettings keeping;
        keeping.idleLimitSeconds = 8;
        QVERIFY(
            rig.start({QStringLiteral("--session-idle-timeout"), QStringLiteral("8")}, keeping));
        for (const char *id : {"a", "b", "c"})
            rig.make(id);
        const auto other = ProtocolClient::tcp(rig.server.port());
        QVERIFY(other->open());
        QVERIFY(!other
                     ->call(QStringLiteral("session.create"),
                            {{QStringLiteral("sessionId"), QStringLiteral("control")}})
                     .error);
        const auto controlLives = [&] {
            return !other
                        ->call(QStringLiteral("session.mode.get"),
                               {{QStringLiteral("sessionId"), QStringLiteral("control")}})
                        .error;
        };
        QVERIFY(controlLives());
        QTRY_VERIFY_WITH_TIMEOUT(!controlLives(), Patience);
        // Three more touches: longer than the limit again.
        QHash<QString, int> before;
        for (const char *id : {"a", "b", "c"})
            before.insert(QString::fromLatin1(id), rig.touchesOf(id));
        for (const char *id : {"a", "b", "c"}) {
            const int wanted = before.value(QString::fromLatin1(id)) + 3;
            QTRY_VERIFY_WITH_TIMEOUT(rig.touchesOf(id) >= wanted, Patience);
            QVERIFY(rig.isAttached(id));
            QCOMPARE(rig.sessions().life(QString::fromLatin1(id)).deaths, 0U);
        }
    }

    void line21_aSilentDeathIsFoundAndFilledWithoutAGap()
    {
        Rig rig;
        KeepaliveSettings keeping;
        keeping.idleLimitSeconds = 8;
        QVERIFY(rig.start({}, keeping)); // it would keep them for ever
        Session *session = rig.make("a");
        QTRY_VERIFY_WITH_TIMEOUT(rig.isAttached("a"), Patience);
        rig.sessions().send(session->id(), {QStringLiteral("[say one]"), Delivery::Enqueue, {}});
        // Both the prompt and its answer.
        QTRY_VERIFY_WITH_TIMEOUT(session->transcript().items().size() == 2
                                     && session->activity() == Activity::Idle,
                                 Patience);
        const qsizetype rows = static_cast<qsizetype>(session->transcript().items().size());

        const auto other = ProtocolClient::tcp(rig.server.port());
        QVERIFY(other->open());
        QVERIFY(!other
                     ->call(QStringLiteral("demo.fault"),
                            {{QStringLiteral("fault"), QStringLiteral("reap")}})
                     .error);
        QTRY_VERIFY_WITH_TIMEOUT(rig.sessions().life(session->id()).deaths == 1, Patience);
        QTRY_VERIFY_WITH_TIMEOUT(rig.isAttached("a"), Patience);
        QCOMPARE(rig.sessions().life(session->id()).revivals, 1U);
        QCOMPARE(static_cast<qsizetype>(session->transcript().items().size()), rows);

        // And it works: a prompt is answered.
        rig.sessions().send(session->id(), {QStringLiteral("[say two]"), Delivery::Enqueue, {}});
        QTRY_COMPARE_WITH_TIMEOUT(
            Rig::userRows(*session),
            QStringList({QStringLiteral("[say one]"), QStringLiteral("[say two]")}), Patience);
        QTRY_VERIFY_WITH_TIMEOUT(session->activity() == Activity::Idle, Patience);
    }

    void line22b_parkedAndBack()
    {
        Rig rig;
        KeepaliveSettings keeping;
        keeping.parkAfterSeconds = 1;
        QVERIFY(rig.start({}, keeping));
        Session *session = rig.make("a");
        QTRY_VERIFY_WITH_TIMEOUT(session->state() == Session::State::Parked, Patience);
        const auto other = ProtocolClient::tcp(rig.server.port());
        QVERIFY(other->open());
        QTRY_VERIFY_WITH_TIMEOUT(other
                                     ->call(QStringLiteral("session.mode.get"),
                                            {{QStringLiteral("sessionId"), QStringLiteral("a")}})
                                     .error,
                                 Patience);
        rig.sessions().setVisible(session->id());
        rig.sessions().send(session->id(), {QStringLiteral("[say hi]"), Delivery::Enqueue, {}});
        QTRY_VERIFY_WITH_TIMEOUT(Rig::userRows(*session).size() == 1
                                     && session->activity() == Activity::Idle
                                     && session->queue().isEmpty(),
                                 Patience);
        QVERIFY(rig.isAttached("a"));
    }
};

QTEST_GUILESS_MAIN(TstTouch)
#include "tst_touch.moc"
