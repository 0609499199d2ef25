// SPDX-License-Identifier: MIT
#include "shots.h"
#include "ui/settings/importdialog.h"

#include <QLabel>
#include <QPushButton>
#include <QTest>
#include <QTreeWidget>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

ProfilePlan samplePlan()
{
    ProfileContent here;
    here.settings = AppSettings();
    ProfileContent file = here;
    file.settings->mode = ServerMode::Attach;
    file.settings->url = u"wss://agents.example.org:4000"_s;
    file.settings->keepalive.intervalSeconds = 600;
    file.settings->theme = ThemeChoice::Dark;
    BackendSettings backend;
    backend.id = u"github"_s;
    backend.name = u"GitHub tools"_s;
    backend.command = u"npx"_s;
    file.backends = {backend};
    for (const QString &name :
         {u"Fix the flaky test"_s, u"Release notes"_s, u"<b>Bold</b> plan"_s}) {
        StoredSession session;
        session.config.id = u"id-"_s + name;
        session.config.name = name;
        file.sessions.append(session);
    }
    here.sessions = {file.sessions.first()};
    file.leftOut = {u"backends[github].environment.GITHUB_TOKEN"_s};
    return planImport(file, here);
}

} // namespace

class TstImportDialog : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().setMode(ThemeMode::Light); }

    void saysEverythingThatChanges()
    {
        ImportDialog dialog(samplePlan(), u"export.json"_s);
        dialog.show();
        auto *const list = dialog.findChild<QTreeWidget *>(u"importChanges"_s);
        QCOMPARE(list->topLevelItemCount(), 3);
        QCOMPARE(list->topLevelItem(0)->childCount(), 4);
        QCOMPARE(list->topLevelItem(2)->childCount(), 2);
        QCOMPARE(list->topLevelItem(2)->child(1)->text(0), u"<b>Bold</b> plan"_s);
        QVERIFY(dialog.findChild<QLabel *>(u"importSummary"_s)->text().contains(u"export.json"_s));
        QVERIFY(dialog.findChild<QLabel *>(u"importLeftOut"_s)->text().contains(u"GITHUB_TOKEN"_s));
        takeShots(dialog, u"import-dialog"_s);
    }

    void whatIsNotWantedStaysOut()
    {
        ImportDialog dialog(samplePlan(), u"export.json"_s);
        auto *const list = dialog.findChild<QTreeWidget *>(u"importChanges"_s);
        auto *const confirm = dialog.findChild<QPushButton *>(u"importConfirm"_s);
        QVERIFY(confirm->isEnabled());
        QCOMPARE(dialog.chosen().changes.size(), 7);
        list->topLevelItem(0)->setCheckState(0, Qt::Unchecked);
        ProfilePlan plan = dialog.chosen();
        QVERIFY(!plan.result.settings);
        QCOMPARE(plan.result.backends.size(), 1);
        QCOMPARE(plan.result.sessions.size(), 2);
        QCOMPARE(plan.changes.size(), 3);
        list->topLevelItem(1)->setCheckState(0, Qt::Unchecked);
        list->topLevelItem(2)->setCheckState(0, Qt::Unchecked);
        plan = dialog.chosen();
        QVERIFY(plan.result.backends.isEmpty() && plan.result.sessions.isEmpty());
        QVERIFY(!confirm->isEnabled());
    }

    void nothingToDo()
    {
        ImportDialog dialog(ProfilePlan(), u"export.json"_s);
        QVERIFY(!dialog.findChild<QPushButton *>(u"importConfirm"_s)->isEnabled());
    }

    void everyProblemHasASentence()
    {
        for (const ErrorCode code :
             {ErrorCode::Unsupported, ErrorCode::InvalidJson, ErrorCode::InvalidArgument,
              ErrorCode::StorageFailed, ErrorCode::Internal}) {
            const QString text = ImportDialog::problem({code, u"detail"_s, {}}, u"f.json"_s);
            QVERIFY(text.contains(u"f.json"_s) || text.contains(u"detail"_s));
        }
    }
};

QTEST_MAIN(TstImportDialog)
#include "tst_importdialog.moc"
