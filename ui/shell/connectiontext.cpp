// SPDX-License-Identifier: MIT
#include "ui/shell/connectiontext.h"

#include "ui/keepalive/keepalivetext.h"
#include "ui/sessions/sessiontext.h"

#include <algorithm>

namespace pilotlight {

using namespace std::chrono_literals;

ConnectionText::ConnectionText(const ConnectionStatus &status, const QDateTime &now)
    : m_status(status)
    , m_now(now)
{ }

QString ConnectionText::phase() const
{
    switch (m_status.phase) {
    case Phase::Idle:
        return m_status.error ? tr("Not connected") : tr("Disconnected");
    case Phase::StartingServer:
        return tr("Starting the server…");
    case Phase::Connecting:
        return tr("Connecting…");
    case Phase::Initializing:
        return tr("Greeting the server…");
    case Phase::Online:
        return m_status.mode == ConnectionMode::Demo ? tr("Connected to the demo")
                                                     : tr("Connected");
    case Phase::Backoff: {
        if (!m_status.retryAt)
            return tr("Not connected");
        const Milliseconds left = std::max(0ms, Milliseconds(m_now.msecsTo(*m_status.retryAt)));
        // Rounded up: "0 s" that lasts for a second looks stuck.
        const QString wait = KeepaliveText::span(left + 999ms);
        return m_status.attempt > 1
            ? tr("Not connected, retry %1 in %2").arg(m_status.attempt).arg(wait)
            : tr("Not connected, retry in %1").arg(wait);
    }
    case Phase::Stopping:
        return tr("Stopping the server…");
    case Phase::Disposed:
        return tr("Closed");
    }
    return {};
}

QString ConnectionText::icon() const
{
    switch (m_status.phase) {
    case Phase::Online:
        return QStringLiteral("link");
    case Phase::Idle:
    case Phase::Disposed:
        return QStringLiteral("offline");
    case Phase::Backoff:
        return QStringLiteral("warning");
    case Phase::StartingServer:
    case Phase::Stopping:
        return QStringLiteral("server");
    case Phase::Connecting:
    case Phase::Initializing:
        return QStringLiteral("refresh");
    }
    return {};
}

ColorRole ConnectionText::color() const
{
    switch (m_status.phase) {
    case Phase::Online:
        return ColorRole::Ok;
    case Phase::Idle:
        return m_status.error ? ColorRole::Error : ColorRole::Muted;
    case Phase::Backoff:
        return ColorRole::Warning;
    case Phase::StartingServer:
    case Phase::Connecting:
    case Phase::Initializing:
        return ColorRole::Info;
    case Phase::Stopping:
    case Phase::Disposed:
        return ColorRole::Muted;
    }
    return ColorRole::Muted;
}

QString ConnectionText::problem() const
{
    const bool down = m_status.phase == Phase::Idle || m_status.phase == Phase::Backoff;
    return down && m_status.error ? errorSentence(*m_status.error) : QString();
}

QString ConnectionText::server() const
{
    if (!m_status.server)
        return {};
    if (m_status.mode == ConnectionMode::Demo)
        return tr("Demo server %1").arg(m_status.server->version);
    const QString name = m_status.server->name.isEmpty() ? tr("Server") : m_status.server->name;
    return m_status.server->version.isEmpty()
        ? name
        : QStringLiteral("%1 %2").arg(name, m_status.server->version);
}

QString ConnectionText::mode() const
{
    switch (m_status.mode) {
    case ConnectionMode::Local:
        return tr("Local server");
    case ConnectionMode::Embedded:
        return m_status.fellBack ? tr("Embedded (fall-back)") : tr("Embedded server");
    case ConnectionMode::Attach:
        return tr("Remote server");
    case ConnectionMode::Demo:
        return tr("Demo server");
    }
    return {};
}

QString ConnectionText::modeToolTip() const
{
    if (m_status.fellBack)
        return tr("The local server could not be started, so an embedded one is used. It ends with "
                  "this window.");
    switch (m_status.mode) {
    case ConnectionMode::Local:
        return modeSentence(ServerMode::Local);
    case ConnectionMode::Embedded:
        return modeSentence(ServerMode::Embedded);
    case ConnectionMode::Attach:
        return modeSentence(ServerMode::Attach);
    case ConnectionMode::Demo:
        return modeSentence(ServerMode::Demo);
    }
    return {};
}

QString ConnectionText::toolTip() const
{
    QStringList lines{phase()};
    if (const QString why = problem(); !why.isEmpty())
        lines.append(why);
    if (!m_status.target.isEmpty())
        lines.append(tr("Address: %1").arg(m_status.target));
    if (m_status.server && m_status.server->protocolVersion > 0)
        lines.append(tr("Protocol version %1").arg(m_status.server->protocolVersion));
    if (m_status.generation > 1)
        lines.append(tr("Connection number %1 since the start").arg(m_status.generation));
    return lines.join(QLatin1Char('\n'));
}

bool ConnectionText::canRetry() const
{
    return m_status.phase == Phase::Backoff || m_status.phase == Phase::Idle;
}

std::optional<Milliseconds> ConnectionText::nextChange() const
{
    if (m_status.phase != Phase::Backoff || !m_status.retryAt || *m_status.retryAt <= m_now)
        return std::nullopt;
    return 1s;
}

QString ConnectionText::modeName(ServerMode mode)
{
    switch (mode) {
    case ServerMode::Local:
        return tr("Local server");
    case ServerMode::Embedded:
        return tr("Embedded server");
    case ServerMode::Attach:
        return tr("Attach to a server");
    case ServerMode::Demo:
        return tr("Demo");
    }
    return {};
}

QString ConnectionText::modeSentence(ServerMode mode)
{
    switch (mode) {
    case ServerMode::Local:
        return tr("A server of its own on this computer. It goes on running when the window "
                  "closes, and the next "
                  "start finds it again.");
    case ServerMode::Embedded:
        return tr("A server inside this program, without a network port. It ends when the window "
                  "closes.");
    case ServerMode::Attach:
        return tr("A server that somebody else runs, here or on another computer.");
    case ServerMode::Demo:
        return tr("A scripted server to look around with. Nothing leaves this computer, and no "
                  "account is needed.");
    }
    return {};
}

ConnectionText::Notice ConnectionText::notice(const QString &code, const QString &detail)
{
    const auto with = [&detail](const QString &text) {
        return detail.isEmpty() ? text : QStringLiteral("%1 (%2)").arg(text, detail);
    };
    if (code == QStringLiteral("fell-back-to-embedded"))
        return {NoticeLevel::Warning,
                with(tr("The local server could not be started, so an embedded one is used. It "
                        "ends with this window."))};
    if (code == QStringLiteral("server-exited"))
        return {NoticeLevel::Warning,
                with(tr("The server ended unexpectedly. Pilotlight is bringing it back."))};
    if (code == QStringLiteral("restarted-mismatch"))
        return {NoticeLevel::Warning,
                with(tr("The running server spoke another version, so it was restarted once."))};
    if (code == QStringLiteral("restarted-unresponsive"))
        return {
            NoticeLevel::Warning,
            with(tr(
                "The server accepted connections but did not answer, so it was restarted once."))};
    if (code == QStringLiteral("server-version-changed"))
        return {
            NoticeLevel::Info,
            tr("The server was updated: %1. Sessions are resumed on the new version.").arg(detail)};
    if (code == QStringLiteral("keepalive-unsupported"))
        return {NoticeLevel::Warning,
                with(tr("This server cannot be probed, so nothing shows whether it still "
                        "answers."))};
    if (code == QStringLiteral("keepalive-slowed"))
        return {NoticeLevel::Info,
                tr("The server asked for fewer probes. It is now asked every %1 s.").arg(detail)};
    if (code == QStringLiteral("keepalive-settings"))
        return {NoticeLevel::Warning,
                with(tr("A keepalive setting makes no sense and is not used as it stands."))};
    if (code == QStringLiteral("sign-in-needed"))
        return {NoticeLevel::Warning,
                with(tr("The server wants you to sign in. Probing is paused until then."))};
    if (code == QStringLiteral("autostart-unwritable"))
        return {NoticeLevel::Error, with(tr("The start at login could not be changed."))};
    if (code == QStringLiteral("no-such-session"))
        return {
            NoticeLevel::Info,
            tr("The session %1 is not on this list. If the server still has it, “Open an earlier "
               "session” brings it back.")
                .arg(detail)};
    if (code == QStringLiteral("demo-no-cli"))
        return {NoticeLevel::Info,
                tr("No Copilot CLI was found on this computer, so this is the demo. Install it "
                   "with “npm install -g "
                   "@github/copilot”, or name its place in the connection settings.")};
    if (code == QStringLiteral("settings-damaged"))
        return {NoticeLevel::Warning,
                with(tr("The settings file was damaged. What could be read is used; the old file "
                        "was kept."))};
    if (code == QStringLiteral("settings-unwritable"))
        return {NoticeLevel::Error,
                with(tr("The settings could not be saved. They hold until this window closes."))};
    if (code == QStringLiteral("folders-unwritable"))
        return {NoticeLevel::Error,
                with(tr("Pilotlight cannot write to its folder: sessions and settings hold until "
                        "this window closes."))};
    if (code == QStringLiteral("token-not-kept"))
        return {NoticeLevel::Warning,
                with(tr("The connection token could not be kept. Enter it again after a "
                        "restart."))};
    if (code == QStringLiteral("keychain-unavailable"))
        return {NoticeLevel::Warning,
                with(tr("No keychain: keys and tokens are never written to a file, so enter the "
                        "key again after a restart."))};
    if (code == QStringLiteral("sessions-file-damaged"))
        return {NoticeLevel::Warning,
                with(tr("The session list was damaged. What could be read is here; the old file "
                        "was kept. Earlier sessions are still on the server."))};
    if (code == QStringLiteral("sessions-file-newer"))
        return {NoticeLevel::Warning,
                with(tr("A newer Pilotlight wrote the session list. Changes in this window are "
                        "not saved."))};
    if (code == QStringLiteral("sessions-file-unreadable"))
        return {NoticeLevel::Error,
                with(tr("The session list could not be read. It stays as it is, and changes in "
                        "this window are not saved."))};
    if (code == QStringLiteral("sessions-file-unwritable"))
        return {NoticeLevel::Error,
                with(tr("The session list could not be saved. Pilotlight tries again every "
                        "30 seconds."))};
    if (code == QStringLiteral("outbox-damaged"))
        return {NoticeLevel::Warning,
                with(tr("The file with the prompts that wait to be sent was damaged. What could be "
                        "read is in the queues; the old file was kept."))};
    if (code == QStringLiteral("outbox-newer"))
        return {NoticeLevel::Warning,
                with(tr("A newer Pilotlight wrote the file with the prompts that wait to be sent. "
                        "Prompts of this window are not kept over a crash."))};
    if (code == QStringLiteral("outbox-unreadable") || code == QStringLiteral("outbox-unwritable"))
        return {NoticeLevel::Error,
                with(tr("Prompts cannot be saved: one that is on its way when this program ends "
                        "may be lost. Free some disk space, or make the file writable."))};
    if (code == QStringLiteral("transcript-damaged"))
        return {NoticeLevel::Warning,
                with(tr("The copy of a conversation was damaged. What could be read is shown, the "
                        "rest comes from the server; the old file was kept."))};
    if (code == QStringLiteral("transcript-newer"))
        return {
            NoticeLevel::Info,
            with(tr("A newer Pilotlight wrote the copy of a conversation. It is left alone, and "
                    "cannot be read here without the server."))};
    if (code == QStringLiteral("transcript-unreadable")
        || code == QStringLiteral("transcript-unwritable"))
        return {
            NoticeLevel::Warning,
            with(tr("Conversations cannot be copied to this disk: they cannot be read while the "
                    "server is away. Pilotlight tries again every 30 seconds."))};
    return {NoticeLevel::Info, detail.isEmpty() ? code : detail};
}

} // namespace pilotlight
