// SPDX-License-Identifier: MIT
#include "samples.h"
#include "ui/chat/markdownsplit.h"

#include <QTest>

using namespace pilotlight;
using Kind = MarkdownSegment::Kind;

class TestMarkdownSplit : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void emptyHasNoSegments()
    {
        QVERIFY(splitMarkdown({}).isEmpty());
        QVERIFY(splitMarkdown(QStringLiteral(" \n\n")).isEmpty());
    }

    void codeIsCutOut()
    {
        const auto s =
            splitMarkdown(QStringLiteral("before\n```cpp title=x\nint a;\n\nint b;\n```\nafter"));
        QCOMPARE(s.size(), 3);
        QCOMPARE(s[0].text, QStringLiteral("before\n"));
        QCOMPARE(s[1].kind, Kind::Code);
        QCOMPARE(s[1].language, QStringLiteral("cpp"));
        QCOMPARE(s[1].text, QStringLiteral("int a;\n\nint b;"));
        QVERIFY(s[1].closed);
        QCOMPARE(s[2].text, QStringLiteral("after"));
    }

    void openCodeIsShownWhileItComes()
    {
        const auto s = splitMarkdown(QStringLiteral("```\nint a"));
        QCOMPARE(s.size(), 1);
        QCOMPARE(s[0].text, QStringLiteral("int a"));
        QVERIFY(!s[0].closed);
        QCOMPARE(splitMarkdown(QStringLiteral("```py")).first().text, QString());
    }

    void fencesMustMatch()
    {
        // A longer fence holds shorter ones; tildes do not end backticks.
        const auto s = splitMarkdown(QStringLiteral("````\n```\n~~~~\nx\n````\n"));
        QCOMPARE(s.size(), 1);
        QCOMPARE(s[0].text, QStringLiteral("```\n~~~~\nx"));
        // Inline code of three backticks is not a fence.
        QCOMPARE(splitMarkdown(QStringLiteral("```a```\ntext")).first().kind, Kind::Text);
        // Deeper indentation belongs to a list item.
        QCOMPARE(splitMarkdown(QStringLiteral("- a\n\n    ```\n    x\n    ```\n")).size(), 1);
    }

    void textIsCutOnlyWhereParagraphsEnd()
    {
        const QString para = QStringLiteral("word ").repeated(30);
        QCOMPARE(splitMarkdown(para + QStringLiteral("\n\n") + para, 50).size(), 2);
        QCOMPARE(splitMarkdown(para + QStringLiteral("\n") + para, 50).size(), 1);
        for (const char *next : {"- item", "2. item", "> quote", "  indented", "| a |", "[x]: y"}) {
            const QString text = para + QStringLiteral("\n\n") + QString::fromLatin1(next);
            QVERIFY2(splitMarkdown(text, 50).size() == 1, next);
        }
    }

    void nothingIsLost()
    {
        const QString text = longMarkdown(20'000);
        QString joined;
        for (const auto &s : splitMarkdown(text)) {
            joined += s.kind == Kind::Code ? QStringLiteral("```") + s.language + QLatin1Char('\n')
                    + s.text + QStringLiteral("\n```\n")
                                           : s.text;
        }
        // Empty lines between segments carry nothing.
        QCOMPARE(joined.remove(QLatin1Char('\n')), QString(text).remove(QLatin1Char('\n')));
    }

    void growingTextKeepsItsEarlierSegments()
    {
        const QString text = longMarkdown(12'000);
        QList<MarkdownSegment> before;
        for (qsizetype n = 1; n <= text.size(); n += 7) {
            const auto now = splitMarkdown(text.left(n));
            // All but the last two: the end of a text may turn into the beginning of a code block.
            for (qsizetype i = 0; i + 2 < before.size(); ++i)
                QVERIFY2(now.value(i) == before.at(i),
                         qPrintable(QStringLiteral("segment %1 at %2").arg(i).arg(n)));
            before = now;
        }
        QVERIFY(before.size() > 20);
    }
};

QTEST_APPLESS_MAIN(TestMarkdownSplit)
#include "tst_markdownsplit.moc"
