// SPDX-License-Identifier: MIT
#include "settings/keepalivesettings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace pilotlight {

namespace {

using Origin = EffectiveKeepalive::Origin;
using Warning = EffectiveKeepalive::Warning;

constexpr std::array<std::pair<SessionTouch, const char *>, 3> Touches{
    {{SessionTouch::Auto, "auto"}, {SessionTouch::On, "on"}, {SessionTouch::Off, "off"}}};

const QString ToolPrefix = QStringLiteral("tool:");

//! A method's text taken apart.
struct Method
{
    KeepaliveMethod kind;
    QString tool;
};

bool isToolName(const QString &name)
{
    // What JSON has to escape could make a long name six times as long.
    const bool plain = std::none_of(name.begin(), name.end(), [](QChar c) {
        return c < QLatin1Char(' ') || c == QLatin1Char('"') || c == QLatin1Char('\\');
    });
    return plain && !name.trimmed().isEmpty() && name.toUtf8().size() <= MaximumToolNameBytes;
}

std::optional<Method> methodFrom(const QString &text)
{
    if (text == QStringLiteral("ping"))
        return Method{KeepaliveMethod::Ping, {}};
    if (text == QStringLiteral("none"))
        return Method{KeepaliveMethod::None, {}};
    if (text.startsWith(ToolPrefix) && isToolName(text.mid(ToolPrefix.size())))
        return Method{KeepaliveMethod::Tool, text.mid(ToolPrefix.size()).trimmed()};
    return std::nullopt;
}

//! Can be a duration or a count: finite, above zero, and far from overflowing.
bool isUsable(double value)
{
    return std::isfinite(value) && value > 0 && value < 1e9;
}

Milliseconds toMilliseconds(double seconds)
{
    return Milliseconds(std::max<Milliseconds::rep>(1, std::llround(seconds * 1000)));
}

//! The layers of one member, the nearest first: its value where it can be used.
class Layers
{
public:
    Layers(const KeepaliveSettings &application, const KeepaliveSettings &backend,
           QList<Warning> &warnings)
        : m_application(application)
        , m_backend(backend)
        , m_warnings(warnings)
    { }

    template <typename T, typename Usable>
    std::optional<T> take(std::optional<T> KeepaliveSettings::*member, Origin &origin,
                          Warning warning, Usable &&usable)
    {
        const std::pair<const KeepaliveSettings &, Origin> layers[] = {
            {m_backend, Origin::Backend}, {m_application, Origin::Application}};
        for (const auto &[settings, place] : layers) {
            const std::optional<T> &value = settings.*member;
            if (!value)
                continue;
            if (usable(*value)) {
                origin = place;
                return value;
            }
            warn(warning);
        }
        return std::nullopt;
    }
    void warn(Warning warning)
    {
        if (!m_warnings.contains(warning))
            m_warnings.append(warning);
    }

private:
    const KeepaliveSettings &m_application;
    const KeepaliveSettings &m_backend;
    QList<Warning> &m_warnings;
};

} // namespace

QString sessionTouchName(SessionTouch touch)
{
    for (const auto &[value, name] : Touches) {
        if (value == touch)
            return QString::fromLatin1(name);
    }
    return {};
}

std::optional<SessionTouch> sessionTouchFromName(const QString &name)
{
    for (const auto &[value, text] : Touches) {
        if (name == QLatin1String(text))
            return value;
    }
    return std::nullopt;
}

KeepaliveSettings layered(KeepaliveSettings below, const KeepaliveSettings &above)
{
    const auto lay = [&](auto member) {
        if (above.*member)
            below.*member = above.*member;
    };
    lay(&KeepaliveSettings::intervalSeconds);
    lay(&KeepaliveSettings::timeoutSeconds);
    lay(&KeepaliveSettings::method);
    lay(&KeepaliveSettings::standInTool);
    lay(&KeepaliveSettings::jitterPercent);
    lay(&KeepaliveSettings::maxFailures);
    lay(&KeepaliveSettings::reprobeSeconds);
    lay(&KeepaliveSettings::sessionTouch);
    lay(&KeepaliveSettings::idleLimitSeconds);
    lay(&KeepaliveSettings::parkAfterSeconds);
    return below;
}

QString EffectiveKeepalive::methodName() const
{
    switch (method) {
    case KeepaliveMethod::Ping:
        return QStringLiteral("ping");
    case KeepaliveMethod::Tool:
        return ToolPrefix + tool;
    case KeepaliveMethod::None:
        break;
    }
    return QStringLiteral("none");
}

QString keepaliveWarningName(Warning warning)
{
    switch (warning) {
    case Warning::MethodUnknown:
        return QStringLiteral("method-unknown");
    case Warning::ToolNotReadOnly:
        return QStringLiteral("tool-not-read-only");
    case Warning::IntervalInvalid:
        return QStringLiteral("interval-invalid");
    case Warning::IntervalTooShort:
        return QStringLiteral("interval-too-short");
    case Warning::IntervalTooLong:
        return QStringLiteral("interval-too-long");
    case Warning::TimeoutInvalid:
        return QStringLiteral("timeout-invalid");
    case Warning::TimeoutTooLong:
        return QStringLiteral("timeout-too-long");
    case Warning::JitterInvalid:
        return QStringLiteral("jitter-invalid");
    case Warning::JitterTooLarge:
        return QStringLiteral("jitter-too-large");
    case Warning::MaxFailuresInvalid:
        return QStringLiteral("max-failures-invalid");
    case Warning::ReprobeInvalid:
        return QStringLiteral("reprobe-invalid");
    case Warning::IdleLimitInvalid:
        return QStringLiteral("idle-limit-invalid");
    case Warning::ParkAfterInvalid:
        return QStringLiteral("park-after-invalid");
    }
    return {};
}

static void takeMethod(EffectiveKeepalive &result, const KeepaliveTarget &target,
                       const KeepaliveSettings &application, const KeepaliveSettings &backend)
{
    Layers layers(application, backend, result.warnings);
    const auto declared = [&](const QString &tool) {
        if (target.readOnlyTools.contains(tool))
            return true;
        layers.warn(Warning::ToolNotReadOnly);
        return false;
    };
    const bool own = backend.method.has_value();
    const std::optional<QString> &wanted = own ? backend.method : application.method;
    if (target.kind == KeepaliveTarget::Kind::Demo || (target.stateless && !own)) {
        result.method = KeepaliveMethod::None;
        return;
    }
    if (wanted) {
        result.methodOrigin = own ? Origin::Backend : Origin::Application;
        const std::optional<Method> method = methodFrom(*wanted);
        if (!method)
            layers.warn(Warning::MethodUnknown);
        result.method = method && (method->kind != KeepaliveMethod::Tool || declared(method->tool))
            ? method->kind
            : KeepaliveMethod::None;
        if (result.method == KeepaliveMethod::Tool)
            result.tool = method->tool;
    }
    if (result.method == KeepaliveMethod::Ping) {
        const QString standIn =
            (backend.standInTool ? backend.standInTool : application.standInTool)
                .value_or(QString());
        if (!standIn.isEmpty() && declared(standIn))
            result.tool = standIn;
    }
}

EffectiveKeepalive effectiveKeepalive(const KeepaliveTarget &target,
                                      const KeepaliveSettings &application,
                                      const KeepaliveSettings &backend)
{
    EffectiveKeepalive result;
    if (target.kind == KeepaliveTarget::Kind::Mcp)
        result.interval = DefaultMcpProbeInterval;
    takeMethod(result, target, application, backend);
    Layers layers(application, backend, result.warnings);

    if (const auto seconds = layers.take(&KeepaliveSettings::intervalSeconds, result.intervalOrigin,
                                         Warning::IntervalInvalid, isUsable)) {
        const Milliseconds asked = toMilliseconds(*seconds);
        result.interval = std::clamp(asked, MinimumProbeInterval, MaximumProbeInterval);
        if (result.interval != asked) {
            result.intervalOrigin = Origin::Limited;
            layers.warn(asked < MinimumProbeInterval ? Warning::IntervalTooShort
                                                     : Warning::IntervalTooLong);
        }
    }

    const auto timeout = layers.take(&KeepaliveSettings::timeoutSeconds, result.timeoutOrigin,
                                     Warning::TimeoutInvalid, isUsable);
    if (timeout)
        result.timeout = toMilliseconds(*timeout);
    // The default gives way to a short interval without a warning: nobody asked for it.
    if (const Milliseconds most = result.interval / 2; result.timeout > most) {
        result.timeout = most;
        result.timeoutOrigin = Origin::Limited;
        if (timeout)
            layers.warn(Warning::TimeoutTooLong);
    }

    if (const auto percent = layers.take(
            &KeepaliveSettings::jitterPercent, result.jitterOrigin, Warning::JitterInvalid,
            [](double value) { return std::isfinite(value) && value >= 0; })) {
        result.jitter = std::min(*percent, MaximumJitterPercent) / 100;
        if (*percent > MaximumJitterPercent) {
            result.jitterOrigin = Origin::Limited;
            layers.warn(Warning::JitterTooLarge);
        }
    }

    if (const auto count = layers.take(
            &KeepaliveSettings::maxFailures, result.maxFailuresOrigin, Warning::MaxFailuresInvalid,
            [](double value) { return std::isfinite(value) && value >= 1; })) {
        constexpr double Most = 1000; // beyond it is "never", and no int overflows
        result.maxFailures = static_cast<int>(std::min(*count, Most));
        if (*count > Most)
            result.maxFailuresOrigin = Origin::Limited;
    }

    if (const auto seconds = layers.take(&KeepaliveSettings::reprobeSeconds, result.reprobeOrigin,
                                         Warning::ReprobeInvalid, isUsable)) {
        const Milliseconds asked = toMilliseconds(*seconds);
        result.reprobe = std::clamp(asked, MinimumProbeInterval, MaximumProbeInterval);
        if (result.reprobe != asked)
            result.reprobeOrigin = Origin::Limited;
    }

    const auto span = [](double value) { return value == 0 || isUsable(value); };
    const auto milliseconds = [](double seconds) {
        return seconds == 0 ? Milliseconds(0) : toMilliseconds(seconds);
    };
    if (const auto seconds = layers.take(&KeepaliveSettings::idleLimitSeconds,
                                         result.idleLimitOrigin, Warning::IdleLimitInvalid, span))
        result.idleLimit = milliseconds(*seconds);
    if (const auto seconds = layers.take(&KeepaliveSettings::parkAfterSeconds,
                                         result.parkAfterOrigin, Warning::ParkAfterInvalid, span))
        result.parkAfter = milliseconds(*seconds);

    const bool own = backend.sessionTouch.has_value();
    if (own || application.sessionTouch) {
        result.sessionTouch = own ? *backend.sessionTouch : *application.sessionTouch;
        result.sessionTouchOrigin = own ? Origin::Backend : Origin::Application;
    }
    return result;
}

Result<void> checkKeepalive(const KeepaliveSettings &settings, const KeepaliveSettings &before)
{
    if (settings.method && settings.method != before.method && !methodFrom(*settings.method))
        return failure(ErrorCode::InvalidArgument, *settings.method);
    if (settings.standInTool && settings.standInTool != before.standInTool
        && !isToolName(*settings.standInTool))
        return failure(ErrorCode::InvalidArgument, ToolPrefix + *settings.standInTool);
    return {};
}

// ---- the file -----------------------------------------------------------------------------------

namespace {

struct NumberMember
{
    const char *name;
    std::optional<double> KeepaliveSettings::*member;
};
constexpr NumberMember Numbers[] = {{"intervalSeconds", &KeepaliveSettings::intervalSeconds},
                                    {"timeoutSeconds", &KeepaliveSettings::timeoutSeconds},
                                    {"jitterPercent", &KeepaliveSettings::jitterPercent},
                                    {"maxFailures", &KeepaliveSettings::maxFailures},
                                    {"reprobeSeconds", &KeepaliveSettings::reprobeSeconds},
                                    {"idleLimitSeconds", &KeepaliveSettings::idleLimitSeconds},
                                    {"parkAfterSeconds", &KeepaliveSettings::parkAfterSeconds}};
const QString MethodMember = QStringLiteral("method");
const QString StandInMember = QStringLiteral("standInTool");
const QString TouchMember = QStringLiteral("sessionTouch");

bool isGiven(const QJsonValue &value)
{
    return !value.isUndefined() && !value.isNull();
}

} // namespace

KeepaliveSettings keepaliveFromJson(const QJsonObject &object, const QString &group,
                                    QStringList &ignored)
{
    KeepaliveSettings settings;
    const auto ignore = [&](const QString &name) {
        ignored.append(group + QLatin1Char('.') + name);
    };
    for (const NumberMember &number : Numbers) {
        const QString name = QLatin1String(number.name);
        const QJsonValue value = object.value(name);
        if (value.isDouble())
            settings.*number.member = value.toDouble();
        else if (isGiven(value))
            ignore(name);
    }
    if (const QJsonValue value = object.value(MethodMember); isGiven(value))
        settings.method = value.isString() ? value.toString() : QStringLiteral("?");
    if (const QJsonValue value = object.value(StandInMember); value.isString())
        settings.standInTool = value.toString();
    else if (isGiven(value))
        ignore(StandInMember);
    if (const QJsonValue value = object.value(TouchMember); isGiven(value)) {
        settings.sessionTouch = sessionTouchFromName(value.toString());
        if (!settings.sessionTouch)
            ignore(TouchMember);
    }
    return settings;
}

QJsonObject keepaliveToJson(QJsonObject object, const KeepaliveSettings &settings)
{
    const auto set = [&object](const QString &name, const QJsonValue &value) {
        if (value.isUndefined())
            object.remove(name);
        else
            object.insert(name, value);
    };
    for (const NumberMember &number : Numbers) {
        const std::optional<double> &value = settings.*number.member;
        set(QLatin1String(number.name),
            value && std::isfinite(*value) ? QJsonValue(*value)
                                           : QJsonValue(QJsonValue::Undefined));
    }
    const auto text = [&](const QString &name, const std::optional<QString> &value) {
        set(name, value ? QJsonValue(*value) : QJsonValue(QJsonValue::Undefined));
    };
    text(MethodMember, settings.method);
    text(StandInMember, settings.standInTool);
    text(TouchMember,
         settings.sessionTouch ? std::optional(sessionTouchName(*settings.sessionTouch))
                               : std::nullopt);
    return object;
}

} // namespace pilotlight
