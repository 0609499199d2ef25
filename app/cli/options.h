// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/error.h"
#include "base/paths.h"
#include "connection/status.h"

#include <QStringList>

#include <optional>

namespace pilotlight {

//! The exit codes of pilotlightctl, as --help documents them.
enum ExitCode
{
    ExitOk = 0,
    ExitUsage = 1, //!< wrong usage
    ExitNotConnected = 2, //!< no connection within --timeout
    ExitNoSession = 3, //!< no such session
    ExitFailed = 4, //!< the request or the turn failed
    ExitAborted = 5, //!< the turn was aborted
    ExitUnresponsive = 6, //!< a ping went unanswered
    ExitUndecided = 7, //!< prove: no session died within --limit
};

//! The command line, understood.
struct CtlOptions
{
    QString command;
    QStringList arguments; //!< of the command
    AppPaths paths = AppPaths::standard();
    ConnectionConfig connection;
    Milliseconds timeout{60'000}; //!< to get online
    bool json = false;
    bool verbose = false;
    KeepaliveSettings keepalive; //!< --method, --interval, --probe-timeout
    // ping
    int count = 1;
    Milliseconds pause{1'000}; //!< between two
    QString tool; //!< called in place of the ping
    // new
    QString name;
    QString model;
    QString folder;
    QString system;
    AgentMode mode = AgentMode::Interactive;
    // new, send, resume, guard
    QString providerFile;
    std::optional<ProviderConfig> provider;
    QString providerModel; //!< "model" of the provider file
    // send
    bool immediate = false;
    QString allow = QStringLiteral("none"); //!< none | once | session
    QString answer; //!< to questions
    // guard
    QString sessions = QStringLiteral("all");
    bool alwaysLoaded = false;
    // prove
    Milliseconds proofLimit{720'000};
    Milliseconds proofInterval{0}; //!< zero: from the limit
    // settings, sessions
    bool yes = false;
    bool servers = false; //!< reset: the other servers, too
    // bundle
    bool list = false; //!< say what would be in it, write nothing
    bool targetGiven = false; //!< --connect, --spawn or --demo
    // keeper
    bool stop = false;
    // log
    QStringList tags;
    bool follow = false;
    std::optional<QDateTime> since;
};

//! Understands \a arguments (without the program's name). The error's detail is for people. An
//! empty command: help or version was asked for, and \a text says it.
Result<CtlOptions> parseOptions(const QStringList &arguments, QString *text);

//! Reads a provider file:
//! {"type":"openai","wireApi":"completions","baseUrl":…,"apiKey":…,"model":…}. Fills provider and
//! providerModel of \a options.
Result<void> readProvider(const QString &file, CtlOptions *options);

} // namespace pilotlight
