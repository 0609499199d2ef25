// SPDX-License-Identifier: MIT
#include "agent/copilotevents.h"
#include "base/random.h"
#include "session/outbox.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "session/transcriptstore.h"
#include "support/fakebackend.h"
#include "support/fakeclock.h"
#include "support/transcripttext.h"

#include <QCoreApplication>
#include <QLoggingCategory>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

const QString S = u"s1"_s;

//! What a real server sends, so that it can be kept.
AgentEvent sent(const QByteArray &type, const QByteArray &data, bool ephemeral = false)
{
    static int number = 0;
    const QByteArray id = "e" + QByteArray::number(++number);
    const QByteArray time = QDateTime(QDate(2026, 11, 21), QTime(9, 0), Qt::UTC)
                                .addSecs(number)
                                .toString(Qt::ISODateWithMs)
                                .toLatin1();
    QByteArray json = "{\"type\":\"" + type + "\",\"data\":" + data + ",\"id\":\"" + id
        + "\",\"timestamp\":\"" + time + "\"" + (ephemeral ? ",\"ephemeral\":true" : "") + "}";
    json.replace('\'', '"');
    AgentEvent event;
    CopilotEventDecoder decoder;
    if (decoder.decodeKept(json, event) != CopilotEventDecoder::Outcome::Event)
        qFatal("no event: %s", json.constData());
    return event;
}

AgentEvent prompt(const QByteArray &text)
{
    return sent("user.message",
                "{'messageId':'u-" + text + "','content':'" + text
                    + "','attachments':[{'type':'file','path':'/w/f'}]}");
}
AgentEvent turnStart()
{
    return sent("assistant.turn_start", "{'turnId':'0'}");
}
AgentEvent turnEnd()
{
    return sent("assistant.turn_end", "{'turnId':'0'}");
}
AgentEvent piece(const QByteArray &text, const QByteArray &messageId = "a1")
{
    AgentEvent event =
        sent("assistant.message_delta",
             "{'messageId':'" + messageId + "','deltaContent':'" + text + "'}", true);
    event.meta.raw.clear(); // as from the quick way of the decoder
    return event;
}
AgentEvent answer(const QByteArray &text)
{
    return sent("assistant.message", "{'messageId':'a1','content':'" + text + "'}");
}
AgentEvent question()
{
    return sent("user_input.requested",
                "{'requestId':'q1','question':'Which?','choices':['a','b'],'toolCallId':'t1'}",
                true);
}
AgentEvent toolStart()
{
    return sent("tool.execution_start", "{'toolCallId':'t1','toolName':'ask_user'}");
}
AgentEvent idle()
{
    return sent("session.idle", "{}", true);
}
AgentEvent resumed()
{
    return sent("session.resume", "{'eventCount':3,'sessionWasActive':false}");
}

} // namespace

//! One run of the window.
struct Window
{
    FakeClock &clock;
    SeededRandom random{1};
    SessionStore store;
    TranscriptStore transcripts;
    Outbox outbox;
    std::unique_ptr<FakeBackend> backend;
    SessionManager manager;

    Window(const QString &folder, FakeClock &theClock)
        : clock(theClock)
        , store(folder + u"/sessions.json"_s, clock)
        , transcripts(folder + u"/transcripts"_s, clock)
        , outbox(folder + u"/outbox.jsonl"_s, clock)
        , manager(&store, clock, random)
    {
        manager.setTranscriptStore(&transcripts);
        manager.setOutbox(&outbox);
        manager.load();
        if (!manager.find(S)) {
            SessionConfig config;
            config.id = S;
            manager.create(config);
        }
    }
    ~Window() { cut(); }
    Session &session() const { return *manager.find(S); }
    void connect(const QList<AgentEvent> &history, const QList<AgentEvent> &log = {})
    {
        backend = std::make_unique<FakeBackend>();
        backend->histories[S] = history;
        backend->logs[S] = log;
        manager.setBackend(backend.get());
        backend->succeedAll();
    }
    void emitEvents(const QList<AgentEvent> &events)
    {
        for (const AgentEvent &event : events)
            Q_EMIT backend->sessionEvent(S, event);
    }
    void cut()
    {
        if (!backend)
            return;
        manager.setBackend(nullptr);
        backend.reset();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    QStringList text() const { return transcriptText(session().transcript()); }
    QList<NoticeItem> notices(NoticeItem::Kind kind) const
    {
        QList<NoticeItem> found;
        for (const TranscriptItem &item : session().transcript().items()) {
            const auto *notice = std::get_if<NoticeItem>(&item.data);
            if (notice && notice->kind == kind)
                found.append(*notice);
        }
        return found;
    }
    QString lastAnswer() const
    {
        QString text;
        for (const TranscriptItem &item : session().transcript().items()) {
            if (const auto *message = std::get_if<AssistantItem>(&item.data))
                text = message->text;
        }
        return text;
    }
};

class TstSessionHistory : public QObject
{
    Q_OBJECT
    using Kind = NoticeItem::Kind;
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s); }
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }

    void anIdleSessionCostsNoLog()
    {
        Window window(m_dir->path(), m_clock);
        window.connect({prompt("hi"), turnStart(), answer("hello"), turnEnd()});
        QCOMPARE(window.session().state(), Session::State::Attached);
        QCOMPARE(window.backend->count(u"readEventLog"_s), 0);
    }

    void showsATurnUnderWay()
    {
        // Another process keeps it alive; this window has never seen it.
        const QList<AgentEvent> history{prompt("old"), turnStart(), turnEnd(),
                                        prompt("go"),  turnStart(), toolStart()};
        QList<AgentEvent> log{history[3],        history[4], piece("Half a "),
                              piece("sentence"), history[5], question()};
        QList<AgentEvent> all = history.mid(0, 3) + log;
        Window window(m_dir->path(), m_clock);
        window.connect(history, log);
        QCOMPARE(window.backend->last(u"readEventLog"_s)->text.toLatin1(), history[2].meta.id);
        QCOMPARE(window.session().state(), Session::State::Attached);
        Transcript whole;
        for (const AgentEvent &event : all)
            whole.apply(event);
        QCOMPARE(window.text(), transcriptText(whole));
        QCOMPARE(window.session().activity(), Activity::WaitingForUser);
        QCOMPARE(window.lastAnswer(), u"Half a sentence"_s);
        QVERIFY(window.notices(Kind::Recovered).isEmpty());
        // What is pushed again is known; what is new goes on.
        window.emitEvents({log[2], piece(" more"), idle()});
        QCOMPARE(window.lastAnswer(), u"Half a sentence more"_s);
    }

    void aServerWithoutALog()
    {
        Window window(m_dir->path(), m_clock);
        window.backend = std::make_unique<FakeBackend>();
        window.backend->histories[S] = {prompt("go"), turnStart()};
        window.manager.setBackend(window.backend.get());
        QVERIFY(window.backend->succeed(u"createSession"_s));
        QVERIFY(window.backend->succeed(u"readHistory"_s));
        QVERIFY(window.backend->fail(u"readEventLog"_s, {ErrorCode::Unsupported, {}, {}}));
        QCOMPARE(window.session().state(), Session::State::Attached);
        QCOMPARE(window.session().activity(), Activity::Working);
    }

    void theConnectionEndsWhileTheLogIsRead()
    {
        Window window(m_dir->path(), m_clock);
        window.backend = std::make_unique<FakeBackend>();
        window.backend->histories[S] = {prompt("go"), turnStart()};
        window.manager.setBackend(window.backend.get());
        QVERIFY(window.backend->succeed(u"createSession"_s));
        QVERIFY(window.backend->succeed(u"readHistory"_s));
        QVERIFY(window.backend->fail(u"readEventLog"_s, {ErrorCode::ConnectionLost, {}, {}}));
        QCOMPARE(window.session().state(), Session::State::Offline);
    }

    void saysHowMuchWasRecovered()
    {
        QList<AgentEvent> history{prompt("hi"), turnStart(), answer("hello"), turnEnd()};
        Window window(m_dir->path(), m_clock);
        window.connect({});
        window.emitEvents(history + QList<AgentEvent>{idle()});
        window.cut();
        window.connect(history);
        QVERIFY(window.notices(Kind::Recovered).isEmpty()); // quiet

        window.cut();
        history += {prompt("more"), turnStart(), answer("again"), turnEnd()};
        window.connect(history);
        QCOMPARE(window.notices(Kind::Recovered).size(), 1);
        QCOMPARE(window.notices(Kind::Recovered)[0].count, 2);
        QCOMPARE(window.session().unread(), 2); // one came before, one while it was away
        const int row = 2;
        QVERIFY(std::holds_alternative<NoticeItem>(
            window.session().transcript().items()[row].data)); // before what is new

        window.cut();
        window.connect(history);
        QCOMPARE(window.notices(Kind::Recovered).size(), 1); // not the same again
    }

    void theNextWindowSaysItToo()
    {
        QList<AgentEvent> history{prompt("hi"), turnStart()};
        {
            Window window(m_dir->path(), m_clock);
            window.connect({});
            window.emitEvents(history + QList<AgentEvent>{piece("Hel")});
            m_clock.advance(1s);
        }
        history += {answer("Hello"), turnEnd()};
        Window window(m_dir->path(), m_clock);
        window.connect(history);
        QCOMPARE(window.notices(Kind::Recovered).size(), 1);
        QCOMPARE(window.lastAnswer(), u"Hello"_s);
        QVERIFY(window.notices(Kind::Interrupted).isEmpty());
    }

    void aTurnCutByTheServersDeath()
    {
        const QList<AgentEvent> history{prompt("go"), turnStart()};
        {
            Window window(m_dir->path(), m_clock);
            window.connect({});
            window.emitEvents(history);
            window.emitEvents({piece("Half a "), piece("sentence")});
            window.cut();
            // Perhaps it goes on without us.
            QCOMPARE(window.notices(Kind::Interrupted).size(), 1);
            QVERIFY(!window.notices(Kind::Interrupted)[0].resumable);
            QCOMPARE(window.lastAnswer(), u"Half a sentence"_s);
            window.connect(history + QList<AgentEvent>{resumed()});
            QCOMPARE(window.notices(Kind::Interrupted).size(), 1);
            QVERIFY(window.notices(Kind::Interrupted)[0].resumable);
            QCOMPARE(window.lastAnswer(), u"Half a sentence"_s); // over the reload
            QCOMPARE(window.session().activity(), Activity::Idle);
        }
        Window window(m_dir->path(), m_clock);
        window.connect(history + QList<AgentEvent>{resumed()});
        QCOMPARE(window.lastAnswer(), u"Half a sentence"_s); // over a restart of the window
        QVERIFY(window.notices(Kind::Interrupted)[0].resumable);
        QVERIFY(window.notices(Kind::Recovered).isEmpty());

        window.manager.askAgain(S);
        const FakeBackend::Call *send = window.backend->last(u"send"_s);
        QVERIFY(send);
        QCOMPARE(send->prompt.text, u"go"_s);
        QCOMPARE(send->prompt.attachments.value(0).path, u"/w/f"_s);
        window.backend->succeedAll();
        window.emitEvents({prompt("go"), turnStart()});
        QVERIFY(!window.notices(Kind::Interrupted)[0].resumable); // it goes on
    }

    void aSilentAttachAsksWhetherTheTurnGoesOn_data()
    {
        QTest::addColumn<bool>("works");
        QTest::newRow("goes on") << true;
        QTest::newRow("is over") << false;
    }
    void aSilentAttachAsksWhetherTheTurnGoesOn()
    {
        QFETCH(bool, works);
        Window window(m_dir->path(), m_clock);
        SessionKeeping keeping;
        keeping.silentAttach = true;
        window.manager.setKeeping(SessionManager::defaultBackendId(), keeping);
        window.backend = std::make_unique<FakeBackend>();
        window.backend->histories[S] = {prompt("go"), turnStart()};
        window.backend->works[S].turn = works;
        window.manager.setBackend(window.backend.get());
        window.backend->succeedAll();
        QCOMPARE(window.session().state(), Session::State::Attached);
        QCOMPARE(window.session().activity(), works ? Activity::Working : Activity::Idle);
        QCOMPARE(window.notices(Kind::Interrupted).size(), works ? 0 : 1);
    }

    void whatTheServerLostStaysReadable()
    {
        const QList<AgentEvent> history{prompt("hi"), turnStart(), answer("hello"), turnEnd()};
        Window window(m_dir->path(), m_clock);
        window.connect({});
        window.emitEvents(history);
        window.emitEvents({idle(), prompt("lost"), turnStart(), piece("I had rea", "a2")});
        window.cut();
        window.connect(history + QList<AgentEvent>{resumed()});
        QCOMPARE(window.notices(Kind::ServerLost).size(), 1);
        QCOMPARE(window.notices(Kind::ServerLost)[0].count, 1);
        QCOMPARE(window.lastAnswer(), u"I had rea"_s);
        QCOMPARE(window.session().activity(), Activity::Idle);
        const QStringList before = window.text();
        window.cut();
        window.connect(history + QList<AgentEvent>{resumed()});
        QCOMPARE(window.notices(Kind::ServerLost).size(), 1);
    }

    void isReadableWithoutAServer()
    {
        QStringList online;
        {
            Window window(m_dir->path(), m_clock);
            window.connect({});
            window.emitEvents({prompt("hi"), turnStart(), answer("hello"), turnEnd(), idle()});
            online = window.text();
        }
        Window window(m_dir->path(), m_clock);
        QVERIFY(window.text().isEmpty()); // only when it is looked at
        QCOMPARE(window.session().displayName(), u"hi"_s); // but it has its name
        window.manager.setVisible(S);
        QCOMPARE(window.text(), online);
        QCOMPARE(window.session().state(), Session::State::Offline);
    }

    // An echo may come before the answer that names its prompt. With the connection cut between the
    // two it was shown twice, until the next attach.
    void anEchoBeforeTheAnswerIsOneRow()
    {
        const auto rows = [](const Window &window) {
            const auto &items = window.session().transcript().items();
            return std::count_if(items.begin(), items.end(), [](const TranscriptItem &item) {
                return std::holds_alternative<UserItem>(item.data);
            });
        };
        {
            Window window(m_dir->path(), m_clock);
            window.connect({});
            Prompt one;
            one.text = u"one"_s;
            window.manager.send(S, one);
            window.emitEvents({prompt("one")});
            QCOMPARE(rows(window), 1);
            while (window.backend->fail({}, {ErrorCode::ConnectionLost, {}, {}})) { }
            window.cut();
            QCOMPARE(rows(window), 1);
        }
        Window next(m_dir->path(), m_clock);
        next.manager.setVisible(S);
        QCOMPARE(rows(next), 1);
    }

    // Servers that name no messages: the kept echo is the prompt that is still in the outbox.
    void anEchoWithoutANameIsOneRow()
    {
        {
            Window window(m_dir->path(), m_clock);
            window.connect({});
            Prompt one;
            one.text = u"one"_s;
            window.manager.send(S, one);
            QVERIFY(window.backend->succeed(u"send"_s));
            window.emitEvents({sent("user.message", "{'content':'one'}")});
            QCOMPARE(window.outbox.entries().size(), 1); // not surely on the disk yet
        }
        Window next(m_dir->path(), m_clock);
        next.manager.setVisible(S);
        const auto &items = next.session().transcript().items();
        QCOMPARE(std::count_if(items.begin(), items.end(),
                               [](const TranscriptItem &item) {
                                   return std::holds_alternative<UserItem>(item.data);
                               }),
                 1);
    }

    void goesWithItsSession()
    {
        Window window(m_dir->path(), m_clock);
        window.connect({});
        window.emitEvents({prompt("hi")});
        window.transcripts.flush();
        QVERIFY(QFile::exists(m_dir->path() + u"/transcripts/s1.jsonl"_s));
        window.manager.close(S);
        QVERIFY(!QFile::exists(m_dir->path() + u"/transcripts/s1.jsonl"_s));
        window.backend.reset();
    }

    void anAnsweredQuestionStaysInItsPlace()
    {
        const AgentEvent asked = question();
        const AgentEvent answered =
            sent("user_input.completed", "{'requestId':'q1','answer':'b'}", true);
        QList<AgentEvent> history{prompt("hi"), turnStart(), toolStart()};
        Window window(m_dir->path(), m_clock);
        window.connect({});
        window.emitEvents(history + QList<AgentEvent>{asked, answered});
        const QList<AgentEvent> rest{
            sent("tool.execution_complete", "{'toolCallId':'t1','success':true,'result':{}}"),
            answer("so b"), turnEnd()};
        window.emitEvents(rest + QList<AgentEvent>{idle()});
        const QStringList before = window.text();
        window.cut();
        window.connect(history + rest); // a history has no questions
        QCOMPARE(window.text(), before);
    }

private:
    FakeClock m_clock;
    std::unique_ptr<QTemporaryDir> m_dir;
};

QTEST_GUILESS_MAIN(TstSessionHistory)
#include "tst_sessionhistory.moc"
