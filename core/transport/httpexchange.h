// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "transport/sseparser.h"

#include <QByteArray>
#include <QIODevice>
#include <QNetworkReply>
#include <QString>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace pilotlight {

// Internal to HttpTransport.

//! A network access manager opens at most six connections to a server, so what lasts has its own.
enum class HttpLane
{
    Quick, //!< pings, notifications, answers to the server
    Calls, //!< may take as long as a tool takes
    Streams, //!< endless
};

//! One message and what becomes of it, or the stream of the server's notifications.
struct HttpExchange
{
    enum class Kind
    {
        Post,
        Resume, //!< the rest of a POST's event stream
        Stream, //!< the server's notifications
    };
    struct Drop
    {
        void operator()(QNetworkReply *reply) const;
    };
    //! What the standard's example client waits before it comes back to a stream.
    static constexpr Milliseconds DefaultRetry{1'000};

    Kind kind = Kind::Post;
    HttpLane lane = HttpLane::Quick;
    quint64 serial = 0;
    // What was posted.
    QByteArray message;
    QString method;
    qint64 id = 0; //!< 0: not a request
    QByteArray statelessVersion; //!< set in the era without sessions
    QByteArray name; //!< of what the request is about, for a header of that era
    qint64 limit = static_cast<qint64>(FrameBuffer::MaxFrame);
    bool withSession = false;
    bool repeated = false;
    // What came.
    std::unique_ptr<QNetworkReply, Drop> reply;
    bool isEvents = false;
    std::unique_ptr<SseParser> events;
    QByteArray body;
    QByteArray lastEventId;
    Milliseconds retry = DefaultRetry;
    int failures = 0; //!< in a row, of Resume and Stream
    bool answered = false;
    TimerHandle timer; //!< until it starts, or watches over the stream

    bool isPing() const;
    //! Fills in what the message says of itself.
    void readEnvelope();
};

//! True where \a message is the answer to request \a id.
bool isAnswerTo(qint64 id, std::string_view message);

//! Our code for the end of an exchange without an answer of HTTP.
ErrorCode httpErrorCode(QNetworkReply::NetworkError error);
//! True where no server was reached at all.
bool isUnreachable(QNetworkReply::NetworkError error);

//! The body of a POST, which can be read only once. Of a QByteArray Qt keeps a copy and sends it up
//! to three times more where the connection breaks before the answer: a tool would run again.
class OneTimeBody final : public QIODevice
{
public:
    explicit OneTimeBody(QByteArray bytes)
        : m_bytes(std::move(bytes))
    {
        open(ReadOnly | Unbuffered);
    }
    bool isSequential() const override { return true; }
    bool reset() override { return false; }
    qint64 bytesAvailable() const override
    {
        return m_bytes.size() - m_position + QIODevice::bytesAvailable();
    }

protected:
    qint64 readData(char *data, qint64 maxSize) override
    {
        const qint64 size = std::min<qint64>(maxSize, m_bytes.size() - m_position);
        if (size <= 0)
            return maxSize > 0 ? -1 : 0;
        std::copy_n(m_bytes.constData() + m_position, size, data);
        m_position += size;
        return size;
    }
    qint64 writeData(const char *, qint64) override { return -1; }

private:
    QByteArray m_bytes;
    qint64 m_position = 0;
};

} // namespace pilotlight
