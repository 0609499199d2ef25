// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "settings/jsonfile.h"
#include "settings/keepalivesettings.h"

#include <QByteArray>
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

//! Whether agents keep the computer awake (keepalive.md 25).
enum class StayAwake
{
    Off,
    Busy, //!< while a turn runs
    Always //!< while Pilotlight runs
};

//! What becomes of running turns when the window closes and a keeper can go on with them.
enum class WhenClosing
{
    Ask,
    KeepTurns,
    StopTurns
};

QString serverModeName(ServerMode mode); //!< "local": as in the settings file
std::optional<ServerMode> serverModeFromName(const QString &name);
QString themeChoiceName(ThemeChoice theme); //!< "system"
std::optional<ThemeChoice> themeChoiceFromName(const QString &name);

//! Everything that is set by the user or remembered of the window. A plain value.
struct AppSettings
{
    // The connection.
    ServerMode mode = ServerMode::Local;
    QString cliPath; //!< empty: look for it
    QString url; //!< of Attach; never with user information or a token in it
    KeepaliveSettings keepalive; //!< the application's default for every backend
    // Beside the keepalive.
    StayAwake stayAwake = StayAwake::Off;
    QString metricsEndpoint; //!< base URL of an OpenTelemetry collector; empty: none
    bool metricsToolHiveNames = false;
    // Without the window.
    WhenClosing whenClosing = WhenClosing::Ask;
    bool reopenAfterCrash = true; //!< the keeper starts the window again
    // The window.
    ThemeChoice theme = ThemeChoice::System;
    QByteArray windowGeometry;
    QByteArray windowState;
    QByteArray splitterState;
    QString currentSession; //!< the one that was shown last
    bool notifications = true; //!< tell when a session waits or ends while the window is not active
    bool checkUpdates = false; //!< look once a day whether there is a newer version
    bool logVisible = false;
    bool logLocalTime = true;

    bool operator==(const AppSettings &) const = default;
};

//! The version that settingsToJson() writes.
inline constexpr int SettingsSchema = 2;
//! Reads the members of \a root that it knows; the names of those that make no sense are appended
//! to
//! \a ignored, and have their default.
AppSettings settingsFromJson(const QJsonObject &root, QStringList &ignored);
//! \a root with its members set or removed; unknown ones are kept.
QJsonObject settingsToJson(QJsonObject root, const AppSettings &values);

//! The application's settings in one versioned JSON file. Members that it does not know (of a newer
//! version, or added by hand) are kept. An unreadable file is moved aside and reported, never
//! overwritten in silence.
class SettingsStore : public QObject
{
    Q_OBJECT
public:
    //! \a file: usually settings.json in AppPaths::config. Nothing is read before load().
    explicit SettingsStore(QString file, QObject *parent = nullptr);

    using Loaded = JsonFile::Loaded;
    //! Reads the file, as JsonFile does. Members whose value made no sense have their default.
    Loaded load();

    const AppSettings &values() const { return m_values; }
    const QString &file() const { return m_file.path(); }
    //! Takes \a values over, writes the file at once where something changed, and emits changed().
    //! StorageFailed where it could not be written; the new values are in force nevertheless.
    //! InvalidArgument for a keepalive method that must not be saved: nothing is taken over.
    Result<void> set(const AppSettings &values);

Q_SIGNALS:
    void changed();

private:
    JsonFile m_file;
    AppSettings m_values;
};

} // namespace pilotlight
