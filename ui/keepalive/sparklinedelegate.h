// SPDX-License-Identifier: MIT
#pragma once

#include <QStyledItemDelegate>

namespace pilotlight {

//! The row's text, and beside it KeepaliveModel::LatenciesRole as a line: left the oldest, the
//! bottom is zero, the top the largest of them.
class SparklineDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter *painter, const QStyleOptionViewItem &option,
               const QModelIndex &index) const override;
};

} // namespace pilotlight
