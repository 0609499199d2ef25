// SPDX-License-Identifier: MIT
#pragma once

#include <QDir>
#include <QFile>
#include <QList>
#include <QString>

namespace pilotlight {

//! Whether process \a pid has the HOME \a home (Linux only; elsewhere none has).
inline bool runsIn(qint64 pid, const QString &home)
{
    QFile variables(QStringLiteral("/proc/%1/environ").arg(pid));
    return variables.open(QFile::ReadOnly)
        && variables.readAll().split('\0').contains("HOME=" + home.toUtf8());
}

//! Processes whose HOME is \a home: a server that a test started, and whatever that has started.
inline QList<qint64> processesIn(const QString &home)
{
    QList<qint64> found;
    const QStringList pids = QDir(QStringLiteral("/proc")).entryList(QDir::Dirs);
    for (const QString &pid : pids) {
        if (runsIn(pid.toLongLong(), home))
            found.append(pid.toLongLong());
    }
    return found;
}

} // namespace pilotlight
