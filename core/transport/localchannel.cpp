// SPDX-License-Identifier: MIT
#include "transport/localchannel.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QLocalServer>
#include <QLocalSocket>
#include <QLockFile>
#include <QPointer>

#include <algorithm>

namespace pilotlight {

namespace {

constexpr std::size_t ReadSize = std::size_t(16) * 1024;

// A socket's path has room for 103 bytes on macOS and 107 on Linux, and Qt makes it in a folder
// beside, whose name is ten longer.
constexpr qsizetype LongestPath = 90;

//! What a local socket is called for \a role in \a folder.
QString endpointName(const QString &folder, const QString &role)
{
    const QString path =
        QFileInfo(folder).absoluteFilePath() + QLatin1Char('/') + role + QStringLiteral(".sock");
#ifndef Q_OS_WIN
    if (path.toLocal8Bit().size() <= LongestPath)
        return path; // in a folder that is nobody else's
#endif
    const QByteArray hash =
        QCryptographicHash::hash(path.toUtf8(), QCryptographicHash::Sha256).toHex().left(24);
    return QStringLiteral("pilotlight-") + QString::fromLatin1(hash);
}

ErrorCode codeOf(QLocalSocket::LocalSocketError error)
{
    switch (error) {
    case QLocalSocket::ConnectionRefusedError:
    case QLocalSocket::ServerNotFoundError:
        return ErrorCode::ConnectionRefused;
    case QLocalSocket::SocketTimeoutError:
        return ErrorCode::Timeout;
    default:
        return ErrorCode::ConnectionLost;
    }
}

} // namespace

LocalChannel::LocalChannel(QObject *parent)
    : QObject(parent)
    , m_socket(new QLocalSocket(this))
{ }

LocalChannel::~LocalChannel()
{
    m_socket->disconnect(this);
}

void LocalChannel::connectTo(const QString &folder, const QString &role)
{
    watch();
    connect(m_socket, &QLocalSocket::connected, this, [this] {
        if (checkPeer())
            Q_EMIT opened();
    });
    // An error may come from inside the call; the caller hears of it afterwards.
    QMetaObject::invokeMethod(
        this, [this, folder, role] { m_socket->connectToServer(endpointName(folder, role)); },
        Qt::QueuedConnection);
}

void LocalChannel::adopt(QLocalSocket *socket)
{
    delete m_socket;
    m_socket = socket;
    m_socket->setParent(this);
    watch();
}

void LocalChannel::watch()
{
    connect(m_socket, &QLocalSocket::readyRead, this, &LocalChannel::read);
    connect(m_socket, &QLocalSocket::errorOccurred, this,
            [this](QLocalSocket::LocalSocketError error) {
                fail({codeOf(error), m_socket->errorString(), {}});
            });
    connect(m_socket, &QLocalSocket::disconnected, this,
            [this] { fail({ErrorCode::ConnectionLost, {}, {}}); });
}

bool LocalChannel::checkPeer()
{
    if (isSameUser(m_socket->socketDescriptor()))
        return true;
    fail({ErrorCode::AuthenticationFailed, QStringLiteral("another user's process"), {}});
    return false;
}

bool LocalChannel::isOpen() const
{
    return !m_ended && m_socket->state() == QLocalSocket::ConnectedState;
}

void LocalChannel::send(const QJsonObject &message)
{
    if (isOpen())
        m_socket->write(LineFramer::framed(QJsonDocument(message).toJson(QJsonDocument::Compact)));
}

void LocalChannel::close()
{
    m_ended = true;
    m_socket->flush(); // we may be deleted before the event loop would write it
    m_socket->disconnectFromServer();
}

void LocalChannel::read()
{
    const QPointer<LocalChannel> guard(this);
    while (guard && !m_ended) {
        const std::span<char> room = m_framer.reserve(ReadSize);
        const qint64 got = m_socket->read(room.data(), static_cast<qint64>(room.size()));
        if (got <= 0)
            return;
        m_framer.commit(static_cast<std::size_t>(got));
        std::string_view line;
        LineFramer::Step step = m_framer.next(line);
        for (; step == LineFramer::Step::Frame; step = m_framer.next(line)) {
            const QJsonDocument message = QJsonDocument::fromJson(
                QByteArray::fromRawData(line.data(), static_cast<qsizetype>(line.size())));
            if (!message.isObject()) {
                fail({ErrorCode::InvalidJson, {}, {}});
                return;
            }
            Q_EMIT received(message.object());
            if (!guard || m_ended)
                return;
        }
        if (step == LineFramer::Step::Broken)
            fail(m_framer.error());
    }
}

void LocalChannel::fail(const Error &reason)
{
    if (std::exchange(m_ended, true))
        return;
    m_socket->abort();
    Q_EMIT closed(reason);
}

LocalListener::LocalListener(QObject *parent)
    : QObject(parent)
    , m_server(new QLocalServer(this))
{
    m_server->setSocketOptions(QLocalServer::UserAccessOption);
    connect(m_server, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket *const socket = m_server->nextPendingConnection()) {
            auto *const channel = new LocalChannel(this);
            channel->adopt(socket);
            if (channel->checkPeer())
                Q_EMIT accepted(channel);
            else
                channel->deleteLater();
        }
    });
}

LocalListener::~LocalListener()
{
    m_server->close(); // before the lock goes
}

Result<void> LocalListener::listen(const QString &folder, const QString &role)
{
    auto lock =
        std::make_unique<QLockFile>(folder + QLatin1Char('/') + role + QStringLiteral(".lock"));
    lock->setStaleLockTime(0); // old or not: it is stale only when its process has gone
    if (!lock->tryLock()) {
        if (lock->error() == QLockFile::LockFailedError)
            return failure(ErrorCode::AlreadyRunning);
        return failure(ErrorCode::StorageFailed, lock->fileName());
    }
    // With the lock it is ours: what is there was left by one that crashed.
    const QString name = endpointName(folder, role);
    QLocalServer::removeServer(name);
    if (!m_server->listen(name))
        return failure(ErrorCode::StorageFailed, m_server->errorString());
    m_lock = std::move(lock);
    return {};
}

} // namespace pilotlight
