// SPDX-License-Identifier: MIT
#pragma once

#include "ui/log/logmodel.h"

#include <QTableView>

#include <functional>

class QPushButton;

namespace pilotlight {

//! The lines of a LogModel: one height for all rows, fixed-width type, level as icon, word and
//! colour. It follows the tail while its bar is at the end; scrolled up, it stands still and counts
//! what came.
class LogView : public QTableView
{
    Q_OBJECT
public:
    //! \a model must outlive the view.
    explicit LogView(LogModel *model, QWidget *parent = nullptr);

    bool isFollowing() const { return m_following; }
    //! True scrolls to the end and stays there.
    void setFollowing(bool following);
    //! Lines that came while not following.
    int newLines() const { return m_newLines; }

    //! Runs \a change, which may reset the model, and brings back selection, current line and the
    //! top line by record id (or the nearest that is still shown).
    void keepPlace(const std::function<void()> &change);
    //! Makes record \a id, or the nearest line, current and visible.
    void goTo(quint64 id);
    //! The selected rows in ascending order; the current one where none is selected.
    QList<int> chosenRows() const;
    quint64 currentId() const;

Q_SIGNALS:
    void followingChanged(bool following);
    void currentRecordChanged();
    //! Ctrl+C.
    void copyRequested();

protected:
    void resizeEvent(QResizeEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void currentChanged(const QModelIndex &current, const QModelIndex &previous) override;
    void rowsAboutToBeRemoved(const QModelIndex &parent, int first, int last) override;
    void rowsInserted(const QModelIndex &parent, int first, int last) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;

private:
    void onScrolled(int value);
    void updateChip();
    void updateMetrics();
    void placeChip();

    LogModel *m_model;
    QPushButton *m_chip;
    bool m_following = true;
    bool m_moving = false; //!< the bar is moved by us
    int m_newLines = 0;
};

} // namespace pilotlight
