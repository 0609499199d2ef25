// SPDX-License-Identifier: MIT
// Nobody is signed in: prompts wait, and go on afterwards.
#include "base/random.h"
#include "session/outbox.h"
#include "session/sessionmanager.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"

#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

const QString Plain = u"plain"_s;
const QString OwnKey = u"own-key"_s;

struct SignInRig
{
    FakeClock clock;
    SeededRandom random{1};
    FakeBackend backend;
    QTemporaryDir folder;
    Outbox outbox{folder.filePath(u"outbox.jsonl"_s), clock};
    SessionManager manager{nullptr, clock, random};
    QStringList failures;
    QStringList doubted;

    SignInRig()
    {
        manager.setOutbox(&outbox);
        QObject::connect(
            &manager, &SessionManager::requestFailed, &manager,
            [this](const QString &, const QString &what, const Error &) { failures << what; });
        QObject::connect(&manager, &SessionManager::signInDoubted, &manager,
                         [this](const QString &id) { doubted << id; });
        for (const QString &id : {Plain, OwnKey}) {
            SessionConfig config;
            config.id = id;
            if (id == OwnKey)
                config.provider = ProviderConfig();
            manager.create(config);
        }
        manager.setBackend(&backend);
        while (backend.succeed(u"createSession"_s) || backend.succeed(u"readHistory"_s)
               || backend.succeed(u"pendingRequests"_s)) { }
    }
    ~SignInRig()
    {
        while (backend.fail({}, {ErrorCode::ConnectionLost, {}, {}})) { }
        manager.setBackend(nullptr);
    }

    void signedIn(bool is) { manager.setSignedIn(SessionManager::defaultBackendId(), is); }
    Session &session(const QString &id = Plain) { return *manager.find(id); }
    void send(const QString &text, const QString &id = Plain)
    {
        Prompt prompt;
        prompt.text = text;
        manager.send(id, prompt);
    }
    QStringList sent() const
    {
        QStringList texts;
        for (const FakeBackend::Call &call : backend.calls()) {
            if (call.method == u"send")
                texts << call.prompt.text;
        }
        return texts;
    }
    QStringList queue()
    {
        QStringList texts;
        for (const Prompt &prompt : session().queue())
            texts << prompt.text;
        return texts;
    }
    //! What the real server does with a prompt then: it takes it, and the turn ends before it is in
    //! the history.
    void refuse()
    {
        QVERIFY(backend.succeed(u"send"_s));
        backend.emitEvent(Plain, SessionFailed{u"query"_s, u"no token"_s, std::nullopt});
        backend.emitEvent(Plain, AssistantIdle{});
        backend.emitEvent(Plain, SessionIdle{});
    }
};

} // namespace

class TstSessionSignIn : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s); }

    void promptsWaitUntilSomebodyIsSignedIn()
    {
        SignInRig rig;
        rig.signedIn(false);
        rig.send(u"one"_s);
        rig.send(u"two"_s);
        QVERIFY(rig.sent().isEmpty());
        QCOMPARE(rig.queue(), QStringList({u"one"_s, u"two"_s}));
        QCOMPARE(rig.outbox.entries().size(), 2); // over a crash, too
        QVERIFY(rig.manager.waitsForSignIn(rig.session()));
        rig.signedIn(true);
        QCOMPARE(rig.sent(), QStringList(u"one"_s));
        QVERIFY(!rig.manager.waitsForSignIn(rig.session()));
        QVERIFY(rig.failures.isEmpty());
    }

    void aKeyOfOnesOwnNeedsNone()
    {
        SignInRig rig;
        rig.signedIn(false);
        rig.send(u"mine"_s, OwnKey);
        QCOMPARE(rig.sent(), QStringList(u"mine"_s));
        QVERIFY(!rig.manager.waitsForSignIn(rig.session(OwnKey)));
    }

    void notKnownIsNoReasonToWait()
    {
        SignInRig rig;
        rig.send(u"one"_s);
        QCOMPARE(rig.sent(), QStringList(u"one"_s));
    }

    void whatTheServerRefusedGoesOutAgain_data()
    {
        QTest::addColumn<bool>("lateAnswer");
        QTest::newRow("known before the turn ends") << false;
        QTest::newRow("known after it") << true;
    }
    void whatTheServerRefusedGoesOutAgain()
    {
        QFETCH(bool, lateAnswer);
        SignInRig rig;
        rig.signedIn(true);
        QObject::connect(&rig.manager, &SessionManager::signInDoubted, &rig.manager, [&] {
            if (!lateAnswer)
                rig.signedIn(false);
        });
        rig.send(u"one"_s);
        rig.send(u"two"_s);
        rig.refuse();
        QCOMPARE(rig.doubted, QStringList(SessionManager::defaultBackendId()));
        if (lateAnswer) {
            // Meanwhile the next one has gone out; it meets the same.
            QCOMPARE(rig.sent(), QStringList({u"one"_s, u"two"_s}));
            rig.refuse();
            rig.signedIn(false);
        }
        QCOMPARE(rig.queue(), QStringList({u"one"_s, u"two"_s}));
        for (const OutboxEntry &entry : rig.outbox.entries())
            QCOMPARE(entry.state, OutboxEntry::State::Queued);
        for (const TranscriptItem &item : rig.session().transcript().items())
            QVERIFY(!std::holds_alternative<UserItem>(item.data)); // shown once: in the queue
        const auto before = rig.sent().size();
        rig.signedIn(true);
        QCOMPARE(rig.sent().size(), before + 1);
        QCOMPARE(rig.sent().last(), u"one"_s);
    }

    // A turn that had begun and met a model's error is a turn of the history.
    void anErrorAfterTheEchoIsNoDoubt()
    {
        SignInRig rig;
        rig.send(u"one"_s);
        QVERIFY(rig.backend.succeed(u"send"_s));
        const QString id = rig.session().transcript().items().empty() ? QString() : [&] {
            const auto &item = rig.session().transcript().items().back();
            return std::get<UserItem>(item.data).messageId;
        }();
        rig.backend.emitEvent(Plain, UserMessage{id, u"one"_s, UserMessage::Delivery::Idle, {}});
        rig.backend.emitEvent(Plain, SessionFailed{u"rate_limit"_s, u"slow"_s, 429});
        QVERIFY(rig.doubted.isEmpty());
    }

    void aSessionOfAnotherBackendDoesNotWait()
    {
        SignInRig rig;
        rig.manager.setSignedIn(u"other"_s, false);
        rig.send(u"one"_s);
        QCOMPARE(rig.sent(), QStringList(u"one"_s));
    }
};

QTEST_GUILESS_MAIN(TstSessionSignIn)
#include "tst_sessionsignin.moc"
