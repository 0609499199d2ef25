// SPDX-License-Identifier: MIT
#include "ui/backends/serverdialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>

using namespace pilotlight;

class TestServerDialog : public QObject
{
    Q_OBJECT

    static QLineEdit *field(const ServerDialog &dialog, const char *name)
    {
        return dialog.findChild<QLineEdit *>(QLatin1String(name));
    }
    static QString hint(const ServerDialog &dialog)
    {
        return dialog.findChild<QLabel *>(QStringLiteral("serverHint"))->text();
    }
    static void choose(ServerDialog &dialog, int kind)
    {
        dialog.findChild<QComboBox *>(QStringLiteral("serverReach"))->setCurrentIndex(kind);
    }

private Q_SLOTS:
    void aNewServerGetsAnIdOfItsName()
    {
        ServerDialog dialog({}, {QStringLiteral("build-tools")});
        QVERIFY(!dialog.isValid());
        field(dialog, "serverName")->setText(QStringLiteral(" Build tools! "));
        field(dialog, "serverCommand")->setText(QStringLiteral("npx -y \"my server\" --fast"));
        QVERIFY2(dialog.isValid(), qPrintable(hint(dialog)));
        const BackendSettings backend = dialog.backend();
        QCOMPARE(backend.id, QStringLiteral("build-tools-2"));
        QCOMPARE(backend.name, QStringLiteral("Build tools!"));
        QCOMPARE(backend.command, QStringLiteral("npx"));
        QCOMPARE(backend.arguments,
                 QStringList({QStringLiteral("-y"), QStringLiteral("my server"),
                              QStringLiteral("--fast")}));
        QVERIFY(checkBackend(backend));
        QVERIFY(!dialog.token());
    }

    void theKindDecidesWhatIsAsked()
    {
        ServerDialog dialog({}, {});
        dialog.show();
        QVERIFY(field(dialog, "serverCommand")->isVisible());
        QVERIFY(!field(dialog, "serverUrl")->isVisible());
        choose(dialog, 1);
        QVERIFY(field(dialog, "serverUrl")->isVisible());
        QVERIFY(field(dialog, "serverReadOnlyTools")->isVisible());
        choose(dialog, 2);
        QVERIFY(!field(dialog, "serverReadOnlyTools")->isVisible());
        field(dialog, "serverName")->setText(QStringLiteral("other"));
        field(dialog, "serverUrl")->setText(QStringLiteral("http://127.0.0.1:1"));
        QVERIFY(!dialog.isValid());
        QVERIFY(hint(dialog).contains(QStringLiteral("tcp://")));
        QVERIFY(!dialog.findChild<QPushButton *>(QStringLiteral("serverSave"))->isEnabled());
        field(dialog, "serverUrl")->setText(QStringLiteral("tcp://127.0.0.1:4321"));
        QVERIFY(dialog.isValid());
        QCOMPARE(dialog.backend().kind, BackendKind::Copilot);
    }

    void line02_theEffectiveProbeIsSaid()
    {
        ServerDialog dialog({}, {});
        field(dialog, "serverName")->setText(QStringLiteral("x"));
        field(dialog, "serverCommand")->setText(QStringLiteral("server"));
        QVERIFY(hint(dialog).contains(QStringLiteral("ping about every 5 min")));
        field(dialog, "serverInterval")->setText(QStringLiteral("60"));
        QVERIFY(hint(dialog).contains(QStringLiteral("1 min")));
        field(dialog, "serverInterval")->setText(QStringLiteral("soon"));
        QVERIFY(!dialog.isValid());
        field(dialog, "serverInterval")->clear();
        dialog.findChild<QCheckBox *>(QStringLiteral("serverStateless"))->setChecked(true);
        QCOMPARE(hint(dialog), QStringLiteral("It is not probed."));
    }

    void line18_onlyAReadOnlyToolProbes()
    {
        ServerDialog dialog({}, {});
        field(dialog, "serverName")->setText(QStringLiteral("x"));
        field(dialog, "serverCommand")->setText(QStringLiteral("server"));
        auto *const method = dialog.findChild<QComboBox *>(QStringLiteral("serverMethod"));
        method->setEditText(QStringLiteral("tool:"));
        QVERIFY(!dialog.isValid());
        method->setEditText(QStringLiteral("tool:echo"));
        QVERIFY(hint(dialog).contains(QStringLiteral("read-only")));
        field(dialog, "serverReadOnlyTools")->setText(QStringLiteral("echo, list"));
        QVERIFY(hint(dialog).contains(QStringLiteral("tool:echo")));
        QCOMPARE(dialog.backend().readOnlyTools,
                 QStringList({QStringLiteral("echo"), QStringLiteral("list")}));
    }

    void editingKeepsWhatIsNotShown()
    {
        BackendSettings before;
        before.id = QStringLiteral("files");
        before.name = QStringLiteral("Files");
        before.url = QStringLiteral("http://127.0.0.1:3000/mcp");
        before.environment = {{QStringLiteral("A"), QStringLiteral("1")}};
        before.keepalive.jitterPercent = 5;
        before.keepalive.intervalSeconds = 30;
        ServerDialog dialog(before, {QStringLiteral("files")});
        QCOMPARE(dialog.backend(), before);
    }
};

QTEST_MAIN(TestServerDialog)
#include "tst_serverdialog.moc"
