// SPDX-License-Identifier: MIT
#pragma once

#include "connection/status.h"
#include "settings/settings.h"
#include "ui/theme/theme.h"

#include <QCoreApplication>

namespace pilotlight {

//! How much a message to the user matters.
enum class NoticeLevel
{
    Info,
    Warning,
    Error
};

//! The connection in words. Pure: everything follows from its arguments.
class ConnectionText
{
    Q_DECLARE_TR_FUNCTIONS(ConnectionText)
public:
    //! \a now: the user's clock, UTC.
    ConnectionText(const ConnectionStatus &status, const QDateTime &now);

    QString phase() const; //!< "Connected", "Lost, retry in 12 s (attempt 3)"
    QString icon() const;
    ColorRole color() const;
    //! Why it is not connected, in a sentence; empty while all is well.
    QString problem() const;
    QString server() const; //!< "Copilot CLI 1.0.102"; empty without one
    QString mode() const; //!< "Local server"
    QString modeToolTip() const;
    QString toolTip() const;
    //! True where waiting can be cut short.
    bool canRetry() const;
    //! When a text changes by itself; nothing if never.
    std::optional<Milliseconds> nextChange() const;

    //! One sentence about what \a mode means.
    static QString modeSentence(ServerMode mode);
    static QString modeName(ServerMode mode);

    //! A notice of the connection or the stores for people. Unknown codes show the detail as it is.
    struct Notice
    {
        NoticeLevel level = NoticeLevel::Info;
        QString text;
    };
    static Notice notice(const QString &code, const QString &detail);

private:
    ConnectionStatus m_status;
    QDateTime m_now;
};

} // namespace pilotlight
