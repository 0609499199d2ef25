// SPDX-License-Identifier: MIT
#include "samples.h"

#include "support/fakebackend.h"

namespace pilotlight {

namespace {

ToolStarted started(const QString &id, const QString &name, const QString &title,
                    const QJsonObject &arguments)
{
    ToolStarted event;
    event.request.toolCallId = id;
    event.request.name = name;
    event.request.title = title;
    event.request.arguments = arguments;
    return event;
}

class Script
{
public:
    QList<AgentEvent> events;

    void add(EventData data, const QString &agentId = {})
    {
        events.append(FakeBackend::event(std::move(data), agentId));
    }
    void user(const QString &text)
    {
        add(UserMessage{QStringLiteral("u%1").arg(++m_n), text, {}, {}});
    }
    void answer(const QString &text, const QString &reasoning = {})
    {
        MessageCompleted m;
        m.messageId = QStringLiteral("a%1").arg(++m_n);
        m.text = text;
        m.reasoning = reasoning;
        add(m);
    }
    QString tool(const QString &name, const QString &title, const QJsonObject &arguments,
                 const QString &agentId = {})
    {
        const QString id = QStringLiteral("t%1").arg(++m_n);
        add(started(id, name, title, arguments), agentId);
        return id;
    }
    void done(const QString &id, const QString &output, const QString &details = {},
              std::optional<int> exit = {}, const QString &agentId = {})
    {
        ToolCompleted c;
        c.toolCallId = id;
        c.output = output;
        c.details = details;
        c.exitCode = exit;
        add(c, agentId);
    }

private:
    static inline int m_n = 0; // ids stay unique over several scripts
};

QJsonObject object(const char *key, const QString &value)
{
    return {{QString::fromLatin1(key), value}};
}

} // namespace

QList<AgentEvent> sampleConversation()
{
    Script s;
    s.add(SessionBegan{QStringLiteral("gpt-5.1-codex"), QStringLiteral("/home/ada/src/beacon")});
    s.add(TitleChanged{QStringLiteral("Make the retry loop honest")});
    s.user(QStringLiteral("The retry loop in beacon gives up after one failure. Find out why, and "
                          "fix it with a test."));
    s.add(TurnStarted{QStringLiteral("0")});
    s.add(ReasoningDelta{QStringLiteral("r1"),
                         QStringLiteral("The user reports that the loop ends early. I should look "
                                        "at **retry.cpp** first, then at its tests.")});
    s.add(ReasoningCompleted{
        QStringLiteral("r1"),
        QStringLiteral("The user reports that the loop ends early. I should look "
                       "at **retry.cpp** first, then at its tests.")});
    s.answer(QStringLiteral("I'll look at the loop and its tests first."));
    auto t = s.tool(QStringLiteral("grep"), QStringLiteral("Search"),
                    {{QStringLiteral("pattern"), QStringLiteral("retry")},
                     {QStringLiteral("path"), QStringLiteral("src")}});
    s.done(t,
           QStringLiteral(
               "src/retry.cpp:42: if (attempt++) return;\nsrc/retry.h:17: int attempt = 0;\n"));
    t = s.tool(QStringLiteral("view"), QStringLiteral("Read"),
               object("path", QStringLiteral("/home/ada/src/beacon/src/retry.cpp")));
    s.done(t, QStringLiteral("void Retry::run()\n{\n    if (attempt++) return;\n}\n"));
    t = s.tool(QStringLiteral("edit"), QStringLiteral("Edit"),
               object("path", QStringLiteral("/home/ada/src/beacon/src/retry.cpp")));
    s.done(t, QStringLiteral("File updated"),
           QStringLiteral("--- a/src/retry.cpp\n+++ b/src/retry.cpp\n@@ -40,5 +40,6 @@\n void "
                          "Retry::run()\n {\n-    if (attempt++) return;\n+    if (attempt++ >= "
                          "m_limit)\n+        return;\n     schedule();\n }\n"));
    t = s.tool(QStringLiteral("bash"), QStringLiteral("Run the tests"),
               object("command",
                      QStringLiteral(
                          "cmake --build build && ctest --test-dir build --output-on-failure")));
    s.done(t,
           QStringLiteral("Test project /home/ada/src/beacon/build\n1/1 Test #1: tst_retry ... "
                          "Passed 0.02 sec\n100% tests passed\n"),
           {}, 0);
    s.answer(QStringLiteral("The loop returned as soon as `attempt` was **not zero**, so every "
                            "second try was skipped. It now compares with the limit:\n\n"
                            "```cpp\nvoid Retry::run()\n{\n    if (attempt++ >= m_limit)\n        "
                            "return;\n    schedule();\n}\n```\n\n"
                            "What changed, and how it was checked:\n\n"
                            "| File | Change | Test |\n|---|---|---|\n| `retry.cpp` | compare with "
                            "`m_limit` | `tst_retry::limit` |\n| `retry.h` | new member | – |\n\n"
                            "1. The limit comes from the settings, see [the "
                            "manual](https://example.com/beacon/retry).\n2. Its default stays 5.\n "
                            "  - `0` means never.\n\n"
                            "> Note: the old behaviour was never documented.\n\n"
                            "## Next\n\nShall I also make the delay grow?"),
             QStringLiteral("Wrap up: explain the cause, show the code, list the files."));
    s.add(UsageReported{12000, 800, 9000, QStringLiteral("gpt-5.1-codex"), Milliseconds(4200)});
    s.add(ContextUsage{43'000, 128'000});
    s.add(TurnEnded{QStringLiteral("0")});
    s.add(SessionIdle{});
    s.user(QStringLiteral(
        "Yes please, exponential with jitter.\n日本語のコメントも付けてください。🙂"));
    s.add(TurnStarted{QStringLiteral("0")});
    TurnRetried retried;
    retried.reason = QStringLiteral("503 Service Unavailable");
    s.add(retried);
    s.add(SessionNotice{true, QStringLiteral("rate"),
                        QStringLiteral("The provider is slow at the moment.")});
    const QString task =
        s.tool(QStringLiteral("task"), QStringLiteral("Review the change"),
               object("description", QStringLiteral("Review retry.cpp for overflow")));
    const QString agent = QStringLiteral("agent-1");
    s.add(SubagentStarted{task, QStringLiteral("reviewer")}, agent);
    auto inner = s.tool(QStringLiteral("view"), QStringLiteral("Read"),
                        object("path", QStringLiteral("src/retry.cpp")), agent);
    s.done(inner, QStringLiteral("…"), {}, {}, agent);
    inner = s.tool(QStringLiteral("bash"), QStringLiteral("Count lines"),
                   object("command", QStringLiteral("wc -l src/*.cpp")), agent);
    s.done(inner, QStringLiteral("  120 src/retry.cpp\n"), {}, 0, agent);
    MessageCompleted review;
    review.messageId = QStringLiteral("review");
    review.text = QStringLiteral("No overflow: the delay is capped at 60 s.");
    s.add(review, agent);
    s.add(SubagentCompleted{task, true, 2, 900}, agent);
    s.done(task, QStringLiteral("No overflow: the delay is capped at 60 s."));
    t = s.tool(QStringLiteral("bash"), QStringLiteral("Run the linter"),
               object("command", QStringLiteral("clang-tidy src/retry.cpp")));
    s.done(t, QStringLiteral("src/retry.cpp:44:9: warning: narrowing conversion\n"), {}, 1);
    t = s.tool(QStringLiteral("bash"), QStringLiteral("Push"),
               object("command", QStringLiteral("git push --force")));
    ToolCompleted denied;
    denied.toolCallId = t;
    denied.success = false;
    denied.denied = true;
    denied.error = QStringLiteral("You did not allow this.");
    s.add(denied);
    return s.events;
}

QList<AgentEvent> sampleRequests()
{
    Script s;
    s.user(QStringLiteral("Release it."));
    s.add(TurnStarted{QStringLiteral("1")});
    const QString tool = QStringLiteral("tool-p");
    s.add(started(tool, QStringLiteral("bash"), QStringLiteral("Run the release script"),
                  object("command", QStringLiteral("./release.sh --version 1.4.0"))));
    PermissionRequested p;
    p.requestId = QStringLiteral("perm-1");
    p.toolCallId = tool;
    p.kind = PermissionRequested::Kind::Commands;
    p.subject = QStringLiteral("./release.sh --version 1.4.0 --sign --upload 2>&1 | tee "
                               "/home/ada/src/beacon/out/release-2026-11-20.log && git tag v1.4.0 "
                               "&& git push origin v1.4.0");
    p.intention = QStringLiteral("Builds, signs and uploads the release, then tags it.");
    p.canApproveForSession = true;
    s.add(p);
    QuestionRequested q;
    q.requestId = QStringLiteral("q-1");
    q.question = QStringLiteral("Which **channel** shall the release go to?");
    q.choices = QStringList{QStringLiteral("Stable"), QStringLiteral("Beta, for a week"),
                            QStringLiteral("Nightly & friends")};
    s.add(q);
    PlanApprovalRequested plan;
    plan.requestId = QStringLiteral("plan-1");
    plan.summary = QStringLiteral("Three steps, about ten minutes.");
    plan.plan = QStringLiteral(
        "1. Raise the version in `CMakeLists.txt`\n2. Write the notes\n3. Tag and upload\n");
    plan.actions = QStringList{QStringLiteral("interactive"), QStringLiteral("autopilot")};
    plan.recommendedAction = QStringLiteral("autopilot");
    s.add(plan);
    return s.events;
}

QList<AgentEvent> longConversation(int turns)
{
    Script s;
    for (int i = 0; i < turns; ++i) {
        s.user(QStringLiteral("Question %1: what does part %2 do?").arg(i).arg(i % 7));
        s.add(TurnStarted{QString::number(i)});
        const QString t = s.tool(QStringLiteral("bash"), QStringLiteral("Look"),
                                 object("command", QStringLiteral("sed -n %1p notes.txt").arg(i)));
        s.done(t, QStringLiteral("line %1\n").arg(i), {}, 0);
        s.answer(
            QStringLiteral("Part %1 does **%2 things**:\n\n- one\n- two\n\n```\ncode %3\n```\n")
                .arg(i)
                .arg(i % 5)
                .arg(i));
        s.add(TurnEnded{QString::number(i)});
        s.add(SessionIdle{});
    }
    return s.events;
}

QString longMarkdown(int bytes)
{
    static const QString part =
        QStringLiteral("### Part %1\n\nThe quick brown fox explains `the_function()` in **plain** "
                       "words that go on for a while, so that "
                       "the line wraps at least once in every window.\n\n- first point\n- second "
                       "point with [a link](https://example.com)\n\n"
                       "```cpp\nint answer%1()\n{\n    return %1;\n}\n```\n\n| a | b "
                       "|\n|---|---|\n| %1 | x |\n\n");
    QString text;
    for (int i = 0; text.size() < bytes; ++i)
        text += part.arg(i);
    return text;
}

} // namespace pilotlight
