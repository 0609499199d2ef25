// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QByteArray>

namespace pilotlight {

//! An answer other than 2xx of an MCP server, as far as its meaning depends on it.
struct HttpAnswer
{
    int status = 0;
    QByteArray contentType;
    QByteArray body; //!< or the beginning of a long one
    QByteArray location; //!< of a redirection
    QByteArray retryAfter;
    qint64 requestId = 0; //!< of the JSON-RPC request that was posted; 0: none
    bool withSession = false; //!< the request named a session
    bool withToken = false; //!< the request carried a token
    bool isStream = false; //!< the request was for the stream of notifications
};

//! What an HttpAnswer means.
struct HttpVerdict
{
    enum class Kind
    {
        Answer, //!< the body is the JSON-RPC answer to the request
        SessionLost, //!< the server does not know our session (any more)
        Failed, //!< this request failed, for the reason in error
    };
    Kind kind = Kind::Failed;
    Error error;
};

//! Brings the dialects of MCP servers down to one verdict; docs/protocol.md lists them. An answer
//! can only mean a lost session where the request named one: a wrong address never leads to an
//! endless series of new sessions.
HttpVerdict judge(const HttpAnswer &answer);

} // namespace pilotlight
