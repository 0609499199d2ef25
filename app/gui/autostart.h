// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QString>
#include <QStringList>

namespace pilotlight {

//! Starts the program with the user's session at the computer, minimised: an XDG autostart entry, a
//! value below Run in the registry, a launch agent. One per user; nothing is kept beside that, so
//! that it can be looked at and changed with the system's own means.
class Autostart
{
public:
    //! \a arguments of the start beside --minimized: which profile.
    explicit Autostart(QStringList arguments)
        : m_arguments(std::move(arguments))
    { }

    bool isOn() const;
    //! StorageFailed where it cannot be written.
    Result<void> set(bool on) const;

private:
    //! Program and arguments. An AppImage is started by its file, not by what it is mounted at.
    QStringList command() const;
    //! Where the system's way is a file: writes it, with its folder, or removes it (\a content
    //! null).
    static Result<void> putFile(const QString &path, const QString &content);

    QStringList m_arguments;
};

} // namespace pilotlight
