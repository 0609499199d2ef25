// SPDX-License-Identifier: MIT
// Eight hours of work in a few seconds: sessions come and go, prompts are answered, connections are
// renewed, the server drops sessions. Nothing may grow.
#include "base/random.h"
#include "session/outbox.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

constexpr int Sessions = 20;
constexpr int PromptsPerSession = 3; // then it is deleted, and a new one made

class Day
{
public:
    Day()
        : store(folder.filePath(QStringLiteral("sessions.json")), clock)
        , outbox(folder.filePath(QStringLiteral("outbox.jsonl")), clock)
        , manager(&store, clock, random)
    {
        manager.setOutbox(&outbox);
        manager.load();
        SessionKeeping keeping;
        keeping.idleLimit = IdleLimit{1800s, IdleLimit::Origin::User};
        keeping.parkAfter = 20min;
        manager.setKeeping(SessionManager::defaultBackendId(), keeping);
        connectAgain();
        for (int i = 0; i < Sessions; ++i)
            make();
    }

    void connectAgain()
    {
        manager.setBackend(nullptr);
        backend = std::make_unique<FakeBackend>();
        backend->autoAnswer = true;
        backend->keepCalls = false;
        backend->histories = histories;
        manager.setBackend(backend.get());
    }

    void make()
    {
        SessionConfig config;
        config.id = QStringLiteral("s%1").arg(++made);
        config.workingDirectory = QStringLiteral("/work");
        manager.create(config);
        ids.append(config.id);
    }

    //! The next session in turn gets a prompt, and its answer.
    void work()
    {
        const QString id = ids.takeFirst();
        if (prompts.value(id) >= PromptsPerSession) {
            manager.remove(id);
            histories.remove(id);
            prompts.remove(id);
            make();
            return;
        }
        ids.append(id);
        const QString text = QStringLiteral("Prompt %1 of %2").arg(++prompts[id]).arg(id);
        const int before = backend->lastMessageId().mid(1).toInt();
        manager.send(id, {text, Delivery::Enqueue, {}, {}});
        // A parked one is resumed first, and one that the server has dropped.
        for (int i = 0; i < 50 && backend->lastMessageId().mid(1).toInt() == before; ++i)
            clock.advance(100ms);
        const QString message = backend->lastMessageId();
        const auto say = [&](EventData data) {
            AgentEvent event = FakeBackend::event(std::move(data));
            histories[id].append(event);
            backend->histories[id] = histories[id];
            Q_EMIT backend->sessionEvent(id, event);
        };
        say(UserMessage{message, text, UserMessage::Delivery::Idle, {}});
        say(TurnStarted{QStringLiteral("0")});
        say(MessageCompleted{message + QLatin1Char('a'),
                             QStringLiteral("0"),
                             QString(400, QLatin1Char('x')),
                             {},
                             {}});
        say(TurnEnded{QStringLiteral("0")});
        say(SessionIdle{false});
        ++answered;
    }

    void hour()
    {
        for (int minute = 0; minute < 60; ++minute) {
            clock.advance(1min);
            if (minute % 3 == 0)
                work();
            if (minute % 10 == 5)
                Q_EMIT backend->sessionLost(ids.last());
            if (minute % 30 == 20)
                connectAgain();
        }
        clock.advance(2s); // what is done leaves the outbox
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }

    struct Sample
    {
        int timers = 0;
        int fds = 0;
        qsizetype outbox = 0;
        std::size_t bytes = 0; //!< in use on the heap, without what this test keeps itself
        qint64 files = 0;
    };
    Sample sample()
    {
        Sample now;
        now.timers = clock.liveTimers();
        now.fds = static_cast<int>(QDir(QStringLiteral("/proc/self/fd"))
                                       .entryList(QDir::AllEntries | QDir::System)
                                       .size());
        now.outbox = outbox.entries().size();
        store.flush();
        now.files = QFileInfo(folder.filePath(QStringLiteral("sessions.json"))).size();
#ifdef __GLIBC__
        now.bytes = mallinfo2().uordblks;
#endif
        return now;
    }

    QTemporaryDir folder;
    FakeClock clock;
    SeededRandom random{7};
    SessionStore store;
    Outbox outbox;
    SessionManager manager;
    std::unique_ptr<FakeBackend> backend;
    QMap<QString, QList<AgentEvent>> histories;
    QHash<QString, int> prompts;
    QStringList ids;
    int made = 0;
    int answered = 0;
};

} // namespace

class TstSoak : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void eightHoursLeaveNothingBehind()
    {
        Day day;
        // By then every session has been replaced once, and everything is as large as it gets.
        for (int hour = 0; hour < 4; ++hour)
            day.hour();
        const Day::Sample first = day.sample();
        const int made = day.made;
        for (int hour = 0; hour < 8; ++hour)
            day.hour();
        const Day::Sample last = day.sample();
        QVERIFY2(day.made > made + Sessions, "the load turns the sessions over");
        QVERIFY(day.answered > 100);
        QCOMPARE(day.manager.sessions().size(), std::size_t(Sessions));
        const auto say = [&](const char *what, auto before, auto after) {
            return qPrintable(
                QStringLiteral("%1: %2, then %3").arg(QLatin1String(what)).arg(before).arg(after));
        };
        QVERIFY2(last.timers <= first.timers + 4, say("timers", first.timers, last.timers));
        QVERIFY2(last.fds <= first.fds, say("descriptors", first.fds, last.fds));
        QCOMPARE(first.outbox, 0);
        QCOMPARE(last.outbox, 0);
        QVERIFY2(last.files <= first.files * 11 / 10, say("file", first.files, last.files));
        // 8 hours make 120 prompts: a forgotten 4 KiB each would be 0.5 MB.
        QVERIFY2(last.bytes <= first.bytes * 102 / 100 + 200'000,
                 say("heap", quint64(first.bytes), quint64(last.bytes)));
    }
};

QTEST_GUILESS_MAIN(TstSoak)
#include "tst_soak.moc"
