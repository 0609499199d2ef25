// SPDX-License-Identifier: MIT
#include "support/acceleratedserver.h"
#include "support/ctlprocess.h"

#include <QElapsedTimer>
#include <QLoggingCategory>

using namespace pilotlight;
using namespace Qt::StringLiterals;

using Version = RealServer::Version;
using std::chrono::seconds;
Q_DECLARE_METATYPE(pilotlight::RealServer::Version)

namespace {

constexpr int IdleSessions = 5;
//! What a session must outlive to have proved something.
constexpr int Limits = 3;

//! The types of the events of a session as it is loaded; empty where it is not (any more). Reading
//! them does not count as activity on any version (docs/keepalive.md).
std::optional<QList<QJsonObject>> messages(ProtocolClient &client, const QString &session)
{
    const auto answer = client.call(u"session.getMessages"_s, {{u"sessionId"_s, session}});
    if (answer.error)
        return std::nullopt;
    QList<QJsonObject> events;
    for (const QJsonValue &event : answer.object()[u"events"].toArray())
        events.append(event.toObject());
    return events;
}

QStringList ids(const QList<QJsonObject> &events)
{
    QStringList all;
    for (const QJsonObject &event : events)
        all.append(event[u"id"].toString() + u' ' + event[u"type"].toString());
    return all;
}

QStringList guardOf(const AcceleratedServer &server, double limit)
{
    return {u"--connect"_s,    u"tcp://127.0.0.1:%1"_s.arg(server.port()),
            u"guard"_s,        u"--sessions"_s,
            u"all"_s,          u"--always-loaded"_s,
            u"--idle-limit"_s, u"%1s"_s.arg(limit),
            u"--provider"_s,   server.providerFile()};
}

bool attaches(CtlProcess &guard, const QString &session)
{
    return guard.says(
        {{u"event"_s, u"session"_s}, {u"session"_s, session}, {u"state"_s, u"attached"_s}});
}

} // namespace

//! The promise on the published servers, whose clock runs faster than ours: sessions that
//! `pilotlightctl guard` keeps outlive several idle limits, those that only have a connection that
//! is pinged do not.
class TstSurvival : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"*.debug=false"_s); }

    void survives_data()
    {
        QTest::addColumn<Version>("version");
        QTest::addColumn<int>("factor"); // of the server's clock: a row takes one to two minutes
        QTest::addColumn<seconds>("limit"); // the server's own, of its clock
        QTest::addColumn<bool>("canBeSet");
        QTest::addColumn<bool>("sparesBusy"); // a turn in progress protects its session
        QTest::newRow("0.0.420") << Version::V0_0_420 << 60 << seconds(1800) << false << false;
        QTest::newRow("1.0.6") << Version::V1_0_6 << 60 << seconds(1800) << false << false;
        QTest::newRow("1.0.40") << Version::V1_0_40 << 20 << seconds(300) << true << true;
        QTest::newRow("1.0.69") << Version::V1_0_69 << 20 << seconds(300) << true << true;
        QTest::newRow("newest") << Version::Newest << 20 << seconds(300) << true << true;
    }

    void survives()
    {
        QFETCH(Version, version);
        QFETCH(int, factor);
        QFETCH(seconds, limit);
        QFETCH(bool, canBeSet);
        QFETCH(bool, sparesBusy);
        if (qEnvironmentVariableIsSet("PILOTLIGHT_SURVIVAL_FACTOR"))
            factor = std::max(1, qEnvironmentVariableIntValue("PILOTLIGHT_SURVIVAL_FACTOR"));
        if (const QString reason = RealServer::skipReason(version); !reason.isEmpty())
            QSKIP(qPrintable(reason));
        if (factor > 1 && RealServer::accelerated(factor).isEmpty())
            QSKIP("libfaketime is not installed");
        QStringList arguments;
        if (canBeSet)
            arguments << u"--session-idle-timeout"_s << QString::number(limit.count());

        AcceleratedServer kept(version, factor, arguments);
        AcceleratedServer pinged(version, factor, arguments);
        QVERIFY2(kept.start(), kept.output().constData());
        QVERIFY2(pinged.start(), pinged.output().constData());
        if (version != Version::Newest)
            QCOMPARE(kept.reportedVersion(), RealServer::name(version));

        // The turn ends some seconds after the watch.
        const int chunks = static_cast<int>((Limits * limit.count() + 300) * 10 / factor) + 250;
        const QString longTurn = u"[slow %1x100ms]"_s.arg(chunks);
        for (AcceleratedServer *server : {&kept, &pinged}) {
            for (int i = 0; i < IdleSessions; ++i)
                QVERIFY2(server->addSession(u"idle-%1"_s.arg(i)), server->output().constData());
            QVERIFY2(server->addBusySession(u"busy"_s, longTurn), server->output().constData());
        }

        // One is handed to guard, the other keeps its connection, whose pings are answered.
        QMap<QString, QStringList> before;
        for (const QString &id : kept.sessions()) {
            // A busy machine may answer before the history is there, or take longer to get here
            // than the idle limit.
            const auto there = [&] {
                if (!messages(kept.observer(), id))
                    kept.resume(id);
                before[id] = ids(messages(kept.observer(), id).value_or(QList<QJsonObject>()));
                return !before[id].isEmpty();
            };
            QTRY_VERIFY_WITH_TIMEOUT(there(), 30'000);
        }
        const double limitHere = double(limit.count()) / factor;
        CtlProcess guard(kept.home(), guardOf(kept, limitHere));
        for (const QString &id : kept.sessions())
            QVERIFY2(attaches(guard, id), guard.output().constData());
        kept.letGo();
        const int requests = kept.modelRequests();
        QVERIFY(requests >= IdleSessions + 1);

        // Time passes. The server's own clock tells how much of it.
        const qint64 started = kept.serverTime();
        const qint64 wanted = started + (Limits * limit.count() + 300) * 1000;
        QElapsedTimer here;
        here.start();
        QMap<QString, double> died; // of the pinged ones: seconds of the server's clock
        qint64 pingedAt = 0;
        const auto watch = [&] {
            if (here.elapsed() - pingedAt >= 5'000) {
                pingedAt = here.elapsed();
                pinged.ping();
            }
            for (const QString &id : pinged.sessions()) {
                if (!died.contains(id) && !messages(pinged.observer(), id))
                    died[id] = static_cast<double>(here.elapsed() * factor) / 1000;
            }
        };
        while (kept.serverTime() < wanted) {
            QVERIFY2(guard.isRunning(), guard.output().constData());
            QVERIFY2(here.elapsed() < (Limits * limit.count() + 300) * 2000 / factor + 60'000,
                     "the server's clock stands still");
            watch();
            QTest::qWait(500);
        }

        // With the ping alone every idle session is gone, and nobody was told.
        const KeepaliveStatus pings = pinged.keepalive();
        QVERIFY(pings.successes >= 2);
        QCOMPARE(pings.failed, 0);
        for (const QString &id : pinged.sessions()) {
            const bool mustDie = id != u"busy"_s || !sparesBusy;
            QVERIFY2(died.contains(id) == mustDie, qPrintable(id));
            row(version, factor, u"ping alone"_s, id, died);
        }
        // With Pilotlight all are there, were there all the time, and show no trace of it.
        for (const QString &id : kept.sessions()) {
            const auto now = messages(kept.observer(), id);
            QVERIFY2(now, qPrintable(id + u" died\n"_s + QString::fromUtf8(guard.output())));
            if (id != u"busy"_s)
                QCOMPARE(ids(*now), before[id]);
            row(version, factor, u"guard"_s, id, {});
        }
        for (const QString &state : {u"dead"_s, u"lost"_s, u"resumed"_s, u"failed"_s, u"parked"_s})
            QCOMPARE(guard.lines({{u"event"_s, u"session"_s}, {u"state"_s, state}}).size(), 0);
        const auto touches = guard.lines({{u"event"_s, u"probe"_s}, {u"kind"_s, u"touch"_s}});
        for (const QString &id : kept.sessions()) {
            const auto of =
                std::count_if(touches.cbegin(), touches.cend(), [&](const QJsonObject &touch) {
                    return touch[u"session"] == id && touch[u"outcome"] == "ok"_L1;
                });
            // A server that spares busy sessions may be left alone with its turn (line 11).
            QVERIFY2(of >= Limits || (id == u"busy"_s && sparesBusy), qPrintable(id));
        }
        QCOMPARE(kept.modelRequests(), requests);
        // And the turn goes on to its end.
        QVERIFY2(guard.says({{u"event"_s, u"idle"_s}, {u"session"_s, u"busy"_s}}, seconds(120)),
                 guard.output().constData());
        const auto after = messages(kept.observer(), u"busy"_s);
        QVERIFY2(after, "busy died after its turn\n" + guard.output());
        QString answer;
        for (const QJsonObject &event : *after) {
            QVERIFY2(event[u"type"] != "session.resume"_L1 && event[u"type"] != "session.info"_L1
                         && event[u"type"] != "session.shutdown"_L1,
                     "a trace in the history");
            if (event[u"type"] == "assistant.message"_L1)
                answer = event[u"data"][u"content"].toString();
        }
        QVERIFY2(answer.trimmed().endsWith(u"tok%1"_s.arg(chunks - 1)),
                 qPrintable(answer.right(80)));
        QCOMPARE(kept.modelRequests(), requests);
        qInfo("%s: %lld touches, %llu pings, %d model requests before and after, %lld s here",
              qPrintable(kept.reportedVersion()), qint64(touches.size()),
              static_cast<unsigned long long>(pings.successes), requests, here.elapsed() / 1000);

        guard.terminate();
        QVERIFY2(guard.exitCode() == 0, guard.output().constData());
        QVERIFY2(kept.stop(), "a process was left behind");
        QVERIFY2(pinged.stop(), "a process was left behind");
    }

    //! On these the end of a turn is no activity: without touches in the turn the next look of the
    //! server drops what a look did not find working for longer than the limit.
    void outlivesItsTurn_data()
    {
        QTest::addColumn<Version>("version");
        QTest::newRow("1.0.40") << Version::V1_0_40;
        QTest::newRow("1.0.69") << Version::V1_0_69;
    }
    void outlivesItsTurn()
    {
        QFETCH(Version, version);
        constexpr int factor = 20;
        constexpr double limit = 240; // shorter than the 300 s between two looks
        if (const QString reason = RealServer::skipReason(version); !reason.isEmpty())
            QSKIP(qPrintable(reason));
        if (RealServer::accelerated(factor).isEmpty())
            QSKIP("libfaketime is not installed");
        AcceleratedServer server(version, factor,
                                 {u"--session-idle-timeout"_s, QString::number(limit)});
        QVERIFY2(server.start(), server.output().constData());
        // Their turns end all over the time between two looks.
        constexpr int sessions = 6;
        const int step = static_cast<int>(300.0 / factor / sessions * 10);
        for (int i = 0; i < sessions; ++i)
            QVERIFY2(
                server.addBusySession(QString::number(i), u"[slow %1x100ms]"_s.arg(250 + i * step)),
                server.output().constData());
        CtlProcess guard(server.home(), guardOf(server, limit / factor));
        for (const QString &id : server.sessions())
            QVERIFY2(attaches(guard, id), guard.output().constData());
        server.letGo();
        for (const QString &id : server.sessions())
            QVERIFY2(guard.says({{u"event"_s, u"idle"_s}, {u"session"_s, id}}, seconds(120)),
                     guard.output().constData());
        const qint64 last = server.serverTime();
        QTRY_VERIFY_WITH_TIMEOUT(server.serverTime() > last + 300'000, 60'000); // one more look
        for (const QString &id : server.sessions())
            QVERIFY2(messages(server.observer(), id), id.toUtf8() + " died\n" + guard.output());
        for (const QString &state : {u"dead"_s, u"lost"_s, u"resumed"_s, u"failed"_s})
            QCOMPARE(guard.lines({{u"event"_s, u"session"_s}, {u"state"_s, state}}).size(), 0);
        guard.terminate();
        QVERIFY2(guard.exitCode() == 0, guard.output().constData());
        QVERIFY2(server.stop(), "a process was left behind");
    }

private:
    //! A row of the table in docs/keepalive.md.
    static void row(Version version, int factor, const QString &how, const QString &session,
                    const QMap<QString, double> &died)
    {
        qInfo("| %s | x%d | %s | %s | %s |", qPrintable(RealServer::name(version)), factor,
              qPrintable(how), qPrintable(session),
              died.contains(session)
                  ? qPrintable(u"dead after %1 s"_s.arg(died[session], 0, 'f', 0))
                  : "alive");
    }
};

QTEST_GUILESS_MAIN(TstSurvival)
#include "tst_survival.moc"
