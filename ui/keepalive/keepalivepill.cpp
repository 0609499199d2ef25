// SPDX-License-Identifier: MIT
#include "ui/keepalive/keepalivepill.h"

#include "ui/keepalive/keepalivetext.h"
#include "ui/keepalive/lifetext.h"
#include "ui/theme/theme.h"

#include <QAccessible>
#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QMenu>
#include <QPainter>
#include <QStyle>
#include <QTimerEvent>
#include <QToolTip>

#include <algorithm>

namespace pilotlight {

namespace {

constexpr int IconSize = 14;
constexpr int Padding = 9;
constexpr int Gap = 6;
constexpr int ArrowWidth = 20;

QFont wordFont(const QFont &base)
{
    QFont font = base;
    font.setWeight(QFont::DemiBold);
    return font;
}

//! When the server of \a status last answered for one of its sessions, on this connection.
std::optional<QDateTime> sessionAnswer(const QList<KeepaliveBackendRow> &rows,
                                       const ConnectionStatus &status)
{
    using Safety = SessionLife::Safety;
    std::optional<QDateTime> latest;
    for (const KeepaliveBackendRow &row : rows) {
        if (row.status.target != status.target || row.status.generation != status.generation)
            continue;
        for (const KeepaliveSessionRow &session : row.sessions) {
            const Safety safety = session.life.safety;
            const bool attached = safety == Safety::Protected || safety == Safety::Unverified
                || safety == Safety::AtRisk;
            if (attached && session.life.lastConfirmed
                && (!latest || *session.life.lastConfirmed > *latest))
                latest = session.life.lastConfirmed;
        }
    }
    return latest;
}

} // namespace

KeepalivePill::KeepalivePill(const Clock &clock, QWidget *parent)
    : QAbstractButton(parent)
    , m_clock(clock)
    , m_menu(new QMenu(this))
{
    setObjectName(QStringLiteral("keepalivePill"));
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleDescription(tr("Opens the log filtered to KEEPALIVE; the menu key offers a ping"));
    m_menu->setObjectName(QStringLiteral("keepaliveMenu"));
    m_ping = m_menu->addAction(Theme::icon(QStringLiteral("pulse")), tr("&Ping now"), this,
                               &KeepalivePill::pingRequested);
    m_ping->setObjectName(QStringLiteral("pingNow"));
    QAction *const page =
        m_menu->addAction(Theme::icon(QStringLiteral("shield-check")),
                          tr("Keepalive of &all sessions"), this, &KeepalivePill::pageRequested);
    page->setObjectName(QStringLiteral("openKeepalivePage"));
    QAction *const log =
        m_menu->addAction(Theme::icon(QStringLiteral("log")), tr("Open &log: KEEPALIVE"), this,
                          &KeepalivePill::logRequested);
    log->setObjectName(QStringLiteral("openKeepaliveLog"));
    connect(this, &QAbstractButton::clicked, this, [this] { Q_EMIT logRequested(); });
    connect(&Theme::instance(), &Theme::changed, this, [this] { update(); });
    refresh();
}

void KeepalivePill::setStatus(const ConnectionStatus &status)
{
    m_status = status;
    refresh();
}

void KeepalivePill::setRows(const QList<KeepaliveBackendRow> &rows)
{
    m_rows = rows;
    refresh();
}

void KeepalivePill::refresh()
{
    const KeepaliveText text(m_status, m_clock.wallNow(), sessionAnswer(m_rows, m_status));
    // While the connection is well, the sessions and the other servers are what people want to know
    // of; trouble with those must not hide behind its green.
    const KeepaliveRollUp rollUp(m_rows, m_clock.wallNow());
    const bool calm =
        text.state() == KeepaliveState::Protected && (rollUp.sessions() > 0 || rollUp.hasTrouble());
    const bool trouble = calm && rollUp.hasTrouble();
    const QString word = trouble ? tr("Attention") : text.word();
    const QString icon = trouble ? rollUp.icon() : text.icon();
    const QString details = calm ? rollUp.text() : text.details();
    const bool sameState = word == m_word;
    if (!sameState || details != m_details || icon != m_icon) {
        m_word = word;
        m_details = details;
        m_icon = icon;
        m_color = trouble ? rollUp.color() : text.color();
        m_background = trouble ? ColorRole::WarningSoft : text.background();
        const int width = textWidth();
        // A little shrinking is let be; a text that became much shorter gets its own width.
        if (!sameState || width > m_widest || width + 60 < m_widest) {
            m_widest = width;
            updateGeometry();
        }
        update();
    }
    const QString name =
        trouble ? tr("Keepalive: %1, %2").arg(word, details) : text.accessibleName();
    if (name != accessibleName()) {
        setAccessibleName(name);
        if (!sameState) { // a screen reader hears of states, not of every second
            QAccessibleEvent event(this, QAccessible::NameChanged);
            QAccessible::updateAccessibility(&event);
        }
    }
    const KeepaliveState state = text.state();
    m_ping->setEnabled(m_status.phase == Phase::Online && state != KeepaliveState::Off
                       && state != KeepaliveState::Paused);

    if (m_timer)
        killTimer(m_timer);
    m_timer = 0;
    // The rows come anew by themselves when something happens; their ages are told by the second.
    auto next = text.nextChange();
    if (calm)
        next = std::max(next.value_or(Milliseconds(1000)), Milliseconds(1000));
    if (next && isVisible())
        m_timer =
            startTimer(*next, *next > std::chrono::seconds(2) ? Qt::CoarseTimer : Qt::PreciseTimer);
}

void KeepalivePill::timerEvent(QTimerEvent *event)
{
    if (event->timerId() == m_timer)
        refresh();
    else
        QAbstractButton::timerEvent(event);
}

int KeepalivePill::textWidth() const
{
    const int word = QFontMetrics(wordFont(font())).horizontalAdvance(m_word);
    const int details = m_details.isEmpty() ? 0 : Gap + fontMetrics().horizontalAdvance(m_details);
    return word + details;
}

QSize KeepalivePill::sizeHint() const
{
    return {Padding + IconSize + Gap + m_widest + Gap + ArrowWidth,
            std::max(fontMetrics().height() + 8, IconSize + 8)};
}

QSize KeepalivePill::minimumSizeHint() const
{
    return {Padding + IconSize + Gap + QFontMetrics(wordFont(font())).horizontalAdvance(m_word)
                + Gap + ArrowWidth,
            sizeHint().height()};
}

QRect KeepalivePill::arrowRect() const
{
    const QRect area(width() - ArrowWidth, 0, ArrowWidth, height());
    return QStyle::visualRect(layoutDirection(), rect(), area);
}

void KeepalivePill::paintEvent(QPaintEvent *)
{
    const Theme &theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF frame = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    QColor edge = theme.color(m_color);
    edge.setAlpha(underMouse() || isDown() ? 150 : 60);
    painter.setPen(hasFocus() ? QPen(theme.color(ColorRole::Accent), 2) : QPen(edge, 1));
    painter.setBrush(theme.color(m_background));
    const QRectF inner = hasFocus() ? frame.adjusted(0.5, 0.5, -0.5, -0.5) : frame;
    painter.drawRoundedRect(inner, inner.height() / 2, inner.height() / 2);

    const auto place = [this](const QRect &area) {
        return QStyle::visualRect(layoutDirection(), rect(), area);
    };
    int x = Padding;
    painter.drawPixmap(place(QRect(x, (height() - IconSize) / 2, IconSize, IconSize)),
                       Theme::pixmap(m_icon, IconSize, theme.color(m_color), devicePixelRatioF()));
    x += IconSize + Gap;
    const int right = width() - ArrowWidth;
    painter.setFont(wordFont(font()));
    painter.setPen(theme.color(m_color));
    const int word = painter.fontMetrics().horizontalAdvance(m_word);
    painter.drawText(place(QRect(x, 0, word, height())), Qt::AlignVCenter, m_word);
    x += word + Gap;
    painter.setFont(font());
    painter.setPen(theme.color(ColorRole::Text));
    const int room = right - x;
    if (!m_details.isEmpty() && room > 0)
        painter.drawText(place(QRect(x, 0, room, height())), Qt::AlignVCenter,
                         fontMetrics().elidedText(m_details, Qt::ElideRight, room));
    const QRect arrow = arrowRect();
    painter.drawPixmap(arrow.center() - QPoint(IconSize / 2 + 1, IconSize / 2 - 1),
                       Theme::pixmap(QStringLiteral("chevron-up"), IconSize - 2,
                                     theme.color(m_color), devicePixelRatioF()));
}

void KeepalivePill::openMenu()
{
    // Above the bar, where the room is.
    const QPoint corner = mapToGlobal(QPoint(0, 0));
    m_menu->popup(corner - QPoint(0, m_menu->sizeHint().height() + 2));
}

void KeepalivePill::mousePressEvent(QMouseEvent *event)
{
    m_pressedArrow = event->button() == Qt::LeftButton && arrowRect().contains(event->pos());
    if (m_pressedArrow)
        openMenu();
    else
        QAbstractButton::mousePressEvent(event);
}

void KeepalivePill::mouseReleaseEvent(QMouseEvent *event)
{
    if (!std::exchange(m_pressedArrow, false))
        QAbstractButton::mouseReleaseEvent(event);
}

void KeepalivePill::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)
        click();
    else if (event->key() == Qt::Key_Down || event->key() == Qt::Key_Up)
        openMenu();
    else
        QAbstractButton::keyPressEvent(event);
}

void KeepalivePill::contextMenuEvent(QContextMenuEvent *event)
{
    openMenu();
    event->accept();
}

void KeepalivePill::enterEvent(QEnterEvent *event)
{
    QAbstractButton::enterEvent(event);
    update();
}

void KeepalivePill::leaveEvent(QEvent *event)
{
    QAbstractButton::leaveEvent(event);
    update();
}

void KeepalivePill::showEvent(QShowEvent *event)
{
    QAbstractButton::showEvent(event);
    refresh();
}

void KeepalivePill::hideEvent(QHideEvent *event)
{
    QAbstractButton::hideEvent(event);
    if (m_timer)
        killTimer(m_timer);
    m_timer = 0;
}

bool KeepalivePill::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        // Made when asked for: it tells ages.
        const auto *const help = static_cast<QHelpEvent *>(event);
        QToolTip::showText(help->globalPos(), KeepaliveText(m_status, m_clock.wallNow()).toolTip(),
                           this);
        return true;
    }
    return QAbstractButton::event(event);
}

} // namespace pilotlight
