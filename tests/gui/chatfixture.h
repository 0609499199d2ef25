// SPDX-License-Identifier: MIT
#pragma once

#include "base/random.h"
#include "session/sessionmanager.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QApplication>

namespace pilotlight {

//! A manager on a fake backend that is online.
struct ChatFixture
{
    FakeClock clock;
    SystemRandom random;
    SessionManager manager{nullptr, clock, random};
    std::unique_ptr<FakeBackend> backend;

    explicit ChatFixture(bool online = true)
    {
        if (online)
            goOnline();
    }
    ~ChatFixture() { manager.setBackend(nullptr); }
    void goOnline()
    {
        backend = std::make_unique<FakeBackend>();
        manager.setBackend(backend.get());
    }
    //! A session; with a backend it is attached.
    Session *add(const QString &name, const QString &folder = QStringLiteral("/tmp"))
    {
        SessionConfig config;
        config.name = name;
        config.workingDirectory = folder;
        config.model = QStringLiteral("gpt-5.1");
        Session *session = manager.create(config);
        settle();
        return session;
    }
    void settle()
    {
        for (int i = 0; i < 20 && backend && backend->waiting() > 0; ++i) {
            backend->succeedAll();
            clock.advance(Milliseconds(0));
        }
    }
    void play(const Session *session, const QList<AgentEvent> &events)
    {
        for (const AgentEvent &event : events)
            Q_EMIT backend->sessionEvent(session->id(), event);
    }
};

} // namespace pilotlight
