// SPDX-License-Identifier: MIT
#include "drill/drillrelay.h"

#include <QHostAddress>
#include <QTcpSocket>

#include <algorithm>
#include <utility>

namespace pilotlight {

DrillRelay::DrillRelay(QObject *parent)
    : QObject(parent)
{
    connect(&m_server, &QTcpServer::newConnection, this, &DrillRelay::accept);
}

DrillRelay::~DrillRelay()
{
    cut();
}

bool DrillRelay::listen()
{
    return m_server.listen(QHostAddress::LocalHost);
}

void DrillRelay::setTarget(const QString &host, quint16 port)
{
    m_host = host;
    m_port = port;
}

void DrillRelay::accept()
{
    while (QTcpSocket *const client = m_server.nextPendingConnection()) {
        auto *const server = new QTcpSocket(this);
        client->setParent(this);
        m_pairs.push_back({client, server});
        for (const auto &[from, to] : {std::pair(client, server), std::pair(server, client)}) {
            from->setSocketOption(QAbstractSocket::LowDelayOption, 1);
            // What is written before the connection is there waits in the socket.
            connect(from, &QTcpSocket::readyRead, to,
                    [source = from, target = to] { target->write(source->readAll()); });
            connect(from, &QTcpSocket::disconnected, this,
                    [this, socket = from] { ended(socket); });
            connect(from, &QTcpSocket::errorOccurred, this, [this, socket = from] {
                if (socket->state() != QAbstractSocket::ConnectedState)
                    ended(socket);
            });
        }
        server->connectToHost(m_host, m_port);
    }
}

void DrillRelay::ended(QTcpSocket *socket)
{
    const auto found = std::find_if(m_pairs.begin(), m_pairs.end(), [socket](const Pair &pair) {
        return pair.client == socket || pair.server == socket;
    });
    if (found == m_pairs.end())
        return;
    const Pair pair = *found;
    m_pairs.erase(found);
    end(pair, false);
}

void DrillRelay::cut()
{
    const std::vector<Pair> pairs = std::exchange(m_pairs, {});
    for (const Pair &pair : pairs)
        end(pair, true);
}

void DrillRelay::end(const Pair &pair, bool reset)
{
    for (QTcpSocket *const socket : {pair.client, pair.server}) {
        socket->disconnect();
        if (reset || socket->state() != QAbstractSocket::ConnectedState) {
            socket->abort();
            socket->deleteLater();
        } else {
            connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
            socket->disconnectFromHost(); // what is written goes out first
        }
    }
}

} // namespace pilotlight
