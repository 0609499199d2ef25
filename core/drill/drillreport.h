// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/error.h"

#include <QList>
#include <QMetaType>
#include <QString>

#include <optional>

namespace pilotlight {

//! One thing that a drill does to its server, and what came of it.
struct DrillStep
{
    enum class Fault
    {
        CutConnection, //!< reset from outside, with a prompt on its way
        KillServer, //!< kill -9, with a prompt on its way
        FreezeServer, //!< it accepts and does not answer; a prompt is sent into it
        ExpireSession, //!< the server has dropped the session without a word; a prompt is sent
    };
    enum class State
    {
        Waiting,
        Running,
        Recovered, //!< and nothing was lost
        Lost, //!< recovered, but see missing and doubled
        Failed, //!< not recovered in time; see error
        Skipped, //!< this system cannot do that
    };

    Fault fault = Fault::CutConnection;
    State state = State::Waiting;
    // From the beginning of the drill; the others from the fault.
    std::optional<Milliseconds> at;
    std::optional<Milliseconds> noticed; //!< the window would not show a healthy session any more
    std::optional<Milliseconds> recovered; //!< connected, and the session attached again
    std::optional<Milliseconds> delivered; //!< the prompt that met the fault is in the history
    int rows = 0; //!< prompts and answers that were there before
    int missing = 0; //!< of these, afterwards
    int doubled = 0; //!< prompts that are there twice
    Error error; //!< of Failed
};

//! What a drill has seen so far. A plain value.
struct DrillReport
{
    enum class End
    {
        Running,
        Passed, //!< everything came back, nothing was lost
        Failed,
        Cancelled,
        NotStarted, //!< no server or no session could be had; see error
    };
    End end = End::Running;
    QString server; //!< name and version
    std::optional<Milliseconds> ready; //!< from the start to a session that has a history
    Milliseconds probeInterval{0}; //!< of the keepalive during the drill: bounds how late a freeze
                                   //!< is noticed
    QList<DrillStep> steps;
    Error error; //!< of NotStarted
};

//! "cut-connection": as in logs and --json.
QString drillFaultName(DrillStep::Fault fault);
QString drillStateName(DrillStep::State state); //!< "recovered"
QString drillEndName(DrillReport::End end); //!< "passed"

} // namespace pilotlight
