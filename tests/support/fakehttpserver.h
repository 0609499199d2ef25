// SPDX-License-Identifier: MIT
#pragma once

#include <QHash>
#include <QJsonObject>
#include <QList>
#include <QPointer>
#include <QTcpServer>
#include <QTcpSocket>

#include <functional>

namespace pilotlight {

//! A small HTTP/1.1 server on a free loopback port whose behaviour is the test's.
class FakeHttpServer : public QTcpServer
{
    Q_OBJECT
public:
    struct Request
    {
        QByteArray method; //!< "POST"
        QByteArray path;
        QHash<QByteArray, QByteArray> headers; //!< names in lower case
        QByteArray body;

        QJsonObject json() const;
        //! Of the JSON-RPC message in the body.
        QString rpcMethod() const;
        qint64 rpcId() const;
    };
    //! The way to answer one request, now or later.
    class Answer
    {
    public:
        explicit Answer(QTcpSocket *socket = nullptr)
            : m_socket(socket)
        { }
        using Headers = QList<std::pair<QByteArray, QByteArray>>;
        void send(int status, const QByteArray &type, const QByteArray &body,
                  const Headers &headers = {});
        void json(int status, const QJsonObject &body, const Headers &headers = {});
        //! {"jsonrpc","id","result"} to \a request.
        void result(const Request &request, const QJsonObject &result, const Headers &headers = {});
        //! A JSON-RPC error; without an id where \a id is 0.
        void error(int status, qint64 id, int code, const QString &message);
        void accepted() { send(202, {}, {}); }
        //! Begins an event stream of any length.
        void beginEvents(const Headers &headers = {});
        void event(const QByteArray &frame); //!< as it is, with its empty line
        void eventJson(const QJsonObject &message, const QByteArray &id = {});
        void end(); //!< the regular end of the stream
        void cut(); //!< closes the connection, whatever was sent
        bool isOpen() const;

    private:
        QPointer<QTcpSocket> m_socket;
    };
    using Handler = std::function<void(const Request &request, Answer answer)>;

    explicit FakeHttpServer(QObject *parent = nullptr);
    QString url() const;
    //! What happens to a request; without one it waits for ever.
    void setHandler(Handler handler) { m_handler = std::move(handler); }
    //! Closes all connections and stops listening; the port stays ours for restart().
    void stop();
    void restart();

    const QList<Request> &requests() const { return m_requests; }
    //! Requests with this HTTP method, or with this JSON-RPC method.
    QList<Request> of(const QString &method) const;
    int openConnections() const { return static_cast<int>(m_connections.size()); }

private:
    struct Connection
    {
        QByteArray input;
    };
    void accept();
    void read(QTcpSocket *socket);

    Handler m_handler;
    QList<Request> m_requests;
    QHash<QTcpSocket *, Connection> m_connections;
    quint16 m_port = 0;
};

} // namespace pilotlight
