// SPDX-License-Identifier: MIT
#include "ui/shell/welcomepage.h"

#include "ui/shell/connectiontext.h"
#include "ui/theme/theme.h"

#include <QBoxLayout>
#include <QClipboard>
#include <QEvent>
#include <QGridLayout>
#include <QGuiApplication>
#include <QKeySequence>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

namespace pilotlight {

namespace {

constexpr int TextWidth = 520; // about 80 characters: readable
const QString InstallCommand = QStringLiteral("npm install -g @github/copilot");

} // namespace

WelcomePage::WelcomePage(QWidget *parent)
    : QWidget(parent)
    , m_logo(new QLabel(this))
    , m_title(new QLabel(this))
    , m_text(new QLabel(this))
    , m_install(new QWidget(this))
    , m_new(new QPushButton(Theme::icon(QStringLiteral("plus"), ColorRole::OnAccent),
                            tr("New session"), this))
    , m_earlier(new QPushButton(Theme::icon(QStringLiteral("history")),
                                tr("Open an earlier session"), this))
    , m_settings(
          new QPushButton(Theme::icon(QStringLiteral("settings")), tr("Connection settings"), this))
    , m_retry(new QPushButton(Theme::icon(QStringLiteral("refresh")), tr("Connect now"), this))
    , m_demo(
          new QPushButton(Theme::icon(QStringLiteral("play")), tr("Look around in the demo"), this))
{
    setObjectName(QStringLiteral("welcomePage"));
    setAccessibleName(tr("Start page"));
    m_title->setObjectName(QStringLiteral("welcomeTitle"));
    m_title->setFont(Theme::font(7, true));
    m_title->setAlignment(Qt::AlignCenter);
    m_text->setObjectName(QStringLiteral("welcomeText"));
    m_text->setAlignment(Qt::AlignCenter);
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_text->setProperty("muted", true);
    m_logo->setAlignment(Qt::AlignCenter);

    m_new->setObjectName(QStringLiteral("welcomeNew"));
    m_new->setProperty("kind", QStringLiteral("primary"));
    m_earlier->setObjectName(QStringLiteral("welcomeEarlier"));
    m_settings->setObjectName(QStringLiteral("welcomeSettings"));
    m_retry->setObjectName(QStringLiteral("welcomeRetry"));
    m_retry->setProperty("kind", QStringLiteral("primary"));
    m_retry->setIcon(Theme::icon(QStringLiteral("refresh"), ColorRole::OnAccent));
    m_demo->setObjectName(QStringLiteral("welcomeDemo"));
    connect(m_new, &QPushButton::clicked, this, &WelcomePage::newSessionRequested);
    connect(m_earlier, &QPushButton::clicked, this, &WelcomePage::earlierSessionsRequested);
    connect(m_settings, &QPushButton::clicked, this, &WelcomePage::settingsRequested);
    connect(m_retry, &QPushButton::clicked, this, &WelcomePage::retryRequested);
    connect(m_demo, &QPushButton::clicked, this, &WelcomePage::demoRequested);

    m_install->setObjectName(QStringLiteral("welcomeInstall"));
    auto *const command = new QLabel(InstallCommand, m_install);
    command->setFont(Theme::monospace());
    command->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    auto *const copy = new QToolButton(m_install);
    copy->setObjectName(QStringLiteral("welcomeCopy"));
    copy->setIcon(Theme::icon(QStringLiteral("copy")));
    copy->setAccessibleName(tr("Copy the command"));
    copy->setToolTip(copy->accessibleName());
    connect(copy, &QToolButton::clicked, this, [copy] {
        QGuiApplication::clipboard()->setText(InstallCommand);
        copy->setIcon(Theme::icon(QStringLiteral("check"), ColorRole::Ok));
    });
    auto *const install = new QHBoxLayout(m_install);
    install->setContentsMargins(0, 0, 0, 0);
    install->addStretch();
    install->addWidget(command);
    install->addWidget(copy);
    install->addStretch();

    auto *const buttons = new QHBoxLayout;
    buttons->setSpacing(Theme::space(2));
    buttons->addStretch();
    for (QPushButton *button : {m_retry, m_new, m_earlier, m_demo, m_settings})
        buttons->addWidget(button);
    buttons->addStretch();

    auto *const text = new QHBoxLayout;
    text->addStretch();
    m_text->setMinimumWidth(280);
    m_text->setMaximumWidth(TextWidth);
    m_text->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    text->addWidget(m_text, 100);
    text->addStretch();

    auto *const layout = new QVBoxLayout(this);
    layout->setContentsMargins(Theme::space(6), Theme::space(6), Theme::space(6), Theme::space(6));
    layout->setSpacing(Theme::space(3));
    layout->addStretch(2);
    layout->addWidget(m_logo);
    layout->addWidget(m_title);
    layout->addLayout(text);
    layout->addWidget(m_install);
    layout->addSpacing(Theme::space(1));
    layout->addLayout(buttons);
    layout->addSpacing(Theme::space(4));
    layout->addLayout(makeHints());
    layout->addStretch(3);
    connect(&Theme::instance(), &Theme::changed, this, &WelcomePage::refresh);
    updateLogo();
    refresh();
}

QLayout *WelcomePage::makeHints()
{
    // Plain labels: a rich text table costs a start a tenth of its time.
    auto *const grid = new QGridLayout;
    grid->setHorizontalSpacing(Theme::space(5));
    grid->setVerticalSpacing(Theme::space(1));
    grid->setColumnStretch(0, 1);
    grid->setColumnStretch(1, 1);
    const auto row = [&](const QKeySequence &sequence, const QString &what) {
        auto *const key = new QLabel(sequence.toString(QKeySequence::NativeText), this);
        key->setFont(Theme::font(0, true));
        key->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        auto *const text = new QLabel(what, this);
        for (QLabel *const label : {key, text}) {
            label->setTextFormat(Qt::PlainText);
            label->setProperty("muted", true);
        }
        const int at = grid->rowCount();
        grid->addWidget(key, at, 0);
        grid->addWidget(text, at, 1);
    };
    row(QKeySequence(Qt::CTRL | Qt::Key_N), tr("new session"));
    row(QKeySequence(Qt::CTRL | Qt::Key_L), tr("show or hide the log"));
    row(QKeySequence(Qt::Key_F1), tr("all keyboard shortcuts"));
    return grid;
}

void WelcomePage::setStatus(const ConnectionStatus &status)
{
    m_status = status;
    refresh();
}

void WelcomePage::setHasSessions(bool has)
{
    if (has == m_hasSessions)
        return;
    m_hasSessions = has;
    refresh();
}

void WelcomePage::updateLogo()
{
    m_logo->setPixmap(Theme::applicationPicture(64, devicePixelRatioF()));
}

void WelcomePage::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::ScreenChangeInternal)
        updateLogo();
}

void WelcomePage::refresh()
{
    const ConnectionText words(m_status, {});
    const bool online = m_status.phase == Phase::Online;
    const bool down = m_status.phase == Phase::Idle || m_status.phase == Phase::Backoff;
    const bool noCli = down && m_status.error && m_status.error->code == ErrorCode::ServerNotFound;
    const bool demo = m_status.mode == ConnectionMode::Demo;
    QString title;
    QString text;
    if (online && m_hasSessions) {
        title = tr("Choose a session");
        text = tr("Pick one at the left, or start another.");
    } else if (online) {
        title = demo ? tr("Welcome to the demo") : tr("Ready when you are");
        text = demo
            ? tr("You are connected to a scripted server on this computer. Start a session and "
                 "write "
                 "anything: it shows answers, tools, questions and errors as a real agent does.")
            : tr("Connected to %1. Start a session in a folder of yours and tell the agent what to "
                 "do. Its "
                 "history stays on the server, whatever happens to this window.")
                  .arg(words.server());
    } else if (noCli) {
        title = tr("No Copilot CLI on this computer");
        text = tr("Pilotlight talks to the server that is part of the Copilot CLI. Install it, or "
                  "say in the "
                  "connection settings where it is. Meanwhile you can look around in the demo.");
    } else if (down) {
        title = m_status.error ? tr("Not connected") : tr("Disconnected");
        text = m_status.error ? words.problem() : tr("Pilotlight is not connected to a server.");
        if (m_status.phase == Phase::Backoff)
            text += QLatin1Char('\n')
                + tr("It keeps trying by itself; nothing of your sessions is lost.");
    } else {
        title = words.phase();
        text = tr("This takes a moment; the first start of a new server a few seconds.");
    }
    m_title->setText(title);
    m_text->setText(text);
    m_install->setVisible(noCli);
    m_new->setVisible(online);
    m_earlier->setVisible(online && !demo && !m_hasSessions);
    m_retry->setVisible(down && !noCli);
    m_demo->setVisible(noCli);
    m_settings->setVisible(!online);
}

} // namespace pilotlight
