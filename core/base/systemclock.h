// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QHash>
#include <QObject>

namespace pilotlight {

//! The machine's own clocks and Qt's event-loop timers. The one place in core that touches either.
//! Timers of a minute and more are very coarse (1 s), so that wake-ups of many loops coincide.
class SystemClock final : public QObject, public Clock
{
    Q_OBJECT
public:
    explicit SystemClock(QObject *parent = nullptr);
    ~SystemClock() override;

    Nanoseconds now() const override;
    Nanoseconds bootNow() const override;
    QDateTime wallNow() const override;
    [[nodiscard]] TimerHandle after(Milliseconds delay, std::function<void()> callback) override;

protected:
    void timerEvent(QTimerEvent *event) override;

private:
    class Token;
    struct Shared;
    std::shared_ptr<Shared> m_shared;
};

} // namespace pilotlight
