// SPDX-License-Identifier: MIT
#include "support/fakebackend.h"

#include <memory>

namespace pilotlight {

FakeBackend::FakeBackend(QObject *parent)
    : AgentBackend(parent)
{ }

template <typename T>
void FakeBackend::record(Call call, QObject *context, Handler<T> handler, std::function<T()> answer)
{
    call.context = context;
    if (call.method == QLatin1String("createSession")
        || call.method == QLatin1String("resumeSession"))
        ++m_attached;
    m_calls.push_back(std::move(call));
    Call &entry = m_calls.back();
    const auto shared = std::make_shared<Handler<T>>(std::move(handler));
    const QPointer<QObject> guard(context);
    // Moved out before it runs: exactly once, also when the handler calls back in.
    entry.succeed = [shared, guard, answer] {
        auto run = std::move(*shared);
        *shared = nullptr;
        if (run && guard)
            run(answer());
    };
    entry.fail = [shared, guard](const Error &error) {
        auto run = std::move(*shared);
        *shared = nullptr;
        if (run && guard)
            run(tl::make_unexpected(error));
    };
    if (autoAnswer) {
        entry.answered = true;
        const auto succeedNow = entry.succeed;
        const auto failNow = entry.fail;
        const QString sessionId = entry.sessionId;
        const std::optional<Error> error = judge ? judge(entry) : std::nullopt;
        if (!keepCalls)
            m_calls.pop_back();
        if (!error) {
            succeedNow();
            return;
        }
        const int attached = m_attached;
        failNow(*error);
        // Unless the handler has brought it back already.
        if (error->code == ErrorCode::SessionNotFound && attached == m_attached)
            Q_EMIT sessionLost(sessionId);
    }
}

int FakeBackend::count(const QString &method, const QString &sessionId) const
{
    int n = 0;
    for (const Call &call : m_calls)
        n += call.method == method && (sessionId.isEmpty() || call.sessionId == sessionId) ? 1 : 0;
    return n;
}

const FakeBackend::Call *FakeBackend::last(const QString &method, const QString &sessionId) const
{
    for (auto it = m_calls.rbegin(); it != m_calls.rend(); ++it) {
        if (it->method == method && (sessionId.isEmpty() || it->sessionId == sessionId))
            return &*it;
    }
    return nullptr;
}

FakeBackend::Call *FakeBackend::oldestWaiting(const QString &method, const QString &sessionId)
{
    for (Call &call : m_calls) {
        if (!call.answered && (method.isEmpty() || call.method == method)
            && (sessionId.isEmpty() || call.sessionId == sessionId))
            return &call;
    }
    return nullptr;
}

bool FakeBackend::succeed(const QString &method, const QString &sessionId)
{
    Call *call = oldestWaiting(method, sessionId);
    if (!call)
        return false;
    call->answered = true;
    call->succeed();
    return true;
}

bool FakeBackend::fail(const QString &method, const Error &error, const QString &sessionId)
{
    Call *call = oldestWaiting(method, sessionId);
    if (!call)
        return false;
    call->answered = true;
    call->fail(error);
    return true;
}

void FakeBackend::succeedAll()
{
    while (succeed(QString())) { }
}

int FakeBackend::waiting() const
{
    int n = 0;
    for (const Call &call : m_calls)
        n += call.answered ? 0 : 1;
    return n;
}

AgentEvent FakeBackend::event(EventData data, const QString &agentId)
{
    static int number = 0;
    static const QDateTime start(QDate(2026, 11, 20), QTime(10, 0), Qt::UTC);
    AgentEvent e;
    e.meta.id = "e" + QByteArray::number(++number);
    e.meta.time = start.addSecs(number);
    e.meta.agentId = agentId;
    e.data = std::move(data);
    return e;
}

void FakeBackend::emitEvent(const QString &sessionId, EventData data, const QString &agentId)
{
    Q_EMIT sessionEvent(sessionId, event(std::move(data), agentId));
}

namespace {

FakeBackend::Call named(const char *method, const QString &sessionId = {}, const QString &text = {})
{
    FakeBackend::Call call;
    call.method = QString::fromLatin1(method);
    call.sessionId = sessionId;
    call.text = text;
    return call;
}

const std::function<Done()> done = [] { return Done{}; };

} // namespace

void FakeBackend::initialize(const Secret &, Milliseconds deadline, QObject *context,
                             Handler<ServerInfo> handler)
{
    initializeDeadline = deadline;
    record<ServerInfo>(named("initialize"), context, std::move(handler),
                       [this] { return serverInfo; });
}

void FakeBackend::probe(const ProbeRequest &request, QObject *context,
                        std::function<void(ProbeResult)> handler)
{
    ++probes;
    probeRequest = request;
    probeContext = context;
    probeHandler = std::move(handler);
}

void FakeBackend::cancelProbe()
{
    auto run = std::move(probeHandler);
    probeHandler = nullptr;
    if (run && probeContext)
        run(ProbeResult{});
}

void FakeBackend::authStatus(QObject *context, Handler<AuthStatus> handler)
{
    record<AuthStatus>(named("authStatus"), context, std::move(handler), [this] { return auth; });
}

void FakeBackend::listModels(QObject *context, Handler<QList<ModelInfo>> handler)
{
    record<QList<ModelInfo>>(named("listModels"), context, std::move(handler),
                             [this] { return models; });
}

void FakeBackend::listSessions(QObject *context, Handler<QList<SessionSummary>> handler)
{
    record<QList<SessionSummary>>(named("listSessions"), context, std::move(handler),
                                  [this] { return summaries; });
}

void FakeBackend::createSession(const SessionConfig &config, QObject *context, DoneHandler handler)
{
    Call call = named("createSession", config.id);
    call.config = config;
    record<Done>(std::move(call), context, std::move(handler), done);
}

void FakeBackend::resumeSession(const SessionConfig &config, ResumeOptions options,
                                QObject *context, DoneHandler handler)
{
    Call call = named("resumeSession", config.id);
    call.config = config;
    call.options = options;
    record<Done>(std::move(call), context, std::move(handler), done);
}

void FakeBackend::readHistory(const QString &sessionId, QObject *context,
                              Handler<QList<AgentEvent>> handler)
{
    record<QList<AgentEvent>>(named("readHistory", sessionId), context, std::move(handler),
                              [this, sessionId] { return histories.value(sessionId); });
}

void FakeBackend::readEventLog(const QString &sessionId, const QByteArray &after, QObject *context,
                               Handler<QList<AgentEvent>> handler)
{
    record<QList<AgentEvent>>(named("readEventLog", sessionId, QString::fromLatin1(after)), context,
                              std::move(handler),
                              [this, sessionId] { return logs.value(sessionId); });
}

void FakeBackend::pendingRequests(const QString &sessionId, QObject *context,
                                  Handler<QList<PermissionRequested>> handler)
{
    record<QList<PermissionRequested>>(named("pendingRequests", sessionId), context,
                                       std::move(handler),
                                       [this, sessionId] { return pending.value(sessionId); });
}

namespace {

TouchResult touchOk()
{
    TouchResult result;
    result.probe.outcome = ProbeResult::Outcome::Ok;
    result.probe.roundTrip = std::chrono::milliseconds(1);
    return result;
}

Handler<TouchResult> touchAnswer(std::function<void(TouchResult)> handler)
{
    return [handler = std::move(handler)](const Result<TouchResult> &result) {
        using Outcome = ProbeResult::Outcome;
        if (result) {
            handler(*result);
            return;
        }
        TouchResult touch;
        const ErrorCode code = result.error().code;
        touch.sessionNotFound = code == ErrorCode::SessionNotFound;
        touch.probe.detail = result.error().toString();
        touch.probe.outcome = code == ErrorCode::Timeout ? Outcome::Timeout
            : code == ErrorCode::Cancelled               ? Outcome::Cancelled
            : code == ErrorCode::MethodNotFound          ? Outcome::Unsupported
            : code == ErrorCode::NotSignedIn             ? Outcome::Auth
            : code == ErrorCode::ConnectionLost          ? Outcome::Transport
                                                         : Outcome::RpcError;
        handler(touch);
    };
}

} // namespace

void FakeBackend::touchSession(const SessionConfig &config, TouchStrategy strategy, Milliseconds,
                               QObject *context, std::function<void(TouchResult)> handler)
{
    Call call = named("touchSession", config.id);
    call.config = config;
    call.strategy = strategy;
    record<TouchResult>(std::move(call), context, touchAnswer(std::move(handler)), touchOk);
}

void FakeBackend::checkSession(const QString &sessionId, Milliseconds, QObject *context,
                               std::function<void(TouchResult)> handler)
{
    record<TouchResult>(named("checkSession", sessionId), context, touchAnswer(std::move(handler)),
                        touchOk);
}

void FakeBackend::sessionActivity(const QString &sessionId, Milliseconds, QObject *context,
                                  Handler<SessionActivity> handler)
{
    record<SessionActivity>(
        named("sessionActivity", sessionId), context, std::move(handler),
        [this, sessionId] { return activities.value(sessionId, {false, false, false, false}); });
}

void FakeBackend::sessionWork(const QString &sessionId, QObject *context,
                              Handler<SessionWork> handler)
{
    record<SessionWork>(named("sessionWork", sessionId), context, std::move(handler),
                        [this, sessionId] { return works.value(sessionId); });
}

void FakeBackend::send(const QString &sessionId, const Prompt &prompt, QObject *context,
                       Handler<QString> handler)
{
    Call call = named("send", sessionId, prompt.text);
    call.prompt = prompt;
    record<QString>(std::move(call), context, std::move(handler),
                    [this] { return QStringLiteral("m%1").arg(++m_messages); });
}

void FakeBackend::abort(const QString &sessionId, QObject *context, DoneHandler handler)
{
    record<Done>(named("abort", sessionId), context, std::move(handler), done);
}

void FakeBackend::unloadSession(const QString &sessionId, QObject *context, DoneHandler handler)
{
    record<Done>(named("unloadSession", sessionId), context, std::move(handler), done);
}

void FakeBackend::deleteSession(const QString &sessionId, QObject *context, DoneHandler handler)
{
    record<Done>(named("deleteSession", sessionId), context, std::move(handler), done);
}

void FakeBackend::renameSession(const QString &sessionId, const QString &name, QObject *context,
                                DoneHandler handler)
{
    record<Done>(named("renameSession", sessionId, name), context, std::move(handler), done);
}

void FakeBackend::switchModel(const QString &sessionId, const QString &model, QObject *context,
                              DoneHandler handler)
{
    record<Done>(named("switchModel", sessionId, model), context, std::move(handler), done);
}

void FakeBackend::switchMode(const QString &sessionId, AgentMode mode, QObject *context,
                             DoneHandler handler)
{
    Call call = named("switchMode", sessionId);
    call.mode = mode;
    record<Done>(std::move(call), context, std::move(handler), done);
}

void FakeBackend::answerPermission(const QString &sessionId, const PermissionRequested &request,
                                   PermissionDecision decision, const QString &feedback,
                                   QObject *context, DoneHandler handler)
{
    Call call = named("answerPermission", sessionId, feedback);
    call.requestId = request.requestId;
    call.decision = decision;
    record<Done>(std::move(call), context, std::move(handler), done);
}

void FakeBackend::answerQuestion(const QString &sessionId, const QString &requestId,
                                 const QString &answer, bool freeform, QObject *context,
                                 DoneHandler handler)
{
    Call call = named("answerQuestion", sessionId, answer);
    call.requestId = requestId;
    call.flag = freeform;
    record<Done>(std::move(call), context, std::move(handler), done);
}

void FakeBackend::answerPlan(const QString &sessionId, const QString &requestId, bool approved,
                             const QString &action, QObject *context, DoneHandler handler)
{
    Call call = named("answerPlan", sessionId, action);
    call.requestId = requestId;
    call.flag = approved;
    record<Done>(std::move(call), context, std::move(handler), done);
}

} // namespace pilotlight
