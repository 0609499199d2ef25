// SPDX-License-Identifier: MIT
#include "app/keeper/keeper.h"
#include "app/wiring/keeperprotocol.h"
#include "app/wiring/signals.h"
#include "base/logging.h"
#include "base/systemclock.h"
#include "diag/diagnosticlog.h"

#include <QCommandLineParser>
#include <QCoreApplication>

#include <cstdio>

int main(int argc, char *argv[])
{
    using namespace pilotlight;
    QCoreApplication app(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("pilotlight-keeper"));
    QCoreApplication::setApplicationVersion(QStringLiteral(PILOTLIGHT_VERSION));
    // Now: the file may be replaced while we run.
    app.setProperty("build", keeper::buildOf(QCoreApplication::applicationFilePath()));

    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Keeps the sessions of Pilotlight alive while no window is open. The window starts it."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption profile(QStringLiteral("profile"),
                                     QStringLiteral("Serve the profile <name>."),
                                     QStringLiteral("name"));
    const QCommandLineOption profileDir(QStringLiteral("profile-dir"),
                                        QStringLiteral("Keep everything below <folder>."),
                                        QStringLiteral("folder"));
    const QCommandLineOption stay(
        QStringLiteral("stay"),
        QStringLiteral("Go on when there is nothing to keep (as a service)."));
    parser.addOptions({profile, profileDir, stay});
    parser.process(app);

    KeeperOptions options;
    options.stay = parser.isSet(stay);
    if (parser.isSet(profileDir))
        options.paths = AppPaths::below(parser.value(profileDir));
    else if (parser.isSet(profile))
        options.paths = AppPaths::standard(parser.value(profile));
    if (!options.paths.ensure()) {
        std::fprintf(stderr, "pilotlight-keeper: cannot write to %s\n",
                     qPrintable(options.paths.state));
        return 1;
    }
    SystemClock clock;
    DiagnosticLog log(clock, nullptr, options.paths.log + QStringLiteral("/keeper.log"));
    qCInfo(lcKeepalive).noquote() << QStringLiteral("Keeper %1 starts pid=%2")
                                         .arg(QStringLiteral(PILOTLIGHT_VERSION))
                                         .arg(QCoreApplication::applicationPid());

    Keeper keeper(options, clock);
    QObject::connect(&keeper, &Keeper::finished, &app, &QCoreApplication::quit,
                     Qt::QueuedConnection);
    onTerminationSignal(&app, [](int) { QCoreApplication::quit(); });
    const Result<void> started = keeper.start();
    if (!started) {
        std::fprintf(stderr, "pilotlight-keeper: %s\n",
                     started.error().code == ErrorCode::AlreadyRunning
                         ? "another one serves this profile already"
                         : qPrintable(started.error().detail));
        return started.error().code == ErrorCode::AlreadyRunning ? 3 : 1;
    }
    return QCoreApplication::exec();
}
