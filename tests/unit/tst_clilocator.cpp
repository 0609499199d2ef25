// SPDX-License-Identifier: MIT
#include "server/clilocator.h"

#include <QHash>
#include <QSet>
#include <QTest>

using namespace pilotlight;
using System = CliSurroundings::System;

namespace {

const QByteArray Elf = QByteArrayLiteral("\x7f"
                                         "ELF");
const QByteArray Script = QByteArrayLiteral("#!/usr/bin/env node\n");

// A machine that exists in memory.
class Machine
{
public:
    explicit Machine(System system)
        : m_system(system)
    { }

    void file(const QString &path, const QByteArray &bytes) { m_files.insert(path, bytes); }
    void link(const QString &path, const QString &target) { m_links.insert(path, target); }
    void set(const char *name, const QString &value)
    {
        m_environment.insert(QLatin1String(name), value);
    }

    CliLocator locator() const
    {
        CliSurroundings s;
        s.system = m_system;
        s.architecture = QStringLiteral("x64");
        s.home = m_system == System::Windows ? QStringLiteral("C:/Users/me")
                                             : QStringLiteral("/home/me");
        s.environment = m_environment;
        const auto canonical = [this](const QString &path) { return m_links.value(path, path); };
        s.isProgram = [this, canonical](const QString &path) {
            return m_files.contains(canonical(path));
        };
        s.canonical = canonical;
        s.folders = [this](const QString &path) {
            QSet<QString> names;
            for (auto it = m_files.begin(); it != m_files.end(); ++it) {
                if (it.key().startsWith(path + QLatin1Char('/')))
                    names.insert(it.key().mid(path.size() + 1).section(QLatin1Char('/'), 0, 0));
            }
            return names.values();
        };
        s.read = [this, canonical](const QString &path, qint64 max) {
            return m_files.value(canonical(path)).left(max);
        };
        return CliLocator(s);
    }

    QString locate(const QString &setting = {}) const
    {
        return locator().locate(setting).value_or(QStringLiteral("none"));
    }

private:
    System m_system;
    QProcessEnvironment m_environment;
    QHash<QString, QByteArray> m_files;
    QHash<QString, QString> m_links;
};

} // namespace

class TstCliLocator : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void findsANativeBinaryInThePath()
    {
        Machine m(System::Linux);
        m.set("PATH", QStringLiteral("/usr/bin:/opt/copilot/bin/"));
        m.file(QStringLiteral("/opt/copilot/bin/copilot"), Elf);
        QCOMPARE(m.locate(), QStringLiteral("/opt/copilot/bin/copilot"));
    }

    void followsNpmsLauncherToTheBinaryBesideIt_data()
    {
        QTest::addColumn<QString>("binary");
        const QString modules = QStringLiteral("/opt/node/lib/node_modules/@github/");
        QTest::newRow("beside") << modules + QStringLiteral("copilot-linux-x64/copilot");
        QTest::newRow("musl") << modules + QStringLiteral("copilot-linuxmusl-x64/copilot");
        QTest::newRow("nested") << modules
                + QStringLiteral("copilot/node_modules/@github/copilot-linux-x64/copilot");
    }
    void followsNpmsLauncherToTheBinaryBesideIt()
    {
        QFETCH(QString, binary);
        Machine m(System::Linux);
        m.set("PATH", QStringLiteral("/opt/node/bin"));
        const QString launcher =
            QStringLiteral("/opt/node/lib/node_modules/@github/copilot/npm-loader.js");
        m.file(launcher, Script);
        m.link(QStringLiteral("/opt/node/bin/copilot"), launcher);
        m.file(binary, Elf);
        QCOMPARE(m.locate(), binary);
        QCOMPARE(m.locate(QStringLiteral("/opt/node/bin/copilot")), binary);
        QCOMPARE(m.locate(launcher), binary);
    }

    void followsALauncherThatIsNoLink()
    {
        Machine m(System::Linux);
        const QString shim = QStringLiteral("/opt/node/bin/copilot");
        const QString binary =
            QStringLiteral("/opt/node/lib/node_modules/@github/copilot-linux-x64/copilot");
        m.file(shim, "#!/bin/sh\n");
        m.file(binary, Elf);
        QCOMPARE(m.locate(shim), binary);
        const QString local = QStringLiteral("/p/node_modules/.bin/copilot");
        const QString localBinary =
            QStringLiteral("/p/node_modules/@github/copilot-linux-x64/copilot");
        m.file(local, "#!/bin/sh\n");
        m.file(localBinary, Elf);
        QCOMPARE(m.locate(local), localBinary);
    }

    void windows()
    {
        Machine m(System::Windows);
        m.set("PATH", QStringLiteral("C:\\Windows;C:\\Users\\me\\AppData\\Roaming\\npm\\"));
        m.file(QStringLiteral("C:/Users/me/AppData/Roaming/npm/copilot.cmd"), "@ECHO off\r\n");
        const QString binary = QStringLiteral(
            "C:/Users/me/AppData/Roaming/npm/node_modules/@github/copilot-win32-x64/copilot.exe");
        m.file(binary, "MZ...");
        QCOMPARE(m.locate(), binary);
        // Also where the PATH does not have it.
        m.set("PATH", QStringLiteral("C:\\Windows"));
        QCOMPARE(m.locate(), binary);
    }

    void macWithHomebrew()
    {
        Machine m(System::MacOs); // a program that the Finder starts has no shell's PATH
        m.set("PATH", QStringLiteral("/usr/bin:/bin"));
        m.file(QStringLiteral("/opt/homebrew/Caskroom/copilot-cli/1/copilot"),
               QByteArrayLiteral("\xcf\xfa\xed\xfe"));
        m.link(QStringLiteral("/opt/homebrew/bin/copilot"),
               QStringLiteral("/opt/homebrew/Caskroom/copilot-cli/1/copilot"));
        QCOMPARE(m.locate(), QStringLiteral("/opt/homebrew/Caskroom/copilot-cli/1/copilot"));
    }

    void globalFolders_data()
    {
        QTest::addColumn<QString>("variable");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("modules");
        const QString lib = QStringLiteral("/lib/node_modules");
        const auto row = [&](const char *name, const QString &variable, const QString &value,
                             const QString &folder) {
            QTest::newRow(name) << variable << value << folder;
        };
        row("npm prefix", QStringLiteral("npm_config_prefix"), QStringLiteral("/x/y"),
            QStringLiteral("/x/y") + lib);
        row("~/.npm-global", {}, {}, QStringLiteral("/home/me/.npm-global") + lib);
        row("nvm", {}, {}, QStringLiteral("/home/me/.nvm/versions/node/v22.1.0") + lib);
        row("NVM_DIR", QStringLiteral("NVM_DIR"), QStringLiteral("/n"),
            QStringLiteral("/n/versions/node/v22.1.0") + lib);
        row("volta", {}, {},
            QStringLiteral("/home/me/.volta/tools/image/packages/@github/copilot") + lib);
        row("fnm", {}, {},
            QStringLiteral("/home/me/.local/share/fnm/node-versions/v22/installation") + lib);
        row("asdf", {}, {}, QStringLiteral("/home/me/.asdf/installs/nodejs/22.0.0") + lib);
        row("bun", {}, {}, QStringLiteral("/home/me/.bun/install/global/node_modules"));
        row("homebrew", {}, {}, QStringLiteral("/opt/homebrew") + lib);
        row("usr", {}, {}, QStringLiteral("/usr") + lib);
    }
    void globalFolders()
    {
        QFETCH(QString, variable);
        QFETCH(QString, value);
        QFETCH(QString, modules);
        Machine m(System::Linux);
        if (!variable.isEmpty())
            m.set(variable.toLatin1().constData(), value);
        const QString binary = modules + QStringLiteral("/@github/copilot-linux-x64/copilot");
        m.file(binary, Elf);
        QCOMPARE(m.locate(), binary);
    }

    void readsNpmsOwnConfiguration()
    {
        Machine m(System::Linux);
        m.file(QStringLiteral("/home/me/.npmrc"), "registry=x\n prefix = ${HOME}/apps \n");
        const QString binary =
            QStringLiteral("/home/me/apps/lib/node_modules/@github/copilot-linux-x64/copilot");
        m.file(binary, Elf);
        QCOMPARE(m.locate(), binary);
    }

    void prefersTheNewestNode()
    {
        Machine m(System::Linux);
        const QString form =
            QStringLiteral("/home/me/.nvm/versions/node/%1/lib/node_modules/@github/"
                           "copilot-linux-x64/copilot");
        for (const char *version : {"v9.9.9", "v22.10.0", "v22.9.0"})
            m.file(form.arg(QLatin1String(version)), Elf);
        QCOMPARE(m.locate(), form.arg(QStringLiteral("v22.10.0")));
    }

    void aVersionManagersBinaryIsNotTheCli()
    {
        // volta puts its own native shim under the name of each program.
        Machine m(System::Linux);
        m.set("PATH", QStringLiteral("/home/me/.volta/bin"));
        m.file(QStringLiteral("/home/me/.volta/bin/volta-shim"), Elf);
        m.link(QStringLiteral("/home/me/.volta/bin/copilot"),
               QStringLiteral("/home/me/.volta/bin/volta-shim"));
        const QString binary =
            QStringLiteral("/home/me/.volta/tools/image/packages/@github/copilot/lib/node_modules/"
                           "@github/copilot-linux-x64/copilot");
        m.file(binary, Elf);
        QCOMPARE(m.locate(), binary);
    }

    void aLauncherThatLeadsNowhereIsTheLastResort()
    {
        Machine m(System::Linux);
        m.set("PATH", QStringLiteral("/odd/bin"));
        m.file(QStringLiteral("/odd/bin/copilot"), Script);
        QCOMPARE(m.locate(), QStringLiteral("/odd/bin/copilot"));
        const QString binary =
            QStringLiteral("/usr/lib/node_modules/@github/copilot-linux-x64/copilot");
        m.file(binary, Elf);
        QCOMPARE(m.locate(), binary);
    }

    void theUsersChoiceIsFinal()
    {
        Machine m(System::Linux);
        m.set("PATH", QStringLiteral("/usr/bin"));
        m.file(QStringLiteral("/usr/bin/copilot"), Elf);
        m.file(QStringLiteral("/home/me/wrapper.sh"), "#!/bin/sh\n");
        QCOMPARE(m.locate(QStringLiteral("/home/me/wrapper.sh")),
                 QStringLiteral("/home/me/wrapper.sh"));
        m.set("PILOTLIGHT_COPILOT", QStringLiteral("/home/me/wrapper.sh"));
        QCOMPARE(m.locate(), QStringLiteral("/home/me/wrapper.sh"));
        QCOMPARE(m.locate(QStringLiteral("/usr/bin/copilot")), QStringLiteral("/usr/bin/copilot"));
        const auto wrong = m.locator().locate(QStringLiteral("/nowhere"));
        QVERIFY(!wrong);
        QCOMPARE(wrong.error().code, ErrorCode::ServerNotFound);
        QVERIFY(wrong.error().detail.contains(QStringLiteral("/nowhere")));
    }

    void tellsWhereItLooked()
    {
        Machine m(System::Linux);
        m.set("PATH", QStringLiteral("/some/bin"));
        const auto result = m.locator().locate();
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::ServerNotFound);
        QVERIFY(result.error().detail.contains(QStringLiteral("/some/bin")));
        QVERIFY(result.error().detail.contains(QStringLiteral("/usr/lib/node_modules")));
    }

    void thisMachineCanBeAsked()
    {
        const CliSurroundings real = CliSurroundings::real();
        QVERIFY(real.isProgram(QCoreApplication::applicationFilePath()));
        QVERIFY(!real.isProgram(QCoreApplication::applicationDirPath()));
        QVERIFY(!real.read(QCoreApplication::applicationFilePath(), 4).isEmpty());
        QVERIFY(!real.home.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TstCliLocator)
#include "tst_clilocator.moc"
