// SPDX-License-Identifier: MIT
#pragma once

#ifdef PILOTLIGHT_HAVE_WEBSOCKETS

#include "base/clock.h"
#include "transport/transport.h"

#include <QUrl>
#include <QWebSocket>

#include <memory>

namespace pilotlight {

//! One JSON message a text frame over WebSocket. wss checks the server's certificate against the
//! system's store and offers no way around it. While open, a WebSocket ping leaves every 45 s, so
//! that load balancers and NATs (60 to 350 s) keep the path; keepalive.md 12.
class WebSocketTransport final : public Transport
{
    Q_OBJECT
public:
    static constexpr Milliseconds PathPingInterval{45'000};

    //! The client's side. \a url is ws:// or wss://.
    WebSocketTransport(QUrl url, Clock &clock, QObject *parent = nullptr);
    //! The server's side: a connected socket. opened() still comes after open(), from the event
    //! loop.
    WebSocketTransport(std::unique_ptr<QWebSocket> accepted, Clock &clock,
                       QObject *parent = nullptr);
    ~WebSocketTransport() override;

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

    void onConnected();
    void onText(const QString &text);
    void onDisconnected();
    void onError(QAbstractSocket::SocketError error);
    void schedulePing();
    void fail(Error reason);

    QUrl m_url;
    Clock &m_clock;
    bool m_remote = false;
    bool m_accepted = false;
    State m_state = State::New;
    bool m_sending = false;
    std::unique_ptr<QWebSocket> m_socket;
    TimerHandle m_nextPing;
};

} // namespace pilotlight

#endif
