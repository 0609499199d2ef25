// SPDX-License-Identifier: MIT
#include "shots.h"
#include "ui/shell/bundledialog.h"

#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

class TstBundleDialog : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().setMode(ThemeMode::Light); }

    void everythingCanBeLookedAtFirst()
    {
        QByteArray log;
        for (int i = 0; i < 9000; ++i)
            log +=
                "2026-11-21T09:00:00.000Z INFO [KEEPALIVE] Probe " + QByteArray::number(i) + '\n';
        const QList<ArchiveFile> files{
            {u"README.txt"_s, "A support bundle of Pilotlight.\n"},
            {u"versions.json"_s,
             "{\n    \"pilotlight\": \"0.1.0\",\n    \"qt\": \"6.4.2\",\n    \"system\": \"Debian "
             "GNU/Linux 12 (bookworm)\"\n}\n"},
            {u"log/pilotlight.log"_s, log}};
        BundleDialog dialog(files);
        dialog.show();
        auto *const list = dialog.findChild<QListWidget *>(u"bundleFiles"_s);
        auto *const text = dialog.findChild<QPlainTextEdit *>(u"bundleText"_s);
        QCOMPARE(list->count(), 3);
        QVERIFY(list->item(2)->text().startsWith(u"log/pilotlight.log"_s));
        QVERIFY(text->toPlainText().contains(u"A support bundle"_s));
        list->setCurrentRow(2);
        QVERIFY(text->toPlainText().contains(u"Probe 8999"_s)); // the end of it
        QVERIFY(!text->toPlainText().contains(u"Probe 1\n"_s)); // and says that it is
        QVERIFY(text->toPlainText().startsWith(QChar(0x2026)));
        list->setCurrentRow(1);
        takeShots(dialog, u"bundle-dialog"_s);
        QSignalSpy save(&dialog, &BundleDialog::saveRequested);
        dialog.findChild<QPushButton *>(u"bundleSave"_s)->click();
        QCOMPARE(save.size(), 1);
        QVERIFY(dialog.isVisible()); // until it is written
    }
};

QTEST_MAIN(TstBundleDialog)
#include "tst_bundledialog.moc"
