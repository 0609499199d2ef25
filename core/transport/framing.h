// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QByteArray>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace pilotlight {

//! Cuts a byte stream into the messages of the Content-Length framing ("Content-Length: N\r\n\r\n"
//! and N bytes). Pure: no I/O, no clock. What is not exactly the framing breaks it for good, with a
//! reason; it never guesses where the next message might begin.
//!
//! Header names in any case and further header fields are accepted, as the real server accepts
//! them.
class ContentLengthFramer
{
public:
    //! The largest message. The real server refuses 256 MiB ("retained request byte budget").
    static constexpr std::size_t MaxFrame = std::size_t(256) * 1024 * 1024;
    //! The largest header. Real ones have 20 to 60 bytes; 8 KiB is what HTTP servers commonly
    //! allow.
    static constexpr std::size_t MaxHeader = std::size_t(8) * 1024;

    enum class Step
    {
        Frame, //!< a message is there
        NeedMore, //!< feed more bytes
        Broken, //!< error() says why; stays so
    };

    ContentLengthFramer();
    ~ContentLengthFramer();
    ContentLengthFramer(const ContentLengthFramer &) = delete;
    ContentLengthFramer &operator=(const ContentLengthFramer &) = delete;

    //! Room for at least \a size bytes (and not empty) to read into directly; then commit() what
    //! was read. Invalidates the view of the last frame.
    std::span<char> reserve(std::size_t size);
    void commit(std::size_t size);
    //! Copies \a bytes in. Invalidates the view of the last frame.
    void feed(std::string_view bytes);

    //! The next message in order. The view points into the framer's own buffer, is valid until the
    //! next reserve(), feed() or destruction, and at least MessagePadding readable bytes follow it.
    Step next(std::string_view &frame);

    //! Set once next() has answered Broken: ProtocolViolation or FrameTooLarge.
    const Error &error() const { return m_error; }
    //! True in the middle of a header or message: the end of the stream would cut it off.
    bool hasPartial() const { return m_begin != m_end; }
    //! Bytes of memory held now.
    std::size_t capacity() const { return m_capacity; }

    //! \a message with its header in front, ready for one write.
    static QByteArray framed(const QByteArray &message);

private:
    Step readHeader();
    Step broken(ErrorCode code, QString detail);
    bool parseHeader(std::string_view header);

    std::unique_ptr<char[]> m_buffer;
    std::size_t m_capacity = 0; // without the padding
    std::size_t m_begin = 0; // first byte not handed out
    std::size_t m_end = 0; // behind the last byte received
    std::size_t m_scanned = 0; // header bytes behind m_begin that were looked at
    std::size_t m_length = 0; // of the message whose header was read
    bool m_inBody = false;
    bool m_broken = false;
    Error m_error;
};

} // namespace pilotlight
