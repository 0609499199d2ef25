// SPDX-License-Identifier: MIT
#include "settings/settings.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <limits>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

constexpr double NotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double Infinity = std::numeric_limits<double>::infinity();

//! Moc of Qt 6.4 stumbles over raw strings: single quotes stand for double ones.
QByteArray json(const char *text)
{
    return QByteArray(text).replace('\'', '"');
}

void write(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
}

QJsonObject read(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return QJsonDocument::fromJson(file.readAll()).object();
}

} // namespace

class TestSettings : public QObject
{
    Q_OBJECT
private:
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_file;

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_file = m_folder->filePath(QStringLiteral("config/settings.json"));
    }

    void timing_data()
    {
        using Origin = ProbeTiming::Origin;
        using Warning = ProbeTiming::Warning;
        QTest::addColumn<double>("interval"); // 0 with intervalSet false: not set
        QTest::addColumn<bool>("intervalSet");
        QTest::addColumn<double>("timeout");
        QTest::addColumn<bool>("timeoutSet");
        QTest::addColumn<qint64>("expectedInterval");
        QTest::addColumn<qint64>("expectedTimeout");
        QTest::addColumn<int>("intervalOrigin");
        QTest::addColumn<int>("timeoutOrigin");
        QTest::addColumn<int>("warning");
        const auto row = [](const char *name, std::optional<double> interval,
                            std::optional<double> timeout, qint64 expectedInterval,
                            qint64 expectedTimeout, Origin intervalOrigin, Origin timeoutOrigin,
                            Warning warning) {
            QTest::newRow(name) << interval.value_or(0) << interval.has_value()
                                << timeout.value_or(0) << timeout.has_value() << expectedInterval
                                << expectedTimeout << int(intervalOrigin) << int(timeoutOrigin)
                                << int(warning);
        };
        constexpr auto Def = Origin::Default;
        constexpr auto User = Origin::User;
        constexpr auto Limited = Origin::Limited;
        constexpr auto None = Warning::None;
        row("defaults", {}, {}, 900000, 10000, Def, Def, None);
        row("both set", 60, 5, 60000, 5000, User, User, None);
        row("fractions", 7.5, 0.25, 7500, 250, User, User, None);
        row("floor exactly", 5, 2.5, 5000, 2500, User, User, None);
        row("below the floor", 4.999, {}, 5000, 2500, Limited, Limited, Warning::IntervalTooShort);
        row("ceiling exactly", 86400, {}, 86400'000, 10000, User, Def, None);
        row("above the ceiling", 86401, {}, 86400'000, 10000, Limited, Def,
            Warning::IntervalTooLong);
        row("zero", 0, {}, 900000, 10000, Def, Def, Warning::IntervalInvalid);
        row("negative", -1, {}, 900000, 10000, Def, Def, Warning::IntervalInvalid);
        row("not a number", NotANumber, {}, 900000, 10000, Def, Def, Warning::IntervalInvalid);
        row("infinite", Infinity, {}, 900000, 10000, Def, Def, Warning::IntervalInvalid);
        row("overflow", 1e300, {}, 900000, 10000, Def, Def, Warning::IntervalInvalid);
        row("timeout zero", {}, 0, 900000, 10000, Def, Def, Warning::TimeoutInvalid);
        row("timeout not a number", {}, NotANumber, 900000, 10000, Def, Def,
            Warning::TimeoutInvalid);
        row("timeout half", 20, 10, 20000, 10000, User, User, None);
        row("timeout over half", 20, 10.001, 20000, 10000, User, Limited, Warning::TimeoutTooLong);
        row("default timeout, short interval", 10, {}, 10000, 5000, User, Limited, None);
        row("both wrong: one warning", -5, -5, 900000, 10000, Def, Def, Warning::IntervalInvalid);
    }
    void timing()
    {
        QFETCH(double, interval);
        QFETCH(bool, intervalSet);
        QFETCH(double, timeout);
        QFETCH(bool, timeoutSet);
        ProbeSettings wanted;
        if (intervalSet)
            wanted.intervalSeconds = interval;
        if (timeoutSet)
            wanted.timeoutSeconds = timeout;
        const ProbeTiming got = effectiveProbeTiming(wanted);
        QTEST(qint64(got.interval.count()), "expectedInterval");
        QTEST(qint64(got.timeout.count()), "expectedTimeout");
        QTEST(int(got.intervalOrigin), "intervalOrigin");
        QTEST(int(got.timeoutOrigin), "timeoutOrigin");
        QTEST(int(got.warning), "warning");
    }

    void timingHoldsItsBoundsForAnything()
    {
        const double values[] = {NotANumber, Infinity, -Infinity, 0,   -0.0, 1e-300,
                                 1e-3,       1,        4.9999,    5,   10,   900,
                                 86399.9,    86400,    1e8,       1e9, 1e18, 1e308};
        for (const double interval : values) {
            for (const double timeout : values) {
                const ProbeTiming t = effectiveProbeTiming({interval, timeout});
                QVERIFY(t.interval >= 5s && t.interval <= 24h);
                QVERIFY(t.timeout >= 1ms && t.timeout * 2 <= t.interval);
            }
        }
    }

    void missingFileGivesDefaultsAndIsNotCreated()
    {
        SettingsStore store(m_file);
        const auto loaded = store.load();
        QVERIFY(!loaded.existed);
        QVERIFY(store.values() == AppSettings());
        QVERIFY(!QFile::exists(m_file));
    }

    void roundTrip()
    {
        AppSettings values;
        values.mode = ServerMode::Attach;
        values.cliPath = QStringLiteral("/opt/cli");
        values.url = QStringLiteral("wss://host:1/x");
        values.probe = {60.0, 2.5};
        values.theme = ThemeChoice::Dark;
        values.windowGeometry = QByteArray("\0\1\xff", 3);
        values.windowState = QByteArray("state");
        values.splitterState = QByteArray("split");
        values.currentSession = QStringLiteral("0728");
        values.notifications = false;
        values.logVisible = true;
        values.logLocalTime = false;
        {
            SettingsStore store(m_file);
            store.load();
            QVERIFY(store.set(values));
        }
        SettingsStore store(m_file);
        QVERIFY(store.load().existed);
        QVERIFY(store.values() == values);
#ifdef Q_OS_UNIX
        QCOMPARE(QFile::permissions(m_file) & (QFile::ReadGroup | QFile::ReadOther),
                 QFile::Permissions());
#endif
    }

    void changedOnlyWhenSomethingChanged()
    {
        SettingsStore store(m_file);
        int count = 0;
        connect(&store, &SettingsStore::changed, this, [&count] { ++count; });
        AppSettings values;
        QVERIFY(store.set(values));
        QCOMPARE(count, 0);
        QVERIFY(QFile::exists(m_file));
        values.logVisible = true;
        QVERIFY(store.set(values));
        QVERIFY(store.set(values));
        QCOMPARE(count, 1);
    }

    void unknownMembersAndNewerVersionAreKept()
    {
        QDir().mkpath(QFileInfo(m_file).path());
        write(m_file,
              json("{'version':7,'future':{'a':[1,2]},'connection':{'mode':'demo','breaker':3}}"));
        SettingsStore store(m_file);
        QVERIFY(store.load().problem.isEmpty());
        QCOMPARE(store.values().mode, ServerMode::Demo);
        AppSettings values = store.values();
        values.mode = ServerMode::Local;
        QVERIFY(store.set(values));
        const QJsonObject root = read(m_file);
        QCOMPARE(root[QStringLiteral("version")].toInt(), 7);
        QCOMPARE(root[QStringLiteral("future")][QStringLiteral("a")].toArray().size(), 2);
        QCOMPARE(root[QStringLiteral("connection")][QStringLiteral("breaker")].toInt(), 3);
        QCOMPARE(root[QStringLiteral("connection")][QStringLiteral("mode")].toString(),
                 QStringLiteral("local"));
    }

    void wrongTypesFallBackOneByOne()
    {
        QDir().mkpath(QFileInfo(m_file).path());
        write(m_file,
              json("{'connection':{'mode':'teleport','url':7,'cliPath':'/x'},'window':[]}"));
        SettingsStore store(m_file);
        const auto loaded = store.load();
        QCOMPARE(loaded.ignored.size(), 3);
        QVERIFY(loaded.backup.isEmpty());
        QCOMPARE(store.values().mode, ServerMode::Local);
        QCOMPARE(store.values().cliPath, QStringLiteral("/x"));
    }

    void unreadableFileIsKept_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("torn") << (json("{'version':1,'conn"));
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("array") << QByteArray("[1]");
        QTest::newRow("binary") << QByteArray("\0\xff\xfe", 3);
    }
    void unreadableFileIsKept()
    {
        QFETCH(QByteArray, bytes);
        QDir().mkpath(QFileInfo(m_file).path());
        write(m_file + QStringLiteral(".bad-1"), "earlier");
        write(m_file, bytes);
        SettingsStore store(m_file);
        const auto loaded = store.load();
        QVERIFY(!loaded.problem.isEmpty());
        QCOMPARE(loaded.backup, m_file + QStringLiteral(".bad-2"));
        QFile backup(loaded.backup);
        QVERIFY(backup.open(QIODevice::ReadOnly));
        QCOMPARE(backup.readAll(), bytes);
        QVERIFY(store.set(store.values()));
        QVERIFY(!read(m_file).isEmpty());
    }

    void failedWriteIsReportedAndValuesHold()
    {
        // The folder's place is taken by a file, so nothing can be written below it.
        write(m_folder->filePath(QStringLiteral("config")), "x");
        SettingsStore store(m_file);
        AppSettings values;
        values.theme = ThemeChoice::Light;
        const auto saved = store.set(values);
        QVERIFY(!saved);
        QCOMPARE(saved.error().code, ErrorCode::StorageFailed);
        QCOMPARE(store.values().theme, ThemeChoice::Light);
    }

    void names()
    {
        for (const auto mode :
             {ServerMode::Local, ServerMode::Embedded, ServerMode::Attach, ServerMode::Demo})
            QCOMPARE(serverModeFromName(serverModeName(mode)), mode);
        for (const auto theme : {ThemeChoice::System, ThemeChoice::Light, ThemeChoice::Dark})
            QCOMPARE(themeChoiceFromName(themeChoiceName(theme)), theme);
        QVERIFY(!serverModeFromName(QStringLiteral("nope")));
        QVERIFY(!themeChoiceFromName({}));
    }
};

QTEST_GUILESS_MAIN(TestSettings)
#include "tst_settings.moc"
