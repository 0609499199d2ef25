// SPDX-License-Identifier: MIT
// AppContext: taking settings and sessions in and out, and back to the defaults.
#include "app/wiring/appcontext.h"

#include "base/logging.h"

namespace pilotlight {

ProfileContent AppContext::profile() const
{
    ProfileContent content;
    content.settings = m_settingsStore.values();
    content.backends = m_backends.values();
    if (m_sessionStore)
        content.sessions = m_sessionStore->sessions();
    return content;
}

Result<QStringList> AppContext::backup(const QString &why)
{
    QStringList files{m_settingsStore.file(), m_backends.file()};
    if (m_sessionStore) {
        m_sessionStore->flush();
        files.append(m_sessionStore->path());
    }
    return backupFiles(files, why, m_clock.wallNow());
}

Result<QStringList> AppContext::importProfile(const ProfilePlan &plan)
{
    const Result<QStringList> copies = backup(QStringLiteral("before-import"));
    if (!copies)
        return copies;
    if (plan.result.settings)
        applySettings(*plan.result.settings); // says itself what it could not write
    std::optional<Error> problem;
    for (const BackendSettings &backend : plan.result.backends) {
        if (const Result<void> saved = setBackend(backend); !saved)
            problem = saved.error();
    }
    for (const StoredSession &session : plan.result.sessions) {
        if (!m_sessions->restore(session))
            continue;
        if (m_sessionStore)
            m_sessionStore->upsert(session);
    }
    if (m_sessionStore && !m_sessionStore->flush())
        problem = Error{ErrorCode::StorageFailed, m_sessionStore->path(), {}};
    qCInfo(lcStore).noquote() << QStringLiteral("imported settings=%1 servers=%2 sessions=%3")
                                     .arg(plan.result.settings ? 1 : 0)
                                     .arg(plan.result.backends.size())
                                     .arg(plan.result.sessions.size());
    if (problem)
        return tl::make_unexpected(*problem);
    return copies;
}

Result<QStringList> AppContext::resetSettings(bool servers)
{
    const Result<QStringList> copies = backup(QStringLiteral("before-reset"));
    if (!copies)
        return copies;
    const AppSettings here = m_settingsStore.values();
    AppSettings defaults;
    defaults.windowGeometry = here.windowGeometry;
    defaults.windowState = here.windowState;
    defaults.splitterState = here.splitterState;
    defaults.currentSession = here.currentSession;
    applySettings(defaults);
    std::optional<Error> problem;
    const auto note = [&problem](const Result<void> &done) {
        if (!done)
            problem = done.error();
    };
    const QList<BackendSettings> backends = m_backends.values();
    for (const BackendSettings &backend : backends) {
        if (backend.id == DefaultBackendId) {
            BackendSettings plain;
            plain.id = DefaultBackendId;
            note(setBackend(plain));
        } else if (servers) {
            note(removeBackend(backend.id));
        }
    }
    qCInfo(lcStore).noquote() << QStringLiteral("settings reset servers=%1").arg(servers);
    if (problem)
        return tl::make_unexpected(*problem);
    return copies;
}

} // namespace pilotlight
