// SPDX-License-Identifier: MIT
#include "server/clilocator.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSysInfo>
#include <QVersionNumber>

#include <algorithm>

namespace pilotlight {

namespace {

using System = CliSurroundings::System;

QString parentOf(const QString &path)
{
    const qsizetype slash = path.lastIndexOf(QLatin1Char('/'));
    return slash <= 0 ? QString() : path.left(slash);
}

QString nameOf(const QString &path)
{
    return path.mid(path.lastIndexOf(QLatin1Char('/')) + 1);
}

} // namespace

CliSurroundings CliSurroundings::real()
{
    CliSurroundings s;
#if defined(Q_OS_WIN)
    s.system = System::Windows;
#elif defined(Q_OS_MACOS)
    s.system = System::MacOs;
#else
    s.system = System::Linux;
#endif
    const QString cpu = QSysInfo::currentCpuArchitecture();
    s.architecture = cpu == QLatin1String("x86_64") ? QStringLiteral("x64") : cpu;
    s.home = QDir::homePath();
    s.environment = QProcessEnvironment::systemEnvironment();
    s.isProgram = [](const QString &path) {
        const QFileInfo info(path);
        return info.isFile() && info.isExecutable();
    };
    s.canonical = [](const QString &path) { return QFileInfo(path).canonicalFilePath(); };
    s.folders = [](const QString &path) {
        return QDir(path).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    };
    s.read = [](const QString &path, qint64 max) {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.read(max) : QByteArray();
    };
    return s;
}

CliLocator::CliLocator(CliSurroundings surroundings)
    : m_s(std::move(surroundings))
{ }

Result<QString> CliLocator::locate(const QString &setting) const
{
    for (const QString &wish : {setting, variable("PILOTLIGHT_COPILOT")}) {
        if (wish.isEmpty())
            continue;
        if (const QString native = resolve(wish); !native.isEmpty())
            return native;
        // A wrapper of the user's own: taken at its word.
        if (m_s.isProgram(wish))
            return wish;
        return failure(ErrorCode::ServerNotFound, wish + QStringLiteral(" is no program"));
    }

    const bool windows = m_s.system == System::Windows;
    const QStringList names = windows
        ? QStringList{QStringLiteral("copilot.exe"), QStringLiteral("copilot.cmd")}
        : QStringList{QStringLiteral("copilot")};
    QStringList looked;
    QString lastResort; // a launcher that leads nowhere we know
    for (const QString &folder : pathFolders()) {
        looked.append(folder);
        for (const QString &name : names) {
            const QString path = folder + QLatin1Char('/') + name;
            if (!m_s.isProgram(path))
                continue;
            if (const QString native = resolve(path); !native.isEmpty())
                return native;
            if (lastResort.isEmpty())
                lastResort = path;
        }
    }
    for (const QString &folder : moduleFolders()) {
        looked.append(folder);
        if (const QString native = inModules(folder); !native.isEmpty())
            return native;
    }
    if (!lastResort.isEmpty())
        return lastResort;
    return failure(ErrorCode::ServerNotFound,
                   QStringLiteral("no Copilot CLI in ") + looked.join(QStringLiteral(", ")));
}

QString CliLocator::resolve(const QString &path) const
{
    if (!m_s.isProgram(path))
        return {};
    const QString target = m_s.canonical(path);
    // By its name too: version managers put one binary under the names of all programs.
    if (nameOf(target).startsWith(QLatin1String("copilot")) && isNative(target))
        return target;
    if (const QString native = besideShim(target); !native.isEmpty())
        return native;
    return besideShim(path);
}

// Where npm's launcher stands tells where the package of the platform is: in a node_modules above
// it (the launcher itself, <modules>/@github/copilot/npm-loader.js, or <modules>/.bin/copilot),
// beside it (Windows), or in <prefix>/lib for <prefix>/bin/copilot where that is no link.
QString CliLocator::besideShim(const QString &shim) const
{
    QString folder = parentOf(shim);
    QStringList candidates;
    for (int level = 0; level < 3 && !folder.isEmpty(); ++level, folder = parentOf(folder)) {
        if (nameOf(folder) == QLatin1String("node_modules"))
            candidates << folder;
    }
    candidates << parentOf(shim) + QStringLiteral("/node_modules")
               << parentOf(parentOf(shim)) + QStringLiteral("/lib/node_modules");
    for (const QString &candidate : std::as_const(candidates)) {
        if (const QString native = inModules(candidate); !native.isEmpty())
            return native;
    }
    return {};
}

QString CliLocator::inModules(const QString &modulesFolder) const
{
    QStringList platforms;
    QString binary = QStringLiteral("copilot");
    switch (m_s.system) {
    case System::Linux: // one of the two is installed, by the C library
        platforms = {QStringLiteral("linux"), QStringLiteral("linuxmusl")};
        break;
    case System::MacOs:
        platforms = {QStringLiteral("darwin")};
        break;
    case System::Windows:
        platforms = {QStringLiteral("win32")};
        binary += QStringLiteral(".exe");
        break;
    }
    const QString scope = modulesFolder + QStringLiteral("/@github/");
    for (const QString &platform : platforms) {
        const QString package =
            QStringLiteral("copilot-") + platform + QLatin1Char('-') + m_s.architecture;
        // Beside the launcher's package, or inside it as global installations nest it.
        for (const QString &base :
             {scope, scope + QStringLiteral("copilot/node_modules/@github/")}) {
            const QString path = base + package + QLatin1Char('/') + binary;
            if (m_s.isProgram(path))
                return m_s.canonical(path);
        }
    }
    return {};
}

bool CliLocator::isNative(const QString &path) const
{
    const QByteArray head = m_s.read(path, 4);
    switch (m_s.system) {
    case System::Linux:
        return head
            == QByteArray("\x7f"
                          "ELF");
    case System::MacOs:
        return head == QByteArray("\xcf\xfa\xed\xfe") || head == QByteArray("\xca\xfe\xba\xbe");
    case System::Windows:
        return head.startsWith("MZ");
    }
    return false;
}

QString CliLocator::variable(const char *name) const
{
    return QDir::fromNativeSeparators(m_s.environment.value(QLatin1String(name)));
}

QStringList CliLocator::pathFolders() const
{
    const QChar separator = QLatin1Char(m_s.system == System::Windows ? ';' : ':');
    QStringList folders;
    for (const QString &entry :
         m_s.environment.value(QStringLiteral("PATH")).split(separator, Qt::SkipEmptyParts)) {
        QString folder = QDir::fromNativeSeparators(entry);
        while (folder.size() > 1 && folder.endsWith(QLatin1Char('/')))
            folder.chop(1);
        folders.append(folder);
    }
    // A program started from a desktop has a short PATH: the usual folders of shells come after.
    if (m_s.system != System::Windows) {
        folders << m_s.home + QStringLiteral("/.local/bin") << QStringLiteral("/usr/local/bin")
                << QStringLiteral("/opt/homebrew/bin")
                << QStringLiteral("/home/linuxbrew/.linuxbrew/bin");
    } else if (const QString local = variable("LOCALAPPDATA"); !local.isEmpty()) {
        folders << local + QStringLiteral("/Microsoft/WinGet/Links");
    }
    folders.removeDuplicates();
    return folders;
}

// The folders below \a folder, newest version first, each with \a rest.
QStringList CliLocator::versions(const QString &folder, const QString &rest) const
{
    QStringList names = m_s.folders(folder);
    const auto version = [](const QString &name) { // "v22.10.0"
        return QVersionNumber::fromString(
            name.startsWith(QLatin1Char('v')) ? QStringView(name).mid(1) : QStringView(name));
    };
    std::sort(names.begin(), names.end(),
              [&](const QString &a, const QString &b) { return version(a) > version(b); });
    QStringList result;
    for (const QString &name : std::as_const(names))
        result.append(folder + QLatin1Char('/') + name + rest);
    return result;
}

// The folders that global npm packages are installed to.
QStringList CliLocator::moduleFolders() const
{
    const QString home = m_s.home;
    const QString lib = QStringLiteral("/lib/node_modules");
    const QString modules = QStringLiteral("/node_modules");
    QStringList folders;
    const bool windows = m_s.system == System::Windows;

    // npm's own prefix: by variable, then by its configuration file.
    QString prefix = variable("npm_config_prefix");
    if (prefix.isEmpty())
        prefix = variable("NPM_CONFIG_PREFIX");
    if (prefix.isEmpty()) {
        const QByteArray npmrc = m_s.read(home + QStringLiteral("/.npmrc"), 64 * 1024);
        for (const QByteArray &line : npmrc.split('\n')) {
            const qsizetype equals = line.indexOf('=');
            if (equals > 0 && line.left(equals).trimmed() == "prefix")
                prefix = QDir::fromNativeSeparators(
                    QString::fromUtf8(line.mid(equals + 1).trimmed()).remove(QLatin1Char('"')));
        }
        if (prefix.startsWith(QLatin1String("~/")) || prefix.startsWith(QLatin1String("${HOME}/")))
            prefix = home + prefix.mid(prefix.indexOf(QLatin1Char('/')));
    }
    if (!prefix.isEmpty())
        folders << prefix + (windows ? modules : lib);

    const auto orDefault = [&](const char *name, const QString &fallback) {
        const QString value = variable(name);
        return value.isEmpty() ? fallback : value;
    };
    const QString volta = QStringLiteral("/tools/image/packages/@github/copilot");
    if (windows) {
        const QString roaming = orDefault("APPDATA", home + QStringLiteral("/AppData/Roaming"));
        const QString local = orDefault("LOCALAPPDATA", home + QStringLiteral("/AppData/Local"));
        folders << roaming + QStringLiteral("/npm/node_modules");
        folders << versions(orDefault("NVM_HOME", roaming + QStringLiteral("/nvm")), modules);
        folders << orDefault("VOLTA_HOME", local + QStringLiteral("/Volta")) + volta + modules;
        folders << orDefault("ProgramFiles", QStringLiteral("C:/Program Files"))
                + QStringLiteral("/nodejs/node_modules");
        folders << home + QStringLiteral("/scoop/persist/nodejs/bin/node_modules");
    } else {
        folders << home + QStringLiteral("/.npm-global") + lib
                << home + QStringLiteral("/.local") + lib;
        folders << versions(orDefault("NVM_DIR", home + QStringLiteral("/.nvm"))
                                + QStringLiteral("/versions/node"),
                            lib);
        folders << orDefault("VOLTA_HOME", home + QStringLiteral("/.volta")) + volta + lib;
        folders << versions(home + QStringLiteral("/.local/share/fnm/node-versions"),
                            QStringLiteral("/installation") + lib);
        folders << versions(home + QStringLiteral("/.asdf/installs/nodejs"), lib);
        folders << home + QStringLiteral("/.bun/install/global/node_modules");
        folders << QStringLiteral("/opt/homebrew") + lib << QStringLiteral("/usr/local") + lib
                << QStringLiteral("/home/linuxbrew/.linuxbrew") + lib
                << QStringLiteral("/usr") + lib;
    }
    return folders;
}

} // namespace pilotlight
