// SPDX-License-Identifier: MIT
#include "diag/logfile.h"
#include "diag/logformat.h"

#include <QDir>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;

namespace {

LogRecord record(const QString &text, int second = 0)
{
    LogRecord r;
    r.time = QDateTime(QDate(2026, 11, 20), QTime(21, 0, 0), Qt::UTC).addSecs(second);
    r.tag = QStringLiteral("APP");
    r.text = text;
    return r;
}

QByteArrayList lines(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    QByteArrayList all = file.readAll().split('\n');
    if (!all.isEmpty() && all.last().isEmpty())
        all.removeLast();
    return all;
}

} // namespace

class TstLogFile : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
        m_dir = std::make_unique<QTemporaryDir>();
        m_path = m_dir->filePath(QStringLiteral("log/pilotlight.log"));
    }

    void appendsAndIsPrivate()
    {
        {
            LogFile file(m_path);
            QVERIFY(!QFileInfo::exists(m_path));
            QVERIFY(!file.write(record(QStringLiteral("one"))));
            QCOMPARE(lines(m_path).size(), 1); // nothing is held back
        }
        LogFile file(m_path);
        QVERIFY(!file.write(record(QStringLiteral("two\nlines"))));
        QCOMPARE(lines(m_path).size(), 2);
        QCOMPARE(parseLogLine(lines(m_path).at(1))->text, QStringLiteral("two\nlines"));
#ifndef Q_OS_WIN
        QVERIFY(!(QFileInfo(m_path).permissions()
                  & (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther)));
#endif
    }

    void rotatesAndLosesNothingThatFits()
    {
        const qint64 lineSize = formatLogLine(record(QStringLiteral("0000"))).size();
        LogFile file(m_path, lineSize * 10, 5);
        for (int i = 0; i < 50; ++i)
            QVERIFY(!file.write(record(QStringLiteral("%1").arg(i, 4, 10, QLatin1Char('0')))));
        const QStringList files = LogFile::filesOldestFirst(m_path);
        QCOMPARE(files.size(), 5);
        QCOMPARE(files.last(), m_path);
        int next = 0;
        for (const QString &name : files) {
            QVERIFY(QFileInfo(name).size() <= lineSize * 10);
            for (const QByteArray &line : lines(name))
                QCOMPARE(parseLogLine(line)->text.toInt(), next++);
        }
        QCOMPARE(next, 50);
        // The next one drops the oldest ten only.
        QVERIFY(!file.write(record(QStringLiteral("0050"))));
        QCOMPARE(LogFile::filesOldestFirst(m_path).size(), 5);
        QCOMPARE(parseLogLine(lines(LogFile::filesOldestFirst(m_path).first()).first())->text,
                 QStringLiteral("0010"));
        QCOMPARE(QDir(QFileInfo(m_path).absolutePath()).entryList(QDir::Files).size(), 5);
    }

    void rotatesAFullFileOfAnEarlierRun()
    {
        {
            LogFile file(m_path, 1000);
            QVERIFY(!file.write(record(QString(2000, QLatin1Char('x')))));
        }
        LogFile file(m_path, 1000);
        QVERIFY(!file.write(record(QStringLiteral("new"))));
        QCOMPARE(lines(m_path).size(), 1);
        QCOMPARE(lines(m_path + QStringLiteral(".1")).size(), 1);
    }

    void endsATornLineFirst()
    {
        QDir().mkpath(QFileInfo(m_path).absolutePath());
        QFile torn(m_path);
        QVERIFY(torn.open(QIODevice::WriteOnly));
        torn.write("2026-11-20T21:40:13.572Z INFO  [APP] ha");
        torn.close();
        LogFile file(m_path);
        QVERIFY(!file.write(record(QStringLiteral("whole"))));
        QCOMPARE(lines(m_path).size(), 2);
        QCOMPARE(parseLogLine(lines(m_path).at(1))->text, QStringLiteral("whole"));
    }

    void tellsOnceOfAFullDisk()
    {
        if (!QFileInfo::exists(QStringLiteral("/dev/full")))
            QSKIP("needs /dev/full");
        // Qt's own, for appending to a device.
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("sequential")));
        LogFile file(QStringLiteral("/dev/full"));
        const auto problem = file.write(record(QStringLiteral("one")));
        QVERIFY(problem);
        QVERIFY(!problem->isEmpty());
        QVERIFY(!file.write(record(QStringLiteral("two"))));
        QVERIFY(!file.write(record(QStringLiteral("three"), 100)));
    }

    void goesOnWhenTheFolderCanBeWrittenAgain()
    {
        // A plain file where the folder should be: fails for every user, root too.
        const QString folder = QFileInfo(m_path).absolutePath();
        QFile blocker(folder);
        QVERIFY(blocker.open(QIODevice::WriteOnly));
        blocker.close();
        LogFile file(m_path);
        QVERIFY(file.write(record(QStringLiteral("lost"), 0)));
        QVERIFY(!file.write(record(QStringLiteral("lost"), 1)));
        QVERIFY(QFile::remove(folder));
        QVERIFY(!file.write(record(QStringLiteral("too early"), 9)));
        QVERIFY(!QFileInfo::exists(m_path));
        QVERIFY(!file.write(record(QStringLiteral("kept"), 10)));
        QCOMPARE(lines(m_path).size(), 1);
        QCOMPARE(parseLogLine(lines(m_path).at(0))->text, QStringLiteral("kept"));
    }

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_path;
};

QTEST_GUILESS_MAIN(TstLogFile)
#include "tst_logfile.moc"
