// SPDX-License-Identifier: MIT
#include "app/wiring/appcontext.h"
#include "app/wiring/supportbundle.h"
#include "base/secret.h"
#include "profile/supportredactor.h"
#include "server/serverrecord.h"
#include "support/ctlprocess.h"
#include "support/serverprocess.h"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

void writeFile(const QString &path, const QByteArray &bytes)
{
    QDir().mkpath(QFileInfo(path).absolutePath());
    QFile file(path);
    QVERIFY2(file.open(QFile::WriteOnly), qPrintable(path));
    QCOMPARE(file.write(bytes), bytes.size());
}

// Every one of them is planted somewhere, and none may come out.
const QStringList Planted{
    u"qz1-settings-password"_s,
    u"qz2-query-token"_s,
    u"qz3-environment-value"_s,
    u"qz4-argument-key"_s,
    u"qz5-backend-pass"_s,
    u"qz6-process-environment"_s,
    u"qz7 session name"_s,
    u"qz8 words of a prompt"_s,
    u"qz9 half a draft"_s,
    u"qz10-provider-key"_s,
    u"qz11-bearer-in-log"_s,
    u"qz12-url-in-log"_s,
    u"qz13-server-record"_s,
    u"qz14-registered"_s,
    u"qz15-in-server-output"_s,
    u"qz16 system message"_s,
    u"qz17-otlp"_s,
    u"qz18-second-prompt"_s,
    u"qz19-cookie"_s,
    u"qz20-pem"_s,
    u"qz21-provider-file"_s,
    u"qz22-folder-of-a-client"_s,
    u"qz23-server-name"_s,
    u"qz24-yaml"_s,
    u"qz25-user"_s,
    u"qz26-option-value"_s,
    u"qz27-mail"_s,
};

} // namespace

//! The archive that a user sends to strangers.
class TstSupportBundle : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        m_home = std::make_unique<QTemporaryDir>();
        m_userHome = m_home->filePath(u"qz25-user"_s);
        QVERIFY(QDir().mkpath(m_userHome));
        qputenv("HOME", m_userHome.toUtf8());
        qputenv("MY_SERVICE_TOKEN", "qz6-process-environment");
        registerSecret(Secret("qz14-registered"));
        m_paths = AppPaths::below(m_userHome + u"/profile"_s);
        QVERIFY(m_paths.ensure());
        plant();
    }

    void nothingPrivateIsInIt()
    {
        AppOptions options;
        options.paths = m_paths;
        options.useKeychain = false;
        options.stderrLevel.reset();
        options.otherBackends = false;
        AppContext context(options);
        context.sessions().load();
        // A session of this run, with a prompt that waits.
        SessionConfig config;
        config.id = u"live"_s;
        config.name = u"qz7 session name"_s;
        config.provider = ProviderConfig{
            u"openai"_s, {}, u"https://models.example.org/v1"_s, Secret("qz10-provider-key")};
        context.sessions().create(config);
        Prompt prompt;
        prompt.text = u"line one\nqz18-second-prompt of the user\n"_s;
        context.sessions().send(u"live"_s, prompt);
        qWarning("a message with qz18-second-prompt of the user in it");

        const SupportBundle bundle(context, true);
        QCOMPARE(leaks(bundle.files()), QString());
        // And it is good for something.
        QCOMPARE(
            names(bundle.files()),
            (QStringList{u"README.txt"_s, u"versions.json"_s, u"settings.json"_s, u"servers.json"_s,
                         u"sessions.json"_s, u"keepalive.json"_s, u"files.json"_s,
                         u"log/pilotlight.log"_s, u"log/server-output.txt"_s}));
        const auto content = [&bundle](const char *name) -> QByteArray {
            for (const ArchiveFile &file : bundle.files()) {
                if (file.name == QLatin1String(name))
                    return file.bytes;
            }
            return {};
        };
        for (const char *name : {"versions.json", "settings.json", "servers.json", "sessions.json",
                                 "keepalive.json", "files.json"})
            QVERIFY2(QJsonDocument::fromJson(content(name)).isObject(), name);
        QVERIFY(content("versions.json").contains(qVersion()));
        QVERIFY(content("sessions.json").contains("01234567-89ab-cdef-0123-456789abcdef"));
        QVERIFY(content("settings.json").contains("collector.example.org"));
        QVERIFY(content("servers.json").contains("GITHUB_TOKEN")); // the name is needed
        QVERIFY(content("log/pilotlight.log").contains("Probe answered in 12 ms"));
        QVERIFY(content("log/server-output.txt").contains("CLI server listening on port 4711"));
        QVERIFY(content("keepalive.json").contains("latenciesUs"));
        QVERIFY(content("files.json").contains("server.json"));
    }

    void theArchiveIsAnArchive()
    {
        const QString unzip = QStandardPaths::findExecutable(u"unzip"_s);
        const QString python = QStandardPaths::findExecutable(u"python3"_s);
        if (unzip.isEmpty() && python.isEmpty())
            QSKIP("neither unzip nor python3 is here");
        ServerProcess server;
        QVERIFY2(server.start(demoServerProgram(), {}), server.output().constData());
        const QString archive = m_home->filePath(u"bundle.zip"_s);
        CtlProcess ctl(
            m_userHome,
            {u"--connect"_s, u"tcp://127.0.0.1:%1"_s.arg(server.port()), u"bundle"_s, archive});
        QVERIFY2(ctl.exitCode() == 0, ctl.output().constData());
        QVERIFY(ctl.lines({{u"event"_s, u"file"_s}}).size() >= 8);
        QCOMPARE(ctl.lines({{u"event"_s, u"bundle"_s}}).size(), 1);
        QCOMPARE(QFile::permissions(archive) & (QFile::ReadGroup | QFile::ReadOther),
                 QFile::Permissions());

        const QString folder = m_home->filePath(u"unpacked"_s);
        QVERIFY(QDir().mkpath(folder));
        QProcess process;
        process.setWorkingDirectory(folder);
        if (!unzip.isEmpty()) {
            process.start(unzip, {u"-q"_s, archive}); // complains of anything odd
        } else {
            process.start(python, {u"-m"_s, u"zipfile"_s, u"-e"_s, archive, u"."_s});
        }
        QVERIFY(process.waitForFinished(30'000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
        QList<ArchiveFile> files;
        for (const QString &sub : {QString(), u"log/"_s}) {
            const QStringList found = QDir(folder + u'/' + sub).entryList(QDir::Files);
            for (const QString &name : found) {
                QFile file(folder + u'/' + sub + name);
                QVERIFY(file.open(QFile::ReadOnly));
                files.append({sub + name, file.readAll()});
            }
        }
        QVERIFY(files.size() >= 8);
        // Three of them, by themselves and without a word beside them, only the program knows that
        // has them; its log has them replaced when it is written (tst_diagnosticlog).
        QCOMPARE(
            leaks(files,
                  {u"qz6-process-environment"_s, u"qz10-provider-key"_s, u"qz14-registered"_s}),
            QString());
        bool live = false;
        for (const ArchiveFile &file : std::as_const(files))
            live = live || (file.name == u"keepalive.json" && file.bytes.contains("\"online\""));
        QVERIFY(live);
    }

    void listWritesNothing()
    {
        const QString archive = m_home->filePath(u"none.zip"_s);
        CtlProcess ctl(m_userHome, {u"bundle"_s, archive, u"--list"_s});
        QVERIFY2(ctl.exitCode() == 0, ctl.output().constData());
        QVERIFY(ctl.lines({{u"event"_s, u"file"_s}}).size() >= 8);
        QVERIFY(!QFile::exists(archive));
        for (const auto &phase : ctl.lines({{u"event"_s, u"phase"_s}}))
            QCOMPARE(phase[u"phase"].toString(), u"disposed"_s); // no server was touched
    }

    void whatLooksLikeASecretGoes_data()
    {
        QTest::addColumn<QString>("kept");
        QTest::newRow("Authorization: Digest qzq") << u"Authorization:"_s;
        QTest::newRow("GET /x?sig=qzq HTTP") << u"GET"_s;
        QTest::newRow("https://a.example.org/p?sig=qzq done") << u"https://a.example.org/p?"_s;
        QTest::newRow("https://qzq:x@host/") << u"host"_s;
        QTest::newRow("AWS_SECRET_ACCESS_KEY=qzq") << u"AWS_SECRET_ACCESS_KEY="_s;
        QTest::newRow("{\"refreshToken\":\"qzq\"}") << u"refreshToken"_s;
        QTest::newRow("run --auth-token qzq --now") << u"--now"_s;
        QTest::newRow("eyJhbGciOiJIUzI1NiJ9.qzqpayload.c2ln rest") << u"rest"_s;
        QTest::newRow("blob 9f8e7d6c5b4a39281706f5e4d3c2b1a0qzq end") << u"end"_s;
        QTest::newRow("qzq@example.org wrote") << u"wrote"_s;
    }
    void whatLooksLikeASecretGoes()
    {
        QFETCH(QString, kept);
        const QString text = QString::fromLatin1(QTest::currentDataTag());
        const QString clean = SupportRedactor().clean(text);
        if (!text.startsWith(u"GET"_s)) // half an address, a word of its own: not known as one
            QVERIFY2(!clean.contains(u"qzq"_s), qPrintable(clean));
        QVERIFY2(clean.contains(kept), qPrintable(clean));
    }

    void whatIsNeededStays()
    {
        const SupportRedactor redactor;
        for (const QString &text :
             {u"2026-11-21T09:30:00.123Z INFO [KEEPALIVE] Probe answered in 12 ms gen=3"_s,
              u"session=01234567-89ab-cdef-0123-456789abcdef state=attached"_s,
              u"\"windowMonitorSettingsChanged\": true"_s, u"tokens used 1234"_s})
            QCOMPARE(redactor.clean(text), text);
    }

private:
    void plant()
    {
        SystemClock clock;
        SettingsStore settings(m_paths.config + u"/settings.json"_s);
        AppSettings values;
        values.mode = ServerMode::Attach;
        values.url = u"ws://me:qz1-settings-password@127.0.0.1:1/?token=qz2-query-token"_s;
        values.metricsEndpoint = u"https://collector.example.org/x?key=qz17-otlp"_s;
        QVERIFY(settings.set(values));
        BackendStore backends(m_paths.config + u"/backends.json"_s);
        BackendSettings backend;
        backend.id = u"tools"_s;
        backend.name = u"qz23-server-name"_s;
        backend.enabled = false;
        backend.command = u"/usr/bin/npx"_s;
        backend.arguments = {u"--api-key"_s, u"qz4-argument-key"_s,
                             u"--dsn=postgres://u:qz5-backend-pass@db/x"_s};
        backend.environment = {{u"GITHUB_TOKEN"_s, u"qz3-environment-value"_s}};
        QVERIFY(backends.set(backend));
        SessionStore sessions(m_paths.state + u"/sessions.json"_s, clock);
        StoredSession session;
        session.config.id = u"01234567-89ab-cdef-0123-456789abcdef"_s;
        session.config.name = u"qz7 session name"_s;
        session.config.systemMessage = u"qz16 system message"_s;
        session.config.workingDirectory = m_userHome + u"/qz22-folder-of-a-client"_s;
        session.draft = u"qz9 half a draft"_s;
        sessions.upsert(session);
        QVERIFY(sessions.flush());
        Outbox outbox(m_paths.state + u"/outbox.jsonl"_s, clock);
        OutboxEntry entry;
        entry.sessionId = session.config.id;
        entry.prompt.id = u"p1"_s;
        entry.prompt.text = u"qz8 words of a prompt \"quoted\""_s;
        QVERIFY(outbox.put(entry));
        ServerRecord record;
        record.process = {424'242, u"1"_s};
        record.port = 4711;
        record.token = Secret("qz13-server-record");
        record.program = m_userHome + u"/bin/copilot"_s;
        record.outputFile = m_paths.log + u"/server-1.log"_s;
        QVERIFY(!writeServerRecord(m_paths.state + u"/server.json"_s, record));
        writeFile(m_paths.state + u"/ctl-providers.json"_s,
                  "{\"live\":\"" + (m_userHome + u"/provider.json"_s).toUtf8() + "\"}");
        writeFile(m_userHome + u"/provider.json"_s, "{\"apiKey\":\"qz21-provider-file\"}");
        const QByteArray home = m_userHome.toUtf8();
        writeFile(m_paths.log + u"/pilotlight.log"_s,
                  "2026-11-21T09:00:00.000Z INFO [KEEPALIVE] Probe answered in 12 ms\n"
                  "2026-11-21T09:00:01.000Z INFO [RPC] Authorization: Bearer qz11-bearer-in-log\n"
                  "2026-11-21T09:00:02.000Z INFO [RPC] GET https://u:p@h/x?access=qz12-url-in-log\n"
                  "2026-11-21T09:00:03.000Z INFO [RPC] Cookie: a=qz19-cookie; b=2\n"
                  "2026-11-21T09:00:04.000Z INFO [SERVER] env is qz6-process-environment here\n"
                  "2026-11-21T09:00:05.000Z INFO [SESSION] title \"qz7 session name\" of "
                  "qz14-registered\n"
                  "2026-11-21T09:00:06.000Z INFO [SERVER] in "
                      + home
                      + "/qz22-folder-of-a-client\n"
                        "2026-11-21T09:00:07.000Z INFO [SERVER] key qz10-provider-key and "
                        "qz21-provider-file\n"
                        "2026-11-21T09:00:08.000Z INFO [AGENT] from qz27-mail@example.org\n");
        writeFile(
            m_paths.log + u"/server-1.log"_s,
            "CLI server listening on port 4711\n"
            "started as copilot --connection-token qz26-option-value\n"
            "token: qz24-yaml\nPASSWORD=qz15-in-server-output\n"
            "prompt was \"qz8 words of a prompt \\\"quoted\\\"\"\n"
            "connection qz13-server-record from "
                + home
                + "\n"
                  "-----BEGIN RSA PRIVATE KEY-----\nqz20-pem\n-----END RSA PRIVATE KEY-----\n");
    }

    //! What of all that is in \a files, and where.
    QString leaks(const QList<ArchiveFile> &files, const QStringList &except = {}) const
    {
        QStringList found;
        for (const ArchiveFile &file : files) {
            const QString text = QString::fromUtf8(file.bytes);
            for (const QString &secret : Planted) {
                if (!except.contains(secret) && text.contains(secret, Qt::CaseInsensitive))
                    found.append(secret + u" in "_s + file.name);
            }
            if (text.contains(m_userHome))
                found.append(u"the home folder in "_s + file.name);
        }
        return found.join(u'\n');
    }
    static QStringList names(const QList<ArchiveFile> &files)
    {
        QStringList all;
        for (const ArchiveFile &file : files)
            all.append(file.name);
        return all;
    }

    std::unique_ptr<QTemporaryDir> m_home;
    QString m_userHome;
    AppPaths m_paths;
};

QTEST_GUILESS_MAIN(TstSupportBundle)
#include "tst_supportbundle.moc"
