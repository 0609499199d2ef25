// SPDX-License-Identifier: MIT
// 50 sessions under load on servers of their own, while servers, sockets, the product and the clock
// suffer. See docs/recovery.md. Exit code 0: every promise was kept.
#include "chaos/faults.h"
#include "chaos/rig.h"
#include "chaos/verdict.h"
#include "diag/diagnosticlog.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QElapsedTimer>

#include <cstdio>

using namespace pilotlight;
using namespace pilotlight::chaos;
using namespace std::chrono_literals;

namespace {

// All that the product waits for takes half of its time. Not less: a second after its echo it takes
// a prompt to be on the server's disk, which a server does every 100 ms, whatever our clock, and
// later on a busy machine.
constexpr int TimeScale = 2;
constexpr int WrongShown = 60;
constexpr std::chrono::seconds IdleLimitOfServers{12};

void say(const QString &text)
{
    std::fprintf(stdout, "%s\n", qPrintable(text));
    std::fflush(stdout);
}

//! Everything about one run.
class Run
{
public:
    Run(const QCommandLineParser &line, quint64 seed);
    bool start() { return m_rig.start(); }
    QString problem() const { return m_rig.problem(); }
    //! True where every promise was kept.
    bool go();

private:
    void tick();
    void report(const Verdict &verdict, std::chrono::seconds suffered, Milliseconds settled);

    const QCommandLineParser &m_line;
    const bool m_real;
    const int m_faultsWanted;
    const int m_sessions;
    const quint64 m_seed;
    Rig m_rig;
    std::unique_ptr<Faults> m_faults;
    QElapsedTimer m_time;
    QStringList m_wrong;
    QSet<QString> m_twice; //!< told already
    int m_ticks = 0;
};

RigOptions rigOptions(const QCommandLineParser &line, quint64 seed)
{
    RigOptions options;
    options.real = line.isSet(QStringLiteral("real"));
    options.servers = line.value(QStringLiteral("servers")).toInt();
    options.sessions = line.value(QStringLiteral("sessions")).toInt();
    options.timeScale = TimeScale;
    options.seed = seed;
    options.idleLimit = options.real ? 0s : IdleLimitOfServers;
    return options;
}

Run::Run(const QCommandLineParser &line, quint64 seed)
    : m_line(line)
    , m_real(line.isSet(QStringLiteral("real")))
    , m_faultsWanted(line.value(QStringLiteral("faults")).toInt())
    , m_sessions(line.value(QStringLiteral("sessions")).toInt())
    , m_seed(seed)
    , m_rig(rigOptions(line, seed))
{ }

void Run::tick()
{
    m_rig.user().act(*m_rig.product());
    m_faults->act();
    if (++m_ticks % 25 != 0)
        return;
    const QStringList twice = shownTwice(*m_rig.product());
    for (const QString &one : twice) {
        if (!m_twice.contains(one))
            m_wrong << QStringLiteral("shown twice after %1 ms: %2").arg(m_time.elapsed()).arg(one);
        m_twice.insert(one);
    }
    if (m_ticks % 750 == 0)
        say(QStringLiteral("%1 s: %2 faults, %3 prompts")
                .arg(m_time.elapsed() / 1000)
                .arg(m_faults->count())
                .arg(m_rig.user().asked()));
}

bool Run::go()
{
    m_faults = std::make_unique<Faults>(m_rig.world(), m_rig.product(), m_real);
    const auto ticks = [this] { tick(); };
    m_time.start();
    Rig::turn(
        std::chrono::seconds(m_line.value(QStringLiteral("limit")).toInt()),
        [this] { return m_faults->count() >= m_faultsWanted; }, ticks);
    const std::chrono::seconds suffered(m_time.elapsed() / 1000);
    m_faults->stop();
    m_rig.user().stopAsking();
    say(QStringLiteral("%1 faults in %2 s; now quiet")
            .arg(m_faults->count())
            .arg(suffered.count()));
    const qint64 since = m_time.elapsed();
    const auto unsettled = [this] { return User::unsettled(*m_rig.product()); };
    Rig::turn(m_real ? 120s : 60s, [&unsettled] { return unsettled().isEmpty(); }, ticks);
    const Milliseconds settled(m_time.elapsed() - since);
    for (const QString &stuck : unsettled())
        m_wrong << QStringLiteral("not settled: ") + stuck;

    // One that was parked and that nobody has looked at since a start of the product is shown when
    // somebody does.
    for (const auto &session : m_rig.product()->sessions().sessions())
        m_rig.product()->sessions().setVisible(session->id());
    Rig::turn(m_real ? 60s : 30s, [&unsettled] { return unsettled().isEmpty(); }, ticks);

    QHash<QString, Shown> shown;
    QHash<QString, QString> hostOf;
    for (const auto &session : m_rig.product()->sessions().sessions()) {
        shown.insert(session->id(), shownOf(session->transcript()));
        hostOf.insert(session->id(), session->backendId());
    }
    if (shown.size() != m_sessions)
        m_wrong << QStringLiteral("%1 sessions are there").arg(shown.size());
    m_wrong += m_rig.shutDown();
    const Verdict verdict = judge(m_rig.world(), m_rig.user().given(), shown, hostOf);
    m_wrong += verdict.faults;
    report(verdict, suffered, settled);
    return m_wrong.isEmpty() && m_faults->count() >= m_faultsWanted;
}

void Run::report(const Verdict &verdict, std::chrono::seconds suffered, Milliseconds settled)
{
    const auto &counts = m_faults->counts();
    for (auto it = counts.cbegin(); it != counts.cend(); ++it)
        say(QStringLiteral("  %1 x %2").arg(it.value(), 4).arg(it.key()));
    const User::Clicks &clicks = m_rig.user().clicks();
    say(QStringLiteral("%1 prompts: %2 answered, %3 interrupted and shown as such; %4 cards "
                       "answered; clicks: %5 retry, %6 reconnect, %7 restart, %8 send now, %9 send "
                       "again")
            .arg(verdict.prompts)
            .arg(verdict.answered)
            .arg(verdict.interrupted)
            .arg(m_rig.user().answers())
            .arg(clicks.retries)
            .arg(clicks.reconnects)
            .arg(clicks.restarts)
            .arg(clicks.sendNow)
            .arg(clicks.sendAgain));
    say(QStringLiteral("settled %1 ms after the last fault").arg(settled.count()));
    for (const QString &one : m_wrong.mid(0, WrongShown))
        say(QStringLiteral("WRONG ") + one);
    say(QStringLiteral("{\"chaos\":\"%1\",\"seed\":%2,\"sessions\":%3,\"faults\":%4,\"seconds\":%5,"
                       "\"prompts\":%6,\"answered\":%7,\"interrupted\":%8,\"settledMs\":%9,"
                       "\"wrong\":%10}")
            .arg(m_real ? QStringLiteral("real") : QStringLiteral("demo"))
            .arg(m_seed)
            .arg(m_sessions)
            .arg(m_faults->count())
            .arg(suffered.count())
            .arg(verdict.prompts)
            .arg(verdict.answered)
            .arg(verdict.interrupted)
            .arg(settled.count())
            .arg(m_wrong.size()));
}

} // namespace

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    QCommandLineParser line;
    line.addHelpOption();
    line.addOptions(
        {{QStringLiteral("faults"), {}, QStringLiteral("N"), QStringLiteral("1000")},
         {QStringLiteral("sessions"), {}, QStringLiteral("N"), QStringLiteral("50")},
         {QStringLiteral("servers"), {}, QStringLiteral("N"), QStringLiteral("5")},
         {QStringLiteral("limit"), {}, QStringLiteral("SECONDS"), QStringLiteral("840")},
         {QStringLiteral("seed"), {}, QStringLiteral("N"), QStringLiteral("1")},
         {QStringLiteral("log"), {}, QStringLiteral("FILE")},
         {QStringLiteral("real"), {}}});
    line.process(app);
    const QString wished = line.value(QStringLiteral("seed"));
    SystemRandom chance;
    const quint64 seed =
        wished == QStringLiteral("random") ? chance.next() % 1'000'000'000 : wished.toULongLong();
    if (line.isSet(QStringLiteral("real"))) {
        const QString reason = RealServer::skipReason(RealServer::Version::Newest);
        if (!reason.isEmpty()) {
            say(QStringLiteral("SKIP ") + reason);
            return 77;
        }
    }
    SystemClock clock;
    DiagnosticLog log(clock, nullptr, line.value(QStringLiteral("log")));
    log.setStderrLevel(std::nullopt);
    say(QStringLiteral("seed %1").arg(seed));
    Run run(line, seed);
    if (!run.start()) {
        say(run.problem());
        return 2;
    }
    return run.go() ? 0 : 1;
}
