// SPDX-License-Identifier: MIT
#pragma once

#include "session/session.h"
#include "ui/theme/theme.h"

#include <QString>

namespace pilotlight {

//! What the list says of a session: the connection's view first (a session that is not attached
//! cannot be "working" for us), then what it is doing.
enum class ShownState
{
    Working,
    Waiting,
    Stuck,
    Idle,
    Offline,
    Attaching,
    Failed,
    Lost,
    Parked
};

ShownState shownState(const Session &session);
QString stateText(ShownState state); //!< "Waiting for you"
QString stateIcon(ShownState state); //!< a name for Theme::icon()
ColorRole stateColor(ShownState state);
//! One sentence that explains the state, with the error of a failed one.
QString stateExplanation(const Session &session);

//! displayName(), or words for a session that has no name yet.
QString sessionTitle(const Session &session);
//! "now", "2 min", "3 h", "5 d", then a date. Empty for an invalid \a time.
QString ageText(const QDateTime &time, const QDateTime &now);
//! The last folder of a path with its parent; the home folder as "~".
QString shortFolder(const QString &path);
//! "12 s", "3 min 5 s", "1 h 2 min".
QString durationText(Milliseconds duration);
QString modeText(AgentMode mode);
//! An error in plain words, without codes; the detail stands after it.
QString errorSentence(const Error &error);

} // namespace pilotlight
