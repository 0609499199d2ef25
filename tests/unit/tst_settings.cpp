// SPDX-License-Identifier: MIT
#include "settings/settings.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;

namespace {

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
        values.keepalive = {60.0, 2.5};
        values.keepalive.method = QStringLiteral("none");
        values.keepalive.standInTool = QStringLiteral("echo");
        values.keepalive.jitterPercent = 0;
        values.keepalive.maxFailures = 5;
        values.keepalive.reprobeSeconds = 60;
        values.keepalive.sessionTouch = SessionTouch::On;
        values.stayAwake = StayAwake::Busy;
        values.metricsEndpoint = QStringLiteral("http://collector:4318");
        values.metricsToolHiveNames = true;
        values.theme = ThemeChoice::Dark;
        values.windowGeometry = QByteArray("\0\1\xff", 3);
        values.windowState = QByteArray("state");
        values.splitterState = QByteArray("split");
        values.currentSession = QStringLiteral("0728");
        values.notifications = false;
        values.checkUpdates = true;
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

    void anOldFilesPingMembersMoveToTheKeepaliveGroup()
    {
        QDir().mkpath(QFileInfo(m_file).path());
        write(m_file,
              json("{'version':1,'connection':{'pingIntervalSeconds':60,'pingTimeoutSeconds':4}}"));
        SettingsStore store(m_file);
        QVERIFY(store.load().ignored.isEmpty());
        QCOMPARE(store.values().keepalive, (KeepaliveSettings{60.0, 4.0}));
        AppSettings values = store.values();
        values.logVisible = true;
        QVERIFY(store.set(values));
        const QJsonObject root = read(m_file);
        QCOMPARE(root[QStringLiteral("version")].toInt(), 2);
        QVERIFY(!root[QStringLiteral("connection")].toObject().contains(
            QStringLiteral("pingIntervalSeconds")));
        QCOMPARE(root[QStringLiteral("keepalive")][QStringLiteral("intervalSeconds")].toDouble(),
                 60.0);
    }

    void line03_aToolWithoutANameIsNotSaved()
    {
        SettingsStore store(m_file);
        AppSettings values;
        QVERIFY(store.set(values));
        values.keepalive.method = QStringLiteral("tool:");
        const auto saved = store.set(values);
        QVERIFY(!saved);
        QCOMPARE(saved.error().code, ErrorCode::InvalidArgument);
        QVERIFY(!store.values().keepalive.method);
        QVERIFY(!read(m_file).contains(QStringLiteral("tool")));
    }

    void line03_anUnknownMethodOfTheFileIsKeptAndShown()
    {
        QDir().mkpath(QFileInfo(m_file).path());
        write(m_file, json("{'version':2,'keepalive':{'method':'telepathy','future':1}}"));
        SettingsStore store(m_file);
        QVERIFY(store.load().problem.isEmpty());
        const EffectiveKeepalive k = effectiveKeepalive({}, store.values().keepalive);
        QCOMPARE(k.method, KeepaliveMethod::None);
        QVERIFY(k.warnings.contains(EffectiveKeepalive::Warning::MethodUnknown));
        AppSettings values = store.values();
        values.logVisible = true; // something else is edited meanwhile
        QVERIFY(store.set(values));
        const QJsonObject keepalive = read(m_file)[QStringLiteral("keepalive")].toObject();
        QCOMPARE(keepalive[QStringLiteral("method")].toString(), QStringLiteral("telepathy"));
        QCOMPARE(keepalive[QStringLiteral("future")].toInt(), 1);
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
        // What it could not use is in a copy before anything is written over it.
        const QJsonObject before = read(m_file);
        AppSettings values = store.values();
        values.theme = ThemeChoice::Dark;
        QVERIFY(store.set(values));
        QCOMPARE(read(m_file + QStringLiteral(".bad-1")), before);
        values.theme = ThemeChoice::Light;
        QVERIFY(store.set(values));
        QVERIFY(!QFile::exists(m_file + QStringLiteral(".bad-2"))); // once
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
