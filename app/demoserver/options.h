// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

#include <QList>
#include <QString>
#include <QStringList>

#include <optional>

namespace pilotlight::demo {

//! A scripted misbehaviour: `KIND[=VALUE][@TRIGGER]`. Kinds and triggers: faultHelp().
struct FaultSpec
{
    QString kind;
    std::optional<qint64> value; //!< milliseconds, a count or a version, as the kind says
    QString trigger; //!< empty: the kind's own default
    QString sessionId; //!< only this session; empty: all of them (demo.fault only)
};

//! Everything that can be set about a demo server. Immutable after parsing.
struct DemoOptions
{
    std::optional<quint16> port; //!< TCP; 0 asks for a free one
    std::optional<quint16> webSocketPort;
    bool stdio = false;
    Secret token; //!< from COPILOT_CONNECTION_TOKEN; empty: no token configured
    Milliseconds idleTimeout{0}; //!< 0: sessions never expire (the default of 1.0.40 and later)
    Milliseconds idleCheckInterval{300'000}; //!< the real server checks every 300 s from its start
    bool logCounts = false; //!< ephemeral session.log counts as activity (true from 1.0.6x on)
    bool reapBusy = false; //!< servers before 1.0.40 reap sessions with a turn in progress
    double speed = 1; //!< divides the pauses of the stories, not those written in a directive
    QString stateDir; //!< empty: nothing is kept on disk
    bool exitWithParent = false;
    bool signedIn = true;
    int protocolVersion = 3;
    QString serverVersion = QStringLiteral("1.0.102-demo");
    QList<FaultSpec> faults;
};

//! What a command line asks for: options to run with, or a text to print and an exit code.
struct CommandLine
{
    DemoOptions options;
    std::optional<QString> message;
    int exitCode = 0;
};

//! \a arguments with the program's name first; \a token is the value of COPILOT_CONNECTION_TOKEN.
CommandLine parseCommandLine(const QStringList &arguments, const QByteArray &token);

//! Parses `KIND[=VALUE][@TRIGGER]`. InvalidArgument where the kind is unknown or the value no
//! number.
Result<FaultSpec> parseFault(const QString &text);

//! What is known about faults, for --help.
QString faultHelp();

} // namespace pilotlight::demo
