// SPDX-License-Identifier: MIT
#include "settings/settings.h"

#include "base/logging.h"

#include <QFile>

#include <algorithm>
#include <array>
#include <utility>

namespace pilotlight {

namespace {

// SettingsSchema 2: the ping's members of "connection" have moved to "keepalive".
const QString Version = QStringLiteral("version");
const QString ConnectionGroup = QStringLiteral("connection");
const QString KeepaliveGroup = QStringLiteral("keepalive");
const QString OldInterval = QStringLiteral("pingIntervalSeconds");
const QString OldTimeout = QStringLiteral("pingTimeoutSeconds");
const QString MetricsGroup = QStringLiteral("metrics");
const QString PowerGroup = QStringLiteral("power");
const QString WindowGroup = QStringLiteral("window");

template <typename Enum, std::size_t N>
using Names = std::array<std::pair<Enum, const char *>, N>;

constexpr Names<ServerMode, 4> Modes{{{ServerMode::Local, "local"},
                                      {ServerMode::Embedded, "embedded"},
                                      {ServerMode::Attach, "attach"},
                                      {ServerMode::Demo, "demo"}}};
constexpr Names<ThemeChoice, 3> Themes{
    {{ThemeChoice::System, "system"}, {ThemeChoice::Light, "light"}, {ThemeChoice::Dark, "dark"}}};

template <typename Enum, std::size_t N>
QString nameOf(const Names<Enum, N> &names, Enum value)
{
    for (const auto &[candidate, name] : names) {
        if (candidate == value)
            return QString::fromLatin1(name);
    }
    return {};
}

template <typename Enum, std::size_t N>
std::optional<Enum> valueOf(const Names<Enum, N> &names, const QString &text)
{
    for (const auto &[value, name] : names) {
        if (text == QLatin1String(name))
            return value;
    }
    return std::nullopt;
}

constexpr Names<StayAwake, 3> StayAwakes{
    {{StayAwake::Off, "off"}, {StayAwake::Busy, "busy"}, {StayAwake::Always, "always"}}};

constexpr Names<WhenClosing, 3> WhenClosings{{{WhenClosing::Ask, "ask"},
                                              {WhenClosing::KeepTurns, "keep-turns"},
                                              {WhenClosing::StopTurns, "stop-turns"}}};

//! Reads members of one group and notes those that make no sense.
class Reader
{
public:
    Reader(const QJsonObject &root, QString group, QStringList &ignored)
        : m_object(root.value(group).toObject())
        , m_group(std::move(group))
        , m_ignored(ignored)
    {
        if (const QJsonValue value = root.value(m_group); !value.isUndefined() && !value.isObject())
            m_ignored.append(m_group);
    }

    void read(const QString &name, QString &into)
    {
        take(name, &QJsonValue::isString,
             [&](const QJsonValue &value) { into = value.toString(); });
    }
    void read(const QString &name, bool &into)
    {
        take(name, &QJsonValue::isBool, [&](const QJsonValue &value) { into = value.toBool(); });
    }
    void read(const QString &name, std::optional<double> &into)
    {
        take(name, &QJsonValue::isDouble,
             [&](const QJsonValue &value) { into = value.toDouble(); });
    }
    void read(const QString &name, QByteArray &into)
    {
        take(name, &QJsonValue::isString, [&](const QJsonValue &value) {
            into = QByteArray::fromBase64(value.toString().toLatin1());
        });
    }
    template <typename Enum, std::size_t N>
    void read(const QString &name, const Names<Enum, N> &names, Enum &into)
    {
        take(name, &QJsonValue::isString, [&](const QJsonValue &value) {
            if (const auto known = valueOf(names, value.toString()))
                into = *known;
            else
                ignore(name);
        });
    }

private:
    template <typename Take>
    void take(const QString &name, bool (QJsonValue::*isRight)() const, Take &&function)
    {
        const QJsonValue value = m_object.value(name);
        if (value.isUndefined() || value.isNull())
            return;
        if ((value.*isRight)())
            function(value);
        else
            ignore(name);
    }
    void ignore(const QString &name) { m_ignored.append(m_group + QLatin1Char('.') + name); }

    QJsonObject m_object;
    QString m_group;
    QStringList &m_ignored;
};

void setOrRemove(QJsonObject &object, const QString &name, const QString &value)
{
    if (value.isEmpty())
        object.remove(name);
    else
        object.insert(name, value);
}

void setOrRemove(QJsonObject &object, const QString &name, const QByteArray &value)
{
    setOrRemove(object, name, QString::fromLatin1(value.toBase64()));
}

} // namespace

AppSettings settingsFromJson(const QJsonObject &root, QStringList &ignored)
{
    AppSettings values;
    Reader connection(root, ConnectionGroup, ignored);
    connection.read(QStringLiteral("mode"), Modes, values.mode);
    connection.read(QStringLiteral("cliPath"), values.cliPath);
    connection.read(QStringLiteral("url"), values.url);
    values.keepalive =
        keepaliveFromJson(root.value(KeepaliveGroup).toObject(), KeepaliveGroup, ignored);
    if (!values.keepalive.intervalSeconds)
        connection.read(OldInterval, values.keepalive.intervalSeconds);
    if (!values.keepalive.timeoutSeconds)
        connection.read(OldTimeout, values.keepalive.timeoutSeconds);
    Reader power(root, PowerGroup, ignored);
    power.read(QStringLiteral("stayAwake"), StayAwakes, values.stayAwake);
    Reader metrics(root, MetricsGroup, ignored);
    metrics.read(QStringLiteral("endpoint"), values.metricsEndpoint);
    metrics.read(QStringLiteral("toolHiveNames"), values.metricsToolHiveNames);
    Reader window(root, WindowGroup, ignored);
    window.read(QStringLiteral("theme"), Themes, values.theme);
    window.read(QStringLiteral("geometry"), values.windowGeometry);
    window.read(QStringLiteral("state"), values.windowState);
    window.read(QStringLiteral("splitter"), values.splitterState);
    window.read(QStringLiteral("session"), values.currentSession);
    window.read(QStringLiteral("notifications"), values.notifications);
    window.read(QStringLiteral("whenClosing"), WhenClosings, values.whenClosing);
    window.read(QStringLiteral("reopenAfterCrash"), values.reopenAfterCrash);
    window.read(QStringLiteral("checkUpdates"), values.checkUpdates);
    window.read(QStringLiteral("logVisible"), values.logVisible);
    window.read(QStringLiteral("logLocalTime"), values.logLocalTime);
    return values;
}

QJsonObject settingsToJson(QJsonObject root, const AppSettings &values)
{
    // A file of a newer version keeps its number: what we do not know in it is still there.
    root.insert(Version, std::max(SettingsSchema, root.value(Version).toInt()));
    QJsonObject connection = root.value(ConnectionGroup).toObject();
    connection.insert(QStringLiteral("mode"), serverModeName(values.mode));
    setOrRemove(connection, QStringLiteral("cliPath"), values.cliPath);
    setOrRemove(connection, QStringLiteral("url"), values.url);
    connection.remove(OldInterval);
    connection.remove(OldTimeout);
    root.insert(ConnectionGroup, connection);
    root.insert(KeepaliveGroup,
                keepaliveToJson(root.value(KeepaliveGroup).toObject(), values.keepalive));
    QJsonObject power = root.value(PowerGroup).toObject();
    power.insert(QStringLiteral("stayAwake"), nameOf(StayAwakes, values.stayAwake));
    root.insert(PowerGroup, power);
    QJsonObject metrics = root.value(MetricsGroup).toObject();
    setOrRemove(metrics, QStringLiteral("endpoint"), values.metricsEndpoint);
    metrics.insert(QStringLiteral("toolHiveNames"), values.metricsToolHiveNames);
    root.insert(MetricsGroup, metrics);
    QJsonObject window = root.value(WindowGroup).toObject();
    window.insert(QStringLiteral("theme"), themeChoiceName(values.theme));
    setOrRemove(window, QStringLiteral("geometry"), values.windowGeometry);
    setOrRemove(window, QStringLiteral("state"), values.windowState);
    setOrRemove(window, QStringLiteral("splitter"), values.splitterState);
    setOrRemove(window, QStringLiteral("session"), values.currentSession);
    window.insert(QStringLiteral("notifications"), values.notifications);
    window.insert(QStringLiteral("whenClosing"), nameOf(WhenClosings, values.whenClosing));
    window.insert(QStringLiteral("reopenAfterCrash"), values.reopenAfterCrash);
    window.insert(QStringLiteral("checkUpdates"), values.checkUpdates);
    window.insert(QStringLiteral("logVisible"), values.logVisible);
    window.insert(QStringLiteral("logLocalTime"), values.logLocalTime);
    root.insert(WindowGroup, window);
    return root;
}

QString serverModeName(ServerMode mode)
{
    return nameOf(Modes, mode);
}

std::optional<ServerMode> serverModeFromName(const QString &name)
{
    return valueOf(Modes, name);
}

QString themeChoiceName(ThemeChoice theme)
{
    return nameOf(Themes, theme);
}

std::optional<ThemeChoice> themeChoiceFromName(const QString &name)
{
    return valueOf(Themes, name);
}

SettingsStore::SettingsStore(QString file, QObject *parent)
    : QObject(parent)
    , m_file(std::move(file))
{ }

SettingsStore::Loaded SettingsStore::load()
{
    Loaded result = m_file.load();
    m_values = settingsFromJson(m_file.root(), result.ignored);
    for (const QString &name : std::as_const(result.ignored))
        qCWarning(lcStore).noquote() << "settings: value ignored, default used:" << name;
    if (!result.ignored.isEmpty())
        m_file.keepBeforeSave();
    return result;
}

Result<void> SettingsStore::set(const AppSettings &values)
{
    if (const auto usable = checkKeepalive(values.keepalive, m_values.keepalive); !usable)
        return usable;
    if (values == m_values && QFile::exists(m_file.path()))
        return {};
    const bool differs = !(values == m_values);
    m_values = values;
    const Result<void> saved = m_file.save(settingsToJson(m_file.root(), m_values));
    if (!saved)
        qCWarning(lcStore).noquote() << "settings: not saved:" << saved.error().toString();
    if (differs)
        Q_EMIT changed();
    return saved;
}

} // namespace pilotlight
