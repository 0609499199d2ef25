// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QNetworkAccessManager>
#include <QObject>
#include <QUrl>

#include <memory>
#include <optional>

class QNetworkReply;

namespace pilotlight {

//! What the static file about versions says: {"version":"1.2.3","page":"https://…"}.
struct VersionNews
{
    QString version;
    QUrl page; //!< https, or none

    //! Nothing unless it is of that form, and newer than \a current.
    static std::optional<VersionNews> read(const QByteArray &file, const QString &current);
};

//! Looks once a day whether there is a newer version: fetches one static file, and sends nothing
//! but the request for it. Off unless switched on. What goes wrong is of no interest to anybody.
class UpdateCheck : public QObject
{
    Q_OBJECT
public:
    //! After switching on, so that a start is not slowed.
    static constexpr Milliseconds FirstAfter{60'000};
    static constexpr Milliseconds Interval{24 * 3'600'000};
    //! More than that is not the file.
    static constexpr qint64 MostBytes = 64 * 1024;

    //! \a address of the file; where it is empty nothing is ever looked for. \a clock must outlive
    //! it.
    UpdateCheck(QUrl address, QString current, Clock &clock, QObject *parent = nullptr);
    ~UpdateCheck() override;

    void setOn(bool on);

Q_SIGNALS:
    //! Once for each version.
    void newer(const pilotlight::VersionNews &news);

private:
    void fetch();
    void finished(QNetworkReply &reply);

    const QUrl m_address;
    const QString m_current;
    Clock &m_clock;
    TimerHandle m_timer;
    std::unique_ptr<QNetworkAccessManager> m_network; //!< while it is on
    QString m_told;
};

} // namespace pilotlight
