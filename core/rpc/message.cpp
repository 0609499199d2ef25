// SPDX-License-Identifier: MIT
#include "rpc/message.h"

#include <QJsonDocument>

namespace pilotlight {

QJsonValue RawJson::toValue() const
{
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos)
        return QJsonValue::Undefined;
    QJsonParseError error;
    if (text[first] == '{' || text[first] == '[') {
        const auto document = QJsonDocument::fromJson(
            QByteArray::fromRawData(text.data(), static_cast<qsizetype>(text.size())), &error);
        if (error.error != QJsonParseError::NoError)
            return QJsonValue::Undefined;
        return document.isObject() ? QJsonValue(document.object()) : QJsonValue(document.array());
    }
    // Qt 6.4 takes no bare scalar: as an array of one it does.
    QByteArray wrapped;
    wrapped.reserve(static_cast<qsizetype>(text.size()) + 2);
    wrapped += '[';
    wrapped.append(text.data(), static_cast<qsizetype>(text.size()));
    wrapped += ']';
    const QJsonArray array = QJsonDocument::fromJson(wrapped, &error).array();
    if (error.error != QJsonParseError::NoError || array.size() != 1)
        return QJsonValue::Undefined;
    return array.at(0);
}

} // namespace pilotlight
