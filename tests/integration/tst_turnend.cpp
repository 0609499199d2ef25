// SPDX-License-Identifier: MIT
// A server that swallows the end of a turn, as a process over a real socket: no spinner stays.
#include "app/wiring/appcontext.h"
#include "session/explanation.h"
#include "support/protocolclient.h"
#include "support/serverprocess.h"

#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;

namespace {

constexpr int Patience = 60'000; // of a failing test only

} // namespace

class TstTurnEnd : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void aSwallowedEndIsFound()
    {
        QTemporaryDir folder;
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(),
                             {QStringLiteral("--headless"), QStringLiteral("--port"),
                              QStringLiteral("0"), QStringLiteral("--fault"),
                              QStringLiteral("swallow@event:assistant.message")}));
        AppOptions options;
        options.paths = AppPaths::below(folder.path());
        options.useKeychain = false;
        options.stderrLevel.reset();
        options.connection = ConnectionConfig();
        options.connection->mode = ConnectionMode::Attach;
        options.connection->url = QStringLiteral("tcp://127.0.0.1:%1").arg(server.port());
        options.connection->token = Secret("");
        AppContext app(options);
        app.start();
        const Session *session = app.sessions().create({});
        QTRY_COMPARE_WITH_TIMEOUT(session->state(), Session::State::Attached, Patience);

        app.sessions().send(session->id(), {QStringLiteral("[say all of it]"), {}, {}, {}});
        QTRY_COMPARE_WITH_TIMEOUT(session->activity(), Activity::Working, Patience);
        // The rest of the turn is never sent. What there is of it:
        QTRY_COMPARE_WITH_TIMEOUT(app.sessions().explanation(session->id()).cause,
                                  Explanation::Cause::Answering, Patience);
        QTRY_COMPARE_WITH_TIMEOUT(session->activity(), Activity::Idle, Patience);
        // Below it stands that something was recovered.
        const AssistantItem *answer = nullptr;
        for (const TranscriptItem &item : session->transcript().items()) {
            if (const auto *const row = std::get_if<AssistantItem>(&item.data))
                answer = row;
        }
        QVERIFY(answer);
        QVERIFY(std::holds_alternative<NoticeItem>(session->transcript().items().back().data));
        QCOMPARE(answer->text, QStringLiteral("all of it"));
        QVERIFY(!answer->streaming && !answer->interrupted);
        QCOMPARE(app.sessions().explanation(session->id()).activity, Explanation::Activity::Idle);

        // And it goes on as if nothing had been.
        app.sessions().send(session->id(), {QStringLiteral("[say more]"), {}, {}, {}});
        QTRY_VERIFY_WITH_TIMEOUT(
            [&] {
                const auto *last =
                    std::get_if<AssistantItem>(&session->transcript().items().back().data);
                return last && last->text == QLatin1String("more")
                    && session->activity() == Activity::Idle && !session->isWorking();
            }(),
            Patience);
    }
};

QTEST_GUILESS_MAIN(TstTurnEnd)
#include "tst_turnend.moc"
