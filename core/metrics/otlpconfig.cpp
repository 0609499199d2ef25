// SPDX-License-Identifier: MIT
#include "metrics/otlpconfig.h"

#include <QProcessEnvironment>

namespace pilotlight {

namespace {

const QString MetricsPath = QStringLiteral("v1/metrics");
constexpr Milliseconds LeastInterval{1'000}; //!< shorter would be a mistake, not a wish

//! Reads variables and notes what makes no sense.
class Variables
{
public:
    Variables(const QHash<QString, QString> &values, QStringList *warnings)
        : m_values(values)
        , m_warnings(warnings)
    { }

    //! The first of \a names that is set and not empty.
    QString first(const QStringList &names) const
    {
        for (const QString &name : names) {
            if (const QString value = m_values.value(name).trimmed(); !value.isEmpty())
                return value;
        }
        return {};
    }
    bool isTrue(const QString &name) const
    {
        return first({name}).compare(QStringLiteral("true"), Qt::CaseInsensitive) == 0;
    }
    void readMilliseconds(const QStringList &names, Milliseconds least, Milliseconds &into)
    {
        const QString text = first(names);
        if (text.isEmpty())
            return;
        bool ok = false;
        const qint64 value = text.toLongLong(&ok);
        if (ok && value >= least.count() && value <= Milliseconds(std::chrono::hours(24)).count())
            into = Milliseconds(value);
        else
            warn(QStringLiteral("%1: not a usable number of milliseconds: %2")
                     .arg(names.join(u'/'), text));
    }
    //! "key=value,key2=value2", percent-encoded.
    QList<std::pair<QString, QString>> pairs(const QString &name)
    {
        QList<std::pair<QString, QString>> all;
        for (const QString &entry : first({name}).split(u',', Qt::SkipEmptyParts)) {
            const qsizetype at = entry.indexOf(u'=');
            const QString key = decoded(entry.left(at));
            if (at < 0 || key.isEmpty())
                warn(name + QStringLiteral(": an entry is not key=value"));
            else
                all.append({key, decoded(entry.mid(at + 1))});
        }
        return all;
    }
    void warn(const QString &text)
    {
        if (m_warnings)
            m_warnings->append(text);
    }

private:
    static QString decoded(const QString &text)
    {
        return QUrl::fromPercentEncoding(text.trimmed().toUtf8());
    }

    const QHash<QString, QString> &m_values;
    QStringList *m_warnings;
};

QUrl usable(const QString &text, Variables &variables)
{
    const QUrl url(text, QUrl::StrictMode);
    if (url.isValid() && !url.host().isEmpty()
        && (url.scheme() == QStringLiteral("http") || url.scheme() == QStringLiteral("https")))
        return url;
    variables.warn(QStringLiteral("the OTLP endpoint is not an http(s) URL, nothing is exported"));
    return {};
}

QUrl withMetricsPath(QUrl base)
{
    if (!base.isValid())
        return base;
    QString path = base.path();
    if (!path.endsWith(u'/'))
        path += u'/';
    base.setPath(path + MetricsPath);
    return base;
}

QUrl endpoint(const MetricsSettings &settings, Variables &variables)
{
    // The one for metrics is used as it stands, the general one is a base.
    if (const QString text =
            variables.first({QStringLiteral("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")});
        !text.isEmpty()) {
        QUrl url = usable(text, variables);
        if (url.isValid() && url.path().isEmpty())
            url.setPath(QStringLiteral("/"));
        return url;
    }
    QString text = variables.first({QStringLiteral("OTEL_EXPORTER_OTLP_ENDPOINT")});
    if (text.isEmpty())
        text = settings.endpoint.trimmed();
    return text.isEmpty() ? QUrl() : withMetricsPath(usable(text, variables));
}

bool isSwitchedOff(Variables &variables)
{
    if (variables.isTrue(QStringLiteral("OTEL_SDK_DISABLED")))
        return true;
    const QString exporter = variables.first({QStringLiteral("OTEL_METRICS_EXPORTER")});
    if (exporter.isEmpty())
        return false;
    bool otlp = false;
    for (const QString &name : exporter.split(u',')) {
        if (name.trimmed() == QStringLiteral("otlp"))
            otlp = true;
        else if (name.trimmed() != QStringLiteral("none"))
            variables.warn(QStringLiteral("OTEL_METRICS_EXPORTER: %1 is not supported, only otlp")
                               .arg(name.trimmed()));
    }
    return !otlp;
}

void setHeader(OtlpConfig &config, const QByteArray &name, const QString &value)
{
    Secret secret(value.toUtf8());
    registerSecret(secret);
    for (auto &[known, before] : config.headers) {
        if (known.compare(name, Qt::CaseInsensitive) == 0) {
            before = secret;
            return;
        }
    }
    config.headers.append({name, secret});
}

void readHeaders(OtlpConfig &config, Variables &variables)
{
    // Those for metrics are added to the general ones and win over them.
    for (const QString &variable : {QStringLiteral("OTEL_EXPORTER_OTLP_HEADERS"),
                                    QStringLiteral("OTEL_EXPORTER_OTLP_METRICS_HEADERS")}) {
        for (const auto &[key, value] : variables.pairs(variable)) {
            // A line break would begin another header.
            if (key.contains(u'\n') || key.contains(u'\r') || value.contains(u'\n')
                || value.contains(u'\r'))
                variables.warn(variable + QStringLiteral(": an entry has a line break"));
            else
                setHeader(config, key.toLatin1(), value);
        }
    }
}

void readResource(OtlpConfig &config, Variables &variables)
{
    for (const auto &[key, value] : variables.pairs(QStringLiteral("OTEL_RESOURCE_ATTRIBUTES"))) {
        if (key == QStringLiteral("service.name"))
            config.serviceName = value;
        else
            config.resourceAttributes.append({key, value});
    }
    if (const QString name = variables.first({QStringLiteral("OTEL_SERVICE_NAME")});
        !name.isEmpty())
        config.serviceName = name;
}

void warnOfTheUnsupported(Variables &variables)
{
    const QString protocol = variables.first({QStringLiteral("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"),
                                              QStringLiteral("OTEL_EXPORTER_OTLP_PROTOCOL")});
    if (!protocol.isEmpty() && protocol != QStringLiteral("http/json"))
        variables.warn(QStringLiteral("OTLP protocol %1 is not supported: http/json is sent, which "
                                      "collectors take on the same address as http/protobuf")
                           .arg(protocol));
    const QString compression =
        variables.first({QStringLiteral("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION"),
                         QStringLiteral("OTEL_EXPORTER_OTLP_COMPRESSION")});
    if (!compression.isEmpty() && compression != QStringLiteral("none"))
        variables.warn(QStringLiteral("OTLP compression %1 is not supported: nothing is compressed")
                           .arg(compression));
    const QString temporality =
        variables.first({QStringLiteral("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")});
    if (!temporality.isEmpty()
        && temporality.compare(QStringLiteral("cumulative"), Qt::CaseInsensitive) != 0)
        variables.warn(QStringLiteral("OTLP temporality %1 is not supported: cumulative is sent")
                           .arg(temporality));
}

} // namespace

OtlpConfig otlpConfig(const MetricsSettings &settings, const QHash<QString, QString> &environment,
                      QStringList *warnings)
{
    Variables variables(environment, warnings);
    OtlpConfig config;
    config.names = settings.toolHiveNames ? MetricNames::ToolHive : MetricNames::Pilotlight;
    if (isSwitchedOff(variables))
        return config;
    config.url = endpoint(settings, variables);
    if (!config.isOn())
        return config; // nothing else matters, so nothing else is complained about
    readHeaders(config, variables);
    readResource(config, variables);
    variables.readMilliseconds({QStringLiteral("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"),
                                QStringLiteral("OTEL_EXPORTER_OTLP_TIMEOUT")},
                               Milliseconds(1), config.timeout);
    variables.readMilliseconds({QStringLiteral("OTEL_METRIC_EXPORT_INTERVAL")}, LeastInterval,
                               config.interval);
    warnOfTheUnsupported(variables);
    return config;
}

QHash<QString, QString> otelEnvironment()
{
    QHash<QString, QString> found;
    const QProcessEnvironment all = QProcessEnvironment::systemEnvironment();
    for (const QString &name : all.keys()) {
        if (name.startsWith(QStringLiteral("OTEL_")))
            found.insert(name, all.value(name));
    }
    return found;
}

} // namespace pilotlight
