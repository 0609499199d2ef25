// SPDX-License-Identifier: MIT
#include "ui/sessions/statuschips.h"

#include "ui/widgets/flowlayout.h"

#include <QLocale>
#include <QToolButton>

namespace pilotlight {

namespace {

constexpr int kStatusFilters = 6;

ShownState pictureOf(StatusFilter filter)
{
    switch (filter) {
    case StatusFilter::Working:
        return ShownState::Working;
    case StatusFilter::Waiting:
        return ShownState::Waiting;
    case StatusFilter::Stuck:
        return ShownState::Stuck;
    case StatusFilter::Offline:
        return ShownState::Offline;
    case StatusFilter::All:
    case StatusFilter::Idle:
        break;
    }
    return ShownState::Idle;
}

} // namespace

StatusFilter statusFilterOf(ShownState state)
{
    switch (state) {
    case ShownState::Working:
        return StatusFilter::Working;
    case ShownState::Waiting:
        return StatusFilter::Waiting;
    case ShownState::Stuck:
    case ShownState::Failed:
    case ShownState::Lost:
        return StatusFilter::Stuck;
    case ShownState::Idle:
    case ShownState::Parked:
        return StatusFilter::Idle;
    case ShownState::Offline:
    case ShownState::Attaching:
        break;
    }
    return StatusFilter::Offline;
}

QString statusFilterText(StatusFilter filter)
{
    switch (filter) {
    case StatusFilter::All:
        return StatusChips::tr("All");
    case StatusFilter::Working:
        return StatusChips::tr("Working");
    case StatusFilter::Waiting:
        return StatusChips::tr("Waiting");
    case StatusFilter::Stuck:
        return StatusChips::tr("Stuck");
    case StatusFilter::Idle:
        return StatusChips::tr("Idle");
    case StatusFilter::Offline:
        return StatusChips::tr("Offline");
    }
    return {};
}

StatusChips::StatusChips(QWidget *parent)
    : QWidget(parent)
    , m_counts(kStatusFilters, 0)
{
    setObjectName(QStringLiteral("statusChips"));
    setAccessibleName(tr("Show only sessions with this status"));
    auto *layout = new FlowLayout(this, Theme::space(1));
    layout->setContentsMargins(0, 0, Theme::space(2), 0); // as the filter above
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    for (int i = 0; i < kStatusFilters; ++i) {
        const auto filter = static_cast<StatusFilter>(i);
        auto *chip = new QToolButton(this);
        chip->setObjectName(QStringLiteral("statusChip%1").arg(i));
        chip->setCheckable(true);
        chip->setToolButtonStyle(filter == StatusFilter::All ? Qt::ToolButtonTextOnly
                                                             : Qt::ToolButtonTextBesideIcon);
        chip->setIconSize({12, 12});
        chip->setFont(Theme::font(-1));
        chip->setFocusPolicy(Qt::TabFocus);
        layout->addWidget(chip);
        connect(chip, &QToolButton::clicked, this, [this, filter] {
            setFilter(filter == m_filter ? StatusFilter::All : filter);
            refresh(); // a second press has unchecked it
        });
        m_chips.append(chip);
    }
    connect(&Theme::instance(), &Theme::changed, this, &StatusChips::refresh);
    refresh();
}

void StatusChips::setCounts(const QList<int> &counts)
{
    if (counts == m_counts)
        return;
    m_counts = counts;
    refresh();
}

void StatusChips::setFilter(StatusFilter filter)
{
    if (m_filter == filter)
        return;
    m_filter = filter;
    refresh();
    Q_EMIT filterChanged(filter);
}

void StatusChips::refresh()
{
    const Theme &theme = Theme::instance();
    int kinds = 0;
    for (int i = 0; i < kStatusFilters; ++i) {
        const auto filter = static_cast<StatusFilter>(i);
        QToolButton *const chip = m_chips.at(i);
        const int count = m_counts.value(i);
        const bool chosen = filter == m_filter;
        kinds += filter != StatusFilter::All && count > 0 ? 1 : 0;
        const QString text = statusFilterText(filter);
        chip->setText(text + QLatin1Char(' ') + QLocale().toString(count));
        chip->setAccessibleName(tr("%1: %2").arg(text).arg(count));
        if (filter != StatusFilter::All) {
            const ShownState state = pictureOf(filter);
            chip->setIcon(Theme::icon(stateIcon(state), stateColor(state)));
        }
        chip->setChecked(chosen);
        chip->setStyleSheet(
            QStringLiteral("QToolButton { border: 1px solid %1; border-radius: 10px; "
                           "padding: 1px 7px; background: %2; color: %3; }"
                           "QToolButton:hover { border-color: %4; }"
                           "QToolButton:focus { border: 2px solid %4; padding: 0px 6px; }")
                .arg(theme.hex(chosen ? ColorRole::Accent : ColorRole::Border),
                     theme.hex(chosen ? ColorRole::AccentSoft : ColorRole::Surface),
                     theme.hex(ColorRole::Text), theme.hex(ColorRole::Accent)));
        chip->setVisible(count > 0 || chosen || filter == StatusFilter::All);
    }
    // Where all are alike there is nothing to choose from.
    setVisible(kinds > 1 || m_filter != StatusFilter::All);
    updateGeometry();
}

} // namespace pilotlight
