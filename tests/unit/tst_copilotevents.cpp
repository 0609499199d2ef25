// SPDX-License-Identifier: MIT
#include "agent/copilotevents.h"
#include "agent/eventids.h"
#include "support/recordedevents.h"
#include "transport/transport.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>
#include <QUuid>

using namespace pilotlight;
using Outcome = CopilotEventDecoder::Outcome;

namespace {

//! JSON with single quotes, which are readable here.
QByteArray J(const char *text)
{
    return QByteArray(text).replace('\'', '"');
}

std::string_view view(const QByteArray &padded)
{
    return {padded.constData(), static_cast<std::size_t>(padded.size()) - MessagePadding};
}

struct Decoded
{
    Outcome outcome = Outcome::Invalid;
    QString sessionId;
    AgentEvent event;

    template <typename T>
    const T *as() const
    {
        return outcome == Outcome::Event ? std::get_if<T>(&event.data) : nullptr;
    }
};

Decoded decode(const QByteArray &params)
{
    static CopilotEventDecoder decoder;
    Decoded result;
    const QByteArray text = recorded::padded(params);
    result.outcome = decoder.decode(RawJson{view(text)}, result.sessionId, result.event);
    return result;
}

Decoded decodeEvent(const QByteArray &type, const QByteArray &data)
{
    return decode("{\"sessionId\":\"s\",\"event\":{\"type\":\"" + type + "\",\"data\":" + data
                  + ",\"id\":\"i\",\"timestamp\":\"2026-11-20T23:31:54.336Z\",\"parentId\":null}}");
}

QString str(const char *text)
{
    return QString::fromUtf8(text);
}

} // namespace

class TstCopilotEvents : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void readsADelta()
    {
        const Decoded result =
            decode(J("{'sessionId':'351df05b','event':{'type':'assistant.message_delta','data':{'"
                     "messageId':'559876f6','deltaContent':'You \\'said\\'\\n\\u00e4 "
                     "😀'},'ephemeral':true,'id':'5dc4cff8-69e0-4c07-9fae-b778117729ba','timestamp'"
                     ":'2026-11-20T23:31:54.336Z','parentId':'52854ab0','agentId':'7b01'}}"));
        QCOMPARE(result.sessionId, str("351df05b"));
        const auto *delta = result.as<MessageDelta>();
        QVERIFY(delta);
        QCOMPARE(delta->messageId, str("559876f6"));
        QCOMPARE(delta->text, str("You \"said\"\nä 😀"));
        QCOMPARE(result.event.meta.id, QByteArray("5dc4cff8-69e0-4c07-9fae-b778117729ba"));
        QCOMPARE(result.event.meta.time,
                 QDateTime(QDate(2026, 11, 20), QTime(23, 31, 54, 336), Qt::UTC));
        QCOMPARE(result.event.meta.agentId, str("7b01"));
        QVERIFY(result.event.meta.ephemeral);
    }

    void resetsWhatTheNextEventHasNot()
    {
        CopilotEventDecoder decoder;
        QString session;
        AgentEvent event;
        const QByteArray first = recorded::padded(
            J("{'sessionId':'s','event':{'type':'assistant.message_delta','data':{'messageId':'m','"
              "deltaContent':'a'},'ephemeral':true,'id':'1','agentId':'x'}}"));
        const QByteArray second =
            recorded::padded(J("{'sessionId':'s','event':{'type':'assistant.message_delta','data':{"
                               "'messageId':'m','deltaContent':'b'},'id':'2'}}"));
        QCOMPARE(decoder.decode(RawJson{view(first)}, session, event), Outcome::Event);
        QCOMPARE(decoder.decode(RawJson{view(second)}, session, event), Outcome::Event);
        QVERIFY(event.meta.agentId.isEmpty());
        QVERIFY(!event.meta.ephemeral);
        QVERIFY(!event.meta.time.isValid());
    }

    void memberOrderDoesNotMatter()
    {
        const Decoded result =
            decode(J(" { 'event' : "
                     "{'id':'i','data':{'deltaContent':'x','messageId':'m'},'type':'assistant."
                     "message_delta'}, 'sessionId':'s', 'more':[1]}"));
        QVERIFY(result.as<MessageDelta>());
        QCOMPARE(result.as<MessageDelta>()->text, str("x"));
        QCOMPARE(result.sessionId, str("s"));
    }

    void membersBehindTheEventAreIgnored()
    {
        const Decoded result =
            decode(J("{'sessionId':'s','event':{'type':'assistant.message_delta','data':{'"
                     "messageId':'m','deltaContent':'x'},'id':'i'},'extra':{'type':'y'}}"));
        QVERIFY(result.as<MessageDelta>());
        QCOMPARE(result.event.meta.id, QByteArray("i"));
    }

    void takesALoneSurrogate()
    {
        const Decoded result = decodeEvent("assistant.message_delta",
                                           J("{'messageId':'m','deltaContent':'a\\ud800b'}"));
        QVERIFY(result.as<MessageDelta>());
        QCOMPARE(result.as<MessageDelta>()->text.size(), 3);
    }

    void readsTheOtherDeltas()
    {
        const Decoded reasoning =
            decodeEvent("assistant.reasoning_delta", J("{'reasoningId':'r','deltaContent':'hm'}"));
        QCOMPARE(reasoning.as<ReasoningDelta>()->reasoningId, str("r"));
        const Decoded shell =
            decodeEvent("tool.shell_output",
                        J("{'toolCallId':'t','stream':'stdout','text':'one\\n','sequence':0}"));
        QVERIFY(shell.as<ToolOutput>()->isDelta);
        QCOMPARE(shell.as<ToolOutput>()->text, str("one\n"));
        const Decoded partial = decodeEvent("tool.execution_partial_result",
                                            J("{'toolCallId':'t','partialOutput':'one\\ntwo\\n'}"));
        QVERIFY(!partial.as<ToolOutput>()->isDelta);
        QCOMPARE(partial.as<ToolOutput>()->toolCallId, str("t"));
    }

    void skipsNoiseUnparsed_data()
    {
        QTest::addColumn<QByteArray>("type");
        for (const char *type : {"assistant.streaming_delta", "system.message", "model.message",
                                 "model.messages_snapshot", "session.background_tasks_changed",
                                 "assistant.tool_call_delta", "session.tools_updated"})
            QTest::newRow(type) << QByteArray(type);
    }
    void skipsNoiseUnparsed()
    {
        QFETCH(QByteArray, type);
        // What follows the type is not even JSON: proof that nobody looked.
        const QByteArray text = recorded::padded("{\"sessionId\":\"s\",\"event\":{\"type\":\""
                                                 + type + "\",\"data\":}}}}[");
        CopilotEventDecoder decoder;
        QString session;
        AgentEvent event;
        const QByteArray exact = text;
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QStringLiteral("event without a session")));
        QCOMPARE(decoder.decode(RawJson{view(exact)}, session, event), Outcome::Invalid);
        const QByteArray closed = recorded::padded("{\"sessionId\":\"s\",\"event\":{\"type\":\""
                                                   + type + "\",\"data\":}}}}[}");
        QCOMPARE(decoder.decode(RawJson{view(closed)}, session, event), Outcome::Skipped);
        QVERIFY(session.isEmpty());
    }

    void keepsAnUnknownType()
    {
        const Decoded result =
            decodeEvent("future.thing", J("{'a':{'b':[1,2]},'deltaContent':'x'}"));
        const auto *unknown = result.as<UnknownEvent>();
        QVERIFY(unknown);
        QCOMPARE(unknown->type, str("future.thing"));
        QCOMPARE(unknown->data.value(str("a")).toObject().value(str("b")).toArray().size(), 2);
        QCOMPARE(result.event.meta.id, QByteArray("i"));
    }

    void refusesWhatIsNoEvent_data()
    {
        QTest::addColumn<QByteArray>("params");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("scalar") << QByteArray("1");
        QTest::newRow("garbage") << QByteArray("{\"sessionId\":\"s\",\"event\":");
        QTest::newRow("no session") << (J("{'event':{'type':'session.idle','data':{}}}"));
        QTest::newRow("no event") << (J("{'sessionId':'s'}"));
        QTest::newRow("no type") << (J("{'sessionId':'s','event':{'data':{}}}"));
        QTest::newRow("event is a list") << (J("{'sessionId':'s','event':[]}"));
        QTest::newRow("deep") << (J("{'sessionId':'s','event':")) + QByteArray(3000, '[')
                + QByteArray(3000, ']') + '}';
    }
    void refusesWhatIsNoEvent()
    {
        QFETCH(QByteArray, params);
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("event without a")));
        QCOMPARE(decode(params).outcome, Outcome::Invalid);
    }

    void wrongMemberTypesDoNotHurt()
    {
        const Decoded delta =
            decodeEvent("assistant.message_delta", J("{'messageId':1,'deltaContent':{'x':1}}"));
        QVERIFY(delta.as<MessageDelta>());
        QVERIFY(delta.as<MessageDelta>()->text.isEmpty());
        const Decoded data = decodeEvent("assistant.message", J("'text'"));
        QVERIFY(data.as<MessageCompleted>());
    }

    void readsTimestamps_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QDateTime>("time");
        const QDate date(2026, 11, 20);
        QTest::newRow("ms") << QByteArray("2026-11-20T23:31:54.336Z")
                            << QDateTime(date, QTime(23, 31, 54, 336), Qt::UTC);
        QTest::newRow("s") << QByteArray("2026-11-20T23:31:54Z")
                           << QDateTime(date, QTime(23, 31, 54), Qt::UTC);
        QTest::newRow("ns") << QByteArray("2026-11-20T21:40:13.572000665Z")
                            << QDateTime(date, QTime(21, 40, 13, 572), Qt::UTC);
        QTest::newRow("leap") << QByteArray("2024-02-29T00:00:00.1Z")
                              << QDateTime(QDate(2024, 2, 29), QTime(0, 0, 0, 100), Qt::UTC);
        QTest::newRow("epoch") << QByteArray("1970-01-01T00:00:00.000Z")
                               << QDateTime(QDate(1970, 1, 1), QTime(0, 0), Qt::UTC);
        QTest::newRow("local") << QByteArray("2026-11-20T23:31:54.336+01:00") << QDateTime();
        QTest::newRow("text") << QByteArray("yesterday, at about ten") << QDateTime();
        QTest::newRow("month") << QByteArray("2026-13-20T23:31:54.336Z") << QDateTime();
    }
    void readsTimestamps()
    {
        QFETCH(QByteArray, text);
        QFETCH(QDateTime, time);
        const Decoded result = decode(
            J("{'sessionId':'s','event':{'type':'session.idle','data':{},'id':'i','timestamp':'")
            + text + J("'}}"));
        QCOMPARE(result.outcome, Outcome::Event);
        QCOMPARE(result.event.meta.time, time);
    }

    void everyRecordedEventIsKnown()
    {
        for (const QString &name : recorded::names()) {
            for (const auto &events : {recorded::wireEvents(name), recorded::historyEvents(name)}) {
                QVERIFY2(!events.isEmpty(), qPrintable(name));
                for (const AgentEvent &event : events) {
                    if (const auto *unknown = std::get_if<UnknownEvent>(&event.data))
                        QFAIL(qPrintable(name + QStringLiteral(": ") + unknown->type));
                    QVERIFY(event.meta.time.isValid());
                    QCOMPARE(event.meta.id.size(), 36);
                }
            }
        }
    }

    //! The fast reader and Qt's parser must agree on every frequent event.
    void bothReadersAgree()
    {
        CopilotEventDecoder decoder;
        int compared = 0;
        for (const QString &name : recorded::names()) {
            for (const QByteArray &line : recorded::wire(name)) {
                const Decoded fast = decode(line);
                // Parsed and written by Qt the members are sorted: "agentId" or "data" comes
                // first, so that only the slow reader can take it.
                const Decoded slow =
                    decode(QJsonDocument::fromJson(line).toJson(QJsonDocument::Compact));
                QCOMPARE(slow.outcome, fast.outcome);
                if (fast.outcome != Outcome::Event)
                    continue;
                QCOMPARE(slow.sessionId, fast.sessionId);
                QCOMPARE(slow.event.meta.id, fast.event.meta.id);
                QCOMPARE(slow.event.meta.time, fast.event.meta.time);
                QCOMPARE(slow.event.meta.agentId, fast.event.meta.agentId);
                QCOMPARE(slow.event.meta.ephemeral, fast.event.meta.ephemeral);
                QCOMPARE(slow.event.data.index(), fast.event.data.index());
                if (const auto *delta = fast.as<MessageDelta>()) {
                    QCOMPARE(slow.as<MessageDelta>()->text, delta->text);
                    QCOMPARE(slow.as<MessageDelta>()->messageId, delta->messageId);
                    ++compared;
                }
                if (const auto *output = fast.as<ToolOutput>()) {
                    QCOMPARE(slow.as<ToolOutput>()->text, output->text);
                    QCOMPARE(slow.as<ToolOutput>()->isDelta, output->isDelta);
                    ++compared;
                }
            }
        }
        QVERIFY(compared > 50);
    }

    void readsATool()
    {
        const ToolStarted *started = nullptr;
        const ToolCompleted *completed = nullptr;
        const PermissionRequested *request = nullptr;
        const QList<AgentEvent> events = recorded::wireEvents(str("bash"));
        for (const AgentEvent &event : events) {
            if (const auto *e = std::get_if<ToolStarted>(&event.data))
                started = e;
            if (const auto *e = std::get_if<ToolCompleted>(&event.data))
                completed = e;
            if (const auto *e = std::get_if<PermissionRequested>(&event.data))
                request = e;
        }
        QVERIFY(started && completed && request);
        QCOMPARE(started->request.name, str("bash"));
        QCOMPARE(started->request.title, str("Running command"));
        QVERIFY(started->request.arguments.contains(str("command")));
        QVERIFY(completed->success);
        QCOMPARE(completed->output, str("one\ntwo\n"));
        QCOMPARE(completed->exitCode, std::optional<int>(3));
        QCOMPARE(request->kind, PermissionRequested::Kind::Commands);
        QCOMPARE(request->subject, str("echo one; sleep 1; echo two; exit 3"));
        QCOMPARE(request->toolCallId, started->request.toolCallId);
        QVERIFY(!request->canApproveForSession);
        QVERIFY(request->raw.contains(str("commandIdentifiers")));
    }

    //! A history holds only the text for the model, which ends in a line of the server's.
    void readsAShellsOutputFromAHistory_data()
    {
        QTest::addColumn<QByteArray>("data");
        QTest::addColumn<QString>("output");
        QTest::addColumn<std::optional<int>>("exitCode");
        QTest::newRow("1.0.102") << J(
            "{'shellExecution':{'exitCode':0},'result':{'content':'kept\n<shellId: 0 "
            "completed with exit code 0>'}}")
                                 << str("kept\n") << std::optional<int>(0);
        QTest::newRow("1.0.40") << J(
            "{'toolTelemetry':{'properties':{'executionMode':'sync'}},'result':{'content':"
            "'kept\n<exited with exit code -7>'}}")
                                << str("kept\n") << std::optional<int>(-7);
        QTest::newRow("nothing written") << J("{'shellExecution':{'exitCode':3},'result':{'content'"
                                              ":'<shellId: a-b completed with exit code 3>'}}")
                                         << str("") << std::optional<int>(3);
        QTest::newRow("not at the end")
            << J("{'shellExecution':{},'result':{'content':'<exited with exit code 0> it says'}}")
            << str("<exited with exit code 0> it says") << std::optional<int>();
        QTest::newRow("not of a shell")
            << J("{'result':{'content':'log\n<exited with exit code 0>'}}")
            << str("log\n<exited with exit code 0>") << std::optional<int>();
        QTest::newRow("written by the command")
            << J("{'shellExecution':{'exitCode':0},'result':{'content':'x','contents':[{'type':"
                 "'shell_exit','exitCode':0,'outputPreview':'<exited with exit code 1>'}]}}")
            << str("<exited with exit code 1>") << std::optional<int>(0);
    }

    void readsAShellsOutputFromAHistory()
    {
        QFETCH(QByteArray, data);
        const Decoded decoded = decodeEvent("tool.execution_complete", data);
        const auto *completed = decoded.as<ToolCompleted>();
        QVERIFY(completed);
        QTEST(completed->output, "output");
        QTEST(completed->exitCode, "exitCode");
    }

    void readsAnEdit()
    {
        bool diff = false;
        bool details = false;
        const QList<AgentEvent> events = recorded::wireEvents(str("edit"));
        for (const AgentEvent &event : events) {
            if (const auto *e = std::get_if<PermissionRequested>(&event.data)) {
                QCOMPARE(e->kind, PermissionRequested::Kind::Write);
                QVERIFY(e->subject.endsWith(str("a.txt")));
                QVERIFY(e->canApproveForSession);
                diff = diff || e->diff.contains(str("+three"));
            }
            if (const auto *e = std::get_if<ToolCompleted>(&event.data))
                details = details || e->details.contains(str("diff --git"));
        }
        QVERIFY(diff && details);
    }

    void readsErrors()
    {
        const Decoded error = decodeEvent(
            "session.error", J("{'errorType':'authentication','message':'no','statusCode':401}"));
        QCOMPARE(error.as<SessionFailed>()->kind, str("authentication"));
        QCOMPARE(error.as<SessionFailed>()->statusCode, std::optional<int>(401));
        const Decoded plain = decodeEvent("session.error", J("{'errorType':'query'}"));
        QVERIFY(!plain.as<SessionFailed>()->statusCode);
        const Decoded denied = decodeEvent(
            "tool.execution_complete",
            J("{'toolCallId':'t','success':false,'error':{'message':'no','code':'denied'}}"));
        QVERIFY(denied.as<ToolCompleted>()->denied);
        QVERIFY(!denied.as<ToolCompleted>()->success);
    }

    void readsPermissionResults_data()
    {
        QTest::addColumn<QByteArray>("kind");
        QTest::addColumn<int>("outcome");
        using Result = PermissionCompleted::Outcome;
        QTest::newRow("approved") << QByteArray("approved") << int(Result::Approved);
        QTest::newRow("session") << QByteArray("approved-for-session") << int(Result::Approved);
        QTest::newRow("denied") << QByteArray("denied-interactively-by-user")
                                << int(Result::Rejected);
        QTest::newRow("rules") << QByteArray("denied-by-rules") << int(Result::Rejected);
        QTest::newRow("cancelled") << QByteArray("cancelled") << int(Result::Cancelled);
    }
    void readsPermissionResults()
    {
        QFETCH(QByteArray, kind);
        QFETCH(int, outcome);
        const Decoded result = decodeEvent(
            "permission.completed", J("{'requestId':'r','result':{'kind':'") + kind + J("'}}"));
        QCOMPARE(int(result.as<PermissionCompleted>()->outcome), outcome);
    }

    void aPermissionThatAHookAnsweredAsksNobody()
    {
        const Decoded result = decodeEvent("permission.requested",
                                           J("{'requestId':'r','resolvedByHook':true,'"
                                             "promptRequest':{'kind':'read','path':'/a'}}"));
        QCOMPARE(result.outcome, Outcome::Skipped);
    }

    void readsPermissionPrompts_data()
    {
        QTest::addColumn<QByteArray>("prompt");
        QTest::addColumn<int>("kind");
        QTest::addColumn<QString>("subject");
        using Kind = PermissionRequested::Kind;
        QTest::newRow("read") << (J("{'kind':'read','path':'/a'}")) << int(Kind::Read) << str("/a");
        QTest::newRow("url") << (J("{'kind':'url','url':'http://x'}")) << int(Kind::Url)
                             << str("http://x");
        QTest::newRow("mcp") << (J("{'kind':'mcp','serverName':'s','toolName':'t'}"))
                             << int(Kind::Mcp) << str("s/t");
        QTest::newRow("tool") << (J("{'kind':'custom-tool','toolName':'t'}"))
                              << int(Kind::CustomTool) << str("t");
        QTest::newRow("new") << (J("{'kind':'memory'}")) << int(Kind::Other) << str("memory");
    }
    void readsPermissionPrompts()
    {
        QFETCH(QByteArray, prompt);
        QFETCH(int, kind);
        QFETCH(QString, subject);
        const Decoded result = decodeEvent("permission.requested",
                                           J("{'requestId':'r','promptRequest':") + prompt + '}');
        QCOMPARE(int(result.as<PermissionRequested>()->kind), kind);
        QCOMPARE(result.as<PermissionRequested>()->subject, subject);
    }

    void readsTheRest()
    {
        QCOMPARE(
            decodeEvent("user.message", J("{'content':'x','messageId':'m','delivery':'steering'}"))
                .as<UserMessage>()
                ->delivery,
            UserMessage::Delivery::Steering);
        QCOMPARE(decodeEvent("user.message", J("{'content':'x','source':'agent-1'}"))
                     .as<UserMessage>()
                     ->source,
                 str("agent-1"));
        const Decoded question = decodeEvent(
            "user_input.requested",
            J("{'requestId':'r','question':'q','choices':['a','b'],'allowFreeform':false}"));
        QCOMPARE(question.as<QuestionRequested>()->choices.size(), 2);
        QVERIFY(!question.as<QuestionRequested>()->allowFreeform);
        const Decoded plan =
            decodeEvent("exit_plan_mode.requested",
                        J("{'requestId':'r','summary':'s','planContent':'p','actions':['"
                          "interactive'],'recommendedAction':'interactive'}"));
        QCOMPARE(plan.as<PlanApprovalRequested>()->plan, str("p"));
        QCOMPARE(plan.as<PlanApprovalRequested>()->actions.size(), 1);
        QVERIFY(decodeEvent("exit_plan_mode.completed", J("{'requestId':'r','approved':true}"))
                    .as<PlanApprovalCompleted>()
                    ->approved);
        QCOMPARE(
            decodeEvent("session.mode_changed", J("{'newMode':'plan'}")).as<ModeChanged>()->mode,
            AgentMode::Plan);
        const Decoded usage = decodeEvent("assistant.usage",
                                          J("{'model':'m','inputTokens':11163.0,'outputTokens':20,'"
                                            "cacheReadTokens':5,'duration':76}"));
        QCOMPARE(usage.as<UsageReported>()->inputTokens, 11163);
        QCOMPARE(usage.as<UsageReported>()->duration, Milliseconds(76));
        QCOMPARE(decodeEvent("session.mcp_server_status_changed",
                             J("{'serverName':'s','status':'connected'}"))
                     .outcome,
                 Outcome::Skipped);
        QVERIFY(decodeEvent("session.mcp_server_status_changed",
                            J("{'serverName':'s','status':'failed','error':'e'}"))
                    .as<SessionNotice>()
                    ->warning);
        QVERIFY(!decodeEvent("subagent.failed", J("{'toolCallId':'t'}"))
                     .as<SubagentCompleted>()
                     ->success);
        QVERIFY(decodeEvent("session.resume", J("{'eventCount':8,'sessionWasActive':true}"))
                    .as<SessionResumed>()
                    ->wasActive);
    }

    void readsAList()
    {
        QByteArray events;
        for (const QByteArray &line : recorded::history(str("bash")))
            events += (events.isEmpty() ? "" : ",") + line;
        CopilotEventDecoder decoder;
        const QByteArray text =
            recorded::padded("{\"cursor\":\"c\",\"events\":[" + events + "],\"hasMore\":false}");
        const QList<AgentEvent> list = decoder.decodeList(RawJson{view(text)});
        const QList<AgentEvent> single = recorded::historyEvents(str("bash"));
        QCOMPARE(list.size(), single.size());
        for (int i = 0; i < list.size(); ++i) {
            QCOMPARE(list.at(i).meta.id, single.at(i).meta.id);
            QCOMPARE(list.at(i).data.index(), single.at(i).data.index());
        }
        const QByteArray none = recorded::padded("{\"events\":null}");
        QVERIFY(decoder.decodeList(RawJson{view(none)}).isEmpty());
        QVERIFY(decoder.decodeList(RawJson{}).isEmpty());
    }

    void remembersIds()
    {
        RecentIds ids(100);
        QList<QByteArray> all;
        for (int i = 0; i < 1000; ++i)
            all.append(QUuid::createUuidV5(QUuid(), QByteArray::number(i))
                           .toByteArray(QUuid::WithoutBraces));
        for (int i = 0; i < all.size(); ++i) {
            QVERIFY(ids.insert(all.at(i)));
            for (int back = 0; back < 100 && back <= i; ++back)
                QVERIFY(!ids.insert(all.at(i - back)));
        }
        QVERIFY(ids.insert(all.first())); // long forgotten: memory is bounded
        ids.clear();
        QVERIFY(ids.insert(all.last()));
        // Other shapes of ids, near misses of a UUID among them.
        for (const char *id :
             {"a", "b", "0", "00000000-0000-0000-0000-000000000000",
              "5dc4cff8-69e0-4c07-9fae-b778117729bz", "5dc4cff8-69e0-4c07-9fae+b778117729ba",
              "5dc4cff8-69e0-4c07-9fae-b778117729ba"}) {
            QVERIFY(ids.insert(id));
            QVERIFY(!ids.insert(id));
        }
        QVERIFY(ids.insert(QByteArray()));
        QVERIFY(ids.insert(QByteArray()));
    }
};

QTEST_GUILESS_MAIN(TstCopilotEvents)
#include "tst_copilotevents.moc"
