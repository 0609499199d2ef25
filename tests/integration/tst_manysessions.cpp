// SPDX-License-Identifier: MIT
// A restart with sixty sessions, on the demo server.
#include "support/manysessions.h"
#include "support/serverprocess.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

class TstManySessions : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void sixtyComeBackEightAtATime()
    {
        constexpr int Count = 60;
        constexpr int AtOnce = 8;
        const QString lost = u"many-41"_s;
        const QString looked = u"many-17"_s;
        const QTemporaryDir folder;
        const QTemporaryDir state;
        ServerProcess server;
        const QStringList arguments{u"--state-dir"_s, state.path(), u"--speed"_s, u"1000"_s};
        QVERIFY2(server.start(demoServerProgram(), arguments), server.output().constData());
        QVERIFY(makeManySessions(folder.path(), server.port(), Count, 2));
        server.stop();
        // Long after the last prompt: one that its server might not have written would be sent
        // again.
        QVERIFY(QFile::remove(folder.filePath(u"state/outbox.jsonl"_s)));
        // What one session has lost harms no other.
        QDir history(state.filePath(u"session-state/"_s + lost));
        QVERIFY(history.exists() && history.removeRecursively());

        ServerProcess again;
        QVERIFY2(again.start(demoServerProgram(), arguments), again.output().constData());
        AppContext context(attachOptions(folder.path(), again.port()));
        SessionManager &sessions = context.sessions();
        int most = 0;
        QStringList order;
        connect(&sessions, &SessionManager::sessionChanged, this, [&](Session *session) {
            most = std::max(most, countIn(sessions, Session::State::Attaching));
            if (session->state() == Session::State::Attaching && !order.contains(session->id()))
                order << session->id();
        });
        context.start();
        QCOMPARE(sessions.sessions().size(), std::size_t(Count));
        sessions.setVisible(looked);
        QTRY_COMPARE_WITH_TIMEOUT(countIn(sessions, Session::State::Attached), Count - 1, 30'000);
        QCOMPARE(order.first(), looked);
        QCOMPARE(most, AtOnce);
        QCOMPARE(order.size(), qsizetype(Count));
        const Session *const failed = sessions.find(lost);
        QCOMPARE(failed->state(), Session::State::Failed);
        QCOMPARE(failed->error().code, ErrorCode::SessionNotFound);
        for (const auto &session : sessions.sessions()) {
            if (session.get() != failed)
                QVERIFY2(session->transcript().items().size() >= 4, qPrintable(session->id()));
        }
    }
};

QTEST_GUILESS_MAIN(TstManySessions)
#include "tst_manysessions.moc"
