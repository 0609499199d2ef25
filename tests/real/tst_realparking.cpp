// SPDX-License-Identifier: MIT
// What parking spares the newest real CLI, and how long a parked session takes to come back. With
// PILOTLIGHT_PARK_SESSIONS=100 the numbers of docs/keepalive.md; 12 sessions otherwise.
#include "real/realapp.h"

#include <QElapsedTimer>
#include <QLoggingCategory>

#ifdef Q_OS_LINUX
#include <unistd.h>
#endif

using namespace pilotlight;

namespace {

//! User and system time of a process so far; negative where it is not known.
double cpuSeconds(qint64 pid)
{
#ifdef Q_OS_LINUX
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!file.open(QFile::ReadOnly))
        return -1;
    const QByteArray line = file.readAll();
    const QList<QByteArray> fields = line.mid(line.lastIndexOf(')') + 2).split(' ');
    return (fields.value(11).toDouble() + fields.value(12).toDouble())
        / static_cast<double>(sysconf(_SC_CLK_TCK));
#else
    Q_UNUSED(pid)
    return -1;
#endif
}

//! Share of a core that \a pid uses while nothing happens, in percent.
double idleLoad(qint64 pid, int seconds)
{
    const double before = cpuSeconds(pid);
    QElapsedTimer timer;
    timer.start();
    QTest::qWait(seconds * 1000); // a measurement over time
    return 100 * (cpuSeconds(pid) - before) * 1000 / static_cast<double>(timer.elapsed());
}

double median(QList<double> values)
{
    std::sort(values.begin(), values.end());
    return values.isEmpty() ? 0 : values.at(values.size() / 2);
}

} // namespace

class TstRealParking : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        // A line a call: the result would be one of two thousand.
        QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false"));
    }

    void line22b_parkedSessionsCostNothingAndComeBackSoon()
    {
        if (const QString reason = RealServer::skipReason(RealServer::Version::Newest);
            !reason.isEmpty())
            QSKIP(qPrintable(reason));
        const int count = qEnvironmentVariableIsSet("PILOTLIGHT_PARK_SESSIONS")
            ? qEnvironmentVariableIntValue("PILOTLIGHT_PARK_SESSIONS")
            : 12;
        const int seconds = count > 50 ? 30 : 5;
        RealServer model;
        QVERIFY2(model.startModel(), model.output().constData());
        RealHome home(RealServer::Version::Newest);
        RealApp app(home, home.newPaths());
        QVERIFY2(app.goOnline(), app.report().constData());
        const auto server = app.server();
        QVERIFY(server);
        const qint64 pid = server->process.pid;
        const double empty = idleLoad(pid, seconds);

        QStringList ids;
        for (int i = 0; i < count; ++i) {
            Session *session = app.newSession(model.provider());
            QVERIFY2(session, app.report().constData());
            ids.append(session->id());
            QVERIFY2(app.run(session->id(), QStringLiteral("[say hello %1]").arg(i)),
                     app.report().constData());
        }
        const double loaded = idleLoad(pid, seconds);

        for (const QString &id : ids)
            app.sessions().park(id);
        const auto allParked = [&] {
            return std::all_of(ids.cbegin(), ids.cend(), [&](const QString &id) {
                return app.sessions().find(id)->state() == Session::State::Parked;
            });
        };
        QVERIFY2(eventually(allParked), app.report().constData());
        QTest::qWait(2000); // what the unloads themselves cost is over
        const double parked = idleLoad(pid, seconds);

        QList<double> times;
        for (const QString &id : ids) {
            QElapsedTimer timer;
            timer.start();
            app.sessions().setVisible(id);
            QVERIFY2(eventually([&] { return app.isAttached(id); }), app.report().constData());
            times.append(static_cast<double>(timer.nsecsElapsed()) / 1e6);
            QVERIFY(rows<AssistantItem>(*app.sessions().find(id)).size() == 1);
        }
        qInfo("%d sessions: %.1f %% of a core loaded, %.1f %% parked, %.1f %% without any; back in "
              "%.0f ms (median), %.0f ms at most",
              count, loaded, parked, empty, median(times),
              *std::max_element(times.cbegin(), times.cend()));
        QVERIFY2(parked <= 5, "parked sessions cost more than 5 % of a core");
        QVERIFY2(median(times) <= 2000, "not within ten times what was promised");
        QCOMPARE(app.failures(), QStringList());
    }
};

QTEST_GUILESS_MAIN(TstRealParking)
#include "tst_realparking.moc"
