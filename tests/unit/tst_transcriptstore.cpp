// SPDX-License-Identifier: MIT
#include "agent/copilotevents.h"
#include "session/transcriptstore.h"
#include "support/fakeclock.h"

#include <QDir>
#include <QFile>
#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

const QString S = u"s1"_s;

AgentEvent decoded(const QByteArray &json)
{
    AgentEvent event;
    CopilotEventDecoder decoder;
    if (decoder.decodeKept(json, event) != CopilotEventDecoder::Outcome::Event)
        qFatal("no event: %s", json.constData());
    return event;
}

AgentEvent message(const char *id, const char *text)
{
    return decoded("{\"type\":\"user.message\",\"data\":{\"messageId\":\"m-" + QByteArray(id)
                   + "\",\"content\":\"" + text
                   + "\",\"attachments\":[{\"type\":\"file\",\"path\":\"/w/a b.txt\"}]},\"id\":\""
                   + id + "\",\"timestamp\":\"2026-11-21T09:00:00.000Z\"}");
}

AgentEvent answer(const char *id, const char *messageId, const char *text)
{
    return decoded("{\"type\":\"assistant.message\",\"data\":{\"messageId\":\""
                   + QByteArray(messageId) + "\",\"content\":\"" + text + "\"},\"id\":\"" + id
                   + "\",\"timestamp\":\"2026-11-21T09:00:01.000Z\"}");
}

AgentEvent delta(const char *id, const char *messageId, const char *text)
{
    AgentEvent event;
    event.meta.id = id;
    event.meta.ephemeral = true;
    event.meta.time = QDateTime(QDate(2026, 11, 21), QTime(9, 0), Qt::UTC);
    event.data = MessageDelta{QString::fromLatin1(messageId), QString::fromUtf8(text)};
    return event;
}

QStringList texts(const QList<AgentEvent> &events)
{
    QStringList result;
    for (const AgentEvent &event : events) {
        if (const auto *user = std::get_if<UserMessage>(&event.data))
            result << u"user:"_s + user->text;
        else if (const auto *piece = std::get_if<MessageDelta>(&event.data))
            result << u"piece:"_s + piece->text;
        else if (const auto *whole = std::get_if<MessageCompleted>(&event.data))
            result << u"whole:"_s + whole->text;
        else if (const auto *note = std::get_if<HistoryNote>(&event.data))
            result << u"note:%1"_s.arg(note->count);
        else
            result << u"?"_s;
    }
    return result;
}

} // namespace

class TstTranscriptStore : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s); }
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_folder = m_dir->path() + u"/transcripts"_s;
    }

    void keepsWhatWasSaid()
    {
        {
            TranscriptStore store(m_folder, m_clock);
            store.append(S, message("e1", "hello"));
            store.append(S, answer("e2", "a1", "hi"));
            AgentEvent note;
            note.data = HistoryNote{HistoryNote::Kind::Lost, 3};
            store.append(S, note);
        }
        TranscriptStore store(m_folder, m_clock);
        const QList<AgentEvent> events = store.read(S);
        QCOMPARE(texts(events), QStringList({u"user:hello"_s, u"whole:hi"_s, u"note:3"_s}));
        QCOMPARE(events[0].meta.id, QByteArray("e1"));
        QCOMPARE(std::get<UserMessage>(events[0].data).attachments.value(0).path, u"/w/a b.txt"_s);
        QCOMPARE(std::get<HistoryNote>(events[2].data).kind, HistoryNote::Kind::Lost);
#ifndef Q_OS_WIN // there the access list of the user's profile says who may read
        QFile file(path());
        QCOMPARE(file.permissions() & ~(QFile::ReadUser | QFile::WriteUser),
                 QFile::ReadOwner | QFile::WriteOwner);
#endif
    }

    void writesOnceASecond()
    {
        TranscriptStore store(m_folder, m_clock);
        store.append(S, message("e1", "hello"));
        QVERIFY(!QFile::exists(path()));
        m_clock.advance(1s);
        QVERIFY(QFile::exists(path()));
    }

    void collectsStreamedText()
    {
        TranscriptStore store(m_folder, m_clock);
        store.append(S, message("e1", "go"));
        store.append(S, delta("d1", "a1", "Hel"));
        store.append(S, delta("d2", "a1", "lo"));
        m_clock.advance(1s); // so much is safe, whoever dies
        store.append(S, delta("d3", "a1", " world"));
        store.flush();
        const KeptTranscript kept = store.load(S);
        QCOMPARE(texts(kept.events()),
                 QStringList({u"user:go"_s, u"piece:Hello"_s, u"piece: world"_s}));
        QCOMPARE(kept.lines()[1].id, QByteArray("d2"));
        QCOMPARE(kept.lines()[2].id, QByteArray("d3"));
    }

    void aFinalTextNeedsNoPieces()
    {
        TranscriptStore store(m_folder, m_clock);
        store.append(S, delta("d1", "a1", "Hel"));
        store.append(S, answer("e2", "a1", "Hello"));
        QCOMPARE(texts(store.read(S)), QStringList({u"whole:Hello"_s}));
    }

    void leavesOutWhatLeavesNothing()
    {
        TranscriptStore store(m_folder, m_clock);
        AgentEvent usage;
        usage.meta.id = "u";
        usage.data = UsageReported{};
        store.append(S, usage);
        store.flush();
        QVERIFY(!QFile::exists(path()));
    }

    void dropsATornLineAndGoesOn()
    {
        for (int cut = 1; cut < 60; ++cut) {
            init();
            {
                TranscriptStore store(m_folder, m_clock);
                store.append(S, message("e1", "one"));
                store.append(S, message("e2", "two"));
            }
            QFile file(path());
            QVERIFY(file.resize(file.size() - cut));
            TranscriptStore store(m_folder, m_clock);
            QSignalSpy told(&store, &TranscriptStore::noticed);
            store.append(S, message("e3", "three"));
            QCOMPARE(texts(store.read(S)), QStringList({u"user:one"_s, u"user:three"_s}));
            QCOMPARE(told.size(), 0); // a crash of ours is no damage
        }
    }

    void keepsDamagedLinesAside()
    {
        {
            TranscriptStore store(m_folder, m_clock);
            store.append(S, message("e1", "one"));
            store.append(S, message("e2", "two"));
        }
        QFile file(path());
        QVERIFY(file.open(QFile::Append));
        file.write("garbage\n{\"d\":\"e9\",\"e\":{broken}}\n");
        file.close();
        TranscriptStore store(m_folder, m_clock);
        QSignalSpy told(&store, &TranscriptStore::noticed);
        QCOMPARE(texts(store.read(S)), QStringList({u"user:one"_s, u"user:two"_s}));
        QCOMPARE(told.size(), 1);
        QCOMPARE(told[0][0].toString(), u"transcript-damaged"_s);
        QVERIFY(QFile::exists(told[0][1].toString()));
        QVERIFY(store.isBehind(S));
        store.replace(S, store.read(S));
        QVERIFY(!store.isBehind(S));
        QCOMPARE(store.load(S).damaged(), 0);
        QCOMPARE(told.size(), 1);
    }

    void leavesANewerVersionAlone()
    {
        QDir().mkpath(m_folder);
        const QByteArray newer = "{\"transcript\":2}\n{\"z\":1}\n";
        QFile file(path());
        QVERIFY(file.open(QFile::WriteOnly));
        file.write(newer);
        file.close();
        {
            TranscriptStore store(m_folder, m_clock);
            QSignalSpy told(&store, &TranscriptStore::noticed);
            QVERIFY(store.read(S).isEmpty());
            store.append(S, message("e1", "one"));
            store.replace(S, {message("e1", "one")});
            QCOMPARE(told.size(), 1);
            QCOMPARE(told[0][0].toString(), u"transcript-newer"_s);
        }
        QVERIFY(file.open(QFile::ReadOnly));
        QCOMPARE(file.readAll(), newer);
    }

    void replacesAndRemoves()
    {
        TranscriptStore store(m_folder, m_clock);
        store.append(S, message("e1", "one"));
        store.replace(S, {message("e2", "two"), delta("d", "a", "x")});
        QCOMPARE(texts(store.read(S)), QStringList({u"user:two"_s, u"piece:x"_s}));
        store.append(S, message("e3", "three"));
        store.remove(S);
        store.flush();
        QVERIFY(!QFile::exists(path()));
    }

    void saysThatNothingCanBeWritten()
    {
        QFile blocked(m_folder); // a file where the folder should be
        QVERIFY(blocked.open(QFile::WriteOnly));
        TranscriptStore store(m_folder, m_clock);
        QSignalSpy told(&store, &TranscriptStore::noticed);
        store.append(S, message("e1", "one"));
        QVERIFY(!store.flush());
        QVERIFY(!store.flush());
        QCOMPARE(told.size(), 1);
        QCOMPARE(told[0][0].toString(), u"transcript-unwritable"_s);
        blocked.remove();
        m_clock.advance(30s);
        QCOMPARE(texts(store.read(S)), QStringList({u"user:one"_s}));
    }

    void anyIdIsAFileOfItsOwn()
    {
        TranscriptStore store(m_folder, m_clock);
        const QStringList ids{u"../../evil"_s,    u".."_s,           u"a/b"_s, u"a%2Fb"_s,
                              QString(500, u'x'), QString(501, u'x')};
        for (const QString &id : ids)
            store.append(id, message("e", id.left(4).toLatin1()));
        store.flush();
        QCOMPARE(QDir(m_folder).entryList(QDir::Files).size(), ids.size());
        for (const QString &id : ids)
            QCOMPARE(texts(store.read(id)), QStringList({u"user:"_s + id.left(4)}));
        QCOMPARE(QDir(m_dir->path()).entryList(QDir::Files).size(), 0);
    }

    void inMemory()
    {
        TranscriptStore store({}, m_clock);
        store.append(S, message("e1", "one"));
        store.append(S, delta("d", "a", "x"));
        QCOMPARE(texts(store.read(S)), QStringList({u"user:one"_s, u"piece:x"_s}));
        store.replace(S, {message("e2", "two")});
        QCOMPARE(texts(store.read(S)), QStringList({u"user:two"_s}));
        store.remove(S);
        QVERIFY(store.read(S).isEmpty());
    }

private:
    QString path() const { return m_folder + u"/s1.jsonl"_s; }

    FakeClock m_clock;
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_folder;
};

QTEST_GUILESS_MAIN(TstTranscriptStore)
#include "tst_transcriptstore.moc"
