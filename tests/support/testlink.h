// SPDX-License-Identifier: MIT
#pragma once

#include "demoserver/clientlink.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QList>
#include <QStringList>

namespace pilotlight::demo {

//! The test's end of a connection to a DemoServer: call() what a client would, read what it got.
class TestLink final : public ClientLink
{
public:
    using ClientLink::ClientLink;

    void send(const QByteArray &message) override { m_received.append(message); }
    void sendRaw(const QByteArray &bytes) override { m_raw.append(bytes); }
    void close(bool) override { m_closed = true; }
    void halfClose() override { m_halfClosed = true; }

    //! Sends a request; its id is returned.
    int call(const QString &method, const QJsonObject &params = {})
    {
        const QJsonObject request{{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
                                  {QStringLiteral("id"), ++m_lastId},
                                  {QStringLiteral("method"), method},
                                  {QStringLiteral("params"), params}};
        Q_EMIT messageArrived(QJsonDocument(request).toJson(QJsonDocument::Compact));
        return m_lastId;
    }
    //! The answer to request \a id, empty where there is none yet.
    QJsonObject answer(int id) const
    {
        for (const QJsonObject &message : messages()) {
            if (message.value(QStringLiteral("id")).toInt() == id
                && !message.contains(QStringLiteral("method")))
                return message;
        }
        return {};
    }
    //! call() and its answer's result, for requests that are answered at once.
    QJsonObject result(const QString &method, const QJsonObject &params = {})
    {
        return answer(call(method, params)).value(QStringLiteral("result")).toObject();
    }
    QJsonObject error(const QString &method, const QJsonObject &params = {})
    {
        return answer(call(method, params)).value(QStringLiteral("error")).toObject();
    }
    QList<QJsonObject> messages() const
    {
        QList<QJsonObject> all;
        for (const QByteArray &message : m_received)
            all.append(QJsonDocument::fromJson(message).object());
        return all;
    }
    //! The session events that arrived, of \a type or of all.
    QList<QJsonObject> events(const QString &type = {}) const
    {
        QList<QJsonObject> found;
        for (const QJsonObject &message : messages()) {
            const QJsonObject event =
                message[QStringLiteral("params")][QStringLiteral("event")].toObject();
            if (!event.isEmpty() && (type.isEmpty() || event[QStringLiteral("type")] == type))
                found.append(event);
        }
        return found;
    }
    QStringList eventTypes() const
    {
        QStringList types;
        for (const QJsonObject &event : events())
            types.append(event[QStringLiteral("type")].toString());
        return types;
    }
    void forget() { m_received.clear(); }
    const QList<QByteArray> &received() const { return m_received; }
    const QByteArray &raw() const { return m_raw; }
    bool closeCalled() const { return m_closed; }
    bool halfCloseCalled() const { return m_halfClosed; }

private:
    QList<QByteArray> m_received;
    QByteArray m_raw;
    int m_lastId = 0;
    bool m_closed = false;
    bool m_halfClosed = false;
};

} // namespace pilotlight::demo
