// SPDX-License-Identifier: MIT
#pragma once

#include "demoserver/clientlink.h"
#include "demoserver/serverframing.h"

#include <QTcpSocket>

#include <functional>
#include <memory>

class QWebSocket;

namespace pilotlight::demo {

//! A client over TCP.
class TcpLink final : public ClientLink
{
    Q_OBJECT
public:
    //! Takes over \a socket, which is connected.
    explicit TcpLink(QTcpSocket *socket, QObject *parent = nullptr);

    void send(const QByteArray &message) override;
    void sendRaw(const QByteArray &bytes) override;
    void close(bool flush) override;
    void halfClose() override;

private:
    void readMore();

    QTcpSocket *m_socket; //!< a child
    ServerFraming m_framing;
    bool m_sendingEnded = false;
};

//! Reads this process's standard input on a thread of its own, because there is no portable way to
//! be told of its bytes by an event loop. The handler runs in the main thread, with an empty array
//! at the end.
class StdinReader : public QObject
{
    Q_OBJECT
public:
    explicit StdinReader(QObject *parent = nullptr);
    ~StdinReader() override;

    void start();

Q_SIGNALS:
    void bytesRead(const QByteArray &bytes);
    void ended();

private:
    struct Shared;
    std::shared_ptr<Shared> m_shared;
};

//! The client at the other end of standard input and output.
class StdioLink final : public ClientLink
{
    Q_OBJECT
public:
    explicit StdioLink(StdinReader &reader, QObject *parent = nullptr);

    void send(const QByteArray &message) override;
    void sendRaw(const QByteArray &bytes) override;
    void close(bool flush) override;
    void halfClose() override;

private:
    void takeBytes(const QByteArray &bytes);

    ServerFraming m_framing;
    bool m_closed = false;
};

#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
//! A client over WebSocket: one message a text frame.
class WebSocketLink final : public ClientLink
{
    Q_OBJECT
public:
    //! Takes over \a socket, which is connected.
    explicit WebSocketLink(QWebSocket *socket, QObject *parent = nullptr);

    void send(const QByteArray &message) override;
    void sendRaw(const QByteArray &bytes) override;
    void close(bool flush) override;
    void halfClose() override;

private:
    QWebSocket *m_socket; //!< a child
};
#endif

} // namespace pilotlight::demo
