// SPDX-License-Identifier: MIT
// Resident memory and processor time of an idle Pilotlight with ten sessions on a demo server of
// its own.
//   bench_idle PILOTLIGHT [SECONDS]
#include "base/paths.h"
#include "base/systemclock.h"
#include "session/sessionstore.h"

#include <QCoreApplication>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QThread>

#include <cstdio>
#ifdef Q_OS_UNIX
#include <unistd.h>
#endif

using namespace pilotlight;

namespace {

//! Clock ticks in user and system mode, from /proc/<pid>/stat (fields 14 and 15).
double cpuSeconds(qint64 pid)
{
#ifdef Q_OS_LINUX
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!file.open(QFile::ReadOnly))
        return -1;
    const QByteArray line = file.readAll();
    const QList<QByteArray> fields = line.mid(line.lastIndexOf(')') + 2).split(' ');
    return (fields.value(11).toDouble() + fields.value(12).toDouble())
        / static_cast<double>(sysconf(_SC_CLK_TCK));
#else
    Q_UNUSED(pid)
    return -1;
#endif
}

double residentMiB(qint64 pid)
{
    QFile file(QStringLiteral("/proc/%1/status").arg(pid));
    if (!file.open(QFile::ReadOnly))
        return -1;
    for (const QByteArray &line : file.readAll().split('\n')) {
        if (line.startsWith("VmRSS:"))
            return line.mid(6).trimmed().split(' ').first().toDouble() / 1024;
    }
    return -1;
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() < 2) {
        std::fprintf(stderr, "usage: bench_idle PILOTLIGHT [SECONDS]\n");
        return 1;
    }
    const int seconds = arguments.size() > 2 ? arguments[2].toInt() : 60;
    QTemporaryDir home;
    const AppPaths paths = AppPaths::below(home.filePath(QStringLiteral("profile")));
    paths.ensure();
    {
        SystemClock clock;
        SessionStore store(paths.state + QStringLiteral("/sessions.json"), clock);
        store.load();
        for (int i = 0; i < 10; ++i) {
            StoredSession session;
            session.config.id = QStringLiteral("idle-%1").arg(i);
            session.config.name = QStringLiteral("Session %1").arg(i);
            session.config.workingDirectory = home.path();
            session.created = session.lastActivity = clock.wallNow();
            store.upsert(session);
        }
    }
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("HOME"), home.path());
    process.setProcessEnvironment(environment);
    process.setProcessChannelMode(QProcess::ForwardedChannels);
    process.start(arguments[1],
                  {QStringLiteral("--demo"), QStringLiteral("--profile-dir"),
                   home.filePath(QStringLiteral("profile"))});
    if (!process.waitForStarted())
        return 1;
    QThread::sleep(10); // to get online and settle
    const double before = cpuSeconds(process.processId());
    QThread::sleep(static_cast<unsigned long>(seconds));
    const double used = cpuSeconds(process.processId()) - before;
    std::printf("idle with 10 sessions, %d s: %.2f CPU seconds, %.0f MiB resident\n", seconds, used,
                residentMiB(process.processId()));
    process.terminate();
    if (!process.waitForFinished(10'000))
        process.kill();
    return 0;
}
