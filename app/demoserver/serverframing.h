// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

#include <optional>

namespace pilotlight::demo {

//! Cuts a byte stream into Content-Length frames the way the real server does, its faults included
//! (protocol.md 7). Independent of core/rpc, so that no mistake there can hide here.
class ServerFraming
{
public:
    //! 10 KB without the end of a header: the real server closes without a word.
    static constexpr qsizetype HeaderLimit = 10 * 1024;

    void add(const QByteArray &bytes) { m_buffer.append(bytes); }
    //! The next whole message, nullopt where more bytes are needed or the stream is broken.
    std::optional<QByteArray> next();
    //! True once a header was no header; nothing comes any more.
    bool isBroken() const { return m_broken; }
    //! The real server's words for it; empty where it says nothing.
    QString complaint() const { return m_complaint; }

    static QByteArray framed(const QByteArray &message);

private:
    void fail(const QString &complaint);

    QByteArray m_buffer;
    qsizetype m_read = 0;
    bool m_broken = false;
    QString m_complaint;
};

} // namespace pilotlight::demo
