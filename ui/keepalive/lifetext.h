// SPDX-License-Identifier: MIT
#pragma once

#include "ui/keepalive/keepaliverows.h"
#include "ui/theme/theme.h"

#include <QCoreApplication>

namespace pilotlight {

//! How safe one session is, in words. Pure: everything follows from the given life and time.
class LifeText
{
    Q_DECLARE_TR_FUNCTIONS(LifeText)
public:
    //! \a now: the user's clock, UTC.
    LifeText(const SessionLife &life, const QDateTime &now);

    QString word() const; //!< "Protected"
    QString icon() const; //!< name of a theme icon
    ColorRole color() const;
    QString confirmed() const; //!< "12 s ago"; "not yet"
    QString next() const; //!< "in 4 min"; may be empty
    QString expiry() const; //!< "in 24 min", "never", "not loaded"
    QString evidence() const; //!< why we think that it is alive, and where the limit comes from

    //! The smaller, the sooner somebody should look: trouble first, then by expiry.
    qint64 risk() const;

private:
    const SessionLife m_life;
    const QDateTime m_now;
};

//! All backends and sessions in one line: calm where all is well.
class KeepaliveRollUp
{
    Q_DECLARE_TR_FUNCTIONS(KeepaliveRollUp)
public:
    KeepaliveRollUp(const QList<KeepaliveBackendRow> &backends, const QDateTime &now);

    QString text() const; //!< "50 sessions, all protected, next check in 3 min"
    QString icon() const;
    ColorRole color() const;
    int sessions() const { return m_sessions; }
    //! Sessions at risk or dead, or a server that does not answer well.
    bool hasTrouble() const { return m_trouble > 0 || m_backendTrouble > 0; }
    bool allWell() const { return m_trouble == 0 && m_unverified == 0; }

private:
    int m_sessions = 0;
    int m_protected = 0;
    int m_parked = 0;
    int m_unverified = 0;
    int m_offline = 0;
    int m_trouble = 0; //!< sessions at risk or dead
    int m_backendTrouble = 0;
    bool m_anyOnline = false;
    std::optional<QDateTime> m_next;
    QDateTime m_now;
};

} // namespace pilotlight
