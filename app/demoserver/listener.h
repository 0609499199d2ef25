// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "demoserver/links.h"
#include "demoserver/options.h"

#include <QObject>
#include <QTcpServer>

#include <memory>

class QWebSocketServer;

namespace pilotlight::demo {

//! Opens the channels that the options ask for and hands out a ClientLink for each connection. TCP
//! and WebSocket are bound to 127.0.0.1 only.
class Listener : public QObject
{
    Q_OBJECT
public:
    explicit Listener(QObject *parent = nullptr);
    ~Listener() override;

    //! The lines that the real server prints, or why it cannot listen.
    Result<QStringList> open(const DemoOptions &options);

    quint16 port() const { return m_tcp.serverPort(); }
    quint16 webSocketPort() const;

    //! The next connection that waits, nullptr where none does.
    std::unique_ptr<ClientLink> takeConnection();

Q_SIGNALS:
    void connectionWaits();

private:
    QTcpServer m_tcp;
    QWebSocketServer *m_webSocket = nullptr; //!< a child
};

} // namespace pilotlight::demo
