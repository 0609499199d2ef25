// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"

#include <QMap>
#include <QPointer>

#include <deque>

namespace pilotlight {

//! A backend whose server is the test. Every call is recorded and waits until the test answers it,
//! unless autoAnswer is set: then it succeeds at once, from inside the call. Events come from the
//! test, by emitEvent() or the shorthands below.
class FakeBackend final : public AgentBackend
{
    Q_OBJECT
public:
    //! One call that the test can look at and answer, exactly once.
    struct Call
    {
        QString method; //!< the name of the C++ method: "send"
        QString sessionId;
        SessionConfig config; //!< of createSession and resumeSession
        ResumeOptions options;
        Prompt prompt;
        QString text; //!< name, model, feedback, answer, action, or the event to read after
        AgentMode mode = AgentMode::Interactive;
        PermissionDecision decision = PermissionDecision::ApproveOnce;
        QString requestId;
        bool flag = false; //!< freeform, approved
        TouchStrategy strategy = TouchStrategy::ResumeSilent; //!< of touchSession
        QPointer<QObject> context;
        bool answered = false;
        std::function<void(const Error &)> fail;
        std::function<void()> succeed; //!< with the canned answer below
    };

    explicit FakeBackend(QObject *parent = nullptr);

    // Canned answers.
    bool autoAnswer = false;
    //! With autoAnswer: what a call fails with, if anything. SessionNotFound is followed by
    //! sessionLost(), as from the real adapter.
    std::function<std::optional<Error>(const Call &)> judge;
    bool keepCalls = true; //!< false: calls that were answered at once leave no trace
    Milliseconds initializeDeadline{0}; //!< of the last initialize()
    ServerInfo serverInfo{QStringLiteral("Fake"), QStringLiteral("1.0"), 3};
    SessionRules rules;
    QList<TouchStrategy> strategies{TouchStrategy::ResumeSilent, TouchStrategy::LogEphemeral};
    QMap<QString, SessionWork> works; //!< by session
    //! By session; where none is given the server cannot tell.
    QMap<QString, SessionActivity> activities;
    AuthStatus auth{true, QStringLiteral("tester"), {}};
    QList<ModelInfo> models;
    QList<SessionSummary> summaries;
    QMap<QString, QList<AgentEvent>> histories; //!< by session
    QMap<QString, QList<AgentEvent>> logs; //!< of readEventLog, by session
    QMap<QString, QList<PermissionRequested>> pending;

    const std::deque<Call> &calls() const { return m_calls; }
    //! Calls of \a method so far, for one session or for all.
    int count(const QString &method, const QString &sessionId = {}) const;
    //! The latest call of \a method; null where there is none.
    const Call *last(const QString &method, const QString &sessionId = {}) const;
    //! Answers the oldest waiting call of \a method. False where none waits.
    bool succeed(const QString &method, const QString &sessionId = {});
    bool fail(const QString &method, const Error &error, const QString &sessionId = {});
    //! Answers everything that waits, and what that brings about, with success.
    void succeedAll();
    int waiting() const;
    //! Message ids given out by send: "m1", "m2" ...
    QString lastMessageId() const { return QStringLiteral("m%1").arg(m_messages); }

    //! An event with a fresh id at a time that moves on by a second each.
    static AgentEvent event(EventData data, const QString &agentId = {});
    void emitEvent(const QString &sessionId, EventData data, const QString &agentId = {});

    void initialize(const Secret &token, Milliseconds timeout, QObject *context,
                    Handler<ServerInfo> handler) override;
    const ServerInfo &info() const override { return serverInfo; }
    void probe(const ProbeRequest &request, QObject *context,
               std::function<void(ProbeResult)> handler) override;
    void cancelProbe() override;
    void authStatus(QObject *context, Handler<AuthStatus> handler) override;
    void listModels(QObject *context, Handler<QList<ModelInfo>> handler) override;
    void listSessions(QObject *context, Handler<QList<SessionSummary>> handler) override;
    void createSession(const SessionConfig &config, QObject *context, DoneHandler handler) override;
    void resumeSession(const SessionConfig &config, ResumeOptions options, QObject *context,
                       DoneHandler handler) override;
    void readHistory(const QString &sessionId, QObject *context,
                     Handler<QList<AgentEvent>> handler) override;
    void readEventLog(const QString &sessionId, const QByteArray &after, QObject *context,
                      Handler<QList<AgentEvent>> handler) override;
    void pendingRequests(const QString &sessionId, QObject *context,
                         Handler<QList<PermissionRequested>> handler) override;
    SessionRules sessionRules() const override { return rules; }
    QList<TouchStrategy> touchStrategies() const override { return strategies; }
    //! An answer with an error becomes the outcome that a server's error would.
    void touchSession(const SessionConfig &config, TouchStrategy strategy, Milliseconds timeout,
                      QObject *context, std::function<void(TouchResult)> handler) override;
    void checkSession(const QString &sessionId, Milliseconds timeout, QObject *context,
                      std::function<void(TouchResult)> handler) override;
    void sessionActivity(const QString &sessionId, Milliseconds timeout, QObject *context,
                         Handler<SessionActivity> handler) override;
    void sessionWork(const QString &sessionId, QObject *context,
                     Handler<SessionWork> handler) override;
    void send(const QString &sessionId, const Prompt &prompt, QObject *context,
              Handler<QString> handler) override;
    void abort(const QString &sessionId, QObject *context, DoneHandler handler) override;
    void unloadSession(const QString &sessionId, QObject *context, DoneHandler handler) override;
    void deleteSession(const QString &sessionId, QObject *context, DoneHandler handler) override;
    void renameSession(const QString &sessionId, const QString &name, QObject *context,
                       DoneHandler handler) override;
    void switchModel(const QString &sessionId, const QString &model, QObject *context,
                     DoneHandler handler) override;
    void switchMode(const QString &sessionId, AgentMode mode, QObject *context,
                    DoneHandler handler) override;
    void answerPermission(const QString &sessionId, const PermissionRequested &request,
                          PermissionDecision decision, const QString &feedback, QObject *context,
                          DoneHandler handler) override;
    void answerQuestion(const QString &sessionId, const QString &requestId, const QString &answer,
                        bool freeform, QObject *context, DoneHandler handler) override;
    void answerPlan(const QString &sessionId, const QString &requestId, bool approved,
                    const QString &action, QObject *context, DoneHandler handler) override;

    //! The probe that waits, to be answered by the test.
    std::function<void(ProbeResult)> probeHandler;
    QPointer<QObject> probeContext;
    ProbeRequest probeRequest; //!< the latest one
    int probes = 0;
    bool busy = false;
    bool isBusy() const override { return busy; }

private:
    template <typename T>
    void record(Call call, QObject *context, Handler<T> handler, std::function<T()> answer);
    Call *oldestWaiting(const QString &method, const QString &sessionId);

    std::deque<Call> m_calls; // a deque: references stay valid while a handler makes further calls
    int m_messages = 0;
    int m_attached = 0; //!< creates and resumes so far
};

} // namespace pilotlight
