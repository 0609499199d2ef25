// SPDX-License-Identifier: MIT
#pragma once

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/wiring/appcontext.h"

#include <QObject>
#include <QPointer>
#include <QSet>

#include <map>

namespace pilotlight {

//! Runs one command of pilotlightctl over the core, then emits finished() once.
class Ctl : public QObject
{
    Q_OBJECT
public:
    Ctl(CtlOptions options, QObject *parent = nullptr);

    void start();
    //! A signal of the system: guard ends well, the others give up.
    void interrupt(int signal);

Q_SIGNALS:
    void finished(int exitCode);

private:
    // What happens.
    void onPhase(Phase phase);
    void onOnline();
    void onSessionChanged(Session *session);
    void onEvent(const QString &id, const AgentEvent &event);
    void onProbed(const ProbeResult &result);
    void onTouched(const TouchEvent &event);
    void onWoke(const WakeReport &report);

    // The commands, once online.
    void runStatus();
    void runPing();
    void runSessions();
    void runNew();
    void runGuard();
    void runOnSession(); //!< send, resume
    void runAbort();
    void runDelete();
    void runProve();
    void runBundle();
    void onProved(Prover::End end, const ServerVerdict &verdict);
    void runDrill(); //!< needs no connection
    void onDrillProgress();
    void onDrillOver();

    void sendPrompt();
    void answerRequests(const QString &id, const AgentEvent &event);
    void printTranscript(const Session &session);
    //! The session that the user named: ours, or one that the server has. Null (and finished) where
    //! there is none.
    Session *openSession(const QString &wanted);
    StoredSession *stored(const QString &wanted);
    void applyProvider(SessionConfig *config, const QString &id);
    void sessionState(const QString &id, const QString &state);
    void sessionSafety(const Session &session);
    void sessionActivity(const Session &session);
    //! The server's sessions, and by id what it does with them.
    void survey(std::function<void(const Result<QList<SessionSummary>> &list,
                                   const QMap<QString, QString> &activities)>
                    finished);
    void finish(int exitCode);
    void fail(int exitCode, const QString &text);

    const CtlOptions m_options;
    AppContext m_context;
    Output m_output;
    QList<StoredSession> m_stored;
    TimerHandle m_deadline;
    TimerHandle m_pause;
    QString m_session; //!< that the command is about
    QString m_messageId; //!< of the prompt, once the server has taken it
    std::map<QString, QString> m_announced; //!< by session: the state said last
    std::map<QString, SessionLife::Safety> m_safety; //!< likewise
    std::map<QString, QString> m_activities; //!< likewise
    QPointer<Prover> m_prover; //!< of prove
    std::unique_ptr<Drill> m_drill; //!< of drill
    QSet<QString> m_announcedMoments; //!< of the drill
    QSet<KeepMethod> m_announcedDeaths; //!< of canaries
    int m_signal = 0; //!< that ends us
    bool m_started = false; //!< the command proper
    bool m_turnFailed = false;
    bool m_turnSeen = false; //!< our prompt was echoed, or its turn failed
    bool m_done = false;
    int m_pings = 0;
    int m_missed = 0;
};

//! Whether the command works on files of the profile and needs no server: `settings` and `sessions`
//! with a word behind them.
bool isProfileCommand(const CtlOptions &options);
//! Runs it; the exit code.
int runProfile(const CtlOptions &options, Clock &clock, Output &output);

//! Runs `log`; the exit code comes through \a finished, at once unless the log is followed.
void runLog(const CtlOptions &options, Clock &clock, QObject *context,
            std::function<void(int)> finished);

//! Runs `keeper`: says what this profile's keeper holds, or ends it.
void runKeeper(const CtlOptions &options, Output &output, QObject *context,
               std::function<void(int)> finished);

} // namespace pilotlight
