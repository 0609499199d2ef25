// SPDX-License-Identifier: MIT
#include "agent/idlelimit.h"

#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

IdleLimit after(Milliseconds span, IdleLimit::Origin origin)
{
    return {span, origin};
}

std::optional<IdleLimit> read(const char *commandLine)
{
    return idleLimitOfCommandLine(QString::fromLatin1(commandLine).split(QLatin1Char(' ')),
                                  IdleLimit::Origin::CommandLine);
}

} // namespace

class TstIdleLimit : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void line10_formula_data()
    {
        QTest::addColumn<int>("limit"); // s
        QTest::addColumn<int>("interval"); // s, rounded down
        QTest::newRow("the fixed limit of old servers") << 1800 << 813;
        QTest::newRow("five minutes") << 300 << 131;
        QTest::newRow("2000 s") << 2000 << 904;
    }
    void line10_formula()
    {
        QFETCH(int, limit);
        QFETCH(int, interval);
        const auto timing =
            touchTiming(after(std::chrono::seconds(limit), IdleLimit::Origin::User), 10s, 0.10);
        QVERIFY(timing);
        QCOMPARE(int(timing->interval.count() / 1000), interval);
        QCOMPARE(timing->timeout, Milliseconds(10s));
    }

    void line10_oneLostTouchCostsNoSessionAtAnyLimit()
    {
        for (int seconds = 5; seconds <= 100'000; seconds += seconds < 600 ? 1 : 997) {
            for (const double jitter : {0.0, 0.1, 0.5}) {
                const auto timing = touchTiming(
                    after(std::chrono::seconds(seconds), IdleLimit::Origin::User), 10s, jitter);
                QVERIFY(timing);
                const double total =
                    2 * static_cast<double>(timing->interval.count()) * (1 + jitter)
                    + static_cast<double>(timing->timeout.count());
                QVERIFY2(total <= seconds * 1000.0 + 0.001, qPrintable(QString::number(seconds)));
                QVERIFY(timing->timeout <= 10s && timing->timeout > 0ms);
            }
        }
    }

    void line10_offMeansNoTouches()
    {
        QVERIFY(!touchTiming(IdleLimit::never(IdleLimit::Origin::OwnFlag), 10s, 0.1));
    }

    void line10_commandLines()
    {
        QCOMPARE(read("/opt/copilot --headless --port 4600 --session-idle-timeout 300"),
                 after(300s, IdleLimit::Origin::CommandLine));
        QCOMPARE(read("copilot --headless --session-idle-timeout=45"),
                 after(45s, IdleLimit::Origin::CommandLine));
        QCOMPARE(read("copilot --headless --no-auto-update"),
                 IdleLimit::never(IdleLimit::Origin::CommandLine));
        QCOMPARE(read("copilot --headless --session-idle-timeout 0"),
                 IdleLimit::never(IdleLimit::Origin::CommandLine));
        QVERIFY(!read("/usr/bin/docker-proxy -host-port 4600"));
        QVERIFY(!read("copilot --headless --session-idle-timeout soon"));
        QVERIFY(!idleLimitOfCommandLine({}, IdleLimit::Origin::CommandLine));
    }

    void line10_whoWins()
    {
        IdleLimitSources sources;
        QCOMPARE(effectiveIdleLimit(sources), after(1800s, IdleLimit::Origin::Assumed));
        sources.known = IdleLimit::never(IdleLimit::Origin::OwnFlag);
        QVERIFY(effectiveIdleLimit(sources).neverExpires());
        sources.learned = 400s; // what nobody knew is shown by a death
        QCOMPARE(effectiveIdleLimit(sources), after(400s, IdleLimit::Origin::Learned));
        sources.known = after(300s, IdleLimit::Origin::CommandLine);
        QCOMPARE(effectiveIdleLimit(sources), after(300s, IdleLimit::Origin::CommandLine));
        sources.rules.fixedIdleLimit = 1800s; // no flag changes it
        sources.known = IdleLimit::never(IdleLimit::Origin::CommandLine);
        sources.learned.reset();
        QCOMPARE(effectiveIdleLimit(sources), after(1800s, IdleLimit::Origin::Version));
        sources.learned = 1s; // no server looks so often
        QCOMPARE(effectiveIdleLimit(sources), after(10s, IdleLimit::Origin::Learned));
        sources.user = after(90s, IdleLimit::Origin::User);
        QCOMPARE(effectiveIdleLimit(sources), after(90s, IdleLimit::Origin::User));
        sources.user = IdleLimit::never(IdleLimit::Origin::User);
        QVERIFY(effectiveIdleLimit(sources).neverExpires());
    }

    void versions()
    {
        const auto allows = [](const char *version, const char *least) {
            return versionAllows(QString::fromLatin1(version), QString::fromLatin1(least));
        };
        QVERIFY(allows("1.0.69", "1.0.69"));
        QVERIFY(allows("1.0.102", "1.0.69"));
        QVERIFY(allows("1.1", "1.0.69"));
        QVERIFY(allows("1.0.102-beta.1", "1.0.69"));
        QVERIFY(!allows("1.0.68", "1.0.69"));
        QVERIFY(!allows("0.0.420", "1.0.40"));
        QVERIFY(!allows("", "1.0.40"));
        QVERIFY(!allows("unknown", "0"));
    }
};

QTEST_GUILESS_MAIN(TstIdleLimit)
#include "tst_idlelimit.moc"
