// SPDX-License-Identifier: MIT
// A window that crashes is started again by its keeper, with the arguments that it had; one that
// says goodbye, or that ends too often, is not. docs/keepalive.md 22a.
#include "app/keeper/keeper.h"
#include "app/wiring/keeperprotocol.h"
#include "support/fakeclock.h"

#include <QFile>
#include <QJsonArray>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

namespace {

constexpr int Patience = 20'000;

//! A keeper, and windows that are nothing but what they say. Those that it starts write their
//! arguments into a file, a line each.
struct Rig
{
    QTemporaryDir folder;
    FakeClock clock;
    KeeperOptions options;
    std::unique_ptr<Keeper> keeper;

    Rig()
    {
        options.paths = AppPaths::below(folder.path());
        if (!options.paths.ensure())
            qFatal("no folder for the profile");
        keeper = std::make_unique<Keeper>(options, clock);
        if (!keeper->start())
            qFatal("the keeper does not listen");
    }

    QString said() const
    {
        QFile file(folder.filePath(QStringLiteral("started")));
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }
    //! What a window greets with; once more where its wishes have changed.
    QJsonObject hello(const QString &argument, bool comesBack = true) const
    {
        const QString script =
            QStringLiteral("echo \"$@\" >> '%1'").arg(folder.filePath(QStringLiteral("started")));
        return keeper::message(
            QStringLiteral("hello"),
            {{QStringLiteral("version"), keeper::ProtocolVersion},
             {QStringLiteral("program"), QStringLiteral("/bin/sh")},
             {QStringLiteral("arguments"),
              QJsonArray{QStringLiteral("-c"), script, QStringLiteral("window"), argument}},
             {QStringLiteral("comesBack"), comesBack}});
    }
};

struct Window
{
    LocalChannel channel;
    QJsonObject answer; //!< the last one
    int answers = 0;

    explicit Window(const Rig &rig)
    {
        QObject::connect(&channel, &LocalChannel::received, &channel,
                         [this](const QJsonObject &message) {
                             answer = message;
                             ++answers;
                         });
        channel.connectTo(rig.options.paths.state, keeper::role());
    }
    //! True once the keeper has answered it.
    bool says(const QJsonObject &message)
    {
        const int before = answers;
        if (!QTest::qWaitFor([this] { return channel.isOpen(); }, Patience))
            return false;
        channel.send(message);
        return QTest::qWaitFor([&] { return answers > before; }, Patience);
    }
};

//! Ends a window, as kill -9 would if it has not said goodbye. True once the keeper knows of it.
bool end(std::unique_ptr<Window> &window, const Rig &rig)
{
    window.reset();
    Window other(rig);
    return QTest::qWaitFor(
        [&other] {
            return other.says(keeper::message(QStringLiteral("status")))
                && other.answer.value(QStringLiteral("windows")) == 0;
        },
        Patience);
}

} // namespace

class TstKeeperWindows : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
#if defined(Q_OS_WIN)
        QSKIP("its windows are shell scripts");
#endif
    }

    void aCrashedWindowIsStartedAgain()
    {
        Rig rig;
        auto window = std::make_unique<Window>(rig);
        QVERIFY(window->says(rig.hello(QStringLiteral("one"))));
        QVERIFY(window->says(rig.hello(QStringLiteral("two")))); // another wish: nothing adds up
        rig.clock.advance(Keeper::WindowLived);
        QVERIFY(end(window, rig));
        rig.clock.advance(Keeper::BeforeBringingBack);
        QTRY_COMPARE_WITH_TIMEOUT(rig.said(), QStringLiteral("two\n"), Patience);
    }

    void oneThatLeavesIsNot_data()
    {
        QTest::addColumn<bool>("goodbye");
        QTest::newRow("says goodbye") << true;
        QTest::newRow("does not want to") << false;
    }
    void oneThatLeavesIsNot()
    {
        QFETCH(bool, goodbye);
        Rig rig;
        auto window = std::make_unique<Window>(rig);
        QVERIFY(window->says(rig.hello(QStringLiteral("left"), goodbye)));
        rig.clock.advance(Keeper::WindowLived);
        if (goodbye)
            QVERIFY(window->says(keeper::message(QStringLiteral("bye"))));
        QVERIFY(end(window, rig));
        rig.clock.advance(Keeper::BeforeBringingBack);
        startsNext(rig, QStringLiteral("next\n")); // what had been started would stand before it
    }

    void oneThatIsThereAgainIsNotStartedTwice()
    {
        Rig rig;
        auto window = std::make_unique<Window>(rig);
        QVERIFY(window->says(rig.hello(QStringLiteral("first"))));
        rig.clock.advance(Keeper::WindowLived);
        QVERIFY(end(window, rig));
        window = std::make_unique<Window>(rig); // the user was faster
        QVERIFY(window->says(rig.hello(QStringLiteral("second"), false)));
        rig.clock.advance(Keeper::BeforeBringingBack);
        QVERIFY(end(window, rig));
        startsNext(rig, QStringLiteral("next\n"));
    }

    void oneThatEndsTooSoonIsNot()
    {
        Rig rig;
        auto window = std::make_unique<Window>(rig);
        QVERIFY(window->says(rig.hello(QStringLiteral("soon"))));
        rig.clock.advance(Keeper::WindowLived - 1ms);
        QTest::ignoreMessage(QtWarningMsg, "The window is not started again: it ends too often");
        QVERIFY(end(window, rig));
    }

    void notMoreOftenThanTwiceInTenMinutes()
    {
        Rig rig;
        startsNext(rig, QStringLiteral("next\n"));
        startsNext(rig, QStringLiteral("next\nnext\n"));
        auto window = std::make_unique<Window>(rig);
        QVERIFY(window->says(rig.hello(QStringLiteral("third"))));
        rig.clock.advance(Keeper::WindowLived);
        QTest::ignoreMessage(QtWarningMsg, "The window is not started again: it ends too often");
        QVERIFY(end(window, rig));
        rig.clock.advance(Keeper::WindowsWithin);
        startsNext(rig, QStringLiteral("next\nnext\nnext\n"));
    }

private:
    static void startsNext(Rig &rig, const QString &all)
    {
        auto window = std::make_unique<Window>(rig);
        QVERIFY(window->says(rig.hello(QStringLiteral("next"))));
        rig.clock.advance(Keeper::WindowLived);
        QVERIFY(end(window, rig));
        rig.clock.advance(Keeper::BeforeBringingBack);
        QTRY_COMPARE_WITH_TIMEOUT(rig.said(), all, Patience);
    }
};

QTEST_GUILESS_MAIN(TstKeeperWindows)
#include "tst_keeperwindows.moc"
