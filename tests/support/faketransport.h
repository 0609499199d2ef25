// SPDX-License-Identifier: MIT
#pragma once

#include "transport/transport.h"

#include <QHash>
#include <QJsonDocument>
#include <QJsonObject>
#include <QList>

namespace pilotlight {

//! A transport whose other side is the test: inject() what the server says, read what was sent.
class FakeTransport final : public Transport
{
    Q_OBJECT
public:
    using Transport::Transport;

    QString description() const override { return QStringLiteral("fake://"); }
    bool isRemote() const override { return false; }
    void open() override { m_opening = true; }
    void send(const QByteArray &message) override;
    void close() override;
    bool isOpen() const override { return m_open; }
    void abandon(qint64 id) override { m_abandoned.append(id); }
    void limitAnswer(qint64 id, qint64 bytes) override { m_limits.insert(id, bytes); }

    //! The connection is established.
    void acceptOpen();
    //! The other side went away.
    void drop(const Error &reason = {ErrorCode::ConnectionLost, {}, {}});
    //! One message from the other side.
    void inject(const QByteArray &message);
    void inject(const QJsonObject &message);
    //! Answers the latest sent request of \a method with \a result.
    bool reply(const QString &method, const QJsonValue &result);
    bool replyError(const QString &method, int code, const QString &text);

    bool openCalled() const { return m_opening; }
    bool closeCalled() const { return m_closeCalled; }
    const QList<QByteArray> &sent() const { return m_sent; }
    QList<QJsonObject> sentObjects() const;
    //! The latest request or notification of \a method, empty where there is none.
    QJsonObject lastSent(const QString &method) const;
    int countSent(const QString &method) const;
    //! Requests whose answers nobody waits for any more.
    const QList<qint64> &abandoned() const { return m_abandoned; }
    //! Largest wanted answers by request.
    const QHash<qint64, qint64> &limits() const { return m_limits; }

private:
    bool m_opening = false;
    bool m_open = false;
    bool m_closeCalled = false;
    QList<QByteArray> m_sent;
    QList<qint64> m_abandoned;
    QHash<qint64, qint64> m_limits;
};

} // namespace pilotlight
