// SPDX-License-Identifier: MIT
#include "diag/logfile.h"

#include "diag/logformat.h"

#include <QDir>
#include <QFileInfo>
#include <QMutexLocker>

#include <algorithm>
#include <cstdlib>

namespace pilotlight {

namespace {

constexpr qint64 RetrySeconds = 10;

QString rotatedName(const QString &path, int number)
{
    return path + QLatin1Char('.') + QString::number(number);
}

} // namespace

LogFile::LogFile(QString path, qint64 maxBytes, int maxFiles)
    : m_path(std::move(path))
    , m_maxBytes(std::max<qint64>(maxBytes, 1))
    , m_maxFiles(std::max(maxFiles, 1))
{ }

std::optional<QString> LogFile::write(const LogRecord &record)
{
    const QMutexLocker lock(&m_mutex);
    if (m_writing)
        return std::nullopt;
    m_writing = true;
    QByteArray line = formatLogLine(record);
    if (m_file.isOpen() && m_size > 0 && m_size + line.size() > m_maxBytes)
        rotate();
    bool ok = ensureOpen(record.time);
    if (ok) {
        if (m_torn)
            line.prepend('\n');
        const qint64 written = m_file.write(line);
        ok = written == line.size();
        m_torn = written > 0 && !ok;
        m_size += std::max<qint64>(written, 0);
        if (!ok)
            m_problem = m_file.errorString();
    }
    m_writing = false;
    const bool wasFailing = std::exchange(m_failing, !ok);
    if (ok || wasFailing)
        return std::nullopt;
    return m_problem;
}

bool LogFile::ensureOpen(const QDateTime &now)
{
    if (m_file.isOpen())
        return true;
    // The wall clock may jump back: then try at once rather than never.
    if (m_failing && m_lastTry.isValid() && std::abs(m_lastTry.secsTo(now)) < RetrySeconds)
        return false;
    m_lastTry = now;
    QDir().mkpath(QFileInfo(m_path).absolutePath());
    m_file.setFileName(m_path);
    if (!m_file.open(QIODevice::WriteOnly | QIODevice::Append | QIODevice::Unbuffered,
                     QFile::ReadOwner | QFile::WriteOwner)) {
        m_problem = m_file.errorString();
        return false;
    }
    m_size = m_file.size();
    m_torn = m_size > 0; // a run that was killed may have left half a line
    if (m_torn) {
        QFile reader(m_path);
        char last = '\0';
        if (reader.open(QIODevice::ReadOnly) && reader.seek(m_size - 1) && reader.getChar(&last))
            m_torn = last != '\n';
    }
    if (m_size >= m_maxBytes) {
        rotate();
        return m_file.isOpen();
    }
    return true;
}

void LogFile::rotate()
{
    m_file.close();
    QFile::remove(rotatedName(m_path, m_maxFiles - 1));
    for (int i = m_maxFiles - 2; i >= 1; --i)
        QFile::rename(rotatedName(m_path, i), rotatedName(m_path, i + 1));
    const bool moved =
        m_maxFiles > 1 ? QFile::rename(m_path, rotatedName(m_path, 1)) : QFile::remove(m_path);
    // Where the old file cannot be moved away (another process holds it on Windows) it grows on:
    // too much is better than nothing.
    const auto mode = QIODevice::WriteOnly | QIODevice::Append | QIODevice::Unbuffered;
    m_file.setFileName(m_path);
    if (!m_file.open(mode, QFile::ReadOwner | QFile::WriteOwner)) {
        m_problem = m_file.errorString();
        return;
    }
    m_size = moved ? m_file.size() : 0;
    m_torn = false;
}

QStringList LogFile::filesOldestFirst(const QString &path, int maxFiles)
{
    QStringList files;
    for (int i = maxFiles - 1; i >= 1; --i) {
        if (QFileInfo::exists(rotatedName(path, i)))
            files.append(rotatedName(path, i));
    }
    if (QFileInfo::exists(path))
        files.append(path);
    return files;
}

} // namespace pilotlight
