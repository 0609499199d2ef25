// SPDX-License-Identifier: MIT
#pragma once

#include "base/random.h"
#include "base/systemclock.h"
#include "connection/connection.h"
#include "support/protocolclient.h"
#include "support/realserver.h"

#include <memory>

namespace pilotlight {

//! A real server whose clock runs faster, with sessions on it that a connection of our core made
//! and holds, and an observer that is attached to none of them.
class AcceleratedServer
{
public:
    AcceleratedServer(RealServer::Version version, int factor, QStringList arguments);
    ~AcceleratedServer();

    //! Server, connection and observer; false where one does not come up.
    bool start();
    quint16 port() const { return m_server.port(); }
    QString home() const { return m_server.home(); }
    //! As it says itself.
    QString reportedVersion() const;
    //! The server's own clock, milliseconds.
    qint64 serverTime();
    //! Requests that its stub model ever got.
    int modelRequests();
    //! For pilotlightctl --provider.
    QString providerFile() const { return home() + QStringLiteral("/provider.json"); }
    //! The same for our core.
    ProviderConfig provider() const;

    //! A session that has had one short turn.
    bool addSession(const QString &id);
    //! A session in the middle of a turn with this prompt.
    bool addBusySession(const QString &id, const QString &prompt);
    const QStringList &sessions() const { return m_sessions; }
    //! Loads it again, should a slow machine have let it pass its idle limit.
    bool resume(const QString &id);
    //! The connection that made the sessions ends.
    void letGo();
    //! Pings on that connection now. By itself it lets pings wait while the busy session talks.
    void ping() { m_connection->probeNow(); }
    //! Of that connection.
    KeepaliveStatus keepalive() const { return m_connection->status().keepalive; }
    ProtocolClient &observer() { return *m_observer; }

    //! Ends all of it; false where a process is left.
    bool stop();
    QByteArray output() const { return m_server.output() + m_problem.toUtf8(); }

private:
    SessionConfig config(const QString &id) const;
    bool create(const QString &id);
    bool prompt(const QString &id, const QString &text);

    const RealServer::Version m_version;
    const int m_factor;
    const QStringList m_arguments;
    SystemClock m_clock;
    SystemRandom m_random;
    RealServer m_server;
    std::unique_ptr<Connection> m_connection;
    std::unique_ptr<ProtocolClient> m_observer;
    QStringList m_sessions;
    QMap<QString, int> m_idle; //!< by session: turns that ended
    QMap<QString, int> m_text; //!< by session: pieces of text that came
    QString m_problem;
};

} // namespace pilotlight
