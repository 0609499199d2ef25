// SPDX-License-Identifier: MIT
// The strips across the main window: what is wrong, what is being done about it, the way out.
#include "ui/sessions/sessiontext.h"
#include "ui/shell/banner.h"
#include "ui/shell/mainwindow.h"

#include <QLocale>

namespace pilotlight {

namespace {

const QString AuthBanner = QStringLiteral("auth");
const QString TroubleBanner = QStringLiteral("trouble");
//! What a server went through that a new connection puts an end to.
const QStringList Passing{QStringLiteral("server-exited"), QStringLiteral("restarted-mismatch"),
                          QStringLiteral("restarted-unresponsive")};

const QString StorageBanner = QStringLiteral("storage");
//! What cannot be saved. On a full disk all of them come at once, and are one trouble.
const QStringList Unsaved{
    QStringLiteral("folders-unwritable"), QStringLiteral("settings-unwritable"),
    QStringLiteral("sessions-file-unwritable"), QStringLiteral("outbox-unwritable")};

bool concernsTheProgram(ErrorCode code)
{
    switch (code) {
    case ErrorCode::ServerNotFound:
    case ErrorCode::ServerStartFailed:
    case ErrorCode::ServerExited:
    case ErrorCode::ServerCrashLoop:
    case ErrorCode::ServerTooOld:
    case ErrorCode::ServerTooNew:
        return true;
    default:
        return false;
    }
}

} // namespace

void MainWindow::bannerDismissed(const QString &name)
{
    if (name == AuthBanner)
        m_authDismissed = true;
}

void MainWindow::setAuth(const AuthStatus &auth)
{
    const bool again = m_auth && !auth.signedIn;
    m_auth = auth;
    updateAuthBanner();
    if (auth.signedIn)
        say(auth.user.isEmpty() ? tr("Signed in.") : tr("Signed in as %1.").arg(auth.user));
    else if (again || m_banners->contains(AuthBanner))
        say(tr("Still not signed in."));
}

void MainWindow::updateAuthBanner()
{
    const std::optional<AuthStatus> &auth = m_auth ? m_auth : m_status.auth;
    const bool wanted = m_status.phase == Phase::Online && m_status.mode != ConnectionMode::Demo
        && auth && !auth->signedIn && !m_authDismissed;
    if (!wanted) {
        m_banners->remove(AuthBanner);
        return;
    }
    BannerContent content;
    content.level = NoticeLevel::Warning;
    content.text =
        tr("The agent is not signed in. Run this in a terminal, then check again. Until then "
           "prompts wait in their queues and nothing fails; sessions with a provider key of your "
           "own go on.");
    content.command = QStringLiteral("copilot login");
    content.actions = {{tr("Check again"), [this] { Q_EMIT signInCheckRequested(); }}};
    m_banners->show(AuthBanner, content);
}

// A connection that is down for good until somebody does something.
void MainWindow::updateTroubleBanner()
{
    if (m_status.phase != Phase::Idle || !m_status.error) {
        m_trouble.reset();
        m_banners->remove(TroubleBanner);
        return;
    }
    const Error &error = *m_status.error;
    if (m_trouble == error.code)
        return; // shown, or dismissed
    m_trouble = error.code;
    for (const QString &code : Passing)
        m_banners->remove(code); // "is being brought back": not any more
    m_banners->remove(QStringLiteral("fell-back-to-embedded")); // nor that one
    BannerContent content;
    content.level = NoticeLevel::Error;
    const bool output = error.detail.contains(QLatin1Char('\n'))
        || error.code == ErrorCode::ServerCrashLoop || error.code == ErrorCode::ServerStartFailed;
    Error words = error;
    if (output) {
        words.detail.clear();
        content.output = error.detail;
    }
    content.text = errorSentence(words);
    if (m_status.mode != ConnectionMode::Attach && error.code == ErrorCode::ServerTooOld)
        content.text += QLatin1Char(' ') + tr("Update the Copilot CLI, or use another one.");
    else if (error.code == ErrorCode::ServerTooNew)
        content.text += QLatin1Char(' ') + tr("Update Pilotlight, or use another server.");
    content.actions.append({tr("Try again"), [this] { Q_EMIT connectRequested(); }});
    if (output)
        content.actions.append({tr("Open log"), [this] { showLog(QStringLiteral("SERVER")); }});
    content.actions.append(
        {concernsTheProgram(error.code) && m_status.mode != ConnectionMode::Attach
             ? tr("Use another CLI")
             : tr("Connection settings"),
         [this] { Q_EMIT connectionSettingsRequested(); }});
    m_banners->show(TroubleBanner, content);
}

// "Is being brought back" would be untrue from now on.
void MainWindow::sayRecovered()
{
    for (const QString &code : Passing) {
        if (!m_banners->contains(code))
            continue;
        BannerContent content;
        content.text = (code == Passing.constFirst()
                            ? tr("The server ended unexpectedly. It is back since %1.")
                            : tr("The server was restarted because it did not work. It is back "
                                 "since %1."))
                           .arg(QLocale().toString(m_clock.wallNow().toLocalTime().time(),
                                                   QLocale::ShortFormat));
        content.actions = {{tr("Open log"), [this] { showLog(QStringLiteral("SERVER")); }, true}};
        m_banners->remove(code);
        m_banners->show(QStringLiteral("recovered"), content);
    }
}

void MainWindow::unsaved(const QString &code, const QString &detail)
{
    if (!m_unsaved.contains(code))
        m_unsaved.append(code);
    BannerContent content;
    content.level = NoticeLevel::Error;
    content.text = m_unsaved.size() == 1
        ? ConnectionText::notice(code, detail).text
        : tr("Nothing can be saved (%1). Everything goes on, but prompts that wait, sessions and "
             "settings hold only until this window closes. Free some disk space, or make the "
             "folder writable; saving is tried again by itself.")
              .arg(detail);
    content.actions = {{tr("Open log"), [this] { setLogVisible(true); }}};
    m_banners->show(StorageBanner, content);
}

void MainWindow::savedAgain(const QString &code)
{
    if (m_unsaved.removeAll(code) == 0 || !m_unsaved.isEmpty())
        return;
    m_banners->remove(StorageBanner);
    say(tr("Everything is saved again."));
}

void MainWindow::showNotice(const QString &code, const QString &detail)
{
    if (Unsaved.contains(code)) {
        unsaved(code, detail);
        return;
    }
    if (code.endsWith(QStringLiteral("-written"))) {
        savedAgain(
            QString(code).replace(QStringLiteral("-written"), QStringLiteral("-unwritable")));
        return;
    }
    const bool output = detail.contains(QLatin1Char('\n'));
    const ConnectionText::Notice notice = ConnectionText::notice(code, output ? QString() : detail);
    BannerContent content;
    content.level = notice.level;
    content.text = notice.text;
    if (output)
        content.output = detail;
    if (code == QStringLiteral("demo-no-cli") || code == QStringLiteral("fell-back-to-embedded"))
        content.actions = {
            {tr("Connection settings"), [this] { Q_EMIT connectionSettingsRequested(); }}};
    else if (notice.level != NoticeLevel::Info)
        content.actions = {{tr("Open log"), [this] { setLogVisible(true); }}};
    if (Passing.contains(code))
        m_banners->remove(QStringLiteral("recovered"));
    m_banners->show(code, content);
}

} // namespace pilotlight
