// SPDX-License-Identifier: MIT
#include "profile/profilefile.h"

#include "base/keptfile.h"
#include "base/secret.h"
#include "session/sessionjson.h"

#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QUrl>
#include <QUrlQuery>

namespace pilotlight {

namespace {

using namespace Qt::Literals::StringLiterals;

const QString ProfileFormat = u"pilotlight-profile"_s;
const QString LeftOutMark = u"******"_s;
// A list of 1,000 sessions has 500 KB; anything far beyond is not ours.
constexpr qsizetype MostProfileBytes = 64 * 1024 * 1024;

//! Collects what was left out, by its place.
class Stripper
{
public:
    explicit Stripper(QStringList &leftOut)
        : m_leftOut(leftOut)
    { }

    void text(QString &value, const QString &place)
    {
        note(std::exchange(value, redacted(value)) != value, place);
    }

    void url(QString &value, const QString &place)
    {
        const QString before = value;
        QUrl url(value, QUrl::StrictMode);
        if (url.isValid() && (!url.userInfo().isEmpty() || url.hasQuery() || url.hasFragment())) {
            QUrlQuery query;
            for (const auto &[name, item] : QUrlQuery(url).queryItems()) {
                if (!isSecretName(name) && redacted(item) == item)
                    query.addQueryItem(name, item);
            }
            if (query != QUrlQuery(url))
                url.setQuery(query.isEmpty() ? QString() : query.toString());
            url.setUserInfo({});
            url.setFragment({});
            value = url.toString(QUrl::FullyEncoded);
        }
        value = redacted(value);
        note(value != before, place);
    }

    void arguments(QStringList &list, const QString &place)
    {
        bool valueIsNext = false;
        for (qsizetype i = 0; i < list.size(); ++i) {
            QString &argument = list[i];
            const QString before = argument;
            const qsizetype equals = argument.indexOf(u'=');
            const QString name = equals < 0 ? argument : argument.left(equals);
            if (valueIsNext && !argument.startsWith(u'-'))
                argument = LeftOutMark;
            else if (equals > 0 && isSecretName(name))
                argument = name + u'=' + LeftOutMark;
            else
                argument = redacted(argument);
            valueIsNext = equals < 0 && before.startsWith(u'-') && isSecretName(name);
            note(argument != before, u"%1[%2]"_s.arg(place).arg(i));
        }
    }

    void environment(QMap<QString, QString> &variables, const QString &place)
    {
        for (auto it = variables.begin(); it != variables.end();) {
            QString value = it.value();
            QStringList dropped;
            Stripper(dropped).url(value, {}); // a user's name in an address
            if (isSecretName(it.key()) || value != it.value()) {
                note(true, place + u'.' + it.key());
                it = variables.erase(it);
            } else {
                ++it;
            }
        }
    }

private:
    void note(bool changed, const QString &place)
    {
        if (changed)
            m_leftOut.append(place);
    }

    QStringList &m_leftOut;
};

void strip(BackendSettings &backend, QStringList &leftOut)
{
    Stripper stripper(leftOut);
    const QString place = u"backends[%1]."_s.arg(backend.id);
    stripper.text(backend.name, place + u"name"_s);
    stripper.url(backend.url, place + u"url"_s);
    stripper.text(backend.command, place + u"command"_s);
    stripper.arguments(backend.arguments, place + u"arguments"_s);
    stripper.environment(backend.environment, place + u"environment"_s);
}

void strip(StoredSession &session, QStringList &leftOut)
{
    Stripper stripper(leftOut);
    const QString place = u"sessions[%1]."_s.arg(session.config.id);
    stripper.text(session.config.name, place + u"name"_s);
    stripper.text(session.config.systemMessage, place + u"systemMessage"_s);
    stripper.text(session.config.workingDirectory, place + u"workingDirectory"_s);
    if (session.config.provider) {
        session.config.provider->apiKey = {};
        stripper.url(session.config.provider->baseUrl, place + u"provider.baseUrl"_s);
    }
    session.draft.clear();
    session.queue.clear();
    session.unknown = {}; // nobody knows what it is
}

//! "connection.mode" -> "local", for all members that are no objects.
void flatten(const QJsonObject &object, const QString &prefix, QMap<QString, QString> &into)
{
    for (auto it = object.begin(); it != object.end(); ++it) {
        const QString name = prefix.isEmpty() ? it.key() : prefix + u'.' + it.key();
        if (it.value().isObject())
            flatten(it.value().toObject(), name, into);
        else if (it.value().isArray())
            into.insert(name,
                        QString::fromUtf8(
                            QJsonDocument(it.value().toArray()).toJson(QJsonDocument::Compact)));
        else
            into.insert(name, it.value().toVariant().toString());
    }
}

QMap<QString, QString> flat(const QJsonObject &object)
{
    QMap<QString, QString> members;
    flatten(object, {}, members);
    members.remove(u"version"_s);
    return members;
}

void compare(const QJsonObject &before, const QJsonObject &after, ProfileChange::Kind kind,
             const QString &prefix, QList<ProfileChange> &changes)
{
    const QMap<QString, QString> old = flat(before);
    const QMap<QString, QString> fresh = flat(after);
    QStringList names = old.keys() + fresh.keys();
    names.sort();
    names.removeDuplicates();
    for (const QString &name : std::as_const(names)) {
        if (old.value(name) != fresh.value(name))
            changes.append({kind, prefix + name, old.value(name), fresh.value(name), false});
    }
}

tl::unexpected<Error> nonsense(const QString &where)
{
    return failure(ErrorCode::InvalidArgument, where);
}

//! \a file with what \a present has and no file may have.
void keepSecrets(BackendSettings &file, const BackendSettings &present)
{
    BackendSettings stripped = present;
    QStringList leftOut;
    strip(stripped, leftOut);
    if (file.name == stripped.name)
        file.name = present.name;
    if (file.url == stripped.url)
        file.url = present.url;
    if (file.command == stripped.command)
        file.command = present.command;
    if (file.arguments == stripped.arguments)
        file.arguments = present.arguments;
    for (auto it = present.environment.begin(); it != present.environment.end(); ++it) {
        if (!stripped.environment.contains(it.key()) && !file.environment.contains(it.key()))
            file.environment.insert(it.key(), it.value());
    }
}

} // namespace

ProfileContent portable(ProfileContent content)
{
    if (content.settings) {
        AppSettings &settings = *content.settings;
        Stripper stripper(content.leftOut);
        stripper.url(settings.url, u"settings.connection.url"_s);
        stripper.url(settings.metricsEndpoint, u"settings.metrics.endpoint"_s);
        settings.windowGeometry.clear();
        settings.windowState.clear();
        settings.splitterState.clear();
        settings.currentSession.clear();
    }
    for (BackendSettings &backend : content.backends)
        strip(backend, content.leftOut);
    for (StoredSession &session : content.sessions)
        strip(session, content.leftOut);
    return content;
}

QByteArray writeProfile(const ProfileContent &content, const QDateTime &now)
{
    const ProfileContent clean = portable(content);
    QJsonObject root{{u"format"_s, ProfileFormat},
                     {u"schema"_s, ProfileSchema},
                     {u"program"_s, QStringLiteral(PILOTLIGHT_VERSION)},
                     {u"written"_s, now.toUTC().toString(Qt::ISODate)},
                     {u"leftOut"_s, QJsonArray::fromStringList(clean.leftOut)}};
    if (clean.settings)
        root.insert(u"settings"_s, settingsToJson({}, *clean.settings));
    QJsonArray backends;
    for (const BackendSettings &backend : clean.backends)
        backends.append(backendToJson({}, backend));
    if (clean.settings || !backends.isEmpty())
        root.insert(u"backends"_s, backends);
    QJsonArray sessions;
    for (const StoredSession &session : clean.sessions) {
        QJsonObject object = sessionToJson(session, {});
        object.remove(u"draft"_s);
        object.remove(u"queue"_s);
        sessions.append(object);
    }
    if (!sessions.isEmpty())
        root.insert(u"sessions"_s, sessions);
    return QJsonDocument(root).toJson(QJsonDocument::Indented);
}

Result<ProfileContent> readProfile(const QByteArray &bytes)
{
    if (bytes.size() > MostProfileBytes)
        return nonsense(u"size"_s);
    QJsonParseError error{};
    const QJsonDocument document = QJsonDocument::fromJson(bytes, &error);
    if (document.isNull())
        return failure(ErrorCode::InvalidJson, error.errorString());
    const QJsonObject root = document.object();
    if (root.value(u"format"_s).toString() != ProfileFormat)
        return nonsense(u"format"_s);
    const double schema = root.value(u"schema"_s).toDouble();
    const double settingsSchema = root.value(u"settings"_s)[u"version"_s].toDouble();
    if (schema > ProfileSchema || settingsSchema > SettingsSchema)
        return failure(ErrorCode::Unsupported, QString::number(schema));
    if (schema != ProfileSchema)
        return nonsense(u"schema"_s);

    ProfileContent content;
    QStringList ignored;
    if (const QJsonValue settings = root.value(u"settings"_s); settings.isObject())
        content.settings = settingsFromJson(settings.toObject(), ignored);
    else if (!settings.isUndefined())
        return nonsense(u"settings"_s);
    if (!ignored.isEmpty())
        return nonsense(u"settings."_s + ignored.first());
    if (content.settings && !checkKeepalive(content.settings->keepalive))
        return nonsense(u"settings.keepalive"_s);

    const auto list = [&root](const QString &name) -> Result<QJsonArray> {
        const QJsonValue value = root.value(name);
        if (!value.isArray() && !value.isUndefined())
            return nonsense(name);
        return value.toArray();
    };
    const auto backends = list(u"backends"_s);
    const auto sessions = list(u"sessions"_s);
    const auto leftOut = list(u"leftOut"_s);
    for (const auto &part : {backends, sessions, leftOut}) {
        if (!part)
            return tl::make_unexpected(part.error());
    }
    QStringList ids;
    for (const QJsonValue &value : *backends) {
        const BackendSettings backend = backendFromJson(value.toObject(), ignored);
        const QString place = u"backends[%1]"_s.arg(ids.size());
        if (!ignored.isEmpty() || ids.contains(backend.id))
            return nonsense(place);
        if (const auto usable = checkBackend(backend); !usable)
            return nonsense(place + u'.' + usable.error().detail);
        ids.append(backend.id);
        content.backends.append(backend);
    }
    ids.clear();
    for (const QJsonValue &value : *sessions) {
        const auto read = sessionFromJson(value);
        if (!read || read->damaged || ids.contains(read->session.config.id))
            return nonsense(u"sessions[%1]"_s.arg(ids.size()));
        ids.append(read->session.config.id);
        content.sessions.append(read->session);
    }
    for (const QJsonValue &value : *leftOut)
        content.leftOut.append(value.toString());
    return content;
}

ProfilePlan planImport(const ProfileContent &file, const ProfileContent &present)
{
    // A file may have been edited: no draft, no prompt and no window's place comes in with it.
    ProfileContent clean = file;
    for (StoredSession &session : clean.sessions) {
        session.draft.clear();
        session.queue.clear();
        session.unknown = {};
    }
    ProfilePlan plan;
    plan.result.leftOut = file.leftOut;
    if (clean.settings) {
        AppSettings settings = *clean.settings;
        if (present.settings) {
            const AppSettings &here = *present.settings;
            ProfileContent stripped;
            stripped.settings = here;
            stripped = portable(stripped);
            if (settings.url == stripped.settings->url)
                settings.url = here.url;
            if (settings.metricsEndpoint == stripped.settings->metricsEndpoint)
                settings.metricsEndpoint = here.metricsEndpoint;
            settings.windowGeometry = here.windowGeometry;
            settings.windowState = here.windowState;
            settings.splitterState = here.splitterState;
            settings.currentSession = here.currentSession;
        }
        compare(settingsToJson({}, present.settings.value_or(AppSettings())),
                settingsToJson({}, settings), ProfileChange::Kind::Setting, {}, plan.changes);
        if (!plan.changes.isEmpty())
            plan.result.settings = settings;
    }
    for (BackendSettings backend : std::as_const(clean.backends)) {
        const auto here =
            std::find_if(present.backends.begin(), present.backends.end(),
                         [&](const BackendSettings &other) { return other.id == backend.id; });
        if (here == present.backends.end()) {
            const QString place = u"backends[%1]."_s.arg(backend.id);
            for (const QString &name : file.leftOut)
                backend.enabled = backend.enabled && !name.startsWith(place);
            plan.changes.append({ProfileChange::Kind::Backend,
                                 backend.id,
                                 {},
                                 backend.name.isEmpty() ? backend.id : backend.name,
                                 true});
        } else {
            keepSecrets(backend, *here);
            if (backend == *here) {
                ++plan.unchanged;
                continue;
            }
            compare(backendToJson({}, *here), backendToJson({}, backend),
                    ProfileChange::Kind::Backend, backend.id + u'.', plan.changes);
        }
        plan.result.backends.append(backend);
    }
    for (const StoredSession &session : std::as_const(clean.sessions)) {
        const QString &id = session.config.id;
        const bool here =
            std::any_of(present.sessions.begin(), present.sessions.end(),
                        [&](const StoredSession &other) { return other.config.id == id; });
        if (here) {
            ++plan.unchanged;
            continue;
        }
        plan.changes.append({ProfileChange::Kind::Session,
                             id,
                             {},
                             session.config.name.isEmpty() ? id : session.config.name,
                             true});
        plan.result.sessions.append(session);
    }
    return plan;
}

Result<QStringList> backupFiles(const QStringList &files, const QString &why, const QDateTime &now)
{
    QStringList copies;
    for (const QString &file : files) {
        if (!QFileInfo::exists(file))
            continue;
        const QString copy = keepAs(file, why, now, false);
        if (copy.isEmpty())
            return failure(ErrorCode::StorageFailed, file);
        copies.append(copy);
    }
    return copies;
}

} // namespace pilotlight
