// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"

#include <QObject>

#include <functional>

namespace pilotlight {

//! Takes the answer of one request, exactly once.
template <typename T>
using Handler = std::function<void(Result<T>)>;

//! For requests whose answer carries nothing.
struct Done
{ };

//! A request with nothing to tell apart from its success.
using DoneHandler = Handler<Done>;

//! The typed client of one server over one connection, for every kind of server: protocol words
//! never leave it. Made when the transport is open, gone before the transport closes. Handlers run
//! exactly once unless \a context (or the backend) has died.
class Backend : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    //! Handshake, version check and status. \a token may be empty. Errors: AuthenticationRequired,
    //! AuthenticationFailed, ServerTooOld, ServerTooNew, Timeout, ProtocolViolation, transport
    //! errors.
    virtual void initialize(const Secret &token, Milliseconds timeout, QObject *context,
                            Handler<ServerInfo> handler) = 0;
    //! After initialize() only.
    virtual const ServerInfo &info() const = 0;

    //! One keepalive request on the connection. Never opens, touches or disturbs a session.
    //! Unsupported where this server has no such request. The handler runs exactly once;
    //! cancelProbe() ends it with Outcome::Cancelled.
    virtual void probe(const ProbeRequest &request, QObject *context,
                       std::function<void(ProbeResult)> handler) = 0;
    virtual void cancelProbe() = 0;
    //! True while the server works for the user (a turn, a tool call): a probe by tool waits then.
    virtual bool isBusy() const { return false; }

    virtual void authStatus(QObject *context, Handler<AuthStatus> handler) = 0;

Q_SIGNALS:
    //! Any inbound byte.
    void activity();
};

} // namespace pilotlight
