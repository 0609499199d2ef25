// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "rpc/message.h"

#include <QObject>
#include <QPointer>

#include <functional>
#include <memory>

namespace pilotlight {

class Transport;
class Peer;

struct CallOptions
{
    //! From sending to the answer; zero: no deadline (long polls, turns). 30 s: the longest answer
    //! seen from a loaded server was 5 s (100 sessions starting a turn at once), times six.
    Milliseconds timeout{30'000};
    //! Bytes; an answer above is FrameTooLarge. Zero: only the limit of every message.
    qint64 maxAnswer = 0;
};

//! Names one pending call. Copyable, does not own; does nothing after the call was answered.
class CallHandle
{
public:
    CallHandle() = default;
    CallHandle(Peer *peer, qint64 id);
    //! Answers the call with ErrorCode::Cancelled now; a late reply is dropped.
    void cancel();
    bool isPending() const;
    //! The request's id on the wire; 0 of an empty handle.
    qint64 id() const { return m_id; }

private:
    QPointer<Peer> m_peer;
    qint64 m_id = 0;
};

//! Both ends of a JSON-RPC 2.0 conversation over one transport: sends calls and answers those of
//! the other side. Every call is answered exactly once: by its reply, an error, its deadline,
//! cancel() or the end of the connection. An answer whose context object has died is dropped.
//! Handlers run at once, inside of what caused them, except where the peer is destroyed: then from
//! the event loop. A handler may destroy the peer. Without a connection a call fails from the event
//! loop (ConnectionClosed).
class Peer : public QObject
{
    Q_OBJECT
public:
    //! The raw result is valid during the call only. Errors: what the other side answered
    //! (MethodNotFound for -32601, else RemoteError), Timeout, Cancelled, FrameTooLarge (of the
    //! request or its answer), and the reason why the connection ended.
    using ResultHandler = std::function<void(Result<RawJson>)>;
    //! A notification of the other side.
    using NotificationHandler = std::function<void(std::string_view method, RawJson params)>;
    //! A request of the other side; it must be answered by respond() or respondError() once, now or
    //! later.
    using RequestHandler =
        std::function<void(const RpcId &id, const QString &method, RawJson params)>;

    //! Takes over \a transport, which may be open or not. \a clock must outlive the peer.
    Peer(std::unique_ptr<Transport> transport, Clock &clock, QObject *parent = nullptr);
    ~Peer() override;

    Transport &transport() const;

    //! \a context may be null: then the handler lives as long as the program.
    CallHandle call(const QString &method, const QJsonObject &params, CallOptions options,
                    QObject *context, ResultHandler handler);
    void notify(const QString &method, const QJsonObject &params);
    void respond(const RpcId &id, const QJsonValue &result);
    void respondError(const RpcId &id, int code, const QString &message);

    //! Without a handler notifications are dropped; requests are answered -32601.
    void setNotificationHandler(NotificationHandler handler);
    void setRequestHandler(RequestHandler handler);

    int pendingCalls() const;
    //! Fails every pending call with \a reason (ErrorCode::ConnectionClosed unless given), then
    //! closes the transport. closed() is not emitted.
    void close(Error reason = {ErrorCode::ConnectionClosed, {}, {}});

Q_SIGNALS:
    void opened();
    //! The connection ended by itself; all pending calls have been answered before.
    void closed(const pilotlight::Error &reason);
    void bytesArrived(qint64 count);

private:
    friend class CallHandle;
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace pilotlight
