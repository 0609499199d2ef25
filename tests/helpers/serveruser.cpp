// SPDX-License-Identifier: MIT
// One of several programs that use the same local server: says the number of the server's process,
// a line for each that it found or started, and brings it back when it ends. Ends by itself after
// two minutes.
#include "base/random.h"
#include "base/systemclock.h"
#include "server/localserver.h"

#include <QCoreApplication>
#include <QTimer>

#include <chrono>
#include <cstdio>

using namespace pilotlight;
using namespace std::chrono_literals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = app.arguments();
    if (arguments.size() != 3)
        return 2;
    QTimer::singleShot(2min, &app, &QCoreApplication::quit);
    SystemClock clock;
    SystemRandom random;
    LocalServerOptions options;
    options.program = arguments.at(2);
    options.workingDirectory = arguments.at(1);
    LocalServer server(AppPaths::below(arguments.at(1)), options, clock, random);
    const auto start = [&server, &app] {
        server.start(&app, [](const Result<ServerEndpoint> &result) {
            std::printf("%lld\n", result ? static_cast<long long>(result->pid) : -1LL);
            std::fflush(stdout);
        });
    };
    QObject::connect(&server, &ServerHost::exited, &app, start);
    start();
    return QCoreApplication::exec();
}
