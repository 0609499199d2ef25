// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "session/verdict.h"

#include <QJsonObject>
#include <QObject>
#include <QStringList>

namespace pilotlight {

class Clock;

//! What proofs found out, a small JSON file a server version, and the canaries that wait to be
//! deleted. A file that cannot be read is moved aside, one of a newer version is left alone.
class VerdictStore : public QObject
{
    Q_OBJECT
public:
    //! \a folder: usually "verdicts" in AppPaths::state; made when something is saved.
    explicit VerdictStore(QString folder, Clock &clock, QObject *parent = nullptr);

    //! What is known of \a version; nothing where no proof was ever decided.
    std::optional<ServerVerdict> find(const QString &version);
    //! All of them, the newest proof first.
    QList<ServerVerdict> all();
    //! Keeps \a verdict. A method that it leaves open keeps the answer of an earlier proof.
    //! StorageFailed where it could not be written.
    Result<void> save(const ServerVerdict &verdict);

    //! Canaries that are not deleted yet, on whatever server.
    QStringList canaries();
    //! Those of which the proof is over: it was to end, or it lost its connection.
    QStringList leftovers();
    //! A proof that ends at \a until (UTC) makes them.
    void addCanaries(const QStringList &ids, const QDateTime &until);
    //! They are deleted.
    void removeCanaries(const QStringList &ids);

Q_SIGNALS:
    void changed(const QString &version);

private:
    QString fileOf(const QString &version) const;
    //! The file's object; nothing where there is none. Sets \a newer for one of a newer version.
    std::optional<QJsonObject> read(const QString &path, bool *newer);
    Result<void> write(const QString &path, const QJsonObject &object) const;
    QString canaryFile() const;
    QJsonObject canaryTimes(); //!< until when, by id
    void writeCanaries(const QJsonObject &times);

    const QString m_folder;
    Clock &m_clock;
};

} // namespace pilotlight
