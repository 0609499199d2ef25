// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "connection/connectionmanager.h"
#include "metrics/keepalivemetrics.h"
#include "session/sessionmanager.h"

#include <QObject>

namespace pilotlight {

//! Counts what connections and sessions report of their keepalive.
class MetricsRecorder : public QObject
{
    Q_OBJECT
public:
    //! All must outlive the recorder.
    MetricsRecorder(ConnectionManager &connections, SessionManager &sessions,
                    KeepaliveMetrics &metrics, Clock &clock, QObject *parent = nullptr);

private:
    void onProbe(const ProbeEvent &event);
    void onTouch(const TouchEvent &event);
    void onStatus(const QString &backendId);
    void countSessionsSoon();
    void countSessions();

    ConnectionManager &m_connections;
    SessionManager &m_sessions;
    KeepaliveMetrics &m_metrics;
    Clock &m_clock;
    TimerHandle m_count;
};

} // namespace pilotlight
