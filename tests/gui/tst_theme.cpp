// SPDX-License-Identifier: MIT
#include "ui/theme/theme.h"

#include <QApplication>
#include <QDir>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;

class TestTheme : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void contrastFormulaMatchesTheStandard()
    {
        QCOMPARE(Theme::contrast(Qt::black, Qt::white), 21.0);
        QCOMPARE(Theme::contrast(Qt::white, Qt::black), 21.0);
        QCOMPARE(Theme::contrast(Qt::red, Qt::red), 1.0);
        // #767676 on white is the well-known lightest grey that passes AA (4.54).
        QVERIFY(qAbs(Theme::contrast(QColor(0x76, 0x76, 0x76), Qt::white) - 4.54) < 0.01);
    }

    void textIsReadable_data()
    {
        QTest::addColumn<ColorRole>("ink");
        QTest::addColumn<ColorRole>("paper");
        QTest::addColumn<double>("least");
        const auto row = [](const char *name, ColorRole ink, ColorRole paper, double least) {
            QTest::newRow(name) << ink << paper << least;
        };
        using R = ColorRole;
        const QList<R> papers{R::Window,    R::Sidebar,        R::Surface,    R::Hover,
                              R::Selected,  R::CodeBackground, R::UserBubble, R::AccentSoft,
                              R::OkSoft,    R::WarningSoft,    R::ErrorSoft,  R::InfoSoft,
                              R::DiffAdded, R::DiffRemoved};
        for (const R paper : papers) {
            row(qPrintable(QStringLiteral("text on %1").arg(int(paper))), R::Text, paper, 7.0);
            row(qPrintable(QStringLiteral("muted on %1").arg(int(paper))), R::Muted, paper, 4.5);
        }
        for (const R ink : {R::Accent, R::Ok, R::Warning, R::Error, R::Info}) {
            for (const R paper :
                 {R::Window, R::Sidebar, R::Surface, R::Hover, R::Selected, R::CodeBackground})
                row(qPrintable(QStringLiteral("%1 on %2").arg(int(ink)).arg(int(paper))), ink,
                    paper, 4.5);
        }
        row("ok on its tint", R::Ok, R::OkSoft, 4.5);
        row("warning on its tint", R::Warning, R::WarningSoft, 4.5);
        row("error on its tint", R::Error, R::ErrorSoft, 4.5);
        row("info on its tint", R::Info, R::InfoSoft, 4.5);
        row("accent on its tint", R::Accent, R::AccentSoft, 4.5);
        row("link in the user's bubble", R::Accent, R::UserBubble, 4.5);
        row("added line", R::Ok, R::DiffAdded, 4.5);
        row("removed line", R::Error, R::DiffRemoved, 4.5);
        row("main button", R::OnAccent, R::Accent, 4.5);
        row("edge of an input", R::BorderStrong, R::Surface, 3.0);
        row("edge of an input in the sidebar", R::BorderStrong, R::Sidebar, 3.0);
        row("edge of an input in the window", R::BorderStrong, R::Window, 3.0);
    }
    void textIsReadable()
    {
        QFETCH(ColorRole, ink);
        QFETCH(ColorRole, paper);
        QFETCH(double, least);
        for (const bool dark : {false, true}) {
            const double ratio =
                Theme::contrast(Theme::colorOf(ink, dark), Theme::colorOf(paper, dark));
            QVERIFY2(ratio >= least,
                     qPrintable(QStringLiteral("%1: %2 < %3")
                                    .arg(dark ? QStringLiteral("dark") : QStringLiteral("light"))
                                    .arg(ratio)
                                    .arg(least)));
        }
    }

    void modeSwitchesThePaletteOnce()
    {
        Theme &theme = Theme::instance();
        theme.setMode(ThemeMode::Light);
        QSignalSpy spy(&theme, &Theme::changed);
        theme.setMode(ThemeMode::Dark);
        QCOMPARE(spy.count(), 1);
        QVERIFY(theme.isDark());
        QCOMPARE(QApplication::palette().color(QPalette::Window), theme.color(ColorRole::Window));
        theme.setMode(ThemeMode::Dark);
        QCOMPARE(spy.count(), 1);
        theme.setMode(ThemeMode::Light);
        QCOMPARE(spy.count(), 2);
        QVERIFY(!theme.isDark());
        QVERIFY(!qApp->styleSheet().contains(QLatin1Char('@')));
    }

    void modeNamesRoundTrip()
    {
        for (const auto mode : {ThemeMode::System, ThemeMode::Light, ThemeMode::Dark})
            QCOMPARE(themeModeFromName(themeModeName(mode)), mode);
        QCOMPARE(themeModeFromName(QStringLiteral("purple")), ThemeMode::System);
    }

    void everyIconDrawsSomething()
    {
        Theme::instance();
        const QStringList files =
            QDir(QStringLiteral(":/icons")).entryList({QStringLiteral("*.svg")});
        QVERIFY(files.size() > 40);
        for (const QString &file : files) {
            const QString name = file.chopped(4);
            const QImage image = Theme::pixmap(name, 24, Qt::red, 2.0).toImage();
            QCOMPARE(image.width(), 48);
            int inked = 0;
            for (int y = 0; y < image.height(); ++y)
                for (int x = 0; x < image.width(); ++x)
                    inked += qAlpha(image.pixel(x, y)) > 128 ? 1 : 0;
            QVERIFY2(inked > 20, qPrintable(name));
        }
    }

    void iconsFollowTheTheme()
    {
        Theme &theme = Theme::instance();
        const QIcon icon = Theme::icon(QStringLiteral("dot"), ColorRole::Text);
        const auto centre = [&] { return icon.pixmap(24, 24).toImage().pixelColor(12, 12); };
        theme.setMode(ThemeMode::Light);
        QCOMPARE(centre(), theme.color(ColorRole::Text));
        theme.setMode(ThemeMode::Dark);
        QCOMPARE(centre(), theme.color(ColorRole::Text));
        theme.setMode(ThemeMode::Light);
        QCOMPARE(icon.pixmap(QSize(20, 20), 2.0).size(), QSize(40, 40));
        QVERIFY(!Theme::applicationIcon().pixmap(32, 32).isNull());
    }
};

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
