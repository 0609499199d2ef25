// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/secret.h"
#include "transport/transport.h"

#include <QHash>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QUrl>

#include <map>
#include <memory>

namespace pilotlight {

struct HttpExchange;
enum class HttpLane;

//! MCP's Streamable HTTP: every message is a POST, answers come as its JSON body or its event
//! stream, and the server's own messages on the stream of a GET. There is no connection as such:
//! opened() follows open() at once, and the first call shows whether a server is there.
//!
//! What a server says against one request fails that request (requestFailed()); a server that
//! cannot be reached, or that has lost our session (ConnectionExpired), ends the transport. No
//! request is ever sent twice, except that a ping which met a connection that was just being
//! closed is repeated once.
class HttpTransport final : public Transport
{
    Q_OBJECT
public:
    //! Servers send a heartbeat every 15 s on their streams. Once one was seen, a stream that is
    //! silent for four times that is opened anew; one without heartbeats may be silent for ever.
    static constexpr Milliseconds StreamSilence{60'000};

    //! \a bearerToken may be empty.
    HttpTransport(QUrl url, Secret bearerToken, Clock &clock, QObject *parent = nullptr);
    ~HttpTransport() override;

    QString description() const override;
    bool isRemote() const override;
    void open() override;
    void send(const QByteArray &message) override;
    //! Also ends the session at the server, as far as that goes without waiting for it.
    void close() override;
    bool isOpen() const override { return m_state == State::Open; }
    void abandon(qint64 id) override;
    void limitAnswer(qint64 id, qint64 bytes) override;

private:
    enum class State
    {
        New,
        Opening,
        Open,
        Closed
    };
    // Shared: a message is read in place while its exchange may end.
    using Handle = std::shared_ptr<HttpExchange>;

    QNetworkAccessManager &manager(HttpLane lane);
    QNetworkRequest request(const HttpExchange &exchange) const;
    void start(const Handle &exchange);
    void startAfter(Milliseconds delay, const Handle &exchange);
    bool isCurrent(const Handle &exchange) const;
    void drop(const Handle &exchange);

    void onMetaData(const Handle &exchange);
    void onReadyRead(const Handle &exchange);
    void onFinished(const Handle &exchange);
    void readEvents(const Handle &exchange);
    void deliver(const Handle &exchange, std::string_view message);
    void accepted(const Handle &exchange, int status);
    void refused(const Handle &exchange, int status);
    void broken(const Handle &exchange, QNetworkReply::NetworkError error, const QString &text);
    void eventsEnded(const Handle &exchange);
    void streamAgain(const Handle &exchange, bool wasThere);
    void armWatchdog(const Handle &exchange);
    void failRequest(const Handle &exchange, ErrorCode code, const QString &detail);
    void fail(const Error &reason);

    QUrl m_url;
    Secret m_token;
    Clock &m_clock;
    State m_state = State::New;
    QByteArray m_session;
    QByteArray m_protocolVersion; // once initialize was answered
    std::map<HttpLane, std::unique_ptr<QNetworkAccessManager>> m_managers;
    std::map<quint64, Handle> m_exchanges; // by serial number
    quint64 m_lastSerial = 0;
    QHash<qint64, qint64> m_limits; // of requests about to be sent
};

} // namespace pilotlight
