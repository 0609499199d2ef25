// SPDX-License-Identifier: MIT
#include "server/process.h"

#include <QtGlobal>

#ifdef Q_OS_WIN

#include <QProcess>
#include <QSet>

// After windows.h:
#include <windows.h>

#include <tlhelp32.h>

#include <utility>
#include <vector>

namespace pilotlight {

namespace {

// Closes itself.
class Handle
{
public:
    explicit Handle(HANDLE handle)
        : m_handle(handle == INVALID_HANDLE_VALUE ? nullptr : handle)
    { }
    ~Handle()
    {
        if (m_handle)
            CloseHandle(m_handle);
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    HANDLE get() const { return m_handle; }

private:
    HANDLE m_handle;
};

QString startOf(HANDLE process)
{
    FILETIME created{};
    FILETIME other{};
    if (!GetProcessTimes(process, &created, &other, &other, &other))
        return {};
    const auto ticks = (static_cast<quint64>(created.dwHighDateTime) << 32) | created.dwLowDateTime;
    return QString::number(ticks);
}

// The process and everything below it. A parent's number may have been reused: a child is
// younger than its parent.
std::vector<DWORD> treeOf(const ProcessId &root)
{
    std::vector<std::pair<DWORD, DWORD>> all; // pid, parent
    const Handle snapshot(CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0));
    PROCESSENTRY32W entry{};
    entry.dwSize = sizeof(entry);
    if (snapshot.get() && Process32FirstW(snapshot.get(), &entry)) {
        do {
            all.emplace_back(entry.th32ProcessID, entry.th32ParentProcessID);
        } while (Process32NextW(snapshot.get(), &entry));
    }
    std::vector<DWORD> tree{static_cast<DWORD>(root.pid)};
    const quint64 born = root.started.toULongLong();
    for (std::size_t i = 0; i < tree.size(); ++i) {
        for (const auto &[pid, parent] : all) {
            if (parent != tree[i] || pid == tree[i])
                continue;
            if (identifyProcess(pid).started.toULongLong() >= born)
                tree.push_back(pid);
        }
    }
    return tree;
}

} // namespace

Result<ProcessId> startDetached(const DetachedProcess &process)
{
    QProcess starter;
    starter.setProgram(process.program);
    starter.setArguments(process.arguments);
    starter.setProcessEnvironment(process.environment);
    starter.setWorkingDirectory(process.workingDirectory);
    starter.setProcessChannelMode(QProcess::MergedChannels);
    starter.setStandardOutputFile(process.outputFile, QIODevice::Append);
    starter.setStandardInputFile(QProcess::nullDevice());
    starter.setCreateProcessArgumentsModifier([](QProcess::CreateProcessArguments *arguments) {
        arguments->flags &= ~static_cast<DWORD>(CREATE_NEW_CONSOLE);
        arguments->flags |= CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW;
    });
    qint64 pid = 0;
    if (!starter.startDetached(&pid))
        return failure(ErrorCode::ServerStartFailed, starter.errorString());
    ProcessId id = identifyProcess(pid);
    id.pid = pid;
    return id;
}

ProcessId identifyProcess(qint64 pid)
{
    if (pid <= 0)
        return {};
    const Handle process(
        OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(pid)));
    DWORD code = 0;
    if (!process.get() || !GetExitCodeProcess(process.get(), &code) || code != STILL_ACTIVE)
        return {};
    return {pid, startOf(process.get())};
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
    // Enough to end it with.
    const Handle process(OpenProcess(PROCESS_TERMINATE, FALSE, static_cast<DWORD>(pid)));
    return process.get() != nullptr;
}

std::optional<QString> collectExit(qint64)
{
    return std::nullopt; // Windows keeps no exit status without a handle
}

bool signalGroup(const ProcessId &leader, GroupSignal)
{
    if (!leader.isValid() || processState(leader) != ProcessState::Running)
        return false;
    bool any = false;
    for (const DWORD pid : treeOf(leader)) {
        const Handle process(OpenProcess(PROCESS_TERMINATE, FALSE, pid));
        any = (process.get() && TerminateProcess(process.get(), 1)) || any;
    }
    return any;
}

} // namespace pilotlight

#endif // Q_OS_WIN
