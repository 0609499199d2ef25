// SPDX-License-Identifier: MIT
#pragma once

#include <QFile>
#include <QJsonObject>
#include <QList>
#include <QString>

namespace pilotlight {

//! What has changed in the session list since its file was written: one JSON object a line,
//! appended at once and not synced, since a killed program leaves what it has written and a sync
//! for each piece of a draft would be felt. Each list file has a number; a journal is of the file
//! whose number it names, so that a journal that could not be deleted is never applied to a later
//! file.
class SessionJournal
{
public:
    //! \a path: beside the list's file. Nothing is opened before append().
    explicit SessionJournal(QString path);

    const QString &path() const { return m_path; }

    struct Loaded
    {
        bool existed = false;
        double schema = 0; //!< above Schema: of a newer version, nothing else is filled
        double base = 0; //!< the number of the file that it belongs to
        int damaged = 0; //!< lines that make no sense; not one that was cut short at the end
        QList<QJsonObject> changes;
        QString problem; //!< why it could not be read at all
    };
    static constexpr int Schema = 1;
    Loaded load() const;

    //! \a change belongs to the file numbered \a base. False where it could not be written; the
    //! journal then takes nothing more until clear(), so that there is no gap in it.
    bool append(double base, const QJsonObject &change);
    //! The file has all of it.
    void clear();

private:
    bool open(double base);

    const QString m_path;
    QFile m_file;
    bool m_broken = false;
};

} // namespace pilotlight
