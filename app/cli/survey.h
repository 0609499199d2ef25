// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"

#include <QMap>

#include <functional>

namespace pilotlight {

//! What the server does with each of \a sessions, asked without attaching to any: by id "working",
//! "waiting" (for a permission), "idle", "unloaded", "unknown" (this server cannot tell). The words
//! are those of activityName(). \a finished runs once, unless \a context has died.
void surveyActivity(AgentBackend &backend, const QList<SessionSummary> &sessions, QObject *context,
                    std::function<void(const QMap<QString, QString> &)> finished);

} // namespace pilotlight
