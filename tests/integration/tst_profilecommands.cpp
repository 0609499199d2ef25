// SPDX-License-Identifier: MIT
#include "app/wiring/appcontext.h"
#include "support/ctlprocess.h"
#include "support/serverprocess.h"
#include "transport/localchannel.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray();
}

BackendSettings tools()
{
    BackendSettings backend;
    backend.id = u"tools"_s;
    backend.command = u"/nowhere/tool-server"_s;
    backend.enabled = false;
    backend.environment = {{u"API_TOKEN"_s, u"t0p-secret"_s}};
    return backend;
}

StoredSession kept(const QString &id)
{
    StoredSession session;
    session.config.id = id;
    session.config.name = u"Name of "_s + id;
    session.draft = u"a draft"_s;
    return session;
}

} // namespace

//! Settings and sessions out of one profile and into another: by the command line, and inside a
//! program as the window does it.
class TstProfileCommands : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        SystemClock clock;
        SettingsStore settings(m_home->filePath(u"a/config/settings.json"_s));
        AppSettings values;
        values.theme = ThemeChoice::Dark;
        values.mode = ServerMode::Demo;
        QVERIFY(settings.set(values));
        BackendStore backends(m_home->filePath(u"a/config/backends.json"_s));
        QVERIFY(backends.set(tools()));
        SessionStore sessions(m_home->filePath(u"a/state/sessions.json"_s), clock);
        sessions.upsert(kept(u"s1"_s));
        sessions.upsert(kept(u"s2"_s));
        QVERIFY(sessions.flush());
    }

    void settingsGoFromOneProfileToAnother()
    {
        QVERIFY(run(u"a"_s, {u"settings"_s, u"export"_s, u"out.json"_s}));
        const QByteArray file = contentOf(m_home->filePath(u"out.json"_s));
        QVERIFY(file.contains("dark"));
        QVERIFY(!file.contains("t0p-secret"));
        QVERIFY(!file.contains("Name of")); // sessions are another export

        // Without --yes it only says what it would do.
        QVERIFY(run(u"b"_s, {u"settings"_s, u"import"_s, u"out.json"_s}));
        QVERIFY(
            !m_said.lines({{u"event"_s, u"change"_s}, {u"name"_s, u"window.theme"_s}}).isEmpty());
        QVERIFY(m_said.lines({{u"event"_s, u"imported"_s}}).isEmpty());
        QVERIFY(!QFile::exists(path(u"b/config/settings.json"_s)));

        QVERIFY(run(u"b"_s, {u"settings"_s, u"import"_s, u"out.json"_s, u"--yes"_s}));
        QCOMPARE(m_said.lines({{u"event"_s, u"imported"_s}}).size(), 1);
        SettingsStore settings(path(u"b/config/settings.json"_s));
        settings.load();
        QCOMPARE(settings.values().theme, ThemeChoice::Dark);
        BackendStore backends(path(u"b/config/backends.json"_s));
        backends.load();
        QCOMPARE(backends.values().size(), 1);

        // Again: nothing to do, and its own secret is still there.
        QVERIFY(run(u"a"_s, {u"settings"_s, u"import"_s, u"out.json"_s, u"--yes"_s}));
        QVERIFY(m_said.lines({{u"event"_s, u"change"_s}}).isEmpty());
        QVERIFY(contentOf(path(u"a/config/backends.json"_s)).contains("t0p-secret"));
    }

    void sessionsGoFromOneProfileToAnother()
    {
        QVERIFY(run(u"a"_s, {u"sessions"_s, u"export"_s, u"out.json"_s}));
        QVERIFY(!contentOf(path(u"out.json"_s)).contains("a draft"));
        QVERIFY(run(u"b"_s, {u"sessions"_s, u"import"_s, u"out.json"_s, u"--yes"_s}));
        QVERIFY(run(u"b"_s, {u"sessions"_s, u"import"_s, u"out.json"_s, u"--yes"_s}));
        QVERIFY(m_said.lines({{u"event"_s, u"change"_s}}).isEmpty()); // they are there
        SystemClock clock;
        SessionStore sessions(path(u"b/state/sessions.json"_s), clock);
        const QList<StoredSession> loaded = sessions.load();
        QCOMPARE(loaded.size(), 2);
        QCOMPARE(loaded.at(1).config.name, u"Name of s2"_s);
    }

    void aBadFileChangesNothing_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("cut") << QByteArray("{\"format\":\"pilotlight-pro");
        QTest::newRow("newer") << QByteArray("{\"format\":\"pilotlight-profile\",\"schema\":9}");
        QTest::newRow("other") << QByteArray("{}");
        QTest::newRow("half wrong")
            << QByteArray("{\"format\":\"pilotlight-profile\",\"schema\":1,\"settings\":"
                          "{\"window\":{\"theme\":\"light\"}},\"backends\":[{\"id\":\"x\"}]}");
    }
    void aBadFileChangesNothing()
    {
        QFETCH(QByteArray, bytes);
        QFile file(path(u"bad.json"_s));
        QVERIFY(file.open(QFile::WriteOnly));
        file.write(bytes);
        file.close();
        const QByteArray settings = contentOf(path(u"a/config/settings.json"_s));
        CtlProcess ctl(m_home->path(),
                       {u"--profile-dir"_s, path(u"a"_s), u"settings"_s, u"import"_s, u"bad.json"_s,
                        u"--yes"_s});
        QCOMPARE(ctl.exitCode(), 4);
        const auto errors = ctl.lines({{u"event"_s, u"notice"_s}, {u"level"_s, u"error"_s}});
        QCOMPARE(errors.size(), 1);
        QVERIFY(errors.first()[u"text"].toString().contains(u"nothing was changed"_s));
        QCOMPARE(contentOf(path(u"a/config/settings.json"_s)), settings);
        QCOMPARE(QDir(path(u"a/config"_s)).entryList(QDir::Files).size(), 2); // and no copies
    }

    void resetKeepsACopy()
    {
        const QByteArray before = contentOf(path(u"a/config/settings.json"_s));
        QVERIFY(run(u"a"_s, {u"settings"_s, u"reset"_s}));
        QCOMPARE(contentOf(path(u"a/config/settings.json"_s)), before);
        QVERIFY(run(u"a"_s, {u"settings"_s, u"reset"_s, u"--yes"_s}));
        SettingsStore settings(path(u"a/config/settings.json"_s));
        settings.load();
        QCOMPARE(settings.values(), AppSettings());
        const auto reset = m_said.lines({{u"event"_s, u"reset"_s}});
        QCOMPARE(reset.size(), 1);
        QCOMPARE(contentOf(reset.first()[u"backups"][0].toString()), before);
        BackendStore backends(path(u"a/config/backends.json"_s));
        backends.load();
        QCOMPARE(backends.values().size(), 1); // not asked for
        QVERIFY(run(u"a"_s, {u"settings"_s, u"reset"_s, u"--servers"_s, u"--yes"_s}));
        backends.load();
        QVERIFY(backends.values().isEmpty());
    }

    void aProfileThatAWindowHasOpenIsLeftAlone()
    {
        QVERIFY(run(u"a"_s, {u"settings"_s, u"export"_s, u"settings.json"_s}));
        QVERIFY(run(u"a"_s, {u"sessions"_s, u"export"_s, u"sessions.json"_s}));
        QVERIFY(QDir().mkpath(path(u"b/state"_s)));
        LocalListener window;
        QVERIFY(window.listen(path(u"b/state"_s), u"window"_s));
        for (const QString &what : {u"settings"_s, u"sessions"_s}) {
            CtlProcess ctl(m_home->path(),
                           {u"--profile-dir"_s, path(u"b"_s), what, u"import"_s, what + u".json"_s,
                            u"--yes"_s});
            QCOMPARE(ctl.exitCode(), 4);
            const auto errors = ctl.lines({{u"event"_s, u"notice"_s}, {u"level"_s, u"error"_s}});
            QCOMPARE(errors.size(), 1);
            QVERIFY(errors.first()[u"text"].toString().contains(u"window"_s));
        }
        QVERIFY(!QFile::exists(path(u"b/config/settings.json"_s)));
        QVERIFY(!QFile::exists(path(u"b/state/sessions.json"_s)));
    }

    void nonsenseIsRefused_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::newRow("nothing") << QStringList{u"settings"_s};
        QTest::newRow("no file") << QStringList{u"settings"_s, u"import"_s};
        QTest::newRow("other") << QStringList{u"settings"_s, u"show"_s, u"x"_s};
        QTest::newRow("reset file") << QStringList{u"settings"_s, u"reset"_s, u"x"_s};
        QTest::newRow("sessions reset") << QStringList{u"sessions"_s, u"reset"_s};
    }
    void nonsenseIsRefused()
    {
        QFETCH(QStringList, words);
        CtlProcess ctl(m_home->path(), words);
        QCOMPARE(ctl.exitCode(), 1);
    }

    void aRunningProgramTakesItAtOnce()
    {
        const QTemporaryDir folder;
        AppOptions options;
        options.paths = AppPaths::below(folder.path());
        options.useKeychain = false;
        options.stderrLevel.reset();
        AppContext context(options);
        AppSettings demo;
        demo.mode = ServerMode::Demo;
        QVERIFY(context.settingsStore().set(demo));

        ProfileContent file;
        file.settings = demo;
        file.settings->theme = ThemeChoice::Light;
        file.backends = {tools()};
        file.sessions = {kept(u"s1"_s)};
        const ProfileContent read =
            *readProfile(writeProfile(file, QDateTime::fromSecsSinceEpoch(0)));
        const auto copies = context.importProfile(planImport(read, context.profile()));
        QVERIFY(copies);
        QCOMPARE(copies->size(), 1); // only the settings had a file
        QCOMPARE(context.settingsStore().values().theme, ThemeChoice::Light);
        QVERIFY(context.connections().find(u"tools"_s));
        QVERIFY(context.sessions().find(u"s1"_s));
        QVERIFY(contentOf(context.sessionStore()->path()).contains("Name of s1"));
        QVERIFY(planImport(read, context.profile()).changes.isEmpty());

        QVERIFY(context.resetSettings(true));
        QCOMPARE(context.settingsStore().values().theme, ThemeChoice::System);
        QVERIFY(!context.connections().find(u"tools"_s));
        QVERIFY(context.sessions().find(u"s1"_s)
                || context.connection().status().mode
                    != ConnectionMode::Demo); // it is in the demo's list
    }

private:
    QString path(const QString &name) const { return m_home->filePath(name); }
    //! What the last run has said.
    struct Said
    {
        QList<QJsonObject> all;
        QList<QJsonObject> lines(const QJsonObject &like) const
        {
            QList<QJsonObject> result;
            for (const QJsonObject &line : all) {
                bool fits = true;
                for (auto it = like.begin(); it != like.end(); ++it)
                    fits = fits && line.value(it.key()) == it.value();
                if (fits)
                    result.append(line);
            }
            return result;
        }
    };
    bool run(const QString &profile, const QStringList &words)
    {
        CtlProcess ctl(m_home->path(), QStringList{u"--profile-dir"_s, path(profile)} + words);
        const int code = ctl.exitCode();
        m_said.all = ctl.lines();
        if (code != 0)
            qWarning("%s", ctl.output().constData());
        return code == 0;
    }

    std::unique_ptr<QTemporaryDir> m_home;
    Said m_said;
};

QTEST_GUILESS_MAIN(TstProfileCommands)
#include "tst_profilecommands.moc"
