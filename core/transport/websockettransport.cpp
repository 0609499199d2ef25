// SPDX-License-Identifier: MIT
#include "transport/websockettransport.h"

#ifdef PILOTLIGHT_HAVE_WEBSOCKETS

#include "transport/framing.h"
#include "transport/tcptransport.h"

#include <QNetworkProxy>
#include <QPointer>

namespace pilotlight {

WebSocketTransport::WebSocketTransport(QUrl url, Clock &clock, QObject *parent)
    : Transport(parent)
    , m_url(std::move(url))
    , m_clock(clock)
    , m_remote(!isLoopbackHost(m_url.host()))
    , m_socket(std::make_unique<QWebSocket>())
{ }

WebSocketTransport::WebSocketTransport(std::unique_ptr<QWebSocket> accepted, Clock &clock,
                                       QObject *parent)
    : Transport(parent)
    , m_clock(clock)
    , m_remote(!accepted->peerAddress().isLoopback())
    , m_accepted(true)
    , m_socket(std::move(accepted))
{
    m_socket->setParent(nullptr); // a server owns its sockets
    m_url.setScheme(QStringLiteral("ws"));
    m_url.setHost(m_socket->peerAddress().toString());
    m_url.setPort(m_socket->peerPort());
}

WebSocketTransport::~WebSocketTransport()
{
    close();
}

QString WebSocketTransport::description() const
{
    // A query may carry a token.
    return m_url.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery | QUrl::RemoveFragment);
}

void WebSocketTransport::open()
{
    if (m_state != State::New)
        return;
    m_state = State::Opening;
    constexpr auto limit = static_cast<quint64>(ContentLengthFramer::MaxFrame);
    m_socket->setMaxAllowedIncomingFrameSize(limit);
    m_socket->setMaxAllowedIncomingMessageSize(limit);
    QWebSocket *socket = m_socket.get();
    connect(socket, &QWebSocket::connected, this, &WebSocketTransport::onConnected);
    connect(socket, &QWebSocket::disconnected, this, &WebSocketTransport::onDisconnected);
    connect(socket, &QWebSocket::textMessageReceived, this, &WebSocketTransport::onText);
    connect(socket, &QWebSocket::binaryMessageReceived, this, [this] {
        fail({ErrorCode::ProtocolViolation, QStringLiteral("a binary WebSocket message"),
              std::nullopt});
    });
    connect(socket, &QWebSocket::pong, this, [this](quint64, const QByteArray &payload) {
        if (m_state == State::Open)
            Q_EMIT bytesArrived(payload.size() + 2);
    });
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    connect(socket, &QWebSocket::errorOccurred, this, &WebSocketTransport::onError);
#else
    connect(socket, qOverload<QAbstractSocket::SocketError>(&QWebSocket::error), this,
            &WebSocketTransport::onError);
#endif
    if (!m_remote)
        m_socket->setProxy(QNetworkProxy::NoProxy);
    // Never signals from inside open(): the owner may still be wiring itself up.
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (m_state != State::Opening)
                return;
            if (!m_accepted)
                m_socket->open(m_url);
            else if (m_socket->state() == QAbstractSocket::ConnectedState)
                onConnected();
            else
                onDisconnected();
        },
        Qt::QueuedConnection);
}

void WebSocketTransport::onConnected()
{
    if (m_state != State::Opening)
        return;
    m_state = State::Open;
    schedulePing();
    Q_EMIT opened();
}

void WebSocketTransport::schedulePing()
{
    m_nextPing = m_clock.after(PathPingInterval, [this] {
        if (m_state != State::Open)
            return;
        m_socket->ping();
        schedulePing();
    });
}

void WebSocketTransport::onText(const QString &text)
{
    if (m_state != State::Open)
        return;
    const QPointer<WebSocketTransport> alive(this);
    QByteArray message = text.toUtf8();
    const auto size = static_cast<std::size_t>(message.size());
    message.append(static_cast<qsizetype>(MessagePadding), '\0');
    Q_EMIT bytesArrived(static_cast<qint64>(size));
    if (alive && m_state == State::Open && messageSink())
        messageSink()(std::string_view(message.constData(), size));
}

void WebSocketTransport::onDisconnected()
{
    if (m_state == State::Opening && !m_accepted) {
        // Qt says that it failed before it says why.
        QMetaObject::invokeMethod(
            this,
            [this] {
                fail(
                    {errorCodeOf(m_socket->error(), false), m_socket->errorString(), std::nullopt});
            },
            Qt::QueuedConnection);
        return;
    }
    QString detail = QStringLiteral("the other side closed the connection");
    ErrorCode code = ErrorCode::ConnectionLost;
    switch (m_socket->closeCode()) {
    case QWebSocketProtocol::CloseCodeTooMuchData:
        code = ErrorCode::FrameTooLarge;
        break;
    case QWebSocketProtocol::CloseCodeProtocolError:
    case QWebSocketProtocol::CloseCodeDatatypeNotSupported:
    case QWebSocketProtocol::CloseCodeWrongDatatype:
        code = ErrorCode::ProtocolViolation;
        break;
    default:
        break;
    }
    if (!m_socket->closeReason().isEmpty())
        detail += QStringLiteral(": ") + m_socket->closeReason();
    fail({code, detail, std::nullopt});
}

void WebSocketTransport::onError(QAbstractSocket::SocketError error)
{
    if (m_state == State::Open && error == QAbstractSocket::RemoteHostClosedError)
        return; // disconnected() follows
    fail({errorCodeOf(error, m_state == State::Open), m_socket->errorString(), std::nullopt});
}

void WebSocketTransport::send(const QByteArray &message)
{
    if (m_state != State::Open || !fitsAFrame(message))
        return;
    m_sending = true;
    m_socket->sendTextMessage(QString::fromUtf8(message));
    m_socket->flush();
    m_sending = false;
}

void WebSocketTransport::close()
{
    if (m_state == State::Closed)
        return;
    const bool wasOpen = m_state == State::Open;
    m_state = State::Closed;
    m_nextPing.cancel();
    m_socket->disconnect(this);
    if (wasOpen)
        m_socket->close(); // sends the close frame; does not wait for the answer
    else
        m_socket->abort();
}

void WebSocketTransport::fail(Error reason)
{
    if (m_state == State::Closed)
        return;
    if (m_sending) {
        // A sender is not to be called back from inside its send().
        QMetaObject::invokeMethod(this, [this, reason] { fail(reason); }, Qt::QueuedConnection);
        return;
    }
    close();
    Q_EMIT closed(reason);
}

} // namespace pilotlight

#endif
