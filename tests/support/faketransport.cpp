// SPDX-License-Identifier: MIT
#include "support/faketransport.h"

namespace pilotlight {

void FakeTransport::send(const QByteArray &message)
{
    if (m_open)
        m_sent.append(message);
}

void FakeTransport::close()
{
    m_open = false;
    m_closeCalled = true;
}

void FakeTransport::acceptOpen()
{
    m_open = true;
    Q_EMIT opened();
}

void FakeTransport::drop(const Error &reason)
{
    m_open = false;
    Q_EMIT closed(reason);
}

void FakeTransport::inject(const QByteArray &message)
{
    QByteArray padded = message;
    padded.append(static_cast<qsizetype>(MessagePadding), '\0');
    Q_EMIT bytesArrived(message.size());
    if (messageSink())
        messageSink()(
            std::string_view(padded.constData(), static_cast<std::size_t>(message.size())));
}

void FakeTransport::inject(const QJsonObject &message)
{
    inject(QJsonDocument(message).toJson(QJsonDocument::Compact));
}

bool FakeTransport::reply(const QString &method, const QJsonValue &result)
{
    const QJsonObject request = lastSent(method);
    if (request.isEmpty())
        return false;
    inject(QJsonObject{{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
                       {QStringLiteral("id"), request.value(QStringLiteral("id"))},
                       {QStringLiteral("result"), result}});
    return true;
}

bool FakeTransport::replyError(const QString &method, int code, const QString &text)
{
    const QJsonObject request = lastSent(method);
    if (request.isEmpty())
        return false;
    inject(QJsonObject{
        {QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
        {QStringLiteral("id"), request.value(QStringLiteral("id"))},
        {QStringLiteral("error"),
         QJsonObject{{QStringLiteral("code"), code}, {QStringLiteral("message"), text}}}});
    return true;
}

QList<QJsonObject> FakeTransport::sentObjects() const
{
    QList<QJsonObject> objects;
    for (const QByteArray &message : m_sent)
        objects.append(QJsonDocument::fromJson(message).object());
    return objects;
}

QJsonObject FakeTransport::lastSent(const QString &method) const
{
    for (auto it = m_sent.crbegin(); it != m_sent.crend(); ++it) {
        const QJsonObject object = QJsonDocument::fromJson(*it).object();
        if (object.value(QStringLiteral("method")).toString() == method)
            return object;
    }
    return {};
}

int FakeTransport::countSent(const QString &method) const
{
    int count = 0;
    for (const QJsonObject &object : sentObjects())
        count += object.value(QStringLiteral("method")).toString() == method ? 1 : 0;
    return count;
}

} // namespace pilotlight
