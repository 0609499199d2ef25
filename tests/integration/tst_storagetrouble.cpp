// SPDX-License-Identifier: MIT
// A full disk, a folder that cannot be written: said once, and everything goes on.
#include "support/manysessions.h"
#include "support/serverprocess.h"

#include <QTemporaryDir>
#include <QTest>

#ifdef Q_OS_UNIX
#include <csignal>
#include <sys/resource.h>
#endif

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

#ifdef Q_OS_UNIX
//! No file of this process grows while this lives: like a full disk, also for root.
class FullDisk
{
public:
    FullDisk()
    {
        std::signal(SIGXFSZ, SIG_IGN); // then write() fails
        getrlimit(RLIMIT_FSIZE, &m_before);
        rlimit none = m_before;
        none.rlim_cur = 0;
        setrlimit(RLIMIT_FSIZE, &none);
    }
    ~FullDisk() { setrlimit(RLIMIT_FSIZE, &m_before); }
    FullDisk(const FullDisk &) = delete;
    FullDisk &operator=(const FullDisk &) = delete;

private:
    rlimit m_before{};
};
#endif

} // namespace

class TstStorageTrouble : public QObject
{
    Q_OBJECT
private:
    //! A program on the demo server with one session.
    struct Program
    {
        AppContext context;
        QStringList codes;
        Session *session = nullptr;

        explicit Program(const AppOptions &options)
            : context(options)
        {
            QObject::connect(&context, &AppContext::notice, &context,
                             [this](const QString &code) { codes << code; });
            context.start();
            SessionConfig config;
            config.workingDirectory = QDir::tempPath();
            session = context.sessions().create(config);
        }
        bool isReady() const
        {
            return session->state() == Session::State::Attached
                && session->activity() == Activity::Idle && session->queue().isEmpty();
        }
        int answers() const
        {
            const auto &items = session->transcript().items();
            return static_cast<int>(std::count_if(items.begin(), items.end(), [](const auto &item) {
                return std::holds_alternative<AssistantItem>(item.data);
            }));
        }
        void send(const char *text)
        {
            Prompt prompt;
            prompt.text = QString::fromLatin1(text);
            context.sessions().send(session->id(), prompt);
        }
    };

    static QByteArray fileIn(const QTemporaryDir &folder, const char *name)
    {
        QFile file(folder.filePath(QString::fromLatin1(name)));
        return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray();
    }

private Q_SLOTS:
    void aFullDisk()
    {
#ifndef Q_OS_UNIX
        QSKIP("needs a limit of the size of files");
#else
        const QTemporaryDir folder;
        ServerProcess server;
        QVERIFY2(server.start(demoServerProgram(), {u"--speed"_s, u"1000"_s}),
                 server.output().constData());
        Program program(attachOptions(folder.path(), server.port()));
        program.send("hello");
        QTRY_VERIFY_WITH_TIMEOUT(program.isReady() && program.answers() > 0, 20'000);
        QVERIFY(program.context.sessionStore()->flush());
        QVERIFY(program.codes.isEmpty());
        {
            const FullDisk full;
            const QByteArray kept = fileIn(folder, "state/sessions.json");
            QVERIFY(kept.contains(program.session->id().toUtf8()));
            const int before = program.answers();
            program.send("hello again");
            program.send("hello, third");
            program.context.sessions().rename(program.session->id(), u"renamed"_s);
            QVERIFY(!program.context.sessionStore()->flush());
            QVERIFY(!program.context.sessionStore()->flush());
            AppSettings settings = program.context.settingsStore().values();
            settings.logVisible = !settings.logVisible;
            QVERIFY(!program.context.settingsStore().set(settings));
            // Not an empty one in its place, as QSaveFile alone leaves it.
            QCOMPARE(fileIn(folder, "state/sessions.json"), kept);
            // The turns run all the same.
            QTRY_VERIFY_WITH_TIMEOUT(program.isReady() && program.answers() >= before + 2, 20'000);
            QCOMPARE(program.codes.count(u"outbox-unwritable"_s), 1);
            QCOMPARE(program.codes.count(u"sessions-file-unwritable"_s), 1);
        }
        // There is room again.
        program.send("hello, fourth");
        QVERIFY(program.context.sessionStore()->flush());
        QTRY_COMPARE(program.codes.count(u"outbox-written"_s), 1);
        QCOMPARE(program.codes.count(u"sessions-file-written"_s), 1);
        QTRY_VERIFY_WITH_TIMEOUT(program.isReady(), 20'000);
        // What was there before is there still, and nothing of it is half a file.
        AppContext next(attachOptions(folder.path(), server.port()));
        QStringList codes;
        connect(&next, &AppContext::notice, this, [&](const QString &code) { codes << code; });
        next.start();
        QVERIFY(next.sessions().find(program.session->id()));
        QVERIFY2(codes.isEmpty(), qPrintable(codes.join(u' ')));
#endif
    }

    void aFolderThatCannotBeWritten()
    {
        const QTemporaryDir folder;
        // A file where the folder should be: nobody can write there, root neither.
        QFile blocker(folder.filePath(u"blocked"_s));
        QVERIFY(blocker.open(QIODevice::WriteOnly));
        ServerProcess server;
        QVERIFY2(server.start(demoServerProgram(), {u"--speed"_s, u"1000"_s}),
                 server.output().constData());
        Program program(attachOptions(blocker.fileName(), server.port()));
        QCOMPARE(program.codes.count(u"folders-unwritable"_s), 1);
        program.send("hello");
        program.send("hello again");
        program.context.sessionStore()->flush();
        program.context.sessionStore()->flush();
        QTRY_VERIFY_WITH_TIMEOUT(program.isReady() && program.answers() >= 2, 20'000);
        for (const QString &code : std::as_const(program.codes))
            QVERIFY2(program.codes.count(code) == 1, qPrintable(code));
    }
};

QTEST_GUILESS_MAIN(TstStorageTrouble)
#include "tst_storagetrouble.moc"
