// SPDX-License-Identifier: MIT
// kill -9 of the server with 1, 10 and 50 sessions, until all of them are usable again: the product
// against a bare script that starts the same server and resumes the same sessions, in turn, in one
// run. Also how soon a crash and a freeze are noticed. Prints medians, one JSON object a line.
//   bench_recovery --server CLI --bare recover_bare.mjs [--model stub_model.mjs] [--runs N]
// Without --model the server is taken for our demo server.
#include "agent/copilotbackend.h"
#include "base/random.h"
#include "base/systemclock.h"
#include "connection/connectionmanager.h"
#include "drill/freeze.h"
#include "server/localserver.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "support/serverprocess.h"
#include "transport/tcptransport.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>
#include <QTemporaryDir>

#include <algorithm>
#include <cstdio>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

constexpr Milliseconds Patience{180'000};

//! What all runs share.
struct Place
{
    QTemporaryDir folder;
    QString server;
    QStringList arguments; //!< of the server, beyond ours
    ProviderConfig provider;
    SystemClock clock;
    SystemRandom random;

    QString home() const { return folder.filePath(u"home"_s); }
    QString work() const { return folder.filePath(u"work"_s); }
    QProcessEnvironment environment() const
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"HOME"_s, home());
        return environment;
    }
    SessionConfig session(int number) const
    {
        SessionConfig config;
        config.id = u"bec00000-0000-4000-8000-%1"_s.arg(number, 12, 10, QLatin1Char('0'));
        config.workingDirectory = work();
        config.model = u"stub-model"_s;
        config.provider = provider;
        return config;
    }
};

template <typename Condition>
bool waitUntil(SystemClock &clock, Condition &&condition)
{
    QElapsedTimer timer;
    timer.start();
    while (!condition()) {
        if (Milliseconds(timer.elapsed()) > Patience)
            return false;
        QEventLoop loop;
        const TimerHandle next = clock.after(2ms, [&loop] { loop.quit(); });
        loop.exec();
    }
    return true;
}

void pauseFor(SystemClock &clock, Milliseconds span)
{
    QEventLoop loop;
    const TimerHandle next = clock.after(span, [&loop] { loop.quit(); });
    loop.exec();
}

//! The product's core with one local server and \a count sessions.
class Product
{
public:
    Product(Place &place, int count)
        : m_place(place)
        , m_sessions(nullptr, place.clock, place.random)
    {
        ConnectionParts parts;
        parts.makeServerHost = [this](const ConnectionConfig &) -> std::unique_ptr<ServerHost> {
            LocalServerOptions options;
            options.program = m_place.server;
            options.extraArguments = m_place.arguments;
            options.environment = m_place.environment();
            options.workingDirectory = m_place.work();
            return std::make_unique<LocalServer>(AppPaths::below(m_place.folder.filePath(u"own"_s)),
                                                 options, m_place.clock, m_place.random);
        };
        parts.makeTransport =
            [this](const ConnectionConfig &, ConnectionMode,
                   const ServerEndpoint *endpoint) -> Result<std::unique_ptr<Transport>> {
            if (!endpoint)
                return failure(ErrorCode::ServerStartFailed);
            m_pid = endpoint->pid;
            return std::make_unique<TcpTransport>(endpoint->host, endpoint->port);
        };
        parts.makeBackend = [](const ConnectionConfig &, Peer &peer,
                               Clock &clock) -> std::unique_ptr<Backend> {
            return std::make_unique<CopilotBackend>(peer, clock);
        };
        m_connections =
            std::make_unique<ConnectionManager>(std::move(parts), place.clock, place.random);
        QObject::connect(m_connections.get(), &ConnectionManager::backendAboutToGo, &m_sessions,
                         [this](const QString &id) { m_sessions.setBackend(id, nullptr); });
        QObject::connect(m_connections.get(), &ConnectionManager::phaseChanged, &m_sessions,
                         [this](const QString &id, Phase phase) {
                             if (phase == Phase::Online)
                                 m_sessions.setBackend(id, m_connections->find(id)->agentBackend(),
                                                       0);
                             else if (m_watching && m_noticed < 0)
                                 m_noticed = m_timer.nsecsElapsed();
                         });
        QObject::connect(
            m_connections.get(), &ConnectionManager::statusChanged, &m_sessions,
            [this](const QString &id) {
                const auto state = m_connections->find(id)->status().keepalive.state;
                if (m_watching && m_noticed < 0
                    && (state == KeepaliveState::Degraded || state == KeepaliveState::Unresponsive))
                    m_noticed = m_timer.nsecsElapsed();
            });
        for (int i = 0; i < count; ++i) {
            StoredSession stored;
            stored.config = m_place.session(i);
            stored.durable = true; // prepare() gave each a history
            m_sessions.restore(stored);
        }
        ConnectionConfig config;
        config.mode = ConnectionMode::Local;
        config.cliPath = place.server;
        config.keepalive.interval = MinimumProbeInterval;
        config.keepalive.timeout = 2s;
        m_connections->add(config);
        m_lease = m_connections->acquire(config.id, u"bench"_s);
    }
    ~Product()
    {
        Connection *const connection = m_connections->connections().first();
        connection->dispose(true);
        waitUntil(m_place.clock,
                  [connection] { return connection->status().phase == Phase::Disposed; });
    }

    bool attached() const
    {
        const auto &all = m_sessions.sessions();
        return std::all_of(all.begin(), all.end(), [](const auto &session) {
            return session->state() == Session::State::Attached;
        });
    }
    bool isReady()
    {
        return waitUntil(m_place.clock, [this] { return attached(); });
    }
    SessionManager &sessions() { return m_sessions; }

    struct Times
    {
        double noticed = -1; //!< ms
        double usable = -1;
    };
    Times suffer(bool freeze)
    {
        m_watching = true;
        m_noticed = -1;
        const qint64 victim = m_pid;
        QObject guard;
        qint64 usable = -1;
        QObject::connect(&m_sessions, &SessionManager::sessionChanged, &guard, [&] {
            if (m_noticed >= 0 && usable < 0 && attached())
                usable = m_timer.nsecsElapsed();
        });
        m_timer.start();
        if (freeze)
            freezeProcess(victim);
        else
            signalGroup(identifyProcess(victim), GroupSignal::Kill);
        waitUntil(m_place.clock, [&] { return usable >= 0; });
        m_watching = false;
        if (freeze)
            thawProcess(victim);
        return {static_cast<double>(m_noticed) / 1e6, static_cast<double>(usable) / 1e6};
    }

private:
    Place &m_place;
    SessionManager m_sessions;
    std::unique_ptr<ConnectionManager> m_connections;
    ConnectionLease m_lease;
    qint64 m_pid = 0;
    bool m_watching = false;
    QElapsedTimer m_timer;
    qint64 m_noticed = -1; //!< ns
};

//! Gives each session a history of one turn.
bool prepare(Place &place, int from, int count)
{
    Product product(place, 0);
    for (int i = from; i < count; ++i) {
        Session *const session = product.sessions().create(place.session(i));
        product.sessions().send(session->id(), {u"[say hello]"_s, Delivery::Enqueue, {}, {}});
    }
    const bool done = waitUntil(place.clock, [&] {
        const auto &all = product.sessions().sessions();
        return std::all_of(all.begin(), all.end(), [](const auto &session) {
            return session->transcript().items().size() >= 2
                && session->activity() == Activity::Idle;
        });
    });
    pauseFor(place.clock, 1s);
    return done;
}

bool writeSessions(const Place &place, int count, const QString &path)
{
    QJsonArray all;
    for (int i = 0; i < count; ++i) {
        const SessionConfig config = place.session(i);
        QJsonObject params{
            {u"sessionId"_s, config.id},   {u"model"_s, config.model},
            {u"streaming"_s, true},        {u"requestPermission"_s, true},
            {u"requestUserInput"_s, true}, {u"workingDirectory"_s, config.workingDirectory}};
        params.insert(
            u"provider"_s,
            QJsonObject{{u"type"_s, config.provider->type},
                        {u"wireApi"_s, config.provider->wireApi},
                        {u"baseUrl"_s, config.provider->baseUrl},
                        {u"apiKey"_s, QString::fromUtf8(config.provider->apiKey.reveal())}});
        all.append(params);
    }
    QFile file(path);
    return file.open(QFile::WriteOnly) && file.write(QJsonDocument(all).toJson()) > 0;
}

//! Milliseconds from the start of the server to the last session; negative where it failed.
double bare(const Place &place, const QString &script, const QString &sessions)
{
    QProcess process;
    process.setProcessEnvironment(place.environment());
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(u"node"_s, QStringList{script, place.server, sessions} + place.arguments);
    if (!process.waitForFinished(static_cast<int>(Patience.count()))) {
        process.kill();
        process.waitForFinished();
        return -1;
    }
    bool ok = false;
    const double time = process.readAllStandardOutput().trimmed().toDouble(&ok);
    return ok && process.exitCode() == 0 ? time : -1;
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values.empty() ? -1 : values[values.size() / 2];
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s);
    QCommandLineParser line;
    line.addOptions({{u"server"_s, {}, u"PATH"_s},
                     {u"bare"_s, {}, u"SCRIPT"_s},
                     {u"model"_s, {}, u"SCRIPT"_s},
                     {u"runs"_s, {}, u"N"_s, u"5"_s},
                     {u"sessions"_s, {}, u"N,N"_s, u"1,10,50"_s}});
    line.process(app);
    Place place;
    place.server = line.value(u"server"_s);
    QDir().mkpath(place.home());
    QDir().mkpath(place.work());
    ServerProcess model;
    quint16 modelPort = 9;
    if (line.isSet(u"model"_s)) {
        if (!model.start(u"node"_s, {line.value(u"model"_s), u"0"_s})) {
            std::fprintf(stderr, "no stub model\n");
            return 1;
        }
        modelPort = model.port();
    } else {
        place.arguments = {u"--state-dir"_s, place.folder.filePath(u"server"_s)};
    }
    place.provider = {u"openai"_s, u"completions"_s, u"http://127.0.0.1:%1/v1"_s.arg(modelPort),
                      Secret("stub-key-0123456789")};
    int made = 0;
    bool failed = false;
    for (const QString &word : line.value(u"sessions"_s).split(u',')) {
        const int count = word.toInt();
        if (!prepare(place, made, count)) {
            std::fprintf(stderr, "sessions cannot be prepared\n");
            return 1;
        }
        made = std::max(made, count);
        const QString file = place.folder.filePath(u"sessions.json"_s);
        writeSessions(place, count, file);
        std::vector<double> noticed;
        std::vector<double> ours;
        std::vector<double> theirs;
        for (int run = 0; run < line.value(u"runs"_s).toInt(); ++run) {
            {
                Product product(place, count);
                if (!product.isReady()) {
                    std::fprintf(stderr, "not attached\n");
                    return 1;
                }
                pauseFor(place.clock, 1s); // as when nothing was wrong for a while
                const Product::Times times = product.suffer(false);
                noticed.push_back(times.noticed);
                ours.push_back(times.usable);
            }
            theirs.push_back(bare(place, line.value(u"bare"_s), file));
            failed = failed || ours.back() < 0 || theirs.back() < 0;
        }
        std::printf("{\"bench\":\"recovery\",\"sessions\":%d,\"runs\":%zu,\"noticedMs\":%.1f,"
                    "\"usableMs\":%.0f,\"bareMs\":%.0f,\"ratio\":%.2f}\n",
                    count, ours.size(), median(noticed), median(ours), median(theirs),
                    median(ours) / median(theirs));
        std::fflush(stdout);
    }
    Product product(place, 1);
    if (product.isReady()) {
        pauseFor(place.clock, 1s);
        const Product::Times times = product.suffer(true);
        std::printf("{\"bench\":\"freeze\",\"probeIntervalMs\":%lld,\"noticedMs\":%.0f,"
                    "\"usableMs\":%.0f}\n",
                    static_cast<long long>(MinimumProbeInterval.count()), times.noticed,
                    times.usable);
    }
    return failed ? 1 : 0;
}
