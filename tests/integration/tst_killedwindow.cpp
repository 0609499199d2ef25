// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "base/systemclock.h"
#include "session/outbox.h"
#include "support/serverprocess.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>
#include <QMap>
#include <QProcess>
#include <QRandomGenerator>
#include <QRegularExpression>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

// 200, one in ten of them the real window; PILOTLIGHT_KILLS and PILOTLIGHT_SEED (a number, or
// "random") say otherwise.
constexpr int DefaultKills = 200;
constexpr int WindowEach = 10;
constexpr quint32 DefaultSeed = 20261121;

//! What the calls that have returned have promised.
struct Promise
{
    QMap<QString, QString> names; //!< of sessions
    QMap<QString, QString> drafts;
    QMap<QString, QString> prompts; //!< their sessions, by their text
    QString cli;
    QString server;
    QString closing; //!< may be there or not
};

QString loadProgram()
{
#ifdef Q_OS_WIN
    return QCoreApplication::applicationDirPath() + u"/window-load.exe"_s;
#else
    return QCoreApplication::applicationDirPath() + u"/window-load"_s;
#endif
}

} // namespace

//! Pilotlight is killed (SIGKILL) at random moments under load. The next start has every prompt,
//! draft, session and setting of a call that had returned, and no prompt twice.
class TstKilledWindow : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s); }

    void nothingIsLost()
    {
        const QString wish = qEnvironmentVariable("PILOTLIGHT_SEED");
        const quint32 seed = wish == u"random" ? QRandomGenerator::global()->generate()
            : wish.isEmpty()                   ? DefaultSeed
                                               : wish.toUInt();
        const int kills = qEnvironmentVariableIsSet("PILOTLIGHT_KILLS")
            ? qEnvironmentVariableIntValue("PILOTLIGHT_KILLS")
            : DefaultKills;
        qInfo("seed %u, %d kills", seed, kills);
        SeededRandom random(seed);
        ServerProcess server;
        QTemporaryDir folder;
        m_profile = folder.filePath(u"profile"_s);
        m_history = folder.filePath(u"server"_s);
        QVERIFY2(
            server.start(demoServerProgram(), {u"--state-dir"_s, m_history, u"--speed"_s, u"50"_s}),
            server.output().constData());
        m_url = u"tcp://127.0.0.1:%1"_s.arg(server.port());

        for (int kill = 0; kill < kills; ++kill) {
            const bool window = kill % WindowEach == WindowEach - 1;
            // One in eight while it starts, the others after some calls; how far it gets meanwhile
            // is chance.
            const bool early = random.unit() < 0.125;
            const int lines = early ? 0 : 1 + int(random.unit() * 60);
            const int delay = int(random.unit() * (early ? 150 : 10));
            run(seed + quint32(kill), window, lines, delay);
            if (QTest::currentTestFailed()) {
                folder.setAutoRemove(false);
                qInfo("at kill %d of seed %u; everything is kept in %s", kill, seed,
                      qPrintable(folder.path()));
                return;
            }
        }
        // The last start, which only has to say what it found.
        run(seed + quint32(kills), false, 0, -1);
        qInfo("%d prompts given, %lld answered, %lld sessions left, %d starts with a window",
              m_given, qlonglong(m_answered.size()), qlonglong(m_promised.names.size()), m_windows);
        QVERIFY(m_given > kills);
        QVERIFY(m_answered.size() > kills / 4); // the server's history was read
        QVERIFY(m_starts > kills / 2); // and most starts came far enough to be compared
    }

private:
    //! One start, \a lines calls, \a delay ms more, and the end. -1: the end comes when it has said
    //! what it found.
    void run(quint32 seed, bool window, int lines, int delay)
    {
        QProcess program;
        QStringList words{u"--profile-dir"_s,   m_profile, u"--connect"_s, m_url, u"--seed"_s,
                          QString::number(seed)};
        if (window)
            words.append(u"--window"_s);
        program.start(loadProgram(), words);
        QVERIFY(program.waitForStarted(10'000));
        QByteArray output;
        const auto calls = [&output] {
            const qsizetype loaded = output.indexOf("\"loaded\"");
            return loaded < 0 ? -1 : output.count('\n') - output.left(loaded).count('\n') - 1;
        };
        while ((lines > 0 || delay < 0) && calls() < lines) {
            if (!program.waitForReadyRead(20'000))
                break;
            output += program.readAllStandardOutput();
        }
        if (delay > 0)
            QTest::qWait(delay);
        program.kill();
        QVERIFY(program.waitForFinished(10'000));
        QCOMPARE(program.exitStatus(), QProcess::CrashExit); // it was killed, not done
        output += program.readAllStandardOutput();
        QVERIFY2(calls() >= lines || lines == 0, output.constData());
        output.truncate(output.lastIndexOf('\n') + 1);
        compare(output);
        if (QTest::currentTestFailed()) {
            qInfo("it said: %s", output.constData());
            return;
        }
        m_windows += window && output.contains("\"loaded\"") ? 1 : 0;
        promise(output);
        comparePrompts();
        if (QTest::currentTestFailed())
            qInfo("it said: %s", output.constData());
    }

    //! What this start has found with what the earlier ones have promised.
    void compare(const QByteArray &output)
    {
        if (!output.contains("\"loaded\""))
            return; // killed too early to tell; the next one will
        ++m_starts;
        QMap<QString, QString> names;
        QMap<QString, QString> drafts;
        const QList<QByteArray> said = output.split('\n');
        for (const QByteArray &line : said) {
            const QJsonObject object = QJsonDocument::fromJson(line).object();
            const QString what = object[u"did"].toString();
            if (what == u"found") {
                names.insert(object[u"id"].toString(), object[u"name"].toString());
                drafts.insert(object[u"id"].toString(), object[u"draft"].toString());
            } else if (what == u"found-settings") {
                const QString cli = object[u"cli"].toString();
                const QString server = object[u"server"].toString();
                maybe(cli, m_promised.cli, "setting");
                maybe(server, m_promised.server, "server");
                m_promised.cli = cli;
                m_promised.server = server;
            } else if (what == u"loaded") {
                break;
            }
        }
        for (auto it = m_promised.names.begin(); it != m_promised.names.end(); ++it) {
            if (it.key() == m_promised.closing && !names.contains(it.key()))
                continue;
            QVERIFY2(names.contains(it.key()), qPrintable(u"lost session "_s + it.value()));
            maybe(names.value(it.key()), it.value(), "name");
            maybe(drafts.value(it.key()), m_promised.drafts.value(it.key()), "draft");
        }
        // What it did last may be there without its word: at most one more session.
        int more = 0;
        for (auto it = names.begin(); it != names.end(); ++it)
            more += m_promised.names.contains(it.key()) ? 0 : 1;
        QVERIFY2(more <= 1, "sessions that were closed are back");
        m_promised.names = names;
        m_promised.drafts = drafts;
        m_promised.closing.clear();
    }

    //! \a found is what was promised, or what came after it and was not said any more.
    void maybe(const QString &found, const QString &promised, const char *what)
    {
        if (found == promised)
            return;
        const bool longer = !promised.isEmpty() && found.startsWith(promised); // a draft
        const bool newer = stamp(found) > m_said;
        QVERIFY2(longer || newer,
                 qPrintable(u"%1: promised \"%2\", found \"%3\""_s.arg(QLatin1String(what),
                                                                       promised, found)));
    }

    void promise(const QByteArray &output)
    {
        const QList<QByteArray> said = output.split('\n');
        for (const QByteArray &line : said) {
            const QJsonObject object = QJsonDocument::fromJson(line).object();
            const QString what = object[u"did"].toString();
            const QString id = object[u"id"].toString();
            if (what == u"session") {
                m_promised.names.insert(id, object[u"name"].toString());
                count(object[u"name"].toString());
            } else if (what == u"draft") {
                m_promised.drafts.insert(id, object[u"draft"].toString());
                count(object[u"draft"].toString());
            } else if (what == u"prompt") {
                m_promised.prompts.insert(object[u"text"].toString(), id);
                ++m_given;
                count(object[u"text"].toString());
            } else if (what == u"setting") {
                m_promised.cli = object[u"cli"].toString();
                count(m_promised.cli);
            } else if (what == u"server") {
                m_promised.server = object[u"server"].toString();
                count(m_promised.server);
            } else if (what == u"closing") {
                m_promised.closing = id;
                m_promised.prompts.removeIf(
                    [&](QMap<QString, QString>::iterator it) { return it.value() == id; });
            } else if (what == u"closed") {
                forget(id);
            }
        }
    }
    //! The run and the count in it that a text was made at: "20261121-57 prompt". Runs ascend.
    static std::pair<qint64, int> stamp(const QString &text)
    {
        static const QRegularExpression shape(u"(\\d+)-(\\d+) "_s);
        std::pair<qint64, int> last;
        for (auto it = shape.globalMatch(text); it.hasNext();) {
            const auto match = it.next();
            last = {match.captured(1).toLongLong(), match.captured(2).toInt()};
        }
        return last;
    }
    void count(const QString &text) { m_said = std::max(m_said, stamp(text)); }
    void forget(const QString &id)
    {
        m_promised.names.remove(id);
        m_promised.drafts.remove(id);
        m_promised.closing.clear();
    }

    //! Every prompt is in the outbox or in the server's history; none is twice in the history.
    void comparePrompts()
    {
        const QTemporaryDir copy;
        const QString name = u"/outbox.jsonl"_s;
        QFile::copy(m_profile + u"/state"_s + name, copy.path() + name);
        SystemClock clock;
        Outbox outbox(copy.path() + name, clock);
        outbox.load();
        QSet<QString> waiting;
        for (const OutboxEntry &entry : outbox.entries()) {
            QVERIFY2(!waiting.contains(entry.prompt.text), qPrintable(entry.prompt.text));
            waiting.insert(entry.prompt.text);
        }
        QStringList missing;
        // The server writes every 100 ms.
        QTRY_VERIFY2_WITH_TIMEOUT((missing = missingFrom(waiting)).isEmpty(),
                                  qPrintable(missing.join(u", "_s)), 5000);
    }

    QStringList missingFrom(const QSet<QString> &waiting)
    {
        readHistory();
        QStringList missing;
        for (auto it = m_promised.prompts.begin(); it != m_promised.prompts.end(); ++it) {
            if (!waiting.contains(it.key()) && !m_answered.contains(it.key()))
                missing.append(it.key() + u" of "_s + it.value());
        }
        return missing;
    }

    //! What the server's files have got since the last time.
    void readHistory()
    {
        QDirIterator files(m_history, {u"events.jsonl"_s}, QDir::Files,
                           QDirIterator::Subdirectories);
        while (files.hasNext()) {
            const QString path = files.next();
            QFile file(path);
            if (!file.open(QFile::ReadOnly))
                continue;
            file.seek(m_read.value(path));
            while (!file.atEnd()) {
                const QByteArray line = file.readLine();
                if (!line.endsWith('\n'))
                    break; // half a line: next time
                m_read[path] += line.size();
                const QJsonObject event = QJsonDocument::fromJson(line).object();
                if (event[u"type"] != u"user.message"_s)
                    continue;
                const QString text = event[u"data"][u"content"].toString();
                QVERIFY2(!m_answered.contains(text), qPrintable(u"twice: "_s + text));
                m_answered.insert(text);
            }
        }
    }

    QString m_profile;
    QString m_history;
    QString m_url;
    Promise m_promised;
    std::pair<qint64, int> m_said; //!< the newest stamp
    QSet<QString> m_answered;
    int m_given = 0; //!< prompts, those of sessions that were closed since among them
    QMap<QString, qint64> m_read;
    int m_starts = 0;
    int m_windows = 0;
};

QTEST_GUILESS_MAIN(TstKilledWindow)
#include "tst_killedwindow.moc"
