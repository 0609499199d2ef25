// SPDX-License-Identifier: MIT
#include "app/gui/autostart.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace Qt::StringLiterals;

//! On a home of its own (the XDG entry; the other systems' ways are a registry value and a launch
//! agent).
class TstAutostart : public QObject
{
    Q_OBJECT
    QTemporaryDir m_home;
    QString entry() const
    {
        return m_home.filePath(u"autostart/io.github.pilotlight.pilotlight.desktop"_s);
    }
    QString text() const
    {
        QFile file(entry());
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }

private Q_SLOTS:
    void initTestCase()
    {
#if defined(Q_OS_WIN) || defined(Q_OS_MACOS)
        QSKIP("the XDG entry is for other systems");
#endif
        qputenv("XDG_CONFIG_HOME", m_home.path().toUtf8());
    }
    void cleanup()
    {
        qunsetenv("APPIMAGE");
        QDir(m_home.filePath(u"autostart"_s)).removeRecursively();
    }

    void onAndOff()
    {
        const Autostart autostart({});
        QVERIFY(!autostart.isOn());
        QVERIFY(autostart.set(true));
        QVERIFY(autostart.isOn());
        QVERIFY(text().contains(
            u"\nExec=\"%1\" \"--minimized\"\n"_s.arg(QCoreApplication::applicationFilePath())));
        QVERIFY(autostart.set(true)); // again
        QVERIFY(autostart.set(false));
        QVERIFY(!autostart.isOn());
        QVERIFY(!QFile::exists(entry()));
        QVERIFY(autostart.set(false));
    }

    void startsTheSameProfile()
    {
        QVERIFY(Autostart({u"--profile-dir"_s, u"/a b/50%/\"x\\$`"_s}).set(true));
        // A backslash is one in the argument's quotes, and then one in the string.
        const QString words = u"\"--profile-dir\" \"/a b/50%%/\\\\\"x\\\\\\\\\\\\$\\\\`\""_s;
        QVERIFY2(text().contains(words), qPrintable(text()));
    }

    void anAppImageIsStartedByItsFile()
    {
        qputenv("APPIMAGE", "/opt/Pilotlight.AppImage");
        QVERIFY(Autostart({}).set(true));
        QVERIFY(text().contains(u"Exec=\"/opt/Pilotlight.AppImage\" \"--minimized\""_s));
    }

    void whatTheDesktopSwitchedOffIsOff()
    {
        QVERIFY(Autostart({}).set(true));
        QFile file(entry());
        QVERIFY(file.open(QIODevice::Append));
        file.write("Hidden=true\n");
        file.close();
        QVERIFY(!Autostart({}).isOn());
        QVERIFY(Autostart({}).set(true));
        QVERIFY(Autostart({}).isOn());
    }

    void whatCannotBeWrittenIsSaid()
    {
        QFile inTheWay(m_home.filePath(u"autostart"_s));
        QVERIFY(inTheWay.open(QIODevice::WriteOnly));
        inTheWay.close();
        const Result<void> done = Autostart({}).set(true);
        inTheWay.remove();
        QVERIFY(!done);
        QCOMPARE(done.error().code, ErrorCode::StorageFailed);
        QVERIFY(done.error().detail.contains(u"autostart"_s));
    }
};

QTEST_GUILESS_MAIN(TstAutostart)
#include "tst_autostart.moc"
