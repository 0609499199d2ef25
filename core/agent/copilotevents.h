// SPDX-License-Identifier: MIT
#pragma once

#include "agent/events.h"
#include "rpc/message.h"

#include <QSet>

#include <memory>
#include <string_view>

namespace pilotlight {

//! Turns the events of a Copilot CLI server into typed values. Most of what such a server pushes is
//! not for people (a one-line turn with one command: 120 KB, of which 5 KB are): those types are
//! skipped by name before anything of them is parsed. The frequent ones (text and output deltas)
//! are read in place, the rare ones through Qt's JSON.
//! Not a QObject, not thread-safe: one per connection, because it keeps a few strings to share.
class CopilotEventDecoder
{
public:
    enum class Outcome
    {
        Event, //!< the out parameter holds it
        Skipped, //!< a type that nobody needs
        Invalid, //!< not an event at all; logged
    };

    CopilotEventDecoder();
    ~CopilotEventDecoder();
    CopilotEventDecoder(const CopilotEventDecoder &) = delete;
    CopilotEventDecoder &operator=(const CopilotEventDecoder &) = delete;

    //! The params of one `session.event` notification. \a params must be followed by padding, as
    //! RawJson promises. \a event and \a sessionId are overwritten only where the answer is Event.
    Outcome decode(RawJson params, QString &sessionId, AgentEvent &event);

    //! One event by itself, as in a line of a history. The bytes behind \a json must be readable
    //! for MessagePadding bytes.
    Outcome decodeEvent(std::string_view json, AgentEvent &event);

    //! All events of the array member "events" of a result (getMessages, readPersistedEvents,
    //! eventLog.read), in order, without the skipped ones. Invalid elements are left out. \a result
    //! must be padded.
    QList<AgentEvent> decodeList(RawJson result);

    //! Reads what EventMeta::raw was; no padding is needed.
    Outcome decodeKept(QByteArrayView raw, AgentEvent &event);

    //! The prompt of a permission request as the server describes it, in an event and in
    //! `session.permissions.pendingRequests` alike.
    static PermissionRequested permissionRequest(const QString &requestId,
                                                 const QJsonObject &prompt);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace pilotlight
