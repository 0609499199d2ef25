// SPDX-License-Identifier: MIT
#pragma once

#include "ui/sessions/sessiontext.h"

#include <QList>
#include <QWidget>

class QToolButton;

namespace pilotlight {

//! What the list can be narrowed to. One ShownState belongs to at most one of them.
enum class StatusFilter
{
    All,
    Working,
    Waiting,
    Stuck, //!< also those that could not be opened or were dropped
    Idle, //!< also the parked ones
    Offline
};

StatusFilter statusFilterOf(ShownState state);
QString statusFilterText(StatusFilter filter);

//! A row of chips above the session list: one of them is chosen. Those without a session are not
//! shown, so that the row says at a glance what there is.
class StatusChips : public QWidget
{
    Q_OBJECT
public:
    explicit StatusChips(QWidget *parent = nullptr);

    //! By StatusFilter, the first for all.
    void setCounts(const QList<int> &counts);
    StatusFilter filter() const { return m_filter; }
    void setFilter(StatusFilter filter);

Q_SIGNALS:
    void filterChanged(pilotlight::StatusFilter filter);

private:
    void refresh();

    QList<QToolButton *> m_chips;
    QList<int> m_counts;
    StatusFilter m_filter = StatusFilter::All;
};

} // namespace pilotlight
