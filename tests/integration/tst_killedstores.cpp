// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "base/systemclock.h"
#include "session/outbox.h"
#include "session/sessionstore.h"

#include <QCoreApplication>
#include <QFile>
#include <QLoggingCategory>
#include <QProcess>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

#include <cstdio>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

// Each kill is of a fresh process on the files that the one before has left.
constexpr int Kills = 200;

void say(const char *what, const QString &id)
{
    std::printf("%s %s\n", what, qPrintable(id));
    std::fflush(stdout);
}

//! Changes the stores for as long as it lives, and says what it has done after each call.
int writeUntilKilled(const QString &folder, quint32 seed)
{
    SystemClock clock;
    SeededRandom random(seed);
    Outbox outbox(folder + u"/outbox.jsonl"_s, clock);
    SessionStore sessions(folder + u"/sessions.json"_s, clock);
    outbox.load();
    sessions.load();
    for (int i = 0;; ++i) {
        const QString id = u"%1-%2"_s.arg(seed).arg(i);
        OutboxEntry entry;
        entry.sessionId = u"s"_s;
        entry.prompt.id = id;
        entry.prompt.text = u"prompt "_s + QString(int(random.unit() * 2000), u'x');
        if (!outbox.put(entry))
            return 1;
        say("put", id);
        if (i % 4 != 0) { // the server has it
            entry.state = OutboxEntry::State::Accepted;
            outbox.put(entry);
            say("accepted", id);
            say("removing", id);
            outbox.remove(id);
            say("removed", id);
        }
        if (i % 20 == 10) {
            StoredSession session;
            session.config.id = id;
            session.draft = u"half a thought"_s;
            sessions.upsert(session);
            if (!sessions.flush())
                return 1;
            say("session", id);
        }
    }
}

} // namespace

//! A kill -9 at any moment loses nothing that a call has returned for.
class TstKilledStores : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s); }

    void nothingIsLost()
    {
        QTemporaryDir folder;
        SystemClock clock;
        SeededRandom random(42);
        QSet<QString> prompts;
        QSet<QString> sessions;
        for (int kill = 0; kill < Kills; ++kill) {
            QProcess writer;
            writer.start(QCoreApplication::applicationFilePath(),
                         {u"--write"_s, folder.path(), QString::number(kill)});
            // At a random place, counted in what it has done; how far it gets meanwhile is chance.
            const int enough = 1 + int(random.unit() * 60);
            int lines = 0;
            QByteArray output;
            while (lines < enough && writer.waitForReadyRead(10'000)) {
                const QByteArray more = writer.readAllStandardOutput();
                lines += int(more.count('\n'));
                output += more;
            }
            writer.kill();
            QVERIFY(writer.waitForFinished(10'000));
            QCOMPARE(writer.exitStatus(), QProcess::CrashExit); // it was killed, not done
            output += writer.readAllStandardOutput();
            QVERIFY(lines >= enough);

            QString removing; // it may be gone or not
            QString accepted;
            output.truncate(output.lastIndexOf('\n') + 1);
            const QList<QByteArray> said = output.split('\n');
            for (const QByteArray &line : said) {
                const QString id = QString::fromLatin1(line.mid(line.indexOf(' ') + 1));
                if (line.startsWith("put ")) {
                    prompts.insert(id);
                } else if (line.startsWith("removing ")) {
                    removing = id;
                    prompts.remove(id);
                } else if (line.startsWith("removed ")) {
                    removing.clear();
                    accepted.clear();
                } else if (line.startsWith("accepted ")) {
                    accepted = id;
                } else if (line.startsWith("session ")) {
                    sessions.insert(id);
                }
            }

            Outbox outbox(folder.filePath(u"outbox.jsonl"_s), clock);
            outbox.load();
            QSet<QString> there;
            for (const OutboxEntry &entry : outbox.entries()) {
                QVERIFY(!there.contains(entry.prompt.id));
                there.insert(entry.prompt.id);
                if (entry.prompt.id == accepted)
                    QCOMPARE(entry.state, OutboxEntry::State::Accepted);
            }
            const QSet<QString> lost = prompts - there;
            QVERIFY2(lost.isEmpty(), qPrintable(lost.values().join(u' ')));
            // What it did last may be there without its word.
            const QSet<QString> more = there - prompts;
            QVERIFY(more.size() <= 1);
            prompts = there;

            SessionStore store(folder.filePath(u"sessions.json"_s), clock);
            QSet<QString> stored;
            for (const StoredSession &session : store.load()) {
                stored.insert(session.config.id);
                QCOMPARE(session.draft, u"half a thought"_s);
            }
            QVERIFY(store.notices().isEmpty());
            QVERIFY((sessions - stored).isEmpty());
            sessions = stored;
        }
        QVERIFY(prompts.size() > 100);
        QVERIFY(sessions.size() > 10);
    }
};

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() == 4 && arguments[1] == u"--write")
        return writeUntilKilled(arguments[2], arguments[3].toUInt());
    TstKilledStores test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_killedstores.moc"
