// SPDX-License-Identifier: MIT
#include "session/sessionmanager_p.h"

#include "base/logging.h"
#include "base/random.h"
#include "session/outbox.h"
#include "session/secretstore.h"
#include "session/sessionstore.h"
#include "session/transcriptstore.h"

#include <QUuid>

#include <algorithm>

namespace pilotlight {

namespace {

QString secretName(const QString &id)
{
    return QStringLiteral("provider/") + id;
}

} // namespace

SessionManager::SessionManager(SessionStore *store, Clock &clock, Random &random, QObject *parent)
    : QObject(parent)
    , m_store(store)
    , m_clock(clock)
    , m_random(random)
{
    setOutbox(nullptr);
}

SessionManager::~SessionManager()
{
    // Their last words still find the sessions.
    for (const auto &[id, s] : m_servers) {
        if (const std::unique_ptr<Online> before = std::move(s->online))
            before->touches.reset();
    }
}

void SessionManager::setSecretStore(SecretStore *secrets)
{
    m_secrets = secrets;
}

void SessionManager::load()
{
    m_outbox->load();
    if (!m_store)
        return;
    for (const StoredSession &stored : m_store->load())
        restore(stored);
}

void SessionManager::changeStore(SessionStore *store, Outbox *outbox, TranscriptStore *transcripts)
{
    while (!m_sessions.empty())
        drop(*m_sessions.back());
    m_store = store;
    setOutbox(outbox);
    m_transcripts = transcripts;
    load();
}

Session *SessionManager::restore(const StoredSession &stored)
{
    if (stored.config.id.isEmpty() || find(stored.config.id))
        return nullptr;
    Session *session = add(stored.config, stored.backendId);
    session->m_parkPolicy = stored.parkPolicy;
    if (stored.parked && stored.parkPolicy == ParkPolicy::Auto)
        session->m_state = Session::State::Parked;
    if (stored.created.isValid())
        session->m_created = stored.created;
    if (stored.lastActivity.isValid())
        session->m_lastActivity = stored.lastActivity;
    session->m_durable = stored.durable;
    session->m_draft = stored.draft;
    session->m_title = stored.title;
    restorePrompts(*session, stored.queue);
    if (session->m_config.provider && session->m_config.provider->apiKey.isEmpty() && m_secrets) {
        session->m_work.secretMissing = true;
        m_secrets->read(secretName(session->id()), session,
                        [this, session](const Result<Secret> &secret) {
                            session->m_work.secretMissing = false;
                            if (secret && session->m_config.provider)
                                session->m_config.provider->apiKey = *secret;
                            attachSome();
                        });
    }
    Q_EMIT sessionAdded(session);
    attachSome();
    return session;
}

Session *SessionManager::add(SessionConfig config, const QString &backendId)
{
    if (config.id.isEmpty()) {
        const QByteArray bytes = QByteArray::fromHex(m_random.hex(16));
        config.id = QUuid::fromRfc4122(bytes).toString(QUuid::WithoutBraces);
    }
    auto owned = std::unique_ptr<Session>(new Session(std::move(config), nullptr));
    Session *session = owned.get();
    session->m_backendId = backendId.isEmpty() ? defaultBackendId() : backendId;
    session->m_work.quietSince = m_clock.bootNow();
    session->m_created = m_clock.wallNow();
    session->m_lastActivity = session->m_created;
    m_sessions.push_back(std::move(owned));
    m_byId.insert(session->id(), session);
    connect(&session->m_transcript, &Transcript::activityChanged, session,
            [this, session] { changed(*session); });
    connect(&session->m_transcript, &Transcript::infoChanged, session,
            [this, session] { changed(*session); });
    return session;
}

Session *SessionManager::find(const QString &id) const
{
    return m_byId.value(id);
}

// ---- the user's other wishes

Session *SessionManager::create(SessionConfig config, const QString &backendId)
{
    Session *session = add(std::move(config), backendId);
    if (m_secrets && session->m_config.provider) {
        m_secrets->write(secretName(session->id()), session->m_config.provider->apiKey, session,
                         reporter(session->id(), QStringLiteral("store-key")));
    }
    persist(*session);
    if (m_store)
        m_store->flush(); // the server will have it in a moment: nobody else knows its settings
    Q_EMIT sessionAdded(session);
    attachSome();
    return session;
}

Session *SessionManager::adopt(const SessionSummary &summary, const QString &backendId)
{
    if (Session *known = find(summary.id))
        return known;
    SessionConfig config;
    config.id = summary.id;
    config.name = summary.name;
    config.workingDirectory = summary.workingDirectory;
    Session *session = add(std::move(config), backendId);
    session->m_durable = true;
    if (summary.started.isValid())
        session->m_created = summary.started;
    if (summary.modified.isValid())
        session->m_lastActivity = summary.modified;
    persist(*session);
    Q_EMIT sessionAdded(session);
    attachSome();
    return session;
}

void SessionManager::close(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    AgentBackend *backend = backendOf(*session);
    if (backend && isOpen(session->m_state))
        backend->unloadSession(id, this, reporter(id, QStringLiteral("close")));
    forget(id);
}

void SessionManager::remove(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    AgentBackend *backend = backendOf(*session);
    if (!session->m_durable && !backend) { // nothing of it exists anywhere else
        forget(id);
        return;
    }
    if (!backend) {
        Q_EMIT requestFailed(id, QStringLiteral("delete"), {ErrorCode::ConnectionLost, {}, {}});
        return;
    }
    backend->deleteSession(id, session, [this, id](const Result<Done> &result) {
        if (result || result.error().code == ErrorCode::SessionNotFound)
            forget(id);
        else
            Q_EMIT requestFailed(id, QStringLiteral("delete"), result.error());
    });
}

void SessionManager::forget(const QString &id)
{
    Session *session = find(id);
    if (!session)
        return;
    const bool hasKey = session->m_config.provider.has_value();
    forgetPrompts(*session);
    drop(*session);
    if (m_store)
        m_store->remove(id);
    if (m_transcripts)
        m_transcripts->remove(id);
    if (m_secrets && hasKey)
        m_secrets->remove(secretName(id), this, [](const Result<Done> &) { });
}

void SessionManager::drop(Session &session)
{
    Q_EMIT sessionAboutToBeRemoved(&session);
    if (m_visible == session.id())
        m_visible.clear();
    const auto it = std::find_if(m_sessions.begin(), m_sessions.end(),
                                 [&](const auto &owned) { return owned.get() == &session; });
    if (it == m_sessions.end())
        return;
    if (Online *o = online(session)) {
        o->touches->forget(session.id());
        o->watch->forget(session.id());
    }
    // An answer of the backend may be what brought us here, from inside one of its handlers.
    it->release()->deleteLater();
    m_sessions.erase(it);
    m_byId.remove(session.id());
    session.m_work.gone = true;
    session.m_work.settling.clear();
    session.disconnect();
    session.m_transcript.disconnect();
}

void SessionManager::setDraft(const QString &id, const QString &text)
{
    Session *session = find(id);
    if (!session || session->m_draft == text)
        return;
    session->m_draft = text;
    persist(*session);
    Q_EMIT session->draftChanged();
}

void SessionManager::setVisible(const QString &id)
{
    if (Session *before = find(m_visible); before && m_visible != id)
        used(*before); // it was looked at until now
    m_visible = id;
    Session *session = find(id);
    if (session) {
        used(*session);
        showKept(*session);
    }
    if (session && session->m_unread) {
        session->m_unread = 0;
        changed(*session);
    }
    unpark(id);
    for (const auto &[backendId, s] : m_servers)
        armParking(*s);
    attachSome();
}

void SessionManager::listServerSessions(QObject *context, Handler<QList<SessionSummary>> handler,
                                        const QString &backendId)
{
    if (AgentBackend *there = backend(backendId))
        there->listSessions(context, std::move(handler));
    else
        handler(QList<SessionSummary>());
}

// ---- helpers

DoneHandler SessionManager::reporter(const QString &id, const QString &what)
{
    return [this, id, what](const Result<Done> &result) {
        if (!result && result.error().code != ErrorCode::Cancelled)
            Q_EMIT requestFailed(id, what, result.error());
    };
}

void SessionManager::setState(Session &session, Session::State state)
{
    if (session.m_state == state)
        return;
    const bool wasOpen = isOpen(session.m_state);
    session.m_state = state;
    if (isOpen(state))
        session.m_error = {};
    session.m_stuck = false;
    session.m_work.readingEnd = false;
    if (Online *o = online(session)) {
        if (isOpen(state)) {
            o->touches->watch(session.id());
            o->watch->watch(session.id(), session.m_durable || session.m_work.fateOpen);
            armParking(server(session.backendId()));
        } else if (wasOpen) {
            o->touches->forget(session.id());
            o->watch->forget(session.id());
        }
    }
    changed(session);
}

void SessionManager::changed(Session &session)
{
    if (Online *o = online(session))
        o->watch->update(session.id());
    Q_EMIT session.changed();
    Q_EMIT sessionChanged(&session);
}

void SessionManager::persist(const Session &session)
{
    if (!m_store)
        return;
    StoredSession stored;
    stored.config = session.m_config;
    stored.created = session.m_created;
    stored.lastActivity = session.m_lastActivity;
    stored.durable = session.m_durable;
    stored.draft = session.m_draft;
    stored.title = session.m_config.name.isEmpty() ? session.displayName() : QString();
    stored.backendId = session.m_backendId;
    stored.parkPolicy = session.m_parkPolicy;
    stored.parked = session.m_state == Session::State::Parked;
    m_store->upsert(stored);
}

} // namespace pilotlight
