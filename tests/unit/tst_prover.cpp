// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "session/prover.h"
#include "session/verdictstore.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QDir>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

using Answer = MethodVerdict::Answer;

namespace {

//! A server that drops idle sessions as the real one does, on the fake clock.
class FakeReaper
{
public:
    FakeReaper(FakeBackend &backend, FakeClock &clock)
        : m_backend(backend)
        , m_clock(clock)
        , m_lastCheck(clock.now())
    { }

    Milliseconds limit = 300s; //!< zero: never
    Milliseconds checkEvery = 300s;
    QSet<QString> counts{u"resume"_s, u"log"_s}; //!< of "resume", "log", "read", "ping"
    bool hasLog = true;
    bool answersPings = true;

    bool isLoaded(const QString &id) const { return m_active.contains(id); }
    int loaded() const { return int(m_active.size()); }

    //! Lets time pass, a second at a time.
    void run(Milliseconds span)
    {
        for (Milliseconds done{0}; done < span; done += 1s) {
            m_clock.advance(1s);
            if (m_clock.now() >= m_lastCheck + checkEvery) {
                m_lastCheck += checkEvery;
                if (limit > 0s)
                    m_active.removeIf(
                        [this](auto it) { return m_clock.now() - it.value() > limit; });
            }
            serve();
        }
    }

    //! Answers everything that waits.
    void serve()
    {
        const Error gone{ErrorCode::SessionNotFound, u"Session not found"_s, {}};
        for (bool some = true; some;) {
            some = false;
            if (m_backend.probeHandler && answersPings) {
                const auto handler = std::exchange(m_backend.probeHandler, nullptr);
                handler({ProbeResult::Outcome::Ok, 1ms, {}});
                if (counts.contains(u"ping"_s))
                    touchAll();
            }
            const auto calls = m_backend.calls();
            for (const FakeBackend::Call &call : calls) {
                if (call.answered)
                    continue;
                some = true;
                if (call.method == u"createSession"_s)
                    m_active[call.sessionId] = m_clock.now();
                else if (call.method == u"deleteSession"_s || call.method == u"unloadSession"_s)
                    m_active.remove(call.sessionId);
                else if (!isLoaded(call.sessionId)) {
                    m_backend.fail(call.method, gone, call.sessionId);
                    continue;
                } else if (call.method == u"touchSession"_s) {
                    const bool log = call.strategy == TouchStrategy::LogEphemeral;
                    if (log && !hasLog) {
                        m_backend.fail(call.method, {ErrorCode::MethodNotFound, {}, {}},
                                       call.sessionId);
                        continue;
                    }
                    if (counts.contains(touchStrategyName(call.strategy)))
                        m_active[call.sessionId] = m_clock.now();
                } else if (call.method == u"checkSession"_s && counts.contains(u"read"_s)) {
                    m_active[call.sessionId] = m_clock.now();
                }
                m_backend.succeed(call.method, call.sessionId);
            }
        }
    }

private:
    void touchAll()
    {
        for (Nanoseconds &time : m_active)
            time = m_clock.now();
    }

    FakeBackend &m_backend;
    FakeClock &m_clock;
    Nanoseconds m_lastCheck;
    QHash<QString, Nanoseconds> m_active; //!< of the loaded sessions
};

//! A prover on such a server, and how it ended.
struct Rig
{
    explicit Rig(ProverOptions options = {})
        : server(backend, clock)
        , store(folder.path() + u"/verdicts"_s, clock)
        , prover(backend, options, &store, clock, random)
    {
        QObject::connect(&prover, &Prover::finished, &prover,
                         [this](Prover::End how, const ServerVerdict &found) {
                             ++finished;
                             end = how;
                             verdict = found;
                         });
    }

    void start()
    {
        prover.start();
        server.serve();
    }
    QString idOf(KeepMethod method) const
    {
        for (const FakeBackend::Call &call : backend.calls()) {
            if (call.method == u"createSession"_s
                && call.sessionId.endsWith(u'-' + keepMethodName(method)))
                return call.sessionId;
        }
        return {};
    }
    Answer answer(KeepMethod method) const
    {
        const MethodVerdict *seen = verdict.find(method);
        return seen ? seen->answer : Answer::Unknown;
    }
    QString code(KeepMethod method) const
    {
        const MethodVerdict *seen = verdict.find(method);
        return seen ? seen->code : u"missing"_s;
    }

    QTemporaryDir folder;
    FakeClock clock;
    SeededRandom random{1};
    FakeBackend backend;
    FakeReaper server;
    VerdictStore store;
    Prover prover;
    int finished = 0;
    Prover::End end = Prover::End::Cancelled;
    ServerVerdict verdict;
};

} // namespace

class TstProver : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void line22_tellsWhatKeepsSessionsAlive()
    {
        Rig rig;
        rig.start();
        QCOMPARE(rig.prover.state(), Prover::State::Watching);
        QCOMPARE(rig.prover.interval(), Milliseconds(60s));
        rig.server.run(720s);

        QCOMPARE(rig.finished, 1);
        QCOMPARE(rig.end, Prover::End::Decided);
        QCOMPARE(rig.verdict.version, u"1.0"_s);
        QCOMPARE(rig.answer(KeepMethod::None), Answer::DoesNot);
        QCOMPARE(rig.answer(KeepMethod::Ping), Answer::DoesNot);
        QCOMPARE(rig.answer(KeepMethod::Read), Answer::DoesNot);
        QCOMPARE(rig.answer(KeepMethod::Resume), Answer::KeepsAlive);
        QCOMPARE(rig.answer(KeepMethod::Log), Answer::KeepsAlive);
        QVERIFY(rig.verdict.find(KeepMethod::Ping)->requests >= 5);
        QVERIFY(rig.verdict.find(KeepMethod::Resume)->requests >= 5);
        // Dropped at the server's second look, noticed at our next one.
        QVERIFY(rig.verdict.idleLimit());
        QVERIFY(*rig.verdict.idleLimit() >= 600s && *rig.verdict.idleLimit() <= 616s);
        QVERIFY(rig.verdict.refuted().isEmpty());
    }

    void line22_aTouchThatDoesNotCountIsRefuted()
    {
        Rig rig;
        rig.server.counts = {u"resume"_s}; // 1.0.40
        rig.start();
        rig.server.run(720s);
        QCOMPARE(rig.end, Prover::End::Decided);
        QCOMPARE(rig.answer(KeepMethod::Log), Answer::DoesNot);
        QCOMPARE(rig.answer(KeepMethod::Resume), Answer::KeepsAlive);
        QCOMPARE(rig.verdict.refuted(), QList<TouchStrategy>{TouchStrategy::LogEphemeral});
        // And so it is known from now on.
        const auto kept = rig.store.find(u"1.0"_s);
        QVERIFY(kept);
        QCOMPARE(kept->refuted(), QList<TouchStrategy>{TouchStrategy::LogEphemeral});
        QCOMPARE(kept->idleLimit(), rig.verdict.idleLimit());
    }

    void line22_aTouchThatTheServerDoesNotHaveStaysUnknown()
    {
        Rig rig;
        rig.server.hasLog = false; // 0.0.420
        rig.start();
        rig.server.run(720s);
        QCOMPARE(rig.end, Prover::End::Decided);
        QCOMPARE(rig.answer(KeepMethod::Log), Answer::Unknown);
        QCOMPARE(rig.code(KeepMethod::Log), u"unsupported"_s);
        QVERIFY(rig.verdict.refuted().isEmpty());
    }

    void line22_pingsThatNobodyAnsweredProveNothing()
    {
        Rig rig;
        rig.server.answersPings = false;
        rig.start();
        rig.server.run(720s);
        QCOMPARE(rig.code(KeepMethod::Ping), u"unanswered"_s);
        QCOMPARE(rig.answer(KeepMethod::Ping), Answer::Unknown);
        QCOMPARE(rig.answer(KeepMethod::Resume), Answer::KeepsAlive);
    }

    //! A ping that counts would be found out, too: otherwise the test is none.
    void line22_aPingThatCountsLeavesNothingToProve()
    {
        Rig rig;
        rig.server.counts = {u"resume"_s, u"log"_s, u"ping"_s};
        rig.start();
        rig.server.run(730s);
        QCOMPARE(rig.end, Prover::End::LimitReached);
        QVERIFY(!rig.verdict.isDecided());
    }

    void line22_readsThatCountAreFoundOut()
    {
        Rig rig;
        rig.server.counts = {u"resume"_s, u"log"_s, u"read"_s};
        rig.start();
        rig.server.run(730s);
        QCOMPARE(rig.end, Prover::End::Decided);
        QCOMPARE(rig.answer(KeepMethod::Read), Answer::KeepsAlive);
        QCOMPARE(rig.answer(KeepMethod::Ping), Answer::DoesNot);
        QCOMPARE(rig.answer(KeepMethod::None), Answer::DoesNot);
    }

    void line22_aServerThatNeverExpiresSessionsStaysUnknown()
    {
        Rig rig;
        rig.server.limit = 0s;
        rig.start();
        rig.server.run(730s);
        QCOMPARE(rig.finished, 1);
        QCOMPARE(rig.end, Prover::End::LimitReached);
        for (const MethodVerdict &seen : rig.verdict.methods) {
            QCOMPARE(seen.answer, Answer::Unknown);
            QCOMPARE(seen.code, u"not-expired"_s);
        }
        QVERIFY(!rig.store.find(u"1.0"_s));
        QCOMPARE(rig.server.loaded(), 0); // deleted all the same
    }

    //! Whoever looks at the untouched one touches it, for all we know.
    void line22_theUntouchedOneIsLeftAlone()
    {
        Rig rig;
        rig.start();
        rig.server.run(590s); // the server's second look is at 600 s
        for (const KeepMethod method : {KeepMethod::None, KeepMethod::Ping}) {
            QCOMPARE(rig.backend.count(u"checkSession"_s, rig.idOf(method)), 0);
            QCOMPARE(rig.backend.count(u"touchSession"_s, rig.idOf(method)), 0);
        }
        QVERIFY(rig.backend.count(u"checkSession"_s, rig.idOf(KeepMethod::Read)) > 30);
        QCOMPARE(rig.finished, 0);
    }

    void line22_neverAPromptNorAModel()
    {
        Rig rig;
        rig.start();
        rig.server.run(720s);
        const QSet<QString> harmless{u"createSession"_s, u"touchSession"_s, u"checkSession"_s,
                                     u"unloadSession"_s, u"deleteSession"_s};
        for (const FakeBackend::Call &call : rig.backend.calls()) {
            QVERIFY2(harmless.contains(call.method), qPrintable(call.method));
            QVERIFY(call.sessionId.startsWith("pilotlight-canary-"_L1));
            if (call.method == u"createSession"_s || call.method == u"touchSession"_s) {
                // Even a defect could not spend anything: nobody listens there.
                QVERIFY(call.config.provider);
                QCOMPARE(call.config.provider->baseUrl, u"http://127.0.0.1:9/v1"_s);
            }
        }
    }

    void line22_canariesAreDeletedAfterwards()
    {
        Rig rig;
        rig.start();
        QCOMPARE(rig.store.canaries().size(), 5);
        rig.server.run(720s);
        QCOMPARE(rig.backend.count(u"deleteSession"_s), 5);
        QCOMPARE(rig.server.loaded(), 0);
        QVERIFY(rig.store.canaries().isEmpty());
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void line22_cancelDeletesTheCanaries()
    {
        Rig rig;
        rig.start();
        rig.server.run(100s);
        rig.prover.cancel();
        rig.prover.cancel();
        rig.server.serve();
        QCOMPARE(rig.finished, 1);
        QCOMPARE(rig.end, Prover::End::Cancelled);
        QCOMPARE(rig.server.loaded(), 0);
        QVERIFY(rig.store.canaries().isEmpty());
        QVERIFY(!rig.verdict.isDecided());
        QCOMPARE(rig.clock.liveTimers(), 0);
    }

    void line22_cancelWhileCreatingDeletesWhatIsThere()
    {
        Rig rig;
        rig.prover.start();
        QVERIFY(rig.backend.succeed(u"createSession"_s));
        QVERIFY(rig.backend.succeed(u"createSession"_s));
        rig.prover.cancel(); // the third is on its way
        QCOMPARE(rig.backend.count(u"deleteSession"_s), 0);
        QVERIFY(rig.backend.succeed(u"createSession"_s));
        rig.server.serve();
        QCOMPARE(rig.backend.count(u"deleteSession"_s), 3);
        QCOMPARE(rig.finished, 1);
        QCOMPARE(rig.backend.count(u"createSession"_s), 3);
        QVERIFY(rig.store.canaries().isEmpty());
    }

    //! 1.0.102 does not find a session that it is just unloading: its folder stayed.
    void line22_canariesAreDeletedWhenTheyAreUnloaded()
    {
        Rig rig;
        rig.start();
        rig.server.run(100s);
        rig.prover.cancel();
        QCOMPARE(rig.backend.count(u"unloadSession"_s), 5);
        QCOMPARE(rig.backend.count(u"deleteSession"_s), 0);
        const QString first = rig.idOf(KeepMethod::Resume);
        QVERIFY(rig.backend.succeed(u"unloadSession"_s, first));
        QCOMPARE(rig.backend.count(u"deleteSession"_s), 1);
        QCOMPARE(rig.backend.count(u"deleteSession"_s, first), 1);
        const QString second = rig.idOf(KeepMethod::Log);
        QVERIFY(rig.backend.fail(u"unloadSession"_s, {ErrorCode::Timeout, {}, {}}, second));
        QCOMPARE(rig.backend.count(u"deleteSession"_s, second), 1);
        rig.prover.backendGone();
        QCOMPARE(rig.finished, 1);
        QVERIFY(rig.backend.fail(u"unloadSession"_s, {ErrorCode::ConnectionLost, {}, {}}));
        QCOMPARE(rig.backend.count(u"deleteSession"_s), 2); // not into a dead connection
        QCOMPARE(rig.store.canaries().size(), 5);
    }

    void line22_aServerThatMakesNoSessionsIsAnError()
    {
        Rig rig;
        rig.prover.start();
        QVERIFY(rig.backend.succeed(u"createSession"_s));
        QVERIFY(rig.backend.fail(u"createSession"_s, {ErrorCode::NotSignedIn, u"no"_s, {}}));
        rig.server.serve();
        QCOMPARE(rig.finished, 1);
        QCOMPARE(rig.end, Prover::End::CreateFailed);
        QCOMPARE(rig.prover.error().code, ErrorCode::NotSignedIn);
        QCOMPARE(rig.backend.count(u"deleteSession"_s), 1);
    }

    void line22_aLostConnectionLeavesCanariesToTheNextOne()
    {
        Rig rig;
        rig.start();
        rig.server.run(100s);
        const auto before = rig.backend.calls().size();
        rig.prover.backendGone();
        QCOMPARE(rig.finished, 1);
        QCOMPARE(rig.end, Prover::End::ConnectionLost);
        rig.clock.advance(3600s);
        QCOMPARE(rig.backend.calls().size(),
                 before); // nothing is sent into a dead connection
        QCOMPARE(rig.store.canaries().size(), 5);

        FakeBackend next;
        Prover::deleteLeftovers(next, rig.store);
        QCOMPARE(next.count(u"deleteSession"_s), 5);
        QVERIFY(next.succeed(u"deleteSession"_s));
        QCOMPARE(rig.store.canaries().size(), 4);
        QVERIFY(next.fail(u"deleteSession"_s, {ErrorCode::Timeout, {}, {}}));
        QCOMPARE(rig.store.canaries().size(), 4); // tried again another time
        next.succeedAll();
        QCOMPARE(rig.store.canaries().size(), 1);
    }

    void line22_worksOnAnAcceleratedServer()
    {
        // Twenty times as fast: limit and looks every 15 s of ours.
        ProverOptions options;
        options.limit = 60s;
        Rig rig(options);
        rig.server.limit = 15s;
        rig.server.checkEvery = 15s;
        rig.start();
        QCOMPARE(rig.prover.interval(), Milliseconds(5s));
        rig.server.run(60s);
        QCOMPARE(rig.end, Prover::End::Decided);
        QCOMPARE(rig.answer(KeepMethod::Resume), Answer::KeepsAlive);
        QVERIFY(*rig.verdict.idleLimit() >= 30s && *rig.verdict.idleLimit() <= 33s);
    }

    //! Another process on the same profile must not end a proof that runs.
    void line22_canariesOfARunningProofAreNoLeftovers()
    {
        Rig rig;
        rig.start();
        rig.server.run(100s);
        QCOMPARE(rig.store.canaries().size(), 5);
        QVERIFY(rig.store.leftovers().isEmpty());
        FakeBackend other;
        Prover::deleteLeftovers(other, rig.store);
        QCOMPARE(other.count(u"deleteSession"_s), 0);
        rig.clock.jumpWall(3600s); // it should be long over
        Prover::deleteLeftovers(other, rig.store);
        QCOMPARE(other.count(u"deleteSession"_s), 5);
    }

    // ---- what is kept of it ----

    void line22_anOpenAnswerDoesNotReplaceAnEarlierOne()
    {
        QTemporaryDir folder;
        FakeClock clock;
        VerdictStore store(folder.path(), clock);
        ServerVerdict verdict;
        verdict.version = u"1.0.102"_s;
        verdict.when = clock.wallNow();
        verdict.methods = {{KeepMethod::Log, Answer::DoesNot, {}, 7, 280s, 302s},
                           {KeepMethod::Resume, Answer::KeepsAlive, {}, 7, 302s, std::nullopt}};
        QVERIFY(store.save(verdict));
        verdict.methods[0] = {KeepMethod::Log, Answer::Unknown, u"unanswered"_s, 0, 0s,
                              std::nullopt};
        QVERIFY(store.save(verdict));
        const auto kept = store.find(u"1.0.102"_s);
        QVERIFY(kept);
        QCOMPARE(kept->refuted(), QList<TouchStrategy>{TouchStrategy::LogEphemeral});
        QCOMPARE(kept->find(KeepMethod::Log)->requests, 7);
        QCOMPARE(kept->find(KeepMethod::Log)->died, std::optional<Milliseconds>(302s));
        QCOMPARE(kept->find(KeepMethod::Resume)->answer, Answer::KeepsAlive);
        QCOMPARE(kept->when, verdict.when);
        QVERIFY(!store.find(u"1.0.103"_s)); // another version is another server
        QCOMPARE(store.all().size(), 1);
    }

    void line22_aDamagedFileIsMovedAside()
    {
        QTemporaryDir folder;
        FakeClock clock;
        VerdictStore store(folder.path(), clock);
        QFile file(folder.filePath(u"server-1.0.json"_s));
        QVERIFY(file.open(QFile::WriteOnly));
        file.write("{\"schema\":");
        file.close();
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"verdict-file-damaged"_s));
        QVERIFY(!store.find(u"1.0"_s));
        QVERIFY(!file.exists());
        QCOMPARE(QDir(folder.path()).entryList({u"*.bad-*"_s}).size(), 1);
    }

    void line22_aNewerFileIsLeftAlone()
    {
        QTemporaryDir folder;
        FakeClock clock;
        VerdictStore store(folder.path(), clock);
        QFile file(folder.filePath(u"server-1.0.json"_s));
        QVERIFY(file.open(QFile::WriteOnly));
        const QByteArray text = "{\"schema\":2,\"something\":\"else\"}";
        file.write(text);
        file.close();
        ServerVerdict verdict;
        verdict.version = u"1.0"_s;
        verdict.when = clock.wallNow();
        verdict.methods = {{KeepMethod::Log, Answer::DoesNot, {}, 7, 280s, 302s}};
        QVERIFY(!store.save(verdict));
        QVERIFY(file.open(QFile::ReadOnly));
        QCOMPARE(file.readAll(), text);
    }

    void line22_aVersionIsNoPath()
    {
        QTemporaryDir folder;
        FakeClock clock;
        VerdictStore store(folder.filePath(u"verdicts"_s), clock);
        ServerVerdict verdict;
        verdict.version = u"../../evil"_s;
        verdict.when = clock.wallNow();
        verdict.methods = {{KeepMethod::Log, Answer::DoesNot, {}, 7, 280s, 302s}};
        QVERIFY(store.save(verdict));
        QCOMPARE(QDir(folder.path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot),
                 QStringList{u"verdicts"_s});
        QVERIFY(store.find(u"../../evil"_s));
        QVERIFY(!store.find(u".._.._evil"_s)); // the same file, but not the same version
    }
};

QTEST_GUILESS_MAIN(TstProver)
#include "tst_prover.moc"
