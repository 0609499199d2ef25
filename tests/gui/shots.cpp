// SPDX-License-Identifier: MIT
// Renders the window's widgets with sample content into PNG files, for the eye. Not a test, not
// installed.
//   shots OUTDIR [light|dark]      QT_SCALE_FACTOR=2 for high resolution
#include "chatfixture.h"
#include "samples.h"
#include "ui/chat/chatview.h"
#include "ui/chat/inputbar.h"
#include "ui/chat/transcriptview.h"
#include "ui/sessions/earliersessionsdialog.h"
#include "ui/sessions/newsessiondialog.h"
#include "ui/sessions/sessionlistview.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFontDatabase>
#include <QLineEdit>
#include <QScrollBar>
#include <QSplitter>
#include <QTest>

using namespace pilotlight;

namespace {

QString outDir;
QString suffix;

void shoot(QWidget &widget, const QString &name)
{
    widget.show();
    QTest::qWait(120);
    widget.grab().save(QStringLiteral("%1/%2-%3.png").arg(outDir, name, suffix));
}

struct Window
{
    ChatFixture &fixture;
    QSplitter splitter;
    SessionListView *list;
    ChatView *chat;

    explicit Window(ChatFixture &f)
        : fixture(f)
        , list(new SessionListView(f.manager, &splitter))
        , chat(new ChatView(f.manager, &splitter))
    {
        splitter.resize(1180, 800);
        splitter.setSizes({290, 890});
        splitter.setHandleWidth(1);
        QObject::connect(list, &SessionListView::currentChanged, chat, &ChatView::setSession);
        chat->setSession(list->currentId());
    }
};

//! The fake clock starts at a fixed date; the widgets compare with the real one.
void setNow(ChatFixture &f)
{
    f.clock.jumpWall(Milliseconds(f.clock.wallNow().msecsTo(QDateTime::currentDateTimeUtc())));
}

void emitNow(ChatFixture &f, const Session *session, EventData data, int secondsAgo = 0)
{
    AgentEvent event = FakeBackend::event(std::move(data));
    event.meta.time = QDateTime::currentDateTimeUtc().addSecs(-secondsAgo);
    Q_EMIT f.backend->sessionEvent(session->id(), event);
}

void fill(ChatFixture &f, int count)
{
    setNow(f);
    static const QStringList names{
        QStringLiteral("Make the retry loop honest"),
        QStringLiteral(
            "A very long name that somebody typed because the task was hard to say in few words"),
        QStringLiteral("日本語のセッション名とても長い名前です"),
        QStringLiteral("🚀 Release train 🚂"),
        QStringLiteral("Docs"),
        QStringLiteral("Port to Windows"),
        QString()};
    static const QStringList folders{
        QStringLiteral("/home/ada/src/beacon"),
        QStringLiteral("/home/ada/work/クライアント/very-long-folder-name/sub"),
        QStringLiteral("/srv/data")};
    for (int i = 0; i < count; ++i) {
        QString name = names.at(i % names.size());
        if (i >= names.size())
            name += QStringLiteral(" %1").arg(i);
        Session *s = f.add(name, folders.at(i % folders.size()));
        f.clock.jumpWall(std::chrono::minutes(-i));
        if (i % 6 == 1)
            f.play(s, longConversation(2));
        if (i % 6 == 2)
            f.play(s, sampleRequests());
        if (i % 6 == 3) {
            f.backend->emitEvent(s->id(),
                                 UserMessage{QStringLiteral("x"), QStringLiteral("Go"), {}, {}});
            f.backend->emitEvent(s->id(), TurnStarted{QStringLiteral("0")});
            ToolStarted build;
            build.request.toolCallId = QStringLiteral("b");
            build.request.name = QStringLiteral("bash");
            build.request.title = QStringLiteral("Build");
            build.request.arguments.insert(QStringLiteral("command"), QStringLiteral("make -j8"));
            emitNow(f, s, build, 12);
        }
    }
}

} // namespace

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    outDir = QString::fromLocal8Bit(argc > 1 ? argv[1] : ".");
    QDir().mkpath(outDir);
    const QString mode = QString::fromLocal8Bit(argc > 2 ? argv[2] : "light");
    Theme::instance().setMode(themeModeFromName(mode));
    suffix = mode + (qgetenv("QT_SCALE_FACTOR") == "2" ? QStringLiteral("-2x") : QString());

    {
        ChatFixture f;
        Window w(f);
        shoot(w.splitter, QStringLiteral("empty"));
    }
    {
        ChatFixture f;
        Session *s = f.add(QStringLiteral("Docs"), QStringLiteral("/home/ada/src/beacon"));
        Q_UNUSED(s)
        Window w(f);
        shoot(w.splitter, QStringLiteral("one-empty"));
    }
    {
        ChatFixture f;
        fill(f, 60);
        const auto &sessions = f.manager.sessions();
        Session *rich = sessions.front().get();
        f.play(rich, sampleConversation());
        Window w(f);
        w.list->setCurrentId(rich->id());
        shoot(w.splitter, QStringLiteral("rich-end"));
        w.chat->transcriptView()->verticalScrollBar()->setValue(0);
        shoot(w.splitter, QStringLiteral("rich-top"));
        w.chat->transcriptView()->verticalScrollBar()->setValue(520);
        for (auto *fold : w.chat->findChildren<QAbstractButton *>(QStringLiteral("toolFold")))
            fold->setChecked(true);
        for (auto *fold : w.chat->findChildren<QAbstractButton *>(QStringLiteral("reasoningFold")))
            fold->setChecked(true);
        w.chat->transcriptView()->verticalScrollBar()->setValue(150);
        shoot(w.splitter, QStringLiteral("rich-open"));
        w.list->setCurrentId(sessions.at(2)->id());
        shoot(w.splitter, QStringLiteral("requests"));
        w.chat->transcriptView()->verticalScrollBar()->setValue(0);
        shoot(w.splitter, QStringLiteral("requests-top"));
        w.list->setCurrentId(sessions.at(3)->id());
        f.backend->emitEvent(
            sessions.at(3)->id(),
            ToolOutput{QStringLiteral("b"),
                       QStringLiteral(
                           "[1/9] one\n[2/9] two\n[3/9] three\n[4/9] four\n[5/9] five\n[6/9] "
                           "six\n[7/9] seven: a very long line that does not fit into the box "
                           "because it goes on and on and on without any end in sight, really\n"),
                       true});
        w.chat->findChild<InputBar *>()->setText(
            QStringLiteral("And then run the tests\non both machines"));
        f.manager.send(sessions.at(3)->id(),
                       Prompt{QStringLiteral("Then write the release notes, please, with a list of "
                                             "all changes since the last one and a thank you"),
                              {},
                              {}});
        shoot(w.splitter, QStringLiteral("working"));
        f.clock.advance(std::chrono::seconds(40));
        f.backend->fail(QStringLiteral("sessionActivity"), {ErrorCode::Timeout, {}, {}},
                        sessions.at(3)->id());
        shoot(w.splitter, QStringLiteral("stuck"));
        f.backend->emitEvent(sessions.at(3)->id(), AssistantIdle{});
        shoot(w.splitter, QStringLiteral("background"));
        f.backend->emitEvent(sessions.at(3)->id(), Aborted{QStringLiteral("user")});
        f.backend->emitEvent(
            sessions.at(3)->id(),
            SessionFailed{
                QStringLiteral("rate_limit"),
                QStringLiteral("429 Too many requests; retried 5 times (total wait 5.75 seconds)"),
                429});
        shoot(w.splitter, QStringLiteral("failed-turn"));
        LinkFacts link;
        link.state = LinkFacts::State::Waiting;
        link.retryAt = f.clock.wallNow().addSecs(5);
        f.manager.setLink(SessionManager::defaultBackendId(), link);
        f.manager.setBackend(nullptr);
        shoot(w.splitter, QStringLiteral("offline"));
        w.splitter.resize(620, 620);
        shoot(w.splitter, QStringLiteral("narrow"));
    }
    {
        ChatFixture f;
        NewSessionDialog dialog;
        dialog.setModels({{QStringLiteral("gpt-5.1"), QStringLiteral("GPT-5.1"), 0, {}}});
        shoot(dialog, QStringLiteral("new-session"));
        dialog.findChild<QCheckBox *>()->setChecked(true);
        dialog.findChild<QLineEdit *>(QStringLiteral("newSessionFolder"))
            ->setText(QStringLiteral("/no/such/folder"));
        dialog.findChild<QLineEdit *>(QStringLiteral("providerBaseUrl"))
            ->setText(QStringLiteral("ftp:/x"));
        shoot(dialog, QStringLiteral("new-session-provider"));
        for (int i = 0; i < 12; ++i)
            f.backend->summaries.append(
                {QStringLiteral("id-%1").arg(i),
                 i % 3 ? QStringLiteral("Earlier session %1").arg(i) : QString(),
                 QStringLiteral("Something about the build"),
                 QStringLiteral("/home/ada/src/p%1").arg(i),
                 QDateTime::currentDateTimeUtc().addDays(-9),
                 QDateTime::currentDateTimeUtc().addSecs(-4000 * i)});
        EarlierSessionsDialog earlier(f.manager);
        f.settle();
        shoot(earlier, QStringLiteral("earlier"));
    }
    return 0;
}
