// SPDX-License-Identifier: MIT
#include "transport/maketransport.h"

#include "transport/tcptransport.h"
#include "transport/websockettransport.h"

#include <QUrl>

namespace pilotlight {

Result<std::unique_ptr<Transport>> makeTransportForUrl(const QString &url,
                                                       [[maybe_unused]] Clock &clock)
{
    QString text = url.trimmed();
    if (text.isEmpty())
        return failure(ErrorCode::InvalidArgument, QStringLiteral("the address is empty"));
    if (!text.contains(QLatin1String("://")))
        text.prepend(QLatin1String("tcp://"));
    const QUrl parsed(text, QUrl::StrictMode);
    if (!parsed.isValid())
        return failure(ErrorCode::InvalidArgument,
                       QStringLiteral("not a valid URL: %1").arg(parsed.errorString()));
    const QString scheme = parsed.scheme();
    const bool tcp = scheme == QLatin1String("tcp");
    if (!tcp && scheme != QLatin1String("ws") && scheme != QLatin1String("wss"))
        return failure(ErrorCode::InvalidArgument,
                       QStringLiteral("unknown scheme \"%1\": use tcp, ws or wss").arg(scheme));
    if (!parsed.userInfo().isEmpty())
        return failure(ErrorCode::InvalidArgument,
                       QStringLiteral("the URL contains a user or password"));
    if (parsed.host().isEmpty())
        return failure(ErrorCode::InvalidArgument, QStringLiteral("the URL names no host"));
    if (parsed.port() == 0 || (tcp && parsed.port() < 0))
        return failure(ErrorCode::InvalidArgument, QStringLiteral("the URL names no port"));
    if (parsed.hasFragment())
        return failure(ErrorCode::InvalidArgument, QStringLiteral("the URL has a fragment"));
    if (tcp) {
        if (parsed.hasQuery() || !(parsed.path().isEmpty() || parsed.path() == QLatin1String("/")))
            return failure(ErrorCode::InvalidArgument,
                           QStringLiteral("a tcp:// URL has only a host and a port"));
        return std::make_unique<TcpTransport>(parsed.host(), static_cast<quint16>(parsed.port()));
    }
#ifdef PILOTLIGHT_HAVE_WEBSOCKETS
    return std::make_unique<WebSocketTransport>(parsed, clock);
#else
    return failure(ErrorCode::Unsupported,
                   QStringLiteral("this build was made without WebSockets"));
#endif
}

} // namespace pilotlight
