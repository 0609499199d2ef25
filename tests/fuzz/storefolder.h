// SPDX-License-Identifier: MIT
#pragma once

#include "check.h"

#include <QDir>
#include <QFile>
#include <QLoggingCategory>
#include <QTemporaryDir>

//! The folder of a store for one input. Point TMPDIR at a file system in memory for speed: the
//! stores sync what they write.
class StoreFolder
{
public:
    StoreFolder()
    {
        static const bool quiet = [] {
            QLoggingCategory::setFilterRules(QStringLiteral("*=false"));
            return true;
        }();
        FUZZ_CHECK(quiet && m_folder.isValid());
    }

    QString path(const QString &name) const { return m_folder.filePath(name); }
    void put(const QString &name, const QByteArray &bytes) const
    {
        QFile file(path(name));
        FUZZ_CHECK(file.open(QFile::WriteOnly) && file.write(bytes) == bytes.size());
    }
    static QByteArray at(const QString &path)
    {
        QFile file(path);
        return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray("(not there)");
    }
    QByteArray get(const QString &name) const { return at(path(name)); }
    bool has(const QString &name) const { return QFile::exists(path(name)); }
    //! Some kept copy of \a name has these \a bytes.
    bool isKept(const QString &name, const QByteArray &bytes) const
    {
        const QStringList copies =
            QDir(m_folder.path()).entryList({name + QStringLiteral(".bad-*")}, QDir::Files);
        for (const QString &copy : copies) {
            if (get(copy) == bytes)
                return true;
        }
        return false;
    }

private:
    QTemporaryDir m_folder;
};

inline QByteArray inputBytes(const unsigned char *data, std::size_t size)
{
    return {reinterpret_cast<const char *>(data), static_cast<qsizetype>(size)};
}
