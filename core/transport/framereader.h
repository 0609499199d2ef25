// SPDX-License-Identifier: MIT
#pragma once

#include "transport/framing.h"
#include "transport/transport.h"

#include <QIODevice>
#include <QPointer>

namespace pilotlight {

//! Delivers every whole message in \a framer to \a sink. False where the receiver closed or
//! destroyed \a owner, or the framing is broken (then framer.error() is set): the caller must stop.
template <typename Framer>
bool deliverFrames(Framer &framer, Transport &owner, const Transport::MessageSink &sink)
{
    const QPointer<Transport> alive(&owner);
    std::string_view frame;
    for (;;) {
        switch (framer.next(frame)) {
        case FrameBuffer::Step::NeedMore:
            return true;
        case FrameBuffer::Step::Broken:
            return false;
        case FrameBuffer::Step::Frame:
            break;
        }
        if (sink)
            sink(frame);
        if (!alive || !owner.isOpen())
            return false;
    }
}

//! Reads what \a device holds into \a framer. The number of bytes.
inline qint64 readInto(FrameBuffer &framer, QIODevice &device)
{
    const qint64 available = device.bytesAvailable();
    if (available <= 0)
        return 0;
    const auto room = framer.reserve(static_cast<std::size_t>(available));
    const qint64 count = device.read(room.data(), available);
    if (count > 0)
        framer.commit(static_cast<std::size_t>(count));
    return count;
}

} // namespace pilotlight
