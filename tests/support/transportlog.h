// SPDX-License-Identifier: MIT
#pragma once

#include "transport/tcptransport.h"

#include <QTcpServer>

#include <memory>
#include <vector>

namespace pilotlight {

//! A TCP server on a free loopback port whose sockets the test drives, raw or as transports.
class RawServer : public QTcpServer
{
public:
    RawServer() { listen(QHostAddress::LocalHost); }

    //! The next connection, or null where there is none yet.
    std::unique_ptr<QTcpSocket> take()
    {
        QTcpSocket *socket = nextPendingConnection();
        if (socket)
            socket->setParent(nullptr);
        return std::unique_ptr<QTcpSocket>(socket);
    }
};

//! What a transport did, in order: "open", each message, "closed <code>".
class TransportLog : public QObject
{
public:
    explicit TransportLog(Transport &transport)
    {
        connect(&transport, &Transport::opened, this,
                [this] { entries.append(QByteArrayLiteral("open")); });
        connect(&transport, &Transport::closed, this, [this](const Error &error) {
            reason = error;
            entries.append("closed " + errorCodeName(error.code).toLatin1());
        });
        connect(&transport, &Transport::bytesArrived, this,
                [this](qint64 count) { bytes += count; });
        transport.setMessageSink([this](std::string_view message) {
            entries.append(QByteArray(message.data(), static_cast<qsizetype>(message.size())));
        });
    }
    QList<QByteArray> entries;
    Error reason;
    qint64 bytes = 0;
};

} // namespace pilotlight
