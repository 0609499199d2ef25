// SPDX-License-Identifier: MIT
#include "base/logging.h"
#include "base/secret.h"
#include "diag/diagnosticlog.h"
#include "diag/logformat.h"
#include "diag/logstore.h"
#include "support/fakeclock.h"

#include <QTemporaryDir>
#include <QTest>
#include <QThread>

using namespace pilotlight;
using namespace std::chrono_literals;

Q_LOGGING_CATEGORY(lcForeign, "qt.some.module", QtDebugMsg)

namespace {

int outerMessages = 0;
void outerHandler(QtMsgType, const QMessageLogContext &, const QString &)
{
    ++outerMessages;
}

QList<LogRecord> recordsIn(const QString &path)
{
    QList<LogRecord> records;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return records;
    while (!file.atEnd()) {
        const QByteArray line = file.readLine();
        const auto parsed = parseLogLine(line);
        if (parsed)
            records.append(*parsed);
    }
    return records;
}

} // namespace

class TstDiagnosticLog : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_path = m_dir->filePath(QStringLiteral("pilotlight.log"));
    }

    void collectsEverythingWithItsTag()
    {
        FakeClock clock;
        LogStore store(clock);
        {
            DiagnosticLog log(clock, &store, m_path);
            log.setStderrLevel(std::nullopt);
            qCDebug(lcKeepalive).noquote() << QStringLiteral("Ping sent to headless server");
            qCInfo(lcConnection).noquote() << QStringLiteral("phase=online");
            qCWarning(lcForeign).noquote() << QStringLiteral("from Qt");
            qCritical("%s", "uncategorised");
        }
        store.flush();
        const QList<LogRecord> file = recordsIn(m_path);
        QCOMPARE(store.size(), 4);
        QCOMPARE(file.size(), 4);
        const QStringList tags{QStringLiteral("KEEPALIVE"), QStringLiteral("CONNECTION"),
                               QStringLiteral("QT"), QStringLiteral("APP")};
        const LogLevel levels[] = {LogLevel::Debug, LogLevel::Info, LogLevel::Warning,
                                   LogLevel::Error};
        for (int i = 0; i < 4; ++i) {
            QCOMPARE(store.at(i).tag, tags.at(i));
            QCOMPARE(store.at(i).level, levels[i]);
            QCOMPARE(store.at(i).time, clock.wallNow());
            QCOMPARE(file.at(i).tag, tags.at(i));
            QCOMPARE(file.at(i).text, store.at(i).text);
            QCOMPARE(file.at(i).time, store.at(i).time);
        }
        QCOMPARE(store.at(0).text, QStringLiteral("Ping sent to headless server"));
    }

    void redactsBeforeStoreAndFile()
    {
        FakeClock clock;
        LogStore store(clock);
        registerSecret(Secret("0123456789abcdef-token"));
        {
            DiagnosticLog log(clock, &store, m_path);
            log.setStderrLevel(std::nullopt);
            qCInfo(lcRpc).noquote() << QStringLiteral("sent 0123456789abcdef-token to it");
            qCInfo(lcRpc).noquote() << QStringLiteral("Authorization: Bearer abcdefghijkl");
        }
        store.flush();
        QCOMPARE(store.at(0).text, QStringLiteral("sent ****** to it"));
        QCOMPARE(recordsIn(m_path).at(0).text, QStringLiteral("sent ****** to it"));
        QCOMPARE(store.at(1).text, QStringLiteral("Authorization: Bearer ******"));
    }

    void restoresThePreviousHandler()
    {
        FakeClock clock;
        LogStore store(clock);
        const QtMessageHandler before = qInstallMessageHandler(outerHandler);
        outerMessages = 0;
        {
            DiagnosticLog log(clock, &store);
            qInfo("inside");
        }
        QCOMPARE(outerMessages, 0);
        qInfo("outside");
        QCOMPARE(outerMessages, 1);
        qInstallMessageHandler(before);
        store.flush();
        QCOMPARE(store.size(), 1);
    }

    void ownDebugMessagesSurviveASystemRule()
    {
        // What a system-wide qtlogging.ini does on some distributions.
        QLoggingCategory::setFilterRules(QStringLiteral("*.debug=false"));
        FakeClock clock;
        LogStore store(clock);
        {
            DiagnosticLog log(clock, &store);
            log.setStderrLevel(std::nullopt);
            qCDebug(lcSession) << 1;
        }
        store.flush();
        QCOMPARE(store.size(), 1);
    }

    void goesOnInMemoryWithoutADisk()
    {
        FakeClock clock;
        LogStore store(clock);
        QFile blocker(m_path + QStringLiteral(".d"));
        QVERIFY(blocker.open(QIODevice::WriteOnly));
        {
            DiagnosticLog log(clock, &store, blocker.fileName() + QStringLiteral("/x.log"));
            log.setStderrLevel(std::nullopt);
            for (int i = 0; i < 3; ++i)
                qCInfo(lcUi) << i;
        }
        store.flush();
        QCOMPARE(store.size(), 4); // ours and one complaint
        QCOMPARE(store.at(1).tag, QStringLiteral("STORE"));
        QCOMPARE(store.at(1).level, LogLevel::Error);
        QVERIFY(store.at(1).text.contains(QStringLiteral("x.log")));
    }

    void takesMessagesFromManyThreads()
    {
        constexpr int Threads = 4;
        constexpr int Each = 500;
        FakeClock clock;
        LogStore store(clock);
        {
            DiagnosticLog log(clock, &store, m_path, 64 * 1024);
            log.setStderrLevel(std::nullopt);
            std::vector<std::unique_ptr<QThread>> threads;
            for (int t = 0; t < Threads; ++t) {
                threads.emplace_back(QThread::create([t] {
                    for (int i = 0; i < Each; ++i)
                        qCDebug(lcSession).noquote() << t << i;
                }));
                threads.back()->start();
            }
            for (const auto &thread : threads)
                QVERIFY(thread->wait());
        }
        store.flush();
        QCOMPARE(store.size(), Threads * Each);
        // The files hold the same records in the same order.
        int row = 0;
        const QStringList files = LogFile::filesOldestFirst(m_path);
        QVERIFY(files.size() > 1);
        for (const QString &name : files) {
            for (const LogRecord &record : recordsIn(name))
                QCOMPARE(record.text, store.at(row++).text);
        }
        QCOMPARE(row, store.size());
    }

    void theLogMayGoWhileThreadsStillLog()
    {
        FakeClock clock;
        LogStore store(clock);
        const QtMessageHandler before = qInstallMessageHandler(outerHandler);
        std::atomic<bool> stop = false;
        auto log = std::make_unique<DiagnosticLog>(clock, &store, m_path);
        log->setStderrLevel(std::nullopt);
        std::atomic<int> logged = 0;
        const std::unique_ptr<QThread> thread(QThread::create([&] {
            while (!stop) {
                qCInfo(lcSession) << 1;
                ++logged;
            }
        }));
        thread->start();
        QTRY_VERIFY(logged > 50);
        log.reset();
        const int then = logged;
        QTRY_VERIFY(logged > then + 50);
        stop = true;
        QVERIFY(thread->wait());
        qInstallMessageHandler(before);
        store.flush();
        QVERIFY(store.size() >= 50);
    }

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_path;
};

QTEST_GUILESS_MAIN(TstDiagnosticLog)
#include "tst_diagnosticlog.moc"
