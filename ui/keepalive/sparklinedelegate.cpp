// SPDX-License-Identifier: MIT
#include "ui/keepalive/sparklinedelegate.h"

#include "ui/keepalive/keepalivemodel.h"
#include "ui/theme/theme.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>

namespace pilotlight {

void SparklineDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option,
                              const QModelIndex &index) const
{
    QStyledItemDelegate::paint(painter, option, index);
    const auto values = index.data(KeepaliveModel::LatenciesRole).value<QList<double>>();
    if (values.size() < 2)
        return;
    // The text has the left half: "850 µs" and the like.
    QRectF area = option.rect.adjusted(option.rect.width() * 2 / 5, 5, -8, -5);
    if (area.width() < 12 || area.height() < 4)
        return;
    const double top = std::max(*std::max_element(values.cbegin(), values.cend()), 1e-3);
    const double step = area.width() / static_cast<double>(values.size() - 1);
    QPainterPath path;
    for (qsizetype i = 0; i < values.size(); ++i) {
        const QPointF point(area.left() + step * static_cast<double>(i),
                            area.bottom() - area.height() * values[i] / top);
        if (i == 0)
            path.moveTo(point);
        else
            path.lineTo(point);
    }
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(QPen(Theme::instance().color(ColorRole::Accent), 1.4));
    painter->drawPath(path);
    painter->restore();
}

} // namespace pilotlight
