// SPDX-License-Identifier: MIT
#pragma once

#include "session/explanation.h"
#include "ui/theme/theme.h"

#include <QString>

namespace pilotlight {

//! An explanation in words. Pure.
struct ExplanationText
{
    explicit ExplanationText(const Explanation &why);

    QString sentence; //!< "Tool bash running 12 min"
    QString evidence; //!< "Last event 40 s ago; server asked 10 s ago, answered in 2 ms"
    QString action; //!< "Restart server"; empty where nothing helps
    QString icon; //!< a name for Theme::icon()
    ColorRole color = ColorRole::Muted;
    bool ticks = false; //!< the text changes as time goes by
};

} // namespace pilotlight
