// SPDX-License-Identifier: MIT
#pragma once

#include "agent/events.h"

#include <QByteArray>
#include <QList>

namespace pilotlight {

//! Traffic of a real Copilot CLI 1.0.102 with a scripted model (tests/data/events): what it pushed
//! (wire) and what it answered about the same session afterwards (history). Long texts are cut.
namespace recorded {

//! The names of all recordings.
QStringList names();
//! The params of each `session.event`, as sent.
QList<QByteArray> wire(const QString &name);
//! The lines of the history.
QList<QByteArray> history(const QString &name);
//! Decoded, without the skipped ones.
QList<AgentEvent> wireEvents(const QString &name);
QList<AgentEvent> historyEvents(const QString &name);
//! \a json followed by the padding that the decoder may read.
QByteArray padded(const QByteArray &json);

} // namespace recorded
} // namespace pilotlight
