// SPDX-License-Identifier: MIT
// The window is started with many sessions on a demo server: how long until it is painted, until
// the session that is looked at is there, until all are; and for how long its event loop was
// blocked. One of the sessions is gone from the server.
//   bench_restore [SESSIONS [TURNS [PICTURE]]]
// PICTURE: a file for the window as it looks when a third of them are back, and one is not.
#include "app/gui/guicontroller.h"
#include "support/manysessions.h"
#include "support/serverprocess.h"
#include "ui/shell/mainwindow.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QTimer>

#include <cstdio>
#include <vector>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

//! Wakes up each millisecond and notes by how much it was late.
class HeartBeat : public QObject
{
public:
    HeartBeat()
    {
        m_start.start();
        m_since.start();
        startTimer(1, Qt::PreciseTimer);
    }
    void timerEvent(QTimerEvent *) override
    {
        const double gap = static_cast<double>(m_since.nsecsElapsed()) / 1e6;
        m_gaps.push_back(gap);
        if (gap > Long)
            std::printf("  blocked for %.0f ms until %.0f ms\n", gap,
                        static_cast<double>(m_start.nsecsElapsed()) / 1e6);
        m_since.start();
    }
    void print()
    {
        std::sort(m_gaps.begin(), m_gaps.end());
        const auto over = [this](double limit) {
            return m_gaps.end() - std::upper_bound(m_gaps.begin(), m_gaps.end(), limit);
        };
        std::printf("event loop: longest block %.1f ms, p99 %.1f ms; %lld blocks over 16 ms, %lld "
                    "over 50 ms\n",
                    m_gaps.back(), m_gaps[m_gaps.size() * 99 / 100],
                    static_cast<long long>(over(16)), static_cast<long long>(over(50)));
    }

private:
    static constexpr double Long = 50;
    QElapsedTimer m_start;
    QElapsedTimer m_since;
    std::vector<double> m_gaps;
};

} // namespace

int main(int argc, char **argv)
{
    if (!qEnvironmentVariableIsSet("DISPLAY"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication app(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    const int count = arguments.size() > 1 ? arguments[1].toInt() : 60;
    const int turns = arguments.size() > 2 ? arguments[2].toInt() : 5;
    const QString picture = arguments.value(3);

    const QTemporaryDir folder;
    const QTemporaryDir state;
    const QStringList options{u"--state-dir"_s, state.path(), u"--speed"_s, u"1000"_s};
    {
        ServerProcess server;
        if (!server.start(demoServerProgram(), options)
            || !makeManySessions(folder.path(), server.port(), count, turns)) {
            std::fprintf(stderr, "the sessions could not be made\n%s\n",
                         server.output().constData());
            return 1;
        }
        server.stop();
        // Long after the last prompt: one that its server might not have written would be sent
        // again.
        QFile::remove(folder.filePath(u"state/outbox.jsonl"_s));
    }
    const QString lost = u"many-03"_s;
    QDir(state.filePath(u"session-state/"_s + lost)).removeRecursively();
    ServerProcess server;
    if (!server.start(demoServerProgram(), options))
        return 1;

    QElapsedTimer clock;
    clock.start();
    const auto now = [&clock] { return static_cast<double>(clock.nsecsElapsed()) / 1e6; };
    HeartBeat heartBeat;
    AppContext context(attachOptions(folder.path(), server.port()));
    GuiController controller(context);
    SessionManager &sessions = context.sessions();
    int most = 0;
    double first = 0;
    bool taken = picture.isEmpty();
    QObject::connect(&sessions, &SessionManager::sessionChanged, &app, [&](Session *session) {
        most = std::max(most, countIn(sessions, Session::State::Attaching));
        if (first == 0 && session->state() == Session::State::Attached) {
            first = now();
            std::printf("first session there (the one that is looked at: %s): %.0f ms\n",
                        session->id() == sessions.visible() ? "yes" : "no", first);
        }
        if (!taken && sessions.find(lost)->state() == Session::State::Failed
            && countIn(sessions, Session::State::Attached) >= count / 3) {
            taken = true;
            QTimer::singleShot(0, &app, [&] { controller.window().grab().save(picture); });
        }
    });
    QObject::connect(&controller.window(), &MainWindow::firstPainted, &app, [&] {
        std::printf("window painted: %.0f ms\n", now());
        const double before = now();
        controller.start();
        std::printf("its parts made and the sessions listed: %.0f ms\n", now() - before);
    });
    controller.window().show();
    const bool all = QTest::qWaitFor(
        [&] {
            return sessions.sessions().size() == static_cast<std::size_t>(count)
                && countIn(sessions, Session::State::Attached) == count - 1;
        },
        60'000);
    std::printf("%d of %d sessions there: %.0f ms; at most %d at once\n",
                countIn(sessions, Session::State::Attached), count, now(), most);
    if (const Session *const session = sessions.find(lost))
        std::printf("%s: %s\n", qPrintable(lost), qPrintable(session->error().toString()));
    heartBeat.print();
    return all ? 0 : 1;
}
