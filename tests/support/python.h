// SPDX-License-Identifier: MIT
#pragma once

#include <QProcess>
#include <QString>

namespace pilotlight {

//! A Python 3 that has \a module; empty where there is none. The system's first: Debian's modules
//! belong to it.
inline QString pythonWith(const QString &module)
{
    for (const QString &python : {QStringLiteral("/usr/bin/python3"), QStringLiteral("python3")}) {
        QProcess probe;
        probe.start(python, {QStringLiteral("-c"), QStringLiteral("import ") + module});
        if (probe.waitForFinished() && probe.exitStatus() == QProcess::NormalExit
            && probe.exitCode() == 0)
            return python;
    }
    return {};
}

} // namespace pilotlight
