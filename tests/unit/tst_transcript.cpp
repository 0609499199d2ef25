// SPDX-License-Identifier: MIT
#include "session/transcript.h"
#include "support/fakebackend.h"
#include "support/recordedevents.h"

#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;

namespace {

QString str(const char *text)
{
    return QString::fromUtf8(text);
}

//! Events with ids of their own and rising times.
class Script
{
public:
    explicit Script(Transcript &transcript)
        : m_transcript(transcript)
    { }
    template <typename T>
    AgentEvent make(T data, const QString &agentId = {}, bool ephemeral = false)
    {
        AgentEvent event;
        event.meta.id = QByteArray("event-") + QByteArray::number(++m_count);
        event.meta.time =
            QDateTime::fromMSecsSinceEpoch(1'790'000'000'000 + m_count * 1000, Qt::UTC);
        event.meta.agentId = agentId;
        event.meta.ephemeral = ephemeral;
        event.data = std::move(data);
        return event;
    }
    template <typename T>
    void apply(T data, const QString &agentId = {}, bool ephemeral = false)
    {
        m_transcript.apply(make(std::move(data), agentId, ephemeral));
    }

private:
    Transcript &m_transcript;
    int m_count = 0;
};

UserMessage user(const char *id, const char *text)
{
    UserMessage message;
    message.messageId = str(id);
    message.text = str(text);
    return message;
}

MessageCompleted message(const char *id, const char *text, QList<ToolRequest> tools = {})
{
    MessageCompleted completed;
    completed.messageId = str(id);
    completed.text = str(text);
    completed.toolRequests = std::move(tools);
    return completed;
}

ToolRequest tool(const char *id, const char *name = "bash")
{
    ToolRequest request;
    request.toolCallId = str(id);
    request.name = str(name);
    return request;
}

PermissionRequested permission(const char *id, const char *toolCallId)
{
    PermissionRequested request;
    request.requestId = str(id);
    request.toolCallId = str(toolCallId);
    return request;
}

//! A row in words, for comparing. What only lives on the wire is told apart by \a durable.
QString describe(const TranscriptItem &item)
{
    QString text = item.agentId.isEmpty() ? QString() : str("[") + item.agentId.left(4) + str("] ");
    const auto number = [](auto state) { return QString::number(static_cast<int>(state)); };
    if (const auto *prompt = std::get_if<UserItem>(&item.data))
        text += str("user ") + prompt->messageId + str(" ") + prompt->text
            + str(prompt->pending ? " pending" : "") + number(prompt->delivery);
    else if (const auto *answer = std::get_if<AssistantItem>(&item.data))
        text += str("assistant ") + answer->messageId + str(" ") + answer->text
            + str(answer->streaming ? " streaming" : "")
            + str(answer->interrupted ? " interrupted" : "");
    else if (const auto *thought = std::get_if<ReasoningItem>(&item.data))
        text += str("reasoning ") + thought->text + str(thought->streaming ? " streaming" : "");
    else if (const auto *card = std::get_if<ToolItem>(&item.data))
        text += str("tool ") + card->toolCallId + card->name + str(" ") + card->title + str(" ")
            + card->intention + str(" ") + number(card->state) + card->output + card->details
            + card->error + QString::number(card->exitCode.value_or(-1)) + str(" ")
            + card->subagentId + QString::number(card->subagentToolCalls) + str(" ")
            + QString::number(card->subagentTokens) + card->started.toString(Qt::ISODateWithMs)
            + card->ended.toString(Qt::ISODateWithMs);
    else if (const auto *permit = std::get_if<PermissionItem>(&item.data))
        text += str("permission ") + permit->request.requestId + permit->request.subject
            + number(permit->state);
    else if (const auto *question = std::get_if<QuestionItem>(&item.data))
        text += str("question ") + question->request.requestId + question->answer
            + number(question->state);
    else if (const auto *plan = std::get_if<PlanItem>(&item.data))
        text += str("plan ") + plan->request.requestId + number(plan->state);
    else if (const auto *notice = std::get_if<NoticeItem>(&item.data))
        text += str("notice ") + number(notice->kind) + notice->text + str("|") + notice->detail
            + QString::number(notice->statusCode.value_or(0));
    return text;
}

QStringList rows(const Transcript &transcript)
{
    QStringList result;
    for (const TranscriptItem &item : transcript.items())
        result.append(describe(item));
    return result;
}

//! Without what the server forgets: questions, plans, and text and output of a turn that was cut.
QStringList durableRows(const Transcript &transcript)
{
    QStringList result;
    for (const TranscriptItem &item : transcript.items()) {
        const auto *text = std::get_if<AssistantItem>(&item.data);
        const auto *notice = std::get_if<NoticeItem>(&item.data);
        if (std::holds_alternative<QuestionItem>(item.data)
            || std::holds_alternative<PlanItem>(item.data) || (text && text->interrupted)
            || (notice && notice->kind == NoticeItem::Kind::Retrying))
            continue;
        TranscriptItem row = item;
        if (auto *card = std::get_if<ToolItem>(&row.data);
            card && card->state == ToolItem::State::Cancelled)
            card->output.clear();
        result.append(describe(row));
    }
    return result;
}

//! Keeps a copy of the rows by the signals alone.
class Mirror : public QObject
{
public:
    explicit Mirror(const Transcript &transcript)
        : m_transcript(transcript)
    {
        connect(&transcript, &Transcript::itemsInserted, this, [this](int first, int last) {
            for (int row = first; row <= last; ++row)
                m_rows.insert(row, at(row));
        });
        connect(&transcript, &Transcript::itemsRemoved, this, [this](int first, int last) {
            for (int row = last; row >= first; --row)
                m_rows.removeAt(row);
        });
        connect(&transcript, &Transcript::itemChanged, this,
                [this](int row) { m_rows[row] = at(row); });
        connect(&transcript, &Transcript::reset, this, [this] { m_rows = rows(m_transcript); });
    }
    const QStringList &mirrored() const { return m_rows; }

private:
    QString at(int row) const
    {
        return describe(m_transcript.items().at(static_cast<std::size_t>(row)));
    }
    const Transcript &m_transcript;
    QStringList m_rows;
};

template <typename T>
const T &item(const Transcript &transcript, int row)
{
    return std::get<T>(transcript.items().at(static_cast<std::size_t>(row)).data);
}

} // namespace

class TstTranscript : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void finalTextReplacesDeltas()
    {
        Transcript transcript;
        Script script(transcript);
        script.apply(user("u", "hi"));
        QCOMPARE(transcript.activity(), Activity::Working);
        script.apply(TurnStarted{});
        script.apply(MessageStarted{str("m")});
        script.apply(MessageDelta{str("m"), str("Hel")});
        script.apply(MessageDelta{str("m"), str("lo")});
        QCOMPARE(item<AssistantItem>(transcript, 1).text, str("Hello"));
        QVERIFY(item<AssistantItem>(transcript, 1).streaming);
        script.apply(message("m", "Hello!"));
        script.apply(MessageDelta{str("m"), str("late")});
        script.apply(TurnEnded{});
        QCOMPARE(item<AssistantItem>(transcript, 1).text, str("Hello!"));
        QVERIFY(!item<AssistantItem>(transcript, 1).streaming);
        QVERIFY(!item<AssistantItem>(transcript, 1).interrupted);
        script.apply(AssistantIdle{});
        QCOMPARE(transcript.activity(), Activity::Idle);
        QVERIFY(transcript.hasBackgroundWork());
        script.apply(SessionIdle{});
        QVERIFY(!transcript.hasBackgroundWork());
    }

    void theSameEventTwiceChangesNothing()
    {
        Transcript transcript;
        Script script(transcript);
        const AgentEvent delta = script.make(MessageDelta{str("m"), str("x")}, {}, true);
        transcript.apply(delta);
        transcript.apply(delta);
        QCOMPARE(item<AssistantItem>(transcript, 0).text, str("x"));
    }

    void aRetryDropsTheSupersededText()
    {
        Transcript transcript;
        Script script(transcript);
        script.apply(TurnStarted{});
        script.apply(ReasoningDelta{str("r1"), str("hm")});
        script.apply(MessageDelta{str("m1"), str("part")});
        script.apply(TurnRetried{{}, str("streaming_error")});
        QCOMPARE(transcript.items().size(), 1U);
        QCOMPARE(item<NoticeItem>(transcript, 0).kind, NoticeItem::Kind::Retrying);
        script.apply(SessionNotice{false, str("model_retry"), str("Retrying...")}, {}, true);
        QCOMPARE(item<NoticeItem>(transcript, 0).text, str("Retrying..."));
        script.apply(TurnRetried{{}, str("streaming_error")});
        QCOMPARE(item<NoticeItem>(transcript, 0).count, 2);
        script.apply(MessageDelta{str("m2"), str("whole")});
        script.apply(message("m2", "whole"));
        script.apply(TurnEnded{});
        QCOMPARE(transcript.items().size(), 1U);
        QCOMPARE(item<AssistantItem>(transcript, 0).messageId, str("m2"));
    }

    void abortClosesEverything()
    {
        Transcript transcript;
        Script script(transcript);
        script.apply(user("u", "go"));
        script.apply(TurnStarted{});
        script.apply(message("m0", "", {tool("t")}));
        script.apply(ToolStarted{tool("t")});
        script.apply(permission("p", "t"));
        QuestionRequested question;
        question.requestId = str("q");
        script.apply(question);
        script.apply(MessageDelta{str("m"), str("part")});
        transcript.addPending(str("later"), str("queued"));
        QCOMPARE(transcript.activity(), Activity::WaitingForUser);
        QCOMPARE(transcript.waitingRequests(), 2);
        QCOMPARE(transcript.runningTool(), str("bash"));
        script.apply(Aborted{str("user_initiated")});
        QCOMPARE(transcript.activity(), Activity::Idle);
        QCOMPARE(item<ToolItem>(transcript, 1).state, ToolItem::State::Cancelled);
        QVERIFY(item<ToolItem>(transcript, 1).ended.isValid());
        QCOMPARE(item<PermissionItem>(transcript, 2).state, PermissionItem::State::Cancelled);
        QCOMPARE(item<QuestionItem>(transcript, 3).state, QuestionItem::State::Cancelled);
        QVERIFY(item<AssistantItem>(transcript, 4).interrupted);
        QVERIFY(item<UserItem>(transcript, 5).dropped);
        QCOMPARE(item<NoticeItem>(transcript, 6).kind, NoticeItem::Kind::Interrupted);
        script.apply(PermissionCompleted{str("p"), PermissionCompleted::Outcome::Cancelled, {}});
        script.apply(ToolOutput{str("t"), str("more"), true});
        script.apply(TurnEnded{});
        script.apply(SessionIdle{true});
        QCOMPARE(transcript.items().size(), 7U);
        QVERIFY(item<ToolItem>(transcript, 1).output.isEmpty());
        QCOMPARE(transcript.runningTool(), QString());
    }

    void toolOutputIsAppendedOrReplaced()
    {
        Transcript transcript;
        Script script(transcript);
        script.apply(ToolStarted{tool("old")});
        script.apply(ToolOutput{str("old"), str("a"), false});
        script.apply(ToolOutput{str("old"), str("ab"), false});
        QCOMPARE(item<ToolItem>(transcript, 0).output, str("ab"));
        script.apply(ToolStarted{tool("new")});
        script.apply(ToolOutput{str("new"), str("a"), true});
        script.apply(ToolOutput{str("new"), str("a"), false}); // the same, told the old way
        script.apply(ToolOutput{str("new"), str("b"), true});
        QCOMPARE(item<ToolItem>(transcript, 1).output, str("ab"));
        const QString block(1000, QLatin1Char('x'));
        for (int i = 0; i < 1000; ++i)
            script.apply(ToolOutput{str("new"), block, true});
        QVERIFY(item<ToolItem>(transcript, 1).output.size() <= 128 * 1024);
        QVERIFY(item<ToolItem>(transcript, 1).output.size() >= 64 * 1024);
        ToolCompleted done;
        done.toolCallId = str("new");
        done.output = str("result");
        done.exitCode = 2;
        script.apply(done);
        QCOMPARE(item<ToolItem>(transcript, 1).output, str("result"));
        QCOMPARE(item<ToolItem>(transcript, 1).state, ToolItem::State::Succeeded);
        script.apply(ToolOutput{str("new"), str("background"), true});
        QCOMPARE(item<ToolItem>(transcript, 1).output, str("result"));
    }

    void subagentRowsAreGrouped()
    {
        Transcript transcript;
        Script script(transcript);
        const QString agent = str("agent-1");
        script.apply(user("u", "go"));
        script.apply(SessionBegan{str("model-a"), {}});
        script.apply(ToolStarted{tool("task", "task")});
        script.apply(SubagentStarted{str("task"), str("Explorer")}, agent);
        script.apply(ModelChanged{str("model-b")}, agent);
        script.apply(user("inner", "do this"), agent);
        script.apply(TurnStarted{}, agent);
        script.apply(ToolStarted{tool("t2")}, agent);
        QCOMPARE(transcript.runningTool(), str("bash"));
        script.apply(MessageDelta{str("m2"), str("inner text")}, agent);
        script.apply(MessageDelta{str("m1"), str("outer text")});
        script.apply(TurnRetried{{}, {}}, agent); // concerns the sub-agent's text only
        script.apply(SubagentCompleted{str("task"), true, 1, 500}, agent);
        QCOMPARE(transcript.model(), str("model-a"));
        QCOMPARE(transcript.items().at(1).agentId, QString());
        const auto &card = item<ToolItem>(transcript, 1);
        QCOMPARE(card.subagentId, agent);
        QCOMPARE(card.title, str("Explorer"));
        QCOMPARE(card.subagentToolCalls, 1);
        QCOMPARE(card.subagentTokens, 500);
        QCOMPARE(transcript.items().at(2).agentId, agent);
        int users = 0;
        bool outer = false;
        for (const TranscriptItem &row : transcript.items()) {
            users += std::holds_alternative<UserItem>(row.data) ? 1 : 0;
            if (const auto *text = std::get_if<AssistantItem>(&row.data)) {
                QCOMPARE(text->messageId, str("m1"));
                outer = text->streaming;
            }
        }
        QCOMPARE(users, 1);
        QVERIFY(outer);
    }

    void pendingPromptsWaitForTheirEcho()
    {
        Transcript transcript;
        Script script(transcript);
        transcript.addPending(str("u1"), str("one"));
        transcript.addPending(str("u2"), str("two"));
        transcript.addPending(str("u1"), str("again"));
        QCOMPARE(transcript.items().size(), 2U);
        QVERIFY(item<UserItem>(transcript, 0).pending);
        script.apply(user("u1", "one"));
        script.apply(MessageDelta{str("m"), str("answer")});
        script.apply(message("m", "answer"));
        script.apply(user("u2", "two"));
        // Each stands where the server took it up.
        QCOMPARE(item<UserItem>(transcript, 0).messageId, str("u1"));
        QCOMPARE(item<AssistantItem>(transcript, 1).text, str("answer"));
        QCOMPARE(item<UserItem>(transcript, 2).messageId, str("u2"));
        QVERIFY(!item<UserItem>(transcript, 0).pending && !item<UserItem>(transcript, 2).pending);
        transcript.addPending(str("u2"), str("two")); // the echo was faster
        QCOMPARE(transcript.items().size(), 3U);
        transcript.addPending(str("u3"), str("three"));
        transcript.removePending(str("u2")); // not pending
        transcript.removePending(str("u3"));
        transcript.removePending(str("nobody"));
        QCOMPARE(transcript.items().size(), 3U);
    }

    void anEchoWithoutAnIdIsMatchedByItsText()
    {
        Transcript transcript;
        Script script(transcript);
        transcript.addPending(str("u1"), str("go on"));
        transcript.addPending(str("u2"), str("go on"));
        transcript.addPending(str("u3"), str("stop"));
        script.apply(user("", "go on"));
        QCOMPARE(transcript.items().size(), 3U);
        QVERIFY(item<UserItem>(transcript, 0).pending); // u2
        QCOMPARE(item<UserItem>(transcript, 0).messageId, str("u2"));
        QVERIFY(!item<UserItem>(transcript, 2).pending);
        script.apply(user("", "typed elsewhere"));
        QCOMPARE(transcript.items().size(), 4U);
        transcript.load({script.make(user("", "stop")), script.make(SessionShutDown{})}, true);
        QCOMPARE(transcript.items().size(), 3U);
        QCOMPARE(item<UserItem>(transcript, 2).messageId, str("u2"));
        QVERIFY(item<UserItem>(transcript, 2).dropped);
    }

    void answersGoBackAndForth()
    {
        Transcript transcript;
        Script script(transcript);
        script.apply(ToolStarted{tool("t")});
        script.apply(permission("p", "t"));
        PlanApprovalRequested plan;
        plan.requestId = str("plan");
        script.apply(plan);
        transcript.setAnswering(str("p"), true);
        QCOMPARE(item<PermissionItem>(transcript, 1).state, PermissionItem::State::Answering);
        QCOMPARE(transcript.waitingRequests(), 1);
        transcript.setAnswering(str("p"), false);
        QCOMPARE(item<PermissionItem>(transcript, 1).state, PermissionItem::State::Waiting);
        transcript.setAnswering(str("p"), true);
        transcript.setAnswering(str("plan"), true);
        transcript.setAnswering(str("unknown"), true);
        QCOMPARE(transcript.waitingRequests(), 0);
        QCOMPARE(transcript.activity(), Activity::Working);
        script.apply(PermissionCompleted{str("p"), PermissionCompleted::Outcome::Rejected, {}});
        script.apply(PlanApprovalCompleted{str("plan"), true, {}});
        transcript.setAnswering(str("p"), false); // too late
        QCOMPARE(item<PermissionItem>(transcript, 1).state, PermissionItem::State::Rejected);
        QCOMPARE(item<PlanItem>(transcript, 2).state, PlanItem::State::Approved);
        QCOMPARE(transcript.waitingRequests(), 0);
    }

    void anInterruptedRequestIsOpenAgainWhenFetched()
    {
        Transcript transcript;
        Script script(transcript);
        script.apply(user("u", "go"));
        script.apply(TurnStarted{});
        script.apply(ToolStarted{tool("t")});
        script.apply(permission("p", "t"));
        script.apply(permission("q", "t"));
        script.apply(PermissionCompleted{str("q"), PermissionCompleted::Outcome::Approved, {}});
        transcript.markInterrupted();
        QCOMPARE(transcript.activity(), Activity::Idle);
        QCOMPARE(item<PermissionItem>(transcript, 2).state, PermissionItem::State::Cancelled);
        QCOMPARE(item<NoticeItem>(transcript, 4).kind, NoticeItem::Kind::Interrupted);
        transcript.markInterrupted();
        QCOMPARE(transcript.items().size(), 5U);
        script.apply(permission("p", "t"));
        script.apply(permission("q", "t"));
        QCOMPARE(transcript.activity(), Activity::WaitingForUser);
        QCOMPARE(transcript.waitingRequests(), 1);
        QCOMPARE(item<PermissionItem>(transcript, 2).state, PermissionItem::State::Waiting);
        QCOMPARE(item<PermissionItem>(transcript, 3).state, PermissionItem::State::Approved);
        QCOMPARE(item<ToolItem>(transcript, 1).state, ToolItem::State::Running);
    }

    void aQuestionEndsWithItsTool()
    {
        Transcript transcript;
        Script script(transcript);
        script.apply(ToolStarted{tool("t", "ask_user")});
        QuestionRequested question;
        question.requestId = str("q");
        question.toolCallId = str("t");
        script.apply(question);
        ToolCompleted done;
        done.toolCallId = str("t");
        done.success = false;
        script.apply(done);
        QCOMPARE(item<QuestionItem>(transcript, 1).state, QuestionItem::State::Cancelled);
        QCOMPARE(transcript.waitingRequests(), 0);
        QCOMPARE(item<ToolItem>(transcript, 0).state, ToolItem::State::Failed);
    }

    void historyWithoutAnEndWasInterrupted()
    {
        Transcript transcript;
        Script script(transcript);
        const QList<AgentEvent> history{script.make(user("u", "go")), script.make(TurnStarted{}),
                                        script.make(message("m", "", {tool("t")})),
                                        script.make(ToolStarted{tool("t")})};
        transcript.addPending(str("lost"), str("lost"));
        transcript.addPending(str("u"), str("go"));
        QSignalSpy resets(&transcript, &Transcript::reset);
        transcript.load(history, true);
        QCOMPARE(resets.size(), 1);
        QCOMPARE(transcript.activity(), Activity::Working);
        QVERIFY(!item<UserItem>(transcript, 2).dropped); // may be in the server's queue
        transcript.load(history, false);
        QCOMPARE(transcript.activity(), Activity::Idle);
        QCOMPARE(item<ToolItem>(transcript, 1).state, ToolItem::State::Cancelled);
        QCOMPARE(item<NoticeItem>(transcript, 2).kind, NoticeItem::Kind::Interrupted);
        QCOMPARE(item<UserItem>(transcript, 3).messageId, str("lost"));
        QVERIFY(item<UserItem>(transcript, 3).dropped);
        QCOMPARE(transcript.items().size(), 4U);
        transcript.load({}, true);
        QCOMPARE(transcript.items().size(), 1U);
    }

    // Found by the fuzzer: a question without an id had no row.
    void idsMayBeEmpty()
    {
        Transcript transcript;
        Script script(transcript);
        script.apply(user("", "go"));
        script.apply(TurnStarted{});
        script.apply(message("", "", {tool("")}));
        script.apply(ToolStarted{tool("")});
        script.apply(PermissionRequested{});
        script.apply(QuestionRequested{});
        script.apply(PlanApprovalRequested{});
        QCOMPARE(transcript.activity(), Activity::WaitingForUser);
        transcript.setAnswering({}, true);
        script.apply(ToolCompleted{});
        script.apply(PermissionCompleted{});
        script.apply(QuestionCompleted{});
        script.apply(PlanApprovalCompleted{});
        script.apply(ToolStarted{tool("")});
        script.apply(QuestionRequested{});
        transcript.markInterrupted();
        QCOMPARE(transcript.activity(), Activity::Idle);
        QCOMPARE(transcript.waitingRequests(), 0);
    }

    //! Killed between the steps of a turn, when none of them was open.
    void aTurnCutBetweenItsStepsWasInterrupted_data()
    {
        QTest::addColumn<int>("events");
        QTest::addColumn<bool>("cut");
        QTest::addRow("before its first step") << 1 << true;
        QTest::addRow("in a step") << 2 << true;
        QTest::addRow("between two steps") << 6 << true;
        QTest::addRow("after the last") << 9 << false;
    }
    void aTurnCutBetweenItsStepsWasInterrupted()
    {
        QFETCH(int, events);
        QFETCH(bool, cut);
        Transcript transcript;
        Script script(transcript);
        ToolCompleted done;
        done.toolCallId = str("t");
        const QList<AgentEvent> whole{script.make(user("u", "go")),
                                      script.make(TurnStarted{}),
                                      script.make(message("m", "", {tool("t")})),
                                      script.make(ToolStarted{tool("t")}),
                                      script.make(done),
                                      script.make(TurnEnded{}),
                                      script.make(TurnStarted{}),
                                      script.make(message("n", "done")),
                                      script.make(TurnEnded{})};
        for (const bool alive : {true, false}) {
            transcript.load(whole.mid(0, events), alive);
            // With the prompt alone nobody knows whether there will be a turn.
            const bool works = alive && cut && events > 1;
            QCOMPARE(transcript.activity(), works ? Activity::Working : Activity::Idle);
            QCOMPARE(transcript.isPromptOpen(), alive && events == 1);
            const auto *last = std::get_if<NoticeItem>(&transcript.items().back().data);
            QCOMPARE(last && last->kind == NoticeItem::Kind::Interrupted, cut && !alive);
        }
    }

    void aLiveHistoryTellsWhetherItGoesOn()
    {
        Transcript transcript;
        Script script(transcript);
        QList<AgentEvent> history{script.make(user("u", "go")), script.make(TurnStarted{}),
                                  script.make(message("m", "done")), script.make(TurnEnded{})};
        transcript.load(history, true);
        QCOMPARE(transcript.activity(), Activity::Idle);
        history = {script.make(user("u", "go"))};
        transcript.load(history, true);
        QCOMPARE(transcript.activity(), Activity::Idle); // no turn has begun: maybe none will
        history = {script.make(TurnStarted{}), script.make(SessionShutDown{str("routine")})};
        transcript.load(history, true);
        QCOMPARE(transcript.activity(), Activity::Idle);
        QCOMPARE(item<NoticeItem>(transcript, 0).kind, NoticeItem::Kind::Interrupted);
        history = {script.make(TurnStarted{}), script.make(SessionResumed{5, true})};
        transcript.load(history, true);
        QCOMPARE(transcript.activity(), Activity::Working);
        history = {script.make(TurnStarted{}), script.make(SessionResumed{5, false})};
        transcript.load(history, true);
        QCOMPARE(transcript.activity(), Activity::Idle);
    }

    void sumsAndFacts()
    {
        Transcript transcript;
        QSignalSpy infos(&transcript, &Transcript::infoChanged);
        Script script(transcript);
        script.apply(SessionBegan{str("a"), {}});
        script.apply(UsageReported{10, 5, 1, str("a"), Milliseconds(20)});
        script.apply(UsageReported{1, 2, 3, str("a"), Milliseconds(5)});
        script.apply(ContextUsage{100, 1000});
        script.apply(TitleChanged{str("Title")});
        script.apply(ModelChanged{str("a")}); // no news
        QCOMPARE(transcript.items().size(), 0U);
        script.apply(ModelChanged{str("b")});
        script.apply(ModeChanged{AgentMode::Plan});
        QCOMPARE(transcript.totalUsage().inputTokens, 11);
        QCOMPARE(transcript.totalUsage().duration, Milliseconds(25));
        QCOMPARE(transcript.contextUsage().tokenLimit, 1000);
        QCOMPARE(transcript.title(), str("Title"));
        QCOMPARE(transcript.model(), str("b"));
        QCOMPARE(transcript.mode(), AgentMode::Plan);
        QCOMPARE(infos.size(), 7);
        QCOMPARE(item<NoticeItem>(transcript, 0).text, str("b"));
        QCOMPARE(item<NoticeItem>(transcript, 1).text, str("plan"));
        script.apply(CompactionChanged{true, true, 0});
        QVERIFY(item<NoticeItem>(transcript, 2).running);
        script.apply(CompactionChanged{false, true, 7});
        QVERIFY(!item<NoticeItem>(transcript, 2).running);
        QCOMPARE(transcript.items().size(), 3U);
        script.apply(SessionFailed{str("query"), str("no"), 500});
        QCOMPARE(item<NoticeItem>(transcript, 3).statusCode, std::optional<int>(500));
        script.apply(SessionNotice{false, str("file_created"), str("a.txt")}, {}, true);
        script.apply(SessionNotice{true, str("w"), str("careful")}, {}, true);
        QCOMPARE(transcript.items().size(), 5U);
        QVERIFY(transcript.lastEventTime().isValid());
    }

    void reasoningStandsBeforeItsAnswer()
    {
        Transcript transcript;
        Script script(transcript);
        MessageCompleted done = message("m", "answer");
        done.reasoning = str("thought");
        script.apply(MessageDelta{str("m"), str("ans")});
        script.apply(done); // its reasoning was not streamed
        QCOMPARE(item<ReasoningItem>(transcript, 0).text, str("thought"));
        QCOMPARE(item<AssistantItem>(transcript, 1).text, str("answer"));
        script.apply(ReasoningCompleted{str("other id"), str("thought")}, {}, true);
        QCOMPARE(transcript.items().size(), 2U);
        script.apply(ReasoningCompleted{str("r2"), str("more")}, {}, true);
        QCOMPARE(item<ReasoningItem>(transcript, 2).text, str("more"));
        QVERIFY(!item<ReasoningItem>(transcript, 2).streaming);
    }

    // ---- recorded traffic ----

    void recorded_data()
    {
        QTest::addColumn<QString>("name");
        for (const QString &name : recorded::names())
            QTest::newRow(qPrintable(name)) << name;
    }

    void liveRowsEqualTheHistory_data() { recorded_data(); }
    void liveRowsEqualTheHistory()
    {
        QFETCH(QString, name);
        Transcript live;
        Mirror mirror(live);
        for (const AgentEvent &event : recorded::wireEvents(name))
            live.apply(event);
        Transcript loaded;
        loaded.load(recorded::historyEvents(name), true);
        QCOMPARE(durableRows(live), durableRows(loaded));
        QCOMPARE(mirror.mirrored(), rows(live));
        QCOMPARE(live.activity(), Activity::Idle);
        QCOMPARE(loaded.activity(), Activity::Idle);
        QVERIFY(!live.hasBackgroundWork());
        QCOMPARE(live.waitingRequests(), 0);
        QVERIFY(!live.items().empty());
        for (const TranscriptItem &row : live.items()) {
            if (const auto *text = std::get_if<AssistantItem>(&row.data))
                QVERIFY(!text->streaming);
            if (const auto *card = std::get_if<ToolItem>(&row.data))
                QVERIFY(card->state > ToolItem::State::Running);
        }
    }

    //! Any number of repetitions of any part gives the same rows at the end.
    void repetitionsChangeNothing_data() { recorded_data(); }
    void repetitionsChangeNothing()
    {
        QFETCH(QString, name);
        const QList<AgentEvent> events = recorded::wireEvents(name);
        Transcript once;
        for (const AgentEvent &event : events)
            once.apply(event);
        for (quint32 seed = 1; seed <= 20; ++seed) {
            QRandomGenerator random(seed);
            Transcript often;
            Mirror mirror(often);
            for (int i = 0; i < events.size(); ++i) {
                often.apply(events.at(i));
                if (random.bounded(4) == 0) {
                    const int from = random.bounded(i + 1);
                    for (int again = from; again <= i; ++again)
                        often.apply(events.at(again));
                }
            }
            QCOMPARE(rows(often), rows(once));
            QCOMPARE(mirror.mirrored(), rows(often));
        }
    }

    //! A connection may go at any moment and the history be read again: what follows fits.
    void aHistoryReadAtAnyMomentFits_data() { recorded_data(); }
    void aHistoryReadAtAnyMomentFits()
    {
        QFETCH(QString, name);
        const QList<AgentEvent> events = recorded::wireEvents(name);
        const QList<AgentEvent> history = recorded::historyEvents(name);
        Transcript loaded;
        loaded.load(history, true);
        for (int cut = 0; cut < events.size(); ++cut) {
            Transcript transcript;
            Mirror mirror(transcript);
            QList<AgentEvent> durable;
            for (int i = 0; i < cut; ++i) {
                transcript.apply(events.at(i));
                if (!events.at(i).meta.ephemeral)
                    durable.append(events.at(i));
            }
            if (cut % 2 == 0)
                transcript.markInterrupted();
            transcript.load(durable, true);
            for (int i = cut; i < events.size(); ++i)
                transcript.apply(events.at(i));
            QCOMPARE(durableRows(transcript), durableRows(loaded));
            QCOMPARE(mirror.mirrored(), rows(transcript));
            QCOMPARE(transcript.activity(), Activity::Idle);
        }
    }

    //! Events in any order never break the books.
    void disorderIsSurvived()
    {
        QList<AgentEvent> all;
        for (const QString &name : recorded::names())
            all += recorded::wireEvents(name);
        for (quint32 seed = 1; seed <= 30; ++seed) {
            QRandomGenerator random(seed);
            Transcript transcript;
            Mirror mirror(transcript);
            for (int i = 0; i < 400; ++i) {
                transcript.apply(all.at(random.bounded(static_cast<int>(all.size()))));
                if (random.bounded(40) == 0)
                    transcript.markInterrupted();
            }
            QCOMPARE(mirror.mirrored(), rows(transcript));
            QVERIFY(transcript.waitingRequests() >= 0);
            transcript.markInterrupted();
            QCOMPARE(transcript.activity(), Activity::Idle);
        }
    }

    //! A tool that waits for the user is not told to be running.
    void aToolAsksUntilItIsAnswered()
    {
        Transcript transcript;
        ToolRequest request;
        request.toolCallId = str("t");
        transcript.apply(FakeBackend::event(ToolStarted{request}));
        QVERIFY(!item<ToolItem>(transcript, 0).asking);
        transcript.apply(FakeBackend::event(permission("r", "t")));
        QVERIFY(item<ToolItem>(transcript, 0).asking);
        transcript.apply(FakeBackend::event(PermissionCompleted{str("r"), {}, {}}));
        QVERIFY(!item<ToolItem>(transcript, 0).asking);
        transcript.apply(FakeBackend::event(permission("r", "t"))); // late again: answered already
        QVERIFY(!item<ToolItem>(transcript, 0).asking);
    }
};

QTEST_GUILESS_MAIN(TstTranscript)
#include "tst_transcript.moc"
