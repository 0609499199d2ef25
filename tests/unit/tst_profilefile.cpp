// SPDX-License-Identifier: MIT
#include "base/secret.h"
#include "profile/profilefile.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

const QDateTime Now(QDate(2026, 11, 21), QTime(9, 30), Qt::UTC);

BackendSettings mcp(const QString &id)
{
    BackendSettings backend;
    backend.id = id;
    backend.name = u"Tools"_s;
    backend.command = u"npx"_s;
    backend.arguments = {u"-y"_s, u"server"_s};
    return backend;
}

StoredSession session(const QString &id, const QString &name)
{
    StoredSession stored;
    stored.config.id = id;
    stored.config.name = name;
    stored.config.workingDirectory = u"/home/me/work"_s;
    stored.created = Now.addDays(-1);
    stored.durable = true;
    return stored;
}

ProfileContent sample()
{
    ProfileContent content;
    content.settings = AppSettings();
    content.settings->mode = ServerMode::Attach;
    content.settings->url = u"tcp://10.0.0.1:4000"_s;
    content.settings->theme = ThemeChoice::Dark;
    content.settings->keepalive.intervalSeconds = 600;
    content.settings->windowGeometry = "geometry";
    content.backends = {mcp(u"tools"_s)};
    content.sessions = {session(u"s1"_s, u"First"_s), session(u"s2"_s, u"Second"_s)};
    return content;
}

QStringList names(const QList<ProfileChange> &changes)
{
    QStringList all;
    for (const ProfileChange &change : changes)
        all << (change.added ? u"+"_s : QString()) + change.name;
    return all;
}

} // namespace

//! Settings, servers and sessions in a file that is taken elsewhere.
class TstProfileFile : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void whatGoesOutComesIn()
    {
        const auto read = readProfile(writeProfile(sample(), Now));
        QVERIFY2(read, read ? "" : qPrintable(read.error().toString()));
        ProfileContent wanted = sample();
        wanted.settings->windowGeometry.clear(); // belongs to one screen
        QCOMPARE(*read->settings, *wanted.settings);
        QCOMPARE(read->backends, wanted.backends);
        QCOMPARE(read->sessions.size(), 2);
        QCOMPARE(read->sessions.at(1).config.name, u"Second"_s);
        QCOMPARE(read->sessions.at(1).created, Now.addDays(-1));
        QVERIFY(read->leftOut.isEmpty());
        // And to where all of it is, it changes nothing.
        QVERIFY(planImport(*read, sample()).changes.isEmpty());
    }

    void noSecretGoesOut()
    {
        registerSecret(Secret("registered-elsewhere"));
        ProfileContent content = sample();
        content.settings->url = u"ws://user:pa55word@host:1/p?token=tok3n-1&a=b"_s;
        content.settings->metricsEndpoint = u"http://me:s3cret-2@host/x"_s;
        BackendSettings backend = mcp(u"github"_s);
        backend.environment = {{u"GITHUB_TOKEN"_s, u"v3ry-secret"_s},
                               {u"DATABASE"_s, u"postgres://u:p4ss@db/x"_s},
                               {u"PATH"_s, u"/usr/bin"_s},
                               {u"OTHER"_s, u"sk-abcdefghijkl"_s}};
        backend.arguments = {u"--api-key"_s, u"s3cret-arg"_s, u"--password=hunter22"_s,
                             u"--url=http://x/"_s, u"registered-elsewhere"_s};
        BackendSettings remote = mcp(u"remote"_s);
        remote.command.clear();
        remote.arguments.clear();
        remote.url = u"https://host/mcp?api_key=k3y-in-url&x=1"_s;
        content.backends = {backend, remote};
        StoredSession stored = session(u"s3"_s, u"Bearer abcdef123456"_s);
        stored.config.systemMessage = u"use ghp_0123456789abcdef"_s;
        stored.config.provider =
            ProviderConfig{u"openai"_s, u"responses"_s, u"https://k:l0ckpick@host/v1?key=qu3ry"_s,
                           Secret("prov1der-key")};
        stored.draft = u"a dr4ft of mine"_s;
        Prompt prompt;
        prompt.text = u"a pr0mpt of mine"_s;
        stored.queue = {prompt};
        stored.unknown = {{u"new"_s, u"unkn0wn"_s}};
        content.sessions = {stored};

        const QByteArray bytes = writeProfile(content, Now);
        for (const char *secret :
             {"pa55word", "tok3n-1", "s3cret-2", "v3ry-secret", "p4ss", "sk-abc", "s3cret-arg",
              "hunter22", "registered-elsewhere", "k3y-in-url", "abcdef123456", "ghp_0123",
              "l0ckpick", "qu3ry", "prov1der-key", "dr4ft", "pr0mpt", "unkn0wn"})
            QVERIFY2(!bytes.contains(secret), secret);
        QVERIFY(bytes.contains("/usr/bin"));
        QVERIFY(bytes.contains("--url=http://x/"));
        const auto read = readProfile(bytes);
        QVERIFY2(read, read ? "" : qPrintable(read.error().toString()));
        for (const char *place :
             {"settings.connection.url", "settings.metrics.endpoint",
              "backends[github].environment.GITHUB_TOKEN", "backends[github].arguments[1]",
              "backends[remote].url", "sessions[s3].name", "sessions[s3].provider.baseUrl"})
            QVERIFY2(read->leftOut.contains(QLatin1String(place)), place);

        // Where the secrets are at home, the file takes nothing away.
        QVERIFY(planImport(*read, content).changes.isEmpty());
        // Elsewhere, what needs one waits for it.
        const ProfilePlan plan = planImport(*read, {});
        QCOMPARE(plan.result.backends.size(), 2);
        QVERIFY(!plan.result.backends.at(0).enabled);
    }

    void anImportSaysWhatItChanges()
    {
        ProfileContent here = sample();
        here.settings->theme = ThemeChoice::Light;
        here.settings->keepalive.intervalSeconds.reset();
        here.backends.first().url = u"http://x/"_s;
        here.backends.first().environment = {{u"API_KEY"_s, u"mine"_s}};
        here.backends.append(mcp(u"only-here"_s));
        here.sessions = {session(u"s2"_s, u"Renamed here"_s), session(u"s9"_s, {})};
        ProfileContent file = *readProfile(writeProfile(sample(), Now));
        file.backends.append(mcp(u"new"_s));
        file.sessions[0].draft = u"by hand"_s;

        const ProfilePlan plan = planImport(file, here);
        QCOMPARE(names(plan.changes),
                 (QStringList{u"keepalive.intervalSeconds"_s, u"window.theme"_s, u"tools.url"_s,
                              u"+new"_s, u"+s1"_s}));
        QCOMPARE(plan.changes.at(1).before, u"light"_s);
        QCOMPARE(plan.changes.at(1).after, u"dark"_s);
        QCOMPARE(plan.unchanged, 1);
        QCOMPARE(plan.result.settings->windowGeometry, QByteArray("geometry")); // that of here
        QCOMPARE(plan.result.backends.size(), 2);
        QCOMPARE(plan.result.backends.at(0).environment.value(u"API_KEY"_s), u"mine"_s);
        QVERIFY(plan.result.backends.at(1).enabled);
        QCOMPARE(plan.result.sessions.size(), 1);
        QVERIFY(plan.result.sessions.at(0).draft.isEmpty());
    }

    void anythingElseIsRefused_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<ErrorCode>("code");
        const QByteArray good = writeProfile(sample(), Now);
        const auto with = [&good](const char *from, const char *to) {
            return QByteArray(good).replace(from, to);
        };
        QTest::newRow("empty") << QByteArray() << ErrorCode::InvalidJson;
        QTest::newRow("cut") << good.left(good.size() / 2) << ErrorCode::InvalidJson;
        QTest::newRow("binary") << QByteArray("\x00\xff\x01", 3) << ErrorCode::InvalidJson;
        QTest::newRow("something else") << QByteArray("{\"a\":1}") << ErrorCode::InvalidArgument;
        QTest::newRow("array") << QByteArray("[1]") << ErrorCode::InvalidArgument;
        QTest::newRow("newer") << with("\"schema\": 1,\n    \"sess", "\"schema\": 2,\n    \"sess")
                               << ErrorCode::Unsupported;
        QTest::newRow("newer settings")
            << with("\"version\": 2", "\"version\": 3") << ErrorCode::Unsupported;
        QTest::newRow("no schema")
            << with("\"schema\": 1,\n    \"sess", "\"sess") << ErrorCode::InvalidArgument;
        QTest::newRow("mode") << with("\"attach\"", "\"warp\"") << ErrorCode::InvalidArgument;
        QTest::newRow("kind") << with("\"mcp\"", "\"xyz\"") << ErrorCode::InvalidArgument;
        QTest::newRow("no command")
            << with("\"command\": \"npx\"", "\"command\": 7") << ErrorCode::InvalidArgument;
        QTest::newRow("twice") << with("\"s2\"", "\"s1\"") << ErrorCode::InvalidArgument;
        QTest::newRow("time") << with("2026-11-20", "2026-13-20") << ErrorCode::InvalidArgument;
        QTest::newRow("durable") << with("\"durable\": true", "\"durable\": 1")
                                 << ErrorCode::InvalidArgument;
        QTest::newRow("sessions") << with("\"sessions\": [", "\"sessions\": 1, \"x\": [")
                                  << ErrorCode::InvalidArgument;
    }
    void anythingElseIsRefused()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(ErrorCode, code);
        QVERIFY(bytes != writeProfile(sample(), Now));
        const auto read = readProfile(bytes);
        QVERIFY(!read);
        QCOMPARE(read.error().code, code);
        QVERIFY(!read.error().detail.isEmpty());
    }

    void copiesAreMadeFirst()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath(u"a.json"_s);
        QFile file(path);
        QVERIFY(file.open(QFile::WriteOnly));
        file.write("content");
        file.close();
        const auto copies = backupFiles({path, folder.filePath(u"none"_s)}, u"before-x"_s, Now);
        QVERIFY(copies);
        QCOMPARE(*copies, QStringList{path + u".before-x-20261121-093000"_s});
        QFile copy(copies->first());
        QVERIFY(copy.open(QFile::ReadOnly));
        QCOMPARE(copy.readAll(), QByteArray("content"));
        // A second one does not replace it.
        QCOMPARE(backupFiles({path}, u"before-x"_s, Now)->first(),
                 path + u".before-x-20261121-093000-2"_s);
    }

    void namesOfSecrets_data()
    {
        QTest::addColumn<bool>("secret");
        for (const char *name :
             {"GITHUB_TOKEN", "apiKey", "--password", "OPENAI_API_KEY", "client_secret",
              "AWS_SECRET_ACCESS_KEY", "key", "x-key", "Authorization", "SIGNATURE"})
            QTest::newRow(name) << true;
        for (const char *name :
             {"PATH", "HOME", "keyboard", "monkey", "author", "--verbose", "url"})
            QTest::newRow(name) << false;
    }
    void namesOfSecrets()
    {
        QFETCH(bool, secret);
        QCOMPARE(isSecretName(QString::fromLatin1(QTest::currentDataTag())), secret);
    }
};

QTEST_GUILESS_MAIN(TstProfileFile)
#include "tst_profilefile.moc"
