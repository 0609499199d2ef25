// SPDX-License-Identifier: MIT
#include "transport/transport.h"

#include "base/logging.h"
#include "transport/framing.h"

namespace pilotlight {

bool Transport::fitsAFrame(const QByteArray &message)
{
    if (static_cast<std::size_t>(message.size()) <= ContentLengthFramer::MaxFrame)
        return true;
    qCWarning(lcRpc).noquote() << "dropped a message over the frame limit, bytes="
                               << message.size();
    return false;
}

} // namespace pilotlight
