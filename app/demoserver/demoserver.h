// SPDX-License-Identifier: MIT
#pragma once

#include "demoserver/clientlink.h"
#include "demoserver/demosession.h"
#include "demoserver/faults.h"
#include "demoserver/options.h"
#include "demoserver/sessionstore.h"

#include <QHash>
#include <QJsonValue>
#include <QObject>

#include <map>
#include <memory>
#include <optional>

namespace pilotlight::demo {

//! What a request handler wants to be answered.
struct Reply
{
    QJsonValue result{};
    int errorCode = 0; //!< 0: a result
    QString errorText{};
    QJsonValue errorData = QJsonValue::Undefined;
    bool later = false; //!< the handler answers by itself

    static Reply error(int code, const QString &text)
    {
        return {.errorCode = code, .errorText = text};
    }
};

//! The demo server without its sockets: connections, sessions, the idle reaper, faults. Driven by
//! messages and a clock, so that a FakeClock can run years of it.
class DemoServer : public QObject, private SessionHost
{
    Q_OBJECT
public:
    //! All of them must outlive the server.
    DemoServer(DemoOptions options, Clock &clock, Random &random, SessionStore &store);
    ~DemoServer() override;

    //! Takes over a connection; the number names it in tests.
    int addClient(std::unique_ptr<ClientLink> link);
    //! Ends all sessions in order, as SIGTERM does; clients just see the end of the connection.
    void shutDown();

    bool isLoaded(const QString &sessionId) const { return m_sessions.contains(sessionId); }
    int clientCount() const { return static_cast<int>(m_clients.size()); }

Q_SIGNALS:
    //! runtime.shutdown or the fault "exit" asked for the end of the process.
    void quitRequested();
    //! The fault "kill": die now, without any ceremony.
    void killRequested();

private:
    struct Client
    {
        std::unique_ptr<ClientLink> link;
        bool authenticated = false;
        QHash<qint64, ClientAnswer> asked;
        qint64 lastRequest = 0;
        QList<QByteArray> heldIn; //!< while frozen
        QList<QByteArray> heldOut;
    };
    struct Request
    {
        int client = 0;
        QJsonValue id;
        QString method;
        QJsonObject params;
    };
    using Handler = Reply (DemoServer::*)(const Request &);

    // SessionHost
    Clock &clock() override { return m_clock; }
    Random &random() override { return m_random; }
    const DemoOptions &options() const override { return m_options; }
    SessionStore &store() override { return m_store; }
    void deliver(const DemoSession &session, const QByteArray &message) override;
    void announce(const QString &change, const SessionMeta &meta) override;
    void askClient(int client, const QString &method, const QJsonObject &params,
                   ClientAnswer answer) override;
    void eventHappened(const QString &type) override;
    void strike(const QString &fault) override;

    void receive(int client, const QByteArray &message);
    void receiveResponse(Client &client, const QJsonObject &message);
    void handle(const Request &request);
    Reply dispatch(const Request &request);
    void answer(const Request &request, const Reply &reply);
    void sendTo(int client, const QByteArray &message);
    void dropClient(int client);
    void detachFrom(const QString &sessionId, int client, bool deliver);
    void unload(const QString &sessionId);
    void scheduleReaper();
    void reap(bool force, const QString &onlySession);
    void fire(const FaultSpec &fault);
    void setFrozen(bool frozen);

    //! The session that \a request is about; nullptr and a filled \a reply where it is not loaded.
    DemoSession *sessionOf(const Request &request, Reply &reply);
    QJsonObject describe(const DemoSession &session) const;

    // methods.cpp
    static const QHash<QString, Handler> &handlers();
    Reply connectClient(const Request &request);
    Reply ping(const Request &request);
    Reply status(const Request &request);
    Reply authStatus(const Request &request);
    Reply models(const Request &request);
    Reply runtimeShutdown(const Request &request);
    Reply demoFault(const Request &request);
    Reply create(const Request &request);
    Reply resume(const Request &request);
    Reply destroy(const Request &request);
    Reply closeSession(const Request &request);
    Reply remove(const Request &request);
    Reply list(const Request &request);
    Reply metadata(const Request &request);
    Reply lastId(const Request &request);
    Reply checkInUse(const Request &request);
    Reply messages(const Request &request);
    Reply persisted(const Request &request);
    // sessionmethods.cpp: about a loaded session
    Reply send(const Request &request);
    Reply abort(const Request &request);
    Reply interruptMainTurn(const Request &request);
    Reply switchModel(const Request &request);
    Reply currentModel(const Request &request);
    Reply getMode(const Request &request);
    Reply setMode(const Request &request);
    Reply setName(const Request &request);
    Reply pendingItems(const Request &request);
    Reply removeQueued(const Request &request);
    Reply updateQueued(const Request &request);
    Reply activity(const Request &request);
    Reply isProcessing(const Request &request);
    Reply emptyList(const Request &request); //!< of what a demo session never has
    Reply snapshot(const Request &request);
    Reply logRead(const Request &request);
    Reply logTail(const Request &request);
    Reply answerPermission(const Request &request);
    Reply pendingPermissions(const Request &request);
    Reply setApproveAll(const Request &request);
    Reply answerQuestion(const Request &request);
    Reply answerPlan(const Request &request);
    Reply answerTool(const Request &request);
    Reply log(const Request &request);
    Reply metrics(const Request &request);
    Reply compact(const Request &request);

    struct LongPoll
    {
        Request request;
        TimerHandle deadline;
    };
    void endLongPolls(const QString &sessionId);

    DemoOptions m_options;
    Clock &m_clock;
    Random &m_random;
    SessionStore &m_store;
    Faults m_faults;
    std::map<int, Client> m_clients;
    std::map<QString, std::unique_ptr<DemoSession>> m_sessions;
    std::vector<std::unique_ptr<DemoSession>> m_graveyard; //!< may still be on the stack
    std::map<qint64, LongPoll> m_polls;
    QHash<QString, QPair<QString, int>> m_persistedCursors; //!< single use: session and position
    qint64 m_lastPoll = 0;
    int m_lastClient = 0;
    bool m_frozen = false;
    bool m_refuseToken = false;
    bool m_ended = false;
    TimerHandle m_reaper;
    TimerHandle m_burial;
    TimerHandle m_thaw;
    TimerHandle m_quit;
    std::vector<TimerHandle> m_strikes;
};

} // namespace pilotlight::demo
