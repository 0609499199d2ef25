// SPDX-License-Identifier: MIT
#include "session/sessionjournal.h"

#include "base/keptfile.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>

namespace pilotlight {

namespace {

const QString JournalSchemaKey = QStringLiteral("schema");
const QString JournalBaseKey = QStringLiteral("base");

QByteArray journalLine(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

} // namespace

SessionJournal::SessionJournal(QString path)
    : m_path(std::move(path))
    , m_file(m_path)
{ }

SessionJournal::Loaded SessionJournal::load() const
{
    Loaded result;
    QFile file(m_path);
    if (!file.exists())
        return result;
    result.existed = true;
    QByteArray bytes;
    if (file.open(QIODevice::ReadOnly))
        bytes = file.readAll();
    if (!file.isOpen() || file.error() != QFileDevice::NoError) {
        result.problem = file.errorString();
        return result;
    }
    bytes.truncate(bytes.lastIndexOf('\n') + 1);
    bool first = true;
    const QList<QByteArray> lines = bytes.split('\n');
    for (const QByteArray &line : lines) {
        if (line.isEmpty())
            continue;
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        if (std::exchange(first, false)) {
            result.schema = object.value(JournalSchemaKey).toDouble();
            result.base = object.value(JournalBaseKey).toDouble(-1);
            if (result.schema > Schema)
                return result;
            if (result.schema != Schema || result.base < 0)
                ++result.damaged;
        } else if (object.isEmpty()) {
            ++result.damaged;
        } else {
            result.changes.append(object);
        }
    }
    return result;
}

bool SessionJournal::open(double base)
{
    QDir().mkpath(QFileInfo(m_path).absolutePath());
    if (!m_file.open(QIODevice::ReadWrite | QIODevice::Unbuffered)
        || !m_file.setPermissions(PrivateFile))
        return false;
    // One that was applied and could not be written into the file (a full disk) goes on.
    const QByteArray head = journalLine({{JournalSchemaKey, Schema}, {JournalBaseKey, base}});
    const QByteArray there = m_file.readAll();
    const qint64 good = there.startsWith(head) ? there.lastIndexOf('\n') + 1 : 0;
    return m_file.resize(good) && m_file.seek(good)
        && (good > 0 || m_file.write(head) == head.size());
}

bool SessionJournal::append(double base, const QJsonObject &change)
{
    if (m_broken)
        return false;
    const QByteArray line = journalLine(change);
    m_broken = !(m_file.isOpen() || open(base)) || m_file.write(line) != line.size();
    return !m_broken;
}

void SessionJournal::clear()
{
    m_file.close();
    m_broken = false;
    QFile::remove(m_path);
}

} // namespace pilotlight
