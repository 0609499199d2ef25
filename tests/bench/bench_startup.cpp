// SPDX-License-Identifier: MIT
// From the start of the process to its first paint: Pilotlight against an empty Qt window, in turn,
// in one run. Prints medians and their ratio.
// The window with one word in it shows how much of that the fonts are, which no window can do
// without.
//   bench_startup PILOTLIGHT EMPTY_WINDOW [RUNS]
#include <QCoreApplication>
#include <QElapsedTimer>
#include <QProcess>
#include <QTemporaryDir>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace {

//! Milliseconds until \a program says that it has painted; negative where it never did.
double firstPaint(const QString &program, const QStringList &arguments, const QString &home)
{
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    for (const char *name : {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"})
        environment.insert(QString::fromLatin1(name), home);
    process.setProcessEnvironment(environment);
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    QElapsedTimer timer;
    timer.start();
    process.start(program, arguments);
    QByteArray output;
    double at = -1;
    while (process.waitForReadyRead(20'000)) {
        output += process.readAll();
        if (output.contains("first paint")) {
            at = static_cast<double>(timer.nsecsElapsed()) / 1e6;
            break;
        }
    }
    if (!process.waitForFinished(10'000)) {
        process.kill();
        process.waitForFinished();
    }
    return at;
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() < 3) {
        std::fprintf(stderr, "usage: bench_startup PILOTLIGHT EMPTY_WINDOW [RUNS]\n");
        return 1;
    }
    const int runs = arguments.size() > 3 ? arguments[3].toInt() : 15;
    QTemporaryDir home;
    std::vector<double> ours;
    std::vector<double> empty;
    std::vector<double> word;
    for (int run = -1; run < runs; ++run) { // the first of each only warms the disk cache
        const double a = firstPaint(arguments[1],
                                    {QStringLiteral("--demo"), QStringLiteral("--profile-dir"),
                                     home.filePath(QStringLiteral("profile")),
                                     QStringLiteral("--exit-after-first-paint")},
                                    home.path());
        const double b = firstPaint(arguments[2], {}, home.path());
        const double c = firstPaint(arguments[2], {QStringLiteral("--word")}, home.path());
        if (a < 0 || b < 0 || c < 0) {
            std::fprintf(stderr, "a program did not paint\n");
            return 1;
        }
        if (run >= 0) {
            ours.push_back(a);
            empty.push_back(b);
            word.push_back(c);
        }
    }
    std::printf(
        "start-up to first paint, median of %d: pilotlight %.0f ms, empty Qt window %.0f ms, "
        "ratio %.2f (goal <= 2); a Qt window with one word %.0f ms, ratio %.2f\n",
        runs, median(ours), median(empty), median(ours) / median(empty), median(word),
        median(ours) / median(word));
    return 0;
}
