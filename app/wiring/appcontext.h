// SPDX-License-Identifier: MIT
#pragma once

#include "app/wiring/keeperlink.h"
#include "app/wiring/observers.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/systemclock.h"
#include "connection/connectionmanager.h"
#include "diag/diagnosticlog.h"
#include "diag/logstore.h"
#include "drill/drill.h"
#include "profile/profilefile.h"
#include "session/outbox.h"
#include "session/prover.h"
#include "session/secretstore.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "session/transcriptstore.h"
#include "session/verdictstore.h"
#include "settings/backendsettings.h"
#include "settings/settings.h"

#include <QObject>

#include <map>
#include <memory>
#include <optional>

namespace pilotlight {

//! What a program asks of AppContext.
struct AppOptions
{
    AppPaths paths = AppPaths::standard();
    QString logName = QStringLiteral("pilotlight.log"); //!< in paths.log; empty: no file
    //! In paths.state; empty: keep nothing. The demo's sessions are in "demo-" and this name.
    QString sessionsName = QStringLiteral("sessions.json");
    //! In paths.state: prompts that no server surely has yet; empty: in memory only.
    QString outboxName = QStringLiteral("outbox.jsonl");
    //! In paths.state: the folder for copies of the conversations; empty: none are kept. One
    //! process at a time may write to it.
    QString transcriptsName = QStringLiteral("transcripts");
    bool keepRecordsInMemory = true; //!< for a log panel
    bool useKeychain = true;
    std::optional<LogLevel> stderrLevel = LogLevel::Warning;
    bool otherBackends = true; //!< those of backends.json, beside the default one
    bool silentAttach = false; //!< sessions are attached without a trace in their history
    //! Sessions are also held by a process that outlives this one.
    std::optional<KeeperLink::Options> keeper;
    KeepaliveSettings keepalive; //!< over what the settings say of the default backend
    //! In place of what the settings say (--demo, --connect).
    std::optional<ConnectionConfig> connection;
};

//! The composition root: makes the parts of the program and connects them, in one place for the
//! window and the command line. Owns everything that it gives out.
class AppContext : public QObject
{
    Q_OBJECT
public:
    explicit AppContext(AppOptions options, QObject *parent = nullptr);
    //! Disposes the connections; detached servers go on running.
    ~AppContext() override;

    const AppOptions &options() const { return m_options; }
    Clock &clock() { return m_clock; }
    Random &random() { return m_random; }
    LogStore *logStore() { return m_logStore.get(); }
    SettingsStore &settingsStore() { return m_settingsStore; }
    const SettingsStore::Loaded &settingsLoaded() const { return m_settingsLoaded; }
    SecretStore &secrets() { return *m_secrets; }
    //! Another one after a change to the demo or back.
    SessionStore *sessionStore() { return m_sessionStore.get(); }
    SessionManager &sessions() { return *m_sessions; }
    //! All backends, the default one among them.
    ConnectionManager &connections() { return *m_connections; }
    //! The default backend's.
    Connection &connection() { return *m_connections->find(DefaultBackendId); }
    //! The other backends, and the keepalive overrides of all; change them by setBackend().
    const BackendStore &backends() const { return m_backends; }
    //! What proofs found out about server versions; touches that they refuted are not used.
    VerdictStore &verdicts() { return *m_verdicts; }
    //! Makes a proof for the connected server, not started yet ("Prove it"), or gives the one that
    //! is under way. Null where no agent server is connected. Good until it has finished.
    Prover *makeProof(const ProverOptions &options = {},
                      const QString &backendId = DefaultBackendId);

    //! Null where the options name none.
    KeeperLink *keeper() { return m_keeper.get(); }
    //! Metrics, sleep and wake.
    Observers &observers() { return *m_observers; }

    //! Whether the kept sessions come along: all of them in a window, those of its own choice in a
    //! command.
    enum class Sessions
    {
        Load,
        Ignore
    };
    //! Loads the sessions and goes online: as the options or the settings say; with a local server
    //! wanted and no CLI on this machine the demo, with the notice "demo-no-cli".
    void start(Sessions sessions = Sessions::Load);
    //! Takes over changed settings, at once; stores \a token (null: unchanged) in the secret store.
    //! Between the demo and a real server the session list is changed, too.
    void applySettings(const AppSettings &settings, const std::optional<Secret> &token = {});

    //! Adds or edits one of the other backends, at once; or the keepalive override of any (id
    //! DefaultBackendId: of the default one). \a token: null leaves it. InvalidArgument: nothing is
    //! changed; StorageFailed: in force for this run only.
    Result<void> setBackend(const BackendSettings &backend,
                            const std::optional<Secret> &token = {});
    //! Also forgets its token.
    Result<void> removeBackend(const QString &id);
    //! The keepalive in force for \a config, with the origin of each value.
    EffectiveKeepalive keepaliveFor(const ConnectionConfig &config) const;

    //! What an export takes, and what an import is compared with.
    ProfileContent profile() const;
    //! Applies \a plan, at once; nothing is removed. The copies of the files that were made before;
    //! StorageFailed where that was impossible (nothing is changed), or where the result could not
    //! be written (it is in force for this run).
    Result<QStringList> importProfile(const ProfilePlan &plan);
    //! Puts every setting back to its default, at once, and \a servers: removes the other servers,
    //! with their tokens. Sessions and the place of the window stay. The result is that of
    //! importProfile().
    Result<QStringList> resetSettings(bool servers);
    //! What a recovery drill works with: the same program as the default backend's, in the demo and
    //! where there is no CLI our own demo server. Error: ServerNotFound.
    Result<DrillOptions> drillOptions() const;

    //! The CLI's native binary for \a wishedPath (empty: found by itself).
    Result<QString> locateCli(const QString &wishedPath) const;

Q_SIGNALS:
    //! Something that people should read; the codes are listed in docs/architecture.md.
    void notice(const QString &code, const QString &detail);
    //! The list of the demo took the place of the real one, or the other way round.
    void sessionsReplaced();

private:
    //! Gives the connection's sessions to the session manager.
    void online(Connection &connection);
    void applyKeeping(const Connection &connection); //!< its sessions' touches and parking
    ConnectionConfig configFor(const AppSettings &settings) const;
    //! The default backend's, with its token from the secret store.
    void connectWithToken(ConnectionConfig config);
    void connectBackend(const BackendSettings &backend);
    void applyBackend(ConnectionConfig config, bool wanted);
    //! Says what is wrong with the keepalive's settings, once for each different complaint.
    void complain(const QString &id, const EffectiveKeepalive &keepalive);
    //! The demo in place of a local server that cannot be, with a notice.
    ConnectionConfig orDemo(ConnectionConfig config);
    QString stateFile(const QString &name, bool demo) const;
    std::unique_ptr<SessionStore> makeSessionStore(bool demo);
    std::unique_ptr<Outbox> makeOutbox(bool demo);
    std::unique_ptr<TranscriptStore> makeTranscriptStore(bool demo);
    bool useSessionsOf(ConnectionMode mode);
    void applyVerdict(const Connection &connection);
    Result<QStringList> backup(const QString &why);

    AppOptions m_options;
    bool m_foldersUsable = true;
    SystemClock m_clock;
    SystemRandom m_random;
    std::unique_ptr<LogStore> m_logStore;
    std::unique_ptr<DiagnosticLog> m_log;
    SettingsStore m_settingsStore;
    SettingsStore::Loaded m_settingsLoaded;
    std::unique_ptr<SecretStore> m_secrets;
    std::unique_ptr<VerdictStore> m_verdicts;
    bool m_demoSessions = false;
    std::unique_ptr<SessionStore> m_sessionStore;
    std::unique_ptr<Outbox> m_outbox;
    std::unique_ptr<TranscriptStore> m_transcripts;
    std::unique_ptr<SessionManager> m_sessions;
    BackendStore m_backends;
    JsonFile::Loaded m_backendsLoaded;
    std::unique_ptr<ConnectionManager> m_connections;
    std::unique_ptr<KeeperLink> m_keeper;
    std::unique_ptr<Observers> m_observers; //!< of connections and sessions
    std::map<QString, ConnectionLease> m_leases;
    std::map<QString, QList<EffectiveKeepalive::Warning>> m_complaints; //!< said last, by backend
    std::unique_ptr<Prover> m_prover;
};

} // namespace pilotlight
