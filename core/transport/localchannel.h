// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "transport/framing.h"

#include <QJsonObject>
#include <QObject>

#include <memory>

class QLocalServer;
class QLocalSocket;
class QLockFile;

namespace pilotlight {

//! JSON objects, one a line, between two processes of the same user on this machine: the window and
//! the keeper, a second window and the first. Who belongs to another user is refused, on both
//! sides: keys pass here.
class LocalChannel final : public QObject
{
    Q_OBJECT
public:
    //! The largest message: the longest there is holds a session's configuration, whose text a user
    //! has typed.
    static constexpr std::size_t MaxMessage = std::size_t(4) * 1024 * 1024;

    explicit LocalChannel(QObject *parent = nullptr);
    ~LocalChannel() override;

    //! Looks for the listener of \a role in \a folder. Answered by opened() or closed(), never from
    //! inside the call. Once.
    void connectTo(const QString &folder, const QString &role);
    bool isOpen() const;
    //! Nothing where it is not open.
    void send(const QJsonObject &message);
    //! What was sent goes out first. No closed() follows.
    void close();

Q_SIGNALS:
    void opened();
    void received(const QJsonObject &message);
    //! By the other side or an error; at most once. ConnectionRefused: nobody listens.
    void closed(const pilotlight::Error &reason);

private:
    friend class LocalListener;
    void adopt(QLocalSocket *socket);
    void watch();
    bool checkPeer();
    void read();
    void fail(const Error &reason);

    QLocalSocket *m_socket; //!< a child
    LineFramer m_framer{MaxMessage};
    bool m_ended = false;
};

//! Waits for channels. There is at most one of a role and folder; it is found also after its
//! process was killed and another one took its place.
class LocalListener final : public QObject
{
    Q_OBJECT
public:
    explicit LocalListener(QObject *parent = nullptr);
    ~LocalListener() override;

    //! \a folder must exist. AlreadyRunning: somebody else listens there; StorageFailed: the
    //! system's reason.
    Result<void> listen(const QString &folder, const QString &role);

Q_SIGNALS:
    //! \a channel is open, and the listener's child until somebody else takes it.
    void accepted(pilotlight::LocalChannel *channel);

private:
    std::unique_ptr<QLockFile> m_lock;
    QLocalServer *m_server; //!< a child
};

//! Whether the process at the other end of a local socket belongs to this user. Where the system
//! has no answer its access control on the socket is relied on.
bool isSameUser(qintptr descriptor);

} // namespace pilotlight
