// SPDX-License-Identifier: MIT
#include "ui/log/logdelegate.h"

#include "ui/log/logmodel.h"

#include <QAbstractItemView>
#include <QPainter>

namespace pilotlight {

namespace {

constexpr int IconSize = 14;
constexpr int Margin = 8;

} // namespace

LevelLook levelLook(LogLevel level)
{
    switch (level) {
    case LogLevel::Debug:
        return {QStringLiteral("dot"), ColorRole::Muted};
    case LogLevel::Info:
        return {QStringLiteral("info"), ColorRole::Info};
    case LogLevel::Warning:
        return {QStringLiteral("warning"), ColorRole::Warning};
    case LogLevel::Error:
        return {QStringLiteral("error"), ColorRole::Error};
    }
    return {QStringLiteral("dot"), ColorRole::Muted};
}

void LogDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option,
                        const QModelIndex &index) const
{
    const Theme &theme = Theme::instance();
    const auto level = static_cast<LogLevel>(index.data(LogModel::LevelRole).toInt());
    const LevelLook look = levelLook(level);
    painter->save();
    if (option.state.testFlag(QStyle::State_Selected))
        painter->fillRect(option.rect, theme.color(ColorRole::Selected));
    else if (level == LogLevel::Error)
        painter->fillRect(option.rect, theme.color(ColorRole::ErrorSoft));
    else if (level == LogLevel::Warning)
        painter->fillRect(option.rect, theme.color(ColorRole::WarningSoft));

    QRect area = option.rect.adjusted(Margin, 0, -Margin / 2, 0);
    ColorRole color = level == LogLevel::Debug ? ColorRole::Muted : ColorRole::Text;
    switch (index.column()) {
    case LogModel::TimeColumn:
        color = ColorRole::Muted;
        break;
    case LogModel::LevelColumn: {
        color = look.color;
        const qreal ratio = option.widget ? option.widget->devicePixelRatioF() : 1.0;
        const QRect icon(area.left(), area.center().y() - IconSize / 2 + 1, IconSize, IconSize);
        painter->drawPixmap(icon,
                            Theme::pixmap(look.icon, IconSize, theme.color(look.color), ratio));
        area.setLeft(icon.right() + Margin - 1);
        break;
    }
    case LogModel::TagColumn:
        color = level >= LogLevel::Warning ? look.color : ColorRole::Muted;
        break;
    default:
        break;
    }
    painter->setFont(option.font);
    painter->setPen(theme.color(color));
    const QString text = index.data().toString();
    painter->drawText(area, Qt::AlignVCenter | Qt::TextSingleLine,
                      option.fontMetrics.elidedText(text, Qt::ElideRight, area.width()));
    if (option.state.testFlag(QStyle::State_HasFocus) && index.column() == LogModel::TimeColumn) {
        // The current line, also where it is not selected.
        painter->fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())),
                          theme.color(ColorRole::Accent));
    }
    painter->restore();
}

} // namespace pilotlight
