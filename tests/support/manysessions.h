// SPDX-License-Identifier: MIT
#pragma once

#include "app/wiring/appcontext.h"

#include <QDir>
#include <QTest>

#include <algorithm>

namespace pilotlight {

//! Options of a program that attaches to the server at \a port and keeps everything in \a folder.
inline AppOptions attachOptions(const QString &folder, quint16 port)
{
    AppOptions options;
    options.paths = AppPaths::below(folder);
    options.useKeychain = false;
    options.stderrLevel.reset();
    ConnectionConfig config;
    config.mode = ConnectionMode::Attach;
    config.url = QStringLiteral("tcp://127.0.0.1:%1").arg(port);
    options.connection = config;
    return options;
}

//! Sessions "many-00" and on, each with \a turns answered prompts, in the list in \a folder and on
//! the demo server at \a port (best started with a high --speed). False where it took over a
//! minute.
inline bool makeManySessions(const QString &folder, quint16 port, int count, int turns)
{
    AppContext context(attachOptions(folder, port));
    context.start();
    SessionManager &sessions = context.sessions();
    for (int i = 0; i < count; ++i) {
        SessionConfig config;
        config.id = QStringLiteral("many-%1").arg(i, 2, 10, QLatin1Char('0'));
        config.name = QStringLiteral("Session %1").arg(i + 1);
        config.workingDirectory = QDir::tempPath();
        sessions.create(config);
        for (int turn = 0; turn < turns; ++turn) {
            Prompt prompt;
            prompt.text = QStringLiteral("hello, number %1").arg(turn + 1);
            sessions.send(config.id, prompt);
        }
    }
    return QTest::qWaitFor(
        [&sessions, turns] {
            return std::all_of(sessions.sessions().begin(), sessions.sessions().end(),
                               [turns](const auto &session) {
                                   const auto &items = session->transcript().items();
                                   return session->activity() == Activity::Idle
                                       && std::count_if(
                                              items.begin(), items.end(),
                                              [](const auto &item) {
                                                  return std::holds_alternative<AssistantItem>(
                                                      item.data);
                                              })
                                       >= turns;
                               });
        },
        60'000);
}

inline int countIn(const SessionManager &sessions, Session::State state)
{
    return static_cast<int>(
        std::count_if(sessions.sessions().begin(), sessions.sessions().end(),
                      [state](const auto &session) { return session->state() == state; }));
}

} // namespace pilotlight
