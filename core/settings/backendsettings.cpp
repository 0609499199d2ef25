// SPDX-License-Identifier: MIT
#include "settings/backendsettings.h"

#include "base/logging.h"

#include <QJsonArray>
#include <QRegularExpression>
#include <QUrl>

#include <algorithm>
#include <utility>

namespace pilotlight {

namespace {

const QString VersionMember = QStringLiteral("version");
const QString BackendsMember = QStringLiteral("backends");
const QString IdMember = QStringLiteral("id");
const QString KeepaliveMember = QStringLiteral("keepalive");

tl::unexpected<Error> wrong(const char *member)
{
    return failure(ErrorCode::InvalidArgument, QLatin1String(member));
}

bool isUrl(const QString &text, const QStringList &schemes)
{
    const QUrl url(text, QUrl::StrictMode);
    // A password in a URL would end up in the file and in logs.
    return url.isValid() && schemes.contains(url.scheme()) && !url.host().isEmpty()
        && url.userInfo().isEmpty();
}

QStringList strings(const QJsonValue &value)
{
    QStringList list;
    for (const QJsonValue &element : value.toArray())
        list.append(element.toString());
    return list;
}

} // namespace

BackendSettings backendFromJson(const QJsonObject &object, QStringList &ignored)
{
    const auto text = [&object](const char *name) {
        return object.value(QLatin1String(name)).toString();
    };
    BackendSettings backend;
    backend.id = text("id");
    backend.name = text("name");
    // An unknown kind or mode is of a newer version: nothing that this one could connect to.
    if (const auto kind = backendKindFromName(text("kind")))
        backend.kind = *kind;
    else if (backend.id != DefaultBackendId)
        backend.id.clear();
    backend.enabled = object.value(QStringLiteral("enabled")).toBool(true);
    if (const QString mode = text("mode"); !mode.isEmpty())
        backend.mode = serverModeFromName(mode).value_or(ServerMode::Demo);
    backend.cliPath = text("cliPath");
    backend.url = text("url");
    backend.command = text("command");
    backend.arguments = strings(object.value(QStringLiteral("arguments")));
    const QJsonObject environment = object.value(QStringLiteral("environment")).toObject();
    for (auto it = environment.begin(); it != environment.end(); ++it)
        backend.environment.insert(it.key(), it.value().toString());
    backend.stateless = object.value(QStringLiteral("stateless")).toBool();
    backend.readOnlyTools = strings(object.value(QStringLiteral("readOnlyTools")));
    backend.keepalive = keepaliveFromJson(object.value(KeepaliveMember).toObject(),
                                          backend.id + QLatin1Char('.') + KeepaliveMember, ignored);
    return backend;
}

QJsonObject backendToJson(QJsonObject object, const BackendSettings &backend)
{
    const auto set = [&object](const char *name, const QJsonValue &value, bool given) {
        if (given)
            object.insert(QLatin1String(name), value);
        else
            object.remove(QLatin1String(name));
    };
    object.insert(IdMember, backend.id);
    set("name", backend.name, !backend.name.isEmpty());
    object.insert(KeepaliveMember,
                  keepaliveToJson(object.value(KeepaliveMember).toObject(), backend.keepalive));
    if (backend.id == DefaultBackendId)
        return object;
    set("kind", backendKindName(backend.kind), true);
    set("enabled", backend.enabled, true);
    set("mode", serverModeName(backend.mode), backend.kind == BackendKind::Copilot);
    set("cliPath", backend.cliPath, !backend.cliPath.isEmpty());
    set("url", backend.url, !backend.url.isEmpty());
    set("command", backend.command, !backend.command.isEmpty());
    set("arguments", QJsonArray::fromStringList(backend.arguments), !backend.arguments.isEmpty());
    QJsonObject environment;
    for (auto it = backend.environment.begin(); it != backend.environment.end(); ++it)
        environment.insert(it.key(), it.value());
    set("environment", environment, !environment.isEmpty());
    set("stateless", backend.stateless, backend.stateless);
    set("readOnlyTools", QJsonArray::fromStringList(backend.readOnlyTools),
        !backend.readOnlyTools.isEmpty());
    return object;
}

QString backendKindName(BackendKind kind)
{
    return kind == BackendKind::Mcp ? QStringLiteral("mcp") : QStringLiteral("copilot");
}

std::optional<BackendKind> backendKindFromName(const QString &name)
{
    for (const BackendKind kind : {BackendKind::Copilot, BackendKind::Mcp}) {
        if (backendKindName(kind) == name)
            return kind;
    }
    return std::nullopt;
}

Result<void> checkBackend(const BackendSettings &backend, const BackendSettings &before)
{
    static const QRegularExpression plain(QStringLiteral("^[a-z0-9_-]{1,64}$"));
    if (!plain.match(backend.id).hasMatch())
        return wrong("id");
    if (!checkKeepalive(backend.keepalive, before.keepalive))
        return wrong("keepalive");
    if (backend.id == DefaultBackendId)
        return {};
    if (backend.kind == BackendKind::Mcp) {
        if (backend.command.trimmed().isEmpty() && backend.url.isEmpty())
            return wrong("command");
        if (backend.command.isEmpty()
            && !isUrl(backend.url, {QStringLiteral("http"), QStringLiteral("https")}))
            return wrong("url");
        return {};
    }
    if (backend.mode != ServerMode::Embedded && backend.mode != ServerMode::Attach)
        return wrong("mode");
    if (backend.mode == ServerMode::Attach
        && !isUrl(backend.url,
                  {QStringLiteral("tcp"), QStringLiteral("ws"), QStringLiteral("wss")}))
        return wrong("url");
    return {};
}

BackendStore::BackendStore(QString file, QObject *parent)
    : QObject(parent)
    , m_file(std::move(file))
{ }

JsonFile::Loaded BackendStore::load()
{
    JsonFile::Loaded result = m_file.load();
    m_values.clear();
    const QJsonValue list = m_file.root().value(BackendsMember);
    // An entry that is no backend here stays in the file; what else is ignored would be lost.
    bool wouldBeLost = !list.isUndefined() && !list.isArray();
    if (wouldBeLost)
        result.ignored.append(BackendsMember);
    for (const QJsonValue &value : list.toArray()) {
        const qsizetype before = result.ignored.size();
        const BackendSettings backend = backendFromJson(value.toObject(), result.ignored);
        const bool twice = find(backend.id).has_value();
        wouldBeLost = wouldBeLost || twice || result.ignored.size() > before;
        // The keepalive's own nonsense is shown with the effective values, not a reason to drop it.
        if (!checkBackend(backend, backend) || twice)
            result.ignored.append(QStringLiteral("%1[%2]").arg(
                BackendsMember, value.toObject().value(IdMember).toString()));
        else
            m_values.append(backend);
    }
    for (const QString &name : std::as_const(result.ignored))
        qCWarning(lcStore).noquote() << "backends: ignored:" << name;
    if (wouldBeLost)
        m_file.keepBeforeSave();
    return result;
}

std::optional<BackendSettings> BackendStore::find(const QString &id) const
{
    for (const BackendSettings &backend : m_values) {
        if (backend.id == id)
            return backend;
    }
    return std::nullopt;
}

KeepaliveSettings BackendStore::keepaliveOf(const QString &id) const
{
    const auto backend = find(id);
    return backend ? backend->keepalive : KeepaliveSettings();
}

Result<void> BackendStore::set(const BackendSettings &backend)
{
    const std::optional<BackendSettings> before = find(backend.id);
    if (const auto usable = checkBackend(backend, before.value_or(BackendSettings())); !usable)
        return usable;
    if (before == backend)
        return {};
    const auto at = std::find_if(m_values.begin(), m_values.end(),
                                 [&](const auto &other) { return other.id == backend.id; });
    if (at == m_values.end())
        m_values.append(backend);
    else
        *at = backend;
    const Result<void> saved = save({});
    Q_EMIT changed();
    return saved;
}

Result<void> BackendStore::remove(const QString &id)
{
    if (m_values.removeIf([&](const auto &backend) { return backend.id == id; }) == 0)
        return {};
    const Result<void> saved = save(id);
    Q_EMIT changed();
    return saved;
}

Result<void> BackendStore::save(const QString &removed)
{
    // What this version does not understand stays where it is.
    QJsonObject root = m_file.root();
    QJsonArray list;
    QStringList written;
    for (const QJsonValue &value : root.value(BackendsMember).toArray()) {
        const QString id = value.toObject().value(IdMember).toString();
        if (!id.isEmpty() && (id == removed || written.contains(id)))
            continue;
        const auto known = find(id);
        list.append(known ? backendToJson(value.toObject(), *known) : value);
        written.append(id);
    }
    for (const BackendSettings &backend : std::as_const(m_values)) {
        if (!written.contains(backend.id))
            list.append(backendToJson({}, backend));
    }
    root.insert(VersionMember, std::max(BackendsSchema, root.value(VersionMember).toInt()));
    root.insert(BackendsMember, list);
    const Result<void> saved = m_file.save(root);
    if (!saved)
        qCWarning(lcStore).noquote() << "backends: not saved:" << saved.error().toString();
    return saved;
}

} // namespace pilotlight
