// SPDX-License-Identifier: MIT
#pragma once

#include "base/systemclock.h"
#include "rpc/peer.h"
#include "transport/transport.h"

#include <QJsonObject>
#include <QObject>
#include <QStringList>

#include <functional>
#include <memory>

namespace pilotlight {

//! A small client of an agent server for tests: calls that wait, events that are collected. It
//! knows the protocol's words, which the product's adapter hides.
class ProtocolClient : public QObject
{
    Q_OBJECT
public:
    //! What a call came to: a result or an error.
    struct Answer
    {
        QJsonValue result = QJsonValue::Undefined;
        std::optional<Error> error;

        QJsonObject object() const { return result.toObject(); }
        int remoteCode() const { return error && error->remote ? error->remote->code : 0; }
        QString remoteMessage() const
        {
            return error && error->remote ? error->remote->message : QString();
        }
    };

    explicit ProtocolClient(std::unique_ptr<Transport> transport);
    ~ProtocolClient() override;

    //! Connects to 127.0.0.1.
    static std::unique_ptr<ProtocolClient> tcp(quint16 port);

    //! Opens the transport; false where that fails within 10 s.
    bool open();
    //! Sends a request and waits for its answer, at most \a timeout.
    Answer call(const QString &method, const QJsonObject &params = {},
                Milliseconds timeout = std::chrono::seconds(30));
    //! Sends a request without waiting.
    void post(const QString &method, const QJsonObject &params = {});
    //! Waits until \a count events of \a type have come since the last forget().
    bool waitFor(const QString &type, int count = 1,
                 Milliseconds timeout = std::chrono::seconds(60));
    //! Runs for each event as it arrives, before it is counted.
    void onEvent(std::function<void(const QJsonObject &)> handler)
    {
        m_handler = std::move(handler);
    }

    const QList<QJsonObject> &events() const { return m_events; }
    QList<QJsonObject> events(const QString &type) const;
    //! Methods of all notifications and requests that are no session events.
    const QStringList &otherMessages() const { return m_others; }
    void forget() { m_events.clear(); }
    bool isClosed() const { return m_closed; }
    const Error &closeReason() const { return m_closeReason; }
    Peer &peer() const { return *m_peer; }

    void close();

private:
    SystemClock m_clock;
    std::unique_ptr<Peer> m_peer;
    std::function<void(const QJsonObject &)> m_handler;
    QList<QJsonObject> m_events;
    QStringList m_others;
    bool m_opened = false;
    bool m_closed = false;
    Error m_closeReason;
};

} // namespace pilotlight
