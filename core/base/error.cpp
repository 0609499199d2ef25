// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <QMetaEnum>

namespace pilotlight {

QString errorCodeName(ErrorCode code)
{
    return QString::fromLatin1(QMetaEnum::fromType<ErrorCode>().valueToKey(static_cast<int>(code)));
}

QString Error::toString() const
{
    QString text = errorCodeName(code);
    if (!detail.isEmpty())
        text += QStringLiteral(": ") + detail;
    if (remote)
        text += QStringLiteral(" (remote %1: %2)").arg(remote->code).arg(remote->message);
    return text;
}

bool isTransient(ErrorCode code)
{
    switch (code) {
    case ErrorCode::Timeout:
    case ErrorCode::HostNotFound:
    case ErrorCode::ConnectionRefused:
    case ErrorCode::ConnectionLost:
    case ErrorCode::ConnectionClosed:
    case ErrorCode::ProtocolViolation:
    case ErrorCode::InvalidJson:
    case ErrorCode::RemoteError:
    case ErrorCode::ServerStartFailed:
    case ErrorCode::ServerExited:
    case ErrorCode::ServerLocked:
    case ErrorCode::FrameTooLarge:
    case ErrorCode::TooManyRequests:
    case ErrorCode::ConnectionExpired:
        return true;
    case ErrorCode::Cancelled:
    case ErrorCode::TlsFailed:
    case ErrorCode::InvalidArgument:
    case ErrorCode::MethodNotFound:
    case ErrorCode::SessionNotFound:
    case ErrorCode::AuthenticationRequired:
    case ErrorCode::AuthenticationFailed:
    case ErrorCode::NotSignedIn:
    case ErrorCode::Unsupported:
    case ErrorCode::ServerTooOld:
    case ErrorCode::ServerTooNew:
    case ErrorCode::ServerNotFound:
    case ErrorCode::ServerCrashLoop:
    case ErrorCode::StorageFailed:
    case ErrorCode::AlreadyRunning:
    case ErrorCode::KeychainUnavailable:
    case ErrorCode::Internal:
        return false;
    }
    return false;
}

} // namespace pilotlight
