// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QDateTime>
#include <QString>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace pilotlight {

// What a metric may be attributed with, and nothing else: a backend and these words. A session id,
// a prompt, a path, a URL or a user cannot be expressed (keepalive.md 28).

//! How was probed. Tools have one word for all: their names are the user's.
enum class MetricMethod
{
    Ping, //!< whatever the server answers most cheaply
    Tool,
    Resume, //!< touches: session.resume
    Log, //!< and session.log
    Check //!< whether a session is there, which keeps nothing alive
};
enum class MetricTrigger
{
    Timer,
    Wake,
    Manual,
    Presend
};
//! Why a probe failed, or why probing ended by itself.
enum class MetricReason
{
    Timeout,
    Transport,
    RpcError,
    Unsupported,
    Auth,
    Protocol,
    Breaker //!< auto_disabled only: the breaker opened
};
enum class MetricBreaker
{
    Closed,
    HalfOpen,
    Open
};
enum class MetricCounter
{
    Attempt,
    Success,
    Failure,
    Skipped,
    Cancelled,
    AutoDisabled,
    Recovered,
    Touch
};

QString metricMethodName(MetricMethod method); //!< "ping"
QString metricTriggerName(MetricTrigger trigger); //!< "timer"
QString metricReasonName(MetricReason reason); //!< "rpc_error"
QString metricCounterName(MetricCounter counter); //!< "auto_disabled"

//! What tells the series of one metric apart.
struct MetricAttributes
{
    QString backend;
    std::optional<MetricMethod> method;
    std::optional<MetricTrigger> trigger;
    std::optional<MetricReason> reason;

    friend bool operator<(const MetricAttributes &a, const MetricAttributes &b);
    bool operator==(const MetricAttributes &) const = default;
};

//! Latencies of answered probes.
struct LatencyHistogram
{
    //! Upper bounds in seconds, inclusive, 1-2.5-5 a decade: a ping on this machine takes 1 ms and
    //! a touch 12 to 30 ms (measured on 1.0.102), a remote one some 100 ms, and a probe has 10 s.
    //! What took longer (a longer timeout was set) is in the last, open bucket.
    static constexpr std::array<double, 13> Bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                   0.25,  0.5,    1,     2.5,  5,     10};

    std::array<quint64, Bounds.size() + 1> buckets{};
    quint64 count = 0;
    double sum = 0; //!< seconds
    double min = 0; //!< seconds; of count > 0
    double max = 0;

    void record(double seconds);
    LatencyHistogram &operator+=(const LatencyHistogram &other);
    //! Estimated by interpolation inside the bucket, in seconds; 0 where nothing was recorded.
    double quantile(double q) const;
};

//! The sessions of one backend by how safe they are (keepalive.md 20). Offline and parked ones are
//! in none: nothing of them can die.
struct SessionCounts
{
    int safe = 0; //!< "protected"
    int unverified = 0;
    int atRisk = 0; //!< the last touch failed
    int dead = 0;

    bool operator==(const SessionCounts &) const = default;
};

//! All metrics at one moment. Counters and histograms count from start on (cumulative).
struct MetricsSnapshot
{
    struct Count
    {
        MetricCounter counter;
        MetricAttributes attributes;
        quint64 value = 0;
    };
    struct Latency
    {
        MetricAttributes attributes; //!< backend and method
        LatencyHistogram histogram;
    };
    struct Gauges
    {
        QString backend;
        std::optional<MetricBreaker> breaker;
        std::optional<double> secondsSinceSuccess; //!< sleep of the machine included
        std::optional<SessionCounts> sessions;
    };
    QDateTime start; //!< UTC
    QDateTime time; //!< UTC, never before start
    std::vector<Count> counts;
    std::vector<Latency> latencies;
    std::vector<Gauges> gauges; //!< of the backends that are there now

    //! Sum over all series of \a backend.
    quint64 total(const QString &backend, MetricCounter counter) const;
    LatencyHistogram latency(const QString &backend) const; //!< over all methods
    QStringList backends() const; //!< all that have anything, in the order of their names
};

//! Counts what the keepalive does. attempt = success + failure + cancelled once nothing is in
//! flight (keepalive.md 13); every method that is a touch also counts as touch. Method none sends
//! nothing and must count nothing (keepalive.md 4): whoever sends, counts.
class KeepaliveMetrics
{
public:
    //! Backends that are told apart; later ones are counted together as "other" (keepalive.md 28).
    static constexpr int MaxBackends = 64;

    explicit KeepaliveMetrics(Clock &clock);

    // \a backend is the id of a connection. One that does not look like an id (letters, digits,
    // '-',
    // '_', '.', at most 64) could be a URL or a path and is counted as "other". "other" has no
    // gauges: a state of several backends says nothing.
    void attempt(const QString &backend, MetricMethod method, MetricTrigger trigger);
    void success(const QString &backend, MetricMethod method, MetricTrigger trigger,
                 std::chrono::microseconds latency);
    void failure(const QString &backend, MetricMethod method, MetricTrigger trigger,
                 MetricReason reason);
    void skipped(const QString &backend, MetricMethod method, MetricTrigger trigger);
    void cancelled(const QString &backend, MetricMethod method, MetricTrigger trigger);
    //! Probing with \a method ended by itself.
    void autoDisabled(const QString &backend, MetricMethod method, MetricReason reason);
    //! A backend that had failed answered again.
    void recovered(const QString &backend, MetricMethod method);
    void setBreaker(const QString &backend, MetricBreaker state);
    void setSessions(const QString &backend, const SessionCounts &sessions);
    //! The backend was removed: its gauges go, what was counted stays.
    void forget(const QString &backend);

    MetricsSnapshot snapshot() const;

private:
    struct State
    {
        std::optional<MetricBreaker> breaker;
        std::optional<Nanoseconds> lastSuccess; //!< Clock::bootNow()
        std::optional<SessionCounts> sessions;
    };
    QString known(const QString &backend);
    void count(MetricCounter counter, const MetricAttributes &attributes);

    Clock &m_clock;
    QDateTime m_start;
    std::map<QString, State> m_backends;
    std::map<std::pair<MetricCounter, MetricAttributes>, quint64> m_counts;
    std::map<MetricAttributes, LatencyHistogram> m_latencies;
};

} // namespace pilotlight
