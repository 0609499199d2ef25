// SPDX-License-Identifier: MIT
#include "app/cli/providerfiles.h"

#include "base/keptfile.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

namespace pilotlight {

namespace {

QJsonObject read(const QString &path)
{
    QFile file(path);
    return file.open(QFile::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object()
                                      : QJsonObject();
}

void write(const QString &path, const QJsonObject &object)
{
    QSaveFile file(path);
    if (file.open(QFile::WriteOnly)) {
        file.write(QJsonDocument(object).toJson());
        commitWhole(file);
    }
}

} // namespace

ProviderFiles::ProviderFiles(const AppPaths &paths)
    : m_path(paths.state + QStringLiteral("/ctl-providers.json"))
{ }

QString ProviderFiles::get(const QString &session) const
{
    return read(m_path).value(session).toString();
}

void ProviderFiles::set(const QString &session, const QString &file)
{
    QJsonObject all = read(m_path);
    all.insert(session, file);
    write(m_path, all);
}

void ProviderFiles::remove(const QString &session)
{
    QJsonObject all = read(m_path);
    if (!all.contains(session))
        return;
    all.remove(session);
    write(m_path, all);
}

} // namespace pilotlight
