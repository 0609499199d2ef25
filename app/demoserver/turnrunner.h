// SPDX-License-Identifier: MIT
#pragma once

#include "demoserver/script.h"

#include <QJsonArray>
#include <QJsonObject>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace pilotlight::demo {

class DemoSession;

//! A prompt on its way into a turn.
struct TurnInput
{
    QString messageId;
    QString text;
    QJsonArray attachments;
    QString delivery = QStringLiteral("idle"); //!< idle, queued or steering
    std::function<void()> finished;
};

//! A request to the user that a turn waits for.
struct PendingRequest
{
    enum class Kind
    {
        Permission,
        Question,
        Plan
    };
    Kind kind = Kind::Permission;
    QString requestId;
    QString toolCallId;
    QJsonObject prompt; //!< promptRequest of a permission
    bool answered = false;
    QJsonObject result;
};

//! Plays a Script as the events of one turn, in the order of protocol.md 4. A turn is a queue of
//! steps; a step may put further steps in front of the rest, wait for an answer, or end the turn.
class TurnRunner
{
public:
    //! \a ended runs once, from the event loop, unless the turn is cancelled.
    TurnRunner(DemoSession &session, TurnInput input, Script script, std::function<void()> ended);
    ~TurnRunner();
    TurnRunner(const TurnRunner &) = delete;
    TurnRunner &operator=(const TurnRunner &) = delete;

    void start(bool announceSkills);
    //! Takes up a turn of an earlier life whose call \a toolCallId waits for \a pending.
    void startPending(const PendingRequest &pending, int round, const QString &toolCallId);
    //! No step runs any more. Says nothing.
    void cancel();
    //! Emits what the real server says of an interrupted turn, up to and including turn_end.
    void interrupt();
    const TurnInput &input() const { return m_input; }

    //! Each is false where no such request waits (any more).
    bool answerPermission(const QString &requestId, const QJsonObject &result);
    bool answerQuestion(const QString &requestId, const QJsonObject &response);
    bool answerPlan(const QString &requestId, const QJsonObject &response);
    //! Permissions that wait: {requestId, request}.
    QJsonArray pendingPermissions() const;

private:
    struct Context;
    struct Running;
    using ContextPtr = std::shared_ptr<Context>;
    using RunningPtr = std::shared_ptr<Running>;
    struct Step
    {
        Milliseconds delay{0};
        std::function<void()> run;
    };

    void push(Milliseconds delay, std::function<void()> run);
    void then(std::function<void()> run) { push(Milliseconds(0), std::move(run)); }
    void pump();
    void runSteps();
    Milliseconds paced(Milliseconds delay, bool exact) const;

    void beginTurn(bool announceSkills);
    void emitUserMessage(const TurnInput &input, const ContextPtr &context);
    void playRound(const ContextPtr &context, int index);
    void callModel(const ContextPtr &context, int index, int attempt);
    void streamAnswer(const ContextPtr &context, int index, int attempt);
    void streamChunks(const ContextPtr &context, const std::shared_ptr<QStringList> &chunks,
                      qsizetype from, const Round &round, const QString &messageId);
    void finishMessage(const ContextPtr &context, int index, const QString &messageId);
    void failModelCall(const ContextPtr &context, int index, int attempt);
    void failTurn(const QJsonObject &error);
    void runCalls(const ContextPtr &context, int index);
    void beginCall(const ContextPtr &context, const RunningPtr &running);
    void finishCall(const ContextPtr &context, const RunningPtr &running);
    void finishShell(const ContextPtr &context, const RunningPtr &running);
    void finishQuestion(const ContextPtr &context, const RunningPtr &running,
                        const PendingRequest *answered);
    void finishPlan(const ContextPtr &context, const RunningPtr &running,
                    const PendingRequest *answered);
    void runAgent(const ContextPtr &context, const RunningPtr &running);
    void completeCall(const ContextPtr &context, const RunningPtr &running, QJsonObject outcome);
    void rejectCall(const ContextPtr &context, const RunningPtr &running);
    void finishRounds(const ContextPtr &context, int index);
    void finishTurn();
    bool permissionNeeded(const ToolCall &call) const;
    void askPermission(const RunningPtr &running, const ContextPtr &context);
    PendingRequest *pending(const QString &requestId, PendingRequest::Kind kind);
    PendingRequest *pendingOf(const QString &toolCallId);
    void wake();

    DemoSession &m_session;
    TurnInput m_input;
    Script m_script;
    std::function<void()> m_ended;
    std::deque<Step> m_steps;
    std::vector<Step> m_inserted;
    TimerHandle m_timer;
    bool m_inStep = false;
    bool m_waiting = false;
    bool m_done = false;
    ContextPtr m_main;
    Nanoseconds m_started{0};
    QList<PendingRequest> m_pending;
    QStringList m_openCalls;
    QStringList m_openTools;
    qint64 m_streamedBytes = 0;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace pilotlight::demo
