// SPDX-License-Identifier: MIT
#pragma once

#include "connection/connection.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTest>

#include <csignal>
#include <optional>

namespace pilotlight {

//! How long a connection took to notice that its server is gone, and to be online again. In ms.
struct Recovery
{
    double noticed = 0; //!< it is not online any more
    double online = 0;
    int phases = 0;

    QByteArray text() const
    {
        return QByteArray("noticed after ") + QByteArray::number(noticed, 'f', 1)
            + " ms, online again after " + QByteArray::number(online, 'f', 0) + " ms";
    }
};

//! Sends \a signal to the process \a pid and waits for the recovery. The first probe goes out at
//! once where \a probe says so: how long it takes until it is due anyway is the interval's
//! business.
inline std::optional<Recovery> recoverFrom(Connection &connection, qint64 pid, int signal,
                                           bool probe)
{
    QObject context;
    QElapsedTimer timer;
    Recovery recovery;
    const auto now = [&timer] { return static_cast<double>(timer.nsecsElapsed()) / 1e6; };
    const quint64 before = connection.status().generation;
    QObject::connect(&connection, &Connection::phaseChanged, &context, [&](Phase phase) {
        ++recovery.phases;
        if (phase != Phase::Online && recovery.noticed == 0)
            recovery.noticed = now();
        if (phase == Phase::Online)
            recovery.online = now();
    });
    timer.start();
    if (::kill(static_cast<pid_t>(pid), signal) != 0)
        return std::nullopt;
    if (probe)
        connection.probeNow();
    const bool back = QTest::qWaitFor(
        [&] {
            return recovery.online > 0 && connection.status().phase == Phase::Online
                && connection.status().generation > before;
        },
        120'000);
    return back ? std::optional(recovery) : std::nullopt;
}

} // namespace pilotlight
