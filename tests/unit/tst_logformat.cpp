// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "diag/logformat.h"

#include <QTest>

using namespace pilotlight;

namespace {

LogRecord record(const QString &text)
{
    LogRecord r;
    r.time = QDateTime(QDate(2026, 11, 20), QTime(21, 40, 13, 572), Qt::UTC);
    r.tag = QStringLiteral("KEEPALIVE");
    r.text = text;
    return r;
}

} // namespace

class TstLogFormat : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void hasTheDocumentedForm()
    {
        QCOMPARE(formatLogLine(record(QStringLiteral("Ping sent ms=3"))),
                 QByteArray("2026-11-20T21:40:13.572Z INFO  [KEEPALIVE] Ping sent ms=3\n"));
        LogRecord r = record(QStringLiteral("x"));
        r.level = LogLevel::Error;
        r.tag = QStringLiteral("bad] tag");
        QCOMPARE(formatLogLine(r), QByteArray("2026-11-20T21:40:13.572Z ERROR [BAD__TAG] x\n"));
        r.tag.clear();
        QCOMPARE(formatLogLine(r), QByteArray("2026-11-20T21:40:13.572Z ERROR [APP] x\n"));
    }

    void comesBackAsItWas_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("empty") << QString();
        QTest::newRow("plain") << QStringLiteral("a b=c [d] e");
        QTest::newRow("lines") << QStringLiteral("one\ntwo\r\n  three\n");
        QTest::newRow("backslashes") << QStringLiteral("C:\\new\\x41\\\\server\\");
        QTest::newRow("control") << QStringLiteral("bell\a nul") + QChar(0) + QChar(0x7f)
                + QStringLiteral("\x1b[31m\ttab");
        QTest::newRow("unicode") << QStringLiteral("Grüße, 世界 😀");
        QTest::newRow("looks like a record")
            << QStringLiteral("x\n2026-11-20T21:40:13.572Z INFO  [KEEPALIVE] forged");
    }
    void comesBackAsItWas()
    {
        QFETCH(QString, text);
        for (const LogLevel level :
             {LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error}) {
            LogRecord r = record(text);
            r.level = level;
            const QByteArray line = formatLogLine(r);
            QCOMPARE(line.count('\n'), 1);
            QVERIFY(!line.contains('\r'));
            for (const QByteArray &form : {line, line.chopped(1), line.chopped(1) + "\r\n"}) {
                const auto parsed = parseLogLine(form);
                QVERIFY(parsed);
                QCOMPARE(parsed->time, r.time);
                QCOMPARE(parsed->level, level);
                QCOMPARE(parsed->tag, r.tag);
                QCOMPARE(parsed->text, text);
            }
        }
    }

    void refusesOtherLines_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("text") << QByteArray("CLI server listening on port 4600");
        QTest::newRow("cut") << QByteArray("2026-11-20T21:40:13.572Z INFO  [KEEP");
        QTest::newRow("no tag") << QByteArray("2026-11-20T21:40:13.572Z INFO  [] some text here");
        QTest::newRow("level") << QByteArray("2026-11-20T21:40:13.572Z LOUD  [APP] text");
        QTest::newRow("date") << QByteArray("2026-13-40T21:40:13.572Z INFO  [APP] text");
        QTest::newRow("local time") << QByteArray("2026-11-20T21:40:13.572+ INFO  [APP] text");
        QTest::newRow("lower tag") << QByteArray("2026-11-20T21:40:13.572Z INFO  [app] text");
    }
    void refusesOtherLines()
    {
        QFETCH(QByteArray, line);
        QVERIFY(!parseLogLine(line));
    }

    void keepsUnknownEscapes()
    {
        const auto parsed =
            parseLogLine(QByteArray("2026-11-20T21:40:13.572Z WARN  [APP] \\q \\xg1 \\x4"));
        QVERIFY(parsed);
        QCOMPARE(parsed->text, QStringLiteral("\\q \\xg1 \\x4"));
    }

    void survivesAnyBytes()
    {
        SeededRandom random(7);
        const QByteArray seed = formatLogLine(record(QStringLiteral("text \\ with\nlines")));
        int records = 0;
        for (int i = 0; i < 20'000; ++i) {
            QByteArray line = seed;
            const auto changes = random.next() % 4 + 1;
            for (quint64 c = 0; c < changes; ++c) {
                const auto at =
                    static_cast<qsizetype>(random.next() % static_cast<quint64>(line.size()));
                switch (random.next() % 3) {
                case 0:
                    line[at] = static_cast<char>(random.next());
                    break;
                case 1:
                    line.truncate(at + 1);
                    break;
                default:
                    line.insert(at, static_cast<char>(random.next()));
                }
            }
            if (const auto parsed = parseLogLine(line)) {
                ++records;
                QVERIFY(parsed->time.isValid());
                QVERIFY(!parsed->tag.isEmpty());
            }
        }
        QVERIFY(records > 0);
    }

    void tagsOfCategories()
    {
        QCOMPARE(logTagForCategory("pilotlight.keepalive"), QStringLiteral("KEEPALIVE"));
        QCOMPARE(logTagForCategory("pilotlight."), QStringLiteral("APP"));
        QCOMPARE(logTagForCategory("default"), QStringLiteral("APP"));
        QCOMPARE(logTagForCategory(nullptr), QStringLiteral("APP"));
        QCOMPARE(logTagForCategory("qt.network.ssl"), QStringLiteral("QT"));
    }

    void levelNames()
    {
        QCOMPARE(logLevelFromName(u"warn"), LogLevel::Warning);
        QCOMPARE(logLevelFromName(u"Warning"), LogLevel::Warning);
        QVERIFY(!logLevelFromName(u"verbose"));
    }
};

QTEST_GUILESS_MAIN(TstLogFormat)
#include "tst_logformat.moc"
