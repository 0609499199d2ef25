// SPDX-License-Identifier: MIT
#include "shots.h"
#include "support/fakeclock.h"
#include "ui/keepalive/keepalivepill.h"
#include "ui/keepalive/keepalivetext.h"

#include <QAction>
#include <QBoxLayout>
#include <QMenu>
#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;

class TestKeepalivePill : public QObject
{
    Q_OBJECT
private:
    FakeClock m_clock;

    QDateTime at(Milliseconds offset) const { return m_clock.wallNow().addMSecs(offset.count()); }

    ConnectionStatus status(KeepaliveState state) const
    {
        ConnectionStatus status;
        status.phase = Phase::Online;
        status.keepalive.state = state;
        status.keepalive.method = QStringLiteral("ping");
        status.keepalive.interval = 900s;
        return status;
    }
    ConnectionStatus answered() const
    {
        ConnectionStatus s = status(KeepaliveState::Protected);
        s.keepalive.lastAnswer = at(-12s);
        s.keepalive.lastRoundTrip = 1234us;
        s.keepalive.nextProbe = at(14min + 30s);
        s.keepalive.attempts = 3;
        s.keepalive.successes = 3;
        return s;
    }
    KeepaliveText text(const ConnectionStatus &s) const { return {s, m_clock.wallNow()}; }

private Q_SLOTS:
    void wordsAndColours_data()
    {
        QTest::addColumn<int>("state");
        QTest::addColumn<QString>("word");
        QTest::addColumn<int>("color");
        const auto row = [](KeepaliveState state, const char *word, ColorRole color) {
            QTest::newRow(word) << int(state) << QString::fromLatin1(word) << int(color);
        };
        row(KeepaliveState::Off, "Keepalive off", ColorRole::Muted);
        row(KeepaliveState::Disconnected, "Disconnected", ColorRole::Muted);
        row(KeepaliveState::Unverified, "Unverified", ColorRole::Muted);
        row(KeepaliveState::Checking, "Checking", ColorRole::Info);
        row(KeepaliveState::Degraded, "Degraded", ColorRole::Warning);
        row(KeepaliveState::Unresponsive, "Unresponsive", ColorRole::Error);
        row(KeepaliveState::Paused, "Paused", ColorRole::Warning);
    }
    void wordsAndColours()
    {
        QFETCH(int, state);
        const KeepaliveText t = text(status(static_cast<KeepaliveState>(state)));
        QTEST(t.word(), "word");
        QTEST(int(t.color()), "color");
        QVERIFY(!t.icon().isEmpty());
        QVERIFY(!t.reason().isEmpty());
        QVERIFY(t.accessibleName().contains(t.word()));
    }

    void neverGreenWithoutAnAnswer()
    {
        const KeepaliveText claimed = text(status(KeepaliveState::Protected));
        QCOMPARE(claimed.state(), KeepaliveState::Unverified);
        QVERIFY(claimed.color() != ColorRole::Ok);
        for (int s = 0; s <= int(KeepaliveState::Paused); ++s) {
            ConnectionStatus with = status(static_cast<KeepaliveState>(s));
            with.keepalive.lastAnswer = at(-1s);
            QCOMPARE(text(with).color() == ColorRole::Ok,
                     static_cast<KeepaliveState>(s) == KeepaliveState::Protected);
        }
    }

    void detailsTellAgeLatencyAndNext()
    {
        QCOMPARE(text(answered()).details(), QStringLiteral("1.2 ms · 12 s ago · next in 14 min"));
        ConnectionStatus lost = status(KeepaliveState::Disconnected);
        lost.phase = Phase::Backoff;
        lost.retryAt = at(6s + 100ms);
        QCOMPARE(text(lost).details(), QStringLiteral("retry in 7 s"));
    }

    //! Until its first ping, a server that has answered for its sessions is not one without answer.
    void anAnswerToASessionIsAnAnswer()
    {
        ConnectionStatus fresh = status(KeepaliveState::Unverified);
        fresh.generation = 2;
        fresh.keepalive.nextProbe = at(5min);
        KeepalivePill pill(m_clock);
        pill.setStatus(fresh);
        QCOMPARE(pill.details(), QStringLiteral("no answer yet · next in 5 min"));
        KeepaliveBackendRow row{
            QStringLiteral("default"), QStringLiteral("Local"), true, fresh, {}};
        row.sessions.append({QStringLiteral("s"), QStringLiteral("one"), {}, ParkPolicy::Auto});
        row.sessions[0].life.safety = SessionLife::Safety::Protected;
        pill.setRows({row});
        QCOMPARE(pill.details(), QStringLiteral("no answer yet · next in 5 min"));
        row.sessions[0].life.lastConfirmed = at(-3s);
        pill.setRows({row});
        QCOMPARE(pill.details(), QStringLiteral("answered a session 3 s ago · next in 5 min"));
        QCOMPARE(pill.word(), QStringLiteral("Unverified")); // green is for probes
        row.status.generation = 1; // of the connection before
        pill.setRows({row});
        QCOMPARE(pill.details(), QStringLiteral("no answer yet · next in 5 min"));
    }

    void demoSaysWhy()
    {
        ConnectionStatus demo = status(KeepaliveState::Off);
        demo.mode = ConnectionMode::Demo;
        QCOMPARE(text(demo).reason(), QStringLiteral("Demo: nothing to keep alive"));
        QVERIFY(text(demo).toolTip().contains(QStringLiteral("Demo: nothing to keep alive")));
        QVERIFY(!text(demo).toolTip().contains(QStringLiteral("Next ping")));
        QVERIFY(!text(demo).nextChange());
    }

    void failureTextIsEscaped()
    {
        ConnectionStatus bad = status(KeepaliveState::Degraded);
        bad.keepalive.lastFailure = QStringLiteral("<img src=x>");
        QVERIFY(!text(bad).toolTip().contains(QStringLiteral("<img")));
    }

    void spans_data()
    {
        QTest::addColumn<qint64>("ms");
        QTest::addColumn<QString>("expected");
        QTest::newRow("negative") << qint64(-5) << QStringLiteral("0 s");
        QTest::newRow("seconds") << qint64(59999) << QStringLiteral("59 s");
        QTest::newRow("minutes") << qint64(60000) << QStringLiteral("1 min");
        QTest::newRow("hours") << qint64(3600000) << QStringLiteral("1 h");
        QTest::newRow("hours and minutes")
            << qint64(3 * 3600000 + 5 * 60000) << QStringLiteral("3 h 5 min");
        QTest::newRow("days") << qint64(52) * 3600000 << QStringLiteral("2 d 4 h");
    }
    void spans()
    {
        QFETCH(qint64, ms);
        QTEST(KeepaliveText::span(Milliseconds(ms)), "expected");
    }

    void changesAtMostOnceASecondAndNeverLate()
    {
        // Whatever the ages: nextChange() is at least 1 s away, and between now and then no text
        // changes (a second of grace for the floor).
        for (int age = 0; age < 200; age += 7) {
            for (int next = -3; next < 200; next += 11) {
                ConnectionStatus s = answered();
                s.keepalive.lastAnswer = at(-std::chrono::seconds(age) - 321ms);
                s.keepalive.nextProbe = at(std::chrono::seconds(next) + 123ms);
                const auto change = text(s).nextChange();
                QVERIFY(change);
                QVERIFY(*change >= 1s && *change <= 61s);
                if (*change > 1s) {
                    const KeepaliveText before(s, m_clock.wallNow());
                    const KeepaliveText justBefore(s,
                                                   m_clock.wallNow().addMSecs(change->count() - 2));
                    QCOMPARE(justBefore.details(), before.details());
                }
            }
        }
    }

    void pillFollowsTheStatus()
    {
        KeepalivePill pill(m_clock);
        pill.setStatus(answered());
        QCOMPARE(pill.word(), QStringLiteral("Protected"));
        QVERIFY(pill.accessibleName().contains(QStringLiteral("Protected")));
        QVERIFY(pill.findChild<QAction *>(QStringLiteral("pingNow"))->isEnabled());
        ConnectionStatus demo = status(KeepaliveState::Off);
        demo.mode = ConnectionMode::Demo;
        pill.setStatus(demo);
        QCOMPARE(pill.word(), QStringLiteral("Keepalive off"));
        QVERIFY(pill.accessibleName().contains(QStringLiteral("demo")));
        QVERIFY(!pill.findChild<QAction *>(QStringLiteral("pingNow"))->isEnabled());
    }

    void troubleElsewhereIsNotHiddenBehindGreen()
    {
        KeepalivePill pill(m_clock);
        pill.setStatus(answered());
        KeepaliveBackendRow own{
            QStringLiteral("default"), QStringLiteral("Local"), true, answered(), {}};
        own.sessions.append({QStringLiteral("s"), QStringLiteral("one"), {}, ParkPolicy::Auto});
        own.sessions[0].life.safety = SessionLife::Safety::Protected;
        KeepaliveBackendRow other = own;
        other.id = QStringLiteral("tools");
        other.sessions.clear();
        pill.setRows({own, other});
        QCOMPARE(pill.word(), QStringLiteral("Protected"));
        QCOMPARE(pill.color(), ColorRole::Ok);

        other.status.keepalive.state = KeepaliveState::Paused;
        pill.setRows({own, other});
        QCOMPARE(pill.word(), QStringLiteral("Attention"));
        QCOMPARE(pill.color(), ColorRole::Warning);
        QVERIFY(pill.details().contains(QStringLiteral("1 server does not answer well")));
        QVERIFY(pill.accessibleName().contains(pill.details()));

        own.sessions[0].life.safety = SessionLife::Safety::Dead;
        pill.setRows({own});
        QCOMPARE(pill.color(), ColorRole::Warning);
        own.sessions[0].life.safety = SessionLife::Safety::Protected;
        pill.setRows({own});
        QCOMPARE(pill.color(), ColorRole::Ok);
    }

    void agesAreRefreshedWhileVisible()
    {
        KeepalivePill pill(m_clock);
        pill.setStatus(answered());
        pill.show();
        QVERIFY(QTest::qWaitForWindowExposed(&pill));
        m_clock.jumpWall(5s);
        QTRY_VERIFY(pill.details().contains(QStringLiteral("17 s ago")));
    }

    void clicksAndKeys()
    {
        KeepalivePill pill(m_clock);
        pill.setStatus(answered());
        pill.resize(pill.sizeHint());
        pill.show();
        QVERIFY(QTest::qWaitForWindowExposed(&pill));
        QSignalSpy log(&pill, &KeepalivePill::logRequested);
        QSignalSpy ping(&pill, &KeepalivePill::pingRequested);
        QTest::mouseClick(&pill, Qt::LeftButton, {}, QPoint(20, pill.height() / 2));
        QCOMPARE(log.count(), 1);
        QTest::keyClick(&pill, Qt::Key_Return);
        QTest::keyClick(&pill, Qt::Key_Space);
        QCOMPARE(log.count(), 3);
        QTest::mouseClick(&pill, Qt::LeftButton, {}, QPoint(pill.width() - 6, pill.height() / 2));
        QTRY_VERIFY(pill.menu()->isVisible());
        QCOMPARE(log.count(), 3);
        pill.findChild<QAction *>(QStringLiteral("pingNow"))->trigger();
        QCOMPARE(ping.count(), 1);
        pill.findChild<QAction *>(QStringLiteral("openKeepaliveLog"))->trigger();
        QCOMPARE(log.count(), 4);
    }

    void widthDoesNotShakeWithTheNumbers()
    {
        KeepalivePill pill(m_clock);
        ConnectionStatus s = answered();
        s.keepalive.nextProbe = at(59s);
        pill.setStatus(s);
        const int width = pill.sizeHint().width();
        s.keepalive.nextProbe = at(9s);
        pill.setStatus(s);
        QCOMPARE(pill.sizeHint().width(), width);
    }

    void shots()
    {
        QWidget all;
        auto *const layout = new QVBoxLayout(&all);
        for (int s = 0; s <= int(KeepaliveState::Paused); ++s) {
            ConnectionStatus each = answered();
            each.keepalive.state = static_cast<KeepaliveState>(s);
            if (s == int(KeepaliveState::Off))
                each.mode = ConnectionMode::Demo;
            auto *const pill = new KeepalivePill(m_clock, &all);
            pill->setStatus(each);
            layout->addWidget(pill);
        }
        all.show();
        QVERIFY(QTest::qWaitForWindowExposed(&all));
        takeShots(all, QStringLiteral("pill"));
    }
};

QTEST_MAIN(TestKeepalivePill)
#include "tst_keepalivepill.moc"
