// SPDX-License-Identifier: MIT
#include "session/sessionholder.h"

#include "base/logging.h"
#include "session/touchscheduler.h"

#include <algorithm>

namespace pilotlight {

namespace {

// Lost so often within a minute of each attach: the server drops it at once, always.
constexpr int MostLosses = 3;
constexpr Milliseconds SoonLost{60'000};

} // namespace

struct SessionHolder::Session
{
    QString backendId;
    SessionConfig config;
    State state = State::Waiting;
    bool mayAttach = false; //!< the window was first, or is not there
    bool working = false;
    quint64 attempt = 0; //!< of the attach under way
    int losses = 0;
    // On the clock's bootNow().
    Nanoseconds attachedAt{0};
    Nanoseconds counted{0}; //!< the last thing that the server takes for activity
    Nanoseconds quietSince{0};
    Nanoseconds askedAt{0}; //!< whether it has anything to lose
};

struct SessionHolder::Server
{
    QString id;
    SessionKeeping keeping;
    std::optional<IdleLimit> known;
    QList<TouchStrategy> refuted;
    AgentBackend *backend = nullptr;
    std::unique_ptr<TouchScheduler> touches; //!< exactly while there is a backend
    TimerHandle patience;
};

SessionHolder::SessionHolder(Clock &clock, Random &random, QObject *parent)
    : QObject(parent)
    , m_clock(clock)
    , m_random(random)
{ }

SessionHolder::~SessionHolder()
{
    for (const auto &[id, s] : m_servers)
        s->touches.reset(); // their last words still find the sessions
}

SessionHolder::Server &SessionHolder::server(const QString &backendId)
{
    auto &s = m_servers[backendId];
    if (!s) {
        s = std::make_unique<Server>();
        s->id = backendId;
    }
    return *s;
}

SessionHolder::Session *SessionHolder::find(const QString &id) const
{
    const auto it = m_sessions.find(id);
    return it == m_sessions.end() ? nullptr : it->second.get();
}

QList<SessionHolder::Held> SessionHolder::held() const
{
    QList<Held> list;
    for (const auto &[id, session] : m_sessions)
        list.append({id, session->backendId, session->state, session->working});
    return list;
}

void SessionHolder::setKeeping(const QString &backendId, const SessionKeeping &keeping,
                               const std::optional<IdleLimit> &known,
                               const QList<TouchStrategy> &refuted)
{
    Server &s = server(backendId);
    s.keeping = keeping;
    s.known = known;
    s.refuted = refuted;
    configure(s);
}

void SessionHolder::configure(Server &s)
{
    if (!s.touches)
        return;
    s.touches->setRefuted(s.refuted);
    s.touches->configure(s.keeping,
                         effectiveIdleLimit({s.keeping.idleLimit, s.known, std::nullopt,
                                             s.backend->sessionRules()}));
}

void SessionHolder::setBackend(const QString &backendId, AgentBackend *backend, quint64 generation)
{
    Server &s = server(backendId);
    const bool had = s.backend != nullptr;
    if (had)
        s.backend->disconnect(this);
    const std::unique_ptr<TouchScheduler> before = std::move(s.touches);
    s.backend = backend;
    s.patience.cancel();
    for (const auto &[id, session] : m_sessions) {
        if (session->backendId != backendId)
            continue;
        session->state = State::Waiting;
        session->attempt = 0;
        session->working = false;
        if (had)
            session->mayAttach = m_alone;
    }
    if (backend) {
        TouchScheduler::Host host;
        host.config = [this](const QString &id) -> const SessionConfig * {
            const Session *const session = find(id);
            return session ? &session->config : nullptr;
        };
        host.lastCounted = [this](const QString &id) {
            const Session *const session = find(id);
            return session ? session->counted : Nanoseconds(0);
        };
        host.isWorking = [this](const QString &id) {
            const Session *const session = find(id);
            return session && session->working;
        };
        host.touched = [this](const TouchEvent &event) {
            Session *const session = find(event.sessionId);
            if (session && event.result.isOk() && event.strategy)
                session->counted = m_clock.bootNow();
            Q_EMIT touched(event);
            if (event.result.sessionNotFound)
                onLost(event.sessionId);
        };
        s.touches = std::make_unique<TouchScheduler>(backendId, generation, *backend, m_clock,
                                                     m_random, std::move(host));
        configure(s);
        connect(backend, &AgentBackend::sessionEvent, this, &SessionHolder::onEvent);
        connect(backend, &AgentBackend::sessionLost, this, &SessionHolder::onLost);
        connect(backend, &QObject::destroyed, this,
                [this, backendId] { setBackend(backendId, nullptr); });
        if (!m_alone) {
            s.patience = m_clock.after(Patience, [this, backendId] {
                for (const auto &[id, session] : m_sessions)
                    session->mayAttach = session->mayAttach || session->backendId == backendId;
                attachSome(server(backendId));
            });
        }
    }
    attachSome(s);
    Q_EMIT changed();
}

void SessionHolder::hold(const QString &backendId, const SessionConfig &config)
{
    auto &session = m_sessions[config.id];
    if (!session) {
        session = std::make_unique<Session>();
        qCInfo(lcKeepalive).noquote() << QStringLiteral("Session held backend=%1 session=%2")
                                             .arg(backendId, config.id.left(8));
    }
    session->backendId = backendId;
    session->config = config;
    session->mayAttach = true;
    if (session->state == State::Failed)
        session->state = State::Waiting;
    session->losses = 0;
    attachSome(server(backendId));
    Q_EMIT changed();
}

void SessionHolder::attachSome(Server &s)
{
    if (!s.backend)
        return;
    auto busy = std::count_if(m_sessions.begin(), m_sessions.end(), [&s](const auto &entry) {
        return entry.second->backendId == s.id && entry.second->state == State::Attaching;
    });
    std::vector<QString> next;
    for (const auto &[id, session] : m_sessions) {
        if (session->backendId == s.id && session->state == State::Waiting && session->mayAttach
            && busy++ < AttachLimit)
            next.push_back(id);
    }
    for (const QString &id : next) {
        Session *const session = find(id);
        if (s.backend && session && session->state == State::Waiting)
            attach(*session);
    }
}

void SessionHolder::attach(Session &session)
{
    session.state = State::Attaching;
    session.attempt = ++m_attempts;
    ResumeOptions options;
    options.silent = true; // whoever looks at the session sees nothing of it
    server(session.backendId)
        .backend->resumeSession(session.config, options, this,
                                [this, id = session.config.id, attempt = session.attempt](
                                    const Result<Done> &result) { attached(id, attempt, result); });
}

void SessionHolder::attached(const QString &id, quint64 attempt, const Result<Done> &result)
{
    Session *const session = find(id);
    if (!session || session->attempt != attempt)
        return;
    session->attempt = 0;
    Server &s = server(session->backendId);
    if (result) {
        session->state = State::Attached;
        session->attachedAt = session->counted = session->quietSince = m_clock.bootNow();
        s.touches->watch(id);
        armQuiet();
        // Its turn may have begun before us.
        s.backend->sessionWork(
            id, this, [this, id, since = session->quietSince](const Result<SessionWork> &work) {
                Session *const there = find(id);
                if (!there || !work || !work->turn || there->working || there->quietSince != since)
                    return;
                there->working = true;
                Q_EMIT changed();
            });
    } else {
        session->state = State::Failed;
        qCWarning(lcKeepalive).noquote()
            << QStringLiteral("Session cannot be held backend=%1 session=%2: %3")
                   .arg(s.id, id.left(8), result.error().toString());
    }
    attachSome(s);
    Q_EMIT changed();
}

void SessionHolder::onEvent(const QString &id, const AgentEvent &event)
{
    Session *const session = find(id);
    if (!session)
        return;
    session->quietSince = m_clock.bootNow();
    const bool before = session->working;
    if (std::holds_alternative<SessionIdle>(event.data)
        || std::holds_alternative<SessionShutDown>(event.data))
        session->working = false;
    else if (std::holds_alternative<UserMessage>(event.data)
             || std::holds_alternative<TurnStarted>(event.data)
             || std::holds_alternative<MessageDelta>(event.data)
             || std::holds_alternative<ToolStarted>(event.data))
        session->working = true;
    if (session->working == before)
        return;
    const Server &s = server(session->backendId);
    if (before && s.backend) // while it works the scheduler reckons so itself
        session->counted =
            s.backend->sessionRules().activityInTurn(session->counted, session->quietSince);
    Q_EMIT changed();
}

void SessionHolder::onLost(const QString &id)
{
    Session *const session = find(id);
    if (!session || session->state != State::Attached)
        return;
    Server &s = server(session->backendId);
    qCWarning(lcKeepalive).noquote()
        << QStringLiteral("Held session was dropped by the server backend=%1 session=%2")
               .arg(s.id, id.left(8));
    s.touches->forget(id);
    if (m_clock.bootNow() - session->attachedAt >= SoonLost)
        session->losses = 0;
    session->state = ++session->losses < MostLosses ? State::Waiting : State::Failed;
    session->working = false;
    session->mayAttach = m_alone; // else the window finds out, too, and holds it again
    attachSome(s);
    Q_EMIT changed();
}

void SessionHolder::release(const QString &id)
{
    Session *const session = find(id);
    if (!session)
        return;
    Server &s = server(session->backendId);
    if (s.backend && session->state != State::Waiting && session->state != State::Failed)
        s.backend->unloadSession(id, this, [](const Result<Done> &) { });
    drop(id);
    attachSome(s);
    Q_EMIT changed();
}

void SessionHolder::drop(const QString &id)
{
    const auto it = m_sessions.find(id);
    if (const auto &touches = server(it->second->backendId).touches)
        touches->forget(id);
    m_sessions.erase(it);
}

void SessionHolder::forget(const QString &backendId)
{
    std::vector<QString> gone;
    for (const auto &[id, session] : m_sessions) {
        if (session->backendId == backendId)
            gone.push_back(id);
    }
    for (const QString &id : gone)
        drop(id);
    Q_EMIT changed();
}

void SessionHolder::setAlone(bool alone)
{
    if (m_alone == alone)
        return;
    m_alone = alone;
    if (!alone) {
        m_quiet.cancel();
        return;
    }
    for (const auto &[id, session] : m_sessions) {
        session->mayAttach = true;
        session->quietSince = m_clock.bootNow();
        session->askedAt = {};
    }
    for (const auto &[id, s] : m_servers)
        attachSome(*s);
    armQuiet();
}

// ---- alone: letting go

void SessionHolder::armQuiet()
{
    if (!m_alone)
        return;
    std::optional<Nanoseconds> due;
    for (const auto &[id, session] : m_sessions) {
        if (session->state != State::Attached)
            continue;
        const Nanoseconds at = std::max(session->quietSince, session->askedAt) + QuietFor;
        due = due ? std::min(*due, at) : at;
    }
    if (!due)
        return;
    // Those that are due in the next seconds go with the first.
    const auto delay = std::chrono::ceil<Milliseconds>(*due - m_clock.bootNow());
    m_quiet = m_clock.after(std::max(delay, Milliseconds(1'000)), [this] { askQuietOnes(); });
}

void SessionHolder::askQuietOnes()
{
    const Nanoseconds now = m_clock.bootNow();
    std::vector<QString> quiet;
    for (const auto &[id, session] : m_sessions) {
        if (session->state == State::Attached
            && now - std::max(session->quietSince, session->askedAt) >= QuietFor) {
            session->askedAt = now;
            quiet.push_back(id);
        }
    }
    for (const QString &id : quiet)
        letGoIfNothingToLose(id);
    armQuiet();
}

void SessionHolder::letGoIfNothingToLose(const QString &id)
{
    Session *const session = find(id);
    AgentBackend *const backend = session ? server(session->backendId).backend : nullptr;
    if (!backend)
        return;
    backend->sessionWork(
        id, this, [this, id, asked = m_clock.bootNow()](const Result<SessionWork> &answer) {
            Session *const there = find(id);
            if (!there || !m_alone || !answer || there->quietSince > asked)
                return;
            SessionWork work = *answer;
            const SessionKeeping &keeping = server(there->backendId).keeping;
            if (keeping.parkWithToolServers)
                work.toolServers = false;
            if (!work.known) {
                // An old server cannot say; then as long as a window would wait, and no turn known.
                const auto wait = keeping.parkAfter.value_or(Milliseconds::max());
                work.known = !there->working && asked - there->quietSince >= wait;
            }
            if (!work.nothingToLose())
                return;
            qCInfo(lcKeepalive).noquote()
                << QStringLiteral("Session let go: nothing to lose backend=%1 session=%2")
                       .arg(there->backendId, id.left(8));
            release(id);
        });
}

} // namespace pilotlight
