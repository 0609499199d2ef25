// SPDX-License-Identifier: MIT
#pragma once

#include <QStyledItemDelegate>

namespace pilotlight {

//! Draws a session row: state, name and age, then "state · folder · model" and the unread badge.
class SessionDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    //! Degrees of the working mark; the view turns it while something works.
    void setAngle(int degrees) { m_angle = degrees; }

    void paint(QPainter *painter, const QStyleOptionViewItem &option,
               const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QWidget *createEditor(QWidget *parent, const QStyleOptionViewItem &option,
                          const QModelIndex &index) const override;
    void updateEditorGeometry(QWidget *editor, const QStyleOptionViewItem &option,
                              const QModelIndex &index) const override;

private:
    int m_angle = 0;
};

} // namespace pilotlight
