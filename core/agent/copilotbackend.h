// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"
#include "agent/copilotevents.h"
#include "agent/eventids.h"
#include "rpc/peer.h"

#include <QHash>
#include <QPointer>
#include <QSet>

#include <memory>

namespace pilotlight {

//! A headless Copilot CLI server (protocol versions 2 and 3) behind one peer. Everything that the
//! server is known to do, and what was measured of it, stands in docs/protocol.md.
class CopilotBackend final : public AgentBackend
{
    Q_OBJECT
public:
    //! Takes over the peer's notification and request handlers. Both must outlive the backend.
    CopilotBackend(Peer &peer, Clock &clock, QObject *parent = nullptr);
    ~CopilotBackend() override;

    void initialize(const Secret &token, Milliseconds timeout, QObject *context,
                    Handler<ServerInfo> handler) override;
    const ServerInfo &info() const override { return m_info; }
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

    SessionRules sessionRules() const override;
    QList<TouchStrategy> touchStrategies() const override;
    void touchSession(const SessionConfig &config, TouchStrategy strategy, Milliseconds timeout,
                      QObject *context, std::function<void(TouchResult)> handler) override;
    void checkSession(const QString &sessionId, Milliseconds timeout, QObject *context,
                      std::function<void(TouchResult)> handler) override;
    void sessionActivity(const QString &sessionId, Milliseconds timeout, QObject *context,
                         Handler<SessionActivity> handler) override;
    void sessionWork(const QString &sessionId, QObject *context,
                     Handler<SessionWork> handler) override;

    //! InvalidArgument for an empty prompt and for one above 4 MiB.
    void send(const QString &sessionId, const Prompt &prompt, QObject *context,
              Handler<QString> handler) override;
    void abort(const QString &sessionId, QObject *context, DoneHandler handler) override;
    void unloadSession(const QString &sessionId, QObject *context, DoneHandler handler) override;
    void expireSession(const QString &sessionId, QObject *context, DoneHandler handler) override;
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

private:
    struct Hello;
    struct HistoryRead;
    struct LogRead;
    struct WorkQuestion;
    //! What the server waits for from us in one session, as JSON-RPC requests.
    struct Waiting
    {
        RpcId question; //!< left unanswered on purpose; see answerQuestion()
        RpcId plan;
        QString planRequestId; //!< of the event that belongs to plan
        TimerHandle planTimer; //!< until then the event may still come
        bool planIsOurs = false; //!< the server had no event for it; its id is ours
    };
    struct SessionData
    {
        SeenEvents seen;
        Waiting waiting;
    };
    using Raw = std::function<void(Result<RawJson>)>;

    //! A call whose errors have their meaning, and that is dropped when this backend has died.
    CallHandle call(const QString &method, const QJsonObject &params, CallOptions options,
                    QObject *context, Raw handler);
    //! call() about a session: tells sessionLost() where the server has lost one of ours.
    void callSession(const QString &sessionId, const QString &method, QJsonObject params,
                     QObject *context, Raw handler, CallOptions options = {});
    void callDone(const QString &sessionId, const QString &method, const QJsonObject &params,
                  QObject *context, DoneHandler handler);
    //! callDone() whose result says {success:bool}: false is answered with \a otherwise.
    void callSuccess(const QString &sessionId, const QString &method, const QJsonObject &params,
                     QObject *context, DoneHandler handler, Error otherwise);

    void touchCall(const QString &sessionId, const QString &method, const QJsonObject &params,
                   Milliseconds timeout, QObject *context,
                   std::function<void(TouchResult)> handler);

    void hello(const std::shared_ptr<Hello> &state);
    void helloOld(const std::shared_ptr<Hello> &state);
    void helloStatus(const std::shared_ptr<Hello> &state);
    void helloDone(const std::shared_ptr<Hello> &state);

    void createNow(const SessionConfig &config, QObject *context, DoneHandler handler);
    void finishCreate(const SessionConfig &config, QObject *context, DoneHandler handler);
    void findSession(const QString &sessionId, QObject *context, Handler<bool> handler);
    void readPersisted(const std::shared_ptr<HistoryRead> &read, const QString &cursor);
    void readLogPage(const std::shared_ptr<LogRead> &read, const QString &cursor);

    void onNotification(std::string_view method, RawJson params);
    void onEvent(RawJson params);
    void onRequest(const RpcId &id, const QString &method, RawJson params);
    void onPlanRequest(const RpcId &id, const QString &sessionId, const QJsonObject &params);
    void announcePlan(const QString &sessionId, const QJsonObject &params);
    void noteEvent(SessionData &data, const EventData &event);
    SessionData &dataOf(const QString &sessionId);
    void forget(const QString &sessionId);
    void lose(const QString &sessionId);

    Peer &m_peer;
    Clock &m_clock;
    CopilotEventDecoder m_decoder;
    ServerInfo m_info;
    CallHandle m_probe;
    QSet<QString> m_attached;
    QHash<QString, std::shared_ptr<SessionData>> m_sessions;
    int m_planCount = 0;
    // Reused for every event.
    AgentEvent m_event;
    QString m_eventSession;
};

} // namespace pilotlight
