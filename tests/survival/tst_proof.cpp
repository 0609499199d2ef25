// SPDX-License-Identifier: MIT
#include "support/acceleratedserver.h"
#include "support/ctlprocess.h"

#include <QDir>
#include <QElapsedTimer>
#include <QJsonArray>
#include <QLoggingCategory>

using namespace pilotlight;
using namespace Qt::StringLiterals;

using Version = RealServer::Version;

//! `pilotlightctl prove` against published servers whose clock runs 20 times faster.
class TstProof : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"*.debug=false"_s); }

    void line22_rightVerdicts_data()
    {
        QTest::addColumn<int>("version");
        QTest::addColumn<QString>("log");
        QTest::newRow("newest") << int(Version::Newest) << u"keeps-alive"_s;
        QTest::newRow("1.0.40") << int(Version::V1_0_40) << u"does-not"_s;
    }

    void line22_rightVerdicts()
    {
        QFETCH(int, version);
        QFETCH(QString, log);
        const auto which = static_cast<Version>(version);
        if (const QString reason = RealServer::skipReason(which); !reason.isEmpty())
            QSKIP(qPrintable(reason));
        if (RealServer::accelerated(20).isEmpty())
            QSKIP("libfaketime is not installed");
        AcceleratedServer server(which, 20, {u"--session-idle-timeout"_s, u"300"_s});
        QVERIFY2(server.start(), server.output().constData());

        QElapsedTimer time;
        time.start();
        CtlProcess ctl(server.home(),
                       {u"--connect"_s, u"tcp://127.0.0.1:%1"_s.arg(server.port()), u"prove"_s,
                        u"--limit"_s, u"90s"_s, u"--interval"_s, u"4"_s});
        QVERIFY2(ctl.exitCode(std::chrono::seconds(170)) == 0, ctl.output().constData());
        QVERIFY(time.elapsed() < 180'000);
        const auto answer = [&](const QString &method) {
            const auto lines = ctl.lines({{u"event"_s, u"verdict"_s}, {u"method"_s, method}});
            return lines.size() == 1 ? lines[0][u"answer"].toString() : QString();
        };
        QCOMPARE(answer(u"none"_s), u"does-not"_s);
        QCOMPARE(answer(u"ping"_s), u"does-not"_s);
        QCOMPARE(answer(u"read"_s), u"does-not"_s);
        QCOMPARE(answer(u"resume"_s), u"keeps-alive"_s);
        QCOMPARE(answer(u"log"_s), log);
        // Dropped between one and two limits, of 15 s here.
        const auto proof = ctl.lines({{u"event"_s, u"proof"_s}});
        QCOMPARE(proof.size(), 1);
        QVERIFY2(proof[0][u"idleLimitMs"].toInt() >= 15'000, ctl.output().constData());
        QCOMPARE(proof[0][u"version"].toString(), server.reportedVersion());
        qInfo("%s (%lld s here)", qPrintable(proof[0][u"text"].toString()), time.elapsed() / 1000);

        // No model was asked, and nothing is left behind on the server.
        QCOMPARE(server.modelRequests(), 0);
        const auto list = server.observer().call(u"session.list"_s);
        QVERIFY(!list.error);
        QVERIFY(list.object()[u"sessions"].toArray().isEmpty());
        const QDir states(server.home() + u"/.copilot/session-state"_s);
        const auto left = [&states] { return states.entryList({u"*canary*"_s}, QDir::Dirs); };
        for (const QString &id : left())
            QVERIFY(server.observer().call(u"session.getMessages"_s, {{u"sessionId"_s, id}}).error);
        // 1.0.40 cannot delete what never had a prompt; 1.0.102 takes a moment.
        if (which == Version::Newest)
            QTRY_VERIFY2(left().isEmpty(), left().join(u' ').toUtf8() + " left\n" + ctl.output());
        QVERIFY2(server.stop(), "a process was left behind");
    }
};

QTEST_GUILESS_MAIN(TstProof)
#include "tst_proof.moc"
