// SPDX-License-Identifier: MIT
// Stands in for the headless server in tests of starting, adopting and stopping: it listens, says
// its port the way the real one does, and misbehaves as told. It ends by itself after two minutes,
// so that no failed test leaves it behind.
#include <QCoreApplication>
#include <QFile>
#include <QProcess>
#include <QTcpServer>
#include <QTimer>

#include <chrono>
#include <csignal>
#include <cstdio>

using namespace std::chrono_literals;

namespace {

void say(const QByteArray &text)
{
    std::fwrite(text.constData(), 1, static_cast<std::size_t>(text.size()), stdout);
    std::fflush(stdout);
}

void putPid(const QString &path, qint64 pid)
{
    QFile file(path + QStringLiteral(".tmp"));
    if (file.open(QIODevice::WriteOnly)) {
        file.write(QByteArray::number(pid));
        file.close();
        file.rename(path); // a reader sees all of it or none
    }
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = app.arguments();
    const auto valueOf = [&](const QString &option) {
        const qsizetype at = arguments.indexOf(option);
        return at < 0 ? QString() : arguments.value(at + 1);
    };
    QTimer::singleShot(2min, &app, &QCoreApplication::quit);

    if (arguments.contains(QStringLiteral("--fail"))) {
        say("first line\nthe reason why\n");
        return 3;
    }
    if (arguments.contains(QStringLiteral("--deaf")))
        std::signal(SIGTERM, SIG_IGN);
    if (const QString path = valueOf(QStringLiteral("--child-pid")); !path.isEmpty()) {
        auto *running = new QProcess(&app); // in our group, not detached
        running->setStandardOutputFile(QProcess::nullDevice());
        running->start(app.applicationFilePath(),
                       {QStringLiteral("--silent"), QStringLiteral("--deaf")});
        if (running->waitForStarted())
            putPid(path, running->processId());
    }
    QTcpServer server;
    if (!arguments.contains(QStringLiteral("--silent"))) {
        if (!server.listen(QHostAddress::LocalHost)) {
            say("cannot listen\n");
            return 1;
        }
        QObject::connect(&server, &QTcpServer::newConnection, &server,
                         [&] { server.nextPendingConnection(); });
        say("CLI server listening on port " + QByteArray::number(server.serverPort()) + "\n");
        say("marker=" + qgetenv("FAKE_MARKER") + "\n");
        say("token=" + qgetenv("COPILOT_CONNECTION_TOKEN") + "\n");
    }
    if (arguments.contains(QStringLiteral("--close-port")))
        QTimer::singleShot(0, &server, &QTcpServer::close);
    return QCoreApplication::exec();
}
