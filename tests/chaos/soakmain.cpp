// SPDX-License-Identifier: MIT
// Hours under load: sessions come and go, prompts are answered, connections are renewed. Samples
// once a minute what the process holds, and compares the last quarter with the first.
//   soak-run [--minutes 60] [--sessions 20] [--warm-up 5] [--limit PERCENT]
// Exit code 0: nothing grew.
#include "chaos/rig.h"
#include "diag/diagnosticlog.h"
#include "support/homeprocesses.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QElapsedTimer>

#include <unistd.h>

#include <cstdio>
#include <numeric>

using namespace pilotlight;
using namespace pilotlight::chaos;
using namespace std::chrono_literals;

namespace {

constexpr auto SampleEvery = 60s;
constexpr int RenewEvery = 5; // minutes: a new connection, as after a broken network

struct Sample
{
    qint64 rss = 0; //!< KiB
    int fds = 0;
    int threads = 0;
    int timers = 0;
    int children = 0;
    qint64 serverRss = 0; //!< KiB, of all servers
};

qint64 residentOf(const QString &pid)
{
    QFile file(QStringLiteral("/proc/%1/statm").arg(pid));
    if (!file.open(QFile::ReadOnly))
        return 0;
    return file.readAll().split(' ').value(1).toLongLong() * sysconf(_SC_PAGESIZE) / 1024;
}

int entries(const char *folder)
{
    return static_cast<int>(QDir(QString::fromLatin1(folder))
                                .entryList(QDir::AllEntries | QDir::System | QDir::NoDotAndDotDot)
                                .size());
}

Sample take(Rig &rig)
{
    Sample sample;
    sample.rss = residentOf(QStringLiteral("self"));
    sample.fds = entries("/proc/self/fd");
    sample.threads = entries("/proc/self/task");
    sample.timers = rig.world().clock.liveTimers();
    for (const auto &host : rig.world().hosts) {
        for (const qint64 pid : processesIn(host->home)) {
            ++sample.children;
            sample.serverRss += residentOf(QString::number(pid));
        }
    }
    return sample;
}

template <typename Value>
double mean(const QList<Sample> &samples, Value Sample::*member)
{
    double sum = 0;
    for (const Sample &sample : samples)
        sum += static_cast<double>(sample.*member);
    return samples.isEmpty() ? 0 : sum / static_cast<double>(samples.size());
}

//! Prints one line; true where it did not grow by more than \a percent and \a slack.
template <typename Value>
bool compare(const char *name, const QList<Sample> &samples, Value Sample::*member, double percent,
             double slack)
{
    const qsizetype quarter = std::max<qsizetype>(samples.size() / 4, 1);
    const double first = mean(samples.first(quarter), member);
    const double last = mean(samples.last(quarter), member);
    const bool flat = last <= first * (1 + percent / 100) + slack;
    std::printf(
        "{\"soak\":\"%s\",\"first\":%.1f,\"last\":%.1f,\"growthPercent\":%.2f,\"flat\":%s}\n", name,
        first, last, first > 0 ? (last / first - 1) * 100 : 0, flat ? "true" : "false");
    return flat;
}

} // namespace

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    QCommandLineParser line;
    line.addHelpOption();
    line.addOptions(
        {{QStringLiteral("minutes"), {}, QStringLiteral("N"), QStringLiteral("60")},
         {QStringLiteral("warm-up"), {}, QStringLiteral("N"), QStringLiteral("5")},
         {QStringLiteral("sessions"), {}, QStringLiteral("N"), QStringLiteral("20")},
         {QStringLiteral("limit"), {}, QStringLiteral("PERCENT"), QStringLiteral("2")}});
    line.process(app);
    RigOptions options;
    options.servers = 2;
    options.sessions = line.value(QStringLiteral("sessions")).toInt();
    options.idleLimit = 30s;
    Rig rig(options);
    SystemClock clock;
    DiagnosticLog log(clock, nullptr, rig.folder().filePath(QStringLiteral("soak.log")));
    log.setStderrLevel(std::nullopt);
    if (!rig.start()) {
        std::printf("%s\n", qPrintable(rig.problem()));
        return 2;
    }
    rig.user().promptsPerSession = 12;
    QList<Sample> samples;
    QElapsedTimer time;
    time.start();
    const auto tick = [&rig] { rig.user().act(*rig.product()); };
    const int warmUp = line.value(QStringLiteral("warm-up")).toInt();
    const int minutes = line.value(QStringLiteral("minutes")).toInt();
    for (int minute = 1; minute <= warmUp + minutes; ++minute) {
        Rig::turn(SampleEvery, [] { return false; }, tick);
        if (minute % RenewEvery == 0) {
            for (Connection *const connection : rig.product()->connections().connections())
                connection->reconnect();
        }
        const Sample sample = take(rig);
        if (minute > warmUp)
            samples.append(sample);
        std::printf("%3d min: %lld KiB, %d fds, %d threads, %d timers, %d children (%lld KiB), %d "
                    "prompts\n",
                    minute, static_cast<long long>(sample.rss), sample.fds, sample.threads,
                    sample.timers, sample.children, static_cast<long long>(sample.serverRss),
                    rig.user().asked());
        std::fflush(stdout);
    }
    const double percent = line.value(QStringLiteral("limit")).toDouble();
    bool flat = compare("rssKiB", samples, &Sample::rss, percent, 0);
    flat = compare("fds", samples, &Sample::fds, 0, 1) && flat;
    flat = compare("threads", samples, &Sample::threads, 0, 0.5) && flat;
    // Of requests in flight and of turns that run: it goes up and down.
    flat = compare("timers", samples, &Sample::timers, 0, 10) && flat;
    flat = compare("children", samples, &Sample::children, 0, 0.5) && flat;
    compare("serverRssKiB", samples, &Sample::serverRss, 1000, 0); // theirs, for information
    const QStringList left = rig.shutDown();
    for (const QString &one : left)
        std::printf("WRONG %s\n", qPrintable(one));
    return flat && left.isEmpty() ? 0 : 1;
}
