// SPDX-License-Identifier: MIT
#pragma once

#include "connection/status.h"
#include "ui/theme/theme.h"

#include <QCoreApplication>

namespace pilotlight {

//! The keepalive of a connection in words. Pure: everything follows from the status and the given
//! time, so nothing is ever shown as alive that was not answered.
class KeepaliveText
{
    Q_DECLARE_TR_FUNCTIONS(KeepaliveText)
public:
    //! \a now: the user's clock, UTC.
    //! \a sessionAnswer: when the server last answered for a session, on this connection; that is
    //! an answer, too, though not to a probe.
    KeepaliveText(const ConnectionStatus &status, const QDateTime &now,
                  const std::optional<QDateTime> &sessionAnswer = {});

    //! The state that is shown: Protected without an answer counts as Unverified.
    KeepaliveState state() const { return m_state; }
    QString word() const; //!< "Protected"
    QString icon() const; //!< name of a theme icon
    ColorRole color() const; //!< of icon and word
    ColorRole background() const;

    QString details() const; //!< "1.2 ms · 12 s ago · next in 14 min"; may be empty
    QString accessibleName() const; //!< everything in one sentence
    QString toolTip() const; //!< rich text with all facts
    QString reason() const; //!< why nothing is pinged or not answered; may be empty

    //! When any of the texts changes by itself, at least 1 s away; nothing if never.
    std::optional<Milliseconds> nextChange() const;

    //! \a span as "42 s", "14 min", "3 h 5 min", "2 d 4 h".
    static QString span(Milliseconds span);
    //! \a time as "850 µs", "1.2 ms", "44 ms", "1.5 s".
    static QString latency(std::chrono::microseconds time);

private:
    Milliseconds since(const QDateTime &time) const;
    Milliseconds until(const QDateTime &time) const;
    //! The time until \a time, rounded up: "0 s" that lasts for a second looks stuck.
    QString countdown(const QDateTime &time) const;

    ConnectionStatus m_status;
    QDateTime m_now;
    KeepaliveState m_state;
    std::optional<QDateTime> m_sessionAnswer;
};

} // namespace pilotlight
