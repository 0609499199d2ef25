// SPDX-License-Identifier: MIT
#pragma once

#include "app/wiring/metricsrecorder.h"
#include "app/wiring/wakecheck.h"
#include "connection/sleepinhibitor.h"
#include "connection/sleepmonitor.h"
#include "metrics/otlpexporter.h"
#include "settings/settings.h"

#include <QObject>

#include <memory>

namespace pilotlight {

//! What watches the keepalive without taking part in it (metrics and their export), and what
//! watches the machine for it (sleep and wake). Made once, beside the connections and sessions.
class Observers : public QObject
{
    Q_OBJECT
public:
    //! All must outlive it. Nothing of the system is asked before start().
    Observers(ConnectionManager &connections, SessionManager &sessions, Clock &clock,
              Random &random, QObject *parent = nullptr);
    ~Observers() override;

    //! Begins to watch the machine; a moment later, so that no start of a program waits for D-Bus.
    void start();
    //! Takes over where metrics go and whether the machine is kept awake; at once.
    void apply(const AppSettings &settings);
    //! Compares the clocks: a wake is known, and checked, before what comes next.
    void checkSleep();

    const KeepaliveMetrics &metrics() const { return m_metrics; }
    const OtlpExporter &exporter() const { return *m_exporter; }

Q_SIGNALS:
    void woke(const pilotlight::WakeReport &report);

private:
    void watchMachine();
    void followIntervals();
    void countTurns();

    ConnectionManager &m_connections;
    SessionManager &m_sessions;
    Clock &m_clock;
    KeepaliveMetrics m_metrics;
    MetricsRecorder m_recorder;
    std::unique_ptr<OtlpExporter> m_exporter;
    WakeCheck m_wakeCheck;
    std::unique_ptr<SleepMonitor> m_sleep; //!< from start() on
    std::unique_ptr<SleepInhibitor> m_inhibitor; //!< likewise
    StayAwake m_stayAwake = StayAwake::Off;
    QStringList m_warnings; //!< said last
    TimerHandle m_later;
};

} // namespace pilotlight
