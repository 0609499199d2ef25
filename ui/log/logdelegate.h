// SPDX-License-Identifier: MIT
#pragma once

#include "diag/logrecord.h"
#include "ui/theme/theme.h"

#include <QStyledItemDelegate>

namespace pilotlight {

//! How a level looks: never by colour alone.
struct LevelLook
{
    QString icon;
    ColorRole color;
};
LevelLook levelLook(LogLevel level);

//! Paints one cell of the log.
class LogDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter *painter, const QStyleOptionViewItem &option,
               const QModelIndex &index) const override;
};

} // namespace pilotlight
