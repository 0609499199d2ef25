// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/secret.h"
#include "metrics/otlpjson.h"

#include <QHash>
#include <QList>
#include <QString>
#include <QStringList>
#include <QUrl>

#include <optional>
#include <utility>

namespace pilotlight {

//! Where and how metrics are exported.
struct OtlpConfig
{
    QUrl url; //!< the whole address; invalid: nothing is exported
    QList<std::pair<QByteArray, Secret>> headers; //!< may carry credentials
    Milliseconds timeout{10'000}; //!< of one request; the OTLP specification's default
    Milliseconds interval{60'000}; //!< between two exports; the OpenTelemetry SDKs' default
    QString serviceName = QStringLiteral("pilotlight");
    QList<std::pair<QString, QString>> resourceAttributes;
    MetricNames names = MetricNames::Pilotlight;

    bool isOn() const { return url.isValid(); }
    bool operator==(const OtlpConfig &) const = default;
};

//! What the user set in the application.
struct MetricsSettings
{
    QString endpoint; //!< base URL, as OTEL_EXPORTER_OTLP_ENDPOINT; empty: off
    bool toolHiveNames = false;

    bool operator==(const MetricsSettings &) const = default;
};

//! The configuration that follows from \a settings and from the standard variables OTEL_* in
//! \a environment (names to values; empty counts as unset), which win. What cannot be used is named
//! in \a warnings, one line for the log each; values of headers never are.
OtlpConfig otlpConfig(const MetricsSettings &settings, const QHash<QString, QString> &environment,
                      QStringList *warnings = nullptr);

//! The variables OTEL_* of this process.
QHash<QString, QString> otelEnvironment();

} // namespace pilotlight
