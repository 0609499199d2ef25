// SPDX-License-Identifier: MIT
#pragma once

#include "drill/drillreport.h"

#include <QWidget>

namespace pilotlight {

//! The time of one step of a drill as a bar: not noticed, noticed, back.
class DrillBar : public QWidget
{
    Q_OBJECT
public:
    explicit DrillBar(QWidget *parent = nullptr);

    //! \a now: since the fault, of a step that runs.
    void setStep(const DrillStep &step, Milliseconds now);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    DrillStep m_step;
    Milliseconds m_now{0};
};

} // namespace pilotlight
