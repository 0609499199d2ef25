// SPDX-License-Identifier: MIT
#pragma once

#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QHash>
#include <QSet>

#include <optional>

namespace pilotlight {

//! A server with the reaper of the real ones behind a FakeBackend: it keeps a time of last activity
//! per session, looks at it every 300 s, and drops what was idle for longer than its limit without
//! a word. What counts as activity is what was measured (docs/keepalive.md).
class ReaperServer
{
public:
    ReaperServer(FakeClock &clock, FakeBackend &backend, std::optional<Milliseconds> limit)
        : m_clock(clock)
        , m_backend(backend)
        , m_limit(limit)
    {
        m_backend.autoAnswer = true;
        m_backend.keepCalls = false;
        m_backend.judge = [this](const FakeBackend::Call &call) { return answer(call); };
        look();
    }
    ~ReaperServer() { m_backend.judge = {}; }
    ReaperServer(const ReaperServer &) = delete;
    ReaperServer &operator=(const ReaperServer &) = delete;

    bool logCounts = true; //!< from 1.0.69 on
    bool busyIsActive = true; //!< from 1.0.40 on
    bool sleepsAlong = true; //!< it runs on the machine that is suspended
    QSet<QString> busy; //!< sessions with a turn in progress
    std::function<std::optional<Error>(const FakeBackend::Call &)> fault; //!< before all else

    QStringList dead; //!< in the order of their deaths
    int touches = 0;
    int promptsToDead = 0;
    std::optional<Nanoseconds> lastTouch; //!< on now()
    Milliseconds closestTouches{1'000'000}; //!< the shortest time between two
    bool isLoaded(const QString &id) const { return m_active.contains(id); }
    int loaded() const { return static_cast<int>(m_active.size()); }
    void kill(const QString &id) { m_active.remove(id); }

private:
    Nanoseconds now() const { return sleepsAlong ? m_clock.now() : m_clock.bootNow(); }

    void look()
    {
        const QStringList ids = m_active.keys();
        for (const QString &id : ids) {
            // The end of a turn is no activity: what counts is the last look that found it running.
            if (busyIsActive && busy.contains(id))
                m_active[id] = now();
            if (m_limit && now() - m_active.value(id) > *m_limit) {
                m_active.remove(id);
                dead.append(id);
            }
        }
        m_timer = m_clock.after(std::chrono::seconds(300), [this] { look(); });
    }

    std::optional<Error> answer(const FakeBackend::Call &call)
    {
        if (fault) {
            if (const auto error = fault(call))
                return error;
        }
        const QString &id = call.sessionId;
        const bool there = m_active.contains(id);
        const std::optional<Error> notFound =
            there ? std::nullopt : std::optional(Error{ErrorCode::SessionNotFound, {}, {}});
        if (call.method == QLatin1String("createSession")
            || call.method == QLatin1String("resumeSession")) {
            m_active[id] = now();
            return std::nullopt;
        }
        if (call.method == QLatin1String("touchSession")) {
            ++touches;
            if (lastTouch)
                closestTouches =
                    std::min(closestTouches,
                             std::chrono::duration_cast<Milliseconds>(m_clock.now() - *lastTouch));
            lastTouch = m_clock.now();
            if (there && (call.strategy == TouchStrategy::ResumeSilent || logCounts))
                m_active[id] = now();
            return notFound;
        }
        if (call.method == QLatin1String("send")) {
            promptsToDead += there ? 0 : 1;
            if (there)
                m_active[id] = now();
            return notFound;
        }
        if (call.method == QLatin1String("unloadSession")) {
            m_active.remove(id);
            return std::nullopt;
        }
        if (call.method == QLatin1String("checkSession")
            || call.method == QLatin1String("sessionWork") || call.method == QLatin1String("abort"))
            return notFound;
        return std::nullopt;
    }

    FakeClock &m_clock;
    FakeBackend &m_backend;
    const std::optional<Milliseconds> m_limit;
    QHash<QString, Nanoseconds> m_active;
    TimerHandle m_timer;
};

} // namespace pilotlight
