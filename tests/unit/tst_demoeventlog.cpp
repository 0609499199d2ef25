// SPDX-License-Identifier: MIT
#include "demoserver/eventlog.h"

#include <QRegularExpression>
#include <QTest>

using namespace pilotlight::demo;

namespace {

LoggedEvent made(const QString &name, bool ephemeral)
{
    return {name.toLatin1(), ephemeral ? QStringLiteral("delta") : QStringLiteral("message"),
            ephemeral, "{}"};
}

QStringList ids(const EventPage &page)
{
    QStringList names;
    for (const LoggedEvent &found : page.events)
        names.append(QString::fromLatin1(found.id));
    return names;
}

} // namespace

class TstDemoEventLog : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
        m_log = EventLog();
        m_log.append(made(QStringLiteral("a"), false));
        m_log.append(made(QStringLiteral("b"), true));
        m_log.append(made(QStringLiteral("c"), false));
        m_log.append(made(QStringLiteral("d"), true));
    }

    void readsInOrderPageByPage()
    {
        const EventPage first = m_log.read({}, 3, {});
        QCOMPARE(ids(first),
                 QStringList({QStringLiteral("a"), QStringLiteral("b"), QStringLiteral("c")}));
        QVERIFY(first.hasMore && !first.expired);
        QCOMPARE(first.cursor, QStringLiteral("c|3"));
        const EventPage rest = m_log.read(first.cursor, 3, {});
        QCOMPARE(ids(rest), QStringList({QStringLiteral("d")}));
        QVERIFY(!rest.hasMore);
        QCOMPARE(rest.cursor, m_log.tail());
        QVERIFY(m_log.read(m_log.tail(), 3, {}).events.isEmpty());
    }

    void filters()
    {
        QCOMPARE(ids(m_log.read({}, 9, {{}, false})),
                 QStringList({QStringLiteral("a"), QStringLiteral("c")}));
        QCOMPARE(ids(m_log.read({}, 9, {{QStringLiteral("delta")}, true})),
                 QStringList({QStringLiteral("b"), QStringLiteral("d")}));
    }

    void foreignCursorStartsOver_data()
    {
        QTest::addColumn<QString>("cursor");
        QTest::newRow("nonsense") << QStringLiteral("nope");
        QTest::newRow("too far") << QStringLiteral("c|99");
        QTest::newRow("another life") << QStringLiteral("x|3");
        QTest::newRow("negative") << QStringLiteral("c|-1");
    }
    void foreignCursorStartsOver()
    {
        QFETCH(QString, cursor);
        const EventPage page = m_log.read(cursor, 9, {});
        QVERIFY(page.expired);
        QCOMPARE(page.events.size(), 4);
    }

    void theHalvesOfACursorCountApart()
    {
        // Durable events behind "a", ephemeral ones from the first on.
        const EventPage page = m_log.read(QStringLiteral("a|0"), 9, {});
        QVERIFY(!page.expired);
        QCOMPARE(ids(page),
                 QStringList({QStringLiteral("b"), QStringLiteral("c"), QStringLiteral("d")}));
        const EventPage late = m_log.read(QStringLiteral("c|0"), 9, {});
        QCOMPARE(ids(late), QStringList({QStringLiteral("b"), QStringLiteral("d")}));
    }

    void backwardGivesDurableOnly()
    {
        const EventPage last = m_log.readBackward({}, 1, {});
        QCOMPARE(ids(last), QStringList({QStringLiteral("c")}));
        QVERIFY(last.hasMore);
        const EventPage before = m_log.readBackward(last.cursor, 5, {});
        QCOMPARE(ids(before), QStringList({QStringLiteral("a")}));
        QVERIFY(!before.hasMore);
        QVERIFY(m_log.readBackward(QStringLiteral("b:gone"), 5, {}).expired);
    }

    void oldEphemeralEventsVanishSilently()
    {
        const QString cursor = m_log.tail();
        for (int i = 0; i < 10'000; ++i)
            m_log.append(made(QStringLiteral("e%1").arg(i), true));
        m_log.append(made(QStringLiteral("end"), false));
        const EventPage page = m_log.read(cursor, 20'000, {});
        QVERIFY(!page.expired); // the trap: nothing says that events are missing
        QVERIFY(page.events.size() < 5'000);
        QVERIFY(page.events.size() >= EventLog::EphemeralLimit);
        QCOMPARE(page.events.constLast().id, QByteArray("end"));
        QCOMPARE(m_log.durableCount(), 3);
        QCOMPARE(ids(m_log.read({}, 3, {{}, false})).constFirst(), QStringLiteral("a"));
    }

private:
    EventLog m_log;
};

QTEST_GUILESS_MAIN(TstDemoEventLog)
#include "tst_demoeventlog.moc"
