// SPDX-License-Identifier: MIT
#pragma once

#include "session/transcriptstore.h"

namespace pilotlight {

//! True for what a person would miss: what was said, done, asked and answered.
bool isShownEvent(const EventData &data);

//! A conversation put together from all that is known of it.
struct MergedHistory
{
    QList<AgentEvent> events; //!< in order, each once, with our notes; for Transcript::load()
    QList<AgentEvent> server; //!< the server's alone: history and log
    QList<AgentEvent> fresh; //!< those of events that are not kept yet, in order
    bool rewrite = false; //!< appending fresh would not give the order of events
    //! Shown durable events that had not been seen before; 0 where nothing was kept.
    int recovered = 0;
    int finished = 0; //!< whole answers of the main agent among them
    int lost = 0; //!< shown durable events that are kept and that the server does not have
};

//! Puts \a kept (what was seen here), \a history (the server's durable events) and \a log (of the
//! turn under way, ephemeral ones included, or nothing) together. The server's order counts; what
//! only we have stands behind the event that came before it. Pure.
MergedHistory mergeHistory(const KeptTranscript &kept, const QList<AgentEvent> &history,
                           const QList<AgentEvent> &log);

//! The durable event before the turn under way began, to read the log from; empty: from the start.
QByteArray beforeLastTurn(const QList<AgentEvent> &history);

} // namespace pilotlight
