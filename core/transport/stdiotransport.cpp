// SPDX-License-Identifier: MIT
#include "transport/stdiotransport.h"

#include "transport/framereader.h"

#include <QMetaObject>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>

#ifdef Q_OS_WIN
#include <fcntl.h>
#include <io.h>
#include <mutex>
#include <thread>
#else
#include <QSocketNotifier>
#include <fcntl.h>
#include <unistd.h>
#endif

namespace pilotlight {

#ifdef Q_OS_WIN

//! Anonymous pipes cannot be waited for on Windows, so a thread reads and hands over. It may be
//! stuck in a read for ever, so it is detached and owns what it touches.
class StdioTransport::Channel
{
public:
    Channel(StdioTransport &owner, int input, int output)
        : m_output(output)
        , m_shared(std::make_shared<Shared>())
    {
        _setmode(input, _O_BINARY);
        _setmode(output, _O_BINARY);
        m_shared->owner = &owner;
        std::thread([shared = m_shared, input] {
            std::array<char, 64 * 1024> buffer;
            for (;;) {
                const int count = _read(input, buffer.data(), static_cast<unsigned>(buffer.size()));
                const std::lock_guard lock(shared->mutex);
                if (!shared->owner)
                    return;
                QByteArray bytes(buffer.data(), count > 0 ? count : 0);
                QMetaObject::invokeMethod(
                    shared->owner,
                    [owner = shared->owner, bytes] {
                        if (bytes.isEmpty())
                            owner->onEnd(QStringLiteral("end of input"));
                        else
                            owner->onBytes(
                                {bytes.constData(), static_cast<std::size_t>(bytes.size())});
                    },
                    Qt::QueuedConnection);
                if (count <= 0)
                    return;
            }
        }).detach();
    }
    ~Channel()
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->owner = nullptr;
    }
    void write(const QByteArray &bytes)
    {
        qsizetype done = 0;
        while (done < bytes.size()) {
            const int count =
                _write(m_output, bytes.constData() + done,
                       static_cast<unsigned>(qMin<qsizetype>(bytes.size() - done, 1 << 20)));
            if (count <= 0)
                return; // the reader has gone; the end of the input follows
            done += count;
        }
    }

private:
    struct Shared
    {
        std::mutex mutex;
        StdioTransport *owner = nullptr;
    };
    int m_output;
    std::shared_ptr<Shared> m_shared;
};

#else

class StdioTransport::Channel
{
public:
    Channel(StdioTransport &owner, int input, int output)
        : m_owner(owner)
        , m_input(input)
        , m_output(output)
        , m_outputFlags(::fcntl(output, F_GETFL))
        , m_reader(input, QSocketNotifier::Read)
        , m_writer(output, QSocketNotifier::Write)
    {
        ::signal(SIGPIPE, SIG_IGN); // a reader that has gone is an error of write(), not our end
        ::fcntl(m_output, F_SETFL, m_outputFlags | O_NONBLOCK);
        m_writer.setEnabled(false);
        QObject::connect(&m_reader, &QSocketNotifier::activated, &owner, [this] { read(); });
        QObject::connect(&m_writer, &QSocketNotifier::activated, &owner, [this] { flush(); });
    }
    ~Channel() { ::fcntl(m_output, F_SETFL, m_outputFlags); }
    Channel(const Channel &) = delete;
    Channel &operator=(const Channel &) = delete;

    void write(const QByteArray &bytes)
    {
        m_pending += bytes;
        flush();
    }

private:
    void read()
    {
        const ssize_t count = ::read(m_input, m_buffer.data(), m_buffer.size());
        if (count > 0)
            m_owner.onBytes({m_buffer.data(), static_cast<std::size_t>(count)});
        else if (count == 0)
            m_owner.onEnd(QStringLiteral("end of input"));
        else if (errno != EAGAIN && errno != EINTR)
            m_owner.onEnd(QString::fromLocal8Bit(std::strerror(errno)));
    }

    void flush()
    {
        qsizetype done = 0;
        while (done < m_pending.size()) {
            const ssize_t count = ::write(m_output, m_pending.constData() + done,
                                          static_cast<std::size_t>(m_pending.size() - done));
            if (count < 0 && errno == EINTR)
                continue;
            if (count < 0 && errno == EAGAIN)
                break;
            if (count < 0) {
                done = m_pending.size(); // the reader has gone; the end of the input follows
                break;
            }
            done += count;
        }
        m_pending.remove(0, done);
        m_writer.setEnabled(!m_pending.isEmpty());
    }

    StdioTransport &m_owner;
    int m_input;
    int m_output;
    int m_outputFlags;
    QSocketNotifier m_reader;
    QSocketNotifier m_writer;
    QByteArray m_pending;
    std::array<char, 64 * 1024> m_buffer{};
};

#endif

StdioTransport::StdioTransport(int input, int output, QObject *parent)
    : Transport(parent)
    , m_input(input)
    , m_output(output)
{ }

StdioTransport::~StdioTransport() = default;

void StdioTransport::open()
{
    if (m_state != State::New)
        return;
    m_state = State::Opening;
    // Never signals from inside open(): the owner may still be wiring itself up.
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (m_state != State::Opening)
                return;
            m_state = State::Open;
            m_channel = std::make_unique<Channel>(*this, m_input, m_output);
            Q_EMIT opened();
        },
        Qt::QueuedConnection);
}

void StdioTransport::onBytes(std::string_view bytes)
{
    if (m_state != State::Open)
        return;
    const QPointer<StdioTransport> alive(this);
    m_framer.feed(bytes);
    Q_EMIT bytesArrived(static_cast<qint64>(bytes.size()));
    if (!alive || m_state != State::Open)
        return;
    if (!deliverFrames(m_framer, *this, messageSink()) && alive && m_state == State::Open)
        fail(m_framer.error());
}

void StdioTransport::onEnd(const QString &why)
{
    fail({ErrorCode::ConnectionLost, why, std::nullopt});
}

void StdioTransport::send(const QByteArray &message)
{
    if (m_state != State::Open || !fitsAFrame(message))
        return;
    m_channel->write(ContentLengthFramer::framed(message));
}

void StdioTransport::close()
{
    if (m_state == State::Closed)
        return;
    m_state = State::Closed;
    if (m_channel) {
        // It may be running right now: it goes with the next turn of the event loop.
        std::shared_ptr<Channel> channel(std::move(m_channel));
        QMetaObject::invokeMethod(
            this, [channel]() mutable { channel.reset(); }, Qt::QueuedConnection);
    }
}

void StdioTransport::fail(Error reason)
{
    if (m_state == State::Closed)
        return;
    close();
    Q_EMIT closed(reason);
}

} // namespace pilotlight
