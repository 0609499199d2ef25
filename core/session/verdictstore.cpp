// SPDX-License-Identifier: MIT
#include "session/verdictstore.h"

#include "base/keptfile.h"
#include "base/logging.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSaveFile>

#include <algorithm>

namespace pilotlight {

namespace {

using namespace Qt::Literals::StringLiterals;

constexpr int VerdictSchema = 1;

QJsonObject toJson(const MethodVerdict &verdict)
{
    QJsonObject object{{u"method"_s, keepMethodName(verdict.method)},
                       {u"answer"_s, answerName(verdict.answer)},
                       {u"requests"_s, verdict.requests},
                       {u"aliveMs"_s, qint64(verdict.alive.count())}};
    if (!verdict.code.isEmpty())
        object.insert(u"code"_s, verdict.code);
    if (verdict.died)
        object.insert(u"diedMs"_s, qint64(verdict.died->count()));
    return object;
}

std::optional<MethodVerdict> methodFrom(const QJsonObject &object)
{
    const auto method = keepMethodFromName(object["method"_L1].toString());
    const auto answer = answerFromName(object["answer"_L1].toString());
    if (!method || !answer)
        return std::nullopt;
    MethodVerdict verdict;
    verdict.method = *method;
    verdict.answer = *answer;
    verdict.code = object["code"_L1].toString();
    verdict.requests = object["requests"_L1].toInt();
    verdict.alive = Milliseconds(object["aliveMs"_L1].toInteger());
    if (object.contains("diedMs"_L1))
        verdict.died = Milliseconds(object["diedMs"_L1].toInteger());
    return verdict;
}

std::optional<ServerVerdict> verdictFrom(const QJsonObject &object)
{
    ServerVerdict verdict;
    verdict.version = object["version"_L1].toString();
    verdict.when = QDateTime::fromString(object["when"_L1].toString(), Qt::ISODate);
    verdict.took = Milliseconds(object["tookMs"_L1].toInteger());
    verdict.interval = Milliseconds(object["intervalMs"_L1].toInteger());
    for (const QJsonValue &value : object["methods"_L1].toArray()) {
        if (const auto method = methodFrom(value.toObject()))
            verdict.methods.append(*method);
    }
    if (verdict.version.isEmpty() || !verdict.when.isValid() || verdict.methods.isEmpty())
        return std::nullopt;
    return verdict;
}

} // namespace

VerdictStore::VerdictStore(QString folder, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_folder(std::move(folder))
    , m_clock(clock)
{ }

QString VerdictStore::fileOf(const QString &version) const
{
    // The version is the server's word: nothing of it may lead out of the folder.
    static const QRegularExpression other(u"[^A-Za-z0-9.+-]"_s);
    QString name = version.left(64);
    name.replace(other, u"_"_s);
    return m_folder + u"/server-"_s + name + u".json"_s;
}

std::optional<QJsonObject> VerdictStore::read(const QString &path, bool *newer)
{
    QFile file(path);
    if (!file.exists())
        return std::nullopt;
    QByteArray bytes;
    if (file.open(QFile::ReadOnly))
        bytes = file.read(1'000'000); // one of ours has 1 KB
    file.close();
    const QJsonObject object = QJsonDocument::fromJson(bytes).object();
    const int schema = object["schema"_L1].toInt();
    *newer = schema > VerdictSchema;
    if (schema == VerdictSchema || *newer)
        return object;
    qCWarning(lcStore).noquote() << u"verdict-file-damaged path=\"%1\" moved=\"%2\""_s.arg(
        path, keepAside(path, m_clock.wallNow(), true));
    return std::nullopt;
}

Result<void> VerdictStore::write(const QString &path, const QJsonObject &object) const
{
    QDir().mkpath(m_folder);
    QSaveFile file(path);
    const QByteArray bytes = QJsonDocument(object).toJson();
    if (file.open(QFile::WriteOnly) && file.setPermissions(PrivateFile)
        && file.write(bytes) == bytes.size() && commitWhole(file))
        return {};
    qCWarning(lcStore).noquote() << u"verdict-file-unwritable path=\"%1\" detail=\"%2\""_s.arg(
        path, file.errorString());
    return failure(ErrorCode::StorageFailed, file.errorString());
}

std::optional<ServerVerdict> VerdictStore::find(const QString &version)
{
    const QString path = fileOf(version);
    bool newer = false;
    const auto object = read(path, &newer);
    if (!object)
        return std::nullopt;
    auto verdict = verdictFrom(*object);
    if (verdict && verdict->version == version) // two names may share a file
        return verdict;
    return std::nullopt;
}

QList<ServerVerdict> VerdictStore::all()
{
    QList<ServerVerdict> found;
    const QStringList names = QDir(m_folder).entryList({u"server-*.json"_s}, QDir::Files);
    for (const QString &name : names) {
        bool newer = false;
        if (const auto object = read(m_folder + u'/' + name, &newer)) {
            if (const auto verdict = verdictFrom(*object))
                found.append(*verdict);
        }
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto &a, const auto &b) { return a.when > b.when; });
    return found;
}

Result<void> VerdictStore::save(const ServerVerdict &verdict)
{
    const QString path = fileOf(verdict.version);
    bool newer = false;
    QJsonObject object = read(path, &newer).value_or(QJsonObject());
    if (newer)
        return failure(ErrorCode::StorageFailed, u"the file is of a newer version"_s);
    const auto former = verdictFrom(object);
    QJsonArray methods;
    for (const MethodVerdict &seen : verdict.methods) {
        const bool same = former && former->version == verdict.version;
        const MethodVerdict *before = same ? former->find(seen.method) : nullptr;
        const bool open = seen.answer == MethodVerdict::Answer::Unknown;
        methods.append(toJson(open && before ? *before : seen));
    }
    object.insert(u"schema"_s, VerdictSchema);
    object.insert(u"version"_s, verdict.version);
    object.insert(u"when"_s, verdict.when.toUTC().toString(Qt::ISODateWithMs));
    object.insert(u"tookMs"_s, qint64(verdict.took.count()));
    object.insert(u"intervalMs"_s, qint64(verdict.interval.count()));
    object.insert(u"methods"_s, methods);
    if (auto written = write(path, object); !written)
        return written;
    Q_EMIT changed(verdict.version);
    return {};
}

QString VerdictStore::canaryFile() const
{
    return m_folder + u"/canaries.json"_s;
}

QJsonObject VerdictStore::canaryTimes()
{
    bool newer = false;
    return read(canaryFile(), &newer).value_or(QJsonObject())["sessions"_L1].toObject();
}

void VerdictStore::writeCanaries(const QJsonObject &times)
{
    bool newer = false;
    if (read(canaryFile(), &newer); newer)
        return; // not ours to change
    if (times.isEmpty())
        QFile::remove(canaryFile());
    else
        write(canaryFile(), {{u"schema"_s, VerdictSchema}, {u"sessions"_s, times}});
}

QStringList VerdictStore::canaries()
{
    return canaryTimes().keys();
}

QStringList VerdictStore::leftovers()
{
    QStringList ids;
    const QJsonObject times = canaryTimes();
    for (auto it = times.begin(); it != times.end(); ++it) {
        const QDateTime until = QDateTime::fromString(it.value().toString(), Qt::ISODate);
        if (!until.isValid() || until <= m_clock.wallNow())
            ids.append(it.key());
    }
    return ids;
}

void VerdictStore::addCanaries(const QStringList &ids, const QDateTime &until)
{
    QJsonObject times = canaryTimes();
    for (const QString &id : ids)
        times.insert(id, until.toUTC().toString(Qt::ISODate));
    writeCanaries(times);
}

void VerdictStore::removeCanaries(const QStringList &ids)
{
    QJsonObject times = canaryTimes();
    for (const QString &id : ids)
        times.remove(id);
    writeCanaries(times);
}

} // namespace pilotlight
