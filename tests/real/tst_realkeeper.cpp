// SPDX-License-Identifier: MIT
// kill -9 of a window in the middle of a turn of the real server: the keeper goes on with it, and
// the next window shows what one shows that was never killed. The window is this program, started
// again as a child without a screen (see main()).
#include "app/wiring/appcontext.h"
#include "app/wiring/keeperprotocol.h"
#include "base/systemclock.h"
#include "real/realapp.h"
#include "server/process.h"
#include "session/transcriptstore.h"

#include <QCoreApplication>
#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QProcess>
#include <QRegularExpression>
#include <QTimer>
#include <QUuid>

#include <algorithm>
#include <cstdio>
#include <iterator>

using namespace pilotlight;

namespace {

//! Of the session that loses its window or its keeper; another one in each case.
QString s_killed;

//! The core of a window with its keeper, on the local server of a profile.
struct Window
{
    explicit Window(const QString &folder)
    {
        AppOptions options;
        options.paths = AppPaths::below(folder);
        options.useKeychain = false;
        options.stderrLevel.reset();
        options.connection = ConnectionConfig();
        options.connection->mode = ConnectionMode::Local;
        options.connection->cliPath = RealServer::binary(RealServer::Version::Newest);
        options.keeper = KeeperLink::Options();
        options.keeper->paths = options.paths;
        options.keeper->program =
            qEnvironmentVariable("PILOTLIGHT_BIN") + QStringLiteral("/pilotlight-keeper");
        options.keeper->arguments = {QStringLiteral("--profile-dir"), folder};
        app = std::make_unique<AppContext>(options);
        app->start();
    }
    Session *find(const QString &id) const { return app->sessions().find(id); }
    bool isHeld(const QString &id) const
    {
        const Session *const session = find(id);
        return session && session->state() == Session::State::Attached && app->keeper()->holdsAll()
            && app->keeper()->held() > 0;
    }
    //! Answers what is asked until the session is idle.
    bool finish(const QString &id)
    {
        QSet<QString> answered;
        return eventually([this, id, &answered] {
            const Session &session = *find(id);
            for (const TranscriptItem &item : session.transcript().items()) {
                const auto *const permission = std::get_if<PermissionItem>(&item.data);
                if (permission && permission->state == PermissionItem::State::Waiting
                    && !answered.contains(permission->request.requestId)) {
                    answered.insert(permission->request.requestId);
                    app->sessions().answerPermission(id, permission->request.requestId,
                                                     PermissionDecision::ApproveOnce);
                    return false;
                }
                const auto *const question = std::get_if<QuestionItem>(&item.data);
                if (question && question->state == QuestionItem::State::Waiting
                    && !answered.contains(question->request.requestId)) {
                    answered.insert(question->request.requestId);
                    app->sessions().answerQuestion(id, question->request.requestId,
                                                   QStringLiteral("blue"), false);
                    return false;
                }
            }
            if (session.state() != Session::State::Attached || session.activity() != Activity::Idle
                || session.transcript().items().empty())
                return false;
            // Not the moment between a prompt and its turn.
            const auto &last = session.transcript().items().back().data;
            return !std::holds_alternative<UserItem>(last);
        });
    }
    std::unique_ptr<AppContext> app;
};

ProviderConfig provider(quint16 modelPort)
{
    return {QStringLiteral("openai"), QStringLiteral("completions"),
            QStringLiteral("http://127.0.0.1:%1/v1").arg(modelPort), Secret("stub-key-0123456789")};
}

int number(const QString &id, QHash<QString, int> &met)
{
    const auto it = met.constFind(id);
    return it != met.constEnd() ? *it : *met.insert(id, int(met.size()));
}

//! A value of an event without what differs from one session to the next. Times, durations, counts
//! of tokens, the server's numbers for its shells, and which event was before (an attach may be)
//! go; identifiers become numbers in the order in which they are first met.
QJsonValue comparable(const QJsonValue &value, QHash<QString, int> &met)
{
    if (value.isString()) {
        static const QRegularExpression shell(QStringLiteral("shellId: \\d+"));
        return value.toString().remove(shell);
    }
    if (value.isArray()) {
        QJsonArray array;
        for (const QJsonValue &element : value.toArray())
            array.append(comparable(element, met));
        return array;
    }
    if (!value.isObject())
        return value;
    static const QRegularExpression changing(QStringLiteral(
        "^(timestamp|parentId|transformedContent|toolTelemetry|shellId|.*(Ms|Time))$"));
    QJsonObject object = value.toObject();
    for (const QString &key : object.keys()) {
        if (changing.match(key).hasMatch())
            object.remove(key);
        else if (key == QStringLiteral("id") || key.endsWith(QStringLiteral("Id")))
            object[key] = number(object[key].toString(), met);
        else
            object[key] = comparable(object[key], met);
    }
    return object;
}

//! The events of a session that a server's history has, too, as the window that had \a folder has
//! kept them.
QStringList keptEvents(const QString &folder, const QString &id)
{
    SystemClock clock;
    TranscriptStore store(folder + QStringLiteral("/state/transcripts"), clock);
    const KeptTranscript kept = store.load(id);
    QHash<QString, int> met;
    QStringList events;
    for (qsizetype i = 0; i < kept.lines().size(); ++i) {
        const QJsonObject event = QJsonDocument::fromJson(kept.bytes(i).toByteArray())
                                      .object()
                                      .value(QStringLiteral("e"))
                                      .toObject();
        // Each attach of ours is an event, too: one that is killed has more of them.
        if (kept.lines()[i].kind == KeptTranscript::Line::Kind::Durable
            && event.value(QStringLiteral("type")) != QStringLiteral("session.resume"))
            events.append(QString::fromUtf8(
                QJsonDocument(comparable(event, met).toObject()).toJson(QJsonDocument::Compact)));
    }
    return events;
}

//! All rows but the note that events were recovered: what the copy had not yet been given when its
//! window was killed (it is written once a second) came from the server.
QString conversation(const Session &session)
{
    const QStringList rows = visibleRows(session);
    QStringList shown;
    std::copy_if(rows.cbegin(), rows.cend(), std::back_inserter(shown),
                 [note = QStringLiteral("notice %1:").arg(int(NoticeItem::Kind::Recovered))](
                     const QString &row) { return !row.startsWith(note); });
    return shown.join(QLatin1Char('\n'));
}

QString newId()
{
    return QUuid::createUuid().toString(QUuid::WithoutBraces);
}

void begin(Window &window, const QString &id, const QString &prompt, quint16 modelPort,
           const QString &folder)
{
    SessionConfig config;
    config.id = id;
    config.model = QStringLiteral("stub-model");
    config.workingDirectory = folder;
    config.provider = provider(modelPort);
    if (!window.find(id))
        window.app->sessions().create(config);
    Prompt first;
    first.text = prompt;
    window.app->sessions().send(id, first);
}

//! The window that will be killed. Says a line at each change.
int windowMain(const QStringList &arguments)
{
    const QString folder = arguments.value(2);
    s_killed = arguments.value(6);
    Window window(folder);
    begin(window, s_killed, arguments.value(4), arguments.value(3).toUShort(), arguments.value(5));
    QByteArray said;
    const auto say = [&window, &said] {
        const Session *const session = window.find(s_killed);
        if (!session)
            return;
        bool tool = false;
        bool text = false;
        bool answered = false;
        for (const TranscriptItem &item : session->transcript().items()) {
            const auto *const row = std::get_if<ToolItem>(&item.data);
            tool = tool || (row && row->state == ToolItem::State::Running && !row->asking);
            const auto *const message = std::get_if<AssistantItem>(&item.data);
            text = text || (message && message->streaming && message->text.size() > 20);
            answered = answered || (message && !message->streaming && !message->text.isEmpty());
        }
        const QByteArray now = QByteArray(window.isHeld(s_killed) ? "held " : "loose ")
            + (session->activity() == Activity::WaitingForUser ? "waiting "
                   : session->activity() == Activity::Working  ? "working "
                                                               : "idle ")
            + (tool ? "tool " : "") + (text ? "text " : "") + (answered ? "answered " : "");
        if (now == std::exchange(said, now))
            return;
        std::printf("%s\n", now.constData());
        std::fflush(stdout);
    };
    // It does what a window would: answers the permission of the tool that is to be running.
    QObject::connect(
        &window.app->sessions(), &SessionManager::sessionChanged, window.app.get(),
        [&window, answer = arguments.contains(QStringLiteral("--approve"))] {
            if (!answer)
                return;
            for (const TranscriptItem &item : window.find(s_killed)->transcript().items()) {
                const auto *const row = std::get_if<PermissionItem>(&item.data);
                if (row && row->state == PermissionItem::State::Waiting)
                    window.app->sessions().answerPermission(s_killed, row->request.requestId,
                                                            PermissionDecision::ApproveOnce);
            }
        });
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, &timer, say);
    timer.start(20);
    return QCoreApplication::exec();
}

} // namespace

class TstRealKeeper : public QObject
{
    Q_OBJECT
private:
    RealServer m_model;
    QTemporaryDir m_home;
    QString m_folder;
    QString m_work;
    QProcess m_child;
    QByteArray m_said;

    void startWindow(const QString &prompt, bool approve)
    {
        m_said.clear();
        QStringList arguments{QStringLiteral("--window"),
                              m_folder,
                              QString::number(m_model.modelPort()),
                              prompt,
                              m_work,
                              s_killed};
        if (approve)
            arguments.append(QStringLiteral("--approve"));
        m_child.start(QCoreApplication::applicationFilePath(), arguments);
    }
    bool says(const QByteArrayList &words)
    {
        return eventually([&] {
            m_said += m_child.readAllStandardOutput();
            const QByteArrayList last = m_said.trimmed().split('\n').constLast().split(' ');
            return std::all_of(words.cbegin(), words.cend(),
                               [&](const QByteArray &word) { return last.contains(word); });
        });
    }
    void killWindow()
    {
        m_child.kill();
        QVERIFY(eventually([this] { return m_child.state() == QProcess::NotRunning; }));
    }
    qint64 keeperPid()
    {
        LocalChannel channel;
        qint64 pid = -1;
        QObject::connect(&channel, &LocalChannel::opened, &channel,
                         [&] { channel.send(keeper::message(QStringLiteral("status"))); });
        QObject::connect(&channel, &LocalChannel::received, &channel,
                         [&](const QJsonObject &message) {
                             pid = message.value(QStringLiteral("pid")).toInteger();
                         });
        QObject::connect(&channel, &LocalChannel::closed, &channel, [&] { pid = 0; });
        channel.connectTo(m_folder + QStringLiteral("/state"), keeper::role());
        return eventually([&] { return pid >= 0; }) ? pid : 0;
    }
    void killKeeper()
    {
        const ProcessId id = identifyProcess(keeperPid());
        if (!id.isValid())
            return;
        signalGroup(id, GroupSignal::Kill);
        QVERIFY(eventually([&] { return processState(id) != ProcessState::Running; }));
    }
    //! What is seen of the session that was killed, and event by event what is kept of it.
    void isTheSameAs(const QString &control, const Window &window)
    {
        QCOMPARE(conversation(*window.find(s_killed)), conversation(*window.find(control)));
        QStringList killed;
        QStringList whole;
        const bool same = eventually([&] { // the copy is written once a second
            killed = keptEvents(m_folder, s_killed);
            whole = keptEvents(m_folder, control);
            return killed == whole;
        });
        const auto [one, other] =
            std::mismatch(killed.cbegin(), killed.cend(), whole.cbegin(), whole.cend());
        const QString none = QStringLiteral("nothing");
        QVERIFY2(same,
                 qPrintable((one == killed.cend() ? none : *one) + QStringLiteral("\ninstead of\n")
                            + (other == whole.cend() ? none : *other)));
    }
    static void scenarios()
    {
        QTest::addColumn<QString>("prompt");
        QTest::addColumn<bool>("approve");
        QTest::addColumn<QByteArrayList>("when");
        QTest::newRow("streaming") << QStringLiteral("[slow 40x100ms]") << false
                                   << QByteArrayList{"held", "working", "text"};
        QTest::newRow("tool running") << QStringLiteral("[tool:bash sleep 4; echo kept][say done]")
                                      << true << QByteArrayList{"held", "working", "tool"};
        QTest::newRow("permission") << QStringLiteral("[say first][tool:bash echo kept][say done]")
                                    << false << QByteArrayList{"held", "waiting"};
        QTest::newRow("question") << QStringLiteral("[ask Which colour?|blue|red][say done]")
                                  << false << QByteArrayList{"held", "waiting"};
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (const QString reason = RealServer::skipReason(RealServer::Version::Newest);
            !reason.isEmpty())
            QSKIP(qPrintable(reason));
        // Window, keeper and server inherit it: nothing leads to the real user's files.
        qputenv("HOME", m_home.path().toUtf8());
        qputenv("COPILOT_HOME", (m_home.path() + QStringLiteral("/copilot")).toUtf8());
        for (const char *name : {"CONFIG", "STATE", "CACHE", "DATA"})
            qputenv(qPrintable(QStringLiteral("XDG_%1_HOME").arg(QLatin1String(name))),
                    (m_home.path() + QLatin1Char('/') + QLatin1String(name)).toUtf8());
        m_work = m_home.filePath(QStringLiteral("work"));
        QVERIFY(QDir().mkpath(m_work));
        QVERIFY2(m_model.startModel(), m_model.output().constData());
    }
    void init()
    {
        s_killed = newId();
        static int number = 0;
        m_folder = m_home.filePath(QStringLiteral("app%1").arg(++number));
    }
    void cleanup()
    {
        m_child.kill();
        eventually([this] { return m_child.state() == QProcess::NotRunning; });
        killKeeper();
        if (const auto server = readServerRecord(m_folder + QStringLiteral("/state/server.json")))
            signalGroup(server->process, GroupSignal::Kill);
    }

    void aKilledWindow_data() { scenarios(); }
    void aKilledWindow()
    {
        QFETCH(QString, prompt);
        QFETCH(bool, approve);
        QFETCH(QByteArrayList, when);
        startWindow(prompt, approve);
        QVERIFY2(says(when), m_said.constData());
        killWindow();
        Window window(m_folder);
        QVERIFY(eventually([&] { return window.isHeld(s_killed); }));
        QVERIFY(window.finish(s_killed));
        const QString control = newId();
        begin(window, control, prompt, m_model.modelPort(), m_work);
        QVERIFY(window.finish(control));
        isTheSameAs(control, window);
    }

    void aKilledKeeper_data() { scenarios(); }
    void aKilledKeeper()
    {
        QFETCH(QString, prompt);
        Window window(m_folder);
        begin(window, s_killed, prompt, m_model.modelPort(), m_work);
        QVERIFY(eventually([&] { return window.isHeld(s_killed); }));
        QVERIFY(eventually([&] { return window.find(s_killed)->activity() != Activity::Idle; }));
        const qint64 first = keeperPid();
        killKeeper();
        QVERIFY(window.finish(s_killed));
        QVERIFY(eventually([&] { return window.isHeld(s_killed) && keeperPid() != first; }));
        const QString control = newId();
        begin(window, control, prompt, m_model.modelPort(), m_work);
        QVERIFY(window.finish(control));
        isTheSameAs(control, window);
    }

    void bothKilled()
    {
        startWindow(QStringLiteral("[say before]"), false);
        // Idle alone is also the moment between the prompt and its turn.
        QVERIFY2(says({"held", "idle", "answered"}), m_said.constData());
        killWindow();
        killKeeper();
        startWindow(QStringLiteral("[slow 60x100ms]"), false);
        QVERIFY2(says({"held", "working", "text"}), m_said.constData());
        killWindow();
        killKeeper();
        Window window(m_folder);
        QVERIFY(eventually([&] { return window.isHeld(s_killed); }));
        QVERIFY(window.finish(s_killed));
        const QStringList rows = conversation(*window.find(s_killed)).split(QLatin1Char('\n'));
        QVERIFY2(rows.contains(QStringLiteral("assistant: before")),
                 qPrintable(rows.join(QLatin1Char('\n'))));
        QVERIFY2(rows.contains(QStringLiteral("user: [slow 60x100ms]")),
                 qPrintable(rows.join(QLatin1Char('\n'))));
        QVERIFY2(rows.constLast().startsWith(
                     QStringLiteral("notice %1:").arg(int(NoticeItem::Kind::Interrupted))),
                 qPrintable(rows.join(QLatin1Char('\n'))));
    }
};

int main(int argc, char *argv[])
{
    QCoreApplication application(argc, argv);
    if (application.arguments().value(1) == QStringLiteral("--window"))
        return windowMain(application.arguments());
    TstRealKeeper test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_realkeeper.moc"
