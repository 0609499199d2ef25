// SPDX-License-Identifier: MIT
#include "transport/framing.h"

#include "transport/transport.h"

#include <algorithm>
#include <cstring>

namespace pilotlight {

namespace {

constexpr std::size_t InitialCapacity = std::size_t(4) * 1024;
// A buffer that one large message made is given back as soon as it is empty.
constexpr std::size_t KeptCapacity = std::size_t(1024) * 1024;
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

//! What a broken header looked like, short and printable.
QString excerpt(std::string_view bytes)
{
    QString text;
    for (const char c : bytes.substr(0, 40))
        text += c >= 0x20 && c < 0x7f ? QLatin1Char(c) : QLatin1Char('.');
    return text;
}

} // namespace

ContentLengthFramer::ContentLengthFramer() = default;
ContentLengthFramer::~ContentLengthFramer() = default;

std::span<char> ContentLengthFramer::reserve(std::size_t size)
{
    size = std::max<std::size_t>(size, 1);
    const std::size_t held = m_end - m_begin;
    if (held == 0) {
        m_begin = m_end = 0;
        if (m_capacity > KeptCapacity && size <= KeptCapacity) {
            m_buffer.reset();
            m_capacity = 0;
        }
    }
    if (m_capacity - m_end < size) {
        if (m_capacity - held >= size && held <= m_capacity / 2) {
            std::memmove(m_buffer.get(), m_buffer.get() + m_begin, held);
        } else {
            // Grows with what has arrived, never with what a header promises.
            const std::size_t wanted = std::max({InitialCapacity, held + size, held * 2});
            auto buffer = std::make_unique<char[]>(wanted + MessagePadding);
            if (held > 0)
                std::memcpy(buffer.get(), m_buffer.get() + m_begin, held);
            m_buffer = std::move(buffer);
            m_capacity = wanted;
        }
        m_begin = 0;
        m_end = held;
    }
    return {m_buffer.get() + m_end, m_capacity - m_end};
}

void ContentLengthFramer::commit(std::size_t size)
{
    m_end += std::min(size, m_capacity - m_end);
}

void ContentLengthFramer::feed(std::string_view bytes)
{
    if (bytes.empty())
        return;
    const auto room = reserve(bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    commit(bytes.size());
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
    if (m_end - m_begin < m_length)
        return Step::NeedMore;
    frame = {m_buffer.get() + m_begin, m_length};
    m_begin += m_length;
    m_inBody = false;
    return Step::Frame;
}

//! Frame: a header was read and m_length is known.
ContentLengthFramer::Step ContentLengthFramer::readHeader()
{
    const std::string_view bytes(m_buffer.get() + m_begin, m_end - m_begin);
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
    m_begin += end;
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

ContentLengthFramer::Step ContentLengthFramer::broken(ErrorCode code, QString detail)
{
    m_broken = true;
    m_error = Error{code, std::move(detail), std::nullopt};
    return Step::Broken;
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

} // namespace pilotlight
