// SPDX-License-Identifier: MIT
#include "demoserver/serverframing.h"

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

QByteArray ServerFraming::framed(const QByteArray &message)
{
    return "Content-Length: " + QByteArray::number(message.size()) + "\r\n\r\n" + message;
}

void ServerFraming::fail(const QString &complaint)
{
    m_broken = true;
    m_complaint = complaint;
    m_buffer.clear();
    m_read = 0;
}

std::optional<QByteArray> ServerFraming::next()
{
    if (m_broken)
        return std::nullopt;
    const qsizetype end = m_buffer.indexOf("\r\n\r\n", m_read);
    if (end < 0) {
        if (m_buffer.size() - m_read > HeaderLimit)
            fail({});
        return std::nullopt;
    }
    const QList<QByteArray> lines = m_buffer.mid(m_read, end - m_read).split('\n');
    qint64 length = -1;
    for (const QByteArray &line : lines) {
        const qsizetype colon = line.indexOf(':');
        if (colon < 0) {
            fail(u"Message header must separate key and value using ':'"_s);
            return std::nullopt;
        }
        if (line.left(colon).trimmed().toLower() != "content-length")
            continue;
        const QByteArray value = line.mid(colon + 1).trimmed();
        bool ok = false;
        length = value.toLongLong(&ok);
        if (!ok || length < 0) {
            fail(u"Content-Length value must be a number. Got "_s + QString::fromUtf8(value));
            return std::nullopt;
        }
    }
    if (length < 0) {
        fail(u"Header must provide a Content-Length property."_s);
        return std::nullopt;
    }
    if (m_buffer.size() - end - 4 < length)
        return std::nullopt;
    QByteArray message = m_buffer.mid(end + 4, length);
    m_read = end + 4 + length;
    // Moving the rest to the front after every frame would make a burst quadratic.
    if (m_read > 64 * 1024 || m_read == m_buffer.size()) {
        m_buffer.remove(0, m_read);
        m_read = 0;
    }
    return message;
}

} // namespace pilotlight::demo
