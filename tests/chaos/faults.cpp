// SPDX-License-Identifier: MIT
#include "chaos/faults.h"

#include "support/homeprocesses.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QMetaEnum>
#include <QTcpSocket>

#include <array>
#include <csignal>

namespace pilotlight::chaos {

using namespace std::chrono_literals;

namespace {

// Of the clock, which is faster than the servers are.
constexpr Milliseconds ArmedAtMost = 6s;

QByteArray frame(const QJsonObject &message)
{
    const QByteArray body = QJsonDocument(message).toJson(QJsonDocument::Compact);
    return "Content-Length: " + QByteArray::number(body.size()) + "\r\n\r\n" + body;
}

QJsonObject request(int id, const QString &method, const QJsonObject &params)
{
    return {{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
            {QStringLiteral("id"), id},
            {QStringLiteral("method"), method},
            {QStringLiteral("params"), params}};
}

} // namespace

Faults::Faults(World &world, std::unique_ptr<Product> &product, bool real)
    : m_world(world)
    , m_product(product)
    , m_real(real)
{
    for (const auto &host : world.hosts) {
        m_sites.push_back(Site{*host, world.clock.now(), {}, 0, false, {}, {}});
        connect(
            host->proxy.get(), &FaultProxy::struck, this, [this](const FaultProxy::Fault &fault) {
                const auto name = [](auto value) {
                    return QString::fromLatin1(
                        QMetaEnum::fromType<decltype(value)>().valueToKey(static_cast<int>(value)));
                };
                counted(name(fault.kind) + QLatin1Char('@') + name(fault.phase));
            });
    }
    m_ownDue = world.clock.now() + 20s;
}

Faults::~Faults()
{
    stop();
}

void Faults::counted(const QString &name)
{
    ++m_count;
    ++m_counts[name];
}

void Faults::act()
{
    if (m_stopped)
        return;
    const Nanoseconds now = m_world.clock.now();
    for (Site &site : m_sites) {
        if (site.host.proxy->isArmed()) {
            // Its phase does not come (nobody asks for a permission, say).
            if (now - site.armedSince > ArmedAtMost && site.host.proxy->connections() > 0)
                site.host.proxy->strikeNow();
            continue;
        }
        if (now >= site.due) {
            strike(site);
            // Now into the middle of a recovery, now after it.
            site.due = m_world.clock.now()
                + (m_world.random.unit() < 0.5 ? between(400ms, 3s) : between(3s, 14s));
        }
    }
    if (now >= m_ownDue) {
        m_ownDue = now + between(20s, 80s);
        if (m_world.random.unit() < 0.5) {
            counted(QStringLiteral("product killed"));
            Product::kill(m_product);
            m_product = std::make_unique<Product>(m_world);
        } else {
            counted(QStringLiteral("machine slept"));
            m_product->sleep(between(60s, 7'200s), m_world.random.unit() < 0.5);
        }
    }
}

void Faults::strike(Site &site)
{
    const double dice = m_world.random.unit();
    if (dice < 0.62)
        armProxy(site);
    else if (dice < 0.76)
        killServer(site);
    else if (dice < 0.86)
        freeze(site);
    else if (dice < 0.92)
        expire(site);
    else if (dice < 0.95)
        haveStranger(site);
    else if (dice < 0.97 && !m_real)
        signOut(site);
    else if (dice < 0.985) {
        site.host.failNextStart();
        killServer(site);
        counted(QStringLiteral("start fails"));
    } else {
        killServer(site);
    }
}

void Faults::armProxy(Site &site)
{
    using Kind = FaultProxy::Kind;
    using Phase = FaultProxy::Phase;
    static constexpr std::array Kinds{
        Kind::Cut,      Kind::Cut,      Kind::Cut,   Kind::CutAfter, Kind::CutAfter, Kind::Truncate,
        Kind::Truncate, Kind::HalfOpen, Kind::Stall, Kind::Stall,    Kind::Delay,    Kind::Garbage};
    static constexpr std::array Phases{Phase::Connect,    Phase::Handshake, Phase::Create,
                                       Phase::Resume,     Phase::History,   Phase::Send,
                                       Phase::Send,       Phase::Streaming, Phase::Streaming,
                                       Phase::Permission, Phase::Question,  Phase::Any};
    const auto pick = [this](const auto &from) {
        return from[m_world.random.next() % from.size()];
    };
    const FaultProxy::Fault fault{pick(Kinds), pick(Phases), between(200ms, 1'500ms)};
    site.host.proxy->arm(fault);
    site.armedSince = m_world.clock.now();
    // Early phases come only with a new connection.
    const bool early = fault.phase == Phase::Connect || fault.phase == Phase::Handshake
        || fault.phase == Phase::Create || fault.phase == Phase::Resume
        || fault.phase == Phase::History;
    if (early && m_world.random.unit() < 0.7) {
        if (Connection *connection = m_product->connections().find(site.host.id);
            connection && connection->status().phase == pilotlight::Phase::Online)
            connection->reconnect();
    }
}

bool Faults::signalServer(const Host &host, qint64 pid, int signal)
{
    // Never a stranger who has got the number since.
    return pid > 0 && runsIn(pid, host.home) && ::kill(static_cast<pid_t>(pid), signal) == 0;
}

void Faults::killServer(Site &site)
{
    if (signalServer(site.host, site.host.pid, SIGKILL))
        counted(QStringLiteral("SIGKILL"));
    site.host.pid = 0;
}

void Faults::freeze(Site &site)
{
    if (site.frozen || !signalServer(site.host, site.host.pid, SIGSTOP))
        return;
    counted(QStringLiteral("SIGSTOP"));
    site.frozen = site.host.pid;
    // Shorter than anybody notices, long enough to be replaced, or for ever.
    const double dice = m_world.random.unit();
    if (dice < 0.8) {
        const Milliseconds span = dice < 0.4 ? between(200ms, 3s) : between(3s, 40s);
        site.thaw = m_world.clock.after(span, [this, &site] { unfreeze(site); });
    } else {
        site.thaw = m_world.clock.after(90s, [this, &site] { unfreeze(site); });
    }
}

void Faults::unfreeze(Site &site)
{
    signalServer(site.host, site.frozen, SIGCONT);
    site.frozen = 0;
}

void Faults::expire(Site &site)
{
    if (site.host.pid == 0 || site.frozen)
        return;
    counted(QStringLiteral("sessions expire"));
    auto *const socket = new QTcpSocket(this);
    QByteArray wishes =
        frame(request(1, QStringLiteral("connect"),
                      {{QStringLiteral("token"), QString::fromLatin1(site.host.token.reveal())}}));
    if (m_real) { // what its reaper does, to some of them
        int id = 1;
        for (const auto &session : m_product->sessions().sessions()) {
            if (session->backendId() == site.host.id && m_world.random.unit() < 0.3)
                wishes += frame(request(++id, QStringLiteral("sessions.close"),
                                        {{QStringLiteral("sessionId"), session->id()}}));
        }
    } else {
        wishes += frame(request(2, QStringLiteral("demo.fault"),
                                {{QStringLiteral("fault"), QStringLiteral("reap")}}));
    }
    connect(socket, &QTcpSocket::connected, socket, [socket, wishes] { socket->write(wishes); });
    connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
    connect(socket, &QTcpSocket::errorOccurred, socket, &QObject::deleteLater);
    site.mend = m_world.clock.after(4s, [socket = QPointer<QTcpSocket>(socket)] {
        if (socket)
            socket->disconnectFromHost();
    });
    socket->connectToHost(QStringLiteral("127.0.0.1"), site.host.port);
}

void Faults::haveStranger(Site &site)
{
    if (m_world.random.unit() < 0.5) {
        site.host.proxy->setClosed(true);
        counted(QStringLiteral("port closed"));
    } else {
        const bool speaks = m_world.random.unit() < 0.5;
        site.host.proxy->setStranger(true, speaks);
        counted(speaks ? QStringLiteral("stranger speaks") : QStringLiteral("stranger is silent"));
    }
    site.mend = m_world.clock.after(between(1s, 12s), [&site] {
        site.host.proxy->setStranger(false);
        site.host.proxy->setClosed(false);
    });
}

void Faults::signOut(Site &site)
{
    counted(QStringLiteral("signed out"));
    site.signedOut = true;
    site.host.setFlags("--signed-out");
    killServer(site);
    site.mend = m_world.clock.after(between(4s, 20s), [this, &site] { signIn(site); });
}

void Faults::signIn(Site &site)
{
    if (!std::exchange(site.signedOut, false))
        return;
    site.host.setFlags({});
    killServer(site); // a demo server learns it with its next start only
}

void Faults::stop()
{
    if (std::exchange(m_stopped, true))
        return;
    for (Site &site : m_sites) {
        site.thaw.cancel();
        site.mend.cancel();
        if (site.frozen)
            unfreeze(site);
        signIn(site);
        site.host.proxy->heal();
    }
}

} // namespace pilotlight::chaos
