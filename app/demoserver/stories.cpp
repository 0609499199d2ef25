// SPDX-License-Identifier: MIT
// What the demo server says to prompts without directives. Nothing here runs; all output is
// invented.
#include "demoserver/script.h"

#include <utility>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace pilotlight::demo {

namespace {

//! Reading speed of a quick reader: about 25 words a second for answers, faster for thoughts.
constexpr Milliseconds WordPace{38};
constexpr Milliseconds ThoughtPace{22};
constexpr Milliseconds FirstByte{450};

Round told(const QString &text, const QString &thought = {})
{
    Round round;
    round.chunks = wordChunks(text);
    round.pace = WordPace;
    round.reasoning = thought.isEmpty() ? QStringList() : wordChunks(thought);
    round.reasoningPace = ThoughtPace;
    round.wait = FirstByte;
    return round;
}

Round acting(Round round, const QList<ToolCall> &calls)
{
    round.calls = calls;
    return round;
}

ToolCall shell(const QString &command, const QString &why, const QList<OutputPiece> &output,
               int exitCode = 0)
{
    ToolCall call = shellCall(command, why);
    call.output = output;
    call.exitCode = exitCode;
    call.exactPauses = false;
    return call;
}

Script greeting()
{
    return {
        .rounds = {told(
            u"Hello! This is the **demo server**: it speaks the protocol of a real agent server, "
            "but no model answers and nothing is executed on your machine.\n\n"
            "Type one of these words to see what a session can look like:\n\n"
            "| word | what happens |\n|---|---|\n"
            "| `tool` | a build that asks for your permission |\n"
            "| `edit` | a change to a file, shown as a diff |\n"
            "| `question` | the agent needs a decision of yours |\n"
            "| `plan` | a plan to approve before work begins |\n"
            "| `agent` | two sub-agents do research |\n"
            "| `table` | a long Markdown answer with code |\n"
            "| `long` | two minutes of streaming: try **Stop**, or queue a message |\n"
            "| `error` | the model fails and recovers; `fatal`: it does not |\n"
            "| `drop` | the connection breaks in the middle of an answer |\n"
            "| `crash` | the server dies, as with `kill -9` |\n"
            "| `freeze` | the server accepts but does not answer for 30 seconds |\n\n"
            "Anything else gets a short story. Have fun breaking me."_s,
            u"Somebody new. I should say honestly that I am a demo, and show what there is "
            "to try."_s)},
        .compacts = false};
}

Script toolStory()
{
    const QList<OutputPiece> build{{400ms, u"[1/6] Building CXX object src/parser.cpp.o\n"_s},
                                   {500ms, u"[2/6] Building CXX object src/lexer.cpp.o\n"_s},
                                   {350ms, u"[3/6] Building CXX object src/main.cpp.o\n"_s},
                                   {300ms, u"[4/6] Linking CXX executable bin/calc\n"_s},
                                   {450ms, u"[5/6] Building CXX object tests/tst_parser.cpp.o\n"_s},
                                   {200ms, u"[6/6] Linking CXX executable tests/tst_parser\n"_s}};
    const QList<OutputPiece> tests{
        {500ms, u"Test project build/dev\n"_s},
        {300ms, u"1/3 tst_lexer .....................   Passed    0.02 sec\n"_s},
        {300ms, u"2/3 tst_parser ....................   Passed    0.31 sec\n"_s},
        {250ms, u"3/3 tst_main ......................   Passed    0.05 sec\n"_s},
        {150ms, u"\n100% tests passed, 0 tests failed out of 3\n"_s}};
    return {
        .rounds =
            {acting(
                 told(u"I will build the project first, then run its tests."_s,
                      u"The working tree is clean. A build shows whether the last change compiles; "
                      "I need permission for that, so let me say why."_s),
                 {shell(u"cmake --build build/dev"_s, u"Build the project"_s, build)}),
             acting(told(u"It compiles. Now the tests."_s),
                    {shell(u"ctest --test-dir build/dev"_s, u"Run the tests"_s, tests)}),
             told(
                 u"Everything is green:\n\n| step | result | time |\n|---|---|--:|\n"
                 "| build | 6 of 6 targets | 2.2 s |\n| tests | **3 of 3 passed** | 0.38 s |\n\n"
                 "`tst_parser` takes most of the time; that is the fuzzing corpus, which is fine."_s)},
        .compacts = false};
}

Script editStory()
{
    const QString before = u"int parsePort(const QString &text)\n{\n    return text.toInt();\n}"_s;
    const QString after =
        u"std::optional<quint16> parsePort(const QString &text)\n{\n    bool ok = false;\n"
        "    const uint port = text.toUInt(&ok);\n    if (!ok || port > 65535)\n"
        "        return std::nullopt;\n    return static_cast<quint16>(port);\n}"_s;
    return {
        .rounds =
            {acting(
                 told(
                     u"Let me look at the function."_s,
                     u"toInt() returns 0 for garbage, and 0 is a valid port here. That is the bug."_s),
                 {readCall(u"src/options.cpp"_s, before)}),
             acting(
                 told(u"`toInt()` answers 0 for garbage, and 0 means \"any free port\". I make the "
                      "failure visible in the type:"_s),
                 {editCall(u"src/options.cpp"_s, before, after)}),
             told(u"Done. `parsePort()` now returns `std::nullopt` for anything that is not a "
                  u"port:\n\n"
                  "```cpp\nif (const auto port = parsePort(text))\n    listen(*port);\nelse\n"
                  "    complain(text);\n```\n\nThe two callers still need that `else`."_s)},
        .compacts = false};
}

Script questionStory()
{
    return {
        .rounds = {acting(told(u"Before I start I need one decision from you."_s,
                               u"Three formats fit. The choice is a matter of taste and of who "
                               "reads the file, so I should ask."_s),
                          {askCall(u"Which format should the export have?"_s,
                                   {u"JSON Lines"_s, u"CSV"_s, u"Markdown table"_s})}),
                   told(u"Good choice. I would then:\n\n1. add an `Exporter` interface,\n"
                        "2. write the format as its first implementation,\n"
                        "3. test it against the sample log.\n\nSay `tool` to see me build it."_s)},
        .compacts = false};
}

Script planStory()
{
    return {
        .rounds =
            {acting(
                 told(
                     u"I read the code; here is how I would do it."_s,
                     u"The change touches three layers. The user wants to see a plan before I edit "
                     "anything."_s),
                 {planCall(
                     u"Add a retry with backoff to the uploader in three small steps"_s,
                     u"# Retry with backoff\n\n1. **Policy** - a pure class `Backoff` with a "
                     "seeded random source\n2. **Uploader** - retry on transient errors only\n"
                     "3. **Tests** - fake clock, no sleeping\n\n| risk | answer |\n|---|---|\n"
                     "| duplicate uploads | idempotency key |\n| endless retry | cap at 60 s, "
                     "8 tries |\n"_s)}),
             told(
                 u"Thank you. I start with the policy class, because everything else depends on it."_s)},
        .compacts = false};
}

Script agentStory()
{
    const QList<Round> docs{
        told(u"The server closes idle connections after 60 seconds. The default can "
             "be raised, but load balancers on the way have limits of their own."_s,
             u"Reading the manual ..."_s)};
    const QList<Round> code{
        acting(told(u"Searching for timers."_s),
               {shell(u"grep -rn setInterval src"_s, u"Find timers"_s,
                      {{300ms, u"src/net/keepalive.cpp:41:    m_timer.setInterval(900s);\n"_s}})}),
        told(u"One timer: `keepalive.cpp:41`, fifteen minutes."_s)};
    return {
        .rounds = {acting(
                       told(u"Two questions that do not depend on each other: I send out two "
                            "helpers."_s),
                       {agentCall(u"docs-reader"_s, u"What idle limits does the server document?"_s,
                                  docs),
                        agentCall(u"code-reader"_s, u"Which timers does the client use?"_s, code)}),
                   told(
                       u"Put together:\n\n- the server closes after **60 s** of silence,\n"
                       "- the client speaks every **15 min**.\n\nSo the connection cannot survive. "
                       "Either speak every 50 s on the path, or let the server wait longer."_s)},
        .compacts = false};
}

Script tableStory()
{
    return {
        .rounds = {told(
            u"# Choosing a container\n\nA short guide, measured on one million elements:\n\n"
            "| operation | `std::vector` | `std::deque` | `std::list` | `QHash` |\n"
            "|---|--:|--:|--:|--:|\n| append | 4 ms | 7 ms | 52 ms | 95 ms |\n"
            "| walk | 1 ms | 2 ms | 9 ms | 6 ms |\n| find | 410 ms | 520 ms | 1.9 s | **40 ns** "
            "|\n\n"
            "## Rules of thumb\n\n1. Start with `std::vector`.\n2. Need a key? Use a hash.\n"
            "   - *ordered* output wanted: sort once at the end\n"
            "3. A list only where iterators must stay valid.\n\n"
            "```cpp\n// Removes without keeping the order: O(1) instead of O(n).\n"
            "template <typename T>\nvoid swapRemove(std::vector<T> &values, std::size_t at)\n{\n"
            "    values[at] = std::move(values.back());\n    values.pop_back();\n}\n```\n\n"
            "> Measure before you change anything.\n\nOther scripts work as well: 日本語, العربية, "
            "Ελληνικά, and emoji 🚀🧪. See [the manual](https://example.com/containers)."_s,
            u"They want numbers and an example. Let me keep the text short and the table wide."_s)},
        .compacts = false};
}

Script longStory()
{
    QString text =
        u"Here is a long story, so that you have time to press **Stop**, to queue another "
        "message or to close the window.\n\n"_s;
    for (int day = 1; day <= 30; ++day) {
        text +=
            u"**Day %1.** The light keeper climbs the stairs, checks the lamp, writes one line "
            u"into "
            "the log and climbs down again. Nobody calls. Silence is not proof that anything is "
            "wrong, but only an answer proves that it is right. At dusk a ship signals; the keeper "
            "answers within ten seconds, as always.\n\n"_s.arg(day);
    }
    return {.rounds = {told(text + u"The end."_s)}, .compacts = true};
}

Script errorStory()
{
    Round round =
        told(u"There we are: the first two tries failed, the third worked. The half sentence "
             "that you saw before is gone, as it should be."_s);
    round.failure = ModelFailure{ModelFailure::Kind::DropMid, 500, 9, 2};
    return {.rounds = {round}, .compacts = false};
}

Script fatalStory()
{
    Round round;
    round.failure = ModelFailure{ModelFailure::Kind::Http, 401, 0, -1};
    round.wait = FirstByte;
    return {.rounds = {round}, .compacts = false};
}

Script faultStory(const QString &text, const QString &fault)
{
    Round round = told(text);
    round.fault = fault;
    return {.rounds = {round}, .compacts = false};
}

Script defaultStory(const QString &prompt)
{
    const QString subject = prompt.simplified().left(80);
    const QList<OutputPiece> log{{250ms, u"a41c9e2 Teach the parser about comments\n"_s},
                                 {150ms, u"77d01f5 Fix an off-by-one in the lexer\n"_s},
                                 {150ms, u"0be3d88 First version\n"_s}};
    return {
        .rounds =
            {acting(told(u"You asked: *%1*. Let me see what happened last."_s.arg(subject),
                         u"I am a demo and cannot really answer. A look at the history makes a "
                         "believable start, though."_s),
                    {shell(u"git log --oneline -3"_s, u"Look at the last commits"_s, log)}),
             told(u"Three commits, the last one about comments in the parser. A real agent would "
                  "now think about *%1*; this is the demo server, so I can only offer my "
                  "repertoire. Type `help` for it."_s.arg(subject))},
        .compacts = false};
}

} // namespace

Script storyFor(const QString &prompt, bool firstPrompt)
{
    const QString text = prompt.toLower();
    const auto says = [&](std::initializer_list<QString> words) {
        for (const QString &word : words) {
            if (text.contains(word))
                return true;
        }
        return false;
    };
    if (says({u"crash"_s}))
        return faultStory(
            u"The server will die in the middle of this very sentence, as if somebody had "
            "sent it a kill -9. Watch the status bar: the client should notice, start a "
            "new server and bring this session back."_s,
            u"kill"_s);
    if (says({u"freeze"_s}))
        return faultStory(
            u"Now the server stops answering for thirty seconds, although its port still "
            "accepts connections. A ping will tell; then the answer goes on as if nothing "
            "had happened."_s,
            u"freeze=30000"_s);
    if (says({u"drop"_s, u"disconnect"_s}))
        return faultStory(
            u"The connection breaks in the middle of this sentence, and whoever was the last "
            "to hold this session loses the turn."_s,
            u"drop"_s);
    if (says({u"fatal"_s}))
        return fatalStory();
    if (says({u"error"_s, u"retry"_s, u"fail"_s}))
        return errorStory();
    if (says({u"question"_s, u"ask me"_s, u"choose"_s}))
        return questionStory();
    if (says({u"plan"_s}))
        return planStory();
    if (says({u"agent"_s, u"research"_s}))
        return agentStory();
    if (says({u"edit"_s, u"diff"_s, u"refactor"_s, u"fix"_s}))
        return editStory();
    if (says({u"tool"_s, u"build"_s, u"test"_s, u"permission"_s, u"run "_s}))
        return toolStory();
    if (says({u"table"_s, u"markdown"_s, u"code"_s, u"explain"_s}))
        return tableStory();
    if (says({u"long"_s, u"story"_s}))
        return longStory();
    if (firstPrompt || says({u"help"_s, u"hello"_s, u"hi "_s, u"what can"_s}) || text == "hi"_L1)
        return greeting();
    return defaultStory(prompt);
}

} // namespace pilotlight::demo
