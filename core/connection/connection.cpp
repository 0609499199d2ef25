// SPDX-License-Identifier: MIT
#include "connection/connection.h"

#include "agent/agentbackend.h"
#include "connection/connectionmachine.h"

namespace pilotlight {

Connection::Connection(ConnectionConfig config, ConnectionParts parts, Clock &clock, Random &random,
                       QObject *parent)
    : QObject(parent)
    , m_machine(std::make_unique<ConnectionMachine>(*this, std::move(config), std::move(parts),
                                                    clock, random))
{ }

Connection::~Connection() = default;

const ConnectionConfig &Connection::config() const
{
    return m_machine->config();
}

ConnectionStatus Connection::status() const
{
    return m_machine->status();
}

Backend *Connection::backend() const
{
    return m_machine->backend();
}

AgentBackend *Connection::agentBackend() const
{
    return qobject_cast<AgentBackend *>(m_machine->backend());
}

void Connection::connectToServer()
{
    m_machine->post(ConnectionMachine::Connect{});
}

void Connection::disconnectFromServer()
{
    m_machine->post(ConnectionMachine::Disconnect{});
}

void Connection::reconnect()
{
    m_machine->post(ConnectionMachine::Reconnect{});
}

void Connection::restartServer()
{
    m_machine->post(ConnectionMachine::Restart{});
}

void Connection::reconfigure(const ConnectionConfig &config)
{
    m_machine->post(ConnectionMachine::Reconfigure{config});
}

void Connection::setKeepalive(const EffectiveKeepalive &keepalive)
{
    m_machine->post(ConnectionMachine::SetKeepalive{keepalive});
}

void Connection::probeNow(ProbeTrigger trigger)
{
    m_machine->post(ConnectionMachine::ProbeNow{trigger});
}

void Connection::prepareForSleep()
{
    m_machine->post(ConnectionMachine::PrepareForSleep{});
}

void Connection::checkSignIn()
{
    m_machine->post(ConnectionMachine::CheckSignIn{});
}

void Connection::wake()
{
    m_machine->post(ConnectionMachine::Wake{});
}

void Connection::dispose(bool stopServer)
{
    m_machine->post(ConnectionMachine::Dispose{stopServer});
}

} // namespace pilotlight
