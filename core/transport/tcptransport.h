// SPDX-License-Identifier: MIT
#pragma once

#include "transport/framing.h"
#include "transport/transport.h"

#include <QTcpSocket>

#include <memory>

namespace pilotlight {

//! Content-Length framing over TCP. Each message leaves in one write, without Nagle's delay.
//! There is no half-closed state: the other side's end of stream ends the connection, after
//! everything that came before it was delivered.
class TcpTransport final : public Transport
{
    Q_OBJECT
public:
    //! The client's side.
    TcpTransport(QString host, quint16 port, QObject *parent = nullptr);
    //! The server's side: a connected socket. opened() still comes after open(), from the event
    //! loop.
    explicit TcpTransport(std::unique_ptr<QTcpSocket> accepted, QObject *parent = nullptr);
    ~TcpTransport() override;

    QString description() const override;
    bool isRemote() const override { return m_remote; }
    void open() override;
    void send(const QByteArray &message) override;
    void close() override;
    bool isOpen() const override { return m_state == State::Open; }

private:
    enum class State
    {
        New,
        Opening,
        Open,
        Closed
    };

    void watch();
    void onConnected();
    void onReadyRead();
    void onError(QAbstractSocket::SocketError error);
    void onDisconnected();
    void onEnded();
    void fail(Error reason);

    QString m_host;
    quint16 m_port = 0;
    bool m_remote = false;
    bool m_accepted = false;
    State m_state = State::New;
    bool m_sending = false;
    std::unique_ptr<QTcpSocket> m_socket;
    ContentLengthFramer m_framer;
};

//! True for "localhost" and loopback addresses: no network path, no proxy.
bool isLoopbackHost(const QString &host);

//! Our code for a socket's error. \a wasOpen: the connection had been established.
ErrorCode errorCodeOf(QAbstractSocket::SocketError error, bool wasOpen);

} // namespace pilotlight
