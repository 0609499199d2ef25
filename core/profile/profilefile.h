// SPDX-License-Identifier: MIT
#pragma once

#include "session/sessionstore.h"
#include "settings/backendsettings.h"
#include "settings/settings.h"

#include <QByteArray>
#include <QDateTime>
#include <QStringList>

#include <optional>

namespace pilotlight {

//! What can be taken elsewhere in one file: settings, the other servers, the session list.
struct ProfileContent
{
    std::optional<AppSettings> settings;
    QList<BackendSettings> backends;
    QList<StoredSession> sessions;
    //! What the file does not have because it is or looks like a secret:
    //! "backends[github].environment.GITHUB_TOKEN".
    QStringList leftOut;
};

//! The version of the file.
inline constexpr int ProfileSchema = 1;

//! \a content without what is or looks like a secret (keys, tokens, passwords in addresses, in
//! arguments and in the environment), and without what belongs to this machine's screen or to a
//! conversation: the places of windows, drafts, prompts. Appends to leftOut.
ProfileContent portable(ProfileContent content);

//! The portable() part of \a content as one JSON object.
QByteArray writeProfile(const ProfileContent &content, const QDateTime &now);

//! Reads a file that writeProfile() made; strict, since nothing may come of half a file.
//! Unsupported for one of a newer version (detail: its number), InvalidJson for what is cut or no
//! JSON, InvalidArgument for what is no such file or has nonsense in it (detail: where).
Result<ProfileContent> readProfile(const QByteArray &bytes);

//! One thing that an import would change, for people.
struct ProfileChange
{
    enum class Kind
    {
        Setting, //!< name: "connection.mode"
        Backend, //!< name: "github.url"; of a new one: its id
        Session, //!< name: the session's; always a new one
    };
    Kind kind = Kind::Setting;
    QString name;
    QString before; //!< empty: not set
    QString after;
    bool added = false; //!< a server or a session that is not here yet
};

//! What an import does: it adds and changes, and removes nothing. Sessions that are here already
//! stay as they are.
struct ProfilePlan
{
    QList<ProfileChange> changes;
    ProfileContent
        result; //!< to be applied: the settings, and the servers and sessions that differ
    int unchanged = 0; //!< servers and sessions that are here already
};

//! What importing \a file into \a present means. Secrets that the file lacks are kept where they
//! are here; a new server that would need one is added switched off.
ProfilePlan planImport(const ProfileContent &file, const ProfileContent &present);

//! Copies those of \a files that are there to `<file>.<why>-<time>`, mode 0600. The copies;
//! StorageFailed where one could not be made, and then nothing may be changed.
Result<QStringList> backupFiles(const QStringList &files, const QString &why, const QDateTime &now);

} // namespace pilotlight
