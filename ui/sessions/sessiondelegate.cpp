// SPDX-License-Identifier: MIT
#include "ui/sessions/sessiondelegate.h"

#include "ui/sessions/sessionlistmodel.h"
#include "ui/theme/theme.h"

#include <QLineEdit>
#include <QPainter>

namespace pilotlight {

namespace {

constexpr int kPadding = 10;
constexpr int kIcon = 18;
constexpr int kGap = 10;
constexpr int kLineGap = 3;

QFont nameFont(bool strong)
{
    return Theme::font(0, strong);
}

QFont detailFont()
{
    return Theme::font(-1);
}

} // namespace

QSize SessionDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    const int lines =
        QFontMetrics(nameFont(true)).height() + kLineGap + QFontMetrics(detailFont()).height();
    return {160, lines + 2 * kPadding};
}

void SessionDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option,
                            const QModelIndex &index) const
{
    const Theme &theme = Theme::instance();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);

    const QRectF row = QRectF(option.rect).adjusted(6, 1, -6, -1);
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    if (selected || option.state.testFlag(QStyle::State_MouseOver)) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(theme.color(selected ? ColorRole::Selected : ColorRole::Hover));
        painter->drawRoundedRect(row, Theme::radius, Theme::radius);
    }
    if (option.state.testFlag(QStyle::State_HasFocus) && selected) {
        painter->setPen(QPen(theme.color(ColorRole::Accent), 1.5));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(row.adjusted(1, 1, -1, -1), Theme::radius - 1, Theme::radius - 1);
    }

    const auto state = static_cast<ShownState>(index.data(SessionListModel::StateRole).toInt());
    const int unread = index.data(SessionListModel::UnreadRole).toInt();
    const bool rtl = option.direction == Qt::RightToLeft;
    const QRect content = option.rect.adjusted(6 + kPadding, kPadding, -6 - kPadding, -kPadding);
    // Everything is laid out left to right and mirrored at the end.
    const auto place = [&](const QRect &r) {
        return QStyle::visualRect(option.direction, content, r);
    };
    const Qt::Alignment left = Qt::AlignVCenter | (rtl ? Qt::AlignRight : Qt::AlignLeft);
    const Qt::Alignment right = Qt::AlignVCenter | (rtl ? Qt::AlignLeft : Qt::AlignRight);

    const QFont name = nameFont(selected || unread > 0 || state == ShownState::Waiting);
    const QFont small = detailFont();
    const QFontMetrics nameMetrics(name);
    const QFontMetrics smallMetrics(small);
    const int firstHeight = QFontMetrics(nameFont(true)).height();

    const QColor stateInk = theme.color(stateColor(state));
    const QRect iconRect =
        place(QRect(content.left(), content.top() + (firstHeight - kIcon) / 2, kIcon, kIcon));
    if (state == ShownState::Working || state == ShownState::Attaching) {
        QPen pen(stateInk, 2);
        pen.setCapStyle(Qt::RoundCap);
        painter->setBrush(Qt::NoBrush);
        QColor faint = stateInk;
        faint.setAlphaF(0.25F);
        const QRectF circle = QRectF(iconRect).adjusted(3, 3, -3, -3);
        painter->setPen(QPen(faint, 2));
        painter->drawEllipse(circle);
        painter->setPen(pen);
        painter->drawArc(circle, (90 - m_angle) * 16, -100 * 16);
    } else {
        painter->drawPixmap(iconRect,
                            Theme::pixmap(stateIcon(state), kIcon, stateInk,
                                          painter->device()->devicePixelRatioF()));
    }

    const int textLeft = content.left() + kIcon + kGap;
    const QString age = index.data(SessionListModel::AgeRole).toString();
    painter->setFont(small);
    painter->setPen(theme.color(ColorRole::Muted));
    const int ageWidth = age.isEmpty() ? 0 : smallMetrics.horizontalAdvance(age) + 2;
    painter->drawText(
        place(QRect(content.right() - ageWidth + 1, content.top(), ageWidth, firstHeight)), right,
        age);

    painter->setFont(name);
    painter->setPen(theme.color(ColorRole::Text));
    const int nameWidth = content.right() - textLeft - ageWidth - (ageWidth > 0 ? 8 : 0);
    painter->drawText(place(QRect(textLeft, content.top(), nameWidth, firstHeight)), left,
                      nameMetrics.elidedText(index.data().toString(), Qt::ElideRight, nameWidth));

    const int secondTop = content.top() + firstHeight + kLineGap;
    const int secondHeight = smallMetrics.height();
    int badgeSpace = 0;
    if (unread > 0) {
        const QString number = unread > 99 ? QStringLiteral("99+") : QString::number(unread);
        QFont badgeFont = Theme::font(-1.5, true);
        const QFontMetrics badgeMetrics(badgeFont);
        const int height = badgeMetrics.height() + 1;
        const int width = std::max(height, badgeMetrics.horizontalAdvance(number) + 10);
        const QRect badge = place(QRect(content.right() - width + 1,
                                        secondTop + (secondHeight - height) / 2, width, height));
        painter->setPen(Qt::NoPen);
        painter->setBrush(theme.color(ColorRole::Accent));
        painter->drawRoundedRect(badge, height / 2.0, height / 2.0);
        painter->setFont(badgeFont);
        painter->setPen(theme.color(ColorRole::OnAccent));
        painter->drawText(badge, Qt::AlignCenter, number);
        badgeSpace = width + 8;
    }

    painter->setFont(small);
    painter->setPen(stateInk);
    const QString words = stateText(state);
    const int lineWidth = content.right() - textLeft - badgeSpace + 1;
    const int wordsWidth = std::min(lineWidth, smallMetrics.horizontalAdvance(words) + 1);
    painter->drawText(place(QRect(textLeft, secondTop, wordsWidth, secondHeight)), left,
                      smallMetrics.elidedText(words, Qt::ElideRight, wordsWidth));
    const QString detail = index.data(SessionListModel::DetailRole).toString();
    const int detailWidth = lineWidth - wordsWidth;
    if (!detail.isEmpty() && detailWidth > 24) {
        painter->setPen(theme.color(ColorRole::Muted));
        painter->drawText(
            place(QRect(textLeft + wordsWidth, secondTop, detailWidth, secondHeight)), left,
            smallMetrics.elidedText(QStringLiteral(" · ") + detail, Qt::ElideRight, detailWidth));
    }
    painter->restore();
}

QWidget *SessionDelegate::createEditor(QWidget *parent, const QStyleOptionViewItem &,
                                       const QModelIndex &) const
{
    auto *editor = new QLineEdit(parent);
    editor->setObjectName(QStringLiteral("sessionNameEditor"));
    editor->setAccessibleName(tr("Session name"));
    editor->setMaxLength(200);
    return editor;
}

void SessionDelegate::updateEditorGeometry(QWidget *editor, const QStyleOptionViewItem &option,
                                           const QModelIndex &) const
{
    const int height = editor->sizeHint().height();
    QRect rect = option.rect.adjusted(6 + kPadding + kIcon + kGap - 6, 0, -12, 0);
    rect.setHeight(height);
    rect.moveTop(option.rect.center().y() - height / 2);
    editor->setGeometry(rect);
}

} // namespace pilotlight
