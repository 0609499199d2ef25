// SPDX-License-Identifier: MIT
#include "chaos/rig.h"

#include "support/homeprocesses.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>

namespace pilotlight::chaos {

using namespace std::chrono_literals;

namespace {

constexpr Milliseconds Tick{40};

void writeScript(const Host &host, const QString &program, const QStringList &arguments)
{
    QFile script(host.script);
    if (!script.open(QFile::WriteOnly))
        qFatal("cannot write %s", qPrintable(host.script));
    const QString text = QStringLiteral("#!/bin/sh\n"
                                        "if [ -s '%1/fail' ]; then\n"
                                        "    rm -f '%1/fail'\n"
                                        "    echo 'Failed to start server: Error: Address already "
                                        "in use (os error 98)' >&2\n"
                                        "    exit 1\n"
                                        "fi\n"
                                        "exec '%2' \"$@\" %3 $(cat '%1/flags' 2>/dev/null)\n")
                             .arg(host.folder, program, arguments.join(QLatin1Char(' ')));
    script.write(text.toUtf8());
    script.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
}

} // namespace

Rig::Rig(const RigOptions &options)
    : m_options(options)
    , m_world(options.timeScale, options.seed)
{ }

void Rig::makeHost(int number)
{
    auto host = std::make_unique<Host>();
    host->id = QStringLiteral("server%1").arg(number);
    host->folder = m_folder.filePath(host->id);
    host->home = host->folder + QStringLiteral("/home");
    host->paths = AppPaths::below(host->folder + QStringLiteral("/own"));
    host->script = host->folder + QStringLiteral("/server.sh");
    QDir().mkpath(host->home);
    host->paths.ensure();
    if (m_options.real) {
        host->stateFolder = host->home + QStringLiteral("/.copilot");
        writeScript(*host, RealServer::binary(RealServer::Version::Newest), {});
    } else {
        host->stateFolder = host->folder + QStringLiteral("/server");
        writeScript(*host, demoServerProgram(),
                    {QStringLiteral("--state-dir"), host->stateFolder,
                     QStringLiteral("--session-idle-timeout"),
                     QString::number(m_options.idleLimit.count()),
                     QStringLiteral("--idle-check-interval"), QStringLiteral("0.5"),
                     QStringLiteral("--speed"), QStringLiteral("4")});
    }
    host->proxy = std::make_unique<FaultProxy>(m_world.random);
    if (!host->proxy->listen())
        m_problem = QStringLiteral("no port for a proxy");
    m_world.hosts.push_back(std::move(host));
}

bool Rig::start()
{
    m_world.folder = m_folder.filePath(QStringLiteral("state"));
    const QString work = m_folder.filePath(QStringLiteral("work"));
    if (!QDir().mkpath(m_world.folder) || !QDir().mkpath(work))
        m_problem = QStringLiteral("no folder");
    if (!m_options.real && !QFileInfo(demoServerProgram()).isExecutable())
        m_problem = QStringLiteral("no demo server: set PILOTLIGHT_BIN");
    if (m_options.real && !m_model.startModel())
        m_problem = QStringLiteral("no stub model: ") + QString::fromUtf8(m_model.output());
    for (int i = 0; i < m_options.servers && m_problem.isEmpty(); ++i)
        makeHost(i);
    if (!m_problem.isEmpty())
        return false;
    if (m_options.idleLimit > 0s)
        m_world.idleLimit =
            IdleLimit{m_options.idleLimit * m_options.timeScale, IdleLimit::Origin::User};
    m_product = std::make_unique<Product>(m_world);
    m_user = std::make_unique<User>(m_world, m_options.real);
    m_user->workFolder = work;
    m_user->model = QStringLiteral("stub-model");
    m_user->provider = {QStringLiteral("openai"), QStringLiteral("completions"),
                        QStringLiteral("http://127.0.0.1:%1/v1")
                            .arg(m_options.real ? m_model.modelPort() : quint16(9)),
                        Secret("stub-key-0123456789")};
    m_user->makeSessions(*m_product, m_options.sessions);
    return true;
}

QStringList Rig::shutDown()
{
    QStringList left;
    m_product->shutDown();
    if (!turn(30s, [this] { return m_product->isShutDown(); }))
        left << QStringLiteral("a connection does not end");
    m_product.reset();
    for (const auto &host : m_world.hosts) {
        turn(10s, [&host] { return processesIn(host->home).isEmpty(); });
        for (const qint64 pid : processesIn(host->home))
            left << QStringLiteral("orphan process %1 of %2").arg(pid).arg(host->id);
    }
    return left;
}

bool Rig::turn(Milliseconds atMost, const std::function<bool()> &until,
               const std::function<void()> &tick)
{
    SystemClock clock;
    QElapsedTimer timer;
    timer.start();
    while (!until()) {
        if (Milliseconds(timer.elapsed()) > atMost)
            return false;
        QEventLoop loop;
        const TimerHandle next = clock.after(Tick, [&loop] { loop.quit(); });
        loop.exec();
        if (tick)
            tick();
    }
    return true;
}

} // namespace pilotlight::chaos
