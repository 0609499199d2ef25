// SPDX-License-Identifier: MIT
#include "server/serveroutput.h"

#include "base/secret.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QRegularExpression>
#include <QTemporaryFile>

#include <algorithm>
#include <vector>

namespace pilotlight {

namespace {

constexpr qint64 HeadBytes = 64 * 1024;
constexpr qint64 TailBytes = 16 * 1024;

// 0 for other names.
int numberOf(const QString &name)
{
    static const QRegularExpression pattern(QStringLiteral("^server-(\\d{1,9})\\.log$"));
    return pattern.match(name).captured(1).toInt();
}

// Exists from now on, readable for its owner only.
bool makePrivate(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::WriteOnly | QIODevice::NewOnly,
                     QFile::ReadOwner | QFile::WriteOwner);
}

} // namespace

QString nextServerOutputFile(const QString &folder, int keep)
{
    QDir().mkpath(folder);
    const QDir dir(folder);
    std::vector<int> numbers;
    for (const QString &name : dir.entryList(QDir::Files)) {
        if (const int number = numberOf(name); number > 0)
            numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end());
    const int next = numbers.empty() ? 1 : numbers.back() + 1;
    const QString path = dir.filePath(QStringLiteral("server-%1.log").arg(next));
    if (makePrivate(path)) {
        const auto spare = static_cast<qsizetype>(numbers.size()) - std::max(keep - 1, 0);
        for (qsizetype i = 0; i < spare; ++i) {
            const int number = numbers[static_cast<std::size_t>(i)];
            QFile::remove(dir.filePath(QStringLiteral("server-%1.log").arg(number)));
        }
        return path;
    }
    QTemporaryFile file(QDir::tempPath() + QStringLiteral("/pilotlight-server-XXXXXX.log"));
    file.setAutoRemove(false);
    return file.open() ? file.fileName() : QString();
}

std::optional<quint16> portFromServerOutput(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return std::nullopt;
    // With its line end: half a number is no port.
    static const QRegularExpression pattern(QStringLiteral("listening on port (\\d{1,5})\\s*\\n"));
    const auto match = pattern.match(QString::fromUtf8(file.read(HeadBytes)));
    const int port = match.captured(1).toInt();
    if (port < 1 || port > 65535)
        return std::nullopt;
    return static_cast<quint16>(port);
}

QString tailOfServerOutput(const QString &path, int lines)
{
    QFile file(path);
    if (path.isEmpty() || !file.open(QIODevice::ReadOnly))
        return {};
    file.seek(std::max<qint64>(0, file.size() - TailBytes));
    QStringList all = QString::fromUtf8(file.read(TailBytes)).trimmed().split(QLatin1Char('\n'));
    if (all.size() > lines)
        all = all.mid(all.size() - lines);
    return redacted(all.join(QLatin1Char('\n')));
}

} // namespace pilotlight
