// SPDX-License-Identifier: MIT
#include "transport/sseparser.h"

#include "transport/transport.h"

#include <algorithm>
#include <utility>

namespace pilotlight {

namespace {

constexpr Milliseconds LongestRetry{3'600'000};

QByteArray bytesOf(std::string_view text)
{
    return {text.data(), static_cast<qsizetype>(text.size())};
}

} // namespace

SseParser::Step SseParser::next(std::string_view &data)
{
    if (m_broken)
        return Step::Broken;
    for (;;) {
        std::string_view bytes = held();
        if (m_afterReturn && !bytes.empty()) {
            m_afterReturn = false;
            if (bytes.front() == '\n') {
                consume(1);
                bytes = held();
            }
        }
        std::size_t end = bytes.find('\n', m_scanned);
        end = std::min(end, bytes.substr(0, end).find('\r', m_scanned));
        const std::size_t size = std::min(end, bytes.size());
        if (size + static_cast<std::size_t>(m_data.size()) > m_maxEvent)
            return broken(ErrorCode::FrameTooLarge,
                          QStringLiteral("an event of over %1 bytes").arg(m_maxEvent));
        if (end == std::string_view::npos) {
            m_scanned = bytes.size();
            return Step::NeedMore;
        }
        std::string_view line = bytes.substr(0, end);
        m_afterReturn = bytes[end] == '\r';
        consume(end + 1);
        m_scanned = 0;
        if (!std::exchange(m_begun, true) && line.starts_with(ByteOrderMark))
            line.remove_prefix(ByteOrderMark.size());
        if (!line.empty())
            readField(line);
        else if (dispatch(data))
            return Step::Frame;
    }
}

void SseParser::readField(std::string_view line)
{
    const std::size_t colon = line.find(':');
    if (colon == 0) {
        ++m_comments;
        return;
    }
    const std::string_view name = line.substr(0, colon);
    std::string_view value =
        colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' '))
        value.remove_prefix(1);
    if (name == "data") {
        m_data.append(value.data(), static_cast<qsizetype>(value.size()));
        m_data.append('\n');
    } else if (name == "event") {
        m_isMessage = value.empty() || value == "message";
    } else if (name == "id") {
        if (value.find('\0') == std::string_view::npos)
            m_id = bytesOf(value);
    } else if (name == "retry") {
        if (!value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos) {
            bool ok = false;
            const qint64 ms = bytesOf(value).toLongLong(&ok);
            m_retry = ok ? std::min(Milliseconds(ms), LongestRetry) : LongestRetry;
        }
    }
}

//! The end of an event. True where it has data for us.
bool SseParser::dispatch(std::string_view &data)
{
    m_lastEventId = m_id;
    const bool isMessage = std::exchange(m_isMessage, true);
    // The first event of a stream may have only an id, so that the stream can be resumed.
    if (m_data.size() <= 1 || !isMessage) {
        m_data.clear();
        return false;
    }
    if (static_cast<std::size_t>(m_event.capacity()) > KeptCapacity)
        m_event = {};
    std::swap(m_event, m_data);
    m_data.clear();
    const auto size = static_cast<std::size_t>(m_event.size() - 1); // without the last line feed
    m_event.append(static_cast<qsizetype>(MessagePadding), '\0');
    data = {m_event.constData(), size};
    return true;
}

} // namespace pilotlight
