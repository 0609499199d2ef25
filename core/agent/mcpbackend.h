// SPDX-License-Identifier: MIT
#pragma once

#include "agent/backend.h"
#include "agent/mcptypes.h"
#include "rpc/peer.h"

#include <memory>
#include <vector>

namespace pilotlight {

//! An MCP server behind one peer, over whatever transport (makeMcpTransport()). Finds out which era
//! of the protocol the server speaks and stays with it for the connection. What servers were
//! measured to do stands in docs/protocol.md.
//!
//! It answers the server's pings at once (some end a client that stays silent for 5 s) and refuses
//! every other request of the server, because it declares no capability.
class McpBackend final : public Backend
{
    Q_OBJECT
public:
    //! The largest answer to a probe (docs/keepalive.md 18).
    static constexpr qint64 MaxProbeAnswer = 64 * 1024;

    //! Takes over the peer's notification and request handlers. Both must outlive the backend.
    McpBackend(Peer &peer, Clock &clock, McpEra era = McpEra::Auto, QObject *parent = nullptr);
    ~McpBackend() override;

    //! The era, then the server's name and version. \a token is not sent: a bearer token is the
    //! transport's. Errors as Backend::initialize().
    void initialize(const Secret &token, Milliseconds timeout, QObject *context,
                    Handler<ServerInfo> handler) override;
    //! protocolVersion is the revision's date as a number: 20251125.
    const ServerInfo &info() const override { return m_info; }
    //! Handshake or Stateless after initialize().
    McpEra era() const { return m_era; }

    //! A ping is `ping`, or `server/discover` where the era has no ping. A tool is called without
    //! arguments; one that reports an error is RpcError.
    void probe(const ProbeRequest &request, QObject *context,
               std::function<void(ProbeResult)> handler) override;
    void cancelProbe() override;
    //! A tool call is under way.
    bool isBusy() const override;
    //! Always signed in: a server that wants a token refuses the handshake.
    void authStatus(QObject *context, Handler<AuthStatus> handler) override;

    //! False where the server has no tools at all.
    bool hasTools() const { return m_hasTools; }
    //! A page of the server's tools; the first one for an empty \a cursor.
    void listTools(const QString &cursor, QObject *context, Handler<McpToolPage> handler);
    //! Calls a tool. \a timeout zero: no deadline. On a timeout and on cancel() of the handle the
    //! server is told that nobody waits any more; it may have done its work all the same.
    CallHandle callTool(const QString &name, const QJsonObject &arguments, Milliseconds timeout,
                        QObject *context, Handler<McpToolResult> handler);

Q_SIGNALS:
    //! The server's list of tools is another one now.
    void toolsChanged();

private:
    struct Hello;
    using Raw = std::function<void(Result<RawJson>)>;

    CallHandle call(const QString &method, QJsonObject params, CallOptions options,
                    QObject *context, Raw handler);
    void sendDiscover(const std::shared_ptr<Hello> &hello);
    void sendInitialize(const std::shared_ptr<Hello> &hello);
    void onDiscovered(const std::shared_ptr<Hello> &hello, const Result<RawJson> &result);
    void onInitialized(const std::shared_ptr<Hello> &hello, const Result<RawJson> &result);
    void finish(const std::shared_ptr<Hello> &hello, McpEra era, const ServerInfo &info,
                const QJsonObject &capabilities);
    void fail(const std::shared_ptr<Hello> &hello, const Error &error);
    void listen();

    void onNotification(std::string_view method, RawJson params);
    void onRequest(const RpcId &id, const QString &method);

    Peer &m_peer;
    Clock &m_clock;
    McpEra m_wantedEra;
    McpEra m_era = McpEra::Auto;
    ServerInfo m_info;
    bool m_hasTools = false;
    CallHandle m_probe;
    std::vector<CallHandle> m_toolCalls; //!< those that wait, and some that are over
    CallHandle m_listening;
    TimerHandle m_listenAgain;
    std::shared_ptr<Hello> m_hello; // while the handshake runs
};

} // namespace pilotlight
