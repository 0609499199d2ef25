// SPDX-License-Identifier: MIT
#include "session/historymerge.h"
#include "session/transcript.h"
#include "support/fakeclock.h"
#include "support/recordedevents.h"
#include "support/transcripttext.h"

#include <QLoggingCategory>
#include <QRegularExpression>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

//! An event of a real server's shape, so that it can be kept.
AgentEvent made(const char *name, EventData data, bool ephemeral = false)
{
    AgentEvent event;
    event.meta.id = name;
    event.meta.ephemeral = ephemeral;
    event.meta.time = QDateTime(QDate(2026, 11, 21), QTime(9, 0), Qt::UTC);
    event.meta.raw = "{}";
    event.data = std::move(data);
    return event;
}

AgentEvent user(const char *name)
{
    const QString text = QString::fromLatin1(name);
    return made(name, UserMessage{text, text, UserMessage::Delivery::Idle, {}});
}

QByteArray raw(const char *id, const char *type, const QByteArray &data)
{
    return "{\"type\":\"" + QByteArray(type) + "\",\"data\":" + data + ",\"id\":\"" + id
        + "\",\"timestamp\":\"2026-11-21T09:00:00.000Z\"}";
}

KeptTranscript keptLines(const QList<QByteArray> &lines)
{
    QByteArray bytes = "{\"transcript\":1,\"kind\":\"copilot\"}\n";
    for (const QByteArray &line : lines)
        bytes += line + '\n';
    return KeptTranscript::parse(bytes);
}

QByteArray keptUser(const char *id)
{
    return "{\"d\":\"" + QByteArray(id)
        + "\",\"e\":" + raw(id, "user.message", "{\"content\":\"" + QByteArray(id) + "\"}") + "}";
}

//! Reasoning that is known from the answer alone is named after it.
QStringList anyReasoning(const Transcript &transcript)
{
    static const QRegularExpression id(u"^( reasoning) \\S+"_s);
    return transcriptText(transcript).replaceInStrings(id, u"\\1"_s);
}

QByteArray ids(const QList<AgentEvent> &events)
{
    QByteArray text;
    for (const AgentEvent &event : events) {
        const auto *note = std::get_if<HistoryNote>(&event.data);
        const auto *delta = std::get_if<MessageDelta>(&event.data);
        text += (text.isEmpty() ? "" : " ")
            + (note ? (note->kind == HistoryNote::Kind::Lost ? "lost:" : "recovered:")
                       + QByteArray::number(note->count)
                   : event.meta.id.isEmpty() && delta ? "\"" + delta->text.toUtf8() + "\""
                                                      : event.meta.id);
    }
    return text;
}

} // namespace

class TstHistoryMerge : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s); }

    void merges_data()
    {
        QTest::addColumn<QByteArray>("kept");
        QTest::addColumn<QByteArray>("history");
        QTest::addColumn<QByteArray>("expected");
        QTest::addColumn<QByteArray>("fresh");
        QTest::addColumn<bool>("rewrite");
        const auto row = [](const char *name, const char *kept, const char *history,
                            const char *expected, const char *fresh, bool rewrite = false) {
            QTest::newRow(name) << QByteArray(kept) << QByteArray(history) << QByteArray(expected)
                                << QByteArray(fresh) << rewrite;
        };
        row("nothing", "", "", "", "");
        row("first time", "", "a b", "a b", "a b"); // nothing is "recovered" that was never seen
        row("nothing new", "a b", "a b", "a b", "");
        row("two more", "a b", "a b c d", "a b recovered:2 c d", "recovered:2 c d");
        row("the end is lost", "a b c", "a", "a b c lost:2", "lost:2");
        row("lost, and it went on", "a b c", "a d", "a b c lost:2 recovered:1 d",
            "lost:2 recovered:1 d");
        row("all is lost", "a b", "", "a b lost:2", "lost:2");
        row("nothing in common", "a b", "c", "a b lost:2 recovered:1 c", "lost:2 recovered:1 c");
        row("unknown in the middle", "a x b", "a b", "a x b", ""); // the server has cut its history
        row("missing in the middle", "a c", "a b c d", "a b c recovered:1 d", "b recovered:1 d",
            true);
    }
    void merges()
    {
        QFETCH(QByteArray, kept);
        QFETCH(QByteArray, history);
        QList<QByteArray> lines;
        for (const QByteArray &id : kept.split(' ')) {
            if (!id.isEmpty())
                lines.append(keptUser(id));
        }
        QList<AgentEvent> events;
        for (const QByteArray &id : history.split(' ')) {
            if (!id.isEmpty())
                events.append(user(id));
        }
        const MergedHistory merged = mergeHistory(keptLines(lines), events, {});
        QTEST(ids(merged.events), "expected");
        QTEST(ids(merged.fresh), "fresh");
        QTEST(merged.rewrite, "rewrite");
    }

    void saysALossOnce()
    {
        const QByteArray note = "{\"n\":{\"lost\":true,\"count\":2,\"time\":0}}";
        const KeptTranscript kept = keptLines({keptUser("a"), keptUser("b"), keptUser("c"), note});
        const MergedHistory merged = mergeHistory(kept, {user("a")}, {});
        QCOMPARE(ids(merged.events), QByteArray("a b c lost:2"));
        QVERIFY(merged.fresh.isEmpty());
        QCOMPARE(merged.lost, 0);
    }

    void keepsTheTextOfATurnThatWasCut()
    {
        const QByteArray text =
            "{\"t\":{\"id\":\"m\",\"agent\":\"\",\"last\":\"d2\",\"time\":0,\"text\":\"half\","
            "\"reasoning\":false}}";
        const KeptTranscript kept = keptLines({keptUser("a"), text});
        const AgentEvent end = made("end", SessionResumed{1, false});
        const MergedHistory merged = mergeHistory(kept, {user("a"), end}, {});
        QCOMPARE(ids(merged.events), QByteArray("a \"half\" end"));
        QCOMPARE(merged.recovered, 0); // bookkeeping
    }

    void aLogGoesOnWhereTheKeptTextEnds()
    {
        const QByteArray text =
            "{\"t\":{\"id\":\"m\",\"agent\":\"\",\"last\":\"d2\",\"time\":0,\"text\":\"half\","
            "\"reasoning\":false}}";
        const KeptTranscript kept = keptLines({keptUser("a"), text});
        const QList<AgentEvent> log{user("a"), made("s", MessageStarted{u"m"_s}, true),
                                    made("d1", MessageDelta{u"m"_s, u"ha"_s}, true),
                                    made("d2", MessageDelta{u"m"_s, u"lf"_s}, true),
                                    made("d3", MessageDelta{u"m"_s, u" and more"_s}, true)};
        const MergedHistory merged = mergeHistory(kept, {user("a")}, log);
        QCOMPARE(ids(merged.events), QByteArray("a \"half\" s d3"));
        Transcript transcript;
        transcript.load(merged.events, true);
        QCOMPARE(std::get<AssistantItem>(transcript.items()[1].data).text, u"half and more"_s);
        QCOMPARE(merged.server.size(), 5);
    }

    void idsOfAnOldServerThatChange()
    {
        // 0.0.420 may name the events of a history differently each time.
        const KeptTranscript kept = keptLines({keptUser("a")});
        AgentEvent same = user("a");
        same.meta.id = "other";
        const MergedHistory merged = mergeHistory(kept, {same}, {});
        QCOMPARE(ids(merged.events), QByteArray("other"));
        QVERIFY(merged.rewrite);
        QCOMPARE(merged.lost + merged.recovered, 0);
    }

    void findsWhereTheTurnBegan()
    {
        QCOMPARE(beforeLastTurn({}), QByteArray());
        QCOMPARE(beforeLastTurn({user("a")}), QByteArray());
        AgentEvent steering = user("s");
        std::get<UserMessage>(steering.data).delivery = UserMessage::Delivery::Steering;
        AgentEvent told = user("t");
        told.meta.agentId = u"sub"_s;
        QCOMPARE(beforeLastTurn({user("a"), made("x", TurnEnded{}), user("b"),
                                 made("y", TurnStarted{}), steering, told}),
                 QByteArray("x"));
    }

    //! Real traffic, cut at each event: what we had seen, the server's history and its log make
    //! the same conversation as if the connection had never gone.
    void everyCutOfARecording_data()
    {
        QTest::addColumn<QString>("name");
        for (const QString &name : recorded::names())
            QTest::newRow(qPrintable(name)) << name;
    }
    void everyCutOfARecording()
    {
        QFETCH(QString, name);
        const QList<AgentEvent> wire = recorded::wireEvents(name);
        QVERIFY(!wire.isEmpty());
        Transcript whole;
        FakeClock clock;
        TranscriptStore all({}, clock);
        QList<AgentEvent> durable;
        for (const AgentEvent &event : wire) {
            whole.apply(event);
            all.append(u"s"_s, event);
            if (!event.meta.ephemeral)
                durable.append(event);
        }
        const QStringList expected = transcriptText(whole);

        const qsizetype step = std::max<qsizetype>(1, wire.size() / 150);
        for (qsizetype cut = 0; cut <= wire.size(); cut += step) {
            TranscriptStore store({}, clock);
            for (qsizetype i = 0; i < cut; ++i)
                store.append(u"s"_s, wire[i]);
            // The log begins with the turn; earlier turns were over before the cut.
            const QByteArray before = beforeLastTurn(durable);
            qsizetype begin = 0;
            while (!before.isEmpty() && wire[begin].meta.id != before)
                ++begin;
            QList<AgentEvent> log = wire.mid(before.isEmpty() ? 0 : begin + 1);
            while (!log.isEmpty() && log.constFirst().meta.ephemeral)
                log.removeFirst();
            if (cut < begin)
                continue; // what was asked in an earlier turn is not in this log
            const MergedHistory merged = mergeHistory(store.load(u"s"_s), durable, log);
            QVERIFY2(!merged.rewrite && merged.lost == 0, qPrintable(QString::number(cut)));
            Transcript joined;
            joined.load(merged.events, true);
            QCOMPARE(transcriptText(joined), expected);
            QCOMPARE(joined.activity(), whole.activity());

            // And once more, from what is kept now: the server has died.
            for (const AgentEvent &event : merged.fresh)
                store.append(u"s"_s, event);
            Transcript offline;
            offline.load(store.read(u"s"_s), true);
            Transcript reference;
            reference.load(all.read(u"s"_s), true);
            QCOMPARE(anyReasoning(offline), anyReasoning(reference));
        }
    }
};

QTEST_GUILESS_MAIN(TstHistoryMerge)
#include "tst_historymerge.moc"
