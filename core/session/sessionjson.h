// SPDX-License-Identifier: MIT
#pragma once

#include "session/sessionstore.h"

#include <QJsonObject>
#include <QJsonValue>

#include <optional>

namespace pilotlight {

//! One session as read from the file.
struct ReadSession
{
    StoredSession session;
    bool damaged =
        false; //!< a member had a wrong type or an impossible value; the default was taken
};

//! Nothing where \a value is no session at all (no object, or without an id). Missing members mean
//! their default: an older version did not know them.
std::optional<ReadSession> sessionFromJson(const QJsonValue &value);

//! \a raw (as read) with everything we know of \a session put in, and session.unknown. Never holds
//! the provider's key, not even one that somebody wrote into the file.
QJsonObject sessionToJson(const StoredSession &session, const QJsonObject &raw);

//! One prompt as in the queue of a session. Nothing, and \a damaged set, where \a value is none;
//! \a damaged also where a part of it made no sense.
std::optional<Prompt> promptFromJson(const QJsonValue &value, bool &damaged);
QJsonObject promptToJson(const Prompt &prompt);

} // namespace pilotlight
