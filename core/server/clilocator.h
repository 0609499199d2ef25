// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QProcessEnvironment>
#include <QString>
#include <QStringList>

#include <functional>

namespace pilotlight {

//! What the search for the CLI sees of a machine; tests make one up. Paths have '/' on every
//! system.
struct CliSurroundings
{
    enum class System
    {
        Linux,
        MacOs,
        Windows
    };
    System system = System::Linux;
    QString architecture; //!< as npm says it: "x64", "arm64"
    QString home;
    QProcessEnvironment environment;
    //! An existing file that may be executed.
    std::function<bool(const QString &path)> isProgram;
    //! With all symbolic links followed.
    std::function<QString(const QString &path)> canonical;
    //! Names of the folders in \a path, in no order.
    std::function<QStringList(const QString &path)> folders;
    //! The first \a max bytes.
    std::function<QByteArray(const QString &path, qint64 max)> read;

    //! This machine.
    static CliSurroundings real();
};

//! Finds the native binary of the Copilot CLI. The `copilot` that npm installs is a Node script
//! that starts the native binary as its child and leaves it orphaned when killed, so the binary in
//! the package of the platform beside it is what we run. Copies that the CLI unpacked into the
//! user's cache are not looked at: they come and go with its updates.
class CliLocator
{
public:
    explicit CliLocator(CliSurroundings surroundings = CliSurroundings::real());

    //! \a setting: the user's choice, which is final where it is not empty (as is
    //! $PILOTLIGHT_COPILOT). Error: ServerNotFound, with the places that were looked at.
    Result<QString> locate(const QString &setting = {}) const;

    //! The native binary that \a path is or leads to; empty where it leads to none.
    QString resolve(const QString &path) const;

private:
    bool isNative(const QString &path) const;
    QString inModules(const QString &modulesFolder) const;
    QString besideShim(const QString &shim) const;
    QStringList pathFolders() const;
    QStringList moduleFolders() const;
    QStringList versions(const QString &folder, const QString &rest) const;
    QString variable(const char *name) const;

    const CliSurroundings m_s;
};

} // namespace pilotlight
