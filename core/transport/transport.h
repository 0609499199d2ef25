// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QByteArray>
#include <QObject>

#include <functional>
#include <string_view>

namespace pilotlight {

//! How many readable bytes follow every message given to a MessageSink (what simdjson asks for).
inline constexpr std::size_t MessagePadding = 64;

//! A full-duplex channel of whole JSON messages. Framing is the transport's own business:
//! Content-Length on byte streams, one text frame a message on WebSocket. One open() in a life;
//! make a new one to reconnect. Lives on the thread that made it.
class Transport : public QObject
{
    Q_OBJECT
public:
    //! Gets each message as it arrives. The view is valid during the call only and is followed by
    //! at least MessagePadding readable bytes. The sink may close or delete-later the transport.
    using MessageSink = std::function<void(std::string_view message)>;

    using QObject::QObject;

    //! Where it leads, for people and logs ("tcp://127.0.0.1:4600"); never contains a secret.
    virtual QString description() const = 0;
    //! True where the path crosses a network, so that path keepalives make sense.
    virtual bool isRemote() const = 0;

    //! Starts connecting; ends in opened() or closed(). Has no deadline of its own.
    virtual void open() = 0;
    //! Queues one message and hands it to the system in one write. Ignored unless open.
    virtual void send(const QByteArray &message) = 0;
    //! Closes at once, without waiting for the other side. closed() is not emitted for this; no
    //! signal and no message follows.
    virtual void close() = 0;
    virtual bool isOpen() const = 0;

    //! Nobody waits for the answer to request \a id any more: a transport that holds resources for
    //! it (one HTTP exchange a request) lets go of them.
    virtual void abandon([[maybe_unused]] qint64 id) { }
    //! Before send() of request \a id: an answer above \a bytes is not wanted, so that a transport
    //! that reads each answer by itself need not read it to its end.
    virtual void limitAnswer([[maybe_unused]] qint64 id, [[maybe_unused]] qint64 bytes) { }

    void setMessageSink(MessageSink sink) { m_sink = std::move(sink); }

Q_SIGNALS:
    void opened();
    //! The other side, the network or a broken frame ended it; emitted at most once, never after
    //! close(). \a reason says what happened.
    void closed(const pilotlight::Error &reason);
    //! Request \a id could not be delivered or got no answer, and the connection goes on. Only from
    //! transports with an exchange for each request.
    void requestFailed(qint64 id, const pilotlight::Error &reason);
    //! Any inbound byte: a sign of life, before it is known what it says.
    void bytesArrived(qint64 count);

protected:
    const MessageSink &messageSink() const { return m_sink; }
    //! Whether \a message may be sent at all; says so in the log where it is over the limit of a
    //! frame (ContentLengthFramer::MaxFrame).
    static bool fitsAFrame(const QByteArray &message);

private:
    MessageSink m_sink;
};

} // namespace pilotlight
