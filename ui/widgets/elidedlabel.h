// SPDX-License-Identifier: MIT
#pragma once

#include <QLabel>

namespace pilotlight {

//! One line of plain text that ends in an ellipsis where there is no more room.
class ElidedLabel : public QLabel
{
public:
    using QLabel::QLabel;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
};

} // namespace pilotlight
