// SPDX-License-Identifier: MIT
#include "transport/framing.h"

#include "transport/transport.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pilotlight {

namespace {

constexpr std::size_t InitialCapacity = std::size_t(4) * 1024;
constexpr std::string_view HeaderEnd = "\r\n\r\n";

bool isTokenChar(char c)
{
    // RFC 9110 5.6.2
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool isContentLength(std::string_view name)
{
    constexpr std::string_view wanted = "content-length";
    return name.size() == wanted.size()
        && std::equal(name.begin(), name.end(), wanted.begin(),
                      [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

//! What unreadable bytes looked like, short and printable.
QString excerpt(std::string_view bytes)
{
    QString text;
    for (const char c : bytes.substr(0, 40))
        text += c >= 0x20 && c < 0x7f ? QLatin1Char(c) : QLatin1Char('.');
    return text;
}

//! A line without its line end, blanks around it and a byte order mark.
std::string_view withoutBlanks(std::string_view line)
{
    constexpr std::string_view mark = FrameBuffer::ByteOrderMark;
    if (line.starts_with(mark))
        line.remove_prefix(mark.size());
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos)
        return {};
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

//! True where the rest of a byte order mark may still come.
bool isPartOfMark(std::string_view begun)
{
    constexpr std::string_view mark = FrameBuffer::ByteOrderMark;
    return begun.size() < mark.size() && mark.starts_with(begun);
}

} // namespace

FrameBuffer::FrameBuffer() = default;
FrameBuffer::~FrameBuffer() = default;

std::span<char> FrameBuffer::reserve(std::size_t size)
{
    size = std::max<std::size_t>(size, 1);
    const std::size_t kept = m_end - m_begin;
    if (kept == 0) {
        m_begin = m_end = 0;
        if (m_capacity > KeptCapacity && size <= KeptCapacity) {
            m_buffer.reset();
            m_capacity = 0;
        }
    }
    if (m_capacity - m_end < size) {
        if (m_capacity - kept >= size && kept <= m_capacity / 2) {
            std::memmove(m_buffer.get(), m_buffer.get() + m_begin, kept);
        } else {
            // Grows with what has arrived, never with what a header promises.
            const std::size_t wanted = std::max({InitialCapacity, kept + size, kept * 2});
            auto buffer = std::make_unique<char[]>(wanted + MessagePadding);
            if (kept > 0)
                std::memcpy(buffer.get(), m_buffer.get() + m_begin, kept);
            m_buffer = std::move(buffer);
            m_capacity = wanted;
        }
        m_begin = 0;
        m_end = kept;
    }
    return {m_buffer.get() + m_end, m_capacity - m_end};
}

void FrameBuffer::commit(std::size_t size)
{
    m_end += std::min(size, m_capacity - m_end);
}

void FrameBuffer::feed(std::string_view bytes)
{
    if (bytes.empty())
        return;
    const auto room = reserve(bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    commit(bytes.size());
}

FrameBuffer::Step FrameBuffer::broken(ErrorCode code, QString detail)
{
    m_broken = true;
    m_error = Error{code, std::move(detail), std::nullopt};
    return Step::Broken;
}

ContentLengthFramer::Step ContentLengthFramer::next(std::string_view &frame)
{
    if (m_broken)
        return Step::Broken;
    if (!m_inBody) {
        const Step step = readHeader();
        if (step != Step::Frame)
            return step;
    }
    const std::string_view bytes = held();
    if (bytes.size() < m_length)
        return Step::NeedMore;
    frame = bytes.substr(0, m_length);
    consume(m_length);
    m_inBody = false;
    return Step::Frame;
}

//! Frame: a header was read and m_length is known.
ContentLengthFramer::Step ContentLengthFramer::readHeader()
{
    const std::string_view bytes = held();
    std::size_t end = std::string_view::npos;
    // Byte by byte, so that garbage and bare line feeds are refused at once instead of waiting for
    // more.
    for (std::size_t i = m_scanned; i < bytes.size(); ++i) {
        const auto c = static_cast<unsigned char>(bytes[i]);
        const bool afterReturn = i > 0 && bytes[i - 1] == '\r';
        if (i >= MaxHeader)
            return broken(ErrorCode::ProtocolViolation, QStringLiteral("header over 8 KiB"));
        if ((c == '\n') != afterReturn
            || ((c < 0x20 || c >= 0x7f) && c != '\r' && c != '\n' && c != '\t'))
            return broken(ErrorCode::ProtocolViolation,
                          QStringLiteral("not a header: %1").arg(excerpt(bytes)));
        if (c == '\n' && i >= 3 && bytes[i - 2] == '\n') {
            end = i + 1;
            break;
        }
    }
    if (end == std::string_view::npos) {
        m_scanned = bytes.size();
        return Step::NeedMore;
    }
    if (!parseHeader(bytes.substr(0, end - HeaderEnd.size())))
        return Step::Broken;
    consume(end);
    m_scanned = 0;
    m_inBody = true;
    return Step::Frame;
}

//! Reads m_length from a whole header without its last line ends.
bool ContentLengthFramer::parseHeader(std::string_view header)
{
    bool found = false;
    for (std::size_t start = 0; start <= header.size();) {
        const std::size_t end = std::min(header.find("\r\n", start), header.size());
        const std::string_view line = header.substr(start, end - start);
        start = end + 2;
        const std::size_t colon = line.find(':');
        const std::string_view name = line.substr(0, colon);
        if (colon == std::string_view::npos || name.empty()
            || !std::all_of(name.begin(), name.end(), isTokenChar)) {
            broken(ErrorCode::ProtocolViolation,
                   QStringLiteral("not a header field: %1").arg(excerpt(line)));
            return false;
        }
        if (!isContentLength(name))
            continue;
        if (found) {
            broken(ErrorCode::ProtocolViolation, QStringLiteral("duplicate Content-Length"));
            return false;
        }
        found = true;
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) {
            broken(ErrorCode::ProtocolViolation,
                   QStringLiteral("Content-Length is not a number: %1").arg(excerpt(value)));
            return false;
        }
        m_length = 0;
        for (const char digit : value)
            m_length =
                std::min(m_length * 10 + static_cast<std::size_t>(digit - '0'), MaxFrame + 1);
        if (m_length > MaxFrame) {
            broken(ErrorCode::FrameTooLarge,
                   QStringLiteral("a message of %1 bytes").arg(excerpt(value)));
            return false;
        }
    }
    if (!found)
        broken(ErrorCode::ProtocolViolation, QStringLiteral("header without Content-Length"));
    return found;
}

QByteArray ContentLengthFramer::framed(const QByteArray &message)
{
    const QByteArray length = QByteArray::number(message.size());
    QByteArray bytes;
    bytes.reserve(message.size() + 32);
    bytes += "Content-Length: ";
    bytes += length;
    bytes += "\r\n\r\n";
    bytes += message;
    return bytes;
}

namespace {

std::size_t blanksBefore(std::string_view trimmed, std::string_view whole)
{
    return trimmed.empty() ? whole.size() : static_cast<std::size_t>(trimmed.data() - whole.data());
}

} // namespace

LineFramer::Step LineFramer::next(std::string_view &frame)
{
    if (m_broken)
        return Step::Broken;
    for (;;) {
        const std::string_view bytes = held();
        const std::size_t end = bytes.find('\n', m_scanned);
        if (end == std::string_view::npos) {
            m_scanned = bytes.size();
            const std::string_view begun = withoutBlanks(bytes);
            if (!m_skipping && blanksBefore(begun, bytes) > m_maxLine)
                return tooLong();
            if (!m_skipping && !begun.empty() && begun.front() != '{' && !isPartOfMark(bytes))
                skip(begun);
            if (m_skipping) { // nobody will want it: do not keep it either
                consume(bytes.size());
                m_scanned = 0;
            } else if (bytes.size() > m_maxLine) {
                return tooLong();
            }
            return Step::NeedMore;
        }
        const std::string_view line = withoutBlanks(bytes.substr(0, end));
        const std::size_t blanks = blanksBefore(line, bytes.substr(0, end));
        consume(end + 1);
        m_scanned = 0;
        if (std::exchange(m_skipping, false))
            continue;
        const bool isObject = !line.empty() && line.front() == '{';
        // Decided by what the line is, never by the pieces in which it came.
        if (end > m_maxLine && (isObject || blanks > m_maxLine))
            return tooLong();
        if (line.empty())
            continue;
        if (isObject && line.back() == '}') {
            frame = line;
            return Step::Frame;
        }
        skip(line);
        m_skipping = false;
    }
}

LineFramer::Step LineFramer::tooLong()
{
    return broken(ErrorCode::FrameTooLarge,
                  QStringLiteral("a line of over %1 bytes").arg(m_maxLine));
}

void LineFramer::skip(std::string_view line)
{
    m_skipping = true;
    ++m_skipped;
    m_lastSkipped = excerpt(line);
}

QByteArray LineFramer::framed(const QByteArray &message)
{
    QByteArray bytes;
    bytes.reserve(message.size() + 1);
    bytes += message;
    bytes += '\n';
    return bytes;
}

} // namespace pilotlight
