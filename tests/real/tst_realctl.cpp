// SPDX-License-Identifier: MIT
#include "real/realapp.h"

#include <QJsonDocument>

#include <map>

using namespace pilotlight;
using namespace Qt::StringLiterals;

using Version = RealServer::Version;
Q_DECLARE_METATYPE(pilotlight::RealServer::Version)

namespace {

//! A pilotlightctl --json that runs; ended with this object.
class Ctl
{
public:
    Ctl(const RealHome &home, const AppPaths &paths, const QStringList &arguments)
    {
        QString program = qEnvironmentVariable("PILOTLIGHT_BIN") + u"/pilotlightctl"_s;
#ifdef Q_OS_WIN
        program += u".exe"_s;
#endif
        m_process.setProcessEnvironment(home.environment());
        m_process.setWorkingDirectory(home.workFolder());
        QStringList all{u"--json"_s, u"--profile-dir"_s, QFileInfo(paths.state).path(), u"--cli"_s,
                        home.program()};
        m_process.start(program, all + arguments);
    }
    ~Ctl()
    {
        m_process.kill();
        m_process.waitForFinished();
    }

    void terminate() { m_process.terminate(); }

    //! The exit code; -1 where it does not end or crashes.
    int exitCode()
    {
        if (!eventually([this] { return m_process.state() == QProcess::NotRunning; })
            || m_process.exitStatus() != QProcess::NormalExit)
            return -1;
        return m_process.exitCode();
    }

    //! All lines so far; what is no JSON object gives an empty one, which every test refuses.
    QList<QJsonObject> lines()
    {
        m_output += m_process.readAllStandardOutput();
        QList<QJsonObject> all;
        const qsizetype end = m_output.lastIndexOf('\n');
        if (end < 0)
            return all;
        for (const QByteArray &line : m_output.left(end).split('\n'))
            all.append(QJsonDocument::fromJson(line).object());
        return all;
    }

    //! The lines whose members are these, among others.
    QList<QJsonObject> lines(const QJsonObject &like)
    {
        QList<QJsonObject> found;
        for (const QJsonObject &line : lines()) {
            bool same = true;
            for (auto it = like.begin(); it != like.end(); ++it)
                same = same && line.value(it.key()) == it.value();
            if (same)
                found.append(line);
        }
        return found;
    }

    bool says(const QJsonObject &like)
    {
        return eventually([&] { return !lines(like).isEmpty(); });
    }

    //! Every line is an object with a UTC time and an event's name.
    bool isWellFormed()
    {
        const QList<QJsonObject> all = lines();
        return !all.isEmpty() && std::all_of(all.cbegin(), all.cend(), [](const auto &line) {
            const QString time = line[u"t"].toString();
            return time.endsWith(u'Z') && QDateTime::fromString(time, Qt::ISODateWithMs).isValid()
                && !line[u"event"].toString().isEmpty();
        });
    }

    QByteArray output()
    {
        lines();
        return m_output + m_process.readAllStandardError();
    }

private:
    QProcess m_process;
    QByteArray m_output;
};

QJsonObject named(const QString &name, const QJsonObject &more = {})
{
    QJsonObject object = more;
    object.insert(u"event"_s, name);
    return object;
}

} // namespace

//! The command line on the real Copilot CLI, as processes.
class TstRealCtl : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase_data()
    {
        QTest::addColumn<Version>("version");
        QTest::newRow("newest") << Version::Newest;
        QTest::newRow("1.0.40") << Version::V1_0_40;
    }

    void init()
    {
        QFETCH_GLOBAL(Version, version);
        if (const QString reason = RealServer::skipReason(version); !reason.isEmpty())
            QSKIP(qPrintable(reason));
        QVERIFY2(m_model.startModel(), m_model.output().constData());
        std::unique_ptr<RealHome> &home = m_homes[version];
        if (home)
            return;
        home = std::make_unique<RealHome>(version);
        QJsonObject provider = m_model.provider();
        provider.insert(u"model"_s, u"stub-model"_s);
        QFile file(providerFile(*home));
        QVERIFY(file.open(QFile::WriteOnly));
        file.write(QJsonDocument(provider).toJson());
    }

    void newSendAndGuard()
    {
        QFETCH_GLOBAL(Version, version);
        const RealHome &home = *m_homes[version];
        const AppPaths paths = home.sharedPaths();
        QString id;
        {
            Ctl ctl(home, paths,
                    {u"new"_s, u"--cwd"_s, home.workFolder(), u"--provider"_s, providerFile(home)});
            QVERIFY2(ctl.exitCode() == 0, ctl.output().constData());
            QVERIFY2(ctl.isWellFormed(), ctl.output().constData());
            const auto created = ctl.lines(named(u"session"_s, {{u"state"_s, u"created"_s}}));
            QCOMPARE(created.size(), 1);
            id = created[0][u"session"].toString();
            QVERIFY(!id.isEmpty());
        }
        const auto server = readServerRecord(paths.state + u"/server.json"_s);
        QVERIFY(server);

        const QJsonObject ours{{u"session"_s, id}};
        {
            // The server has forgotten a session without a turn: it comes back under its id.
            Ctl ctl(home, paths, {u"send"_s, id, u"[slow 5x50ms]"_s});
            QVERIFY2(ctl.exitCode() == 0, ctl.output().constData());
            QVERIFY2(ctl.isWellFormed(), ctl.output().constData());
            QString text;
            for (const QJsonObject &line : ctl.lines(named(u"delta"_s, ours)))
                text += line[u"text"].toString();
            QCOMPARE(text.trimmed(), u"tok0 tok1 tok2 tok3 tok4"_s);
            const auto messages = ctl.lines(named(u"message"_s, ours));
            QCOMPARE(messages.size(), 1);
            QCOMPARE(messages[0][u"text"].toString().trimmed(), text.trimmed());
            QCOMPARE(ctl.lines(named(u"idle"_s, ours)).size(), 1);
        }

        Ctl guard(home, paths, {u"guard"_s, u"--interval"_s, u"5"_s});
        QVERIFY2(guard.says(named(u"phase"_s, {{u"phase"_s, u"online"_s}})),
                 guard.output().constData());
        QVERIFY2(guard.says(named(u"session"_s, {{u"session"_s, id}, {u"state"_s, u"attached"_s}})),
                 guard.output().constData());
        {
            // Another command on the session that the guard holds.
            Ctl ctl(home, paths,
                    {u"send"_s, u"--allow"_s, u"once"_s, id, u"[tool:bash echo x] [say done]"_s});
            QVERIFY2(ctl.exitCode() == 0, ctl.output().constData());
            QVERIFY2(!ctl.lines(named(u"tool"_s, {{u"state"_s, u"completed"_s}})).isEmpty(),
                     ctl.output().constData());
            QVERIFY2(!ctl.lines(named(u"message"_s, {{u"text"_s, u"done"_s}})).isEmpty(),
                     ctl.output().constData());
        }
        QVERIFY2(eventually([&] {
                     return guard.lines(named(u"probe"_s, {{u"kind"_s, u"ping"_s}})).size() >= 2;
                 }),
                 guard.output().constData());
        for (const QJsonObject &probe : guard.lines(named(u"probe"_s))) {
            QCOMPARE(probe[u"outcome"].toString(), u"ok"_s);
            QVERIFY(probe[u"us"].toInt() > 0);
        }
        QVERIFY2(guard.isWellFormed(), guard.output().constData());
        QVERIFY(guard.lines(named(u"session"_s, {{u"state"_s, u"lost"_s}})).isEmpty());
#ifdef Q_OS_UNIX // a console program of another process group has no signal to catch on Windows
        guard.terminate();
        QVERIFY2(guard.exitCode() == 0, guard.output().constData());
#endif
        // One server for all of them, and it goes on.
        const auto now = readServerRecord(paths.state + u"/server.json"_s);
        QVERIFY(now && now->process == server->process);
        QCOMPARE(processState(now->process), ProcessState::Running);
    }

    void spawned()
    {
        QFETCH_GLOBAL(Version, version);
        const RealHome &home = *m_homes[version];
        Ctl ctl(home, m_homes[version]->newPaths(), {u"--spawn"_s, u"status"_s});
        QVERIFY2(ctl.exitCode() == 0, ctl.output().constData());
        const auto status = ctl.lines(named(u"status"_s));
        QVERIFY2(status.size() == 1, ctl.output().constData());
        QCOMPARE(status[0][u"version"].toString() == "1.0.40"_L1, version == Version::V1_0_40);
        QCOMPARE(status[0][u"protocol"].toInt(), 3);
        QCOMPARE(status[0][u"signedIn"].toBool(true), false);
    }

    void cleanupTestCase()
    {
        for (const auto &[version, home] : m_homes) {
            if (const auto left = readServerRecord(home->sharedPaths().state + u"/server.json"_s))
                signalGroup(left->process, GroupSignal::Terminate);
        }
        const auto all = [this] {
            QStringList found;
            for (const auto &[version, home] : m_homes)
                found += home->processes();
            return found;
        };
        QTRY_COMPARE_WITH_TIMEOUT(all(), QStringList(), 30'000);
        m_model.stop();
    }

private:
    static QString providerFile(const RealHome &home) { return home.path() + u"/provider.json"_s; }

    RealServer m_model;
    std::map<Version, std::unique_ptr<RealHome>> m_homes;
};

QTEST_GUILESS_MAIN(TstRealCtl)
#include "tst_realctl.moc"
