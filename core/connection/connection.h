// SPDX-License-Identifier: MIT
#pragma once

#include "agent/backend.h"
#include "connection/status.h"

#include <QObject>

#include <functional>
#include <memory>

namespace pilotlight {

class AgentBackend;
class ConnectionMachine;
class Peer;
class Random;
class ServerHost;
class Transport;
struct ServerEndpoint;

//! What a connection is made with; the tests give fakes.
struct ConnectionParts
{
    //! The detached local server; null where the mode never needs one.
    std::function<std::unique_ptr<ServerHost>(const ConnectionConfig &)> makeServerHost;
    //! A transport to a server that listens at \a endpoint, or for the mode's own way (stdio child,
    //! URL) where it is null. Null with a reason where the configuration makes no sense.
    std::function<Result<std::unique_ptr<Transport>>(const ConnectionConfig &, ConnectionMode,
                                                     const ServerEndpoint *endpoint)>
        makeTransport;
    std::function<std::unique_ptr<Backend>(const ConnectionConfig &, Peer &, Clock &)> makeBackend;
};

//! The life of the connection to one server: a table of states and events (docs/architecture.md).
//! The keepalive loop is a member of the Online state, so it runs exactly while a live server is
//! connected; there is nothing to start or stop by hand.
class Connection : public QObject
{
    Q_OBJECT
public:
    Connection(ConnectionConfig config, ConnectionParts parts, Clock &clock, Random &random,
               QObject *parent = nullptr);
    //! Leaves the state it is in, as dispose() does. Not from a slot of its own signals: use
    //! deleteLater().
    ~Connection() override;

    const ConnectionConfig &config() const;
    ConnectionStatus status() const;
    //! Of Online, else null. Never keep it over a statusChanged().
    Backend *backend() const;
    //! The same where the server runs agent sessions, else null.
    AgentBackend *agentBackend() const;

    // Events. All are queued and run to completion; none blocks, none fails.
    void connectToServer(); //!< wanted: go online and stay there
    void disconnectFromServer(); //!< not wanted: Idle; a detached server goes on running
    void reconnect(); //!< a new connection to the same server, now
    void restartServer(); //!< a new server process (where it is ours), then online
    //! Also changes the mode. What needs no new connection (the name, the keepalive) gets none.
    void reconfigure(const ConnectionConfig &config);
    //! Other values for the keepalive, at once and without a new connection.
    void setKeepalive(const EffectiveKeepalive &keepalive);
    //! One keepalive probe out of turn. Where there is no connection: an attempt to connect, now.
    void probeNow(ProbeTrigger trigger = ProbeTrigger::Manual);
    //! Asks the server anew who is signed in; the status has the answer. Only while online.
    void checkSignIn();
    //! The machine is about to sleep: a probe in flight is cancelled, which is no failure.
    void prepareForSleep();
    //! It has woken: one health check now, whatever the breaker says; for 10 s, in which the
    //! network may come back, no failure is charged. Also without prepareForSleep().
    void wake();
    //! Final: stops everything; \a stopServer also ends a local server.
    void dispose(bool stopServer = false);

Q_SIGNALS:
    //! The backend is about to go; last chance to let go of it.
    void backendAboutToGo();
    //! The phase changed; emitted last, when everything is in place.
    void phaseChanged(pilotlight::Phase phase);
    void statusChanged();
    //! Something that people should read ("Local server not available, using an embedded one").
    void notice(const QString &code, const QString &detail);
    //! A keepalive probe ended.
    void probed(const pilotlight::ProbeResult &result);
    //! What happened to a keepalive probe, for those who count.
    void probeEvent(const pilotlight::ProbeEvent &event);

private:
    friend class ConnectionMachine; // emits for it
    std::unique_ptr<ConnectionMachine> m_machine;
};

} // namespace pilotlight
