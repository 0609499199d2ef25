// SPDX-License-Identifier: MIT
#include "base/paths.h"

#include <QDir>
#include <QFile>
#include <QStandardPaths>

namespace pilotlight {

AppPaths AppPaths::standard(const QString &profile)
{
    const auto folder = [&](QStandardPaths::StandardLocation where) {
        return QStandardPaths::writableLocation(where) + QStringLiteral("/pilotlight/") + profile;
    };
    AppPaths paths;
    paths.config = folder(QStandardPaths::GenericConfigLocation);
#if defined(Q_OS_WIN) || defined(Q_OS_MACOS)
    paths.state = folder(QStandardPaths::GenericDataLocation) + QStringLiteral("/state");
#else
    // Qt 6.4 has no StateLocation (6.7 has): XDG base directory specification 0.8.
    QString home = qEnvironmentVariable("XDG_STATE_HOME");
    if (home.isEmpty())
        home = QDir::homePath() + QStringLiteral("/.local/state");
    paths.state = home + QStringLiteral("/pilotlight/") + profile;
#endif
    paths.log = paths.state + QStringLiteral("/log");
    return paths;
}

AppPaths AppPaths::below(const QString &folder)
{
    return {folder + QStringLiteral("/config"), folder + QStringLiteral("/state"),
            folder + QStringLiteral("/state/log")};
}

bool AppPaths::ensure() const
{
    bool ok = true;
    for (const QString &folder : {config, state, log}) {
        ok = QDir().mkpath(folder) && ok;
        ok = QFile::setPermissions(folder, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner)
            && ok;
    }
    return ok;
}

} // namespace pilotlight
