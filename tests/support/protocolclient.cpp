// SPDX-License-Identifier: MIT
#include "support/protocolclient.h"

#include "transport/tcptransport.h"

#include <QTest>

namespace pilotlight {

ProtocolClient::ProtocolClient(std::unique_ptr<Transport> transport)
    : m_peer(std::make_unique<Peer>(std::move(transport), m_clock))
{
    connect(m_peer.get(), &Peer::opened, this, [this] { m_opened = true; });
    connect(m_peer.get(), &Peer::closed, this, [this](const Error &reason) {
        m_closed = true;
        m_closeReason = reason;
    });
    m_peer->setNotificationHandler([this](std::string_view method, RawJson params) {
        if (method != "session.event") {
            m_others.append(
                QString::fromUtf8(method.data(), static_cast<qsizetype>(method.size())));
            return;
        }
        const QJsonObject event = params.toObject()[QStringLiteral("event")].toObject();
        if (m_handler)
            m_handler(event);
        m_events.append(event);
    });
    // Requests of the server stay unanswered on purpose: the events are answered instead.
    m_peer->setRequestHandler(
        [this](const RpcId &, const QString &method, RawJson) { m_others.append(method); });
}

ProtocolClient::~ProtocolClient() = default;

std::unique_ptr<ProtocolClient> ProtocolClient::tcp(quint16 port)
{
    return std::make_unique<ProtocolClient>(
        std::make_unique<TcpTransport>(QStringLiteral("127.0.0.1"), port));
}

bool ProtocolClient::open()
{
    m_peer->transport().open();
    return QTest::qWaitFor([this] { return m_opened || m_closed; }, 10'000) && m_opened;
}

ProtocolClient::Answer ProtocolClient::call(const QString &method, const QJsonObject &params,
                                            Milliseconds timeout)
{
    auto answer = std::make_shared<Answer>();
    auto done = std::make_shared<bool>(false);
    m_peer->call(method, params, {timeout}, this, [answer, done](Result<RawJson> result) {
        *done = true;
        if (result)
            answer->result = result->toValue();
        else
            answer->error = result.error();
    });
    const bool answered =
        QTest::qWaitFor([done] { return *done; }, static_cast<int>(timeout.count()) + 1000);
    if (!answered)
        answer->error = Error{ErrorCode::Timeout, QStringLiteral("never answered"), {}};
    return *answer;
}

void ProtocolClient::post(const QString &method, const QJsonObject &params)
{
    m_peer->call(method, params, {Milliseconds(0)}, this, [](Result<RawJson>) { });
}

bool ProtocolClient::waitFor(const QString &type, int count, Milliseconds timeout)
{
    return QTest::qWaitFor([&] { return events(type).size() >= count || m_closed; },
                           static_cast<int>(timeout.count()))
        && events(type).size() >= count;
}

QList<QJsonObject> ProtocolClient::events(const QString &type) const
{
    QList<QJsonObject> found;
    for (const QJsonObject &event : m_events) {
        if (event[QStringLiteral("type")].toString() == type)
            found.append(event);
    }
    return found;
}

void ProtocolClient::close()
{
    m_peer->close();
    m_closed = true;
}

} // namespace pilotlight
