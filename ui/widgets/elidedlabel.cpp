// SPDX-License-Identifier: MIT
#include "ui/widgets/elidedlabel.h"

#include <QPainter>
#include <QStyle>

namespace pilotlight {

QSize ElidedLabel::minimumSizeHint() const
{
    return {20, QLabel::minimumSizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(rect(),
                     QStyle::visualAlignment(layoutDirection(), Qt::AlignVCenter | Qt::AlignLeft),
                     fontMetrics().elidedText(text(), Qt::ElideRight, width()));
}

} // namespace pilotlight
