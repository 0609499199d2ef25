// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/error.h"

#include <QByteArray>
#include <QJsonObject>
#include <QObject>
#include <QString>

#include <optional>

namespace pilotlight {

//! How the user wants the server to be reached. The wiring maps it to the connection's mode.
enum class ServerMode
{
    Local,
    Embedded,
    Attach,
    Demo
};
//! Colours of the window.
enum class ThemeChoice
{
    System,
    Light,
    Dark
};

QString serverModeName(ServerMode mode); //!< "local": as in the settings file
std::optional<ServerMode> serverModeFromName(const QString &name);
QString themeChoiceName(ThemeChoice theme); //!< "system"
std::optional<ThemeChoice> themeChoiceFromName(const QString &name);

//! What the user asked for, as it was entered: empty means "the default".
struct ProbeSettings
{
    std::optional<double> intervalSeconds;
    std::optional<double> timeoutSeconds;
    bool operator==(const ProbeSettings &) const = default;
};

//! What follows from ProbeSettings, with the origin of each value for the user to see.
struct ProbeTiming
{
    enum class Origin
    {
        Default,
        User,
        Limited
    };
    //! At most one: the first thing that was wrong with what the user asked for.
    enum class Warning
    {
        None,
        IntervalInvalid,
        IntervalTooShort,
        IntervalTooLong,
        TimeoutInvalid,
        TimeoutTooLong
    };
    Milliseconds interval{900'000};
    Milliseconds timeout{10'000};
    Origin intervalOrigin = Origin::Default;
    Origin timeoutOrigin = Origin::Default;
    Warning warning = Warning::None;
};

// Numbers of the keepalive specification, lines 1 and 3.
inline constexpr Milliseconds DefaultProbeInterval{900'000}; //!< agent servers
inline constexpr Milliseconds DefaultProbeTimeout{10'000};
inline constexpr Milliseconds MinimumProbeInterval{5'000};
inline constexpr Milliseconds MaximumProbeInterval{86'400'000};

//! The values in force. Zero, negative, NaN and infinite values become the default with one
//! warning; an interval is kept within 5 s .. 86,400 s; a timeout is at most half the interval (and
//! 1 ms at least).
ProbeTiming effectiveProbeTiming(const ProbeSettings &wanted);

//! Everything that is set by the user or remembered of the window. A plain value.
struct AppSettings
{
    // The connection.
    ServerMode mode = ServerMode::Local;
    QString cliPath; //!< empty: look for it
    QString url; //!< of Attach; never with user information or a token in it
    ProbeSettings probe;
    // The window.
    ThemeChoice theme = ThemeChoice::System;
    QByteArray windowGeometry;
    QByteArray windowState;
    QByteArray splitterState;
    QString currentSession; //!< the one that was shown last
    bool notifications = true; //!< tell when a session waits or ends while the window is not active
    bool logVisible = false;
    bool logLocalTime = true;

    bool operator==(const AppSettings &) const = default;
};

//! The application's settings in one versioned JSON file. Members that it does not know (of a newer
//! version, or added by hand) are kept. An unreadable file is moved aside and reported, never
//! overwritten in silence.
class SettingsStore : public QObject
{
    Q_OBJECT
public:
    //! \a file: usually settings.json in AppPaths::config. Nothing is read before load().
    explicit SettingsStore(QString file, QObject *parent = nullptr);

    //! What load() found.
    struct Loaded
    {
        bool existed = false;
        QString backup; //!< where an unreadable file went; empty where all was well
        QString problem; //!< what was wrong with it, for the log and for people
        QStringList ignored; //!< members whose value made no sense; the default is used for them
    };
    //! Reads the file. A missing file gives the defaults; so does an unreadable one, which is first
    //! renamed to settings.json.bad-<n>. If that is impossible, save() refuses to overwrite it.
    Loaded load();

    const AppSettings &values() const { return m_values; }
    const QString &file() const { return m_file; }
    //! Takes \a values over, writes the file at once where something changed, and emits changed().
    //! StorageFailed where it could not be written; the new values are in force nevertheless.
    Result<void> set(const AppSettings &values);

Q_SIGNALS:
    void changed();

private:
    Result<void> save();

    QString m_file;
    AppSettings m_values;
    QJsonObject m_root; //!< as read, with everything unknown
    bool m_readOnly = false;
};

} // namespace pilotlight
