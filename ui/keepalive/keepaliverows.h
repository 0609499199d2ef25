// SPDX-License-Identifier: MIT
#pragma once

#include "connection/status.h"
#include "session/keeping.h"
#include "session/session.h"

#include <QList>

#include <optional>

namespace pilotlight {

//! One session as the keepalive panel shows it. Copied, never shared.
struct KeepaliveSessionRow
{
    QString id;
    QString name;
    SessionLife life;
    ParkPolicy policy = ParkPolicy::Auto;
};

//! One connection with its sessions.
struct KeepaliveBackendRow
{
    QString id;
    QString name;
    bool hasSessions = true; //!< false for servers that only have tools
    ConnectionStatus status;
    QList<KeepaliveSessionRow> sessions;

    //! It misses probes, or is paused for that, or is asked whether it is back.
    bool answersBadly() const
    {
        const KeepaliveState state = status.keepalive.state;
        return state == KeepaliveState::Degraded || state == KeepaliveState::Unresponsive
            || state == KeepaliveState::Paused
            || (state == KeepaliveState::Checking && status.keepalive.failures > 0);
    }
};

//! What has been survived since the program started.
struct SurvivalLedger
{
    quint64 probes = 0; //!< answered
    quint64 touches = 0; //!< answered
    quint64 sleeps = 0;
    quint64 reconnects = 0;
    quint64 resumes = 0; //!< sessions brought back after a loss
    quint64 messagesLost =
        0; //!< prompts that a server took and dropped, and that nobody sent again
    //! Sessions that go on when the window ends, since the keeper holds them, too. Nothing: there
    //! is none, or none yet.
    std::optional<int> held;
};

} // namespace pilotlight
