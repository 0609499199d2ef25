// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QString>

namespace pilotlight {

//! One file of an archive.
struct ArchiveFile
{
    QString name; //!< "log/pilotlight.log": relative, with slashes
    QByteArray bytes;
};

//! \a files as a ZIP archive (PKWARE's APPNOTE 6.3: deflate, UTF-8 names, no ZIP64), which every
//! desktop opens by itself. All get the time \a now and the mode 0600. Of at most 65,535 files and
//! 4 GB in all; empty where that is not enough.
QByteArray zipArchive(const QList<ArchiveFile> &files, const QDateTime &now);

//! Writes it, mode 0600, whole or not at all. StorageFailed where that was impossible.
Result<void> writeZip(const QString &path, const QList<ArchiveFile> &files, const QDateTime &now);

} // namespace pilotlight
