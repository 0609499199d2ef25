// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

namespace pilotlight {

//! Where Pilotlight keeps its own files, per platform (XDG on Linux, Application Support on macOS,
//! AppData on Windows). Folders are created on first use, private to the user (0700).
struct AppPaths
{
    QString config; //!< settings
    QString state; //!< sessions, drafts, server record, connection token
    QString log; //!< diagnostic log and the server's own output

    //! The standard folders of the current user for \a profile ("default" unless given).
    static AppPaths standard(const QString &profile = QStringLiteral("default"));
    //! Everything below one folder, for tests and --profile-dir.
    static AppPaths below(const QString &folder);
    //! Creates the folders with mode 0700. False where one cannot be made.
    bool ensure() const;
};

} // namespace pilotlight
