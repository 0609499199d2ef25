// SPDX-License-Identifier: MIT
#include "demoserver/listener.h"

#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
#include <QWebSocket>
#include <QWebSocketServer>
#endif

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

Listener::Listener(QObject *parent)
    : QObject(parent)
{
    connect(&m_tcp, &QTcpServer::newConnection, this, &Listener::connectionWaits);
}

Listener::~Listener() = default;

Result<QStringList> Listener::open(const DemoOptions &options)
{
    QStringList lines;
    if (options.port) {
        if (!m_tcp.listen(QHostAddress::LocalHost, *options.port))
            return failure(ErrorCode::ServerStartFailed,
                           u"Failed to start server: Error: "_s + m_tcp.errorString());
        lines.append(u"CLI server listening on port %1"_s.arg(m_tcp.serverPort()));
        if (options.token.isEmpty())
            lines.append(u"Warning: No COPILOT_CONNECTION_TOKEN was set, so connections will be "
                         "accepted from any client"_s);
    }
    if (options.webSocketPort) {
#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
        m_webSocket = new QWebSocketServer(u"pilotlight-demo-server"_s,
                                           QWebSocketServer::NonSecureMode, this);
        connect(m_webSocket, &QWebSocketServer::newConnection, this, &Listener::connectionWaits);
        if (!m_webSocket->listen(QHostAddress::LocalHost, *options.webSocketPort))
            return failure(ErrorCode::ServerStartFailed,
                           u"Failed to start server: Error: "_s + m_webSocket->errorString());
        lines.append(u"WebSocket listening on port %1"_s.arg(m_webSocket->serverPort()));
#else
        return failure(ErrorCode::Unsupported, u"built without WebSockets"_s);
#endif
    }
    return lines;
}

quint16 Listener::webSocketPort() const
{
#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
    return m_webSocket ? m_webSocket->serverPort() : 0;
#else
    return 0;
#endif
}

std::unique_ptr<ClientLink> Listener::takeConnection()
{
    if (QTcpSocket *const socket = m_tcp.nextPendingConnection())
        return std::make_unique<TcpLink>(socket);
#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
    if (m_webSocket) {
        if (QWebSocket *const socket = m_webSocket->nextPendingConnection())
            return std::make_unique<WebSocketLink>(socket);
    }
#endif
    return nullptr;
}

} // namespace pilotlight::demo
