// SPDX-License-Identifier: MIT
#include "demoserver/options.h"
#include "demoserver/script.h"

#include <QJsonArray>
#include <QRegularExpression>
#include <QTest>

using namespace pilotlight;
using namespace pilotlight::demo;
using namespace std::chrono_literals;

class TstDemoScript : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void plainTextIsNoScript()
    {
        QVERIFY(!parseScript(QStringLiteral("hello [world] array[0]")));
        QVERIFY(!parseScript(QStringLiteral("[say unfinished")));
    }

    void stepsMakeRounds()
    {
        const auto script = parseScript(
            QStringLiteral("[reason why] [tool:bash echo a; sleep 2; echo b] [say ok]"));
        QVERIFY(script);
        QCOMPARE(script->rounds.size(), 2);
        const Round &first = script->rounds[0];
        QCOMPARE(first.reasoning, QStringList({QStringLiteral("why")}));
        QCOMPARE(first.calls.size(), 1);
        QCOMPARE(first.calls[0].output.size(), 2);
        QCOMPARE(first.calls[0].output[1].pause, 2000ms);
        QCOMPARE(script->rounds[1].text(), QStringLiteral("ok"));
    }

    void nestedBracketsAndBraces()
    {
        const auto script = parseScript(QStringLiteral("[task {say inner}] [say a[1] b]"));
        QVERIFY(script);
        QCOMPARE(script->rounds[0].calls[0].agentRounds[0].text(), QStringLiteral("inner"));
        QCOMPARE(script->rounds[1].text(), QStringLiteral("a[1] b"));
    }

    void questionWithChoices()
    {
        const auto script = parseScript(QStringLiteral("[ask Which?|red|blue]"));
        const QJsonObject arguments = script->rounds[0].calls[0].arguments;
        QCOMPARE(arguments[QStringLiteral("question")].toString(), QStringLiteral("Which?"));
        QCOMPARE(arguments[QStringLiteral("choices")].toArray().size(), 2);
        QCOMPARE(script->rounds[1].text(), QStringLiteral("Done."));
    }

    void paces()
    {
        const auto slow = parseScript(QStringLiteral("[slow 5x40ms]"));
        QCOMPARE(slow->rounds[0].chunks.size(), 5);
        QCOMPARE(slow->rounds[0].pace, 40ms);
        const auto fast = parseScript(QStringLiteral("[fast 100/8]"));
        QCOMPARE(fast->rounds[0].chunks.size(), 13);
        QCOMPARE(fast->rounds[0].chunks[0].size(), 8);
    }

    void failures()
    {
        const auto once = parseScript(QStringLiteral("[dropmid 3 x1] [say again]"));
        QCOMPARE(once->rounds[0].failure->kind, ModelFailure::Kind::DropMid);
        QCOMPARE(once->rounds[0].failure->times, 1);
        QCOMPARE(parseScript(QStringLiteral("[error 429]"))->rounds[0].failure->code, 429);
    }

    void chunksKeepTheText()
    {
        const QString text = QStringLiteral("a  b\n\n| c | d |\n");
        QCOMPARE(wordChunks(text).join(QString()), text);
    }

    void everyStoryEndsWithoutACall_data()
    {
        QTest::addColumn<QString>("prompt");
        for (const char *word :
             {"help", "tool", "edit", "question", "plan", "agent", "table", "long", "error",
              "fatal", "drop", "crash", "freeze", "anything else"})
            QTest::newRow(word) << QString::fromLatin1(word);
    }
    void everyStoryEndsWithoutACall()
    {
        QFETCH(QString, prompt);
        const Script script = storyFor(prompt, false);
        QVERIFY(!script.rounds.isEmpty());
        QVERIFY(script.rounds.constLast().calls.isEmpty());
        QVERIFY(!script.rounds.constLast().text().isEmpty() || script.rounds.constLast().failure);
    }

    void commandLine()
    {
        const auto parse = [](const QStringList &arguments) {
            return parseCommandLine(QStringList(QStringLiteral("demo")) + arguments, "tok");
        };
        const auto line =
            parse({QStringLiteral("--headless"), QStringLiteral("--no-auto-update"),
                   QStringLiteral("--port"), QStringLiteral("0"),
                   QStringLiteral("--session-idle-timeout"), QStringLiteral("1800"),
                   QStringLiteral("--fault"), QStringLiteral("freeze=50@call:ping#2")});
        QVERIFY(!line.message);
        QCOMPARE(line.options.port, std::optional<quint16>(0));
        QCOMPARE(line.options.idleTimeout, 30min);
        QCOMPARE(line.options.idleCheckInterval, 5min);
        QCOMPARE(line.options.faults[0].value, std::optional<qint64>(50));
        QCOMPARE(line.options.faults[0].trigger, QStringLiteral("call:ping#2"));
        QCOMPARE(line.options.token, Secret("tok"));
        for (const QStringList &wrong :
             {QStringList{QStringLiteral("--port"), QStringLiteral("70000")},
              QStringList{QStringLiteral("--fault"), QStringLiteral("nonsense")},
              QStringList{QStringLiteral("--speed"), QStringLiteral("0")},
              QStringList{QStringLiteral("--unknown")}})
            QCOMPARE(parse(wrong).exitCode, 1);
        QVERIFY(parse({QStringLiteral("--help")}).message->contains(QStringLiteral("half-close")));
    }
};

QTEST_GUILESS_MAIN(TstDemoScript)
#include "tst_demoscript.moc"
