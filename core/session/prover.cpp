// SPDX-License-Identifier: MIT
#include "session/prover.h"

#include "base/logging.h"
#include "base/random.h"
#include "session/verdictstore.h"

#include <algorithm>

namespace pilotlight {

namespace {

using namespace Qt::Literals::StringLiterals;

constexpr Milliseconds LongestInterval{60'000};
constexpr Milliseconds ShortestInterval{1'000};

Milliseconds intervalOf(const ProverOptions &options)
{
    return options.interval > Milliseconds(0)
        ? options.interval
        : std::clamp(options.limit / 12, ShortestInterval, LongestInterval);
}

Milliseconds since(Nanoseconds start, Nanoseconds now)
{
    return std::chrono::duration_cast<Milliseconds>(now - start);
}

//! Nobody listens at the discard port of the server's own machine.
ProviderConfig nowhere()
{
    return {u"openai"_s, u"completions"_s, u"http://127.0.0.1:9/v1"_s,
            Secret(QByteArrayLiteral("no-key-at-all"))};
}

} // namespace

Prover::Prover(AgentBackend &backend, ProverOptions options, VerdictStore *store, Clock &clock,
               Random &random, QObject *parent)
    : QObject(parent)
    , m_backend(&backend)
    , m_options(options)
    , m_interval(intervalOf(options))
    , m_lookEvery(std::clamp(m_interval / 4, Milliseconds(250), Milliseconds(15'000)))
    , m_store(store)
    , m_clock(clock)
    , m_version(backend.info().version)
{
    // The untouched one is the youngest: when it is gone, the age of the others cannot be why they
    // are still there.
    const QString name = QString::fromLatin1(random.hex(8));
    for (const KeepMethod method : {KeepMethod::Resume, KeepMethod::Log, KeepMethod::Read,
                                    KeepMethod::Ping, KeepMethod::None}) {
        Canary canary;
        canary.method = method;
        canary.seen.method = method;
        canary.config.id = u"pilotlight-canary-%1-%2"_s.arg(name, keepMethodName(method));
        canary.config.model = u"none"_s;
        canary.config.provider = nowhere();
        m_canaries.push_back(std::move(canary));
    }
    connect(&backend, &QObject::destroyed, this, &Prover::backendGone);
}

Prover::~Prover() = default;

Prover::Canary &Prover::of(KeepMethod method)
{
    return *std::find_if(m_canaries.begin(), m_canaries.end(),
                         [&](const Canary &canary) { return canary.method == method; });
}

Milliseconds Prover::age(const Canary &canary) const
{
    return since(*canary.made, m_clock.now());
}

// ---- canaries ----

void Prover::start()
{
    if (m_state != State::Ready)
        return;
    m_state = State::Creating;
    m_started = m_clock.now();
    qCInfo(lcKeepalive).noquote() << u"Proof begins version=%1 interval=%2ms limit=%3ms"_s
                                         .arg(m_version)
                                         .arg(m_interval.count())
                                         .arg(m_options.limit.count());
    if (m_store) {
        QStringList ids;
        for (const Canary &canary : m_canaries)
            ids.append(canary.config.id);
        // A minute for making and deleting them: until then they are nobody else's to delete.
        const Milliseconds longest = m_options.limit + LongestInterval;
        m_store->addCanaries(ids, m_clock.wallNow().addMSecs(longest.count()));
    }
    createNext();
}

void Prover::createNext()
{
    if (m_creating == m_canaries.size()) {
        m_state = State::Watching;
        m_nextRequests = m_clock.now() + m_interval;
        m_timer = m_clock.after(m_lookEvery, [this] { tick(); });
        Q_EMIT progressed();
        return;
    }
    m_backend->createSession(m_canaries[m_creating].config, this,
                             [this](const Result<Done> &result) {
                                 if (m_state == State::Done)
                                     return;
                                 Canary &canary = m_canaries[m_creating++];
                                 if (result) {
                                     canary.onServer = true;
                                     canary.made = m_clock.now();
                                 }
                                 if (m_state == State::Cleaning) {
                                     clean(); // cancelled meanwhile
                                     return;
                                 }
                                 if (!result) {
                                     m_error = result.error();
                                     end(End::CreateFailed);
                                     return;
                                 }
                                 createNext();
                             });
}

// ---- watching ----

void Prover::tick()
{
    m_timer = m_clock.after(m_lookEvery, [this] { tick(); });
    if (m_clock.now() >= m_nextRequests) {
        m_nextRequests = m_clock.now() + m_interval;
        requestsDue();
    }
    if (m_state != State::Watching || m_looks > 0)
        return;
    const bool over = since(m_started, m_clock.now()) >= m_options.limit;
    const bool readsCountNot = of(KeepMethod::Read).seen.died.has_value();
    // What is seen now was asked for after the untouched one had died.
    m_lastRound = over || of(KeepMethod::None).seen.died.has_value();
    m_looks = 1; // until all are sent: some answer at once
    for (Canary &canary : m_canaries) {
        if (m_state != State::Watching)
            break;
        if (!canary.seen.died && (over || readsCountNot || canary.method == KeepMethod::Read))
            look(canary);
    }
    --m_looks;
    judge();
}

void Prover::requestsDue()
{
    if (!m_pinging) {
        m_pinging = true;
        ProbeRequest ping;
        ping.timeout = m_options.timeout;
        m_backend->probe(ping, this, [this](const ProbeResult &result) {
            m_pinging = false;
            // Pings of the connection's own loop are as good, but they are not counted here.
            of(KeepMethod::Ping).seen.requests += result.outcome == ProbeResult::Outcome::Ok;
        });
    }
    for (Canary &canary : m_canaries) {
        const auto strategy = touchStrategyOf(canary.method);
        if (strategy && m_state == State::Watching && !canary.seen.died && !canary.unsupported)
            touch(canary, *strategy);
    }
}

void Prover::touch(Canary &canary, TouchStrategy strategy)
{
    m_backend->touchSession(canary.config, strategy, m_options.timeout, this,
                            [this, &canary](const TouchResult &result) {
                                if (m_state != State::Watching)
                                    return;
                                if (result.isOk()) {
                                    ++canary.seen.requests;
                                    saw(canary, true);
                                } else if (result.sessionNotFound) {
                                    saw(canary, false);
                                } else if (result.probe.outcome
                                           == ProbeResult::Outcome::Unsupported) {
                                    canary.unsupported = true;
                                }
                            });
}

void Prover::look(Canary &canary)
{
    ++m_looks;
    m_backend->checkSession(canary.config.id, m_options.timeout, this,
                            [this, &canary](const TouchResult &result) {
                                --m_looks;
                                looked(canary, result);
                            });
}

void Prover::looked(Canary &canary, const TouchResult &result)
{
    if (m_state != State::Watching)
        return;
    if (result.isOk()) {
        canary.seen.requests += canary.method == KeepMethod::Read;
        saw(canary, true);
    } else if (result.sessionNotFound) {
        saw(canary, false);
    }
    judge();
}

void Prover::saw(Canary &canary, bool alive)
{
    if (canary.seen.died)
        return;
    if (alive) {
        canary.seen.alive = age(canary);
        return;
    }
    canary.seen.died = age(canary);
    qCInfo(lcKeepalive).noquote() << u"Canary died version=%1 method=%2 after=%3ms requests=%4"_s
                                         .arg(m_version, keepMethodName(canary.method))
                                         .arg(canary.seen.died->count())
                                         .arg(canary.seen.requests);
    Q_EMIT progressed();
}

//! Ends the watch where the last round is in.
void Prover::judge()
{
    if (m_state != State::Watching || m_looks > 0 || !m_lastRound)
        return;
    end(of(KeepMethod::None).seen.died ? End::Decided : End::LimitReached);
}

ServerVerdict Prover::verdict() const
{
    ServerVerdict verdict;
    verdict.version = m_version;
    verdict.when = m_clock.wallNow();
    verdict.took = m_state == State::Ready ? Milliseconds(0) : since(m_started, m_clock.now());
    verdict.interval = m_interval;
    bool controlDied = false;
    for (const Canary &canary : m_canaries)
        controlDied = controlDied || (canary.method == KeepMethod::None && canary.seen.died);
    for (const Canary &canary : m_canaries) {
        MethodVerdict seen = canary.seen;
        if (!canary.made)
            seen.code = u"create-failed"_s;
        else if (canary.unsupported)
            seen.code = u"unsupported"_s;
        else if (canary.method != KeepMethod::None && seen.requests == 0)
            seen.code = u"unanswered"_s;
        else if (seen.died)
            seen.answer = MethodVerdict::Answer::DoesNot;
        else if (m_end == End::Decided && controlDied)
            seen.answer = MethodVerdict::Answer::KeepsAlive;
        else if (m_state != State::Cleaning && m_state != State::Done)
            seen.code = u"watching"_s;
        else
            seen.code = m_end == End::LimitReached ? u"not-expired"_s : u"ended"_s;
        verdict.methods.append(seen);
    }
    return verdict;
}

// ---- the end ----

void Prover::cancel()
{
    if (m_state == State::Ready || m_state == State::Creating || m_state == State::Watching)
        end(End::Cancelled);
}

void Prover::backendGone()
{
    if (m_state == State::Done)
        return;
    m_timer.cancel();
    m_backend = nullptr;
    if (m_state != State::Cleaning) // else it had its end, and only leaves canaries behind
        m_end = End::ConnectionLost;
    finish();
}

void Prover::end(End end)
{
    m_timer.cancel();
    m_end = end;
    const bool creating =
        m_state == State::Creating && m_creating < m_canaries.size() && end == End::Cancelled;
    m_state = State::Cleaning;
    if (!creating) // else the create in flight has to end first
        clean();
}

void Prover::clean()
{
    m_cleaning = 1;
    const auto deleted = [this] {
        if (--m_cleaning == 0)
            finish();
    };
    for (Canary &canary : m_canaries) {
        if (!canary.onServer)
            continue;
        ++m_cleaning;
        const auto answered = [&canary, deleted](const Result<Done> &result) {
            if (!result)
                qCWarning(lcKeepalive).noquote()
                    << "canary not deleted:" << result.error().toString();
            else
                canary.onServer = false;
            deleted();
        };
        const auto remove = [this, &canary, answered](const Result<Done> &) {
            if (m_backend)
                m_backend->deleteSession(canary.config.id, this, answered);
        };
        // Servers up to 1.0.40 refuse to delete what never had a prompt, and leave it loaded. One
        // after the other: 1.0.102 does not find what it is just unloading, and its folder stays.
        if (canary.seen.died)
            remove(Done{});
        else
            m_backend->unloadSession(canary.config.id, this, remove);
    }
    deleted();
}

void Prover::finish()
{
    if (m_state == State::Done)
        return;
    const ServerVerdict result = verdict();
    m_state = State::Done;
    if (m_store) {
        QStringList deleted;
        QStringList left;
        for (const Canary &canary : m_canaries)
            (canary.onServer ? left : deleted).append(canary.config.id);
        m_store->removeCanaries(deleted);
        if (!left.isEmpty())
            m_store->addCanaries(left, m_clock.wallNow()); // for whoever is connected next
        if (result.isDecided())
            m_store->save(result);
    }
    qCInfo(lcKeepalive).noquote() << u"Proof ends version=%1 decided=%2 took=%3ms"_s.arg(m_version)
                                         .arg(result.isDecided() ? u"yes"_s : u"no"_s)
                                         .arg(result.took.count());
    Q_EMIT finished(m_end, result);
}

void Prover::deleteLeftovers(AgentBackend &backend, VerdictStore &store)
{
    const QStringList ids = store.leftovers();
    for (const QString &id : ids) {
        backend.deleteSession(id, &store, [&store, id](const Result<Done> &result) {
            if (result)
                store.removeCanaries({id});
        });
    }
}

} // namespace pilotlight
