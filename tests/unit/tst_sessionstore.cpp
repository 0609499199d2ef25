// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "session/sessionstore.h"
#include "support/fakeclock.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <cctype>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

StoredSession sample(const QString &id)
{
    StoredSession s;
    s.config.id = id;
    s.config.name = QStringLiteral("Grüße ") + id;
    s.config.model = QStringLiteral("gpt-5");
    s.config.workingDirectory = QStringLiteral("/home/me/a \"b\"");
    s.config.systemMessage = QStringLiteral("Be brief.\nPlease.");
    s.config.mode = AgentMode::Plan;
    s.config.streaming = false;
    s.created = QDateTime(QDate(2026, 11, 20), QTime(21, 40, 13, 572), Qt::UTC);
    s.lastActivity = s.created.addSecs(100);
    s.durable = true;
    s.draft = QStringLiteral("half a thou");
    Prompt prompt;
    prompt.text = QStringLiteral("later");
    prompt.delivery = Delivery::Immediate;
    prompt.attachments = {{Attachment::Kind::File, QStringLiteral("/a/b.txt")},
                          {Attachment::Kind::Directory, QStringLiteral("/a")}};
    s.queue = {prompt};
    return s;
}

StoredSession withProvider(const QString &id, const QByteArray &key)
{
    StoredSession s = sample(id);
    s.config.provider = ProviderConfig{QStringLiteral("openai"), QStringLiteral("completions"),
                                       QStringLiteral("http://127.0.0.1:1/v1"), Secret(key)};
    return s;
}

// Everything but the key.
bool same(const StoredSession &a, const StoredSession &b)
{
    const auto prompts = [](const StoredSession &s) {
        QStringList all;
        for (const Prompt &p : s.queue) {
            all << p.text << QString::number(static_cast<int>(p.delivery));
            for (const Attachment &x : p.attachments)
                all << x.path << QString::number(static_cast<int>(x.kind));
        }
        return all;
    };
    const auto provider = [](const StoredSession &s) {
        return s.config.provider ? QStringList{s.config.provider->type, s.config.provider->wireApi,
                                               s.config.provider->baseUrl}
                                 : QStringList();
    };
    return a.config.id == b.config.id && a.config.name == b.config.name
        && a.config.model == b.config.model
        && a.config.workingDirectory == b.config.workingDirectory
        && a.config.systemMessage == b.config.systemMessage && a.config.mode == b.config.mode
        && a.config.streaming == b.config.streaming && provider(a) == provider(b)
        && a.created == b.created && a.lastActivity == b.lastActivity && a.durable == b.durable
        && a.draft == b.draft && prompts(a) == prompts(b);
}

QByteArray contents(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void put(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
}

} // namespace

class TstSessionStore : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_folder = m_dir->path();
        m_path = m_folder + QStringLiteral("/sessions.json");
    }

    void aMissingFileIsAnEmptyList()
    {
        SessionStore store(m_path, m_clock);
        QVERIFY(store.load().isEmpty());
        QVERIFY(store.notices().isEmpty());
        QVERIFY(store.flush());
        QVERIFY(!QFileInfo::exists(m_path)); // nothing to say, nothing written
    }

    void everythingComesBackInOrder()
    {
        const QList<StoredSession> sessions{sample(QStringLiteral("b")),
                                            sample(QStringLiteral("a")),
                                            withProvider(QStringLiteral("c"), {})};
        {
            SessionStore store(m_folder + QStringLiteral("/deeper/sessions.json"), m_clock);
            (void)store.load();
            for (const StoredSession &session : sessions)
                store.upsert(session);
            QVERIFY(store.flush());
        }
        SessionStore store(m_folder + QStringLiteral("/deeper/sessions.json"), m_clock);
        const auto loaded = store.load();
        QCOMPARE(loaded.size(), 3);
        for (int i = 0; i < 3; ++i)
            QVERIFY(same(loaded.at(i), sessions.at(i)));
        QVERIFY(store.notices().isEmpty());
#ifndef Q_OS_WIN
        QCOMPARE(
            QFileInfo(store.path()).permissions()
                & (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther),
            QFile::Permissions());
#endif
    }

    void writesOnceHalfASecondAfterTheFirstChange()
    {
        SessionStore store(m_path, m_clock);
        (void)store.load();
        StoredSession session = sample(QStringLiteral("a"));
        for (int i = 0; i < 4; ++i) {
            session.draft = QString::number(i);
            store.upsert(session);
            QVERIFY(!QFileInfo::exists(m_path));
            m_clock.advance(124ms);
        }
        m_clock.advance(4ms);
        QVERIFY(contents(m_path).contains("\"draft\": \"3\""));
        QCOMPARE(m_clock.liveTimers(), 0);
    }

    void writesWhatIsPendingAtTheEnd()
    {
        {
            SessionStore store(m_path, m_clock);
            (void)store.load();
            store.upsert(sample(QStringLiteral("a")));
        }
        QVERIFY(contents(m_path).contains("\"a\""));
        QCOMPARE(m_clock.liveTimers(), 0);
    }

    void changesAndRemovesInPlace()
    {
        SessionStore store(m_path, m_clock);
        for (const char *id : {"a", "b", "c"})
            store.upsert(sample(QString::fromLatin1(id)));
        StoredSession b = sample(QStringLiteral("b"));
        b.draft = QStringLiteral("changed");
        store.upsert(b);
        store.remove(QStringLiteral("a"));
        store.remove(QStringLiteral("never there"));
        QVERIFY(store.flush());
        SessionStore again(m_path, m_clock);
        const auto loaded = again.load();
        QCOMPARE(loaded.size(), 2);
        QVERIFY(same(loaded.at(0), b));
        QCOMPARE(loaded.at(1).config.id, QStringLiteral("c"));
    }

    void removingNothingWritesNothing()
    {
        SessionStore store(m_path, m_clock);
        store.remove(QStringLiteral("x"));
        QCOMPARE(m_clock.liveTimers(), 0);
    }

    void keepsMembersOfOtherVersions()
    {
        put(m_path, R"({"schema":1,"window":{"x":1},"sessions":[
            {"id":"a","pinned":true,"provider":{"baseUrl":"u","region":"eu"}},{"id":"b","pinned":false}]})");
        SessionStore store(m_path, m_clock);
        const auto loaded = store.load();
        QCOMPARE(loaded.size(), 2);
        QVERIFY(store.notices().isEmpty()); // members may be missing
        QCOMPARE(loaded.at(0).unknown, QJsonObject({{QStringLiteral("pinned"), true}}));
        StoredSession first = loaded.at(0);
        first.draft = QStringLiteral("d");
        first.unknown = {}; // as a caller does that knows nothing of it
        store.upsert(first);
        QVERIFY(store.flush());
        const QJsonObject root = QJsonDocument::fromJson(contents(m_path)).object();
        QCOMPARE(root.value(QStringLiteral("window")).toObject().value(QStringLiteral("x")), 1);
        const QJsonArray sessions = root.value(QStringLiteral("sessions")).toArray();
        QCOMPARE(sessions.at(0)[QStringLiteral("pinned")], true);
        QCOMPARE(sessions.at(0)[QStringLiteral("draft")], QStringLiteral("d"));
        QCOMPARE(sessions.at(0)[QStringLiteral("provider")][QStringLiteral("region")],
                 QStringLiteral("eu"));
        QCOMPARE(sessions.at(1)[QStringLiteral("pinned")], false);
    }

    void movesADamagedFileAway_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("garbage") << QByteArray("\xff\xfe\x00garbage", 10);
        QTest::newRow("cut") << QByteArray(R"({"schema":1,"sessions":[{"id":"a")");
        QTest::newRow("array") << QByteArray("[]");
        QTest::newRow("no schema") << QByteArray(R"({"sessions":[]})");
        QTest::newRow("schema 0") << QByteArray(R"({"schema":0,"sessions":[]})");
        QTest::newRow("schema 0.5") << QByteArray(R"({"schema":0.5,"sessions":[]})");
        QTest::newRow("schema text") << QByteArray(R"({"schema":"1","sessions":[]})");
        QTest::newRow("sessions object") << QByteArray(R"({"schema":1,"sessions":{}})");
    }
    void movesADamagedFileAway()
    {
        QFETCH(QByteArray, bytes);
        put(m_path, bytes);
        SessionStore store(m_path, m_clock);
        QSignalSpy noticed(&store, &SessionStore::noticed);
        QVERIFY(store.load().isEmpty());
        QCOMPARE(noticed.size(), 1);
        QCOMPARE(store.notices().first().code, QStringLiteral("sessions-file-damaged"));
        const QString backup = store.notices().first().path;
        QCOMPARE(backup, m_path + QStringLiteral(".bad-20261120-130000"));
        QCOMPARE(contents(backup), bytes);
        QVERIFY(!QFileInfo::exists(m_path));
        // And the store works on.
        store.upsert(sample(QStringLiteral("new")));
        QVERIFY(store.flush());
        QVERIFY(contents(m_path).contains("\"new\""));
    }

    void aSecondBackupDoesNotReplaceTheFirst()
    {
        for (const QByteArray &bytes : {QByteArray("one"), QByteArray("two")}) {
            put(m_path, bytes);
            SessionStore store(m_path, m_clock);
            (void)store.load();
            QCOMPARE(contents(store.notices().first().path), bytes);
        }
        QCOMPARE(QDir(m_folder).entryList(QDir::Files).size(), 2);
    }

    void copiesAFileWithDamagedEntries_data()
    {
        QTest::addColumn<QByteArray>("entry");
        QTest::addColumn<int>("count");
        QTest::newRow("no object") << QByteArray("7") << 1;
        QTest::newRow("no id") << QByteArray(R"({"name":"x"})") << 1;
        QTest::newRow("same id") << QByteArray(R"({"id":"good"})") << 1;
        QTest::newRow("wrong type") << QByteArray(R"({"id":"x","durable":"yes"})") << 2;
        QTest::newRow("mode") << QByteArray(R"({"id":"x","mode":"warp"})") << 2;
        QTest::newRow("time") << QByteArray(R"({"id":"x","created":"yesterday"})") << 2;
        QTest::newRow("queue") << QByteArray(R"({"id":"x","queue":[3]})") << 2;
        QTest::newRow("attachment")
            << QByteArray(R"({"id":"x","queue":[{"attachments":[{}]}]})") << 2;
        QTest::newRow("provider") << QByteArray(R"({"id":"x","provider":[]})") << 2;
    }
    void copiesAFileWithDamagedEntries()
    {
        QFETCH(QByteArray, entry);
        QFETCH(int, count);
        const QByteArray bytes =
            R"({"schema":1,"sessions":[{"id":"good","draft":"d"},)" + entry + "]}";
        put(m_path, bytes);
        SessionStore store(m_path, m_clock);
        const auto loaded = store.load();
        QCOMPARE(loaded.size(), count);
        QCOMPARE(loaded.first().draft, QStringLiteral("d"));
        QCOMPARE(store.notices().size(), 1);
        QCOMPARE(store.notices().first().code, QStringLiteral("sessions-file-damaged"));
        QCOMPARE(store.notices().first().detail, QString::number(count));
        QCOMPARE(contents(store.notices().first().path), bytes);
        QVERIFY(!store.isReadOnly());
    }

    void neverOverwritesANewerVersion()
    {
        const QByteArray bytes = R"({"schema":2,"sessions":[{"id":"a","draft":"d"}]})";
        put(m_path, bytes);
        {
            SessionStore store(m_path, m_clock);
            QCOMPARE(store.load().size(), 1);
            QCOMPARE(store.notices().first().code, QStringLiteral("sessions-file-newer"));
            QVERIFY(store.isReadOnly());
            store.remove(QStringLiteral("a"));
            QVERIFY(store.flush());
        }
        QCOMPARE(contents(m_path), bytes);
        QCOMPARE(QDir(m_folder).entryList(QDir::Files).size(), 1);
    }

    void neverOverwritesWhatItCannotRead()
    {
        QVERIFY(QDir().mkpath(m_path)); // a folder cannot be opened as a file, by root neither
        SessionStore store(m_path, m_clock);
        QVERIFY(store.load().isEmpty());
        QCOMPARE(store.notices().first().code, QStringLiteral("sessions-file-unreadable"));
        QVERIFY(store.isReadOnly());
        store.upsert(sample(QStringLiteral("a")));
        QVERIFY(store.flush());
        QVERIFY(QFileInfo(m_path).isDir());
    }

    void savingWithoutLoadingIsAsCareful()
    {
        const QByteArray bytes = R"({"schema":9,"sessions":[]})";
        put(m_path, bytes);
        {
            SessionStore store(m_path, m_clock);
            store.upsert(sample(QStringLiteral("a")));
        }
        QCOMPARE(contents(m_path), bytes);
    }

    void triesAgainWhereWritingFails()
    {
        const QString folder = m_folder + QStringLiteral("/state");
        put(folder, "in the way"); // no folder can be made here
        SessionStore store(folder + QStringLiteral("/sessions.json"), m_clock);
        store.upsert(sample(QStringLiteral("a")));
        QVERIFY(!store.flush());
        m_clock.advance(30s);
        QCOMPARE(store.notices().size(), 1); // told once
        QCOMPARE(store.notices().first().code, QStringLiteral("sessions-file-unwritable"));
        QVERIFY(!store.notices().first().detail.isEmpty());
        QVERIFY(QFile::remove(folder));
        m_clock.advance(30s);
        QVERIFY(contents(store.path()).contains("\"a\""));
        QCOMPARE(m_clock.liveTimers(), 0);
    }

    void neverWritesAKey()
    {
        {
            SessionStore store(m_path, m_clock);
            store.upsert(withProvider(QStringLiteral("a"), "sk-very-secret-key"));
        }
        QVERIFY(contents(m_path).contains("127.0.0.1:1"));
        QVERIFY(!contents(m_path).contains("very-secret"));
        // Not even one that somebody put there by hand.
        put(m_path,
            R"({"schema":1,"sessions":[{"id":"a","provider":{"baseUrl":"u","apiKey":"sk-by-hand"}}]})");
        {
            SessionStore store(m_path, m_clock);
            store.upsert(store.load().first());
        }
        QVERIFY(!contents(m_path).contains("sk-by-hand"));
    }

    // Whatever happens to the file: either all of it is understood and survives the next save, or a
    // backup with exactly its bytes exists and a notice tells so.
    void anyMutationIsUnderstoodOrBackedUp()
    {
        QByteArray valid;
        {
            SessionStore store(m_path, m_clock);
            (void)store.load();
            store.upsert(sample(QStringLiteral("one")));
            store.upsert(withProvider(QStringLiteral("two"), {}));
            store.upsert(sample(QStringLiteral("three")));
            QVERIFY(store.flush());
            valid = contents(m_path);
        }
        SeededRandom random(20261120);
        const auto below = [&](qsizetype n) {
            return static_cast<qsizetype>(random.next() % static_cast<quint64>(n));
        };
        QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.store=false"));
        int understood = 0;
        int backedUp = 0;
        int newer = 0;
        for (int round = 0; round < 1'000; ++round) {
            QByteArray bytes = valid;
            for (qsizetype n = below(3) + 1; n > 0 && !bytes.isEmpty(); --n) {
                const qsizetype at = below(bytes.size());
                switch (below(8)) {
                case 5:
                case 6:
                case 7: // stays a letter, so that many files stay readable
                    if (std::isalnum(static_cast<unsigned char>(bytes[at])))
                        bytes[at] = "abcxyz019"[below(9)];
                    break;
                case 0:
                    bytes[at] = static_cast<char>(random.next());
                    break;
                case 1:
                    bytes.remove(at, below(40));
                    break;
                case 2:
                    bytes.insert(at, bytes.mid(below(bytes.size()), below(40)));
                    break;
                case 3:
                    bytes.truncate(at);
                    break;
                default:
                    bytes[at] = "{}[],:\"0 9"[below(10)];
                }
            }
            const QString folder = m_folder + QStringLiteral("/%1").arg(round);
            QVERIFY(QDir().mkpath(folder));
            const QString path = folder + QStringLiteral("/sessions.json");
            put(path, bytes);
            SessionStore store(path, m_clock);
            const auto loaded = store.load();
            QVERIFY(store.notices().size() <= 1);
            if (store.isReadOnly()) {
                QCOMPARE(store.notices().first().code, QStringLiteral("sessions-file-newer"));
                QCOMPARE(contents(path), bytes);
                ++newer;
                continue;
            }
            if (!store.notices().isEmpty()) {
                QCOMPARE(contents(store.notices().first().path), bytes);
                ++backedUp;
            }
            for (const StoredSession &session : loaded)
                store.upsert(session);
            QVERIFY(store.flush());
            SessionStore again(path, m_clock);
            const auto reloaded = again.load();
            QVERIFY(again.notices().isEmpty());
            QCOMPARE(reloaded.size(), loaded.size());
            for (qsizetype i = 0; i < loaded.size(); ++i)
                QVERIFY(same(reloaded.at(i), loaded.at(i)));
            if (store.notices().isEmpty()) {
                const QJsonArray before = QJsonDocument::fromJson(bytes)
                                              .object()
                                              .value(QStringLiteral("sessions"))
                                              .toArray();
                QCOMPARE(before.size(), loaded.size());
                const QJsonArray after = QJsonDocument::fromJson(contents(path))
                                             .object()
                                             .value(QStringLiteral("sessions"))
                                             .toArray();
                for (qsizetype i = 0; i < before.size(); ++i) {
                    const QJsonObject now = after.at(i).toObject();
                    for (const QString &key : before.at(i).toObject().keys())
                        QVERIFY2(now.contains(key), qPrintable(key));
                }
                ++understood;
            }
        }
        QLoggingCategory::setFilterRules(QString());
        QVERIFY2(understood > 100, qPrintable(QString::number(understood)));
        QVERIFY(backedUp > 100);
        QVERIFY(newer < 100);
    }

private:
    FakeClock m_clock;
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_folder;
    QString m_path;
};

QTEST_GUILESS_MAIN(TstSessionStore)
#include "tst_sessionstore.moc"
