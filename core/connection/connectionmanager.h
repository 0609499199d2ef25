// SPDX-License-Identifier: MIT
#pragma once

#include "connection/connection.h"

#include <QObject>
#include <QPointer>

#include <memory>
#include <vector>

namespace pilotlight {

class ConnectionManager;

//! Somebody wants a connection online, for as long as the lease lives. Move-only; outlives neither
//! the wish (the last lease of a connection takes it offline) nor the manager's memory: after the
//! connection or the manager has gone it means nothing and does nothing.
class ConnectionLease
{
public:
    ConnectionLease() = default;
    ConnectionLease(ConnectionLease &&other) noexcept;
    ConnectionLease &operator=(ConnectionLease &&other) noexcept;
    ConnectionLease(const ConnectionLease &) = delete;
    ConnectionLease &operator=(const ConnectionLease &) = delete;
    ~ConnectionLease();

    //! False: nothing of this id was there, or it has gone since.
    bool isValid() const;
    const QString &connectionId() const { return m_id; }
    void release();

private:
    friend class ConnectionManager;
    ConnectionLease(ConnectionManager &manager, QString id, quint64 number);

    QPointer<ConnectionManager> m_manager;
    QString m_id;
    quint64 m_number = 0;
};

//! Several connections by id, side by side: each has its own lifecycle, keepalive loop and breaker,
//! and what happens to one touches no other. Owns them.
class ConnectionManager : public QObject
{
    Q_OBJECT
public:
    //! \a parts make what every connection is made of, by its configuration.
    ConnectionManager(ConnectionParts parts, Clock &clock, Random &random,
                      QObject *parent = nullptr);
    //! Disposes all; detached servers go on running.
    ~ConnectionManager() override;

    //! Adds a connection; it stays Idle until somebody wants it. Null where the id is taken or
    //! empty. Removed ids may come again.
    Connection *add(const ConnectionConfig &config);
    //! Takes over a configuration of the same id. What is online and needs no new connection gets
    //! none; what waits to be tried again is tried now.
    //! False where there is none of this id.
    bool edit(const ConnectionConfig &config);
    //! Ends the connection for good. It leaves the list at once and is deleted when its server has
    //! stopped.
    void remove(const QString &id);

    Connection *find(const QString &id) const; //!< null where there is none
    QStringList ids() const; //!< in the order of adding
    QList<Connection *> connections() const;

    //! Makes the connection wanted. \a reason is for the log ("window", "guard").
    [[nodiscard]] ConnectionLease acquire(const QString &id, const QString &reason);
    //! The reasons of the leases that live.
    QStringList reasons(const QString &id) const;

    //! Before the machine sleeps, and after: all connections.
    void prepareForSleep();
    void wake();

Q_SIGNALS:
    void added(const QString &id);
    //! Last chance to let go of it; find() still has it.
    void aboutToRemove(const QString &id);
    void removed(const QString &id);
    //! statusChanged() of one of them.
    void statusChanged(const QString &id);
    void phaseChanged(const QString &id, pilotlight::Phase phase);
    void backendAboutToGo(const QString &id);
    void notice(const QString &id, const QString &code, const QString &detail);
    void probeEvent(const pilotlight::ProbeEvent &event);

private:
    friend class ConnectionLease;
    struct Lease
    {
        quint64 number;
        QString reason;
    };
    struct Entry
    {
        QString id;
        std::unique_ptr<Connection> connection;
        std::vector<Lease> leases;
    };
    Entry *entry(const QString &id);
    const Entry *entry(const QString &id) const;
    bool holds(const QString &id, quint64 number) const;
    void release(const QString &id, quint64 number);

    const ConnectionParts m_parts;
    Clock &m_clock;
    Random &m_random;
    std::vector<Entry> m_entries;
    std::vector<std::unique_ptr<Connection>> m_leaving; //!< removed; their servers still stop
    quint64 m_leases = 0; //!< ever given out
};

} // namespace pilotlight
