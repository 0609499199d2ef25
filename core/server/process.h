// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QProcessEnvironment>
#include <QString>
#include <QStringList>

#include <optional>

namespace pilotlight {

// The few things about processes that differ per platform: process_unix.cpp, process_win.cpp.

//! A process that cannot be mistaken for a later one under the same number.
struct ProcessId
{
    qint64 pid = 0;
    //! When it began, in the system's own terms (Linux: boot id and start ticks). Empty: not known.
    QString started;

    bool isValid() const { return pid > 0 && !started.isEmpty(); }
    bool operator==(const ProcessId &) const = default;
};

enum class ProcessState
{
    Running,
    Ended, //!< nobody has this number now (or only its unread exit status is left)
    Replaced, //!< the number belongs to another process
};

struct DetachedProcess
{
    QString program; //!< absolute
    QStringList arguments;
    QProcessEnvironment environment;
    QString workingDirectory;
    QString outputFile; //!< gets stdout and stderr, appended; made with mode 0600
};

//! Starts a program that outlives us: in its own session and process group, with no terminal and no
//! pipe to us. Error: ServerStartFailed with the system's reason.
Result<ProcessId> startDetached(const DetachedProcess &process);

//! The identity of whoever has \a pid now; not valid where nobody has.
ProcessId identifyProcess(qint64 pid);

ProcessState processState(const ProcessId &process);

//! False where the process is another user's: nothing that we could signal or adopt.
bool isOwnProcess(qint64 pid);

//! The exit status of a child of ours that has ended ("exit code 1", "signal 9"), once; nothing
//! while it runs and for processes that are not our children.
std::optional<QString> collectExit(qint64 pid);

enum class GroupSignal
{
    //! Asks (Unix), also those that were stopped: they go on and hear it. Windows knows no asking,
    //! it ends them.
    Terminate,
    Kill,
};

//! Signals the process group that \a leader leads or led; on Windows its tree of descendants. Never
//! signals anything where the number belongs to another process. False where nobody was signalled.
bool signalGroup(const ProcessId &leader, GroupSignal signal);

} // namespace pilotlight
