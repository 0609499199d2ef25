// SPDX-License-Identifier: MIT
// The real CLI is killed, stopped and replaced by another version while it runs.
#include "real/realapp.h"
#include "support/recovery.h"

#include <QLoggingCategory>

using namespace pilotlight;
using Version = RealServer::Version;

class TstRealSupervision : public QObject
{
    Q_OBJECT
private:
    //! With the shortest probes that there are.
    static ConnectionConfig quick(const QString &cli)
    {
        ConnectionConfig config;
        config.cliPath = cli;
        KeepaliveSettings keepalive;
        keepalive.intervalSeconds = 5;
        keepalive.timeoutSeconds = 2;
        config.keepalive = effectiveKeepalive(keepaliveTarget(config), {}, keepalive);
        return config;
    }

private Q_SLOTS:
    void initTestCase()
    {
#ifdef Q_OS_WIN
        QSKIP("signals are Unix'");
#endif
        QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false"));
    }

    void killedAndStopped()
    {
        if (const QString reason = RealServer::skipReason(Version::Newest); !reason.isEmpty())
            QSKIP(qPrintable(reason));
        RealServer model;
        QVERIFY2(model.startModel(), model.output().constData());
        RealHome home(Version::Newest);
        RealApp app(home, home.newPaths(), quick(home.program()));
        QVERIFY2(app.goOnline(), app.report().constData());
        Session *const session = app.newSession(model.provider());
        QVERIFY2(session, app.report().constData());
        QVERIFY(app.run(session->id(), QStringLiteral("hello")));

        const qint64 first = app.server()->process.pid;
        const auto killed = recoverFrom(app.connection(), first, SIGKILL, false);
        QVERIFY2(killed, app.report().constData());
        qInfo("SIGKILL: %s", killed->text().constData());
        QVERIFY2(eventually([&] { return app.isAttached(session->id()); }),
                 app.report().constData());

        const qint64 second = app.server()->process.pid;
        QVERIFY(second != first);
        const auto stopped = recoverFrom(app.connection(), second, SIGSTOP, true);
        QVERIFY2(stopped, app.report().constData());
        qInfo("SIGSTOP, deadline of a probe 2 s: %s", stopped->text().constData());
        QVERIFY(app.server()->process.pid != second);
        QVERIFY2(eventually([&] { return app.isAttached(session->id()); }),
                 app.report().constData());
        QVERIFY(app.run(session->id(), QStringLiteral("hello again")));
    }

    void updatedWhileItRuns()
    {
        for (const Version version : {Version::V1_0_69, Version::Newest}) {
            if (const QString reason = RealServer::skipReason(version); !reason.isEmpty())
                QSKIP(qPrintable(reason));
        }
        RealServer model;
        QVERIFY2(model.startModel(), model.output().constData());
        RealHome home(Version::V1_0_69);
        const QString cli = home.path() + QStringLiteral("/copilot-of-today");
        QVERIFY(QFile::link(RealServer::binary(Version::V1_0_69), cli));
        RealApp app(home, home.newPaths(), quick(cli));
        QStringList changes;
        connect(&app.connection(), &Connection::notice, this,
                [&](const QString &code, const QString &detail) {
                    if (code == QStringLiteral("server-version-changed"))
                        changes << detail;
                });
        QVERIFY2(app.goOnline(), app.report().constData());
        const QString before = app.connection().status().server->version;
        Session *const session = app.newSession(model.provider());
        QVERIFY2(session, app.report().constData());
        QVERIFY(app.run(session->id(), QStringLiteral("hello")));

        QVERIFY(QFile::remove(cli));
        QVERIFY(QFile::link(RealServer::binary(Version::Newest), cli));
        const auto recovery =
            recoverFrom(app.connection(), app.server()->process.pid, SIGTERM, false);
        QVERIFY2(recovery, app.report().constData());
        const QString after = app.connection().status().server->version;
        QVERIFY(after != before);
        QCOMPARE(changes, QStringList(before + QStringLiteral(" → ") + after));
        // The session goes on under the new one.
        QVERIFY2(eventually([&] { return app.isAttached(session->id()); }),
                 app.report().constData());
        QVERIFY(app.run(session->id(), QStringLiteral("and now?")));
        QCOMPARE(rows<UserItem>(*session).size(), 2);
    }
};

QTEST_GUILESS_MAIN(TstRealSupervision)
#include "tst_realsupervision.moc"
