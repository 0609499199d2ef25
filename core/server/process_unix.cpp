// SPDX-License-Identifier: MIT
#include "server/process.h"

#include <QtGlobal>

#ifndef Q_OS_WIN

#include <QByteArray>
#include <QFile>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>
#ifdef Q_OS_MACOS
#include <libproc.h>
#include <sys/proc_info.h>
#endif

namespace pilotlight {

namespace {

// posix_spawn wants arrays of char*; the bytes live as long as this does.
class StringArray
{
public:
    void add(const QByteArray &value) { m_values.push_back(value); }
    char *const *data()
    {
        m_pointers.clear();
        for (QByteArray &value : m_values)
            m_pointers.push_back(value.data());
        m_pointers.push_back(nullptr);
        return m_pointers.data();
    }

private:
    std::vector<QByteArray> m_values;
    std::vector<char *> m_pointers;
};

// Frees the two spawn objects whatever happens.
class SpawnSettings
{
public:
    SpawnSettings()
    {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnSettings()
    {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings &) = delete;
    SpawnSettings &operator=(const SpawnSettings &) = delete;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

#ifdef Q_OS_LINUX

struct Stat
{
    char state = 0;
    QByteArray startTicks;
};

// proc(5): "pid (name) state ppid ... starttime" with starttime as field 22; the name may hold
// anything.
std::optional<Stat> readStat(qint64 pid)
{
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!file.open(QIODevice::ReadOnly))
        return std::nullopt;
    const QByteArray line = file.readAll();
    const qsizetype close = line.lastIndexOf(')');
    const QByteArrayList fields = close < 0 ? QByteArrayList() : line.mid(close + 2).split(' ');
    if (fields.size() < 20 || fields.at(0).isEmpty())
        return std::nullopt;
    return Stat{fields.at(0).at(0), fields.at(19)};
}

// Start ticks count from boot, so they repeat: the boot's id belongs to the identity.
QByteArray bootId()
{
    static const QByteArray id = [] {
        QFile file(QStringLiteral("/proc/sys/kernel/random/boot_id"));
        return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed() : QByteArray("unknown");
    }();
    return id;
}

#endif

int toSignal(GroupSignal signal)
{
    return signal == GroupSignal::Kill ? SIGKILL : SIGTERM;
}

} // namespace

Result<ProcessId> startDetached(const DetachedProcess &process)
{
    SpawnSettings spawn;
    const QByteArray output = QFile::encodeName(process.outputFile);
    posix_spawn_file_actions_addopen(&spawn.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&spawn.actions, STDOUT_FILENO, output.constData(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&spawn.actions, STDOUT_FILENO, STDERR_FILENO);
    const QByteArray folder = QFile::encodeName(process.workingDirectory);
#if defined(Q_OS_LINUX) || defined(Q_OS_MACOS)
    if (!folder.isEmpty())
        posix_spawn_file_actions_addchdir_np(&spawn.actions, folder.constData());
#endif

    // A session of its own: no terminal of ours can hang it up, and its group is ours to end. Our
    // own blocked or ignored signals are not its business.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&spawn.attributes, &none);
    posix_spawnattr_setsigdefault(&spawn.attributes, &all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    flags = static_cast<short>(flags | POSIX_SPAWN_SETSID);
#ifdef Q_OS_MACOS
    flags = static_cast<short>(flags | POSIX_SPAWN_CLOEXEC_DEFAULT);
#endif
    posix_spawnattr_setflags(&spawn.attributes, flags);

    StringArray arguments;
    arguments.add(QFile::encodeName(process.program));
    for (const QString &argument : process.arguments)
        arguments.add(argument.toLocal8Bit());
    StringArray environment;
    for (const QString &variable : process.environment.toStringList())
        environment.add(variable.toLocal8Bit());

    pid_t pid = 0;
    const QByteArray program = QFile::encodeName(process.program);
    const int error = posix_spawn(&pid, program.constData(), &spawn.actions, &spawn.attributes,
                                  arguments.data(), environment.data());
    if (error != 0) {
        return failure(ErrorCode::ServerStartFailed,
                       process.program + QStringLiteral(": ")
                           + QString::fromLocal8Bit(std::strerror(error)));
    }
    ProcessId id = identifyProcess(pid);
    id.pid = pid; // it may be over already; its exit status tells
    return id;
}

ProcessId identifyProcess(qint64 pid)
{
    if (pid <= 0)
        return {};
#if defined(Q_OS_LINUX)
    const auto stat = readStat(pid);
    if (!stat || stat->state == 'Z' || stat->state == 'X')
        return {};
    return {pid, QString::fromLatin1(bootId() + ':' + stat->startTicks)};
#elif defined(Q_OS_MACOS)
    proc_bsdinfo info{};
    if (proc_pidinfo(static_cast<int>(pid), PROC_PIDTBSDINFO, 0, &info, sizeof(info))
        != static_cast<int>(sizeof(info)))
        return {};
    constexpr uint32_t Zombie = 5; // SZOMB of sys/proc.h
    if (info.pbi_status == Zombie)
        return {};
    return {pid, QStringLiteral("%1.%2").arg(info.pbi_start_tvsec).arg(info.pbi_start_tvusec)};
#else
    return {pid, {}}; // no identity, so nothing is ever adopted
#endif
}

ProcessState processState(const ProcessId &process)
{
    const ProcessId now = identifyProcess(process.pid);
    if (!now.isValid())
        return ProcessState::Ended;
    return now == process ? ProcessState::Running : ProcessState::Replaced;
}

bool isOwnProcess(qint64 pid)
{
    return pid > 0 && (kill(static_cast<pid_t>(pid), 0) == 0 || errno != EPERM);
}

std::optional<QString> collectExit(qint64 pid)
{
    int status = 0;
    pid_t got = 0;
    do {
        got = waitpid(static_cast<pid_t>(pid), &status, WNOHANG);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return std::nullopt;
    if (WIFSIGNALED(status))
        return QStringLiteral("signal %1").arg(WTERMSIG(status));
    return QStringLiteral("exit code %1").arg(WEXITSTATUS(status));
}

bool signalGroup(const ProcessId &leader, GroupSignal signal)
{
    // While any member of the group lives the system gives its number to no new process, so where
    // nobody has the leader's number the group is still ours or empty.
    if (leader.pid <= 1 || processState(leader) == ProcessState::Replaced)
        return false;
    const auto group = static_cast<pid_t>(-leader.pid);
    const bool sent = kill(group, toSignal(signal)) == 0;
    // A stopped process gets its SIGTERM when it goes on: so it still writes its history.
    if (sent && signal == GroupSignal::Terminate)
        kill(group, SIGCONT);
    return sent;
}

} // namespace pilotlight

#endif // Q_OS_WIN
