// SPDX-License-Identifier: MIT
#include "ui/shell/connectionbar.h"

#include "ui/keepalive/keepalivepill.h"
#include "ui/shell/connectiontext.h"
#include "ui/theme/theme.h"

#include <QAccessible>
#include <QBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QTimerEvent>
#include <QToolButton>

namespace pilotlight {

ConnectionBar::ConnectionBar(const Clock &clock, QWidget *parent)
    : QWidget(parent)
    , m_clock(clock)
    , m_phase(new QToolButton(this))
    , m_retry(new QPushButton(tr("Retry now"), this))
    , m_server(new QLabel(this))
    , m_mode(new QLabel(this))
    , m_message(new QLabel(this))
    , m_pill(new KeepalivePill(clock, this))
    , m_log(new QToolButton(this))
    , m_menu(new QMenu(this))
{
    setObjectName(QStringLiteral("connectionBar"));
    setAccessibleName(tr("Connection"));
    m_phase->setObjectName(QStringLiteral("phaseButton"));
    m_phase->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_phase->setIconSize({16, 16});
    m_phase->setPopupMode(QToolButton::InstantPopup);
    m_phase->setFocusPolicy(Qt::TabFocus);
    m_phase->setMenu(m_menu);
    m_menu->setObjectName(QStringLiteral("phaseMenu"));
    m_retry->setObjectName(QStringLiteral("retryNow"));
    m_retry->setIcon(Theme::icon(QStringLiteral("refresh")));
    connect(m_retry, &QPushButton::clicked, this, &ConnectionBar::retryRequested);
    m_server->setObjectName(QStringLiteral("serverLabel"));
    m_server->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_mode->setObjectName(QStringLiteral("modeLabel"));
    m_mode->setProperty("muted", true);
    m_message->setObjectName(QStringLiteral("barMessage"));
    m_message->setTextFormat(Qt::PlainText);
    m_message->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_log->setObjectName(QStringLiteral("logButton"));
    m_log->setIconSize({16, 16});
    m_log->setFocusPolicy(Qt::TabFocus);
    m_log->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);

    auto *const layout = new QHBoxLayout(this);
    layout->setContentsMargins(Theme::space(2), Theme::space(1), Theme::space(2), Theme::space(1));
    layout->setSpacing(Theme::space(2));
    layout->addWidget(m_phase);
    layout->addWidget(m_retry);
    layout->addWidget(m_server);
    layout->addWidget(m_mode);
    layout->addWidget(m_message, 1, Qt::AlignRight);
    layout->addWidget(m_pill);
    layout->addWidget(m_log);
    refresh();
}

void ConnectionBar::setStatus(const ConnectionStatus &status)
{
    m_status = status;
    m_asOf = m_clock.wallNow();
    m_since = m_clock.now();
    m_pill->setStatus(status);
    refresh();
}

void ConnectionBar::refresh()
{
    // The times in the status are of when it came: should the user's clock be set since, the wait
    // is as long as it was.
    const auto passed = std::chrono::floor<Milliseconds>(m_clock.now() - m_since);
    const ConnectionText text(m_status, m_asOf.addMSecs(passed.count()));
    m_phase->setIcon(Theme::icon(text.icon(), text.color()));
    m_phase->setText(text.phase());
    m_phase->setToolTip(text.toolTip());
    m_phase->setAccessibleName(tr("Connection: %1").arg(text.phase()));
    m_retry->setVisible(text.canRetry());
    m_server->setText(text.server());
    m_server->setAccessibleName(tr("Server: %1").arg(text.server()));
    m_server->setVisible(!text.server().isEmpty());
    // The demo's server says it already.
    m_mode->setVisible(!m_status.server || m_status.mode != ConnectionMode::Demo);
    m_mode->setText(m_server->isVisibleTo(this) ? QStringLiteral("·  ") + text.mode()
                                                : text.mode());
    m_mode->setAccessibleName(tr("Mode: %1").arg(text.mode()));
    m_mode->setToolTip(text.modeToolTip());

    if (m_timer)
        killTimer(m_timer);
    m_timer = 0;
    if (const auto next = text.nextChange())
        m_timer = startTimer(*next);
}

void ConnectionBar::timerEvent(QTimerEvent *event)
{
    if (event->timerId() == m_timer) {
        refresh();
    } else if (event->timerId() == m_messageTimer) {
        killTimer(std::exchange(m_messageTimer, 0));
        m_message->clear();
    } else {
        QWidget::timerEvent(event);
    }
}

void ConnectionBar::say(const QString &text)
{
    m_message->setText(text);
    m_message->setAccessibleName(text);
    QAccessibleEvent event(m_message, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
    if (m_messageTimer)
        killTimer(m_messageTimer);
    m_messageTimer = startTimer(std::chrono::seconds(5));
}

void ConnectionBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::instance().color(ColorRole::Sidebar));
    painter.fillRect(QRect(0, 0, width(), 1), Theme::instance().color(ColorRole::Border));
}

} // namespace pilotlight
