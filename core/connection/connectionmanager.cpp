// SPDX-License-Identifier: MIT
#include "connection/connectionmanager.h"

#include "base/logging.h"

#include <algorithm>
#include <utility>

namespace pilotlight {

// ---- the lease ----------------------------------------------------------------------------------

ConnectionLease::ConnectionLease(ConnectionManager &manager, QString id, quint64 number)
    : m_manager(&manager)
    , m_id(std::move(id))
    , m_number(number)
{ }

ConnectionLease::ConnectionLease(ConnectionLease &&other) noexcept
    : m_manager(std::exchange(other.m_manager, nullptr))
    , m_id(std::move(other.m_id))
    , m_number(std::exchange(other.m_number, 0))
{ }

ConnectionLease &ConnectionLease::operator=(ConnectionLease &&other) noexcept
{
    if (this != &other) {
        release();
        m_manager = std::exchange(other.m_manager, nullptr);
        m_id = std::move(other.m_id);
        m_number = std::exchange(other.m_number, 0);
    }
    return *this;
}

ConnectionLease::~ConnectionLease()
{
    release();
}

bool ConnectionLease::isValid() const
{
    return m_manager && m_manager->holds(m_id, m_number);
}

void ConnectionLease::release()
{
    const QPointer<ConnectionManager> manager = std::exchange(m_manager, nullptr);
    if (manager)
        manager->release(m_id, std::exchange(m_number, 0));
}

// ---- the manager --------------------------------------------------------------------------------

ConnectionManager::ConnectionManager(ConnectionParts parts, Clock &clock, Random &random,
                                     QObject *parent)
    : QObject(parent)
    , m_parts(std::move(parts))
    , m_clock(clock)
    , m_random(random)
{ }

ConnectionManager::~ConnectionManager()
{
    for (const Entry &entry : m_entries)
        entry.connection->dispose();
}

ConnectionManager::Entry *ConnectionManager::entry(const QString &id)
{
    return const_cast<Entry *>(std::as_const(*this).entry(id));
}

const ConnectionManager::Entry *ConnectionManager::entry(const QString &id) const
{
    const auto at = std::find_if(m_entries.begin(), m_entries.end(),
                                 [&id](const Entry &entry) { return entry.id == id; });
    return at == m_entries.end() ? nullptr : &*at;
}

Connection *ConnectionManager::add(const ConnectionConfig &config)
{
    if (config.id.isEmpty() || entry(config.id))
        return nullptr;
    auto made = std::make_unique<Connection>(config, m_parts, m_clock, m_random);
    Connection *connection = made.get();
    const QString id = config.id;
    connect(connection, &Connection::statusChanged, this, [this, id] { Q_EMIT statusChanged(id); });
    connect(connection, &Connection::phaseChanged, this,
            [this, id](Phase phase) { Q_EMIT phaseChanged(id, phase); });
    connect(connection, &Connection::backendAboutToGo, this,
            [this, id] { Q_EMIT backendAboutToGo(id); });
    connect(connection, &Connection::notice, this,
            [this, id](const QString &code, const QString &detail) {
                Q_EMIT notice(id, code, detail);
            });
    connect(connection, &Connection::probeEvent, this, &ConnectionManager::probeEvent);
    m_entries.push_back({id, std::move(made), {}});
    Q_EMIT added(id);
    return find(id);
}

bool ConnectionManager::edit(const ConnectionConfig &config)
{
    Connection *connection = find(config.id);
    if (!connection)
        return false;
    connection->reconfigure(config);
    return true;
}

void ConnectionManager::remove(const QString &id)
{
    if (!entry(id))
        return;
    Q_EMIT aboutToRemove(id);
    const auto at = std::find_if(m_entries.begin(), m_entries.end(),
                                 [&id](const Entry &entry) { return entry.id == id; });
    if (at == m_entries.end())
        return; // a listener was faster
    std::unique_ptr<Connection> connection = std::move(at->connection);
    m_entries.erase(at);
    Connection *leaving = connection.get();
    m_leaving.push_back(std::move(connection));
    // Not from inside its own signal: it goes later.
    connect(leaving, &Connection::phaseChanged, this, [this, leaving](Phase phase) {
        if (phase != Phase::Disposed)
            return;
        const auto gone = std::find_if(m_leaving.begin(), m_leaving.end(),
                                       [leaving](const auto &c) { return c.get() == leaving; });
        if (gone == m_leaving.end())
            return;
        leaving->disconnect(this);
        gone->release()->deleteLater();
        m_leaving.erase(gone);
    });
    leaving->dispose();
    Q_EMIT removed(id);
}

Connection *ConnectionManager::find(const QString &id) const
{
    const Entry *found = entry(id);
    return found ? found->connection.get() : nullptr;
}

QStringList ConnectionManager::ids() const
{
    QStringList all;
    for (const Entry &entry : m_entries)
        all.append(entry.id);
    return all;
}

QList<Connection *> ConnectionManager::connections() const
{
    QList<Connection *> all;
    for (const Entry &entry : m_entries)
        all.append(entry.connection.get());
    return all;
}

ConnectionLease ConnectionManager::acquire(const QString &id, const QString &reason)
{
    Entry *wanted = entry(id);
    if (!wanted)
        return {};
    ConnectionLease lease(*this, id, ++m_leases);
    wanted->leases.push_back({m_leases, reason});
    qCDebug(lcConnection).noquote() << QStringLiteral("Wanted by %1 backend=%2").arg(reason, id);
    wanted->connection->connectToServer();
    return lease;
}

QStringList ConnectionManager::reasons(const QString &id) const
{
    QStringList all;
    if (const Entry *found = entry(id)) {
        for (const Lease &lease : found->leases)
            all.append(lease.reason);
    }
    return all;
}

bool ConnectionManager::holds(const QString &id, quint64 number) const
{
    const Entry *found = entry(id);
    return found
        && std::any_of(found->leases.begin(), found->leases.end(),
                       [number](const Lease &lease) { return lease.number == number; });
}

void ConnectionManager::release(const QString &id, quint64 number)
{
    Entry *found = entry(id);
    if (!found)
        return;
    const auto erased = std::erase_if(
        found->leases, [number](const Lease &lease) { return lease.number == number; });
    if (erased > 0 && found->leases.empty())
        found->connection->disconnectFromServer();
}

void ConnectionManager::prepareForSleep()
{
    for (const QPointer<Connection> connection : connections()) {
        if (connection)
            connection->prepareForSleep();
    }
}

void ConnectionManager::wake()
{
    for (const QPointer<Connection> connection : connections()) {
        if (connection)
            connection->wake();
    }
}

} // namespace pilotlight
