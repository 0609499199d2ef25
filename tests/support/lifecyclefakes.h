// SPDX-License-Identifier: MIT
#pragma once

#include "base/random.h"
#include "connection/connection.h"
#include "server/serverhost.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"
#include "support/faketransport.h"

#include <QCoreApplication>
#include <QEvent>
#include <QPointer>

#include <algorithm>
#include <array>

namespace pilotlight {

//! A local server whose life is the test's.
class FakeServerHost final : public ServerHost
{
public:
    using ServerHost::ServerHost;

    void start(QObject *context, std::function<void(Result<ServerEndpoint>)> handler) override
    {
        ++starts;
        m_startContext = context;
        m_start = std::move(handler);
    }
    void stop(QObject *context, std::function<void()> handler) override
    {
        ++stops;
        m_stopContext = context;
        m_stop = std::move(handler);
        answerStart(failure(ErrorCode::Cancelled)); // as the contract says
    }
    QString lastOutput() const override { return QStringLiteral("fake output"); }

    bool isStarting() const { return static_cast<bool>(m_start); }
    bool isStopping() const { return static_cast<bool>(m_stop); }
    void answerStart(const Result<ServerEndpoint> &result)
    {
        const auto handler = std::exchange(m_start, {});
        if (handler && m_startContext)
            handler(result);
    }
    void ready()
    {
        answerStart(ServerEndpoint{QStringLiteral("127.0.0.1"), 4600, Secret("t0ken!"), 7, false});
    }
    void fail(ErrorCode code) { answerStart(failure(code, QStringLiteral("from the test"))); }
    void stopped()
    {
        const auto handler = std::exchange(m_stop, {});
        if (handler && m_stopContext)
            handler();
    }
    void exit() { Q_EMIT exited(QStringLiteral("exit 137")); }

    int starts = 0;
    int stops = 0;

private:
    QPointer<QObject> m_startContext;
    QPointer<QObject> m_stopContext;
    std::function<void(Result<ServerEndpoint>)> m_start;
    std::function<void()> m_stop;
};

//! A connection with fakes for all its parts, and what the tests want to know of it.
struct LifecycleRig
{
    explicit LifecycleRig(ConnectionMode mode = ConnectionMode::Local, quint64 seed = 1)
        : LifecycleRig(configOf(mode), seed)
    { }
    explicit LifecycleRig(const ConnectionConfig &wanted, quint64 seed = 1)
        : random(seed)
        , config(wanted)
    {
        ConnectionParts parts;
        parts.makeServerHost = [this](const ConnectionConfig &) {
            auto made = std::make_unique<FakeServerHost>();
            host = made.get();
            ++hostsMade;
            return made;
        };
        parts.makeTransport = [this](const ConnectionConfig &, ConnectionMode,
                                     const ServerEndpoint *) -> Result<std::unique_ptr<Transport>> {
            if (refuseTransport)
                return failure(ErrorCode::InvalidArgument, QStringLiteral("bad url"));
            auto made = std::make_unique<FakeTransport>();
            transport = made.get();
            return made;
        };
        parts.makeBackend = [this](const ConnectionConfig &, Peer &, Clock &) {
            auto made = std::make_unique<FakeBackend>();
            backend = made.get();
            ++backendsMade;
            return made;
        };
        connection = std::make_unique<Connection>(config, std::move(parts), clock, random);
        QObject::connect(connection.get(), &Connection::notice, connection.get(),
                         [this](const QString &code, const QString &) { notices << code; });
        QObject::connect(connection.get(), &Connection::probeEvent, connection.get(),
                         [this](const ProbeEvent &event) {
                             events << event;
                             ++eventCounts[static_cast<std::size_t>(event.kind)];
                         });
        QObject::connect(connection.get(), &Connection::backendAboutToGo, connection.get(), [this] {
            loopsWhenBackendGoes = liveLoops();
            ++backendsGone;
        });
    }
    ~LifecycleRig()
    {
        connection.reset();
        collect();
    }

    static ConnectionConfig configOf(ConnectionMode mode)
    {
        ConnectionConfig config;
        config.mode = mode;
        config.url = QStringLiteral("tcp://example.test:1");
        return config;
    }
    //! A server of tools on stdio.
    static ConnectionConfig mcpConfig(const KeepaliveSettings &keepalive = {})
    {
        ConnectionConfig config;
        config.id = QStringLiteral("tools");
        config.kind = BackendKind::Mcp;
        config.mode = ConnectionMode::Embedded;
        config.command = QStringLiteral("mcp-server");
        config.readOnlyTools = {QStringLiteral("echo")};
        config.keepalive = effectiveKeepalive(keepaliveTarget(config), {}, keepalive);
        return config;
    }

    static int liveLoops();
    //! Deletes what waits for the event loop.
    static void collect() { QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete); }

    Phase phase() const { return connection->status().phase; }
    KeepaliveStatus keepalive() const { return connection->status().keepalive; }

    //! Answers the probe in flight; false where there is none.
    bool answer(ProbeResult::Outcome outcome, const QString &detail = {}, bool tooMany = false)
    {
        if (!backend || !backend->probeContext)
            return false;
        auto handler = std::exchange(backend->probeHandler, nullptr);
        if (handler)
            handler({outcome, std::chrono::microseconds(2500), detail, tooMany});
        return static_cast<bool>(handler);
    }
    //! Lets time pass until the next probe leaves; how long that took. Nothing where no timer is
    //! left.
    std::optional<Nanoseconds> untilNextProbe()
    {
        const Nanoseconds start = clock.now();
        const int before = backend->probes;
        while (backend && backend->probes == before) {
            if (!clock.advanceToNext())
                return std::nullopt;
        }
        return clock.now() - start;
    }
    int count(ProbeEvent::Kind kind) const { return eventCounts[static_cast<std::size_t>(kind)]; }
    int count(ProbeEvent::Kind kind, const QString &reason) const
    {
        return static_cast<int>(
            std::count_if(events.begin(), events.end(), [&](const ProbeEvent &e) {
                return e.kind == kind && e.reason == reason;
            }));
    }

    // Steps of the way up.
    void toStarting() { connection->connectToServer(); }
    void toConnecting()
    {
        connection->connectToServer();
        if (phase() == Phase::StartingServer)
            host->ready();
    }
    void toInitializing()
    {
        toConnecting();
        transport->acceptOpen();
    }
    void toOnline()
    {
        toInitializing();
        backend->succeed(QStringLiteral("initialize"));
    }
    //! From a phase on the way up to Online.
    void finishUp()
    {
        if (phase() == Phase::StartingServer)
            host->ready();
        if (phase() == Phase::Connecting)
            transport->acceptOpen();
        if (phase() == Phase::Initializing)
            backend->succeed(QStringLiteral("initialize"));
    }
    void toBackoff()
    {
        toConnecting();
        transport->drop({ErrorCode::ConnectionRefused, {}, {}});
    }
    void toStopping()
    {
        toOnline();
        connection->restartServer();
    }

    FakeClock clock;
    SeededRandom random;
    ConnectionConfig config;
    QPointer<FakeServerHost> host;
    QPointer<FakeTransport> transport;
    QPointer<FakeBackend> backend;
    int hostsMade = 0;
    int backendsMade = 0;
    int backendsGone = 0;
    int loopsWhenBackendGoes = -1;
    bool refuseTransport = false;
    QStringList notices;
    QList<ProbeEvent> events;
    std::array<int, 7> eventCounts{}; //!< by kind
    std::unique_ptr<Connection> connection;
};

} // namespace pilotlight
