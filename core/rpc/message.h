// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QByteArray>
#include <QJsonArray>
#include <QJsonObject>
#include <QJsonValue>

#include <string_view>
#include <variant>

namespace pilotlight {

//! A JSON-RPC id: none, a number or a string. Kept as sent, because an answer must echo it.
using RpcId = std::variant<std::monostate, qint64, QString>;

//! JSON text inside a received message, not parsed yet: whoever needs it parses it, and skipped
//! events cost nothing. Valid only during the callback; MessagePadding bytes behind it are
//! readable, so that simdjson reads it in place:
//! \code
//! simdjson::padded_string_view view(raw.text.data(), raw.text.size(), raw.text.size() +
//! MessagePadding); simdjson::ondemand::document document = m_parser.iterate(view); // keep the
//! parser, it owns its memory
//! \endcode
//! Only UTF-8 and the balance of brackets have been checked; a reader must expect errors inside.
struct RawJson
{
    std::string_view text;

    bool isEmpty() const { return text.empty(); }
    //! Parsed with Qt; Undefined where the text is not JSON.
    QJsonValue toValue() const;
    //! toValue() as an object, empty where it is something else.
    QJsonObject toObject() const { return toValue().toObject(); }
};

} // namespace pilotlight
