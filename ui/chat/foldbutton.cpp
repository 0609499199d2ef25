// SPDX-License-Identifier: MIT
#include "ui/chat/foldbutton.h"

#include "ui/theme/theme.h"

#include <QKeyEvent>
#include <QPainter>
#include <QStyle>

namespace pilotlight {

namespace {

constexpr int kIcon = 18;
constexpr int kGap = 8;
constexpr int kSide = 10;

} // namespace

FoldButton::FoldButton(QWidget *parent)
    : QAbstractButton(parent)
    , m_iconRole(static_cast<int>(ColorRole::Muted))
    , m_statusRole(static_cast<int>(ColorRole::Muted))
{
    setCheckable(true);
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void FoldButton::setIconName(const QString &name, int role)
{
    if (m_icon == name && m_iconRole == role)
        return;
    m_icon = name;
    m_iconRole = role;
    update();
}

void FoldButton::setTitle(const QString &title)
{
    if (m_title == title)
        return;
    m_title = title;
    updateAccessible();
}

void FoldButton::setSummary(const QString &summary)
{
    if (m_summary == summary)
        return;
    m_summary = summary;
    updateAccessible();
}

void FoldButton::setStatus(const QString &status, int role)
{
    if (m_status == status && m_statusRole == role)
        return;
    m_status = status;
    m_statusRole = role;
    updateAccessible();
}

void FoldButton::setSummaryMonospace(bool monospace)
{
    m_monospace = monospace;
    update();
}

void FoldButton::setTitleMuted(bool muted)
{
    m_muted = muted;
    update();
}

void FoldButton::setFoldable(bool foldable)
{
    m_foldable = foldable;
    setFocusPolicy(foldable ? Qt::TabFocus : Qt::NoFocus);
    setCursor(foldable ? Qt::PointingHandCursor : Qt::ArrowCursor);
    setAttribute(Qt::WA_TransparentForMouseEvents, !foldable);
    update();
}

void FoldButton::updateAccessible()
{
    QStringList parts{m_title};
    if (!m_summary.isEmpty())
        parts << m_summary;
    if (!m_status.isEmpty())
        parts << m_status;
    setAccessibleName(parts.join(QStringLiteral(", ")));
    setAccessibleDescription(m_foldable ? tr("Opens or closes the details") : QString());
    update();
}

QSize FoldButton::sizeHint() const
{
    return {300, std::max(kIcon, QFontMetrics(font()).height()) + 14};
}

void FoldButton::keyPressEvent(QKeyEvent *event)
{
    if (m_foldable && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)) {
        click();
        return;
    }
    QAbstractButton::keyPressEvent(event);
}

void FoldButton::enterEvent(QEnterEvent *event)
{
    QAbstractButton::enterEvent(event);
    update();
}

void FoldButton::leaveEvent(QEvent *event)
{
    QAbstractButton::leaveEvent(event);
    update();
}

void FoldButton::paintEvent(QPaintEvent *)
{
    const Theme &theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const qreal ratio = devicePixelRatioF();
    if (hasFocus()) {
        painter.setPen(QPen(theme.color(ColorRole::Accent), 1.5));
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), Theme::smallRadius,
                                Theme::smallRadius);
    } else if (m_foldable && underMouse()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(ColorRole::Hover));
        painter.drawRoundedRect(rect(), Theme::smallRadius, Theme::smallRadius);
        painter.setBrush(Qt::NoBrush);
    }
    const auto place = [this](const QRect &r) {
        return QStyle::visualRect(layoutDirection(), rect(), r);
    };
    const bool rtl = layoutDirection() == Qt::RightToLeft;
    const Qt::Alignment start = Qt::AlignVCenter | (rtl ? Qt::AlignRight : Qt::AlignLeft);
    const Qt::Alignment finish = Qt::AlignVCenter | (rtl ? Qt::AlignLeft : Qt::AlignRight);

    int x = kSide;
    if (!m_icon.isEmpty()) {
        painter.drawPixmap(
            place(QRect(x, (height() - kIcon) / 2, kIcon, kIcon)),
            Theme::pixmap(m_icon, kIcon, theme.color(static_cast<ColorRole>(m_iconRole)), ratio));
        x += kIcon + kGap;
    }
    int right = width() - kSide;
    if (m_foldable) {
        const QString chevron = isChecked() ? QStringLiteral("chevron-down")
            : rtl                           ? QStringLiteral("chevron-down")
                                            : QStringLiteral("chevron-right");
        painter.drawPixmap(place(QRect(right - 16, (height() - 16) / 2, 16, 16)),
                           Theme::pixmap(chevron, 16, theme.color(ColorRole::Muted), ratio));
        right -= 16 + 4;
    }
    const QFont small = Theme::font(-1);
    if (!m_status.isEmpty()) {
        const QFontMetrics metrics(small);
        const int w = std::min(metrics.horizontalAdvance(m_status) + 2, (right - x) / 2);
        painter.setFont(small);
        painter.setPen(theme.color(static_cast<ColorRole>(m_statusRole)));
        painter.drawText(place(QRect(right - w, 0, w, height())), finish,
                         metrics.elidedText(m_status, Qt::ElideRight, w));
        right -= w + kGap * 2;
    }
    const QFont titleFont = m_muted ? Theme::font() : Theme::font(0, true);
    const QFontMetrics titleMetrics(titleFont);
    const int room = std::max(0, right - x);
    const int titleWidth = std::min(titleMetrics.horizontalAdvance(m_title) + 2,
                                    m_summary.isEmpty() ? room : std::max(room / 2, 60));
    painter.setFont(titleFont);
    painter.setPen(theme.color(m_muted ? ColorRole::Muted : ColorRole::Text));
    painter.drawText(place(QRect(x, 0, titleWidth, height())), start,
                     titleMetrics.elidedText(m_title, Qt::ElideRight, titleWidth));
    x += titleWidth + kGap;
    if (!m_summary.isEmpty() && right - x > 20) {
        const QFont mono = [this] {
            if (!m_monospace)
                return Theme::font(-0.5);
            QFont f = Theme::monospace();
            f.setPointSizeF(std::max(6.0, f.pointSizeF() - 1));
            return f;
        }();
        painter.setFont(mono);
        painter.setPen(theme.color(ColorRole::Muted));
        painter.drawText(place(QRect(x, 0, right - x, height())), start,
                         QFontMetrics(mono).elidedText(m_summary, Qt::ElideRight, right - x));
    }
}

} // namespace pilotlight
