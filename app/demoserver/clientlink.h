// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QObject>

namespace pilotlight::demo {

//! One connection as the engine sees it: whole JSON messages in and out. Deliberately not
//! core/transport: a double must not share the defects of the code that is tested against it, and
//! it has to misbehave.
class ClientLink : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    //! Queues one message.
    virtual void send(const QByteArray &message) = 0;
    //! Bytes as they are, for broken frames.
    virtual void sendRaw(const QByteArray &bytes) = 0;
    //! Ends the connection, after writing what is queued where \a flush is set; closed() may
    //! follow.
    virtual void close(bool flush) = 0;
    //! Ends the sending direction and goes on reading, where the channel can do that.
    virtual void halfClose() = 0;

Q_SIGNALS:
    void messageArrived(const QByteArray &message);
    //! What came is no frame; the connection cannot go on. \a text is the real server's words for
    //! it.
    void frameBroken(const QString &text);
    void closed();
};

} // namespace pilotlight::demo
