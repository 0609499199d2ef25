// SPDX-License-Identifier: MIT
#include "app/gui/guicontroller.h"
#include "app/gui/singleinstance.h"
#include "app/wiring/appcontext.h"
#include "app/wiring/keeperprotocol.h"
#include "app/wiring/signals.h"
#include "base/logging.h"
#include "session/sessionaddress.h"
#include "transport/processtransport.h"
#include "ui/shell/mainwindow.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QFileOpenEvent>
#include <QTimer>
#include <QUrl>

#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

using namespace pilotlight;

namespace {

struct Options
{
    AppOptions app;
    QString session; //!< to be shown
    QStringList profile; //!< the arguments that say which
    bool minimized = false;
    QString screenshot;
    std::chrono::milliseconds screenshotDelay{1000};
    bool exitAfterFirstPaint = false;
};

//! What the command line says; nothing (after a message) where it makes no sense.
std::optional<Options> parse(const QCoreApplication &application)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QCoreApplication::translate("main", "A window on AI-agent sessions that stay alive."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(
        QStringLiteral("address"),
        QCoreApplication::translate("main", "Show this session: pilotlight://session/ID."),
        QStringLiteral("[address]"));
    const auto option = [&parser](const char *name, const char *text, const char *value = "") {
        const QCommandLineOption made(QString::fromLatin1(name),
                                      QCoreApplication::translate("main", text),
                                      QString::fromLatin1(value));
        parser.addOption(made);
        return made;
    };
    const auto demo = option("demo", QT_TRANSLATE_NOOP("main", "Use the built-in demo server."));
    const auto connectTo = option(
        "connect",
        QT_TRANSLATE_NOOP("main", "Attach to the server at <URL> (tcp://, ws:// or wss://)."),
        "URL");
    const auto profile = option(
        "profile", QT_TRANSLATE_NOOP("main", "Keep settings and sessions under <name>."), "name");
    const auto profileDir = option(
        "profile-dir", QT_TRANSLATE_NOOP("main", "Keep everything below <folder>."), "folder");
    const auto screenshot = option(
        "screenshot", QT_TRANSLATE_NOOP("main", "Save a picture of the window to <file> and exit."),
        "file");
    const auto delay = option(
        "screenshot-delay",
        QT_TRANSLATE_NOOP("main", "Wait <ms> after the connection is there (default 1000)."), "ms");
    const auto noKeeper = option(
        "no-keeper",
        QT_TRANSLATE_NOOP("main", "End the turns of sessions that work when the window ends."));
    const auto minimized =
        option("minimized", QT_TRANSLATE_NOOP("main", "Start as a button of the task bar."));
    const auto firstPaint = option(
        "exit-after-first-paint",
        QT_TRANSLATE_NOOP(
            "main", "Print the milliseconds from start to the first painted frame and exit."));
    parser.process(application);

    const auto refuse = [](const QString &text) {
        std::fprintf(stderr, "pilotlight: %s\n", qPrintable(text));
        return std::nullopt;
    };
    const QStringList addresses = parser.positionalArguments();
    if (addresses.size() > 1)
        return refuse(QStringLiteral("unexpected argument: ") + addresses.at(1));
    if (parser.isSet(demo) && parser.isSet(connectTo))
        return refuse(QStringLiteral("--demo and --connect exclude each other"));
    Options options;
    if (!addresses.isEmpty()) {
        const Result<QString> session = sessionIdOf(addresses.constFirst());
        if (!session)
            return refuse(session.error().detail);
        options.session = *session;
    }
    const QString name = parser.value(profile);
    if (name.contains(QLatin1Char('/')) || name.contains(QLatin1Char('\\'))
        || name.startsWith(QLatin1Char('.')))
        return refuse(QStringLiteral("a profile's name is a plain word"));
    options.minimized = parser.isSet(minimized);
    if (parser.isSet(profileDir)) {
        options.app.paths = AppPaths::below(parser.value(profileDir));
        options.profile = {QStringLiteral("--profile-dir"),
                           QFileInfo(parser.value(profileDir)).absoluteFilePath()};
    } else if (!name.isEmpty()) {
        options.app.paths = AppPaths::standard(name);
        options.profile = {QStringLiteral("--profile"), name};
    }
    if (parser.isSet(demo) || parser.isSet(connectTo)) {
        ConnectionConfig config;
        config.mode = parser.isSet(demo) ? ConnectionMode::Demo : ConnectionMode::Attach;
        config.url = parser.value(connectTo);
        options.app.connection = config;
    }
    options.screenshot = parser.value(screenshot);
    if (parser.isSet(delay)) {
        bool ok = false;
        options.screenshotDelay = std::chrono::milliseconds(parser.value(delay).toInt(&ok));
        if (!ok || options.screenshotDelay.count() < 0)
            return refuse(QStringLiteral("--screenshot-delay takes a number of milliseconds"));
    }
    options.exitAfterFirstPaint = parser.isSet(firstPaint);
    if (!parser.isSet(noKeeper) && !options.exitAfterFirstPaint && options.screenshot.isEmpty()) {
        KeeperLink::Options keeper;
        keeper.paths = options.app.paths;
        keeper.program = keeper::programPath();
        keeper.arguments = options.profile;
        keeper.window = QCoreApplication::applicationFilePath();
        keeper.windowArguments = QCoreApplication::arguments().mid(1);
        for (const QString &address : addresses)
            keeper.windowArguments.removeAll(address);
        options.app.keeper = keeper;
    }
    return options;
}

//! macOS hands the address of a session over as an event.
class AddressEvents : public QObject
{
public:
    AddressEvents(GuiController &controller, QObject *parent)
        : QObject(parent)
        , m_controller(controller)
    { }

protected:
    bool eventFilter(QObject *watched, QEvent *event) override
    {
        if (event->type() != QEvent::FileOpen)
            return QObject::eventFilter(watched, event);
        const QString address = static_cast<QFileOpenEvent *>(event)->url().toString();
        if (const Result<QString> session = sessionIdOf(address))
            m_controller.open(*session);
        else
            qCWarning(lcUi).noquote() << session.error().detail;
        return true;
    }

private:
    GuiController &m_controller;
};

//! Version and help need no screen.
bool onlyPrints(int argc, char *argv[])
{
    for (int i = 1; i < argc; ++i) {
        for (const char *word : {"-v", "--version", "-h", "--help", "--help-all"}) {
            if (std::strcmp(argv[i], word) == 0)
                return true;
        }
    }
    return false;
}

} // namespace

int main(int argc, char *argv[])
{
    QElapsedTimer sinceStart;
    sinceStart.start();
    QCoreApplication::setApplicationName(QStringLiteral("pilotlight"));
    QCoreApplication::setApplicationVersion(QStringLiteral(PILOTLIGHT_VERSION));
    if (onlyPrints(argc, argv)) {
        const QCoreApplication application(argc, argv);
        return parse(application) ? 0 : 2;
    }
    QApplication application(argc, argv);
    // Titles of windows say the name themselves.
    QApplication::setApplicationDisplayName(QString());
    QApplication::setDesktopFileName(QStringLiteral("io.github.pilotlight.pilotlight"));
    const std::optional<Options> options = parse(application);
    if (!options)
        return 2;

    SystemClock clock;
    SingleInstance instance(clock);
    options->app.paths.ensure();
    if (const std::optional<int> code =
            instance.claim(options->app.paths.state, options->session)) {
        std::fputs(*code == 0
                       ? "pilotlight: already running; its window was brought to the front\n"
                       : "pilotlight: already running with this profile, but it does not answer\n",
                   stderr);
        return *code;
    }
    AppContext context(options->app);
    GuiController controller(context, options->profile,
                             QUrl(QStringLiteral(PILOTLIGHT_UPDATE_URL)));
    MainWindow &window = controller.window();
    application.installEventFilter(new AddressEvents(controller, &application));
    // The end of the last window is not yet the end: a server of our own is given the time to write
    // its history.
    QApplication::setQuitOnLastWindowClosed(false);
    QObject::connect(&instance, &SingleInstance::raiseRequested, &window,
                     [&window, &controller](const QString &token, const QString &sessionId) {
                         if (!token.isEmpty())
                             qputenv("XDG_ACTIVATION_TOKEN", token.toUtf8());
                         window.setWindowState(window.windowState() & ~Qt::WindowMinimized);
                         window.show();
                         window.raise();
                         window.activateWindow();
                         if (!sessionId.isEmpty())
                             controller.open(sessionId);
                     });
    const auto end = [&application, &context](int code) {
        context.connection().dispose();
        QMetaObject::invokeMethod(
            &application,
            [&application, code] {
                ProcessTransport::whenAllEnded(&application,
                                               [code] { QCoreApplication::exit(code); });
            },
            Qt::QueuedConnection);
    };
    const auto leave = [&context, &window, &instance, end](int code) {
        instance.leave();
        if (KeeperLink *const keeper = context.keeper())
            keeper->leave(window.keepsTurns(), [end, code] { end(code); });
        else
            end(code);
    };
    QObject::connect(&application, &QGuiApplication::lastWindowClosed, &application,
                     [leave] { leave(0); });
    onTerminationSignal(&application, [&window, leave](int signal) {
        // No question: whoever sends a signal waits for the end, and a second one ends it hard.
        qCInfo(lcUi).noquote() << QStringLiteral("Ending on signal %1").arg(signal);
        window.saveLayout();
        window.hide();
        leave(0);
    });
    if (options->exitAfterFirstPaint) {
        const auto report = [&sinceStart](const char *what) {
            std::printf("%s %.1f ms\n", what, static_cast<double>(sinceStart.nsecsElapsed()) / 1e6);
            std::fflush(stdout);
        };
        QObject::connect(&window, &MainWindow::firstPainted, &window, [&window, report, leave] {
            report("first paint");
            // The start comes next, then the frame with the conversation or the start page.
            QTimer::singleShot(0, &window, [&window, report, leave] {
                window.repaint();
                report("content painted");
                leave(0);
            });
        });
    }
    if (!options->screenshot.isEmpty()) {
        // The content comes with the connection; where there is none, that is the content.
        auto *const shot = new QTimer(&window);
        shot->setSingleShot(true);
        shot->setInterval(options->screenshotDelay);
        QObject::connect(shot, &QTimer::timeout, &window,
                         [&window, leave, file = options->screenshot] {
                             leave(window.grab().save(file) ? 0 : 1);
                         });
        QObject::connect(
            &context.connection(), &Connection::phaseChanged, shot, [shot](Phase phase) {
                if (phase == Phase::Online || phase == Phase::Backoff || phase == Phase::Idle)
                    shot->start();
                else
                    shot->stop();
            });
    }
    // After the first frame: nothing of it is needed for painting. A window that is not painted (it
    // starts minimised, say) must not keep the sessions waiting.
    bool started = false;
    const auto start = [&started, &controller, &options] {
        if (!std::exchange(started, true))
            controller.start(options->session);
    };
    QObject::connect(&window, &MainWindow::firstPainted, &controller, start);
    QTimer::singleShot(250, &controller, start);
    if (options->minimized)
        window.showMinimized();
    else
        window.show();
    return QApplication::exec();
}
