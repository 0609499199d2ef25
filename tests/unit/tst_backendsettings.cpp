// SPDX-License-Identifier: MIT
#include "settings/backendsettings.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;

namespace {

//! Moc of Qt 6.4 stumbles over raw strings: single quotes stand for double ones.
void write(const QString &path, const char *text)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray(text).replace('\'', '"'));
}

QJsonArray backends(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return QJsonDocument::fromJson(file.readAll()).object()[QStringLiteral("backends")].toArray();
}

BackendSettings mcp(const QString &id)
{
    BackendSettings backend;
    backend.id = id;
    backend.name = QStringLiteral("Memory");
    backend.command = QStringLiteral("/opt/mcp-server-memory");
    backend.arguments = {QStringLiteral("--flag"), QString()};
    backend.environment = {{QStringLiteral("HOME"), QStringLiteral("/tmp/x")}};
    backend.readOnlyTools = {QStringLiteral("read_graph")};
    backend.keepalive.method = QStringLiteral("tool:read_graph");
    return backend;
}

BackendSettings copilot(const QString &id)
{
    BackendSettings backend;
    backend.id = id;
    backend.kind = BackendKind::Copilot;
    backend.mode = ServerMode::Attach;
    backend.url = QStringLiteral("wss://example.test/agent");
    backend.stateless = false;
    return backend;
}

} // namespace

class TstBackendSettings : public QObject
{
    Q_OBJECT
private:
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_file;

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_file = m_folder->filePath(QStringLiteral("config/backends.json"));
        QDir().mkpath(QFileInfo(m_file).path());
    }

    void roundTrip()
    {
        {
            BackendStore store(m_file);
            QVERIFY(!store.load().existed);
            QVERIFY(store.set(mcp(QStringLiteral("memory"))));
            QVERIFY(store.set(copilot(QStringLiteral("far"))));
            BackendSettings own;
            own.id = DefaultBackendId;
            own.keepalive.intervalSeconds = 60;
            QVERIFY(store.set(own));
        }
        BackendStore store(m_file);
        const auto loaded = store.load();
        QVERIFY(loaded.ignored.isEmpty());
        QCOMPARE(store.values().size(), 3);
        QVERIFY(store.find(QStringLiteral("memory")) == mcp(QStringLiteral("memory")));
        QVERIFY(store.find(QStringLiteral("far")) == copilot(QStringLiteral("far")));
        QCOMPARE(store.keepaliveOf(DefaultBackendId).intervalSeconds, 60.0);
        QVERIFY(store.keepaliveOf(QStringLiteral("nobody")).isEmpty());
#ifdef Q_OS_UNIX
        QCOMPARE(QFile::permissions(m_file) & (QFile::ReadGroup | QFile::ReadOther),
                 QFile::Permissions());
#endif
    }

    void editAndRemove()
    {
        BackendStore store(m_file);
        int changes = 0;
        connect(&store, &BackendStore::changed, this, [&changes] { ++changes; });
        QVERIFY(store.set(mcp(QStringLiteral("a"))));
        QVERIFY(store.set(mcp(QStringLiteral("b"))));
        BackendSettings edited = mcp(QStringLiteral("a"));
        edited.enabled = false;
        QVERIFY(store.set(edited));
        QVERIFY(store.set(edited)); // nothing new
        QCOMPARE(changes, 3);
        QCOMPARE(store.values().first().id, QStringLiteral("a"));
        QVERIFY(!store.values().first().enabled);
        QVERIFY(store.remove(QStringLiteral("a")));
        QVERIFY(store.remove(QStringLiteral("a")));
        QCOMPARE(changes, 4);
        QCOMPARE(backends(m_file).size(), 1);
    }

    void whatMakesNoSenseIsRefused_data()
    {
        QTest::addColumn<QString>("member");
        QTest::addColumn<BackendSettings>("backend");
        const auto row = [](const char *name, const char *member, const auto &change) {
            BackendSettings backend = mcp(QStringLiteral("x"));
            change(backend);
            QTest::newRow(name) << QString::fromLatin1(member) << backend;
        };
        row("no id", "id", [](auto &b) { b.id.clear(); });
        row("id with a slash", "id", [](auto &b) { b.id = QStringLiteral("../x"); });
        row("long id", "id", [](auto &b) { b.id = QString(65, QLatin1Char('a')); });
        row("neither command nor url", "command", [](auto &b) { b.command.clear(); });
        const auto url = [](const char *text) {
            return [text](auto &b) {
                b.command.clear();
                b.url = QLatin1String(text);
            };
        };
        row("ftp", "url", url("ftp://host/mcp"));
        row("no host", "url", url("http:///mcp"));
        row("user information", "url", url("https://me:secret@host/mcp"));
        row("a second local server", "mode", [](auto &b) {
            b = copilot(QStringLiteral("x"));
            b.mode = ServerMode::Local;
        });
        row("agent server over http", "url", [](auto &b) {
            b = copilot(QStringLiteral("x"));
            b.url = QStringLiteral("http://host");
        });
        row("a tool without a name", "keepalive",
            [](auto &b) { b.keepalive.method = QStringLiteral("tool:"); });
    }
    void whatMakesNoSenseIsRefused()
    {
        QFETCH(QString, member);
        QFETCH(BackendSettings, backend);
        BackendStore store(m_file);
        const auto set = store.set(backend);
        QVERIFY(!set);
        QCOMPARE(set.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(set.error().detail, member);
        QVERIFY(store.values().isEmpty());
        QVERIFY(!QFile::exists(m_file));
    }

    void unknownThingsAreKept()
    {
        write(m_file,
              "{'version':9,'future':1,'backends':["
              "{'id':'m','kind':'mcp','command':'x','colour':'red','keepalive':{'new':2}},"
              "{'id':'a','kind':'acp','command':'y'},"
              "{'id':'m','kind':'mcp','command':'twice'},7]}");
        BackendStore store(m_file);
        const auto loaded = store.load();
        QCOMPARE(loaded.ignored.size(), 3);
        QCOMPARE(store.values().size(), 1);
        BackendSettings edited = *store.find(QStringLiteral("m"));
        edited.name = QStringLiteral("Mine");
        QFile original(m_file);
        QVERIFY(original.open(QIODevice::ReadOnly));
        const QByteArray before = original.readAll();
        original.close();
        QVERIFY(store.set(edited));
        QFile kept(m_file + QStringLiteral(".bad-1")); // the second one of that id is lost
        QVERIFY(kept.open(QIODevice::ReadOnly));
        QCOMPARE(kept.readAll(), before);
        const QJsonArray list = backends(m_file);
        QCOMPARE(list[0][QStringLiteral("colour")].toString(), QStringLiteral("red"));
        QCOMPARE(list[0][QStringLiteral("keepalive")][QStringLiteral("new")].toInt(), 2);
        QCOMPARE(list[0][QStringLiteral("name")].toString(), QStringLiteral("Mine"));
        QCOMPARE(list[1][QStringLiteral("kind")].toString(), QStringLiteral("acp"));
        QFile file(m_file);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(
            QJsonDocument::fromJson(file.readAll()).object()[QStringLiteral("version")].toInt(), 9);
    }

    void anUnknownMethodIsLoadedAndOtherThingsCanBeEdited()
    {
        write(m_file,
              "{'version':1,'backends':[{'id':'m','kind':'mcp','command':'x',"
              "'keepalive':{'method':'telepathy'}}]}");
        BackendStore store(m_file);
        QVERIFY(store.load().ignored.isEmpty());
        BackendSettings edited = *store.find(QStringLiteral("m"));
        edited.name = QStringLiteral("Mine");
        QVERIFY(store.set(edited));
        edited.keepalive.method = QStringLiteral("clairvoyance");
        QVERIFY(!store.set(edited));
    }

    void unreadableFileIsMovedAside()
    {
        write(m_file, "{'version':1,'back");
        BackendStore store(m_file);
        const auto loaded = store.load();
        QCOMPARE(loaded.backup, m_file + QStringLiteral(".bad-1"));
        QVERIFY(store.values().isEmpty());
        QVERIFY(store.set(mcp(QStringLiteral("m"))));
        QCOMPARE(backends(m_file).size(), 1);
    }
};

QTEST_GUILESS_MAIN(TstBackendSettings)
#include "tst_backendsettings.moc"
