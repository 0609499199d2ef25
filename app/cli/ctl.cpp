// SPDX-License-Identifier: MIT
#include "app/cli/ctl.h"

#include "app/cli/providerfiles.h"

#include <QDir>

namespace pilotlight {

namespace {

AppOptions appOptions(const CtlOptions &options)
{
    AppOptions app;
    app.paths = options.paths;
    app.logName = QStringLiteral("pilotlightctl.log");
    app.sessionsName = QStringLiteral("ctl-sessions.json");
    app.outboxName.clear(); // whoever calls us learns of a failure, and sends again
    app.transcriptsName.clear();
    app.keepRecordsInMemory = false;
    app.useKeychain = false; // keys stay in the user's provider file
    app.otherBackends = false;
    app.keepalive = options.keepalive;
    app.stderrLevel = options.verbose ? std::optional(LogLevel::Debug) : std::nullopt;
    app.connection = options.connection;
    // guard leaves nothing in the history; who reads or writes a session may be seen in it.
    app.silentAttach = options.command == QLatin1String("guard");
    // The other commands are over before anything gets quiet.
    if (options.command != QLatin1String("guard") || options.alwaysLoaded)
        app.keepalive.parkAfterSeconds = 0;
    return app;
}

QJsonObject sessionField(const QString &id)
{
    return {{QStringLiteral("session"), id}};
}

} // namespace

Ctl::Ctl(CtlOptions options, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_context(appOptions(m_options))
    , m_output(m_context.clock(), m_options.json)
{
    connect(&m_context, &AppContext::notice, this,
            [this](const QString &code, const QString &detail) {
                m_output.notice(QStringLiteral("warning"),
                                detail.isEmpty() ? code : code + QStringLiteral(": ") + detail);
            });
    connect(&m_context.connection(), &Connection::phaseChanged, this, &Ctl::onPhase);
    connect(&m_context.connection(), &Connection::probed, this, &Ctl::onProbed);
    connect(&m_context.sessions(), &SessionManager::sessionChanged, this, &Ctl::onSessionChanged);
    connect(&m_context.sessions(), &SessionManager::touched, this, &Ctl::onTouched);
    connect(&m_context.observers(), &Observers::woke, this, &Ctl::onWoke);
    connect(&m_context.sessions(), &SessionManager::requestFailed, this,
            [this](const QString &, const QString &what, const Error &error) {
                m_output.notice(QStringLiteral("error"),
                                what + QStringLiteral(": ") + error.toString());
            });
}

void Ctl::start()
{
    m_stored = m_context.sessionStore()->load();
    if (m_options.command == QLatin1String("log")) {
        runLog(m_options, m_context.clock(), this, [this](int code) { finish(code); });
        return;
    }
    if (isProfileCommand(m_options)) {
        finish(runProfile(m_options, m_context.clock(), m_output));
        return;
    }
    if (m_options.command == QLatin1String("bundle") && !m_options.targetGiven) {
        runBundle();
        return;
    }
    if (m_options.command == QLatin1String("keeper")) {
        runKeeper(m_options, m_output, this, [this](int code) { finish(code); });
        return;
    }
    if (m_options.command == QLatin1String("drill")) {
        runDrill();
        return;
    }
    if (m_options.command != QLatin1String("guard")) {
        m_deadline = m_context.clock().after(m_options.timeout, [this] {
            const auto error = m_context.connection().status().error;
            fail(ExitNotConnected,
                 QStringLiteral("not connected within %1 s%2")
                     .arg(m_options.timeout.count() / 1000)
                     .arg(error ? QStringLiteral(": ") + error->toString() : QString()));
        });
    }
    m_context.start(AppContext::Sessions::Ignore);
}

void Ctl::interrupt(int signal)
{
    m_signal = signal;
    if (m_prover && m_prover->state() != Prover::State::Cleaning
        && m_prover->state() != Prover::State::Done) {
        m_prover->cancel(); // its sessions are deleted first; a second signal does not wait
        return;
    }
    if (m_drill && !m_drill->isOver() && m_drill->report().end == DrillReport::End::Running) {
        m_drill->cancel(); // its server is ended first
        return;
    }
    finish(m_options.command == QLatin1String("guard") ? int(ExitOk) : 128 + signal);
}

void Ctl::onPhase(Phase phase)
{
    const ConnectionStatus status = m_context.connection().status();
    QJsonObject fields{{QStringLiteral("phase"), phaseName(phase)}};
    QString human;
    if (status.error && (phase == Phase::Backoff || phase == Phase::Idle)) {
        fields.insert(QStringLiteral("error"), status.error->toString());
        human = QStringLiteral("%1: %2").arg(phaseName(phase), status.error->toString());
    }
    if (status.retryAt)
        fields.insert(QStringLiteral("retryAt"), status.retryAt->toString(Qt::ISODateWithMs));
    if (m_options.command == QLatin1String("guard") && human.isEmpty())
        human = phaseName(phase);
    m_output.event(QStringLiteral("phase"), fields, human);
    if (phase == Phase::Online)
        onOnline();
    else if (phase == Phase::Idle && status.error && !m_done)
        fail(ExitNotConnected, status.error->toString());
    else if (phase == Phase::Backoff && m_started && m_options.command != QLatin1String("guard")
             && m_options.command != QLatin1String("send"))
        fail(ExitFailed, QStringLiteral("the connection ended"));
}

void Ctl::onOnline()
{
    m_deadline.cancel();
    connect(m_context.connection().agentBackend(), &AgentBackend::sessionEvent, this,
            &Ctl::onEvent);
    if (std::exchange(m_started, true))
        return; // guard and send go on by themselves after a reconnect
    const QString &command = m_options.command;
    if (command == QLatin1String("status"))
        runStatus();
    else if (command == QLatin1String("ping"))
        runPing();
    else if (command == QLatin1String("sessions"))
        runSessions();
    else if (command == QLatin1String("new"))
        runNew();
    else if (command == QLatin1String("guard"))
        runGuard();
    else if (command == QLatin1String("abort"))
        runAbort();
    else if (command == QLatin1String("delete"))
        runDelete();
    else if (command == QLatin1String("prove"))
        runProve();
    else if (command == QLatin1String("bundle"))
        runBundle();
    else
        runOnSession();
}

// ---- without a session
// ------------------------------------------------------------------------------

void Ctl::runPing()
{
    // The demo has no keepalive loop; its probes by hand are as good.
    const ProbeRequest request{m_options.tool.isEmpty() ? ProbeRequest::Kind::Ping
                                                        : ProbeRequest::Kind::Tool,
                               m_options.tool, m_context.connection().config().keepalive.timeout};
    m_context.connection().backend()->probe(request, this, [this](const ProbeResult &result) {
        onProbed(result);
        m_missed += result.outcome == ProbeResult::Outcome::Ok ? 0 : 1;
        if (++m_pings >= m_options.count) {
            m_output.line(QStringLiteral("%1 of %2 answered").arg(m_pings - m_missed).arg(m_pings));
            finish(m_missed ? ExitUnresponsive : ExitOk);
            return;
        }
        m_pause = m_context.clock().after(m_options.pause, [this] {
            if (m_context.connection().agentBackend())
                runPing();
            else
                fail(ExitUnresponsive, QStringLiteral("the connection ended"));
        });
    });
}

void Ctl::onProbed(const ProbeResult &result)
{
    // Probes of the loop and those by hand look alike.
    const QString kind = !m_options.tool.isEmpty()
            || m_context.connection().status().keepalive.method.startsWith(QLatin1String("tool"))
        ? QStringLiteral("tool")
        : QStringLiteral("ping");
    QJsonObject fields{{QStringLiteral("kind"), kind},
                       {QStringLiteral("outcome"), probeOutcomeName(result.outcome)},
                       {QStringLiteral("us"), static_cast<qint64>(result.roundTrip.count())}};
    if (!result.detail.isEmpty())
        fields.insert(QStringLiteral("detail"), result.detail);
    m_output.event(
        QStringLiteral("probe"), fields,
        QStringLiteral("%1: %2 %3 ms %4")
            .arg(kind, probeOutcomeName(result.outcome),
                 QString::number(static_cast<double>(result.roundTrip.count()) / 1000, 'f', 2),
                 result.detail)
            .trimmed());
}

void Ctl::onTouched(const TouchEvent &event)
{
    if (m_options.command != QLatin1String("guard"))
        return;
    const QString strategy =
        event.strategy ? touchStrategyName(*event.strategy) : QStringLiteral("none");
    const ProbeResult &probe = event.result.probe;
    QJsonObject fields = sessionField(event.sessionId);
    fields.insert(QStringLiteral("kind"), QStringLiteral("touch"));
    fields.insert(QStringLiteral("strategy"), strategy);
    fields.insert(QStringLiteral("outcome"), probeOutcomeName(probe.outcome));
    fields.insert(QStringLiteral("found"), !event.result.sessionNotFound);
    fields.insert(QStringLiteral("trigger"), touchTriggerName(event.trigger));
    fields.insert(QStringLiteral("us"), static_cast<qint64>(probe.roundTrip.count()));
    if (!probe.detail.isEmpty())
        fields.insert(QStringLiteral("detail"), probe.detail);
    m_output.event(QStringLiteral("probe"), fields);
    if (const Session *session = m_context.sessions().find(event.sessionId))
        sessionSafety(*session);
}

void Ctl::onWoke(const WakeReport &report)
{
    if (m_options.command != QLatin1String("guard"))
        return;
    const qint64 seconds = report.asleep.count() / 1000;
    m_output.event(QStringLiteral("wake"),
                   {{QStringLiteral("asleepSeconds"), seconds},
                    {QStringLiteral("checked"), report.checked},
                    {QStringLiteral("alive"), report.alive},
                    {QStringLiteral("resumed"), report.resumed},
                    {QStringLiteral("lost"), report.lost},
                    {QStringLiteral("parked"), report.parked}},
                   QStringLiteral("asleep %1 s: %2 sessions checked, %3 alive, %4 resumed, %5 lost")
                       .arg(seconds)
                       .arg(report.checked)
                       .arg(report.alive)
                       .arg(report.resumed)
                       .arg(report.lost));
}

void Ctl::runDelete()
{
    const StoredSession *known = stored(m_options.arguments.first());
    const QString id = known ? known->config.id : m_options.arguments.first();
    m_context.connection().agentBackend()->deleteSession(
        id, this, [this, id](const Result<Done> &result) {
            m_context.sessionStore()->remove(id);
            ProviderFiles(m_options.paths).remove(id);
            if (!result) {
                fail(result.error().code == ErrorCode::SessionNotFound ? ExitNoSession : ExitFailed,
                     result.error().toString());
                return;
            }
            sessionState(id, QStringLiteral("deleted"));
            finish(ExitOk);
        });
}

void Ctl::runAbort()
{
    const StoredSession *known = stored(m_options.arguments.first());
    const QString id = known ? known->config.id : m_options.arguments.first();
    // Without attaching: this connection's end must not be the session's.
    m_context.connection().agentBackend()->abort(id, this, [this](const Result<Done> &result) {
        if (!result)
            fail(result.error().code == ErrorCode::SessionNotFound ? ExitNoSession : ExitFailed,
                 result.error().toString());
        else
            finish(ExitOk);
    });
}

// ---- with sessions
// ----------------------------------------------------------------------------------

void Ctl::runNew()
{
    SessionConfig config;
    config.name = m_options.name;
    config.model = m_options.model.isEmpty() ? m_options.providerModel : m_options.model;
    config.workingDirectory = m_options.folder;
    config.systemMessage = m_options.system;
    config.mode = m_options.mode;
    config.provider = m_options.provider;
    Session *session = m_context.sessions().create(config);
    m_session = session->id();
    if (!m_options.providerFile.isEmpty())
        ProviderFiles(m_options.paths).set(m_session, m_options.providerFile);
    onSessionChanged(session);
}

void Ctl::runGuard()
{
    const auto open = [this](const SessionSummary &summary) {
        StoredSession *known = stored(summary.id);
        Session *session = nullptr;
        const ParkPolicy policy =
            m_options.alwaysLoaded ? ParkPolicy::AlwaysLoaded : ParkPolicy::Auto;
        if (known) {
            applyProvider(&known->config, known->config.id);
            known->parkPolicy = policy;
            session = m_context.sessions().restore(*known);
        } else {
            StoredSession fresh;
            fresh.config.id = summary.id;
            fresh.config.name = summary.name;
            fresh.config.workingDirectory = summary.workingDirectory;
            fresh.durable = true;
            fresh.parkPolicy = policy;
            applyProvider(&fresh.config, summary.id);
            session = m_context.sessions().restore(fresh);
        }
        if (session)
            onSessionChanged(session);
    };
    if (m_options.sessions != QLatin1String("all")) {
        for (const QString &id : m_options.sessions.split(QLatin1Char(','), Qt::SkipEmptyParts))
            open({id.trimmed(), {}, {}, {}, {}, {}});
        return;
    }
    m_context.sessions().listServerSessions(
        this, [this, open](const Result<QList<SessionSummary>> &list) {
            for (const SessionSummary &summary : list.value_or(QList<SessionSummary>()))
                open(summary);
            const QList<StoredSession> own = m_stored;
            for (const StoredSession &session :
                 own) { // those that never had a prompt are not listed
                if (!m_context.sessions().find(session.config.id))
                    open({session.config.id, {}, {}, {}, {}, {}});
            }
            const EffectiveKeepalive &keepalive = m_context.connection().config().keepalive;
            m_output.notice(QStringLiteral("info"),
                            QStringLiteral("holding %1 session(s), %2 every %3 s")
                                .arg(m_context.sessions().sessions().size())
                                .arg(keepalive.methodName())
                                .arg(keepalive.interval.count() / 1000));
        });
}

StoredSession *Ctl::stored(const QString &wanted)
{
    // A unique prefix will do, as in other tools.
    StoredSession *found = nullptr;
    for (StoredSession &candidate : m_stored) {
        if (candidate.config.id == wanted)
            return &candidate;
        if (wanted.size() >= 4 && candidate.config.id.startsWith(wanted)) {
            if (found)
                return nullptr;
            found = &candidate;
        }
    }
    return found;
}

void Ctl::applyProvider(SessionConfig *config, const QString &id)
{
    CtlOptions read;
    if (m_options.provider) {
        read.provider = m_options.provider;
        read.providerModel = m_options.providerModel;
    } else {
        const QString file = ProviderFiles(m_options.paths).get(id);
        if (file.isEmpty())
            return;
        if (const auto result = readProvider(file, &read); !result) {
            m_output.notice(QStringLiteral("warning"), result.error().detail);
            return;
        }
    }
    config->provider = read.provider;
    if (config->model.isEmpty())
        config->model = read.providerModel;
}

Session *Ctl::openSession(const QString &wanted)
{
    StoredSession session;
    if (const StoredSession *known = stored(wanted)) {
        session = *known;
    } else {
        session.config.id = wanted;
        session.durable = true; // the server's own, or resume says that there is none
    }
    session.parked = false; // it is used now
    applyProvider(&session.config, session.config.id);
    if (!m_options.model.isEmpty())
        session.config.model = m_options.model;
    if (!m_options.providerFile.isEmpty())
        ProviderFiles(m_options.paths).set(session.config.id, m_options.providerFile);
    return m_context.sessions().restore(session);
}

void Ctl::runOnSession()
{
    Session *session = openSession(m_options.arguments.first());
    if (!session) {
        fail(ExitNoSession, QStringLiteral("no session %1").arg(m_options.arguments.first()));
        return;
    }
    m_session = session->id();
    onSessionChanged(session);
}

void Ctl::onSessionChanged(Session *session)
{
    const QString id = session->id();
    const QString before = m_announced.contains(id) ? m_announced[id] : QString();
    if (m_options.command == QLatin1String("guard"))
        sessionActivity(*session);
    if (m_options.command == QLatin1String("guard") && session->state() != Session::State::Attached)
        sessionSafety(*session);
    switch (session->state()) {
    case Session::State::Attached:
        if (before == QLatin1String("attached") || before == QLatin1String("resumed")) {
            if (m_options.command == QLatin1String("guard"))
                sessionSafety(*session);
            return;
        }
        sessionState(id,
                     before.isEmpty() || before == QLatin1String("failed")
                         ? QStringLiteral("attached")
                         : QStringLiteral("resumed"));
        if (m_options.command == QLatin1String("guard"))
            sessionSafety(*session);
        break;
    case Session::State::Parked:
        m_announced[id] = QStringLiteral("parked");
        return;
    case Session::State::Lost:
    case Session::State::Offline:
        if (before != QLatin1String("attached") && before != QLatin1String("resumed"))
            return;
        sessionState(id, QStringLiteral("lost"));
        if (id == m_session && m_options.command == QLatin1String("send") && !m_messageId.isEmpty())
            m_turnFailed = true;
        return;
    case Session::State::Failed:
        if (before == QLatin1String("failed"))
            return;
        sessionState(id, QStringLiteral("failed"));
        if (id == m_session)
            fail(session->error().code == ErrorCode::SessionNotFound ? ExitNoSession : ExitFailed,
                 session->error().toString());
        else
            m_output.notice(QStringLiteral("warning"),
                            QStringLiteral("session %1: %2").arg(id, session->error().toString()));
        return;
    case Session::State::Attaching:
        return;
    }
    if (id != m_session)
        return;
    if (m_options.command == QLatin1String("new")) {
        sessionState(id, QStringLiteral("created"));
        m_output.line(id);
        finish(ExitOk);
    } else if (m_options.command == QLatin1String("resume")) {
        printTranscript(*session);
        finish(ExitOk);
    } else if (m_options.command == QLatin1String("send") && m_messageId.isEmpty()) {
        sendPrompt();
    } else if (m_options.command == QLatin1String("send")) {
        fail(ExitFailed,
             QStringLiteral("the connection ended in the middle of the turn; "
                            "the session is back, the turn was interrupted"));
    }
}

void Ctl::sendPrompt()
{
    Prompt prompt;
    prompt.text = m_options.arguments.at(1);
    prompt.delivery = m_options.immediate ? Delivery::Immediate : Delivery::Enqueue;
    m_messageId = QStringLiteral("?"); // on its way
    m_context.connection().agentBackend()->send(
        m_session, prompt, this, [this](const Result<QString> &id) {
            if (!id)
                fail(id.error().code == ErrorCode::SessionNotFound ? ExitNoSession : ExitFailed,
                     id.error().toString());
            else
                m_messageId = *id;
        });
}

void Ctl::onEvent(const QString &id, const AgentEvent &event)
{
    const bool ours = id == m_session || m_options.command == QLatin1String("guard");
    if (!ours || (m_options.command == QLatin1String("send") && m_messageId.isEmpty()))
        return; // an earlier turn's
    QJsonObject fields = sessionField(id);
    const bool sub = !event.meta.agentId.isEmpty();
    if (const auto *user = std::get_if<UserMessage>(&event.data)) {
        // 1.0.40 echoes a prompt without its id.
        const bool echo = user->messageId.isEmpty() ? user->text == m_options.arguments.value(1)
                                                    : user->messageId == m_messageId;
        if (!sub && (echo || m_messageId == QLatin1String("?")))
            m_turnSeen = true;
    } else if (const auto *delta = std::get_if<MessageDelta>(&event.data)) {
        if (!sub)
            m_output.delta(id, delta->text);
    } else if (const auto *message = std::get_if<MessageCompleted>(&event.data)) {
        if (!sub && !message->text.isEmpty()) {
            fields.insert(QStringLiteral("text"), message->text);
            m_output.event(QStringLiteral("message"), fields);
        }
    } else if (const auto *started = std::get_if<ToolStarted>(&event.data)) {
        fields.insert(QStringLiteral("tool"), started->request.name);
        fields.insert(QStringLiteral("call"), started->request.toolCallId);
        fields.insert(QStringLiteral("state"), QStringLiteral("started"));
        m_output.event(
            QStringLiteral("tool"), fields,
            QStringLiteral("[tool] %1 %2").arg(started->request.name, started->request.title));
    } else if (const auto *ended = std::get_if<ToolCompleted>(&event.data)) {
        fields.insert(QStringLiteral("call"), ended->toolCallId);
        fields.insert(QStringLiteral("state"),
                      ended->denied        ? QStringLiteral("denied")
                          : ended->success ? QStringLiteral("completed")
                                           : QStringLiteral("failed"));
        m_output.event(QStringLiteral("tool"), fields,
                       ended->success ? QString()
                                      : QStringLiteral("[tool] failed: %1").arg(ended->error));
    } else if (const auto *failed = std::get_if<SessionFailed>(&event.data)) {
        m_turnFailed = true;
        m_turnSeen = true; // a refused turn has no echo of its prompt
        fields.insert(QStringLiteral("kind"), failed->kind);
        fields.insert(QStringLiteral("text"), failed->message);
        m_output.event(QStringLiteral("error"), fields,
                       QStringLiteral("error: %1").arg(failed->message));
    } else if (const auto *idle = std::get_if<SessionIdle>(&event.data)) {
        fields.insert(QStringLiteral("aborted"), idle->aborted);
        m_output.event(QStringLiteral("idle"), fields);
        if (m_options.command == QLatin1String("send") && m_turnSeen) {
            m_output.line({});
            finish(m_turnFailed ? int(ExitFailed) : idle->aborted ? int(ExitAborted) : int(ExitOk));
        }
    } else if (m_options.command == QLatin1String("send")) {
        answerRequests(id, event);
    }
}

void Ctl::answerRequests(const QString &id, const AgentEvent &event)
{
    QJsonObject fields = sessionField(id);
    AgentBackend *backend = m_context.connection().agentBackend();
    const auto reported = [this](const Result<Done> &result) {
        if (!result)
            m_output.notice(QStringLiteral("warning"), result.error().toString());
    };
    if (const auto *request = std::get_if<PermissionRequested>(&event.data)) {
        const bool session =
            m_options.allow == QLatin1String("session") && request->canApproveForSession;
        const PermissionDecision decision = m_options.allow == QLatin1String("none")
            ? PermissionDecision::Reject
            : session ? PermissionDecision::ApproveForSession
                      : PermissionDecision::ApproveOnce;
        const QString said = decision == PermissionDecision::Reject ? QStringLiteral("reject")
                                                                    : QStringLiteral("approve");
        fields.insert(QStringLiteral("subject"), request->subject);
        fields.insert(QStringLiteral("answer"), said);
        m_output.event(QStringLiteral("permission"), fields,
                       QStringLiteral("[permission] %1: %2%3")
                           .arg(request->subject, said,
                                decision == PermissionDecision::Reject
                                    ? QStringLiteral(" (pass --allow once to approve)")
                                    : QString()));
        backend->answerPermission(id, *request, decision, {}, this, reported);
    } else if (const auto *question = std::get_if<QuestionRequested>(&event.data)) {
        const QString answer = m_options.answer.isEmpty()
            ? QStringLiteral("The user is not available.")
            : m_options.answer;
        fields.insert(QStringLiteral("subject"), question->question);
        fields.insert(QStringLiteral("answer"), answer);
        m_output.event(QStringLiteral("question"), fields,
                       QStringLiteral("[question] %1: %2").arg(question->question, answer));
        backend->answerQuestion(id, question->requestId, answer,
                                !question->choices.contains(answer), this, reported);
    } else if (const auto *plan = std::get_if<PlanApprovalRequested>(&event.data)) {
        const bool approve = m_options.allow != QLatin1String("none");
        fields.insert(QStringLiteral("subject"), plan->summary);
        fields.insert(QStringLiteral("answer"), approve);
        m_output.event(QStringLiteral("permission"), fields,
                       QStringLiteral("[plan] %1: %2")
                           .arg(plan->summary,
                                approve ? QStringLiteral("approved") : QStringLiteral("rejected")));
        backend->answerPlan(id, plan->requestId, approve, plan->recommendedAction, this, reported);
    }
}

void Ctl::printTranscript(const Session &session)
{
    for (const TranscriptItem &item : session.transcript().items()) {
        QJsonObject fields = sessionField(session.id());
        if (const auto *user = std::get_if<UserItem>(&item.data)) {
            fields.insert(QStringLiteral("role"), QStringLiteral("user"));
            fields.insert(QStringLiteral("text"), user->text);
            m_output.line(QStringLiteral("> ") + user->text);
        } else if (const auto *assistant = std::get_if<AssistantItem>(&item.data)) {
            fields.insert(QStringLiteral("role"), QStringLiteral("assistant"));
            fields.insert(QStringLiteral("text"), assistant->text);
            m_output.line(assistant->text);
        } else if (const auto *tool = std::get_if<ToolItem>(&item.data)) {
            m_output.line(QStringLiteral("[tool] %1 %2").arg(tool->name, tool->title));
            continue;
        } else {
            continue;
        }
        m_output.event(QStringLiteral("message"), fields);
    }
}

void Ctl::sessionState(const QString &id, const QString &state)
{
    m_announced[id] = state;
    QJsonObject fields = sessionField(id);
    fields.insert(QStringLiteral("state"), state);
    m_output.event(QStringLiteral("session"), fields,
                   m_options.command == QLatin1String("guard")
                       ? QStringLiteral("session %1: %2").arg(id, state)
                       : QString());
}

//! What guard says of a session beside its state: how safe it is, at each change.
void Ctl::sessionSafety(const Session &session)
{
    const QString id = session.id();
    const SessionLife life = m_context.sessions().life(id);
    if (life.safety == SessionLife::Safety::Offline)
        return; // "lost" says it
    const auto it = m_safety.find(id);
    if (it != m_safety.end() && it->second == life.safety)
        return;
    m_safety[id] = life.safety;
    QJsonObject fields = sessionField(id);
    fields.insert(QStringLiteral("state"), safetyName(life.safety));
    if (life.limit.after)
        fields.insert(QStringLiteral("idleLimit"),
                      static_cast<double>(life.limit.after->count()) / 1000);
    else
        fields.insert(QStringLiteral("idleLimit"), QStringLiteral("never"));
    fields.insert(QStringLiteral("origin"), idleLimitOriginName(life.limit.origin));
    m_output.event(QStringLiteral("session"), fields,
                   QStringLiteral("session %1: %2").arg(id, safetyName(life.safety)));
}

void Ctl::fail(int exitCode, const QString &text)
{
    if (m_done)
        return;
    m_output.notice(QStringLiteral("error"), text);
    finish(exitCode);
}

void Ctl::finish(int exitCode)
{
    if (std::exchange(m_done, true))
        return;
    m_deadline.cancel();
    m_pause.cancel();
    m_context.sessionStore()->flush();
    m_context.connection().dispose();
    Q_EMIT finished(exitCode);
}

} // namespace pilotlight
