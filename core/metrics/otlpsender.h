// SPDX-License-Identifier: MIT
#pragma once

#include "metrics/otlpconfig.h"

#include <QByteArray>

#include <functional>
#include <memory>
#include <optional>

namespace pilotlight {

//! What came of one request to a collector.
struct OtlpAnswer
{
    int status = 0; //!< HTTP; 0: none came
    QString error; //!< where status is 0
    std::optional<QByteArray> retryAfter; //!< the header, as it came
    QByteArray body; //!< the beginning of it
};

//! Posts one body at a time. The network behind OtlpExporter; the tests give another.
class OtlpSender
{
public:
    OtlpSender() = default;
    virtual ~OtlpSender() = default;
    OtlpSender(const OtlpSender &) = delete;
    OtlpSender &operator=(const OtlpSender &) = delete;

    //! \a handler runs once, later, from the event loop; not after cancel().
    virtual void post(const OtlpConfig &config, const QByteArray &body,
                      std::function<void(OtlpAnswer)> handler) = 0;
    //! Ends the request; its connection is closed.
    virtual void cancel() = 0;
};

//! Over HTTP(S), with a network manager of its own: no request of anything else waits for a
//! collector. Redirects are not followed, no more than 64 KiB of an answer are read.
std::unique_ptr<OtlpSender> makeHttpOtlpSender();

} // namespace pilotlight
