// SPDX-License-Identifier: MIT
#include "demoserver/links.h"

#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
#include <QWebSocket>
#endif

#include <cstdio>
#include <mutex>
#include <thread>

#ifdef Q_OS_WIN
#include <fcntl.h>
#include <io.h>
#include <winsock2.h>
#else
#include <sys/socket.h>
#include <unistd.h>
#endif

namespace pilotlight::demo {

TcpLink::TcpLink(QTcpSocket *socket, QObject *parent)
    : ClientLink(parent)
    , m_socket(socket)
{
    m_socket->setParent(this);
    // The real server does not set this and costs its clients 40 ms (protocol.md 1); a demo should
    // not.
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    connect(m_socket, &QTcpSocket::readyRead, this, &TcpLink::readMore);
    connect(m_socket, &QTcpSocket::disconnected, this, &ClientLink::closed);
}

void TcpLink::readMore()
{
    m_framing.add(m_socket->readAll());
    while (const auto message = m_framing.next())
        Q_EMIT messageArrived(*message);
    if (!m_framing.isBroken())
        return;
    disconnect(m_socket, &QTcpSocket::readyRead, this, nullptr);
    if (m_framing.complaint().isEmpty())
        close(false);
    else
        Q_EMIT frameBroken(m_framing.complaint());
}

void TcpLink::send(const QByteArray &message)
{
    sendRaw(ServerFraming::framed(message));
}

void TcpLink::sendRaw(const QByteArray &bytes)
{
    if (!m_sendingEnded)
        m_socket->write(bytes);
}

void TcpLink::close(bool flush)
{
    if (!flush) {
        m_socket->abort();
        return;
    }
    // Our owner may go now, but the last bytes should still leave.
    m_socket->flush();
    m_socket->disconnectFromHost();
}

void TcpLink::halfClose()
{
    m_sendingEnded = true;
    m_socket->flush();
#ifdef Q_OS_WIN
    ::shutdown(static_cast<SOCKET>(m_socket->socketDescriptor()), SD_SEND);
#else
    ::shutdown(static_cast<int>(m_socket->socketDescriptor()), SHUT_WR);
#endif
}

// --- standard input and output --------------------------------------------------------------

struct StdinReader::Shared
{
    std::mutex mutex;
    StdinReader *reader = nullptr;
};

StdinReader::StdinReader(QObject *parent)
    : QObject(parent)
    , m_shared(std::make_shared<Shared>())
{
    m_shared->reader = this;
}

StdinReader::~StdinReader()
{
    const std::lock_guard lock(m_shared->mutex);
    m_shared->reader = nullptr;
}

void StdinReader::start()
{
#ifdef Q_OS_WIN
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    // Detached: it may be blocked in read() when the process ends, and nothing can wake it there.
    std::thread([shared = m_shared] {
        char buffer[64 * 1024];
        for (;;) {
#ifdef Q_OS_WIN
            const int got = _read(0, buffer, sizeof buffer);
#else
            const ssize_t got = ::read(0, buffer, sizeof buffer);
#endif
            const QByteArray bytes(buffer, got > 0 ? static_cast<qsizetype>(got) : 0);
            const std::lock_guard lock(shared->mutex);
            StdinReader *const reader = shared->reader;
            if (!reader)
                return;
            QMetaObject::invokeMethod(
                reader,
                [reader, bytes] {
                    if (bytes.isEmpty())
                        Q_EMIT reader->ended();
                    else
                        Q_EMIT reader->bytesRead(bytes);
                },
                Qt::QueuedConnection);
            if (bytes.isEmpty())
                return;
        }
    }).detach();
}

StdioLink::StdioLink(StdinReader &reader, QObject *parent)
    : ClientLink(parent)
{
    connect(&reader, &StdinReader::bytesRead, this, &StdioLink::takeBytes);
    connect(&reader, &StdinReader::ended, this, &ClientLink::closed);
}

void StdioLink::takeBytes(const QByteArray &bytes)
{
    m_framing.add(bytes);
    while (const auto message = m_framing.next())
        Q_EMIT messageArrived(*message);
    if (m_framing.isBroken())
        Q_EMIT frameBroken(m_framing.complaint());
}

void StdioLink::send(const QByteArray &message)
{
    sendRaw(ServerFraming::framed(message));
}

void StdioLink::sendRaw(const QByteArray &bytes)
{
    if (m_closed)
        return;
    std::fwrite(bytes.constData(), 1, static_cast<std::size_t>(bytes.size()), stdout);
    std::fflush(stdout);
}

void StdioLink::close(bool)
{
    halfClose();
    Q_EMIT closed();
}

void StdioLink::halfClose()
{
    if (m_closed)
        return;
    m_closed = true;
    std::fclose(stdout);
}

#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
WebSocketLink::WebSocketLink(QWebSocket *socket, QObject *parent)
    : ClientLink(parent)
    , m_socket(socket)
{
    m_socket->setParent(this);
    connect(m_socket, &QWebSocket::textMessageReceived, this,
            [this](const QString &message) { Q_EMIT messageArrived(message.toUtf8()); });
    connect(m_socket, &QWebSocket::binaryMessageReceived, this, &ClientLink::messageArrived);
    connect(m_socket, &QWebSocket::disconnected, this, &ClientLink::closed);
}

void WebSocketLink::send(const QByteArray &message)
{
    m_socket->sendTextMessage(QString::fromUtf8(message));
}

void WebSocketLink::sendRaw(const QByteArray &bytes)
{
    m_socket->sendTextMessage(QString::fromUtf8(bytes));
}

void WebSocketLink::close(bool flush)
{
    if (flush)
        m_socket->close();
    else
        m_socket->abort();
}

void WebSocketLink::halfClose()
{
    // WebSocket has no such thing; the closing handshake is the nearest.
    m_socket->close(QWebSocketProtocol::CloseCodeGoingAway);
}
#endif

} // namespace pilotlight::demo
