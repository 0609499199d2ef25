// SPDX-License-Identifier: MIT
#include "server/commandline.h"

#ifdef Q_OS_LINUX

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSet>

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
    const QStringList processes =
        QDir(QStringLiteral("/proc")).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    for (const QString &name : processes) {
        bool isPid = false;
        const qint64 pid = name.toLongLong(&isPid);
        if (!isPid)
            continue;
        const QDir folder(QStringLiteral("/proc/%1/fd").arg(pid));
        const QFileInfoList files =
            folder.entryInfoList(QDir::Files | QDir::System | QDir::NoDotAndDotDot);
        for (const QFileInfo &file : files) {
            // "socket:[12345]" is no path; Qt puts the folder before it.
            if (sockets.contains(QFileInfo(file.symLinkTarget()).fileName()))
                return pid;
        }
    }
    return 0;
}

} // namespace pilotlight

#endif // Q_OS_LINUX
