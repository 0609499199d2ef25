// SPDX-License-Identifier: MIT
#pragma once

#include "diag/logrecord.h"

#include <QFile>
#include <QRecursiveMutex>
#include <QString>
#include <QStringList>

#include <optional>

namespace pilotlight {

//! The diagnostic log on disk: appends one line a record, unbuffered so that a crash loses nothing,
//! private to the user. At \a maxBytes `name` becomes `name.1` and so on up to `name.4`. Where the
//! disk is full or read-only it goes on without and tries again every 10 s. Thread-safe.
class LogFile
{
public:
    static constexpr qint64 DefaultMaxBytes = 10 * 1024 * 1024;
    static constexpr int DefaultMaxFiles = 5;

    //! Opens at the first record. \a maxFiles counts the current one too.
    explicit LogFile(QString path, qint64 maxBytes = DefaultMaxBytes,
                     int maxFiles = DefaultMaxFiles);

    const QString &path() const { return m_path; }

    //! Appends \a record. Nothing where that worked or where the failure is an old one; else the
    //! reason, once per series of failures.
    std::optional<QString> write(const LogRecord &record);

    //! The existing files of the log at \a path, oldest first, for a reader.
    static QStringList filesOldestFirst(const QString &path, int maxFiles = DefaultMaxFiles);

private:
    bool ensureOpen(const QDateTime &now);
    void rotate();

    const QString m_path;
    const qint64 m_maxBytes;
    const int m_maxFiles;
    QRecursiveMutex m_mutex;
    bool m_writing = false; // Qt itself may log from inside a write
    QFile m_file;
    qint64 m_size = 0;
    bool m_torn = false; // the last write was cut: begin a new line first
    bool m_failing = false;
    QDateTime m_lastTry;
    QString m_problem;
};

} // namespace pilotlight
