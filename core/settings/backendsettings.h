// SPDX-License-Identifier: MIT
#pragma once

#include "settings/settings.h"

#include <QMap>

namespace pilotlight {

//! What kind of server a backend is.
enum class BackendKind
{
    Copilot, //!< a headless agent server: has sessions
    Mcp //!< a Model Context Protocol server: has tools
};
QString backendKindName(BackendKind kind); //!< "mcp": as in backends.json
std::optional<BackendKind> backendKindFromName(const QString &name);

//! The backend that settings.json describes; it is always there.
inline const QString DefaultBackendId = QStringLiteral("default");

//! One backend beside the default one, or the default one's keepalive override (then only keepalive
//! is used). Its token or bearer token is in the secret store, as "connection/<id>".
struct BackendSettings
{
    QString id; //!< 1 to 64 of a-z, 0-9, - and _
    QString name; //!< for people
    BackendKind kind = BackendKind::Mcp;
    bool enabled = true; //!< wanted online
    //! Of Copilot: Embedded or Attach. A second detached local server has no place of its own.
    ServerMode mode = ServerMode::Attach;
    QString cliPath; //!< of Copilot, Embedded; empty: look for it
    QString url; //!< of Copilot, Attach; of Mcp without a command: http(s)://
    QString command; //!< of Mcp over stdio
    QStringList arguments;
    QMap<QString, QString> environment; //!< beside ours; kept in the file, so no place for secrets
    bool stateless = false;
    QStringList readOnlyTools; //!< those that a probe may call
    KeepaliveSettings keepalive;

    bool operator==(const BackendSettings &) const = default;
};

//! What is wrong with \a backend, so that it must not be saved: InvalidArgument, detail: the
//! member's name in the file ("id", "mode", "url", "command", "keepalive"). A keepalive that stands
//! in \a before already passes.
Result<void> checkBackend(const BackendSettings &backend, const BackendSettings &before = {});

//! The version of backends.json.
inline constexpr int BackendsSchema = 1;
//! One of its elements: reads the members that it knows, and appends the names of those of the
//! keepalive that make no sense to \a ignored. What comes out may not pass checkBackend().
BackendSettings backendFromJson(const QJsonObject &object, QStringList &ignored);
//! \a object with its members set or removed; unknown ones are kept.
QJsonObject backendToJson(QJsonObject object, const BackendSettings &backend);

//! The backends in one versioned JSON file, by the rules of SettingsStore: unknown members are
//! kept, an unreadable file is moved aside and reported, a backend that makes no sense is left in
//! the file and ignored.
class BackendStore : public QObject
{
    Q_OBJECT
public:
    //! \a file: usually backends.json in AppPaths::config. Nothing is read before load().
    explicit BackendStore(QString file, QObject *parent = nullptr);

    JsonFile::Loaded load();

    const QString &file() const { return m_file.path(); }
    //! In the order in which they were added.
    const QList<BackendSettings> &values() const { return m_values; }
    std::optional<BackendSettings> find(const QString &id) const;
    //! The override of \a id; empty where there is none.
    KeepaliveSettings keepaliveOf(const QString &id) const;

    //! Adds or replaces the backend of this id, and writes the file. InvalidArgument as
    //! checkBackend() says: nothing is changed. StorageFailed: in force for this run only.
    Result<void> set(const BackendSettings &backend);
    //! Success also where there is none.
    Result<void> remove(const QString &id);

Q_SIGNALS:
    void changed();

private:
    Result<void> save(const QString &removed);

    JsonFile m_file;
    QList<BackendSettings> m_values;
};

} // namespace pilotlight
