// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "transport/framing.h"

#include <optional>

namespace pilotlight {

//! Cuts a stream of server-sent events (text/event-stream of the HTML standard) into the data of
//! its events. Pure: no I/O, no clock. Events without data and events of a type other than
//! "message" are not handed out; their ids count.
class SseParser final : public FrameBuffer
{
public:
    //! \a maxEvent: bytes of one event, above which the stream is Broken with FrameTooLarge.
    explicit SseParser(std::size_t maxEvent = MaxFrame)
        : m_maxEvent(maxEvent)
    { }

    //! The data of the next event, its lines joined by line feeds. The view is valid until the next
    //! call, feed() or destruction, and at least MessagePadding readable bytes follow it.
    Step next(std::string_view &data);

    //! The id of the last event that ended, for Last-Event-ID; empty where there was none.
    const QByteArray &lastEventId() const { return m_lastEventId; }
    //! How long the server wants us to wait before we come back; at most an hour is believed.
    std::optional<Milliseconds> retry() const { return m_retry; }
    //! Comments so far: servers send them as a sign of life.
    quint64 comments() const { return m_comments; }

private:
    void readField(std::string_view line);
    bool dispatch(std::string_view &data);

    std::size_t m_maxEvent;
    std::size_t m_scanned = 0; // bytes of the line that were looked at
    bool m_begun = false; // past a byte order mark
    bool m_afterReturn = false; // a line feed now belongs to the line end before it
    bool m_isMessage = true;
    QByteArray m_data; // of the event that is arriving
    QByteArray m_event; // what was handed out
    QByteArray m_id;
    QByteArray m_lastEventId;
    std::optional<Milliseconds> m_retry;
    quint64 m_comments = 0;
};

} // namespace pilotlight
