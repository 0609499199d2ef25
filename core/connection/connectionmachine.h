// SPDX-License-Identifier: MIT
#pragma once

#include "connection/backoff.h"
#include "connection/connection.h"
#include "connection/keepaliveloop.h"
#include "connection/restartbudget.h"
#include "rpc/peer.h"
#include "server/serverhost.h"

#include <deque>
#include <memory>
#include <variant>

namespace pilotlight {

//! The table of states and events behind Connection. What a state needs lives in the state: the
//! keepalive loop, the backend and the peer are gone when it is left, in that order.
class ConnectionMachine
{
public:
    ConnectionMachine(Connection &owner, ConnectionConfig config, ConnectionParts parts,
                      Clock &clock, Random &random);
    ~ConnectionMachine();
    ConnectionMachine(const ConnectionMachine &) = delete;
    ConnectionMachine &operator=(const ConnectionMachine &) = delete;

    // What happens to a connection. Wishes come from people, the rest from its parts; the latter
    // carry the generation of the attempt that they belong to and are dropped when it is over.
    struct Connect
    { };
    struct Disconnect
    { };
    struct Reconnect
    { };
    struct Restart
    { };
    struct Reconfigure
    {
        ConnectionConfig config;
    };
    struct SetKeepalive
    {
        EffectiveKeepalive keepalive;
    };
    struct ProbeNow
    {
        ProbeTrigger trigger = ProbeTrigger::Manual;
    };
    struct CheckSignIn
    { };
    struct PrepareForSleep
    { };
    struct Wake
    { };
    struct Dispose
    {
        bool stopServer = false;
    };
    struct ServerReady
    {
        quint64 generation;
        ServerEndpoint endpoint;
    };
    struct ServerFailed
    {
        quint64 generation;
        Error error;
    };
    struct ServerStopped
    {
        quint64 generation;
    };
    struct ServerExited
    {
        QString detail;
    };
    struct TransportOpened
    {
        quint64 generation;
    };
    struct TransportClosed
    {
        quint64 generation;
        Error error;
    };
    struct ConnectTimeout
    {
        quint64 generation;
    };
    struct HandshakeDone
    {
        quint64 generation;
        ServerInfo info;
    };
    struct HandshakeFailed
    {
        quint64 generation;
        Error error;
    };
    struct RetryDue
    {
        quint64 generation;
    };
    struct Unresponsive
    {
        quint64 generation;
        QString detail;
    };

    using Event =
        std::variant<Connect, Disconnect, Reconnect, Restart, Reconfigure, SetKeepalive, ProbeNow,
                     CheckSignIn, PrepareForSleep, Wake, Dispose, ServerReady, ServerFailed,
                     ServerStopped, ServerExited, TransportOpened, TransportClosed, ConnectTimeout,
                     HandshakeDone, HandshakeFailed, RetryDue, Unresponsive>;

    //! Queues \a event; events run to completion, one after the other. The machine may be gone
    //! when it returns.
    void post(Event event);

    Phase phase() const;
    const ConnectionConfig &config() const { return m_config; }
    ConnectionStatus status() const;
    Backend *backend() const;

private:
    struct DeleteLater
    {
        void operator()(QObject *object) const;
    };
    template <typename T>
    using Owned = std::unique_ptr<T, DeleteLater>;

    struct Idle
    { };
    struct StartingServer
    { };
    struct Connecting
    {
        Owned<Peer> peer;
        Secret token;
        TimerHandle deadline;
    };
    struct Initializing
    {
        Owned<Peer> peer;
        Owned<Backend> backend;
    };
    struct Online
    {
        ServerInfo info;
        std::optional<AuthStatus> auth;
        Owned<Peer> peer;
        Owned<Backend> backend;
        std::unique_ptr<KeepaliveLoop> keepalive; //!< null exactly in demo mode
        TimerHandle stable;
        TimerHandle signIn; //!< asks again while nobody is signed in
    };
    struct RetryLater
    {
        Nanoseconds due; //!< Clock::now(); the user's clock may jump
        TimerHandle retry;
    };
    //! Waits for the local server to end; then goes on.
    struct Stopping
    {
        enum class Then
        {
            Start,
            Idle,
            Disposed
        } then = Then::Idle;
    };
    struct Disposed
    { };
    using State = std::variant<Idle, StartingServer, Connecting, Initializing, Online, RetryLater,
                               Stopping, Disposed>;

    // One overload an event: the column of the table.
    void on(const Connect &);
    void on(const Disconnect &);
    void on(const Reconnect &);
    void on(const Restart &);
    void on(const Reconfigure &event);
    void on(const SetKeepalive &event);
    void on(const ProbeNow &event);
    void on(const CheckSignIn &);
    void on(const PrepareForSleep &);
    void on(const Wake &);
    void on(const Dispose &event);
    void on(const ServerReady &event);
    void on(const ServerFailed &event);
    void on(const ServerStopped &event);
    void on(const ServerExited &event);
    void on(const TransportOpened &event);
    void on(const TransportClosed &event);
    void on(const ConnectTimeout &event);
    void on(const HandshakeDone &event);
    void on(const HandshakeFailed &event);
    void on(const RetryDue &event);
    void on(const Unresponsive &event);

    void enter(State state);
    void leave();
    void beginAttempt(); //!< a new generation: StartingServer or Connecting
    void openTransport(const ServerEndpoint *endpoint);
    void goOnline(Initializing &&from, const ServerInfo &info);
    std::unique_ptr<KeepaliveLoop> makeLoop(Backend &backend);
    void lost(const Error &error); //!< a live or growing connection ended by itself
    void attemptFailed(const Error &error); //!< Backoff or Idle with a reason
    void stopServerThen(Stopping::Then then);
    bool restartOnce(const QString &code, const QString &detail);
    void serverEnded(const QString &detail); //!< ours; counts
    void crashLoop(const QString &detail); //!< Idle until a person wants it again
    bool isOwnChild() const; //!< the server is a child of ours, on stdio
    void noteVersion(const ServerInfo &info);
    bool isCurrent(quint64 generation) const { return generation == m_generation; }
    bool usesLocalServer() const { return m_mode == ConnectionMode::Local; }
    bool inWakeGrace() const { return m_clock.now() < m_graceUntil; }
    void configureBreaker();
    Milliseconds retryDelay(ErrorCode why); //!< after a failed attempt
    ServerHost *host();

    Connection &m_owner;
    ConnectionConfig m_config;
    const ConnectionParts m_parts;
    Clock &m_clock;
    Random &m_random;
    //! Context of every callback: parts that are deleted later cannot reach a dead machine.
    QObject m_context;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);

    ConnectionMode m_mode; //!< in force; differs from the configured one after a fall-back
    State m_state = Idle{};
    Owned<ServerHost> m_host;
    bool m_hostOutdated = false; //!< made for another program; replaced once it has stopped
    Backoff m_backoff;
    quint64 m_generation = 0;
    bool m_wanted = false;
    bool m_restartSpent = false; //!< the one restart for a server that misbehaves was used
    bool m_wasUnresponsive = false; //!< and has not answered a probe since
    RestartBudget m_restarts; //!< of a server of ours
    QString m_version; //!< of the server at the last handshake
    std::optional<Error> m_error;
    QString m_target;
    // Outlive the loops: what they have counted, and whether they may probe.
    KeepaliveStatus m_keepalive;
    CircuitBreaker m_breaker;
    bool m_suspended = false;
    Nanoseconds m_graceUntil{0}; //!< of the last wake

    std::deque<Event> m_queue;
    bool m_running = false;
};

} // namespace pilotlight
