// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QByteArray>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace pilotlight {

//! How the messages of a byte stream are told apart.
enum class Framing
{
    ContentLength, //!< a header in front of each: ContentLengthFramer
    Lines, //!< one JSON object a line: LineFramer
};

//! What framers share: a buffer that is read into directly and handed out as views.
class FrameBuffer
{
public:
    //! The largest message. The real server refuses 256 MiB ("retained request byte budget").
    static constexpr std::size_t MaxFrame = std::size_t(256) * 1024 * 1024;

    //! Some programs on Windows begin their output with it.
    static constexpr std::string_view ByteOrderMark = "\xEF\xBB\xBF";

    enum class Step
    {
        Frame, //!< a message is there
        NeedMore, //!< feed more bytes
        Broken, //!< error() says why; stays so
    };

    FrameBuffer(const FrameBuffer &) = delete;
    FrameBuffer &operator=(const FrameBuffer &) = delete;

    //! Room for at least \a size bytes (and not empty) to read into directly; then commit() what
    //! was read. Invalidates the view of the last frame.
    std::span<char> reserve(std::size_t size);
    void commit(std::size_t size);
    //! Copies \a bytes in. Invalidates the view of the last frame.
    void feed(std::string_view bytes);

    //! Set once next() has answered Broken: ProtocolViolation or FrameTooLarge.
    const Error &error() const { return m_error; }
    //! True in the middle of a message: the end of the stream would cut it off.
    bool hasPartial() const { return m_begin != m_end; }
    //! Bytes of memory held now.
    std::size_t capacity() const { return m_capacity; }

protected:
    //! A buffer that one large message made is given back as soon as it is empty.
    static constexpr std::size_t KeptCapacity = std::size_t(1024) * 1024;

    FrameBuffer();
    ~FrameBuffer();

    //! What has arrived and was not handed out.
    std::string_view held() const { return {m_buffer.get() + m_begin, m_end - m_begin}; }
    void consume(std::size_t size) { m_begin += size; }
    Step broken(ErrorCode code, QString detail);

    bool m_broken = false;

private:
    std::unique_ptr<char[]> m_buffer;
    std::size_t m_capacity = 0; // without the padding
    std::size_t m_begin = 0; // first byte not handed out
    std::size_t m_end = 0; // behind the last byte received
    Error m_error;
};

//! Cuts a byte stream into the messages of the Content-Length framing ("Content-Length: N\r\n\r\n"
//! and N bytes). Pure: no I/O, no clock. What is not exactly the framing breaks it for good, with a
//! reason; it never guesses where the next message might begin.
//!
//! Header names in any case and further header fields are accepted, as the real server accepts
//! them.
class ContentLengthFramer final : public FrameBuffer
{
public:
    //! The largest header. Real ones have 20 to 60 bytes; 8 KiB is what HTTP servers commonly
    //! allow.
    static constexpr std::size_t MaxHeader = std::size_t(8) * 1024;

    //! The next message in order. The view points into the framer's own buffer, is valid until the
    //! next reserve(), feed() or destruction, and at least MessagePadding readable bytes follow it.
    Step next(std::string_view &frame);

    //! \a message with its header in front, ready for one write.
    static QByteArray framed(const QByteArray &message);

private:
    Step readHeader();
    bool parseHeader(std::string_view header);

    std::size_t m_scanned = 0; // header bytes that were looked at
    std::size_t m_length = 0; // of the message whose header was read
    bool m_inBody = false;
};

//! Cuts a byte stream into lines of one JSON object each, as MCP and ACP servers write them to
//! their standard output. Lines that are no object are skipped: programs print banners and stray
//! debug output there, and the official clients drop it as well. Only a line over the limit breaks
//! it. What is between the braces is not looked at.
class LineFramer final : public FrameBuffer
{
public:
    //! \a maxLine: bytes of one line, above which the stream is Broken with FrameTooLarge.
    explicit LineFramer(std::size_t maxLine = MaxFrame)
        : m_maxLine(maxLine)
    { }

    //! As ContentLengthFramer::next(); the line's end is not part of the view.
    Step next(std::string_view &frame);

    //! Lines skipped so far (empty ones do not count), and how the last one began.
    quint64 skippedLines() const { return m_skipped; }
    const QString &lastSkipped() const { return m_lastSkipped; }

    //! \a message, which must have no line breaks, as a line, ready for one write.
    static QByteArray framed(const QByteArray &message);

private:
    void skip(std::string_view line);
    Step tooLong();

    std::size_t m_maxLine;
    std::size_t m_scanned = 0; // bytes of the line that were looked at
    bool m_skipping = false; // in a line that cannot be a message
    quint64 m_skipped = 0;
    QString m_lastSkipped;
};

} // namespace pilotlight
