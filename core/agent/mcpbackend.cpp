// SPDX-License-Identifier: MIT
#include "agent/mcpbackend.h"

#include "agent/mcpwire.h"
#include "base/logging.h"
#include "rpc/codec.h"

#include <QPointer>

#include <algorithm>
#include <utility>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

// Servers answer server/discover within milliseconds, known or not. Some old ones may not answer an
// unknown method before initialize; npx may take long to start one: then both are on their way and
// whatever is answered first decides.
constexpr Milliseconds DiscoverPatience{3'000};
// A subscription that the server ended: soon enough for a list of tools, too slow to be a burden.
constexpr Milliseconds ListenAgainAfter{15'000};

QString fromUtf8(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

//! True where the server has answered \a error itself, so that it may know another request.
bool isAnswer(const Error &error)
{
    switch (error.code) {
    case ErrorCode::RemoteError:
    case ErrorCode::MethodNotFound:
    case ErrorCode::Unsupported:
    case ErrorCode::ProtocolViolation:
    case ErrorCode::InvalidJson:
    case ErrorCode::FrameTooLarge:
        return true;
    default:
        return false;
    }
}

} // namespace

//! One handshake. In the era Auto two questions may be open at the same time.
struct McpBackend::Hello
{
    Nanoseconds deadline{0};
    QPointer<QObject> context;
    bool hasContext = false;
    Handler<ServerInfo> handler;
    CallHandle discover;
    CallHandle initialize;
    bool initializeSent = false;
    std::optional<Error> refused; // what initialize was answered with, while discover is open
    TimerHandle patience;

    CallOptions options(const Clock &clock) const
    {
        const auto left = std::chrono::duration_cast<Milliseconds>(deadline - clock.now());
        return {std::max(left, Milliseconds(1)), MaxProbeAnswer * 16};
    }
};

McpBackend::McpBackend(Peer &peer, Clock &clock, McpEra era, QObject *parent)
    : Backend(parent)
    , m_peer(peer)
    , m_clock(clock)
    , m_wantedEra(era)
{
    m_peer.setNotificationHandler(
        [this](std::string_view method, RawJson params) { onNotification(method, params); });
    m_peer.setRequestHandler(
        [this](const RpcId &id, const QString &method, RawJson) { onRequest(id, method); });
    connect(&m_peer, &Peer::bytesArrived, this, &Backend::activity);
}

McpBackend::~McpBackend()
{
    m_peer.setNotificationHandler({});
    m_peer.setRequestHandler({});
    m_probe.cancel();
}

//! A call in the manner of the era; dropped when this backend has died.
CallHandle McpBackend::call(const QString &method, QJsonObject params, CallOptions options,
                            QObject *context, Raw handler)
{
    if (m_era == McpEra::Stateless)
        params = mcp::withEnvelope(std::move(params));
    return m_peer.call(
        method, params, options, context,
        [guard = QPointer<McpBackend>(this), handler = std::move(handler)](Result<RawJson> result) {
            if (guard)
                handler(std::move(result));
        });
}

// ---- handshake ----

void McpBackend::initialize(const Secret &token, Milliseconds timeout, QObject *context,
                            Handler<ServerInfo> handler)
{
    registerSecret(token);
    auto hello = std::make_shared<Hello>();
    hello->deadline = m_clock.now() + timeout;
    hello->context = context;
    hello->hasContext = context != nullptr;
    hello->handler = std::move(handler);
    m_hello = hello;
    if (m_wantedEra == McpEra::Handshake) {
        sendInitialize(hello);
        return;
    }
    if (m_wantedEra == McpEra::Auto && timeout > DiscoverPatience)
        hello->patience = m_clock.after(DiscoverPatience, [this, hello = std::weak_ptr(hello)] {
            if (const auto waiting = hello.lock(); waiting && !waiting->initializeSent)
                sendInitialize(waiting);
        });
    sendDiscover(hello);
}

void McpBackend::sendDiscover(const std::shared_ptr<Hello> &hello)
{
    const CallHandle handle =
        m_peer.call(u"server/discover"_s, mcp::withEnvelope({}), hello->options(m_clock), this,
                    [this, hello](const Result<RawJson> &result) { onDiscovered(hello, result); });
    hello->discover = handle;
}

void McpBackend::sendInitialize(const std::shared_ptr<Hello> &hello)
{
    hello->initializeSent = true;
    const CallHandle handle =
        m_peer.call(u"initialize"_s, mcp::initializeParams(), hello->options(m_clock), this,
                    [this, hello](const Result<RawJson> &result) { onInitialized(hello, result); });
    hello->initialize = handle;
}

void McpBackend::onDiscovered(const std::shared_ptr<Hello> &hello, const Result<RawJson> &result)
{
    if (m_hello != hello)
        return; // decided already
    if (result) {
        const QJsonObject object = result->toObject();
        if (mcp::offersStateless(object)) {
            finish(hello, McpEra::Stateless, mcp::serverOfDiscover(object),
                   object.value("capabilities"_L1).toObject());
            return;
        }
        if (m_wantedEra == McpEra::Stateless) {
            fail(hello,
                 {ErrorCode::ServerTooOld,
                  u"the server does not speak MCP %1"_s.arg(mcp::Stateless),
                  {}});
            return;
        }
    } else if (m_wantedEra == McpEra::Stateless
               || (!isAnswer(result.error()) && !hello->initializeSent)) {
        fail(hello, result.error());
        return;
    }
    if (hello->refused)
        fail(hello, *hello->refused);
    else if (!hello->initializeSent)
        sendInitialize(hello);
}

void McpBackend::onInitialized(const std::shared_ptr<Hello> &hello, const Result<RawJson> &result)
{
    if (m_hello != hello)
        return;
    if (!result) {
        Error error = result.error();
        if (error.remote && error.remote->code == mcp::RpcUnsupportedVersion)
            error.code = ErrorCode::ServerTooNew;
        if (isAnswer(result.error()) && hello->discover.isPending())
            hello->refused = error; // a server of the other era; its first answer is on the way
        else
            fail(hello, error);
        return;
    }
    const QJsonObject object = result->toObject();
    const Result<ServerInfo> server = mcp::serverOfInitialize(object);
    if (!server) {
        fail(hello, server.error());
        return;
    }
    m_peer.notify(u"notifications/initialized"_s, {});
    finish(hello, McpEra::Handshake, *server, object.value("capabilities"_L1).toObject());
}

void McpBackend::finish(const std::shared_ptr<Hello> &hello, McpEra era, const ServerInfo &info,
                        const QJsonObject &capabilities)
{
    m_hello.reset();
    hello->patience.cancel();
    hello->discover.cancel();
    hello->initialize.cancel();
    m_era = era;
    m_info = info;
    const QJsonValue tools = capabilities.value("tools"_L1);
    m_hasTools = tools.isObject();
    qCInfo(lcAgent).noquote() << QStringLiteral("MCP server %1 %2, revision %3")
                                     .arg(info.name,
                                          info.version.isEmpty() ? u"without a version"_s
                                                                 : info.version)
                                     .arg(info.protocolVersion);
    if (era == McpEra::Stateless && tools.toObject().value("listChanged"_L1).toBool())
        listen(); // the other era sends such notifications unasked
    if (!hello->hasContext || hello->context)
        hello->handler(info);
}

void McpBackend::fail(const std::shared_ptr<Hello> &hello, const Error &error)
{
    m_hello.reset();
    hello->patience.cancel();
    hello->discover.cancel();
    hello->initialize.cancel();
    if (!hello->hasContext || hello->context)
        hello->handler(tl::make_unexpected(error));
}

//! In the stateless era notifications come only as part of the answer to this endless request.
void McpBackend::listen()
{
    m_listening = call(u"subscriptions/listen"_s,
                       {{u"notifications"_s, QJsonObject{{u"toolsListChanged"_s, true}}}},
                       {Milliseconds(0)}, this, [this](const Result<RawJson> &result) {
                           // Ended by the server, which may be about to restart, or cut off on the
                           // way. A server that refuses it has to do without.
                           if (!result && isAnswer(result.error()))
                               qCDebug(lcAgent).noquote()
                                   << "no subscription to changes:" << result.error().toString();
                           else
                               m_listenAgain =
                                   m_clock.after(ListenAgainAfter, [this] { listen(); });
                       });
}

// ---- probe, sign-in ----

void McpBackend::probe(const ProbeRequest &request, QObject *context,
                       std::function<void(ProbeResult)> handler)
{
    using Outcome = ProbeResult::Outcome;
    if (m_probe.isPending()) {
        handler({Outcome::Cancelled, {}, u"another probe is on its way"_s});
        return;
    }
    const bool isTool = request.kind == ProbeRequest::Kind::Tool;
    if (isTool && !m_hasTools) {
        handler({Outcome::Unsupported, {}, u"this server has no tools to call"_s});
        return;
    }
    QString method = u"tools/call"_s;
    QJsonObject params;
    if (isTool)
        params = {{u"name"_s, request.tool}, {u"arguments"_s, QJsonObject()}};
    else
        method = m_era == McpEra::Stateless ? u"server/discover"_s : u"ping"_s;
    const Nanoseconds sent = m_clock.now();
    const auto answered = [this, isTool, method, sent,
                           handler = std::move(handler)](const Result<RawJson> &result) {
        ProbeResult probe;
        probe.roundTrip =
            std::chrono::duration_cast<std::chrono::microseconds>(m_clock.now() - sent);
        if (!result) {
            probe.outcome = mcp::probeOutcome(result.error());
            probe.detail = result.error().toString();
            probe.tooMany = result.error().code == ErrorCode::TooManyRequests;
        } else if (const QJsonValue value = result->toValue(); !value.isObject()) {
            probe.outcome = Outcome::Protocol;
            probe.detail = u"the answer to %1 is not an object"_s.arg(method);
        } else if (const auto tool = mcp::toolResult(value.toObject()); isTool && !tool) {
            probe.outcome = Outcome::RpcError;
            probe.detail = tool.error().toString();
        } else if (isTool && tool->isError) {
            probe.outcome = Outcome::RpcError;
            probe.detail = u"the tool reported: %1"_s.arg(tool->text().left(200));
        } else {
            probe.outcome = Outcome::Ok;
        }
        handler(probe);
    };
    m_probe = call(method, params, {request.timeout, MaxProbeAnswer}, context, answered);
}

void McpBackend::cancelProbe()
{
    m_probe.cancel();
}

bool McpBackend::isBusy() const
{
    return std::any_of(m_toolCalls.begin(), m_toolCalls.end(),
                       [](const CallHandle &call) { return call.isPending(); });
}

void McpBackend::authStatus(QObject *context, Handler<AuthStatus> handler)
{
    QObject *receiver = context ? context : this;
    QMetaObject::invokeMethod(
        receiver,
        [guard = QPointer<McpBackend>(this), handler = std::move(handler)] {
            if (guard)
                handler(AuthStatus{true, {}, {}});
        },
        Qt::QueuedConnection);
}

// ---- tools ----

void McpBackend::listTools(const QString &cursor, QObject *context, Handler<McpToolPage> handler)
{
    QJsonObject params;
    if (!cursor.isEmpty())
        params.insert(u"cursor"_s, cursor);
    call(u"tools/list"_s, params, {}, context,
         [handler = std::move(handler)](const Result<RawJson> &result) {
             handler(result ? mcp::toolPage(result->toObject())
                            : tl::make_unexpected(result.error()));
         });
}

CallHandle McpBackend::callTool(const QString &name, const QJsonObject &arguments,
                                Milliseconds timeout, QObject *context,
                                Handler<McpToolResult> handler)
{
    const auto id = std::make_shared<qint64>(0);
    const CallHandle handle =
        call(u"tools/call"_s, {{u"name"_s, name}, {u"arguments"_s, arguments}}, {timeout}, context,
             [this, id, handler = std::move(handler)](const Result<RawJson> &result) {
                 if (result) {
                     handler(mcp::toolResult(result->toObject()));
                     return;
                 }
                 const ErrorCode code = result.error().code;
                 if (code == ErrorCode::Timeout || code == ErrorCode::Cancelled)
                     m_peer.notify(
                         u"notifications/cancelled"_s,
                         {{u"requestId"_s, *id}, {u"reason"_s, errorCodeName(code).toLower()}});
                 handler(tl::make_unexpected(result.error()));
             });
    *id = handle.id();
    std::erase_if(m_toolCalls, [](const CallHandle &call) { return !call.isPending(); });
    m_toolCalls.push_back(handle);
    return handle;
}

// ---- what the server says ----

void McpBackend::onNotification(std::string_view method, RawJson params)
{
    if (method == "notifications/tools/list_changed") {
        Q_EMIT toolsChanged();
        return;
    }
    if (method == "notifications/message") {
        const QJsonObject object = params.toObject();
        const QJsonValue data = object.value("data"_L1);
        qCDebug(lcAgent).noquote() << "the server logs:" << object.value("level"_L1).toString()
                                   << (data.isString() ? data.toString().left(1000) : QString());
        return;
    }
    qCDebug(lcAgent).noquote() << "notification without a use here:" << fromUtf8(method);
}

void McpBackend::onRequest(const RpcId &id, const QString &method)
{
    if (method == "ping"_L1)
        m_peer.respond(id, QJsonObject());
    else
        m_peer.respondError(id, RpcMethodNotFound,
                            u"This client has no method %1"_s.arg(method.left(100)));
}

} // namespace pilotlight
