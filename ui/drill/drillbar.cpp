// SPDX-License-Identifier: MIT
#include "ui/drill/drillbar.h"

#include "ui/theme/theme.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>

namespace pilotlight {

namespace {

constexpr int BarHeight = 6;

} // namespace

DrillBar::DrillBar(QWidget *parent)
    : QWidget(parent)
{
    setFixedHeight(BarHeight);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void DrillBar::setStep(const DrillStep &step, Milliseconds now)
{
    m_step = step;
    m_now = now;
    update();
}

void DrillBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    const Theme &theme = Theme::instance();
    painter.setBrush(theme.color(ColorRole::Border));
    painter.drawRoundedRect(rect(), BarHeight / 2.0, BarHeight / 2.0);
    if (!m_step.at)
        return;
    const bool running = m_step.state == DrillStep::State::Running;
    const Milliseconds end =
        running ? m_now : m_step.delivered.value_or(m_step.recovered.value_or(m_now));
    if (end <= Milliseconds(0))
        return;
    const auto at = [&](Milliseconds time) {
        return static_cast<int>(width() * std::clamp<qint64>(time.count(), 0, end.count())
                                / end.count());
    };
    const int noticed = at(m_step.noticed.value_or(end));
    const int recovered = at(m_step.recovered.value_or(end));
    QPainterPath shape;
    shape.addRoundedRect(rect(), BarHeight / 2.0, BarHeight / 2.0);
    painter.setClipPath(shape);
    const bool failed = m_step.state == DrillStep::State::Failed;
    painter.fillRect(QRect(0, 0, noticed, BarHeight), theme.color(ColorRole::Error));
    painter.fillRect(QRect(noticed, 0, recovered - noticed, BarHeight),
                     theme.color(failed ? ColorRole::Error : ColorRole::Warning));
    if (m_step.recovered)
        painter.fillRect(QRect(recovered, 0, width() - recovered, BarHeight),
                         theme.color(ColorRole::Ok));
}

} // namespace pilotlight
