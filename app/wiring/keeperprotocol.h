// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "connection/status.h"

#include <QJsonObject>

#include <optional>

//! What the window and the keeper say to each other over their LocalChannel: JSON objects whose
//! member "is" names the message. docs/architecture.md lists them.
namespace pilotlight::keeper {

//! Raised when a message changes its meaning. "hello" and "retire" must stay as they are for ever:
//! with them a keeper of any version is replaced.
inline constexpr int ProtocolVersion = 1;

//! The role under which the keeper listens in the state folder.
QString role();
//! The keeper's program, beside the one that runs.
QString programPath();
//! What the keeper of a file is: the program's version and the file's age, so that a keeper older
//! than the program on the disk is known for one. Empty where there is no such file.
QString buildOf(const QString &program);

//! A message of the kind \a is.
QJsonObject message(const QString &is, QJsonObject members = {});
QString kindOf(const QJsonObject &message);

//! With the token. Only what an agent server's connection needs.
QJsonObject connectionToJson(const ConnectionConfig &config);
//! Nothing where it is none that a keeper can use: of a kind or mode that ends with the window.
std::optional<ConnectionConfig> connectionFromJson(const QJsonObject &object);

//! With the provider's key.
QJsonObject sessionToJson(const SessionConfig &config);
std::optional<SessionConfig> sessionFromJson(const QJsonObject &object);

} // namespace pilotlight::keeper
