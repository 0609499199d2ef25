// SPDX-License-Identifier: MIT
#pragma once

#include "base/random.h"
#include "base/systemclock.h"
#include "server/localserver.h"
#include "support/fakeclock.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>

#include <functional>
#include <memory>
#include <optional>

namespace pilotlight {

inline QByteArray contents(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline bool runs(qint64 pid)
{
    return identifyProcess(pid).isValid();
}

//! What tests of LocalServer share: a folder each, servers that are no real ones, and the promise
//! that none of them stays behind.
class LocalServerFixture : public QObject
{
protected:
    void setUp()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_paths = AppPaths::below(m_dir->path());
        m_record = m_paths.state + QStringLiteral("/server.json");
        m_pids.clear();
    }

    // No test leaves a process behind, also where it failed.
    void tearDown()
    {
        if (const auto record = readServerRecord(m_record))
            m_pids.append(record->process);
        int left = 0;
        for (const ProcessId &process : std::as_const(m_pids)) {
            if (processState(process) != ProcessState::Running)
                continue;
            ++left;
            signalGroup(process, GroupSignal::Kill);
            QTRY_VERIFY(collectExit(process.pid) || !runs(process.pid));
        }
        QCOMPARE(left, 0);
    }

    //! How many there were: each has an output file of its own.
    int serversStarted() const
    {
        return static_cast<int>(QDir(m_paths.log).entryList(QDir::Files).size());
    }

    static QString helper(const QString &name = QStringLiteral("fake-cli-server"))
    {
        QString path = QCoreApplication::applicationDirPath() + QLatin1Char('/') + name;
#ifdef Q_OS_WIN
        path += QStringLiteral(".exe");
#endif
        return path;
    }

    LocalServerOptions defaults() const
    {
        LocalServerOptions options;
        options.program = helper();
        options.workingDirectory = m_dir->path();
        options.environment.insert(QStringLiteral("HOME"), m_dir->path());
        return options;
    }

    std::unique_ptr<LocalServer> make() { return make(defaults()); }
    std::unique_ptr<LocalServer> make(const LocalServerOptions &options)
    {
        return std::make_unique<LocalServer>(m_paths, options, m_clock, m_random);
    }

    void track(qint64 pid)
    {
        if (const ProcessId process = identifyProcess(pid); process.isValid())
            m_pids.append(process);
    }

    static bool advanceUntil(FakeClock &clock, const std::function<bool()> &done)
    {
        if (!done())
            clock.advance(Milliseconds(25));
        return done();
    }

    Result<ServerEndpoint> start(LocalServer &server, FakeClock *clock = nullptr)
    {
        std::optional<Result<ServerEndpoint>> answer;
        server.start(this, [&](const Result<ServerEndpoint> &result) { answer = result; });
        const bool came = QTest::qWaitFor(
            [&] {
                if (clock && !answer)
                    clock->advance(Milliseconds(1)); // slowly: the process is a real one
                return answer.has_value();
            },
            20'000);
        if (!came)
            return failure(ErrorCode::Internal, QStringLiteral("no answer"));
        if (*answer)
            track((*answer)->pid);
        return *answer;
    }

    void stop(LocalServer &server, FakeClock *clock = nullptr)
    {
        bool stopped = false;
        server.stop(this, [&] { stopped = true; });
        QTRY_VERIFY(!clock || stopped || advanceUntil(*clock, [&] { return stopped; }));
        QTRY_VERIFY(stopped);
    }

    static void kill(const ServerEndpoint &endpoint)
    {
        QVERIFY(signalGroup(identifyProcess(endpoint.pid), GroupSignal::Kill));
        QTRY_VERIFY(!runs(endpoint.pid));
    }

    static bool accepts(quint16 port)
    {
        QTcpSocket socket;
        socket.connectToHost(QHostAddress::LocalHost, port);
        return socket.waitForConnected(5'000);
    }

    SystemClock m_clock;
    SystemRandom m_random;
    std::unique_ptr<QTemporaryDir> m_dir;
    AppPaths m_paths;
    QString m_record;
    QList<ProcessId> m_pids;
};

} // namespace pilotlight
