// SPDX-License-Identifier: MIT
#include "session/outbox.h"
#include "support/fakeclock.h"

#include <QDir>
#include <QFileInfo>
#include <QLoggingCategory>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

OutboxEntry entry(const QString &id, const QString &text, const QString &session = u"s"_s)
{
    OutboxEntry e;
    e.prompt.id = id;
    e.sessionId = session;
    e.prompt.text = text;
    e.prompt.attachments = {{Attachment::Kind::File, u"/a/b \"c\".txt"_s}};
    return e;
}

QString toString(const OutboxEntry &e)
{
    return QStringList{e.prompt.id,
                       e.sessionId,
                       e.prompt.text,
                       QString::number(int(e.prompt.delivery)),
                       QString::number(e.prompt.attachments.size()),
                       QString::number(int(e.state)),
                       e.messageId,
                       e.sent.toUTC().toString(Qt::ISODateWithMs),
                       QString::number(e.attempts)}
        .join(u'|');
}

QStringList toStrings(const Outbox &outbox)
{
    QStringList all;
    for (const OutboxEntry &e : outbox.entries())
        all.append(toString(e));
    return all;
}

} // namespace

class TstOutbox : public QObject
{
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_path;
    FakeClock m_clock;

    //! What a new process finds.
    QStringList reloaded()
    {
        Outbox outbox(m_path, m_clock);
        outbox.load();
        return toStrings(outbox);
    }
    QByteArray bytes() const
    {
        QFile file(m_path);
        return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray();
    }
    void write(const QByteArray &text) const
    {
        QFile file(m_path);
        QVERIFY(file.open(QFile::WriteOnly));
        file.write(text);
    }

private Q_SLOTS:
    void initTestCase() { QLoggingCategory::setFilterRules(u"pilotlight.*=false"_s); }
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_path = m_folder->filePath(u"state/outbox.jsonl"_s);
    }

    void everyChangeIsOnTheDiskWhenTheCallReturns()
    {
        Outbox outbox(m_path, m_clock);
        outbox.load();
        QVERIFY(outbox.put(entry(u"1"_s, u"Grüße\nin two lines"_s)));
        QCOMPARE(reloaded(), toStrings(outbox));
        QVERIFY(outbox.put(entry(u"2"_s, u"second"_s)));
        QCOMPARE(reloaded(), toStrings(outbox));
        OutboxEntry sent = entry(u"1"_s, u"Grüße\nin two lines"_s);
        sent.state = OutboxEntry::State::Accepted;
        sent.messageId = u"m1"_s;
        sent.sent = m_clock.wallNow();
        sent.attempts = 2;
        sent.prompt.delivery = Delivery::Immediate;
        QVERIFY(outbox.put(sent));
        QCOMPARE(reloaded(), toStrings(outbox));
        QCOMPARE(toString(outbox.entries()[0]), toString(sent)); // in its place
        QVERIFY(outbox.reorder({u"2"_s, u"1"_s}));
        QCOMPARE(outbox.entries()[0].prompt.id, u"2"_s);
        QCOMPARE(reloaded(), toStrings(outbox));
        QVERIFY(outbox.remove(u"2"_s));
        QVERIFY(outbox.remove(u"unknown"_s));
        QCOMPARE(reloaded(), toStrings(outbox));
        QCOMPARE(outbox.entries().size(), 1);
#ifndef Q_OS_WIN // there the access list of the user's profile says who may read
        const auto mode = QFileInfo(m_path).permissions();
        QVERIFY(!(mode & (QFile::ReadGroup | QFile::ReadOther)));
#endif
    }

    void aCrashAtAnyByteLeavesWhatWasThereBefore()
    {
        // Each state that the outbox ever had, in order.
        Outbox outbox(m_path, m_clock);
        outbox.load();
        QList<QStringList> states{{}};
        const auto step = [&](bool ok) {
            QVERIFY(ok);
            states.append(toStrings(outbox));
        };
        for (int i = 0; i < 6; ++i)
            step(outbox.put(entry(QString::number(i), u"prompt %1"_s.arg(i))));
        step(outbox.reorder({u"5"_s, u"0"_s}));
        step(outbox.remove(u"3"_s));
        OutboxEntry sent = entry(u"4"_s, u"prompt 4"_s);
        sent.state = OutboxEntry::State::Sent;
        step(outbox.put(sent));
        const QByteArray whole = bytes();
        qsizetype last = 0;
        for (qsizetype length = 0; length <= whole.size(); ++length) {
            write(whole.first(length));
            const auto at = states.indexOf(reloaded());
            QVERIFY2(at >= last, qPrintable(QString::number(length)));
            last = at;
        }
        QCOMPARE(last, states.size() - 1);
        QCOMPARE(QDir(m_folder->filePath(u"state"_s)).entryList(QDir::Files),
                 QStringList(u"outbox.jsonl"_s)); // a cut line is no damage
    }

    void theFileDoesNotGrowForEver()
    {
        Outbox outbox(m_path, m_clock);
        outbox.load();
        qint64 largest = 0;
        for (int i = 0; i < 2000; ++i) {
            const QString id = QString::number(i);
            QVERIFY(outbox.put(entry(id, u"x"_s)));
            QVERIFY(outbox.remove(id));
            largest = std::max(largest, QFileInfo(m_path).size());
        }
        QVERIFY(outbox.put(entry(u"end"_s, u"x"_s)));
        QVERIFY2(largest < 60'000, qPrintable(QString::number(largest)));
        QCOMPARE(reloaded(), toStrings(outbox));
    }

    void damageIsKeptAndSaid()
    {
        {
            Outbox outbox(m_path, m_clock);
            outbox.load();
            QVERIFY(outbox.put(entry(u"1"_s, u"one"_s)));
            QVERIFY(outbox.put(entry(u"2"_s, u"two"_s)));
        }
        const QByteArray good = bytes();
        QByteArray bad = good;
        bad.insert(good.indexOf('\n') + 1, "\xff\x01garbage\n{\"put\":{\"id\":1}}\n[]\n");
        write(bad);
        Outbox outbox(m_path, m_clock);
        QSignalSpy told(&outbox, &Outbox::noticed);
        outbox.load();
        QCOMPARE(outbox.entries().size(), 2);
        QCOMPARE(told.size(), 1);
        QCOMPARE(told[0][0].toString(), u"outbox-damaged"_s);
        QFile kept(told[0][1].toString());
        QVERIFY(kept.open(QFile::ReadOnly));
        QCOMPARE(kept.readAll(), bad);
        QVERIFY(outbox.put(entry(u"3"_s, u"three"_s)));
        QCOMPARE(reloaded(), toStrings(outbox)); // and is mended
    }

    void aNewerFileIsNotTouched()
    {
        QDir().mkpath(QFileInfo(m_path).absolutePath());
        const QByteArray newer = "{\"schema\":2}\n{\"put\":{\"id\":\"x\",\"new\":true}}\n";
        write(newer);
        Outbox outbox(m_path, m_clock);
        QSignalSpy told(&outbox, &Outbox::noticed);
        outbox.load();
        QCOMPARE(told.size(), 1);
        QCOMPARE(told[0][0].toString(), u"outbox-newer"_s);
        QVERIFY(!outbox.put(entry(u"1"_s, u"one"_s)));
        QCOMPARE(outbox.entries().size(), 1); // in memory it works
        QCOMPARE(bytes(), newer);
    }

    void whatCouldNotBeWrittenIsTriedAgain()
    {
        const QString folder = m_folder->filePath(u"state"_s);
        QFile inTheWay(folder);
        QVERIFY(inTheWay.open(QFile::WriteOnly)); // a file where the folder should be
        inTheWay.close();
        Outbox outbox(m_path, m_clock);
        QSignalSpy told(&outbox, &Outbox::noticed);
        outbox.load();
        QVERIFY(!outbox.put(entry(u"1"_s, u"one"_s)));
        QVERIFY(!outbox.put(entry(u"2"_s, u"two"_s)));
        QCOMPARE(told.size(), 1); // once
        QCOMPARE(outbox.entries().size(), 2);
        QVERIFY(QFile::remove(folder));
        QVERIFY(outbox.put(entry(u"3"_s, u"three"_s)));
        QCOMPARE(reloaded().size(), 3);
    }

    void aFileThatWasDeletedIsWrittenAnew()
    {
        Outbox outbox(m_path, m_clock);
        outbox.load();
        QVERIFY(outbox.put(entry(u"1"_s, u"one"_s)));
        QVERIFY(QFile::remove(m_path));
        QVERIFY(outbox.put(entry(u"2"_s, u"two"_s)));
        QCOMPARE(reloaded().size(), 2);
    }

    void withoutAFileItWorksInMemory()
    {
        Outbox outbox({}, m_clock);
        outbox.load();
        QVERIFY(outbox.put(entry(u"1"_s, u"one"_s)));
        QVERIFY(outbox.put(entry(u"2"_s, u"two"_s)));
        QVERIFY(outbox.reorder({u"2"_s, u"1"_s}));
        QCOMPARE(outbox.entries()[0].prompt.id, u"2"_s);
        QVERIFY(outbox.remove(u"2"_s));
        QCOMPARE(outbox.entries().size(), 1);
    }
};

QTEST_GUILESS_MAIN(TstOutbox)
#include "tst_outbox.moc"
