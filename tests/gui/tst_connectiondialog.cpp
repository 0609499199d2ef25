// SPDX-License-Identifier: MIT
#include "shots.h"
#include "ui/settings/connectiondialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QSignalSpy>
#include <QTest>

#include <cmath>

using namespace pilotlight;

class TestConnectionDialog : public QObject
{
    Q_OBJECT
private:
    std::unique_ptr<ConnectionDialog> m_dialog;

    void make(const AppSettings &settings = {})
    {
        const auto locator = [](const QString &path) -> Result<QString> {
            if (path.isEmpty())
                return QStringLiteral("/usr/lib/copilot");
            if (path == QStringLiteral("/opt/copilot"))
                return path;
            return failure(ErrorCode::ServerNotFound, path);
        };
        m_dialog = std::make_unique<ConnectionDialog>(settings, locator);
        m_dialog->show();
    }
    template <typename T>
    T *find(const char *name) const
    {
        T *const found = m_dialog->findChild<T *>(QLatin1String(name));
        if (!found)
            qFatal("no %s", name);
        return found;
    }
    void choose(const char *mode) { find<QRadioButton>(mode)->setChecked(true); }

private Q_SLOTS:
    void initTestCase() { Theme::instance().setMode(ThemeMode::Light); }
    void init() { make(); }
    void cleanup() { m_dialog.reset(); }

    void urls_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<bool>("valid");
        const auto row = [](const char *url, bool valid) {
            QTest::newRow(url) << QString::fromLatin1(url) << valid;
        };
        row("tcp://127.0.0.1:4600", true);
        row("tcp://[::1]:4600", true);
        row("ws://host:1/path?x=1", true);
        row("wss://host", true);
        row(" wss://host ", true);
        row("", false);
        row("127.0.0.1:4600", false);
        row("tcp://127.0.0.1", false);
        row("tcp://:4600", false);
        row("tcp://host:99999", false);
        row("tcp://host:1/path", false);
        row("http://host", false);
        row("wss://user:secret@host", false);
    }
    void urls()
    {
        QFETCH(QString, url);
        QTEST(attachUrlProblem(url).isEmpty(), "valid");
    }

    void seconds()
    {
        QVERIFY(!secondsFromText(QStringLiteral("  ")));
        QCOMPARE(secondsFromText(QStringLiteral(" 12.5 ")).value(), 12.5);
        QVERIFY(std::isnan(secondsFromText(QStringLiteral("often")).value()));
        QCOMPARE(secondsFromText(QStringLiteral("-3")).value(), -3.0);
    }

    void fieldsFollowTheMode()
    {
        QVERIFY(find<QLineEdit>("settingsCliPath")->isVisible());
        QVERIFY(!find<QLineEdit>("settingsUrl")->isVisible());
        choose("mode_attach");
        QVERIFY(!find<QLineEdit>("settingsCliPath")->isVisible());
        QVERIFY(find<QLineEdit>("settingsUrl")->isVisible());
        QVERIFY(find<QLineEdit>("settingsInterval")->isVisible());
        choose("mode_demo");
        QVERIFY(!find<QLineEdit>("settingsInterval")->isVisible()); // nothing is pinged there
        QCOMPARE(m_dialog->settings().mode, ServerMode::Demo);
    }

    void cliIsLookedUp()
    {
        auto *const hint = find<QLabel>("settingsCliHint");
        QVERIFY(hint->text().contains(QStringLiteral("copilot")));
        QVERIFY(hint->text().startsWith(QStringLiteral("Found")));
        find<QLineEdit>("settingsCliPath")->setText(QStringLiteral("/no/where"));
        QVERIFY(!hint->text().startsWith(QStringLiteral("Found")));
        find<QLineEdit>("settingsCliPath")->setText(QStringLiteral("/opt/copilot"));
        QVERIFY(hint->text().startsWith(QStringLiteral("Found")));
        QCOMPARE(m_dialog->settings().cliPath, QStringLiteral("/opt/copilot"));
    }

    void badAddressCannotBeSaved()
    {
        QSignalSpy accepted(m_dialog.get(), &QDialog::accepted);
        choose("mode_attach");
        auto *const hint = find<QLabel>("settingsUrlHint");
        QVERIFY(hint->isHidden()); // an empty field that nobody touched does not complain
        find<QPushButton>("settingsSave")->click();
        QCOMPARE(accepted.count(), 0);
        QVERIFY(!hint->isHidden());
        find<QLineEdit>("settingsUrl")->setText(QStringLiteral("tcp://127.0.0.1:4600"));
        QVERIFY(hint->isHidden());
        find<QPushButton>("settingsSave")->click();
        QCOMPARE(accepted.count(), 1);
        QCOMPARE(m_dialog->settings().url, QStringLiteral("tcp://127.0.0.1:4600"));
    }

    void tokenStaysApart()
    {
        choose("mode_attach");
        find<QLineEdit>("settingsUrl")->setText(QStringLiteral("tcp://127.0.0.1:4600"));
        QVERIFY(!m_dialog->token()); // unchanged
        find<QLineEdit>("settingsToken")->setText(QStringLiteral("s3cret"));
        QCOMPARE(m_dialog->token().value().reveal(), QByteArray("s3cret"));
        QCOMPARE(find<QLineEdit>("settingsToken")->echoMode(), QLineEdit::Password);
        find<QCheckBox>("settingsForgetToken")->setChecked(true);
        QVERIFY(m_dialog->token().value().isEmpty());
        choose("mode_local");
        QVERIFY(!m_dialog->token());
    }

    void pingLimitsAreExplained()
    {
        auto *const hint = find<QLabel>("settingsPingHint");
        QVERIFY(hint->text().contains(QStringLiteral("900 s (default)")));
        find<QLineEdit>("settingsInterval")->setText(QStringLiteral("60"));
        QVERIFY(hint->text().contains(QStringLiteral("60 s (set by you)")));
        find<QLineEdit>("settingsInterval")->setText(QStringLiteral("1"));
        QVERIFY(hint->text().contains(QStringLiteral("5 s (limited)")));
        find<QLineEdit>("settingsInterval")->setText(QStringLiteral("often"));
        QVERIFY(hint->text().contains(QStringLiteral("default is used")));
        QVERIFY(!m_dialog->settings().keepalive.intervalSeconds);
        find<QLineEdit>("settingsInterval")->setText(QStringLiteral("60"));
        find<QLineEdit>("settingsTimeout")->setText(QStringLiteral("40"));
        QVERIFY(hint->text().contains(QStringLiteral("half")));
        find<QLineEdit>("settingsTimeout")->setText(QStringLiteral("4"));
        QCOMPARE(m_dialog->settings().keepalive, (KeepaliveSettings{60.0, 4.0}));
    }

    void unchangedSettingsComeBackAsTheyWere()
    {
        AppSettings settings;
        settings.mode = ServerMode::Attach;
        settings.url = QStringLiteral("wss://host/x");
        settings.keepalive.intervalSeconds = 7.5;
        settings.theme = ThemeChoice::Dark;
        settings.logVisible = true;
        make(settings);
        QVERIFY(m_dialog->settings() == settings);
    }

    void shots()
    {
        find<QLineEdit>("settingsInterval")->setText(QStringLiteral("1"));
        takeShots(*m_dialog, QStringLiteral("settings-local"));
        choose("mode_attach");
        find<QLineEdit>("settingsUrl")->setText(QStringLiteral("tcp://10.0.0.5"));
        takeShots(*m_dialog, QStringLiteral("settings-attach"));
    }
};

QTEST_MAIN(TestConnectionDialog)
#include "tst_connectiondialog.moc"
