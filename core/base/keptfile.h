// SPDX-License-Identifier: MIT
#pragma once

#include <QFile>

class QDateTime;
class QSaveFile;

namespace pilotlight {

//! Of files that are nobody else's business: mode 0600.
inline constexpr auto PrivateFile = QFileDevice::ReadOwner | QFileDevice::WriteOwner;

//! Puts a file that could not be understood out of the way, or (not \a move) copies it, to
//! `<path>.bad-<time>` beside it, mode 0600. The new path; empty where that failed, and then
//! nothing must be written over the file.
QString keepAside(const QString &path, const QDateTime &now, bool move);
//! The same for another reason, to `<path>.<why>-<time>`.
QString keepAs(const QString &path, const QString &why, const QDateTime &now, bool move);

//! The same where there is no clock at hand: to the first free `<path>.bad-<n>`.
QString keepNumbered(const QString &path, bool move);

//! Waits until what was written to \a file is on the disk, not only in the system's memory: it then
//! survives a loss of power. False where the system refused.
bool syncToDisk(QFile &file);

//! Puts what was written to \a file in the place of the old one; false where the old one stays. In
//! place of QSaveFile::commit(), which (Qt 6.4) does not see that the last bytes could not be
//! written: on a full disk it replaces a good file by an empty one, and says that all is well.
bool commitWhole(QSaveFile &file);

} // namespace pilotlight
