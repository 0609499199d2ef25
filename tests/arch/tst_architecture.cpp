// SPDX-License-Identifier: MIT
// The rules of docs/architecture.md that a compiler does not check.
#include <QDirIterator>
#include <QFile>
#include <QMap>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

namespace {

// Which folders each folder of core/ may include, itself aside. Downward only.
const QMap<QString, QStringList> Allowed = {
    {QStringLiteral("base"), {}},
    {QStringLiteral("diag"), {QStringLiteral("base")}},
    {QStringLiteral("settings"), {QStringLiteral("base")}},
    {QStringLiteral("metrics"), {QStringLiteral("base")}},
    {QStringLiteral("transport"), {QStringLiteral("base")}},
    {QStringLiteral("rpc"), {QStringLiteral("transport"), QStringLiteral("base")}},
    {QStringLiteral("server"), {QStringLiteral("base")}},
    {QStringLiteral("agent"),
     {QStringLiteral("rpc"), QStringLiteral("transport"), QStringLiteral("base")}},
    {QStringLiteral("session"), {QStringLiteral("agent"), QStringLiteral("base")}},
    {QStringLiteral("profile"),
     {QStringLiteral("session"), QStringLiteral("agent"), QStringLiteral("settings"),
      QStringLiteral("base")}},
    {QStringLiteral("connection"),
     {QStringLiteral("agent"), QStringLiteral("rpc"), QStringLiteral("transport"),
      QStringLiteral("server"), QStringLiteral("metrics"), QStringLiteral("settings"),
      QStringLiteral("diag"), QStringLiteral("base")}},
    {QStringLiteral("drill"),
     {QStringLiteral("connection"), QStringLiteral("session"), QStringLiteral("agent"),
      QStringLiteral("rpc"), QStringLiteral("transport"), QStringLiteral("server"),
      QStringLiteral("settings"), QStringLiteral("base")}},
};

struct SourceLine
{
    QString file; //!< relative to the source folder
    int number = 0;
    QString text;
};

QString root()
{
    return qEnvironmentVariable("PILOTLIGHT_SOURCE");
}

QStringList sources(const QString &folder)
{
    QStringList files;
    QDirIterator it(root() + QLatin1Char('/') + folder,
                    {QStringLiteral("*.h"), QStringLiteral("*.cpp")}, QDir::Files,
                    QDirIterator::Subdirectories);
    while (it.hasNext())
        files << it.next();
    files.sort();
    return files;
}

QList<SourceLine> lines(const QString &folder)
{
    QList<SourceLine> all;
    for (const QString &path : sources(folder)) {
        QFile file(path);
        if (!file.open(QFile::ReadOnly))
            continue;
        int number = 0;
        for (const QString &text : QString::fromUtf8(file.readAll()).split(QLatin1Char('\n')))
            all.append({path.mid(root().size() + 1), ++number, text});
    }
    return all;
}

QString where(const SourceLine &line)
{
    return QStringLiteral("%1:%2: %3").arg(line.file).arg(line.number).arg(line.text.trimmed());
}

//! All lines of \a folder that match \a pattern, one a row.
QString found(const QString &folder, const QRegularExpression &pattern)
{
    QStringList rows;
    for (const SourceLine &line : lines(folder)) {
        if (pattern.match(line.text).hasMatch())
            rows << where(line);
    }
    return rows.join(QLatin1Char('\n'));
}

} // namespace

class TstArchitecture : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY2(!sources(QStringLiteral("core")).isEmpty(), "PILOTLIGHT_SOURCE is not set");
    }

    void includesGoDownward()
    {
        static const QRegularExpression include(QStringLiteral("^\\s*#\\s*include \"([a-z]+)/"));
        QStringList wrong;
        for (const SourceLine &line : lines(QStringLiteral("core"))) {
            const QString module = line.file.section(QLatin1Char('/'), 1, 1);
            QVERIFY2(Allowed.contains(module), qPrintable(line.file));
            const auto match = include.match(line.text);
            if (match.hasMatch() && match.captured(1) != module
                && !Allowed.value(module).contains(match.captured(1)))
                wrong << where(line);
        }
        QCOMPARE(wrong.join(QLatin1Char('\n')), QString());
        QCOMPARE(found(QStringLiteral("ui"),
                       QRegularExpression(QStringLiteral("^\\s*#\\s*include \"app/"))),
                 QString());
    }

    void coreKnowsNoGui()
    {
        const QRegularExpression gui(
            QStringLiteral("#\\s*include\\s*<(QtGui|QtWidgets|QWidget|QApplication|QGuiApplication|"
                           "QColor|QIcon|QPainter|QFont|QAction|QTextDocument|QPixmap|QImage)\\b"));
        QCOMPARE(found(QStringLiteral("core"), gui), QString());
    }

    void filesAreCommittedWhole()
    {
        // QSaveFile::commit() puts an empty file in the place of a good one when the disk is full.
        static const QRegularExpression commit(QStringLiteral("\\.commit\\(\\)"));
        QStringList wrong;
        for (const char *folder : {"core", "ui", "app"}) {
            for (const SourceLine &line : lines(QString::fromLatin1(folder))) {
                if (commit.match(line.text).hasMatch()
                    && !line.file.endsWith(QStringLiteral("base/keptfile.cpp")))
                    wrong << where(line) + QStringLiteral(" -> commitWhole() of base/keptfile.h");
            }
        }
        QCOMPARE(wrong.join(QLatin1Char('\n')), QString());
    }

    void coreTakesTimeFromTheClock()
    {
        static const QRegularExpression banned(QStringLiteral(
            "\\bQTimer\\b|\\bQEventLoop\\b|\\bwaitFor[A-Z]\\w*\\(|\\b(Q?[Tt]hread|this_thread)::(m?"
            "sleep|sleep_for|usleep)|\\bcurrent(DateTime|MSecsSinceEpoch|SecsSinceEpoch|Time)\\w*"
            "\\("
            "|\\b(steady_clock|system_clock)::now|\\bQElapsedTimer\\b|\\bprocessEvents\\("));
        // An exception says why on its own line: "// arch: reason".
        QStringList wrong;
        for (const SourceLine &line : lines(QStringLiteral("core"))) {
            const QString code = line.text.section(QStringLiteral("//"), 0, 0);
            if (line.file != QLatin1String("core/base/systemclock.cpp")
                && banned.match(code).hasMatch()
                && !line.text.contains(QStringLiteral("// arch: ")))
                wrong << where(line);
        }
        QCOMPARE(wrong.join(QLatin1Char('\n')), QString());
    }

    // What differs by system stands in files that are named for it (x_unix.cpp, x_win.cpp), behind
    // one header; the others here are such an interface, with a few lines for each system in it.
    void systemsAreKeptApart()
    {
        static const QRegularExpression system(
            QStringLiteral("\\bQ_OS_|\\b_WIN32\\b|__linux__|__APPLE__|\"/proc/"
                           "|#\\s*include <(unistd\\.h|sys/|signal\\.h|windows\\.h|fcntl\\.h)"));
        static const QRegularExpression ofASystem(
            QStringLiteral("_(unix|linux|mac|win|other)\\.(h|cpp)$"));
        const QSet<QString> interfaces{
            QStringLiteral("core/base/keptfile.cpp"), // to the disk, surely
            QStringLiteral("core/base/paths.cpp"), // where files are
            QStringLiteral("core/base/systemclock.cpp"), // time that counts sleep
            QStringLiteral("core/server/clilocator.cpp"), // where a CLI may be
            QStringLiteral("core/transport/localchannel.cpp"), // names of local sockets
            QStringLiteral("core/transport/socketoptions.cpp"), // keepalive of TCP
            QStringLiteral("core/transport/stdiotransport.cpp"), // standard input and output
            QStringLiteral("app/wiring/connectionparts.cpp"), // names of programs
            QStringLiteral("app/wiring/keeperprotocol.cpp"), // names of programs
            QStringLiteral("app/demoserver/links.cpp"), // half-closed and reset sockets
            QStringLiteral("app/demoserver/main.cpp"), // signals
        };
        QStringList wrong;
        for (const char *folder : {"core", "ui", "app"}) {
            for (const SourceLine &line : lines(QString::fromLatin1(folder))) {
                if (system.match(line.text).hasMatch() && !ofASystem.match(line.file).hasMatch()
                    && !interfaces.contains(line.file))
                    wrong << where(line);
            }
        }
        QCOMPARE(wrong.join(QLatin1Char('\n')), QString());
        for (const QString &file : interfaces)
            QVERIFY2(QFile::exists(root() + QLatin1Char('/') + file), qPrintable(file));
    }

    void oneLineMakesAKeepaliveLoop()
    {
        const QRegularExpression made(
            QStringLiteral("make_unique<KeepaliveLoop>|new KeepaliveLoop"));
        const QString places = found(QStringLiteral("core"), made)
            + found(QStringLiteral("ui"), made) + found(QStringLiteral("app"), made);
        QCOMPARE(places.count(QLatin1Char('\n')), 0);
        QVERIFY2(places.startsWith(QLatin1String("core/connection/connectionmachine.cpp:")),
                 qPrintable(places));
    }

    void coreHasNoTranslatableText()
    {
        QCOMPARE(found(QStringLiteral("core"),
                       QRegularExpression(QStringLiteral("\\b(tr|translate|QT_TR_NOOP)\\(\""))),
                 QString());
    }

    void filesAreShortAndLicensed()
    {
        QStringList wrong;
        for (const QString &folder : {QStringLiteral("core"), QStringLiteral("ui"),
                                      QStringLiteral("app"), QStringLiteral("tests")}) {
            for (const QString &path : sources(folder)) {
                QFile file(path);
                QVERIFY(file.open(QFile::ReadOnly));
                const QByteArray text = file.readAll();
                const QString name = path.mid(root().size() + 1);
                if (text.count('\n') > 800)
                    wrong << name + QStringLiteral(": more than 800 lines");
                if (!text.startsWith("// SPDX-License-Identifier: MIT\n"))
                    wrong << name + QStringLiteral(": no SPDX line");
            }
        }
        QCOMPARE(wrong.join(QLatin1Char('\n')), QString());
    }
};

QTEST_GUILESS_MAIN(TstArchitecture)
#include "tst_architecture.moc"
