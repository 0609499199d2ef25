// SPDX-License-Identifier: MIT
#include "base/keptfile.h"

#include <QDateTime>
#include <QFileInfo>
#include <QSaveFile>

#ifdef Q_OS_WIN
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace pilotlight {

QString keepAside(const QString &path, const QDateTime &now, bool move)
{
    return keepAs(path, QStringLiteral("bad"), now, move);
}

QString keepNumbered(const QString &path, bool move)
{
    QString name;
    for (int n = 1; name.isEmpty() || QFileInfo::exists(name); ++n)
        name = path + QStringLiteral(".bad-%1").arg(n);
    if (!(move ? QFile::rename(path, name) : QFile::copy(path, name)))
        return {};
    QFile::setPermissions(name, PrivateFile);
    return name;
}

QString keepAs(const QString &path, const QString &why, const QDateTime &now, bool move)
{
    const QString base = path + QLatin1Char('.') + why + QLatin1Char('-')
        + now.toUTC().toString(QStringLiteral("yyyyMMdd-hhmmss"));
    QString name = base;
    for (int i = 2; QFileInfo::exists(name); ++i)
        name = base + QLatin1Char('-') + QString::number(i);
    if (!(move ? QFile::rename(path, name) : QFile::copy(path, name)))
        return {};
    QFile::setPermissions(name, PrivateFile);
    return name;
}

bool syncToDisk(QFile &file)
{
    if (!file.flush())
        return false;
#if defined(Q_OS_WIN)
    return ::_commit(file.handle()) == 0;
#elif defined(Q_OS_MACOS)
    // fsync() leaves it in the drive's memory there.
    return ::fcntl(file.handle(), F_FULLFSYNC) != -1 || ::fsync(file.handle()) == 0;
#else
    return ::fdatasync(file.handle()) == 0;
#endif
}

bool commitWhole(QSaveFile &file)
{
    return file.flush() && file.commit();
}

} // namespace pilotlight
