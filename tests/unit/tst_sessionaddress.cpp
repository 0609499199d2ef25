// SPDX-License-Identifier: MIT
#include "session/sessionaddress.h"

#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

class TstSessionAddress : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void leadsBack()
    {
        const QString id = u"0c05da8d-1b2c-4f7e-9d53-7a6b5c4d3e2f"_s;
        QCOMPARE(sessionAddress(id), u"pilotlight://session/"_s + id);
        QCOMPARE(sessionIdOf(sessionAddress(id)).value_or(QString()), id);
        QCOMPARE(sessionIdOf(u"Pilotlight://Session/a.b_C/"_s).value_or(QString()), u"a.b_C"_s);
    }

    void refusesTheRest_data()
    {
        QTest::addColumn<QString>("address");
        for (const char *address :
             {"", "x", "pilotlight://", "pilotlight://session", "pilotlight://session/",
              "pilotlight://session/a/b", "pilotlight://session/a?b", "pilotlight://session/a b",
              "pilotlight://session/../x/..", "pilotlight://session/a\n", "pilotlight://run/a",
              "https://session/a", " pilotlight://session/a", "pilotlight://session/%2e"})
            QTest::newRow(address) << QString::fromLatin1(address);
        QTest::newRow("long") << sessionAddress(QString(129, u'a'));
        QTest::newRow("not ASCII") << sessionAddress(u"\u00e4"_s);
    }
    void refusesTheRest()
    {
        QFETCH(QString, address);
        const Result<QString> id = sessionIdOf(address);
        QVERIFY(!id);
        QCOMPARE(id.error().code, ErrorCode::InvalidArgument);
        QVERIFY(id.error().detail.contains(u"pilotlight://session/ID"_s));
    }
};

QTEST_GUILESS_MAIN(TstSessionAddress)
#include "tst_sessionaddress.moc"
