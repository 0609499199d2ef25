// SPDX-License-Identifier: MIT
#include "rpc/peer.h"

#include "base/logging.h"
#include "rpc/codec.h"
#include "transport/framing.h"
#include "transport/transport.h"

#include <QCoreApplication>

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <vector>

namespace pilotlight {

namespace {

struct PendingCall
{
    QString method;
    QPointer<QObject> context;
    bool hasContext = false;
    Peer::ResultHandler handler;
    Nanoseconds sentAt{0};
    TimerHandle deadline;
    qint64 maxAnswer = 0;

    void answer(Result<RawJson> result)
    {
        if (handler && (!hasContext || context))
            handler(std::move(result));
    }
};

using PendingTable = std::unordered_map<qint64, PendingCall>;

ErrorCode codeOf(const RemoteError &error)
{
    return error.code == RpcMethodNotFound ? ErrorCode::MethodNotFound : ErrorCode::RemoteError;
}

} // namespace

class Peer::Private
{
public:
    Private(Peer &owner, std::unique_ptr<Transport> channel, Clock &source)
        : q(owner)
        , transport(std::move(channel))
        , clock(source)
    { }

    void onMessage(std::string_view text);
    void onRequest(const RpcMessage &message);
    void onResponse(const RpcMessage &message);
    void onInvalid(const RpcMessage &message);
    void finish(qint64 id, Result<RawJson> result);
    void failAll(const Error &reason);

    Peer &q;
    // The sink and the deadlines find the peer through this, so that none runs into a dead one.
    std::shared_ptr<Peer *> self = std::make_shared<Peer *>(&q);
    std::unique_ptr<Transport> transport;
    Clock &clock;
    Decoder decoder;
    // Shared, so that a handler that replaces itself or destroys the peer runs to its end.
    std::shared_ptr<const NotificationHandler> onNotification;
    std::shared_ptr<const RequestHandler> onRequestHandler;
    PendingTable pending;
    qint64 lastId = 0;
    int depth = 0; // calls from the transport that are on the stack
    bool ended = false; // closed by us or by the other side
};

CallHandle::CallHandle(Peer *peer, qint64 id)
    : m_peer(peer)
    , m_id(id)
{ }

void CallHandle::cancel()
{
    if (m_peer && m_id > 0)
        m_peer->d->finish(m_id, failure(ErrorCode::Cancelled));
}

bool CallHandle::isPending() const
{
    return m_peer && m_peer->d->pending.contains(m_id);
}

Peer::Peer(std::unique_ptr<Transport> transport, Clock &clock, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(*this, std::move(transport), clock))
{
    Transport *channel = d->transport.get();
    channel->setMessageSink([self = d->self](std::string_view text) {
        if (*self)
            (*self)->d->onMessage(text);
    });
    connect(channel, &Transport::opened, this, [this, self = d->self] {
        ++d->depth;
        Q_EMIT opened();
        if (*self)
            --d->depth;
    });
    connect(channel, &Transport::bytesArrived, this, [this, self = d->self](qint64 count) {
        ++d->depth;
        Q_EMIT bytesArrived(count);
        if (*self)
            --d->depth;
    });
    connect(channel, &Transport::requestFailed, this,
            [this, self = d->self](qint64 id, const Error &reason) {
                ++d->depth;
                d->finish(id, tl::make_unexpected(reason));
                if (*self)
                    --d->depth;
            });
    connect(channel, &Transport::closed, this, [this, self = d->self](const Error &reason) {
        if (d->ended)
            return;
        d->ended = true;
        ++d->depth;
        d->failAll(reason);
        if (*self)
            Q_EMIT closed(reason);
        if (*self)
            --d->depth;
    });
}

Peer::~Peer()
{
    d->ended = true;
    *d->self = nullptr;
    // From the event loop: the owner of the peer may be half destroyed itself right now, and is
    // then spared the answers altogether, since its context has died by then.
    for (auto &[id, entry] : d->pending) {
        QObject *target = entry.hasContext ? entry.context.data() : QCoreApplication::instance();
        if (!target || !entry.handler)
            continue;
        QMetaObject::invokeMethod(
            target,
            [handler = std::move(entry.handler)] {
                handler(failure(ErrorCode::ConnectionClosed,
                                QStringLiteral("the connection was given up")));
            },
            Qt::QueuedConnection);
    }
    d->pending.clear();
    d->transport->disconnect(this);
    d->transport->close();
    // Called from inside one of its own signals, the transport must outlive them.
    if (d->depth > 0)
        d->transport.release()->deleteLater();
}

Transport &Peer::transport() const
{
    return *d->transport;
}

CallHandle Peer::call(const QString &method, const QJsonObject &params, CallOptions options,
                      QObject *context, ResultHandler handler)
{
    const qint64 id = ++d->lastId;
    PendingCall &entry = d->pending[id];
    entry.method = method;
    entry.context = context;
    entry.hasContext = context != nullptr;
    entry.handler = std::move(handler);
    entry.sentAt = d->clock.now();
    entry.maxAnswer = options.maxAnswer;

    const auto failLater = [&](Milliseconds delay, ErrorCode code, const QString &detail) {
        entry.deadline = d->clock.after(delay, [self = d->self, id, code, detail] {
            if (*self)
                (*self)->d->finish(id, failure(code, detail));
        });
    };
    if (d->ended || !d->transport->isOpen()) {
        failLater(Milliseconds(0), ErrorCode::ConnectionClosed, QStringLiteral("not connected"));
        return {this, id};
    }
    const QByteArray message = encodeRequest(id, method, params);
    if (static_cast<std::size_t>(message.size()) > ContentLengthFramer::MaxFrame) {
        failLater(Milliseconds(0), ErrorCode::FrameTooLarge,
                  QStringLiteral("a request of %1 bytes").arg(message.size()));
        return {this, id};
    }
    if (options.timeout > Milliseconds(0))
        failLater(options.timeout, ErrorCode::Timeout,
                  QStringLiteral("no answer to %1 within %2 ms")
                      .arg(method)
                      .arg(options.timeout.count()));
    if (options.maxAnswer > 0)
        d->transport->limitAnswer(id, options.maxAnswer);
    d->transport->send(message);
    return {this, id};
}

void Peer::notify(const QString &method, const QJsonObject &params)
{
    if (!d->ended)
        d->transport->send(encodeNotification(method, params));
}

void Peer::respond(const RpcId &id, const QJsonValue &result)
{
    if (!d->ended)
        d->transport->send(encodeResult(id, result));
}

void Peer::respondError(const RpcId &id, int code, const QString &message)
{
    if (!d->ended)
        d->transport->send(encodeError(id, code, message));
}

void Peer::setNotificationHandler(NotificationHandler handler)
{
    d->onNotification =
        handler ? std::make_shared<const NotificationHandler>(std::move(handler)) : nullptr;
}

void Peer::setRequestHandler(RequestHandler handler)
{
    d->onRequestHandler =
        handler ? std::make_shared<const RequestHandler>(std::move(handler)) : nullptr;
}

int Peer::pendingCalls() const
{
    return static_cast<int>(d->pending.size());
}

void Peer::close(Error reason)
{
    const bool first = !d->ended;
    d->ended = true;
    const auto self = d->self;
    d->failAll(reason);
    if (*self && first)
        d->transport->close();
}

void Peer::Private::onMessage(std::string_view text)
{
    if (ended)
        return;
    const auto alive = self;
    ++depth;
    const RpcMessage message = decoder.decode(text);
    switch (message.kind) {
    case RpcMessage::Kind::Notification:
        if (const auto handler = onNotification)
            (*handler)(message.method, message.payload);
        break;
    case RpcMessage::Kind::Request:
        onRequest(message);
        break;
    case RpcMessage::Kind::Response:
        onResponse(message);
        break;
    case RpcMessage::Kind::Invalid:
        onInvalid(message);
        break;
    }
    if (*alive)
        --depth;
}

void Peer::Private::onRequest(const RpcMessage &message)
{
    const QString method =
        QString::fromUtf8(message.method.data(), static_cast<qsizetype>(message.method.size()));
    if (const auto handler = onRequestHandler)
        (*handler)(message.id, method, message.payload);
    else
        q.respondError(message.id, RpcMethodNotFound,
                       QStringLiteral("Unhandled method %1").arg(method));
}

void Peer::Private::onResponse(const RpcMessage &message)
{
    const auto *id = std::get_if<qint64>(&message.id);
    if (!id || !pending.contains(*id)) {
        // Late (after a deadline or cancel), or an error about something that could not be read.
        qCDebug(lcRpc).noquote() << "ignored an answer to no pending call"
                                 << (message.error ? message.error->message : QString());
        return;
    }
    if (!message.error) {
        const qint64 limit = pending.at(*id).maxAnswer;
        if (limit > 0 && message.payload.text.size() > static_cast<std::size_t>(limit))
            finish(
                *id,
                failure(ErrorCode::FrameTooLarge,
                        QStringLiteral("an answer of %1 bytes").arg(message.payload.text.size())));
        else
            finish(*id, message.payload);
        return;
    }
    finish(*id, tl::make_unexpected(Error{codeOf(*message.error), {}, message.error}));
}

void Peer::Private::onInvalid(const RpcMessage &message)
{
    const bool json = message.problem == ErrorCode::InvalidJson;
    qCWarning(lcRpc).noquote() << "invalid message from" << transport->description() << ":"
                               << message.detail;
    if (message.looksLikeResponse) {
        // Never answered, or two peers could go on for ever; but its call must not wait in vain.
        if (const auto *id = std::get_if<qint64>(&message.id))
            finish(*id, failure(ErrorCode::ProtocolViolation, message.detail));
        return;
    }
    q.respondError({}, json ? RpcParseError : RpcInvalidRequest, message.detail);
}

//! Answers the call \a id, if it still waits. The peer may be gone afterwards.
void Peer::Private::finish(qint64 id, Result<RawJson> result)
{
    auto node = pending.extract(id);
    if (node.empty())
        return;
    PendingCall &entry = node.mapped();
    entry.deadline.cancel();
    if (!result
        && (result.error().code == ErrorCode::Timeout
            || result.error().code == ErrorCode::Cancelled))
        transport->abandon(id);
    if (lcRpc().isDebugEnabled()) {
        const auto us =
            std::chrono::duration_cast<std::chrono::microseconds>(clock.now() - entry.sentAt);
        qCDebug(lcRpc).noquote() << QStringLiteral("call method=%1 id=%2 outcome=%3 us=%4")
                                        .arg(entry.method)
                                        .arg(id)
                                        .arg(result ? QStringLiteral("ok")
                                                    : result.error().toString())
                                        .arg(us.count());
    }
    entry.answer(std::move(result));
}

//! Answers every pending call. The peer may be gone afterwards.
void Peer::Private::failAll(const Error &reason)
{
    // In the order of their making, so that what depends on it is told the same way each time.
    PendingTable table;
    table.swap(pending);
    std::vector<qint64> ids;
    ids.reserve(table.size());
    for (const auto &[id, entry] : table)
        ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    for (const qint64 id : ids) {
        PendingCall &entry = table.at(id);
        entry.deadline.cancel();
        entry.answer(tl::make_unexpected(reason));
    }
}

} // namespace pilotlight
