// SPDX-License-Identifier: MIT
#include "support/fakehttpserver.h"

#include <QJsonDocument>

namespace pilotlight {

QJsonObject FakeHttpServer::Request::json() const
{
    return QJsonDocument::fromJson(body).object();
}

QString FakeHttpServer::Request::rpcMethod() const
{
    return json().value(QStringLiteral("method")).toString();
}

qint64 FakeHttpServer::Request::rpcId() const
{
    return json().value(QStringLiteral("id")).toInteger();
}

void FakeHttpServer::Answer::send(int status, const QByteArray &type, const QByteArray &body,
                                  const Headers &headers)
{
    if (!m_socket)
        return;
    QByteArray head = "HTTP/1.1 " + QByteArray::number(status) + " Whatever\r\n";
    if (!type.isEmpty())
        head += "Content-Type: " + type + "\r\n";
    for (const auto &[name, value] : headers)
        head += name + ": " + value + "\r\n";
    head += "Content-Length: " + QByteArray::number(body.size()) + "\r\n\r\n";
    m_socket->write(head + body);
}

void FakeHttpServer::Answer::json(int status, const QJsonObject &body, const Headers &headers)
{
    send(status, "application/json", QJsonDocument(body).toJson(QJsonDocument::Compact), headers);
}

void FakeHttpServer::Answer::result(const Request &request, const QJsonObject &result,
                                    const Headers &headers)
{
    json(200,
         {{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
          {QStringLiteral("id"), request.rpcId()},
          {QStringLiteral("result"), result}},
         headers);
}

void FakeHttpServer::Answer::error(int status, qint64 id, int code, const QString &message)
{
    json(status,
         {{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
          {QStringLiteral("id"), id == 0 ? QJsonValue() : QJsonValue(id)},
          {QStringLiteral("error"),
           QJsonObject{{QStringLiteral("code"), code}, {QStringLiteral("message"), message}}}});
}

void FakeHttpServer::Answer::beginEvents(const Headers &headers)
{
    if (!m_socket)
        return;
    QByteArray head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                      "Transfer-Encoding: chunked\r\n";
    for (const auto &[name, value] : headers)
        head += name + ": " + value + "\r\n";
    m_socket->write(head + "\r\n");
}

void FakeHttpServer::Answer::event(const QByteArray &frame)
{
    if (m_socket)
        m_socket->write(QByteArray::number(frame.size(), 16) + "\r\n" + frame + "\r\n");
}

void FakeHttpServer::Answer::eventJson(const QJsonObject &message, const QByteArray &id)
{
    event((id.isEmpty() ? QByteArray() : "id: " + id + "\n") + "event: message\ndata: "
          + QJsonDocument(message).toJson(QJsonDocument::Compact) + "\n\n");
}

void FakeHttpServer::Answer::end()
{
    if (m_socket)
        m_socket->write("0\r\n\r\n");
}

void FakeHttpServer::Answer::cut()
{
    if (m_socket)
        m_socket->disconnectFromHost();
}

bool FakeHttpServer::Answer::isOpen() const
{
    return m_socket && m_socket->state() == QAbstractSocket::ConnectedState;
}

FakeHttpServer::FakeHttpServer(QObject *parent)
    : QTcpServer(parent)
{
    connect(this, &QTcpServer::newConnection, this, &FakeHttpServer::accept);
    listen(QHostAddress::LocalHost);
    m_port = serverPort();
}

QString FakeHttpServer::url() const
{
    return QStringLiteral("http://127.0.0.1:%1/mcp").arg(m_port);
}

void FakeHttpServer::stop()
{
    close();
    const QList<QTcpSocket *> sockets = m_connections.keys();
    for (QTcpSocket *socket : sockets)
        socket->abort();
}

void FakeHttpServer::restart()
{
    listen(QHostAddress::LocalHost, m_port);
}

QList<FakeHttpServer::Request> FakeHttpServer::of(const QString &method) const
{
    QList<Request> found;
    for (const Request &request : m_requests) {
        if (QString::fromLatin1(request.method) == method || request.rpcMethod() == method)
            found.append(request);
    }
    return found;
}

void FakeHttpServer::accept()
{
    while (QTcpSocket *socket = nextPendingConnection()) {
        m_connections.insert(socket, {});
        connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
        connect(socket, &QTcpSocket::disconnected, this, [this, socket] {
            m_connections.remove(socket);
            socket->deleteLater();
        });
    }
}

void FakeHttpServer::read(QTcpSocket *socket)
{
    const QPointer<FakeHttpServer> alive(this);
    m_connections[socket].input += socket->readAll();
    while (alive && m_connections.contains(socket)) {
        QByteArray &input = m_connections[socket].input;
        const qsizetype end = input.indexOf("\r\n\r\n");
        if (end < 0)
            return;
        Request request;
        const QList<QByteArray> lines = input.left(end).split('\n');
        const QList<QByteArray> first = lines.first().trimmed().split(' ');
        request.method = first.value(0);
        request.path = first.value(1);
        for (const QByteArray &line : lines.mid(1)) {
            const qsizetype colon = line.indexOf(':');
            request.headers.insert(line.left(colon).toLower(), line.mid(colon + 1).trimmed());
        }
        const qsizetype length = request.headers.value("content-length").toLongLong();
        if (input.size() < end + 4 + length)
            return;
        request.body = input.mid(end + 4, length);
        input.remove(0, end + 4 + length);
        m_requests.append(request);
        if (const Handler handler = m_handler)
            handler(request, Answer(socket));
    }
}

} // namespace pilotlight
