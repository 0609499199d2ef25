// SPDX-License-Identifier: MIT
#include "ui/sessions/sessiontext.h"

#include <QCoreApplication>
#include <QDir>
#include <QLocale>

namespace pilotlight {

namespace {

struct Tr
{
    Q_DECLARE_TR_FUNCTIONS(SessionText)
};

} // namespace

ShownState shownState(const Session &session)
{
    switch (session.state()) {
    case Session::State::Offline:
        return ShownState::Offline;
    case Session::State::Attaching:
        return ShownState::Attaching;
    case Session::State::Lost:
        return ShownState::Lost;
    case Session::State::Failed:
        return ShownState::Failed;
    case Session::State::Parked:
        return ShownState::Parked;
    case Session::State::Attached:
        break;
    }
    if (session.activity() == Activity::WaitingForUser)
        return ShownState::Waiting;
    if (session.isStuck())
        return ShownState::Stuck;
    return session.isWorking() ? ShownState::Working : ShownState::Idle;
}

QString stateText(ShownState state)
{
    switch (state) {
    case ShownState::Working:
        return Tr::tr("Working");
    case ShownState::Waiting:
        return Tr::tr("Waiting for you");
    case ShownState::Stuck:
        return Tr::tr("Stuck");
    case ShownState::Idle:
        return Tr::tr("Idle");
    case ShownState::Offline:
        return Tr::tr("Offline");
    case ShownState::Attaching:
        return Tr::tr("Attaching");
    case ShownState::Failed:
        return Tr::tr("Failed");
    case ShownState::Lost:
        return Tr::tr("Lost");
    case ShownState::Parked:
        return Tr::tr("Parked");
    }
    return {};
}

QString stateIcon(ShownState state)
{
    switch (state) {
    case ShownState::Working:
        return QStringLiteral("dot");
    case ShownState::Waiting:
        return QStringLiteral("question");
    case ShownState::Stuck:
        return QStringLiteral("warning");
    case ShownState::Idle:
        return QStringLiteral("ring");
    case ShownState::Offline:
        return QStringLiteral("offline");
    case ShownState::Attaching:
        return QStringLiteral("refresh");
    case ShownState::Failed:
        return QStringLiteral("error");
    case ShownState::Lost:
        return QStringLiteral("warning");
    case ShownState::Parked:
        return QStringLiteral("pause");
    }
    return QStringLiteral("ring");
}

ColorRole stateColor(ShownState state)
{
    switch (state) {
    case ShownState::Working:
        return ColorRole::Accent;
    case ShownState::Waiting:
    case ShownState::Lost:
        return ColorRole::Warning;
    case ShownState::Failed:
    case ShownState::Stuck:
        return ColorRole::Error;
    case ShownState::Idle:
    case ShownState::Offline:
    case ShownState::Attaching:
    case ShownState::Parked:
        break;
    }
    return ColorRole::Muted;
}

QString stateExplanation(const Session &session)
{
    switch (shownState(session)) {
    case ShownState::Working:
        return session.activity() == Activity::Working
            ? Tr::tr("The agent is working.")
            : Tr::tr("The agent has answered; something runs on in the background.");
    case ShownState::Waiting:
        return Tr::tr("The agent waits for your answer.");
    case ShownState::Stuck:
        return Tr::tr("The server does not answer when it is asked about this session.");
    case ShownState::Idle:
        return Tr::tr("Ready for your next message.");
    case ShownState::Offline:
        return Tr::tr(
            "There is no connection to the server. Nothing is lost; what you send waits here.");
    case ShownState::Attaching:
        return Tr::tr("Connecting to this session on the server.");
    case ShownState::Failed:
        return errorSentence(session.error());
    case ShownState::Lost:
        return Tr::tr("The server had dropped this session. It is being brought back.");
    case ShownState::Parked:
        return Tr::tr(
            "Unloaded from the server to save its power. Nothing is lost; it comes back as "
            "soon as you open it or send something.");
    }
    return {};
}

QString sessionTitle(const Session &session)
{
    const QString name = session.displayName().simplified();
    return name.isEmpty() ? Tr::tr("New session") : name;
}

QString ageText(const QDateTime &time, const QDateTime &now)
{
    if (!time.isValid())
        return {};
    const qint64 seconds = time.secsTo(now);
    if (seconds < 60) // a little in the future too: the server's clock may run ahead
        return Tr::tr("now");
    if (seconds < 3600)
        return Tr::tr("%1 min").arg(seconds / 60);
    if (seconds < 24 * 3600)
        return Tr::tr("%1 h").arg(seconds / 3600);
    if (seconds < 7 * 24 * 3600)
        return Tr::tr("%1 d").arg(seconds / (24 * 3600));
    return QLocale().toString(time.toLocalTime().date(), QLocale::ShortFormat);
}

QString shortFolder(const QString &path)
{
    if (path.isEmpty())
        return {};
    const QString clean = QDir::cleanPath(path);
    const QString home = QDir::cleanPath(QDir::homePath());
    if (clean == home)
        return QStringLiteral("~");
    const QStringList parts = clean.split(QLatin1Char('/'), Qt::SkipEmptyParts);
    if (parts.isEmpty())
        return clean;
    if (parts.size() == 1 || QDir::cleanPath(clean + QStringLiteral("/..")) == home)
        return (parts.size() == 1 ? QString() : QStringLiteral("~/")) + parts.last();
    return parts.at(parts.size() - 2) + QLatin1Char('/') + parts.last();
}

QString durationText(Milliseconds duration)
{
    const qint64 ms = std::max<qint64>(0, duration.count());
    if (ms < 1000)
        return Tr::tr("%1 ms").arg(ms);
    if (ms < 10'000)
        return Tr::tr("%1 s").arg(QLocale().toString(static_cast<double>(ms) / 1000.0, 'f', 1));
    const qint64 seconds = ms / 1000;
    if (seconds < 60)
        return Tr::tr("%1 s").arg(seconds);
    if (seconds < 3600)
        return seconds % 60 == 0 ? Tr::tr("%1 min").arg(seconds / 60)
                                 : Tr::tr("%1 min %2 s").arg(seconds / 60).arg(seconds % 60);
    return Tr::tr("%1 h %2 min").arg(seconds / 3600).arg(seconds % 3600 / 60);
}

QString modeText(AgentMode mode)
{
    switch (mode) {
    case AgentMode::Interactive:
        return Tr::tr("Interactive");
    case AgentMode::Plan:
        return Tr::tr("Plan");
    case AgentMode::Autopilot:
        return Tr::tr("Autopilot");
    }
    return {};
}

QString errorSentence(const Error &error)
{
    QString words;
    switch (error.code) {
    case ErrorCode::Cancelled:
        words = Tr::tr("It was cancelled.");
        break;
    case ErrorCode::Timeout:
        words = Tr::tr("The server did not answer in time.");
        break;
    case ErrorCode::HostNotFound:
        words = Tr::tr("The server's name could not be found.");
        break;
    case ErrorCode::ConnectionRefused:
        words = Tr::tr("Nothing answers at the server's address.");
        break;
    case ErrorCode::ConnectionLost:
    case ErrorCode::ConnectionClosed:
        words = Tr::tr("The connection to the server was lost.");
        break;
    case ErrorCode::TlsFailed:
        words =
            Tr::tr("No safe connection could be made: the server's certificate was not accepted.");
        break;
    case ErrorCode::FrameTooLarge:
        words = Tr::tr("A message was too large to be sent or received.");
        break;
    case ErrorCode::ProtocolViolation:
    case ErrorCode::InvalidJson:
        words = Tr::tr("The server sent something that makes no sense.");
        break;
    case ErrorCode::InvalidArgument:
        words = Tr::tr("The server or this program refused a setting.");
        break;
    case ErrorCode::RemoteError:
        words = Tr::tr("The server refused the request.");
        break;
    case ErrorCode::MethodNotFound:
    case ErrorCode::Unsupported:
        words = Tr::tr("This server cannot do that.");
        break;
    case ErrorCode::TooManyRequests:
        words = Tr::tr("The server asks for fewer requests. Try again later.");
        break;
    case ErrorCode::ConnectionExpired:
        words = Tr::tr("The server has forgotten this connection. A new one is being made.");
        break;
    case ErrorCode::SessionNotFound:
        words = Tr::tr("The server does not know this session any more.");
        break;
    case ErrorCode::AuthenticationRequired:
        words = Tr::tr("The server wants a connection token.");
        break;
    case ErrorCode::AuthenticationFailed:
        words = Tr::tr("The server refused the connection token.");
        break;
    case ErrorCode::NotSignedIn:
        words = Tr::tr(
            "The agent is not signed in. Sign in, or give the session a provider of your own.");
        break;
    case ErrorCode::ServerTooOld:
        words = Tr::tr("The server is too old for this program.");
        break;
    case ErrorCode::ServerTooNew:
        words = Tr::tr("The server is too new for this program.");
        break;
    case ErrorCode::ServerNotFound:
        words = Tr::tr("No agent server was found on this machine.");
        break;
    case ErrorCode::ServerStartFailed:
        words = Tr::tr("The agent server could not be started.");
        break;
    case ErrorCode::ServerExited:
        words = Tr::tr("The agent server has ended.");
        break;
    case ErrorCode::ServerCrashLoop:
        words = Tr::tr("The agent server ended again and again, so it is not started any more.");
        break;
    case ErrorCode::ServerLocked:
        words = Tr::tr("Another Pilotlight is starting or ending the agent server.");
        break;
    case ErrorCode::StorageFailed:
        words = Tr::tr("A file could not be read or written.");
        break;
    case ErrorCode::AlreadyRunning:
        words = Tr::tr("It is running already.");
        break;
    case ErrorCode::KeychainUnavailable:
        words = Tr::tr("The system's keychain is not available.");
        break;
    case ErrorCode::Internal:
        words = Tr::tr("Something went wrong inside this program.");
        break;
    }
    QString detail = error.detail.trimmed();
    if (detail.isEmpty() && error.remote)
        detail = error.remote->message.trimmed();
    if (detail.isEmpty())
        return words;
    if (detail.back().isLetterOrNumber()) // others write on after it
        detail += QLatin1Char('.');
    return words + QLatin1Char(' ') + detail;
}

} // namespace pilotlight
