// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/systemclock.h"
#include "support/fakeclock.h"

#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

class TstBase : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void fakeClockRunsTimersInOrder()
    {
        FakeClock clock;
        QStringList ran;
        const auto late = clock.after(20ms, [&] { ran << QStringLiteral("late"); });
        const auto early = clock.after(10ms, [&] { ran << QStringLiteral("early"); });
        auto cancelled = clock.after(5ms, [&] { ran << QStringLiteral("cancelled"); });
        cancelled.cancel();
        clock.advance(9ms);
        QVERIFY(ran.isEmpty());
        clock.advance(11ms);
        QCOMPARE(ran, QStringList({QStringLiteral("early"), QStringLiteral("late")}));
        QVERIFY(!late.isActive() && !early.isActive());
        QCOMPARE(clock.liveTimers(), 0);
    }

    void suspendMovesOnlyBootAndWallTime()
    {
        FakeClock clock;
        const auto now = clock.now();
        const auto boot = clock.bootNow();
        const auto wall = clock.wallNow();
        bool ran = false;
        const auto timer = clock.after(10min, [&] { ran = true; });
        clock.suspend(1h);
        QCOMPARE(clock.now(), now);
        QCOMPARE(clock.bootNow() - boot, Nanoseconds(1h));
        QCOMPARE(wall.secsTo(clock.wallNow()), 3600);
        QVERIFY(!ran);
    }

    void systemClockTimerMayDestroyItsOwnHandle()
    {
        SystemClock clock;
        int runs = 0;
        TimerHandle handle;
        handle = clock.after(0ms, [&] {
            handle.cancel();
            ++runs;
        });
        QVERIFY(handle.isActive());
        QTRY_COMPARE(runs, 1);
        QVERIFY(!handle.isActive());
    }

    // Qt reuses the number of a timer that has just fired: the old handle must not take the new
    // one.
    void systemClockTimerMayStartItsSuccessorInTheSameHandle()
    {
        SystemClock clock;
        int runs = 0;
        TimerHandle handle;
        std::function<void()> again = [&] {
            if (++runs < 5)
                handle = clock.after(1ms, again);
        };
        handle = clock.after(1ms, again);
        QTRY_COMPARE(runs, 5);
        QVERIFY(!handle.isActive());
    }

    void systemClockHandleMayOutliveTheClock()
    {
        TimerHandle handle;
        {
            SystemClock clock;
            handle = clock.after(1h, [] { });
        }
        QVERIFY(!handle.isActive());
    }

    void bootTimeIsNeverBehindMonotonicTime()
    {
        SystemClock clock;
        QVERIFY(clock.bootNow() + 1s >= clock.now());
    }

    void randomStaysInItsBounds()
    {
        SeededRandom random(42);
        for (int i = 0; i < 10'000; ++i) {
            const double unit = random.unit();
            QVERIFY(unit >= 0 && unit < 1);
            const auto span = random.between(5ms, 8ms);
            QVERIFY(span >= 5ms && span <= 8ms);
        }
        QCOMPARE(random.between(5ms, 5ms), 5ms);
        QCOMPARE(random.hex(32).size(), 64);
        QVERIFY(random.hex(32) != random.hex(32));
    }

    void redactsCredentials_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("expected");
        QTest::newRow("bearer") << QStringLiteral("Authorization: Bearer abcdef123456")
                                << QStringLiteral("Authorization: Bearer ******");
        QTest::newRow("openai") << QStringLiteral("using sk-abcdefghij now")
                                << QStringLiteral("using ****** now");
        QTest::newRow("github") << QStringLiteral("ghp_abcdefghijklm") << QStringLiteral("******");
        QTest::newRow("json") << QStringLiteral(R"({"apiKey":"hunter22","model":"m"})")
                              << QStringLiteral(R"({"apiKey":"******","model":"m"})");
        QTest::newRow("url") << QStringLiteral("wss://me:pw@host/x")
                             << QStringLiteral("wss://******@host/x");
        QTest::newRow("empty value") << QStringLiteral("token=\nnext line stays")
                                     << QStringLiteral("token=\nnext line stays");
        QTest::newRow("plain") << QStringLiteral("Ping sent to headless server ms=3")
                               << QStringLiteral("Ping sent to headless server ms=3");
    }
    void redactsCredentials()
    {
        QFETCH(QString, text);
        QTEST(redacted(text), "expected");
    }

    void redactsRegisteredSecrets()
    {
        registerSecret(Secret("correct horse"));
        registerSecret(Secret("the"));
        QCOMPARE(redacted(QStringLiteral("the correct horse")), QStringLiteral("the ******"));
    }

    void foldersArePrivate()
    {
#ifdef Q_OS_WIN
        QSKIP("there the access list of the user's profile says who may read");
#endif
        QTemporaryDir dir;
        const AppPaths paths = AppPaths::below(dir.filePath(QStringLiteral("p")));
        QVERIFY(paths.ensure());
        const auto others = QFile::ReadGroup | QFile::WriteGroup | QFile::ExeGroup
            | QFile::ReadOther | QFile::WriteOther | QFile::ExeOther;
        QVERIFY(!(QFileInfo(paths.state).permissions() & others));
    }

    void transientCodes()
    {
        QVERIFY(isTransient(ErrorCode::Timeout));
        QVERIFY(!isTransient(ErrorCode::AuthenticationFailed));
        QCOMPARE(errorCodeName(ErrorCode::SessionNotFound), QStringLiteral("SessionNotFound"));
    }
};

QTEST_GUILESS_MAIN(TstBase)
#include "tst_base.moc"
