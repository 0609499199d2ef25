// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "base/systemclock.h"
#include "demoserver/demoserver.h"
#include "demoserver/listener.h"

#include <QCoreApplication>
#include <QSocketNotifier>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#ifndef Q_OS_WIN
#include <sys/socket.h>
#include <unistd.h>
#endif

using namespace pilotlight;
using namespace pilotlight::demo;

namespace {

void print(FILE *stream, const QString &text)
{
    std::fputs(qPrintable(text), stream);
    std::fflush(stream);
}

//! Like a kill -9 from outside: no handler, no flush, no farewell.
[[noreturn]] void die()
{
#ifndef Q_OS_WIN
    ::raise(SIGKILL);
#endif
    std::_Exit(137);
}

#ifndef Q_OS_WIN
int signalPipe[2] = {-1, -1};

extern "C" void onSignal(int)
{
    const char byte = 1;
    const auto written = ::write(signalPipe[1], &byte, 1);
    static_cast<void>(written);
}

//! Ends the event loop on SIGTERM and SIGINT; a handler itself may do next to nothing.
void watchSignals(QCoreApplication &app)
{
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, signalPipe) != 0)
        return;
    auto *const notifier = new QSocketNotifier(signalPipe[0], QSocketNotifier::Read, &app);
    QObject::connect(notifier, &QSocketNotifier::activated, &app, [] { QCoreApplication::quit(); });
    std::signal(SIGTERM, onSignal);
    std::signal(SIGINT, onSignal);
    // A client that goes away while we write to standard output must not end us.
    std::signal(SIGPIPE, SIG_IGN);
}
#endif

} // namespace

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("pilotlight-demo-server"));
    const CommandLine line =
        parseCommandLine(QCoreApplication::arguments(), qgetenv("COPILOT_CONNECTION_TOKEN"));
    if (line.message) {
        print(line.exitCode == 0 ? stdout : stderr, *line.message);
        return line.exitCode;
    }
#ifndef Q_OS_WIN
    watchSignals(app);
#endif

    SystemClock clock;
    SystemRandom random;
    SessionStore store(line.options.stateDir, clock);
    DemoServer server(line.options, clock, random, store);
    QObject::connect(&server, &DemoServer::quitRequested, &app, [] { QCoreApplication::quit(); });
    QObject::connect(&server, &DemoServer::killRequested, &app, [] { die(); });

    Listener listener;
    QObject::connect(&listener, &Listener::connectionWaits, &server, [&] {
        while (auto link = listener.takeConnection())
            server.addClient(std::move(link));
    });
    StdinReader input;
    if (line.options.stdio)
        server.addClient(std::make_unique<StdioLink>(input));
    QObject::connect(&input, &StdinReader::ended, &app, [] { QCoreApplication::quit(); });
    if (line.options.stdio || line.options.exitWithParent)
        input.start();

    Milliseconds delay{0};
    for (const FaultSpec &fault : line.options.faults) {
        if (fault.kind == QLatin1String("slow-start"))
            delay = Milliseconds(fault.value.value_or(5000));
    }
    const auto open = [&] {
        const auto lines = listener.open(line.options);
        if (!lines) {
            print(stderr, lines.error().detail + QLatin1Char('\n'));
            QCoreApplication::exit(1);
            return;
        }
        // Standard output belongs to the frames where they go there.
        for (const QString &text : *lines)
            print(line.options.stdio ? stderr : stdout, text + QLatin1Char('\n'));
    };
    [[maybe_unused]] const TimerHandle opening = clock.after(delay, open);

    const int code = QCoreApplication::exec();
    server.shutDown();
    // Not a return: the reading thread may be blocked in read() for ever.
    std::fflush(stdout);
    store.flush();
    std::_Exit(code);
}
