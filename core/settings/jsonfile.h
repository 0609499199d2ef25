// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QJsonObject>
#include <QString>
#include <QStringList>

namespace pilotlight {

//! A JSON object in a file that people may edit: written whole or not at all, readable by its owner
//! only; an unreadable one is moved aside and reported, never overwritten in silence.
class JsonFile
{
public:
    //! What load() found.
    struct Loaded
    {
        bool existed = false;
        QString backup; //!< where an unreadable file went; empty where all was well
        QString problem; //!< what was wrong with it, for the log and for people
        QStringList ignored; //!< members whose value made no sense; for the file's owner to fill
    };

    //! Nothing is read before load().
    explicit JsonFile(QString path);

    const QString &path() const { return m_path; }
    //! The object as it was read or saved last, with everything unknown.
    const QJsonObject &root() const { return m_root; }
    //! A missing file gives an empty object; so does an unreadable one, which is first renamed to
    //! <path>.bad-<n>. If that is impossible, save() refuses to overwrite it.
    Loaded load();
    //! StorageFailed where it could not be written.
    Result<void> save(const QJsonObject &root);
    //! The file has something that its owner could not use, and that save() may write over: the
    //! next save() keeps it as <path>.bad-<n> first, and refuses where that is impossible.
    void keepBeforeSave() { m_keepFirst = true; }

private:
    QString m_path;
    QJsonObject m_root;
    bool m_readOnly = false;
    bool m_keepFirst = false;
};

} // namespace pilotlight
