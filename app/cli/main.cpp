// SPDX-License-Identifier: MIT
#include "app/cli/ctl.h"
#include "app/wiring/signals.h"
#include "transport/processtransport.h"

#include <QCoreApplication>

#include <cstdio>

int main(int argc, char **argv)
{
    using namespace pilotlight;
    QCoreApplication app(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("pilotlightctl"));
    QCoreApplication::setApplicationVersion(QStringLiteral(PILOTLIGHT_VERSION));

    QString text;
    const Result<CtlOptions> options = parseOptions(QCoreApplication::arguments().mid(1), &text);
    if (!options) {
        std::fprintf(stderr, "pilotlightctl: %s\n", qPrintable(options.error().detail));
        return ExitUsage;
    }
    if (options->command.isEmpty()) {
        std::printf("%s\n", qPrintable(text.trimmed()));
        return ExitOk;
    }
    if (!text.isEmpty())
        std::fprintf(stderr, "pilotlightctl: %s\n", qPrintable(text));

    Ctl ctl(*options);
    // A server of our own is given the time to write its history.
    QObject::connect(
        &ctl, &Ctl::finished, &app,
        [&app](int code) {
            ProcessTransport::whenAllEnded(&app, [code] { QCoreApplication::exit(code); });
        },
        Qt::QueuedConnection);
    onTerminationSignal(&app, [&ctl](int signal) { ctl.interrupt(signal); });
    QMetaObject::invokeMethod(&ctl, &Ctl::start, Qt::QueuedConnection);
    return QCoreApplication::exec();
}
