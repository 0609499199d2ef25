// SPDX-License-Identifier: MIT
#include "server/commandline.h"

#ifdef Q_OS_LINUX

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSet>

#include <algorithm>
#include <unistd.h>

namespace pilotlight {

namespace {

//! The inodes of the sockets that listen on \a port: of proc(5), the tables net/tcp and net/tcp6.
QSet<QString> listeningSockets(quint16 port)
{
    constexpr char Listening[] = "0A";
    const QByteArray wanted = ':' + QByteArray::number(port, 16).toUpper().rightJustified(4, '0');
    QSet<QString> inodes;
    for (const QString &table : {QStringLiteral("tcp"), QStringLiteral("tcp6")}) {
        QFile file(QStringLiteral("/proc/self/net/") + table);
        if (!file.open(QFile::ReadOnly))
            continue;
        const QByteArrayList lines = file.readAll().split('\n');
        for (const QByteArray &line : lines) {
            const QByteArrayList fields = line.simplified().split(' ');
            if (fields.size() > 9 && fields.at(1).endsWith(wanted) && fields.at(3) == Listening)
                inodes.insert(QStringLiteral("socket:[%1]").arg(QString::fromLatin1(fields.at(9))));
        }
    }
    return inodes;
}

bool holdsOneOf(qint64 pid, const QSet<QString> &sockets)
{
    const QDir folder(QStringLiteral("/proc/%1/fd").arg(pid));
    const QFileInfoList files =
        folder.entryInfoList(QDir::Files | QDir::System | QDir::NoDotAndDotDot);
    return std::any_of(files.begin(), files.end(), [&](const QFileInfo &file) {
        // "socket:[12345]" is no path; Qt puts the folder before it.
        return sockets.contains(QFileInfo(file.symLinkTarget()).fileName());
    });
}

QList<qint64> allProcesses()
{
    QList<qint64> pids;
    const QStringList names =
        QDir(QStringLiteral("/proc")).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    for (const QString &name : names) {
        bool isPid = false;
        const qint64 pid = name.toLongLong(&isPid);
        if (isPid)
            pids.append(pid);
    }
    return pids;
}

} // namespace

QStringList commandLineOf(qint64 pid)
{
    QFile file(QStringLiteral("/proc/%1/cmdline").arg(pid));
    if (pid <= 0 || !file.open(QFile::ReadOnly))
        return {};
    QStringList words;
    QByteArray bytes = file.readAll();
    if (bytes.endsWith('\0'))
        bytes.chop(1);
    for (const QByteArray &word : bytes.split('\0'))
        words.append(QFile::decodeName(word));
    return bytes.isEmpty() ? QStringList() : words;
}

qint64 listenerOf(quint16 port)
{
    const QSet<QString> sockets = listeningSockets(port);
    if (sockets.isEmpty())
        return 0;
    for (const qint64 pid : allProcesses()) {
        if (holdsOneOf(pid, sockets))
            return pid;
    }
    return 0;
}

PortOwner portOwner(quint16 port, qint64 leader)
{
    const QSet<QString> sockets = listeningSockets(port);
    if (sockets.isEmpty() || leader <= 0)
        return PortOwner::Unknown;
    if (holdsOneOf(leader, sockets))
        return PortOwner::Group;
    // The program may be a launcher of the one that listens. A detached process began a session of
    // its own, so that they have its number.
    for (const qint64 pid : allProcesses()) {
        if (pid != leader && getsid(static_cast<pid_t>(pid)) == leader && holdsOneOf(pid, sockets))
            return PortOwner::Group;
    }
    return PortOwner::Stranger;
}

} // namespace pilotlight

#endif // Q_OS_LINUX
