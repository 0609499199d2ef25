// SPDX-License-Identifier: MIT
#include "support/cutclient.h"
#include "support/serverprocess.h"

#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

Q_DECLARE_METATYPE(pilotlight::Cut)

//! As tests/real/tst_realattach.cpp, with the demo server.
class TstAttach : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void cutInATurn_data()
    {
        QTest::addColumn<Cut>("cut");
        QTest::addColumn<bool>("sameFolder");
        const QMap<QString, Cut> all = cuts();
        for (auto cut = all.cbegin(); cut != all.cend(); ++cut) {
            QTest::addRow("%s, first seen", qPrintable(cut.key())) << *cut << false;
            QTest::addRow("%s, seen before", qPrintable(cut.key())) << *cut << true;
        }
    }
    void cutInATurn()
    {
        QFETCH(Cut, cut);
        QFETCH(bool, sameFolder);
        QTemporaryDir folder;
        ServerProcess server;
        QVERIFY(server.start(demoServerProgram(), {u"--headless"_s, u"--port"_s, u"0"_s}));
        SessionConfig config;
        config.workingDirectory = folder.path();
        runCut(cut, server.port(), config, folder.path(), sameFolder);
    }
};

QTEST_GUILESS_MAIN(TstAttach)
#include "tst_attach.moc"
