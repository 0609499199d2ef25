// SPDX-License-Identifier: MIT
#include "support/faultproxy.h"

#include <QHostAddress>

#include <array>

namespace pilotlight {

namespace {

constexpr qsizetype HeaderLimit = 4'096;

//! The length of the first whole message in \a bytes, 0 where it is not whole yet, -1 where this is
//! no such framing.
qsizetype messageLength(const QByteArray &bytes)
{
    const qsizetype end = bytes.indexOf("\r\n\r\n");
    if (end < 0)
        return bytes.size() > HeaderLimit ? -1 : 0;
    const qsizetype at = bytes.left(end).toLower().indexOf("content-length:");
    if (at < 0)
        return -1;
    qsizetype stop = bytes.indexOf('\r', at);
    bool ok = false;
    const qlonglong body = bytes.mid(at + 15, stop - at - 15).trimmed().toLongLong(&ok);
    if (!ok || body < 0)
        return -1;
    const qsizetype whole = end + 4 + static_cast<qsizetype>(body);
    return bytes.size() >= whole ? whole : 0;
}

} // namespace

struct FaultProxy::Link
{
    int id = 0;
    std::array<std::unique_ptr<QTcpSocket>, 2> to; //!< by Direction: who receives it
    std::array<QByteArray, 2> pending; //!< received, not forwarded
    std::array<bool, 2> first{true, true};
    bool held = false; //!< stalled or half-open
    bool dead = false; //!< half-open: for ever
    Milliseconds lag{0};
    TimerHandle timer;
    TimerHandle flush;
    TimerHandle burial;
};

FaultProxy::FaultProxy(Random &random, QObject *parent)
    : QObject(parent)
    , m_random(random)
{
    connect(&m_server, &QTcpServer::newConnection, this, &FaultProxy::accept);
}

FaultProxy::~FaultProxy()
{
    for (const auto &[id, link] : m_links) {
        for (const auto &socket : link->to) {
            socket->disconnect(this);
            socket->abort();
        }
    }
}

bool FaultProxy::listen()
{
    if (!m_server.listen(QHostAddress::LocalHost, m_port))
        return false;
    m_port = m_server.serverPort();
    return true;
}

void FaultProxy::arm(const Fault &fault)
{
    m_armed = fault;
}

void FaultProxy::setStranger(bool stranger, bool speaks)
{
    m_stranger = stranger;
    m_strangerSpeaks = speaks;
    if (stranger) {
        while (!m_links.empty())
            end(*m_links.begin()->second, true);
    }
}

void FaultProxy::setClosed(bool closed)
{
    if (closed == !m_server.isListening())
        return;
    if (!closed) {
        m_server.listen(QHostAddress::LocalHost, m_port);
        return;
    }
    m_server.close();
    while (!m_links.empty())
        end(*m_links.begin()->second, true);
}

void FaultProxy::heal()
{
    m_armed.reset();
    m_stranger = false;
    setClosed(false);
    std::vector<int> ids;
    for (const auto &[id, link] : m_links)
        ids.push_back(id);
    for (const int id : ids) {
        const auto found = m_links.find(id);
        if (found == m_links.end())
            continue;
        Link &link = *found->second;
        link.lag = Milliseconds(0);
        if (link.dead || link.to[ToServer]->state() == QAbstractSocket::UnconnectedState) {
            end(link, true);
            continue;
        }
        link.held = false;
        link.timer.cancel();
        flushLater(link, Milliseconds(0));
    }
}

void FaultProxy::accept()
{
    while (QTcpSocket *client = m_server.nextPendingConnection()) {
        auto owned = std::make_unique<Link>();
        Link &link = *owned;
        link.id = ++m_lastLink;
        m_links.emplace(link.id, std::move(owned));
        client->setParent(nullptr);
        client->setSocketOption(QAbstractSocket::LowDelayOption, 1);
        link.to[ToClient].reset(client);
        link.to[ToServer] = std::make_unique<QTcpSocket>();
        for (const Direction direction : {ToServer, ToClient}) {
            // Who sends in this direction.
            QTcpSocket *const source = link.to[direction == ToServer ? ToClient : ToServer].get();
            connect(source, &QTcpSocket::readyRead, this,
                    [this, &link, direction] { received(link, direction); });
            connect(source, &QTcpSocket::disconnected, this,
                    [this, &link, direction] { peerEnded(link, direction); });
        }
        connect(link.to[ToServer].get(), &QTcpSocket::errorOccurred, this,
                [this, &link](QAbstractSocket::SocketError error) {
                    if (error != QAbstractSocket::RemoteHostClosedError && !link.dead)
                        end(link, true);
                });
        if (m_stranger)
            continue;
        link.to[ToServer]->setSocketOption(QAbstractSocket::LowDelayOption, 1);
        link.to[ToServer]->connectToHost(QStringLiteral("127.0.0.1"), m_upstream);
        strikeOnAccept(link);
    }
}

void FaultProxy::strikeOnAccept(Link &link)
{
    if (m_armed && m_armed->phase == Phase::Connect)
        strike(link, ToServer, {});
}

void FaultProxy::received(Link &link, Direction direction)
{
    QTcpSocket &source = *link.to[direction == ToServer ? ToClient : ToServer];
    const QByteArray bytes = source.readAll();
    if (m_stranger) {
        if (m_strangerSpeaks) {
            source.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            source.disconnectFromHost();
        }
        return;
    }
    link.pending[direction] += bytes;
    if (link.held)
        return;
    if (link.lag > Milliseconds(0))
        flushLater(link, link.lag);
    else
        forward(link, direction);
}

void FaultProxy::forward(Link &link, Direction direction)
{
    const int id = link.id;
    while (!link.held && !link.pending[direction].isEmpty()) {
        QByteArray &waiting = link.pending[direction];
        const qsizetype length = messageLength(waiting);
        if (length == 0)
            return;
        const QByteArray message = waiting.left(length < 0 ? waiting.size() : length);
        waiting.remove(0, message.size());
        if (m_armed) {
            const auto phase = phaseOf(direction, message, link.first[direction]);
            if (m_armed->phase == Phase::Any || phase == m_armed->phase) {
                const bool gone = strike(link, direction, message);
                if (!m_links.contains(id) || gone)
                    return;
            }
        }
        link.first[direction] = false;
        pass(link, direction, message);
    }
}

void FaultProxy::pass(Link &link, Direction direction, const QByteArray &bytes)
{
    link.to[direction]->write(bytes); // before it is connected, too: QTcpSocket keeps it
}

bool FaultProxy::strikeNow()
{
    if (!m_armed || m_links.empty())
        return false;
    strike(*m_links.rbegin()->second, ToClient, {});
    return true;
}

bool FaultProxy::strike(Link &link, Direction direction, const QByteArray &message)
{
    const Fault fault = *m_armed;
    m_armed.reset();
    bool taken = true;
    switch (fault.kind) {
    case Kind::Cut:
        end(link, true);
        break;
    case Kind::CutAfter:
        if (link.to[ToServer]->state() == QAbstractSocket::ConnectedState || direction == ToClient)
            pass(link, direction, message);
        end(link, false);
        break;
    case Kind::Truncate:
        pass(link, direction, message.left(message.size() / 2));
        end(link, false);
        break;
    case Kind::HalfOpen:
        link.held = true;
        link.dead = true;
        // The server's end of a dead connection goes sooner or later; here: soon.
        link.burial = m_clock.after(m_random.between(Milliseconds(0), Milliseconds(400)),
                                    [&link] { link.to[ToServer]->abort(); });
        break;
    case Kind::Stall:
        link.pending[direction].prepend(message);
        link.held = true;
        link.timer = m_clock.after(fault.duration, [this, &link] {
            link.held = false;
            flushLater(link, Milliseconds(0));
        });
        break;
    case Kind::Delay:
        link.lag = fault.duration / 10;
        link.timer = m_clock.after(fault.duration, [&link] { link.lag = Milliseconds(0); });
        taken = false;
        break;
    case Kind::Garbage:
        pass(link, ToClient, "Content-Length: x\r\n\r\n{]");
        taken = false;
        break;
    }
    Q_EMIT struck(fault);
    return taken;
}

void FaultProxy::flushLater(Link &link, Milliseconds delay)
{
    if (link.flush.isActive())
        return;
    link.flush = m_clock.after(delay, [this, &link] {
        const int id = link.id;
        for (const Direction direction : {ToServer, ToClient}) {
            forward(link, direction);
            if (!m_links.contains(id))
                return;
        }
    });
}

//! Who sends in direction \a from has ended.
void FaultProxy::peerEnded(Link &link, Direction from)
{
    if (link.dead && from == ToClient)
        return; // the client is not told
    if (link.held && !link.dead)
        link.held = false;
    const int id = link.id;
    forward(link, from); // what it said last
    if (m_links.contains(id))
        end(link, false);
}

void FaultProxy::end(Link &link, bool reset)
{
    const auto node = m_links.extract(link.id);
    if (node.empty())
        return;
    for (auto &socket : node.mapped()->to) {
        socket->disconnect(this);
        QTcpSocket *const last = socket.release();
        if (reset || last->state() != QAbstractSocket::ConnectedState) {
            last->abort();
            last->deleteLater();
        } else {
            connect(last, &QTcpSocket::disconnected, last, &QObject::deleteLater);
            last->disconnectFromHost(); // when what was written is out
        }
    }
}

std::optional<FaultProxy::Phase> FaultProxy::phaseOf(Direction direction, const QByteArray &message,
                                                     bool first)
{
    const auto says = [&message](const char *word) { return message.contains(word); };
    if (direction == ToServer) {
        if (first)
            return Phase::Handshake;
        if (says("\"session.create\""))
            return Phase::Create;
        if (says("\"session.resume\""))
            return Phase::Resume;
        if (says("\"session.getMessages\"") || says("\"sessions.readPersistedEvents\"")
            || says("\"session.eventLog.read\""))
            return Phase::History;
        if (says("\"session.send\""))
            return Phase::Send;
        if (says("handlePendingPermissionRequest"))
            return Phase::Permission;
        if (says("handlePendingUserInput"))
            return Phase::Question;
        return std::nullopt;
    }
    if (says("\"assistant.message_delta\""))
        return Phase::Streaming;
    if (says("\"permission.requested\""))
        return Phase::Permission;
    if (says("\"user_input.requested\""))
        return Phase::Question;
    return std::nullopt;
}

} // namespace pilotlight
