// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "session/sessionjournal.h"
#include "session/sessionstore.h"
#include "support/fakeclock.h"

#include <QDir>
#include <QLoggingCategory>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

StoredSession named(const QString &id, const QString &name)
{
    StoredSession session;
    session.config.id = id;
    session.config.name = name;
    session.created = QDateTime(QDate(2026, 11, 21), QTime(9, 0), Qt::UTC);
    return session;
}

StoredSession drafted(const QString &id, const QString &draft)
{
    StoredSession session = named(id, u"n"_s);
    session.draft = draft;
    return session;
}

QString shown(const QList<StoredSession> &sessions)
{
    QStringList all;
    for (const StoredSession &s : sessions) {
        all << u"%1:%2:%3:%4:%5:%6"_s.arg(s.config.id, s.config.name, s.draft, s.config.model)
                   .arg(s.parked)
                   .arg(s.config.provider ? s.config.provider->baseUrl : u"-"_s);
    }
    return all.join(u' ');
}

QByteArray bytesOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void write(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    QCOMPARE(file.write(bytes), bytes.size());
}

} // namespace

//! What is in the journal of the session list and not in its file yet.
class TstSessionJournal : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s);
        m_dir = std::make_unique<QTemporaryDir>();
        m_path = m_dir->filePath(u"sessions.json"_s);
        m_journal = m_path + u".journal"_s;
    }

    void everyChangeIsThereBeforeTheFileIsWritten()
    {
        SessionStore store(m_path, m_clock);
        QVERIFY(store.load().isEmpty());
        store.upsert(named(u"a"_s, u"first"_s));
        QCOMPARE(reloaded(), u"a:first:::0:-"_s);
        store.upsert(drafted(u"a"_s, u"half"_s));
        store.upsert(named(u"b"_s, u"second"_s));
        QCOMPARE(reloaded(), u"a:n:half::0:- b:second:::0:-"_s);
        store.remove(u"a"_s);
        QCOMPARE(reloaded(), u"b:second:::0:-"_s);
        QVERIFY(!QFile::exists(m_path)); // not yet
    }

    void aMemberThatGoesIsGone()
    {
        SessionStore store(m_path, m_clock);
        StoredSession session = named(u"a"_s, u"n"_s);
        session.config.provider = ProviderConfig{u"openai"_s, {}, u"http://p"_s, Secret("k-e-y-1")};
        store.upsert(session);
        QVERIFY(store.flush());
        session.config.provider.reset();
        store.upsert(session);
        QCOMPARE(reloaded(), u"a:n:::0:-"_s);
        QVERIFY(!bytesOf(m_journal).contains("k-e-y-1"));
    }

    void theFileTakesItOver()
    {
        SessionStore store(m_path, m_clock);
        store.upsert(named(u"a"_s, u"n"_s));
        QVERIFY(QFile::exists(m_journal));
#ifndef Q_OS_WIN
        QCOMPARE(QFile::permissions(m_journal)
                     & (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther),
                 QFile::Permissions());
#endif
        m_clock.advance(500ms);
        QVERIFY(QFile::exists(m_path));
        QVERIFY(!QFile::exists(m_journal));
    }

    void draftsAloneAreWrittenLater()
    {
        SessionStore store(m_path, m_clock);
        store.upsert(named(u"a"_s, u"n"_s));
        QVERIFY(store.flush());
        const QByteArray before = bytesOf(m_path);
        for (int i = 0; i < 40; ++i) {
            store.upsert(drafted(u"a"_s, QString::number(i)));
            m_clock.advance(100ms);
        }
        QCOMPARE(bytesOf(m_path), before);
        QCOMPARE(reloaded(), u"a:n:39::0:-"_s);
        m_clock.advance(1s);
        QVERIFY(bytesOf(m_path).contains("\"39\""));
        // Anything else brings it forward.
        store.upsert(drafted(u"a"_s, u"x"_s));
        StoredSession renamed = drafted(u"a"_s, u"x"_s);
        renamed.config.name = u"new"_s;
        store.upsert(renamed);
        m_clock.advance(500ms);
        QVERIFY(bytesOf(m_path).contains("\"new\""));
        QCOMPARE(m_clock.liveTimers(), 0);
    }

    void nothingNewIsNotWritten()
    {
        SessionStore store(m_path, m_clock);
        store.upsert(named(u"a"_s, u"n"_s));
        QVERIFY(store.flush());
        store.upsert(named(u"a"_s, u"n"_s));
        QVERIFY(!QFile::exists(m_journal));
        QCOMPARE(m_clock.liveTimers(), 0);
    }

    void aJournalThatCouldNotBeDeletedIsNotAppliedAgain()
    {
        SessionStore store(m_path, m_clock);
        store.upsert(drafted(u"a"_s, u"old"_s));
        const QByteArray old = bytesOf(m_journal);
        QVERIFY(store.flush());
        store.upsert(drafted(u"a"_s, u"new"_s));
        QVERIFY(store.flush());
        write(m_journal, old);
        QCOMPARE(reloaded(), u"a:n:new::0:-"_s);
    }

    void killedBetweenFileAndJournal()
    {
        SessionStore store(m_path, m_clock);
        store.upsert(drafted(u"a"_s, u"old"_s));
        store.upsert(named(u"b"_s, u"n"_s));
        store.remove(u"a"_s);
        store.upsert(drafted(u"a"_s, u"new"_s));
        const QByteArray journal = bytesOf(m_journal);
        QVERIFY(store.flush());
        write(m_journal, journal); // its removal was not reached
        QCOMPARE(reloaded(), u"b:n:::0:- a:n:new::0:-"_s);
    }

    void cutAnywhereItIsAStateThatThereWas()
    {
        QStringList states{QString()};
        {
            SessionStore store(m_path, m_clock);
            store.upsert(named(u"a"_s, u"n"_s));
            QVERIFY(store.flush());
            states = {reloaded()};
            for (const QString &draft : {u"h"_s, u"ha"_s, u"hä\n\"lf"_s}) {
                store.upsert(drafted(u"a"_s, draft));
                states << reloaded();
            }
            store.upsert(named(u"b"_s, u"n"_s));
            states << reloaded();
            store.remove(u"a"_s);
            states << reloaded();
            copy(); // the destructor writes the file
        }
        const QByteArray file = m_copiedFile;
        const QByteArray journal = m_copiedJournal;
        QVERIFY(journal.size() > 200);
        for (qsizetype length = 0; length <= journal.size(); ++length) {
            const QTemporaryDir folder;
            const QString path = folder.filePath(u"sessions.json"_s);
            write(path, file);
            write(path + u".journal"_s, journal.left(length));
            SessionStore looking(path, m_clock);
            looking.setReadOnly();
            QVERIFY(states.contains(shown(looking.load())));
            if (length % 16 != 0)
                continue; // syncs take their time
            SessionStore store(path, m_clock);
            QVERIFY(states.contains(shown(store.load())));
            QVERIFY(store.notices().isEmpty());
            // And it goes on from there.
            store.upsert(named(u"z"_s, u"n"_s));
            QVERIFY(bytesOf(path + u".journal"_s).contains("\"z\""));
        }
    }

    void garbageInItIsKept()
    {
        {
            SessionStore store(m_path, m_clock);
            store.upsert(named(u"a"_s, u"n"_s));
        }
        write(m_journal,
              "{\"schema\":1,\"base\":1}\n{\"id\":\"a\",\"set\":{\"draft\":\"d\"}}\n"
              "no json\n{\"id\":\"a\",\"set\":{\"name\":\"m\"}}\n");
        SessionStore store(m_path, m_clock);
        QCOMPARE(shown(store.load()), u"a:m:d::0:-"_s); // the rest of it counts
        QCOMPARE(store.notices().size(), 1);
        QCOMPARE(store.notices().at(0).code, u"sessions-file-damaged"_s);
        QVERIFY(bytesOf(store.notices().at(0).path).contains("no json"));
    }

    void oneOfANewerVersionIsKept()
    {
        {
            SessionStore store(m_path, m_clock);
            store.upsert(named(u"a"_s, u"n"_s));
        }
        const QByteArray newer = "{\"schema\":2,\"base\":1}\n{\"what\":1}\n";
        write(m_journal, newer);
        SessionStore store(m_path, m_clock);
        QCOMPARE(store.load().size(), 1);
        QCOMPARE(store.notices().size(), 1);
        QCOMPARE(bytesOf(store.notices().at(0).path), newer);
        store.upsert(drafted(u"a"_s, u"goes on"_s));
        QCOMPARE(reloaded(), u"a:n:goes on::0:-"_s);
    }

    void whereTheFileCannotBeWrittenTheJournalGoesOn()
    {
#ifdef Q_OS_WIN
        QSKIP("folders cannot be made read-only there");
#endif
        SessionStore store(m_path, m_clock);
        store.upsert(named(u"a"_s, u"n"_s));
        QVERIFY(store.flush());
        store.upsert(drafted(u"a"_s, u"1"_s));
        const QByteArray journal = bytesOf(m_journal);
        QVERIFY(QFile::rename(m_path, m_path + u".away"_s));
        QVERIFY(QDir().mkdir(m_path)); // nothing can take its place
        QVERIFY(!store.flush());
        store.upsert(drafted(u"a"_s, u"2"_s));
        QVERIFY(bytesOf(m_journal).startsWith(journal));
        QVERIFY(QDir().rmdir(m_path));
        QVERIFY(QFile::rename(m_path + u".away"_s, m_path));
        QCOMPARE(reloaded(), u"a:n:2::0:-"_s);
    }

    void randomChangesAndKills()
    {
        SeededRandom random(7);
        const auto pick = [&random](int n) { return int(random.unit() * n); };
        auto store = std::make_unique<SessionStore>(m_path, m_clock);
        QList<StoredSession> wanted = store->load();
        for (int step = 0; step < 400; ++step) {
            const QString id = QString(QChar(u'a' + pick(5)));
            const auto at = std::find_if(wanted.begin(), wanted.end(),
                                         [&](const auto &s) { return s.config.id == id; });
            if (pick(6) == 0) {
                store->remove(id);
                if (at != wanted.end())
                    wanted.erase(at);
            } else {
                StoredSession session = at == wanted.end() ? named(id, u"n"_s) : *at;
                switch (pick(3)) {
                case 0:
                    session.draft = QString::number(step);
                    break;
                case 1:
                    session.config.model = QString::number(step);
                    break;
                default:
                    session.parked = !session.parked;
                    break;
                }
                store->upsert(session);
                if (at == wanted.end())
                    wanted.append(session);
                else
                    *at = session;
            }
            if (pick(10) == 0)
                m_clock.advance(700ms);
            if (pick(20) == 0) { // killed: what is on the disk now is all that is left
                copy();
                store.reset();
                restore();
                store = std::make_unique<SessionStore>(m_path, m_clock);
                QCOMPARE(shown(store->load()), shown(wanted));
            }
            QCOMPARE(reloaded(), shown(wanted));
        }
    }

private:
    //! What a start would find now.
    QString reloaded()
    {
        SessionStore store(m_path, m_clock);
        store.setReadOnly();
        const QString result = shown(store.load());
        return store.notices().isEmpty() ? result : u"complained"_s;
    }
    void copy()
    {
        m_copiedFile = bytesOf(m_path);
        m_copiedJournal = bytesOf(m_journal);
    }
    void restore()
    {
        QFile::remove(m_path);
        QFile::remove(m_journal);
        if (!m_copiedFile.isEmpty())
            write(m_path, m_copiedFile);
        if (!m_copiedJournal.isEmpty())
            write(m_journal, m_copiedJournal);
    }

    FakeClock m_clock;
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_path;
    QString m_journal;
    QByteArray m_copiedFile;
    QByteArray m_copiedJournal;
};

QTEST_GUILESS_MAIN(TstSessionJournal)
#include "tst_sessionjournal.moc"
