// SPDX-License-Identifier: MIT
#include "ui/sessions/newsessiondialog.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTemporaryFile>
#include <QTest>

using namespace pilotlight;

class TestNewSessionDialog : public QObject
{
    Q_OBJECT

    struct Parts
    {
        NewSessionDialog dialog;
        QLineEdit *folder = dialog.findChild<QLineEdit *>(QStringLiteral("newSessionFolder"));
        QLineEdit *name = dialog.findChild<QLineEdit *>(QStringLiteral("newSessionName"));
        QComboBox *model = dialog.findChild<QComboBox *>(QStringLiteral("newSessionModel"));
        QComboBox *mode = dialog.findChild<QComboBox *>(QStringLiteral("newSessionMode"));
        QCheckBox *own = dialog.findChild<QCheckBox *>(QStringLiteral("newSessionOwnProvider"));
        QLineEdit *url = dialog.findChild<QLineEdit *>(QStringLiteral("providerBaseUrl"));
        QLineEdit *key = dialog.findChild<QLineEdit *>(QStringLiteral("providerKey"));
        QPushButton *create = dialog.findChild<QPushButton *>(QStringLiteral("newSessionCreate"));
        QLabel *folderHint = dialog.findChild<QLabel *>(QStringLiteral("newSessionFolderHint"));
        QLabel *urlHint = dialog.findChild<QLabel *>(QStringLiteral("providerUrlHint"));
        QLabel *modelHint = dialog.findChild<QLabel *>(QStringLiteral("newSessionModelHint"));
        Parts() { dialog.show(); }
    };

private Q_SLOTS:
    void initTestCase() { Theme::instance(); }
    void init()
    {
        QTest::failOnWarning(
            QRegularExpression(QStringLiteral("^(?!This plugin does not support).*")));
    }

    void folderMustExist()
    {
        QTemporaryDir dir;
        QTemporaryFile file;
        QVERIFY(file.open());
        Parts p;
        p.folder->setText(dir.path());
        QVERIFY(p.dialog.isValid());
        QVERIFY(p.folderHint->text().isEmpty());
        for (const QString &bad : {dir.path() + QStringLiteral("/none"), QStringLiteral("relative"),
                                   file.fileName(), QString()}) {
            p.folder->setText(bad);
            QVERIFY2(!p.dialog.isValid(), qPrintable(bad));
            QVERIFY2(p.folderHint->isVisible() && !p.folderHint->text().isEmpty(), qPrintable(bad));
            QCOMPARE(p.folder->accessibleDescription(), p.folderHint->text());
        }
        p.folder->setText(QStringLiteral("~"));
        QVERIFY(p.dialog.isValid());
        QCOMPARE(p.dialog.config().workingDirectory, QDir::homePath());
    }

    void remoteFolderIsNotLookedUpHere()
    {
        Parts p;
        p.dialog.setRemote(true);
        p.folder->setText(QStringLiteral("/only/over/there"));
        QVERIFY(p.dialog.isValid());
        QCOMPARE(p.dialog.config().workingDirectory, QStringLiteral("/only/over/there"));
        QVERIFY(
            !p.dialog.findChild<QPushButton *>(QStringLiteral("newSessionBrowse"))->isVisible());
        p.folder->clear();
        QVERIFY(!p.dialog.isValid());
    }

    void createExplainsInsteadOfDoingNothing()
    {
        QTemporaryDir dir;
        Parts p;
        p.folder->setText(dir.path());
        p.own->setChecked(true);
        QVERIFY(p.urlHint->text().isEmpty()); // not touched yet: no complaint
        QSignalSpy accepted(&p.dialog, &QDialog::accepted);
        QTest::mouseClick(p.create, Qt::LeftButton);
        QCOMPARE(accepted.count(), 0);
        QVERIFY(!p.urlHint->text().isEmpty());
        QVERIFY(!p.modelHint->text().isEmpty());
        for (const char *bad : {"example.com/v1", "ftp://example.com", "https://", "http:/x"}) {
            p.url->setText(QString::fromLatin1(bad));
            QVERIFY2(!p.urlHint->text().isEmpty(), bad);
        }
        p.url->setText(QStringLiteral("http://127.0.0.1:8080/v1"));
        QVERIFY(p.urlHint->text().isEmpty());
        p.model->setEditText(QStringLiteral("local-model"));
        QTest::mouseClick(p.create, Qt::LeftButton);
        QCOMPARE(accepted.count(), 1);
    }

    void configHoldsWhatWasEntered()
    {
        QTemporaryDir dir;
        Parts p;
        p.dialog.setModels({{QStringLiteral("m1"), QStringLiteral("Model one"), 0, {}}});
        QCOMPARE(p.model->findText(QStringLiteral("m1")), 0);
        QVERIFY(p.model->currentText().isEmpty());
        p.folder->setText(dir.path() + QStringLiteral("/"));
        QTest::keyClicks(p.name, QStringLiteral("  My  task "));
        p.model->setEditText(QStringLiteral(" m2 "));
        p.mode->setCurrentIndex(2);
        SessionConfig config = p.dialog.config();
        QVERIFY(config.id.isEmpty());
        QCOMPARE(config.name, QStringLiteral("My task"));
        QCOMPARE(config.model, QStringLiteral("m2"));
        QCOMPARE(config.workingDirectory, dir.path());
        QCOMPARE(config.mode, AgentMode::Autopilot);
        QVERIFY(!config.provider);
        p.own->setChecked(true);
        p.url->setText(QStringLiteral("https://api.example.com/v1"));
        QTest::keyClicks(p.key, QStringLiteral("sk-very-secret"));
        QCOMPARE(p.key->echoMode(), QLineEdit::Password);
        config = p.dialog.config();
        QVERIFY(config.provider);
        QCOMPARE(config.provider->type, QStringLiteral("openai"));
        QCOMPARE(config.provider->wireApi, QStringLiteral("completions"));
        QCOMPARE(config.provider->baseUrl, QStringLiteral("https://api.example.com/v1"));
        QCOMPARE(config.provider->apiKey.reveal(), QByteArray("sk-very-secret"));
    }

    void defaultsNeverCarryNameOrKey()
    {
        SessionConfig before;
        before.name = QStringLiteral("Old name");
        before.model = QStringLiteral("m9");
        before.workingDirectory = QDir::tempPath();
        before.provider = ProviderConfig{QStringLiteral("azure"), QStringLiteral("responses"),
                                         QStringLiteral("https://x.example"), Secret("k")};
        Parts p;
        p.dialog.setDefaults(before);
        QVERIFY(p.name->text().isEmpty());
        QVERIFY(p.key->text().isEmpty());
        QCOMPARE(p.model->currentText(), QStringLiteral("m9"));
        QVERIFY(!p.own->isChecked());
        QCOMPARE(p.url->text(), QStringLiteral("https://x.example"));
    }

    void everyFieldHasANameForScreenReaders()
    {
        Parts p;
        p.own->setChecked(true);
        const auto widgets = p.dialog.findChildren<QWidget *>();
        for (const QWidget *widget : widgets) {
            if (!qobject_cast<const QLineEdit *>(widget)
                && !qobject_cast<const QComboBox *>(widget))
                continue;
            if (qobject_cast<const QComboBox *>(widget->parentWidget())
                || widget->objectName().startsWith(QLatin1String("qt_")))
                continue;
            QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
            QVERIFY(!widget->objectName().isEmpty());
        }
    }
};

QTEST_MAIN(TestNewSessionDialog)
#include "tst_newsessiondialog.moc"
