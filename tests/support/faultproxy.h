// SPDX-License-Identifier: MIT
#pragma once

#include "base/random.h"
#include "base/systemclock.h"

#include <QByteArray>
#include <QObject>
#include <QTcpServer>
#include <QTcpSocket>

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace pilotlight {

//! A TCP proxy between a client and an agent server that understands just enough of the framing to
//! know which phase of the protocol a connection is in, and misbehaves there when it is told to.
class FaultProxy : public QObject
{
    Q_OBJECT
public:
    //! Where a fault strikes: the next message of that kind, in its direction.
    enum class Phase
    {
        Connect, //!< a connection is accepted
        Handshake, //!< a client's first request
        Create,
        Resume,
        History,
        Send,
        Streaming, //!< a piece of an answer
        Permission, //!< the request for one, or its answer
        Question,
        Any, //!< whatever comes next
    };
    Q_ENUM(Phase)
    //! What happens there.
    enum class Kind
    {
        Cut, //!< the connection is reset to both sides; the message is lost
        CutAfter, //!< the same, when the message has been delivered
        Truncate, //!< half of the message is delivered, then the connection ends
        HalfOpen, //!< nothing passes any more, and nobody is told
        Stall, //!< nothing passes for `duration`, then everything does
        Delay, //!< each piece of data is held back for a tenth of `duration`, for `duration`
        Garbage, //!< bytes that are no frame come before the message
    };
    Q_ENUM(Kind)
    struct Fault
    {
        Kind kind = Kind::Cut;
        Phase phase = Phase::Any;
        Milliseconds duration{0};
    };

    explicit FaultProxy(Random &random, QObject *parent = nullptr);
    ~FaultProxy() override;

    //! False where no port can be had.
    bool listen();
    quint16 port() const { return m_port; }
    //! Where connections go from now on.
    void setUpstream(quint16 port) { m_upstream = port; }

    //! Arms the one fault that waits; another one in its place. struck() tells when it happened.
    void arm(const Fault &fault);
    bool isArmed() const { return m_armed.has_value(); }
    //! Gives up waiting for its phase: it strikes whatever is there. False: nothing is connected.
    bool strikeNow();
    //! Nothing is connected to our port any more: a stranger's program has it, which answers
    //! everything with HTTP (\a speaks) or nothing at all.
    void setStranger(bool stranger, bool speaks = true);
    //! Nobody listens.
    void setClosed(bool closed);
    //! No more faults: what is held back goes out, what is half-open ends.
    void heal();
    int connections() const { return static_cast<int>(m_links.size()); }

Q_SIGNALS:
    void struck(const pilotlight::FaultProxy::Fault &fault);

private:
    enum Direction
    {
        ToServer,
        ToClient
    };
    struct Link;

    void accept();
    void received(Link &link, Direction direction);
    void forward(Link &link, Direction direction);
    void pass(Link &link, Direction direction, const QByteArray &bytes);
    //! True where the message is not to be forwarded any more.
    bool strike(Link &link, Direction direction, const QByteArray &message);
    void strikeOnAccept(Link &link);
    void peerEnded(Link &link, Direction from);
    void end(Link &link, bool reset);
    void flushLater(Link &link, Milliseconds delay);

    static std::optional<Phase> phaseOf(Direction direction, const QByteArray &message, bool first);

    Random &m_random;
    SystemClock m_clock;
    QTcpServer m_server;
    quint16 m_port = 0;
    quint16 m_upstream = 0;
    std::optional<Fault> m_armed;
    bool m_stranger = false;
    bool m_strangerSpeaks = true;
    std::map<int, std::unique_ptr<Link>> m_links;
    int m_lastLink = 0;
};

} // namespace pilotlight
