// SPDX-License-Identifier: MIT
// Test functions are named after the numbered lines of docs/keepalive.md.
#include "settings/keepalivesettings.h"

#include <QTest>

#include <limits>

using namespace pilotlight;
using namespace std::chrono_literals;
using Origin = EffectiveKeepalive::Origin;
using Warning = EffectiveKeepalive::Warning;
using Warnings = QList<Warning>;
using Kind = KeepaliveTarget::Kind;

namespace {

constexpr double NotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double Infinity = std::numeric_limits<double>::infinity();

KeepaliveSettings methodIs(const char *method)
{
    KeepaliveSettings settings;
    settings.method = QLatin1String(method);
    return settings;
}

} // namespace

class TstKeepaliveSettings : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void line01_defaultsOfTheKinds()
    {
        const EffectiveKeepalive agent = effectiveKeepalive({}, {});
        QCOMPARE(agent.method, KeepaliveMethod::Ping);
        QVERIFY(agent.interval == 900s);
        QVERIFY(agent.timeout == 10s);
        QCOMPARE(agent.jitter, 0.10);
        QCOMPARE(agent.maxFailures, 3);
        QVERIFY(agent.reprobe == 1800s);
        QCOMPARE(agent.sessionTouch, SessionTouch::Auto);
        QVERIFY(agent.warnings.isEmpty());
        for (const Origin origin :
             {agent.methodOrigin, agent.intervalOrigin, agent.timeoutOrigin, agent.jitterOrigin,
              agent.maxFailuresOrigin, agent.reprobeOrigin, agent.sessionTouchOrigin})
            QCOMPARE(origin, Origin::Default);
        QVERIFY(effectiveKeepalive({Kind::Mcp}, {}).interval == 300s);
    }

    void line01_theNearestLayerWinsAndIsNamed()
    {
        KeepaliveSettings application{60.0, 7.0};
        application.jitterPercent = 20;
        application.sessionTouch = SessionTouch::Off;
        KeepaliveSettings own;
        own.intervalSeconds = 120;
        own.maxFailures = 5;
        own.reprobeSeconds = 600;
        own.sessionTouch = SessionTouch::On;
        own.method = QStringLiteral("none");
        const EffectiveKeepalive k = effectiveKeepalive({Kind::Mcp}, application, own);
        QVERIFY(k.interval == 120s);
        QCOMPARE(k.intervalOrigin, Origin::Backend);
        QVERIFY(k.timeout == 7s);
        QCOMPARE(k.timeoutOrigin, Origin::Application);
        QCOMPARE(k.jitter, 0.2);
        QCOMPARE(k.jitterOrigin, Origin::Application);
        QCOMPARE(k.maxFailures, 5);
        QCOMPARE(k.maxFailuresOrigin, Origin::Backend);
        QVERIFY(k.reprobe == 600s);
        QCOMPARE(k.sessionTouch, SessionTouch::On);
        QCOMPARE(k.sessionTouchOrigin, Origin::Backend);
        QCOMPARE(k.methodName(), QStringLiteral("none"));
        QCOMPARE(k.methodOrigin, Origin::Backend);
    }

    void line01_aToolStandsInOrIsTheMethod()
    {
        const KeepaliveTarget target{Kind::Mcp, false, {QStringLiteral("echo")}};
        const EffectiveKeepalive tool = effectiveKeepalive(target, {}, methodIs("tool:echo"));
        QCOMPARE(tool.method, KeepaliveMethod::Tool);
        QCOMPARE(tool.tool, QStringLiteral("echo"));
        QCOMPARE(tool.methodName(), QStringLiteral("tool:echo"));
        KeepaliveSettings standIn;
        standIn.standInTool = QStringLiteral("echo");
        const EffectiveKeepalive ping = effectiveKeepalive(target, {}, standIn);
        QCOMPARE(ping.method, KeepaliveMethod::Ping);
        QCOMPARE(ping.tool, QStringLiteral("echo"));
    }

    void line02_demoIsNeverProbed()
    {
        QCOMPARE(effectiveKeepalive({Kind::Demo}, methodIs("ping"), methodIs("ping")).method,
                 KeepaliveMethod::None);
    }

    void line02_statelessIsProbedOnlyByItsOwnOverride()
    {
        const KeepaliveTarget target{Kind::Mcp, true, {}};
        QCOMPARE(effectiveKeepalive(target, {}).method, KeepaliveMethod::None);
        QCOMPARE(effectiveKeepalive(target, {}).methodOrigin, Origin::Default);
        QCOMPARE(effectiveKeepalive(target, methodIs("ping")).method, KeepaliveMethod::None);
        QCOMPARE(effectiveKeepalive(target, {}, methodIs("ping")).method, KeepaliveMethod::Ping);
    }

    void line03_timing_data()
    {
        QTest::addColumn<double>("interval"); // 0 with intervalSet false: not set
        QTest::addColumn<bool>("intervalSet");
        QTest::addColumn<double>("timeout");
        QTest::addColumn<bool>("timeoutSet");
        QTest::addColumn<qint64>("expectedInterval");
        QTest::addColumn<qint64>("expectedTimeout");
        QTest::addColumn<int>("intervalOrigin");
        QTest::addColumn<int>("timeoutOrigin");
        QTest::addColumn<Warnings>("warnings");
        const auto row = [](const char *name, std::optional<double> interval,
                            std::optional<double> timeout, qint64 expectedInterval,
                            qint64 expectedTimeout, Origin intervalOrigin, Origin timeoutOrigin,
                            const Warnings &warnings = {}) {
            QTest::newRow(name) << interval.value_or(0) << interval.has_value()
                                << timeout.value_or(0) << timeout.has_value() << expectedInterval
                                << expectedTimeout << int(intervalOrigin) << int(timeoutOrigin)
                                << warnings;
        };
        constexpr auto Def = Origin::Default;
        constexpr auto User = Origin::Application;
        constexpr auto Limited = Origin::Limited;
        row("defaults", {}, {}, 900000, 10000, Def, Def);
        row("both set", 60, 5, 60000, 5000, User, User);
        row("fractions", 7.5, 0.25, 7500, 250, User, User);
        row("floor exactly", 5, 2.5, 5000, 2500, User, User);
        row("below the floor", 4.999, {}, 5000, 2500, Limited, Limited,
            {Warning::IntervalTooShort});
        row("ceiling exactly", 86400, {}, 86400'000, 10000, User, Def);
        row("above the ceiling", 86401, {}, 86400'000, 10000, Limited, Def,
            {Warning::IntervalTooLong});
        row("zero", 0, {}, 900000, 10000, Def, Def, {Warning::IntervalInvalid});
        row("negative", -1, {}, 900000, 10000, Def, Def, {Warning::IntervalInvalid});
        row("not a number", NotANumber, {}, 900000, 10000, Def, Def, {Warning::IntervalInvalid});
        row("infinite", Infinity, {}, 900000, 10000, Def, Def, {Warning::IntervalInvalid});
        row("overflow", 1e300, {}, 900000, 10000, Def, Def, {Warning::IntervalInvalid});
        row("timeout zero", {}, 0, 900000, 10000, Def, Def, {Warning::TimeoutInvalid});
        row("timeout not a number", {}, NotANumber, 900000, 10000, Def, Def,
            {Warning::TimeoutInvalid});
        row("timeout half", 20, 10, 20000, 10000, User, User);
        row("timeout over half", 20, 10.001, 20000, 10000, User, Limited,
            {Warning::TimeoutTooLong});
        row("default timeout, short interval", 10, {}, 10000, 5000, User, Limited);
        row("both wrong", -5, -5, 900000, 10000, Def, Def,
            {Warning::IntervalInvalid, Warning::TimeoutInvalid});
    }
    void line03_timing()
    {
        QFETCH(double, interval);
        QFETCH(bool, intervalSet);
        QFETCH(double, timeout);
        QFETCH(bool, timeoutSet);
        KeepaliveSettings wanted;
        if (intervalSet)
            wanted.intervalSeconds = interval;
        if (timeoutSet)
            wanted.timeoutSeconds = timeout;
        const EffectiveKeepalive got = effectiveKeepalive({}, wanted);
        QTEST(qint64(got.interval.count()), "expectedInterval");
        QTEST(qint64(got.timeout.count()), "expectedTimeout");
        QTEST(int(got.intervalOrigin), "intervalOrigin");
        QTEST(int(got.timeoutOrigin), "timeoutOrigin");
        QTEST(got.warnings, "warnings");
    }

    void line03_boundsHoldForAnything()
    {
        const double values[] = {NotANumber, Infinity, -Infinity, 0,   -0.0, 1e-300,
                                 1e-3,       1,        4.9999,    5,   10,   900,
                                 86399.9,    86400,    1e8,       1e9, 1e18, 1e308};
        for (const double a : values) {
            for (const double b : values) {
                KeepaliveSettings settings{a, b};
                settings.jitterPercent = a;
                settings.maxFailures = b;
                settings.reprobeSeconds = a;
                const EffectiveKeepalive k = effectiveKeepalive({}, settings, {b, a});
                QVERIFY(k.interval >= 5s && k.interval <= 24h);
                QVERIFY(k.timeout >= 1ms && k.timeout * 2 <= k.interval);
                QVERIFY(k.jitter >= 0 && k.jitter <= 0.5);
                QVERIFY(k.maxFailures >= 1 && k.maxFailures <= 1000);
                QVERIFY(k.reprobe >= 5s && k.reprobe <= 24h);
            }
        }
    }

    void line03_nonsenseOfABackendLeavesTheApplicationsValue()
    {
        const EffectiveKeepalive k = effectiveKeepalive({}, {60.0, 4.0}, {NotANumber, -1.0});
        QVERIFY(k.interval == 60s);
        QVERIFY(k.timeout == 4s);
        QCOMPARE(k.warnings, (Warnings{Warning::IntervalInvalid, Warning::TimeoutInvalid}));
    }

    void line03_jitterIsAtMostAHalf()
    {
        KeepaliveSettings settings;
        settings.jitterPercent = 80;
        const EffectiveKeepalive k = effectiveKeepalive({}, settings);
        QCOMPARE(k.jitter, 0.5);
        QCOMPARE(k.jitterOrigin, Origin::Limited);
        QCOMPARE(k.warnings, Warnings{Warning::JitterTooLarge});
        settings.jitterPercent = -1;
        QCOMPARE(effectiveKeepalive({}, settings).warnings, Warnings{Warning::JitterInvalid});
        settings.jitterPercent = 0;
        QVERIFY(effectiveKeepalive({}, settings).warnings.isEmpty());
    }

    void line03_anUnknownMethodIsNoneWithAWarning_data()
    {
        QTest::addColumn<QString>("method");
        for (const char *method : {"", "Ping", "ping ", "tool", "tool:", "tool:  ", "telepathy",
                                   "none:", "http", "tool:a\"b", "tool:a\nb"})
            QTest::addRow("\"%s\"", method) << QString::fromLatin1(method);
        QTest::newRow("too long") << QStringLiteral("tool:") + QString(300, QLatin1Char('x'));
    }
    void line03_anUnknownMethodIsNoneWithAWarning()
    {
        QFETCH(QString, method);
        KeepaliveSettings settings;
        settings.method = method;
        const EffectiveKeepalive k = effectiveKeepalive({}, settings);
        QCOMPARE(k.method, KeepaliveMethod::None);
        QCOMPARE(k.warnings, Warnings{Warning::MethodUnknown});
        const auto checked = checkKeepalive(settings);
        QVERIFY(!checked);
        QCOMPARE(checked.error().code, ErrorCode::InvalidArgument);
    }

    void line03_whatMayBeSaved()
    {
        QVERIFY(checkKeepalive({}));
        for (const char *method : {"ping", "none", "tool:echo"})
            QVERIFY(checkKeepalive(methodIs(method)));
        KeepaliveSettings settings;
        settings.standInTool = QString();
        QVERIFY(!checkKeepalive(settings));
        settings.standInTool = QStringLiteral("echo");
        QVERIFY(checkKeepalive(settings));
    }

    void line18_onlyADeclaredToolIsUsed()
    {
        const KeepaliveTarget target{Kind::Mcp, false, {QStringLiteral("echo")}};
        const EffectiveKeepalive other = effectiveKeepalive(target, {}, methodIs("tool:delete"));
        QCOMPARE(other.method, KeepaliveMethod::None);
        QCOMPARE(other.warnings, Warnings{Warning::ToolNotReadOnly});
        KeepaliveSettings standIn;
        standIn.standInTool = QStringLiteral("delete");
        const EffectiveKeepalive ping = effectiveKeepalive(target, {}, standIn);
        QCOMPARE(ping.method, KeepaliveMethod::Ping);
        QCOMPARE(ping.tool, QString());
        QCOMPARE(ping.warnings, Warnings{Warning::ToolNotReadOnly});
        QCOMPARE(effectiveKeepalive({}, methodIs("tool:echo")).method, KeepaliveMethod::None);
    }

    void line10_theUsersIdleLimitAndParking()
    {
        EffectiveKeepalive k = effectiveKeepalive({}, {});
        QVERIFY(!k.idleLimit);
        QCOMPARE(k.parkAfter, Milliseconds(1'800'000));
        KeepaliveSettings application;
        application.idleLimitSeconds = 300;
        application.parkAfterSeconds = 0;
        KeepaliveSettings own;
        own.idleLimitSeconds = 0;
        k = effectiveKeepalive({}, application);
        QCOMPARE(k.idleLimit, std::optional(Milliseconds(300'000)));
        QCOMPARE(k.parkAfter, Milliseconds(0));
        k = effectiveKeepalive({}, application, own);
        QCOMPARE(k.idleLimit, std::optional(Milliseconds(0)));
        own.idleLimitSeconds = -1;
        own.parkAfterSeconds = std::numeric_limits<double>::quiet_NaN();
        k = effectiveKeepalive({}, {}, own);
        QVERIFY(!k.idleLimit);
        QCOMPARE(k.parkAfter, Milliseconds(1'800'000));
        QCOMPARE(k.warnings, (Warnings{Warning::IdleLimitInvalid, Warning::ParkAfterInvalid}));
    }

    void json()
    {
        QStringList ignored;
        const QJsonObject mixed{{QStringLiteral("intervalSeconds"), 60},
                                {QStringLiteral("timeoutSeconds"), QStringLiteral("long")},
                                {QStringLiteral("method"), 7},
                                {QStringLiteral("standInTool"), QStringLiteral("echo")},
                                {QStringLiteral("sessionTouch"), QStringLiteral("sometimes")},
                                {QStringLiteral("future"), true}};
        const KeepaliveSettings read = keepaliveFromJson(mixed, QStringLiteral("k"), ignored);
        QCOMPARE(read.intervalSeconds, 60.0);
        QVERIFY(!read.timeoutSeconds);
        QVERIFY(!read.sessionTouch);
        QCOMPARE(effectiveKeepalive({}, read).method, KeepaliveMethod::None);
        QCOMPARE(
            ignored,
            (QStringList{QStringLiteral("k.timeoutSeconds"), QStringLiteral("k.sessionTouch")}));
        KeepaliveSettings values{60.0, 2.5};
        values.sessionTouch = SessionTouch::On;
        values.idleLimitSeconds = 0;
        values.parkAfterSeconds = 600;
        const QJsonObject written = keepaliveToJson(mixed, values);
        QVERIFY(written[QStringLiteral("future")].toBool());
        QVERIFY(!written.contains(QStringLiteral("method")));
        ignored.clear();
        QVERIFY(keepaliveFromJson(written, {}, ignored) == values);
        QVERIFY(ignored.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TstKeepaliveSettings)
#include "tst_keepalivesettings.moc"
