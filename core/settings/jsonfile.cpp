// SPDX-License-Identifier: MIT
#include "settings/jsonfile.h"

#include "base/keptfile.h"
#include "base/logging.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QSaveFile>

#include <utility>

namespace pilotlight {

JsonFile::JsonFile(QString path)
    : m_path(std::move(path))
{ }

JsonFile::Loaded JsonFile::load()
{
    Loaded result;
    m_root = {};
    m_readOnly = false;
    m_keepFirst = false;
    QFile file(m_path);
    if (!file.exists())
        return result;
    result.existed = true;

    QJsonParseError error{};
    if (file.open(QIODevice::ReadOnly)) {
        const QJsonDocument document = QJsonDocument::fromJson(file.readAll(), &error);
        if (document.isObject())
            m_root = document.object();
        else
            result.problem =
                document.isNull() ? error.errorString() : QStringLiteral("not a JSON object");
        file.close();
    } else {
        result.problem = file.errorString();
    }
    if (result.problem.isEmpty())
        return result;

    result.backup = keepNumbered(m_path, true);
    m_readOnly = result.backup.isEmpty();
    qCWarning(lcStore).noquote() << "settings: unreadable file" << m_path << result.problem
                                 << (m_readOnly ? QStringLiteral("left as it is")
                                                : QStringLiteral("kept as ") + result.backup);
    return result;
}

Result<void> JsonFile::save(const QJsonObject &root)
{
    if (m_readOnly)
        return failure(ErrorCode::StorageFailed,
                       m_path + QStringLiteral(" is unreadable and could not be moved aside"));
    if (m_keepFirst && QFile::exists(m_path)) {
        const QString name = keepNumbered(m_path, false);
        if (name.isEmpty())
            return failure(ErrorCode::StorageFailed,
                           m_path + QStringLiteral(" could not be kept before a change"));
        qCWarning(lcStore).noquote() << "settings: kept before a change:" << name;
    }
    m_keepFirst = false;
    m_root = root;
    QDir().mkpath(QFileInfo(m_path).absolutePath());
    QSaveFile file(m_path);
    if (!file.open(QIODevice::WriteOnly))
        return failure(ErrorCode::StorageFailed, file.errorString());
    file.setPermissions(PrivateFile);
    file.write(QJsonDocument(m_root).toJson(QJsonDocument::Indented));
    if (!commitWhole(file))
        return failure(ErrorCode::StorageFailed, file.errorString());
    return {};
}

} // namespace pilotlight
