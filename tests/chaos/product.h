// SPDX-License-Identifier: MIT
#pragma once

#include "app/wiring/wakecheck.h"
#include "base/paths.h"
#include "connection/sleepmonitor.h"
#include "session/outbox.h"
#include "session/secretstore.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "session/transcriptstore.h"
#include "support/faultproxy.h"
#include "support/scaledclock.h"

#include <memory>
#include <vector>

namespace pilotlight::chaos {

//! One server of the run: its folder, its program, and the proxy in front of it. Outlives the
//! product, as a server does.
struct Host
{
    QString id;
    QString folder;
    AppPaths paths;
    QString home; //!< HOME of everything that runs for it
    QString stateFolder; //!< where its server keeps histories: <this>/session-state/<id>/
    QString script; //!< starts it, with what `flags` and `fail` beside it say
    std::unique_ptr<FaultProxy> proxy;
    // Of the server that the product talks to.
    qint64 pid = 0; //!< 0: none, or one that the product keeps to itself
    quint16 port = 0;
    Secret token;

    //! Command line arguments of the next server.
    void setFlags(const QByteArray &flags) const;
    //! The next start fails as with a port that is taken.
    void failNextStart() const;
};

//! What the whole run shares.
struct World
{
    explicit World(int scale, quint64 seed)
        : clock(scale)
        , random(seed)
        , secrets(makeMemorySecretStore())
    { }

    ScaledClock clock;
    SeededRandom random;
    std::unique_ptr<SecretStore> secrets;
    QString folder; //!< of sessions.json and outbox.jsonl
    std::vector<std::unique_ptr<Host>> hosts;
    std::optional<IdleLimit> idleLimit; //!< of the servers, on the clock

    Host *host(const QString &id) const;
};

//! The product's core, put together as app/wiring/appcontext.cpp does it, with several local
//! servers instead of one and a fault proxy before each.
class Product : public QObject
{
    Q_OBJECT
public:
    explicit Product(World &world);
    //! In order, with everything flushed.
    ~Product() override;

    SessionManager &sessions() { return *m_sessions; }
    ConnectionManager &connections() { return *m_connections; }
    Outbox &outbox() { return *m_outbox; }
    //! Notices by code.
    const QMap<QString, int> &notices() const { return m_notices; }

    //! The machine sleeps for \a span; \a announced: it said so before.
    void sleep(Milliseconds span, bool announced);
    //! Ends all connections and their servers; gone() follows.
    void shutDown();
    bool isShutDown() const;

    //! As kill -9 does it: the files stay as they are, whatever \a product would still have
    //! written.
    static void kill(std::unique_ptr<Product> &product);

private:
    ConnectionParts parts();
    Result<std::unique_ptr<Transport>> transport(const ConnectionConfig &config,
                                                 ConnectionMode mode,
                                                 const ServerEndpoint *endpoint);

    World &m_world;
    std::unique_ptr<SessionStore> m_store;
    std::unique_ptr<Outbox> m_outbox;
    std::unique_ptr<TranscriptStore> m_transcripts;
    std::unique_ptr<SessionManager> m_sessions;
    std::unique_ptr<ConnectionManager> m_connections;
    std::unique_ptr<WakeCheck> m_wakeCheck;
    std::unique_ptr<SleepMonitor> m_sleep;
    std::vector<ConnectionLease> m_leases;
    QMap<QString, int> m_notices;
};

} // namespace pilotlight::chaos
