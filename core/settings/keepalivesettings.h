// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/error.h"

#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>

#include <optional>

namespace pilotlight {

//! How a backend's connection is probed.
enum class KeepaliveMethod
{
    Ping, //!< whatever this kind of server answers most cheaply
    Tool, //!< a tool that the user declared read-only
    None //!< not at all
};
//! Whether sessions are touched, beside the connection's probe.
enum class SessionTouch
{
    Auto,
    On,
    Off
};
QString sessionTouchName(SessionTouch touch); //!< "auto": as in the settings file
std::optional<SessionTouch> sessionTouchFromName(const QString &name);

//! What the user asked for, as it was entered; what is not set comes from the next layer (a
//! backend's override, the application's default, the default of the backend's kind).
struct KeepaliveSettings
{
    std::optional<double> intervalSeconds = {};
    std::optional<double> timeoutSeconds = {};
    std::optional<QString> method = {}; //!< "ping", "tool:NAME", "none"
    //! Of method ping: the tool that stands in where the server has no ping, or lets it fail while
    //! the tool is answered.
    std::optional<QString> standInTool = {};
    std::optional<double> jitterPercent = {}; //!< of the interval, to both sides
    std::optional<double> maxFailures = {}; //!< in a row, until the breaker opens
    std::optional<double> reprobeSeconds = {}; //!< for which it stays open
    std::optional<SessionTouch> sessionTouch = {};
    //! After how long the server drops an idle session; 0: never. Not set: what is known of it.
    std::optional<double> idleLimitSeconds = {};
    //! A quiet session with nothing to lose is unloaded after so long; 0: never.
    std::optional<double> parkAfterSeconds = {};

    bool operator==(const KeepaliveSettings &) const = default;
    bool isEmpty() const { return *this == KeepaliveSettings(); }
};

//! \a below with everything in its place that \a above sets.
KeepaliveSettings layered(KeepaliveSettings below, const KeepaliveSettings &above);

//! What the settings are for.
struct KeepaliveTarget
{
    enum class Kind
    {
        AgentServer,
        Mcp,
        Demo
    };
    Kind kind = Kind::AgentServer;
    bool stateless = false; //!< keeps nothing that could expire: probed only by its own override
    QStringList readOnlyTools = {}; //!< only these may be called by a probe
};

//! The values in force, each with the place that it comes from. A plain value.
struct EffectiveKeepalive
{
    enum class Origin
    {
        Default, //!< of the backend's kind
        Application, //!< the application's setting
        Backend, //!< the backend's own override
        Limited //!< asked for, and brought within its bounds
    };
    //! What was wrong with what the user asked for; at most one for each value.
    enum class Warning
    {
        MethodUnknown, //!< none is used
        ToolNotReadOnly, //!< none is used; the stand-in is not
        IntervalInvalid,
        IntervalTooShort,
        IntervalTooLong,
        TimeoutInvalid,
        TimeoutTooLong,
        JitterInvalid,
        JitterTooLarge,
        MaxFailuresInvalid,
        ReprobeInvalid,
        IdleLimitInvalid,
        ParkAfterInvalid,
    };

    KeepaliveMethod method = KeepaliveMethod::Ping;
    QString tool; //!< of Tool; of Ping: the stand-in, may be empty
    Milliseconds interval{900'000};
    Milliseconds timeout{10'000};
    double jitter = 0.10;
    int maxFailures = 3;
    Milliseconds reprobe{1'800'000};
    SessionTouch sessionTouch = SessionTouch::Auto;
    std::optional<Milliseconds> idleLimit; //!< the user's word on it; zero: never expires
    Milliseconds parkAfter{1'800'000}; //!< keepalive.md 22b; zero: off

    Origin methodOrigin = Origin::Default;
    Origin intervalOrigin = Origin::Default;
    Origin timeoutOrigin = Origin::Default;
    Origin jitterOrigin = Origin::Default;
    Origin maxFailuresOrigin = Origin::Default;
    Origin reprobeOrigin = Origin::Default;
    Origin sessionTouchOrigin = Origin::Default;
    Origin idleLimitOrigin = Origin::Default;
    Origin parkAfterOrigin = Origin::Default;
    QList<Warning> warnings;

    bool operator==(const EffectiveKeepalive &) const = default;
    QString methodName() const; //!< "ping", "tool:NAME", "none"
};

//! "interval-too-short": for the log.
QString keepaliveWarningName(EffectiveKeepalive::Warning warning);

// Numbers of the keepalive specification, lines 1 and 3.
inline constexpr Milliseconds DefaultProbeInterval{900'000}; //!< agent servers
inline constexpr Milliseconds DefaultMcpProbeInterval{300'000};
inline constexpr Milliseconds DefaultProbeTimeout{10'000};
inline constexpr Milliseconds MinimumProbeInterval{5'000};
inline constexpr Milliseconds MaximumProbeInterval{86'400'000};
inline constexpr double MaximumJitterPercent = 50;
//! A probe is 1 KB at most, envelope included (line 18): no longer name fits.
inline constexpr int MaximumToolNameBytes = 256;

//! The values in force for one backend. Zero, negative, NaN and infinite durations count as not
//! given, with a warning; an interval is kept within 5 s .. 86,400 s, the jitter within 0 .. 50 %,
//! a timeout at most half the interval (and 1 ms at least). A method that is not known, and a tool
//! that was not declared read-only, is none: never a ping that nobody asked for.
EffectiveKeepalive effectiveKeepalive(const KeepaliveTarget &target,
                                      const KeepaliveSettings &application,
                                      const KeepaliveSettings &backend = {});

//! InvalidArgument for what must not be saved: a tool without a name or with too long a one, a
//! method that is not known. Detail: the method as it was given. What stands in \a before already
//! (a file's own nonsense) passes, so that something else can be edited.
Result<void> checkKeepalive(const KeepaliveSettings &settings,
                            const KeepaliveSettings &before = {});

//! Reads the members of \a object that it knows; the names of those that make no sense are appended
//! to \a ignored, with \a group in front. A method of the wrong type is not known, not ignored.
KeepaliveSettings keepaliveFromJson(const QJsonObject &object, const QString &group,
                                    QStringList &ignored);
//! \a object with its members set or removed; unknown ones are kept.
QJsonObject keepaliveToJson(QJsonObject object, const KeepaliveSettings &settings);

} // namespace pilotlight
