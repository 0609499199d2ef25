// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QTcpServer>

#include <vector>

class QTcpSocket;

namespace pilotlight {

//! A TCP relay on the loopback interface, so that a drill can cut a connection from outside as a
//! broken network does, without the help of either end.
class DrillRelay : public QObject
{
    Q_OBJECT
public:
    explicit DrillRelay(QObject *parent = nullptr);
    ~DrillRelay() override;

    //! False where no port can be had.
    bool listen();
    quint16 port() const { return m_server.serverPort(); }
    //! Where connections go from now on.
    void setTarget(const QString &host, quint16 port);
    //! Resets all connections, to both sides.
    void cut();

private:
    struct Pair
    {
        QTcpSocket *client; //!< both owned by the relay
        QTcpSocket *server;
    };
    void accept();
    void ended(QTcpSocket *socket);
    static void end(const Pair &pair, bool reset);

    QTcpServer m_server;
    QString m_host;
    quint16 m_port = 0;
    std::vector<Pair> m_pairs;
};

} // namespace pilotlight
