// SPDX-License-Identifier: MIT
#pragma once

#include "session/verdict.h"

#include <QString>

namespace pilotlight {

//! What a proof found out, in one sentence; what it knows so far while it runs. Empty for a verdict
//! without any answer.
QString verdictText(const ServerVerdict &verdict);

} // namespace pilotlight
