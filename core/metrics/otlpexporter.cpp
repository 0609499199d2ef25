// SPDX-License-Identifier: MIT
#include "metrics/otlpexporter.h"

#include "base/logging.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QTimeZone>

#include <algorithm>

namespace pilotlight {

namespace {

//! OTLP/HTTP: these and no answer at all may pass; everything else will be refused again.
bool isRetryable(int status)
{
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

quint64 rejectedPoints(const QByteArray &body)
{
    const QJsonValue rejected = QJsonDocument::fromJson(body)
                                    .object()
                                    .value(QStringLiteral("partialSuccess"))
                                    .toObject()
                                    .value(QStringLiteral("rejectedDataPoints"));
    // A 64-bit integer: a string in protobuf's JSON, a number from sloppy writers.
    return rejected.isString() ? rejected.toString().toULongLong()
                               : static_cast<quint64>(std::max(0, rejected.toInt()));
}

QString uuidOf(Random &random)
{
    QByteArray hex = random.hex(16);
    hex[12] = '4'; // version and variant of a random UUID
    hex[16] = "89ab"[random.next() % 4];
    const QString all = QString::fromLatin1(hex);
    return QStringList{all.mid(0, 8), all.mid(8, 4), all.mid(12, 4), all.mid(16, 4), all.mid(20)}
        .join(u'-');
}

} // namespace

std::optional<Milliseconds> retryAfter(const QByteArray &header, const QDateTime &now)
{
    const QByteArray text = header.trimmed();
    bool ok = false;
    qint64 milliseconds = 0;
    if (const qint64 seconds = text.toLongLong(&ok); ok) {
        milliseconds = std::clamp<qint64>(seconds, -1, 86'400) * 1000;
    } else {
        // RFC 9110's preferred form; the obsolete two are older than OTLP.
        QDateTime at = QLocale::c().toDateTime(QString::fromLatin1(text),
                                               QStringLiteral("ddd, dd MMM yyyy HH:mm:ss 'GMT'"));
        if (!at.isValid())
            return std::nullopt;
        at.setTimeZone(QTimeZone::utc());
        milliseconds = now.msecsTo(at);
    }
    if (milliseconds < 0)
        return std::nullopt;
    return std::min(Milliseconds(milliseconds), OtlpExporter::LongestRetry);
}

OtlpExporter::OtlpExporter(const KeepaliveMetrics &metrics, std::unique_ptr<OtlpSender> sender,
                           Clock &clock, Random &random, QObject *parent)
    : QObject(parent)
    , m_metrics(metrics)
    , m_sender(std::move(sender))
    , m_clock(clock)
    , m_random(random)
    , m_instanceId(uuidOf(random))
{ }

OtlpExporter::~OtlpExporter()
{
    m_sender->cancel();
}

OtlpExporter::Stats OtlpExporter::stats() const
{
    Stats stats = m_stats;
    stats.queued = m_queue.size();
    return stats;
}

void OtlpExporter::setConfig(const OtlpConfig &config)
{
    if (config == m_config)
        return;
    m_sender->cancel();
    m_inFlight = false;
    m_deadline.cancel();
    m_retry.cancel();
    m_collect.cancel();
    m_retries = 0;
    m_stats.dropped += m_queue.size();
    m_stats.lastError.clear();
    m_queue.clear();
    m_config = config;
    if (m_config.isOn()) {
        qCInfo(lcMetrics).noquote()
            << QStringLiteral("Metrics are exported to %1 every %2 s")
                   .arg(m_config.url.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery))
                   .arg(static_cast<double>(m_config.interval.count()) / 1000);
        schedule();
    }
    Q_EMIT statsChanged();
}

void OtlpExporter::schedule()
{
    m_collect = m_clock.after(m_config.interval, [this] {
        schedule();
        collect();
    });
}

void OtlpExporter::collect()
{
    const MetricsSnapshot snapshot = m_metrics.snapshot();
    if (snapshot.counts.empty() && snapshot.gauges.empty())
        return; // nothing was probed yet
    if (m_queue.size() >= QueueLimit) {
        m_queue.erase(m_queue.begin() + (m_inFlight ? 1 : 0)); // not the one that is on its way
        ++m_stats.dropped;
    }
    m_queue.push_back(encodeOtlp(snapshot,
                                 {m_config.serviceName, m_instanceId, m_config.resourceAttributes},
                                 m_config.names));
    sendNext();
    Q_EMIT statsChanged();
}

void OtlpExporter::sendNext()
{
    if (m_inFlight || m_queue.empty() || m_retry.isActive())
        return;
    m_inFlight = true;
    // Ours and not the network's, so that one clock rules all.
    m_deadline = m_clock.after(m_config.timeout, [this] {
        m_sender->cancel();
        OtlpAnswer none;
        none.error = QStringLiteral("no answer in time");
        answered(none);
    });
    m_sender->post(m_config, m_queue.front(),
                   [this](const OtlpAnswer &answer) { answered(answer); });
}

void OtlpExporter::answered(const OtlpAnswer &answer)
{
    m_inFlight = false;
    m_deadline.cancel();
    if (answer.status >= 200 && answer.status < 300) {
        ++m_stats.exported;
        m_retries = 0;
        m_queue.pop_front();
        if (const quint64 rejected = rejectedPoints(answer.body)) {
            m_stats.rejectedPoints += rejected;
            report(QStringLiteral("%1 data points were rejected").arg(rejected));
        } else {
            report({});
        }
        sendNext();
    } else {
        ++m_stats.failed;
        const QString why =
            answer.status == 0 ? answer.error : QStringLiteral("HTTP %1").arg(answer.status);
        report(why);
        if (isRetryable(answer.status)) {
            retryLater(answer);
        } else {
            m_retries = 0;
            m_queue.pop_front();
            ++m_stats.dropped;
            // What waits would be refused just so; the next snapshot is soon enough.
            m_stats.dropped += m_queue.size();
            m_queue.clear();
        }
    }
    Q_EMIT statsChanged();
}

void OtlpExporter::retryLater(const OtlpAnswer &answer)
{
    const Milliseconds longest =
        std::min(LongestRetry, FirstRetry * (1 << std::min(m_retries, 10)));
    ++m_retries;
    Milliseconds delay = m_random.between(longest / 2, longest);
    if (answer.retryAfter) {
        if (const auto asked = retryAfter(*answer.retryAfter, m_clock.wallNow()))
            delay = std::max(delay, *asked);
    }
    m_retry = m_clock.after(delay, [this] {
        m_retry.cancel();
        sendNext();
    });
}

void OtlpExporter::report(const QString &error)
{
    // Once a change: a collector that is away for a day is one line.
    if (error.isEmpty() && !m_stats.lastError.isEmpty())
        qCInfo(lcMetrics).noquote() << "The metrics collector takes metrics again";
    else if (!error.isEmpty() && error != m_stats.lastError)
        qCWarning(lcMetrics).noquote() << "Metrics were not exported:" << error;
    m_stats.lastError = error;
}

} // namespace pilotlight
