// SPDX-License-Identifier: MIT
#pragma once

#include "base/random.h"
#include "demoserver/eventlog.h"
#include "demoserver/options.h"
#include "demoserver/sessionstore.h"
#include "demoserver/turnrunner.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QMap>
#include <QSet>

#include <functional>
#include <memory>
#include <vector>

namespace pilotlight::demo {

class DemoSession;

//! What a connection asked to be asked when it attached.
struct Attachment
{
    bool questions = false; //!< requestUserInput
    bool plans = false; //!< requestExitPlanMode
};

//! Takes the answer of a client to a request of the server; nullopt for an error.
using ClientAnswer = std::function<void(std::optional<QJsonObject>)>;

//! What a session needs from the server around it.
class SessionHost
{
public:
    SessionHost() = default;
    virtual ~SessionHost() = default;
    SessionHost(const SessionHost &) = delete;
    SessionHost &operator=(const SessionHost &) = delete;

    virtual Clock &clock() = 0;
    virtual Random &random() = 0;
    virtual const DemoOptions &options() const = 0;
    virtual SessionStore &store() = 0;
    //! One message to every connection attached to \a session.
    virtual void deliver(const DemoSession &session, const QByteArray &message) = 0;
    //! Tells every connection, attached or not.
    virtual void announce(const QString &change, const SessionMeta &meta) = 0;
    virtual void askClient(int client, const QString &method, const QJsonObject &params,
                           ClientAnswer answer) = 0;
    //! For faults that wait for an event.
    virtual void eventHappened(const QString &type) = 0;
    //! Makes \a fault happen, soon.
    virtual void strike(const QString &fault) = 0;
};

//! A new identifier in the form of a UUID.
QString newId(Random &random);

//! One loaded session: its log, who is attached, its turn and its queue.
class DemoSession
{
public:
    //! \a host must outlive the session. Use create() or load().
    DemoSession(SessionHost &host, SessionMeta meta);
    ~DemoSession();
    DemoSession(const DemoSession &) = delete;
    DemoSession &operator=(const DemoSession &) = delete;

    //! Fills the log from the store.
    void load();

    const SessionMeta &meta() const { return m_meta; }
    EventLog &log() { return m_log; }
    const EventLog &log() const { return m_log; }
    SessionHost &host() const { return m_host; }

    //! Takes over what create and resume may set (streaming, permissions, model ...).
    void configure(const QJsonObject &params);
    bool streaming() const { return m_streaming; }
    bool asksPermission() const { return m_requestPermission; }
    bool approvesAll() const { return m_approveAll; }
    void setApproveAll(bool enabled) { m_approveAll = enabled; }
    bool hasProvider() const { return m_hasProvider; }

    void attach(int client, Attachment attachment) { m_attached.insert(client, attachment); }
    //! True where \a client was attached.
    bool detach(int client) { return m_attached.remove(client) > 0; }
    const QMap<int, Attachment> &attached() const { return m_attached; }
    bool isAttached(int client) const { return m_attached.contains(client); }
    //! True where some attached client wants to be asked questions.
    bool canAsk() const;
    //! Sends a request to every attached client that wants this kind.
    void askAttached(const QString &method, const QJsonObject &params, bool plan,
                     const ClientAnswer &answer);

    //! Emits an event; its id is returned. Durable ones are stored.
    QByteArray emitDurable(const QString &type, const QJsonObject &data,
                           const QString &agentId = {});
    QByteArray emitEphemeral(const QString &type, const QJsonObject &data = {},
                             const QString &agentId = {});

    //! Queues or starts a prompt and answers with its messageId. \a finished (may be empty) runs at
    //! the end of the turn that it became.
    QString send(const QString &text, bool immediate, const QJsonArray &attachments,
                 std::function<void()> finished);
    //! Ends the turn and drops the queue; nothing happens where the session is idle.
    void abort();
    //! Ends the turn, runs the queue; false where nothing runs.
    bool interrupt();
    bool isBusy() const { return m_turn != nullptr || m_starting; }
    TurnRunner *turn() const { return m_turn.get(); }
    //! Takes steering messages out for the next round trip.
    QList<TurnInput> takeSteering();
    bool hasSteering() const { return !m_steering.isEmpty(); }

    QJsonObject pendingItems() const;
    bool removeQueued(const QString &id);
    bool updateQueued(const QString &id, const QString &text);

    //! Revives a permission that waited when the session was unloaded (continuePendingWork).
    bool continuePendingWork();
    //! What the resume event says.
    void announceResume(bool continuePending);

    void setName(const QString &name);
    void setMode(const QString &mode);
    void setModel(const QString &model);
    void compact();

    bool isApproved(const QString &kind, const QStringList &identifiers) const;
    void remember(const QJsonObject &approval);

    //! The turn is cancelled without a word and the end goes into the history.
    void shutdown(const QString &type, bool deliver);

    void touch();
    Nanoseconds lastActivity() const { return m_lastActivity; }

    //! Usage totals, session.usage.getMetrics.
    QJsonObject metrics() const;
    void addUsage(qint64 input, qint64 output);
    qint64 contextTokens() const;
    QString shellId() { return QString::number(m_shells++); }

private:
    struct Queued
    {
        QString queueId;
        TurnInput input;
    };

    QByteArray emitEvent(const QString &type, const QJsonObject &data, bool ephemeral,
                         const QString &agentId);
    void startSoon(TurnInput input);
    void startTurn(TurnInput input);
    void turnEnded();
    void settleAfterAbort();
    void closeInterruptedTools();
    void nameAfter(const QString &prompt);
    void saveMeta();
    QStringList openToolCalls() const;

    SessionHost &m_host;
    SessionMeta m_meta;
    EventLog m_log;
    QMap<int, Attachment> m_attached;
    bool m_streaming = false;
    bool m_requestPermission = false;
    bool m_approveAll = false;
    bool m_hasProvider = false;
    bool m_starting = false; //!< a turn begins with the next tick
    bool m_toolsUnsure = false; //!< loaded cold: tool calls may lack their end
    std::unique_ptr<TurnRunner> m_turn;
    std::vector<std::unique_ptr<TurnRunner>> m_finished;
    QList<Queued> m_queue;
    QList<TurnInput> m_steering;
    int m_queued = 0;
    int m_shells = 0;
    int m_prompts = 0;
    QSet<QString> m_approvedCommands;
    QSet<QString> m_approvedKinds;
    Nanoseconds m_lastActivity{0};
    qint64 m_requests = 0;
    qint64 m_inputTokens = 0;
    qint64 m_outputTokens = 0;
    TimerHandle m_next;
};

} // namespace pilotlight::demo
