// SPDX-License-Identifier: MIT
// The keeper as a process beside a window's core, on the demo server: docs/keepalive.md 22a.
#include "app/wiring/appcontext.h"
#include "app/wiring/keeperprotocol.h"
#include "server/process.h"
#include "support/serverprocess.h"

#include <QFile>
#include <QJsonArray>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

constexpr int Patience = 60'000; // of a failing test only

QString keeperProgram()
{
    return qEnvironmentVariable("PILOTLIGHT_BIN") + QStringLiteral("/pilotlight-keeper");
}

//! A server, a profile, and windows without a window that come and go.
struct Rig
{
    QTemporaryDir folder;
    ServerProcess server;
    QString program = keeperProgram();
    std::unique_ptr<AppContext> app;
    std::vector<qint64> keepers; //!< pids that were seen

    ~Rig()
    {
        app.reset();
        for (const qint64 pid : keepers)
            signalGroup(identifyProcess(pid), GroupSignal::Kill);
    }
    bool startServer()
    {
        return server.start(
            demoServerProgram(),
            {QStringLiteral("--headless"), QStringLiteral("--port"), QStringLiteral("0")});
    }
    void open()
    {
        AppOptions options;
        options.paths = AppPaths::below(folder.path());
        options.useKeychain = false;
        options.stderrLevel.reset();
        options.connection = ConnectionConfig();
        options.connection->mode = ConnectionMode::Attach;
        options.connection->url = QStringLiteral("tcp://127.0.0.1:%1").arg(server.port());
        options.connection->token = Secret("");
        options.keeper = KeeperLink::Options();
        options.keeper->paths = options.paths;
        options.keeper->program = program;
        options.keeper->arguments = {QStringLiteral("--profile-dir"), folder.path()};
        app = std::make_unique<AppContext>(options);
        app->start();
    }
    //! As kill -9 of a window would: no goodbye.
    void crash() { app.reset(); }
    KeeperLink &link() { return *app->keeper(); }
    Session *session(const char *id = "s1") const
    {
        return app->sessions().find(QString::fromLatin1(id));
    }
    bool isHeld()
    {
        if (link().pid() != 0 && (keepers.empty() || keepers.back() != link().pid()))
            keepers.push_back(link().pid());
        return link().holdsAll() && session() && session()->state() == Session::State::Attached
            && link().held() > 0;
    }
    void makeBusy(const QString &prompt)
    {
        SessionConfig config;
        config.id = QStringLiteral("s1");
        app->sessions().create(config);
        Prompt first;
        first.text = prompt;
        app->sessions().send(config.id, first);
    }
    //! What the keeper says of itself.
    QJsonObject status()
    {
        LocalChannel channel;
        QJsonObject answer;
        bool ended = false;
        QObject::connect(&channel, &LocalChannel::opened, &channel,
                         [&] { channel.send(keeper::message(QStringLiteral("status"))); });
        QObject::connect(&channel, &LocalChannel::received, &channel,
                         [&](const QJsonObject &message) { answer = message; });
        QObject::connect(&channel, &LocalChannel::closed, &channel, [&] { ended = true; });
        channel.connectTo(folder.filePath(QStringLiteral("state")), keeper::role());
        if (!QTest::qWaitFor([&] { return ended || !answer.isEmpty(); }, Patience))
            return {};
        return answer;
    }
    QJsonObject held(const char *id = "s1")
    {
        for (const QJsonValue &one : status().value(QStringLiteral("sessions")).toArray()) {
            if (one.toObject().value(QStringLiteral("session")).toString() == QLatin1String(id))
                return one.toObject();
        }
        return {};
    }
    QStringList answers() const
    {
        QStringList texts;
        for (const TranscriptItem &item : session()->transcript().items()) {
            if (const auto *message = std::get_if<AssistantItem>(&item.data))
                texts << message->text.trimmed();
        }
        return texts;
    }
    void approve()
    {
        for (const TranscriptItem &item : session()->transcript().items()) {
            const auto *const permission = std::get_if<PermissionItem>(&item.data);
            if (permission && permission->state == PermissionItem::State::Waiting) {
                app->sessions().answerPermission(session()->id(), permission->request.requestId,
                                                 PermissionDecision::ApproveOnce);
                return;
            }
        }
    }
    bool asks() const { return session()->activity() == Activity::WaitingForUser; }
    static bool isGone(qint64 pid) { return !identifyProcess(pid).isValid(); }
};

//! A turn that cannot end before the user says so.
QString asking()
{
    return QStringLiteral("[tool:bash echo kept][say done]");
}

QString counted(int count)
{
    QStringList words;
    for (int i = 0; i < count; ++i)
        words << QStringLiteral("tok%1").arg(i);
    return words.join(QLatin1Char(' '));
}

} // namespace

class TstKeeper : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void aTurnGoesOnWithoutTheWindow()
    {
        Rig rig;
        QVERIFY(rig.startServer());
        rig.open();
        QCOMPARE(rig.link().state(), KeeperLink::State::Off); // nothing to hold: none is started
        rig.makeBusy(QStringLiteral("[slow 80x100ms]"));
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld(), Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.session()->activity(), Activity::Working, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.held().value(QStringLiteral("state")).toString(),
                                  QStringLiteral("attached"), Patience);
        QVERIFY(rig.answers().value(0).size() < counted(80).size());
        rig.crash();
        QTRY_COMPARE_WITH_TIMEOUT(rig.held().value(QStringLiteral("working")).toBool(), false,
                                  Patience);
        rig.open();
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld(), Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.session()->activity(), Activity::Idle, Patience);
        QCOMPARE(rig.answers(), QStringList(counted(80)));
        QCOMPARE(rig.keepers.size(), std::size_t(1));
    }

    void aPermissionWaitsWithoutTheWindow()
    {
        Rig rig;
        QVERIFY(rig.startServer());
        rig.open();
        rig.makeBusy(asking());
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld(), Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.session()->activity(), Activity::WaitingForUser, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.held().value(QStringLiteral("state")).toString(),
                                  QStringLiteral("attached"), Patience);
        rig.crash();
        rig.open();
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld(), Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.session()->activity(), Activity::WaitingForUser, Patience);
        rig.approve();
        QTRY_COMPARE_WITH_TIMEOUT(rig.session()->activity(), Activity::Idle, Patience);
    }

    void aKilledKeeperIsReplaced()
    {
        Rig rig;
        QVERIFY(rig.startServer());
        rig.open();
        rig.makeBusy(asking());
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld() && rig.asks(), Patience);
        const qint64 first = rig.link().pid();
        QVERIFY(signalGroup(identifyProcess(first), GroupSignal::Kill));
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld() && rig.link().pid() != first, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.held().value(QStringLiteral("state")).toString(),
                                  QStringLiteral("attached"), Patience);
        rig.crash(); // the new one holds it as the first did
        rig.open();
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld() && rig.asks(), Patience);
        rig.approve();
        QTRY_COMPARE_WITH_TIMEOUT(rig.answers().value(0), QStringLiteral("done"), Patience);
    }

    void anOlderKeeperIsReplacedWithoutEndingATurn()
    {
        Rig rig;
        QVERIFY(rig.startServer());
        const QString older = rig.folder.filePath(QStringLiteral("pilotlight-keeper"));
        QVERIFY(QFile::copy(keeperProgram(), older));
        QFile file(older);
        QVERIFY(file.open(QFile::ReadWrite));
        QVERIFY(file.setFileTime(QDateTime::currentDateTime().addDays(-1),
                                 QFileDevice::FileModificationTime));
        file.close();
        rig.program = older;
        rig.open();
        rig.makeBusy(asking());
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld() && rig.asks(), Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.held().value(QStringLiteral("state")).toString(),
                                  QStringLiteral("attached"), Patience);
        const qint64 first = rig.link().pid();
        rig.crash();
        rig.program = keeperProgram(); // the update
        rig.open();
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld() && rig.link().pid() != first, Patience);
        QTRY_VERIFY_WITH_TIMEOUT(Rig::isGone(first), Patience);
        QTRY_VERIFY_WITH_TIMEOUT(rig.asks(), Patience);
        rig.approve();
        QTRY_COMPARE_WITH_TIMEOUT(rig.answers().value(0), QStringLiteral("done"), Patience);
    }

    void leavingKeepsOrStopsTurns_data()
    {
        QTest::addColumn<bool>("keep");
        QTest::newRow("keep") << true;
        QTest::newRow("stop") << false;
    }
    void leavingKeepsOrStopsTurns()
    {
        QFETCH(bool, keep);
        Rig rig;
        QVERIFY(rig.startServer());
        rig.open();
        rig.makeBusy(QStringLiteral("[slow 80x100ms]"));
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld(), Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.session()->activity(), Activity::Working, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.held().value(QStringLiteral("working")).toBool(), true,
                                  Patience);
        const qint64 pid = rig.link().pid();
        bool left = false;
        rig.link().leave(keep, [&left] { left = true; });
        QTRY_VERIFY_WITH_TIMEOUT(left, Patience);
        rig.app.reset();
        if (!keep)
            QTRY_VERIFY_WITH_TIMEOUT(Rig::isGone(pid), Patience);
        else
            QCOMPARE(rig.held().value(QStringLiteral("working")).toBool(), true);
        rig.open();
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld(), Patience);
        QTRY_COMPARE_WITH_TIMEOUT(rig.session()->activity(), Activity::Idle, Patience);
        QCOMPARE(rig.answers() == QStringList(counted(80)), keep);
    }

    void aSecondKeeperOfAProfileGivesWay()
    {
        Rig rig;
        QVERIFY(rig.startServer());
        rig.open();
        rig.makeBusy(QStringLiteral("hello"));
        QTRY_VERIFY_WITH_TIMEOUT(rig.isHeld(), Patience);
        QProcess second;
        second.start(keeperProgram(), {QStringLiteral("--profile-dir"), rig.folder.path()});
        QVERIFY(QTest::qWaitFor([&] { return second.state() == QProcess::NotRunning; }, Patience));
        QCOMPARE(second.exitCode(), 3);
        QVERIFY(rig.isHeld());
    }
};

QTEST_GUILESS_MAIN(TstKeeper)
#include "tst_keeper.moc"
