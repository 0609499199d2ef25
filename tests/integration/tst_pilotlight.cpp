// SPDX-License-Identifier: MIT
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>
#include <QtEndian>

//! The desktop program itself, from outside.
class TestPilotlight : public QObject
{
    Q_OBJECT
private:
    QTemporaryDir m_home;

    struct Outcome
    {
        int code = -1;
        QString output;
        QString errors;
    };
    Outcome run(const QStringList &arguments)
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        for (const char *name :
             {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"})
            environment.insert(QString::fromLatin1(name), m_home.path());
        process.setProcessEnvironment(environment);
        process.start(qEnvironmentVariable("PILOTLIGHT_BIN") + QStringLiteral("/pilotlight"),
                      arguments);
        if (!QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 40000))
            return {};
        return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1,
                QString::fromUtf8(process.readAllStandardOutput()),
                QString::fromUtf8(process.readAllStandardError())};
    }

    //! Two sessions, of which "aaa" was used last.
    static void writeSessions(const QTemporaryDir &profile)
    {
        QDir().mkpath(profile.filePath(QStringLiteral("state")));
        QFile file(profile.filePath(QStringLiteral("state/demo-sessions.json")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(R"({"schema":1,"sessions":[
            {"id":"aaa","name":"A","backend":"default","lastActivity":"2026-11-02T00:00:00.000Z"},
            {"id":"bbb","name":"B","backend":"default","lastActivity":"2026-11-01T00:00:00.000Z"}]})");
    }
    static QByteArray logOf(const QTemporaryDir &profile)
    {
        QFile file(profile.filePath(QStringLiteral("state/log/pilotlight.log")));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

private Q_SLOTS:
    void versionAndHelp()
    {
        const Outcome version = run({QStringLiteral("--version")});
        QCOMPARE(version.code, 0);
        QVERIFY(version.output.startsWith(QStringLiteral("pilotlight ")));
        const Outcome help = run({QStringLiteral("--help")});
        QCOMPARE(help.code, 0);
        for (const char *option :
             {"--demo", "--connect", "--profile", "--profile-dir", "--screenshot"})
            QVERIFY(help.output.contains(QLatin1String(option)));
    }

    void nonsenseIsRefused_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("both") << QStringList{QStringLiteral("--demo"), QStringLiteral("--connect"),
                                             QStringLiteral("tcp://127.0.0.1:1")};
        QTest::newRow("positional") << QStringList{QStringLiteral("file")};
        QTest::newRow("profile with a path")
            << QStringList{QStringLiteral("--profile"), QStringLiteral("../x")};
        QTest::newRow("delay") << QStringList{QStringLiteral("--screenshot-delay"),
                                              QStringLiteral("soon")};
    }
    void nonsenseIsRefused()
    {
        QFETCH(QStringList, arguments);
        const Outcome outcome = run(arguments);
        QCOMPARE(outcome.code, 2);
        QVERIFY(!outcome.errors.isEmpty());
    }

    void opensOnTheDemoAndTakesAPicture()
    {
        const QTemporaryDir profile;
        const QString picture = profile.filePath(QStringLiteral("window.png"));
        const Outcome outcome = run({QStringLiteral("--demo"), QStringLiteral("--profile-dir"),
                                     profile.path(), QStringLiteral("--screenshot"), picture});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.errors));
        // The demo server is a child: it is waited for.
        QVERIFY2(!outcome.errors.contains(QStringLiteral("QProcess")), qPrintable(outcome.errors));
        QFile image(picture);
        QVERIFY(image.open(QIODevice::ReadOnly));
        const QByteArray png = image.read(24); // signature, then width and height at 16 and 20
        QVERIFY(png.startsWith("\x89PNG"));
        QVERIFY(qFromBigEndian<quint32>(png.constData() + 16) >= 720);
        QVERIFY(qFromBigEndian<quint32>(png.constData() + 20) >= 480);
        QFile log(profile.filePath(QStringLiteral("state/log/pilotlight.log")));
        QVERIFY(log.open(QIODevice::ReadOnly));
        const QByteArray text = log.readAll();
        QVERIFY2(text.contains("-> online"), text.constData());
        QVERIFY(!text.contains("[KEEPALIVE] Ping")); // the demo is never pinged
    }

#ifdef Q_OS_UNIX
    void aSignalEndsItInOrder()
    {
        const QTemporaryDir profile;
        QProcess process;
        process.start(qEnvironmentVariable("PILOTLIGHT_BIN") + QStringLiteral("/pilotlight"),
                      {QStringLiteral("--demo"), QStringLiteral("--profile-dir"), profile.path()});
        QFile log(profile.filePath(QStringLiteral("state/log/pilotlight.log")));
        QByteArray text;
        QTRY_VERIFY_WITH_TIMEOUT(log.isOpen() || log.open(QIODevice::ReadOnly), 40000);
        QTRY_VERIFY_WITH_TIMEOUT((text += log.readAll()).contains("-> online"), 40000);
        process.terminate();
        QTRY_COMPARE_WITH_TIMEOUT(process.state(), QProcess::NotRunning, 40000);
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 0);
        QVERIFY(!process.readAllStandardError().contains("QProcess"));
        QVERIFY((text += log.readAll()).contains("-> disposed"));
        QFile settings(profile.filePath(QStringLiteral("config/settings.json")));
        QVERIFY(settings.open(QIODevice::ReadOnly));
        QVERIFY(settings.readAll().contains("geometry"));
    }
#endif

    void anAddressShowsItsSession_data()
    {
        QTest::addColumn<QString>("id");
        QTest::addColumn<QByteArray>("line");
        QTest::newRow("known") << QStringLiteral("bbb") << QByteArray("session=bbb: shown");
        QTest::newRow("unknown") << QStringLiteral("ccc") << QByteArray("session=ccc: not here");
    }
    void anAddressShowsItsSession()
    {
        QFETCH(QString, id);
        QFETCH(QByteArray, line);
        const QTemporaryDir profile;
        writeSessions(profile);
        const Outcome outcome =
            run({QStringLiteral("--demo"), QStringLiteral("--profile-dir"), profile.path(),
                 QStringLiteral("--screenshot"), profile.filePath(QStringLiteral("window.png")),
                 QStringLiteral("pilotlight://session/") + id});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.errors));
        QVERIFY2(logOf(profile).contains(line), logOf(profile).constData());
    }

    void aSecondOneShowsTheFirst()
    {
        const QTemporaryDir profile;
        writeSessions(profile);
        const QStringList arguments{QStringLiteral("--demo"), QStringLiteral("--profile-dir"),
                                    profile.path()};
        QProcess first;
        first.start(qEnvironmentVariable("PILOTLIGHT_BIN") + QStringLiteral("/pilotlight"),
                    arguments);
        QFile log(profile.filePath(QStringLiteral("state/log/pilotlight.log")));
        QByteArray text;
        QTRY_VERIFY_WITH_TIMEOUT(log.isOpen() || log.open(QIODevice::ReadOnly), 40000);
        QTRY_VERIFY_WITH_TIMEOUT((text += log.readAll()).contains("-> online"), 40000);

        const Outcome second =
            run(arguments + QStringList{QStringLiteral("pilotlight://session/bbb")});
        QCOMPARE(second.code, 0);
        QVERIFY(second.errors.contains(QStringLiteral("already running")));
        QTRY_VERIFY((text += log.readAll()).contains("Started again"));
        QCOMPARE(text.count(" starts, Qt "), 1); // it touched nothing of the first one's
        QCOMPARE(first.state(), QProcess::Running);
        QTRY_VERIFY_WITH_TIMEOUT(logOf(profile).contains("session=bbb: shown"), 40000);

        // One that crashed is in nobody's way.
        first.kill();
        QVERIFY(first.waitForFinished());
        const QString picture = profile.filePath(QStringLiteral("window.png"));
        const Outcome third = run(arguments + QStringList{QStringLiteral("--screenshot"), picture});
        QVERIFY2(third.code == 0, qPrintable(third.errors));
        QVERIFY(QFile::exists(picture));
    }

    void firstPaintIsPrinted()
    {
        const QTemporaryDir profile;
        const Outcome outcome = run({QStringLiteral("--demo"), QStringLiteral("--profile-dir"),
                                     profile.path(), QStringLiteral("--exit-after-first-paint")});
        QCOMPARE(outcome.code, 0);
        QVERIFY(outcome.output.contains(QStringLiteral("first paint ")));
    }
};

QTEST_GUILESS_MAIN(TestPilotlight)
#include "tst_pilotlight.moc"
