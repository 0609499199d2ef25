// SPDX-License-Identifier: MIT
#include "session/sessionaddress.h"

#include <QRegularExpression>

namespace pilotlight {

QString sessionAddress(const QString &sessionId)
{
    return QStringLiteral("pilotlight://session/") + sessionId;
}

Result<QString> sessionIdOf(const QString &address)
{
    // What servers use as ids; browsers add a slash, and write scheme and host in small letters.
    static const QRegularExpression form(
        QStringLiteral("\\Apilotlight://session/([A-Za-z0-9._-]{1,128})/?\\z"),
        QRegularExpression::CaseInsensitiveOption);
    const QRegularExpressionMatch match = form.match(address);
    if (match.hasMatch())
        return match.captured(1);
    return tl::make_unexpected(
        Error{ErrorCode::InvalidArgument,
              QStringLiteral("“%1” is not the address of a session: pilotlight://session/ID")
                  .arg(address.left(200)),
              {}});
}

} // namespace pilotlight
