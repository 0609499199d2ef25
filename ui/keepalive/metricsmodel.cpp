// SPDX-License-Identifier: MIT
#include "ui/keepalive/metricsmodel.h"

#include "ui/keepalive/keepalivetext.h"

#include <QLocale>
#include <QMap>

#include <algorithm>

namespace pilotlight {

namespace {

QString latencyText(double seconds)
{
    return KeepaliveText::latency(std::chrono::microseconds(qRound64(seconds * 1e6)));
}

} // namespace

MetricsModel::Row MetricsModel::rowOf(const MetricsSnapshot &snapshot, const QString &backend)
{
    Row row;
    row.backend = backend;
    row.texts[Backend] = backend;
    const QLocale locale;
    const auto count = [&](Column column, MetricCounter counter) {
        row.texts[column] = locale.toString(snapshot.total(backend, counter));
    };
    count(Attempts, MetricCounter::Attempt);
    count(Answered, MetricCounter::Success);
    count(Failed, MetricCounter::Failure);
    count(Cancelled, MetricCounter::Cancelled);
    count(Skipped, MetricCounter::Skipped);
    count(Touches, MetricCounter::Touch);
    count(Recovered, MetricCounter::Recovered);
    count(SwitchedOff, MetricCounter::AutoDisabled);

    QMap<QString, quint64> reasons;
    for (const MetricsSnapshot::Count &one : snapshot.counts) {
        if (one.counter == MetricCounter::Failure && one.attributes.backend == backend
            && one.attributes.reason)
            reasons[metricReasonName(*one.attributes.reason)] += one.value;
    }
    QStringList lines;
    for (auto it = reasons.cbegin(); it != reasons.cend(); ++it)
        lines << QStringLiteral("%1: %2").arg(it.key(), locale.toString(it.value()));
    row.failures = lines.join(u'\n');

    const LatencyHistogram latency = snapshot.latency(backend);
    if (latency.count > 0) {
        row.texts[Median] = latencyText(latency.quantile(0.5));
        row.texts[Slowest] = latencyText(latency.quantile(0.99));
    }
    const auto gauges =
        std::find_if(snapshot.gauges.begin(), snapshot.gauges.end(),
                     [&](const MetricsSnapshot::Gauges &all) { return all.backend == backend; });
    if (gauges == snapshot.gauges.end())
        return row;
    if (gauges->secondsSinceSuccess)
        row.texts[LastAnswer] = tr("%1 ago").arg(KeepaliveText::span(
            std::chrono::seconds(static_cast<qint64>(*gauges->secondsSinceSuccess))));
    if (gauges->breaker) {
        switch (*gauges->breaker) {
        case MetricBreaker::Closed:
            row.texts[Breaker] = tr("closed");
            break;
        case MetricBreaker::HalfOpen:
            row.texts[Breaker] = tr("half-open");
            break;
        case MetricBreaker::Open:
            row.texts[Breaker] = tr("open");
            break;
        }
    }
    if (gauges->sessions) {
        QStringList parts;
        const auto add = [&parts](int number, const QString &words) {
            if (number > 0)
                parts << words.arg(number);
        };
        add(gauges->sessions->safe, tr("%1 protected"));
        add(gauges->sessions->unverified, tr("%1 unverified"));
        add(gauges->sessions->atRisk, tr("%1 at risk"));
        add(gauges->sessions->dead, tr("%1 dead"));
        row.texts[Sessions] = parts.isEmpty() ? tr("none") : parts.join(QStringLiteral(", "));
    }
    return row;
}

void MetricsModel::setSnapshot(const MetricsSnapshot &snapshot)
{
    std::vector<Row> rows;
    for (const QString &backend : snapshot.backends())
        rows.push_back(rowOf(snapshot, backend));
    const bool sameBackends =
        std::equal(rows.begin(), rows.end(), m_rows.begin(), m_rows.end(),
                   [](const Row &a, const Row &b) { return a.backend == b.backend; });
    if (!sameBackends) {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
        return;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] == m_rows[i])
            continue;
        m_rows[i] = std::move(rows[i]);
        const int row = static_cast<int>(i);
        Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
    }
}

int MetricsModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int MetricsModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(ColumnCount);
}

QVariant MetricsModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Row &row = m_rows[static_cast<std::size_t>(index.row())];
    const QString &text = row.texts[static_cast<std::size_t>(index.column())];
    switch (role) {
    case Qt::DisplayRole:
        return text.isEmpty() ? QStringLiteral("–") : text;
    case Qt::ToolTipRole:
        return index.column() == Failed && !row.failures.isEmpty() ? QVariant(row.failures)
                                                                   : QVariant();
    case Qt::TextAlignmentRole:
        return static_cast<int>((index.column() == Backend || index.column() >= Breaker
                                     ? Qt::AlignLeading
                                     : Qt::AlignTrailing)
                                | Qt::AlignVCenter);
    case Qt::AccessibleTextRole:
        return tr("%1 of %2: %3")
            .arg(headerData(index.column(), Qt::Horizontal).toString(), row.backend,
                 text.isEmpty() ? tr("none") : text);
    default:
        return {};
    }
}

QVariant MetricsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    struct Words
    {
        QString title;
        QString explanation;
    };
    const auto words = [section]() -> Words {
        switch (static_cast<Column>(section)) {
        case Backend:
            return {tr("Server"), {}};
        case Attempts:
            return {tr("Sent"), tr("Pings, tool probes and touches of sessions that were sent")};
        case Answered:
            return {tr("Answered"), {}};
        case Failed:
            return {tr("Failed"), {}};
        case Cancelled:
            return {tr("Cancelled"),
                    tr("By Pilotlight itself: before sleep, or with its connection")};
        case Skipped:
            return {tr("Skipped"), tr("Another probe was still on its way")};
        case Touches:
            return {tr("Touches"), tr("Those of the probes that keep one session alive")};
        case Recovered:
            return {tr("Recovered"), tr("Answered again after a failure")};
        case SwitchedOff:
            return {tr("Switched off"),
                    tr("Probing ended by itself: not supported, sign-in needed, or paused after "
                       "failures")};
        case Median:
            return {tr("Median"), tr("Half of the answers came faster")};
        case Slowest:
            return {tr("99 %"), tr("99 of 100 answers came faster")};
        case LastAnswer:
            return {tr("Last answer"), {}};
        case Breaker:
            return {tr("Breaker"), tr("Open: paused after failures, probed again later")};
        case Sessions:
            return {tr("Sessions"), {}};
        case ColumnCount:
            break;
        }
        return {};
    }();
    if (role == Qt::DisplayRole)
        return words.title;
    if (role == Qt::ToolTipRole && !words.explanation.isEmpty())
        return words.explanation;
    return {};
}

} // namespace pilotlight
