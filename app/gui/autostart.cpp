// SPDX-License-Identifier: MIT
#include "app/gui/autostart.h"

#include "base/keptfile.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QSaveFile>

namespace pilotlight {

QStringList Autostart::command() const
{
    const QString image = qEnvironmentVariable("APPIMAGE");
    return QStringList(image.isEmpty() ? QCoreApplication::applicationFilePath() : image)
        + m_arguments + QStringList(QStringLiteral("--minimized"));
}

Result<void> Autostart::putFile(const QString &path, const QString &content)
{
    const auto failed = [&path](const QString &why) {
        return tl::make_unexpected(
            Error{ErrorCode::StorageFailed, path + QStringLiteral(": ") + why, {}});
    };
    if (content.isNull()) {
        QFile old(path);
        if (old.exists() && !old.remove())
            return failed(old.errorString());
        return {};
    }
    QDir().mkpath(QFileInfo(path).path());
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        return failed(file.errorString());
    file.write(content.toUtf8());
    if (!commitWhole(file))
        return failed(file.errorString());
    return {};
}

} // namespace pilotlight
