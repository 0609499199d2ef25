// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

#include <QObject>
#include <QString>

#include <functional>

namespace pilotlight {

//! Where a local server listens, and the process that it is.
struct ServerEndpoint
{
    QString host; //!< "127.0.0.1"
    quint16 port = 0;
    Secret token; //!< connection token; may be empty
    qint64 pid = 0; //!< 0: not ours
    bool adopted = false; //!< was left running by an earlier Pilotlight
};

//! Finds, starts, adopts and stops the local agent server. LocalServer is the real one; the
//! lifecycle tests use a fake. Every start is answered exactly once.
class ServerHost : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    //! A server that listens: the one that an earlier run left if it is truly that process, else a
    //! new one. Errors: ServerNotFound, ServerStartFailed (detail: its last lines of output),
    //! Timeout.
    virtual void start(QObject *context, std::function<void(Result<ServerEndpoint>)> handler) = 0;
    //! Ends the server with its process group (TERM, then KILL), or gives up a start that is under
    //! way. The handler runs once it is gone; at once if there is none.
    virtual void stop(QObject *context, std::function<void()> handler) = 0;
    //! The last lines that the server wrote, for messages to people.
    virtual QString lastOutput() const = 0;

Q_SIGNALS:
    //! The server process ended without being asked to. \a detail: exit status and last output.
    void exited(const QString &detail);
};

} // namespace pilotlight
