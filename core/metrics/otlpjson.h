// SPDX-License-Identifier: MIT
#pragma once

#include "metrics/keepalivemetrics.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <utility>

namespace pilotlight {

//! Who sends: the attributes of OTLP's resource.
struct OtlpResource
{
    QString serviceName;
    QString instanceId; //!< tells processes of one machine apart; random
    QList<std::pair<QString, QString>> attributes; //!< further ones, of the user
};

enum class MetricNames
{
    Pilotlight, //!< pilotlight.keepalive.attempt, backend.id
    ToolHive //!< vmcp_keepalive_attempt_total, backend_id, where ToolHive has such a metric
};

//! The body of an ExportMetricsServiceRequest in OTLP's JSON encoding (opentelemetry-proto 1.x:
//! lower camel case, 64-bit integers as strings, enums as numbers). Cumulative.
QByteArray encodeOtlp(const MetricsSnapshot &snapshot, const OtlpResource &resource,
                      MetricNames names);

} // namespace pilotlight
