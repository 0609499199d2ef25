// SPDX-License-Identifier: MIT
#include "support/lifecyclefakes.h"

#include <QLoggingCategory>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

constexpr char PhaseLetters[] = "_SCIOBTD"; // in the order of Phase; T = Stopping, B = Backoff

// The whole table of a local connection: what each event makes of each phase.
struct Row
{
    const char *event;
    const char *becomes; //!< one letter a phase, in the order of PhaseLetters
};
constexpr Row Table[] = {
    // event               _SCIOBTD
    {"connect", "SSCIOBTD"},           {"disconnect", "_T____TD"},
    {"reconnect", "SSSSSSTD"},         {"restart", "TTTTTTTD"},
    {"reconfigure", "_TCCCCTD"}, // to an attached server by URL
    {"probeNow", "_SCIOSTD"},          {"dispose", "DTDDDDTD"},
    {"disposeAndStop", "TTTTTTTD"},    {"serverReady", "_CCIOBTD"},
    {"serverFailed", "_CCIOBTD"}, // falls back to an embedded server
    {"serverMissing", "__CIOBTD"},     {"serverStopped", "_SCIOBSD"},
    {"serverTimeout", "_TCIOBTD"}, // restart once
    {"serverLocked", "_BCIOBTD"},      {"serverExited", "_SBBSBTD"},
    {"transportOpened", "_SIIOBTD"},   {"transportClosed", "_SBBSBTD"},
    {"connectDeadline", "_SBIOSTD"}, // 10 s pass
    {"handshakeDone", "_SCOOBTD"},     {"handshakeFailed", "_SCBOBTD"},
    {"handshakeMismatch", "_SCTOBTD"}, // restart once
    {"handshakeTimeout", "_SCTOBTD"},  {"retryDue", "_SCIOSTD"}, // 2 s pass
    {"unresponsive", "_SCISBTD"},
};

void bringTo(LifecycleRig &rig, Phase phase)
{
    switch (phase) {
    case Phase::Idle:
        break;
    case Phase::StartingServer:
        rig.toStarting();
        break;
    case Phase::Connecting:
        rig.toConnecting();
        break;
    case Phase::Initializing:
        rig.toInitializing();
        break;
    case Phase::Online:
        rig.toOnline();
        break;
    case Phase::Backoff:
        rig.toBackoff();
        break;
    case Phase::Stopping:
        rig.toStopping();
        break;
    case Phase::Disposed:
        rig.connection->dispose();
        break;
    }
}

void missProbes(LifecycleRig &rig)
{
    if (rig.phase() != Phase::Online)
        return;
    for (int miss = 0; miss < 2 && rig.backend; ++miss) {
        rig.connection->probeNow();
        if (auto answer = std::exchange(rig.backend->probeHandler, nullptr))
            answer({ProbeResult::Outcome::Timeout, {}, QStringLiteral("no answer")});
    }
}

void inject(LifecycleRig &rig, const QString &event)
{
    Connection &connection = *rig.connection;
    const auto is = [&](const char *name) { return event == QLatin1String(name); };
    if (is("connect"))
        connection.connectToServer();
    else if (is("disconnect"))
        connection.disconnectFromServer();
    else if (is("reconnect"))
        connection.reconnect();
    else if (is("restart"))
        connection.restartServer();
    else if (is("reconfigure")) {
        ConnectionConfig config = connection.config();
        config.mode = ConnectionMode::Attach;
        connection.reconfigure(config);
    } else if (is("probeNow"))
        connection.probeNow();
    else if (is("dispose"))
        connection.dispose();
    else if (is("disposeAndStop"))
        connection.dispose(true);
    else if (is("connectDeadline"))
        rig.clock.advance(10s);
    else if (is("retryDue"))
        rig.clock.advance(2s);
    else if (is("unresponsive"))
        missProbes(rig);
    else if (event.startsWith(QLatin1String("server")) && rig.host) {
        if (is("serverReady"))
            rig.host->ready();
        else if (is("serverFailed"))
            rig.host->fail(ErrorCode::ServerStartFailed);
        else if (is("serverMissing"))
            rig.host->fail(ErrorCode::ServerNotFound);
        else if (is("serverTimeout"))
            rig.host->fail(ErrorCode::Timeout);
        else if (is("serverLocked"))
            rig.host->fail(ErrorCode::ServerLocked);
        else if (is("serverStopped"))
            rig.host->stopped();
        else if (is("serverExited"))
            rig.host->exit();
    } else if (event.startsWith(QLatin1String("transport")) && rig.transport) {
        if (is("transportOpened") && !rig.transport->isOpen())
            rig.transport->acceptOpen();
        else if (is("transportClosed"))
            rig.transport->drop();
    } else if (event.startsWith(QLatin1String("handshake")) && rig.backend) {
        const QString initialize = QStringLiteral("initialize");
        if (is("handshakeDone"))
            rig.backend->succeed(initialize);
        else if (is("handshakeFailed"))
            rig.backend->fail(initialize, {ErrorCode::RemoteError, {}, {}});
        else if (is("handshakeMismatch"))
            rig.backend->fail(initialize, {ErrorCode::ServerTooOld, {}, {}});
        else if (is("handshakeTimeout"))
            rig.backend->fail(initialize, {ErrorCode::Timeout, {}, {}});
    }
}

} // namespace

class TstConnectionTable : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false")); }

    void everyEventInEveryPhase_data()
    {
        QTest::addColumn<QString>("event");
        QTest::addColumn<int>("from");
        QTest::addColumn<int>("to");
        for (const Row &row : Table) {
            for (int from = 0; from < 8; ++from) {
                const auto to = QByteArray(PhaseLetters).indexOf(row.becomes[from]);
                QTest::addRow("%s in %s", row.event,
                              qPrintable(phaseName(static_cast<Phase>(from))))
                    << QString::fromLatin1(row.event) << from << static_cast<int>(to);
            }
        }
    }

    void everyEventInEveryPhase()
    {
        QFETCH(QString, event);
        QFETCH(int, from);
        QFETCH(int, to);
        LifecycleRig rig;
        bringTo(rig, static_cast<Phase>(from));
        QCOMPARE(phaseName(rig.phase()), phaseName(static_cast<Phase>(from)));
        inject(rig, event);
        QCOMPARE(phaseName(rig.phase()), phaseName(static_cast<Phase>(to)));
        QCOMPARE(rig.liveLoops(), rig.phase() == Phase::Online ? 1 : 0);

        // From wherever it is: dispose ends everything, at once or when the server has stopped.
        rig.connection->dispose();
        if (rig.host)
            rig.host->stopped();
        QCOMPARE(rig.phase(), Phase::Disposed);
        QCOMPARE(rig.clock.liveTimers(), 0);
        QCOMPARE(rig.liveLoops(), 0);
    }
};

QTEST_GUILESS_MAIN(TstConnectionTable)
#include "tst_connectiontable.moc"
