// SPDX-License-Identifier: MIT
#pragma once

#include "agent/events.h"

#include <QList>

namespace pilotlight {

//! A conversation with one of everything that the chat can show.
QList<AgentEvent> sampleConversation();
//! Asks for permission, a question and a plan, all waiting.
QList<AgentEvent> sampleRequests();
//! \a turns short turns of question, tool and answer.
QList<AgentEvent> longConversation(int turns);
//! About \a bytes of Markdown with prose, lists, tables and code.
QString longMarkdown(int bytes);

} // namespace pilotlight
