// SPDX-License-Identifier: MIT
#include "app/wiring/appcontext.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;

//! What the composition root itself decides; the parts have tests of their own.
class TestAppContext : public QObject
{
    Q_OBJECT
private:
    static AppOptions options(const QTemporaryDir &folder)
    {
        AppOptions options;
        options.paths = AppPaths::below(folder.path());
        options.useKeychain = false;
        options.stderrLevel.reset();
        return options;
    }
    static SessionConfig named(const char *id)
    {
        SessionConfig config;
        config.id = QString::fromLatin1(id);
        return config;
    }
    static AppSettings attachTo(const QString &url)
    {
        AppSettings settings;
        settings.mode = ServerMode::Attach;
        settings.url = url;
        return settings;
    }

private Q_SLOTS:
    void demoAndRealSessionsAreNeverMixed()
    {
        const QTemporaryDir folder;
        AppContext context(options(folder));
        AppSettings demo;
        demo.mode = ServerMode::Demo;
        // Nobody listens there: the list is what this is about.
        const AppSettings real = attachTo(QStringLiteral("tcp://127.0.0.1:1"));
        context.applySettings(real);
        context.sessions().create(named("real"));
        QSignalSpy replaced(&context, &AppContext::sessionsReplaced);

        context.applySettings(demo);
        QCOMPARE(replaced.count(), 1);
        QVERIFY(context.sessions().sessions().empty());
        context.sessions().create(named("demo"));
        context.applySettings(demo);
        QCOMPARE(replaced.count(), 1);
        QVERIFY(context.sessions().find(QStringLiteral("demo")));
        QVERIFY(context.sessionStore()->flush());

        context.applySettings(real);
        QCOMPARE(replaced.count(), 2);
        QVERIFY(context.sessions().find(QStringLiteral("real")));
        QVERIFY(!context.sessions().find(QStringLiteral("demo")));
        QVERIFY(context.sessionStore()->flush());

        const auto text = [&folder](const char *name) {
            QFile file(folder.filePath(QStringLiteral("state/") + QString::fromLatin1(name)));
            return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray();
        };
        QVERIFY(text("sessions.json").contains("\"real\""));
        QVERIFY(!text("sessions.json").contains("\"demo\""));
        QVERIFY(text("demo-sessions.json").contains("\"demo\""));
        QVERIFY(!text("demo-sessions.json").contains("\"real\""));
    }

    void aKeyThatCannotBeKeptIsTold()
    {
        const QTemporaryDir folder;
        AppContext context(options(folder));
        QSignalSpy notices(&context, &AppContext::notice);
        context.applySettings(attachTo(QStringLiteral("tcp://127.0.0.1:1")),
                              Secret("token-for-a-test"));
        QTRY_VERIFY(!notices.isEmpty());
        QCOMPARE(notices.first().first().toString(), QStringLiteral("keychain-unavailable"));
    }
};

QTEST_GUILESS_MAIN(TestAppContext)
#include "tst_appcontext.moc"
