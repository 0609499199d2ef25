// SPDX-License-Identifier: MIT
#include "transport/tcptransport.h"

#include "transport/framereader.h"
#include "transport/socketoptions.h"

#include <QHostAddress>
#include <QNetworkProxy>

namespace pilotlight {

namespace {
constexpr std::size_t ReadSize = std::size_t(64) * 1024;
}

bool isLoopbackHost(const QString &host)
{
    if (host.compare(QLatin1String("localhost"), Qt::CaseInsensitive) == 0)
        return true;
    return QHostAddress(host).isLoopback();
}

ErrorCode errorCodeOf(QAbstractSocket::SocketError error, bool wasOpen)
{
    switch (error) {
    case QAbstractSocket::HostNotFoundError:
    case QAbstractSocket::ProxyNotFoundError:
        return ErrorCode::HostNotFound;
    case QAbstractSocket::ConnectionRefusedError:
    case QAbstractSocket::ProxyConnectionRefusedError:
        return ErrorCode::ConnectionRefused;
    case QAbstractSocket::SocketTimeoutError:
    case QAbstractSocket::ProxyConnectionTimeoutError:
        return wasOpen ? ErrorCode::ConnectionLost : ErrorCode::Timeout;
    case QAbstractSocket::SslHandshakeFailedError:
    case QAbstractSocket::SslInternalError:
    case QAbstractSocket::SslInvalidUserDataError:
        return ErrorCode::TlsFailed;
    default:
        return ErrorCode::ConnectionLost;
    }
}

TcpTransport::TcpTransport(QString host, quint16 port, QObject *parent)
    : Transport(parent)
    , m_host(std::move(host))
    , m_port(port)
    , m_remote(!isLoopbackHost(m_host))
    , m_socket(std::make_unique<QTcpSocket>())
{ }

TcpTransport::TcpTransport(std::unique_ptr<QTcpSocket> accepted, QObject *parent)
    : Transport(parent)
    , m_host(accepted->peerAddress().toString())
    , m_port(accepted->peerPort())
    , m_remote(!accepted->peerAddress().isLoopback())
    , m_accepted(true)
    , m_socket(std::move(accepted))
{
    m_socket->setParent(nullptr); // a server owns its sockets
}

TcpTransport::~TcpTransport()
{
    close();
}

QString TcpTransport::description() const
{
    const bool bracket = m_host.contains(QLatin1Char(':'));
    return QStringLiteral("tcp://%1:%2")
        .arg(bracket ? QStringLiteral("[%1]").arg(m_host) : m_host)
        .arg(m_port);
}

void TcpTransport::watch()
{
    connect(m_socket.get(), &QTcpSocket::connected, this, &TcpTransport::onConnected);
    connect(m_socket.get(), &QTcpSocket::readyRead, this, &TcpTransport::onReadyRead);
    connect(m_socket.get(), &QTcpSocket::errorOccurred, this, &TcpTransport::onError);
    connect(m_socket.get(), &QTcpSocket::disconnected, this, &TcpTransport::onDisconnected);
}

void TcpTransport::open()
{
    if (m_state != State::New)
        return;
    m_state = State::Opening;
    watch();
    if (m_accepted) {
        QMetaObject::invokeMethod(this, &TcpTransport::onConnected, Qt::QueuedConnection);
        return;
    }
    if (!m_remote)
        m_socket->setProxy(QNetworkProxy::NoProxy);
    // Never from inside open(): the owner may still be wiring itself up.
    QMetaObject::invokeMethod(
        this,
        [this] {
            // Unbuffered: the framer and the system hold the bytes. With its own buffers a socket
            // turns a notifier on and off for every message, which costs as much as the system
            // call.
            if (m_state == State::Opening)
                m_socket->connectToHost(m_host, m_port,
                                        QIODevice::ReadWrite | QIODevice::Unbuffered);
        },
        Qt::QueuedConnection);
}

void TcpTransport::onConnected()
{
    if (m_state != State::Opening)
        return;
    m_state = State::Open;
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    if (m_remote)
        enablePathKeepalive(m_socket->socketDescriptor());
    const QPointer<TcpTransport> alive(this);
    Q_EMIT opened();
    if (alive && m_state == State::Open && m_socket->bytesAvailable() > 0)
        onReadyRead();
    // An accepted socket may have ended before it was opened.
    if (alive && m_state == State::Open && m_socket->state() == QAbstractSocket::UnconnectedState)
        onDisconnected();
}

void TcpTransport::onReadyRead()
{
    if (m_state != State::Open)
        return;
    const QPointer<TcpTransport> alive(this);
    for (;;) {
        const auto room = m_framer.reserve(ReadSize);
        const auto wanted = static_cast<qint64>(room.size());
        const qint64 count = m_socket->read(room.data(), wanted);
        if (count <= 0)
            break;
        m_framer.commit(static_cast<std::size_t>(count));
        acknowledgeAtOnce(m_socket->socketDescriptor());
        Q_EMIT bytesArrived(count);
        if (!alive || m_state != State::Open)
            return;
        if (!deliverFrames(m_framer, *this, messageSink())) {
            if (alive && m_state == State::Open)
                fail(m_framer.error());
            return;
        }
        if (count < wanted)
            break;
    }
    // An unbuffered socket notices the end by reading, and says no more of it than this.
    if (m_socket->state() == QAbstractSocket::UnconnectedState)
        onEnded();
}

void TcpTransport::onError(QAbstractSocket::SocketError error)
{
    if (m_state == State::Open && error == QAbstractSocket::RemoteHostClosedError)
        return; // disconnected() follows, after the rest was read
    fail({errorCodeOf(error, m_state == State::Open), m_socket->errorString(), std::nullopt});
}

void TcpTransport::onDisconnected()
{
    const QPointer<TcpTransport> alive(this);
    onReadyRead(); // what came before the end
    if (alive)
        onEnded();
}

void TcpTransport::onEnded()
{
    const QAbstractSocket::SocketError error = m_socket->error();
    if (error != QAbstractSocket::RemoteHostClosedError
        && error != QAbstractSocket::UnknownSocketError) {
        fail({errorCodeOf(error, true), m_socket->errorString(), std::nullopt});
        return;
    }
    const bool cut = m_framer.hasPartial();
    fail({ErrorCode::ConnectionLost,
          cut ? QStringLiteral("the other side closed the connection in the middle of a message")
              : QStringLiteral("the other side closed the connection"),
          std::nullopt});
}

void TcpTransport::send(const QByteArray &message)
{
    if (m_state != State::Open || !fitsAFrame(message))
        return;
    m_sending = true;
    m_socket->write(ContentLengthFramer::framed(message));
    // Now, not at the next turn of the event loop. What the system does not take stays queued.
    if (m_accepted)
        m_socket->flush();
    m_sending = false;
}

void TcpTransport::close()
{
    if (m_state == State::Closed)
        return;
    m_state = State::Closed;
    m_socket->disconnect(this);
    m_socket->abort();
}

void TcpTransport::fail(Error reason)
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
