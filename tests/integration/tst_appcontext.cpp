// SPDX-License-Identifier: MIT
#include "app/wiring/appcontext.h"
#include "support/serverprocess.h"

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

    static bool startDemo(ServerProcess &server) { return server.start(demoServerProgram(), {}); }
    static QString urlOf(const ServerProcess &server)
    {
        return QStringLiteral("tcp://127.0.0.1:%1").arg(server.port());
    }
    static BackendSettings second(const QString &url)
    {
        BackendSettings backend;
        backend.id = QStringLiteral("second");
        backend.kind = BackendKind::Copilot;
        backend.mode = ServerMode::Attach;
        backend.url = url;
        backend.keepalive.intervalSeconds = 60;
        return backend;
    }

private Q_SLOTS:
    void backendsLiveSideBySideAndAreRemembered()
    {
        ServerProcess one;
        ServerProcess two;
        QVERIFY2(startDemo(one), one.output().constData());
        QVERIFY2(startDemo(two), two.output().constData());
        const QTemporaryDir folder;
        {
            AppContext context(options(folder));
            context.applySettings(attachTo(urlOf(one)));
            QVERIFY(context.setBackend(second(urlOf(two)), Secret("t0ken-of-the-second")));
        }
        QFile file(folder.filePath(QStringLiteral("config/backends.json")));
        QVERIFY(file.open(QFile::ReadOnly));
        QVERIFY2(!file.readAll().contains("t0ken"), "tokens are for the keychain only");

        AppContext context(options(folder));
        context.start();
        const auto phase = [&context](const QString &id) {
            const Connection *connection = context.connections().find(id);
            return connection ? connection->status().phase : Phase::Disposed;
        };
        const QString id = QStringLiteral("second");
        QTRY_COMPARE_WITH_TIMEOUT(phase(DefaultBackendId), Phase::Online, 20'000);
        QTRY_COMPARE_WITH_TIMEOUT(phase(id), Phase::Online, 20'000);
        QVERIFY(context.connections().find(id)->status().keepalive.interval
                == Milliseconds(60'000));
        QVERIFY(context.connection().status().keepalive.interval == Milliseconds(900'000));
        const quint64 generation = context.connection().status().generation;

        two.kill();
        QTRY_VERIFY_WITH_TIMEOUT(phase(id) != Phase::Online, 20'000);
        QCOMPARE(phase(DefaultBackendId), Phase::Online);
        QCOMPARE(context.connection().status().generation, generation);

        // The override of the default one: at once, on the same connection.
        BackendSettings own;
        own.id = DefaultBackendId;
        own.keepalive.method = QStringLiteral("none");
        own.keepalive.sessionTouch = SessionTouch::Off;
        QVERIFY(context.setBackend(own));
        QCOMPARE(context.connection().status().keepalive.state, KeepaliveState::Off);
        QCOMPARE(context.sessions().keeping(DefaultBackendId).touch, TouchMode::Off);
        QCOMPARE(context.connection().status().generation, generation);

        BackendSettings off = second(urlOf(two));
        off.enabled = false;
        QVERIFY(context.setBackend(off));
        QTRY_COMPARE_WITH_TIMEOUT(phase(id), Phase::Idle, 20'000);
        QVERIFY(context.removeBackend(id));
        QCOMPARE(context.connections().ids(), QStringList(DefaultBackendId));
        QVERIFY(!context.removeBackend(DefaultBackendId));
    }

    void line28_whatTheKeepaliveDoesIsCountedAndExported()
    {
        ServerProcess server;
        QVERIFY2(startDemo(server), server.output().constData());
        const QTemporaryDir folder;
        AppContext context(options(folder));
        AppSettings settings = attachTo(urlOf(server));
        settings.metricsEndpoint = QStringLiteral("http://127.0.0.1:1");
        context.applySettings(settings);
        QTRY_COMPARE_WITH_TIMEOUT(context.connection().status().phase, Phase::Online, 20'000);
        context.connection().probeNow();
        const auto answered = [&context] {
            return context.observers().metrics().snapshot().total(DefaultBackendId,
                                                                  MetricCounter::Success);
        };
        QTRY_VERIFY_WITH_TIMEOUT(answered() > 0, 20'000);
        QVERIFY(context.observers().exporter().config().isOn());
        settings.metricsEndpoint.clear();
        context.applySettings(settings);
        QVERIFY(!context.observers().exporter().config().isOn());
    }

    void nonsenseOfABackendIsRefusedAndShown()
    {
        const QTemporaryDir folder;
        AppContext context(options(folder));
        QSignalSpy notices(&context, &AppContext::notice);
        BackendSettings backend = second(QStringLiteral("ftp://x"));
        QVERIFY(!context.setBackend(backend));
        QCOMPARE(context.connections().ids(), QStringList(DefaultBackendId));
        backend.url = QStringLiteral("tcp://127.0.0.1:1");
        backend.enabled = false;
        backend.keepalive.intervalSeconds = -1;
        QVERIFY(context.setBackend(backend));
        QTRY_COMPARE(notices.count(), 1);
        QCOMPARE(notices.first().first().toString(), QStringLiteral("keepalive-settings"));
        QVERIFY(context.setBackend(backend)); // said once
        QTest::qWait(0);
        QCOMPARE(notices.count(), 1);
    }

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
